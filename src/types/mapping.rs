//! Which PostgreSQL type an Arrow field is, and which Arrow field holds a PostgreSQL type.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::{PG_ARRAY_KEY, PG_TYPE_KEY, PG_TYPMOD_KEY, PgType, oid, timetz};
use crate::error::{Error, Result};

/// Arrow's own key for the name of an extension type.
const EXTENSION_KEY: &str = "ARROW:extension:name";
/// The zone of `timestamptz` columns and values: instants are kept in UTC and shown in the session's zone.
pub const UTC: &str = "UTC";
/// Digits of a Decimal128.
const DECIMAL128_DIGITS: u8 = 38;
/// Digits of a Decimal256.
const DECIMAL256_DIGITS: u8 = 76;

/// The PostgreSQL type of a column: its metadata's, else its extension type's, else its Arrow type's.
///
/// Maps and JSON extension fields are `json`; unsigned integers take the next wider type; lists are arrays of their
/// innermost element. Unions have no PostgreSQL type and are called `text` here; making an encoder for one fails.
#[must_use]
pub fn pg_type(field: &Field) -> PgType {
    let metadata = field.metadata();
    let number = |key: &str| metadata.get(key).and_then(|text| text.parse::<i64>().ok());
    let declared = number(PG_TYPE_KEY).and_then(|oid| u32::try_from(oid).ok());
    let extension = match (metadata.get(EXTENSION_KEY).map(String::as_str), field.data_type()) {
        (Some("arrow.json"), _) => Some(oid::JSON),
        (Some("arrow.uuid"), DataType::FixedSizeBinary(16)) => Some(oid::UUID),
        _ => None,
    };
    let natural = of_data_type(field.data_type());
    let oid = declared.or(extension).unwrap_or(natural.oid);
    let typmod = match number(PG_TYPMOD_KEY).and_then(|typmod| i32::try_from(typmod).ok()) {
        Some(typmod) => typmod,
        None if oid == natural.oid => natural.typmod,
        None => -1,
    };
    let len = oid::by_oid(oid).map_or(-1, |info| info.len);
    PgType { oid, typmod, len }
}

/// The field in which values of a type are kept, unnamed and nullable.
///
/// A `numeric` without modifier is `LargeBinary` (see [`wide`](super::wide)); a parameter has its own scale.
///
/// # Errors
///
/// `0A000` for a type or a precision that no Arrow type holds.
pub fn arrow_field(oid: u32, typmod: i32) -> Result<Field> {
    if let Some(element) = oid::element_of(oid) {
        let element = arrow_field(element, typmod)?.with_name("item");
        return Ok(Field::new("", DataType::List(Arc::new(element)), true));
    }
    let data_type = match oid {
        oid::BOOL => DataType::Boolean,
        oid::INT2 => DataType::Int16,
        oid::INT4 => DataType::Int32,
        oid::INT8 => DataType::Int64,
        oid::FLOAT4 => DataType::Float32,
        oid::FLOAT8 => DataType::Float64,
        oid::NUMERIC => numeric(typmod),
        oid::BYTEA => DataType::Binary,
        oid::DATE => DataType::Date32,
        oid::TIME => DataType::Time64(TimeUnit::Microsecond),
        oid::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        oid::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        oid::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        oid::UUID => DataType::FixedSizeBinary(16),
        oid::TIMETZ => DataType::FixedSizeBinary(timetz::WIDTH),
        oid::INT2VECTOR => list(oid::INT2)?,
        oid::OIDVECTOR => list(oid::OID)?,
        oid::CHAR | oid::JSONB | oid::JSONPATH | oid::BIT | oid::VARBIT | 0 => DataType::Utf8,
        _ if oid::is_text_like(oid) => DataType::Utf8,
        _ if oid::is_oid_like(oid) => DataType::UInt32,
        _ => return Err(Error::unsupported(format!("values of type {} are not supported", oid::sql_name(oid)))),
    };
    let mut metadata = HashMap::new();
    match oid {
        oid::UUID => drop(metadata.insert(EXTENSION_KEY.to_owned(), "arrow.uuid".to_owned())),
        oid::JSON => drop(metadata.insert(EXTENSION_KEY.to_owned(), "arrow.json".to_owned())),
        _ => {}
    }
    let natural = of_data_type(&data_type);
    if oid != natural.oid && oid != 0 {
        metadata.insert(PG_TYPE_KEY.to_owned(), oid.to_string());
    }
    if typmod != natural.typmod && (typmod >= 0 || oid == oid::NUMERIC) {
        metadata.insert(PG_TYPMOD_KEY.to_owned(), typmod.to_string());
    }
    Ok(Field::new("", data_type, true).with_metadata(metadata))
}

/// The type modifier of `numeric(precision, scale)`.
#[must_use]
pub fn numeric_typmod(precision: u8, scale: i8) -> i32 {
    (i32::from(precision) << 16 | i32::from(scale) & 0x7ff) + 4
}

