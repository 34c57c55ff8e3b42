//! Casts and calls as expressions: what PostgreSQL's casts do where Arrow's differ.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Cast, Expr, lit};

use super::literals::is_text;
use crate::catalog::functions::Functions;
use crate::catalog::functions::system::{reg_input, reg_output};
use crate::catalog::functions::ty::Ty;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PG_TYPMOD_KEY, oid};

/// An operand brought to the type an operator takes; exact types keep their own digits.
#[must_use]
pub fn cast(expr: Expr, ty: Ty, _functions: &Functions) -> Expr {
    match ty {
        // Digits and scale of a numeric follow from the operand: the function's own coercion picks them.
        Ty::Numeric => expr,
        ty => Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(ty.field()))),
    }
}

/// A value as PostgreSQL's text of it; NULL stays NULL.
#[must_use]
pub fn cast_to_text(expr: Expr, ty: Ty, functions: &Functions) -> Expr {
    match (ty, functions.scalar.get("concat")) {
        (Ty::Bool, _) => {
            let arms = vec![
                (Box::new(expr.clone()), Box::new(lit("true"))),
                (Box::new(Expr::Not(Box::new(expr))), Box::new(lit("false"))),
            ];
            Expr::Case(Case::new(None, arms, None))
        }
        (Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Text | Ty::Unknown, _) | (_, None) => {
            Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8View))
        }
        (_, Some(concat)) => {
            let text = concat.call(vec![expr.clone()]);
            let arms = vec![(Box::new(Expr::IsNotNull(Box::new(expr))), Box::new(text))];
            Expr::Case(Case::new(None, arms, None))
        }
    }
}

/// An explicit cast with PostgreSQL's rounding, text forms and lengths.
#[must_use]
pub fn explicit_cast(expr: Expr, from: Option<&FieldRef>, to: &FieldRef, functions: &Functions) -> Expr {
    let from_ty = from.and_then(|f| Ty::of_field(f));
    let to_ty = Ty::of_field(to);
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    let reg = |field: &Field| Some(crate::types::pg_type(field).oid).filter(|oid| is_reg(*oid));
    match (from.and_then(|f| reg(f)), reg(to)) {
        // Text to an object's identifier and back: looked up in the statement's snapshot.
        (None, Some(oid)) if from.is_none_or(|f| is_text(f.data_type())) => {
            return reg_input(oid).map_or_else(|| keep(expr.clone()), |f| f.call(vec![expr.clone()]));
        }
        (Some(oid), None) if is_text(to.data_type()) => {
            return reg_output(oid).map_or_else(|| keep(expr.clone()), |f| keep(f.call(vec![expr.clone()])));
        }
        _ => {}
    }
    match (from_ty, to_ty) {
        (Some(from), Some(to_ty)) if temporal_cast(from, to_ty).is_some() => {
            keep(to_temporal(expr, from, to, functions))
        }
        // A bare `numeric` keeps the digits that there are.
        (Some(Ty::Numeric), Some(Ty::Numeric)) if is_unbounded_numeric(to) => expr,
        (Some(Ty::Int2 | Ty::Int4 | Ty::Int8), Some(Ty::Numeric)) if is_unbounded_numeric(to) => {
            Expr::Cast(Cast::new(Box::new(expr), DataType::Decimal128(19, 0)))
        }
        (Some(Ty::Float4 | Ty::Float8 | Ty::Numeric), Some(Ty::Int2 | Ty::Int4 | Ty::Int8)) => {
            match functions.scalar.get("round") {
                Some(round) => keep(round.call(vec![expr])),
                None => keep(expr),
            }
        }
        (Some(ty), Some(Ty::Text)) => {
            let text = if ty == Ty::Text { expr } else { cast_to_text(expr, ty, functions) };
            with_length(keep(text), to, functions)
        }
        _ => keep(expr),
    }
}

/// `42846` for a cast from or to a date or time that PostgreSQL does not have.
pub fn check_cast(from: &Field, to: &Field) -> Result<(), Error> {
    let (Some(from_ty), Some(to_ty)) = (Ty::of_field(from), Ty::of_field(to)) else { return Ok(()) };
    let is_time = |ty: Ty| matches!(ty.category(), 'D' | 'T');
    let open = |ty: Ty| matches!(ty.category(), 'S' | 'X' | 'P');
    if from_ty == to_ty || !is_time(from_ty) && !is_time(to_ty) || open(from_ty) || open(to_ty) {
        return Ok(());
    }
    if temporal_cast(from_ty, to_ty).is_some() {
        return Ok(());
    }
    let name = |field: &Field| oid::sql_name(crate::types::pg_type(field).oid);
    Err(Error::new(sqlstate::CANNOT_COERCE, format!("cannot cast type {} to {}", name(from), name(to))))
}

