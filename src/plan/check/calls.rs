//! Calls of functions: what only aggregates and windows may say, and what must not be nested.

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments,
};

use super::{Fault, Kind, fault, find, is_aggregate, place};
use crate::catalog::functions::Functions;
use crate::sql::rewrite::names::last_part;
use crate::sqlstate;

/// PostgreSQL's functions that are nothing without OVER.
pub(super) const ONLY_WINDOW: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// Checks one call.
pub(super) fn check(function: &Function, functions: &Functions) -> Result<(), Fault> {
    let name = last_part(&function.name);
    let FunctionArguments::List(list) = &function.args else { return Ok(()) };
    let only_window = ONLY_WINDOW.contains(&name.as_str());
    if only_window && function.over.is_none() && function.within_group.is_empty() {
        let message = format!("window function {name} requires an OVER clause");
        return Err(fault(sqlstate::WRONG_OBJECT_TYPE, message, place(function)));
    }
    if is_aggregate(&name, functions) {
        aggregate(function, list, &name)?;
    } else if !only_window && functions.scalar.contains_key(&name) {
        plain(function, list, &name)?;
    }
    nested(function, list, functions)
}

/// What a plain function cannot have.
fn plain(function: &Function, list: &FunctionArgumentList, name: &str) -> Result<(), Fault> {
    let said = if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
        "DISTINCT"
    } else if !function.within_group.is_empty() {
        "WITHIN GROUP"
    } else if list.clauses.iter().any(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_))) {
        "ORDER BY"
    } else if function.filter.is_some() {
        "FILTER"
    } else if function.over.is_some() {
        let message = format!("OVER specified, but {name} is not a window function nor an aggregate function");
        return Err(fault(sqlstate::WRONG_OBJECT_TYPE, message, place(function)));
    } else {
        return Ok(());
    };
    let message = format!("{said} specified, but {name} is not an aggregate function");
    Err(fault(sqlstate::WRONG_OBJECT_TYPE, message, place(function)))
}

/// An aggregate's arguments.
fn aggregate(function: &Function, list: &FunctionArgumentList, name: &str) -> Result<(), Fault> {
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let starred = list.args.iter().any(|arg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Wildcard)));
    if distinct && starred {
        return Err(fault(sqlstate::SYNTAX_ERROR, "syntax error at or near \"*\"", place(function)));
    }
    if distinct && function.over.is_some() {
        let message = "DISTINCT is not implemented for window functions";
        return Err(fault(sqlstate::FEATURE_NOT_SUPPORTED, message, place(function)));
    }
    if name == "count" && list.args.is_empty() {
        let message = "count(*) must be used to call a parameterless aggregate function";
        return Err(fault(sqlstate::WRONG_OBJECT_TYPE, message, place(function)));
    }
    if starred && name != "count" {
        let (mut error, at) =
            fault(sqlstate::UNDEFINED_FUNCTION, format!("function {name}() does not exist"), place(function));
        error = error
            .hint("No function matches the given name and argument types. You might need to add explicit type casts.");
        return Err((error, at));
    }
    Ok(())
}

/// Aggregates hold no aggregates, windows no windows, filters neither.
fn nested(function: &Function, list: &FunctionArgumentList, functions: &Functions) -> Result<(), Fault> {
    let kind = Kind::of(function, functions);
    if kind == Some(Kind::Aggregate) {
        if let Some(at) = find(list, Kind::Aggregate, functions) {
            return Err(fault(sqlstate::GROUPING_ERROR, "aggregate function calls cannot be nested", at));
        }
        if let Some(at) = find(list, Kind::Window, functions) {
            let message = "aggregate function calls cannot contain window function calls";
            return Err(fault(sqlstate::GROUPING_ERROR, message, at));
        }
    }
    if kind == Some(Kind::Window) {
        let inside = find(list, Kind::Window, functions).or_else(|| find(&function.over, Kind::Window, functions));
        if let Some(at) = inside {
            return Err(fault(sqlstate::WINDOWING_ERROR, "window function calls cannot be nested", at));
        }
    }
    match function.filter.as_deref() {
        Some(filter) => in_filter(filter, functions),
        None => Ok(()),
    }
}

fn in_filter(filter: &Expr, functions: &Functions) -> Result<(), Fault> {
    if let Some(at) = find(filter, Kind::Aggregate, functions) {
        return Err(fault(sqlstate::GROUPING_ERROR, "aggregate functions are not allowed in FILTER", at));
    }
    if let Some(at) = find(filter, Kind::Window, functions) {
        return Err(fault(sqlstate::WINDOWING_ERROR, "window functions are not allowed in FILTER", at));
    }
    Ok(())
}
