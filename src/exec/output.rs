//! The channel from a query's driver to its reader: bounded, and the place where running slots change hands.
//!
//! A driver holds a slot while it works. When its reader is slow it gives the slot to another query and takes one
//! again before it goes on, so that a stalled client cannot keep others from running.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Error, Result};

/// Items that may wait for the reader.
const QUEUE: usize = 4;

/// The reading end: the items of a running query in order.
pub struct Output<T> {
    items: mpsc::Receiver<Result<T>>,
    cancel: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// The driver's end.
pub struct Sender<T> {
    items: mpsc::Sender<Result<T>>,
    slots: Arc<Semaphore>,
    slot: Option<OwnedSemaphorePermit>,
}

/// A channel whose reader's end, when dropped, cancels `stop`.
pub fn channel<T>(slots: Arc<Semaphore>, stop: CancellationToken) -> (Sender<T>, Output<T>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let output = Output { items: receiver, cancel: stop.clone(), _stop_on_drop: stop.drop_guard() };
    (Sender { items: sender, slots, slot: None }, output)
}

impl<T> Output<T> {
    /// The next item; `None` after the last. Cancel-safe; a cancelled query errs at once.
    pub async fn next(&mut self) -> Option<Result<T>> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {
                Some(Err(Error::new(crate::sqlstate::QUERY_CANCELED, "canceling statement due to user request")))
            }
            item = self.items.recv() => item,
        }
    }
}

impl<T> Sender<T> {
    /// Waits for a running slot and keeps it.
    pub async fn take_slot(&mut self) {
        if self.slot.is_none() {
            // The semaphore is never closed; without a slot the query would only run unthrottled.
            self.slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        }
    }

    /// Sends an item; `false` when the reader is gone.
    pub async fn send(&mut self, item: T) -> bool {
        match self.items.try_send(Ok(item)) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(item)) => {
                self.slot = None;
                let sent = self.items.send(item).await.is_ok();
                self.take_slot().await;
                sent
            }
        }
    }

    /// Ends the stream with an error, if the reader still listens; waits for a slow reader without holding a slot.
    pub async fn fail(self, error: Error) {
        drop(self.slot);
        // A reader that has gone away has no use for the error.
        let _ = self.items.send(Err(error)).await;
    }
}