/// The list that holds a vector type.
fn list(element: u32) -> Result<DataType> {
    Ok(DataType::List(Arc::new(arrow_field(element, -1)?.with_name("item"))))
}

/// What holds `numeric` of a modifier: a decimal where one has enough digits.
fn numeric(typmod: i32) -> DataType {
    if typmod < 4 {
        return DataType::LargeBinary;
    }
    let packed = typmod - 4;
    let precision = (packed >> 16) & 0xffff;
    let scale = ((packed & 0x7ff) ^ 1_024) - 1_024;
    // Arrow wants the scale within the precision; PostgreSQL allows more places than digits, and fewer than none.
    let digits = u8::try_from(precision).ok().filter(|&digits| digits <= DECIMAL256_DIGITS && scale <= precision);
    match (digits, i8::try_from(scale)) {
        (Some(digits), Ok(scale @ 0..)) if digits <= DECIMAL128_DIGITS => DataType::Decimal128(digits, scale),
        (Some(digits), Ok(scale @ 0..)) => DataType::Decimal256(digits, scale),
        _ => DataType::LargeBinary,
    }
}

/// The PostgreSQL type that an Arrow type alone says; the width is filled in by the caller.
fn of_data_type(data_type: &DataType) -> PgType {
    let plain = |oid| PgType { oid, typmod: -1, len: -1 };
    match data_type {
        DataType::Boolean => plain(oid::BOOL),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => plain(oid::INT2),
        DataType::Int32 | DataType::UInt16 => plain(oid::INT4),
        DataType::Int64 | DataType::UInt32 => plain(oid::INT8),
        DataType::UInt64 => plain(oid::NUMERIC),
        DataType::Float16 | DataType::Float32 => plain(oid::FLOAT4),
        DataType::Float64 => plain(oid::FLOAT8),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            PgType { typmod: numeric_typmod(*precision, *scale), ..plain(oid::NUMERIC) }
        }
        DataType::LargeBinary => plain(oid::NUMERIC),
        DataType::FixedSizeBinary(timetz::WIDTH) => plain(oid::TIMETZ),
        DataType::Binary | DataType::BinaryView | DataType::FixedSizeBinary(_) => plain(oid::BYTEA),
        DataType::Date32 | DataType::Date64 => plain(oid::DATE),
        DataType::Time32(_) | DataType::Time64(_) => plain(oid::TIME),
        DataType::Timestamp(_, None) => plain(oid::TIMESTAMP),
        DataType::Timestamp(_, Some(_)) => plain(oid::TIMESTAMPTZ),
        DataType::Duration(_) | DataType::Interval(_) => plain(oid::INTERVAL),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => {
            let inner = pg_type(element);
            // A list of vectors is an array of a scalar type; other lists of lists are dimensions.
            let own_array = || element.metadata().get(PG_ARRAY_KEY).and_then(|oid| oid.parse().ok());
            let is_own = oid::by_oid(inner.oid).is_none() && matches!(element.data_type(), DataType::List(_));
            let inner_is_array = is_own || oid::element_of(inner.oid).is_some();
            let array = || oid::array_of(inner.oid).or_else(own_array).unwrap_or(oid::ANYARRAY);
            let oid = if inner_is_array { inner.oid } else { array() };
            PgType { typmod: inner.typmod, ..plain(oid) }
        }
        DataType::Struct(_) => plain(oid::RECORD),
        DataType::Map(..) => plain(oid::JSON),
        DataType::Dictionary(_, value) => of_data_type(value),
        DataType::RunEndEncoded(_, value) => pg_type(value),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Union(..) => {
            plain(oid::TEXT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_type_has_that_type() {
        let scalars = [
            oid::BOOL,
            oid::INT2,
            oid::INT4,
            oid::INT8,
            oid::FLOAT4,
            oid::FLOAT8,
            oid::NUMERIC,
            oid::BYTEA,
            oid::DATE,
            oid::TIME,
            oid::TIMETZ,
            oid::TIMESTAMP,
            oid::TIMESTAMPTZ,
            oid::INTERVAL,
            oid::UUID,
            oid::INT2VECTOR,
            oid::OIDVECTOR,
            oid::CHAR,
            oid::JSON,
            oid::JSONB,
            oid::TEXT,
            oid::VARCHAR,
            oid::BPCHAR,
            oid::NAME,
            oid::OID,
            oid::REGCLASS,
        ];
        for oid in scalars {
            assert_eq!(pg_type(&arrow_field(oid, -1).expect("supported")).oid, oid);
            assert_eq!(pg_type(&arrow_field(oid, -1).expect("supported")).typmod, -1);
            let array = oid::array_of(oid).expect("has one");
            assert_eq!(pg_type(&arrow_field(array, -1).expect("supported")).oid, array);
        }
        let typmod = numeric_typmod(10, 2);
        let field = arrow_field(oid::NUMERIC, typmod).expect("supported");
        assert_eq!(field.data_type(), &DataType::Decimal128(10, 2));
        assert_eq!(pg_type(&field).typmod, typmod);
        assert!(arrow_field(oid::POINT, -1).is_err());
    }
}
