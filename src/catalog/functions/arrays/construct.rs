//! `ARRAY[…]` once its elements have one type: of arrays it makes one with a dimension more.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::super::call::list_row;
use super::super::ty;
use super::super::udf::{external, fault};
use super::shape::dimensions;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The name of the constructor; not a name that SQL can spell without quotes.
pub const CONSTRUCTOR: &str = "array constructor";

/// The constructor.
pub fn constructor() -> ScalarUDF {
    ScalarUDF::new_from_impl(Constructor { signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Constructor {
    signature: Signature,
}

impl ScalarUDFImpl for Constructor {
    fn name(&self) -> &'static str {
        CONSTRUCTOR
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> DfResult<DataType> {
        internal_err!("{CONSTRUCTOR} derives its type from fields")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let Some(first) = args.arg_fields.iter().find(|f| *f.data_type() != DataType::Null) else {
            return Ok(Arc::new(Field::new(CONSTRUCTOR, ty::list_of(DataType::Utf8), true)));
        };
        let element = first.as_ref().clone().with_data_type(ty::plain(first.data_type()));
        Ok(Arc::new(Field::new(CONSTRUCTOR, ty::list_field(&element), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let DataType::List(field) = args.return_field.data_type() else {
            return internal_err!("{CONSTRUCTOR} makes arrays");
        };
        let columns = args
            .args
            .iter()
            .map(|a| {
                let array = a.to_array(rows)?;
                Ok(if array.data_type() == field.data_type() {
                    array
                } else {
                    arrow::compute::cast(&array, field.data_type())?
                })
            })
            .collect::<DfResult<Vec<_>>>()?;
        let list = build(&columns, field, rows).map_err(external)?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::List(Arc::new(list)))
        } else {
            ColumnarValue::Array(Arc::new(list))
        })
    }
}

fn build(columns: &[ArrayRef], field: &FieldRef, rows: usize) -> Result<ListArray> {
    let nested = ty::element(field.data_type()).is_some();
    let mut picks = Vec::with_capacity(rows * columns.len());
    let mut lengths = Vec::with_capacity(rows);
    for row in 0..rows {
        // A row of empty arrays only is an empty array.
        let empty = nested && all_empty(columns, row)?;
        lengths.push(if empty { 0 } else { columns.len() });
        if !empty {
            picks.extend((0..columns.len()).map(|column| (column, row)));
        }
    }
    let values: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let values = match picks.is_empty() {
        true => arrow::array::new_empty_array(field.data_type()),
        false => interleave(&values, &picks).map_err(fault)?,
    };
    ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, None).map_err(fault)
}

/// Whether all arrays of a row are empty; `2202E` when they differ in their dimensions.
fn all_empty(columns: &[ArrayRef], row: usize) -> Result<bool> {
    let sizes = |column: &ArrayRef| list_row(column, row).map_or_else(Vec::new, |list| dimensions(&list));
    let first = columns.first().map(sizes).unwrap_or_default();
    if columns.iter().any(|column| sizes(column) != first) {
        let message = "multidimensional arrays must have array expressions with matching dimensions";
        return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message));
    }
    debug_assert!(columns.iter().all(|c| c.as_list_opt::<i32>().is_some()), "the elements are arrays");
    Ok(first.is_empty())
}
