//! Limits that the engine's own operator cannot take: WITH TIES, and counts that a subquery gives.
//!
//! Rows are numbered in the query's order and filtered by their number; with ties the last row's peers have its rank.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::functions_window::rank::rank_udwf;
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{ScalarFunction, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr, Limit, LogicalPlan, LogicalPlanBuilder, Projection, Sort, SortExpr, Volatility, WindowFrame,
    WindowFunctionDefinition, lit,
};
use std::sync::Arc;

use super::joinable::has_subquery;
use super::{PlanEnv, literals};
use crate::sql::fetch::WITH_TIES;

const NUMBER: &str = "number of row";
const RANK: &str = "rank of row";

/// Replaces such limits in a plan and its subqueries.
pub fn settle(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Limit(limit) => {
            let limit = Limit { skip: folded(limit.skip, env)?, fetch: folded(limit.fetch, env)?, ..limit };
            let plain = |e: &Expr| matches!(e, Expr::Literal(..) | Expr::Placeholder(_) | Expr::Cast(_));
            match limit.fetch.iter().chain(&limit.skip).all(|e| plain(e)) {
                true => Ok(Transformed::yes(LogicalPlan::Limit(limit))),
                false => Ok(Transformed::yes(filtered(limit)?)),
            }
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(settled.data)
}

/// A count as a literal where it is one; a cast of a param stays for its value.
fn folded(count: Option<Box<Expr>>, env: &PlanEnv) -> Result<Option<Box<Expr>>> {
    let Some(count) = count else { return Ok(None) };
    let count = count.unalias();
    if with_ties(&count).is_some() || varies(&count) {
        // Not a bare cast, so that it is told from one of a param.
        let shown = if matches!(count, Expr::Cast(_)) { or(count, i64::MAX / 2) } else { count };
        return Ok(Some(Box::new(shown)));
    }
    if count.exists(|e| Ok(matches!(e, Expr::Placeholder(_))))? {
        return Ok(Some(Box::new(count)));
    }
    Ok(literals::fold_arguments(vec![count], env)?.pop().map(Box::new))
}

/// Whether a count is known only when the rows are: by a subquery, an outer query's column, or chance.
fn varies(count: &Expr) -> bool {
    let outer = |e: &Expr| match e {
        Expr::OuterReferenceColumn(..) => true,
        Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Volatile,
        _ => false,
    };
    has_subquery(count) || count.exists(|e| Ok(outer(e))).unwrap_or(true)
}

/// The count inside the marker of WITH TIES.
fn with_ties(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == WITH_TIES => args.first(),
        _ => None,
    }
}

fn filtered(limit: Limit) -> Result<LogicalPlan> {
    let input = Arc::unwrap_or_clone(limit.input);
    let shown: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    // A projection above the sort takes hidden sort columns off.
    let (input, projection) = match input {
        LogicalPlan::Projection(Projection { input, expr, .. }) if matches!(*input, LogicalPlan::Sort(_)) => {
            (Arc::unwrap_or_clone(input), expr)
        }
        other => (other, shown),
    };
    let (input, keys) = match input {
        LogicalPlan::Sort(Sort { expr, input, fetch: None }) => (Arc::unwrap_or_clone(input), expr),
        other => (other, Vec::new()),
    };
    let number = numbering(WindowFunctionDefinition::WindowUDF(row_number_udwf()), &keys).alias(NUMBER);
    let rank = numbering(WindowFunctionDefinition::WindowUDF(rank_udwf()), &keys).alias(RANK);
    let columns = input.schema().columns().into_iter().map(Expr::Column);
    let columns: Vec<Expr> = columns.chain([number, rank]).collect();
    let windows: Vec<Expr> = columns[columns.len() - 2..].iter().map(|e| e.clone().unalias()).collect();
    let window = LogicalPlanBuilder::from(input).window(windows)?.build()?;
    let outputs = window.schema().columns();
    let added = outputs.len().saturating_sub(2);
    let named = outputs.into_iter().enumerate().map(|(i, column)| match i.checked_sub(added) {
        Some(0) => Expr::Column(column).alias(NUMBER),
        Some(_) => Expr::Column(column).alias(RANK),
        None => Expr::Column(column),
    });
    let numbered = LogicalPlanBuilder::from(window).project(named.collect::<Vec<_>>())?;
    let place = |name: &str| Expr::Column(Column::from_name(name));
    let skip = limit.skip.map_or_else(|| lit(0_i64), |skip| or(*skip, 0));
    let mut condition = place(NUMBER).gt(skip.clone());
    if let Some(fetch) = limit.fetch {
        let last = |count: &Expr| or(count.clone(), i64::MAX / 2) + skip.clone();
        condition = match with_ties(&fetch) {
            Some(count) => {
                let within = place(RANK).lt_eq(last(count));
                condition.and(within).and(or(count.clone(), 1).gt(lit(0_i64)))
            }
            None => condition.and(place(NUMBER).lt_eq(last(&fetch))),
        };
    }
    numbered.filter(condition)?.sort([place(NUMBER).sort(true, false)])?.project(projection)?.build()
}

/// A count, or `other` where it is NULL.
fn or(count: Expr, other: i64) -> Expr {
    datafusion::functions::core::expr_fn::coalesce(vec![count, lit(other)])
}

fn numbering(fun: WindowFunctionDefinition, keys: &[SortExpr]) -> Expr {
    Expr::WindowFunction(Box::new(WindowFunction {
        fun,
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by: Vec::new(),
            order_by: keys.to_vec(),
            window_frame: WindowFrame::new((!keys.is_empty()).then_some(false)),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    }))
}
