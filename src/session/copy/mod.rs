//! COPY: a query's rows to the client as text, CSV or binary data, and the client's data into a table.

mod into;

use std::sync::Arc;

pub use into::CopyIn;

use super::rows::{CopyChunks, Tag};
use super::{Answer, Session};
use crate::catalog::temp::TempRows;
use crate::error::{Error, Result};
use crate::plan::{self, Plan, Values};
use crate::sql::copy_ast::{Copy, CopyPlace, CopySource};
use crate::sql::{Statement, StatementKind};
use crate::sqlstate;
use crate::types::Format;
use crate::types::copy::{CopyOptions, Form, Heading, Writer};

impl Session {
    /// COPY.
    pub(super) async fn run_copy(&mut self, statement: &Arc<Statement>, copy: &Copy) -> Result<Answer> {
        self.check_place(copy)?;
        match &copy.source {
            CopySource::Table(name, columns) if copy.from => {
                self.copy_from(statement, copy, (name, columns)).await.map(|copy| Answer::CopyIn(Box::new(copy)))
            }
            CopySource::Table(name, columns) => {
                let token = self.start_statement()?;
                let env = self.plan_env(&token);
                let (query, names, schema) = plan::copy::table_query((name, columns), &env)?;
                let options = CopyOptions::of(&copy.options, false)?;
                let relation = env.find_relation(name.schema.as_deref(), &name.name).and_then(|(_, relation)| relation);
                let known =
                    |names: &[String]| plan::copy::attributes(names, &schema, relation.map(AsRef::as_ref), &name.name);
                let copied = known(&names)?;
                let name_of = |place: usize| schema.field(place).name().clone();
                let quoted = plan::copy::forced(&options.force_quote, "FORCE_QUOTE", &copied, known, name_of)?;
                let inner = Arc::new(Statement { kind: StatementKind::Query(query), ..Statement::clone(statement) });
                let plan = self.plan(&inner, &[], &token).await?;
                self.copy_out((plan, None), Heading { names, quoted }, options, statement, token)
            }
            CopySource::Query(inner) => self.copy_query(statement, copy, inner).await,
        }
    }

    /// Files and programs of the server are out of reach.
    fn check_place(&self, copy: &Copy) -> Result<()> {
        let (what, role, program) = match (copy.place, copy.from) {
            (CopyPlace::Client, _) => return Ok(()),
            (CopyPlace::File, true) => ("from a file", "pg_read_server_files", false),
            (CopyPlace::File, false) => ("to a file", "pg_write_server_files", false),
            (CopyPlace::Program, _) => ("to or from an external program", "pg_execute_server_program", true),
        };
        let hint = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.";
        let snapshot = self.engine.catalog.snapshot();
        if snapshot.roles.iter().any(|known| known.name == self.identity.user && known.superuser) {
            return Err(Error::unsupported(format!("COPY {what} is not supported")).hint(hint));
        }
        let verb = if program { "COPY".to_owned() } else { format!("COPY {what}") };
        let verb = if program { format!("{verb} {what}") } else { verb };
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied to COPY {what}"))
            .detail(format!("Only roles with privileges of the \"{role}\" role may {verb}."))
            .hint(hint))
    }

    /// COPY of a statement's rows.
    async fn copy_query(&mut self, statement: &Arc<Statement>, copy: &Copy, inner: &Arc<Statement>) -> Result<Answer> {
        let options = CopyOptions::of(&copy.options, false)?;
        let token = self.start_statement()?;
        if let Some((name, at)) = &copy.param {
            return Err(no_param(name).or_at(*at));
        }
        let plan = self.plan(inner, &[], &token).await?;
        let returning = match &plan.write {
            None => None,
            Some(spec) => {
                let missing = || Error::unsupported("COPY query must have a RETURNING clause");
                Some((Arc::clone(spec), Arc::clone(spec.returning.as_ref().ok_or_else(missing)?)))
            }
        };
        let names: Vec<String> = plan.columns.iter().map(|column| column.name.clone()).collect();
        let copied: Vec<usize> = (0..names.len()).collect();
        let known = |wanted: &[String]| output_places(wanted, &names);
        let quoted =
            plan::copy::forced(&options.force_quote, "FORCE_QUOTE", &copied, known, |place| names[place].clone())?;
        let source = match returning {
            None => (plan, None),
            Some((spec, returning)) => {
                let changed = self.change_rows(&plan, &spec, Values::new(), &token).await?;
                (returning, Some(changed.temp))
            }
        };
        self.copy_out(source, Heading { names, quoted }, options, statement, token)
    }

    /// Starts the query whose rows are copied, on given contents of the session's tables.
    fn copy_out(
        &mut self,
        (plan, temp): (Arc<Plan>, Option<Arc<TempRows>>),
        heading: Heading,
        options: CopyOptions,
        statement: &Statement,
        token: tokio_util::sync::CancellationToken,
    ) -> Result<Answer> {
        let temp = temp.unwrap_or_else(|| Arc::clone(self.objects.current().rows()));
        let env = self.plan_env_over(&token.child_token(), temp);
        let format = if options.form == Form::Binary { Format::Binary } else { Format::Text };
        let formats = vec![format; plan.columns.len()].into();
        let encoder = CopyChunks(Writer::try_new(plan.schema(), heading, options, &env.vars.style)?);
        let text = Arc::clone(&statement.text);
        let rows = self.start_encoded(plan, Values::new(), (encoder, formats, Tag::Copy), text, (token, env));
        Ok(Answer::CopyOut(Box::new(rows)))
    }
}

fn no_param(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_PARAMETER, format!("there is no parameter {name}"))
}

/// The places of names among a query's outputs.
fn output_places(wanted: &[String], names: &[String]) -> Result<Vec<usize>> {
    let mut places = Vec::with_capacity(wanted.len());
    for name in wanted {
        let place = names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist")))?;
        if places.contains(&place) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        places.push(place);
    }
    Ok(places)
}
