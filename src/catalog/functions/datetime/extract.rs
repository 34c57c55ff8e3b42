//! `extract` (numeric) and `date_part` (double precision).
//!
//! A field is computed as an unscaled integer with its own scale: seconds 6, milliseconds 3, the Julian day 20, others 0.
//! Of an infinite value the fields that only grow are infinite, which numeric columns cannot hold (`0A000`); all
//! others are NULL.

use arrow::array::ArrayRef;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float64Type, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;

use super::super::Registry;
use super::super::call::Call;
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{
    Date, Float8, Interval as IntervalTy, Text, Time, TimeTz as TimeTzTy, Timestamp, TimestampTz,
};
use super::timetz::TimeTzs;
use super::unit::{Unit, unsupported};
use super::zone::session_zone;
use super::{Interval, JULIAN_EPOCH, SECOND_US, from_arrow, interval, is_infinite, kernels};
use crate::error::{Error, Result};
use crate::types::civil::{self, Civil, DAY_US};

/// Digits after the point of a Julian day with its time.
const JULIAN_SCALE: i32 = 20;

const TIMESTAMP: &str = "timestamp without time zone";
const TIMESTAMPTZ: &str = "timestamp with time zone";
const TIME: &str = "time without time zone";
const TIMETZ: &str = "time with time zone";
const INTERVAL: &str = "interval";

/// A field's value.
enum Value {
    /// Unscaled, with its scale.
    Exact(i128, i32),
    /// The field has no value.
    Null,
    /// The value is infinite.
    Infinite(bool),
}

pub(super) fn register(r: &mut Registry) {
    r.add("extract", &[Text, Date], Ret::Rule(field_type), |c| dates(c, true));
    r.add("extract", &[Text, Timestamp], Ret::Rule(field_type), timestamps);
    r.add("extract", &[Text, TimestampTz], Ret::Rule(field_type), instants);
    r.add("extract", &[Text, Time], Ret::Rule(field_type), times);
    r.add("extract", &[Text, TimeTzTy], Ret::Rule(field_type), zoned_times);
    r.add("extract", &[Text, IntervalTy], Ret::Rule(field_type), intervals);
    r.add("date_part", &[Text, Date], Float8, |c| dates(c, false));
    r.add("date_part", &[Text, Timestamp], Float8, timestamps);
    r.add("date_part", &[Text, TimestampTz], Float8, instants);
    r.add("date_part", &[Text, Time], Float8, times);
    r.add("date_part", &[Text, TimeTzTy], Float8, zoned_times);
    r.add("date_part", &[Text, IntervalTy], Float8, intervals);
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["date_part", "extract"]);
}

/// The decimal type of a field; without a constant field name the one that holds any of them.
fn field_type(args: &ReturnArgs<'_>) -> Result<Field> {
    let name = match args.scalars.first().copied().flatten() {
        Some(ScalarValue::Utf8(name) | ScalarValue::LargeUtf8(name) | ScalarValue::Utf8View(name)) => name.as_deref(),
        _ => None,
    };
    let whole_days = matches!(args.fields[1].data_type(), DataType::Date32);
    let data_type = match name.and_then(Unit::parse) {
        Some(Unit::Julian) if !whole_days => DataType::Decimal128(38, 20),
        Some(Unit::Epoch) if !whole_days => DataType::Decimal128(24, 6),
        Some(Unit::Second) => DataType::Decimal128(20, 6),
        Some(Unit::Milliseconds) => DataType::Decimal128(20, 3),
        Some(_) => DataType::Decimal128(20, 0),
        None => DataType::Decimal128(38, 20),
    };
    Ok(Field::new("", data_type, true))
}

fn timestamps(c: &Call<'_>) -> Result<ArrayRef> {
    let ts = c.prims::<TimestampMicrosecondType>(1)?;
    build(c, TIMESTAMP, |unit, word, i| of_timestamp(unit, ts.at(i)).ok_or_else(|| unsupported(word, TIMESTAMP)))
}

