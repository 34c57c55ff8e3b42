//! Casts as expressions: which types PostgreSQL casts to which, and the functions that do it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::logical_expr::{Cast, Expr, lit};

use super::literals::is_text;
use crate::catalog::functions::input::text_input;
use crate::catalog::functions::numeric::precision_scale;
use crate::catalog::functions::system::{reg_input, reg_output};
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, element_field, numeric_for};
use crate::catalog::functions::{Functions, undefined};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{PG_TYPE_KEY, PG_TYPMOD_KEY, oid, pg_type};

/// An operand brought to the type an operator takes; exact types keep their own digits.
#[must_use]
pub fn cast(expr: Expr, from: Ty, ty: Ty, functions: &Functions) -> Expr {
    let to = Arc::new(ty.field());
    match (from, ty) {
        // Digits and scale of a numeric follow from the operand: the function's own coercion picks them.
        (_, Ty::Numeric) => expr,
        (Ty::Numeric, Ty::Float4 | Ty::Float8) => call(functions, float_cast(ty), vec![expr]),
        _ => Expr::Cast(Cast::new_from_field(Box::new(expr), to)),
    }
}

/// A value as PostgreSQL's text of it; NULL stays NULL.
#[must_use]
pub fn cast_to_text(expr: Expr, functions: &Functions) -> Expr {
    call(functions, "cast_text", vec![expr])
}

/// An explicit cast with PostgreSQL's rounding, text forms, lengths and errors.
///
/// # Errors
///
/// `42846` for types that PostgreSQL does not cast.
pub fn explicit_cast(expr: Expr, from: Option<&FieldRef>, to: &FieldRef, functions: &Functions) -> Result<Expr> {
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    let Some(source) = from.filter(|f| *f.data_type() != DataType::Null) else {
        return Ok(reg_input(pg_type(to).oid).map_or_else(|| keep(expr.clone()), |f| f.call(vec![expr.clone()])));
    };
    if let DataType::Struct(fields) = to.data_type() {
        return super::row_casts::row_cast(expr, source, to, fields, functions);
    }
    if let Some(cast) = object_cast(&expr, source, to, functions) {
        return Ok(cast);
    }
    let (Some(from_ty), Some(to_ty)) = (Ty::of_field(source), Ty::of_field(to)) else { return Ok(keep(expr)) };
    if from_ty == Ty::Bits || to_ty == Ty::Bits {
        return bit_cast(expr, source, to, functions);
    }
    if is_catalog_type(source) || (is_catalog_type(to) && to_ty != Ty::Text) {
        return Ok(keep(expr));
    }
    let by = |name: &str, expr: Expr| Ok(keep(call(functions, name, vec![expr])));
    let number = |ty| matches!(ty, Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Numeric | Ty::Float4 | Ty::Float8);
    match (from_ty, to_ty) {
        (Ty::Text, Ty::Text) => Ok(with_length(keep(without_padding(expr, source, to, functions)), to, functions)),
        (Ty::Bool, Ty::Text) if pg_type(to).oid == oid::NAME => by("cast_io", expr),
        (_, Ty::Text) => Ok(with_length(keep(cast_to_text(expr, functions)), to, functions)),
        (Ty::Text, Ty::Numeric) => {
            let bare = Arc::new(Ty::Numeric.field());
            Ok(sized_numeric(text_input(&bare).call(vec![expr]), &WIDE_NUMERIC, to, functions))
        }
        (from, to_ty) if temporal_cast(from, to_ty).is_some() => Ok(keep(to_temporal(expr, from, to, functions))),
        // The elements are read and written one by one.
        (Ty::Array(Ty::Text), Ty::Array(_)) | (Ty::Array(_), Ty::Array(Ty::Text))
            if from_ty != to_ty || is_name(to) =>
        {
            Ok(keep(text_input(to).call(vec![cast_to_text(expr, functions)])))
        }
        (Ty::Array(Ty::Numeric | Ty::Float4 | Ty::Float8), Ty::Array(Ty::Int2 | Ty::Int4 | Ty::Int8)) => {
            Ok(keep(call(functions, "cast_whole", vec![expr])))
        }
        (Ty::Text, Ty::Record) => Err(cannot_cast(source, to)),
        (Ty::Text, _) => Ok(keep(text_input(to).call(vec![expr]))),
        (Ty::Float4, Ty::Float8) => Ok(keep(expr)),
        (Ty::Numeric, Ty::Float4 | Ty::Float8) | (Ty::Float8, Ty::Float4) => by(float_cast(to_ty), expr),
        (Ty::Numeric | Ty::Int2 | Ty::Int4 | Ty::Int8, Ty::Numeric) => {
            Ok(sized_numeric(expr, source.data_type(), to, functions))
        }
        (Ty::Float4 | Ty::Float8, Ty::Numeric) => {
            Ok(sized_numeric(call(functions, "cast_numeric", vec![expr]), &WIDE_NUMERIC, to, functions))
        }
        (a, b) if a == b => Ok(keep(expr)),
        (a, Ty::Int2) if number(a) => by("cast_int2", expr),
        (a, Ty::Int4) if number(a) || a == Ty::Bool => by("cast_int4", expr),
        (a, Ty::Int8) if number(a) => by("cast_int8", expr),
        (a, Ty::Float4 | Ty::Float8) if number(a) => Ok(keep(expr)),
        (Ty::Int4, Ty::Bool) => by("cast_bool", expr),
        (a, b) if is_castable(a, b) => Ok(keep(expr)),
        _ => Err(cannot_cast(source, to)),
    }
}

