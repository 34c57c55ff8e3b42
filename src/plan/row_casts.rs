//! Casts to the row type of a table: of a record field by field, of a text by the fields that stand in it.

use datafusion::arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::functions::core::get_field;
use datafusion::logical_expr::{Expr, lit};

use super::calls::{call, cannot_cast, explicit_cast};
use super::records::fields_of;
use crate::catalog::functions::{Functions, ROW_PARTS, ROW_THERE, TABLE_ROW};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{PG_ARRAY_KEY, PG_TYPE_KEY, oid, pg_type};

/// The cast of a value to a row type with these fields.
///
/// # Errors
///
/// `42846` for what is neither text nor a record of as many fields, each of which can be cast.
pub fn row_cast(expr: Expr, from: &FieldRef, to: &FieldRef, fields: &Fields, functions: &Functions) -> Result<Expr> {
    let DataType::Struct(own) = from.data_type() else {
        return match super::literals::is_text(from.data_type()) {
            true => text_cast(&expr, to, fields, functions),
            false => Err(cannot_cast(from, to)),
        };
    };
    let (of, wanted) = (pg_type(from).oid, pg_type(to).oid);
    if of == wanted || wanted == oid::RECORD {
        return Ok(expr);
    }
    if of != oid::RECORD {
        return Err(cannot_cast(from, to));
    }
    if own.len() != fields.len() {
        let detail = if own.len() < fields.len() { "few" } else { "many" };
        return Err(cannot_cast(from, to).detail(format!("Input has too {detail} columns.")));
    }
    let is_made = super::records::is_made(&expr) && matches!(expr, Expr::ScalarFunction(_));
    let values = match is_made {
        true => fields_of(&expr, &datafusion::common::DFSchema::empty())?,
        false => own.iter().map(|field| part(&expr, field.name())).collect(),
    };
    let there = if is_made { lit(true) } else { call(functions, ROW_THERE, vec![expr]) };
    let mut row = head(to, there);
    for (i, ((value, from), to)) in values.into_iter().zip(own).zip(fields).enumerate() {
        let cast = explicit_cast(value, Some(from), to, functions).map_err(|error| {
            if error.sqlstate() != sqlstate::CANNOT_COERCE {
                return error;
            }
            let (a, b) = (oid::sql_name(pg_type(from).oid), oid::sql_name(pg_type(to).oid));
            cannot_cast(&datafusion::arrow::datatypes::Field::new("", DataType::Struct(own.clone()), true), to)
                .detail(format!("Cannot cast type {a} to {b} in column {}.", i + 1))
        })?;
        row.extend([lit(to.name().as_str()), cast]);
    }
    Ok(call(functions, TABLE_ROW, row))
}

/// `'(1,a)'::t`: its parts are read by the input functions of the fields' types.
fn text_cast(expr: &Expr, to: &FieldRef, fields: &Fields, functions: &Functions) -> Result<Expr> {
    if pg_type(to).oid == oid::RECORD {
        return Err(Error::unsupported("input of anonymous composite types is not implemented"));
    }
    let count = lit(i64::try_from(fields.len()).unwrap_or(i64::MAX));
    let parts = call(functions, ROW_PARTS, vec![expr.clone(), count]);
    let mut row = head(to, call(functions, ROW_THERE, vec![parts.clone()]));
    for (i, to) in fields.iter().enumerate() {
        let text = part(&parts, &format!("f{}", i + 1));
        let from = FieldRef::new(datafusion::arrow::datatypes::Field::new("part", DataType::Utf8, true));
        row.extend([lit(to.name().as_str()), explicit_cast(text, Some(&from), to, functions)?]);
    }
    Ok(call(functions, TABLE_ROW, row))
}

fn part(record: &Expr, name: &str) -> Expr {
    get_field().call(vec![record.clone(), lit(name)])
}

/// What comes before the fields of a row: its type, that type's array type, and whether it is there.
fn head(to: &FieldRef, there: Expr) -> Vec<Expr> {
    let number = |key: &str| to.metadata().get(key).and_then(|oid| oid.parse::<i64>().ok()).unwrap_or(0);
    let oid = |key: &str| Expr::Literal(ScalarValue::Int64(Some(number(key))), None);
    vec![oid(PG_TYPE_KEY), oid(PG_ARRAY_KEY), there]
}
