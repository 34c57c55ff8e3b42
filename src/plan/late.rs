//! Volatile outputs are computed last: after ORDER BY, and only for the rows that LIMIT and OFFSET let through, as in
//! PostgreSQL. A sort key is computed before, and so is what DISTINCT, GROUP BY or a window needs.
//!
//! Volatile conditions see the rows of the query that has them, not those that these are made of.
//!
//! The samples of TABLESAMPLE become their operator here too: like these they see rows one after another.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Distinct, DistinctOn, Expr, Extension, FetchType, Filter, Limit, LogicalPlan, LogicalPlanBuilder, Projection,
    SkipType, Sort, Volatility, lit,
};

use super::{PlanEnv, samples};
use crate::exec::in_order::{InOrderNode, Work};

/// Settles a plan whose params have their values.
pub fn settle(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    if !has_volatile(&plan)? {
        return Ok(plan);
    }
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Sort(sort) => after_sort(sort),
        LogicalPlan::Limit(limit) => within_limit(limit, env),
        LogicalPlan::Distinct(Distinct::On(distinct)) => after_pick(distinct),
        LogicalPlan::Filter(filter) => match samples::settle(filter, env)? {
            Transformed { data: LogicalPlan::Filter(filter), .. } => on_top(filter),
            sample => Ok(sample),
        },
        LogicalPlan::Projection(projection) if needs_order(&projection.expr, &projection.input) => {
            in_order(Arc::unwrap_or_clone(projection.input), named(projection.expr, &projection.schema.columns()))
                .map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(settled.data)
}

fn has_volatile(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            found |= expr.is_volatile();
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    Ok(found)
}

/// The volatile outputs under a sort, other than its keys, computed above it.
fn after_sort(sort: Sort) -> Result<Transformed<LogicalPlan>> {
    match split(&sort)? {
        Some((sorted, outputs)) => in_order(LogicalPlan::Sort(sorted), outputs).map(Transformed::yes),
        None => Ok(Transformed::no(LogicalPlan::Sort(sort))),
    }
}

/// A sort without the volatile outputs that are none of its keys, and all outputs as they follow from its rows; `None`
/// when there are no such outputs.
///
/// # Errors
///
/// When the engine refuses the plan.
pub fn split(sort: &Sort) -> Result<Option<(Sort, Vec<Expr>)>> {
    let Some((exprs, input)) = computed(&sort.input) else { return Ok(None) };
    let columns = sort.input.schema().columns();
    let is_key = |_: &Expr, column: &Column| sort.expr.iter().any(|key| key.expr.column_refs().contains(column));
    let Some((early, outputs)) = postponed(exprs, &columns, is_key)? else { return Ok(None) };
    let input = match needs_order(&early, input) {
        true => in_order(input.clone(), early)?,
        false => LogicalPlan::Projection(Projection::try_new(early, Arc::new(input.clone()))?),
    };
    Ok(Some((Sort { input: Arc::new(input), ..sort.clone() }, outputs)))
}

/// The volatile outputs of DISTINCT ON, other than what it picks by, computed for the picked rows.
fn after_pick(distinct: DistinctOn) -> Result<Transformed<LogicalPlan>> {
    let columns = distinct.schema.columns();
    let sorts = distinct.sort_expr.iter().flatten().map(|sort| &sort.expr);
    let keys: Vec<Expr> = distinct.on_expr.iter().chain(sorts).map(|key| key.clone().unalias()).collect();
    let is_key = |expr: &Expr, _: &Column| keys.contains(&expr.clone().unalias());
    let Some((early, outputs)) = postponed(&distinct.select_expr, &columns, is_key)? else {
        return Ok(Transformed::no(LogicalPlan::Distinct(Distinct::On(distinct))));
    };
    let picked = DistinctOn::try_new(distinct.on_expr, early, distinct.sort_expr, distinct.input)?;
    in_order(LogicalPlan::Distinct(Distinct::On(picked)), outputs).map(Transformed::yes)
}

/// What is computed before and what after, when some of `exprs` is volatile and no key.
fn postponed(
    exprs: &[Expr],
    columns: &[Column],
    is_key: impl Fn(&Expr, &Column) -> bool,
) -> Result<Option<(Vec<Expr>, Vec<Expr>)>> {
    let is_late = |expr: &Expr, column: &Column| expr.is_volatile() && !is_key(expr, column);
    if !exprs.iter().zip(columns).any(|(expr, column)| is_late(expr, column)) {
        return Ok(None);
    }
    let mut early = Vec::new();
    let mut kept: HashMap<Column, Column> = HashMap::new();
    let mut outputs = Vec::with_capacity(columns.len());
    for (expr, column) in exprs.iter().zip(columns) {
        if !is_late(expr, column) {
            early.push(expr.clone());
            outputs.push(Expr::Column(column.clone()));
            continue;
        }
        // The columns that it reads go through the sort under names of their own.
        let late = expr.clone().unalias().transform(|e| match e {
            Expr::Column(read) => {
                let name = Column::new_unqualified(format!("__late_{}", kept.len()));
                let name = kept.entry(read).or_insert(name);
                Ok(Transformed::yes(Expr::Column(name.clone())))
            }
            other => Ok(Transformed::no(other)),
        })?;
        outputs.push(late.data.alias_qualified(column.relation.clone(), &column.name));
    }
    early.extend(kept.into_iter().map(|(read, name)| Expr::Column(read).alias(name.name)));
    Ok(Some((early, outputs)))
}

/// A limit told to what is computed last below it: it sees no other rows.
fn within_limit(limit: Limit, env: &PlanEnv) -> Result<Transformed<LogicalPlan>> {
    let known =
        |count: Option<Box<Expr>>| count.map(|count| samples::simplified(*count, env).map(Box::new)).transpose();
    let limit = Limit { skip: known(limit.skip)?, fetch: known(limit.fetch)?, ..limit };
    let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) = (limit.get_skip_type()?, limit.get_fetch_type()?)
    else {
        return Ok(Transformed::no(LogicalPlan::Limit(limit)));
    };
    match limited(&limit.input, skip.saturating_add(fetch))? {
        Some(input) => Ok(Transformed::yes(LogicalPlan::Limit(Limit { input: Arc::new(input), ..limit }))),
        None => Ok(Transformed::no(LogicalPlan::Limit(limit))),
    }
}

