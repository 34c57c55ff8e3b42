//! Subscripts by what they are applied to: arrays, the vectors that count from 0, jsonb; anything else has none.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Cast, Expr, lit};
use datafusion::scalar::ScalarValue;

use super::calls::{self, explicit_cast};
use super::literals::{adapt, is_unknown};
use crate::catalog::functions::arrays::{SLICE, SUBSCRIPT};
use crate::catalog::functions::ty::{Ty, element_field};
use crate::catalog::functions::{ArgType, Functions};
use crate::error::Error;
use crate::sqlstate;
use crate::types::{TextStyle, arrow_field, oid, pg_type};

/// Whether a function is a subscript or a slice.
#[must_use]
pub fn is_subscript(name: &str) -> bool {
    name == SUBSCRIPT || name == SLICE
}

/// The call of a subscript over something that is no plain array; `Err` gives the arguments back when it is one.
pub fn subscript(
    name: &str,
    mut args: Vec<Expr>,
    types: &[ArgType],
    functions: &Functions,
    style: &TextStyle,
) -> Result<Result<Expr, Vec<Expr>>> {
    if !is_subscript(name) {
        return Ok(Err(args));
    }
    let Some(ArgType::Known(field)) = types.first() else { return Err(no_subscript("unknown")) };
    let pg = pg_type(field).oid;
    if Ty::of_field(field) == Some(Ty::Jsonb) {
        return if name == SLICE { Err(no_slices()) } else { jsonb(args, types, functions).map(Ok) };
    }
    if pg == oid::NAME && name == SUBSCRIPT && args.len() == 2 {
        return byte_of_name(args, functions, style).map(Ok);
    }
    if element_field(field.data_type()).is_none() {
        return Err(no_subscript(oid::sql_name(pg)));
    }
    let from_zero = matches!(pg, oid::INT2VECTOR | oid::OIDVECTOR);
    let int4 = Ty::Int4.field();
    for (i, arg) in args.iter_mut().enumerate().skip(1) {
        let index = adapt(std::mem::replace(arg, lit(ScalarValue::Null)), &int4, style)?;
        let index = match types.get(i) {
            Some(ArgType::Known(field)) if *field.data_type() == DataType::Int32 => index,
            Some(ArgType::Known(field)) if !field.data_type().is_numeric() && *field.data_type() != DataType::Null => {
                let message = "array subscript must have type integer";
                return Err(external(Error::new(sqlstate::DATATYPE_MISMATCH, message)));
            }
            // An assignment's cast: a number is rounded.
            Some(ArgType::Known(field)) => {
                explicit_cast(index, Some(field), &Arc::new(int4.clone()), functions).map_err(external)?
            }
            _ => cast_to(index, DataType::Int32),
        };
        // Of a slice the first of each three is no bound.
        let is_bound = name == SUBSCRIPT || i % 3 != 1;
        *arg = if from_zero && is_bound { index + lit(1_i32) } else { index };
    }
    Ok(Err(args))
}

/// `name[0]`: a name is an array of "char" that counts from 0.
fn byte_of_name(args: Vec<Expr>, functions: &Functions, style: &TextStyle) -> Result<Expr> {
    let Ok([name, index]) = <[Expr; 2]>::try_from(args) else {
        return datafusion::common::internal_err!("a subscript has two arguments");
    };
    let index = adapt(index, &Ty::Int4.field(), style)?;
    let args = vec![cast_to(name, DataType::Utf8), cast_to(index, DataType::Int32)];
    let found = calls::call(functions, "name_byte", args);
    let char = arrow_field(oid::CHAR, -1).map_err(external)?;
    Ok(Expr::Cast(Cast::new_from_field(Box::new(found), Arc::new(char))))
}

/// `jsonb['key'][0]` as its path.
fn jsonb(args: Vec<Expr>, types: &[ArgType], functions: &Functions) -> Result<Expr> {
    let mut path = Vec::with_capacity(args.len());
    for (i, (arg, ty)) in args.into_iter().zip(types).enumerate() {
        path.push(match ty {
            _ if i == 0 || is_unknown(&arg) => arg,
            ArgType::Known(field) => match Ty::of_field(field) {
                Some(Ty::Text | Ty::Unknown) | None => arg,
                Some(Ty::Int2 | Ty::Int4) => cast_to(arg, DataType::Utf8),
                Some(_) => return Err(bad_subscript(field)),
            },
            ArgType::Unknown => cast_to(arg, DataType::Utf8),
        });
    }
    match functions.scalar.get("jsonb_extract_path") {
        Some(function) => Ok(function.call(path)),
        None => datafusion::common::internal_err!("jsonb_extract_path is a function"),
    }
}

fn cast_to(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), data_type))
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn no_subscript(name: &str) -> DataFusionError {
    let message = format!("cannot subscript type {name} because it does not support subscripting");
    external(Error::new(sqlstate::DATATYPE_MISMATCH, message))
}

fn no_slices() -> DataFusionError {
    external(Error::new(sqlstate::DATATYPE_MISMATCH, "jsonb subscript does not support slices"))
}

fn bad_subscript(field: &FieldRef) -> DataFusionError {
    let message = format!("subscript type {} is not supported", oid::sql_name(pg_type(field).oid));
    external(
        Error::new(sqlstate::DATATYPE_MISMATCH, message)
            .hint("jsonb subscript must be coercible to either integer or text."),
    )
}
