//! SQL-level PREPARE, EXECUTE, DEALLOCATE; CLOSE of a portal. They share the protocol's names.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;

use crate::error::{Error, Result};
use crate::plan;
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
        let prepared = self.prepared_of(Some(Arc::new(inner.clone())), declared).await?;
        self.prepared.insert(name.to_owned(), Arc::new(prepared));
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
        let prepared: Arc<Prepared> = self.prepared(name)?;
        let (Some(plan), Some(inner)) = (&prepared.plan, &prepared.statement) else {
            return Err(Error::unsupported(format!("prepared statement \"{name}\" is not a query")));
        };
        if arguments.len() != plan.params.len() {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            let detail = format!("Expected {} parameters but got {}.", plan.params.len(), arguments.len());
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message).detail(detail));
        }
        let token = self.start_statement()?;
        let env = self.plan_env(&token);
        let values = plan::params::evaluate(arguments, &plan.params, &env)?;
        let declared = plan::params::refined(&plan.params, &values).unwrap_or_else(|| prepared.declared.clone());
        let plan = self.plan(inner, &declared, &token).await?;
        let formats = vec![format; plan.columns.len()].into();
        self.run_planned(plan, values, formats, Arc::clone(&statement.text), token).await
    }

    /// DEALLOCATE; `26000` for an unknown name.
    pub(super) fn run_deallocate(&mut self, name: Option<&str>) -> Result<Answer> {
        let Some(name) = name else {
            self.prepared.clear();
            return Ok(Answer::Done("DEALLOCATE ALL".to_owned()));
        };
        self.prepared(name)?;
        self.prepared.remove(name);
        Ok(Answer::Done("DEALLOCATE".to_owned()))
    }

    /// CLOSE; `34000` for an unknown portal.
    pub(super) fn run_close(&mut self, name: Option<&str>) -> Result<Answer> {
        let Some(name) = name else {
            self.portals.clear();
            return Ok(Answer::Done("CLOSE CURSOR ALL".to_owned()));
        };
        match self.portals.remove(name) {
            Some(_) => Ok(Answer::Done("CLOSE CURSOR".to_owned())),
            None => Err(Error::new(sqlstate::INVALID_CURSOR_NAME, format!("cursor \"{name}\" does not exist"))),
        }
    }
}
