//! Intervals and `jsonb` where equality counts: GROUP BY, DISTINCT, joins' keys, aggregates.
//!
//! `1 mon` equals `30 days` and `720:00:00`, the document `1` equals `1.0`, but they are several values to Arrow. So their
//! lengths or keys are compared, and one of the equal ones stands for its group.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Aggregate, Cast, Distinct, DistinctOn, Expr, Join, LogicalPlan, Projection, Sort};

use super::temporal::{call, type_of};
use super::wide::{is_wide, padded};
use super::windows::unmodified;
use crate::catalog::functions::Functions;
use crate::catalog::functions::JSONB_KEY;
use crate::catalog::functions::arrays::ACCUMULATED;
use crate::catalog::functions::datetime::casts::LENGTH;
use crate::catalog::functions::resolve;
use crate::catalog::functions::ty::Ty;
use crate::error::Error;

/// Aggregates whose ORDER BY is their argument.
const ORDERED_SETS: [&str; 3] = ["percentile_cont", "percentile_disc", "mode"];

/// A node with its intervals compared by length.
pub fn compared(plan: LogicalPlan, functions: &Functions) -> Result<Transformed<LogicalPlan>> {
    Ok(match plan {
        LogicalPlan::Sort(node) => sort(node, functions),
        LogicalPlan::Aggregate(node) => aggregate(node, functions)?,
        LogicalPlan::Distinct(Distinct::All(input)) => distinct(input, functions)?,
        LogicalPlan::Distinct(Distinct::On(node)) => distinct_on(node, functions),
        LogicalPlan::Join(node) => join(node, functions),
        other => Transformed::no(other),
    })
}

/// The function whose results are equal, and in order, where values of a type are.
#[must_use]
pub fn key_function(ty: Option<Ty>) -> Option<&'static str> {
    match ty? {
        Ty::Interval => Some(LENGTH),
        Ty::Jsonb => Some(JSONB_KEY),
        _ => None,
    }
}

/// Whether values of an expression are compared by what stands for them.
fn has_key(expr: &Expr, schema: &DFSchema) -> bool {
    key_function(type_of(expr, schema)).is_some()
}

/// Whether equal values of an expression may differ: then one of them stands for its group.
fn differs(expr: &Expr, schema: &DFSchema) -> bool {
    has_key(expr, schema) || is_wide(expr, schema)
}

/// What equal values have in common.
fn group_key(mut expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    if is_wide(&expr, schema) {
        return call("numeric_key", expr, functions);
    }
    by_length(&mut expr, schema, functions);
    expr
}

/// Makes the length of an interval, the key of a document; says whether it was one.
pub fn by_length(expr: &mut Expr, schema: &DFSchema, functions: &Functions) -> bool {
    let Some(name) = key_function(type_of(expr, schema)) else { return false };
    let own = std::mem::take(expr);
    *expr = call(name, own, functions);
    true
}

fn sort(mut node: Sort, functions: &Functions) -> Transformed<LogicalPlan> {
    let mut changed = false;
    let schema = node.input.schema();
    for key in &mut node.expr {
        if differs(&key.expr, schema) {
            let own = std::mem::take(&mut key.expr);
            key.expr = group_key(own, schema, functions);
            changed = true;
        }
    }
    Transformed::new_transformed(LogicalPlan::Sort(node), changed)
}

fn join(mut node: Join, functions: &Functions) -> Transformed<LogicalPlan> {
    let mut changed = false;
    for (left, right) in &mut node.on {
        if type_of(left, node.left.schema()) == type_of(right, node.right.schema()) {
            changed |= by_length(left, node.left.schema(), functions);
            changed |= by_length(right, node.right.schema(), functions);
        }
    }
    Transformed::new_transformed(LogicalPlan::Join(node), changed)
}

