//! The border between a connection and the work it starts: a panic stops at the statement, a client that leaves
//! stops its statement.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use futures::FutureExt;

use super::link::{End, Link};
use crate::error::{Error, Result};
use crate::session::{CancelHandle, CancelReason};

/// What ends the handling of a message early.
#[derive(Debug)]
pub(super) enum Break {
    /// The statement failed; the connection lives.
    Error(Error),
    /// The connection is over.
    End(End),
}

impl From<Error> for Break {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<End> for Break {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// Runs a part of a statement while the link is attended to. When the client goes, the statement is told and the work
/// dropped.
pub(super) async fn attended<T>(
    link: &mut Link,
    cancel: &CancelHandle,
    work: impl Future<Output = Result<T>>,
) -> Result<T, Break> {
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    let outcome = tokio::select! {
        biased;
        outcome = &mut work => outcome,
        end = link.attend() => {
            cancel.cancel(CancelReason::ClientGone);
            return Err(Break::End(end));
        }
    };
    Ok(outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?)
}

/// Runs a part of a statement that does not wait.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

/// The report of a panic. The cause goes to the log under an identifier; the client gets the identifier.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let mut id = [0; 4];
    // Without random bytes the identifier is zeros, and the log still has the time.
    let _ = getrandom::fill(&mut id);
    let id = u32::from_be_bytes(id);
    let cause = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => *text,
        (_, Some(text)) => text.as_str(),
        (None, None) => "no message",
    };
    tracing::error!(id = format_args!("{id:08x}"), cause, "a statement panicked");
    Error::internal("internal error").detail(format!("The server's log has the cause under {id:08x}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlstate;

    #[test]
    fn a_panic_is_an_error_that_keeps_its_cause_to_itself() {
        let error = guarded::<()>(|| panic!("secret value 42")).expect_err("it panicked");
        assert_eq!(error.sqlstate(), sqlstate::INTERNAL_ERROR);
        let told = format!("{} {}", error.message(), error.get_detail().unwrap_or_default());
        assert!(!told.contains("secret") && told.contains("internal error"));
        assert_eq!(guarded(|| Ok(1)).expect("no panic"), 1);
    }
}
