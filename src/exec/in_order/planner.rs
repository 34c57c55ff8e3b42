//! Logical → physical: the input is planned whole, out of reach of the rules for the plan around it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::physical::{InOrderExec, Step};
use super::{InOrderNode, Work};
use crate::exec::physical;

/// Plans such nodes.
pub struct InOrderPlanner;

#[async_trait]
impl ExtensionPlanner for InOrderPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        _physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<InOrderNode>() else { return Ok(None) };
        let config = session.config().clone();
        let (config, step) = match &node.work {
            Work::Project(exprs) => {
                let schema = node.input.schema();
                let made = exprs.iter().map(|e| planner.create_physical_expr(e, schema, session, context));
                (config, Step::Project(made.collect::<Result<_>>()?))
            }
            Work::Filter(condition) => {
                let made = planner.create_physical_expr(condition, node.input.schema(), session, context)?;
                (config, Step::Filter(made))
            }
            // Several readers would share out the rows of a table in another way each time.
            Work::Sample(sample) => (config.with_target_partitions(1), Step::Sample(*sample)),
        };
        let state = physical::state(config, Arc::clone(session.runtime_env()));
        let input = Box::pin(physical::plan(&node.input, &state)).await?;
        let input = match input.output_partitioning().partition_count() {
            1 => input,
            _ => Arc::new(CoalescePartitionsExec::new(input)) as Arc<dyn ExecutionPlan>,
        };
        let schema = node.columns();
        Ok(Some(Arc::new(InOrderExec::new(input, step, schema))))
    }
}
