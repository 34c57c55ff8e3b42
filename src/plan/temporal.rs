//! Operators on dates, times and intervals: which function an arithmetic one is, and how two types are compared.
//!
//! PostgreSQL compares a date with a timestamp as timestamps; a date column keeps its own type here where the other
//! side can take it, so that its statistics can be used.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Case, WindowFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, WindowFrameBound, WindowFrameUnits};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator as Op;

use super::calls::implicit_temporal;
use super::lengths::by_length;
use super::literals::is_unknown;
use crate::catalog::functions::datetime::casts;
use crate::catalog::functions::ty::Ty;
use crate::catalog::functions::{Functions, JSONB_ORDER};
use crate::error::Error;
use crate::sqlstate;

/// What an operator means.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// The function that `pg_operator` names.
    pub function: &'static str,
    /// Whether it takes the right operand first.
    pub swapped: bool,
    /// The types of its arguments.
    pub arguments: (Ty, Ty),
}

/// The meaning of `+`, `-`, `*` or `/` between two types; `None` when PostgreSQL has none, `42725` when it has several.
pub fn operator(op: &Op, types: (Ty, Ty)) -> Result<Option<Meaning>> {
    let direct = |types: (Ty, Ty)| match op {
        Op::Plus => plus(types)
            .map(|function| (function, false, types))
            .or_else(|| plus((types.1, types.0)).map(|function| (function, true, (types.1, types.0)))),
        Op::Minus => minus(types).map(|function| (function, false, types)),
        Op::Multiply => times(types)
            .map(|function| (function, false, types))
            .or_else(|| times((types.1, types.0)).map(|function| (function, true, (types.1, types.0)))),
        Op::Divide => (types.0 == Ty::Interval && is_number(types.1)).then_some(("interval_div", false, types)),
        _ => None,
    };
    let meant = |(function, swapped, types)| Meaning { function, swapped, arguments: arguments(function, types) };
    if let Some(found) = direct(types) {
        return Ok(Some(meant(found)));
    }
    if *op == Op::Plus && types == (Ty::Time, Ty::Time) {
        let message = format!("operator is not unique: {} + {}", types.0.name(), types.1.name());
        let error = Error::new(sqlstate::AMBIGUOUS_FUNCTION, message)
            .hint("Could not choose a best candidate operator. You might need to add explicit type casts.");
        return Err(DataFusionError::External(Box::new(error)));
    }
    // A time is an interval where no operator takes it.
    let lengthened = |ty| if ty == Ty::Time { Ty::Interval } else { ty };
    let with_intervals = [(types.0, lengthened(types.1)), (lengthened(types.0), types.1)];
    Ok(with_intervals.into_iter().find_map(direct).map(meant))
}

fn is_number(ty: Ty) -> bool {
    matches!(ty, Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Numeric | Ty::Float4 | Ty::Float8)
}

fn plus(types: (Ty, Ty)) -> Option<&'static str> {
    use Ty::{Date, Int2, Int4, Interval, Time, TimeTz, Timestamp, TimestampTz};
    Some(match types {
        (Timestamp, Interval) => "timestamp_pl_interval",
        (TimestampTz, Interval) => "timestamptz_pl_interval",
        (Date, Interval) => "date_pl_interval",
        (Time, Interval) => "time_pl_interval",
        (TimeTz, Interval) => "timetz_pl_interval",
        (Date, Int2 | Int4) => "date_pli",
        (Date, Time) => "datetime_pl",
        (Date, TimeTz) => "datetimetz_pl",
        (Interval, Interval) => "interval_pl",
        _ => return None,
    })
}

fn minus(types: (Ty, Ty)) -> Option<&'static str> {
    use Ty::{Date, Int2, Int4, Interval, Time, TimeTz, Timestamp, TimestampTz};
    Some(match types {
        (Date, Date) => "date_mi",
        (Timestamp | Date, Timestamp | Date) => "timestamp_mi",
        (TimestampTz | Timestamp | Date, TimestampTz | Timestamp | Date) => "timestamptz_mi",
        (Timestamp, Interval) => "timestamp_mi_interval",
        (TimestampTz, Interval) => "timestamptz_mi_interval",
        (Date, Interval) => "date_mi_interval",
        (Date, Int2 | Int4) => "date_mii",
        (Time, Time) => "time_mi_time",
        (Time, Interval) => "time_mi_interval",
        (TimeTz, Interval) => "timetz_mi_interval",
        (Interval, Interval) => "interval_mi",
        _ => return None,
    })
}

fn times(types: (Ty, Ty)) -> Option<&'static str> {
    (types.0 == Ty::Interval && is_number(types.1)).then_some("interval_mul")
}

