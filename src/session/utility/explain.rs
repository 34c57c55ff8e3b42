//! EXPLAIN [ANALYZE]: the engine's plan as rows of a `QUERY PLAN` column.

use std::sync::Arc;

use arrow::datatypes::FieldRef;

use super::{text_batch, text_columns};
use crate::error::{Error, Result};
use crate::exec::Job;
use crate::plan::{ColumnDesc, Values};
use crate::session::{Answer, Session};
use crate::sql::{ExplainFormat, ExplainOptions, Statement, StatementKind, Utility};
use crate::types::{Format, oid};

const COLUMN: &str = "QUERY PLAN";

/// The one column, text or json.
#[must_use]
pub fn columns(options: ExplainOptions) -> Arc<[ColumnDesc]> {
    let mut columns = text_columns(&[COLUMN]).to_vec();
    if options.format == ExplainFormat::Json {
        columns[0].pg_type.oid = oid::JSON;
    }
    columns.into()
}

impl Session {
    /// EXPLAIN. Error `0A000` for EXPLAIN ANALYZE of EXECUTE of a statement that writes.
    pub(in crate::session) async fn run_explain(
        &mut self,
        statement: &Arc<Statement>,
        (options, explained): (ExplainOptions, &StatementKind),
        values: &Values,
        declared: &[Option<FieldRef>],
    ) -> Result<Answer> {
        let token = self.start_statement()?;
        let timer = self.timer();
        let (plan, values) = match explained {
            StatementKind::Utility(Utility::Execute { name, arguments }) => {
                self.executed(name, arguments, &token).await?
            }
            _ => (self.plan(statement, declared, &token).await?, values.clone()),
        };
        if options.analyze && plan.write.is_some() {
            return Err(Error::unsupported("EXPLAIN ANALYZE of a statement that writes is not supported"));
        }
        let env = self.plan_env(&token);
        let config = env.config().clone();
        let job = Job { config, cancel: token.clone(), plan: Box::new(move || plan.bind(&values, &env)) };
        let explained = self.engine.executor.explain(job, options.analyze, options.verbose).await?;
        drop(timer);
        let lines = match options.format {
            ExplainFormat::Text => explained.lines(),
            ExplainFormat::Json => vec![explained.json()],
        };
        let batch = text_batch(&[COLUMN], vec![lines])?;
        self.ready_rows(statement, &batch, columns(options), Format::Text, "EXPLAIN")
    }
}
