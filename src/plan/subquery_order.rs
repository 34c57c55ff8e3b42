//! Aggregates and window calls whose value depends on the order of their rows, over a subquery with ORDER BY:
//! PostgreSQL gives them the rows in that order, so it becomes their own. Beside an aggregate with an order of its own
//! it sorts the rows for all of them.
//!
//! The subquery's rows are numbered where they are sorted, and the number is carried up to the aggregate.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Aggregate, Expr, Limit, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr, Window, WindowFrame, WindowFrameUnits,
    WindowFunctionDefinition,
};

use super::late;
use crate::catalog::functions::framed::Framed;

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

/// Window functions that number or pick rows, whose peers do not depend on the order.
const NUMBERING: [&str; 7] = ["row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"];

/// Gives such aggregates and window calls of a plan the order of their subquery.
pub fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.iter().any(depends_on_order) => ordered(aggregate),
        LogicalPlan::Window(window) if window.window_expr.iter().any(follows_input) => in_input_order(window),
        other => Ok(Transformed::no(other)),
    })
    .map(|t| t.data)
}

fn depends_on_order(expr: &Expr) -> bool {
    matches!(expr, Expr::AggregateFunction(call)
        if ORDERED.contains(&call.func.name()) && call.params.order_by.is_empty() && !call.params.distinct)
}

fn ordered(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let numbered = numbered(&aggregate.input)?;
    let (input, place) = match numbered {
        Some((input, place)) => (Arc::new(input), Some(place)),
        None => (Arc::clone(&aggregate.input), None),
    };
    let shared = shared_order(&aggregate.aggr_expr);
    if place.is_none() && shared.is_empty() {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let by_place = place.map(|place| Expr::Column(place).sort(true, false));
    let order: Vec<SortExpr> = shared.into_iter().chain(by_place).collect();
    let calls = aggregate.aggr_expr.iter().map(|expr| {
        let name = expr.schema_name().to_string();
        match expr {
            Expr::AggregateFunction(call) if depends_on_order(expr) => {
                let mut call = call.clone();
                call.params.order_by.clone_from(&order);
                Expr::AggregateFunction(call).alias(name)
            }
            other => other.clone(),
        }
    });
    let calls = calls.collect();
    let groups = aggregate.group_expr.clone();
    Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new(input, groups, calls)?)))
}

/// The order in which PostgreSQL sorts the rows of all aggregates, because of those that have an ORDER BY or a DISTINCT:
/// the one that serves most of them, and of several the first.
fn shared_order(calls: &[Expr]) -> Vec<SortExpr> {
    let wanted = |expr: &Expr| match expr.clone().unalias() {
        Expr::AggregateFunction(call) if !call.params.order_by.is_empty() => Some(call.params.order_by),
        Expr::AggregateFunction(call) if call.params.distinct => {
            Some(call.params.args.into_iter().map(|arg| arg.sort(true, false)).collect())
        }
        _ => None,
    };
    let wanted: Vec<Vec<SortExpr>> = calls.iter().filter_map(wanted).filter(|keys| !is_volatile(keys)).collect();
    let served = |keys: &[SortExpr]| wanted.iter().filter(|other| keys.starts_with(other)).count();
    let best = wanted.iter().map(|keys| served(keys)).max().unwrap_or(0);
    wanted.iter().find(|keys| served(keys) == best).cloned().unwrap_or_default()
}

fn is_volatile(keys: &[SortExpr]) -> bool {
    keys.iter().any(|key| key.expr.is_volatile())
}

/// Whether a window call's value depends on the order of rows that its own ORDER BY leaves open.
fn follows_input(expr: &Expr) -> bool {
    let Expr::WindowFunction(call) = expr else { return false };
    let rows = call.params.window_frame.units == WindowFrameUnits::Rows;
    match &call.fun {
        WindowFunctionDefinition::WindowUDF(function) => {
            function.inner().is::<Framed>() || NUMBERING.contains(&function.name())
        }
        WindowFunctionDefinition::AggregateUDF(_) => rows,
    }
}

/// The window over rows in the order of their subquery.
fn in_input_order(window: Window) -> Result<Transformed<LogicalPlan>> {
    let Some((input, place)) = numbered(&window.input)? else {
        return Ok(Transformed::no(LogicalPlan::Window(window)));
    };
    let key = Expr::Column(place.clone()).sort(true, false);
    let calls = window.window_expr.iter().map(|expr| match expr {
        Expr::WindowFunction(call) if follows_input(expr) => {
            let mut call = call.clone();
            call.params.order_by.push(key.clone());
            Expr::WindowFunction(call)
        }
        other => other.clone(),
    });
    let made = Window::try_new(calls.collect(), Arc::new(input))?;
    let columns = made.schema.columns();
    let own = columns.len().saturating_sub(window.window_expr.len());
    let names = window.schema.columns();
    let names = &names[names.len().saturating_sub(window.window_expr.len())..];
    let kept = columns[..own].iter().map(|column| Expr::Column(column.clone()));
    let renamed = columns[own..]
        .iter()
        .zip(names)
        .map(|(column, name)| Expr::Column(column.clone()).alias_qualified(name.relation.clone(), &name.name));
    let outputs: Vec<Expr> = kept.chain(renamed).collect();
    let plan = LogicalPlanBuilder::from(LogicalPlan::Window(made)).project(outputs)?.build()?;
    Ok(Transformed::yes(plan))
}

/// The plan with its rows' numbers as one more column; `None` when nothing sorts them.
fn numbered(plan: &LogicalPlan) -> Result<Option<(LogicalPlan, Column)>> {
    let columns = |plan: &LogicalPlan| plan.schema().columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
    if let Some(place) = plan.schema().columns().into_iter().find(|column| column.name == PLACE) {
        return Ok(Some((plan.clone(), place)));
    }
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
        LogicalPlan::Limit(limit) => numbered(&limit.input)?
            .map(|(input, place)| (LogicalPlan::Limit(Limit { input: Arc::new(input), ..limit.clone() }), place)),
        LogicalPlan::Sort(sort) if let Some((sorted, mut outputs)) = late::split(sort)? => {
            // What is computed after the sort is computed for the numbered rows.
            let Some((input, place)) = numbered(&LogicalPlan::Sort(sorted))? else { return Ok(None) };
            outputs.push(Expr::Column(place).alias(PLACE));
            let plan = LogicalPlanBuilder::from(input).project(outputs)?.build()?;
            Some((plan, Column::new_unqualified(PLACE)))
        }
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
