//! `generate_series` as a list, for arguments that are not constant: the planner unnests it row by row.
//!
//! Whole numbers only, and at most a million of them per call; a longer series is `54000`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Builder, Int64Builder, ListBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::Error;
use crate::sql::rewrite::series::SERIES_LIST;
use crate::sqlstate;

/// Longest series of one call.
const MAX_LENGTH: usize = 1_000_000;

/// The function.
#[must_use]
pub fn series_list() -> ScalarUDF {
    ScalarUDF::new_from_impl(SeriesList { signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SeriesList {
    signature: Signature,
}

impl ScalarUDFImpl for SeriesList {
    fn name(&self) -> &'static str {
        SERIES_LIST
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        let whole = |t: &DataType| t.is_integer() || *t == DataType::Null;
        if !matches!(args.len(), 2 | 3) || !args.iter().all(whole) {
            return Err(external(Error::unsupported(
                "generate_series over columns that are not whole numbers is not supported",
            )));
        }
        let small = |t: &DataType| matches!(t, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Null);
        let element = if args.iter().all(small) { DataType::Int32 } else { DataType::Int64 };
        Ok(DataType::List(Arc::new(Field::new("item", element, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wide: Vec<ArrayRef> = ColumnarValue::values_to_arrays(&args.args)?
            .iter()
            .map(|a| Ok(cast(a, &DataType::Int64)?))
            .collect::<Result<_>>()?;
        let rows = wide.first().map_or(0, Array::len);
        let is_small = matches!(args.return_field.data_type(), DataType::List(f) if *f.data_type() == DataType::Int32);
        let mut small = ListBuilder::new(Int32Builder::new());
        let mut large = ListBuilder::new(Int64Builder::new());
        for row in 0..rows {
            let values = series(&wide, row)?;
            if is_small {
                // Bounds of int4 give values of int4.
                small.values().extend(values.into_iter().map(|v| i32::try_from(v).ok()));
                small.append(true);
            } else {
                large.values().extend(values.into_iter().map(Some));
                large.append(true);
            }
        }
        let lists: ArrayRef = if is_small { Arc::new(small.finish()) } else { Arc::new(large.finish()) };
        Ok(ColumnarValue::Array(lists))
    }
}

/// The series of one row; empty when a bound is NULL.
fn series(args: &[ArrayRef], row: usize) -> Result<Vec<i64>> {
    let at = |i: usize| args.get(i).filter(|a| !a.is_null(row)).map(|a| a.as_primitive::<Int64Type>().value(row));
    let (Some(start), Some(stop)) = (at(0), at(1)) else { return Ok(Vec::new()) };
    let step = if args.len() > 2 { at(2) } else { Some(1) };
    let Some(step) = step else { return Ok(Vec::new()) };
    if step == 0 {
        return Err(external(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "step size cannot equal zero")));
    }
    let mut values = Vec::new();
    let mut next = Some(start);
    while let Some(value) = next.filter(|v| if step > 0 { *v <= stop } else { *v >= stop }) {
        if values.len() >= MAX_LENGTH {
            return Err(external(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "the series is too long for one row")));
        }
        values.push(value);
        next = value.checked_add(step);
    }
    Ok(values)
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
