//! Grouping sets of expressions as grouping sets of columns: the expressions are computed below the aggregate, under
//! the names by which the nodes above know them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};

/// Computes the expressions of all grouping sets of a plan below them.
pub fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) => computed(aggregate),
        other => Ok(Transformed::no(other)),
    })
    .map(|t| t.data)
}

fn computed(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let [Expr::GroupingSet(GroupingSet::GroupingSets(sets))] = aggregate.group_expr.as_slice() else {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    };
    let mut exprs: Vec<&Expr> = Vec::new();
    for expr in sets.iter().flatten() {
        if !matches!(expr, Expr::Column(_)) && !exprs.contains(&expr) {
            exprs.push(expr);
        }
    }
    if exprs.is_empty() {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let named = |expr: &Expr| expr.schema_name().to_string();
    let column = |expr: &Expr| match exprs.contains(&expr) {
        true => Expr::Column(Column::new_unqualified(named(expr))),
        false => expr.clone(),
    };
    let below = aggregate.input.schema().columns().into_iter().map(Expr::Column);
    let below: Vec<Expr> = below.chain(exprs.iter().map(|e| (*e).clone().alias(named(e)))).collect();
    let sets: Vec<Vec<Expr>> = sets.iter().map(|set| set.iter().map(column).collect()).collect();
    // GROUPING's arguments are the groups' expressions.
    let calls = aggregate.aggr_expr.iter().map(|call| {
        let named = call.schema_name().to_string();
        let replaced = call.clone().transform_down(|e| match e {
            Expr::AggregateFunction(mut call) if call.func.name() == "grouping" => {
                call.params.args = call.params.args.iter().map(column).collect();
                Ok(Transformed::yes(Expr::AggregateFunction(call)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        let same = replaced.data.schema_name().to_string() == named;
        Ok(if same { replaced.data } else { replaced.data.alias(named) })
    });
    let calls = calls.collect::<Result<Vec<_>>>()?;
    let input = LogicalPlanBuilder::from(Arc::unwrap_or_clone(aggregate.input)).project(below)?.build()?;
    let group = vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))];
    Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), group, calls)?)))
}
