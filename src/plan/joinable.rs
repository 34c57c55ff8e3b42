//! Which subqueries DataFusion's optimizer turns into joins; every other one runs in Apply.
//!
//! EXISTS and IN with their outer references in filters, and scalar subqueries that aggregate without GROUP BY over
//! equality filters.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator, Subquery};

use crate::exec::apply::{free_references, has_free_references, subquery_of};

/// Whether DataFusion handles a scalar subquery: uncorrelated, or an aggregate over equality filters.
pub fn scalar_joinable(subquery: &Subquery) -> Result<bool> {
    let plan = &subquery.subquery;
    if !has_free_references(plan)? {
        // The engine takes the value of no row to be of the column's type, which must then allow NULL.
        return Ok(plan.schema().fields().first().is_some_and(|f| f.is_nullable()) || has_one_row(plan));
    }
    let mut top = plan.as_ref();
    loop {
        match top {
            LogicalPlan::Projection(p) if !uses_outer(top)? => top = &p.input,
            LogicalPlan::SubqueryAlias(a) => top = &a.input,
            LogicalPlan::Aggregate(aggregate) => {
                let plain = aggregate.group_expr.is_empty() && !uses_outer(top)?;
                return Ok(plain && filters_only(&aggregate.input, true)?);
            }
            _ => return Ok(false),
        }
    }
}

/// Whether a plan gives one row whatever the data.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(p) => has_one_row(&p.input),
        LogicalPlan::SubqueryAlias(a) => has_one_row(&a.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

/// Whether DataFusion turns an EXISTS or IN over this plan into a semi join.
pub fn joinable(plan: &LogicalPlan) -> Result<bool> {
    if !has_free_references(plan)? {
        return Ok(true);
    }
    match plan {
        LogicalPlan::Projection(p) if !uses_outer(plan)? => filters_only(&p.input, false),
        other => filters_only(other, false),
    }
}

/// Whether outer references stand only in filters (`equal`: as equalities of a column with an outer column) over
/// relations and inner joins.
pub fn filters_only(plan: &LogicalPlan, equal: bool) -> Result<bool> {
    match plan {
        LogicalPlan::Filter(filter) => {
            let fine = |conjunct: &&Expr| {
                !contains_outer(conjunct) || (!has_subquery(conjunct) && (!equal || is_equality(conjunct)))
            };
            Ok(split_conjunction(&filter.predicate).iter().all(fine)
                && !nested_free(plan)?
                && filters_only(&filter.input, equal)?)
        }
        LogicalPlan::Join(join) => {
            let inner = join.join_type == datafusion::common::JoinType::Inner;
            let here = uses_outer(plan)?;
            let (left, right) = (has_free_references(&join.left)?, has_free_references(&join.right)?);
            Ok(!here
                && (!left && !right || inner && filters_only(&join.left, equal)? && filters_only(&join.right, equal)?))
        }
        // A condition pulled up through an alias would keep the names below it.
        LogicalPlan::SubqueryAlias(alias) => Ok(!has_free_references(&alias.input)?),
        LogicalPlan::Projection(p) if !uses_outer(plan)? => filters_only(&p.input, equal),
        other => Ok(!has_free_references(other)?),
    }
}

/// Whether the node's own expressions refer outside.
fn uses_outer(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expr| {
        found |= contains_outer(expr);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found || nested_free(node)?)
}

/// Whether a subquery inside the node's expressions refers beyond the node.
fn nested_free(node: &LogicalPlan) -> Result<bool> {
    let schema = datafusion::logical_expr::utils::merge_schema(&node.inputs());
    let mut found = false;
    node.apply_expressions(|expr| {
        expr.apply(|e| {
            if let Some(s) = subquery_of(e) {
                found |= free_references(&s.subquery)?.iter().any(|(column, _)| !schema.has_column(column));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(found)
}

/// Whether an expression refers outside.
pub fn contains_outer(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or(true)
}

/// Whether an expression has a subquery.
pub fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|e| Ok(subquery_of(e).is_some())).unwrap_or(true)
}

/// `column = outer.column`, either way round.
fn is_equality(expr: &Expr) -> bool {
    let Expr::BinaryExpr(binary) = expr else { return false };
    let sides = (binary.left.as_ref(), binary.right.as_ref());
    binary.op == Operator::Eq
        && matches!(
            sides,
            (Expr::Column(_), Expr::OuterReferenceColumn(..)) | (Expr::OuterReferenceColumn(..), Expr::Column(_))
        )
}