/// A value cast to a column's type, in the layout that the column has.
///
/// # Errors
///
/// As [`explicit_cast`].
pub fn cast_to_column(expr: Expr, from: &FieldRef, to: &FieldRef, functions: &Functions) -> Result<Expr> {
    let value = explicit_cast(expr, Some(from), to, functions)?;
    let widen = *to.data_type() == WIDE_NUMERIC && *from.data_type() != DataType::Null;
    Ok(if widen { call(functions, "cast_numeric", vec![value]) } else { value })
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

fn is_name(field: &Field) -> bool {
    oid::element_of(pg_type(field).oid) == Some(oid::NAME)
}

/// Whether a cast's target is `numeric` without precision.
#[must_use]
pub fn is_unbounded_numeric(field: &Field) -> bool {
    *field.data_type() == WIDE_NUMERIC && typmod(field).is_none()
}

/// Whether a type's values are object identifiers that print as names.
#[must_use]
pub fn is_reg(oid: u32) -> bool {
    reg_output(oid).is_some()
}

/// A call of a function.
#[must_use]
pub fn call(functions: &Functions, name: &str, args: Vec<Expr>) -> Expr {
    match functions.scalar.get(name) {
        Some(function) => function.call(args),
        None => undefined(name).call(args),
    }
}

/// `42846`.
#[must_use]
pub fn cannot_cast(from: &Field, to: &Field) -> Error {
    let name = |field: &Field| oid::sql_name(pg_type(field).oid);
    Error::new(sqlstate::CANNOT_COERCE, format!("cannot cast type {} to {}", name(from), name(to)))
}

fn float_cast(ty: Ty) -> &'static str {
    if ty == Ty::Float4 { "cast_float4" } else { "cast_float8" }
}

/// Text to an object's identifier and back: looked up in the statement's snapshot.
fn object_cast(expr: &Expr, from: &Field, to: &FieldRef, functions: &Functions) -> Option<Expr> {
    let reg = |field: &Field| Some(pg_type(field).oid).filter(|oid| is_reg(*oid));
    match (reg(from), reg(to)) {
        (None, Some(oid)) if is_text(from.data_type()) => reg_input(oid).map(|f| f.call(vec![expr.clone()])),
        (Some(oid), None) if is_text(to.data_type()) => reg_output(oid).map(|f| {
            let names = f.call(vec![expr.clone()]);
            // The names of an array are an array still.
            let is_array = element_field(from.data_type()).is_some();
            let text = if is_array { cast_to_text(names, functions) } else { names };
            Expr::Cast(Cast::new_from_field(Box::new(text), Arc::clone(to)))
        }),
        _ => None,
    }
}

/// Whether a field holds one of the catalog's own types, whose casts the layout decides.
fn is_catalog_type(field: &Field) -> bool {
    let declared = field.metadata().get(PG_TYPE_KEY).and_then(|oid| oid.parse().ok());
    let is_row = matches!(field.data_type(), DataType::Struct(_));
    declared.filter(|_| !is_row).is_some_and(|oid: u32| {
        let plain = [oid::BOOL, oid::INT2, oid::INT4, oid::INT8, oid::FLOAT4, oid::FLOAT8, oid::NUMERIC, oid::UUID];
        let times = [oid::DATE, oid::TIME, oid::TIMETZ, oid::TIMESTAMP, oid::TIMESTAMPTZ, oid::INTERVAL];
        let texts = [oid::TEXT, oid::VARCHAR, oid::BPCHAR, oid::NAME, oid::BYTEA];
        !plain.contains(&oid) && !times.contains(&oid) && !texts.contains(&oid)
    })
}

