//! BEGIN, COMMIT, ROLLBACK, SET TRANSACTION, SET SESSION CHARACTERISTICS.

use crate::error::{Error, Result};
use crate::session::settings::MODES;
use crate::session::{Answer, Session};
use crate::sql::utility_ast::TransactionModes;
use crate::sqlstate;

impl Session {
    /// BEGIN, START TRANSACTION.
    pub(super) fn run_begin(&mut self, modes: &TransactionModes, text: &str) -> Result<Answer> {
        let warning = self.transaction.begin(&mut self.settings);
        self.notices.extend(warning);
        self.apply_modes(modes)?;
        let tag = if text.trim_start().get(..5).is_some_and(|w| w.eq_ignore_ascii_case("start")) {
            "START TRANSACTION"
        } else {
            "BEGIN"
        };
        Ok(Answer::Done(tag.to_owned()))
    }

    /// COMMIT, ROLLBACK. The block's portals end with it.
    pub(super) async fn run_end(&mut self, commit: bool, chain: bool) -> Result<Answer> {
        let committed = commit && !self.transaction.has_failed();
        if committed
            && self.transaction.is_explicit()
            && let Err(error) = self.hold_cursors().await
        {
            self.transaction.end(false, false, &mut self.settings, &mut self.objects)?;
            self.end_cursors(false);
            return Err(error);
        }
        let modes = MODES.map(|(name, _)| (name, self.settings.show(name).map(|(_, value)| value.to_owned()).ok()));
        let (tag, warning) = self.transaction.end(commit, chain, &mut self.settings, &mut self.objects)?;
        self.notices.extend(warning);
        let running = |state: &_| matches!(state, crate::session::portal::PortalState::Running);
        self.portals.retain(|_, portal| running(&portal.state));
        self.end_cursors(committed);
        if chain {
            // The next transaction is like this one was.
            for (name, value) in modes {
                self.settings.assign(name, value, true);
            }
        }
        Ok(Answer::Done(tag.to_owned()))
    }

    /// SET TRANSACTION.
    pub(super) fn run_set_transaction(&mut self, modes: &TransactionModes) -> Result<Answer> {
        if self.transaction.is_explicit() || self.several {
            self.apply_modes(modes)?;
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

    /// The modes that a statement names. Error `25001` when it is too late for one of them.
    fn apply_modes(&mut self, modes: &TransactionModes) -> Result<()> {
        let (inner, queried) = (self.transaction.depth() > 0, self.transaction.has_queried());
        for (name, value) in settings_of(modes) {
            let now = self.settings.show(name).map_or("", |(_, value)| value);
            let refused = match name {
                "transaction_read_only" if now != "on" || value == "on" => None,
                "transaction_read_only" if inner => {
                    Some("cannot set transaction read-write mode inside a read-only transaction")
                }
                "transaction_read_only" => {
                    queried.then_some("transaction read-write mode must be set before any query")
                }
                "transaction_isolation" if now == value => None,
                "transaction_isolation" if queried => {
                    Some("SET TRANSACTION ISOLATION LEVEL must be called before any query")
                }
                "transaction_isolation" => {
                    inner.then_some("SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
                }
                _ if inner => Some("SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction"),
                _ => queried.then_some("SET TRANSACTION [NOT] DEFERRABLE must be called before any query"),
            };
            if let Some(message) = refused {
                return Err(Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, message));
            }
            self.settings.assign(name, Some(value), true);
        }
        Ok(())
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
