//! LIKE: which operands it takes, and which patterns DataFusion matches as PostgreSQL does.

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::calls::call;
use super::literals::{is_null, is_unknown, unknown_text};
use super::wide::is_padded;
use crate::catalog::functions::Functions;
use crate::catalog::functions::ty::Ty;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// LIKE and ILIKE with operands of types that have it; a call where DataFusion's own does not do.
pub fn like(like: Like, schema: &DFSchema, functions: &Functions) -> Result<Transformed<Expr>> {
    let fields = (known(&like.expr, schema), known(&like.pattern, schema));
    let types = (fields.0.as_ref().and_then(|f| Ty::of_field(f)), fields.1.as_ref().and_then(|f| Ty::of_field(f)));
    let text = |ty| matches!(ty, None | Some(Ty::Text | Ty::Unknown));
    let bytes = |ty| matches!(ty, None | Some(Ty::Bytea));
    let Like { negated, expr, pattern, escape_char, case_insensitive } = like;
    if !(text(types.0) && text(types.1) || !case_insensitive && bytes(types.0) && bytes(types.1)) {
        return Err(no_operator(negated, case_insensitive, &fields));
    }
    let plain = unknown_text(&pattern).is_some_and(|text| !ends_open(text)) || is_null(&pattern);
    if text(types.0) && text(types.1) && plain {
        let expr = if fields.0.as_ref().is_some_and(|f| is_padded(f)) {
            Box::new(call(functions, "cast_text", vec![*expr]))
        } else {
            expr
        };
        let like = Like { negated, expr, pattern, escape_char, case_insensitive };
        return Ok(Transformed::no(Expr::Like(like)));
    }
    let name = match (case_insensitive, negated) {
        (false, false) => "textlike",
        (false, true) => "textnlike",
        (true, false) => "texticlike",
        (true, true) => "texticnlike",
    };
    Ok(Transformed::yes(call(functions, name, vec![*expr, *pattern])))
}

/// Whether a pattern ends with a backslash that escapes nothing.
fn ends_open(pattern: &str) -> bool {
    pattern.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

fn known(expr: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    if is_unknown(expr) || is_null(expr) || matches!(expr, Expr::Placeholder(p) if p.field.is_none()) {
        return None;
    }
    expr.to_field(schema).ok().map(|(_, field)| field)
}

fn no_operator(negated: bool, folded: bool, fields: &(Option<FieldRef>, Option<FieldRef>)) -> DataFusionError {
    let name = |f: &Option<FieldRef>| f.as_ref().map_or("unknown", |f| oid::sql_name(pg_type(f).oid));
    let op = match (negated, folded) {
        (false, false) => "~~",
        (true, false) => "!~~",
        (false, true) => "~~*",
        (true, true) => "!~~*",
    };
    let message = format!("operator does not exist: {} {op} {}", name(&fields.0), name(&fields.1));
    let hint = "No operator matches the given name and argument types. You might need to add explicit type casts.";
    DataFusionError::External(Box::new(Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(hint)))
}