fn instants(c: &Call<'_>) -> Result<ArrayRef> {
    let (ts, zone) = (c.prims::<TimestampMicrosecondType>(1)?, session_zone(c));
    build(c, TIMESTAMPTZ, |unit, word, i| {
        let instant = ts.at(i);
        let offset = i128::from(zone.offset_s(if is_infinite(instant) { 0 } else { instant }));
        Ok(match unit {
            Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute if is_infinite(instant) => Value::Null,
            Unit::Timezone => Value::Exact(offset, 0),
            Unit::TimezoneHour => Value::Exact(offset / 3600, 0),
            Unit::TimezoneMinute => Value::Exact(offset / 60 % 60, 0),
            Unit::Epoch => of_timestamp(unit, instant).ok_or_else(|| unsupported(word, TIMESTAMPTZ))?,
            _ => of_timestamp(unit, zone.to_local(instant)).ok_or_else(|| unsupported(word, TIMESTAMPTZ))?,
        })
    })
}

fn dates(c: &Call<'_>, strict: bool) -> Result<ArrayRef> {
    use Unit::{
        Epoch, Hour, Julian, Microseconds, Milliseconds, Minute, Second, Timezone, TimezoneHour, TimezoneMinute,
    };
    let dates = c.prims::<Date32Type>(1)?;
    let name = if strict { "date" } else { "timestamp without time zone" };
    build(c, name, |unit, word, i| {
        let date = dates.at(i);
        match unit {
            Microseconds | Milliseconds | Second | Minute | Hour | Timezone | TimezoneHour | TimezoneMinute
                if strict =>
            {
                Err(unsupported(word, name))
            }
            // As a timestamp, which `date_part` makes of it, the date must be in a timestamp's range.
            _ if !strict && kernels::date_to_timestamp(date).is_err() => Err(kernels::date_beyond_timestamps()),
            Epoch | Julian if date == i32::MAX || date == i32::MIN => Ok(Value::Infinite(date > 0)),
            Epoch => Ok(Value::Exact(i128::from(date) * 86_400, 0)),
            Julian => Ok(Value::Exact(i128::from(date) + i128::from(JULIAN_EPOCH), 0)),
            _ if !strict => {
                let midnight = kernels::date_to_timestamp(date)?;
                of_timestamp(unit, midnight).ok_or_else(|| unsupported(word, name))
            }
            _ if date == i32::MAX || date == i32::MIN => {
                of_infinite(unit, date > 0).ok_or_else(|| unsupported(word, name))
            }
            _ => {
                let days = i64::from(date);
                let value = of_date(unit, Civil::from_days(days), days);
                value.map(|value| Value::Exact(value.into(), 0)).ok_or_else(|| unsupported(word, name))
            }
        }
    })
}

fn times(c: &Call<'_>) -> Result<ArrayRef> {
    let times = c.prims::<Time64MicrosecondType>(1)?;
    build(c, TIME, |unit, word, i| {
        let time = times.at(i);
        match unit {
            Unit::Epoch => Ok(Value::Exact(i128::from(time), 6)),
            _ => of_time(unit, time).ok_or_else(|| unsupported(word, TIME)),
        }
    })
}

fn zoned_times(c: &Call<'_>) -> Result<ArrayRef> {
    let times = TimeTzs::of(c, 1)?;
    build(c, TIMETZ, |unit, word, i| {
        let value = times.at(i);
        let offset = i128::from(value.offset_s);
        match unit {
            Unit::Timezone => Ok(Value::Exact(offset, 0)),
            Unit::TimezoneHour => Ok(Value::Exact(offset / 3600, 0)),
            Unit::TimezoneMinute => Ok(Value::Exact(offset / 60 % 60, 0)),
            Unit::Epoch => Ok(Value::Exact(i128::from(value.us) - offset * i128::from(SECOND_US), 6)),
            _ => of_time(unit, value.us).ok_or_else(|| unsupported(word, TIMETZ)),
        }
    })
}

