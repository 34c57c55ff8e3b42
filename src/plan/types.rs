//! SQL type names → Arrow fields that carry the PostgreSQL type.
//!
//! Where Arrow has no type of its own (`varchar(n)`, `name`, `oid`, `jsonb`, …) the field's metadata says which it is
//! (`types::PG_TYPE_KEY`). An unknown name is `42704`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, IntervalFields, ObjectName, TimezoneInfo,
};

use crate::catalog::functions::ty::WIDE_NUMERIC;
use crate::catalog::{SessionVars, row_types};
use crate::error::Error;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sqlstate;
use crate::types::{PG_TYPE_KEY, PG_TYPMOD_KEY, oid, timetz, typmod};

/// The first length that `varchar` and `char` cannot have.
const MAX_LENGTH: u64 = 10_485_761;

/// The greatest length of a bit string.
const MAX_BITS: i32 = 83_886_080;

/// The type planner.
#[derive(Debug)]
pub struct SqlTypes(pub Arc<SessionVars>);

impl TypePlanner for SqlTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        field_in(sql_type, &self.0).map(|f| Some(Arc::new(f))).map_err(|e| DataFusionError::External(Box::new(e)))
    }
}

/// The field of an SQL type, row types of the relations that a session sees included.
pub fn field_in(sql_type: &SqlType, vars: &SessionVars) -> Result<Field, Error> {
    let error = match field(sql_type) {
        Err(error) if error.sqlstate() == sqlstate::UNDEFINED_OBJECT => error,
        found => return found,
    };
    match sql_type {
        SqlType::Array(ArrayElemTypeDef::SquareBracket(inner, _) | ArrayElemTypeDef::AngleBracket(inner)) => {
            let element = field_in(inner, vars)?;
            Ok(plain(DataType::List(Arc::new(element.with_name("item")))))
        }
        SqlType::Custom(name, modifiers) if modifiers.is_empty() => {
            let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
            let own = match parts.as_slice() {
                [name] => row_types::field_named(vars, None, name),
                [.., schema, name] => row_types::field_named(vars, Some(schema), name),
                [] => None,
            };
            own.ok_or(error)
        }
        _ => Err(error),
    }
}

/// The field of an SQL type that is built in.
pub fn field(sql_type: &SqlType) -> Result<Field, Error> {
    Ok(match sql_type {
        SqlType::Boolean | SqlType::Bool => plain(DataType::Boolean),
        SqlType::SmallInt(_) | SqlType::Int2(_) => plain(DataType::Int16),
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => plain(DataType::Int32),
        SqlType::BigInt(_) | SqlType::Int8(_) => plain(DataType::Int64),
        SqlType::Real | SqlType::Float4 => plain(DataType::Float32),
        SqlType::Float(info) => float(*info)?,
        SqlType::Float8 | SqlType::Double(_) | SqlType::DoublePrecision => plain(DataType::Float64),
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => numeric(info)?,
        SqlType::Text | SqlType::String(_) => plain(DataType::Utf8View),
        SqlType::Varchar(n) | SqlType::CharVarying(n) | SqlType::CharacterVarying(n) | SqlType::Nvarchar(n) => {
            character(oid::VARCHAR, n.as_ref(), None)?
        }
        SqlType::Char(n) | SqlType::Character(n) => character(oid::BPCHAR, n.as_ref(), Some(1))?,
        SqlType::Bytea => plain(DataType::BinaryView),
        SqlType::Date => plain(DataType::Date32),
        SqlType::Time(precision, zone) => with_precision(time(has_zone(zone)), *precision),
        SqlType::Timestamp(precision, zone) => with_precision(timestamp(has_zone(zone)), *precision),
        SqlType::Interval { fields, precision } => interval(fields.as_ref(), *precision),
        SqlType::Uuid => plain(DataType::FixedSizeBinary(16)).with_metadata(tag(oid::UUID)),
        SqlType::JSON => plain(DataType::Utf8View).with_metadata(tag(oid::JSON)),
        SqlType::JSONB => plain(DataType::Utf8View).with_metadata(tag(oid::JSONB)),
        SqlType::Regclass => named("regclass")?,
        SqlType::Array(ArrayElemTypeDef::SquareBracket(inner, _) | ArrayElemTypeDef::AngleBracket(inner)) => {
            array(inner)?
        }
        SqlType::Bit(n) => bits(oid::BIT, n.or(Some(1)))?,
        SqlType::BitVarying(n) | SqlType::VarBit(n) => bits(oid::VARBIT, *n)?,
        SqlType::Custom(name, modifiers) if name.0.len() > 1 => qualified(name, modifiers)?,
        SqlType::Custom(name, modifiers) => custom(&last_part(name), modifiers)?,
        other => named(&other.to_string().to_lowercase())?,
    })
}

