//! Putting a statement's rows into a temporary table: types made equal, constraints checked, a new state made.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

use super::contents::{TableRows, failing_row};
use super::keys::KeyColumns;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;

/// The rows of a query on their way into a table, held in the session's memory.
#[derive(Debug)]
pub struct Collected {
    pub(super) batches: Vec<RecordBatch>,
    rows: usize,
    memory: MemoryReservation,
}

impl Collected {
    /// No rows yet.
    #[must_use]
    pub fn new(pool: &Arc<dyn MemoryPool>) -> Self {
        Self { batches: Vec::new(), rows: 0, memory: MemoryConsumer::new("rows to be written").register(pool) }
    }

    /// Takes a batch. Error `53200` when the session's memory does not hold it.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.memory.try_grow(batch.get_array_memory_size())?;
        self.rows += batch.num_rows();
        self.batches.push(batch);
        Ok(())
    }

    /// The batches; their memory is given back.
    #[must_use]
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// Where and how rows are written.
#[derive(Debug)]
pub struct Target<'a> {
    /// The table.
    pub relation: &'a Relation,
    /// What it holds now.
    pub rows: &'a TableRows,
    /// The CHECK constraints whose values follow the columns.
    pub checks: &'a [String],
    /// How values are written in errors.
    pub style: &'a TextStyle,
    /// The session's memory.
    pub pool: &'a Arc<dyn MemoryPool>,
}

/// A table's state after a statement, and the rows that RETURNING sees.
#[derive(Debug)]
pub struct Written {
    /// What the table holds then.
    pub rows: Arc<TableRows>,
    /// The rows added, changed (as they are now) or removed (as they were).
    pub written: Arc<TableRows>,
}