fn intervals(c: &Call<'_>) -> Result<ArrayRef> {
    let spans = c.prims::<IntervalMonthDayNanoType>(1)?;
    build(c, INTERVAL, |unit, word, i| {
        of_interval(unit, from_arrow(spans.at(i))).ok_or_else(|| unsupported(word, INTERVAL))
    })
}

/// Computes one field of every row, as numeric or double precision, whichever the call returns.
fn build(c: &Call<'_>, type_name: &str, mut value: impl FnMut(Unit, &str, usize) -> Result<Value>) -> Result<ArrayRef> {
    let words = c.text(0)?;
    let mut known: Option<(&str, Unit)> = None;
    let mut field = |i: usize| {
        let word = words.at(i);
        let unit = match known {
            Some((name, unit)) if name == word => unit,
            _ => Unit::of(word, type_name)?,
        };
        known = Some((word, unit));
        value(unit, word, i)
    };
    match c.ret.data_type() {
        DataType::Decimal128(_, scale) => {
            let scale = i32::from(*scale);
            c.build_opt::<Decimal128Type>(|i| match field(i)? {
                Value::Exact(unscaled, own) => {
                    let power = u32::try_from(scale - own).unwrap_or(0);
                    unscaled.checked_mul(10_i128.pow(power)).map(Some).ok_or_else(super::timestamp_out_of_range)
                }
                Value::Null => Ok(None),
                Value::Infinite(_) => Err(Error::unsupported("infinite numeric values are not supported")),
            })
        }
        _ => c.build_opt::<Float64Type>(|i| {
            Ok(match field(i)? {
                Value::Exact(unscaled, JULIAN_SCALE) => {
                    let unit = 10_i128.pow(JULIAN_SCALE.unsigned_abs());
                    Some((unscaled / unit) as f64 + (unscaled % unit) as f64 / unit as f64)
                }
                Value::Exact(unscaled, scale) => Some(unscaled as f64 / 10_f64.powi(scale)),
                Value::Null => None,
                Value::Infinite(positive) => Some(if positive { f64::INFINITY } else { f64::NEG_INFINITY }),
            })
        }),
    }
}

/// A field of a local timestamp; `None` when timestamps do not have it.
fn of_timestamp(unit: Unit, timestamp: i64) -> Option<Value> {
    if is_infinite(timestamp) {
        return of_infinite(unit, timestamp > 0);
    }
    let days = timestamp.div_euclid(DAY_US);
    let time = timestamp.rem_euclid(DAY_US);
    let date = Civil::from_days(days);
    Some(match unit {
        Unit::Epoch => Value::Exact(i128::from(timestamp), 6),
        Unit::Julian => {
            let whole = i128::from(days + JULIAN_EPOCH) * 10_i128.pow(JULIAN_SCALE.unsigned_abs());
            Value::Exact(whole + day_fraction(time), JULIAN_SCALE)
        }
        Unit::Microseconds | Unit::Milliseconds | Unit::Second | Unit::Minute | Unit::Hour => of_time(unit, time)?,
        _ => Value::Exact(i128::from(of_date(unit, date, days)?), 0),
    })
}

/// The part of a day a time is, with 20 digits after the point, as numeric division rounds it.
fn day_fraction(time: i64) -> i128 {
    if time == 0 {
        return 0;
    }
    let day = i128::from(DAY_US);
    let scaled = i128::from(time) * 10_i128.pow(20);
    (scaled + day / 2) / day
}

fn of_infinite(unit: Unit, positive: bool) -> Option<Value> {
    use Unit::{Century, Decade, Epoch, IsoYear, Julian, Millennium, Year};
    match unit {
        Year | Decade | Century | Millennium | Julian | IsoYear | Epoch => Some(Value::Infinite(positive)),
        Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute => None,
        _ => Some(Value::Null),
    }
}

