//! Subscripts and slices, as functions for the planner: outside the array there is NULL, or an empty array.

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::{Call, list_row};
use super::super::overload::Ret;
use super::super::ty::Ty::{AnyArray, Int4};
use super::super::udf::fault;
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    r.add("array_subscript", &[AnyArray, Int4], Ret::Element(0), subscript);
    r.add("array_subscript", &[AnyArray, Int4, Int4], Ret::Rule(|a| inner(a, 2)), subscripts);
    r.add("array_subscript", &[AnyArray, Int4, Int4, Int4], Ret::Rule(|a| inner(a, 3)), subscripts);
    // A NULL bound that was written makes the slice NULL, so an open bound has functions of its own.
    r.add("array_slice_pg", &[AnyArray, Int4, Int4], Ret::Same(0), |c| {
        let (from, until) = (c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
        slice(c, |i| from.at(i), |i| until.at(i))
    });
    r.add("array_slice_from", &[AnyArray, Int4], Ret::Same(0), |c| {
        let from = c.prims::<Int32Type>(1)?;
        slice(c, |i| from.at(i), |_| i32::MAX)
    });
    r.add("array_slice_to", &[AnyArray, Int4], Ret::Same(0), |c| {
        let until = c.prims::<Int32Type>(1)?;
        slice(c, |_| 1, |i| until.at(i))
    });
}

/// The type some levels down; a scalar level ends the descent.
fn inner(args: &super::super::overload::ReturnArgs<'_>, levels: usize) -> Result<arrow::datatypes::Field> {
    let mut data_type = args.fields[0].data_type();
    for _ in 0..levels {
        data_type = super::super::ty::element(data_type).unwrap_or(data_type);
    }
    Ok(arrow::datatypes::Field::new("", data_type.clone(), true))
}

fn position(subscript: i32, length: usize) -> Option<usize> {
    usize::try_from(i64::from(subscript) - 1).ok().filter(|n| *n < length)
}

fn subscript(c: &Call<'_>) -> Result<ArrayRef> {
    use arrow::array::AsArray as _;
    let arg = c.arg(0);
    let list = arg.array.as_list_opt::<i32>().ok_or_else(|| fault("the argument is not an array"))?;
    let number = c.prims::<Int32Type>(1)?;
    let offsets = list.value_offsets();
    let picks: UInt32Array = (0..c.rows)
        .map(|row| {
            if c.skips(row) {
                return None;
            }
            let i = arg.index(row);
            let (from, until) = (offsets[i], offsets[i + 1]);
            let at = position(number.at(row), usize::try_from(until - from).ok()?)?;
            u32::try_from(from).ok()?.checked_add(u32::try_from(at).ok()?)
        })
        .collect();
    take(list.values(), &picks, None).map_err(fault)
}

/// One element of an array of several dimensions; with too few or too many subscripts there is none.
fn subscripts(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let numbers = (1..c.arity()).map(|i| c.prims::<Int32Type>(i)).collect::<Result<Vec<_>>>()?;
    let nothing = super::super::udf::nulls(c.ret.data_type(), 1);
    let mut parts = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        let mut found = None;
        let mut level = if c.skips(row) { None } else { Some(lists.at(row)) };
        for (n, number) in numbers.iter().enumerate() {
            let Some(list) = level.take() else { break };
            let Some(at) = position(number.at(row), list.len()) else { break };
            if n + 1 == numbers.len() {
                found = Some(list.slice(at, 1));
            } else {
                level = list_row(&list, at);
            }
        }
        parts.push(found.filter(|f| f.data_type() == c.ret.data_type()).unwrap_or_else(|| nothing.clone()));
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    if parts.is_empty() {
        return Ok(arrow::array::new_empty_array(c.ret.data_type()));
    }
    concat(&parts).map_err(fault)
}

fn slice(c: &Call<'_>, from: impl Fn(usize) -> i32, until: impl Fn(usize) -> i32) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    c.build_list(|row| {
        let list = lists.at(row);
        let start = usize::try_from(from(row).max(1) - 1).unwrap_or(0).min(list.len());
        let end = usize::try_from(until(row)).unwrap_or(0).min(list.len());
        Ok(Some(list.slice(start, end.saturating_sub(start))))
    })
}
