//! `value IN (values)` in three-valued logic, by PostgreSQL's equality: one NaN, one zero, intervals by their length,
//! rows field by field.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::kernels::cmp;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};

use super::external;
use crate::catalog::functions::alike::alike;
use crate::catalog::functions::order_of_values;

/// Whether `values` has `value`; NULL when it may.
pub fn contains(value: &ScalarValue, values: &ArrayRef) -> Result<Option<bool>> {
    if values.is_empty() {
        return Ok(Some(false));
    }
    if value.is_null() {
        return Ok(None);
    }
    let probe = value.to_array()?;
    let (probe, values) = match probe.data_type() {
        DataType::Struct(_) => (probe, Arc::clone(values)),
        _ => alike(&probe, values).map_err(external)?,
    };
    let values = &values;
    let mut unknown = false;
    match values.data_type() {
        DataType::Struct(_) => {
            for i in 0..values.len() {
                match rows_equal(&probe, 0, values, i)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => unknown = true,
                }
            }
        }
        DataType::Float32 | DataType::Float64 | DataType::Interval(_) | DataType::List(_) => {
            let order = order_of_values(&probe, values).map_err(external)?;
            for i in 0..values.len() {
                if values.is_null(i) {
                    unknown = true;
                } else if order(0, i).is_eq() {
                    return Ok(Some(true));
                }
            }
        }
        _ => {
            let equal = cmp::eq(values, &ScalarValue::try_from_array(&probe, 0)?.to_scalar()?)?;
            if equal.true_count() > 0 {
                return Ok(Some(true));
            }
            unknown = values.null_count() > 0;
        }
    }
    Ok(if unknown { None } else { Some(false) })
}

/// Whether two rows are equal: a difference decides, else a NULL leaves it open.
fn rows_equal(left: &ArrayRef, i: usize, right: &ArrayRef, j: usize) -> Result<Option<bool>> {
    let is_null = |a: &ArrayRef, row: usize| *a.data_type() == DataType::Null || a.is_null(row);
    if is_null(left, i) || is_null(right, j) {
        return Ok(None);
    }
    let (DataType::Struct(_), DataType::Struct(_)) = (left.data_type(), right.data_type()) else {
        let (left, right) = (left.slice(i, 1), right.slice(j, 1));
        let (left, right) = alike(&left, &right).map_err(external)?;
        let order = order_of_values(&left, &right).map_err(external)?;
        return Ok(Some(order(0, 0).is_eq()));
    };
    let mut unknown = false;
    for (a, b) in left.as_struct().columns().iter().zip(right.as_struct().columns()) {
        match rows_equal(a, i, b, j)? {
            Some(false) => return Ok(Some(false)),
            Some(true) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown { None } else { Some(true) })
}
