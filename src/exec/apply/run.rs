//! Evaluating applied subqueries for the rows of a batch.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use super::membership::contains;
use super::outer::substitute;
use super::physical::PhysicalApplied;
use super::{ApplyKind, external};
use crate::error::Error;
use crate::exec::physical;
use crate::sqlstate;

/// The state of one partition.
pub struct Runner {
    subqueries: Vec<(PhysicalApplied, Memory)>,
    schema: SchemaRef,
    state: SessionState,
    reservation: MemoryReservation,
}

/// Results remembered by outer values.
#[derive(Default)]
struct Memory {
    converter: Option<RowConverter>,
    results: HashMap<OwnedRow, Outcome>,
    /// The result of a subquery without outer values.
    only: Option<Outcome>,
}

/// What a subquery gave for one combination of outer values.
#[derive(Clone)]
enum Outcome {
    /// Its value (scalar, array, or whether it has a row).
    Value(ScalarValue),
    /// Its values, for IN.
    Values(ArrayRef),
}

impl Runner {
    /// A runner for one partition.
    pub fn new(subqueries: Vec<PhysicalApplied>, schema: SchemaRef, context: &TaskContext, partition: usize) -> Self {
        let state = physical::state(context.session_config().clone(), context.runtime_env());
        let reservation = MemoryConsumer::new(format!("Apply[{partition}]")).register(context.memory_pool());
        let subqueries = subqueries.into_iter().map(|s| (s, Memory::default())).collect();
        Self { subqueries, schema, state, reservation }
    }

