//! Interval arithmetic: sums, factors, justification, order.
//!
//! Arrow keeps nanoseconds, PostgreSQL microseconds; an interval whose time part leaves Arrow's range (292 years of
//! hours) is `22008`.

use std::cmp::Ordering;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};

use super::super::Registry;
use super::super::call::Call;
use super::super::numeric::division_by_zero;
use super::super::ty::Ty::{Float8, Interval as IntervalTy};
use super::{Interval, SECOND_US, interval_out_of_range};
use crate::error::Result;
use crate::types::civil::DAY_US;

const SECS_PER_DAY: f64 = 86_400.0;
const DAYS_PER_MONTH: i32 = 30;

pub(super) fn register(r: &mut Registry) {
    r.add("justify_hours", &[IntervalTy], IntervalTy, |c| map(c, justify_hours));
    r.add("justify_days", &[IntervalTy], IntervalTy, |c| map(c, justify_days));
    r.add("justify_interval", &[IntervalTy], IntervalTy, |c| map(c, justify_interval));
    for name in ["interval_um", "uminus"] {
        r.add(name, &[IntervalTy], IntervalTy, |c| map(c, negate));
    }
    r.add("interval_pl", &[IntervalTy, IntervalTy], IntervalTy, |c| zip(c, add));
    r.add("interval_mi", &[IntervalTy, IntervalTy], IntervalTy, |c| zip(c, subtract));
    r.add("interval_mul", &[IntervalTy, Float8], IntervalTy, |c| scale(c, multiply));
    r.add("interval_div", &[IntervalTy, Float8], IntervalTy, |c| scale(c, divide));
}

/// An interval from Arrow's form.
#[must_use]
pub fn from_arrow(value: IntervalMonthDayNano) -> Interval {
    match (value.months, value.days, value.nanoseconds) {
        (i32::MAX, i32::MAX, i64::MAX) => Interval::INFINITY,
        (i32::MIN, i32::MIN, i64::MIN) => Interval::NEG_INFINITY,
        (months, days, ns) => {
            Interval { months, days, us: ns.div_euclid(1000) + i64::from(ns.rem_euclid(1000) >= 500) }
        }
    }
}

/// An interval in Arrow's form.
pub fn to_arrow(value: Interval) -> Result<IntervalMonthDayNano> {
    match value {
        Interval::INFINITY => Ok(IntervalMonthDayNano::new(i32::MAX, i32::MAX, i64::MAX)),
        Interval::NEG_INFINITY => Ok(IntervalMonthDayNano::new(i32::MIN, i32::MIN, i64::MIN)),
        Interval { months, days, us } => {
            let ns = us.checked_mul(1000).ok_or_else(interval_out_of_range)?;
            Ok(IntervalMonthDayNano::new(months, days, ns))
        }
    }
}

/// Whether it is one of the infinities.
#[must_use]
pub fn is_infinite(value: Interval) -> bool {
    value == Interval::INFINITY || value == Interval::NEG_INFINITY
}

/// The length two intervals are ordered by: microseconds, a month taken as 30 days and a day as 24 hours.
#[must_use]
pub fn length_us(value: Interval) -> i128 {
    let days = i128::from(value.months) * i128::from(DAYS_PER_MONTH) + i128::from(value.days);
    days * i128::from(DAY_US) + i128::from(value.us)
}

