//! The types of recursive WITH queries: the second part's must lead to those of the first.
//!
//! The engine casts the second part's outputs to the first one's types. PostgreSQL takes the common type of both, and
//! refuses the query where that is not the first one's. The outputs as they were written are told by a marker.

use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder, Projection, RecursiveQuery};

use super::assign::external;
use super::marker::RECURSIVE_OUTPUT;
use super::operators::known;
use super::unify::common_field;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PgType, oid, pg_type};

/// Checks the recursive queries of a plan and takes the markers off.
pub fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::RecursiveQuery(query) => {
            check(&query)?;
            Ok(Transformed::yes(LogicalPlan::RecursiveQuery(alike(query)?)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    let bare = settled.data.transform_up_with_subqueries(|node| {
        let plain = node.map_expressions(|expr| {
            if !is_marked(&expr)? {
                return Ok(Transformed::no(expr));
            }
            let name = expr.schema_name().to_string();
            let plain = expr.transform_up(|e| Ok(unmarked(e)))?;
            plain.map_data(|e| Ok(if matches!(e, Expr::Alias(_)) { e } else { e.alias(name) }))
        })?;
        if plain.transformed { plain.map_data(LogicalPlan::recompute_schema) } else { Ok(plain) }
    })?;
    Ok(bare.data)
}

fn is_marked(expr: &Expr) -> Result<bool> {
    expr.exists(|e| Ok(matches!(e, Expr::ScalarFunction(call) if call.func.name() == RECURSIVE_OUTPUT)))
}

fn unmarked(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(mut call) if call.func.name() == RECURSIVE_OUTPUT && !call.args.is_empty() => {
            Transformed::yes(call.args.swap_remove(0))
        }
        other => Transformed::no(other),
    }
}

/// The query with its second part's outputs as fields of the first one's types: `varchar` and `text` are one to the
/// engine but for what they are called.
fn alike(query: RecursiveQuery) -> Result<RecursiveQuery> {
    let term = &query.recursive_term;
    let fields = query.static_term.schema().fields();
    let differs = |(a, b): (&FieldRef, &FieldRef)| a.metadata() != b.metadata();
    if !term.schema().fields().iter().zip(fields).any(differs) {
        return Ok(query);
    }
    let columns = term.schema().columns().into_iter().zip(term.schema().fields()).zip(fields);
    let exprs: Vec<Expr> = columns
        .map(|((column, own), wanted)| {
            let name = column.name().to_owned();
            let column = Expr::Column(column);
            if differs((own, wanted)) {
                let wanted = Arc::new(wanted.as_ref().clone().with_nullable(true));
                return Expr::Cast(Cast::new_from_field(Box::new(column), wanted)).alias(name);
            }
            column
        })
        .collect();
    let term = LogicalPlanBuilder::from(term.as_ref().clone()).project(exprs)?.build()?;
    Ok(RecursiveQuery { recursive_term: Arc::new(term), ..query })
}

fn check(query: &RecursiveQuery) -> Result<()> {
    let Some(projection) = outputs(&query.recursive_term) else { return Ok(()) };
    for (i, (expr, first)) in projection.expr.iter().zip(query.static_term.schema().fields()).enumerate() {
        let Some(output) = output(expr) else { continue };
        let input: &DFSchema = projection.input.schema();
        let Some(second) = known(output, input) else { continue };
        let wanted = common_field("UNION", &[Some(Arc::clone(first)), Some(second)]).map_err(external)?;
        let (from, to) = (pg_type(first), pg_type(&wanted));
        let is_sized = matches!(from.oid, oid::VARCHAR | oid::BPCHAR) && from.typmod >= 0;
        if from.oid != to.oid || is_sized && from.typmod != to.typmod {
            let (from, to) = (shown(from), shown(to));
            let message = format!(
                "recursive query \"{}\" column {} has type {from} in non-recursive term but type {to} overall",
                query.name,
                i + 1
            );
            let error = Error::new(sqlstate::DATATYPE_MISMATCH, message);
            return Err(external(error.hint("Cast the output of the non-recursive term to the correct type.")));
        }
    }
    Ok(())
}

fn shown(of: PgType) -> String {
    match of.oid {
        oid::VARCHAR | oid::BPCHAR if of.typmod >= 0 => format!("{}({})", oid::sql_name(of.oid), of.typmod - 4),
        other => oid::sql_name(other).to_string(),
    }
}

/// The projection that gives a term's outputs.
fn outputs(plan: &LogicalPlan) -> Option<&Projection> {
    match plan {
        LogicalPlan::Projection(projection) => Some(projection),
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input)) => outputs(input),
        _ => None,
    }
}

/// What was written for an output.
fn output(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Alias(alias) => output(&alias.expr),
        Expr::Cast(Cast { expr, .. }) => output(expr),
        Expr::ScalarFunction(call) if call.func.name() == RECURSIVE_OUTPUT => call.args.first(),
        _ => None,
    }
}
