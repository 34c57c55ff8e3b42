//! Literals: PostgreSQL's unknown-typed strings take the type of what they meet.
//!
//! `'2024-01-01'` next to a date is a date, next to text it is text. The value is read by the same input functions as
//! a text param, so that a bad one fails while planning, with PostgreSQL's message.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Cast, Expr};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::scalar::ScalarValue;

use super::PlanEnv;
use crate::error::Error;
use crate::types::{TextStyle, decode_typed, pg_type};

/// Whether an expression is a bare string literal (type unknown in PostgreSQL).
#[must_use]
pub fn is_unknown(expr: &Expr) -> bool {
    unknown_text(expr).is_some()
}

/// The text of a bare string literal.
#[must_use]
pub fn unknown_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), None) => Some(text),
        _ => None,
    }
}

/// Whether an expression is a bare NULL.
#[must_use]
pub fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Null, _))
}

/// Whether a type holds text.
#[must_use]
pub fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// A bare string as a literal of a field's type.
pub fn typed(text: &str, field: &Field, style: &TextStyle) -> Result<Expr, Error> {
    let ty = pg_type(field);
    let value = decode_typed(ty.oid, ty.typmod, text, style)?;
    let scalar = ScalarValue::try_from_array(&value, 0)?;
    Ok(Expr::Literal(scalar, None))
}

/// `expr` with the type of `field`: a bare string is read, a bare param is typed, anything else stays.
pub fn adapt(expr: Expr, field: &Field, style: &TextStyle) -> Result<Expr> {
    if let Some(text) = unknown_text(&expr) {
        if is_text(field.data_type()) {
            return Ok(expr);
        }
        return typed(text, field, style).map_err(|e| DataFusionError::External(Box::new(e)));
    }
    match expr {
        Expr::Placeholder(mut placeholder) if placeholder.field.is_none() => {
            let typed = field.clone().with_name("param").with_nullable(true);
            placeholder.field = Some(Arc::new(typed));
            Ok(Expr::Placeholder(placeholder))
        }
        other => Ok(other),
    }
}

/// The cast of a literal done now, where it is a number that the parser typed.
#[must_use]
pub fn fold_number(expr: Expr) -> Expr {
    let Expr::Cast(Cast { expr: inner, field }) = &expr else { return expr };
    let (Expr::Literal(value, None), true) = (inner.as_ref(), field.metadata().is_empty()) else { return expr };
    let number = matches!(
        value,
        ScalarValue::Int64(_) | ScalarValue::UInt64(_) | ScalarValue::Decimal128(..) | ScalarValue::Decimal256(..)
    );
    match value.cast_to(field.data_type()) {
        Ok(folded) if number => Expr::Literal(folded, None),
        _ => expr,
    }
}

/// Arguments of a function in FROM as literals where they are constant.
pub fn fold_arguments(args: Vec<Expr>, env: &PlanEnv) -> Result<Vec<Expr>> {
    let context = SimplifyContext::builder()
        .with_config_options(Arc::clone(env.config().options()))
        .with_query_execution_start_time(Some(env.vars.statement_start))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let schema = DFSchema::empty();
    let fold = |arg: Expr| {
        let resolved = super::resolve::resolve_alone(arg, env)?;
        simplifier.simplify(simplifier.coerce(resolved, &schema)?)
    };
    args.into_iter().map(fold).collect()
}
