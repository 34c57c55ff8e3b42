//! COPY … FROM STDIN: the client's data, some rows at a time, into a state of the table that nobody sees before the end.
//!
//! Bytes are taken apart and converted on the CPU runtime. What is held is the rows of the table to be, in the session's
//! memory, and at most one line or row that is not whole yet.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use tokio_util::sync::CancellationToken;

use super::super::Session;
use super::super::cancel::Timer;
use crate::catalog::temp::{COPIED, TableRows, Target, kept};
use crate::error::{Error, Result};
use crate::plan::copy::{CopyInto, copied_schema, copy_into, defaults};
use crate::plan::{Plan, Values};
use crate::sql::Statement;
use crate::sql::copy_ast::Copy;
use crate::sql::object_ast::RelationName;
use crate::sqlstate;
use crate::types::Format;
use crate::types::copy::{CopyOptions, Decoded, Form, Reader, Step};

/// Bytes that are taken from the client before they are looked at.
const GATHER_BYTES: usize = 256 << 10;

/// A COPY that takes the client's data.
pub struct CopyIn {
    into: Arc<CopyInto>,
    form: Form,
    reader: Option<Box<Reader>>,
    /// The CONTEXT of an error that is about no row in particular.
    place: Option<String>,
    /// Bytes that the reader has not got yet.
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    /// The table's rows with those that were copied.
    rows: Arc<TableRows>,
    count: usize,
    /// The plan of the defaults for each set of columns that are given.
    defaults: HashMap<Vec<bool>, Option<Arc<Plan>>>,
    memory: MemoryReservation,
    token: CancellationToken,
    _timer: Option<Timer>,
}

impl CopyIn {
    /// The format of the data.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.form == Form::Binary { Format::Binary } else { Format::Text }
    }

    /// How many columns the data has.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.into.places.len()
    }

    /// Takes data; gives whether it is time to look at it.
    pub fn push(&mut self, data: Bytes) -> bool {
        self.gathered_bytes += data.len();
        self.gathered.push(data);
        self.gathered_bytes >= GATHER_BYTES
    }

    /// Whether there is data that was not looked at.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.gathered_bytes > 0
    }

    /// Waits until the statement is stopped.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }
}

/// How much is asked of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Rows when there are enough of them.
    Batches,
    /// All rows that have come.
    Rows,
    /// All rows: no more will come.
    Everything,
}

