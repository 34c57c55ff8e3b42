//! The objects of one session: its temporary tables and its views, as immutable values.
//!
//! A [`TempObjects`] is what a session owns at one moment. Changing it makes another one that shares everything
//! unchanged, so a savepoint is a clone of an `Arc` and rolling back is putting it back. It is laid over the shared
//! snapshot as one more schema (`pg_temp_n`), which makes its objects as real to the system relations as any other.
//! What a table is (its [`Relation`]) and what it holds (its [`TableRows`]) are apart: plans hold the first, a
//! statement reads the second as it was when the statement started.

mod change;
mod conflict;
mod contents;
mod keys;
mod provider;
mod sequence;
mod spec;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::oids::{Allocator, Kind, schema_oid};
use super::{Relation, Schema, Snapshot};
pub use change::{Collected, Target, Written, kept};
pub use conflict::{Proposed, with_row_number};
pub use contents::TableRows;
pub use keys::can_be_key;
pub use provider::{ROW_NUMBER, TempTable, ViewShape};
pub use sequence::{Sequence, SequenceOwner, SequenceSpec, SequenceTable};
pub use spec::{Check, ColumnKind, OnCommit, SessionObject, TableSpec, ViewQuery, reads_sequence};

/// What every session calls its schema of temporary objects.
pub const PG_TEMP: &str = "pg_temp";
/// The key in [`TempRows`] of the rows that a statement has just written, for its RETURNING clause.
pub const WRITTEN: u32 = 0;
/// The key in [`TempRows`] of the rows that an INSERT could not add because they meet others.
pub const EXCLUDED: u32 = 1;
/// The key in [`TempRows`] of the rows that a client sends for a table.
pub const COPIED: u32 = 2;

/// Versions of snapshots with a session's objects: above all those of shared snapshots, and never the same twice.
static VERSION: AtomicU64 = AtomicU64::new(1 << 40);

/// The objects of a session at one moment.
#[derive(Debug)]
pub struct TempObjects {
    /// Changes with every object made, replaced or dropped; not with rows.
    version: u64,
    /// The schema's own name, `pg_temp_n`.
    schema: Arc<str>,
    relations: BTreeMap<String, Arc<Relation>>,
    rows: Arc<TempRows>,
}

/// What the temporary tables of a session hold, by the OID of the table.
#[derive(Clone, Debug, Default)]
pub struct TempRows(BTreeMap<u32, Arc<TableRows>>);

impl TempRows {
    /// The rows of a table; none for an unknown OID.
    #[must_use]
    pub fn of(&self, oid: u32) -> Option<&Arc<TableRows>> {
        self.0.get(&oid)
    }

    /// The same with other rows for one table.
    #[must_use]
    pub fn with(&self, oid: u32, rows: Arc<TableRows>) -> Self {
        let mut all = self.0.clone();
        all.insert(oid, rows);
        Self(all)
    }
}

impl TempObjects {
    /// No objects; `number` names the session's schema.
    #[must_use]
    pub fn none(number: i32) -> Self {
        let schema = Arc::from(format!("{PG_TEMP}_{number}"));
        Self { version: 0, schema, relations: BTreeMap::new(), rows: Arc::default() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    /// Names the state of the definitions in this process.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The schema's own name.
    #[must_use]
    pub fn schema(&self) -> &Arc<str> {
        &self.schema
    }

    /// An object by name.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&Arc<Relation>> {
        self.relations.get(name)
    }

    /// All objects in the order of their names.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// What the tables hold.
    #[must_use]
    pub fn rows(&self) -> &Arc<TempRows> {
        &self.rows
    }

    /// The same with an object added or put in the place of the one of that name. A table comes with its rows.
    #[must_use]
    pub fn with(&self, relation: impl Into<Arc<Relation>>, rows: Option<Arc<TableRows>>) -> Self {
        let relation = relation.into();
        let mut next = self.changed();
        if let Some(rows) = rows {
            next.rows = Arc::new(next.rows.with(relation.oid, rows));
        }
        next.relations.insert(relation.name.clone(), relation);
        next
    }

    /// The same with a table in the place of one of another name, perhaps.
    #[must_use]
    pub fn replaced(&self, old: &str, new: Arc<Relation>, rows: Arc<TableRows>) -> Self {
        let mut next = self.changed();
        next.relations.remove(old);
        next.rows = Arc::new(next.rows.with(new.oid, rows));
        next.relations.insert(new.name.clone(), new);
        next
    }

    /// The same without an object.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut next = self.changed();
        if let Some(relation) = next.relations.remove(name) {
            // A column's own sequence ends with it.
            next.relations.retain(|_, other| {
                let owner = other.sequence().and_then(|sequence| sequence.spec.owner.as_ref());
                owner.is_none_or(|owner| owner.table != relation.oid)
            });
            let mut rows = next.rows.0.clone();
            rows.remove(&relation.oid);
            next.rows = Arc::new(TempRows(rows));
        }
        next
    }

