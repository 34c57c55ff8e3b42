//! Dates, times and timestamps in every form PostgreSQL reads.
//!
//! `now` and its relatives read the machine's clock.

use super::reader::{Fault, Goal, Moment, Reader, ZoneOf};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;
use crate::types::civil::{self, DAY_US};
use crate::types::zone::Zone;

/// `date`: days from 1970-01-01, `i32::MAX` and `i32::MIN` for the infinities.
///
/// # Errors
///
/// `22007` for text that is no date, `22008` for fields or a date out of range, `22009` and `22023` for bad zones.
pub fn parse_date(text: &str, style: &TextStyle) -> Result<i32> {
    let moment = Reader::read(text, style, Goal::Date).map_err(|fault| report(&fault, "date", text))?;
    match moment {
        Moment::Infinity(true) => Ok(i32::MIN),
        Moment::Infinity(false) => Ok(i32::MAX),
        Moment::Fields(reader) => {
            let days = reader.days().map_err(|fault| report(&fault, "date", text))?;
            if !(civil::MIN_DAY..civil::END_DAY).contains(&days) {
                return Err(out_of_range("date", text));
            }
            i32::try_from(days).map_err(|_| out_of_range("date", text))
        }
    }
}

/// `timestamp`: microseconds from 1970-01-01, the extremes for the infinities. A zone in the text is ignored, as
/// PostgreSQL ignores it.
///
/// # Errors
///
/// `22007` for text that is no timestamp, `22008` for fields or a moment out of range, `22009` and `22023` for bad
/// zones.
pub fn parse_timestamp(text: &str, style: &TextStyle) -> Result<i64> {
    timestamp(text, style, "timestamp", |reader| Ok(reader.local_us))
}

/// `timestamptz`: microseconds (UTC) from 1970-01-01; a text without zone is in the session's.
///
/// # Errors
///
/// As [`parse_timestamp`].
pub fn parse_timestamptz(text: &str, style: &TextStyle) -> Result<i64> {
    timestamp(text, style, "timestamp with time zone", |read| {
        let offset = match read.zone {
            Some(ZoneOf::Offset(seconds)) => seconds,
            Some(ZoneOf::Named(tz)) => Zone::of(tz).at_local(read.local_us.div_euclid(1_000_000)).offset_s,
            None => Zone::of(style.time_zone).at_local(read.local_us.div_euclid(1_000_000)).offset_s,
        };
        read.local_us.checked_sub(i64::from(offset) * 1_000_000).ok_or(Fault::Range)
    })
}

/// `time`: microseconds from midnight. A date before it and a zone after it are read and dropped.
///
/// # Errors
///
/// `22007` for text that is no time, `22008` for fields out of range, `22009` and `22023` for bad zones.
pub fn parse_time(text: &str, style: &TextStyle) -> Result<i64> {
    let fault = |fault: Fault| report(&fault, "time", text);
    match Reader::read(text, style, Goal::Time).map_err(fault)? {
        Moment::Infinity(_) => Err(fault(Fault::Format)),
        Moment::Fields(reader) if !reader.has_time() => Err(fault(Fault::Format)),
        Moment::Fields(reader) => reader.time_us().map_err(fault),
    }
}

/// A local time in microseconds from 1970-01-01, and the zone that was named with it.
struct Read {
    local_us: i64,
    zone: Option<ZoneOf>,
}

/// Reads a timestamp of either type; `instant` says which moment the local time and its zone are.
fn timestamp(
    text: &str,
    style: &TextStyle,
    type_name: &str,
    instant: impl FnOnce(&Read) -> std::result::Result<i64, Fault>,
) -> Result<i64> {
    let fault = |fault: Fault| report(&fault, type_name, text);
    match Reader::read(text, style, Goal::Date).map_err(fault)? {
        Moment::Infinity(true) => Ok(i64::MIN),
        Moment::Infinity(false) => Ok(i64::MAX),
        Moment::Fields(reader) => {
            let (days, time_us) = (reader.days().map_err(fault)?, reader.time_us().map_err(fault)?);
            let local_us = days.checked_mul(DAY_US).and_then(|us| us.checked_add(time_us));
            let local_us = local_us.ok_or_else(|| out_of_range("timestamp", text))?;
            let us = instant(&Read { local_us, zone: reader.zone }).map_err(|_| out_of_range("timestamp", text))?;
            if us < civil::MIN_TIMESTAMP_US || us == i64::MAX {
                return Err(out_of_range("timestamp", text));
            }
            Ok(us)
        }
    }
}

/// The error PostgreSQL reports for a fault.
pub(super) fn report(fault: &Fault, type_name: &str, text: &str) -> Error {
    let range =
        || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("date/time field value out of range: \"{text}\""));
    match fault {
        Fault::Format => Error::new(
            sqlstate::INVALID_DATETIME_FORMAT,
            format!("invalid input syntax for type {type_name}: \"{text}\""),
        ),
        Fault::Range => range(),
        Fault::Order => range().hint("Perhaps you need a different \"datestyle\" setting."),
        Fault::Displacement => Error::new(
            sqlstate::INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
            format!("time zone displacement out of range: \"{text}\""),
        ),
        Fault::Zone(name) => {
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("time zone \"{name}\" not recognized"))
        }
    }
}

/// `22008`: the fields are fine, the value is beyond the type's range.
fn out_of_range(what: &str, text: &str) -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("{what} out of range: \"{text}\""))
}
