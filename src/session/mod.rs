//! The state of one client: settings, transaction, prepared statements, portals; the door-independent path of a
//! statement.
//!
//! A door (wire, HTTP) makes one [`Session`] per client, feeds it statements one at a time, and sends what comes back.
//! Every method that fails has already put the transaction into its failed state where PostgreSQL would.

pub mod cancel;
pub mod copy;
mod declare;
mod cursor;
pub mod engine;
mod extended;
mod load;
mod objects;
mod owned;
mod portal;
pub mod rows;
mod run;
mod settings;
mod statement;
mod transaction;
mod utility;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

use crate::error::{Error, Result};
use crate::sql::{self, Statement};
use crate::sqlstate;
pub use cancel::{CancelHandle, CancelReason};
pub use copy::CopyIn;
use cursor::Cursor;
pub use engine::Engine;
use objects::Objects;
use owned::{PreparedMap, SettingChange};
use parking_lot::Mutex;
use portal::Portal;
pub use rows::{Chunk, Rows, RowsEnd};
use settings::SessionSettings;
pub use statement::StatementDesc;
use transaction::Transaction;

pub use crate::plan::ColumnDesc;

/// Longest script that is parsed on the socket's own thread; longer ones go to the CPU runtime's deep stacks.
const INLINE_PARSE_BYTES: usize = 2048;

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

/// A statement split off a script and parsed; opaque to the doors.
#[derive(Clone, Debug)]
pub struct Parsed(Arc<Statement>);

/// What a statement answers with.
pub enum Answer {
    /// The statement was empty.
    Empty,
    /// It is done; the command tag.
    Done(String),
    /// Rows follow; the tag comes when they have ended.
    Rows(Box<Rows>),
    /// COPY's data follows; the tag comes when it has ended.
    CopyOut(Box<Rows>),
    /// The client is to send COPY's data.
    CopyIn(Box<CopyIn>),
}

/// The state of one client.
pub struct Session {
    engine: Arc<Engine>,
    identity: Identity,
    cancel: Arc<CancelHandle>,
    settings: SessionSettings,
    transaction: Transaction,
    objects: Objects,
    prepared: Arc<PreparedMap>,
    portals: HashMap<String, Portal>,
    cursors: HashMap<String, Cursor>,
    setting_changes: Arc<Mutex<Vec<SettingChange>>>,
    notices: Vec<Error>,
    reported: BTreeMap<&'static str, String>,
    /// Whether the running script has several statements.
    several: bool,
    /// Statements run so far; the number of the last one is its id in the log.
    statements: u64,
}

impl Session {
    /// A session of an authenticated client; fails on a bad start-up setting.
    pub fn new(engine: Arc<Engine>, identity: Identity, startup: &[(String, String)]) -> Result<Self> {
        let superuser = engine.catalog.snapshot().roles.iter().any(|r| r.name == identity.user && r.superuser);
        let settings =
            SessionSettings::new(&engine.defaults(), startup, &identity.user, superuser).map_err(Error::into_fatal)?;
        let objects = Objects::new(identity.backend_pid, engine.executor.session_pool());
        Ok(Self {
            engine,
            identity,
            cancel: Arc::new(CancelHandle::new()),
            settings,
            transaction: Transaction::new(),
            objects,
            prepared: Arc::default(),
            portals: HashMap::new(),
            cursors: HashMap::new(),
            setting_changes: Arc::default(),
            notices: Vec::new(),
            reported: BTreeMap::new(),
            several: false,
            statements: 0,
        })
    }

    /// The handle by which a CancelRequest, a disconnect or shutdown stops the running statement.
    #[must_use]
    pub fn cancel_handle(&self) -> &Arc<CancelHandle> {
        &self.cancel
    }

    /// ReadyForQuery's status.
    #[must_use]
    pub fn status(&self) -> TransactionStatus {
        self.transaction.status()
    }

    /// How long the client may now be silent, and the error it gets (`idle_in_transaction_session_timeout`,
    /// `idle_session_timeout`); `None` for ever.
    #[must_use]
    pub fn idle_limit(&self) -> Option<(Duration, Error)> {
        let derived = self.settings.derived();
        if self.status() == TransactionStatus::Idle {
            let error =
                Error::fatal(sqlstate::IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
            return derived.idle_session.map(|limit| (limit, error));
        }
        let error = Error::fatal(
            sqlstate::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            "terminating connection due to idle-in-transaction timeout",
        );
        derived.idle_in_transaction.map(|limit| (limit, error))
    }

    /// Notices and warnings raised since the last call, to be sent before the answer's end.
    pub fn take_notices(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.notices)
    }

    /// Reported settings (name, value) that changed since the last call, for ParameterStatus. The first call gives all.
    pub fn take_parameter_changes(&mut self) -> Vec<(String, String)> {
        let mut changes = Vec::new();
        for (name, value) in self.settings.reported() {
            if self.reported.get(name).is_none_or(|old| old != value) {
                changes.push((name.to_owned(), value.to_owned()));
                self.reported.insert(name, value.to_owned());
            }
        }
        changes
    }

    /// Simple protocol: parses a whole script before anything of it runs. An empty list means EmptyQueryResponse.
    pub async fn parse_script(&mut self, sql: &str) -> Result<Vec<Parsed>> {
        let parsed = if sql.len() <= INLINE_PARSE_BYTES {
            sql::parse_script(sql)
        } else {
            let text = sql.to_owned();
            let token = self.cancel.arm();
            let parsed = self.engine.executor.compute(&token, move || sql::parse_script(&text)).await;
            self.cancel.disarm();
            parsed
        };
        match parsed {
            Ok(statements) => Ok(statements.into_iter().map(|s| Parsed(Arc::new(s))).collect()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Simple protocol: runs one statement of a script (text results). `several` opens an implicit transaction block.
    pub async fn run(&mut self, statement: &Parsed, several: bool) -> Result<Answer> {
        self.several = several;
        if several {
            self.transaction.begin_implicit(&mut self.settings);
        }
        // The unnamed statement and portal do not outlive a simple query.
        self.forget_prepared("");
        self.portals.remove("");
        let span = self.statement_span();
        let answer = self.run_statement(&statement.0).instrument(span).await;
        answer.map_err(|error| self.failed(error))
    }

    /// Simple protocol: the script has ended (or failed); ends its implicit transaction.
    pub fn end_script(&mut self) {
        self.several = false;
        self.end_implicit();
    }

    /// Sync: ends the implicit transaction of the messages since the last one.
    pub fn sync(&mut self) {
        self.end_implicit();
    }

    /// The door met an error that did not come from a session method (a bad message, a send failure): the transaction
    /// fails as for any other.
    pub fn fail(&mut self) {
        self.cancel.disarm();
        self.transaction.fail();
    }

    /// The span of the next statement.
    fn statement_span(&mut self) -> tracing::Span {
        self.statements += 1;
        tracing::info_span!("statement", id = self.statements)
    }

    fn end_implicit(&mut self) {
        self.cancel.disarm();
        if !self.transaction.is_explicit() {
            self.portals.clear();
            self.end_cursors(!self.transaction.has_failed());
        }
        self.transaction.end_implicit(&mut self.settings, &mut self.objects);
    }

    /// Notes a failure; a stopped statement gets the reason's own report.
    fn failed(&mut self, error: Error) -> Error {
        let reason = self.cancel.reason();
        self.fail();
        match reason {
            Some(reason) if error.sqlstate() == sqlstate::QUERY_CANCELED => reason.error(),
            _ => error,
        }
    }
}
