//! `array_position`, `array_positions`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array};
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{AnyArray, AnyElement, Array as ArrayOf, Int4};
use super::super::ty::element;
use super::order;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add_lax("array_position", &[AnyArray, AnyElement], Int4, position);
    r.add_lax("array_position", &[AnyArray, AnyElement, Int4], Int4, position);
    r.add_lax("array_positions", &[AnyArray, AnyElement], ArrayOf(&Int4), positions);
}

/// The places from 1 at which the wanted element stands; NULL finds NULLs.
fn places(c: &Call<'_>, list: &ArrayRef, row: usize) -> Result<Vec<i32>> {
    if element(list.data_type()).is_some() {
        let message = "searching for elements in multidimensional arrays is not supported";
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    }
    let wanted = c.arg(1);
    let compare = order(list, &wanted.array)?;
    let at = wanted.index(row);
    Ok((0..list.len()).filter(|i| compare(*i, at).is_eq()).filter_map(|i| i32::try_from(i + 1).ok()).collect())
}

fn position(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let start = if c.arity() == 3 { Some(c.prims::<Int32Type>(2)?) } else { None };
    c.build_opt::<Int32Type>(|row| {
        if c.is_null(0, row) {
            return Ok(None);
        }
        if start.is_some() && c.is_null(2, row) {
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "initial position must not be null"));
        }
        let from = start.as_ref().map_or(1, |s| s.at(row));
        Ok(places(c, &lists.at(row), row)?.into_iter().find(|place| *place >= from))
    })
}

fn positions(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    c.build_list(|row| {
        if c.is_null(0, row) {
            return Ok(None);
        }
        Ok(Some(Arc::new(Int32Array::from(places(c, &lists.at(row), row)?)) as ArrayRef))
    })
}
