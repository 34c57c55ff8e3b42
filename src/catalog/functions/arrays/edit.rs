//! Changed arrays: `array_append`, `array_prepend`, `array_cat`, `array_remove`, `array_replace`, `trim_array`, ….

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{concat, interleave, take};
use arrow::datatypes::{DataType, Field, Int32Type};

use super::super::Registry;
use super::super::call::{Call, list_row};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{AnyArray, AnyElement, Int4};
use super::super::ty::{self, element};
use super::super::udf::fault;
use super::order;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add_lax("array_append", &[AnyArray, AnyElement], Ret::Same(0), |c| extend(c, 0, 1));
    r.add_lax("array_prepend", &[AnyElement, AnyArray], Ret::Same(1), |c| extend(c, 1, 0));
    r.add_lax("array_cat", &[AnyArray, AnyArray], Ret::Rule(deeper), cat);
    r.add_lax("array_remove", &[AnyArray, AnyElement], Ret::Same(0), remove);
    r.add_lax("array_replace", &[AnyArray, AnyElement, AnyElement], Ret::Same(0), replace);
    r.add("trim_array", &[AnyArray, Int4], Ret::Same(0), |c| {
        let (lists, count) = (c.lists(0)?, c.prims::<Int32Type>(1)?);
        c.build_list(|i| {
            let list = lists.at(i);
            match usize::try_from(count.at(i)) {
                Ok(n) if n <= list.len() => Ok(Some(list.slice(0, list.len() - n))),
                _ => Err(Error::new(
                    sqlstate::ARRAY_SUBSCRIPT_ERROR,
                    format!("number of elements to trim must be between 0 and {}", list.len()),
                )),
            }
        })
    });
    r.add("array_reverse", &[AnyArray], Ret::Same(0), |c| {
        let lists = c.lists(0)?;
        c.build_list(|i| {
            let list = lists.at(i);
            let backwards: UInt32Array = (0..u32::try_from(list.len()).map_err(fault)?).rev().collect();
            take(&list, &backwards, None).map(Some).map_err(fault)
        })
    });
}

fn one_dimensional(list: &ArrayRef) -> Result<()> {
    match element(list.data_type()) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "removing elements from multidimensional arrays is not supported",
        )),
    }
}

/// An element put at an array's end (or front, when the element is the first argument).
fn extend(c: &Call<'_>, array: usize, value: usize) -> Result<ArrayRef> {
    let lists = c.lists(array)?;
    if element(&lists.element_type()).is_some() {
        return Err(Error::new(sqlstate::DATA_EXCEPTION, "argument must be empty or one-dimensional array"));
    }
    let added = c.arg(value);
    c.build_list(|row| {
        let one = added.array.slice(added.index(row), 1);
        if c.is_null(array, row) {
            return Ok(Some(one));
        }
        let list = lists.at(row);
        let parts: [&dyn Array; 2] = if array < value { [&list, &one] } else { [&one, &list] };
        concat(&parts).map(Some).map_err(fault)
    })
}

/// The type of the argument with more dimensions.
fn deeper(args: &ReturnArgs<'_>) -> Result<Field> {
    let depth = |data_type: &DataType| {
        let (mut depth, mut level) = (0, data_type);
        while let Some(inner) = element(level) {
            (depth, level) = (depth + 1, inner);
        }
        depth
    };
    let (a, b) = (args.fields[0].data_type(), args.fields[1].data_type());
    Ok(Field::new("", if depth(b) > depth(a) { b.clone() } else { a.clone() }, true))
}

fn cat(c: &Call<'_>) -> Result<ArrayRef> {
    let (a, b) = (c.lists(0)?, c.lists(1)?);
    let DataType::List(field) = c.ret.data_type() else { return Err(fault("the result is not an array")) };
    let wanted = field.data_type();
    // An array of one dimension less joins as one element.
    let as_part = |list: ArrayRef| -> Result<ArrayRef> {
        if list.is_empty() {
            return Ok(arrow::array::new_empty_array(wanted));
        }
        if list.data_type() == wanted || element(wanted) != Some(list.data_type()) {
            return Ok(list);
        }
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([list.len()]);
        let DataType::List(inner) = wanted else { return Err(fault("the element is not an array")) };
        let outer = arrow::array::ListArray::try_new(Arc::clone(inner), offsets, list, None).map_err(fault)?;
        Ok(Arc::new(outer))
    };
    c.build_list(|row| {
        let parts = match (c.is_null(0, row), c.is_null(1, row)) {
            (true, true) => return Ok(None),
            (true, false) => return as_part(b.at(row)).map(Some),
            (false, true) => return as_part(a.at(row)).map(Some),
            (false, false) if b.at(row).is_empty() => return as_part(a.at(row)).map(Some),
            (false, false) if a.at(row).is_empty() => return as_part(b.at(row)).map(Some),
            (false, false) => [as_part(a.at(row))?, as_part(b.at(row))?],
        };
        if let [Some(x), Some(y)] = parts.each_ref().map(|p| list_row(p, 0))
            && x.len() != y.len()
        {
            let message = "cannot concatenate incompatible arrays";
            return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message)
                .detail("Arrays with differing element dimensions are not compatible for concatenation."));
        }
        concat(&[parts[0].as_ref(), parts[1].as_ref()]).map(Some).map_err(fault)
    })
}

fn remove(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let wanted = c.arg(1);
    c.build_list(|row| {
        if c.is_null(0, row) {
            return Ok(None);
        }
        let list = lists.at(row);
        one_dimensional(&list)?;
        let compare = order(&list, &wanted.array)?;
        let at = wanted.index(row);
        let same = |i: usize| compare(i, at).is_eq();
        let kept: UInt32Array =
            (0..list.len()).filter(|i| !same(*i)).map(|i| u32::try_from(i).unwrap_or(u32::MAX)).collect();
        take(&list, &kept, None).map(Some).map_err(fault)
    })
}

fn replace(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let (wanted, new) = (c.arg(1), c.arg(2));
    c.build_list(|row| {
        if c.is_null(0, row) {
            return Ok(None);
        }
        let replacement = new.array.slice(new.index(row), 1);
        replaced(&lists.at(row), &wanted.array, wanted.index(row), &replacement).map(Some)
    })
}

/// The elements, at whatever depth, with those equal to the wanted one replaced.
fn replaced(list: &ArrayRef, wanted: &ArrayRef, at: usize, replacement: &ArrayRef) -> Result<ArrayRef> {
    if let Some(inner) = list.as_list_opt::<i32>() {
        let values = replaced(inner.values(), wanted, at, replacement)?;
        let DataType::List(field) = list.data_type() else { return Err(fault("the value is not an array")) };
        let (offsets, nulls) = (inner.offsets().clone(), inner.nulls().cloned());
        let made = arrow::array::ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(fault)?;
        return Ok(Arc::new(made));
    }
    let compare = order(list, wanted)?;
    let picks: Vec<(usize, usize)> =
        (0..list.len()).map(|i| if compare(i, at).is_eq() { (1, 0) } else { (0, i) }).collect();
    let replacement = match replacement.data_type() == list.data_type() {
        true => Arc::clone(replacement),
        false => arrow::compute::cast(replacement, &ty::plain(list.data_type())).map_err(fault)?,
    };
    interleave(&[list.as_ref(), replacement.as_ref()], &picks).map_err(fault)
}
