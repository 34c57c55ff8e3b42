//! Which writer a column has: a table over Arrow type, PostgreSQL type and format.
//!
//! The PostgreSQL type is what the client was told; the Arrow type is what the column holds. Where the two have no
//! common meaning the answer is an error, never the bytes of another type.

use arrow::array::{
    BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeStringArray, StringArray, StringViewArray,
};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};

use super::writer::{ColumnWriter, Copied, Rendered};
use super::{decoded, json, nested, scalar, temporal, text};
use crate::error::{Error, Result};
use crate::types::{Format, TextStyle, oid, timetz};

/// The writer of a column's values in a format.
pub fn writer(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Result<Box<dyn ColumnWriter>> {
    match data_type {
        DataType::Null => Ok(Box::new(Rendered::new(decoded::Nothing))),
        DataType::Dictionary(_, value) => Ok(Box::new(decoded::Decoded::new(writer(value, oid, format, style)?))),
        DataType::RunEndEncoded(_, value) => {
            Ok(Box::new(decoded::Decoded::new(writer(value.data_type(), oid, format, style)?)))
        }
        DataType::Utf8 => text::string::<StringArray>(oid, format, style),
        DataType::LargeUtf8 => text::string::<LargeStringArray>(oid, format, style),
        DataType::Utf8View => text::string::<StringViewArray>(oid, format, style),
        _ if matches!(oid, oid::JSON | oid::JSONB) => json::writer(data_type, oid, format, style),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => nested::list(data_type, oid, format, style),
        DataType::Struct(fields) if oid::by_oid(oid).is_none_or(|info| info.oid == oid::RECORD) => {
            nested::record(fields, format, style)
        }
        _ => flat(data_type, oid, format, style),
    }
}

/// The error of a pair of types that have no common meaning.
pub fn mismatch(data_type: &DataType, oid: u32) -> Error {
    Error::unsupported(format!("values of Arrow type {data_type} cannot be sent as type {}", oid::sql_name(oid)))
}

/// The writer of a value that has no parts. Numbers are tried first, since any integer column may stand for any of
/// PostgreSQL's numbers; the rest are fixed pairs of types.
fn flat(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Result<Box<dyn ColumnWriter>> {
    let numbers = match data_type {
        DataType::Int8 => scalar::integer::<Int8Type>(oid, format, style),
        DataType::Int16 => scalar::integer::<Int16Type>(oid, format, style),
        DataType::Int32 => scalar::integer::<Int32Type>(oid, format, style),
        DataType::Int64 => scalar::integer::<Int64Type>(oid, format, style),
        DataType::UInt8 => scalar::integer::<UInt8Type>(oid, format, style),
        DataType::UInt16 => scalar::integer::<UInt16Type>(oid, format, style),
        DataType::UInt32 => scalar::integer::<UInt32Type>(oid, format, style),
        DataType::UInt64 => scalar::integer::<UInt64Type>(oid, format, style),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => scalar::float(data_type, oid, format, style),
        DataType::Decimal32(_, scale) if oid == oid::NUMERIC => Some(scalar::decimal::<Decimal32Type>(*scale, format)),
        DataType::Decimal64(_, scale) if oid == oid::NUMERIC => Some(scalar::decimal::<Decimal64Type>(*scale, format)),
        DataType::Decimal128(_, scale) if oid == oid::NUMERIC => {
            Some(scalar::decimal::<Decimal128Type>(*scale, format))
        }
        DataType::Decimal256(_, scale) if oid == oid::NUMERIC => Some(scalar::decimal256(*scale, format)),
        DataType::Boolean if oid == oid::BOOL => Some(scalar::boolean(format)),
        _ => None,
    };
    if let Some(writer) = numbers {
        return Ok(writer);
    }
    let others = match (data_type, oid) {
        (DataType::FixedSizeBinary(16), oid::UUID) => Some(text::uuid(format)),
        (DataType::FixedSizeBinary(timetz::WIDTH), oid::TIMETZ) => Some(text::timetz(format)),
        (DataType::Binary, oid::BYTEA) => Some(bytes::<BinaryArray>(format, style)),
        (DataType::LargeBinary, oid::NUMERIC) => Some(text::wide_numeric(format)),
        (DataType::BinaryView, oid::BYTEA) => Some(bytes::<BinaryViewArray>(format, style)),
        (DataType::FixedSizeBinary(_), oid::BYTEA) => Some(bytes::<FixedSizeBinaryArray>(format, style)),
        _ => temporal::writer(data_type, oid, format, style),
    };
    others.ok_or_else(|| mismatch(data_type, oid))
}

/// The writer of a byte string of any layout.
fn bytes<A: 'static + super::writer::Bytewise + Send>(format: Format, style: &TextStyle) -> Box<dyn ColumnWriter> {
    match format {
        Format::Binary => Box::new(Copied::<A>::new(b"")),
        Format::Text => text::bytea::<A>(style.bytea_escape),
    }
}
