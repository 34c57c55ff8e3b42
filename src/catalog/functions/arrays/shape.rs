//! Dimensions: `array_ndims`, `array_dims`, `array_length`, `array_lower`, `array_upper`, `cardinality`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Field, Int32Type};

use super::super::Registry;
use super::super::call::{Call, list_row, too_large};
use super::super::overload::Ret;
use super::super::ty::Ty::{AnyArray, Int4, Text};
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// An array on its way into `array_agg`, which takes none that is empty.
pub const ACCUMULATED: &str = "accumulated array";

pub(super) fn register(r: &mut Registry) {
    r.add("cardinality", &[AnyArray], Int4, |c| {
        let lists = c.lists(0)?;
        c.build::<Int32Type>(|i| {
            Ok(dimensions(&lists.at(i)).iter().product::<i32>() * i32::from(!lists.at(i).is_empty()))
        })
    });
    r.add("array_ndims", &[AnyArray], Int4, |c| {
        let lists = c.lists(0)?;
        c.build_opt::<Int32Type>(|i| {
            let count = dimensions(&lists.at(i)).len();
            Ok(if count == 0 { None } else { Some(i32::try_from(count).map_err(|_| too_large())?) })
        })
    });
    r.add("array_dims", &[AnyArray], Text, |c| {
        let (lists, first) = (c.lists(0)?, first_subscript(&c.fields[0]));
        c.build_text_opt(|i, out| {
            let sizes = dimensions(&lists.at(i));
            for size in &sizes {
                out.push_str(&format!("[{first}:{}]", size - 1 + first));
            }
            Ok(!sizes.is_empty())
        })
    });
    r.add(ACCUMULATED, &[AnyArray], Ret::Same(0), |c| {
        let lists = c.lists(0)?;
        if (0..c.rows).any(|i| !c.skips(i) && !c.is_null(0, i) && lists.at(i).is_empty()) {
            let message = "cannot accumulate empty arrays";
            return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message));
        }
        if c.arg(0).constant { nth_times(&c.arg(0).array, c.rows) } else { Ok(Arc::clone(&c.arg(0).array)) }
    });
    r.add("array_length", &[AnyArray, Int4], Int4, |c| dimension(c, |size, _| size));
    r.add("array_upper", &[AnyArray, Int4], Int4, |c| dimension(c, |size, first| size - 1 + first));
    r.add("array_lower", &[AnyArray, Int4], Int4, |c| dimension(c, |_, first| first));
}

fn nth_times(one: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let same = arrow::array::UInt32Array::from(vec![0; rows]);
    arrow::compute::take(one, &same, None).map_err(fault)
}

/// The size of each dimension; none of an empty array.
pub(super) fn dimensions(elements: &ArrayRef) -> Vec<i32> {
    let mut sizes = Vec::new();
    let mut level = elements.clone();
    loop {
        if level.is_empty() {
            return if sizes.is_empty() { Vec::new() } else { sizes };
        }
        sizes.push(i32::try_from(level.len()).unwrap_or(i32::MAX));
        match list_row(&level, 0) {
            Some(inner) => level = inner,
            None => return sizes,
        }
    }
}

/// The first subscript of an array: the catalog's vectors count from 0.
pub(in crate::catalog::functions) fn first_subscript(field: &Field) -> i32 {
    i32::from(!matches!(pg_type(field).oid, oid::INT2VECTOR | oid::OIDVECTOR))
}

fn dimension(c: &Call<'_>, of: fn(i32, i32) -> i32) -> Result<ArrayRef> {
    let (lists, number, first) = (c.lists(0)?, c.prims::<Int32Type>(1)?, first_subscript(&c.fields[0]));
    c.build_opt::<Int32Type>(|i| {
        let index = usize::try_from(i64::from(number.at(i)) - 1).ok();
        Ok(index.and_then(|n| dimensions(&lists.at(i)).get(n).copied()).map(|size| of(size, first)))
    })
}