    /// The batch with the subqueries' columns appended.
    pub async fn extend(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        for (subquery, memory) in &mut self.subqueries {
            let outcomes = outcomes(subquery, memory, &batch, &self.state, &mut self.reservation).await?;
            columns.push(column(subquery, &outcomes, &batch)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// The outcome for each row of a batch.
async fn outcomes(
    subquery: &PhysicalApplied,
    memory: &mut Memory,
    batch: &RecordBatch,
    state: &SessionState,
    reservation: &mut MemoryReservation,
) -> Result<Vec<Outcome>> {
    let keys: Vec<ArrayRef> = subquery.keys.iter().map(|&i| Arc::clone(batch.column(i))).collect();
    let converter = match &mut memory.converter {
        Some(converter) => converter,
        none => {
            let fields = keys.iter().map(|k| SortField::new(k.data_type().clone())).collect();
            none.insert(RowConverter::new(fields)?)
        }
    };
    let rows = converter.convert_columns(&keys)?;
    let mut outcomes = Vec::with_capacity(batch.num_rows());
    for i in 0..batch.num_rows() {
        // Without keys every row is the same: the empty row.
        let row = if keys.is_empty() { None } else { Some(rows.row(i).owned()) };
        let known = match &row {
            Some(row) => memory.results.get(row),
            None => memory.only.as_ref(),
        };
        let outcome = match known {
            Some(outcome) => outcome.clone(),
            None => {
                let outcome = evaluate(subquery, &keys, i, state).await?;
                let outcome = outcome.compared_as(subquery, batch)?;
                if row.is_none() {
                    reservation.try_grow(outcome.size())?;
                    memory.only = Some(outcome.clone());
                }
                if let Some(row) = row {
                    reservation.try_grow(outcome.size() + row.row().as_ref().len())?;
                    memory.results.insert(row, outcome.clone());
                }
                outcome
            }
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Runs the subquery for one row's outer values.
async fn evaluate(subquery: &PhysicalApplied, keys: &[ArrayRef], row: usize, state: &SessionState) -> Result<Outcome> {
    let applied = &subquery.logical;
    let mut values: HashMap<Column, ScalarValue> = HashMap::new();
    for (column, array) in applied.names.iter().zip(keys) {
        values.insert(column.clone(), ScalarValue::try_from_array(array, row)?);
    }
    let plan = (applied.prepare)(substitute(&applied.template, &values)?)?;
    let plan = physical::plan(&plan, state).await?;
    let data_type = plan.schema().fields().first().map_or(DataType::Null, |f| f.data_type().clone());
    let mut batches = execute_stream(plan, physical::task_context(state))?;
    let mut found: Vec<ArrayRef> = Vec::new();
    let mut count = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        count += batch.num_rows();
        match applied.kind {
            ApplyKind::Exists if count > 0 => break,
            ApplyKind::Exists => {}
            ApplyKind::Scalar if count > 1 => return Err(external(too_many_rows())),
            _ if batch.num_rows() > 0 => found.push(Arc::clone(batch.column(0))),
            _ => {}
        }
    }
    let all = || -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = found.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() { Ok(datafusion::arrow::array::new_empty_array(&data_type)) } else { Ok(concat(&parts)?) }
    };
    Ok(match &applied.kind {
        ApplyKind::Exists => Outcome::Value(ScalarValue::Boolean(Some(count > 0))),
        ApplyKind::In(_) => Outcome::Values(all()?),
        ApplyKind::Scalar => Outcome::Value(match found.first() {
            Some(array) => ScalarValue::try_from_array(array, 0)?,
            None => ScalarValue::try_from(&data_type)?,
        }),
        ApplyKind::Array => Outcome::Value(SingleRowListArrayBuilder::new(all()?).build_list_scalar()),
    })
}

fn too_many_rows() -> Error {
    Error::new(sqlstate::CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
}

/// The output column of a batch's outcomes.
fn column(subquery: &PhysicalApplied, outcomes: &[Outcome], batch: &RecordBatch) -> Result<ArrayRef> {
    let data_type = subquery.logical.output.data_type();
    let Some(probe) = &subquery.probe else {
        let values = outcomes.iter().map(|outcome| match outcome {
            Outcome::Value(value) => value.cast_to(data_type),
            Outcome::Values(_) => ScalarValue::try_from(data_type),
        });
        let values: Vec<ScalarValue> = values.collect::<Result<_>>()?;
        if values.is_empty() {
            return Ok(datafusion::arrow::array::new_empty_array(data_type));
        }
        let first = values[0].data_type();
        if values.iter().all(|value| value.data_type() == first) {
            // The promised type may say more of an element (its PostgreSQL type) than the values do.
            return Ok(cast(&ScalarValue::iter_to_array(values)?, data_type)?);
        }
        let alike = |value: &ScalarValue| Ok(cast(&value.to_array()?, data_type)?);
        let alike = values.iter().map(alike).collect::<Result<Vec<_>>>()?;
        return Ok(concat(&alike.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?);
    };
    let probes = probe.evaluate(batch)?.into_array(batch.num_rows())?;
    let mut found = Vec::with_capacity(outcomes.len());
    for (i, outcome) in outcomes.iter().enumerate() {
        let Outcome::Values(values) = outcome else { return datafusion::common::internal_err!("IN without values") };
        found.push(contains(&ScalarValue::try_from_array(&probes, i)?, values)?);
    }
    Ok(Arc::new(BooleanArray::from(found)))
}

impl Outcome {
    /// The values of IN as the type of its left side, which the planner made the type of the comparison.
    fn compared_as(self, subquery: &PhysicalApplied, batch: &RecordBatch) -> Result<Self> {
        let (Self::Values(values), Some(probe)) = (&self, &subquery.probe) else { return Ok(self) };
        let wanted = probe.data_type(&batch.schema())?;
        if matches!(wanted, DataType::Struct(_) | DataType::Null | DataType::LargeBinary)
            || *values.data_type() == DataType::LargeBinary
            || wanted == *values.data_type()
        {
            return Ok(self);
        }
        Ok(Self::Values(cast(values, &wanted)?))
    }

    fn size(&self) -> usize {
        match self {
            Self::Value(value) => value.size(),
            Self::Values(values) => values.get_array_memory_size(),
        }
    }
}
