//! LATERAL items of FROM.
//!
//! A function of the left side's columns becomes a projection over the left side, whose sets are unnested there. Any
//! other item that refers to its left and that DataFusion does not turn into a join is applied per row.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, Result, ScalarValue};
use datafusion::logical_expr::{Expr, Extension, Join, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};

use super::joinable::filters_only;
use super::sets;
use crate::exec::apply::{Prepare, RowsNode, free_references};

/// Puts the functions in FROM that look to their left over the left side, and sorts by sets where they are made.
pub fn pull_up_functions(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(join) => pull_up(join),
        other => sets::sort_keys(other),
    })
    .map(|t| t.data)
}

fn pull_up(join: Join) -> Result<Transformed<LogicalPlan>> {
    let refers = correlated(&join)?;
    if refers.is_empty() || !join.on.is_empty() || !is_function(&join.right) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let always = join.filter.as_ref().is_none_or(is_true);
    let outer = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left if always => true,
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    let Ok(pulled) = over(&join.right, &join.left, outer) else {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    };
    let pulled = match join.filter.filter(|_| !always) {
        Some(filter) => LogicalPlanBuilder::from(pulled).filter(filter)?.build()?,
        None => pulled,
    };
    Ok(Transformed::yes(pulled))
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Boolean(Some(true)), _))
}

/// The columns of the left side that the right one refers to.
fn correlated(join: &Join) -> Result<Vec<Column>> {
    let left = join.left.schema();
    Ok(free_references(&join.right)?.into_iter().map(|(c, _)| c).filter(|c| left.has_column(c)).collect())
}

/// Whether a plan only computes expressions of one empty row.
fn is_function(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Subquery(subquery) => is_function(&subquery.subquery),
        LogicalPlan::SubqueryAlias(alias) => is_function(&alias.input),
        LogicalPlan::Projection(projection) => is_function(&projection.input),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

/// The columns of `left` and then those of `plan`, computed over `left`.
fn over(plan: &LogicalPlan, left: &LogicalPlan, outer: bool) -> Result<LogicalPlan> {
    let width = left.schema().fields().len();
    let (input, exprs) = match plan {
        LogicalPlan::Subquery(subquery) => return over(&subquery.subquery, left, outer),
        LogicalPlan::EmptyRelation(_) => return Ok(left.clone()),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => {
            let input = over(input, left, outer)?;
            let exprs = input.schema().columns().into_iter().skip(width).map(Expr::Column).collect();
            (input, exprs)
        }
        LogicalPlan::Projection(projection) => (over(&projection.input, left, outer)?, projection.expr.clone()),
        other => return datafusion::common::internal_err!("{} is no function", other.display()),
    };
    let mut all: Vec<Expr> = input.schema().columns().into_iter().take(width).map(Expr::Column).collect();
    for (expr, (qualifier, field)) in exprs.into_iter().zip(plan.schema().iter()) {
        let expr = expr.transform_down(|e| match e {
            Expr::OuterReferenceColumn(_, column) if left.schema().has_column(&column) => {
                Ok(Transformed::yes(Expr::Column(column)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        all.push(expr.data.unalias().alias_qualified(qualifier.cloned(), field.name()));
    }
    let (input, all) = sets::below(input, all, outer)?;
    LogicalPlanBuilder::from(input).project(all)?.build()
}

/// A join whose right side refers to its left, as Apply; any other join, or one that DataFusion decorrelates, as it is.
pub fn apply_rows(join: Join, prepare: &Prepare) -> Result<Transformed<LogicalPlan>> {
    let names = correlated(&join)?;
    if names.is_empty() {
        let right = without_wrapper(&join.right);
        let join = match right {
            Some(right) => Join { right: Arc::new(right), ..join },
            None => join,
        };
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let wrapped = without_wrapper(&join.right).is_some();
    let right = match without_wrapper(&join.right) {
        Some(right) => right,
        None => join.right.as_ref().clone(),
    };
    if wrapped && join.join_type == JoinType::Inner && join.filter.is_none() && filters_only(&right, false)? {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let join = Join { right: Arc::new(right), ..join };
    rows_for_each(join, prepare, Ok).map(Transformed::yes)
}

/// An inner or left join as Apply: the right side's rows are found for each row of the left one. `finish` completes
/// the right side once the columns of the left one that the condition looks at are outer references.
pub fn rows_for_each(
    join: Join,
    prepare: &Prepare,
    finish: impl FnOnce(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<LogicalPlan> {
    let (left, right) = (Arc::unwrap_or_clone(join.left), Arc::unwrap_or_clone(join.right));
    let condition = join.on.into_iter().map(|(l, r)| l.eq(r)).chain(join.filter).reduce(Expr::and);
    let outer = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left => true,
        _ => return datafusion::common::not_impl_err!("LATERAL on the nullable side of a join"),
    };
    // An outer join's condition decides which of the item's rows there are.
    let (template, condition) = match condition.filter(|c| !is_true(c)) {
        Some(condition) if outer => {
            let within = condition.transform_down(|e| match e {
                Expr::Column(column) if left.schema().has_column(&column) && !right.schema().has_column(&column) => {
                    let (_, field) = left.schema().qualified_field_from_column(&column)?;
                    Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            (finish(LogicalPlanBuilder::from(right).filter(within.data)?.build()?)?, None)
        }
        condition => (right, condition),
    };
    let names = free_references(&template)?.into_iter().map(|(c, _)| c).filter(|c| left.schema().has_column(c));
    let names: Vec<Column> = names.collect();
    let node = RowsNode::try_new(left, Arc::new(template), names, outer, Arc::clone(prepare))?;
    let applied = LogicalPlan::Extension(Extension { node: Arc::new(node) });
    match condition {
        Some(condition) => LogicalPlanBuilder::from(applied).filter(condition)?.build(),
        None => Ok(applied),
    }
}

/// A LATERAL item without the node that says it is one; `None` when there is no such node.
fn without_wrapper(plan: &LogicalPlan) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::Subquery(subquery) => Some(subquery.subquery.as_ref().clone()),
        LogicalPlan::SubqueryAlias(alias) => match alias.input.as_ref() {
            LogicalPlan::Subquery(subquery) => {
                let alias = SubqueryAlias::try_new(Arc::clone(&subquery.subquery), alias.alias.clone()).ok()?;
                Some(LogicalPlan::SubqueryAlias(alias))
            }
            _ => None,
        },
        _ => None,
    }
}
