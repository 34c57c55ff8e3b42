//! DataFusion's analyzer and optimizer with our list of rules, each stoppable.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use datafusion::common::DataFusionError;
use datafusion::common::alias::AliasGenerator;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::registry::MemoryFunctionRegistry;
use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerConfig, OptimizerContext, OptimizerRule};

use super::PlanEnv;
use crate::error::Result;
use crate::exec::cancel::StatementCancel;

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
    let analyzed = ANALYZER.execute_and_check(plan, env.config().options(), |_, _| {});
    Ok(analyzed.and_then(|plan| super::implicit::settle(plan, env)))
}

/// Whether every function of a plan gives the same for the same arguments at any time, in any session.
pub fn is_immutable(plan: &LogicalPlan) -> Result<bool> {
    let mut immutable = true;
    plan.apply_with_subqueries(|node| {
        immutable &= !matches!(node, LogicalPlan::Extension(_));
        node.apply_expressions(|expr| {
            expr.apply(|e| {
                if let Expr::ScalarFunction(call) = e {
                    immutable &= call.func.signature().volatility == Volatility::Immutable;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(immutable)
}

/// Optimises an analysed plan without params.
pub fn optimize(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    env.check_cancelled()?;
    let inner = OptimizerContext::new_with_config_options(Arc::clone(env.config().options()))
        .with_query_execution_start_time(env.vars.statement_start);
    let context = RuleContext(inner);
    let plan = super::late::settle(plan, env)?;
    Ok(OPTIMIZER.optimize(plan, &context, |_, _| {})?)
}

/// DataFusion's functions for the rules that make calls by name (DISTINCT ON becomes `first_value`).
static REGISTRY: LazyLock<MemoryFunctionRegistry> = LazyLock::new(|| {
    let mut registry = MemoryFunctionRegistry::new();
    for function in all_default_aggregate_functions() {
        // Registering in memory cannot fail.
        let _ = registry.register_udaf(function);
    }
    registry
});

/// What rules see of a statement: its options, its time, the functions.
struct RuleContext(OptimizerContext);

impl OptimizerConfig for RuleContext {
    fn query_execution_start_time(&self) -> Option<DateTime<Utc>> {
        self.0.query_execution_start_time()
    }

    fn alias_generator(&self) -> &Arc<AliasGenerator> {
        self.0.alias_generator()
    }

    fn options(&self) -> Arc<ConfigOptions> {
        self.0.options()
    }

    fn function_registry(&self) -> Option<&dyn FunctionRegistry> {
        Some(&*REGISTRY)
    }
}

/// The rule that groups by a distinct argument first and adds up the groups' sums then.
const SINGLE_DISTINCT: &str = "single_distinct_aggregation_to_group_by";

/// Whether an aggregate adds up rows beside distinct ones: a sum of sums has another type than the sum.
fn sums_beside_distinct(plan: &LogicalPlan) -> bool {
    let LogicalPlan::Aggregate(aggregate) = plan else { return false };
    aggregate.aggr_expr.iter().any(|expr| match expr.clone().unalias() {
        Expr::AggregateFunction(call) => !call.params.distinct && call.func.name() == "sum",
        _ => false,
    })
}

/// An optimizer rule that first looks whether the statement was stopped.
#[derive(Debug)]
struct Checked(Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Checked {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> datafusion::common::Result<Transformed<LogicalPlan>> {
        StatementCancel::check(&config.options())?;
        if self.0.name() == SINGLE_DISTINCT && sums_beside_distinct(&plan) {
            return Ok(Transformed::no(plan));
        }
        self.0.rewrite(plan, config)
    }
}
