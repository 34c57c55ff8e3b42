//! Writers of dates, times, timestamps, durations and intervals of every Arrow unit.
//!
//! PostgreSQL counts microseconds: nanoseconds are rounded to the nearest one (ties to even), coarser units are scaled.
//! The greatest and smallest number of a timestamp or date column are `infinity` and `-infinity` in any unit.

use std::sync::Arc;

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::writer::{ColumnWriter, Direct, Each, Rendered};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::output::Interval;
use crate::types::zone::ZoneCursor;
use crate::types::{Format, TextStyle, oid, output, send};

/// What every function here makes.
type Writer = Box<dyn ColumnWriter>;

/// The writer of a date or time column; none where Arrow's and PostgreSQL's type have nothing in common.
pub fn writer(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Option<Writer> {
    let writer = match (data_type, oid) {
        (DataType::Date32, oid::DATE) => date::<Date32Type>(Ok, format, style),
        (DataType::Date64, oid::DATE) => date::<Date64Type>(date64_days, format, style),
        (DataType::Time32(unit), oid::TIME) => match unit {
            TimeUnit::Second => time::<Time32SecondType>(|value| i64::from(value) * 1_000_000, format),
            _ => time::<Time32MillisecondType>(|value| i64::from(value) * 1_000, format),
        },
        (DataType::Time64(unit), oid::TIME) => match unit {
            TimeUnit::Nanosecond => time::<Time64NanosecondType>(round_us, format),
            _ => time::<Time64MicrosecondType>(|value| value, format),
        },
        (DataType::Timestamp(unit, _), oid::TIMESTAMP | oid::TIMESTAMPTZ) => {
            let zoned = oid == oid::TIMESTAMPTZ;
            match unit {
                TimeUnit::Second => {
                    timestamp::<TimestampSecondType>(|value| value.checked_mul(1_000_000), zoned, format, style)
                }
                TimeUnit::Millisecond => {
                    timestamp::<TimestampMillisecondType>(|value| value.checked_mul(1_000), zoned, format, style)
                }
                TimeUnit::Microsecond => timestamp::<TimestampMicrosecondType>(Some, zoned, format, style),
                TimeUnit::Nanosecond => {
                    timestamp::<TimestampNanosecondType>(|value| Some(round_us(value)), zoned, format, style)
                }
            }
        }
        (DataType::Duration(unit), oid::INTERVAL) => duration(*unit, format, style),
        (DataType::Interval(unit), oid::INTERVAL) => match unit {
            IntervalUnit::YearMonth => interval::<IntervalYearMonthType>(
                |months| Some(Interval { months, ..Interval::default() }),
                format,
                style,
            ),
            IntervalUnit::DayTime => interval::<IntervalDayTimeType>(
                |value| Some(Interval { months: 0, days: value.days, us: i64::from(value.milliseconds) * 1_000 }),
                format,
                style,
            ),
            IntervalUnit::MonthDayNano => interval::<IntervalMonthDayNanoType>(
                |value| Some(Interval::from_nanos(value.months, value.days, value.nanoseconds)),
                format,
                style,
            ),
        },
        _ => return None,
    };
    Some(writer)
}

/// A date column; `days` are counted from 1970-01-01.
fn date<P: ArrowPrimitiveType>(
    days: impl Fn(P::Native) -> Result<i32> + Copy + Send + 'static,
    format: Format,
    style: &TextStyle,
) -> Writer {
    match format {
        Format::Text => {
            let style = style.clone();
            each::<P>(move |value, out| output::date(days(value)?, &style, out))
        }
        Format::Binary => fixed::<P, 4>(move |value| send::date(days(value)?).map(i32::to_be_bytes)),
    }
}

/// A time column; `to_us` gives microseconds from midnight.
fn time<P: ArrowPrimitiveType>(to_us: impl Fn(P::Native) -> i64 + Copy + Send + 'static, format: Format) -> Writer {
    match format {
        Format::Text => each::<P>(move |value, out| output::time(to_us(value), out)),
        Format::Binary => fixed::<P, 8>(move |value| send::time(to_us(value)).map(i64::to_be_bytes)),
    }
}

/// A timestamp column. `to_us` gives microseconds from 1970-01-01, none where 64 bits do not hold them; `zoned` shows
/// them in the session's zone.
fn timestamp<P: ArrowPrimitiveType<Native = i64>>(
    to_us: impl Fn(i64) -> Option<i64> + Copy + Send + 'static,
    zoned: bool,
    format: Format,
    style: &TextStyle,
) -> Writer {
    let to_us = move |value: i64| {
        if value == i64::MAX || value == i64::MIN {
            return Ok(value);
        }
        to_us(value).ok_or_else(|| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range"))
    };
    let style = style.clone();
    match format {
        Format::Text if zoned => {
            let mut zone = ZoneCursor::new(Arc::clone(&style.time_zone));
            each::<P>(move |value, out| output::timestamptz(to_us(value)?, &style, &mut zone, out))
        }
        Format::Text => each::<P>(move |value, out| output::timestamp(to_us(value)?, &style, out)),
        Format::Binary => fixed::<P, 8>(move |value| send::timestamp(to_us(value)?).map(i64::to_be_bytes)),
    }
}

/// A column of elapsed time: an interval without months and days.
fn duration(unit: TimeUnit, format: Format, style: &TextStyle) -> Writer {
    let of = |us| Interval { us, ..Interval::default() };
    match unit {
        TimeUnit::Second => {
            interval::<DurationSecondType>(move |value: i64| value.checked_mul(1_000_000).map(of), format, style)
        }
        TimeUnit::Millisecond => {
            interval::<DurationMillisecondType>(move |value: i64| value.checked_mul(1_000).map(of), format, style)
        }
        TimeUnit::Microsecond => interval::<DurationMicrosecondType>(move |value| Some(of(value)), format, style),
        TimeUnit::Nanosecond => {
            interval::<DurationNanosecondType>(move |value| Some(of(round_us(value))), format, style)
        }
    }
}

/// An interval column; `value_of` gives none where its microseconds overflow.
fn interval<P: ArrowPrimitiveType>(
    value_of: impl Fn(P::Native) -> Option<Interval> + Copy + Send + 'static,
    format: Format,
    style: &TextStyle,
) -> Writer {
    let value_of = move |value| {
        value_of(value).ok_or_else(|| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range"))
    };
    match format {
        Format::Text => {
            let style = style.interval_style;
            each::<P>(move |value, out| {
                output::interval(value_of(value)?, style, out);
                Ok(())
            })
        }
        Format::Binary => fixed::<P, 16>(move |value| value_of(value).map(send::interval)),
    }
}

/// A value made in the scratch buffer.
fn each<P: ArrowPrimitiveType>(write: impl FnMut(P::Native, &mut Vec<u8>) -> Result<()> + Send + 'static) -> Writer {
    Box::new(Rendered::new(Each::<P, _>::new(write)))
}

/// A value of a fixed width; what `bytes` refuses is refused when lengths are taken.
fn fixed<P: ArrowPrimitiveType, const N: usize>(
    bytes: impl Fn(P::Native) -> Result<[u8; N]> + Copy + Send + 'static,
) -> Writer {
    let write = move |value, out: &mut [u8]| {
        out.copy_from_slice(&bytes(value).expect("the value passed when it was measured"));
    };
    Box::new(Direct::<P, _, _>::new(move |value| bytes(value).map(|_| N), write))
}

/// Milliseconds from 1970-01-01 as days; the extremes are the infinities.
fn date64_days(ms: i64) -> Result<i32> {
    if ms == i64::MAX {
        return Ok(i32::MAX);
    }
    if ms == i64::MIN {
        return Ok(i32::MIN);
    }
    let days = ms.div_euclid(86_400_000);
    i32::try_from(days).map_err(|_| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range"))
}

/// Nanoseconds as microseconds, ties to even.
fn round_us(ns: i64) -> i64 {
    output::nanos_to_us(ns)
}
