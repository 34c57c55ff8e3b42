//! Logical Apply → physical Apply.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::physical::{ApplyExec, PhysicalApplied};
use super::rows::RowsExec;
use super::{ApplyKind, ApplyNode, RowsNode};

/// Plans Apply nodes.
pub struct ApplyPlanner;

#[async_trait]
impl ExtensionPlanner for ApplyPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(rows) = node.as_any().downcast_ref::<RowsNode>() {
            let [input] = physical_inputs else { return internal_err!("Apply needs one input") };
            let schema = rows.input.schema();
            let keys = rows.keys.iter().map(|c| schema.index_of_column(c)).collect::<Result<_>>()?;
            return Ok(Some(Arc::new(RowsExec::new(Arc::clone(input), rows.clone(), keys))));
        }
        let Some(apply) = node.as_any().downcast_ref::<ApplyNode>() else { return Ok(None) };
        let [input] = physical_inputs else { return internal_err!("Apply needs one input") };
        let schema = apply.input.schema();
        let mut subqueries = Vec::with_capacity(apply.subqueries.len());
        for applied in &apply.subqueries {
            let keys = applied.keys.iter().map(|c| schema.index_of_column(c)).collect::<Result<_>>()?;
            let probe = match &applied.kind {
                ApplyKind::In(expr) => Some(planner.create_physical_expr(expr, schema, session, context)?),
                _ => None,
            };
            subqueries.push(PhysicalApplied { logical: applied.clone(), keys, probe });
        }
        Ok(Some(Arc::new(ApplyExec::new(Arc::clone(input), subqueries))))
    }
}