fn plain(data_type: DataType) -> Field {
    Field::new("type", data_type, true)
}

fn tag(oid: u32) -> std::collections::HashMap<String, String> {
    [(PG_TYPE_KEY.to_owned(), oid.to_string())].into()
}

fn timestamp(zoned: bool) -> Field {
    plain(DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| Arc::from("UTC"))))
}

fn time(zoned: bool) -> Field {
    match zoned {
        true => plain(DataType::FixedSizeBinary(timetz::WIDTH)),
        false => plain(DataType::Time64(TimeUnit::Microsecond)),
    }
}

fn has_zone(zone: &TimezoneInfo) -> bool {
    !matches!(zone, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
}

/// A type of so many digits of a second; six are the most, as in PostgreSQL, which warns of more.
fn with_precision(field: Field, precision: Option<u64>) -> Field {
    match precision {
        Some(digits) => with_typmod(field, seconds_digits(digits)),
        None => field,
    }
}

fn seconds_digits(digits: u64) -> i32 {
    i32::try_from(digits).unwrap_or(typmod::MAX_PRECISION).min(typmod::MAX_PRECISION)
}

fn with_typmod(field: Field, typmod: i32) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(PG_TYPMOD_KEY.to_owned(), typmod.to_string());
    field.with_metadata(metadata)
}

/// `interval day to second(3)`
fn interval(fields: Option<&IntervalFields>, precision: Option<u64>) -> Field {
    use typmod::field::{ALL, DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
    let field = plain(DataType::Interval(IntervalUnit::MonthDayNano));
    let bits = match fields {
        None if precision.is_none() => return field,
        None => ALL,
        Some(IntervalFields::Year) => YEAR,
        Some(IntervalFields::Month) => MONTH,
        Some(IntervalFields::Day) => DAY,
        Some(IntervalFields::Hour) => HOUR,
        Some(IntervalFields::Minute) => MINUTE,
        Some(IntervalFields::Second) => SECOND,
        Some(IntervalFields::YearToMonth) => YEAR | MONTH,
        Some(IntervalFields::DayToHour) => DAY | HOUR,
        Some(IntervalFields::DayToMinute) => DAY | HOUR | MINUTE,
        Some(IntervalFields::DayToSecond) => DAY | HOUR | MINUTE | SECOND,
        Some(IntervalFields::HourToMinute) => HOUR | MINUTE,
        Some(IntervalFields::HourToSecond) => HOUR | MINUTE | SECOND,
        Some(IntervalFields::MinuteToSecond) => MINUTE | SECOND,
    };
    with_typmod(field, typmod::interval_typmod(bits, precision.map(seconds_digits)))
}

fn float(info: ExactNumberInfo) -> Result<Field, Error> {
    match info {
        ExactNumberInfo::None => Ok(plain(DataType::Float64)),
        ExactNumberInfo::Precision(1..=24) => Ok(plain(DataType::Float32)),
        ExactNumberInfo::Precision(25..=53) => Ok(plain(DataType::Float64)),
        _ => {
            Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "precision for type float must be between 1 and 53 bits"))
        }
    }
}

/// `numeric(p,s)`; a bare `numeric` has as many digits as its values.
fn numeric(info: &ExactNumberInfo) -> Result<Field, Error> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => return Ok(plain(WIDE_NUMERIC)),
        ExactNumberInfo::Precision(p) => (p, 0),
        ExactNumberInfo::PrecisionAndScale(p, s) => (p, s),
    };
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    let precision = i32::try_from(precision)
        .ok()
        .filter(|p| (1..=1000).contains(p))
        .ok_or_else(|| invalid(format!("NUMERIC precision {precision} must be between 1 and 1000")))?;
    let scale = i32::try_from(scale)
        .ok()
        .filter(|s| (-1000..=1000).contains(s))
        .ok_or_else(|| invalid(format!("NUMERIC scale {scale} must be between -1000 and 1000")))?;
    let typmod = (precision << 16 | scale & 0x7ff) + 4;
    Ok(crate::types::arrow_field(oid::NUMERIC, typmod)?.with_name("type"))
}

