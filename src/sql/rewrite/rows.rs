//! Rows in expressions: `(a, b)` is a call of ROW, `(row).field` one of the function that takes a field; IN and
//! IS NULL of rows by their fields.
//!
//! A subquery of several columns beside a row becomes one of a single row column. Comparisons of rows stay: the
//! planner takes them apart, as it knows the types.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, SelectItem, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator, Value,
};

use super::forms::function;
use super::names::last_part;
use super::selects;

/// The alias of a subquery whose columns make a row; it must have as many columns as the alias names.
pub const ROW_OF_SUBQUERY: &str = "row of subquery";

/// Gives an expression of rows its form.
pub fn form(expr: &mut Expr) {
    match expr {
        Expr::InSubquery { expr: left, subquery, .. } => {
            if let Some(items) = items(left) {
                **subquery = as_row(subquery, items.len());
            }
        }
        Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
            if let (Some(items), Expr::Subquery(query)) = (items(left), right.as_mut()) {
                **query = as_row(query, items.len());
            }
        }
        Expr::BinaryOp { left, op, right } if is_comparison(op) => {
            if let (Some(items), Expr::Subquery(query)) = (items(left), right.as_mut()) {
                **query = as_row(query, items.len());
            }
        }
        Expr::InList { expr: left, list, negated } if items(left).is_some() => {
            let equal = |item: Expr| binary(left.as_ref().clone(), BinaryOperator::Eq, item);
            let found = std::mem::take(list).into_iter().map(equal).reduce(|a, b| binary(a, BinaryOperator::Or, b));
            if let Some(found) = found {
                let nested = Box::new(Expr::Nested(Box::new(found)));
                *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: nested } } else { *nested };
            }
        }
        Expr::IsNull(inner) => {
            if let Some(items) = items(inner) {
                *expr = all(items.into_iter().map(|item| Expr::IsNull(Box::new(item))).collect());
            }
        }
        Expr::IsNotNull(inner) => {
            if let Some(items) = items(inner) {
                *expr = all(items.into_iter().map(|item| Expr::IsNotNull(Box::new(item))).collect());
            }
        }
        Expr::Tuple(items) => *expr = function("row", std::mem::take(items)),
        _ => {}
    }
}

/// The items of a row constructor; `None` for any other expression.
#[must_use]
pub fn items(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Tuple(items) => Some(items.clone()),
        Expr::Nested(inner) => items(inner),
        Expr::Function(call) if last_part(&call.name) == "row" => {
            let FunctionArguments::List(list) = &call.args else { return None };
            let item = |arg: &FunctionArg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            };
            list.args.iter().map(item).collect()
        }
        _ => None,
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn all(conditions: Vec<Expr>) -> Expr {
    let joined = conditions.into_iter().reduce(|a, b| binary(a, BinaryOperator::And, b));
    Expr::Nested(Box::new(joined.unwrap_or(Expr::Value(Value::Boolean(true).with_empty_span()))))
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(op, B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq)
}

/// `SELECT ROW(c1, …) FROM (query) AS x(c1, …)`.
fn as_row(query: &Query, width: usize) -> Query {
    let names: Vec<Ident> = (1..=width).map(|i| Ident::with_quote('"', format!("f{i}"))).collect();
    let column = |name: &Ident| TableAliasColumnDef { name: name.clone(), data_type: None };
    let alias = TableAlias {
        explicit: true,
        name: Ident::with_quote('"', ROW_OF_SUBQUERY),
        columns: names.iter().map(column).collect(),
        at: None,
    };
    let subquery = Box::new(query.clone());
    let relation = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
    let row = function("row", names.into_iter().map(Expr::Identifier).collect());
    let item = SelectItem::UnnamedExpr(row);
    let select = selects::select(vec![item], vec![TableWithJoins { relation, joins: Vec::new() }]);
    selects::query(SetExpr::Select(Box::new(select)))
}
