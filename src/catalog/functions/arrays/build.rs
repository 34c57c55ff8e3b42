//! New arrays: `array_fill`, `array_shuffle`, `array_sample`, and `num_nulls` over an argument list.

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Int32Type};

use super::super::Registry;
use super::super::call::{Call, too_large};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{Any, AnyArray, AnyElement, Array as ArrayOf, Int4};
use super::super::ty::list_of;
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The most elements a filled array may have; PostgreSQL's bound is the same array size in bytes.
const FILL_LIMIT: i64 = 1 << 24;

pub(super) fn register(r: &mut Registry) {
    r.add_lax("array_fill", &[AnyElement, ArrayOf(&Int4)], Ret::Rule(filled), fill);
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

fn filled(args: &ReturnArgs<'_>) -> Result<Field> {
    Ok(Field::new("", list_of(args.fields[0].data_type().clone()), true))
}

fn fill(c: &Call<'_>) -> Result<ArrayRef> {
    let sizes = c.lists(1)?;
    let value = c.arg(0);
    c.build_list(|row| {
        if c.is_null(1, row) {
            let message = "dimension array or low bound array cannot be null";
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
        }
        let sizes = sizes.at(row);
        let sizes = sizes.as_primitive::<Int32Type>();
        if sizes.null_count() > 0 {
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null"));
        }
        let sizes = match sizes.values().as_ref() {
            [] => return Ok(Some(value.array.slice(0, 0))),
            [one] => i64::from(*one),
            _ => return Err(Error::unsupported("array_fill of several dimensions is not supported")),
        };
        if !(0..=FILL_LIMIT).contains(&sizes) {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("array size exceeds the maximum allowed ({FILL_LIMIT})"),
            ));
        }
        let same = u32::try_from(value.index(row)).map_err(fault)?;
        let picks = UInt32Array::from_value(same, usize::try_from(sizes).map_err(fault)?);
        take(&value.array, &picks, None).map(Some).map_err(fault)
    })
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
