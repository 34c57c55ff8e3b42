//! Expressions with a grammar of their own that mean a call: `ts AT TIME ZONE z`, `x SIMILAR TO p`, `a[1]`, `a[1:2]`.
//!
//! The functions are those that PostgreSQL's grammar names for them, so that the planner resolves them as any call.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Subscript, UnaryOperator, Value,
};

/// Makes a call of such a form.
pub fn call(expr: &mut Expr) {
    match expr {
        Expr::AtTimeZone { timestamp, time_zone } => {
            let args = vec![take(time_zone), take(timestamp)];
            *expr = function("timezone", args);
        }
        Expr::SimilarTo { negated, expr: value, pattern, escape_char } => {
            let mut pattern = vec![take(pattern)];
            pattern.extend(escape_char.take().map(Expr::Value));
            let regex = function("similar_to_escape", pattern);
            let matched = function("textregexeq", vec![take(value), regex]);
            *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) } } else { matched };
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            if let Some(subscripted) = subscripts(root, access_chain) {
                *expr = subscripted;
            }
        }
        _ => {}
    }
}

/// `root[i][j]` or `root[lower:upper]`; `None` for anything else (a field of a row).
fn subscripts(root: &mut Expr, chain: &mut [AccessExpr]) -> Option<Expr> {
    if let [AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None })] = chain {
        let bounds = (lower_bound.take(), upper_bound.take());
        let root = take(root);
        return Some(match bounds {
            (Some(from), Some(until)) => function("array_slice_pg", vec![root, from, until]),
            (Some(from), None) => function("array_slice_from", vec![root, from]),
            (None, Some(until)) => function("array_slice_to", vec![root, until]),
            (None, None) => root,
        });
    }
    if !chain.iter().all(|access| matches!(access, AccessExpr::Subscript(Subscript::Index { .. }))) {
        return None;
    }
    let mut args = vec![take(root)];
    for access in chain {
        if let AccessExpr::Subscript(Subscript::Index { index }) = access {
            args.push(take(index));
        }
    }
    Some(function("array_subscript", args))
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}

/// A call of a built-in function.
#[must_use]
pub fn function(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    function_of(ObjectName::from(vec![Ident::with_quote('"', name)]), args)
}

/// A call of a function with arguments of any form.
#[must_use]
pub fn function_of(name: ObjectName, args: Vec<FunctionArg>) -> Expr {
    Expr::Function(Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
