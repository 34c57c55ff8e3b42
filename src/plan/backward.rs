//! Which queries PostgreSQL lets a cursor read backward without SCROLL: those whose plan keeps or can find its rows
//! again. Joins, aggregates and the like cannot.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::Plan;

impl Plan {
    /// Whether a cursor over this query may go back when nothing is said about it.
    #[must_use]
    pub fn can_go_back(&self) -> bool {
        can_go_back(&self.logical)
    }
}

fn can_go_back(plan: &LogicalPlan) -> bool {
    match plan {
        // A sort keeps its rows.
        LogicalPlan::Sort(_) | LogicalPlan::TableScan(_) | LogicalPlan::Values(_) => true,
        LogicalPlan::Projection(projection) => {
            !projection.expr.iter().any(has_own_plan) && can_go_back(&projection.input)
        }
        LogicalPlan::Filter(filter) => !has_own_plan(&filter.predicate) && can_go_back(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => can_go_back(&alias.input),
        LogicalPlan::Limit(limit) => can_go_back(&limit.input),
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| can_go_back(input)),
        _ => false,
    }
}

/// Whether an expression is made from rows of its own (a subquery, a window).
fn has_own_plan(expr: &Expr) -> bool {
    let mut found = false;
    // The visit itself cannot fail.
    let _ = expr.apply(|e| {
        found |= matches!(e, Expr::Unnest(_) | Expr::WindowFunction(_) | Expr::AggregateFunction(_));
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}
