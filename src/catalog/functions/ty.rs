//! PostgreSQL's types as functions see them, and the Arrow types that carry them.
//!
//! [`Ty`] is coarse on purpose: `varchar`, `bpchar` and `name` are [`Ty::Text`] here because PostgreSQL's functions
//! take them through an implicit cast. Type modifiers are not modelled.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};

use crate::types::{PG_TYPE_KEY, timetz};

/// A numeric whose scale depends on its value (see [`crate::types::wide`]).
pub const WIDE_NUMERIC: DataType = DataType::LargeBinary;

const JSON_OID: &str = "114";
const JSONB_OID: &str = "3802";
const BYTEA_OID: &str = "17";
const UUID_OID: &str = "2950";
const JSONPATH_OID: &str = "4072";
const BIT_OID: &str = "1560";
const VARBIT_OID: &str = "1562";

/// A parameter's or a result's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`; the Arrow type carries precision and scale
    Numeric,
    /// `text` and what casts to it implicitly
    Text,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `time with time zone`
    TimeTz,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    TimestampTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `jsonpath`
    Jsonpath,
    /// `bit` and `bit varying`
    Bits,
    /// `record`
    Record,
    /// An array of an element type
    Array(&'static Ty),
    /// `anycompatiblearray`: an array whose element fits the other polymorphic arguments
    AnyArray,
    /// `anycompatible`: the element type of the polymorphic arguments
    AnyElement,
    /// `"any"`: every type, taken as it is
    Any,
    /// A string literal or parameter whose type nobody has said
    Unknown,
}

