//! DataFusion's analyzer and optimizer with our list of rules, each stoppable.

use std::sync::{Arc, LazyLock};

use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerContext, OptimizerRule};

use super::PlanEnv;
use super::cancel::Checked;
use crate::error::Result;

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(Analyzer::new);

static OPTIMIZER: LazyLock<Optimizer> = LazyLock::new(|| {
    let rules = Optimizer::new().rules;
    Optimizer::with_rules(
        rules.into_iter().map(|rule| Arc::new(Checked(rule)) as Arc<dyn OptimizerRule + Send + Sync>).collect(),
    )
});

/// Coerces types and checks the plan; the outer error is a stopped statement.
pub fn analyze(plan: LogicalPlan, env: &PlanEnv) -> Result<Result<LogicalPlan, DataFusionError>> {
    env.check_cancelled()?;
    Ok(ANALYZER.execute_and_check(plan, env.config.options(), |_, _| {}))
}

/// Optimises an analysed plan without params.
pub fn optimize(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    env.check_cancelled()?;
    let context = OptimizerContext::new_with_config_options(Arc::clone(env.config.options()))
        .with_query_execution_start_time(env.vars.statement_start);
    Ok(OPTIMIZER.optimize(plan, &context, |_, _| {})?)
}
