//! Functions that return one column of rows, as functions that return the list of them: the planner unnests the list.
//!
//! A list is made whole, so that it is bounded: at most [`MAX_LENGTH`] values per call, beyond which it is `54000`.
//! A series of constant arguments in FROM does not come here; it is made batch by batch ([`super::table::series`]).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Volatility;

use super::Registry;
use super::arrays::first_subscript;
use super::call::Call;
use super::overload::{Ret, ReturnArgs};
use super::table::series::{Series, result_type};
use super::ty::Ty::{AnyArray, Array as ArrayOf, Bool, Int4, Int8, Interval, Numeric, Text, Timestamp, TimestampTz};
use super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Longest series of one call.
const MAX_LENGTH: u32 = 10_000_000;
/// Values made at a time.
const STEP: usize = 64 * 1024;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    const NAME: &str = "generate_series_list";
    r.add(NAME, &[Int4, Int4], ArrayOf(&Int4), series);
    r.add(NAME, &[Int4, Int4, Int4], ArrayOf(&Int4), series);
    r.add(NAME, &[Int8, Int8], ArrayOf(&Int8), series);
    r.add(NAME, &[Int8, Int8, Int8], ArrayOf(&Int8), series);
    r.add(NAME, &[Numeric, Numeric], Ret::Rule(list_of_result), series);
    r.add(NAME, &[Numeric, Numeric, Numeric], Ret::Rule(list_of_result), series);
    r.add(NAME, &[Timestamp, Timestamp, Interval], ArrayOf(&Timestamp), series);
    r.add(NAME, &[TimestampTz, TimestampTz, Interval], ArrayOf(&TimestampTz), series);
    r.add(NAME, &[TimestampTz, TimestampTz, Interval, Text], ArrayOf(&TimestampTz), series);
    r.volatility(Volatility::Stable, &[NAME]);
    r.add("generate_subscripts_list", &[AnyArray, Int4], ArrayOf(&Int4), subscripts);
    r.add("generate_subscripts_list", &[AnyArray, Int4, Bool], ArrayOf(&Int4), subscripts);
    r.add("unnest_list", &[AnyArray], Ret::Rule(list_of_leaves), leaves);
}

fn list(element: Field) -> Field {
    Field::new("list", DataType::List(Arc::new(element.with_name("item").with_nullable(true))), true)
}

fn list_of_result(args: &ReturnArgs<'_>) -> Result<Field> {
    let types: Vec<DataType> = args.fields.iter().map(|f| f.data_type().clone()).collect();
    Ok(list(Field::new("item", result_type(&types)?, true)))
}

/// The innermost element of an array type, which `unnest` gives the values of.
fn leaf(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::List(inner) | DataType::LargeList(inner) | DataType::FixedSizeList(inner, _) => leaf(inner),
        _ => Arc::clone(field),
    }
}

fn list_of_leaves(args: &ReturnArgs<'_>) -> Result<Field> {
    Ok(list(leaf(&args.fields[0]).as_ref().clone()))
}

/// A list column from one array of values per row; `None` is NULL.
fn lists(c: &Call<'_>, rows: Vec<Option<ArrayRef>>) -> Result<ArrayRef> {
    let DataType::List(field) = c.ret.data_type() else { return Err(fault("a list function returns lists")) };
    let valid: NullBuffer = rows.iter().map(Option::is_some).collect();
    let lengths: Vec<usize> = rows.iter().map(|r| r.as_ref().map_or(0, Array::len)).collect();
    let parts: Vec<ArrayRef> =
        rows.into_iter().flatten().map(|a| cast(&a, field.data_type()).map_err(fault)).collect::<Result<_>>()?;
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values = if parts.is_empty() { new_empty_array(field.data_type()) } else { concat(&parts).map_err(fault)? };
    let list = ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, Some(valid));
    Ok(Arc::new(list.map_err(fault)?))
}

fn series(c: &Call<'_>) -> Result<ArrayRef> {
    let mut rows = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        if (0..c.arity()).any(|i| c.is_null(i, row)) {
            rows.push(None);
            continue;
        }
        let args = (0..c.arity()).map(|i| ScalarValue::try_from_array(&c.arg(i).array, c.arg(i).index(row)));
        let args: Vec<ScalarValue> = args.collect::<Result<_, _>>().map_err(fault)?;
        let mut series = Series::new(&args, c.options)?;
        let too_long = || Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "the series is too long for one row");
        if series.is_longer_than(MAX_LENGTH) {
            return Err(too_long());
        }
        let (mut parts, mut length): (Vec<ArrayRef>, usize) = (Vec::new(), 0);
        while let Some(part) = series.next_values(STEP)? {
            length += part.len();
            if length > MAX_LENGTH as usize {
                return Err(too_long());
            }
            parts.push(part);
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let DataType::List(field) = c.ret.data_type() else { return Err(fault("a series is a list")) };
        rows.push(Some(if parts.is_empty() {
            new_empty_array(field.data_type())
        } else {
            concat(&parts).map_err(fault)?
        }));
    }
    lists(c, rows)
}

/// One more than the dimensions an array can have.
const DEEPER_THAN_ANY: i32 = 7;

/// The valid subscripts of one dimension of an array.
fn subscripts(c: &Call<'_>) -> Result<ArrayRef> {
    let mut rows = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        if (0..c.arity()).any(|i| c.is_null(i, row)) {
            rows.push(None);
            continue;
        }
        let dimension = c.prims::<arrow::datatypes::Int32Type>(1)?.at(row);
        let reverse = c.arity() > 2 && c.bools(2)?.at(row);
        let arg = c.arg(0);
        let mut values = Some(arg.array.slice(arg.index(row), 1));
        for _ in 0..dimension.clamp(0, DEEPER_THAN_ANY) {
            values = values.filter(|v| !v.is_empty()).and_then(|v| elements(&v, 0));
        }
        let length = values.filter(|_| dimension > 0).map_or(0, |v| i32::try_from(v.len()).unwrap_or(i32::MAX));
        let first = first_subscript(&c.fields[0]);
        let range = first..length + first;
        let all: Vec<i32> = if reverse { range.rev().collect() } else { range.collect() };
        rows.push(Some(Arc::new(Int32Array::from(all)) as ArrayRef));
    }
    lists(c, rows)
}

/// The elements of one array value; `None` when it is none.
fn elements(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    }
}

/// The values of an array of any dimensions, in storage order.
fn leaves(c: &Call<'_>) -> Result<ArrayRef> {
    let mut rows = Vec::with_capacity(c.rows);
    for row in 0..c.rows {
        let arg = c.arg(0);
        rows.push(match elements(&arg.array, arg.index(row)) {
            Some(values) => Some(flatten(&values)?),
            None => None,
        });
    }
    lists(c, rows)
}

fn flatten(values: &ArrayRef) -> Result<ArrayRef> {
    if !matches!(values.data_type(), DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)) {
        return Ok(Arc::clone(values));
    }
    let parts: Vec<ArrayRef> =
        (0..values.len()).filter_map(|i| elements(values, i)).map(|inner| flatten(&inner)).collect::<Result<_>>()?;
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    if parts.is_empty() {
        let mut inner = values.data_type();
        while let DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) = inner {
            inner = f.data_type();
        }
        return Ok(new_empty_array(inner));
    }
    concat(&parts).map_err(fault)
}
