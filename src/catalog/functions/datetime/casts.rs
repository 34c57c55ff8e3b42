//! Casts between dates, times and intervals under the names that PostgreSQL's `pg_cast` gives them, from text, and to
//! a number of digits.
//!
//! What depends on the session (its zone, its `DateStyle`) is stable, not immutable.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use super::super::Registry;
use super::super::call::Call;
use super::super::overload::Ret;
use super::super::ty::Ty::{
    Date, Int4, Interval as IntervalTy, Text, Time, TimeTz as TimeTzTy, Timestamp, TimestampTz,
};
use super::super::udf::fault;
use super::timetz::{self, TimeTzs};
use super::zone::session_zone;
use super::{Interval, is_infinite, kernels, to_arrow};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::DAY_US;
use crate::types::timetz::TimeTz;
use crate::types::{decode_typed, oid, typmod};

/// A date as a timestamp, for comparing; not a name that SQL can spell without quotes, as the next ones.
pub const COMPARABLE: &str = "timestamp to compare";
/// A date or timestamp as a timestamptz, for comparing.
pub const COMPARABLE_TZ: &str = "timestamptz to compare";
/// The last date that is not after a timestamp.
pub const FLOOR_DATE: &str = "date before";
/// The first date that is not before a timestamp.
pub const CEILING_DATE: &str = "date after";
/// The length of an interval, by which intervals are ordered and equal.
pub const LENGTH: &str = "interval length";

pub(super) fn register(r: &mut Registry) {
    register_from_text(r);
    register_comparable(r);
    register_digits(r);
    register_times(r);
    r.add("date", &[Timestamp], Date, |c| {
        let ts = c.prims::<TimestampMicrosecondType>(0)?;
        c.build::<Date32Type>(|i| Ok(kernels::timestamp_to_date(ts.at(i))))
    });
    r.add("date", &[TimestampTz], Date, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build::<Date32Type>(|i| Ok(kernels::timestamp_to_date(zone.to_local(ts.at(i)))))
    });
    r.add("timestamp", &[Date], Timestamp, |c| {
        let date = c.prims::<Date32Type>(0)?;
        c.build::<TimestampMicrosecondType>(|i| kernels::date_to_timestamp(date.at(i)))
    });
    r.add("timestamp", &[TimestampTz], Timestamp, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| in_range(ts.at(i), zone.to_local(ts.at(i))))
    });
    r.add("timestamp", &[Date, Time], Timestamp, |c| {
        let (date, time) = (c.prims::<Date32Type>(0)?, c.prims::<Time64MicrosecondType>(1)?);
        c.build::<TimestampMicrosecondType>(|i| kernels::date_plus_time(date.at(i), time.at(i)))
    });
    r.add("timestamptz", &[Date], TimestampTz, |c| {
        let (date, zone) = (c.prims::<Date32Type>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| {
            let local = kernels::date_to_timestamp(date.at(i))?;
            in_range(local, zone.to_utc(local))
        })
    });
    r.add("timestamptz", &[Timestamp], TimestampTz, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| in_range(ts.at(i), zone.to_utc(ts.at(i))))
    });
    r.add("timestamptz", &[Date, Time], TimestampTz, |c| {
        let (date, time) = (c.prims::<Date32Type>(0)?, c.prims::<Time64MicrosecondType>(1)?);
        let zone = session_zone(c);
        c.build::<TimestampMicrosecondType>(|i| {
            let local = kernels::date_plus_time(date.at(i), time.at(i))?;
            in_range(local, zone.to_utc(local))
        })
    });
    r.add("timestamptz", &[Date, TimeTzTy], TimestampTz, timetz::instant);
    let stable = ["date", "timestamp", "timestamptz", "time", "timetz"];
    r.volatility(datafusion::logical_expr::Volatility::Stable, &stable);
}

/// Conversions for comparisons alone: what leaves a type's range lies beyond all its values instead of being an error.
fn register_comparable(r: &mut Registry) {
    r.add(COMPARABLE, &[Date], Timestamp, |c| {
        let date = c.prims::<Date32Type>(0)?;
        c.build::<TimestampMicrosecondType>(|i| Ok(kernels::date_among_timestamps(date.at(i))))
    });
    r.add(COMPARABLE_TZ, &[Date], TimestampTz, |c| {
        let (date, zone) = (c.prims::<Date32Type>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| Ok(zone.to_utc(kernels::date_among_timestamps(date.at(i)))))
    });
    r.add(COMPARABLE_TZ, &[Timestamp], TimestampTz, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| Ok(zone.to_utc(ts.at(i))))
    });
    r.add(FLOOR_DATE, &[Timestamp], Date, |c| {
        let ts = c.prims::<TimestampMicrosecondType>(0)?;
        c.build::<Date32Type>(|i| Ok(kernels::timestamp_to_date(ts.at(i))))
    });
    r.add(CEILING_DATE, &[Timestamp], Date, |c| {
        let ts = c.prims::<TimestampMicrosecondType>(0)?;
        c.build::<Date32Type>(|i| {
            let within = !is_infinite(ts.at(i)) && ts.at(i).rem_euclid(DAY_US) != 0;
            Ok(kernels::timestamp_to_date(ts.at(i)) + i32::from(within))
        })
    });
    // The order of intervals as a number.
    r.add(LENGTH, &[IntervalTy], Ret::Rule(|_| Ok(Field::new("", DataType::Decimal128(38, 0), true))), |c| {
        let spans = c.prims::<IntervalMonthDayNanoType>(0)?;
        c.build::<Decimal128Type>(|i| Ok(super::interval::comparable_length(super::from_arrow(spans.at(i)))))
    });
    r.volatility(datafusion::logical_expr::Volatility::Stable, &[COMPARABLE_TZ]);
}

