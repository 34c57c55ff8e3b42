//! `greatest` and `least`: NULLs count only when there is nothing else.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{cast, interleave};

use super::super::Registry;
use super::super::arrays::order;
use super::super::call::Call;
use super::super::overload::Ret;
use super::super::ty::Ty::{self, AnyElement};
use super::super::udf::fault;
use crate::error::{Error, Result};

pub(super) fn register(r: &mut Registry) {
    r.add_variadic("greatest", &[AnyElement], Ret::Same(0), |c| choose(c, Ordering::Greater));
    r.add_variadic("least", &[AnyElement], Ret::Same(0), |c| choose(c, Ordering::Less));
}

fn choose(c: &Call<'_>, wanted: Ordering) -> Result<ArrayRef> {
    let first = c.arg(0).array.data_type();
    let one = |i: usize| -> Result<ArrayRef> {
        let array = &c.arg(i).array;
        match (Ty::of(first), Ty::of(array.data_type())) {
            _ if array.data_type() == first => Ok(Arc::clone(array)),
            _ if array.logical_null_count() == array.len() => Ok(new_null_array(first, array.len())),
            // The planner has made them one type; text comes as any of Arrow's texts still.
            (Some(a @ (Ty::Text | Ty::Array(_))), Some(b)) if a == b => cast(array, first).map_err(fault),
            _ => Err(Error::internal("values of several types are compared")),
        }
    };
    let columns = (0..c.arity()).map(one).collect::<Result<Vec<ArrayRef>>>()?;
    let mut compare = Vec::with_capacity(columns.len() * columns.len());
    for a in &columns {
        for b in &columns {
            compare.push(order(a, b)?);
        }
    }
    let at = |column: usize, row: usize| c.arg(column).index(row);
    let mut picks = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        let mut best: Option<usize> = None;
        for column in (0..columns.len()).filter(|n| !c.is_null(*n, row)) {
            let better = match best {
                None => true,
                Some(old) => compare[column * columns.len() + old](at(column, row), at(old, row)) == wanted,
            };
            if better {
                best = Some(column);
            }
        }
        // All are NULL: any of them is the answer.
        let column = best.unwrap_or(0);
        picks.push((column, at(column, row)));
    }
    let views: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    interleave(&views, &picks).map_err(fault)
}