impl Target<'_> {
    /// Adds rows.
    ///
    /// # Errors
    ///
    /// `23502`, `23514`, `23505` for what the table's constraints forbid, `53200` beyond the session's memory.
    pub fn insert(&self, collected: Collected) -> Result<Written> {
        let batches = self.conforming(&collected.batches, 0)?;
        let keys = self.keys();
        let rows = self.rows.append(&batches, &keys, self.style, self.pool)?;
        self.written(rows, &batches)
    }

    /// Adds the rows of one batch, whose first column is not the table's. Errors are about rows of the batch.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn add(&self, batch: &RecordBatch) -> Result<TableRows> {
        let batches = self.conforming(std::slice::from_ref(batch), 1)?;
        self.rows.append(&batches, &self.keys(), self.style, self.pool)
    }

    /// Puts rows in the place of others; each comes with the number of the one it replaces.
    pub fn update(&self, collected: Collected) -> Result<Written> {
        let mut doomed = HashSet::new();
        let mut batches = Vec::with_capacity(collected.batches.len());
        for batch in &collected.batches {
            // A row that several rows of FROM match is changed once.
            let first = batch.column(0).as_primitive::<Int64Type>().iter().map(|n| n.map(|n| doomed.insert(n)));
            batches.push(filter_record_batch(batch, &first.collect())?);
        }
        let new = self.conforming(&batches, 1)?;
        let keys = self.keys();
        let numbers = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        self.check_order(&new, &numbers.collect::<Vec<_>>(), &keys)?;
        let (kept, _) = self.rows.remove(&doomed, &keys, self.pool)?;
        let rows = kept.append(&new, &keys, self.style, self.pool)?;
        self.written(rows, &new)
    }

    /// Removes the rows of the given numbers.
    pub fn delete(&self, collected: &Collected) -> Result<Written> {
        let numbers = collected.batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
        let doomed: HashSet<i64> = numbers.copied().collect();
        let (rows, removed) = self.rows.remove(&doomed, &self.keys(), self.pool)?;
        self.written(rows, &removed)
    }

    pub(super) fn written(&self, rows: TableRows, batches: &[RecordBatch]) -> Result<Written> {
        let written = TableRows::empty(Arc::clone(self.rows.schema())).append(batches, &[], self.style, self.pool)?;
        Ok(Written { rows: Arc::new(rows), written: Arc::new(written) })
    }

    pub(super) fn keys(&self) -> Vec<KeyColumns> {
        let constraints = self.relation.table().map_or(&[][..], |spec| spec.keys.as_slice());
        KeyColumns::of(constraints, &self.relation.name, self.rows.schema())
    }

    /// PostgreSQL changes one row after the other, and each new key must be free at its turn.
    fn check_order(&self, new: &[RecordBatch], numbers: &[i64], keys: &[KeyColumns]) -> Result<()> {
        for key in keys {
            let mut old: Vec<Option<Box<[u8]>>> = Vec::with_capacity(self.rows.len());
            for batch in self.rows.batches() {
                let start = old.len();
                old.resize(start + batch.num_rows(), None);
                for (row, value) in key.values(&batch)? {
                    old[start + row] = Some(value);
                }
            }
            let mut live: HashSet<Box<[u8]>> = old.iter().flatten().map(Clone::clone).collect();
            let mut at = 0;
            for batch in new {
                for (row, value) in key.values(batch)? {
                    let before = numbers.get(at + row).and_then(|n| old.get(usize::try_from(*n).ok()?)?.as_ref());
                    if before != Some(&value) {
                        if let Some(before) = before {
                            live.remove(before);
                        }
                        if !live.insert(value) {
                            return Err(key.violated_by(batch, row, self.style)?);
                        }
                    }
                }
                at += batch.num_rows();
            }
        }
        Ok(())
    }

    /// The columns from `skip` on as the table keeps them, their constraints checked.
    pub(super) fn conforming(&self, batches: &[RecordBatch], skip: usize) -> Result<Vec<RecordBatch>> {
        let schema = self.rows.schema();
        let width = schema.fields().len();
        let mut out = Vec::with_capacity(batches.len());
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            let open = nullable(schema);
            let columns: Vec<ArrayRef> =
                (0..width).map(|i| as_kept(batch.column(skip + i), &open, i)).collect::<Result<_>>()?;
            let loose = RecordBatch::try_new(open, columns)?;
            let checks = &batch.columns()[skip + width..];
            self.check_rows(&loose, checks)?;
            out.push(RecordBatch::try_new(Arc::clone(schema), loose.columns().to_vec())?);
        }
        Ok(out)
    }

    /// NOT NULL and CHECK; of several violations the first row's counts.
    fn check_rows(&self, batch: &RecordBatch, checks: &[ArrayRef]) -> Result<()> {
        let schema = self.rows.schema();
        let null_in = |column: &ArrayRef| (0..column.len()).find(|row| column.is_null(*row));
        let closed = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| !field.is_nullable());
        let null =
            closed.filter_map(|(field, column)| Some((null_in(column)?, field.name()))).min_by_key(|(row, _)| *row);
        let false_in = |column: &ArrayRef| {
            let values = column.as_boolean_opt()?;
            (0..values.len()).find(|row| values.is_valid(*row) && !values.value(*row))
        };
        let failed = self.checks.iter().zip(checks).filter_map(|(name, column)| Some((false_in(column)?, name)));
        let failed = failed.min_by_key(|(row, _)| *row);
        let table = &self.relation.name;
        let (row, error) = match (null, failed) {
            (Some((row, column)), failed) if failed.is_none_or(|(other, _)| row <= other) => {
                let message =
                    format!("null value in column \"{column}\" of relation \"{table}\" violates not-null constraint");
                (row, Error::new(sqlstate::NOT_NULL_VIOLATION, message))
            }
            (_, Some((row, name))) => {
                let message = format!("new row for relation \"{table}\" violates check constraint \"{name}\"");
                (row, Error::new(sqlstate::CHECK_VIOLATION, message))
            }
            _ => return Ok(()),
        };
        Err(error.detail(failing_row(batch, row, self.style)?).of_row(row))
    }
}

/// A batch in the Arrow types of a schema.
pub fn kept(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().enumerate().map(|(i, column)| as_kept(column, schema, i));
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_>>()?)?)
}

fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}

/// A column in the table's own Arrow type.
fn as_kept(column: &ArrayRef, schema: &SchemaRef, place: usize) -> Result<ArrayRef> {
    let wanted = schema.field(place).data_type();
    if column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(column, wanted, &options)?)
}
