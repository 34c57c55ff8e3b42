//! Array functions.
//!
//! Arrays start at 1; PostgreSQL's other lower bounds have no column form. An empty array has no dimensions.

mod build;
mod construct;
mod contain;
mod edit;
mod search;
mod shape;
mod subscript;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::array::{DynComparator, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, IntervalMonthDayNanoType};

use super::Registry;
use super::alike::alike;
use super::datetime::{from_arrow, interval};
use super::ty::WIDE_NUMERIC;
use super::udf::fault;
use crate::error::Result;

pub use build::{FILL, FILL_OF};
pub use construct::{CONSTRUCTOR, constructor};
pub use shape::ACCUMULATED;
pub(super) use shape::first_subscript;
pub use subscript::{SLICE, SUBSCRIPT};

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    build::register(r);
    contain::register(r);
    edit::register(r);
    search::register(r);
    shape::register(r);
    subscript::register(r);
}

/// PostgreSQL's order of the values of two columns of one type: NaN above all numbers, `-0` equal to `0`, intervals by
/// length, text by bytes, NULLs last.
pub fn order(left: &ArrayRef, right: &ArrayRef) -> Result<DynComparator> {
    use arrow::array::Float64Array;
    let options = SortOptions { descending: false, nulls_first: false };
    match (left.data_type(), right.data_type()) {
        (DataType::Interval(_), DataType::Interval(_)) => {
            let (a, b) = (
                left.as_primitive::<IntervalMonthDayNanoType>().clone(),
                right.as_primitive::<IntervalMonthDayNanoType>().clone(),
            );
            Ok(Box::new(move |i, j| match (a.is_null(i), b.is_null(j)) {
                (false, false) => interval::compare(from_arrow(a.value(i)), from_arrow(b.value(j))),
                (a, b) => a.cmp(&b),
            }))
        }
        (DataType::Float32 | DataType::Float64, _) => {
            let wide = |array: &ArrayRef| -> Result<Float64Array> {
                let array = arrow::compute::cast(array, &DataType::Float64).map_err(fault)?;
                // One zero and one NaN, so that the total order is PostgreSQL's.
                Ok(array
                    .as_primitive::<arrow::datatypes::Float64Type>()
                    .unary(|v| if v.is_nan() { f64::NAN } else { v + 0.0 }))
            };
            make_comparator(&wide(left)?, &wide(right)?, options).map_err(fault)
        }
        (DataType::List(_), DataType::List(_)) => lists(left, right),
        (a, b) if [a, b].contains(&&WIDE_NUMERIC) => {
            let (left, right) = alike(left, right)?;
            make_comparator(&left, &right, options).map_err(fault)
        }
        (a, b) if a == b => make_comparator(left, right, options).map_err(fault),
        (a, _) => {
            let right = arrow::compute::cast(right, a).map_err(fault)?;
            make_comparator(left, &right, options).map_err(fault)
        }
    }
}

/// Arrays compare element by element, then by length.
fn lists(left: &ArrayRef, right: &ArrayRef) -> Result<DynComparator> {
    let (a, b) = (left.as_list::<i32>().clone(), right.as_list::<i32>().clone());
    let element = order(a.values(), b.values())?;
    Ok(Box::new(move |i, j| {
        match (a.is_null(i), b.is_null(j)) {
            (false, false) => {}
            (a, b) => return a.cmp(&b),
        }
        let range = |list: &arrow::array::ListArray, row: usize| {
            let offsets = list.value_offsets();
            usize::try_from(offsets[row]).unwrap_or(0)..usize::try_from(offsets[row + 1]).unwrap_or(0)
        };
        let (ra, rb) = (range(&a, i), range(&b, j));
        let differ = ra.clone().zip(rb.clone()).map(|(x, y)| element(x, y)).find(|o| o.is_ne());
        differ.unwrap_or_else(|| ra.len().cmp(&rb.len()))
    }))
}
