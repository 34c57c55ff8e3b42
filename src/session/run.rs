//! Running one statement: its environment, its plan, its rows, its end.

use std::sync::Arc;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::cancel::Timer;
use super::portal::PortalState;
use super::rows::{Chunk, Origin, RowChunks, Rows, RowsEnd, Tag};
use super::{Answer, Session};
use crate::catalog::SessionVars;
use crate::catalog::temp::{PG_TEMP, TempRows};
use crate::error::{Error, Result};
use crate::exec::{Encode, Job};
use crate::plan::{self, Plan, PlanEnv, Values};
use crate::sql::{Statement, StatementKind, Utility};
use crate::types::Format;

impl Session {
    /// Runs a statement of the simple protocol.
    pub(super) async fn run_statement(&mut self, statement: &Arc<Statement>) -> Result<Answer> {
        match &statement.kind {
            StatementKind::Utility(Utility::Declare(declare)) => {
                self.run_declare(statement, declare, Values::new(), &[]).await
            }
            StatementKind::Utility(utility) => self.run_utility(statement, utility, None).await,
            StatementKind::Explain(options, explained) => {
                self.run_explain(statement, (*options, explained), &Values::new(), &[]).await
            }
            StatementKind::Object(object) => self.run_object(statement, object, Values::new(), &[]).await,
            StatementKind::Query(_) | StatementKind::Write(_) => {
                let token = self.start_statement()?;
                let plan = self.plan(statement, &[], &token).await?;
                let formats = vec![Format::Text; plan.columns.len()].into();
                self.run_planned(plan, Values::new(), formats, Arc::clone(&statement.text), token).await
            }
        }
    }

    /// Begins a statement that may be stopped: the transaction must be usable, the trigger is armed.
    pub(super) fn start_statement(&mut self) -> Result<CancellationToken> {
        self.transaction.check_usable()?;
        Ok(self.cancel.arm())
    }

    /// The timer of a statement, when `statement_timeout` is set.
    pub(super) fn timer(&self) -> Option<Timer> {
        self.settings.derived().statement_timeout.map(|limit| Timer::start(&self.cancel, limit))
    }

    /// What a statement is planned in.
    pub(super) fn plan_env(&mut self, token: &CancellationToken) -> PlanEnv {
        let temp = Arc::clone(self.objects.current().rows());
        self.plan_env_over(token, temp)
    }

    /// The same with other contents of the session's tables.
    pub(super) fn plan_env_over(&mut self, token: &CancellationToken, temp: Arc<TempRows>) -> PlanEnv {
        let (shared, transaction_start) = self.transaction.enter(&self.engine.catalog);
        if !self.transaction.is_open() {
            self.settings.default_modes();
        }
        let snapshot = self.objects.over(&shared);
        let derived = self.settings.derived();
        let own = (!self.objects.current().is_empty()).then(|| self.objects.current().schema().as_ref());
        let search_path = derived
            .search_path
            .iter()
            .filter_map(|name| match name.as_str() {
                "$user" => Some(self.identity.user.as_str()),
                PG_TEMP => own,
                name => Some(name),
            })
            .filter(|name| snapshot.has_schema(name))
            .map(str::to_owned)
            .collect();
        let vars = SessionVars {
            user: Arc::from(self.identity.user.as_str()),
            backend_pid: self.identity.backend_pid,
            search_path,
            settings: Arc::clone(self.settings.values()),
            style: Arc::clone(&derived.style),
            snapshot: Arc::clone(&snapshot),
            temp,
            own: self.owned(),
            transaction_start,
            statement_start: Utc::now(),
            server_start: self.engine.started,
            client: self.identity.client,
            server: self.identity.server,
        };
        PlanEnv::new(&self.engine.base, snapshot, Arc::clone(&self.engine.functions), vars, token.clone())
    }

    /// The plan of a query, from the cache when it was planned before under the same names and settings.
    pub(super) async fn plan(
        &mut self,
        statement: &Arc<Statement>,
        declared: &plan::Declared,
        token: &CancellationToken,
    ) -> Result<Arc<Plan>> {
        // Planning counts against the statement's time as running does.
        let _timer = self.timer();
        let env = self.plan_env(token);
        let key = plan::cache::Key::new(&statement.text, declared, &env);
        if let Some(plan) = self.engine.plans.get(&key) {
            return Ok(plan);
        }
        let statement = Arc::clone(statement);
        let declared = declared.to_vec();
        let plan = self
            .engine
            .executor
            .compute(token, move || plan_kind(&statement.kind, &statement, &declared, &env))
            .await?;
        let plan = Arc::new(plan);
        self.engine.plans.put(key, &plan);
        Ok(plan)
    }

