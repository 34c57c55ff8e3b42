//! The arithmetic of dates and timestamps, value by value, for operators and functions alike.
//!
//! Units as in the module above. Adding months keeps the day where the month has it, else takes the month's last day;
//! with a zone, months and days are added to the local time and the time part to the instant.

use super::{
    Fields, Interval, ZoneSpec, date_out_of_range, interval, interval_out_of_range, is_infinite, timestamp_out_of_range,
};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{self, Civil, DAY_US, END_DAY, MIN_DAY, MIN_TIMESTAMP_US};

/// A timestamp within PostgreSQL's range.
pub fn checked(timestamp: i64) -> Option<i64> {
    (MIN_TIMESTAMP_US..i64::MAX).contains(&timestamp).then_some(timestamp)
}

/// `timestamp + interval`.
pub fn timestamp_plus_interval(timestamp: i64, span: Interval) -> Result<i64> {
    if let Some(result) = infinite_sum(timestamp, span)? {
        return Ok(result);
    }
    let moved = plus_months_days(timestamp, span)?;
    moved.checked_add(span.us).and_then(checked).ok_or_else(timestamp_out_of_range)
}

/// `timestamp - interval`.
pub fn timestamp_minus_interval(timestamp: i64, span: Interval) -> Result<i64> {
    timestamp_plus_interval(timestamp, interval::negate(span)?)
}

/// `timestamptz + interval` in a zone.
pub fn timestamptz_plus_interval(instant: i64, span: Interval, zone: &ZoneSpec) -> Result<i64> {
    if let Some(result) = infinite_sum(instant, span)? {
        return Ok(result);
    }
    let moved = if span.months == 0 && span.days == 0 {
        instant
    } else {
        zone.to_utc(plus_months_days(zone.to_local(instant), span)?)
    };
    moved.checked_add(span.us).and_then(checked).ok_or_else(timestamp_out_of_range)
}

/// `timestamptz - interval` in a zone.
pub fn timestamptz_minus_interval(instant: i64, span: Interval, zone: &ZoneSpec) -> Result<i64> {
    timestamptz_plus_interval(instant, interval::negate(span)?, zone)
}

/// `timestamp - timestamp`, also of two timestamptz: days and a time of less than a day.
pub fn timestamp_minus_timestamp(a: i64, b: i64) -> Result<Interval> {
    match (is_infinite(a), is_infinite(b)) {
        (true, true) if a == b => Err(interval_out_of_range()),
        (true, _) => Ok(if a > 0 { Interval::INFINITY } else { Interval::NEG_INFINITY }),
        (_, true) => Ok(if b > 0 { Interval::NEG_INFINITY } else { Interval::INFINITY }),
        _ => {
            let us = a.checked_sub(b).ok_or_else(interval_out_of_range)?;
            interval::justify_hours(Interval { months: 0, days: 0, us })
        }
    }
}

/// `date + integer`.
pub fn date_plus_days(date: i32, days: i32) -> Result<i32> {
    if date == i32::MAX || date == i32::MIN {
        return Ok(date);
    }
    let sum = date.checked_add(days).ok_or_else(date_out_of_range)?;
    if (MIN_DAY..END_DAY).contains(&i64::from(sum)) { Ok(sum) } else { Err(date_out_of_range()) }
}

/// `date - integer`.
pub fn date_minus_days(date: i32, days: i32) -> Result<i32> {
    if date == i32::MAX || date == i32::MIN {
        return Ok(date);
    }
    date_plus_days(date, days.checked_neg().ok_or_else(date_out_of_range)?)
}

/// `date - date`, in days.
pub fn date_minus_date(a: i32, b: i32) -> Result<i32> {
    if [a, b].iter().any(|d| *d == i32::MAX || *d == i32::MIN) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates"));
    }
    Ok(a - b)
}

/// A date's midnight.
pub fn date_to_timestamp(date: i32) -> Result<i64> {
    match date {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        _ => checked(i64::from(date).saturating_mul(DAY_US)).ok_or_else(date_beyond_timestamps),
    }
}

/// `22008`: a date that no timestamp has.
pub fn date_beyond_timestamps() -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range for timestamp")
}

/// A date's midnight for comparing: beyond a timestamp's range it is later than all of them, and not infinite.
pub fn date_among_timestamps(date: i32) -> i64 {
    match date {
        i32::MAX => i64::MAX,
        i32::MIN => i64::MIN,
        _ => i64::from(date).saturating_mul(DAY_US).clamp(i64::MIN + 1, i64::MAX - 1),
    }
}

