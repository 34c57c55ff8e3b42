//! `x op ANY (array)` and `x op ALL (array)` as calls of the functions that evaluate them.
//!
//! The planner's own form loses NULL elements and knows two operators only. With a subquery on the right it is IN, or the
//! comparison with the array of its values.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Query, Value,
};

use super::arrays::ARRAY_FUNCTION;
use super::forms::function;

/// Rewrites a quantified comparison with an array. `name` gives a function's name for an operator's symbol.
pub fn array_comparison(expr: &mut Expr) {
    like_any(expr);
    let (left, op, right, all) = match expr {
        Expr::AnyOp { left, compare_op, right, .. } => (left, compare_op, right, false),
        Expr::AllOp { left, compare_op, right } => (left, compare_op, right, true),
        _ => return,
    };
    let inner = match right.as_ref() {
        Expr::Nested(inner) => inner.as_ref(),
        other => other,
    };
    if let Expr::Subquery(query) = inner {
        let query = query.clone();
        subquery_comparison(expr, query);
        return;
    }
    let Some(symbol) = symbol(op) else { return };
    let null = || Expr::Value(Value::Null.with_empty_span());
    let left = std::mem::replace(left.as_mut(), null());
    let right = std::mem::replace(right.as_mut(), null());
    let name = format!("{} {symbol}", if all { "all" } else { "any" });
    let args = [left, right].map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).into();
    *expr = Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
}

/// `= ANY (subquery)` is IN and `<> ALL (subquery)` NOT IN; any other operator compares with the array of its values.
fn subquery_comparison(expr: &mut Expr, query: Box<Query>) {
    let (left, op, all) = match expr {
        Expr::AnyOp { left, compare_op, .. } => (left, compare_op, false),
        Expr::AllOp { left, compare_op, .. } => (left, compare_op, true),
        _ => return,
    };
    let Some(symbol) = symbol(op) else { return };
    let left = std::mem::replace(left.as_mut(), Expr::Value(Value::Null.with_empty_span()));
    match (&*op, all) {
        (BinaryOperator::Eq, false) | (BinaryOperator::NotEq, true) => {
            *expr = Expr::InSubquery { expr: Box::new(left), subquery: query, negated: all };
        }
        _ => {
            let values = function(ARRAY_FUNCTION, vec![Expr::Subquery(query)]);
            *expr = function(&format!("{} {symbol}", if all { "all" } else { "any" }), vec![left, values]);
        }
    }
}

/// `x LIKE ANY (array)` and `x ILIKE ALL (array)` as comparisons by operator.
fn like_any(expr: &mut Expr) {
    let (any, left, pattern, op) = match expr {
        Expr::Like { negated, any, expr, pattern, escape_char: None } => {
            (*any, expr, pattern, if *negated { BinaryOperator::PGNotLikeMatch } else { BinaryOperator::PGLikeMatch })
        }
        Expr::ILike { negated, any, expr, pattern, escape_char: None } => {
            (*any, expr, pattern, if *negated { BinaryOperator::PGNotILikeMatch } else { BinaryOperator::PGILikeMatch })
        }
        _ => return,
    };
    let null = || Box::new(Expr::Value(Value::Null.with_empty_span()));
    if any {
        let (left, right) = (std::mem::replace(left, null()), std::mem::replace(pattern, null()));
        *expr = Expr::AnyOp { left, compare_op: op, right, is_some: false };
        return;
    }
    // The parser reads ALL as a function's name.
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = pattern.as_mut() else { return };
    if super::names::last_part(name) != "all" {
        return;
    }
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))] = list.args.as_mut_slice() else { return };
    let right = Box::new(std::mem::replace(array, *null()));
    let left = std::mem::replace(left, null());
    *expr = Expr::AllOp { left, compare_op: op, right };
}

fn symbol(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::PGLikeMatch => "~~",
        BinaryOperator::PGNotLikeMatch => "!~~",
        BinaryOperator::PGILikeMatch => "~~*",
        BinaryOperator::PGNotILikeMatch => "!~~*",
        BinaryOperator::PGRegexMatch => "~",
        BinaryOperator::PGRegexNotMatch => "!~",
        _ => return None,
    })
}