/// The function that casts to a date or time type: from text that reads it, between two types that converts, within
/// one type that keeps digits. `None` where there is nothing to call.
#[must_use]
pub fn temporal_cast(from: Ty, to: Ty) -> Option<&'static str> {
    use Ty::{Date, Interval, Text, Time, TimeTz, Timestamp, TimestampTz};
    Some(match (from, to) {
        (Text, Date) => "date_in",
        (Text, Time) => "time_in",
        (Text, TimeTz) => "timetz_in",
        (Text, Timestamp) => "timestamp_in",
        (Text, TimestampTz) => "timestamptz_in",
        (Text, Interval) => "interval_in",
        (Timestamp | TimestampTz, Date) => "date",
        (Time | TimeTz | Timestamp | TimestampTz | Interval, Time) => "time",
        (Time | TimeTz | TimestampTz, TimeTz) => "timetz",
        (Date | Timestamp | TimestampTz, Timestamp) => "timestamp",
        (Date | Timestamp | TimestampTz, TimestampTz) => "timestamptz",
        (Time | Interval, Interval) => "interval",
        _ => return None,
    })
}

/// A value as a date or time type, with the digits of its modifier.
fn to_temporal(expr: Expr, from: Ty, to: &FieldRef, functions: &Functions) -> Expr {
    let call = |name: &str, args: Vec<Expr>| functions.scalar.get(name).map(|f| f.call(args));
    let typmod = to.metadata().get(PG_TYPMOD_KEY).and_then(|m| m.parse::<i32>().ok()).filter(|m| *m >= 0);
    let Some(to_ty) = Ty::of_field(to) else { return expr };
    let Some(name) = temporal_cast(from, to_ty) else { return expr };
    let value = match from {
        Ty::Text => return call(name, vec![expr.clone(), lit(typmod.unwrap_or(-1))]).unwrap_or(expr),
        from if from == to_ty => expr,
        _ => call(name, vec![expr.clone()]).unwrap_or(expr),
    };
    match typmod {
        Some(typmod) => call(name, vec![value.clone(), lit(typmod)]).unwrap_or(value),
        None => value,
    }
}

/// An argument brought to a date or time type by PostgreSQL's implicit cast, which may depend on the session's zone.
#[must_use]
pub fn implicit_temporal(expr: Expr, from: Ty, to: Ty, functions: &Functions) -> Expr {
    match temporal_cast(from, to) {
        Some(_) if from != to && from != Ty::Text => to_temporal(expr, from, &Arc::new(to.field()), functions),
        _ => expr,
    }
}

/// Whether a cast's target is `numeric` without precision.
#[must_use]
pub fn is_unbounded_numeric(field: &Field) -> bool {
    let decimal = matches!(field.data_type(), DataType::Decimal128(..) | DataType::Decimal256(..));
    decimal && field.metadata().get(PG_TYPMOD_KEY).is_some_and(|typmod| typmod == "-1")
}

/// Whether a type's values are object identifiers that print as names.
#[must_use]
pub fn is_reg(oid: u32) -> bool {
    reg_output(oid).is_some()
}

/// `varchar(n)` cuts, `char(n)` cuts and pads.
fn with_length(expr: Expr, to: &Field, functions: &Functions) -> Expr {
    let typmod = to.metadata().get(PG_TYPMOD_KEY).and_then(|m| m.parse::<i32>().ok());
    let Some(length) = typmod.map(|t| t - 4).filter(|n| *n >= 0) else { return expr };
    let field = Arc::new(to.clone());
    let is_bpchar = crate::types::pg_type(to).oid == crate::types::oid::BPCHAR;
    let name = if is_bpchar { "rpad" } else { "left" };
    match functions.scalar.get(name) {
        Some(function) => {
            let sized = function.call(vec![expr, lit(length)]);
            Expr::Cast(Cast::new_from_field(Box::new(sized), field))
        }
        None => expr,
    }
}