impl Ty {
    /// The type of an Arrow column without metadata.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Self::Unknown,
            DataType::Boolean => Self::Bool,
            DataType::Int8 | DataType::Int16 | DataType::UInt8 => Self::Int2,
            DataType::Int32 | DataType::UInt16 => Self::Int4,
            DataType::Int64 | DataType::UInt32 => Self::Int8,
            DataType::Float16 | DataType::Float32 => Self::Float4,
            DataType::Float64 => Self::Float8,
            DataType::UInt64 => Self::Numeric,
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Numeric
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::FixedSizeBinary(16) => Self::Uuid,
            DataType::FixedSizeBinary(timetz::WIDTH) => Self::TimeTz,
            DataType::LargeBinary => Self::Numeric,
            DataType::Binary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Self::Bytea,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::TimestampTz,
            DataType::Interval(_) | DataType::Duration(_) => Self::Interval,
            DataType::Struct(_) => Self::Record,
            DataType::Dictionary(_, value) => return Self::of(value),
            list => Self::of_array(element(list)?)?,
        })
    }

    /// The type of a column, its metadata considered.
    pub fn of_field(field: &Field) -> Option<Self> {
        match field.metadata().get(PG_TYPE_KEY).map(String::as_str) {
            Some(JSON_OID) => Some(Self::Json),
            Some(JSONB_OID) => Some(Self::Jsonb),
            Some(UUID_OID) => Some(Self::Uuid),
            Some(JSONPATH_OID) => Some(Self::Jsonpath),
            Some(BIT_OID | VARBIT_OID) => Some(Self::Bits),
            Some(BYTEA_OID) => Some(Self::Bytea),
            _ => Self::of(field.data_type()),
        }
    }

    fn of_array(element: &DataType) -> Option<Self> {
        let mut leaf = element;
        while let Some(inner) = self::element(leaf) {
            leaf = inner;
        }
        Some(match Self::of(leaf)? {
            Self::Bool => Self::Array(&Self::Bool),
            Self::Int2 => Self::Array(&Self::Int2),
            Self::Int4 => Self::Array(&Self::Int4),
            Self::Int8 => Self::Array(&Self::Int8),
            Self::Float4 => Self::Array(&Self::Float4),
            Self::Float8 => Self::Array(&Self::Float8),
            Self::Numeric => Self::Array(&Self::Numeric),
            Self::Text => Self::Array(&Self::Text),
            Self::Bytea => Self::Array(&Self::Bytea),
            Self::Date => Self::Array(&Self::Date),
            Self::Time => Self::Array(&Self::Time),
            Self::TimeTz => Self::Array(&Self::TimeTz),
            Self::Timestamp => Self::Array(&Self::Timestamp),
            Self::TimestampTz => Self::Array(&Self::TimestampTz),
            Self::Interval => Self::Array(&Self::Interval),
            Self::Uuid => Self::Array(&Self::Uuid),
            Self::Record => Self::Array(&Self::Record),
            _ => Self::Array(&Self::Unknown),
        })
    }

    /// PostgreSQL's name of the type, as its messages print it.
    pub fn name(self) -> String {
        let name = match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Bytea => "bytea",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::TimeTz => "time with time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Jsonpath => "jsonpath",
            Self::Bits => "bit",
            Self::Record => "record",
            Self::AnyArray => "anyarray",
            Self::AnyElement => "anyelement",
            Self::Any => "\"any\"",
            Self::Unknown => "unknown",
            Self::Array(element) => return format!("{}[]", element.name()),
        };
        name.to_owned()
    }

    /// Whether it is the type its category prefers (`pg_type.typispreferred`).
    pub fn is_preferred(self) -> bool {
        matches!(self, Self::Bool | Self::Float8 | Self::Text | Self::TimestampTz | Self::Interval)
    }

    /// The letter of its category (`pg_type.typcategory`).
    pub fn category(self) -> char {
        match self {
            Self::Bool => 'B',
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Float4 | Self::Float8 | Self::Numeric => 'N',
            Self::Text => 'S',
            Self::Date | Self::Time | Self::TimeTz | Self::Timestamp | Self::TimestampTz => 'D',
            Self::Interval => 'T',
            Self::Bits => 'V',
            Self::Array(_) => 'A',
            Self::AnyArray | Self::AnyElement | Self::Any => 'P',
            Self::Bytea | Self::Uuid | Self::Json | Self::Jsonb | Self::Jsonpath | Self::Record => 'U',
            Self::Unknown => 'X',
        }
    }

    /// Whether PostgreSQL casts `self` to `to` without being asked.
    pub fn casts_implicitly(self, to: Self) -> bool {
        use Ty::{Date, Float4, Float8, Int2, Int4, Int8, Interval, Numeric, Time, Timestamp, TimestampTz};
        match (self, to) {
            (Self::Unknown, _) | (_, Self::Any | Self::AnyElement) | (Self::Array(_), Self::AnyArray) => true,
            (a, b) if a == b => true,
            // Without field metadata json is not told from text; the kernel checks the text it gets.
            (Self::Text, Self::Json | Self::Jsonb | Self::Jsonpath) => true,
            (Int2, Int4 | Int8 | Numeric | Float4 | Float8)
            | (Int4, Int8 | Numeric | Float4 | Float8)
            | (Int8, Numeric | Float4 | Float8)
            | (Numeric, Float4 | Float8)
            | (Float4, Float8)
            | (Date, Timestamp | TimestampTz)
            | (Timestamp, TimestampTz)
            | (Time, Interval | Self::TimeTz) => true,
            (Self::Array(a), Self::Array(b)) => a.casts_implicitly(*b),
            _ => false,
        }
    }

    /// The Arrow type an argument of type `from` is handed over in when the parameter is `self`.
    pub fn arrow(self, from: &DataType) -> DataType {
        if let DataType::Dictionary(_, value) = from {
            return self.arrow(value);
        }
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Numeric => numeric_for(from),
            Self::Text | Self::Json | Self::Jsonb | Self::Jsonpath | Self::Bits => match from {
                DataType::LargeUtf8 | DataType::Utf8View => from.clone(),
                _ => DataType::Utf8,
            },
            Self::Bytea => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::TimeTz => DataType::FixedSizeBinary(timetz::WIDTH),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Array(element) => {
                let inner = self::element(from).cloned().unwrap_or(DataType::Null);
                match self::element(&inner) {
                    Some(_) => list_of(self.arrow(&inner)),
                    None => list_of(element.arrow(&inner)),
                }
            }
            Self::AnyArray => match self::element(from) {
                Some(inner) => list_of(plain(inner)),
                None => list_of(DataType::Utf8),
            },
            Self::AnyElement | Self::Any | Self::Record | Self::Unknown => plain(from),
        }
    }

    /// A result field of this type; json, jsonb and uuid say so in their metadata.
    pub fn field(self) -> Field {
        let data_type = match self {
            Self::Numeric => WIDE_NUMERIC,
            other => other.arrow(&DataType::Utf8),
        };
        let field = Field::new("", data_type, true);
        match self {
            Self::Json => with_oid(field, JSON_OID),
            Self::Jsonb => with_oid(field, JSONB_OID),
            Self::Bits => with_oid(field, BIT_OID),
            Self::Uuid => with_oid(field, UUID_OID),
            Self::Jsonpath => with_oid(field, JSONPATH_OID),
            Self::Array(element) => {
                let inner = element.field().with_name("item");
                Field::new("", DataType::List(Arc::new(inner)), true)
            }
            _ => field,
        }
    }
}

