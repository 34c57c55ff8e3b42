//! SHOW name, SHOW ALL.

use std::sync::Arc;

use super::{text_batch, text_columns};
use crate::error::Result;
use crate::session::{Answer, Session};
use crate::settings;
use crate::sql::Statement;
use crate::types::Format;

/// The columns of SHOW ALL.
pub const ALL_COLUMNS: [&str; 3] = ["name", "setting", "description"];

/// A setting's name as SHOW heads its column.
#[must_use]
pub fn shown_name(name: &str) -> String {
    settings::find(name).map_or_else(|| name.to_lowercase(), |s| s.name.to_owned())
}

impl Session {
    /// SHOW.
    pub(super) fn run_show(
        &mut self,
        statement: &Arc<Statement>,
        name: Option<&str>,
        format: Format,
    ) -> Result<Answer> {
        if !self.transaction.is_open() {
            self.settings.default_modes();
        }
        let Some(name) = name else { return self.show_all(statement, format) };
        let (shown, value) = self.settings.show(name)?;
        let columns = text_columns(&[shown]);
        let batch = text_batch(&[shown], vec![vec![value.to_owned()]])?;
        self.ready_rows(statement, &batch, columns, format, "SHOW")
    }

    fn show_all(&mut self, statement: &Arc<Statement>, format: Format) -> Result<Answer> {
        let mut rows = vec![Vec::new(), Vec::new(), Vec::new()];
        for (name, value) in self.settings.values().iter() {
            let setting = settings::find(name);
            rows[0].push(setting.map_or(name.as_str(), |s| s.name).to_owned());
            rows[1].push(value.clone());
            rows[2].push(setting.map_or("", |s| s.description).to_owned());
        }
        let batch = text_batch(&ALL_COLUMNS, rows)?;
        self.ready_rows(statement, &batch, text_columns(&ALL_COLUMNS), format, "SHOW")
    }
}
