//! Literals: PostgreSQL's unknown-typed strings take the type of what they meet.
//!
//! `'2024-01-01'` next to a date is a date, next to text it is text. The value is read by the same input functions as
//! a text param, so that a bad one fails while planning, with PostgreSQL's message.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Cast, Expr};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::scalar::ScalarValue;

use super::PlanEnv;
use crate::catalog::functions::check_patterns;
use crate::catalog::functions::input::conform;
use crate::catalog::functions::numeric::precision_scale;
use crate::catalog::functions::system::reg_input;
use crate::catalog::functions::ty::{WIDE_NUMERIC, element_field, with_leaf};
use crate::error::Error;
use crate::types::{TextStyle, decode_typed, oid, pg_type};

/// Digits of a number that is computed with as a decimal.
const USUAL_DIGITS: i32 = 18;

/// The most bytes of a name.
const NAME_BYTES: usize = 63;

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

/// Whether a bare string must be read to become a value of a field's type; text takes it as it is.
#[must_use]
pub fn is_read(field: &Field) -> bool {
    !is_text(field.data_type()) || keeps_type(field)
}

/// Whether a type is carried as text and told by metadata alone, which a literal must have too.
fn keeps_type(field: &Field) -> bool {
    matches!(pg_type(field).oid, oid::JSON | oid::JSONB | oid::JSONPATH | oid::UUID | oid::BIT | oid::VARBIT)
}

/// A bare string as a literal of a field's type; a number of usual size is a decimal of its own digits.
pub fn typed(text: &str, field: &Field, style: &TextStyle) -> Result<Expr, Error> {
    let ty = pg_type(field);
    let value = decode_typed(ty.oid, ty.typmod, text, style)?;
    if ty.oid == oid::JSONPATH {
        check_patterns(text)?;
    }
    let value = match value.data_type() {
        DataType::List(_) => {
            // The value's own dimensions, the elements of the type.
            let leaf = innermost(field);
            let exact = leaf.data_type().is_decimal();
            // What `numeric(p,s)` makes of a number is the cast's to say.
            let own = exact.then(|| leaf.clone().with_data_type(WIDE_NUMERIC).with_metadata(HashMap::new()));
            let target = with_leaf(value.data_type(), own.as_ref().unwrap_or(leaf));
            conform(value, &target)?
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) if is_long(value.data_type()) => {
            conform(value, &WIDE_NUMERIC)?
        }
        _ => value,
    };
    let scalar = match value.as_list_opt::<i32>() {
        // Taken as it is: its elements' type says more than a scalar made of it would keep.
        Some(list) => ScalarValue::List(Arc::new(list.slice(0, 1))),
        None => ScalarValue::try_from_array(&value, 0)?,
    };
    let metadata = keeps_type(field).then(|| FieldMetadata::from(field));
    Ok(Expr::Literal(scalar, metadata))
}

/// The innermost element of an array's field.
#[must_use]
pub fn innermost(field: &Field) -> &Field {
    element_field(field.data_type()).map_or(field, |inner| innermost(inner))
}

/// Whether a decimal has so many digits that results with it may not fit in decimals.
fn is_long(data_type: &DataType) -> bool {
    precision_scale(data_type).0 > USUAL_DIGITS
}

/// `expr` with the type of `field`: a bare string is read, a bare param is typed, anything else stays.
pub fn adapt(expr: Expr, field: &Field, style: &TextStyle) -> Result<Expr> {
    if let Some(text) = unknown_text(&expr) {
        if is_text(field.data_type()) && pg_type(field).oid == oid::NAME {
            let cut = text.floor_char_boundary(NAME_BYTES);
            let name = cut < text.len();
            return Ok(if name { Expr::Literal(ScalarValue::Utf8(Some(text[..cut].to_owned())), None) } else { expr });
        }
        if let Some(read) = reg_input(pg_type(field).oid) {
            return Ok(read.call(vec![expr]));
        }
        if !is_read(field) {
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
    if *field.data_type() == WIDE_NUMERIC {
        return expr;
    }
    let (Expr::Literal(value, None), true) = (inner.as_ref(), field.metadata().is_empty()) else { return expr };
    let number = match value {
        ScalarValue::Int64(_) | ScalarValue::UInt64(_) => field.data_type().is_numeric(),
        // Arrow would cut a fraction where PostgreSQL rounds.
        ScalarValue::Decimal128(..) | ScalarValue::Decimal256(..) => field.data_type().is_decimal(),
        _ => false,
    };
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