fn limited(plan: &LogicalPlan, rows: usize) -> Result<Option<LogicalPlan>> {
    let first = |input: &LogicalPlan| {
        let fetch = lit(i64::try_from(rows).unwrap_or(i64::MAX));
        LogicalPlanBuilder::from(input.clone()).limit_by_expr(None, Some(fetch))?.build()
    };
    if let Some((exprs, input)) = computed(plan).filter(|(exprs, _)| exprs.iter().any(Expr::is_volatile)) {
        return in_order(first(input)?, named(exprs.to_vec(), &plan.schema().columns())).map(Some);
    }
    let LogicalPlan::Projection(projection) = plan else { return Ok(None) };
    match limited(&projection.input, rows)? {
        Some(input) => {
            let projection = Projection::try_new(projection.expr.clone(), Arc::new(input))?;
            Ok(Some(LogicalPlan::Projection(projection)))
        }
        None => Ok(None),
    }
}

/// The expressions that a plan's columns are, and of what.
fn computed(plan: &LogicalPlan) -> Option<(&[Expr], &LogicalPlan)> {
    match plan {
        LogicalPlan::Projection(projection) if projection.expr.iter().any(waits) => None,
        LogicalPlan::Projection(projection) => Some((&projection.expr, &projection.input)),
        LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<InOrderNode>()? {
            InOrderNode { input, work: Work::Project(exprs), .. } => Some((exprs, input)),
            InOrderNode { .. } => None,
        },
        _ => None,
    }
}

/// Whether an expression is one of those that the engine computes in an operator of its own, as they wait for something.
fn waits(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::ScalarFunction(call) if call.func.as_async().is_some()))).unwrap_or(true)
}

/// Whether volatile expressions must see the rows one after another: their input has an order, or the call has arguments
/// and would pass for a constant because these are.
fn needs_order(exprs: &[Expr], input: &LogicalPlan) -> bool {
    let is_call = |e: &Expr| match e {
        Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Volatile && !call.args.is_empty(),
        _ => false,
    };
    let looks_constant = |expr: &Expr| expr.exists(|e| Ok(is_call(e))).unwrap_or(true);
    if exprs.iter().any(waits) {
        return false;
    }
    exprs.iter().any(looks_constant) || (exprs.iter().any(Expr::is_volatile) && is_sorted(input))
}

/// The volatile conditions of a filter, evaluated for the rows that it is said of and not for those of a table below.
fn on_top(filter: Filter) -> Result<Transformed<LogicalPlan>> {
    let conditions = split_conjunction_owned(filter.predicate.clone());
    let (late, early): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(|c| c.is_volatile() && !waits(c));
    let Some(late) = conjunction(late).filter(|_| is_made(&filter.input)) else {
        return Ok(Transformed::no(LogicalPlan::Filter(filter)));
    };
    let input = match conjunction(early) {
        Some(early) => LogicalPlan::Filter(Filter::try_new(early, filter.input)?),
        None => Arc::unwrap_or_clone(filter.input),
    };
    let node = InOrderNode::try_new(input, Work::Filter(late))?;
    Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(node) })))
}

/// Whether a plan's rows are not those of one table: a condition could be moved to other rows.
fn is_made(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) | LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => false,
        LogicalPlan::Filter(filter) => is_made(&filter.input),
        LogicalPlan::Projection(projection) => is_made(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_made(&alias.input),
        _ => true,
    }
}

/// Whether a plan's rows come in an order that somebody asked for.
fn is_sorted(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Projection(projection) => is_sorted(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_sorted(&alias.input),
        LogicalPlan::Filter(filter) => is_sorted(&filter.input),
        LogicalPlan::Limit(limit) => is_sorted(&limit.input),
        LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<InOrderNode>() {
            Some(InOrderNode { input, work: Work::Project(_), .. }) => is_sorted(input),
            _ => false,
        },
        _ => false,
    }
}

/// Expressions under the names that they have as columns.
fn named(exprs: Vec<Expr>, columns: &[Column]) -> Vec<Expr> {
    let name = |(expr, column): (Expr, &Column)| match expr {
        Expr::Column(_) | Expr::Alias(_) => expr,
        other => other.alias_qualified(column.relation.clone(), &column.name),
    };
    exprs.into_iter().zip(columns).map(name).collect()
}

fn in_order(input: LogicalPlan, exprs: Vec<Expr>) -> Result<LogicalPlan> {
    let node = InOrderNode::try_new(input, Work::Project(exprs))?;
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}
