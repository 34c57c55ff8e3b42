//! `ARRAY(SELECT …)`: the parser makes a call of it, the planner wants an expression around a subquery.
//!
//! The call is renamed so that the planner finds the marker function; Apply gives it its value.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
};

use super::names::last_part;

/// The marker function's name; not a name that SQL can spell without quotes.
pub const ARRAY_FUNCTION: &str = "array(subquery)";

/// Marks `ARRAY(subquery)`.
pub fn mark(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    if last_part(&function.name) != "array" {
        return;
    }
    let FunctionArguments::Subquery(query) = &function.args else { return };
    let subquery = Expr::Subquery(query.clone());
    let list = FunctionArgumentList {
        duplicate_treatment: None,
        args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(subquery))],
        clauses: Vec::new(),
    };
    let name = ObjectName::from(vec![Ident::with_quote('"', ARRAY_FUNCTION)]);
    let marked = Function { name, args: FunctionArguments::List(list), ..function.clone() };
    *expr = Expr::Function(marked);
}