fn register_times(r: &mut Registry) {
    r.add("time", &[Timestamp], Time, |c| {
        let ts = c.prims::<TimestampMicrosecondType>(0)?;
        c.build_opt::<Time64MicrosecondType>(|i| Ok(of_day(ts.at(i), ts.at(i))))
    });
    r.add("time", &[TimestampTz], Time, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build_opt::<Time64MicrosecondType>(|i| Ok(of_day(ts.at(i), zone.to_local(ts.at(i)))))
    });
    r.add("time", &[IntervalTy], Time, |c| {
        let spans = c.prims::<IntervalMonthDayNanoType>(0)?;
        c.build::<Time64MicrosecondType>(|i| {
            let span = super::from_arrow(spans.at(i));
            if super::interval::is_infinite(span) {
                let message = "cannot convert infinite interval to time";
                return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message));
            }
            Ok(span.us.rem_euclid(DAY_US))
        })
    });
    r.add("time", &[TimeTzTy], Time, |c| {
        let times = TimeTzs::of(c, 0)?;
        c.build::<Time64MicrosecondType>(|i| Ok(times.at(i).us))
    });
    r.add("interval", &[Time], IntervalTy, |c| {
        let times = c.prims::<Time64MicrosecondType>(0)?;
        c.build::<IntervalMonthDayNanoType>(|i| to_arrow(Interval { months: 0, days: 0, us: times.at(i) }))
    });
    r.add("timetz", &[Time], TimeTzTy, |c| {
        let (times, zone) = (c.prims::<Time64MicrosecondType>(0)?, session_zone(c));
        let today = kernels::date_to_timestamp(super::current::today(c))?;
        timetz::build(c, |i| {
            let local = today + times.at(i);
            let offset_s = i32::try_from((local - zone.to_utc(local)) / super::SECOND_US).map_err(fault)?;
            Ok(Some(TimeTz { us: times.at(i), offset_s }))
        })
    });
    r.add("timetz", &[TimestampTz], TimeTzTy, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        timetz::build(c, |i| {
            let us = of_day(ts.at(i), zone.to_local(ts.at(i)));
            Ok(us.map(|us| TimeTz { us, offset_s: zone.offset_s(ts.at(i)) }))
        })
    });
}

/// The time of day of a local timestamp; none of an infinite one.
fn of_day(value: i64, local: i64) -> Option<i64> {
    (!is_infinite(value)).then(|| local.rem_euclid(DAY_US))
}

fn in_range(from: i64, to: i64) -> Result<i64> {
    if is_infinite(from) {
        return Ok(from);
    }
    kernels::checked(to).ok_or_else(super::timestamp_out_of_range)
}

/// `timestamp(value, digits)` and its like, which keep a type modifier's digits.
fn register_digits(r: &mut Registry) {
    r.add("time", &[Time, Int4], Time, |c| fitted(c, oid::TIME));
    r.add("timetz", &[TimeTzTy, Int4], TimeTzTy, |c| fitted(c, oid::TIMETZ));
    r.add("timestamp", &[Timestamp, Int4], Timestamp, |c| fitted(c, oid::TIMESTAMP));
    r.add("timestamptz", &[TimestampTz, Int4], TimestampTz, |c| fitted(c, oid::TIMESTAMPTZ));
    r.add("interval", &[IntervalTy, Int4], IntervalTy, |c| fitted(c, oid::INTERVAL));
}

fn fitted(c: &Call<'_>, oid: u32) -> Result<ArrayRef> {
    let (value, digits) = (c.arg(0), c.prims::<arrow::datatypes::Int32Type>(1)?);
    let mut rows: Vec<ArrayRef> = Vec::with_capacity(c.rows);
    if c.arg(1).constant && !value.constant {
        return typmod::fit(&value.array, oid, digits.at(0));
    }
    for row in 0..c.rows {
        rows.push(typmod::fit(&value.array.slice(value.index(row), 1), oid, digits.at(row))?);
    }
    together(&rows, c)
}

/// Texts read as the type's input reads them: `date_in(text)`, and with a type modifier `timestamp_in(text, 3)`.
fn register_from_text(r: &mut Registry) {
    r.add("date_in", &[Text, Int4], Date, |c| read(c, oid::DATE));
    r.add("time_in", &[Text, Int4], Time, |c| read(c, oid::TIME));
    r.add("timetz_in", &[Text, Int4], TimeTzTy, |c| read(c, oid::TIMETZ));
    r.add("timestamp_in", &[Text, Int4], Timestamp, |c| read(c, oid::TIMESTAMP));
    r.add("timestamptz_in", &[Text, Int4], TimestampTz, |c| read(c, oid::TIMESTAMPTZ));
    r.add("interval_in", &[Text, Int4], IntervalTy, |c| read(c, oid::INTERVAL));
    let stable = ["date_in", "time_in", "timetz_in", "timestamp_in", "timestamptz_in", "interval_in"];
    r.volatility(datafusion::logical_expr::Volatility::Stable, &stable);
}

fn read(c: &Call<'_>, oid: u32) -> Result<ArrayRef> {
    let (texts, digits, style) = (c.text(0)?, c.prims::<arrow::datatypes::Int32Type>(1)?, c.style());
    let empty = arrow::array::new_null_array(c.ret.data_type(), 1);
    let mut rows = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        rows.push(match c.skips(row) {
            true => ArrayRef::clone(&empty),
            false => decode_typed(oid, digits.at(row), texts.at(row), &style)?,
        });
    }
    together(&rows, c)
}

fn together(rows: &[ArrayRef], c: &Call<'_>) -> Result<ArrayRef> {
    if rows.is_empty() {
        return Ok(arrow::array::new_empty_array(c.ret.data_type()));
    }
    let parts: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&parts).map_err(fault)
}
