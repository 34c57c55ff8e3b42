//! Writers of booleans, integers, floats and numerics.

use std::ops::Range;

use arrow::array::{Array, ArrowPrimitiveType, BooleanArray};
use arrow::datatypes::{DataType, Decimal256Type, Float16Type, Float32Type, Float64Type, i256};

use super::writer::{Cells, ColumnWriter, Direct, Each, Render, Rendered, place, put, typed};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{Format, TextStyle, oid, output, send};

/// What every function here makes.
type Writer = Box<dyn ColumnWriter>;

/// Writes booleans, a byte each.
struct Flags {
    no: u8,
    yes: u8,
}

/// A boolean column.
pub fn boolean(format: Format) -> Writer {
    match format {
        Format::Text => Box::new(Flags { no: b'f', yes: b't' }),
        Format::Binary => Box::new(Flags { no: 0, yes: 1 }),
    }
}

impl Render for Flags {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = typed::<BooleanArray>(array);
        for row in rows {
            if array.is_valid(row) {
                cells.bytes.push(if array.value(row) { self.yes } else { self.no });
            }
            cells.end();
        }
        Ok(())
    }
}

impl ColumnWriter for Flags {
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()> {
        let nulls = array.nulls();
        for (row, len) in rows.zip(lens) {
            *len += usize::from(nulls.is_none_or(|nulls| nulls.is_valid(row)));
        }
        Ok(())
    }

    fn fill(&self, array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]) {
        let values = typed::<BooleanArray>(array).values();
        place(array.nulls(), rows, out, cursors, |row, out| {
            put(&[if values.value(row) { self.yes } else { self.no }], out)
        });
    }
}

/// An integer column of any width as any of PostgreSQL's numbers; none where the type is not a number.
pub fn integer<P>(oid: u32, format: Format, style: &TextStyle) -> Option<Writer>
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    let extra = style.extra_float_digits;
    let writer: Writer = match (oid, format) {
        (oid::FLOAT4, Format::Text) => each::<P>(move |value, out| output::float4(to_f32(value), extra, out)),
        (oid::FLOAT8, Format::Text) => each::<P>(move |value, out| output::float8(to_f64(value), extra, out)),
        (oid::INT2 | oid::INT4 | oid::INT8 | oid::NUMERIC, Format::Text) => integer_text::<P>(),
        (_, Format::Text) if oid::is_oid_like(oid) => integer_text::<P>(),
        (oid::INT2, Format::Binary) => fixed::<P, 2>(|value| i16::try_from(value).map(i16::to_be_bytes).ok(), oid),
        (oid::INT4, Format::Binary) => fixed::<P, 4>(|value| i32::try_from(value).map(i32::to_be_bytes).ok(), oid),
        (oid::INT8, Format::Binary) => fixed::<P, 8>(|value| i64::try_from(value).map(i64::to_be_bytes).ok(), oid),
        (oid::FLOAT4, Format::Binary) => fixed::<P, 4>(|value| Some(to_f32(value).to_be_bytes()), oid),
        (oid::FLOAT8, Format::Binary) => fixed::<P, 8>(|value| Some(to_f64(value).to_be_bytes()), oid),
        (oid::NUMERIC, Format::Binary) => each::<P>(|value, out| send::numeric(value, 0, out)),
        (_, Format::Binary) if oid::is_oid_like(oid) => {
            fixed::<P, 4>(|value| u32::try_from(value).map(u32::to_be_bytes).ok(), oid)
        }
        _ => return None,
    };
    Some(writer)
}

