//! Assignment: values become those of a table's columns, as INSERT and UPDATE make them.
//!
//! PostgreSQL casts here where it has an assignment cast and refuses everything else (`42804`); it never cuts a text
//! that is too long (`22001`) and never rounds what a bare `numeric` could hold.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DataFusionError, Result};
use datafusion::logical_expr::{Cast, Expr, Limit, LogicalPlan, LogicalPlanBuilder, Projection, Sort};

use super::PlanEnv;
use super::calls::cast_to_column;
use super::fit::fit;
use super::literals::{adapt, is_text, typed, unknown_text};
use super::resolve::own_cast;
use crate::catalog::functions::ty::{WIDE_NUMERIC, element};
use crate::catalog::pg_catalog::data;
use crate::catalog::pg_catalog::statics;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PG_TYPMOD_KEY, PgType, TextStyle, oid, pg_type};

/// The casts that need not be written: source and target, and whether only assignment makes them.
static CASTS: LazyLock<HashMap<(u32, u32), bool>> = LazyLock::new(|| {
    let Some(rows) = data::rows("pg_catalog", "pg_cast") else { return HashMap::new() };
    let (sources, targets) = (statics::oids(rows, "castsource"), statics::oids(rows, "casttarget"));
    let contexts = statics::texts(rows, "castcontext");
    let cast = |row: usize| ((sources.value(row), targets.value(row)), contexts.value(row) == "a");
    (0..rows.num_rows()).filter(|row| contexts.value(*row) != "e").map(cast).collect()
});

/// Reads the bare strings and params among a query's outputs as the columns they are for.
pub fn adapt_outputs(plan: LogicalPlan, fields: &[FieldRef], style: &TextStyle) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            let adapted = expr.into_iter().enumerate().map(|(i, expr)| match fields.get(i) {
                Some(field) => adapt_output(expr, field, style),
                None => Ok(expr),
            });
            Projection::try_new(adapted.collect::<Result<_>>()?, input).map(LogicalPlan::Projection)
        }
        LogicalPlan::Sort(sort) => {
            let input = Arc::new(adapt_outputs(Arc::unwrap_or_clone(sort.input), fields, style)?);
            Ok(LogicalPlan::Sort(Sort { input, ..sort }))
        }
        LogicalPlan::Limit(limit) => {
            let input = Arc::new(adapt_outputs(Arc::unwrap_or_clone(limit.input), fields, style)?);
            Ok(LogicalPlan::Limit(Limit { input, ..limit }))
        }
        other => Ok(other),
    }
}

fn adapt_output(expr: Expr, field: &Field, style: &TextStyle) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(adapt_value(*alias.expr, field, style)?);
            Ok(Expr::Alias(alias))
        }
        Expr::Literal(..) | Expr::Placeholder(_) => {
            let name = expr.schema_name().to_string();
            Ok(adapt_value(expr, field, style)?.alias(name))
        }
        other => Ok(other),
    }
}

/// A bare string or param as a value of a column; anything else stays.
pub fn adapt_value(expr: Expr, field: &Field, style: &TextStyle) -> Result<Expr> {
    let of = pg_type(field).oid;
    match unknown_text(&expr) {
        // Kept as text, but not any text will do.
        Some(text) if is_text(field.data_type()) && !is_string(of) => {
            let value = typed(text, field, style).map_err(external)?;
            Ok(Expr::Cast(Cast::new_from_field(Box::new(value), Arc::new(field.clone().with_nullable(true)))))
        }
        _ => adapt(expr, field, style),
    }
}

/// The plan's outputs from `skip` on as the values of columns: the first of them are passed on as they are.
pub fn to_columns(plan: LogicalPlan, skip: usize, fields: &[FieldRef], env: &PlanEnv) -> Result<LogicalPlan> {
    let mut exprs = Vec::with_capacity(plan.schema().fields().len());
    for (i, (qualifier, from)) in plan.schema().iter().enumerate() {
        let column = Expr::Column(Column::new(qualifier.cloned(), from.name()));
        match i.checked_sub(skip).and_then(|i| fields.get(i)) {
            Some(to) => exprs.push(assign(column, from, to, env)?.alias(to.name())),
            None => exprs.push(column),
        }
    }
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

/// A value of a known type as the value of a column. Error `42804` where PostgreSQL has no assignment cast.
pub fn assign(expr: Expr, from: &FieldRef, to: &FieldRef, env: &PlanEnv) -> Result<Expr> {
    if *from.data_type() == DataType::Null {
        return Ok(Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(to))));
    }
    let (from_type, to_type) = (pg_type(from), pg_type(to));
    if !is_assignable(from_type.oid, to_type.oid) {
        return Err(external(mismatch(to.name(), from_type, to_type)));
    }
    if element(to.data_type()).is_some() && dimensions(from.data_type()) != dimensions(to.data_type()) {
        let message = format!(
            "column \"{}\" is declared with {} array dimensions and cannot keep {}",
            to.name(),
            dimensions(to.data_type()),
            dimensions(from.data_type())
        );
        return Err(external(Error::unsupported(message)));
    }
    let base = without_length(to);
    let sized = base.data_type() == &WIDE_NUMERIC && from_type.typmod != to_type.typmod;
    let same = from_type.oid == to_type.oid && from.data_type() == base.data_type() && !sized;
    let value = match same {
        true => expr,
        false => match own_cast(expr, from, &base, &env.functions)? {
            Ok(planned) => planned,
            Err(expr) => cast_to_column(expr, from, &base, &env.functions).map_err(external)?,
        },
    };
    if is_text(to.data_type()) && to_type.typmod >= 0 {
        return Ok(fit(value, to));
    }
    Ok(Expr::Cast(Cast::new_from_field(Box::new(value), Arc::clone(to))))
}

/// Levels of lists.
fn dimensions(data_type: &DataType) -> usize {
    element(data_type).map_or(0, |inner| 1 + dimensions(inner))
}

/// Whether a value of one type may be assigned to a column of another.
#[must_use]
pub fn is_assignable(from: u32, to: u32) -> bool {
    if from == to || CASTS.contains_key(&(from, to)) {
        return true;
    }
    match (oid::element_of(from), oid::element_of(to)) {
        (Some(from), Some(to)) => is_assignable(from, to),
        // Every type has a text form, and strings take it.
        _ => is_string(to),
    }
}

fn is_string(of: u32) -> bool {
    matches!(of, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME)
}

/// The column's type without the length that a cast would cut to.
fn without_length(field: &FieldRef) -> FieldRef {
    if !is_text(field.data_type()) {
        return Arc::clone(field);
    }
    let mut metadata = field.metadata().clone();
    metadata.remove(PG_TYPMOD_KEY);
    Arc::new(field.as_ref().clone().with_metadata(metadata).with_nullable(true))
}

fn mismatch(column: &str, from: PgType, to: PgType) -> Error {
    let (from, to) = (oid::sql_name(from.oid), oid::sql_name(to.oid));
    let message = format!("column \"{column}\" is of type {to} but expression is of type {from}");
    Error::new(sqlstate::DATATYPE_MISMATCH, message).hint("You will need to rewrite or cast the expression.")
}

/// An error of ours on its way through DataFusion.
pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
