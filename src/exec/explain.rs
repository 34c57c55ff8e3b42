//! EXPLAIN: a job's physical plan as text or JSON, with the operators' metrics once it has run.

use std::sync::Arc;

use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use serde_json::{Value, json};

use super::{Executor, Job, physical};
use crate::error::Result;

/// A plan to be shown.
pub struct Explained {
    plan: Arc<dyn ExecutionPlan>,
    analyzed: bool,
    verbose: bool,
    rows: usize,
    elapsed_ms: f64,
}

impl Executor {
    /// Plans a job, runs it when `analyze` is set (its rows are counted and dropped), and keeps what there is to show.
    pub async fn explain(&self, job: Job, analyze: bool, verbose: bool) -> Result<Explained> {
        let cancel = job.cancel.clone();
        let env = self.query_env()?;
        let handle = self.cpu_handle();
        self.compute(&cancel, move || {
            handle.block_on(async move {
                let logical = (job.plan)()?;
                let state = physical::state(job.config, env);
                let plan = physical::plan(&logical, &state).await?;
                let start = std::time::Instant::now();
                let mut rows = 0;
                if analyze {
                    let mut batches = execute_stream(Arc::clone(&plan), physical::task_context(&state))?;
                    while let Some(batch) = tokio::select! {
                        biased;
                        () = job.cancel.cancelled() => Some(Err(datafusion::common::DataFusionError::External(
                            Box::new(super::stopped()),
                        ))),
                        batch = batches.next() => batch,
                    } {
                        rows += batch?.num_rows();
                    }
                }
                let elapsed_ms = start.elapsed().as_secs_f64() * 1000.0;
                Ok(Explained { plan, analyzed: analyze, verbose, rows, elapsed_ms })
            })
        })
        .await
    }
}

impl Explained {
    /// PostgreSQL's text form: one line per operator, indented.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let shown = if self.analyzed {
            DisplayableExecutionPlan::with_metrics(self.plan.as_ref())
        } else {
            DisplayableExecutionPlan::new(self.plan.as_ref())
        };
        let mut lines: Vec<String> = shown.indent(self.verbose).to_string().lines().map(str::to_owned).collect();
        if self.analyzed {
            lines.push(format!("Rows: {}", self.rows));
            lines.push(format!("Execution Time: {:.3} ms", self.elapsed_ms));
        }
        lines
    }

    /// PostgreSQL's JSON form: an array of one object with the plan's tree.
    #[must_use]
    pub fn json(&self) -> String {
        let mut top = json!({ "Plan": node(self.plan.as_ref()) });
        if self.analyzed {
            top["Execution Time"] = json!(self.elapsed_ms);
        }
        serde_json::to_string_pretty(&json!([top])).unwrap_or_default()
    }
}

fn node(plan: &dyn ExecutionPlan) -> Value {
    let children: Vec<Value> = plan.children().into_iter().map(|c| node(c.as_ref())).collect();
    let mut value = json!({ "Node Type": plan.name() });
    if let Some(rows) = plan.metrics().and_then(|m| m.output_rows()) {
        value["Actual Rows"] = json!(rows);
    }
    if !children.is_empty() {
        value["Plans"] = Value::Array(children);
    }
    value
}
