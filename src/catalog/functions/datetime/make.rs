//! `make_date`, `make_time`, `make_timestamp`, `make_timestamptz`, `make_interval`, `isfinite`, `to_timestamp(number)`.

use arrow::array::ArrayRef;
use arrow::datatypes::{
    Date32Type, Float64Type, Int32Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{
    self, Bool, Date, Float8, Int4, Interval as IntervalTy, Text, Time, Timestamp, TimestampTz,
};
use super::zone::session_zone;
use super::{
    Interval, SECOND_US, ZoneSpec, from_arrow, interval, interval_out_of_range, is_infinite, kernels, to_arrow,
};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US, END_DAY, MIN_DAY, days_in_month};
use crate::types::input::{self, Fault};

const INTERVAL_ARGS: &[Ty] = &[Int4, Int4, Int4, Int4, Int4, Int4, Float8];

pub(super) fn register(r: &mut Registry) {
    r.add("make_date", &[Int4, Int4, Int4], Date, |c| {
        let (y, m, d) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
        c.build::<Date32Type>(|i| make_date(y.at(i), m.at(i), d.at(i)))
    });
    r.add("make_time", &[Int4, Int4, Float8], Time, |c| {
        let (h, m, s) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?, c.prims::<Float64Type>(2)?);
        c.build::<Time64MicrosecondType>(|i| make_time(h.at(i), m.at(i), s.at(i)))
    });
    r.add("make_timestamp", &[Int4, Int4, Int4, Int4, Int4, Float8], Timestamp, |c| {
        let at = parts(c)?;
        c.build::<TimestampMicrosecondType>(at)
    });
    r.add("make_timestamptz", &[Int4, Int4, Int4, Int4, Int4, Float8], TimestampTz, |c| {
        let (mut at, zone) = (parts(c)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| at(i).map(|local| zone.to_utc(local)))
    });
    r.add("make_timestamptz", &[Int4, Int4, Int4, Int4, Int4, Float8, Text], TimestampTz, |c| {
        let (mut at, zone) = (parts(c)?, c.text(6)?);
        c.build::<TimestampMicrosecondType>(|i| Ok(zone_argument(zone.at(i))?.to_utc(at(i)?)))
    });
    for count in 0..=INTERVAL_ARGS.len() {
        r.add("make_interval", &INTERVAL_ARGS[..count], IntervalTy, make_interval);
    }
    r.add("to_timestamp", &[Float8], TimestampTz, |c| {
        let seconds = c.prims::<Float64Type>(0)?;
        c.build::<TimestampMicrosecondType>(|i| from_epoch(seconds.at(i)))
    });
    register_isfinite(r);
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["make_timestamptz"]);
}

fn register_isfinite(r: &mut Registry) {
    r.add("isfinite", &[Date], Bool, |c| {
        let v = c.prims::<Date32Type>(0)?;
        c.build_bool(|i| Ok(v.at(i) != i32::MAX && v.at(i) != i32::MIN))
    });
    for params in [&[Timestamp], &[TimestampTz]] {
        r.add("isfinite", params, Bool, |c| {
            let v = c.prims::<TimestampMicrosecondType>(0)?;
            c.build_bool(|i| Ok(!is_infinite(v.at(i))))
        });
    }
    r.add("isfinite", &[IntervalTy], Bool, |c| {
        let v = c.prims::<IntervalMonthDayNanoType>(0)?;
        c.build_bool(|i| Ok(!interval::is_infinite(from_arrow(v.at(i)))))
    });
}

/// The zone `make_timestamptz` is given: a numeric offset counts east of UTC here, unlike in `AT TIME ZONE`.
fn zone_argument(text: &str) -> Result<ZoneSpec> {
    if text.starts_with(|ch: char| ch.is_ascii_digit()) {
        let message = format!("invalid input syntax for type numeric time zone: \"{text}\"");
        let hint = "Numeric time zones must have \"-\" or \"+\" as first character.";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message).hint(hint));
    }
    match input::displacement(text) {
        Ok(offset) => Ok(ZoneSpec::Fixed(offset)),
        Err(Fault::Displacement) => {
            let message = format!("numeric time zone \"{text}\" out of range");
            Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message))
        }
        Err(_) => ZoneSpec::parse(text),
    }
}

