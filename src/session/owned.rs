//! What a session has open by name, for the relations that list it: prepared statements and cursors.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::statement::Prepared;
use super::{Session, settings};
use crate::catalog::pg_catalog::live::{self, OwnObjects};
use crate::error::Result;
use crate::sql::StatementKind;
use crate::types::pg_type;

/// Prepared statements by name; shared with the statement that runs.
pub type PreparedMap = HashMap<String, Arc<Prepared>>;

/// The open objects of a session when a statement started.
struct Owned {
    prepared: Arc<PreparedMap>,
    cursors: Vec<live::Cursor>,
    superuser: bool,
    changes: Arc<Mutex<Vec<SettingChange>>>,
}

/// What `set_config` asked for.
#[derive(Debug)]
pub struct SettingChange {
    lower: String,
    /// The text in force then; `None` for a custom setting that is no more.
    text: Option<String>,
    local: bool,
}

impl OwnObjects for Owned {
    fn prepared_statements(&self) -> Vec<live::PreparedStatement> {
        let named = self.prepared.iter().filter(|(name, _)| !name.is_empty());
        let mut all: Vec<_> = named.map(|(name, prepared)| shown(name, prepared)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn cursors(&self) -> Vec<live::Cursor> {
        self.cursors.clone()
    }

    fn change_setting(&self, name: &str, value: Option<&str>, local: bool) -> Result<String> {
        let (lower, text) = settings::checked(name, value, self.superuser)?;
        let shown = text.clone().unwrap_or_default();
        self.changes.lock().push(SettingChange { lower, text, local });
        Ok(shown)
    }

    fn changed_setting(&self, lower: &str) -> Option<String> {
        let changes = self.changes.lock();
        changes.iter().rev().find(|change| change.lower == lower).and_then(|change| change.text.clone())
    }
}

fn shown(name: &str, prepared: &Prepared) -> live::PreparedStatement {
    let desc = prepared.describe();
    let is_query =
        matches!(prepared.statement.as_ref().map(|s| &s.kind), Some(StatementKind::Query(_) | StatementKind::Write(_)));
    let declared = prepared.declared.iter().flatten().map(|f| pg_type(f).oid).collect();
    live::PreparedStatement {
        name: name.to_owned(),
        statement: prepared.text.to_string(),
        prepare_time: prepared.made,
        parameter_types: if is_query { desc.params } else { declared },
        result_types: desc.columns.map(|columns| columns.iter().map(|c| c.pg_type.oid).collect()),
        from_sql: prepared.from_sql,
    }
}

impl Session {
    /// What this session has open now.
    pub(super) fn owned(&self) -> Arc<dyn OwnObjects> {
        let mut cursors: Vec<live::Cursor> = self
            .cursors
            .values()
            .map(|cursor| live::Cursor {
                name: cursor.name.clone(),
                statement: cursor.text.to_string(),
                holdable: cursor.hold,
                binary: cursor.binary,
                scrollable: cursor.scroll,
                creation_time: cursor.declared,
            })
            .collect();
        cursors.sort_by(|a, b| a.name.cmp(&b.name));
        let superuser = self.settings.is_superuser();
        let changes = Arc::clone(&self.setting_changes);
        Arc::new(Owned { prepared: Arc::clone(&self.prepared), cursors, superuser, changes })
    }

    /// Makes the changes that the statement's calls of `set_config` asked for; a failed one changes nothing.
    pub(super) fn change_settings(&mut self, failed: bool) {
        let changes = std::mem::take(&mut *self.setting_changes.lock());
        for change in changes.into_iter().filter(|_| !failed) {
            self.settings.assign(&change.lower, change.text, change.local);
        }
    }

    /// Keeps a prepared statement.
    pub(super) fn keep_prepared(&mut self, name: &str, prepared: Prepared) {
        Arc::make_mut(&mut self.prepared).insert(name.to_owned(), Arc::new(prepared));
    }

    /// Forgets a prepared statement; unknown names are fine.
    pub(super) fn forget_prepared(&mut self, name: &str) {
        if self.prepared.contains_key(name) {
            Arc::make_mut(&mut self.prepared).remove(name);
        }
    }

    /// A transaction has ended: its cursors end, unless they are to outlive it and it was committed.
    pub(super) fn end_cursors(&mut self, committed: bool) {
        if self.cursors.is_empty() {
            return;
        }
        self.cursors.retain(|_, cursor| cursor.held || cursor.hold && committed);
        for cursor in self.cursors.values_mut() {
            (cursor.held, cursor.depth) = (true, 0);
        }
    }

    /// ROLLBACK TO ends the cursors declared since the savepoint.
    pub(super) fn rewind_cursors(&mut self) {
        let depth = self.transaction.depth();
        self.cursors.retain(|_, cursor| cursor.held || cursor.depth < depth);
    }

    /// RELEASE gives the cursors declared since the savepoint to what is around it.
    pub(super) fn release_cursors(&mut self) {
        let depth = self.transaction.depth();
        for cursor in self.cursors.values_mut() {
            cursor.depth = cursor.depth.min(depth);
        }
    }
}