/// The element type of any list type.
pub fn element(data_type: &DataType) -> Option<&DataType> {
    element_field(data_type).map(|field| field.data_type())
}

/// The element field of any list type.
pub fn element_field(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field) => Some(field),
        _ => None,
    }
}

/// `List` of an element type, with Arrow's usual field name.
pub fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", element, true)))
}

/// `List` of an element's field, its metadata kept.
pub fn list_field(element: &Field) -> DataType {
    DataType::List(Arc::new(element.clone().with_name("item").with_nullable(true)))
}

/// A list type of the same depth with other innermost elements.
pub fn with_leaf(list: &DataType, leaf: &Field) -> DataType {
    match element(list) {
        Some(inner) if element(inner).is_some() => list_of(with_leaf(inner, leaf)),
        _ => list_field(leaf),
    }
}

/// The one Arrow type functions use for a PostgreSQL type: no dictionaries, microseconds, `List`.
pub fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Null => DataType::Utf8,
        DataType::Dictionary(_, value) => plain(value),
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Struct(_) | DataType::UInt32 => data_type.clone(),
        list if element_field(list).is_some() => match data_type {
            DataType::List(_) => data_type.clone(),
            other => match element_field(other) {
                Some(field) => DataType::List(Arc::clone(field)),
                None => other.clone(),
            },
        },
        other => match Ty::of(other) {
            Some(ty) => ty.arrow(other),
            None => other.clone(),
        },
    }
}

/// The smallest decimal type that holds every value of an exact type; text gets the widest.
pub fn numeric_for(from: &DataType) -> DataType {
    match from {
        DataType::Decimal128(..) | DataType::Decimal256(..) => from.clone(),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => DataType::Decimal128(*p, *s),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => DataType::Decimal128(5, 0),
        DataType::Int32 | DataType::UInt16 => DataType::Decimal128(10, 0),
        DataType::Int64 | DataType::UInt32 => DataType::Decimal128(19, 0),
        DataType::UInt64 => DataType::Decimal128(20, 0),
        _ => WIDE_NUMERIC,
    }
}

/// Field metadata of `json` (`false`) or `jsonb` (`true`).
pub fn json_metadata(binary: bool) -> HashMap<String, String> {
    let oid = if binary { JSONB_OID } else { JSON_OID };
    HashMap::from([(PG_TYPE_KEY.to_owned(), oid.to_owned())])
}

fn with_oid(field: Field, oid: &str) -> Field {
    field.with_metadata(HashMap::from([(PG_TYPE_KEY.to_owned(), oid.to_owned())]))
}
