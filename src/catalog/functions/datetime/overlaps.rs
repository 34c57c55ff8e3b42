//! `(a, b) OVERLAPS (c, d)`: each span given by two ends, or by its start and its length.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Bool, Interval as IntervalTy, Time, TimeTz as TimeTzTy, Timestamp, TimestampTz};
use super::super::udf::fault;
use super::zone::session_zone;
use super::{ZoneSpec, from_arrow, kernels};
use crate::error::Result;
use crate::types::timetz::TimeTz;

pub(super) fn register(r: &mut Registry) {
    const TIMESTAMPS: [&[Ty]; 4] = [
        &[Timestamp, Timestamp, Timestamp, Timestamp],
        &[Timestamp, Timestamp, Timestamp, IntervalTy],
        &[Timestamp, IntervalTy, Timestamp, Timestamp],
        &[Timestamp, IntervalTy, Timestamp, IntervalTy],
    ];
    const INSTANTS: [&[Ty]; 4] = [
        &[TimestampTz, TimestampTz, TimestampTz, TimestampTz],
        &[TimestampTz, TimestampTz, TimestampTz, IntervalTy],
        &[TimestampTz, IntervalTy, TimestampTz, TimestampTz],
        &[TimestampTz, IntervalTy, TimestampTz, IntervalTy],
    ];
    const TIMES: [&[Ty]; 4] = [
        &[Time, Time, Time, Time],
        &[Time, Time, Time, IntervalTy],
        &[Time, IntervalTy, Time, Time],
        &[Time, IntervalTy, Time, IntervalTy],
    ];
    for params in TIMESTAMPS.into_iter().chain(INSTANTS).chain(TIMES) {
        r.add_lax("overlaps", params, Bool, overlaps);
    }
    r.add_lax("overlaps", &[TimeTzTy, TimeTzTy, TimeTzTy, TimeTzTy], Bool, overlaps);
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["overlaps"]);
}

fn overlaps(c: &Call<'_>) -> Result<ArrayRef> {
    let instants = matches!(c.arg(0).array.data_type(), DataType::Timestamp(_, Some(_)));
    let zone = if instants { session_zone(c) } else { ZoneSpec::Fixed(0) };
    c.build_bool_opt(|row| {
        let span = |first: usize| -> Result<(Option<i128>, Option<i128>)> {
            let start = end_of(c, first, row)?;
            let end = match c.arg(first + 1).array.data_type() {
                DataType::Interval(_) => moved(c, first, row, &zone)?,
                _ => end_of(c, first + 1, row)?,
            };
            Ok((start, end))
        };
        Ok(kernels::overlaps(span(0)?, span(2)?))
    })
}

/// An end of a span as a number in the order of its type.
fn end_of(c: &Call<'_>, at: usize, row: usize) -> Result<Option<i128>> {
    if c.is_null(at, row) {
        return Ok(None);
    }
    match c.arg(at).array.data_type() {
        DataType::FixedSizeBinary(_) => {
            let arg = c.arg(at);
            let key = arg.array.as_fixed_size_binary().value(arg.index(row));
            let value = TimeTz::from_key(key).ok_or_else(|| fault("a time's width"))?;
            let utc = i128::from(value.us) - i128::from(value.offset_s) * 1_000_000;
            Ok(Some((utc << 32) - i128::from(value.offset_s)))
        }
        _ => plain(c, at, row).map(|value| Some(value.into())),
    }
}

fn plain(c: &Call<'_>, at: usize, row: usize) -> Result<i64> {
    match c.arg(at).array.data_type() {
        DataType::Time64(_) => Ok(c.prims::<Time64MicrosecondType>(at)?.at(row)),
        _ => Ok(c.prims::<TimestampMicrosecondType>(at)?.at(row)),
    }
}

/// The end of a span of a start and a length.
fn moved(c: &Call<'_>, first: usize, row: usize, zone: &ZoneSpec) -> Result<Option<i128>> {
    if c.is_null(first, row) || c.is_null(first + 1, row) {
        return Ok(None);
    }
    let (start, span) = (plain(c, first, row)?, from_arrow(c.prims::<IntervalMonthDayNanoType>(first + 1)?.at(row)));
    let end = match c.arg(first).array.data_type() {
        DataType::Time64(_) => kernels::time_plus_interval(start, span)?,
        _ => kernels::timestamptz_plus_interval(start, span, zone)?,
    };
    Ok(Some(end.into()))
}
