//! Values of one type, text or binary, as an Arrow array: a parameter is one value, an array parameter its elements.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal128Array, Decimal256Array, FixedSizeBinaryArray,
    LargeBinaryArray, PrimitiveArray, StringArray, new_null_array,
};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
    UInt32Type, i256,
};

use super::list;
use super::receive::{self, Cursor, malformed, whole};
use crate::error::{Error, Result};
use crate::types::input;
use crate::types::jsonpath;
use crate::types::output::Interval;
use crate::types::timetz::TimeTz;
use crate::types::wide::{Digits, Numeric};
use crate::types::{Format, TextStyle, UTC, arrow_field, oid};

/// The bytes of values, none for NULL.
pub type Raw<'a> = [Option<&'a [u8]>];

/// Decodes values of a type.
pub fn decode(oid: u32, format: Format, raw: &Raw<'_>, style: &TextStyle) -> Result<ArrayRef> {
    let array: ArrayRef = match oid {
        oid::BOOL => Arc::new(boolean(raw, format)?),
        oid::INT2 => primitive::<Int16Type>(raw, format, input::parse_int2, receive::int2)?,
        oid::INT4 => primitive::<Int32Type>(raw, format, input::parse_int4, receive::int4)?,
        oid::INT8 => primitive::<Int64Type>(raw, format, input::parse_int8, receive::int8)?,
        oid::FLOAT4 => primitive::<Float32Type>(raw, format, input::parse_float4, receive::float4)?,
        oid::FLOAT8 => primitive::<Float64Type>(raw, format, input::parse_float8, receive::float8)?,
        oid::NUMERIC => numerics(raw, format)?,
        oid::DATE => primitive::<Date32Type>(raw, format, |text| input::parse_date(text, style), receive::date)?,
        oid::TIME => {
            primitive::<Time64MicrosecondType>(raw, format, |text| input::parse_time(text, style), receive::time)?
        }
        oid::TIMETZ => {
            let values = native(raw, format, |text| input::parse_timetz(text, style), receive::timetz)?;
            TimeTz::column(values.into_iter().map(|value| value.map(TimeTz::key)))?
        }
        oid::TIMESTAMP => Arc::new(instants(raw, format, |text| input::parse_timestamp(text, style))?),
        oid::TIMESTAMPTZ => {
            Arc::new(instants(raw, format, |text| input::parse_timestamptz(text, style))?.with_timezone(UTC))
        }
        oid::INTERVAL => intervals(raw, format, style, -1)?,
        oid::BYTEA => Arc::new(bytea(raw, format)?),
        oid::UUID => uuids(raw, format)?,
        oid::CHAR => strings(raw, format, char_text)?,
        oid::JSON => strings(raw, format, |_, bytes| {
            let text = input::utf8(bytes)?;
            input::check_json(text)?;
            Ok(text.to_owned())
        })?,
        oid::JSONB => strings(raw, format, jsonb)?,
        oid::JSONPATH => strings(raw, format, jsonpath)?,
        oid::BIT | oid::VARBIT => strings(raw, format, |format, bytes| match format {
            Format::Text => input::parse_bits(input::utf8(bytes)?),
            Format::Binary => input::receive_bits(bytes),
        })?,
        oid::NAME => strings(raw, format, |_, bytes| input::utf8(bytes).map(|text| name(text).to_owned()))?,
        0 => strings(raw, format, plain)?,
        _ if oid::is_text_like(oid) => strings(raw, format, plain)?,
        _ if oid::is_oid_like(oid) => {
            primitive::<UInt32Type>(raw, format, |text| input::parse_oid_alias(oid, text), receive::oid)?
        }
        oid::INT2VECTOR | oid::OIDVECTOR => list::decode(oid, format, raw, style)?,
        _ if oid::element_of(oid).is_some() => list::decode(oid, format, raw, style)?,
        _ => {
            // The error that says so.
            let field = arrow_field(oid, -1)?;
            new_null_array(field.data_type(), raw.len())
        }
    };
    Ok(array)
}

/// Reads every value that is not NULL.
fn each<T>(raw: &Raw<'_>, mut read: impl FnMut(&[u8]) -> Result<T>) -> Result<Vec<Option<T>>> {
    raw.iter().map(|bytes| bytes.map(&mut read).transpose()).collect()
}

