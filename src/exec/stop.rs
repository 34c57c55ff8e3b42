//! Operators that multiply rows stop when their statement is stopped.
//!
//! DataFusion's operators yield when a leaf's budget is used up, but a join over buffered rows gives batch after batch
//! without asking a leaf again, and what consumes it never returns to the runtime. A pass-through operator above every
//! such operator looks at the statement's token with each batch.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::cancel::StatementCancel;

/// The operators whose output may be far larger than their input, or come long after it.
const GUARDED: [&str; 8] = [
    "NestedLoopJoinExec",
    "CrossJoinExec",
    "HashJoinExec",
    "SortMergeJoinExec",
    "PiecewiseMergeJoinExec",
    "UnnestExec",
    "RecursiveQueryExec",
    "SortExec",
];

/// Puts a [`StopExec`] above every guarded operator.
#[derive(Debug)]
pub struct StopJoins;

impl PhysicalOptimizerRule for StopJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let token = StatementCancel::token(config);
        plan.transform_up(|node| {
            if !GUARDED.contains(&node.name()) {
                return Ok(Transformed::no(node));
            }
            let guard = StopExec { input: node, token: token.clone() };
            Ok(Transformed::yes(Arc::new(guard) as Arc<dyn ExecutionPlan>))
        })
        .map(|t| t.data)
    }

    fn name(&self) -> &'static str {
        "stop_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Passes batches on until the statement is stopped.
#[derive(Debug)]
struct StopExec {
    input: Arc<dyn ExecutionPlan>,
    token: CancellationToken,
}

impl StopExec {
    fn over(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self { input, token: self.token.clone() })),
            _ => internal_err!("StopExec needs one input"),
        }
    }
}

impl DisplayAs for StopExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StopExec")
    }
}

impl ExecutionPlan for StopExec {
    fn name(&self) -> &'static str {
        "StopExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(StopStream { input, token: self.token.clone() }))
    }
}

struct StopStream {
    input: SendableRecordBatchStream,
    token: CancellationToken,
}

impl Stream for StopStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.token.is_cancelled() {
            return Poll::Ready(Some(Err(DataFusionError::External(Box::new(super::stopped())))));
        }
        self.input.poll_next_unpin(context)
    }
}

impl RecordBatchStream for StopStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
