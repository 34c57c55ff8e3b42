//! Aggregates whose value depends on the order of their rows, over a subquery with ORDER BY: PostgreSQL gives them the
//! rows in that order, so it becomes their own.
//!
//! The subquery's rows are numbered where they are sorted, and the number is carried up to the aggregate.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Aggregate, Expr, Limit, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr, WindowFrame, WindowFunctionDefinition,
};

/// Aggregates that give another value for another order.
const ORDERED: [&str; 12] = [
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "json_agg_strict",
    "jsonb_agg_strict",
    "json_object_agg_strict",
    "jsonb_object_agg_strict",
    "json_object_agg_unique",
    "xmlagg",
];
const PLACE: &str = "place in subquery";

/// Gives such aggregates of a plan the order of their subquery.
pub fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.iter().any(depends_on_order) => ordered(aggregate),
        other => Ok(Transformed::no(other)),
    })
    .map(|t| t.data)
}

fn depends_on_order(expr: &Expr) -> bool {
    matches!(expr, Expr::AggregateFunction(call)
        if ORDERED.contains(&call.func.name()) && call.params.order_by.is_empty() && !call.params.distinct)
}

fn ordered(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let Some((input, place)) = numbered(&aggregate.input)? else {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    };
    let calls = aggregate.aggr_expr.iter().map(|expr| {
        let name = expr.schema_name().to_string();
        match expr {
            Expr::AggregateFunction(call) if depends_on_order(expr) => {
                let mut call = call.clone();
                call.params.order_by = vec![Expr::Column(place.clone()).sort(true, false)];
                Expr::AggregateFunction(call).alias(name)
            }
            other => other.clone(),
        }
    });
    let calls = calls.collect();
    let groups = aggregate.group_expr.clone();
    Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), groups, calls)?)))
}

/// The plan with its rows' numbers as one more column; `None` when nothing sorts them.
fn numbered(plan: &LogicalPlan) -> Result<Option<(LogicalPlan, Column)>> {
    let columns = |plan: &LogicalPlan| plan.schema().columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
    Ok(match plan {
        LogicalPlan::Projection(projection) => match numbered(&projection.input)? {
            Some((input, place)) => {
                let exprs = projection.expr.iter().cloned().chain([Expr::Column(place).alias(PLACE)]);
                let plan = LogicalPlanBuilder::from(input).project(exprs.collect::<Vec<_>>())?.build()?;
                Some((plan, Column::new_unqualified(PLACE)))
            }
            None => None,
        },
        LogicalPlan::SubqueryAlias(alias) => match numbered(&alias.input)? {
            Some((input, _)) => {
                let plan = LogicalPlanBuilder::from(input).alias(alias.alias.clone())?.build()?;
                Some((plan, Column::new(Some(alias.alias.clone()), PLACE)))
            }
            None => None,
        },
        LogicalPlan::Filter(filter) => match numbered(&filter.input)? {
            Some((input, place)) => {
                Some((LogicalPlanBuilder::from(input).filter(filter.predicate.clone())?.build()?, place))
            }
            None => None,
        },
        LogicalPlan::Limit(limit) => match numbered(&limit.input)? {
            Some((input, place)) => {
                Some((LogicalPlan::Limit(Limit { input: Arc::new(input), ..limit.clone() }), place))
            }
            None => None,
        },
        LogicalPlan::Sort(Sort { expr, input, fetch }) => {
            let number = numbering(expr);
            let window = LogicalPlanBuilder::from(input.as_ref().clone()).window([number])?.build()?;
            let mut outputs = columns(&window);
            let place = outputs.pop().map(|place| place.alias(PLACE));
            outputs.extend(place);
            let projected = LogicalPlanBuilder::from(window).project(outputs)?.build()?;
            let place = Column::new_unqualified(PLACE);
            let by_place = vec![Expr::Column(place.clone()).sort(true, false)];
            let sort = Sort { expr: by_place, input: Arc::new(projected), fetch: *fetch };
            Some((LogicalPlan::Sort(sort), place))
        }
        _ => None,
    })
}

fn numbering(keys: &[SortExpr]) -> Expr {
    Expr::WindowFunction(Box::new(WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by: Vec::new(),
            order_by: keys.to_vec(),
            window_frame: WindowFrame::new(Some(false)),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    }))
}
