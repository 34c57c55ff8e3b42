//! The physical operator: streams its input and appends the subqueries' columns.
//!
//! Partitions and order of the input are kept. Each partition remembers results by itself.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use super::Applied;
use super::run::Runner;

/// One subquery, bound to its input's columns.
#[derive(Clone, Debug)]
pub struct PhysicalApplied {
    /// The logical side.
    pub logical: Applied,
    /// Where the outer values stand in the input.
    pub keys: Vec<usize>,
    /// The left side of IN.
    pub probe: Option<Arc<dyn PhysicalExpr>>,
}

/// The operator.
#[derive(Debug)]
pub struct ApplyExec {
    input: Arc<dyn ExecutionPlan>,
    subqueries: Vec<PhysicalApplied>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl ApplyExec {
    /// The operator over an input.
    #[must_use]
    pub fn new(input: Arc<dyn ExecutionPlan>, subqueries: Vec<PhysicalApplied>) -> Self {
        let mut fields = input.schema().fields().to_vec();
        fields.extend(subqueries.iter().map(|s| Arc::clone(&s.logical.output)));
        let schema = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            // The input's columns come first, so its order is told by the same expressions.
            EquivalenceProperties::new_with_orderings(Arc::clone(&schema), input.output_ordering().map(|o| o.to_vec())),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Self { input, subqueries, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ApplyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplyExec: subqueries={}", self.subqueries.len())
    }
}

impl ExecutionPlan for ApplyExec {
    fn name(&self) -> &'static str {
        "ApplyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for probe in self.subqueries.iter().filter_map(|s| s.probe.as_ref()) {
            if f(probe)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.subqueries.clone()))),
            _ => internal_err!("Apply needs one input"),
        }
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.subqueries.clone()))),
            _ => internal_err!("Apply needs one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let schema = Arc::clone(&self.schema);
        let runner = Runner::new(self.subqueries.clone(), Arc::clone(&schema), &context, partition);
        let batches = futures::stream::try_unfold((input, runner), |(mut input, mut runner)| async move {
            match input.next().await {
                Some(batch) => {
                    let batch = runner.extend(batch?).await?;
                    Ok(Some((batch, (input, runner))))
                }
                None => Ok(None),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches.into_stream())))
    }
}
