//! VALUES as one relation in FROM: `SELECT * FROM "values list"((row), (row), …)`.
//!
//! `SqlToRel` would settle the columns' types by rules of its own; as a relation, VALUES is planned by
//! `plan/values.rs`.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Query, SetExpr, TableFactor,
};

use super::setops::everything_of;

/// The name of the relation; not one that SQL spells without quotes.
pub const VALUES_LIST: &str = "values list";

/// Makes a relation of a query's body when it is VALUES.
pub fn as_relation(query: &mut Query) {
    let SetExpr::Values(values) = query.body.as_mut() else { return };
    if values.rows.is_empty() {
        return;
    }
    let rows = std::mem::take(&mut values.rows);
    let row = |cells: Vec<Expr>| FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(cells)));
    let args = rows.into_iter().map(|cells| row(cells.content)).collect();
    let name = ObjectName::from(vec![Ident::with_quote('"', VALUES_LIST)]);
    let relation = TableFactor::Function { lateral: false, name, args, with_ordinality: false, alias: None };
    *query.body = SetExpr::Select(Box::new(everything_of(relation)));
}

/// The query that is an INSERT's own list of VALUES, which stays one: its cells may be DEFAULT.
pub fn of_insert(query: Option<&Query>) -> Option<*const Query> {
    let query = query?;
    let plain =
        query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
    (plain && matches!(query.body.as_ref(), SetExpr::Values(_))).then(|| std::ptr::from_ref(query))
}
