//! TABLESAMPLE: the marker that stands for it in a plan becomes the operator that chooses rows by their place.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Extension, Filter, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::scalar::ScalarValue;

use super::PlanEnv;
use crate::error::Error;
use crate::exec::in_order::{InOrderNode, Sample, Work};
use crate::sqlstate;

/// The marker's name; not one that SQL can spell without quotes.
pub const SAMPLE: &str = "table sample";

/// The sample in the place of a filter by the marker.
pub fn settle(filter: Filter, env: &PlanEnv) -> Result<Transformed<LogicalPlan>> {
    let args = match &filter.predicate {
        Expr::ScalarFunction(call) if call.func.name() == SAMPLE => call.args.as_slice(),
        _ => return Ok(Transformed::no(LogicalPlan::Filter(filter))),
    };
    let percent = number(args.first(), env)?.ok_or_else(|| {
        external(Error::new(sqlstate::INVALID_TABLESAMPLE_ARGUMENT, "TABLESAMPLE parameter cannot be null"))
    })?;
    let seed = match args.get(1) {
        Some(seed) => Some(number(Some(seed), env)?.ok_or_else(|| {
            let message = "TABLESAMPLE REPEATABLE parameter cannot be null";
            external(Error::new(sqlstate::INVALID_TABLESAMPLE_REPEAT, message))
        })?),
        None => None,
    };
    if !(0.0..=100.0).contains(&percent) {
        let message = "sample percentage must be between 0 and 100";
        return Err(external(Error::new(sqlstate::INVALID_TABLESAMPLE_ARGUMENT, message)));
    }
    let work = Work::Sample(Sample::new(percent, seed));
    let node = InOrderNode::try_new(Arc::unwrap_or_clone(filter.input), work)?;
    Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(node) })))
}

/// A parameter's value; `None` for NULL.
fn number(expr: Option<&Expr>, env: &PlanEnv) -> Result<Option<f64>> {
    let Some(expr) = expr else { return Ok(None) };
    match simplified(expr.clone(), env)? {
        Expr::Literal(ScalarValue::Float64(value), _) => Ok(value),
        Expr::Literal(ScalarValue::Float32(value), _) => Ok(value.map(f64::from)),
        Expr::Literal(ScalarValue::Null, _) => Ok(None),
        _ => Err(external(Error::unsupported("a TABLESAMPLE parameter must be known when the statement is planned"))),
    }
}

/// An expression without columns computed, where it can be.
pub fn simplified(expr: Expr, env: &PlanEnv) -> Result<Expr> {
    let context = SimplifyContext::builder()
        .with_config_options(Arc::clone(env.config().options()))
        .with_query_execution_start_time(Some(env.vars.statement_start))
        .build();
    ExprSimplifier::new(context).simplify(expr)
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
