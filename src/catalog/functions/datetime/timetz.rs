//! `time with time zone`: its operators' functions, fields are with the other types'.

use arrow::array::{ArrayRef, AsArray, FixedSizeBinaryArray};
use arrow::datatypes::{Date32Type, IntervalMonthDayNanoType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::access::mismatch;
use super::super::call::Call;
use super::super::ty::Ty::{Bool, Date, Int4, Interval as IntervalTy, Text, TimeTz as TimeTzTy, TimestampTz};
use super::zone::{ZoneCache, transaction_us};
use super::{Interval, SECOND_US, ZoneSpec, from_arrow, kernels};
use crate::error::Result;
use crate::types::civil::DAY_US;
use crate::types::timetz::TimeTz;

/// An argument of this type.
pub(super) struct TimeTzs<'a> {
    array: &'a FixedSizeBinaryArray,
    constant: bool,
}

impl<'a> TimeTzs<'a> {
    pub(super) fn of(c: &'a Call<'_>, at: usize) -> Result<Self> {
        let arg = c.arg(at);
        let array = arg.array.as_fixed_size_binary_opt();
        let array = array.ok_or_else(|| mismatch(&arg.array, "time with time zone"))?;
        Ok(Self { array, constant: arg.constant })
    }

    /// The value in a row; midnight where it is NULL.
    pub(super) fn at(&self, row: usize) -> TimeTz {
        let key = self.array.value(if self.constant { 0 } else { row });
        TimeTz::from_key(key).unwrap_or(TimeTz { us: 0, offset_s: 0 })
    }

    fn key(&self, row: usize) -> &[u8] {
        self.array.value(if self.constant { 0 } else { row })
    }
}

/// A column of this type, some values NULL.
pub(super) fn build(c: &Call<'_>, mut f: impl FnMut(usize) -> Result<Option<TimeTz>>) -> Result<ArrayRef> {
    let mut keys = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        let value = if c.skips(row) { None } else { f(row)? };
        keys.push(value.map(TimeTz::key));
    }
    TimeTz::column(keys.into_iter())
}

pub(super) fn register(r: &mut Registry) {
    r.add("timetz_pl_interval", &[TimeTzTy, IntervalTy], TimeTzTy, |c| moved(c, kernels::time_plus_interval));
    r.add("timetz_mi_interval", &[TimeTzTy, IntervalTy], TimeTzTy, |c| moved(c, kernels::time_minus_interval));
    r.add("datetimetz_pl", &[Date, TimeTzTy], TimestampTz, instant);
    r.add("datetimetz_timestamptz", &[Date, TimeTzTy], TimestampTz, instant);
    r.add("timezone", &[Text, TimeTzTy], TimeTzTy, |c| {
        let (names, times, now) = (c.text(0)?, TimeTzs::of(c, 1)?, transaction_us(c));
        let mut zones = ZoneCache::default();
        build(c, |i| Ok(Some(shifted(times.at(i), zones.get(names.at(i))?.offset_s(now)))))
    });
    r.add("timezone", &[IntervalTy, TimeTzTy], TimeTzTy, |c| {
        let (spans, times) = (c.prims::<IntervalMonthDayNanoType>(0)?, TimeTzs::of(c, 1)?);
        build(c, |i| {
            let zone = ZoneSpec::from_interval(from_arrow(spans.at(i)))?;
            Ok(Some(shifted(times.at(i), zone.offset_s(0))))
        })
    });
    r.add("timezone", &[TimeTzTy], TimeTzTy, |c| {
        let (times, offset_s) = (TimeTzs::of(c, 0)?, super::session_zone(c).offset_s(transaction_us(c)));
        build(c, |i| Ok(Some(shifted(times.at(i), offset_s))))
    });
    r.add("timetz_eq", &[TimeTzTy, TimeTzTy], Bool, |c| {
        let (a, b) = (TimeTzs::of(c, 0)?, TimeTzs::of(c, 1)?);
        c.build_bool(|i| Ok(a.key(i) == b.key(i)))
    });
    r.add("timetz_cmp", &[TimeTzTy, TimeTzTy], Int4, |c| {
        let (a, b) = (TimeTzs::of(c, 0)?, TimeTzs::of(c, 1)?);
        c.build::<arrow::datatypes::Int32Type>(|i| Ok(a.key(i).cmp(b.key(i)) as i32))
    });
}

/// The same instant of the day at another offset.
fn shifted(value: TimeTz, offset_s: i32) -> TimeTz {
    let moved = value.us + (i64::from(offset_s) - i64::from(value.offset_s)) * SECOND_US;
    TimeTz { us: moved.rem_euclid(DAY_US), offset_s }
}

fn moved(c: &Call<'_>, f: fn(i64, Interval) -> Result<i64>) -> Result<ArrayRef> {
    let (times, spans) = (TimeTzs::of(c, 0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
    build(c, |i| {
        let value = times.at(i);
        Ok(Some(TimeTz { us: f(value.us, from_arrow(spans.at(i)))?, ..value }))
    })
}

/// A date and a time with its zone.
pub(super) fn instant(c: &Call<'_>) -> Result<ArrayRef> {
    let (dates, times) = (c.prims::<Date32Type>(0)?, TimeTzs::of(c, 1)?);
    c.build::<TimestampMicrosecondType>(|i| {
        let midnight = kernels::date_to_timestamp(dates.at(i))?;
        if super::is_infinite(midnight) {
            return Ok(midnight);
        }
        let value = times.at(i);
        let us = midnight.checked_add(value.us - i64::from(value.offset_s) * SECOND_US);
        us.and_then(kernels::checked).ok_or_else(super::timestamp_out_of_range)
    })
}
