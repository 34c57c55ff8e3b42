//! Dates, times, timestamps and intervals: PostgreSQL's functions and operators.
//!
//! A timestamp is microseconds from 1970-01-01 (`i64::MAX`/`MIN` are the infinities), a date is days (`i32::MAX`/`MIN`),
//! an interval is [`Interval`]. The kernels of operators are plain functions for the planner ([`kernels`],
//! [`interval`]); what needs a zone takes a [`ZoneSpec`].

pub mod interval;
pub mod kernels;

mod age;
pub mod casts;
mod current;
mod extract;
mod make;
mod operators;
mod overlaps;
mod timetz;
mod trunc;
mod unit;
mod zone;

use super::Registry;
use crate::error::Error;
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US};
pub use crate::types::output::Interval;
pub(super) use extract::{iso_week, iso_year_start};
pub use interval::{from_arrow, to_arrow};
pub use zone::ZoneSpec;
pub(super) use zone::session_zone;

/// Microseconds of a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds of an hour.
pub const HOUR_US: i64 = 3_600 * SECOND_US;
/// Days from the Julian day 0 to 1970-01-01.
pub const JULIAN_EPOCH: i64 = 2_440_588;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    age::register(r);
    casts::register(r);
    current::register(r);
    extract::register(r);
    interval::register(r);
    make::register(r);
    operators::register(r);
    overlaps::register(r);
    timetz::register(r);
    trunc::register(r);
    zone::register(r);
}

/// A local point in time by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The date.
    pub date: Civil,
    /// 0 to 24.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Microseconds of the second.
    pub us: i64,
}

impl Fields {
    /// The fields of a local timestamp.
    #[must_use]
    pub fn of(timestamp: i64) -> Self {
        let time = timestamp.rem_euclid(DAY_US);
        Self::at(Civil::from_days(timestamp.div_euclid(DAY_US)), time)
    }

    /// A date with a time of day in microseconds.
    #[must_use]
    pub fn at(date: Civil, time: i64) -> Self {
        let seconds = time / SECOND_US;
        Self { date, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60, us: time % SECOND_US }
    }

    /// The time of day in microseconds.
    #[must_use]
    pub fn time(&self) -> i64 {
        ((self.hour * 60 + self.minute) * 60 + self.second) * SECOND_US + self.us
    }

    /// The local timestamp, `None` beyond PostgreSQL's range.
    #[must_use]
    pub fn timestamp(&self) -> Option<i64> {
        kernels::checked(self.date.to_days().checked_mul(DAY_US)?.checked_add(self.time())?)
    }
}

/// Whether a timestamp is one of the infinities.
#[must_use]
pub fn is_infinite(timestamp: i64) -> bool {
    timestamp == i64::MAX || timestamp == i64::MIN
}

/// `22008`: a timestamp beyond PostgreSQL's range.
#[must_use]
pub fn timestamp_out_of_range() -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

/// `22008`: a date beyond PostgreSQL's range.
#[must_use]
pub fn date_out_of_range() -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range")
}

/// `22008`: an interval beyond PostgreSQL's range.
#[must_use]
pub fn interval_out_of_range() -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range")
}