fn of_time(unit: Unit, time: i64) -> Option<Value> {
    let minute_us = time % (60 * SECOND_US);
    Some(match unit {
        Unit::Microseconds => Value::Exact(i128::from(minute_us), 0),
        Unit::Milliseconds => Value::Exact(i128::from(minute_us), 3),
        Unit::Second => Value::Exact(i128::from(minute_us), 6),
        Unit::Minute => Value::Exact(i128::from(time / (60 * SECOND_US) % 60), 0),
        Unit::Hour => Value::Exact(i128::from(time / (3600 * SECOND_US)), 0),
        _ => return None,
    })
}

fn of_date(unit: Unit, date: Civil, days: i64) -> Option<i64> {
    let year = date.year;
    Some(match unit {
        Unit::Day => i64::from(date.day),
        Unit::Week => iso_week(days).1,
        Unit::Month => i64::from(date.month),
        Unit::Quarter => i64::from(date.month - 1) / 3 + 1,
        // There is no year 0: the astronomical year 0 is 1 BC.
        Unit::Year => {
            if year > 0 {
                year
            } else {
                year - 1
            }
        }
        Unit::Decade => {
            if year >= 0 {
                year / 10
            } else {
                -((8 - (year - 1)) / 10)
            }
        }
        Unit::Century => {
            if year > 0 {
                (year + 99) / 100
            } else {
                -((99 - (year - 1)) / 100)
            }
        }
        Unit::Millennium => {
            if year > 0 {
                (year + 999) / 1000
            } else {
                -((999 - (year - 1)) / 1000)
            }
        }
        Unit::IsoYear => {
            let iso = iso_week(days).0;
            if iso > 0 { iso } else { iso - 1 }
        }
        Unit::Dow => civil::weekday(days) as i64,
        Unit::IsoDow => (civil::weekday(days) as i64 + 6) % 7 + 1,
        Unit::Doy => days - Civil { month: 1, day: 1, ..date }.to_days() + 1,
        _ => return None,
    })
}

fn of_interval(unit: Unit, span: Interval) -> Option<Value> {
    if interval::is_infinite(span) {
        return match unit {
            Unit::Hour | Unit::Day | Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium | Unit::Epoch => {
                Some(Value::Infinite(span.months > 0))
            }
            Unit::Microseconds | Unit::Milliseconds | Unit::Second | Unit::Minute | Unit::Month | Unit::Quarter => {
                Some(Value::Null)
            }
            _ => None,
        };
    }
    let (years, months) = (i64::from(span.months / 12), i64::from(span.months % 12));
    let whole = |value: i64| Some(Value::Exact(i128::from(value), 0));
    match unit {
        Unit::Epoch => {
            // A year has 365.25 days, a month 30.
            let quarter_days = 1461 * years + 120 * months + 4 * i64::from(span.days);
            let seconds = i128::from(quarter_days) * 21_600;
            Some(Value::Exact(seconds * i128::from(SECOND_US) + i128::from(span.us), 6))
        }
        Unit::Day => whole(i64::from(span.days)),
        Unit::Month => whole(months),
        Unit::Quarter => whole(months / 3 + 1),
        Unit::Year => whole(years),
        Unit::Decade => whole(years / 10),
        Unit::Century => whole(years / 100),
        Unit::Millennium => whole(years / 1000),
        _ => of_time(unit, span.us),
    }
}

/// ISO year (astronomical) and week of a day counted from 1970-01-01.
pub(in super::super) fn iso_week(days: i64) -> (i64, i64) {
    // The week belongs to the year of its Thursday.
    let monday = days - (civil::weekday(days) as i64 + 6) % 7;
    let thursday = monday + 3;
    let year = Civil::from_days(thursday).year;
    let first = Civil { year, month: 1, day: 1 }.to_days();
    (year, (thursday - first) / 7 + 1)
}

/// The Monday of a year's first ISO week, in days from 1970-01-01.
pub(in super::super) fn iso_year_start(year: i64) -> i64 {
    let fourth = Civil { year, month: 1, day: 4 }.to_days();
    fourth - (civil::weekday(fourth) as i64 + 6) % 7
}
