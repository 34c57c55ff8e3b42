//! `f(a, VARIADIC array)`: the function called with the array's elements as its last arguments, row by row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::PgScalar;
use super::ty::element_field;
use super::udf::external;
use crate::error::Error;
use crate::sqlstate;

/// What the grammar appends to the name of a function that is called so.
const SUFFIX: &str = " variadic";

/// The function behind such a name, when it takes any number of arguments.
#[must_use]
pub fn of_name(name: &str, function: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Option<Arc<ScalarUDF>> {
    let base = name.strip_suffix(SUFFIX)?;
    let inner = function(base)?;
    let takes_any = inner.inner().downcast_ref::<PgScalar>().is_some_and(PgScalar::is_variadic);
    let signature = Signature::variadic_any(Volatility::Stable);
    takes_any.then(|| Arc::new(ScalarUDF::new_from_impl(Spread { name: name.to_owned(), inner, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Spread {
    name: String,
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl Spread {
    /// The fields of a call with so many elements, as the function wants them.
    fn fields(&self, given: &[FieldRef], elements: usize) -> Result<Vec<FieldRef>> {
        let Some((array, first)) = given.split_last() else { return Err(external(not_an_array())) };
        let mut item = array;
        while let Some(inner) = element_field(item.data_type()) {
            item = inner;
        }
        if element_field(array.data_type()).is_none() {
            return Err(external(not_an_array()));
        }
        let mut fields = first.to_vec();
        fields.extend(std::iter::repeat_n(Arc::clone(item), elements));
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        let coerced = self.inner.coerce_types(&types)?;
        let one = |(field, ty): (FieldRef, DataType)| match *field.data_type() == ty {
            true => field,
            false => Arc::new(field.as_ref().clone().with_data_type(ty)),
        };
        Ok(fields.into_iter().zip(coerced).map(one).collect())
    }

    fn row(&self, args: &ScalarFunctionArgs, columns: &[ArrayRef], row: usize) -> Result<ArrayRef> {
        let Some((array, first)) = columns.split_last() else { return Err(external(not_an_array())) };
        if array.is_null(row) && !self.name.starts_with("format") {
            return Ok(arrow::array::new_null_array(args.return_field.data_type(), 1));
        }
        let mut values: Vec<ArrayRef> = first.iter().map(|column| column.slice(row, 1)).collect();
        if array.is_valid(row) {
            let elements = innermost(array.slice(row, 1));
            values.extend((0..elements.len()).map(|i| elements.slice(i, 1)));
        }
        if values.is_empty() && self.name.starts_with("num_") {
            // The one sort of function here that asks for an argument has nothing to count.
            return Ok(Arc::new(arrow::array::Int32Array::from(vec![0])));
        }
        let fields = self.fields(&args.arg_fields, values.len() - first.len())?;
        let values = values.into_iter().zip(&fields).map(|(value, field)| {
            let value = if value.data_type() == field.data_type() { value } else { cast(&value, field.data_type())? };
            Ok(ColumnarValue::Array(value))
        });
        let one = ScalarFunctionArgs {
            args: values.collect::<Result<_>>()?,
            arg_fields: fields,
            number_rows: 1,
            return_field: Arc::clone(&args.return_field),
            config_options: Arc::clone(&args.config_options),
        };
        self.inner.invoke_with_args(one)?.into_array(1)
    }
}

impl ScalarUDFImpl for Spread {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        datafusion::common::internal_err!("{} derives its type from fields", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = self.fields(args.arg_fields, 2)?;
        let scalars: Vec<Option<&ScalarValue>> = vec![None; fields.len()];
        let field =
            self.inner.return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &scalars })?;
        let name = self.name.trim_end_matches(SUFFIX);
        Ok(Arc::new(Field::clone(&field).with_name(name).with_nullable(true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let made = (0..rows).map(|row| self.row(&args, &columns, row)).collect::<Result<Vec<_>>>()?;
        if constant && let [value] = made.as_slice() {
            return Ok(ColumnarValue::Scalar(super::udf::only_value(value)?));
        }
        let made: Vec<&dyn Array> = made.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(match made.is_empty() {
            true => arrow::array::new_empty_array(args.return_field.data_type()),
            false => concat(&made)?,
        }))
    }
}

/// All elements of an array, whatever its dimensions.
fn innermost(array: ArrayRef) -> ArrayRef {
    let mut level = array;
    while let Some(list) = level.as_list_opt::<i32>() {
        let at = |row: usize| usize::try_from(list.value_offsets()[row]).unwrap_or(0);
        let (from, until) = (at(0), at(list.len()));
        level = list.values().slice(from, until - from);
    }
    level
}

/// `42804`
fn not_an_array() -> Error {
    Error::new(sqlstate::DATATYPE_MISMATCH, "VARIADIC argument must be an array")
}