fn make_date(year: i32, month: i32, day: i32) -> Result<i32> {
    let invalid = || {
        let message = format!("date field value out of range: {year}-{month:02}-{day:02}");
        Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
    };
    // A negative year is BC; there is no year 0.
    let astronomical = match year {
        0 => return Err(invalid()),
        ..0 => i64::from(year) + 1,
        _ => i64::from(year),
    };
    let (Ok(m), Ok(d)) = (u32::try_from(month), u32::try_from(day)) else { return Err(invalid()) };
    if !(1..=12).contains(&m) || d < 1 || d > days_in_month(astronomical, m) {
        return Err(invalid());
    }
    let days = Civil { year: astronomical, month: m, day: d }.to_days();
    match i32::try_from(days) {
        Ok(days) if (MIN_DAY..END_DAY).contains(&i64::from(days)) => Ok(days),
        _ => {
            Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("date out of range: {year}-{month:02}-{day:02}")))
        }
    }
}

fn make_time(hour: i32, minute: i32, second: f64) -> Result<i64> {
    let valid = (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..=60.0).contains(&second)
        && !(hour == 24 && (minute > 0 || second > 0.0));
    if !valid {
        let message = format!("time field value out of range: {hour}:{minute:02}:{}", padded(second));
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message));
    }
    let us = (second * 1_000_000.0).round_ties_even() as i64;
    Ok((i64::from(hour) * 60 + i64::from(minute)) * 60 * SECOND_US + us)
}

/// A number of seconds as `%02g` prints it.
fn padded(second: f64) -> String {
    let text = second.to_string();
    if text.len() < 2 { format!("0{text}") } else { text }
}

fn parts<'a>(c: &'a Call<'_>) -> Result<impl FnMut(usize) -> Result<i64> + 'a> {
    let (y, mo, d) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
    let (h, mi, s) = (c.prims::<Int32Type>(3)?, c.prims::<Int32Type>(4)?, c.prims::<Float64Type>(5)?);
    Ok(move |i: usize| {
        let date = make_date(y.at(i), mo.at(i), d.at(i))?;
        let time = make_time(h.at(i), mi.at(i), s.at(i))?;
        let timestamp = i64::from(date).checked_mul(DAY_US).and_then(|midnight| midnight.checked_add(time));
        timestamp.and_then(kernels::checked).ok_or_else(|| {
            let (y, mo, d, h, mi, s) = (y.at(i), mo.at(i), d.at(i), h.at(i), mi.at(i), padded(s.at(i)));
            let message = format!("timestamp out of range: {y}-{mo:02}-{d:02} {h}:{mi:02}:{s}");
            Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
        })
    })
}

fn make_interval(c: &Call<'_>) -> Result<ArrayRef> {
    let ints = (0..c.arity().min(6)).map(|i| c.prims::<Int32Type>(i)).collect::<Result<Vec<_>>>()?;
    let secs = if c.arity() == 7 { Some(c.prims::<Float64Type>(6)?) } else { None };
    c.build::<IntervalMonthDayNanoType>(|row| {
        let part = |i: usize| ints.get(i).map_or(0, |p| p.at(row));
        let secs = secs.as_ref().map_or(0.0, |s| s.at(row));
        if !secs.is_finite() {
            return Err(interval_out_of_range());
        }
        let sum = || {
            let months = part(0).checked_mul(12)?.checked_add(part(1))?;
            let days = part(2).checked_mul(7)?.checked_add(part(3))?;
            let us = (secs * 1_000_000.0).round_ties_even();
            if us.abs() >= 9.2e18 {
                return None;
            }
            let minutes = i64::from(part(4)) * 60 + i64::from(part(5));
            let us = minutes.checked_mul(60 * SECOND_US)?.checked_add(us as i64)?;
            Some(Interval { months, days, us })
        };
        to_arrow(sum().filter(|v| !interval::is_infinite(*v)).ok_or_else(interval_out_of_range)?)
    })
}

fn from_epoch(seconds: f64) -> Result<i64> {
    if seconds.is_nan() {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        return Ok(if seconds > 0.0 { i64::MAX } else { i64::MIN });
    }
    // The rounding happens from 2000-01-01, as PostgreSQL's does.
    let from_2000 = (seconds - 946_684_800.0) * 1_000_000.0;
    let out_of_range =
        || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("timestamp out of range: \"{seconds}\""));
    if from_2000.abs() > 9.3e18 {
        return Err(out_of_range());
    }
    let us = (from_2000.round_ties_even() as i64).checked_add(crate::types::civil::PG_EPOCH_US);
    us.and_then(kernels::checked).ok_or_else(out_of_range)
}
