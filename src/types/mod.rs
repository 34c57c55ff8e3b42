//! Arrow values as PostgreSQL values, and back: which type a column has, its text and binary forms.
//!
//! Imports neither DataFusion nor pgwire. A column's PostgreSQL type comes from its Arrow type, unless the field's
//! metadata says otherwise ([`PG_TYPE_KEY`], [`PG_TYPMOD_KEY`]): `varchar`, `name`, `oid`, `json`, … have no Arrow
//! type of their own.

pub mod civil;
pub mod copy;
pub mod encode;
pub mod encodings;
pub mod fit;
pub mod input;
pub mod json;
pub mod jsonpath;
mod mapping;
pub mod oid;
pub mod output;
pub mod param;
pub mod send;
#[cfg(test)]
mod tests;
pub mod timetz;
pub mod typmod;
pub mod wide;
pub mod zone;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use encode::RowEncoder;
pub use mapping::{UTC, arrow_field, numeric_typmod, pg_type};
pub use param::{decode_param, decode_params, decode_typed};
use zone::Zone;

/// Field metadata: the PostgreSQL type OID in decimal, where the Arrow type does not say it.
pub const PG_TYPE_KEY: &str = "pg.type";
/// Field metadata: the PostgreSQL type modifier in decimal (`numeric(10,2)`, `varchar(20)`).
pub const PG_TYPMOD_KEY: &str = "pg.typmod";

/// The form in which a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// PostgreSQL's text output.
    Text,
    /// PostgreSQL's binary send format.
    Binary,
}

/// A column's type as RowDescription tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PgType {
    /// The type's OID.
    pub oid: u32,
    /// Type modifier, -1 for none.
    pub typmod: i32,
    /// Width in bytes, -1 for variable.
    pub len: i16,
}

/// One parameter as the client bound it: its bytes (`None` is NULL) and their format.
#[derive(Clone, Debug)]
pub struct RawParam {
    /// The value's bytes.
    pub bytes: Option<bytes::Bytes>,
    /// How they are to be read.
    pub format: Format,
}

/// How text output is written in this session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextStyle {
    /// The zone in which timestamptz is shown.
    pub time_zone: Arc<Zone>,
    /// PostgreSQL's `extra_float_digits` (-15..=3); 1 and above mean shortest-precise.
    pub extra_float_digits: i32,
    /// `bytea_output = escape` instead of `hex`.
    pub bytea_escape: bool,
    /// `DateStyle`'s output style.
    pub date_style: DateStyle,
    /// `DateStyle`'s field order.
    pub date_order: DateOrder,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// What `now` means in a text.
    pub moment: Moment,
}

/// The time that `now`, `today` and their like mean: that of the statement's transaction, or the machine's where
/// there is none. All moments are equal: they are no part of a style.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    /// Microseconds (UTC) from 1970-01-01.
    pub now_us: Option<i64>,
    /// Set when a text asked for it.
    pub asked: Arc<AtomicBool>,
}

impl Moment {
    /// The time, which is noted as asked for.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        self.asked.store(true, Ordering::Relaxed);
        self.now_us.unwrap_or_else(|| chrono::Utc::now().timestamp_micros())
    }
}

impl PartialEq for Moment {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Moment {}

impl std::hash::Hash for Moment {
    fn hash<H: std::hash::Hasher>(&self, _state: &mut H) {}
}

/// The output half of `DateStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateStyle {
    /// `2026-11-22 10:00:00+00`
    Iso,
    /// `11/22/2026 10:00:00 UTC`
    Sql,
    /// `Sun 22 Nov 10:00:00 2026 UTC`
    Postgres,
    /// `22.11.2026 10:00:00 UTC`
    German,
}

/// The field-order half of `DateStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// month, day, year
    Mdy,
    /// day, month, year
    Dmy,
    /// year, month, day
    Ymd,
}

/// `IntervalStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntervalStyle {
    /// `1 year 2 mons 3 days 04:05:06`
    Postgres,
    /// `@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs`
    PostgresVerbose,
    /// `+1-2 +3 +4:05:06`
    SqlStandard,
    /// `P1Y2M3DT4H5M6S`
    Iso8601,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self {
            time_zone: Zone::utc(),
            extra_float_digits: 1,
            bytea_escape: false,
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            moment: Moment::default(),
        }
    }
}