    /// Starts a planned query.
    pub(super) fn run_plan(
        &mut self,
        plan: Arc<Plan>,
        values: Values,
        formats: Arc<[Format]>,
        text: Arc<str>,
        token: CancellationToken,
    ) -> Result<Rows> {
        if let Some(row) = plan.instant.as_ref().map(|instant| instant.run(&values)).transpose()?.flatten() {
            let (columns, style) = (Arc::clone(&plan.columns), Arc::clone(&self.settings.derived().style));
            return Rows::of_batch(&row, columns, formats, &style, Tag::Select, Origin { text, token, timer: None });
        }
        // The operators obey the end of the output too, which is narrower than the statement.
        let env = self.plan_env(&token.child_token());
        self.start_rows(plan, values, (formats, Tag::Select), text, (token, env))
    }

    /// Starts a planned query in an environment, whose token stops it.
    pub(super) fn start_rows(
        &mut self,
        plan: Arc<Plan>,
        values: Values,
        (formats, tag): (Arc<[Format]>, Tag),
        text: Arc<str>,
        (token, env): (CancellationToken, PlanEnv),
    ) -> Result<Rows> {
        let plan = plan.in_formats(&formats)?;
        let encoder = RowChunks::new(plan.schema(), &formats, &env.vars.style)?;
        Ok(self.start_encoded(plan, values, (encoder, formats, tag), text, (token, env)))
    }

    /// The same with an encoder.
    pub(super) fn start_encoded(
        &mut self,
        plan: Arc<Plan>,
        values: Values,
        (encoder, formats, tag): (impl Encode<Chunk>, Arc<[Format]>, Tag),
        text: Arc<str>,
        (token, env): (CancellationToken, PlanEnv),
    ) -> Rows {
        let columns = Arc::clone(&plan.columns);
        let (config, cancel) = (env.config().clone(), env.cancel.clone());
        let job = Job { config, cancel, plan: Box::new(move || plan.bind(&values, &env)) };
        let output = self.engine.executor.start(job, encoder);
        let origin = Origin { text, token, timer: self.timer() };
        Rows::of_query(output, columns, formats, tag, origin)
    }

    /// Takes back a row stream that has ended (or failed while streaming) and says how: the statement is over, and a
    /// suspended portal keeps its stream. Both protocols.
    pub fn finish(&mut self, mut rows: Rows, streamed: Result<()>) -> Result<RowsEnd> {
        let portal = rows.portal.clone();
        let set = |session: &mut Self, state| {
            if let Some(portal) = portal.as_ref().and_then(|name| session.portals.get_mut(name)) {
                portal.state = state;
            }
        };
        self.change_settings(streamed.is_err());
        if let Err(error) = streamed {
            set(self, PortalState::Done);
            if let Some(mut cursor) = rows.take_cursor() {
                cursor.fail();
                self.cursors.insert(cursor.name.clone(), cursor);
            }
            return Err(self.failed(error));
        }
        rows.timer = None;
        self.cancel.disarm();
        let end = rows.end();
        if end != RowsEnd::Suspended
            && let Some(cursor) = rows.take_cursor()
        {
            self.cursors.insert(cursor.name.clone(), cursor);
        }
        if end == RowsEnd::Suspended {
            set(self, PortalState::Suspended(Box::new(rows)));
            return Ok(end);
        }
        self.log_if_slow(&rows);
        set(self, PortalState::Done);
        Ok(end)
    }

    fn log_if_slow(&self, rows: &Rows) {
        let elapsed = rows.started.elapsed();
        if self.engine.slow_statement.is_some_and(|limit| elapsed >= limit) {
            let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            let text = redact(&rows.text);
            rows.span.in_scope(|| tracing::info!(duration_ms = ms, statement = %text, "slow statement"));
        }
    }
}

/// The plan of a statement, or of the one that EXPLAIN shows.
fn plan_kind(kind: &StatementKind, statement: &Statement, declared: &plan::Declared, env: &PlanEnv) -> Result<Plan> {
    let query = match kind {
        StatementKind::Explain(_, explained) => return plan_kind(explained, statement, declared, env),
        StatementKind::Write(write) => return plan::write::plan_write(write, &statement.positions, declared, env),
        StatementKind::Query(query) => Some(query.as_ref()),
        StatementKind::Object(object) => object.query(),
        StatementKind::Utility(Utility::Declare(declare)) => Some(declare.query.as_ref()),
        StatementKind::Utility(_) => None,
    };
    let query = query.ok_or_else(|| Error::internal("this statement has no plan"))?;
    plan::plan_query(query, &statement.positions, declared, env)
}

/// A statement's text for the log: literals may be secrets, so they are taken out.
fn redact(text: &str) -> String {
    crate::sql::lex::without_literals(text)
}
