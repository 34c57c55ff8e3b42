//! Expressions with a grammar of their own that mean a call: `ts AT TIME ZONE z`, `ts AT LOCAL`, `x SIMILAR TO p`, `(a, b)
//! OVERLAPS (c, d)`, `a[1]`, `a[1:2]`.
//!
//! The functions are those that PostgreSQL's grammar names for them, so that the planner resolves them as any call.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, UnaryOperator, Value,
};

use crate::sql::distinct::{IS_DISTINCT, IS_JSON, IS_NOT_DISTINCT, SYMMETRIC};
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
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } if escape_char.is_some() => {
            let mut args = vec![take(pattern)];
            args.extend(escape_char.take().map(Expr::Value));
            **pattern = function("like_escape", args);
        }
        Expr::UnaryOp { op, expr: value } => {
            let is_number = matches!(op, UnaryOperator::Minus | UnaryOperator::Plus)
                && matches!(value.as_ref(), Expr::Value(v) if matches!(v.value, Value::Number(..)));
            if let Some(name) = prefix_operator(*op).filter(|_| !is_number) {
                *expr = function(name, vec![take(value)]);
            }
        }
        Expr::IsNormalized { expr: value, form, negated } => {
            let mut args = vec![take(value)];
            args.extend(form.map(|form| Expr::Value(Value::SingleQuotedString(form.to_string()).with_empty_span())));
            let call = function("is_normalized", args);
            *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(call) } } else { call };
        }
        Expr::IsDistinctFrom(left, right) => *expr = custom(take(left), DISTINCT, take(right)),
        Expr::IsNotDistinctFrom(left, right) => *expr = custom(take(left), NOT_DISTINCT, take(right)),
        Expr::SimilarTo { negated, expr: value, pattern, escape_char } => {
            let mut pattern = vec![take(pattern)];
            pattern.extend(escape_char.take().map(Expr::Value));
            let regex = function("similar_to_escape", pattern);
            let matched = function("textregexeq", vec![take(value), regex]);
            *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) } } else { matched };
        }
        // An array without elements has the type it is cast to.
        Expr::Cast { expr: inner, data_type: DataType::Array(_), .. } if is_empty_array(inner) => {
            **inner = Expr::Value(Value::SingleQuotedString("{}".to_owned()).with_empty_span());
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
        Expr::BinaryOp { left, op: BinaryOperator::Spaceship, right } => {
            if let Some(predicate) = distinct(left, right).or_else(|| json_test(left, right)) {
                *expr = predicate;
            }
        }
        Expr::Between { expr: value, negated, low, high } => {
            if let Some(predicate) = symmetric(value, *negated, low, high) {
                *expr = predicate;
            }
        }
        _ => {}
    }
}

/// `a IS [NOT] DISTINCT FROM b` of the operator that `sql/distinct.rs` put in its place.
fn distinct(left: &mut Expr, right: &mut Expr) -> Option<Expr> {
    let Expr::Function(marker) = right else { return None };
    let name = super::names::last_part(&marker.name);
    let FunctionArguments::List(list) = &mut marker.args else { return None };
    let operand = match list.args.as_mut_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(operand))] => take(operand),
        _ => return None,
    };
    match name.as_str() {
        IS_DISTINCT => Some(custom(take(left), DISTINCT, operand)),
        IS_NOT_DISTINCT => Some(custom(take(left), NOT_DISTINCT, operand)),
        _ => None,
    }
}

/// The arguments of a marker function.
fn marked<'a>(expr: &'a mut Expr, name: &str) -> Option<&'a mut Vec<FunctionArg>> {
    let Expr::Function(marker) = expr else { return None };
    match &mut marker.args {
        FunctionArguments::List(list) if super::names::last_part(&marker.name) == name => Some(&mut list.args),
        _ => None,
    }
}

/// `value IS [NOT] JSON …`
fn json_test(value: &mut Expr, right: &mut Expr) -> Option<Expr> {
    let args = marked(right, IS_JSON)?;
    let mut args: Vec<Expr> = args
        .drain(..)
        .filter_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => Some(arg),
            _ => None,
        })
        .collect();
    let negated = matches!(args.pop()?, Expr::Value(flag) if flag.value == Value::Boolean(true));
    args.insert(0, take(value));
    let test = function(IS_JSON, args);
    Some(if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(test) } } else { test })
}

/// `value [NOT] BETWEEN SYMMETRIC low AND high`: between the two in either order.
fn symmetric(value: &mut Expr, negated: bool, low: &mut Expr, high: &mut Expr) -> Option<Expr> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(low)) = marked(low, SYMMETRIC)?.pop()? else { return None };
    let (value, high) = (take(value), take(high));
    let between = |low: Expr, high: Expr| {
        let test = Expr::Between { expr: Box::new(value.clone()), negated, low: Box::new(low), high: Box::new(high) };
        Box::new(Expr::Nested(Box::new(test)))
    };
    let op = if negated { BinaryOperator::And } else { BinaryOperator::Or };
    let (left, right) = (between(low.clone(), high.clone()), between(high, low));
    Some(Expr::Nested(Box::new(Expr::BinaryOp { left, op, right })))
}

/// The function behind an operator before its operand.
fn prefix_operator(op: UnaryOperator) -> Option<&'static str> {
    Some(match op {
        UnaryOperator::PGSquareRoot => "dsqrt",
        UnaryOperator::PGCubeRoot => "cbrt",
        UnaryOperator::PGAbs => "abs",
        UnaryOperator::BitwiseNot => "bitnot",
        UnaryOperator::Minus => "uminus",
        UnaryOperator::Plus => "uplus",
        _ => return None,
    })
}

/// `ARRAY[]`, or an array of such arrays.
fn is_empty_array(expr: &Expr) -> bool {
    matches!(expr, Expr::Array(array) if array.elem.iter().all(is_empty_array))
}

fn custom(left: Expr, op: &str, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Custom(op.to_owned()), right: Box::new(right) }
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
