//! The state of one client: settings, transaction, prepared statements, portals; the door-independent path of a
//! statement.
//!
//! A door (wire, HTTP) makes one [`Session`] per client, feeds it statements one at a time, and sends what comes back.
//! Every method that fails has already put the transaction into its failed state where PostgreSQL would.

pub mod cancel;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::types::{Format, PgType, RawParam};
pub use cancel::{CancelHandle, CancelReason};

/// Who is at the other end, known after authentication.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The role.
    pub user: String,
    /// The database asked for.
    pub database: String,
    /// The client's address.
    pub client: Option<SocketAddr>,
    /// The address it connected to.
    pub server: Option<SocketAddr>,
    /// The backend's process number as told to the client.
    pub backend_pid: i32,
}

/// ReadyForQuery's byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// `I`
    Idle,
    /// `T`
    InTransaction,
    /// `E`
    Failed,
}

/// One result column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDesc {
    /// Its name.
    pub name: String,
    /// Its type.
    pub pg_type: PgType,
    /// The table it comes from, 0 for an expression.
    pub table_oid: u32,
    /// Its number in that table, 0 for an expression.
    pub attnum: i16,
}

/// A statement split off a script and parsed; opaque to the doors.
#[derive(Clone, Debug)]
pub struct Parsed {
    _private: (),
}

/// What a statement answers with.
pub enum Answer {
    /// The statement was empty.
    Empty,
    /// It is done; the command tag.
    Done(String),
    /// Rows follow; the tag comes when they have ended.
    Rows(Rows),
}

/// A whole number of DataRow messages, encoded.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The messages, back to back.
    pub bytes: Bytes,
    /// How many they are.
    pub rows: usize,
}

/// How a row stream came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsEnd {
    /// All rows were sent; the command tag.
    Complete(String),
    /// The row limit was reached; the portal has more.
    Suspended,
}

/// The rows of a running statement. Give it back to [`Session::finish`] when it has ended or failed; dropping it
/// stops the work.
pub struct Rows {
    columns: Arc<[ColumnDesc]>,
    formats: Arc<[Format]>,
}

impl Rows {
    /// The columns, for RowDescription (simple protocol; the extended one sends it on Describe).
    #[must_use]
    pub fn columns(&self) -> &Arc<[ColumnDesc]> {
        &self.columns
    }

    /// The format of each column.
    #[must_use]
    pub fn formats(&self) -> &[Format] {
        &self.formats
    }

    /// The next chunk, never beyond the row limit; `None` when the rows have ended or the limit is reached. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        Ok(None)
    }
}

/// The description of a prepared statement.
#[derive(Clone, Debug)]
pub struct StatementDesc {
    /// Type OIDs of `$1`, `$2`, ….
    pub params: Vec<u32>,
    /// Result columns; `None` when it returns no rows (NoData).
    pub columns: Option<Arc<[ColumnDesc]>>,
}

/// The state of one client.
pub struct Session {
    cancel: Arc<CancelHandle>,
}

impl Session {
    /// The handle by which a CancelRequest, a disconnect or shutdown stops the running statement.
    #[must_use]
    pub fn cancel_handle(&self) -> &Arc<CancelHandle> {
        &self.cancel
    }

    /// ReadyForQuery's status.
    #[must_use]
    pub fn status(&self) -> TransactionStatus {
        TransactionStatus::Idle
    }

    /// How long the client may now be silent, and the error it gets (`idle_in_transaction_session_timeout`,
    /// `idle_session_timeout`); `None` for ever.
    #[must_use]
    pub fn idle_limit(&self) -> Option<(Duration, Error)> {
        None
    }

    /// Notices and warnings raised since the last call, to be sent before the answer's end.
    pub fn take_notices(&mut self) -> Vec<Error> {
        Vec::new()
    }

    /// Reported settings (name, value) that changed since the last call, for ParameterStatus. The first call gives all.
    pub fn take_parameter_changes(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Simple protocol: parses a whole script before anything of it runs. An empty list means EmptyQueryResponse.
    pub fn parse_script(&mut self, _sql: &str) -> Result<Vec<Parsed>> {
        Ok(Vec::new())
    }

    /// Simple protocol: runs one statement of a script (text results). `several` opens an implicit transaction block.
    pub async fn run(&mut self, _statement: &Parsed, _several: bool) -> Result<Answer> {
        Ok(Answer::Empty)
    }

    /// Simple protocol: the script has ended (or failed); ends its implicit transaction.
    pub fn end_script(&mut self) {}

    /// Parse. `types[i]` is 0 where the client leaves a parameter's type to the server.
    pub async fn parse(&mut self, _name: &str, _sql: &str, _types: &[u32]) -> Result<()> {
        Ok(())
    }

    /// Bind. `result_formats` is as sent: none (all text), one (for all) or one per column.
    pub async fn bind(
        &mut self,
        _portal: &str,
        _statement: &str,
        _params: Vec<RawParam>,
        _result_formats: &[Format],
    ) -> Result<()> {
        Ok(())
    }

    /// Describe of a statement.
    pub async fn describe_statement(&mut self, _name: &str) -> Result<StatementDesc> {
        Err(Error::internal("unreachable"))
    }

    /// Describe of a portal: columns and formats, or `None` (NoData).
    pub async fn describe_portal(&mut self, _name: &str) -> Result<Option<(Arc<[ColumnDesc]>, Vec<Format>)>> {
        Ok(None)
    }

    /// Execute with a row limit (0 = none). A suspended portal goes on where it stopped.
    pub async fn execute(&mut self, _portal: &str, _max_rows: usize) -> Result<Answer> {
        Ok(Answer::Empty)
    }

    /// Takes back a row stream that has ended (or failed while streaming) and says how: the statement is over, and a
    /// suspended portal keeps its stream. Both protocols.
    pub fn finish(&mut self, _rows: Rows, _streamed: Result<()>) -> Result<RowsEnd> {
        Ok(RowsEnd::Suspended)
    }

    /// Close of a statement; unknown names are fine.
    pub fn close_statement(&mut self, _name: &str) {}

    /// Close of a portal; unknown names are fine.
    pub fn close_portal(&mut self, _name: &str) {}

    /// Sync: ends the implicit transaction of the messages since the last one.
    pub fn sync(&mut self) {}

    /// The door met an error that did not come from a session method (a bad message, a send failure): the transaction
    /// fails as for any other.
    pub fn fail(&mut self) {}
}