/// The argument types of an operator's function.
fn arguments(function: &str, types: (Ty, Ty)) -> (Ty, Ty) {
    match function {
        "timestamp_mi" => (Ty::Timestamp, Ty::Timestamp),
        "timestamptz_mi" => (Ty::TimestampTz, Ty::TimestampTz),
        "date_pli" | "date_mii" => (Ty::Date, Ty::Int4),
        "interval_mul" | "interval_div" => (Ty::Interval, Ty::Float8),
        _ => types,
    }
}

/// Whether a comparison of two types needs [`compared`].
#[must_use]
pub fn is_compared(a: Ty, b: Ty) -> bool {
    let moment = |ty: Ty| ty.category() == 'D';
    let length = |ty| matches!(ty, Ty::Interval | Ty::Time);
    a != b && moment(a) && moment(b) || (a == Ty::Interval || b == Ty::Interval) && length(a) && length(b)
}

/// The sides of a comparison as values of one type, whose order is PostgreSQL's.
#[must_use]
pub fn compared(op: &Op, left: Expr, right: Expr, types: (Ty, Ty), functions: &Functions) -> (Expr, Expr) {
    let call = |name: &str, expr: Expr| call(name, expr, functions);
    if types.0 == Ty::Interval || types.1 == Ty::Interval {
        let length = |expr, from| call(casts::LENGTH, implicit_temporal(expr, from, Ty::Interval, functions));
        return (length(left, types.0), length(right, types.1));
    }
    match types {
        // A bound of a date column becomes a date, which its statistics know.
        (Ty::Date, Ty::Timestamp) if !left.column_refs().is_empty() && right.column_refs().is_empty() => {
            if let Some(bound) = bound(op) {
                return (left, call(bound, right));
            }
        }
        (Ty::Timestamp, Ty::Date) if left.column_refs().is_empty() && !right.column_refs().is_empty() => {
            if let Some(bound) = mirrored(op).and_then(|op| bound(&op)) {
                return (call(bound, left), right);
            }
        }
        _ => {}
    }
    let common = if types.0.casts_implicitly(types.1) { types.1 } else { types.0 };
    let side = |expr, from| match (from, common) {
        (from, common) if from == common => expr,
        (Ty::Date, Ty::Timestamp) => call(casts::COMPARABLE, expr),
        (Ty::Date | Ty::Timestamp, Ty::TimestampTz) => call(casts::COMPARABLE_TZ, expr),
        _ => implicit_temporal(expr, from, common, functions),
    };
    (side(left, types.0), side(right, types.1))
}

/// The type of an expression; `None` while it is unknown.
#[must_use]
pub fn type_of(expr: &Expr, schema: &DFSchema) -> Option<Ty> {
    if is_unknown(expr) {
        return None;
    }
    expr.to_field(schema).ok().and_then(|(_, field)| Ty::of_field(&field)).filter(|ty| *ty != Ty::Unknown)
}

/// A call of one of our functions with one argument.
#[must_use]
pub fn call(name: &str, expr: Expr, functions: &Functions) -> Expr {
    match functions.scalar.get(name) {
        Some(function) => function.call(vec![expr]),
        None => expr,
    }
}

/// Whether an operator compares two values.
#[must_use]
pub fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// A comparison that did not come as an operator (IS DISTINCT FROM, a join's USING).
#[must_use]
pub fn comparison(binary: BinaryExpr, schema: &DFSchema, functions: &Functions) -> Transformed<Expr> {
    let BinaryExpr { left, op, right } = binary;
    let (Some(a), Some(b)) = (type_of(&left, schema), type_of(&right, schema)) else {
        return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
    };
    if !is_compared(a, b) {
        return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
    }
    let (left, right) = compared(&Op::Eq, *left, *right, (a, b), functions);
    Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) }))
}

/// `expr BETWEEN low AND high` as two comparisons; `None` when its types are compared as they are.
#[must_use]
pub fn between(expr: &Expr, low: &Expr, high: &Expr, schema: &DFSchema, functions: &Functions) -> Option<Expr> {
    let (own, first, last) = (type_of(expr, schema)?, type_of(low, schema)?, type_of(high, schema)?);
    if !is_compared(own, first) && !is_compared(own, last) {
        return None;
    }
    let side = |op: Op, planned: Operator, bound: &Expr, ty: Ty| {
        let (left, right) = match is_compared(own, ty) {
            true => compared(&op, expr.clone(), bound.clone(), (own, ty), functions),
            false => (expr.clone(), bound.clone()),
        };
        Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op: planned, right: Box::new(right) })
    };
    let lower = side(Op::GtEq, Operator::GtEq, low, first);
    Some(lower.and(side(Op::LtEq, Operator::LtEq, high, last)))
}

