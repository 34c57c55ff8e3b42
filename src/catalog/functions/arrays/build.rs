//! New arrays: `array_fill`, `array_shuffle`, `array_sample`, and `num_nulls` over an argument list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{Field, Int32Type};

use super::super::Registry;
use super::super::call::{Call, too_large};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{Any, AnyArray, AnyElement, Array as ArrayOf, Int4};
use super::super::ty::{element, list_field, list_of, plain};
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// `array_fill`.
pub const FILL: &str = "array_fill";
/// `array_fill` with the number of dimensions before its arguments.
pub const FILL_OF: &str = "array_fill_of";

/// The most elements a filled array may have; PostgreSQL's bound is the same array size in bytes.
const FILL_LIMIT: i64 = 1 << 24;
/// PostgreSQL's limit of dimensions.
const MAX_DIMS: usize = 6;

pub(super) fn register(r: &mut Registry) {
    // The planner puts the number of dimensions in front.
    r.add_lax(FILL, &[AnyElement, ArrayOf(&Int4)], Ret::Rule(filled), fill);
    r.add_lax(FILL, &[AnyElement, ArrayOf(&Int4), ArrayOf(&Int4)], Ret::Rule(filled), fill);
    r.add_lax(FILL_OF, &[Int4, AnyElement, ArrayOf(&Int4)], Ret::Rule(filled), fill);
    r.add_lax(FILL_OF, &[Int4, AnyElement, ArrayOf(&Int4), ArrayOf(&Int4)], Ret::Rule(filled), fill);
    r.add("array_shuffle", &[AnyArray], Ret::Same(0), |c| shuffle(c, None));
    r.add("array_sample", &[AnyArray, Int4], Ret::Same(0), |c| shuffle(c, Some(1)));
    r.volatility(datafusion::logical_expr::Volatility::Volatile, &["array_shuffle", "array_sample"]);
    r.add_variadic("num_nulls", &[Any], Int4, |c| count(c, true));
    r.add_variadic("num_nonnulls", &[Any], Int4, |c| count(c, false));
}

fn count(c: &Call<'_>, nulls: bool) -> Result<ArrayRef> {
    c.build::<Int32Type>(|row| {
        let found = (0..c.arity()).filter(|i| c.is_null(*i, row) == nulls).count();
        i32::try_from(found).map_err(|_| too_large())
    })
}

/// An array over the value, with as many levels as the constant sizes say.
fn filled(args: &ReturnArgs<'_>) -> Result<Field> {
    let dims = args.int(0).unwrap_or(1);
    if usize::try_from(dims).is_ok_and(|dims| dims > MAX_DIMS) {
        let message = format!("number of array dimensions ({dims}) exceeds the maximum allowed ({MAX_DIMS})");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    let element = args.fields[1].as_ref();
    let leaf = element.clone().with_data_type(plain(element.data_type()));
    let nested = (1..dims).fold(list_field(&leaf), |inner, _| list_of(inner));
    Ok(Field::new("", nested, true))
}

fn null_bound(what: &'static str) -> Error {
    Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, what)
}

/// The numbers of a one-dimensional array argument.
fn numbers(c: &Call<'_>, i: usize, row: usize, what: &'static str) -> Result<Vec<i32>> {
    if c.is_null(i, row) {
        return Err(null_bound("dimension array or low bound array cannot be null"));
    }
    let lists = c.lists(i)?;
    let list = lists.at(row);
    let Some(values) = list.as_primitive_opt::<Int32Type>() else {
        return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Dimension array must be one dimensional."));
    };
    if values.null_count() > 0 {
        return Err(null_bound(what));
    }
    Ok(values.values().to_vec())
}

fn fill(c: &Call<'_>) -> Result<ArrayRef> {
    if c.arity() < 3 {
        return Err(Error::new(sqlstate::UNDEFINED_FUNCTION, "array_fill needs its dimensions"));
    }
    let value = c.arg(1);
    let mut levels = 0;
    let mut level = c.ret.data_type();
    while let Some(inner) = element(level) {
        (levels, level) = (levels + 1, inner);
    }
    c.build_list(|row| {
        let sizes = numbers(c, 2, row, "dimension values cannot be null")?;
        if c.arity() > 3 {
            let bounds = numbers(c, 3, row, "dimension values cannot be null")?;
            if bounds.len() != sizes.len() {
                return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
                    .detail("Low bound array has different size than dimensions array."));
            }
            if bounds.iter().any(|bound| *bound != 1) {
                return Err(Error::unsupported("arrays with a lower bound other than 1 are not supported"));
            }
        }
        if sizes.len() > MAX_DIMS {
            let message =
                format!("number of array dimensions ({}) exceeds the maximum allowed ({MAX_DIMS})", sizes.len());
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        if sizes.contains(&0) || sizes.is_empty() {
            return Ok(Some(new_empty_array(element(c.ret.data_type()).unwrap_or(c.ret.data_type()))));
        }
        let total = sizes.iter().try_fold(1_i64, |total, size| {
            (*size > 0).then(|| total.checked_mul(i64::from(*size))).flatten().filter(|total| *total <= FILL_LIMIT)
        });
        let Some(total) = total else {
            let message = format!("array size exceeds the maximum allowed ({FILL_LIMIT})");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        };
        if sizes.len() != levels {
            return Err(Error::unsupported("array_fill of dimensions that are not constant is not supported"));
        }
        let same = u32::try_from(value.index(row)).map_err(fault)?;
        let picks = UInt32Array::from_value(same, usize::try_from(total).map_err(fault)?);
        let values = take(&value.array, &picks, None).map_err(fault)?;
        nest(values, &sizes[1..]).map(Some)
    })
}

/// Values as lists of the given lengths, the last one innermost.
fn nest(values: ArrayRef, sizes: &[i32]) -> Result<ArrayRef> {
    let mut array = values;
    for size in sizes.iter().rev() {
        let size = usize::try_from(*size).map_err(fault)?;
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(size, array.len() / size.max(1)));
        let field = Arc::new(Field::new("item", array.data_type().clone(), true));
        array = Arc::new(ListArray::try_new(field, offsets, array, None).map_err(fault)?);
    }
    Ok(array)
}

fn shuffle(c: &Call<'_>, count_at: Option<usize>) -> Result<ArrayRef> {
    let lists = c.lists(0)?;
    let count = count_at.map(|i| c.prims::<Int32Type>(i)).transpose()?;
    c.build_list(|row| {
        let list = lists.at(row);
        let wanted = match &count {
            None => list.len(),
            Some(count) => usize::try_from(count.at(row)).ok().filter(|n| *n <= list.len()).ok_or_else(|| {
                let message = format!("sample size must be between 0 and {}", list.len());
                Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
            })?,
        };
        let mut order: Vec<u32> = (0..u32::try_from(list.len()).map_err(fault)?).collect();
        for i in 0..wanted {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).map_err(fault)?;
            let left = u64::try_from(list.len() - i).map_err(fault)?;
            let other = i + usize::try_from(u64::from_le_bytes(bytes) % left).map_err(fault)?;
            order.swap(i, other);
        }
        order.truncate(wanted);
        take(&list, &UInt32Array::from(order), None).map(Some).map_err(fault)
    })
}
