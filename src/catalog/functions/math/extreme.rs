//! `greatest` and `least`: NULLs count only when there is nothing else.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{cast, interleave};

use super::super::Registry;
use super::super::arrays::order;
use super::super::call::Call;
use super::super::overload::Ret;
use super::super::ty::Ty::Any;
use super::super::udf::fault;
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    r.add_variadic("greatest", &[Any], Ret::Same(0), |c| choose(c, Ordering::Greater));
    r.add_variadic("least", &[Any], Ret::Same(0), |c| choose(c, Ordering::Less));
}

fn choose(c: &Call<'_>, wanted: Ordering) -> Result<ArrayRef> {
    // The planner has made them one type; text comes as any of Arrow's texts still.
    let one = |i: usize| cast(&c.arg(i).array, c.arg(0).array.data_type()).map_err(fault);
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
