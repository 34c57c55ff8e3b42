//! Casts between dates, local times and instants that type coercion put into a plan.
//!
//! Arrow takes a local time for UTC, PostgreSQL for the session's zone; and Arrow knows no infinite dates. What the
//! statement itself casts has become a call by now, so the casts found here are all coercion's.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast};

use super::PlanEnv;
use super::calls::implicit_temporal;
use crate::catalog::functions::ty::Ty;
use crate::error::Error;

/// Makes calls of the plan's implicit casts.
pub fn settle(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|e| {
                found |= kind(e, &schema).is_some();
                Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    if !found {
        return Ok(plan);
    }
    plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let changed = node.map_expressions(|expr| {
            let name = names.save(&expr);
            expr.transform_up(|e| cast(e, &schema, env))?.map_data(|e| Ok(name.restore(e)))
        })?;
        if changed.transformed { changed.map_data(LogicalPlan::recompute_schema) } else { Ok(changed) }
    })
    .map(|t| t.data)
}

/// The types between which an expression casts, when a call has to do it.
fn kind(expr: &Expr, schema: &DFSchema) -> Option<(Ty, Ty)> {
    let (Expr::Cast(Cast { expr: inner, field }) | Expr::TryCast(TryCast { expr: inner, field })) = expr else {
        return None;
    };
    if !matches!(field.data_type(), DataType::Timestamp(..)) {
        return None;
    }
    let (from, to) = (Ty::of(&inner.get_type(schema).ok()?)?, Ty::of(field.data_type())?);
    let moment = |ty| matches!(ty, Ty::Date | Ty::Timestamp | Ty::TimestampTz);
    (from != to && moment(from)).then_some((from, to))
}

fn cast(expr: Expr, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let Some((from, to)) = kind(&expr, schema) else { return Ok(Transformed::no(expr)) };
    if from == Ty::TimestampTz {
        // PostgreSQL never does that unasked: the common type was another one.
        let message = format!("types {} and {} have no common type here", from.name(), to.name());
        let error = Error::unsupported(message).hint("Cast one of the values to the other's type.");
        return Err(DataFusionError::External(Box::new(error)));
    }
    let (Expr::Cast(Cast { expr: inner, .. }) | Expr::TryCast(TryCast { expr: inner, .. })) = expr else {
        return Ok(Transformed::no(expr));
    };
    let call = implicit_temporal(*inner, from, to, &env.functions);
    Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(call), Arc::new(to.field())))))
}
