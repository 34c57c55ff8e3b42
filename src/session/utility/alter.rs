//! ALTER TABLE of the session's own tables: a new table in the place of the old one, filled from it.

use std::sync::Arc;

use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::plan::{self, Values};
use crate::session::{Answer, Session};
use crate::sql::object_ast::Alter;
use crate::sqlstate;

impl Session {
    /// ALTER TABLE.
    pub(super) async fn alter_table(&mut self, alter: &Alter) -> Result<Answer> {
        let done = || Ok(Answer::Done("ALTER TABLE".to_owned()));
        let Some(old) = self.alterable(alter)? else { return done() };
        let token = self.start_statement()?;
        let env = self.plan_env(&token);
        let (mut altered, notices) = plan::alter::alter(&old, alter, &env)?;
        self.notices.extend(notices);
        if altered.name != old.name && self.objects.current().relation(&altered.name).is_some() {
            let message = format!("relation \"{}\" already exists", altered.name);
            return Err(Error::new(sqlstate::DUPLICATE_TABLE, message));
        }
        let added = std::mem::take(&mut altered.def.sequences);
        let env = if added.is_empty() {
            env
        } else {
            self.add_column_sequences(added, old.oid);
            self.plan_env(&token)
        };
        let schema = Arc::clone(&altered.def.schema);
        let own = Arc::clone(self.objects.current().schema());
        let new = Relation::temporary_table(old.oid, &own, &altered.name, Arc::clone(&schema), altered.def.spec);
        let new = Arc::new(new);
        let plan = Arc::new(plan::alter::refill(&old, Arc::clone(&new), &altered.sources, &env)?);
        let checks = plan.write.as_ref().map(|write| write.checks.clone()).unwrap_or_default();
        let collected = self.collect(&plan, Values::new(), &token).await?;
        let filled = self.fill(Arc::clone(&new), checks, collected, &token).await;
        let rows = filled.map_err(|error| violated(error, &old.name, &altered.closed))?;
        self.cancel.disarm();
        let next = self.objects.current().replaced(&old.name, Arc::clone(&new), rows).without_orphans(&new);
        self.objects.change(next);
        done()
    }

    /// The table; `None` where IF EXISTS passes over it.
    fn alterable(&mut self, alter: &Alter) -> Result<Option<Arc<Relation>>> {
        let relation = match self.existing(&alter.name) {
            Ok(relation) => relation,
            Err(error) if alter.if_exists && error.sqlstate() == sqlstate::UNDEFINED_TABLE => {
                let message = format!("{}, skipping", error.message());
                self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(relation) = relation.filter(|relation| relation.table().is_some()) else {
            return Err(Error::unsupported("ALTER TABLE is not supported")
                .detail(format!("\"{}\" is not a temporary table.", alter.name.name))
                .hint("The tables of this server come from its configuration and are read-only."));
        };
        if !self.objects.current().dependents(&[relation.oid]).is_empty() {
            return Err(Error::unsupported("altering a table that views read is not supported"));
        }
        Ok(Some(relation))
    }
}

/// What the table's rows have against a new rule, as ALTER TABLE says it.
fn violated(error: Error, table: &str, closed: &[String]) -> Error {
    match (error.sqlstate(), closed.last()) {
        (sqlstate::NOT_NULL_VIOLATION, Some(column)) => {
            let message = format!("column \"{column}\" of relation \"{table}\" contains null values");
            Error::new(sqlstate::NOT_NULL_VIOLATION, message)
        }
        (sqlstate::UNIQUE_VIOLATION, _) => {
            let message = format!("could not create unique index \"{}\"", last_quoted(&error));
            let detail = error.get_detail().unwrap_or_default().replace(" already exists.", " is duplicated.");
            Error::new(sqlstate::UNIQUE_VIOLATION, message).detail(detail)
        }
        (sqlstate::CHECK_VIOLATION, _) => {
            let name = last_quoted(&error);
            let message = format!("check constraint \"{name}\" of relation \"{table}\" is violated by some row");
            Error::new(sqlstate::CHECK_VIOLATION, message)
        }
        _ => error,
    }
}

/// The last name in quotes of an error's message: the constraint's.
fn last_quoted(error: &Error) -> &str {
    error.message().rsplit('"').nth(1).unwrap_or_default()
}
