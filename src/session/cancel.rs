//! Stopping the running statement of a session from outside it.
//!
//! One handle per session; a statement arms it with its token and disarms it at the end, so that a late request
//! never hits the next statement. Everything that stops a statement pulls this trigger.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::sqlstate;

/// Why a statement is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// CancelRequest or `pg_cancel_backend`.
    User,
    /// `statement_timeout`.
    Timeout,
    /// The client's socket closed.
    ClientGone,
    /// The server is shutting down, or `pg_terminate_backend`.
    Shutdown,
}

impl CancelReason {
    /// The report the client gets.
    #[must_use]
    pub fn error(self) -> Error {
        match self {
            Self::User => Error::new(sqlstate::QUERY_CANCELED, "canceling statement due to user request"),
            Self::Timeout => Error::new(sqlstate::QUERY_CANCELED, "canceling statement due to statement timeout"),
            Self::ClientGone => Error::fatal(sqlstate::CONNECTION_FAILURE, "connection to client lost"),
            Self::Shutdown => {
                Error::fatal(sqlstate::ADMIN_SHUTDOWN, "terminating connection due to administrator command")
            }
        }
    }
}

/// The trigger of one session.
#[derive(Debug, Default)]
pub struct CancelHandle {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<CancellationToken>,
    reason: Option<CancelReason>,
}

impl CancelHandle {
    /// A handle with no statement running.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A statement starts: the token it must obey.
    pub fn arm(&self) -> CancellationToken {
        let token = CancellationToken::new();
        let mut state = self.state.lock();
        state.reason = None;
        state.running = Some(token.clone());
        token
    }

    /// A suspended statement goes on with the token it had.
    pub fn rearm(&self, token: &CancellationToken) {
        let mut state = self.state.lock();
        state.reason = None;
        state.running = Some(token.clone());
    }

    /// The statement has ended.
    pub fn disarm(&self) {
        self.state.lock().running = None;
    }

    /// Stops the running statement, if any; the first reason stays.
    pub fn cancel(&self, reason: CancelReason) -> bool {
        let mut state = self.state.lock();
        let Some(token) = &state.running else { return false };
        token.cancel();
        state.reason.get_or_insert(reason);
        true
    }

    /// Why the statement was stopped, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<CancelReason> {
        self.state.lock().reason
    }
}

/// Stops the running statement when its time is over; dropping it forgets the deadline.
pub struct Timer(tokio::task::JoinHandle<()>);

impl Timer {
    /// A timer that fires after `limit`.
    #[must_use]
    pub fn start(handle: &Arc<CancelHandle>, limit: Duration) -> Self {
        let handle = Arc::clone(handle);
        Self(tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            handle.cancel(CancelReason::Timeout);
        }))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}
