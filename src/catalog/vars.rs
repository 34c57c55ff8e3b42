//! What functions may know of the session that calls them, carried in DataFusion's `ConfigOptions`.
//!
//! A plan's expressions see only the options of their session; this extension is how `current_user`,
//! `current_setting` or `'orders'::regclass` find the role, the settings and the snapshot. It is read-only: nothing a
//! client sets reaches it except through the settings table.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{Result, not_impl_err};
use datafusion::config::ConfigOptions;

use super::Snapshot;
use super::pg_catalog::live::OwnObjects;
use super::temp::TempRows;
use crate::types::TextStyle;

/// The session as functions see it.
#[derive(Clone)]
pub struct SessionVars {
    /// The role that logged in (`session_user`).
    pub user: Arc<str>,
    /// The backend's process number, as told to the client.
    pub backend_pid: i32,
    /// The schemas that exist of `search_path`, `$user` resolved, in order.
    pub search_path: Arc<[String]>,
    /// Every setting's current text, by lower-case name.
    pub settings: Arc<BTreeMap<String, String>>,
    /// How values are written as text (session zone, styles).
    pub style: Arc<TextStyle>,
    /// The catalog this statement runs on.
    pub snapshot: Arc<Snapshot>,
    /// What the session's temporary tables held when the statement started.
    pub temp: Arc<TempRows>,
    /// The prepared statements and cursors of the session.
    pub own: Arc<dyn OwnObjects>,
    /// When the transaction began (`now()`).
    pub transaction_start: DateTime<Utc>,
    /// When the statement began (`statement_timestamp()`).
    pub statement_start: DateTime<Utc>,
    /// When the server started (`pg_postmaster_start_time()`).
    pub server_start: DateTime<Utc>,
    /// The client's address, none for a local door.
    pub client: Option<SocketAddr>,
    /// The address it connected to.
    pub server: Option<SocketAddr>,
}

impl SessionVars {
    /// The schema of the session's own objects, if it has any: `pg_temp` means this one.
    #[must_use]
    pub fn temp_schema(&self) -> Option<&str> {
        self.snapshot.temp_schema()
    }

    /// The session's variables in a plan's options; an error in a plan that was made outside a session.
    pub fn of(options: &ConfigOptions) -> Result<&Self> {
        match options.extensions.get::<Self>() {
            Some(vars) => Ok(vars),
            None => datafusion::common::internal_err!("session variables are missing from the plan's options"),
        }
    }
}

impl fmt::Debug for SessionVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionVars").field("user", &self.user).field("backend_pid", &self.backend_pid).finish()
    }
}

impl ConfigExtension for SessionVars {
    const PREFIX: &'static str = "lakewire_session";
}

impl ExtensionOptions for SessionVars {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        not_impl_err!("\"{key}\" cannot be set")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
