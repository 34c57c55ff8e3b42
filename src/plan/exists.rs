//! EXISTS asks for a row, not for its values: what the subquery would compute, sort or tell apart is left out, as
//! PostgreSQL does, so that it neither costs nor fails.
//!
//! Aggregates, windows, set-returning functions and real limits decide whether there is a row; such subqueries stay.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Exists;
use datafusion::logical_expr::{Distinct, DistinctOn, Expr, Limit, LogicalPlan, LogicalPlanBuilder, Subquery, lit};
use datafusion::scalar::ScalarValue;

use super::sets;

/// Simplifies the subqueries of EXISTS in a plan.
pub fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| {
        node.map_expressions(|expr| {
            expr.transform_up(|e| match e {
                Expr::Exists(Exists { subquery, negated }) => match source(&subquery.subquery) {
                    Some(rows) => {
                        let rows = LogicalPlanBuilder::from(rows.clone()).project([lit(1_i32)])?.build()?;
                        let subquery = Subquery { subquery: Arc::new(rows), ..subquery };
                        Ok(Transformed::yes(Expr::Exists(Exists { subquery, negated })))
                    }
                    None => Ok(Transformed::no(Expr::Exists(Exists { subquery, negated }))),
                },
                other => Ok(Transformed::no(other)),
            })
        })
    })?;
    Ok(settled.data)
}

/// The part of a subquery that decides whether it has a row, when something above it does not.
fn source(plan: &LogicalPlan) -> Option<&LogicalPlan> {
    let below = match plan {
        LogicalPlan::Projection(projection) if !projection.expr.iter().any(sets::contains_set) => &projection.input,
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => &sort.input,
        LogicalPlan::Distinct(Distinct::All(input)) => input,
        LogicalPlan::Distinct(Distinct::On(DistinctOn { input, select_expr, .. })) => {
            if select_expr.iter().any(sets::contains_set) {
                return None;
            }
            input
        }
        LogicalPlan::Limit(Limit { skip: None, fetch: Some(fetch), input }) => match fetch.as_ref() {
            Expr::Literal(ScalarValue::Int64(Some(1..)), _) => input,
            _ => return None,
        },
        LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.is_empty() && !aggregate.group_expr.is_empty() => {
            if aggregate.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_))) {
                return None;
            }
            &aggregate.input
        }
        _ => return None,
    };
    match below.as_ref() {
        LogicalPlan::Aggregate(aggregate) if !aggregate.aggr_expr.is_empty() => None,
        LogicalPlan::Window(_) | LogicalPlan::Union(_) | LogicalPlan::Values(_) => None,
        other => source(other).or_else(|| stands(other).then_some(other)),
    }
}

/// Whether a plan may be what is left.
fn stands(plan: &LogicalPlan) -> bool {
    matches!(
        plan,
        LogicalPlan::Filter(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::EmptyRelation(_)
    )
}
