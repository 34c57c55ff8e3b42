//! How many may be connected, and how many may stand at the door.
//!
//! Sessions have slots, the last of them for superusers. Clients that have not proved who they are have a bounded
//! waiting room: when it is full the longest-waiting one is put out, since an honest client is through in
//! milliseconds and a slow one may be holding a place on purpose.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Slots of authenticated sessions.
#[derive(Debug)]
pub(super) struct Slots {
    used: AtomicUsize,
    total: usize,
    /// Of `total`, those only superusers get.
    reserved: usize,
}

/// A slot in use; dropped, it is free.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

/// The clients that are not yet authenticated.
#[derive(Debug)]
pub(super) struct WaitingRoom {
    capacity: usize,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    next_id: u64,
    /// In order of arrival.
    waiting: VecDeque<(u64, CancellationToken)>,
}

/// A place in the waiting room; dropped, it is free.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<WaitingRoom>,
    id: u64,
    /// Fires when the client is put out.
    pub(super) put_out: CancellationToken,
}

impl Slots {
    pub(super) fn new(total: usize, reserved: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), total, reserved: reserved.min(total) })
    }

    /// Refuses when not even a superuser would find a slot, which is known before anybody says who they are.
    pub(super) fn check(&self) -> Result<()> {
        if self.used.load(Ordering::Relaxed) < self.total { Ok(()) } else { Err(too_many()) }
    }

    /// Takes a slot.
    pub(super) fn take(self: &Arc<Self>, superuser: bool) -> Result<Slot> {
        let open = if superuser { self.total } else { self.total - self.reserved };
        let take = |used: usize| (used < open).then_some(used + 1);
        match self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, take) {
            Ok(_) => Ok(Slot(Arc::clone(self))),
            Err(used) if used >= self.total => Err(too_many()),
            Err(_) => Err(Error::fatal(
                sqlstate::TOO_MANY_CONNECTIONS,
                "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            )),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
    }
}

impl WaitingRoom {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity: capacity.max(1), clients: Mutex::default() })
    }

    /// Lets a client in, putting out the one that has waited longest if there is no room.
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        let put_out = CancellationToken::new();
        let mut clients = self.clients.lock();
        if clients.waiting.len() >= self.capacity
            && let Some((_, oldest)) = clients.waiting.pop_front()
        {
            oldest.cancel();
        }
        let id = clients.next_id;
        clients.next_id += 1;
        clients.waiting.push_back((id, put_out.clone()));
        Place { room: Arc::clone(self), id, put_out }
    }

    /// Puts everybody out.
    pub(super) fn clear(&self) {
        for (_, put_out) in self.clients.lock().waiting.drain(..) {
            put_out.cancel();
        }
    }
}

impl Place {
    /// The connection's number, counted from the server's start.
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.room.clients.lock();
        // In order of arrival, so the search is binary.
        if let Ok(i) = clients.waiting.binary_search_by_key(&self.id, |(id, _)| *id) {
            clients.waiting.remove(i);
        }
    }
}

fn too_many() -> Error {
    Error::fatal(sqlstate::TOO_MANY_CONNECTIONS, "sorry, too many clients already")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slots_are_for_superusers() {
        let slots = Slots::new(3, 1);
        let first = slots.take(false).expect("free");
        let _second = slots.take(false).expect("free");
        let reserved = slots.take(false).expect_err("one is reserved");
        assert!(reserved.message().starts_with("remaining connection slots are reserved"));
        assert!(slots.check().is_ok(), "a superuser would find one");
        let _third = slots.take(true).expect("the reserved one");
        for superuser in [false, true] {
            let error = slots.take(superuser).expect_err("full");
            assert_eq!(error.message(), "sorry, too many clients already");
            assert_eq!(error.sqlstate(), sqlstate::TOO_MANY_CONNECTIONS);
        }
        assert!(slots.check().is_err());
        drop(first);
        assert!(slots.take(true).is_ok());
    }

    #[test]
    fn the_longest_waiting_makes_room() {
        let room = WaitingRoom::new(2);
        let first = room.enter();
        let second = room.enter();
        let third = room.enter();
        assert!(first.put_out.is_cancelled());
        assert!(!second.put_out.is_cancelled() && !third.put_out.is_cancelled());
        drop(second);
        let fourth = room.enter();
        assert!(!third.put_out.is_cancelled() && !fourth.put_out.is_cancelled());
        drop((first, third, fourth));
        assert!(room.clients.lock().waiting.is_empty());
    }
}
