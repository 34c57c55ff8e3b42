//! A relation's row: its columns, and all of them as one value.

use datafusion::sql::sqlparser::ast::{self, Expr, Value};

use super::scope::Relation;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::display_name;

/// A relation's row as one value; of a function of single values that value itself.
pub fn whole_row(relation: &Relation) -> Option<Expr> {
    let columns = columns_of(relation)?;
    if relation.single
        && let [(value, _)] = columns.as_slice()
    {
        return Some(value.clone());
    }
    let mut args = Vec::new();
    let mut present: Option<Expr> = None;
    for (i, (value, name)) in columns.into_iter().enumerate() {
        let name = relation.fields.as_ref().and_then(|fields| fields.get(i)).unwrap_or(&name).clone();
        if relation.nullable {
            let here = Expr::IsNotNull(Box::new(value.clone()));
            present = Some(match present {
                Some(before) => {
                    Expr::BinaryOp { left: Box::new(before), op: ast::BinaryOperator::Or, right: Box::new(here) }
                }
                None => here,
            });
        }
        args.push(Expr::Value(Value::SingleQuotedString(display_name(&name).to_owned()).with_empty_span()));
        args.push(value);
    }
    let row = function("named_struct", args);
    Some(match present {
        // An outer join without a match has no row, which is NULL.
        Some(present) => Expr::Case {
            case_token: ast::helpers::attached_token::AttachedToken::empty(),
            end_token: ast::helpers::attached_token::AttachedToken::empty(),
            operand: None,
            conditions: vec![ast::CaseWhen { condition: present, result: row }],
            else_result: None,
        },
        None => row,
    })
}

/// A value where an outer join has found a row, told by its columns; NULL where not.
pub fn whenever_there(columns: impl Iterator<Item = Expr>, value: Expr) -> Expr {
    let here = columns.map(|column| Expr::IsNotNull(Box::new(column)));
    let any = here.reduce(|before, here| Expr::BinaryOp {
        left: Box::new(before),
        op: ast::BinaryOperator::Or,
        right: Box::new(here),
    });
    let Some(condition) = any else { return value };
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