impl Session {
    /// Starts COPY … FROM STDIN.
    pub(super) async fn copy_from(
        &mut self,
        statement: &Arc<Statement>,
        copy: &Copy,
        (name, columns): (&RelationName, &[String]),
    ) -> Result<CopyIn> {
        let token = self.start_statement()?;
        if let Some((name, at)) = &copy.param {
            return Err(super::no_param(name).or_at(*at));
        }
        let env = self.plan_env(&token);
        let (name, columns) = (name.clone(), columns.to_vec());
        let (condition, raw) = (copy.condition.clone(), copy.options.clone());
        let positions = Arc::clone(&statement.positions);
        let planned = move || {
            let options = || CopyOptions::of(&raw, true);
            copy_into((&name, &columns), condition.as_deref(), options, &positions, &env)
        };
        let (mut into, options) = self.engine.executor.compute(&token, planned).await?;
        if options.freeze && !self.transaction.is_explicit() {
            let message = "cannot perform COPY FREEZE because the table was not created or truncated in the current \
                           subtransaction";
            into.refused.get_or_insert_with(|| Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        }
        let rows = self.objects.current().rows().of(into.relation.oid).map(Arc::clone);
        let rows = rows.unwrap_or_else(|| Arc::new(TableRows::empty(into.relation.schema())));
        let env = self.plan_env(&token);
        let form = options.form;
        let reader = Box::new(Reader::new(Arc::clone(&into.shape), options, &env.vars.style));
        let memory = MemoryConsumer::new("data of a copy").register(self.objects.pool());
        Ok(CopyIn {
            into: Arc::new(into),
            form,
            place: reader.place(),
            reader: Some(reader),
            gathered: Vec::new(),
            gathered_bytes: 0,
            rows,
            count: 0,
            defaults: HashMap::new(),
            memory,
            token,
            _timer: self.timer(),
        })
    }

    /// The client knows that it is to send data.
    ///
    /// # Errors
    ///
    /// Why the table cannot be written. The statement has failed then.
    pub fn copy_begun(&mut self, copy: &CopyIn) -> Result<()> {
        match copy.into.refused.as_ref() {
            Some(error) => Err(self.failed(error.clone())),
            None => Ok(()),
        }
    }

    /// Looks at the data that has come; `waiting`: the client has sent nothing more yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the data or forbidden by the table. The statement has failed then.
    pub async fn copy_data(&mut self, copy: &mut CopyIn, waiting: bool) -> Result<()> {
        let wanted = if waiting { Wanted::Rows } else { Wanted::Batches };
        let read = self.copy_rows(copy, wanted).await;
        read.map_err(|error| self.copy_failed(copy, error))
    }

    /// All data has come: the table takes the rows. Gives the command tag.
    ///
    /// # Errors
    ///
    /// As [`copy_data`](Self::copy_data).
    pub async fn copy_done(&mut self, mut copy: Box<CopyIn>) -> Result<String> {
        if let Err(error) = self.copy_rows(&mut copy, Wanted::Everything).await {
            return Err(self.copy_failed(&copy, error));
        }
        let skipped = copy.reader.as_ref().map_or(0, |reader| reader.skipped);
        if skipped > 0 {
            let rows = if skipped == 1 { "row was" } else { "rows were" };
            let message = format!("{skipped} {rows} skipped due to data type incompatibility");
            self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
        }
        self.cancel.disarm();
        let next = self.objects.current().with_rows(copy.into.relation.oid, Arc::clone(&copy.rows));
        self.objects.change(next);
        Ok(format!("COPY {}", copy.count))
    }

    /// The COPY ends without its data: the client gave up, broke the protocol, or stopped it.
    pub fn copy_broken(&mut self, copy: &CopyIn, error: Error) -> Error {
        self.copy_failed(copy, error)
    }

    /// The client's own reason for giving up.
    pub fn copy_given_up(&mut self, copy: &CopyIn, reason: &str) -> Error {
        let error = Error::new(sqlstate::QUERY_CANCELED, format!("COPY from stdin failed: {reason}"));
        // It is no cancellation of ours, whose reason would take its place.
        self.fail();
        placed(error, copy)
    }

    /// The error that stopped a statement waiting for data.
    pub fn copy_stopped(&mut self, copy: &CopyIn) -> Error {
        self.copy_failed(copy, crate::exec::stopped())
    }

    fn copy_failed(&mut self, copy: &CopyIn, error: Error) -> Error {
        let error = self.failed(error);
        placed(error, copy)
    }

    async fn copy_rows(&mut self, copy: &mut CopyIn, wanted: Wanted) -> Result<()> {
        loop {
            let mut reader = copy.reader.take().ok_or_else(|| Error::internal("a copy has lost its reader"))?;
            let gathered = std::mem::take(&mut copy.gathered);
            copy.gathered_bytes = 0;
            let work = move || {
                gathered.iter().for_each(|bytes| reader.push(bytes));
                if wanted == Wanted::Everything {
                    reader.finish();
                }
                let step = reader.next(wanted != Wanted::Batches);
                Ok((reader, step))
            };
            let (mut reader, step) = self.engine.executor.compute(&copy.token, work).await?;
            self.notices.extend(reader.take_notices());
            copy.memory.try_resize(reader.held_bytes())?;
            copy.place = reader.place();
            copy.reader = Some(reader);
            match step? {
                Step::Rows(decoded) => self.copy_batch(copy, Arc::new(*decoded)).await?,
                Step::More | Step::End => return Ok(()),
            }
        }
    }

    /// Rows that were read: those before one at fault, then its error.
    async fn copy_batch(&mut self, copy: &mut CopyIn, decoded: Arc<Decoded>) -> Result<()> {
        let error = match self.completed(copy, &decoded.given, &decoded.batch).await {
            Ok(batches) => return self.copy_completed(copy, batches, decoded).await,
            Err(error) => error,
        };
        if copy.token.is_cancelled() || error.sqlstate().class() == "53" {
            return Err(error);
        }
        // The rows up to `good` are computed without a fault, those up to `bad` are not.
        let (mut good, mut bad, mut error) = (0, decoded.batch.num_rows(), error);
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            match self.completed(copy, &decoded.given, &decoded.batch.slice(good, middle - good)).await {
                Ok(_) => good = middle,
                Err(other) => (bad, error) = (middle, other),
            }
        }
        let batches = self.completed(copy, &decoded.given, &decoded.batch.slice(0, good)).await?;
        let line = line_of(&decoded.batch, bad - 1);
        self.copy_completed(copy, batches, Arc::clone(&decoded)).await?;
        Err(error.context(decoded.place(line, true)))
    }

