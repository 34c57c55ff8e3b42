//! Plan → rows: admission, memory, cancellation, the CPU runtime.
//!
//! A query is driven by one thread of the CPU runtime from physical planning to its last encoded chunk, under one
//! cancel token. Rows stream through a bounded channel and are never collected. Which statement a plan came from, and
//! which bytes its rows become, is for the rooms above to say.

pub mod apply;
pub mod cancel;
pub mod classify;
pub mod explain;
pub mod in_order;
pub mod instant;
pub mod memory;
pub mod output;
pub mod physical;
pub mod runtime;
pub mod stop;
pub mod store;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::{FutureExt, StreamExt};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::config::ExecutionConfig;
use crate::error::{Error, Result};
use crate::storage::SpillDir;
use memory::{MemoryBudget, QueryPool};
pub use output::Output;
use output::Sender;
use runtime::CpuRuntime;

/// What runs queries; one per server.
pub struct Executor {
    cpu: CpuRuntime,
    env: Arc<RuntimeEnv>,
    budget: Arc<MemoryBudget>,
    query_limit_bytes: usize,
    slots: Arc<Semaphore>,
    /// Holds the lock on this process's spill folder.
    _spill: SpillDir,
}

/// Makes a query's optimised plan.
type PlanMaker = Box<dyn FnOnce() -> Result<LogicalPlan> + Send>;

/// One query to run.
pub struct Job {
    /// Makes the optimised plan, without params; called on the CPU runtime.
    pub plan: PlanMaker,
    /// The options of its session.
    pub config: SessionConfig,
    /// What stops it, the one in `config`; dropping the output cancels it.
    pub cancel: CancellationToken,
}

/// Hands a query's batches on as they are.
#[derive(Clone, Copy, Debug)]
pub struct Whole;

impl Encode<RecordBatch> for Whole {
    fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<RecordBatch>) -> Result<()> {
        out.push(batch.clone());
        Ok(())
    }
}

/// Turns the batches of one query into what its reader takes, on the CPU runtime.
pub trait Encode<T>: Send + 'static {
    /// Appends the items made of `batch`.
    fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<T>) -> Result<()>;

    /// Appends what comes after the last batch.
    fn finish(&mut self, _out: &mut Vec<T>) -> Result<()> {
        Ok(())
    }
}

impl Executor {
    /// An executor within the configured limits. `max_drivers` bounds the queries that may be open at once, waiting
    /// for their clients included.
    pub fn new(config: &ExecutionConfig, spill_parent: &std::path::Path, max_drivers: usize) -> Result<Self> {
        let budget = Arc::new(MemoryBudget::new(config.memory_limit_bytes));
        let spill = SpillDir::create(spill_parent)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill.path().to_owned()]))
            .with_max_temp_directory_size(config.spill_limit_bytes);
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(QueryPool::new(Arc::clone(&budget), config.memory_limit_bytes)))
            .with_disk_manager_builder(disk)
            .with_metadata_cache_limit(1 << 30)
            .build_arc()?;
        Ok(Self {
            cpu: CpuRuntime::new(config.threads, max_drivers)?,
            env,
            budget,
            query_limit_bytes: config.query_memory_limit_bytes,
            slots: Arc::new(Semaphore::new(config.max_running)),
            _spill: spill,
        })
    }

    /// The shared runtime environment (object stores, caches, disk).
    #[must_use]
    pub fn env(&self) -> &Arc<RuntimeEnv> {
        &self.env
    }

    /// Memory that running queries hold, bytes.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.budget.used()
    }

    /// Runs `work` on a thread of the CPU runtime that may block and has a deep stack; obeys `cancel` at once for the
    /// caller, while `work` itself ends at its next check.
    pub async fn compute<T: Send + 'static>(
        &self,
        cancel: &CancellationToken,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let span = Span::current();
        let task = self.cpu.spawn_blocking(move || {
            let _entered = span.enter();
            std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
        });
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(stopped()),
            done = task => done.unwrap_or_else(|_| Err(Error::internal("the planning thread ended"))),
        }
    }

    /// Starts a query; its items come from the returned [`Output`]. Dropping that stops the work.
    pub fn start<T: Send + 'static>(&self, job: Job, encoder: impl Encode<T>) -> Output<T> {
        let stop = job.cancel;
        let (sender, output) = output::channel(Arc::clone(&self.slots), stop.clone());
        let (plan, config) = (job.plan, job.config);
        let env = self.query_env();
        let handle = self.cpu.handle();
        let span = Span::current();
        self.cpu.spawn_blocking(move || {
            let work = async move {
                let mut sender = sender;
                let run = async {
                    let env = env?;
                    drive(plan, config, env, encoder, &mut sender).await
                };
                let result = tokio::select! {
                    biased;
                    () = stop.cancelled() => Err(stopped()),
                    caught = AssertUnwindSafe(run).catch_unwind() => {
                        caught.unwrap_or_else(|panic| Err(panicked(&*panic)))
                    }
                };
                if let Err(error) = result {
                    sender.fail(error).await;
                }
            };
            handle.block_on(work.instrument(span));
        });
        output
    }

    /// Memory for what one session keeps between statements: as much as one query may have.
    #[must_use]
    pub fn session_pool(&self) -> Arc<dyn MemoryPool> {
        Arc::new(QueryPool::new(Arc::clone(&self.budget), self.query_limit_bytes))
    }

    /// The environment of one query: everything shared but the memory pool.
    fn query_env(&self) -> Result<Arc<RuntimeEnv>> {
        let pool = QueryPool::new(Arc::clone(&self.budget), self.query_limit_bytes);
        Ok(RuntimeEnvBuilder::from_runtime_env(&self.env).with_memory_pool(Arc::new(pool)).build_arc()?)
    }

    fn cpu_handle(&self) -> tokio::runtime::Handle {
        self.cpu.handle()
    }

    /// Ends the CPU runtime without waiting for what still runs.
    pub fn shut_down(&self) {
        self.cpu.shut_down();
    }
}

async fn drive<T: Send + 'static>(
    plan: PlanMaker,
    config: SessionConfig,
    env: Arc<RuntimeEnv>,
    mut encoder: impl Encode<T>,
    sender: &mut Sender<T>,
) -> Result<()> {
    sender.take_slot().await;
    let logical = plan()?;
    let state = physical::state(config, env);
    let plan: Arc<dyn ExecutionPlan> = physical::plan(&logical, &state).await?;
    let mut batches = execute_stream(plan, physical::task_context(&state))?;
    let mut items = Vec::new();
    while let Some(batch) = batches.next().await {
        encoder.encode(&batch?, &mut items)?;
        for item in items.drain(..) {
            if !sender.send(item).await {
                return Ok(());
            }
        }
        tokio::task::consume_budget().await;
    }
    encoder.finish(&mut items)?;
    for item in items.drain(..) {
        if !sender.send(item).await {
            return Ok(());
        }
    }
    Ok(())
}

/// What a stopped query ends with; the session, which knows the reason, replaces it.
#[must_use]
pub fn stopped() -> Error {
    Error::new(crate::sqlstate::QUERY_CANCELED, "canceling statement due to user request")
}

/// A panic as the error of the one statement that caused it.
#[must_use]
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = %text, "a statement panicked");
    Error::internal("internal error in the execution of the statement")
}