/// Reads every value by its format's function.
fn native<T>(
    raw: &Raw<'_>,
    format: Format,
    parse: impl Fn(&str) -> Result<T>,
    receive: impl Fn(&mut Cursor<'_>) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    match format {
        Format::Text => each(raw, |bytes| parse(input::utf8(bytes)?)),
        Format::Binary => each(raw, |bytes| whole(bytes, &receive)),
    }
}

/// Values of an Arrow primitive type.
fn primitive<P: ArrowPrimitiveType>(
    raw: &Raw<'_>,
    format: Format,
    parse: impl Fn(&str) -> Result<P::Native>,
    receive: impl Fn(&mut Cursor<'_>) -> Result<P::Native>,
) -> Result<ArrayRef> {
    let values = native(raw, format, parse, receive)?;
    Ok(Arc::new(values.into_iter().collect::<PrimitiveArray<P>>()))
}

/// Timestamps of either type, without zone so far.
fn instants(
    raw: &Raw<'_>,
    format: Format,
    parse: impl Fn(&str) -> Result<i64>,
) -> Result<PrimitiveArray<TimestampMicrosecondType>> {
    Ok(native(raw, format, parse, receive::timestamp)?.into_iter().collect())
}

/// Intervals, whose microseconds become nanoseconds.
pub fn intervals(raw: &Raw<'_>, format: Format, style: &TextStyle, typmod: i32) -> Result<ArrayRef> {
    let parse = |text: &str| {
        let interval = match typmod {
            0.. => input::parse_interval_as(text, style.interval_style, typmod)?,
            _ => input::parse_interval(text, style.interval_style)?,
        };
        Ok(interval.to_nanos().expect("checked by its input function"))
    };
    let values = native(raw, format, parse, receive::interval)?
        .into_iter()
        .map(|value| value.map(|(months, days, ns)| IntervalMonthDayNano::new(months, days, ns)));
    Ok(Arc::new(values.collect::<PrimitiveArray<IntervalMonthDayNanoType>>()))
}

/// One interval, which its input function has checked.
pub fn interval_of(value: Interval) -> ArrayRef {
    let (months, days, ns) = value.to_nanos().expect("checked by its input function");
    Arc::new(PrimitiveArray::<IntervalMonthDayNanoType>::from(vec![IntervalMonthDayNano::new(months, days, ns)]))
}

/// Booleans; in binary any byte but zero is true.
fn boolean(raw: &Raw<'_>, format: Format) -> Result<BooleanArray> {
    let values = native(raw, format, input::parse_bool, receive::boolean)?;
    Ok(values.into_iter().collect())
}

/// Byte strings; in binary all bytes are the value.
fn bytea(raw: &Raw<'_>, format: Format) -> Result<BinaryArray> {
    let values = match format {
        Format::Text => each(raw, |bytes| input::parse_bytea(input::utf8(bytes)?))?,
        Format::Binary => each(raw, |bytes| Ok(bytes.to_vec()))?,
    };
    Ok(values.into_iter().collect())
}

/// UUIDs as 16 bytes each.
fn uuids(raw: &Raw<'_>, format: Format) -> Result<ArrayRef> {
    let values = native(raw, format, input::parse_uuid, receive::uuid)?;
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 16)
        .map_err(|error| Error::internal(format!("could not build a uuid column: {error}")))?;
    Ok(Arc::new(array))
}

/// Values that are kept as text.
fn strings(raw: &Raw<'_>, format: Format, read: impl Fn(Format, &[u8]) -> Result<String>) -> Result<ArrayRef> {
    let values = each(raw, |bytes| read(format, bytes))?;
    Ok(Arc::new(values.into_iter().collect::<StringArray>()))
}

/// Text as it came, once it is known to be text.
fn plain(_format: Format, bytes: &[u8]) -> Result<String> {
    input::utf8(bytes).map(str::to_owned)
}

