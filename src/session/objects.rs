//! A session's own objects through its transactions: what a statement sees, what a rollback puts back.
//!
//! The objects are immutable values ([`TempObjects`]); this keeps the current one, the one from before the
//! transaction's first change, and the snapshot that the current one makes with the shared one.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryPool;

use crate::catalog::Snapshot;
use crate::catalog::temp::{OnCommit, TableRows, TempObjects};

/// The objects of a session.
pub struct Objects {
    current: Arc<TempObjects>,
    /// The state that a rollback of the transaction goes back to; `None` while nothing was changed in it.
    before: Option<Arc<TempObjects>>,
    /// The last snapshot made, and what it was made of.
    layered: Option<Layered>,
    pool: Arc<dyn MemoryPool>,
}

struct Layered {
    base: u64,
    objects: u64,
    snapshot: Arc<Snapshot>,
}

impl Objects {
    /// No objects. `number` names the session's schema, `pool` bounds what its tables hold.
    #[must_use]
    pub fn new(number: i32, pool: Arc<dyn MemoryPool>) -> Self {
        Self { current: Arc::new(TempObjects::none(number)), before: None, layered: None, pool }
    }

    /// The objects now.
    #[must_use]
    pub fn current(&self) -> &Arc<TempObjects> {
        &self.current
    }

    /// The memory of the session's tables.
    #[must_use]
    pub fn pool(&self) -> &Arc<dyn MemoryPool> {
        &self.pool
    }

    /// Takes a new state; the transaction's end may undo it.
    pub fn change(&mut self, next: TempObjects) {
        let old = std::mem::replace(&mut self.current, Arc::new(next));
        self.before.get_or_insert(old);
    }

    /// The state to which [`back_to`](Self::back_to) returns.
    #[must_use]
    pub fn mark(&self) -> Arc<TempObjects> {
        Arc::clone(&self.current)
    }

    /// Returns to a mark of the same transaction.
    pub fn back_to(&mut self, mark: &Arc<TempObjects>) {
        if !Arc::ptr_eq(&self.current, mark) {
            let old = std::mem::replace(&mut self.current, Arc::clone(mark));
            self.before.get_or_insert(old);
        }
    }

    /// The transaction ends: a rollback undoes everything, a commit does what ON COMMIT says.
    pub fn end(&mut self, committed: bool) {
        match self.before.take() {
            Some(before) if !committed => self.current = before,
            _ if committed && !self.current.is_empty() => self.on_commit(),
            _ => {}
        }
    }

    /// Drops everything.
    pub fn discard(&mut self) {
        let names: Vec<String> = self.current.relations().map(|relation| relation.name.clone()).collect();
        for name in names {
            self.change(self.current.without(&name));
        }
    }

    /// The snapshot with this session's objects laid over it; the snapshot itself when there are none.
    pub fn over(&mut self, base: &Arc<Snapshot>) -> Arc<Snapshot> {
        if self.current.is_empty() {
            self.layered = None;
            return Arc::clone(base);
        }
        let (of_base, of_objects) = (base.version, self.current.version());
        if let Some(layered) = self.layered.as_ref().filter(|l| l.base == of_base && l.objects == of_objects) {
            return Arc::clone(&layered.snapshot);
        }
        let snapshot = Arc::new(base.with_session(&self.current));
        self.layered = Some(Layered { base: of_base, objects: of_objects, snapshot: Arc::clone(&snapshot) });
        snapshot
    }

    fn on_commit(&mut self) {
        let action = |wanted| {
            let current = Arc::clone(&self.current);
            let names: Vec<String> = current
                .relations()
                .filter(|relation| relation.table().is_some_and(|spec| spec.on_commit == wanted))
                .map(|relation| relation.name.clone())
                .collect();
            names
        };
        let (emptied, dropped) = (action(OnCommit::DeleteRows), action(OnCommit::Drop));
        for name in emptied {
            let Some(relation) = self.current.relation(&name) else { continue };
            let filled = self.current.rows().of(relation.oid).filter(|rows| !rows.is_empty());
            if let Some(rows) = filled {
                let empty = Arc::new(TableRows::empty(Arc::clone(rows.schema())));
                self.current = Arc::new(self.current.with_rows(relation.oid, empty));
            }
        }
        for name in dropped {
            let Some(oid) = self.current.relation(&name).map(|relation| relation.oid) else { continue };
            for view in self.current.dependents(&[oid]) {
                self.current = Arc::new(self.current.without(&view.name));
            }
            self.current = Arc::new(self.current.without(&name));
        }
    }
}