/// `expr IN (list)` with its values as one type, when all of the list have one.
#[must_use]
pub fn in_list(expr: Box<Expr>, list: Vec<Expr>, schema: &DFSchema, functions: &Functions) -> (Box<Expr>, Vec<Expr>) {
    let types: Option<Vec<Ty>> = list.iter().map(|item| type_of(item, schema)).collect();
    match (type_of(&expr, schema), types.as_deref()) {
        (Some(own), Some([first, rest @ ..])) if is_compared(own, *first) && rest.iter().all(|ty| ty == first) => {
            let pair = |item: Expr| compared(&Op::Eq, expr.as_ref().clone(), item, (own, *first), functions);
            let mut sides: Vec<(Expr, Expr)> = list.into_iter().map(pair).collect();
            let own = sides.pop();
            let last = own.map(|(left, right)| (Box::new(left), right));
            let mut items: Vec<Expr> = sides.into_iter().map(|(_, right)| right).collect();
            match last {
                Some((left, right)) => {
                    items.push(right);
                    (left, items)
                }
                None => (expr, items),
            }
        }
        _ => (expr, list),
    }
}

/// A window's order and partitions of intervals go by their length, unless its frame is counted in them.
#[must_use]
pub fn window(mut window: Box<WindowFunction>, schema: &DFSchema, functions: &Functions) -> Transformed<Expr> {
    let params = &mut window.params;
    let frame = &params.window_frame;
    let counted = |bound: &WindowFrameBound| matches!(bound, WindowFrameBound::Preceding(v) | WindowFrameBound::Following(v) if !v.is_null());
    let by_values =
        frame.units == WindowFrameUnits::Range && (counted(&frame.start_bound) || counted(&frame.end_bound));
    let mut changed = false;
    for key in &mut params.partition_by {
        changed |= by_length(key, schema, functions);
    }
    for key in params.order_by.iter_mut().filter(|_| !by_values) {
        if type_of(&key.expr, schema) == Some(Ty::Jsonb) {
            let own = std::mem::take(&mut key.expr);
            key.expr = call(JSONB_ORDER, own, functions);
            changed = true;
        } else {
            changed |= by_length(&mut key.expr, schema, functions);
        }
    }
    let expr = Expr::WindowFunction(window);
    if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
}

/// `CASE value WHEN …` whose comparisons need [`compared`], as a CASE of conditions.
#[must_use]
pub fn case(mut case: Case, schema: &DFSchema, functions: &Functions) -> Transformed<Expr> {
    let own = case.expr.as_deref().and_then(|value| type_of(value, schema));
    let needs = |when: &Expr| match (own, type_of(when, schema)) {
        (Some(own), Some(ty)) => is_compared(own, ty),
        _ => false,
    };
    if !case.when_then_expr.iter().any(|(when, _)| needs(when)) {
        return Transformed::no(Expr::Case(case));
    }
    if let Some(value) = case.expr.take() {
        for (when, _) in &mut case.when_then_expr {
            let other = std::mem::take(when.as_mut());
            **when = equal(value.as_ref().clone(), other, schema, functions);
        }
    }
    Transformed::yes(Expr::Case(case))
}

/// `NULLIF(a, b)` of types whose comparison needs [`compared`]; `None` for others.
#[must_use]
pub fn null_if(args: &[Expr], schema: &DFSchema, functions: &Functions) -> Option<Expr> {
    let [a, b] = args else { return None };
    if !is_compared(type_of(a, schema)?, type_of(b, schema)?) {
        return None;
    }
    let equal = equal(a.clone(), b.clone(), schema, functions);
    let null = Expr::Literal(ScalarValue::Null, None);
    Some(Expr::Case(Case::new(None, vec![(Box::new(equal), Box::new(null))], Some(Box::new(a.clone())))))
}

fn equal(left: Expr, right: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    let (left, right) = match (type_of(&left, schema), type_of(&right, schema)) {
        (Some(a), Some(b)) if is_compared(a, b) => compared(&Op::Eq, left, right, (a, b), functions),
        _ => (left, right),
    };
    left.eq(right)
}

/// How a timestamp bounds dates that stand left of an operator.
fn bound(op: &Op) -> Option<&'static str> {
    match op {
        Op::Lt | Op::GtEq => Some(casts::CEILING_DATE),
        Op::LtEq | Op::Gt => Some(casts::FLOOR_DATE),
        _ => None,
    }
}

/// The operator with its sides exchanged.
fn mirrored(op: &Op) -> Option<Op> {
    match op {
        Op::Lt => Some(Op::Gt),
        Op::LtEq => Some(Op::GtEq),
        Op::Gt => Some(Op::Lt),
        Op::GtEq => Some(Op::LtEq),
        _ => None,
    }
}
