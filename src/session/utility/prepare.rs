//! SQL-level PREPARE, EXECUTE, DEALLOCATE. They share the protocol's names.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::plan::{self, Plan, Values};
use crate::session::statement::Prepared;
use crate::session::{Answer, Session};
use crate::sql::{Statement, StatementKind};
use crate::sqlstate;
use crate::types::Format;

impl Session {
    /// PREPARE.
    pub(super) async fn run_prepare(
        &mut self,
        name: &str,
        types: &[ast::DataType],
        inner: &Statement,
        text: &Arc<str>,
    ) -> Result<Answer> {
        if self.prepared.contains_key(name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_PREPARED_STATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        if !matches!(inner.kind, StatementKind::Query(_) | StatementKind::Write(_)) {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "syntax error in the statement to prepare"));
        }
        let declared = types.iter().map(|t| plan::params::of_sql_type(t).map(Some)).collect::<Result<_>>()?;
        let mut prepared = self.prepared_of(Some(Arc::new(inner.clone())), declared).await?;
        (prepared.text, prepared.from_sql) = (Arc::clone(text), true);
        self.keep_prepared(name, prepared);
        Ok(Answer::Done("PREPARE".to_owned()))
    }

    /// EXECUTE.
    pub(super) async fn run_execute(
        &mut self,
        statement: &Arc<Statement>,
        name: &str,
        arguments: &[ast::Expr],
        format: Format,
    ) -> Result<Answer> {
        let token = self.start_statement()?;
        let (plan, values) = self.executed(name, arguments, &token).await?;
        let formats = vec![format; plan.columns.len()].into();
        self.run_planned(plan, values, formats, Arc::clone(&statement.text), token).await
    }

    /// The plan of a prepared statement for EXECUTE's arguments, and their values.
    ///
    /// # Errors
    ///
    /// `26000` for an unknown name, `42601` for another number of arguments, `0A000` when its result is not of the
    /// types any more that it had.
    pub(super) async fn executed(
        &mut self,
        name: &str,
        arguments: &[ast::Expr],
        token: &CancellationToken,
    ) -> Result<(Arc<Plan>, Values)> {
        let prepared: Arc<Prepared> = self.prepared(name)?;
        let (Some(plan), Some(inner)) = (&prepared.plan, &prepared.statement) else {
            return Err(Error::unsupported(format!("prepared statement \"{name}\" is not a query")));
        };
        if arguments.len() != plan.params.len() {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            let detail = format!("Expected {} parameters but got {}.", plan.params.len(), arguments.len());
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message).detail(detail));
        }
        let env = self.plan_env(token);
        let values = plan::params::evaluate(arguments, &plan.params, &env)?;
        let declared = plan::params::refined(&plan.params, &values).unwrap_or_else(|| prepared.declared.clone());
        let current = self.plan(inner, &declared, token).await?;
        let shape = |plan: &Plan| plan.columns.iter().map(|c| (c.name.clone(), c.pg_type.oid)).collect::<Vec<_>>();
        if shape(&current) != shape(plan) {
            return Err(Error::unsupported("cached plan must not change result type"));
        }
        Ok((current, values))
    }

    /// DEALLOCATE; `26000` for an unknown name.
    pub(super) fn run_deallocate(&mut self, name: Option<&str>) -> Result<Answer> {
        let Some(name) = name else {
            self.prepared = Arc::default();
            return Ok(Answer::Done("DEALLOCATE ALL".to_owned()));
        };
        self.prepared(name)?;
        self.forget_prepared(name);
        Ok(Answer::Done("DEALLOCATE".to_owned()))
    }
}
