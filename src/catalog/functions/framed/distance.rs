//! Distances in a RANGE frame: `key - offset` and `key + offset` as PostgreSQL's `in_range` functions take them.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};

use super::super::access::Nums;
use super::super::datetime::{Interval, ZoneSpec, from_arrow, interval, kernels};
use super::super::numeric::Dec;
use super::super::ty::{Ty, numeric_for};
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Which way from the current row's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To lesser keys.
    Down,
    /// To greater keys.
    Up,
}

/// An offset.
#[derive(Debug)]
pub enum Distance {
    Exact(Dec),
    Float(f64),
    Span(Interval),
}

/// The ORDER BY column's values.
#[derive(Debug)]
pub struct Keys {
    values: Vec<Option<Value>>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
}

#[derive(Clone, Debug)]
enum Value {
    Exact(Dec),
    Float(f64),
    /// Microseconds
    Time(i64),
    Span(Interval),
}

/// Where a frame ends; `None`: nowhere, as infinite keys have no distance.
#[derive(Debug)]
pub struct Limit(Option<Value>);

impl Distance {
    /// The offset in a one-row column, for keys of a type; a negative one is `22013`.
    pub fn of(offset: &ArrayRef, keys: &DataType) -> Result<Self> {
        let negative = || {
            let message = "invalid preceding or following size in window function";
            Error::new(sqlstate::INVALID_PRECEDING_OR_FOLLOWING_SIZE, message)
        };
        let distance = match offset.data_type() {
            DataType::Float64 => Self::Float(offset.as_primitive::<Float64Type>().value(0)),
            DataType::Interval(_) => Self::Span(from_arrow(offset.as_primitive::<IntervalMonthDayNanoType>().value(0))),
            _ => Self::Exact(exact(offset)?.swap_remove(0).ok_or_else(negative)?),
        };
        let is_negative = match &distance {
            Self::Exact(number) => number.is_negative(),
            Self::Float(number) => number.is_nan() || *number < 0.0,
            Self::Span(span) if Ty::of(keys) == Some(Ty::Time) => span.us < 0,
            Self::Span(span) => interval::length_us(*span) < 0,
        };
        if is_negative { Err(negative()) } else { Ok(distance) }
    }
}

/// A column of integers or numerics.
fn exact(column: &ArrayRef) -> Result<Vec<Option<Dec>>> {
    let column = arrow::compute::cast(column, &numeric_for(column.data_type())).map_err(fault)?;
    let numbers = Nums::over(&column, false)?;
    (0..column.len()).map(|i| column.is_valid(i).then(|| numbers.at(i)).transpose()).collect()
}

impl Keys {
    /// The values of a column; a type without distances is a fault, as it was refused before.
    pub fn of(column: &ArrayRef) -> Result<Self> {
        let cast = |to: &DataType| arrow::compute::cast(column, to).map_err(fault);
        let times = |values: Vec<Option<i64>>| values.into_iter().map(|v| v.map(Value::Time)).collect();
        let (kind, values) = match Ty::of(column.data_type()) {
            Some(Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Numeric) => {
                (Kind::Number, exact(column)?.into_iter().map(|v| v.map(Value::Exact)).collect())
            }
            Some(Ty::Float4 | Ty::Float8) => {
                let floats = cast(&DataType::Float64)?;
                let floats = floats.as_primitive::<Float64Type>().iter().map(|v| v.map(Value::Float)).collect();
                (Kind::Number, floats)
            }
            Some(Ty::Date) => {
                let days = cast(&DataType::Date32)?;
                let midnight = |day: Option<i32>| day.map(kernels::date_to_timestamp).transpose();
                let midnights = days.as_primitive::<Date32Type>().iter().map(midnight).collect::<Result<Vec<_>>>()?;
                (Kind::Timestamp, times(midnights))
            }
            Some(Ty::Time) => {
                let clock = cast(&DataType::Time64(TimeUnit::Microsecond))?;
                (Kind::Time, times(clock.as_primitive::<Time64MicrosecondType>().iter().collect()))
            }
            Some(ty @ (Ty::Timestamp | Ty::TimestampTz)) => {
                let us = cast(&ty.arrow(column.data_type()))?;
                let kind = if ty == Ty::Timestamp { Kind::Timestamp } else { Kind::TimestampTz };
                (kind, times(us.as_primitive::<TimestampMicrosecondType>().iter().collect()))
            }
            Some(Ty::Interval) => {
                let spans = column.as_primitive_opt::<IntervalMonthDayNanoType>().ok_or_else(|| fault("interval"))?;
                (Kind::Interval, spans.iter().map(|v| v.map(|v| Value::Span(from_arrow(v)))).collect())
            }
            _ => return Err(fault("a key without distances")),
        };
        Ok(Self { values, kind })
    }

    /// A row's key moved by a distance.
    pub fn moved(&self, row: usize, distance: &Distance, towards: Direction, zone: &ZoneSpec) -> Result<Limit> {
        let down = towards == Direction::Down;
        let moved = match (&self.values[row], distance) {
            (Some(Value::Exact(key)), Distance::Exact(by)) => {
                Value::Exact(if down { key.sub(by) } else { key.add(by) })
            }
            (Some(Value::Float(key)), Distance::Float(by)) => {
                let against = if down { *key == f64::INFINITY } else { *key == f64::NEG_INFINITY };
                if by.is_infinite() && against {
                    return Ok(Limit(None));
                }
                Value::Float(if down { key - by } else { key + by })
            }
            (Some(Value::Time(key)), Distance::Span(span)) => Value::Time(self.shifted(*key, *span, down, zone)?),
            (Some(Value::Span(key)), Distance::Span(span)) => {
                Value::Span(if down { interval::subtract(*key, *span)? } else { interval::add(*key, *span)? })
            }
            _ => return Err(fault("a distance of another type")),
        };
        Ok(Limit(Some(moved)))
    }

    fn shifted(&self, key: i64, span: Interval, down: bool, zone: &ZoneSpec) -> Result<i64> {
        match (self.kind, down) {
            (Kind::Time, true) => Ok(key.saturating_sub(span.us)),
            (Kind::Time, false) => Ok(key.saturating_add(span.us)),
            (Kind::TimestampTz, true) => kernels::timestamptz_minus_interval(key, span, zone),
            (Kind::TimestampTz, false) => kernels::timestamptz_plus_interval(key, span, zone),
            (_, true) => kernels::timestamp_minus_interval(key, span),
            (_, false) => kernels::timestamp_plus_interval(key, span),
        }
    }

    /// How a row's key stands to a limit; `None` where there is no limit.
    pub fn compare(&self, row: usize, limit: &Limit) -> Option<Ordering> {
        let value = self.values[row].as_ref()?;
        let Some(limit) = &limit.0 else {
            // NaN is above everything, infinity too.
            return matches!(value, Value::Float(v) if v.is_nan()).then_some(Ordering::Greater);
        };
        Some(match (value, limit) {
            (Value::Exact(a), Value::Exact(b)) => a.compare(b),
            (Value::Float(a), Value::Float(b)) => float_order(*a, *b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Span(a), Value::Span(b)) => interval::compare(*a, *b),
            _ => return None,
        })
    }
}

/// NaN is above all numbers and equal to itself.
fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