/// A timestamp's day.
pub fn timestamp_to_date(timestamp: i64) -> i32 {
    match timestamp {
        i64::MAX => i32::MAX,
        i64::MIN => i32::MIN,
        _ => i32::try_from(timestamp.div_euclid(DAY_US)).unwrap_or(i32::MAX),
    }
}

/// `date + time`.
pub fn date_plus_time(date: i32, time: i64) -> Result<i64> {
    let midnight = date_to_timestamp(date)?;
    if is_infinite(midnight) {
        return Ok(midnight);
    }
    checked(midnight + time).ok_or_else(timestamp_out_of_range)
}

/// `date + interval`, a timestamp.
pub fn date_plus_interval(date: i32, span: Interval) -> Result<i64> {
    timestamp_plus_interval(date_to_timestamp(date)?, span)
}

/// `date - interval`, a timestamp.
pub fn date_minus_interval(date: i32, span: Interval) -> Result<i64> {
    timestamp_minus_interval(date_to_timestamp(date)?, span)
}

/// `time + interval`: only the time part counts, modulo a day.
pub fn time_plus_interval(time: i64, span: Interval) -> Result<i64> {
    if interval::is_infinite(span) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "cannot add infinite interval to time"));
    }
    Ok((time + span.us % DAY_US).rem_euclid(DAY_US))
}

/// `time - interval`.
pub fn time_minus_interval(time: i64, span: Interval) -> Result<i64> {
    if interval::is_infinite(span) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "cannot subtract infinite interval from time"));
    }
    Ok((time - span.us % DAY_US).rem_euclid(DAY_US))
}

/// `time - time`.
pub fn time_minus_time(a: i64, b: i64) -> Interval {
    Interval { months: 0, days: 0, us: a - b }
}

/// `OVERLAPS` of two spans given by their ends in any order; `None` is NULL.
pub fn overlaps(a: (Option<i128>, Option<i128>), b: (Option<i128>, Option<i128>)) -> Option<bool> {
    let (a, b) = (ordered(a)?, ordered(b)?);
    match a.0.cmp(&b.0) {
        std::cmp::Ordering::Greater => before_end(a.0, b.1, a.1),
        std::cmp::Ordering::Less => before_end(b.0, a.1, b.1),
        // A NULL end leaves the answer open, unless both spans start together.
        std::cmp::Ordering::Equal => match (a.1, b.1) {
            (None, _) | (_, None) => None,
            _ => Some(true),
        },
    }
}

/// Whether the later start lies before the other span's end.
fn before_end(start: i128, other_end: Option<i128>, own_end: Option<i128>) -> Option<bool> {
    match other_end {
        None => None,
        Some(end) if start < end => Some(true),
        Some(_) => own_end.map(|_| false),
    }
}

fn ordered(span: (Option<i128>, Option<i128>)) -> Option<(i128, Option<i128>)> {
    match span {
        (None, None) => None,
        (None, Some(end)) => Some((end, None)),
        (Some(start), None) => Some((start, None)),
        (Some(start), Some(end)) => Some((start.min(end), Some(start.max(end)))),
    }
}

fn infinite_sum(timestamp: i64, span: Interval) -> Result<Option<i64>> {
    let infinite = match span {
        Interval::INFINITY => i64::MAX,
        Interval::NEG_INFINITY => i64::MIN,
        _ => return Ok(is_infinite(timestamp).then_some(timestamp)),
    };
    if is_infinite(timestamp) && timestamp != infinite { Err(timestamp_out_of_range()) } else { Ok(Some(infinite)) }
}

fn plus_months_days(timestamp: i64, span: Interval) -> Result<i64> {
    let mut moved = timestamp;
    if span.months != 0 {
        let fields = Fields::of(moved);
        let months = fields.date.year * 12 + i64::from(fields.date.month) - 1 + i64::from(span.months);
        let (year, month) = (months.div_euclid(12), u32::try_from(months.rem_euclid(12)).unwrap_or(0) + 1);
        let day = fields.date.day.min(civil::days_in_month(year, month));
        let date = Civil { year, month, day };
        moved = Fields { date, ..fields }.timestamp().ok_or_else(timestamp_out_of_range)?;
    }
    if span.days != 0 {
        let us = i64::from(span.days).checked_mul(DAY_US).ok_or_else(timestamp_out_of_range)?;
        moved = moved.checked_add(us).and_then(checked).ok_or_else(timestamp_out_of_range)?;
    }
    Ok(moved)
}
