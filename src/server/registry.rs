//! Running sessions by process number: how a CancelRequest, or shutdown, finds the statement to stop.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::session::{CancelHandle, CancelReason};

/// Process numbers start over after this one.
const LAST_PID: i32 = i32::MAX;

/// The sessions that a CancelRequest can name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    sessions: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    last_pid: i32,
    by_pid: HashMap<i32, Entry>,
}

#[derive(Debug)]
struct Entry {
    key: Arc<[u8]>,
    /// `None` until the session exists.
    cancel: Option<Arc<CancelHandle>>,
}

/// How a CancelRequest fared. The client hears nothing either way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cancelled {
    /// The key was right.
    Yes,
    /// No such session: most likely it has just ended.
    Unknown,
    /// The session exists and the key is not its own.
    WrongKey,
}

/// A session's place in the registry; dropped, it leaves.
#[derive(Debug)]
pub(super) struct Registration {
    registry: Arc<Registry>,
    /// The process number told to the client.
    pub(super) pid: i32,
    /// The key told to the client.
    pub(super) key: Arc<[u8]>,
}

impl Registry {
    /// Gives a new session its number and a random key of so many bytes.
    pub(super) fn register(self: &Arc<Self>, key_bytes: usize) -> Result<Registration> {
        let mut key = vec![0; key_bytes];
        getrandom::fill(&mut key).map_err(|e| Error::internal(format!("no random bytes from the system: {e}")))?;
        let key: Arc<[u8]> = key.into();
        let mut sessions = self.sessions.lock();
        let pid = sessions.next_pid();
        sessions.by_pid.insert(pid, Entry { key: Arc::clone(&key), cancel: None });
        Ok(Registration { registry: Arc::clone(self), pid, key })
    }

    /// Stops the statement of a session, given its key.
    pub(super) fn cancel(&self, pid: i32, key: &[u8]) -> Cancelled {
        let sessions = self.sessions.lock();
        let Some(entry) = sessions.by_pid.get(&pid) else { return Cancelled::Unknown };
        if !bool::from(entry.key.ct_eq(key)) {
            return Cancelled::WrongKey;
        }
        if let Some(cancel) = &entry.cancel {
            cancel.cancel(CancelReason::User);
        }
        Cancelled::Yes
    }

    /// Stops every running statement.
    pub(super) fn cancel_all(&self, reason: CancelReason) {
        for entry in self.sessions.lock().by_pid.values() {
            if let Some(cancel) = &entry.cancel {
                cancel.cancel(reason);
            }
        }
    }
}

impl Sessions {
    fn next_pid(&mut self) -> i32 {
        loop {
            self.last_pid = if self.last_pid == LAST_PID { 1 } else { self.last_pid + 1 };
            if !self.by_pid.contains_key(&self.last_pid) {
                return self.last_pid;
            }
        }
    }
}

impl Registration {
    /// The session exists now: requests that name it reach its statements.
    pub(super) fn attach(&self, cancel: &Arc<CancelHandle>) {
        if let Some(entry) = self.registry.sessions.lock().by_pid.get_mut(&self.pid) {
            entry.cancel = Some(Arc::clone(cancel));
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.sessions.lock().by_pid.remove(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_the_session_cancels_it() {
        let registry = Arc::new(Registry::default());
        let registration = registry.register(32).expect("random bytes");
        let cancel = Arc::new(CancelHandle::new());
        registration.attach(&cancel);
        let token = cancel.arm();
        let mut wrong = registration.key.to_vec();
        wrong[31] ^= 1;
        assert_eq!(registry.cancel(registration.pid, &wrong), Cancelled::WrongKey);
        assert_eq!(registry.cancel(registration.pid, &wrong[..4]), Cancelled::WrongKey);
        assert_eq!(registry.cancel(registration.pid + 1, &registration.key), Cancelled::Unknown);
        assert!(!token.is_cancelled());
        assert_eq!(registry.cancel(registration.pid, &registration.key), Cancelled::Yes);
        assert!(token.is_cancelled());
        assert_eq!(cancel.reason(), Some(CancelReason::User));
        let (pid, key) = (registration.pid, Arc::clone(&registration.key));
        drop(registration);
        assert_eq!(registry.cancel(pid, &key), Cancelled::Unknown);
    }

    #[test]
    fn numbers_in_use_are_not_given_twice() {
        let registry = Arc::new(Registry::default());
        let first = registry.register(4).expect("random bytes");
        registry.sessions.lock().last_pid = LAST_PID;
        let second = registry.register(4).expect("random bytes");
        assert_eq!((first.pid, second.pid), (1, 2));
    }
}
