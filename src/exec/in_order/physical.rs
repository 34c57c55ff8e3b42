//! The physical operator: one stream in, one stream out.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PhysicalExpr, PlanProperties,
};
use futures::StreamExt;

use super::Sample;

/// What is done with each batch.
#[derive(Clone, Debug)]
pub enum Step {
    /// Expressions are computed.
    Project(Vec<Arc<dyn PhysicalExpr>>),
    /// Rows are kept where a condition holds.
    Filter(Arc<dyn PhysicalExpr>),
    /// Rows are kept by their numbers.
    Sample(Sample),
}

/// The operator. It has no children for the engine's rules: its input is not theirs to change.
#[derive(Debug)]
pub struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    step: Step,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl InOrderExec {
    /// The operator over an input of one partition.
    #[must_use]
    pub fn new(input: Arc<dyn ExecutionPlan>, step: Step, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Self { input, step, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Step::Project(exprs) => write!(f, "InOrderExec: expressions={}, input={}", exprs.len(), self.input.name()),
            Step::Filter(condition) => write!(f, "InOrderExec: {condition}, input={}", self.input.name()),
            Step::Sample(_) => write!(f, "InOrderExec: sample, input={}", self.input.name()),
        }
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &'static str {
        "InOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let exprs = match &self.step {
            Step::Project(exprs) => exprs.as_slice(),
            Step::Filter(condition) => std::slice::from_ref(condition),
            Step::Sample(_) => &[],
        };
        for expr in exprs {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("rows in order show no input") }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("rows in order show no input") }
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(0, context)?;
        let schema = Arc::clone(&self.schema);
        let mut step = match &self.step {
            Step::Sample(sample) => Step::Sample(sample.seeded().map_err(|e| DataFusionError::External(Box::new(e)))?),
            other => other.clone(),
        };
        let mut seen = 0_u64;
        let made = Arc::clone(&schema);
        let batches = input.map(move |batch| worked(&mut step, &batch?, &mut seen, &made));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn worked(step: &mut Step, batch: &RecordBatch, seen: &mut u64, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    match step {
        Step::Project(exprs) => {
            let columns = exprs.iter().map(|expr| expr.evaluate(batch)?.into_array(rows)).collect::<Result<_>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
        }
        Step::Filter(condition) => {
            let kept = condition.evaluate(batch)?.into_array(rows)?;
            Ok(filter_record_batch(batch, as_boolean_array(&kept)?)?)
        }
        Step::Sample(sample) => {
            let first = *seen;
            *seen = first.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
            let kept: BooleanArray = (first..*seen).map(|row| Some(sample.keeps(row))).collect();
            Ok(filter_record_batch(batch, &kept)?)
        }
    }
}
