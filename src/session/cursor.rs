//! SQL cursors: a query's rows read a piece at a time, forward and, where the cursor allows it, back.
//!
//! A cursor that only goes forward streams: rows already fetched are gone. One declared SCROLL keeps its rows, on disk
//! beyond the session's memory; one that PostgreSQL would let go back without being told so keeps the last of them.
//! The query starts with the first FETCH, in the environment of the DECLARE.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::exec::store::RowStore;
use crate::exec::{Executor, Job, Output, Whole};
use crate::plan::{Plan, PlanEnv, Values};
use crate::sql::utility_ast::Direction;
use crate::sqlstate;

/// What a cursor keeps to go back when it was not declared SCROLL, bytes.
pub const WINDOW_BYTES: usize = 32 << 20;

/// A cursor.
pub struct Cursor {
    /// Its name.
    pub name: String,
    /// The statement that declared it.
    pub text: Arc<str>,
    /// Its query's plan.
    pub plan: Arc<Plan>,
    /// Whether it may go back.
    pub scroll: bool,
    /// Whether it outlives its transaction.
    pub hold: bool,
    /// Whether its values travel in binary.
    pub binary: bool,
    /// When it was declared.
    pub declared: DateTime<Utc>,
    /// How many savepoints there were.
    pub depth: usize,
    /// Whether it has outlived its transaction.
    pub held: bool,
    /// What stops its query.
    pub token: CancellationToken,
    source: Source,
    store: RowStore,
    /// The number of the row it stands on; of the last one when it stands after it.
    position: u64,
    at_start: bool,
    at_end: bool,
}

/// Where rows come from that are not in the store yet.
enum Source {
    Planned(Box<(Values, PlanEnv)>),
    Running(Output<RecordBatch>),
    Ended,
    /// The query failed: the cursor is of no use any more.
    Failed,
}

/// How a cursor was declared.
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The statement's text.
    pub text: Arc<str>,
    /// Whether it may go back.
    pub scroll: bool,
    /// Whether it outlives its transaction.
    pub hold: bool,
    /// Whether its values travel in binary.
    pub binary: bool,
    /// How many savepoints there are.
    pub depth: usize,
}

/// A run of rows on their way out of a cursor.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    forward: bool,
    /// Rows wanted; `None` for all.
    wanted: Option<u64>,
    done: u64,
}

impl Run {
    /// How many rows it gave.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }
}

/// What FETCH does after its last silent step.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Gives rows.
    Rows(Run),
    /// Is done; MOVE's count.
    Done(u64),
}

impl Cursor {
    /// A cursor before its first row.
    #[must_use]
    pub fn new(declared: Declared, plan: Arc<Plan>, values: Values, env: PlanEnv, store: RowStore) -> Self {
        let Declared { name, text, scroll, hold, binary, depth } = declared;
        let token = env.cancel.clone();
        let declared = env.vars.statement_start;
        let source = Source::Planned(Box::new((values, env)));
        let (position, at_start, at_end) = (0, true, false);
        let held = false;
        Self {
            name,
            text,
            plan,
            scroll,
            hold,
            binary,
            declared,
            depth,
            held,
            token,
            source,
            store,
            position,
            at_start,
            at_end,
        }
    }

