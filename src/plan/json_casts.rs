//! Casts of json and jsonb: read, checked and made canonical; what PostgreSQL does not cast is `42846`.

use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Cast, Expr};

use super::calls::is_unbounded_numeric;
use crate::catalog::functions::Functions;
use crate::catalog::functions::from_jsonb;
use crate::catalog::functions::ty::Ty;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// The cast of an expression when json or jsonb is on either side; `Err` gives the expression back when neither is.
pub fn json_cast(expr: Expr, from: &FieldRef, to: &FieldRef, functions: &Functions) -> Result<Result<Expr, Expr>> {
    let (Some(from_ty), Some(to_ty)) = (Ty::of_field(from), Ty::of_field(to)) else { return Ok(Err(expr)) };
    let is_json = |ty| matches!(ty, Ty::Json | Ty::Jsonb | Ty::Jsonpath);
    if !is_json(from_ty) && !is_json(to_ty) {
        return Ok(Err(expr));
    }
    let keep = |expr: Expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to)));
    let call = |name: &str, expr: Expr| match functions.scalar.get(name) {
        Some(function) => keep(function.call(vec![expr])),
        None => keep(expr),
    };
    let planned = match (from_ty, to_ty) {
        (a, b) if a == b => keep(expr),
        (Ty::Text | Ty::Unknown, Ty::Json) => call("json_in_text", expr),
        (Ty::Text | Ty::Unknown | Ty::Json, Ty::Jsonb) => call("jsonb_in_text", expr),
        (Ty::Text | Ty::Unknown, Ty::Jsonpath) => call("jsonpath_in_text", expr),
        (Ty::Jsonb, Ty::Json) => keep(expr),
        // The other text types cut and pad as they do with any text.
        (Ty::Json | Ty::Jsonb | Ty::Jsonpath, Ty::Text) => return Ok(Err(expr)),
        (Ty::Jsonb, other) => match from_jsonb(other) {
            // The digits are those of the value.
            Some(name) if is_unbounded_numeric(to) => match functions.scalar.get(name) {
                Some(function) => function.call(vec![expr]),
                None => keep(expr),
            },
            Some(name) => call(name, expr),
            None => return Err(no_cast(from, to)),
        },
        _ => return Err(no_cast(from, to)),
    };
    Ok(Ok(planned))
}

fn no_cast(from: &FieldRef, to: &FieldRef) -> DataFusionError {
    let name = |field: &FieldRef| oid::sql_name(pg_type(field).oid);
    let message = format!("cannot cast type {} to {}", name(from), name(to));
    DataFusionError::External(Box::new(Error::new(sqlstate::CANNOT_COERCE, message)))
}