/// A float column as either float type; none for another type.
pub fn float(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Option<Writer> {
    let extra = style.extra_float_digits;
    let writer = match (data_type, oid, format) {
        (DataType::Float16, oid::FLOAT4, Format::Text) => float_text::<Float16Type>(move |value, out| {
            output::float4(value.to_f32(), extra, out);
        }),
        (DataType::Float32, oid::FLOAT4, Format::Text) => float_text::<Float32Type>(move |value, out| {
            output::float4(value, extra, out);
        }),
        (DataType::Float64, oid::FLOAT8, Format::Text) => float_text::<Float64Type>(move |value, out| {
            output::float8(value, extra, out);
        }),
        (DataType::Float16, oid::FLOAT8, Format::Text) => float_text::<Float16Type>(move |value, out| {
            output::float8(value.to_f64(), extra, out);
        }),
        (DataType::Float32, oid::FLOAT8, Format::Text) => float_text::<Float32Type>(move |value, out| {
            output::float8(f64::from(value), extra, out);
        }),
        (DataType::Float16, oid::FLOAT4, Format::Binary) => {
            float_bytes::<Float16Type, 4>(|value| value.to_f32().to_be_bytes())
        }
        (DataType::Float32, oid::FLOAT4, Format::Binary) => float_bytes::<Float32Type, 4>(f32::to_be_bytes),
        (DataType::Float64, oid::FLOAT8, Format::Binary) => float_bytes::<Float64Type, 8>(f64::to_be_bytes),
        (DataType::Float16, oid::FLOAT8, Format::Binary) => {
            float_bytes::<Float16Type, 8>(|value| value.to_f64().to_be_bytes())
        }
        (DataType::Float32, oid::FLOAT8, Format::Binary) => {
            float_bytes::<Float32Type, 8>(|value| f64::from(value).to_be_bytes())
        }
        _ => return None,
    };
    Some(writer)
}

/// A decimal column of at most 38 digits.
pub fn decimal<P>(scale: i8, format: Format) -> Writer
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    match format {
        Format::Text => match u32::try_from(scale) {
            Ok(places @ 0..=18) => decimal_text::<P>(places),
            _ => each::<P>(move |value, out| output::numeric(value, scale, out)),
        },
        Format::Binary => each::<P>(move |value, out| send::numeric(value, scale, out)),
    }
}

/// A decimal column of up to 76 digits.
pub fn decimal256(scale: i8, format: Format) -> Writer {
    match format {
        Format::Text => {
            Box::new(Rendered::new(Each::<Decimal256Type, _>::new(move |value: i256, out: &mut Vec<u8>| {
                output::numeric256(value, scale, out);
                Ok(())
            })))
        }
        Format::Binary => {
            Box::new(Rendered::new(Each::<Decimal256Type, _>::new(move |value: i256, out: &mut Vec<u8>| {
                send::numeric256(value, scale, out);
                Ok(())
            })))
        }
    }
}

/// A number made in the scratch buffer from its 128-bit value.
fn each<P>(mut write: impl FnMut(i128, &mut Vec<u8>) + Send + 'static) -> Writer
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    Box::new(Rendered::new(Each::<P, _>::new(move |value: P::Native, out: &mut Vec<u8>| {
        write(value.into(), out);
        Ok(())
    })))
}

/// Big-endian bytes of a fixed width; a value that has none is out of the type's range.
fn fixed<P, const N: usize>(bytes: impl Fn(i128) -> Option<[u8; N]> + Copy + Send + 'static, oid: u32) -> Writer
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    let len = move |value: P::Native| match bytes(value.into()) {
        Some(_) => Ok(N),
        None => Err(out_of_range(oid)),
    };
    let write = move |value: P::Native, out: &mut [u8]| {
        out.copy_from_slice(&bytes(value.into()).expect("the value passed when it was measured"));
    };
    Box::new(Direct::<P, _, _>::new(len, write))
}

/// Integers in decimal, written in place: their digits are counted by a logarithm.
fn integer_text<P>() -> Writer
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    let len = |value: P::Native| -> Result<usize> {
        let value: i128 = value.into();
        Ok(usize::from(value < 0) + digits(magnitude(value)))
    };
    let write = |value: P::Native, out: &mut [u8]| {
        let value: i128 = value.into();
        output::fill_digits(magnitude(value), &mut out[usize::from(value < 0)..]);
        if value < 0 {
            out[0] = b'-';
        }
    };
    Box::new(Direct::<P, _, _>::new(len, write))
}