/// The casts of types that are neither numbers nor text and need no function.
fn is_castable(from: Ty, to: Ty) -> bool {
    match (from, to) {
        (Ty::Json | Ty::Jsonb, _) => true,
        (Ty::Array(a), Ty::Array(b)) => *a == Ty::Unknown || *b == Ty::Unknown || a == b || array_castable(*a, *b),
        (Ty::Unknown | Ty::AnyArray | Ty::Array(_), _) => matches!(to, Ty::AnyArray | Ty::Array(_)),
        _ => false,
    }
}

fn array_castable(from: Ty, to: Ty) -> bool {
    let number = |ty: Ty| ty.category() == 'N';
    from == Ty::Text || to == Ty::Text || (number(from) && number(to)) || is_castable(from, to)
}

/// To or from a bit string, cut or filled up to its length.
fn bit_cast(expr: Expr, from: &FieldRef, to: &FieldRef, functions: &Functions) -> Result<Expr> {
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    let (from_ty, to_ty) = (Ty::of_field(from), Ty::of_field(to));
    let length = to.metadata().get(PG_TYPMOD_KEY).and_then(|m| m.parse::<i32>().ok()).unwrap_or(-1);
    let sized = |expr: Expr| match (length, pg_type(to).oid) {
        (-1, _) => expr,
        (_, oid::BIT) => call(functions, "bit", vec![expr, lit(length), lit(true)]),
        _ => call(functions, "varbit", vec![expr, lit(length), lit(true)]),
    };
    Ok(match (from_ty, to_ty) {
        (Some(Ty::Bits), Some(Ty::Bits)) => keep(sized(expr)),
        (Some(Ty::Text), Some(Ty::Bits)) => keep(sized(call(functions, "bits in", vec![expr]))),
        (Some(Ty::Int4 | Ty::Int8), Some(Ty::Bits)) if pg_type(to).oid == oid::BIT => {
            keep(call(functions, "bit", vec![expr, lit(length)]))
        }
        (Some(Ty::Bits), Some(Ty::Int4)) => keep(call(functions, "bittoint4", vec![expr])),
        (Some(Ty::Bits), Some(Ty::Int8)) => keep(call(functions, "bittoint8", vec![expr])),
        (Some(Ty::Bits), Some(Ty::Text)) => with_length(keep(expr), to, functions),
        _ => return Err(cannot_cast(from, to)),
    })
}

/// A number as `numeric` with the target's precision and scale, or with its own digits.
fn sized_numeric(expr: Expr, from: &DataType, to: &FieldRef, functions: &Functions) -> Expr {
    let own = numeric_for(from);
    let exact = if own == *from {
        expr
    } else {
        // The digits are the type's, nobody has written them.
        let field = Field::new("numeric", own.clone(), true);
        let field = field.with_metadata([(PG_TYPMOD_KEY.to_owned(), "-1".to_owned())].into());
        Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(field)))
    };
    if is_unbounded_numeric(to) {
        return exact;
    }
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    let (precision, scale) = modifier(to);
    let (digits, places) = precision_scale(&own);
    let fits = own != WIDE_NUMERIC && *to.data_type() != WIDE_NUMERIC;
    if fits && places <= scale && digits - places <= precision - scale {
        return keep(exact);
    }
    keep(call(functions, "numeric_typmod", vec![exact, lit(precision), lit(scale)]))
}

/// Precision and scale of a `numeric(p,s)`.
fn modifier(field: &Field) -> (i32, i32) {
    match typmod(field) {
        Some(typmod) => {
            let packed = typmod - 4;
            ((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1_024) - 1_024)
        }
        None => precision_scale(field.data_type()),
    }
}

fn typmod(field: &Field) -> Option<i32> {
    field.metadata().get(PG_TYPMOD_KEY).and_then(|m| m.parse::<i32>().ok()).filter(|m| *m >= 4)
}

/// `char(n)` loses its padding on the way to another text type.
#[must_use]
pub fn without_padding(expr: Expr, from: &Field, to: &Field, functions: &Functions) -> Expr {
    let padded = pg_type(from).oid == oid::BPCHAR && !matches!(pg_type(to).oid, oid::BPCHAR | oid::CHAR);
    if padded { call(functions, "bpchar_trim", vec![expr]) } else { expr }
}

/// `varchar(n)` cuts, `char(n)` cuts and pads, `name` cuts at 63 bytes, `"char"` at one.
fn with_length(expr: Expr, to: &FieldRef, functions: &Functions) -> Expr {
    let kind = pg_type(to).oid;
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    if let oid::NAME | oid::CHAR = kind {
        let name = if kind == oid::NAME { "name_cut" } else { "char_cut" };
        return keep(call(functions, name, vec![expr]));
    }
    let Some(length) = typmod(to).map(|t| t - 4) else { return expr };
    let name = if kind == oid::BPCHAR { "bpchar_cut" } else { "varchar_cut" };
    keep(call(functions, name, vec![expr, lit(length)]))
}
