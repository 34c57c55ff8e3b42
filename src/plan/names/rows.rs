//! A relation's row: its columns, and all of them as one value.

use datafusion::sql::sqlparser::ast::{self, Expr, Value};

use super::scope::Relation;
use crate::catalog::functions::TABLE_ROW;
use crate::catalog::row_types;
use crate::plan::PlanEnv;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::display_name;

/// A relation's row as one value; of a function of single values that value itself. The row of a table has its type.
pub fn whole_row(relation: &Relation, env: &PlanEnv) -> Option<Expr> {
    let columns = columns_of(relation)?;
    if relation.single
        && let [(value, _)] = columns.as_slice()
    {
        return Some(value.clone());
    }
    let row_type = relation.row_of.and_then(|oid| row_types::of_relation(&env.vars, oid));
    let mut args = Vec::with_capacity(3 + 2 * columns.len());
    let number = |oid: u32| Expr::Value(Value::Number(oid.to_string(), false).with_empty_span());
    args.push(number(row_type.map_or(0, |row| row.oid)));
    args.push(number(row_type.map_or(0, |row| row.array)));
    // An outer join without a match has no row, which is NULL.
    let here = columns.iter().filter(|_| relation.nullable).map(|(value, _)| Expr::IsNotNull(Box::new(value.clone())));
    let always = || Expr::Value(Value::Boolean(true).with_empty_span());
    args.push(any_of(here).unwrap_or_else(always));
    for (i, (value, name)) in columns.into_iter().enumerate() {
        let name = relation.fields.as_ref().and_then(|fields| fields.get(i)).unwrap_or(&name).clone();
        args.push(Expr::Value(Value::SingleQuotedString(display_name(&name).to_owned()).with_empty_span()));
        args.push(value);
    }
    Some(function(TABLE_ROW, args))
}

/// The conditions joined by OR; `None` without any.
fn any_of(conditions: impl Iterator<Item = Expr>) -> Option<Expr> {
    conditions.reduce(|before, here| Expr::BinaryOp {
        left: Box::new(before),
        op: ast::BinaryOperator::Or,
        right: Box::new(here),
    })
}

/// A value where an outer join has found a row, told by its columns; NULL where not.
pub fn whenever_there(columns: impl Iterator<Item = Expr>, value: Expr) -> Expr {
    let here = columns.map(|column| Expr::IsNotNull(Box::new(column)));
    let Some(condition) = any_of(here) else { return value };
    Expr::Case {
        case_token: ast::helpers::attached_token::AttachedToken::empty(),
        end_token: ast::helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![ast::CaseWhen { condition, result: value }],
        else_result: None,
    }
}

/// The columns of a relation with their names; `None` when they are not known.
pub fn columns_of(relation: &Relation) -> Option<Vec<(Expr, String)>> {
    let columns = relation.columns.as_ref()?;
    Some(columns.iter().map(|name| (relation.column(name), name.clone())).collect())
}