/// Decimals of a usual scale, written in place: whole digits, point, fraction.
fn decimal_text<P>(places: u32) -> Writer
where
    P: ArrowPrimitiveType,
    P::Native: Into<i128>,
{
    let unit = 10_u64.pow(places);
    let tail = places as usize + usize::from(places > 0);
    let whole_digits = move |whole: u128| whole.checked_ilog10().map_or(1, |log| log as usize + 1);
    let len = move |value: P::Native| -> Result<usize> {
        let value: i128 = value.into();
        Ok(usize::from(value < 0) + whole_digits(split(value, unit).0) + tail)
    };
    let write = move |value: P::Native, out: &mut [u8]| {
        let value: i128 = value.into();
        let (whole, fraction) = split(value, unit);
        let point = out.len() - tail;
        if value < 0 {
            out[0] = b'-';
        }
        fill_wide(whole, &mut out[usize::from(value < 0)..point]);
        if tail > 0 {
            out[point] = b'.';
            output::fill_digits(fraction, &mut out[point + 1..]);
        }
    };
    Box::new(Direct::<P, _, _>::new(len, write))
}

/// The parts of a decimal before and after the point.
#[inline]
fn split(value: i128, unit: u64) -> (u128, u64) {
    let magnitude = value.unsigned_abs();
    if let Ok(small) = u64::try_from(magnitude) {
        return (u128::from(small / unit), small % unit);
    }
    let fraction = magnitude % u128::from(unit);
    (magnitude / u128::from(unit), u64::try_from(fraction).expect("less than the unit"))
}

/// [`output::fill_digits`] for up to 39 digits.
#[inline]
fn fill_wide(number: u128, text: &mut [u8]) {
    if let Ok(small) = u64::try_from(number) {
        return output::fill_digits(small, text);
    }
    let chunk = 1_000_000_000_000_000_000;
    let (high, low) = text.split_at_mut(text.len() - 18);
    fill_wide(number / chunk, high);
    output::fill_digits(u64::try_from(number % chunk).expect("less than the chunk"), low);
}

/// Floats in decimal, whose length is known only once they are made.
fn float_text<P: ArrowPrimitiveType>(mut write: impl FnMut(P::Native, &mut Vec<u8>) + Send + 'static) -> Writer {
    Box::new(Rendered::new(Each::<P, _>::new(move |value: P::Native, out: &mut Vec<u8>| {
        write(value, out);
        Ok(())
    })))
}

/// Floats in their big-endian bytes.
fn float_bytes<P: ArrowPrimitiveType, const N: usize>(bytes: impl Fn(P::Native) -> [u8; N] + Send + 'static) -> Writer {
    Box::new(Direct::<P, _, _>::new(|_| Ok(N), move |value, out: &mut [u8]| out.copy_from_slice(&bytes(value))))
}

/// The absolute value of an integer column's value.
#[inline]
fn magnitude(value: i128) -> u64 {
    u64::try_from(value.unsigned_abs()).expect("the widest integer column has 64 bits")
}

/// How many decimal digits a number has, at least one.
#[inline]
fn digits(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The nearest `float4`, which is what a client was told to expect.
#[expect(clippy::cast_precision_loss, reason = "what a cast to float4 means")]
fn to_f32(value: i128) -> f32 {
    value as f32
}

/// The nearest `float8`, which is what a client was told to expect.
#[expect(clippy::cast_precision_loss, reason = "what a cast to float8 means")]
fn to_f64(value: i128) -> f64 {
    value as f64
}

/// `22003`: the column's type is wider than the one the client was told, and this value shows it.
#[cold]
fn out_of_range(oid: u32) -> Error {
    let name = if oid::is_oid_like(oid) { "OID" } else { oid::sql_name(oid) };
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("{name} out of range"))
}
