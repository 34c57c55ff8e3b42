//! The clock: `now` and its family, by the transaction's and the statement's start.

use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use chrono::{DateTime, Utc};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Date, Int4, Text, Time, TimeTz as TimeTzTy, Timestamp, TimestampTz};
use super::zone::{session_zone, transaction_us};
use super::{kernels, timetz};
use crate::error::Result;
use crate::types::civil::DAY_US;
use crate::types::timetz::TimeTz;
use crate::types::typmod;

pub(super) fn register(r: &mut Registry) {
    use datafusion::logical_expr::Volatility::{Stable, Volatile};
    for name in ["now", "transaction_timestamp", "current_timestamp"] {
        r.add(name, &[], TimestampTz, |c| one::<TimestampMicrosecondType>(c, transaction_us(c)));
    }
    r.add("statement_timestamp", &[], TimestampTz, |c| {
        let start = c.vars().map_or_else(Utc::now, |vars| vars.statement_start);
        one::<TimestampMicrosecondType>(c, start.timestamp_micros())
    });
    r.add("clock_timestamp", &[], TimestampTz, |c| one::<TimestampMicrosecondType>(c, Utc::now().timestamp_micros()));
    r.add("timeofday", &[], Text, |c| {
        let zone = session_zone(c);
        let now = Utc::now();
        let us = now.timestamp_micros();
        let local = DateTime::from_timestamp_micros(zone.to_local(us)).unwrap_or(now);
        let text = format!("{} {}", local.format("%a %b %d %H:%M:%S%.6f %Y"), zone.abbreviation(us));
        c.build_text(|_, out| {
            out.push_str(&text);
            Ok(())
        })
    });
    r.add("localtimestamp", &[], Timestamp, |c| one::<TimestampMicrosecondType>(c, local_now(c)));
    r.add("current_date", &[], Date, |c| one::<Date32Type>(c, today(c)));
    r.add("localtime", &[], Time, |c| one::<Time64MicrosecondType>(c, local_now(c).rem_euclid(DAY_US)));
    r.add("current_time", &[], TimeTzTy, |c| timetz::build(c, |_| Ok(Some(time_now(c)))));
    register_rounded(r);
    let stable = [
        "now",
        "transaction_timestamp",
        "current_timestamp",
        "statement_timestamp",
        "localtimestamp",
        "current_date",
        "localtime",
        "current_time",
    ];
    r.volatility(Stable, &stable);
    r.volatility(Volatile, &["clock_timestamp", "timeofday"]);
}

/// `current_timestamp(n)` and its like: rounded to `n` digits of a second.
fn register_rounded(r: &mut Registry) {
    r.add("current_timestamp", &[Int4], TimestampTz, |c| rounded::<TimestampMicrosecondType>(c, transaction_us(c)));
    r.add("localtimestamp", &[Int4], Timestamp, |c| rounded::<TimestampMicrosecondType>(c, local_now(c)));
    r.add("localtime", &[Int4], Time, |c| rounded::<Time64MicrosecondType>(c, local_now(c).rem_euclid(DAY_US)));
    r.add("current_time", &[Int4], TimeTzTy, |c| {
        let (now, digits) = (time_now(c), c.prims::<arrow::datatypes::Int32Type>(0)?);
        timetz::build(c, |i| Ok(Some(TimeTz { us: typmod::fit_time(now.us, digits.at(i)), ..now })))
    });
}

/// The session's date when the transaction began, in days from 1970-01-01.
pub(super) fn today(c: &Call<'_>) -> i32 {
    kernels::timestamp_to_date(local_now(c))
}

/// The session's time of day with its offset.
fn time_now(c: &Call<'_>) -> TimeTz {
    let zone = session_zone(c);
    TimeTz { us: local_now(c).rem_euclid(DAY_US), offset_s: zone.offset_s(transaction_us(c)) }
}

fn local_now(c: &Call<'_>) -> i64 {
    session_zone(c).to_local(transaction_us(c))
}

fn one<T: ArrowPrimitiveType>(c: &Call<'_>, value: T::Native) -> Result<ArrayRef> {
    let array = PrimitiveArray::<T>::from_value(value, c.rows);
    Ok(Arc::new(array.with_data_type(c.ret.data_type().clone())))
}

fn rounded<T: ArrowPrimitiveType<Native = i64>>(c: &Call<'_>, value: i64) -> Result<ArrayRef> {
    let digits = c.prims::<arrow::datatypes::Int32Type>(0)?;
    c.build::<T>(|i| {
        let unit = 10_i64.pow(u32::try_from(6 - digits.at(i).clamp(0, 6)).unwrap_or(0));
        Ok((value + unit / 2).div_euclid(unit) * unit)
    })
}
