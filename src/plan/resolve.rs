//! The pass over a fresh plan that settles what the operator hooks could not see: unknown literals in IN lists,
//! BETWEEN, CASE and casts.

use datafusion::arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan};

use super::PlanEnv;
use super::cancel::PlanningCancel;
use super::literals::{adapt, fold_number, is_unknown, typed, unknown_text};
use crate::types::TextStyle;

/// Resolves a plan and the subqueries in it.
pub fn resolve(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    let style = &env.vars.style;
    plan.transform_up_with_subqueries(|node| {
        PlanningCancel::check(env.config.options())?;
        let schema = merge_schema(&node.inputs());
        let resolved = node.map_expressions(|expr| expr.transform_up(|e| resolve_expr(e, &schema, style)))?;
        if resolved.transformed { resolved.map_data(LogicalPlan::recompute_schema) } else { Ok(resolved) }
    })
    .map(|t| t.data)
}

fn resolve_expr(expr: Expr, schema: &DFSchema, style: &TextStyle) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => resolve_cast(cast, style),
        Expr::InList(InList { expr, list, negated }) => {
            let Some(field) = field_of(&expr, schema) else {
                return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
            };
            let list = list.into_iter().map(|e| adapt(fold_number(e), &field, style)).collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })))
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let Some(field) = field_of(&expr, schema) else {
                return Ok(Transformed::no(Expr::Between(Between { expr, negated, low, high })));
            };
            let low = Box::new(adapt(fold_number(*low), &field, style)?);
            let high = Box::new(adapt(fold_number(*high), &field, style)?);
            Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// `'text'::type` read now; `$1::type` types the param.
fn resolve_cast(cast: Cast, style: &TextStyle) -> Result<Transformed<Expr>> {
    let Cast { expr, field } = cast;
    if let Some(text) = unknown_text(&expr).filter(|_| !super::literals::is_text(field.data_type())) {
        let literal = typed(text, &field, style).map_err(|e| DataFusionError::External(Box::new(e)))?;
        // The literal has the digits it was written with; the type's own scale and width come from the cast.
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(literal), field))));
    }
    if matches!(expr.as_ref(), Expr::Placeholder(p) if p.field.is_none()) {
        let inner = adapt(*expr, &field, style)?;
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(inner), field))));
    }
    Ok(Transformed::no(Expr::Cast(Cast::new_from_field(expr, field))))
}

fn field_of(expr: &Expr, schema: &DFSchema) -> Option<Field> {
    if is_unknown(expr) {
        return None;
    }
    expr.to_field(schema).ok().map(|(_, field)| field.as_ref().clone())
}
