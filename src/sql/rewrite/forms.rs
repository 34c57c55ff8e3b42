//! Expressions with a grammar of their own that mean a call: `ts AT TIME ZONE z`, `ts AT LOCAL`, `x SIMILAR TO p`, `(a, b)
//! OVERLAPS (c, d)`, `a[1]`, `a[1:2]`.
//!
//! The functions are those that PostgreSQL's grammar names for them, so that the planner resolves them as any call.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, Subscript, UnaryOperator, Value,
};

use crate::sql::tokens::LOCAL_ZONE;

/// The operator that `IS DISTINCT FROM` becomes; no client can write it.
pub const DISTINCT: &str = "is distinct from";
/// The operator that `IS NOT DISTINCT FROM` becomes.
pub const NOT_DISTINCT: &str = "is not distinct from";

/// Makes a call of such a form.
pub fn call(expr: &mut Expr) {
    match expr {
        Expr::AtTimeZone { timestamp, time_zone } => {
            let local = matches!(time_zone.as_ref(), Expr::Identifier(ident) if ident.value == LOCAL_ZONE);
            let args = if local { vec![take(timestamp)] } else { vec![take(time_zone), take(timestamp)] };
            *expr = function("timezone", args);
        }
        Expr::IsDistinctFrom(left, right) => *expr = custom(take(left), DISTINCT, take(right)),
        Expr::IsNotDistinctFrom(left, right) => *expr = custom(take(left), NOT_DISTINCT, take(right)),
        Expr::Like { any: true, negated, expr: value, pattern, escape_char: None } => {
            let op = if *negated { BinaryOperator::PGNotLikeMatch } else { BinaryOperator::PGLikeMatch };
            *expr = any(value, op, pattern);
        }
        Expr::ILike { any: true, negated, expr: value, pattern, escape_char: None } => {
            let op = if *negated { BinaryOperator::PGNotILikeMatch } else { BinaryOperator::PGILikeMatch };
            *expr = any(value, op, pattern);
        }
        Expr::SimilarTo { negated, expr: value, pattern, escape_char } => {
            let mut pattern = vec![take(pattern)];
            pattern.extend(escape_char.take().map(Expr::Value));
            let regex = function("similar_to_escape", pattern);
            let matched = function("textregexeq", vec![take(value), regex]);
            *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) } } else { matched };
        }
        Expr::BinaryOp { left, op: BinaryOperator::Overlaps, right } => {
            if let (Expr::Tuple(a), Expr::Tuple(b)) = (left.as_mut(), right.as_mut())
                && a.len() == 2
                && b.len() == 2
            {
                let args = a.drain(..).chain(b.drain(..)).collect();
                *expr = function("overlaps", args);
            }
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

fn custom(left: Expr, op: &str, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Custom(op.to_owned()), right: Box::new(right) }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}

/// `value op ANY (pattern)`.
fn any(value: &mut Expr, compare_op: BinaryOperator, pattern: &mut Expr) -> Expr {
    Expr::AnyOp { left: Box::new(take(value)), compare_op, right: Box::new(take(pattern)), is_some: false }
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
