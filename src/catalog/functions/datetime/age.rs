//! `age`: the symbolic difference of two timestamps, in years, months and days.

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Interval as IntervalTy, Timestamp, TimestampTz};
use super::current::today;
use super::zone::session_zone;
use super::{Fields, Interval, SECOND_US, interval_out_of_range, is_infinite, kernels, to_arrow};
use crate::error::Result;
use crate::types::civil::days_in_month;

pub(super) fn register(r: &mut Registry) {
    r.add("age", &[Timestamp, Timestamp], IntervalTy, |c| {
        let (a, b) = (c.prims::<TimestampMicrosecondType>(0)?, c.prims::<TimestampMicrosecondType>(1)?);
        c.build::<IntervalMonthDayNanoType>(|i| to_arrow(age(a.at(i), b.at(i))?))
    });
    r.add("age", &[TimestampTz, TimestampTz], IntervalTy, |c| {
        let (a, b) = (c.prims::<TimestampMicrosecondType>(0)?, c.prims::<TimestampMicrosecondType>(1)?);
        let zone = session_zone(c);
        c.build::<IntervalMonthDayNanoType>(|i| to_arrow(age(zone.to_local(a.at(i)), zone.to_local(b.at(i)))?))
    });
    r.add("age", &[Timestamp], IntervalTy, |c| since_today(c, false));
    r.add("age", &[TimestampTz], IntervalTy, |c| since_today(c, true));
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["age"]);
}

fn since_today(c: &Call<'_>, zoned: bool) -> Result<ArrayRef> {
    let ts = c.prims::<TimestampMicrosecondType>(0)?;
    let midnight = kernels::date_to_timestamp(today(c))?;
    let zone = session_zone(c);
    c.build::<IntervalMonthDayNanoType>(|i| {
        let then = if zoned { zone.to_local(ts.at(i)) } else { ts.at(i) };
        to_arrow(age(midnight, then)?)
    })
}

/// `later - earlier` in years, months, days and time; negative when the order is reversed.
pub fn age(a: i64, b: i64) -> Result<Interval> {
    match (is_infinite(a), is_infinite(b)) {
        (true, true) if a == b => return Err(interval_out_of_range()),
        (true, _) => return Ok(if a > 0 { Interval::INFINITY } else { Interval::NEG_INFINITY }),
        (_, true) => return Ok(if b > 0 { Interval::NEG_INFINITY } else { Interval::INFINITY }),
        _ => {}
    }
    let (first, second) = (Fields::of(a), Fields::of(b));
    let sign = if a < b { -1 } else { 1 };
    let mut us = sign * (first.us - second.us);
    let mut parts = [
        sign * (first.second - second.second),
        sign * (first.minute - second.minute),
        sign * (first.hour - second.hour),
    ];
    let mut days = sign * (i64::from(first.date.day) - i64::from(second.date.day));
    let mut months =
        sign * ((first.date.year - second.date.year) * 12 + i64::from(first.date.month) - i64::from(second.date.month));
    if us < 0 {
        us += SECOND_US;
        parts[0] -= 1;
    }
    let mut borrow = 0;
    for (part, size) in parts.iter_mut().zip([60, 60, 24]) {
        *part -= borrow;
        borrow = i64::from(*part < 0);
        *part += borrow * size;
    }
    days -= borrow;
    // A missing day is borrowed from the earlier one's month.
    let from = if a < b { first.date } else { second.date };
    while days < 0 {
        days += i64::from(days_in_month(from.year, from.month));
        months -= 1;
    }
    let time = ((parts[2] * 60 + parts[1]) * 60 + parts[0]) * SECOND_US + us;
    super::interval::built(sign * months, sign * days, sign * time)
}
