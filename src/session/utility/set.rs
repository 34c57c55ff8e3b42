//! SET, RESET, DISCARD.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::session::{Answer, Session};
use crate::sql::utility_ast::{Discard, SetValue};
use crate::sqlstate;

impl Session {
    /// SET [LOCAL] name = value.
    pub(super) fn run_set(&mut self, local: bool, name: &str, value: Option<&SetValue>) -> Result<Answer> {
        if local && !self.transaction.is_explicit() && !self.several {
            self.notices.push(Error::warning(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET LOCAL can only be used in transaction blocks",
            ));
        }
        if matches!(name, "role" | "session_authorization") {
            self.check_role(name, value)?;
        }
        self.settings.set(name, value.map(|v| v.items.as_slice()), local)?;
        Ok(Answer::Done("SET".to_owned()))
    }

    /// RESET name, RESET ALL.
    pub(super) fn run_reset(&mut self, name: Option<&str>) -> Result<Answer> {
        match name {
            Some(name) => self.settings.set(name, None, false)?,
            None => self.settings.reset_all(),
        }
        Ok(Answer::Done("RESET".to_owned()))
    }

    /// DISCARD.
    pub(super) fn run_discard(&mut self, what: Discard) -> Result<Answer> {
        let tag = match what {
            Discard::All => {
                if self.transaction.is_explicit() || self.several {
                    return Err(Error::new(
                        sqlstate::ACTIVE_SQL_TRANSACTION,
                        "DISCARD ALL cannot run inside a transaction block",
                    ));
                }
                self.portals.clear();
                self.cursors.clear();
                self.prepared = Arc::default();
                self.settings.reset_all();
                self.objects.discard();
                "DISCARD ALL"
            }
            Discard::Plans => "DISCARD PLANS",
            Discard::Sequences => "DISCARD SEQUENCES",
            Discard::Temp => {
                self.objects.discard();
                "DISCARD TEMP"
            }
        };
        Ok(Answer::Done(tag.to_owned()))
    }

    /// Changing to another role is not built: only the session's own is allowed.
    fn check_role(&self, setting: &str, value: Option<&SetValue>) -> Result<()> {
        let Some([role]) = value.map(|v| v.items.as_slice()) else { return Ok(()) };
        if *role == self.identity.user || role == "none" || role == "default" {
            return Ok(());
        }
        let known = self.engine.catalog.snapshot().roles.iter().any(|r| r.name == *role);
        if !known {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("role \"{role}\" does not exist")));
        }
        let what = if setting == "role" { "role" } else { "session authorization" };
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied to set {what} \"{role}\"")))
    }
}
