//! Values as PostgreSQL prints them, for the functions that take any type (`concat`, `format`, `to_json`, …).

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use num_bigint::BigInt;

use super::access::TextArray;
use super::call::{Call, list_row};
use super::datetime::from_arrow;
use super::numeric::Dec;
use super::ty;
use super::udf::fault;
use crate::error::{Error, Result};
use crate::types::TextStyle;
use crate::types::output;
use crate::types::timetz::{self, TimeTz};
use crate::types::zone::ZoneCursor;

/// Prints the values of one column.
pub struct Writer {
    array: ArrayRef,
    style: Arc<TextStyle>,
}

/// Writers of a call's arguments from `first` on.
pub fn writers(c: &Call<'_>, first: usize) -> Result<Vec<Writer>> {
    let style = c.style();
    (first..c.arity()).map(|i| Writer::for_element(&c.arg(i).array, &style)).collect()
}

impl Writer {
    /// A writer of a column's values.
    pub fn for_element(array: &ArrayRef, style: &Arc<TextStyle>) -> Result<Self> {
        Ok(Self { array: plain(array)?, style: Arc::clone(style) })
    }

    /// Appends the value at an index, which must not be NULL.
    pub fn write(&self, i: usize, out: &mut String) -> Result<()> {
        write_value(&self.array, i, &self.style, out)
    }
}

/// The text of a column's only value.
///
/// # Errors
///
/// `0A000` for a value that has no text here.
pub fn output_text(value: &ArrayRef, style: &TextStyle) -> Result<String> {
    let mut text = String::new();
    write_value(&plain(value)?, 0, style, &mut text)?;
    Ok(text)
}

/// A column in the one layout its PostgreSQL type has here: no dictionaries, microseconds.
pub fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    let wanted = ty::plain(array.data_type());
    match array.data_type() == &wanted {
        true => Ok(Arc::clone(array)),
        false => arrow::compute::cast(array, &wanted).map_err(fault),
    }
}

/// Appends a value as its type's output function prints it; nothing for NULL.
pub fn write_value(array: &ArrayRef, i: usize, style: &TextStyle, out: &mut String) -> Result<()> {
    if array.is_null(i) {
        return Ok(());
    }
    if let Some(text) = TextArray::of(array.as_ref()) {
        out.push_str(text.value(i));
        return Ok(());
    }
    match array.data_type() {
        DataType::Boolean => out.push(if array.as_boolean().value(i) { 't' } else { 'f' }),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(i);
            ascii(out, |to| output::float4(value, style.extra_float_digits, to));
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(i);
            ascii(out, |to| output::float8(value, style.extra_float_digits, to));
        }
        DataType::Binary => {
            let value = array.as_binary::<i32>().value(i);
            ascii(out, |to| output::bytea(value, style.bytea_escape, to));
        }
        DataType::FixedSizeBinary(16) => {
            let value = array.as_fixed_size_binary().value(i).try_into().map_err(fault)?;
            ascii(out, |to| output::uuid(value, to));
        }
        DataType::Date32 => {
            let value = array.as_primitive::<Date32Type>().value(i);
            checked(out, |to| output::date(value, style, to))?;
        }
        DataType::Time64(_) => {
            let value = array.as_primitive::<Time64MicrosecondType>().value(i);
            checked(out, |to| output::time(value, to))?;
        }
        DataType::FixedSizeBinary(timetz::WIDTH) => {
            let value =
                TimeTz::from_key(array.as_fixed_size_binary().value(i)).ok_or_else(|| fault("a time's width"))?;
            checked(out, |to| output::timetz(value, to))?;
        }
        DataType::Timestamp(_, zone) => {
            let value = array.as_primitive::<TimestampMicrosecondType>().value(i);
            checked(out, |to| match zone {
                None => output::timestamp(value, style, to),
                Some(_) => output::timestamptz(value, style, &mut ZoneCursor::new(Arc::clone(&style.time_zone)), to),
            })?;
        }
        DataType::Interval(_) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(i);
            ascii(out, |to| output::interval(from_arrow(value), style.interval_style, to));
        }
        DataType::List(_) => list(array, i, style, out)?,
        DataType::Struct(_) => record(array, i, style, out)?,
        _ => exact(array, i, out)?,
    }
    Ok(())
}

fn exact(array: &ArrayRef, i: usize, out: &mut String) -> Result<()> {
    let value: i128 = match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(i).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(i).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(i).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(i).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(i).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(i).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(i).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(i).into(),
        DataType::Decimal128(_, scale) => {
            let value = array.as_primitive::<Decimal128Type>().value(i);
            write!(out, "{}", Dec::new(BigInt::from(value), i32::from(*scale))).map_err(fault)?;
            return Ok(());
        }
        DataType::Decimal256(_, scale) => {
            let bytes = array.as_primitive::<Decimal256Type>().value(i).to_le_bytes();
            let value = Dec::new(BigInt::from_signed_bytes_le(&bytes), i32::from(*scale));
            write!(out, "{value}").map_err(fault)?;
            return Ok(());
        }
        DataType::LargeBinary => {
            let value = crate::types::wide::Numeric::decode(array.as_binary::<i64>().value(i))?;
            ascii(out, |to| value.write_text(to));
            return Ok(());
        }
        other => return Err(Error::unsupported(format!("values of type {other} cannot be written as text"))),
    };
    write!(out, "{value}").map_err(fault)
}

/// Appends what one of the type room's writers writes.
fn ascii(out: &mut String, write: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = Vec::new();
    write(&mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// Appends what one of the type room's checking writers writes.
fn checked(out: &mut String, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    out.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

fn list(array: &ArrayRef, i: usize, style: &TextStyle, out: &mut String) -> Result<()> {
    let Some(elements) = list_row(array, i) else { return Ok(()) };
    out.push('{');
    for at in 0..elements.len() {
        if at > 0 {
            out.push(',');
        }
        if elements.is_null(at) {
            out.push_str("NULL");
        } else if matches!(elements.data_type(), DataType::List(_)) {
            list(&elements, at, style, out)?;
        } else {
            let mut text = String::new();
            write_value(&elements, at, style, &mut text)?;
            element(&text, out);
        }
    }
    out.push('}');
    Ok(())
}

fn element(text: &str, out: &mut String) {
    let special = |ch: char| ch.is_ascii_whitespace() || ch == '\u{b}' || matches!(ch, '"' | '\\' | '{' | '}' | ',');
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for ch in text.chars() {
        if matches!(ch, '"' | '\\') {
            out.push('\\');
        }
        out.push(ch);
    }
    out.push('"');
}

fn record(array: &ArrayRef, i: usize, style: &TextStyle, out: &mut String) -> Result<()> {
    out.push('(');
    for (n, column) in array.as_struct().columns().iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        if column.is_null(i) {
            continue;
        }
        let mut text = String::new();
        write_value(column, i, style, &mut text)?;
        let special = |ch: char| ch.is_ascii_whitespace() || matches!(ch, '"' | '\\' | '(' | ')' | ',');
        if text.is_empty() || text.contains(special) {
            out.push('"');
            out.push_str(&text.replace('\\', "\\\\").replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&text);
        }
    }
    out.push(')');
    Ok(())
}