/// A `"char"` in the text it prints as: bytes above ASCII are escapes.
fn char_text(format: Format, bytes: &[u8]) -> Result<String> {
    match format {
        Format::Text => input::utf8(bytes).map(input::parse_char),
        Format::Binary => {
            let byte = whole(bytes, Cursor::array::<1>)?[0];
            let mut text = Vec::new();
            crate::types::output::char_byte(byte, &mut text);
            Ok(String::from_utf8(text).expect("bytes above ASCII are written as escapes"))
        }
    }
}

/// A document in `jsonb`'s normal form; the binary form has a version byte, 1, before its text.
fn jsonb(format: Format, bytes: &[u8]) -> Result<String> {
    let text = match (format, bytes) {
        (Format::Text, _) => bytes,
        (Format::Binary, [1, text @ ..]) => text,
        (Format::Binary, []) => return Err(receive::insufficient()),
        (Format::Binary, _) => return Err(malformed("unsupported jsonb version number")),
    };
    input::normal_jsonb(input::utf8(text)?)
}

/// A path in the form it prints; its binary form has a version in front.
fn jsonpath(format: Format, bytes: &[u8]) -> Result<String> {
    let text = match (format, bytes) {
        (Format::Text, _) => bytes,
        (Format::Binary, [1, text @ ..]) => text,
        (Format::Binary, []) => return Err(receive::insufficient()),
        (Format::Binary, _) => return Err(malformed("unsupported jsonpath version number")),
    };
    jsonpath::normal(input::utf8(text)?)
}

/// A name has at most 63 bytes; PostgreSQL cuts what is longer, at a character.
fn name(text: &str) -> &str {
    &text[..text.floor_char_boundary(63)]
}

/// Numerics, each with its own digits.
pub fn numbers(raw: &Raw<'_>, format: Format) -> Result<Vec<Option<Numeric>>> {
    native(raw, format, input::parse_numeric, receive::numeric)
}

/// Numerics: decimals where all have the same scale and fit, else a scale each.
fn numerics(raw: &Raw<'_>, format: Format) -> Result<ArrayRef> {
    let values = numbers(raw, format)?;
    if let Some(decimals) = decimals(&values)? {
        return Ok(decimals);
    }
    let bytes = values.iter().map(|value| value.as_ref().map(Numeric::encode));
    Ok(Arc::new(bytes.collect::<LargeBinaryArray>()))
}

/// The values as Arrow's decimals; `None` when they are not all numbers of one scale and few digits.
fn decimals(values: &[Option<Numeric>]) -> Result<Option<ArrayRef>> {
    let mut common: Option<u16> = None;
    let mut digits = 1;
    for value in values.iter().flatten() {
        let Numeric::Finite(number) = value else { return Ok(None) };
        if common.is_some_and(|scale| scale != number.scale) {
            return Ok(None);
        }
        common = Some(number.scale);
        digits = digits.max(number.count()).max(usize::from(number.scale));
    }
    let Some(scale) = common.and_then(|scale| i8::try_from(scale).ok()) else { return Ok(None) };
    let Some(precision) = u8::try_from(digits).ok().filter(|p| *p <= DECIMAL256_MAX_PRECISION) else {
        return Ok(None);
    };
    let unscaled = values.iter().map(|value| match value {
        Some(Numeric::Finite(number)) => Some(unscaled(number)),
        _ => None,
    });
    let fault = |error| Error::internal(format!("could not build a numeric column: {error}"));
    if precision <= DECIMAL128_MAX_PRECISION {
        let narrow = unscaled.map(|value| value.map(i256::as_i128)).collect::<Decimal128Array>();
        return Ok(Some(Arc::new(narrow.with_precision_and_scale(precision, scale).map_err(fault)?)));
    }
    let wide = unscaled.collect::<Decimal256Array>();
    Ok(Some(Arc::new(wide.with_precision_and_scale(precision, scale).map_err(fault)?)))
}

/// The number without its point, which has at most 76 digits.
pub fn unscaled(number: &Digits) -> i256 {
    let ten = i256::from_i128(10);
    let add = |sum: i256, digit: u8| sum.wrapping_mul(ten).wrapping_add(i256::from_i128(digit.into()));
    let value = number.unscaled().fold(i256::ZERO, add);
    if number.negative { value.wrapping_neg() } else { value }
}
