//! Apply of a LATERAL item: each row of the input joined to the rows that the item has for it.
//!
//! The logical node, the operator and its runner. The item's rows are remembered per distinct outer values as long as
//! the query's memory allows; beyond that they are made again. Partitions and order of the input are kept.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use datafusion::arrow::compute::{cast, concat_batches, take};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, ScalarValue, internal_err};
use datafusion::execution::context::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties, execute_stream,
};
use futures::{StreamExt, TryStreamExt};

use super::Prepare;
use super::outer::substitute;
use crate::exec::physical;

/// A LATERAL item beside the input it refers to.
#[derive(Clone)]
pub struct RowsNode {
    /// The rows on its left.
    pub input: LogicalPlan,
    /// The item with outer references.
    pub template: Arc<LogicalPlan>,
    /// The outer columns it refers to, as the template names them.
    pub names: Vec<Column>,
    /// The same as columns of the input.
    pub keys: Vec<Column>,
    /// Whether a row without any of the item's is kept, with NULLs.
    pub outer: bool,
    /// Makes the template executable.
    pub prepare: Prepare,
    schema: DFSchemaRef,
}

impl RowsNode {
    /// The node for the free references of `template` that `input` has.
    pub fn try_new(
        input: LogicalPlan,
        template: Arc<LogicalPlan>,
        names: Vec<Column>,
        outer: bool,
        prepare: Prepare,
    ) -> Result<Self> {
        let keys = names.clone();
        let schema = joined(&input, &template, outer)?;
        Ok(Self { input, template, names, keys, outer, prepare, schema })
    }
}

fn joined(input: &LogicalPlan, template: &LogicalPlan, outer: bool) -> Result<DFSchemaRef> {
    let fields = template.schema().iter().map(|(qualifier, field)| {
        let nullable = field.is_nullable() || outer;
        (qualifier.cloned(), Arc::new(field.as_ref().clone().with_nullable(nullable)))
    });
    let right = DFSchema::new_with_metadata(fields.collect(), HashMap::new())?;
    Ok(Arc::new(input.schema().join(&right)?))
}

impl fmt::Debug for RowsNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsNode").field("keys", &self.keys).field("outer", &self.outer).finish_non_exhaustive()
    }
}

impl UserDefinedLogicalNodeCore for RowsNode {
    fn name(&self) -> &'static str {
        "ApplyRows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.iter().map(|c| Expr::Column(c.clone())).collect()
    }

    fn prevent_predicate_push_down_columns(&self) -> std::collections::HashSet<String> {
        self.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplyRows: outer={}, keys={:?}", self.outer, self.keys)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut node = self.clone();
        for (key, expr) in node.keys.iter_mut().zip(exprs) {
            let Expr::Column(column) = expr else { return internal_err!("a key of Apply is a column") };
            *key = column;
        }
        match inputs.pop() {
            Some(input) => {
                node.schema = joined(&input, &node.template, node.outer)?;
                node.input = input;
                Ok(node)
            }
            None => internal_err!("Apply needs an input"),
        }
    }
}

impl PartialEq for RowsNode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.template, &other.template)
            && self.keys == other.keys
            && self.outer == other.outer
            && self.input == other.input
    }
}

impl Eq for RowsNode {}

impl Hash for RowsNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.keys.hash(state);
    }
}

impl PartialOrd for RowsNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}

/// The operator.
#[derive(Debug)]
pub struct RowsExec {
    input: Arc<dyn ExecutionPlan>,
    node: RowsNode,
    keys: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl RowsExec {
    /// The operator over an input; `keys` are the outer values' places in it.
    #[must_use]
    pub fn new(input: Arc<dyn ExecutionPlan>, node: RowsNode, keys: Vec<usize>) -> Self {
        let mut fields = input.schema().fields().to_vec();
        fields.extend(node.schema.fields().iter().skip(fields.len()).map(Arc::clone));
        let schema = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(Arc::clone(&schema), input.output_ordering().map(|o| o.to_vec())),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Self { input, node, keys, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for RowsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplyRowsExec: outer={}", self.node.outer)
    }
}

impl ExecutionPlan for RowsExec {
    fn name(&self) -> &'static str {
        "ApplyRowsExec"
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
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.node.clone(), self.keys.clone()))),
            _ => internal_err!("Apply needs one input"),
        }
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.node.clone(), self.keys.clone()))),
            _ => internal_err!("Apply needs one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let schema = Arc::clone(&self.schema);
        let runner = Runner {
            node: self.node.clone(),
            keys: self.keys.clone(),
            schema: Arc::clone(&schema),
            state: physical::state(context.session_config().clone(), context.runtime_env()),
            reservation: MemoryConsumer::new(format!("ApplyRows[{partition}]")).register(context.memory_pool()),
            converter: None,
            known: HashMap::new(),
        };
        let batches = futures::stream::try_unfold((input, runner), |(mut input, mut runner)| async move {
            match input.next().await {
                Some(batch) => {
                    let batches = runner.join(batch?).await?;
                    Ok(Some((futures::stream::iter(batches.into_iter().map(Ok)), (input, runner))))
                }
                None => Ok::<_, datafusion::common::DataFusionError>(None),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches.try_flatten())))
    }
}

