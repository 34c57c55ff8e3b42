//! Statements that need no plan, one file per kind.

mod alter;
mod cursor;
mod drop;
mod explain;
mod prepare;
mod sequence;
mod set;
mod show;
mod table;
mod transaction;
mod view;

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::rows::{Origin, Rows, Tag};
use super::{Answer, Session};
use crate::error::{Error, Result};
use crate::plan::ColumnDesc;
use crate::sql::{Statement, StatementKind, Utility};
use crate::sqlstate;
use crate::types::{Format, PgType, oid};

/// Whether a statement is allowed in a failed transaction block because it ends or rewinds it.
#[must_use]
pub fn ends_failed_block(kind: &StatementKind) -> bool {
    matches!(kind, StatementKind::Utility(Utility::Commit(_) | Utility::Rollback(_) | Utility::RollbackTo(_)))
}

/// The result columns of a statement without a plan of its own; `None` when it returns no rows.
#[must_use]
pub fn columns(kind: &StatementKind) -> Option<Arc<[ColumnDesc]>> {
    match kind {
        StatementKind::Explain(options, _) => Some(explain::columns(*options)),
        StatementKind::Utility(Utility::Show(Some(name))) => Some(text_columns(&[&show::shown_name(name)])),
        StatementKind::Utility(Utility::Show(None)) => Some(text_columns(&show::ALL_COLUMNS)),
        _ => None,
    }
}

/// Columns of type text.
fn text_columns(names: &[&str]) -> Arc<[ColumnDesc]> {
    let text = PgType { oid: oid::TEXT, typmod: -1, len: -1 };
    names.iter().map(|name| ColumnDesc { name: (*name).to_owned(), pg_type: text, table_oid: 0, attnum: 0 }).collect()
}

/// A batch of text columns.
fn text_batch(names: &[&str], columns: Vec<Vec<String>>) -> Result<RecordBatch> {
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, false)).collect();
    let arrays = columns.into_iter().map(|c| Arc::new(StringArray::from(c)) as _).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

impl Session {
    /// Runs a utility statement.
    pub(super) async fn run_utility(
        &mut self,
        statement: &Arc<Statement>,
        utility: &Utility,
        formats: Option<&[Format]>,
    ) -> Result<Answer> {
        let format = formats.and_then(|formats| formats.first().copied()).unwrap_or(Format::Text);
        if !ends_failed_block(&statement.kind) {
            self.transaction.check_usable()?;
        }
        let done = |tag: &str| Ok(Answer::Done(tag.to_owned()));
        match utility {
            Utility::Set { local, name, value } => self.run_set(*local, name, value.as_ref()),
            Utility::Reset(name) => self.run_reset(name.as_deref()),
            Utility::Show(name) => self.run_show(statement, name.as_deref(), format),
            Utility::Discard(what) => self.run_discard(*what),
            Utility::Begin(modes) => self.run_begin(modes, &statement.text),
            Utility::Commit(chain) => self.run_end(true, *chain).await,
            Utility::Rollback(chain) => self.run_end(false, *chain).await,
            Utility::SetTransaction(modes) => self.run_set_transaction(modes),
            Utility::SetSessionCharacteristics(modes) => self.run_set_characteristics(modes),
            Utility::Savepoint(name) => {
                self.transaction.savepoint(name, &self.settings, &self.objects)?;
                done("SAVEPOINT")
            }
            Utility::Release(name) => {
                self.transaction.release(name, &mut self.settings)?;
                self.release_cursors();
                done("RELEASE")
            }
            Utility::RollbackTo(name) => {
                self.transaction.rollback_to(name, &mut self.settings, &mut self.objects)?;
                self.rewind_cursors();
                done("ROLLBACK")
            }
            Utility::Prepare { name, types, statement: inner } => {
                self.run_prepare(name, types, inner, &statement.text).await
            }
            Utility::Execute { name, arguments } => self.run_execute(statement, name, arguments, format).await,
            Utility::Deallocate(name) => self.run_deallocate(name.as_deref()),
            Utility::PrepareTransaction => {
                self.run_end(false, false).await?;
                let hint = "Set \"max_prepared_transactions\" to a nonzero value.";
                let state = sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE;
                Err(Error::new(state, "prepared transactions are disabled").hint(hint))
            }
            Utility::EndPrepared(verb, identifier) => {
                if self.transaction.is_explicit() || self.several {
                    let message = format!("{verb} PREPARED cannot run inside a transaction block");
                    return Err(Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, message));
                }
                let message = format!("prepared transaction with identifier \"{identifier}\" does not exist");
                Err(Error::new(sqlstate::UNDEFINED_OBJECT, message))
            }
            Utility::Lock(names) => self.run_lock(names),
            Utility::Checkpoint => done("CHECKPOINT"),
            Utility::Declare(_) => Err(Error::internal("DECLARE runs with its params")),
            Utility::Fetch(fetch) => self.run_fetch(statement, fetch, formats).await,
            Utility::Copy(copy) => self.run_copy(statement, copy).await,
            Utility::Close(name) => self.run_close(name.as_deref()),
            // There is nothing to be told of: no table changes behind a client's back.
            Utility::Listen(_) => done("LISTEN"),
            Utility::Unlisten(_) => done("UNLISTEN"),
            Utility::Notify(_) => done("NOTIFY"),
        }
    }

    /// Rows that are already there.
    fn ready_rows(
        &mut self,
        statement: &Arc<Statement>,
        batch: &RecordBatch,
        columns: Arc<[ColumnDesc]>,
        format: Format,
        verb: &'static str,
    ) -> Result<Answer> {
        let formats = vec![format; columns.len()].into();
        let style = Arc::clone(&self.settings.derived().style);
        let origin = Origin { text: Arc::clone(&statement.text), token: self.cancel.arm(), timer: None };
        Rows::of_batch(batch, columns, formats, &style, Tag::Fixed(Arc::from(verb)), origin)
            .map(|rows| Answer::Rows(Box::new(rows)))
    }
}
