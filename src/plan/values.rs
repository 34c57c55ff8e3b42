//! VALUES as an item of FROM: each column has the type that PostgreSQL finds for all its values.
//!
//! A bare string takes the type of the others; types of different kinds are `42804`.

use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{self, FunctionArg, FunctionArgExpr};

use super::literals::{adapt, fold_number, is_null, is_text, is_unknown};
use super::unify::common_field;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PG_TYPMOD_KEY, TextStyle};

/// The plan of the rows.
pub fn plan(
    rows: Vec<FunctionArg>,
    style: &TextStyle,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let none = DFSchema::empty();
    let mut planned: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
    for row in rows {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Tuple(items))) = row else {
            return datafusion::common::internal_err!("a row of VALUES is a tuple");
        };
        let exprs = items.into_iter().map(|item| Ok(fold_number(context.sql_to_expr(item, &none)?)));
        let exprs: Vec<Expr> = exprs.collect::<Result<_>>()?;
        if planned.first().is_some_and(|first| first.len() != exprs.len()) {
            let message = "VALUES lists must all be the same length";
            return Err(fault(Error::new(sqlstate::SYNTAX_ERROR, message)));
        }
        planned.push(exprs);
    }
    let width = planned.first().map_or(0, Vec::len);
    for column in 0..width {
        let Some(field) = common(planned.iter().map(|row| &row[column]))? else { continue };
        for row in &mut planned {
            let value = std::mem::take(&mut row[column]);
            row[column] = brought(value, &field, style)?;
        }
    }
    LogicalPlanBuilder::values(planned)?.build()
}

fn fault(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn brought(value: Expr, field: &FieldRef, style: &TextStyle) -> Result<Expr> {
    let value = adapt(value, field, style)?;
    let same = value
        .to_field(&DFSchema::empty())
        .is_ok_and(|(_, own)| own.data_type() == field.data_type() && own.metadata() == field.metadata());
    Ok(if same { value } else { Expr::Cast(Cast::new_from_field(Box::new(value), Arc::clone(field))) })
}

/// The type of a column; `None` when no value tells one.
fn common<'a>(values: impl Iterator<Item = &'a Expr>) -> Result<Option<FieldRef>> {
    let mut fields = Vec::new();
    for value in values {
        let untyped = matches!(value, Expr::Placeholder(p) if p.field.is_none());
        let untyped = untyped || is_unknown(value) || is_null(value);
        fields.push(if untyped { None } else { Some(value.to_field(&DFSchema::empty())?.1) });
    }
    if fields.iter().all(Option::is_none) {
        return Ok(None);
    }
    let field = common_field("VALUES", &fields).map_err(fault)?;
    let mut field = field.as_ref().clone().with_name("value").with_nullable(true);
    if fields.iter().any(Option::is_none) && is_text(field.data_type()) {
        // A bare string has no length, and so the column has none.
        field.metadata_mut().remove(PG_TYPMOD_KEY);
    }
    Ok(Some(Arc::new(field)))
}