/// `bit(n)`, `bit varying(n)`
fn bits(kind: u32, length: Option<u64>) -> Result<Field, Error> {
    let name = if kind == oid::BIT { "bit" } else { "varbit" };
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    let field = plain(DataType::Utf8).with_metadata(tag(kind));
    match length {
        None => Ok(field),
        Some(0) => Err(invalid(format!("length for type {name} must be at least 1"))),
        Some(length) => match i32::try_from(length).ok().filter(|n| *n <= MAX_BITS) {
            Some(length) => Ok(with_typmod(field, length)),
            None => Err(invalid(format!("length for type {name} cannot exceed {MAX_BITS}"))),
        },
    }
}

fn character(kind: u32, length: Option<&CharacterLength>, default: Option<u64>) -> Result<Field, Error> {
    let length = match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
        Some(CharacterLength::Max) => None,
        None => default,
    };
    let name = if kind == oid::BPCHAR { "char" } else { "varchar" };
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    match length {
        Some(0) => return Err(invalid(format!("length for type {name} must be at least 1"))),
        Some(MAX_LENGTH..) => return Err(invalid(format!("length for type {name} cannot exceed 10485760"))),
        _ => {}
    }
    let mut metadata = tag(kind);
    if let Some(length) = length {
        metadata.insert(PG_TYPMOD_KEY.to_owned(), (length + 4).to_string());
    }
    Ok(plain(DataType::Utf8View).with_metadata(metadata))
}

fn array(inner: &SqlType) -> Result<Field, Error> {
    // PostgreSQL's type says nothing of dimensions; where values are kept the ones declared count.
    let element = field(inner)?;
    Ok(plain(DataType::List(Arc::new(element.with_name("item")))))
}

fn custom(name: &str, modifiers: &[String]) -> Result<Field, Error> {
    let length = || {
        modifiers
            .first()
            .and_then(|m| m.parse().ok())
            .map(|length| CharacterLength::IntegerLength { length, unit: None })
    };
    let count = || modifiers.first().and_then(|m| m.parse().ok());
    let digits = || modifiers.first().and_then(|m| m.parse().ok());
    Ok(match name {
        "bpchar" => character(oid::BPCHAR, length().as_ref(), None)?,
        "varchar" => character(oid::VARCHAR, length().as_ref(), None)?,
        "timestamptz" => with_precision(timestamp(true), digits()),
        "timestamp" => with_precision(timestamp(false), digits()),
        "timetz" => with_precision(time(true), digits()),
        "time" => with_precision(time(false), digits()),
        "varbit" => bits(oid::VARBIT, count())?,
        "int2" => plain(DataType::Int16),
        "int4" => plain(DataType::Int32),
        "int8" => plain(DataType::Int64),
        "float4" => plain(DataType::Float32),
        "float8" => plain(DataType::Float64),
        "bool" => plain(DataType::Boolean),
        _ => return named(name),
    })
}

/// A type with its schema: `information_schema` has domains, whose values are those of their types.
fn qualified(name: &ObjectName, modifiers: &[String]) -> Result<Field, Error> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["pg_catalog", name] => custom(name, modifiers),
        ["information_schema", "character_data"] => character(oid::VARCHAR, None, None),
        ["information_schema", "sql_identifier"] => named("name"),
        ["information_schema", name @ ("cardinal_number" | "yes_or_no")] => {
            Err(Error::unsupported(format!("the domain {name} is supported in casts of single values only")))
        }
        ["information_schema", "time_stamp"] => Ok(with_precision(timestamp(true), Some(2))),
        _ => Err(Error::new(sqlstate::UNDEFINED_OBJECT, format!("type \"{}\" does not exist", parts.join(".")))),
    }
}

/// A type by its catalog name.
fn named(name: &str) -> Result<Field, Error> {
    if let Some(element) = name.strip_suffix("[]") {
        return Ok(plain(DataType::List(Arc::new(named(element)?.with_name("item")))));
    }
    match oid::by_name(name) {
        Some(info) => Ok(crate::types::arrow_field(info.oid, -1)?.with_name("type")),
        None => Err(Error::new(sqlstate::UNDEFINED_OBJECT, format!("type \"{name}\" does not exist"))),
    }
}

/// The quoted form in which the lexer gives `"char"`.
#[must_use]
pub fn is_internal_char(ident: &datafusion::sql::sqlparser::ast::Ident) -> bool {
    ident.quote_style.is_some() && folded(ident) == "char"
}