    /// The same with other rows in a table; plans stay as they are.
    #[must_use]
    pub fn with_rows(&self, oid: u32, rows: Arc<TableRows>) -> Self {
        Self {
            version: self.version,
            schema: Arc::clone(&self.schema),
            relations: self.relations.clone(),
            rows: Arc::new(self.rows.with(oid, rows)),
        }
    }

    /// An OID for a new object that nothing in a snapshot has; each object of a name has another one.
    #[must_use]
    pub fn new_oid(&self, base: &Snapshot, name: &str) -> u32 {
        let mut allocator = Allocator::new();
        let incarnation = format!("{}.{}", self.schema, VERSION.fetch_add(1, Ordering::Relaxed));
        loop {
            let oid = allocator.one(Kind::Relation, &incarnation, name);
            let taken = base.system().source().object(oid).is_some()
                || self.relations.values().any(|relation| relation.oid == oid);
            if !taken {
                return oid;
            }
        }
    }

    /// Whether a default takes its values from a sequence.
    #[must_use]
    pub fn feeds(&self, sequence: &str) -> bool {
        let specs = self.relations.values().filter_map(|relation| relation.table());
        specs.flat_map(|spec| spec.defaults.iter().flatten()).any(|default| reads_sequence(default, sequence))
    }

    /// Puts the sequences of a table's columns back to their start.
    pub fn restart_sequences(&self, table: u32) {
        for sequence in self.relations.values().filter_map(|relation| relation.sequence()) {
            if sequence.spec.owner.as_ref().is_some_and(|owner| owner.table == table) {
                sequence.restart(sequence.spec.start);
            }
        }
    }

    /// The same without the sequences of columns that the table does not have any more.
    #[must_use]
    pub fn without_orphans(&self, table: &Relation) -> Self {
        let mut next = self.changed();
        let schema = table.schema();
        next.relations.retain(|_, other| {
            let owner = other.sequence().and_then(|sequence| sequence.spec.owner.as_ref());
            owner.is_none_or(|owner| owner.table != table.oid || schema.index_of(&owner.column).is_ok())
        });
        next
    }

    /// The names of the views that read one of the relations, directly or through another view, nearest first.
    #[must_use]
    pub fn dependents(&self, oids: &[u32]) -> Vec<Arc<Relation>> {
        let mut known = oids.to_vec();
        let mut found: Vec<Arc<Relation>> = Vec::new();
        loop {
            let next = self.relations.values().find(|relation| {
                !known.contains(&relation.oid)
                    && relation.view().is_some_and(|v| v.reads.iter().any(|o| known.contains(o)))
            });
            let Some(next) = next else { return found };
            known.push(next.oid);
            found.push(Arc::clone(next));
        }
    }

    /// This session's schema as part of a snapshot.
    fn as_schema(&self) -> Schema {
        Schema { oid: schema_oid(&mut Allocator::new(), &self.schema), relations: self.relations.clone() }
    }

    fn changed(&self) -> Self {
        Self {
            version: VERSION.fetch_add(1, Ordering::Relaxed),
            schema: Arc::clone(&self.schema),
            relations: self.relations.clone(),
            rows: Arc::clone(&self.rows),
        }
    }
}

impl Snapshot {
    /// The snapshot as a session with objects of its own sees it.
    #[must_use]
    pub fn with_session(&self, objects: &TempObjects) -> Self {
        let mut schemas = self.schemas.clone();
        schemas.insert(objects.schema.to_string(), objects.as_schema());
        let mut constraints = self.constraints.clone();
        for relation in objects.relations() {
            if let Some(spec) = relation.table().filter(|spec| !spec.keys.is_empty()) {
                constraints.insert((relation.schema.clone(), relation.name.clone()), spec.keys.clone());
            }
        }
        let version = VERSION.fetch_add(1, Ordering::Relaxed);
        let mut layered = Self::new(version, self.database.clone(), schemas, self.roles.clone())
            .with_constraints(constraints)
            .with_live(Arc::clone(self.live()));
        layered.temp_schema = Some(Arc::clone(&objects.schema));
        layered
    }
}
