//! CREATE VIEW: a view of this session, temporary or not said to be.

use std::sync::Arc;

use arrow::datatypes::Schema;

use crate::catalog::{Relation, ViewQuery, deparse};
use crate::error::{Error, Result};
use crate::plan::{self, PlanEnv};
use crate::session::{Answer, Session};
use crate::sql::Statement;
use crate::sql::object_ast::NewView;
use crate::sqlstate;
use crate::types::{oid, pg_type};

impl Session {
    /// CREATE VIEW. Its names are bound now; its query is planned now for its columns, and anew wherever it is used.
    pub(super) async fn create_view(&mut self, view: &NewView, statement: &Arc<Statement>) -> Result<Answer> {
        let own = self.is_own(&view.name, view.temporary, "CREATE VIEW")?;
        if !own && view.name.schema.as_deref().is_some_and(|schema| schema != "public") {
            return Err(Error::unsupported("CREATE VIEW in a schema is not supported")
                .detail("A view belongs to the session that makes it."));
        }
        let name = &view.name.name;
        let token = self.start_statement()?;
        let env = self.plan_env(&token);
        let (planned, query) = self.view_plan(view, statement, &env, &token).await?;
        if view.columns.len() > planned.columns.len() {
            let message = "CREATE VIEW specifies more column names than columns";
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
        }
        let schema = plan::write::columns_of(&planned, &view.columns)?;
        if let Some(field) = schema.fields().iter().find(|field| pg_type(field).oid == oid::RECORD) {
            let message = format!("column \"{}\" has pseudo-type record", field.name());
            return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
        }
        let old = self.objects.current().relation(name).map(Arc::clone);
        let oid = match &old {
            None => self.objects.current().new_oid(&env.snapshot, name),
            Some(old) if view.or_replace => {
                self.may_replace(old, &schema)?;
                old.oid
            }
            Some(_) => {
                return Err(Error::new(sqlstate::DUPLICATE_TABLE, format!("relation \"{name}\" already exists")));
            }
        };
        let temporary = query.reads.iter().any(|oid| self.objects.current().relations().any(|own| own.oid == *oid));
        let of_session = Arc::clone(self.objects.current().schema());
        let schema = Arc::new(schema);
        let text = deparse::shown(&env.vars, query.written.as_deref(), &schema).unwrap_or_else(|| view.text.clone());
        let relation = Relation::session_view(oid, &of_session, name, schema, (text, query));
        self.cancel.disarm();
        self.objects.change(self.objects.current().with(relation, None));
        if !own {
            let message = if temporary {
                format!("view \"{name}\" will be a temporary view")
            } else {
                format!("view \"{name}\" belongs to this session and will end with it")
            };
            self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
        }
        Ok(Answer::Done("CREATE VIEW".to_owned()))
    }

    /// The plan of the view's query, and the query with its names bound.
    async fn view_plan(
        &mut self,
        view: &NewView,
        statement: &Arc<Statement>,
        env: &PlanEnv,
        token: &tokio_util::sync::CancellationToken,
    ) -> Result<(plan::Plan, ViewQuery)> {
        let (mut query, mut written, env) = (view.query.clone(), view.written.clone(), env.clone());
        let statement = Arc::clone(statement);
        let work = move || {
            let planned = plan::plan_query(&query, &statement.positions, &[], &env)?;
            if !planned.params.is_empty() {
                return Err(Error::new(sqlstate::UNDEFINED_PARAMETER, "there is no parameter $1"));
            }
            let reads = plan::views::bind_names(&mut query, &env);
            written.iter_mut().for_each(|written| plan::views::bind_written(written, &env));
            Ok((planned, ViewQuery { query, written, reads }))
        };
        self.engine.executor.compute(token, work).await
    }

    /// OR REPLACE may only add columns.
    fn may_replace(&self, old: &Arc<Relation>, new: &Schema) -> Result<()> {
        if old.view().is_none() {
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is not a view", old.name)));
        }
        let bad = |message: String| Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
        let before = old.schema();
        if new.fields().len() < before.fields().len() {
            return bad("cannot drop columns from view".to_owned());
        }
        for (was, is) in before.fields().iter().zip(new.fields()) {
            if was.name() != is.name() {
                let message = format!("cannot change name of view column \"{}\" to \"{}\"", was.name(), is.name());
                return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message)
                    .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead."));
            }
            let (from, to) = (pg_type(was), pg_type(is));
            if (from.oid, from.typmod) != (to.oid, to.typmod) {
                return bad(format!(
                    "cannot change data type of view column \"{}\" from {} to {}",
                    was.name(),
                    oid::format_type(from.oid, from.typmod),
                    oid::format_type(to.oid, to.typmod)
                ));
            }
        }
        let dependents = self.objects.current().dependents(&[old.oid]);
        if !dependents.is_empty() && new.fields().len() != before.fields().len() {
            return Err(Error::unsupported("adding columns to a view that other views read is not supported"));
        }
        Ok(())
    }
}