    /// Rows with their defaults, those that WHERE keeps, with what is computed and the values of CHECK conditions.
    async fn completed(&mut self, copy: &mut CopyIn, given: &[bool], batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let relation = Arc::clone(&copy.into.relation);
        let schema = copied_schema(relation.schema().fields());
        let plan = match copy.defaults.get(given) {
            Some(plan) => plan.as_ref().map(Arc::clone),
            None => {
                let env = self.plan_env(&copy.token);
                let places = given_places(&copy.into, given);
                let plan = defaults(&relation, &places, &env)?.map(Arc::new);
                copy.defaults.insert(given.to_vec(), plan.as_ref().map(Arc::clone));
                plan
            }
        };
        let mut batches = match plan {
            None => vec![with_nulls(&copy.into, given, batch)?],
            Some(plan) => self.over_copied(&plan, batch, &copy.token).await?,
        };
        for batch in &mut batches {
            *batch = kept(batch, &schema)?;
        }
        let Some(last) = copy.into.last.as_ref().map(Arc::clone) else { return Ok(batches) };
        let mut out = Vec::with_capacity(batches.len());
        for batch in batches {
            out.extend(self.over_copied(&last, &batch, &copy.token).await?);
        }
        Ok(out)
    }

    /// A plan over rows that were read.
    async fn over_copied(
        &mut self,
        plan: &Arc<Plan>,
        batch: &RecordBatch,
        token: &CancellationToken,
    ) -> Result<Vec<RecordBatch>> {
        let style = Arc::clone(&self.settings.derived().style);
        let rows = TableRows::empty(batch.schema());
        let rows = rows.append(std::slice::from_ref(batch), &[], &style, self.objects.pool())?;
        let temp = Arc::new(self.objects.current().rows().with(COPIED, Arc::new(rows)));
        let collected = self.collect_over(plan, Values::new(), temp, token).await?;
        Ok(collected.into_batches())
    }

    /// Puts complete rows into the table to be.
    async fn copy_completed(
        &mut self,
        copy: &mut CopyIn,
        batches: Vec<RecordBatch>,
        decoded: Arc<Decoded>,
    ) -> Result<()> {
        let into = Arc::clone(&copy.into);
        let mut rows = Arc::clone(&copy.rows);
        let pool = Arc::clone(self.objects.pool());
        let style = Arc::clone(&self.settings.derived().style);
        let work = move || {
            for batch in &batches {
                let target =
                    Target { relation: &into.relation, rows: &rows, checks: &into.checks, style: &style, pool: &pool };
                let added = target.add(batch).map_err(|error| match error.row() {
                    Some(row) => {
                        let whole = error.sqlstate() != sqlstate::UNIQUE_VIOLATION;
                        error.context(decoded.place(line_of(batch, row), whole))
                    }
                    None => error,
                });
                rows = Arc::new(added?);
            }
            Ok((rows, batches.iter().map(RecordBatch::num_rows).sum::<usize>()))
        };
        let (rows, count) = self.engine.executor.compute(&copy.token, work).await?;
        copy.rows = rows;
        copy.count += count;
        Ok(())
    }
}

/// An error with the place that was reached, unless it has one.
fn placed(error: Error, copy: &CopyIn) -> Error {
    match &copy.place {
        Some(place) if error.get_context().is_none() => error.context(place.as_str()),
        _ => error,
    }
}

/// The number of a row's line.
fn line_of(batch: &RecordBatch, row: usize) -> i64 {
    let lines = batch.columns().first().and_then(|lines| lines.as_primitive_opt::<Int64Type>());
    lines.and_then(|lines| lines.values().get(row).copied()).unwrap_or(0)
}

/// The places in the table of the columns that are given.
fn given_places(into: &CopyInto, given: &[bool]) -> Vec<usize> {
    into.places.iter().zip(given).filter(|(_, given)| **given).map(|(place, _)| *place).collect()
}

/// Rows of the table of which some columns are given; the others are NULL.
fn with_nulls(into: &CopyInto, given: &[bool], batch: &RecordBatch) -> Result<RecordBatch> {
    let places = given_places(into, given);
    let schema = copied_schema(into.relation.schema().fields());
    let column = |(i, field): (usize, &arrow::datatypes::FieldRef)| -> ArrayRef {
        let at = match i.checked_sub(1) {
            None => Some(0),
            Some(place) => places.iter().position(|given| *given == place).map(|at| at + 1),
        };
        at.map_or_else(|| new_null_array(field.data_type(), batch.num_rows()), |at| Arc::clone(batch.column(at)))
    };
    let columns = schema.fields().iter().enumerate().map(column).collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}
