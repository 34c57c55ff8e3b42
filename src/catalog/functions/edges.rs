//! Calls every overload with the edges of its types: nothing may panic, and no error may be a fault of the server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{FieldRef, IntervalMonthDayNano};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF};

use super::aggregate::ordered::list_column;
use super::ty::Ty;
use super::{Functions, PgScalar};
use crate::error::Error;

/// The edges of a type as a column, NULL last.
fn edges(ty: Ty) -> ArrayRef {
    let span = IntervalMonthDayNano::new;
    let years = 9_223_372_036_854_775_806;
    match ty {
        Ty::Bool => Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Ty::Int2 => Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(-1), Some(0), Some(i16::MAX), None])),
        Ty::Int4 => Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(-1), Some(0), Some(3), Some(i32::MAX), None])),
        Ty::Int8 => Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(-1), Some(0), Some(i64::MAX), None])),
        Ty::Float4 => Arc::new(Float32Array::from(vec![Some(f32::NAN), Some(f32::MAX), Some(-0.0), None])),
        Ty::Float8 => Arc::new(Float64Array::from(vec![
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(-f64::MAX),
            Some(-0.0),
            Some(1.5),
            None,
        ])),
        Ty::Numeric => {
            let nines = 10_i128.pow(38) - 1;
            let values = vec![Some(nines), Some(-nines), Some(0), Some(-1), Some(15), None];
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 1).expect("38 digits are allowed"))
        }
        Ty::Bytea => Arc::new(BinaryArray::from(vec![Some(&b""[..]), Some(b"\xff\0\\"), None])),
        Ty::Date => Arc::new(Date32Array::from(vec![Some(i32::MIN), Some(-2_440_588), Some(0), Some(i32::MAX), None])),
        Ty::Time => Arc::new(Time64MicrosecondArray::from(vec![Some(0), Some(86_400_000_000), None])),
        Ty::Timestamp | Ty::TimestampTz => {
            let values =
                vec![Some(i64::MIN), Some(-210_866_803_200_000_000), Some(0), Some(years), Some(i64::MAX), None];
            let array = TimestampMicrosecondArray::from(values);
            Arc::new(if ty == Ty::TimestampTz { array.with_timezone("UTC") } else { array })
        }
        Ty::Interval => Arc::new(IntervalMonthDayNanoArray::from(vec![
            Some(span(i32::MAX, i32::MAX, i64::MAX)),
            Some(span(i32::MIN, i32::MIN, i64::MIN)),
            Some(span(i32::MAX, -5, years)),
            Some(span(0, i32::MIN, i64::MIN)),
            Some(span(1, 1, 1000)),
            None,
        ])),
        Ty::Uuid => Arc::new(FixedSizeBinaryArray::try_new(16, vec![7; 16].into(), None).expect("16 bytes")),
        Ty::Json | Ty::Jsonb => Arc::new(StringArray::from(vec![
            Some("{\"a\":[1,null]}"),
            Some("1e999999"),
            Some("[]"),
            Some("\"\\"),
            None,
        ])),
        Ty::Array(element) => lists(edges(*element)),
        Ty::AnyArray => lists(edges(Ty::Int4)),
        Ty::AnyElement => edges(Ty::Int4),
        _ => Arc::new(StringArray::from(vec![
            Some(""),
            Some("aé9#-"),
            Some("(a|b)*?[x"),
            Some("FM9,9D9S HH24 MONTH"),
            Some("UTC"),
            Some("\\"),
            None,
        ])),
    }
}

/// An empty array, one of all values, and NULL.
fn lists(values: ArrayRef) -> ArrayRef {
    let data_type = values.data_type().clone();
    list_column(&[Some(values.slice(0, 0)), Some(values), None], &data_type).expect("lists of one type")
}

fn call(function: &ScalarUDF, args: &[ScalarValue], fields: &[FieldRef]) -> Result<(), DataFusionError> {
    let references: Vec<Option<&ScalarValue>> = args.iter().map(Some).collect();
    let return_field =
        function.return_field_from_args(ReturnFieldArgs { arg_fields: fields, scalar_arguments: &references })?;
    let result = function.invoke_with_args(ScalarFunctionArgs {
        args: args.iter().cloned().map(ColumnarValue::Scalar).collect(),
        arg_fields: fields.to_vec(),
        number_rows: 1,
        return_field,
        config_options: Arc::new(ConfigOptions::new()),
    })?;
    result.into_array(1).map(drop)
}

/// Whether an error is one a client may see.
fn is_fault(error: &DataFusionError) -> bool {
    match error {
        DataFusionError::External(inner) => {
            inner.downcast_ref::<Error>().is_none_or(|e| e.sqlstate() == crate::sqlstate::INTERNAL_ERROR)
        }
        _ => true,
    }
}

#[test]
fn no_call_panics_or_is_a_fault() {
    const MOST: usize = 700;
    let functions = Functions::new();
    let mut failures = Vec::new();
    for function in functions.scalar.values() {
        let Some(ours) = function.inner().downcast_ref::<PgScalar>() else { continue };
        for overload in ours.overloads() {
            let columns: Vec<ArrayRef> = overload.params.iter().map(|p| edges(*p)).collect();
            let fields: Vec<FieldRef> = overload
                .params
                .iter()
                .zip(&columns)
                .map(|(p, c)| Arc::new(p.field().with_data_type(c.data_type().clone())) as FieldRef)
                .collect();
            let total: usize = columns.iter().map(|c| c.len()).product();
            // A step without common factors visits all positions of each column.
            for n in (0..total).step_by(total / MOST + 1) {
                let mut rest = n;
                let args: Vec<ScalarValue> = columns
                    .iter()
                    .map(|column| {
                        let at = rest % column.len();
                        rest /= column.len();
                        ScalarValue::try_from_array(column, at).expect("every edge is a scalar")
                    })
                    .collect();
                let outcome = catch_unwind(AssertUnwindSafe(|| call(function, &args, &fields)));
                match outcome {
                    Ok(Err(error)) if is_fault(&error) => {
                        failures.push(format!("{}{args:?}: {error}", function.name()));
                    }
                    Err(_) => failures.push(format!("{}{args:?} panicked", function.name())),
                    _ => continue,
                }
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{} calls fail:\n{}", failures.len(), failures.join("\n"));
}
