//! Optimised logical plan → physical plan, on a light session state.
//!
//! A `SessionState` with DataFusion's function maps costs hundreds of allocations per clone; physical planning and
//! local execution never look functions up by name, so the state made here has none.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use super::apply::ApplyPlanner;
use super::in_order::InOrderPlanner;
use super::stop::StopJoins;

static RULES: LazyLock<Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>> = LazyLock::new(|| {
    let mut rules = PhysicalOptimizer::new().rules;
    // Last: the operators it adds change nothing that another rule looks at.
    rules.push(Arc::new(StopJoins));
    rules
});

/// What every state starts from; building one from nothing makes rules and catalogs that are never used.
static BASE: LazyLock<SessionState> = LazyLock::new(|| SessionStateBuilder::new().build());

/// A state for physical planning with the given options.
#[must_use]
pub fn state(config: SessionConfig, env: Arc<RuntimeEnv>) -> SessionState {
    let mut state = SessionStateBuilder::new_from_existing(BASE.clone())
        .with_config(config)
        .with_runtime_env(env)
        .with_physical_optimizer_rules(RULES.clone())
        .build();
    // Functions find the session's variables in the options that this hands to the physical expressions.
    state.mark_start_execution();
    state
}

/// The physical plan of an optimised plan.
pub async fn plan(plan: &LogicalPlan, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
    DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(ApplyPlanner), Arc::new(InOrderPlanner)])
        .create_physical_plan(plan, state)
        .await
}

/// The task context of a local plan: options and runtime, no function maps.
#[must_use]
pub fn task_context(state: &SessionState) -> Arc<TaskContext> {
    Arc::new(TaskContext::new(
        None,
        state.session_id().to_owned(),
        state.config().clone(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        Arc::clone(state.runtime_env()),
    ))
}
