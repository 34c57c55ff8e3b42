//! Dates, times and timestamps in every form PostgreSQL reads.
//!
//! `now` and its relatives read the machine's clock.

use super::reader::{Fault, Goal, Moment, Reader, ZoneOf};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;
use crate::types::civil::{self, DAY_US};
use crate::types::timetz::TimeTz;

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
        let local_s = read.local_us.div_euclid(1_000_000);
        let offset = match &read.zone {
            Some(ZoneOf::Offset(seconds)) => *seconds,
            Some(ZoneOf::Named(zone)) => zone.at_local(local_s).offset_s,
            Some(ZoneOf::Abbreviated(zone, name)) => zone.abbreviated_at_local(name, local_s),
            None => style.time_zone.at_local(local_s).offset_s,
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
    read_time(text, style, "time").map(|value| value.us)
}

/// `time with time zone`. A text without zone is in the session's, with its offset of today or of the text's date.
///
/// # Errors
///
/// As [`parse_time`].
pub fn parse_timetz(text: &str, style: &TextStyle) -> Result<TimeTz> {
    read_time(text, style, "time with time zone")
}

/// A time of day and what its zone's offset is.
fn read_time(text: &str, style: &TextStyle, type_name: &str) -> Result<TimeTz> {
    let fault = |fault: Fault| report(&fault, type_name, text);
    let Moment::Fields(reader) = Reader::read(text, style, Goal::Time).map_err(fault)? else {
        return Err(fault(Fault::Format));
    };
    if !reader.has_time() {
        return Err(fault(Fault::Format));
    }
    let us = reader.time_us().map_err(fault)?;
    // A zone with rules has an offset on a day only.
    let local_s = |days: i64| days * civil::DAY_S + us.div_euclid(1_000_000);
    let today_s = || local_s(super::reader::local_now_us(style).div_euclid(DAY_US));
    let offset_s = match (&reader.zone, reader.days()) {
        (Some(ZoneOf::Offset(seconds)), _) => *seconds,
        (Some(ZoneOf::Named(zone)), date) => match (zone.only_offset(), date) {
            (Some(only), _) => only,
            (None, Ok(days)) => zone.at_local(local_s(days)).offset_s,
            (None, Err(_)) => return Err(fault(Fault::Format)),
        },
        (Some(ZoneOf::Abbreviated(zone, name)), date) => {
            zone.abbreviated_at_local(name, date.map_or_else(|_| today_s(), local_s))
        }
        (None, date) => style.time_zone.at_local(date.map_or_else(|_| today_s(), local_s)).offset_s,
    };
    Ok(TimeTz { us, offset_s })
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
