//! Subscripts and slices, as functions for the planner: outside the array there is NULL, or an empty array.

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Int32Type};

use super::super::Registry;
use super::super::access::Prims;
use super::super::call::{Call, list_row};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{self, Any};
use super::super::ty::{element, element_field};
use super::super::udf::{fault, nulls};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{arrow_field, oid, pg_type};

/// `a[i][j]`.
pub const SUBSCRIPT: &str = "array_subscript";
/// `a[i:j][k:l]`: for each dimension which bounds were written (1 the lower, 2 the upper), and the bounds.
pub const SLICE: &str = "array_slice_of";
/// PostgreSQL's limit of dimensions.
const MAX_DIMS: usize = 6;

pub(super) fn register(r: &mut Registry) {
    // What is no array is told from one by the planner.
    r.add_variadic(SUBSCRIPT, &[Any, Any], Ret::Rule(leaf), subscripts);
    r.add_variadic(SLICE, &[Any, Any], Ret::Rule(same), slices);
}

/// The innermost element's type.
fn leaf(args: &ReturnArgs<'_>) -> Result<Field> {
    let mut field = args.fields[0].as_ref();
    if Ty::of_field(field) == Some(Ty::Jsonb) {
        return Ok(Ty::Jsonb.field());
    }
    if pg_type(field).oid == oid::NAME {
        // A name is an array of "char"; the planner has a call of its own for it.
        return arrow_field(oid::CHAR, -1);
    }
    has_subscripts(field)?;
    check_dims(args.fields.len() - 1)?;
    while let Some(inner) = element_field(field.data_type()) {
        field = inner;
    }
    Ok(field.clone().with_name("element").with_nullable(true))
}

fn same(args: &ReturnArgs<'_>) -> Result<Field> {
    if Ty::of_field(&args.fields[0]) == Some(Ty::Jsonb) {
        return Err(Error::new(sqlstate::DATATYPE_MISMATCH, "jsonb subscript does not support slices"));
    }
    has_subscripts(&args.fields[0])?;
    check_dims((args.fields.len() - 1) / 3)?;
    Ok(args.fields[0].as_ref().clone().with_nullable(true))
}

/// `42804` of a value that is no array.
fn has_subscripts(field: &Field) -> Result<()> {
    if element(field.data_type()).is_some() {
        return Ok(());
    }
    let name = oid::sql_name(pg_type(field).oid);
    let message = format!("cannot subscript type {name} because it does not support subscripting");
    Err(Error::new(sqlstate::DATATYPE_MISMATCH, message))
}

fn check_dims(count: usize) -> Result<()> {
    if count <= MAX_DIMS {
        return Ok(());
    }
    let message = format!("number of array dimensions ({count}) exceeds the maximum allowed ({MAX_DIMS})");
    Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message))
}

fn position(subscript: i32, length: usize) -> Option<usize> {
    usize::try_from(i64::from(subscript) - 1).ok().filter(|n| *n < length)
}

/// One element; with too few or too many subscripts there is none.
fn subscripts(c: &Call<'_>) -> Result<ArrayRef> {
    let numbers = (1..c.arity()).map(|i| c.prims::<Int32Type>(i)).collect::<Result<Vec<_>>>()?;
    let mut values = std::sync::Arc::clone(&c.arg(0).array);
    let mut levels = Vec::new();
    while let Some(list) = values.as_list_opt::<i32>() {
        levels.push(list.clone());
        values = std::sync::Arc::clone(list.values());
    }
    if levels.len() != numbers.len() {
        return Ok(nulls(c.ret.data_type(), c.rows));
    }
    let pick = |row: usize| {
        let mut at = c.arg(0).index(row);
        for (level, number) in levels.iter().zip(&numbers) {
            if level.is_null(at) {
                return None;
            }
            let (from, until) = (level.value_offsets()[at], level.value_offsets()[at + 1]);
            let inside = position(number.at(row), usize::try_from(until - from).ok()?)?;
            at = usize::try_from(from).ok()? + inside;
        }
        u32::try_from(at).ok()
    };
    let given = |row: usize| (0..c.arity()).all(|i| !c.is_null(i, row));
    let picks: UInt32Array = (0..c.rows).map(|row| if given(row) { pick(row) } else { None }).collect();
    take(&values, &picks, None).map_err(fault)
}

/// The bounds of one dimension.
struct Bounds<'a> {
    written: Prims<'a, Int32Type>,
    lower: Prims<'a, Int32Type>,
    upper: Prims<'a, Int32Type>,
}

impl Bounds<'_> {
    /// The first element and their count in a dimension of some length.
    fn range(&self, row: usize, length: usize) -> (usize, usize) {
        let written = self.written.at(row);
        let lower = if written & 1 != 0 { self.lower.at(row) } else { 1 };
        let start = usize::try_from(lower.max(1) - 1).unwrap_or(0).min(length);
        let end = if written & 2 != 0 { usize::try_from(self.upper.at(row)).unwrap_or(0).min(length) } else { length };
        (start, end.saturating_sub(start))
    }
}

fn slices(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let dims = (1..c.arity())
        .step_by(3)
        .map(|i| Ok(Bounds { written: c.prims(i)?, lower: c.prims(i + 1)?, upper: c.prims(i + 2)? }))
        .collect::<Result<Vec<_>>>()?;
    c.build_list(|row| {
        if (0..c.arity()).any(|i| c.is_null(i, row)) {
            return Ok(None);
        }
        let list = lists.at(row);
        Ok(Some(sliced(&list, &dims, row)?.unwrap_or_else(|| list.slice(0, 0))))
    })
}

/// The part of an array; `None` when it is empty.
fn sliced(list: &ArrayRef, dims: &[Bounds<'_>], row: usize) -> Result<Option<ArrayRef>> {
    let Some((bounds, rest)) = dims.split_first() else { return Ok(Some(std::sync::Arc::clone(list))) };
    let (start, count) = bounds.range(row, list.len());
    if count == 0 {
        return Ok(None);
    }
    let outer = list.slice(start, count);
    if rest.is_empty() {
        return Ok(Some(outer));
    }
    let Some(field) = element_field(outer.data_type()).filter(|_| element(outer.data_type()).is_some()) else {
        // More subscripts than dimensions.
        return Ok(None);
    };
    let mut parts = Vec::with_capacity(count);
    for at in 0..count {
        let Some(inner) = list_row(&outer, at) else { return Ok(None) };
        match sliced(&inner, rest, row)? {
            Some(part) => parts.push(part),
            None => return Ok(None),
        }
    }
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(parts.iter().map(Array::len));
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values = arrow::compute::concat(&parts).map_err(fault)?;
    let made = arrow::array::ListArray::try_new(std::sync::Arc::clone(field), offsets, values, None).map_err(fault)?;
    Ok(Some(std::sync::Arc::new(made)))
}