/// The lengths of a column of intervals, in the order that intervals have; the infinities are beyond all others.
pub fn lengths(array: &ArrayRef) -> arrow::error::Result<ArrayRef> {
    let array = arrow::compute::cast(array, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let spans = array.as_primitive::<IntervalMonthDayNanoType>();
    let lengths: Decimal128Array =
        spans.iter().map(|span| span.map(|span| comparable_length(from_arrow(span)))).collect();
    Ok(Arc::new(lengths))
}

/// The number by which an interval is compared.
#[must_use]
pub fn comparable_length(value: Interval) -> i128 {
    match value {
        Interval::INFINITY => 10_i128.pow(37),
        Interval::NEG_INFINITY => -10_i128.pow(37),
        _ => length_us(value),
    }
}

/// PostgreSQL's order: `1 month` equals `30 days` equals `720:00:00`.
#[must_use]
pub fn compare(a: Interval, b: Interval) -> Ordering {
    length_us(a).cmp(&length_us(b))
}

/// `a + b`.
pub fn add(a: Interval, b: Interval) -> Result<Interval> {
    match (is_infinite(a), is_infinite(b)) {
        (true, true) if a != b => Err(interval_out_of_range()),
        (true, _) => Ok(a),
        (_, true) => Ok(b),
        _ => {
            let sum = || {
                Some(Interval {
                    months: a.months.checked_add(b.months)?,
                    days: a.days.checked_add(b.days)?,
                    us: a.us.checked_add(b.us)?,
                })
            };
            finite(sum())
        }
    }
}

/// `a - b`.
pub fn subtract(a: Interval, b: Interval) -> Result<Interval> {
    add(a, negate(b)?)
}

/// `-a`.
pub fn negate(a: Interval) -> Result<Interval> {
    match a {
        Interval::INFINITY => Ok(Interval::NEG_INFINITY),
        Interval::NEG_INFINITY => Ok(Interval::INFINITY),
        _ => {
            let negated = || {
                Some(Interval { months: a.months.checked_neg()?, days: a.days.checked_neg()?, us: a.us.checked_neg()? })
            };
            finite(negated())
        }
    }
}

/// `a * factor`.
pub fn multiply(a: Interval, factor: f64) -> Result<Interval> {
    if factor.is_nan() {
        return Err(interval_out_of_range());
    }
    if is_infinite(a) || factor.is_infinite() {
        let sign = length_us(a).signum();
        return match (sign, factor) {
            (0, _) => Err(interval_out_of_range()),
            (_, 0.0) => Err(interval_out_of_range()),
            (sign, factor) if (sign > 0) == (factor > 0.0) => Ok(Interval::INFINITY),
            _ => Ok(Interval::NEG_INFINITY),
        };
    }
    cascade(a, |part| part * factor)
}

/// `a / divisor`.
pub fn divide(a: Interval, divisor: f64) -> Result<Interval> {
    if divisor == 0.0 {
        return Err(division_by_zero());
    }
    if divisor.is_nan() {
        return Err(interval_out_of_range());
    }
    if is_infinite(a) {
        if divisor.is_infinite() {
            return Err(interval_out_of_range());
        }
        return if divisor < 0.0 { negate(a) } else { Ok(a) };
    }
    cascade(a, |part| part / divisor)
}

/// Whole days out of the hours.
pub fn justify_hours(a: Interval) -> Result<Interval> {
    if is_infinite(a) {
        return Ok(a);
    }
    let mut days = i64::from(a.days) + a.us / DAY_US;
    let mut us = a.us % DAY_US;
    if days > 0 && us < 0 {
        (us, days) = (us + DAY_US, days - 1);
    } else if days < 0 && us > 0 {
        (us, days) = (us - DAY_US, days + 1);
    }
    built(i64::from(a.months), days, us)
}

/// Whole months out of the days.
pub fn justify_days(a: Interval) -> Result<Interval> {
    if is_infinite(a) {
        return Ok(a);
    }
    let month = i64::from(DAYS_PER_MONTH);
    let mut months = i64::from(a.months) + i64::from(a.days) / month;
    let mut days = i64::from(a.days) % month;
    if months > 0 && days < 0 {
        (days, months) = (days + month, months - 1);
    } else if months < 0 && days > 0 {
        (days, months) = (days - month, months + 1);
    }
    built(months, days, a.us)
}

/// Both of them, with one sign for all parts.
pub fn justify_interval(a: Interval) -> Result<Interval> {
    if is_infinite(a) {
        return Ok(a);
    }
    let month = i64::from(DAYS_PER_MONTH);
    let mut days = i64::from(a.days) + a.us / DAY_US;
    let mut us = a.us % DAY_US;
    let mut months = i64::from(a.months) + days / month;
    days %= month;
    if months > 0 && (days < 0 || (days == 0 && us < 0)) {
        (days, months) = (days + month, months - 1);
    } else if months < 0 && (days > 0 || (days == 0 && us > 0)) {
        (days, months) = (days - month, months + 1);
    }
    if days > 0 && us < 0 {
        (us, days) = (us + DAY_US, days - 1);
    } else if days < 0 && us > 0 {
        (us, days) = (us - DAY_US, days + 1);
    }
    built(months, days, us)
}

/// The sum or average of intervals: parts in 128 bits, divided at the end.
pub(in super::super) fn built(months: i64, days: i64, us: i64) -> Result<Interval> {
    let parts = || Some(Interval { months: i32::try_from(months).ok()?, days: i32::try_from(days).ok()?, us });
    finite(parts())
}

fn finite(value: Option<Interval>) -> Result<Interval> {
    value.filter(|v| !is_infinite(*v)).ok_or_else(interval_out_of_range)
}

/// Scales each part; what does not make whole months goes to days, what does not make whole days goes to the time.
fn cascade(a: Interval, scaled: impl Fn(f64) -> f64) -> Result<Interval> {
    let (months, days) = (scaled(f64::from(a.months)), scaled(f64::from(a.days)));
    let whole_months = to_i32(months)?;
    let mut whole_days = to_i32(days)?;
    let rest_days = ts_round((months - f64::from(whole_months)) * f64::from(DAYS_PER_MONTH));
    let mut rest_secs = ts_round((days - f64::from(whole_days) + rest_days - rest_days.trunc()) * SECS_PER_DAY);
    if rest_secs.abs() >= SECS_PER_DAY {
        whole_days = whole_days.checked_add(to_i32(rest_secs / SECS_PER_DAY)?).ok_or_else(interval_out_of_range)?;
        rest_secs -= (rest_secs / SECS_PER_DAY).trunc() * SECS_PER_DAY;
    }
    let days = whole_days.checked_add(to_i32(rest_days)?).ok_or_else(interval_out_of_range)?;
    let us = (scaled(a.us as f64) + rest_secs * SECOND_US as f64).round_ties_even();
    if !(-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&us) {
        return Err(interval_out_of_range());
    }
    finite(Some(Interval { months: whole_months, days, us: us as i64 }))
}

fn to_i32(value: f64) -> Result<i32> {
    let cut = value.trunc();
    if cut.is_nan() || cut < f64::from(i32::MIN) || cut > f64::from(i32::MAX) {
        return Err(interval_out_of_range());
    }
    Ok(cut as i32)
}

/// Rounds seconds or days to a millionth, where floats leave dust.
fn ts_round(value: f64) -> f64 {
    (value * 1_000_000.0).round_ties_even() / 1_000_000.0
}

fn map(c: &Call<'_>, f: fn(Interval) -> Result<Interval>) -> Result<ArrayRef> {
    let a = c.prims::<IntervalMonthDayNanoType>(0)?;
    c.build::<IntervalMonthDayNanoType>(|i| to_arrow(f(from_arrow(a.at(i)))?))
}

fn zip(c: &Call<'_>, f: fn(Interval, Interval) -> Result<Interval>) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<IntervalMonthDayNanoType>(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
    c.build::<IntervalMonthDayNanoType>(|i| to_arrow(f(from_arrow(a.at(i)), from_arrow(b.at(i)))?))
}

fn scale(c: &Call<'_>, f: fn(Interval, f64) -> Result<Interval>) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<IntervalMonthDayNanoType>(0)?, c.prims::<Float64Type>(1)?);
    c.build::<IntervalMonthDayNanoType>(|i| to_arrow(f(from_arrow(a.at(i)), b.at(i))?))
}
