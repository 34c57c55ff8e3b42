//! Numbers of two types as two columns of one type that compare as the numbers do.
//!
//! A `numeric` of any digits becomes its key, beside which whole numbers and decimals become keys too; beside a float
//! it becomes one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, LargeBinaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type};
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use num_bigint::BigInt;

use super::numeric::{Builder, Dec};
use super::udf::fault;
use crate::error::Result;
use crate::types::wide::{self, Numeric};

/// Two columns brought to one type where both hold numbers; others are cast to the type of `right`.
pub fn alike(left: &ArrayRef, right: &ArrayRef) -> Result<(ArrayRef, ArrayRef)> {
    let (a, b) = (left.data_type(), right.data_type());
    let is_number = |t: &DataType| t.is_numeric() || *t == DataType::LargeBinary;
    if *a == DataType::LargeBinary || *b == DataType::LargeBinary {
        if a.is_floating() || b.is_floating() {
            return Ok((floats(left)?, floats(right)?));
        }
        if is_number(a) && is_number(b) {
            return Ok((keys(left)?, keys(right)?));
        }
    }
    let common = if a != b && is_number(a) && is_number(b) { comparison_coercion(a, b) } else { None };
    let common = common.unwrap_or_else(|| b.clone());
    Ok((cast(left, &common).map_err(fault)?, cast(right, &common).map_err(fault)?))
}

/// A column of numbers as keys of any digits.
fn keys(array: &ArrayRef) -> Result<ArrayRef> {
    let wide: ArrayRef = match array.data_type() {
        DataType::LargeBinary => Arc::clone(array),
        DataType::Decimal128(..) | DataType::Decimal256(..) => widened(array)?,
        _ => widened(&cast(array, &DataType::Decimal128(20, 0)).map_err(fault)?)?,
    };
    let keys = wide.as_binary::<i64>().iter().map(|bytes| bytes.map(wide::key).transpose());
    let keys = keys.collect::<Result<Vec<Option<Vec<u8>>>>>()?;
    Ok(Arc::new(keys.iter().map(Option::as_deref).collect::<LargeBinaryArray>()))
}

fn widened(array: &ArrayRef) -> Result<ArrayRef> {
    let mut out = Builder::new(&DataType::LargeBinary, array.len());
    let value = |i: usize| -> Option<Dec> {
        if array.is_null(i) {
            return None;
        }
        match array.data_type() {
            DataType::Decimal128(_, scale) => {
                let value = array.as_primitive::<Decimal128Type>().value(i);
                Some(Dec::new(BigInt::from(value), i32::from(*scale)))
            }
            DataType::Decimal256(_, scale) => {
                let value = array.as_primitive::<Decimal256Type>().value(i);
                Some(Dec::new(BigInt::from_signed_bytes_le(&value.to_le_bytes()), i32::from(*scale)))
            }
            _ => None,
        }
    };
    for i in 0..array.len() {
        out.push(value(i).as_ref())?;
    }
    Ok(out.finish())
}

/// A column of numbers as floats.
pub fn floats(array: &ArrayRef) -> Result<ArrayRef> {
    if *array.data_type() != DataType::LargeBinary {
        return cast(array, &DataType::Float64).map_err(fault);
    }
    let float = |bytes: &[u8]| -> Result<f64> {
        let mut text = Vec::new();
        Numeric::decode(bytes)?.write_text(&mut text);
        String::from_utf8_lossy(&text).parse().map_err(fault)
    };
    let floats = array.as_binary::<i64>().iter().map(|bytes| bytes.map(float).transpose());
    Ok(Arc::new(floats.collect::<Result<Float64Array>>()?))
}
