//! What the server knows of its running sessions, for the relations that show them.
//!
//! The session room implements [`LiveSource`] and gives it to the snapshot; the relations ask it each time they are
//! read.

use std::fmt;
use std::net::SocketAddr;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};

/// A source of `pg_stat_activity` and its like.
pub trait LiveSource: fmt::Debug + Send + Sync {
    /// The sessions of the server.
    fn activity(&self) -> Vec<Activity>;

    /// Signals a session; whether there is one of that number.
    fn signal(&self, backend_pid: i32, signal: Signal) -> bool;
}

/// What the session that asks has open.
pub trait OwnObjects: Send + Sync {
    /// Its prepared statements.
    fn prepared_statements(&self) -> Vec<PreparedStatement>;

    /// Its open cursors.
    fn cursors(&self) -> Vec<Cursor>;

    /// Changes a setting when the statement has ended, for the rest of the transaction when `local`; gives its text as
    /// SHOW will print it. `None` goes back to the default.
    ///
    /// # Errors
    ///
    /// What SET raises for the same name and value.
    fn change_setting(&self, name: &str, value: Option<&str>, local: bool) -> Result<String>;

    /// What the running statement has changed a setting to.
    fn changed_setting(&self, lower: &str) -> Option<String>;
}

/// What one session may tell another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Stop the running statement.
    Cancel,
    /// End the session.
    Terminate,
}

/// A session as others see it.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Its backend's process number.
    pub pid: i32,
    /// Its role.
    pub user: String,
    /// `application_name`.
    pub application_name: String,
    /// The client's address.
    pub client: Option<SocketAddr>,
    /// When it connected.
    pub backend_start: DateTime<Utc>,
    /// When its transaction began.
    pub transaction_start: Option<DateTime<Utc>>,
    /// When its statement began.
    pub query_start: Option<DateTime<Utc>>,
    /// When `state` changed.
    pub state_change: Option<DateTime<Utc>>,
    /// What it waits for: the type and name of a wait event.
    pub wait_event: Option<(&'static str, &'static str)>,
    /// `active`, `idle`, `idle in transaction`, `idle in transaction (aborted)`.
    pub state: &'static str,
    /// Its current or last statement.
    pub query: String,
    /// The TLS version and cipher of its connection.
    pub tls: Option<(String, String)>,
}

/// A prepared statement of a session.
#[derive(Clone, Debug)]
pub struct PreparedStatement {
    /// Its name.
    pub name: String,
    /// The text it was made from.
    pub statement: String,
    /// When it was made.
    pub prepare_time: DateTime<Utc>,
    /// Type OIDs of its parameters.
    pub parameter_types: Vec<u32>,
    /// Type OIDs of its columns, if it returns rows.
    pub result_types: Option<Vec<u32>>,
    /// Whether SQL's PREPARE made it.
    pub from_sql: bool,
}

/// An open cursor of a session.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// Its name.
    pub name: String,
    /// The text that declared it.
    pub statement: String,
    /// Whether it outlives its transaction.
    pub holdable: bool,
    /// Whether it returns binary values.
    pub binary: bool,
    /// Whether it can go back.
    pub scrollable: bool,
    /// When it was declared.
    pub creation_time: DateTime<Utc>,
}

/// A server without sessions.
#[derive(Clone, Copy, Debug)]
pub struct NoSessions;

impl OwnObjects for NoSessions {
    fn prepared_statements(&self) -> Vec<PreparedStatement> {
        Vec::new()
    }

    fn cursors(&self) -> Vec<Cursor> {
        Vec::new()
    }

    fn change_setting(&self, _name: &str, _value: Option<&str>, _local: bool) -> Result<String> {
        Err(Error::unsupported("set_config needs a session"))
    }

    fn changed_setting(&self, _lower: &str) -> Option<String> {
        None
    }
}

impl LiveSource for NoSessions {
    fn activity(&self) -> Vec<Activity> {
        Vec::new()
    }

    fn signal(&self, _backend_pid: i32, _signal: Signal) -> bool {
        false
    }
}
