//! Statements that change the rows of the session's own tables.
//!
//! The query of such a statement runs like any other, but its rows stay here, within the session's memory, until all
//! are there. Then a new state of the table is made and put in the place of the old one at once: a statement that
//! fails has changed nothing, and it never sees what it writes itself.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::rows::{Rows, Tag};
use super::{Answer, Session};
use crate::catalog::Relation;
use crate::catalog::temp::{Collected, EXCLUDED, TableRows, Target, TempRows, WRITTEN, Written};
use crate::error::{Error, Result};
use crate::exec::{Job, Whole};
use crate::plan::conflict::ConflictSpec;
use crate::plan::{Plan, Values, WriteSpec};
use crate::types::Format;

/// A change that was made.
pub struct Changed {
    /// The command tag.
    tag: String,
    /// What the tables hold for RETURNING.
    pub temp: Arc<TempRows>,
}

impl Session {
    /// Starts a planned query, or runs a planned change.
    pub(super) async fn run_planned(
        &mut self,
        plan: Arc<Plan>,
        values: Values,
        formats: Arc<[Format]>,
        text: Arc<str>,
        token: CancellationToken,
    ) -> Result<Answer> {
        let Some(spec) = plan.write.as_ref().map(Arc::clone) else {
            return self.run_plan(plan, values, formats, text, token).map(|rows| Answer::Rows(Box::new(rows)));
        };
        let Changed { tag, temp } = self.change_rows(&plan, &spec, values.clone(), &token).await?;
        let Some(returning) = &spec.returning else {
            self.cancel.disarm();
            return Ok(Answer::Done(tag));
        };
        let rows = self.run_plan_over(
            Arc::clone(returning),
            values,
            (formats, Tag::Fixed(Arc::from(tag))),
            (text, temp),
            token,
        )?;
        Ok(Answer::Rows(Box::new(rows)))
    }

    /// Runs a planned change.
    pub(super) async fn change_rows(
        &mut self,
        plan: &Arc<Plan>,
        spec: &Arc<WriteSpec>,
        values: Values,
        token: &CancellationToken,
    ) -> Result<Changed> {
        let before = Arc::clone(self.objects.current().rows());
        let collected = self.collect(plan, values.clone(), token).await?;
        let written = match &spec.conflict {
            Some(conflict) => self.write_free(spec, conflict, collected, (values, token)).await?,
            None => self.write(spec, collected, token).await?,
        };
        let count = written.written.len();
        let next = self.objects.current().with_rows(spec.relation.oid, written.rows);
        self.objects.change(next);
        let tag = match spec.verb {
            "INSERT" => format!("INSERT 0 {count}"),
            verb => format!("{verb} {count}"),
        };
        // The rest of RETURNING sees the tables as they were before the statement.
        Ok(Changed { tag, temp: Arc::new(before.with(WRITTEN, written.written)) })
    }

    /// All rows of a query, within the session's memory.
    pub(super) async fn collect(
        &mut self,
        plan: &Arc<Plan>,
        values: Values,
        token: &CancellationToken,
    ) -> Result<Collected> {
        let temp = Arc::clone(self.objects.current().rows());
        self.collect_over(plan, values, temp, token).await
    }

    /// The same on given contents of the session's tables.
    pub(super) async fn collect_over(
        &mut self,
        plan: &Arc<Plan>,
        values: Values,
        temp: Arc<TempRows>,
        token: &CancellationToken,
    ) -> Result<Collected> {
        let _timer = self.timer();
        let stop = token.child_token();
        let env = self.plan_env_over(&stop, temp);
        let plan = Arc::clone(plan);
        let job = Job { config: env.config().clone(), cancel: stop, plan: Box::new(move || plan.bind(&values, &env)) };
        let mut output = self.engine.executor.start(job, Whole);
        let mut collected = Collected::new(self.objects.pool());
        while let Some(batch) = output.next().await {
            collected.push(batch?)?;
        }
        Ok(collected)
    }

    /// The table's next state, made on the CPU runtime.
    async fn write(
        &mut self,
        spec: &Arc<WriteSpec>,
        collected: Collected,
        token: &CancellationToken,
    ) -> Result<Written> {
        let work = move |target: &Target<'_>, spec: &WriteSpec| match spec.verb {
            "INSERT" => target.insert(collected),
            "UPDATE" => target.update(collected),
            _ => target.delete(&collected),
        };
        self.on_target(spec, work, token).await
    }

    /// INSERT … ON CONFLICT: rows that meet others are passed over, or put in their place.
    async fn write_free(
        &mut self,
        spec: &Arc<WriteSpec>,
        conflict: &ConflictSpec,
        collected: Collected,
        (values, token): (Values, &CancellationToken),
    ) -> Result<Written> {
        let (arbiters, updates) = (conflict.arbiters.clone(), conflict.update.is_some());
        let work = move |target: &Target<'_>, _: &WriteSpec| target.propose(&collected, &arbiters, updates);
        let proposed = self.on_target(spec, work, token).await?;
        let changed = match &conflict.update {
            Some(update) if !proposed.excluded.is_empty() => {
                let excluded = Arc::clone(&proposed.excluded);
                let temp = Arc::new(self.objects.current().rows().with(EXCLUDED, excluded));
                self.collect_over(update, values, temp, token).await?
            }
            _ => Collected::new(self.objects.pool()),
        };
        self.on_target(spec, move |target, _| target.merge(&proposed, changed), token).await
    }

    /// Work on the table of a planned change, on the CPU runtime.
    async fn on_target<T: Send + 'static>(
        &mut self,
        spec: &Arc<WriteSpec>,
        work: impl FnOnce(&Target<'_>, &WriteSpec) -> Result<T> + Send + 'static,
        token: &CancellationToken,
    ) -> Result<T> {
        let objects = Arc::clone(self.objects.current());
        let pool = Arc::clone(self.objects.pool());
        let style = Arc::clone(&self.settings.derived().style);
        let spec = Arc::clone(spec);
        let compute = move || {
            let relation = objects
                .relation(&spec.relation.name)
                .filter(|relation| relation.oid == spec.relation.oid)
                .ok_or_else(|| Error::internal("the table of a planned change is gone"))?;
            let rows = objects.rows().of(relation.oid).ok_or_else(|| Error::internal("a table without its rows"))?;
            work(&Target { relation, rows, checks: &spec.checks, style: &style, pool: &pool }, &spec)
        };
        self.engine.executor.compute(token, compute).await
    }

    /// What a new table holds: the rows of a query, its columns and then the values of its checks.
    pub(super) async fn fill(
        &mut self,
        relation: Arc<Relation>,
        checks: Vec<String>,
        collected: Collected,
        token: &CancellationToken,
    ) -> Result<Arc<TableRows>> {
        let pool = Arc::clone(self.objects.pool());
        let style = Arc::clone(&self.settings.derived().style);
        let work = move || {
            let rows = TableRows::empty(relation.schema());
            let target = Target { relation: &relation, rows: &rows, checks: &checks, style: &style, pool: &pool };
            target.insert(collected).map(|written| written.rows)
        };
        self.engine.executor.compute(token, work).await
    }

    /// Starts a planned query on given contents of the session's tables.
    pub(super) fn run_plan_over(
        &mut self,
        plan: Arc<Plan>,
        values: Values,
        (formats, tag): (Arc<[Format]>, Tag),
        (text, temp): (Arc<str>, Arc<TempRows>),
        token: CancellationToken,
    ) -> Result<Rows> {
        let env = self.plan_env_over(&token.child_token(), temp);
        self.start_rows(plan, values, (formats, tag), text, (token, env))
    }
}
