//! `width_bucket`.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Float64Type, Int32Type};

use super::super::Registry;
use super::super::arith::out_of_range;
use super::super::arrays::order;
use super::super::call::Call;
use super::super::number::Number;
use super::super::ty::Ty::{AnyArray, AnyElement, Float8, Int4, Numeric};
use super::super::ty::element;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("width_bucket", &[Float8, Float8, Float8, Int4], Int4, floats);
    r.add("width_bucket", &[Numeric, Numeric, Numeric, Int4], Int4, numerics);
    r.add("width_bucket", &[AnyElement, AnyArray], Int4, thresholds);
}

fn invalid(message: &'static str) -> Error {
    Error::new(sqlstate::INVALID_ARGUMENT_FOR_WIDTH_BUCKET, message)
}

fn check_count(count: i32) -> Result<()> {
    if count > 0 { Ok(()) } else { Err(invalid("count must be greater than zero")) }
}

fn floats(c: &Call<'_>) -> Result<ArrayRef> {
    let (v, low, high) = (c.prims::<Float64Type>(0)?, c.prims::<Float64Type>(1)?, c.prims::<Float64Type>(2)?);
    let count = c.prims::<Int32Type>(3)?;
    c.build::<Int32Type>(|i| {
        let (v, low, high, count) = (v.at(i), low.at(i), high.at(i), count.at(i));
        check_count(count)?;
        if v.is_nan() || low.is_nan() || high.is_nan() {
            return Err(invalid("operand, lower bound, and upper bound cannot be NaN"));
        }
        if low.is_infinite() || high.is_infinite() {
            return Err(invalid("lower and upper bounds must be finite"));
        }
        if low == high {
            return Err(invalid("lower bound cannot equal upper bound"));
        }
        let (below, above, share) = match low < high {
            true => (v < low, v >= high, (v - low) / (high - low)),
            false => (v > low, v <= high, (low - v) / (low - high)),
        };
        if below {
            return Ok(0);
        }
        if above {
            return count.checked_add(1).ok_or_else(|| out_of_range(c.ret.data_type()));
        }
        Ok(((share * f64::from(count)) as i32).min(count - 1) + 1)
    })
}

fn numerics(c: &Call<'_>) -> Result<ArrayRef> {
    let (v, low, high) = (c.nums(0)?, c.nums(1)?, c.nums(2)?);
    let count = c.prims::<Int32Type>(3)?;
    c.build::<Int32Type>(|i| {
        let (v, low, high, count) = (v.number(i)?, low.number(i)?, high.number(i)?, count.at(i));
        check_count(count)?;
        if [&v, &low, &high].iter().any(|n| matches!(n, Number::NaN)) {
            return Err(invalid("operand, lower bound, and upper bound cannot be NaN"));
        }
        let (Number::Finite(low), Number::Finite(high)) = (low, high) else {
            return Err(invalid("lower and upper bounds must be finite"));
        };
        if low.compare(&high).is_eq() {
            return Err(invalid("lower bound cannot equal upper bound"));
        }
        let Number::Finite(v) = v else {
            let above = (v.signum() > 0) == low.compare(&high).is_lt();
            return if above { count.checked_add(1).ok_or_else(|| out_of_range(c.ret.data_type())) } else { Ok(0) };
        };
        let (below, above) = match low.compare(&high) {
            Ordering::Equal => return Err(invalid("lower bound cannot equal upper bound")),
            Ordering::Less => (v.compare(&low).is_lt(), v.compare(&high).is_ge()),
            Ordering::Greater => (v.compare(&low).is_gt(), v.compare(&high).is_le()),
        };
        if below {
            return Ok(0);
        }
        if above {
            return count.checked_add(1).ok_or_else(|| out_of_range(c.ret.data_type()));
        }
        let (n, d) = (v.sub(&low), high.sub(&low));
        let scale = n.scale.max(d.scale);
        let bucket = n.round(scale).mantissa * count / d.round(scale).mantissa + 1;
        i32::try_from(&bucket).map_err(|_| out_of_range(c.ret.data_type()))
    })
}

/// How many of the sorted thresholds the operand has reached.
fn thresholds(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(1)?;
    let operand = c.arg(0);
    let is_nested = element(&lists.element_type()).is_some();
    c.build::<Int32Type>(|row| {
        let bounds = lists.at(row);
        if is_nested && !bounds.is_empty() {
            return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array"));
        }
        if bounds.null_count() > 0 {
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs"));
        }
        let compare = order(&bounds, &operand.array)?;
        let at = operand.index(row);
        let (mut low, mut high) = (0, bounds.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if compare(middle, at).is_le() { low = middle + 1 } else { high = middle }
        }
        i32::try_from(low).map_err(|_| out_of_range(c.ret.data_type()))
    })
}