/// The state of one partition.
struct Runner {
    node: RowsNode,
    keys: Vec<usize>,
    schema: SchemaRef,
    state: SessionState,
    reservation: MemoryReservation,
    converter: Option<RowConverter>,
    known: HashMap<OwnedRow, RecordBatch>,
}

impl Runner {
    /// The joined rows of one batch of the input, in batches of about the session's size.
    async fn join(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let keys: Vec<ArrayRef> = self.keys.iter().map(|&i| Arc::clone(batch.column(i))).collect();
        let limit = self.state.config().batch_size();
        let mut joined = Vec::new();
        let (mut lefts, mut rights, mut count) = (Vec::<u32>::new(), Vec::<RecordBatch>::new(), 0);
        for i in 0..batch.num_rows() {
            let rows = self.rows_for(&keys, i).await?;
            let index = u32::try_from(i).unwrap_or(u32::MAX);
            let rows = if rows.num_rows() == 0 && self.node.outer { self.nulls()? } else { rows };
            if rows.num_rows() > 0 {
                count += rows.num_rows();
                lefts.extend(std::iter::repeat_n(index, rows.num_rows()));
                rights.push(rows);
            }
            if count >= limit {
                joined.push(self.combine(&batch, std::mem::take(&mut lefts), &std::mem::take(&mut rights))?);
                count = 0;
            }
        }
        if count > 0 {
            joined.push(self.combine(&batch, lefts, &rights)?);
        }
        Ok(joined)
    }

    fn right_schema(&self) -> SchemaRef {
        let skipped = self.schema.fields().len() - self.node.template.schema().fields().len();
        Arc::new(Schema::new(self.schema.fields().iter().skip(skipped).map(Arc::clone).collect::<Vec<_>>()))
    }

    /// One row of NULLs.
    fn nulls(&self) -> Result<RecordBatch> {
        let schema = self.right_schema();
        let columns = schema.fields().iter().map(|f| new_null_array(f.data_type(), 1)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }

    fn combine(&self, left: &RecordBatch, lefts: Vec<u32>, rights: &[RecordBatch]) -> Result<RecordBatch> {
        let right = concat_batches(&self.right_schema(), rights)?;
        let rows = lefts.len();
        let indices = UInt32Array::from(lefts);
        let mut columns: Vec<ArrayRef> =
            left.columns().iter().map(|c| Ok(take(c, &indices, None)?)).collect::<Result<_>>()?;
        columns.extend(right.columns().iter().map(Arc::clone));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// The item's rows for one row's outer values.
    async fn rows_for(&mut self, keys: &[ArrayRef], row: usize) -> Result<RecordBatch> {
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let fields = keys.iter().map(|k| SortField::new(k.data_type().clone())).collect();
                none.insert(RowConverter::new(fields)?)
            }
        };
        let columns: Vec<ArrayRef> = keys.iter().map(|k| k.slice(row, 1)).collect();
        let key = converter.convert_columns(&columns)?.row(0).owned();
        if let Some(rows) = self.known.get(&key) {
            return Ok(rows.clone());
        }
        let rows = self.evaluate(keys, row).await?;
        // What memory does not hold is made again.
        if self.reservation.try_grow(rows.get_array_memory_size() + key.row().as_ref().len()).is_ok() {
            self.known.insert(key, rows.clone());
        }
        Ok(rows)
    }

    async fn evaluate(&self, keys: &[ArrayRef], row: usize) -> Result<RecordBatch> {
        let mut values = HashMap::new();
        for (name, array) in self.node.names.iter().zip(keys) {
            values.insert(name.clone(), ScalarValue::try_from_array(array, row)?);
        }
        let plan = (self.node.prepare)(substitute(&self.node.template, &values)?)?;
        let plan = physical::plan(&plan, &self.state).await?;
        let mut stream = execute_stream(plan, physical::task_context(&self.state))?;
        let schema = self.right_schema();
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(c, f)| Ok(cast(c, f.data_type())?)).collect::<Result<_>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            batches.push(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?);
        }
        Ok(concat_batches(&schema, &batches)?)
    }
}
