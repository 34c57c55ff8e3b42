//! The extended protocol's side of a session: Parse, Bind, Describe, Execute, Close.

use std::sync::Arc;

use chrono::Utc;
use tracing::Instrument as _;

use super::engine::MAX_SUSPENDED;
use super::portal::{Portal, PortalState};
use super::statement::{Prepared, StatementDesc};
use super::{Answer, INLINE_PARSE_BYTES, Session};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::plan::{self, ColumnDesc, Plan, Values};
use crate::sql::{self, StatementKind, Utility};
use crate::sqlstate;
use crate::types::{Format, RawParam};

/// A portal's columns and their formats.
pub type PortalDesc = (Arc<[ColumnDesc]>, Vec<Format>);

impl Session {
    /// Parse. `types[i]` is 0 where the client leaves a parameter's type to the server.
    pub async fn parse(&mut self, name: &str, sql: &str, types: &[u32]) -> Result<()> {
        let prepared = self.prepare(name, sql, types).await;
        match prepared {
            Ok(prepared) => {
                self.keep_prepared(name, prepared);
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Bind. `result_formats` is as sent: none (all text), one (for all) or one per column.
    pub async fn bind(
        &mut self,
        portal: &str,
        statement: &str,
        params: Vec<RawParam>,
        result_formats: &[Format],
    ) -> Result<()> {
        let bound = self.bind_portal(portal, statement, &params, result_formats).await;
        match bound {
            Ok(bound) => {
                self.portals.insert(portal.to_owned(), bound);
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Describe of a statement.
    pub fn describe_statement(&mut self, name: &str) -> Result<StatementDesc> {
        let described = self.prepared(name).and_then(|prepared| {
            let mut description = prepared.describe();
            description.columns = self.result_columns(&prepared);
            if description.columns.is_some() {
                self.transaction.check_usable()?;
            }
            Ok(description)
        });
        described.map_err(|error| self.failed(error))
    }

    /// Describe of a portal: columns and formats, or `None` (NoData).
    pub fn describe_portal(&mut self, name: &str) -> Result<Option<PortalDesc>> {
        let Some(portal) = self.portals.get(name) else {
            return Err(self.failed(no_portal(name)));
        };
        let columns = match &portal.plan {
            Some(plan) if portal.prepared.is_planned_rows() => plan.result_columns().map(Arc::clone),
            _ => self.result_columns(&portal.prepared),
        };
        Ok(columns.map(|columns| (columns, portal.formats.to_vec())))
    }

    /// Execute with a row limit (0 = none). A suspended portal goes on where it stopped.
    pub async fn execute(&mut self, name: &str, max_rows: usize) -> Result<Answer> {
        self.transaction.begin_implicit(&mut self.settings);
        let Some(portal) = self.portals.get_mut(name) else {
            return Err(self.failed(no_portal(name)));
        };
        let answer = match std::mem::replace(&mut portal.state, PortalState::Running) {
            PortalState::Ready => {
                let span = self.statement_span();
                self.start_portal(name).instrument(span).await
            }
            PortalState::Suspended(mut rows) => {
                self.cancel.rearm(&rows.token);
                rows.timer = self.timer();
                Ok(Answer::Rows(rows))
            }
            PortalState::Running | PortalState::Done => self.run_again(name),
        };
        match answer {
            Ok(Answer::Rows(mut rows)) => {
                rows.portal = Some(name.to_owned());
                rows.resume(max_rows);
                Ok(Answer::Rows(rows))
            }
            Ok(other) => {
                self.set_state(name, PortalState::Done);
                Ok(other)
            }
            Err(error) => {
                self.set_state(name, PortalState::Done);
                Err(self.failed(error))
            }
        }
    }

    /// Close of a statement; unknown names are fine.
    pub fn close_statement(&mut self, name: &str) {
        self.forget_prepared(name);
    }

    /// Close of a portal; unknown names are fine.
    pub fn close_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    /// The prepared statement of that name; `26000` when there is none.
    pub(super) fn prepared(&self, name: &str) -> Result<Arc<Prepared>> {
        self.prepared.get(name).map(Arc::clone).ok_or_else(|| {
            let message = if name.is_empty() {
                "unnamed prepared statement does not exist".to_owned()
            } else {
                format!("prepared statement \"{name}\" does not exist")
            };
            Error::new(sqlstate::INVALID_SQL_STATEMENT_NAME, message)
        })
    }

    /// The columns that a prepared statement gives; those of FETCH and EXECUTE are their cursor's and their statement's.
    fn result_columns(&self, prepared: &Prepared) -> Option<Arc<[ColumnDesc]>> {
        match prepared.statement.as_ref().map(|statement| &statement.kind) {
            Some(StatementKind::Utility(Utility::Fetch(fetch))) => self.fetch_columns(fetch),
            Some(StatementKind::Utility(Utility::Execute { name, .. })) => {
                self.prepared.get(name).and_then(|inner| inner.describe().columns)
            }
            _ => prepared.describe().columns,
        }
    }

    /// Plans a statement for later runs.
    pub(super) async fn prepared_of(
        &mut self,
        statement: Option<Arc<sql::Statement>>,
        declared: Vec<Option<arrow::datatypes::FieldRef>>,
    ) -> Result<Prepared> {
        let text = statement.as_ref().map_or_else(|| Arc::from(""), |s| Arc::clone(&s.text));
        let mut prepared = Prepared { statement, declared, plan: None, text, made: Utc::now(), from_sql: false };
        let Some(statement) = prepared.statement.as_ref().map(Arc::clone) else { return Ok(prepared) };
        if !super::utility::ends_failed_block(&statement.kind) {
            self.transaction.check_usable()?;
        }
        if statement.kind.is_planned() {
            let token = self.start_statement()?;
            prepared.plan = Some(self.plan(&statement, &prepared.declared, &token).await?);
            self.cancel.disarm();
        }
        Ok(prepared)
    }

    async fn prepare(&mut self, name: &str, sql: &str, types: &[u32]) -> Result<Prepared> {
        self.transaction.begin_implicit(&mut self.settings);
        if !name.is_empty() && self.prepared.contains_key(name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_PREPARED_STATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        let statement = if sql.len() <= INLINE_PARSE_BYTES {
            sql::parse_single(sql)?
        } else {
            let text = sql.to_owned();
            let token = self.cancel.arm();
            self.engine.executor.compute(&token, move || sql::parse_single(&text)).await?
        };
        let declared = types.iter().map(|oid| plan::params::declared(*oid)).collect::<Result<_>>()?;
        self.prepared_of(statement.map(Arc::new), declared).await
    }

    async fn bind_portal(
        &mut self,
        portal: &str,
        statement: &str,
        params: &[RawParam],
        result_formats: &[Format],
    ) -> Result<Portal> {
        self.transaction.begin_implicit(&mut self.settings);
        let prepared = self.prepared(statement)?;
        if !portal.is_empty() && self.portals.contains_key(portal) {
            return Err(Error::new(sqlstate::DUPLICATE_CURSOR, format!("cursor \"{portal}\" already exists")));
        }
        if !prepared.statement.as_ref().is_some_and(|s| super::utility::ends_failed_block(&s.kind)) {
            self.transaction.check_usable()?;
        }
        let expected = prepared.describe().params.len();
        if params.len() != expected {
            return Err(Error::protocol(format!(
                "bind message supplies {} parameters, but prepared statement \"{statement}\" requires {expected}",
                params.len()
            )));
        }
        let (plan, values) = self.bind_values(&prepared, params).await?;
        let columns = match &plan {
            Some(plan) if prepared.is_planned_rows() => plan.result_columns().map_or(0, |c| c.len()),
            _ => self.result_columns(&prepared).map_or(0, |c| c.len()),
        };
        let formats = formats(result_formats, columns)?;
        Ok(Portal { prepared, plan, values, formats, state: PortalState::Ready })
    }

    /// The values of a Bind and the plan for them, made again when the catalog or a numeric's scale asks for it.
    async fn bind_values(&mut self, prepared: &Prepared, params: &[RawParam]) -> Result<(Option<Arc<Plan>>, Values)> {
        let (Some(plan), Some(statement)) = (&prepared.plan, &prepared.statement) else {
            return Ok((None, Values::new()));
        };
        let style = Arc::clone(&self.settings.derived().style);
        let catalog = || self.plan_env(&CancellationToken::new());
        let values = plan::params::decode(&plan.params, params, &style, catalog)?;
        let token = self.start_statement()?;
        let refined = plan::params::refined(&plan.params, &values);
        let current = match refined {
            Some(declared) => self.plan(statement, &declared, &token).await?,
            // Answered by the plan cache unless the catalog or the settings have changed since Parse.
            None => self.plan(statement, &prepared.declared, &token).await?,
        };
        self.cancel.disarm();
        let types = |plan: &Plan| plan.columns.iter().map(|c| c.pg_type.oid).collect::<Vec<_>>();
        if types(&current) != types(plan) {
            return Err(Error::unsupported("cached plan must not change result type"));
        }
        Ok((Some(current), values))
    }

    async fn start_portal(&mut self, name: &str) -> Result<Answer> {
        let suspended = self.portals.values().filter(|p| matches!(p.state, PortalState::Suspended(_))).count();
        if suspended >= MAX_SUSPENDED {
            let message = format!("a session can have {MAX_SUSPENDED} suspended portals at most");
            return Err(Error::new(sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message)
                .hint("Close portals whose rows are not needed any more."));
        }
        let Some(portal) = self.portals.get(name) else { return Err(no_portal(name)) };
        let Some(statement) = portal.prepared.statement.as_ref().map(Arc::clone) else { return Ok(Answer::Empty) };
        let values = portal.values.clone();
        // The params' types as they were bound, digits and all, for what is planned anew.
        let bound = |plan: &Arc<Plan>| plan.params.iter().map(|field| Some(Arc::clone(field))).collect();
        let declared = portal.plan.as_ref().map_or_else(|| portal.prepared.declared.clone(), bound);
        let formats = Arc::clone(&portal.formats);
        match &statement.kind {
            StatementKind::Utility(Utility::Declare(declare)) => {
                self.run_declare(&statement, declare, values, &declared).await
            }
            StatementKind::Utility(utility) => self.run_utility(&statement, utility, Some(&formats)).await,
            StatementKind::Explain(options, explained) => {
                self.run_explain(&statement, (*options, explained), &values, &declared).await
            }
            StatementKind::Object(object) => self.run_object(&statement, object, values, &declared).await,
            StatementKind::Query(_) | StatementKind::Write(_) => {
                let plan = portal.plan.as_ref().map(Arc::clone);
                let plan = plan.ok_or_else(|| Error::internal("a bound query has no plan"))?;
                let token = self.start_statement()?;
                self.run_planned(plan, values, formats, Arc::clone(&statement.text), token).await
            }
        }
    }

    /// Execute of a portal that is at its end: no more rows of a query, an error for anything else.
    fn run_again(&mut self, name: &str) -> Result<Answer> {
        self.transaction.check_usable()?;
        let is_query = self.portals.get(name).is_some_and(Portal::is_query);
        if is_query {
            return Ok(Answer::Done("SELECT 0".to_owned()));
        }
        Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, format!("portal \"{name}\" cannot be run")))
    }

    fn set_state(&mut self, name: &str, state: PortalState) {
        if let Some(portal) = self.portals.get_mut(name) {
            portal.state = state;
        }
    }
}

fn no_portal(name: &str) -> Error {
    Error::new(sqlstate::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}

/// One format per column from what Bind said.
fn formats(sent: &[Format], columns: usize) -> Result<Arc<[Format]>> {
    match sent {
        [] => Ok(vec![Format::Text; columns].into()),
        [one] => Ok(vec![*one; columns].into()),
        many if many.len() == columns => Ok(many.into()),
        many => Err(Error::protocol(format!(
            "bind message has {} result formats but query has {columns} columns",
            many.len()
        ))),
    }
}
