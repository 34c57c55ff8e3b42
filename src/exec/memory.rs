//! Memory of queries: one budget for all, a pool with its own cap for each.
//!
//! DataFusion's operators ask a pool before they grow. A query's pool divides its cap fairly among its spilling
//! operators, and draws every byte from the shared budget too. What operators do not ask for (batches in flight,
//! decode buffers) is not counted here, which is why the configured limit leaves head-room.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// Bytes that all queries may hold together.
#[derive(Debug)]
pub struct MemoryBudget {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, used_bytes: AtomicUsize::new(0) }
    }

    /// Bytes held now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn grow(&self, bytes: usize) {
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn shrink(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn try_grow(&self, bytes: usize) -> bool {
        self.used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|&sum| sum <= self.limit_bytes)
            })
            .is_ok()
    }
}

/// The pool of one query.
#[derive(Debug)]
pub struct QueryPool {
    own: FairSpillPool,
    shared: Arc<MemoryBudget>,
}

impl QueryPool {
    /// A pool capped at `limit_bytes` under a shared budget.
    #[must_use]
    pub fn new(shared: Arc<MemoryBudget>, limit_bytes: usize) -> Self {
        Self { own: FairSpillPool::new(limit_bytes), shared }
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query pool ({} of {} bytes)", self.shared.used(), self.shared.limit_bytes)
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &'static str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.grow(additional);
        self.own.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.shared.shrink(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if !self.shared.try_grow(additional) {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{additional} more bytes exceed the memory of all statements"
            )));
        }
        self.own.try_grow(reservation, additional).inspect_err(|_| self.shared.shrink(additional))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}
