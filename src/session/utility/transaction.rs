//! BEGIN, COMMIT, ROLLBACK, SET TRANSACTION, SET SESSION CHARACTERISTICS.

use crate::error::{Error, Result};
use crate::session::{Answer, Session};
use crate::sql::utility_ast::TransactionModes;
use crate::sqlstate;

impl Session {
    /// BEGIN, START TRANSACTION.
    pub(super) fn run_begin(&mut self, modes: &TransactionModes, text: &str) -> Result<Answer> {
        let warning = self.transaction.begin(&mut self.settings);
        self.notices.extend(warning);
        self.apply_modes(modes);
        let tag = if text.trim_start().get(..5).is_some_and(|w| w.eq_ignore_ascii_case("start")) {
            "START TRANSACTION"
        } else {
            "BEGIN"
        };
        Ok(Answer::Done(tag.to_owned()))
    }

    /// COMMIT, ROLLBACK. The block's portals end with it.
    pub(super) fn run_end(&mut self, commit: bool, chain: bool) -> Result<Answer> {
        let (tag, warning) = self.transaction.end(commit, chain, &mut self.settings, &mut self.objects)?;
        self.notices.extend(warning);
        let running = |state: &_| matches!(state, crate::session::portal::PortalState::Running);
        self.portals.retain(|_, portal| running(&portal.state));
        Ok(Answer::Done(tag.to_owned()))
    }

    /// SET TRANSACTION.
    pub(super) fn run_set_transaction(&mut self, modes: &TransactionModes) -> Result<Answer> {
        if self.transaction.is_explicit() || self.several {
            self.apply_modes(modes);
        } else {
            self.notices.push(Error::warning(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION can only be used in transaction blocks",
            ));
        }
        Ok(Answer::Done("SET".to_owned()))
    }

    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    pub(super) fn run_set_characteristics(&mut self, modes: &TransactionModes) -> Result<Answer> {
        for (name, value) in settings_of(modes) {
            self.settings.assign(&format!("default_{name}"), Some(value), false);
        }
        Ok(Answer::Done("SET".to_owned()))
    }

    /// The modes of this transaction: what it says, else the session's defaults.
    fn apply_modes(&mut self, modes: &TransactionModes) {
        for name in ["transaction_isolation", "transaction_read_only", "transaction_deferrable"] {
            let default = self.settings.show(&format!("default_{name}")).map(|(_, value)| value.to_owned());
            self.settings.assign(name, default.ok(), true);
        }
        for (name, value) in settings_of(modes) {
            self.settings.assign(name, Some(value), true);
        }
    }
}

fn settings_of(modes: &TransactionModes) -> impl Iterator<Item = (&'static str, String)> {
    let on_off = |b: bool| if b { "on" } else { "off" }.to_owned();
    [
        modes.isolation.map(|i| ("transaction_isolation", i.as_str().to_owned())),
        modes.read_only.map(|b| ("transaction_read_only", on_off(b))),
        modes.deferrable.map(|b| ("transaction_deferrable", on_off(b))),
    ]
    .into_iter()
    .flatten()
}