    /// Whether its query still runs, holding a thread.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.source, Source::Running(_))
    }

    /// Notes that its query failed.
    pub fn fail(&mut self) {
        self.source = Source::Failed;
    }

    /// Reads what is left of the query into the store.
    pub async fn keep_rest(&mut self, executor: &Executor) -> Result<()> {
        self.store.keep_all();
        while self.pull(executor).await? {}
        Ok(())
    }

    /// Goes in a direction up to the last piece, which is given as rows.
    ///
    /// # Errors
    ///
    /// `55000` for going back where the cursor cannot, `0A000` where it no longer can, and what the query raises.
    pub async fn go(&mut self, direction: Direction, moves: bool, executor: &Executor) -> Result<Step> {
        if matches!(self.source, Source::Failed) {
            let message = format!("portal \"{}\" cannot be run", self.name);
            return Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        }
        match direction {
            Direction::Forward(None) => self.run(true, None),
            Direction::Backward(None) if moves => {
                let passed = self.position - u64::from(self.position > 0 && !self.at_end);
                self.rewind()?;
                Ok(Step::Done(passed))
            }
            Direction::Backward(None) => self.run(false, None),
            Direction::Forward(Some(0)) | Direction::Backward(Some(0)) | Direction::Relative(0) => {
                self.again(moves, executor).await
            }
            Direction::Forward(Some(n)) => self.run(n > 0, Some(n.unsigned_abs())),
            Direction::Backward(Some(n)) => self.run(n < 0, Some(n.unsigned_abs())),
            Direction::Absolute(n) => self.absolute(n, executor).await,
            Direction::Relative(n) => {
                let forward = n > 0;
                if n.unsigned_abs() > 1 {
                    self.skip(forward, Some(n.unsigned_abs() - 1), executor).await?;
                }
                self.run(forward, Some(1))
            }
        }
    }

    /// The next rows of a run; `None` after the last.
    pub async fn next(&mut self, run: &mut Run, executor: &Executor) -> Result<Option<RecordBatch>> {
        let left = run.wanted.map_or(u64::MAX, |wanted| wanted - run.done);
        if left == 0 {
            return Ok(None);
        }
        let batch = if run.forward {
            self.forward(self.position + run.done, left, executor).await?
        } else {
            self.backward(run.done, left)?
        };
        run.done += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        Ok(batch)
    }

    /// The run is over: the cursor stands where it ended.
    pub fn settle(&mut self, run: Run) {
        let short = run.wanted.is_none_or(|wanted| run.done < wanted);
        if run.forward {
            if self.at_end || run.wanted == Some(0) {
                return;
            }
            self.at_start &= run.done == 0;
            self.at_end = short;
            self.position += run.done;
            if !self.scroll && !self.hold {
                self.store.forget_before(self.position);
            }
            return;
        }
        if self.at_start || run.wanted == Some(0) {
            return;
        }
        if run.done > 0 && self.at_end {
            self.at_end = false;
            self.position += 1;
        }
        if short {
            (self.at_start, self.at_end, self.position) = (true, false, 0);
        } else {
            self.position -= run.done;
        }
    }

    fn run(&mut self, forward: bool, wanted: Option<u64>) -> Result<Step> {
        if !forward && !self.scroll {
            return Err(forward_only());
        }
        Ok(Step::Rows(Run { forward, wanted, done: 0 }))
    }

    /// A step whose rows nobody sees.
    async fn skip(&mut self, forward: bool, wanted: Option<u64>, executor: &Executor) -> Result<()> {
        if let Step::Rows(mut run) = self.run(forward, wanted)? {
            while self.next(&mut run, executor).await?.is_some() {}
            self.settle(run);
        }
        Ok(())
    }

    /// The row it stands on once more.
    async fn again(&mut self, moves: bool, executor: &Executor) -> Result<Step> {
        let on_row = !self.at_start && !self.at_end;
        if moves {
            return Ok(Step::Done(u64::from(on_row)));
        }
        if !on_row {
            return self.run(true, Some(0));
        }
        self.skip(false, Some(1), executor).await?;
        self.run(true, Some(1))
    }

    async fn absolute(&mut self, n: i64, executor: &Executor) -> Result<Step> {
        if n < 0 {
            self.skip(true, None, executor).await?;
            if n < -1 {
                self.skip(false, Some(n.unsigned_abs() - 1), executor).await?;
            }
            return self.run(false, Some(1));
        }
        if n == 0 {
            self.rewind()?;
            return self.run(true, Some(0));
        }
        let n = n.unsigned_abs();
        if n - 1 <= self.position / 2 {
            self.rewind()?;
            if n > 1 {
                self.skip(true, Some(n - 1), executor).await?;
            }
        } else {
            let here = self.position + u64::from(self.at_end);
            if n <= here {
                self.skip(false, Some(here - n + 1), executor).await?;
            } else if n > here + 1 {
                self.skip(true, Some(n - here - 1), executor).await?;
            }
        }
        self.run(true, Some(1))
    }

    fn rewind(&mut self) -> Result<()> {
        if self.at_start && !self.at_end {
            return Ok(());
        }
        if !self.scroll {
            return Err(forward_only());
        }
        (self.at_start, self.at_end, self.position) = (true, false, 0);
        Ok(())
    }

    async fn forward(&mut self, row: u64, left: u64, executor: &Executor) -> Result<Option<RecordBatch>> {
        if self.at_end {
            return Ok(None);
        }
        while self.store.end() <= row {
            if !self.pull(executor).await? {
                return Ok(None);
            }
            if !self.scroll {
                self.store.forget_before(row);
            }
        }
        let Some((batch, place)) = self.store.read(row)? else { return Err(forgotten()) };
        let rows = usize::try_from(left).unwrap_or(usize::MAX).min(batch.num_rows() - place);
        Ok(Some(batch.slice(place, rows)))
    }

    fn backward(&self, done: u64, left: u64) -> Result<Option<RecordBatch>> {
        if self.at_start {
            return Ok(None);
        }
        // The number, from 1, of the row before the ones already given.
        let above = if self.at_end { self.position + 1 } else { self.position };
        let Some(row) = above.checked_sub(done + 2) else { return Ok(None) };
        let Some((batch, place)) = self.store.read(row)? else { return Err(forgotten()) };
        let rows = left.min(place as u64 + 1);
        let places = UInt64Array::from_iter_values((0..rows).map(|back| place as u64 - back));
        Ok(Some(take_record_batch(&batch, &places)?))
    }

    /// Takes one more batch of the query into the store; `false` when it has ended.
    async fn pull(&mut self, executor: &Executor) -> Result<bool> {
        if let Source::Planned(_) = &self.source
            && let Source::Planned(planned) = std::mem::replace(&mut self.source, Source::Ended)
        {
            let (values, env) = *planned;
            let plan = Arc::clone(&self.plan);
            let (config, cancel) = (env.config().clone(), env.cancel.clone());
            let job = Job { config, cancel, plan: Box::new(move || plan.bind(&values, &env)) };
            self.source = Source::Running(executor.start(job, Whole));
        }
        let Source::Running(output) = &mut self.source else { return Ok(false) };
        match output.next().await {
            Some(batch) => {
                self.store.push(batch?)?;
                Ok(true)
            }
            None => {
                self.source = Source::Ended;
                Ok(false)
            }
        }
    }
}

fn forward_only() -> Error {
    Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
        .hint("Declare it with SCROLL option to enable backward scan.")
}

fn forgotten() -> Error {
    Error::unsupported("the cursor cannot go back so far")
        .detail("A cursor that was not declared SCROLL keeps the last of its rows only.")
        .hint("Declare it with SCROLL option.")
}