/// Groups by lengths, and takes the least of a group's intervals for the group.
fn aggregate(node: Aggregate, functions: &Functions) -> Result<Transformed<LogicalPlan>> {
    if node.aggr_expr.iter().any(is_of_outer_query) {
        return Err(unsupported("an aggregate of an outer query's columns is not supported inside a subquery"));
    }
    let input = node.input.schema();
    let keyed: Vec<bool> = node.group_expr.iter().map(|expr| differs(expr, input)).collect();
    if !keyed.contains(&true) {
        return match node.group_expr.as_slice() {
            [Expr::GroupingSet(sets)] if sets.distinct_expr().iter().any(|expr| has_key(expr, input)) => {
                Err(unsupported("grouping sets of intervals or jsonb are not supported"))
            }
            _ => Ok(Transformed::no(LogicalPlan::Aggregate(node))),
        };
    }
    let (mut group, mut values) = (Vec::new(), node.aggr_expr.clone());
    for (at, expr) in node.group_expr.iter().enumerate() {
        if keyed[at] {
            group.push(group_key(expr.clone(), input, functions).alias(format!("length of key {at}")));
            let least = functions.aggregate.get("min").filter(|_| type_of(expr, input) == Some(Ty::Interval));
            let pick = least.map_or_else(first_value_udaf, Arc::clone);
            values.push(pick.call(vec![expr.clone()]).alias(representative(at)));
        } else {
            group.push(expr.clone());
        }
    }
    let grouped = Aggregate::try_new(Arc::clone(&node.input), group, values)?;
    let shown = |(at, (qualifier, field)): (usize, (Option<&_>, &Arc<_>))| {
        let own = Expr::Column(Column::from((qualifier, field)));
        match keyed.get(at) {
            Some(true) => {
                let value = Expr::Column(Column::new_unqualified(representative(at)));
                let typed = Expr::Cast(Cast::new_from_field(Box::new(value), Arc::clone(field)));
                typed.alias_qualified(qualifier.cloned(), field.name().clone())
            }
            _ => own,
        }
    };
    let shown = node.schema.iter().enumerate().map(shown).collect();
    let plan = Projection::try_new(shown, Arc::new(LogicalPlan::Aggregate(grouped)))?;
    Ok(Transformed::yes(LogicalPlan::Projection(plan)))
}

/// Whether an aggregate has columns of an outer query only: it belongs to that query in PostgreSQL.
fn is_of_outer_query(expr: &Expr) -> bool {
    let outer = expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or(false);
    outer && expr.column_refs().is_empty()
}

/// The name of the interval that stands for a group.
fn representative(at: usize) -> String {
    format!("interval of key {at}")
}

fn distinct(input: Arc<LogicalPlan>, functions: &Functions) -> Result<Transformed<LogicalPlan>> {
    let schema = input.schema();
    let columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    if !columns.iter().any(|column| differs(column, schema)) {
        return Ok(Transformed::no(LogicalPlan::Distinct(Distinct::All(input))));
    }
    aggregate(Aggregate::try_new(input, columns, Vec::new())?, functions)
}

fn distinct_on(mut node: DistinctOn, functions: &Functions) -> Transformed<LogicalPlan> {
    let schema = Arc::clone(node.input.schema());
    let mut changed = false;
    for expr in &mut node.on_expr {
        changed |= by_length(expr, &schema, functions);
    }
    for key in node.sort_expr.iter_mut().flatten() {
        changed |= by_length(&mut key.expr, &schema, functions);
    }
    Transformed::new_transformed(LogicalPlan::Distinct(Distinct::On(node)), changed)
}

/// An aggregate's DISTINCT and ORDER BY.
pub fn of_aggregate(
    mut function: AggregateFunction,
    schema: &DFSchema,
    functions: &Functions,
) -> Result<Transformed<Expr>> {
    let name = function.func.name().to_lowercase();
    let AggregateFunctionParams { args, distinct, order_by, .. } = &mut function.params;
    let mut changed = false;
    if name == "array_agg" {
        for arg in args.iter_mut().filter(|arg| accumulates(arg, schema)) {
            let own = std::mem::take(arg);
            *arg = call(ACCUMULATED, own, functions);
            changed = true;
        }
    }
    if name == "any_value" {
        args.iter_mut().for_each(|arg| unmodified(arg, schema));
    }
    if name == "count" && args.len() > 1 {
        // The engine would count the rows in which all are given.
        let types: Vec<Ty> = args.iter().map(|arg| type_of(arg, schema).unwrap_or(Ty::Unknown)).collect();
        return Err(DataFusionError::External(Box::new(resolve::undefined(&name, &types))));
    }
    if name == "string_agg" {
        // The one aggregate that takes text and not whatever there is: `char(n)` becomes text.
        for arg in args.iter_mut().filter(|arg| padded(arg, schema)) {
            *arg = call("bpchar_trim", std::mem::take(arg), functions);
            changed = true;
        }
    }
    if *distinct && args.iter().any(|arg| has_key(arg, schema)) {
        match name.as_str() {
            "count" => {
                for arg in args.iter_mut() {
                    changed |= by_length(arg, schema, functions);
                }
            }
            "min" | "max" => {}
            _ => return Err(unsupported("aggregates of DISTINCT intervals or jsonb are not supported")),
        }
    }
    if !ORDERED_SETS.contains(&name.as_str()) {
        for key in order_by {
            changed |= by_length(&mut key.expr, schema, functions);
        }
    }
    Ok(Transformed::new_transformed(Expr::AggregateFunction(function), changed))
}

/// Whether an argument of `array_agg` is an array that was not looked at yet.
fn accumulates(expr: &Expr, schema: &DFSchema) -> bool {
    let seen = matches!(expr, Expr::ScalarFunction(call) if call.func.name() == ACCUMULATED);
    !seen && matches!(type_of(expr, schema), Some(Ty::Array(_)))
}

fn unsupported(message: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::unsupported(message)))
}
