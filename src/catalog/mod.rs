//! What names mean: databases, schemas, relations, roles, OIDs, functions.
//!
//! The catalog at one moment is a [`Snapshot`], an immutable value behind an `ArcSwap` in [`Catalog`]. A statement
//! takes the snapshot when it starts, a transaction at BEGIN. Readers never wait and never see two generations.

pub mod constraint;
pub mod functions;
pub mod information_schema;
pub mod oids;
pub mod pg_catalog;
pub mod temp;
pub mod vars;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::catalog::TableProvider;

pub use constraint::{Constraint, ConstraintKind};
pub use pg_catalog::live::LiveSource;
pub use pg_catalog::reg;
pub use temp::ViewQuery;
use temp::{SessionObject, TableSpec};
pub use vars::SessionVars;

use crate::config::ViewConfig;

/// Field metadata: the column's comment (`pg_description`).
pub const COMMENT_KEY: &str = "pg.comment";

/// The shared, swappable current snapshot.
#[derive(Debug)]
pub struct Catalog {
    current: ArcSwap<Snapshot>,
}

impl Catalog {
    /// A catalog whose first snapshot is `snapshot`.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self { current: ArcSwap::from_pointee(snapshot) }
    }

    /// The current snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Makes `snapshot` the current one; statements under way keep theirs.
    pub fn publish(&self, snapshot: Snapshot) {
        self.current.store(Arc::new(snapshot));
    }
}

/// The catalog at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// Grows by one with each published change.
    pub version: u64,
    /// The one database's name.
    pub database: String,
    /// User schemas by name; `pg_catalog` and `information_schema` come from [`Snapshot::system`].
    pub schemas: BTreeMap<String, Schema>,
    /// The roles that may log in or own things.
    pub roles: Vec<Role>,
    /// The schema of the objects of the session that this snapshot is for.
    temp_schema: Option<Arc<str>>,
    /// Declared keys by schema and table.
    constraints: BTreeMap<(String, String), Vec<Constraint>>,
    /// What the server knows of its sessions.
    live: Arc<dyn LiveSource>,
    /// The system relations of this snapshot, built on first use.
    system: OnceLock<pg_catalog::SystemCatalog>,
}

/// A user schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its OID (`public` is 2200).
    pub oid: u32,
    /// Its relations by name.
    pub relations: BTreeMap<String, Arc<Relation>>,
}

/// What a relation is, in `pg_class.relkind`'s terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// `r`
    Table,
    /// `v`
    View,
    /// `m`
    MaterializedView,
    /// `S`
    Sequence,
}

/// A table, view or materialized view of a user schema.
#[derive(Debug)]
pub struct Relation {
    /// Its OID in `pg_class`.
    pub oid: u32,
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Table, view, …
    pub kind: RelationKind,
    /// Its comment (`pg_description`).
    pub comment: Option<String>,
    /// A view's defining query.
    pub definition: Option<String>,
    /// Where its rows come from; its schema's fields carry types (`types::PG_TYPE_KEY`) and comments.
    pub provider: Arc<dyn TableProvider>,
    /// What it is besides, when it is made by SQL.
    pub own: Option<SessionObject>,
    /// What is said of its columns beyond their fields, by name.
    pub notes: BTreeMap<String, ColumnNote>,
}

/// What a configuration says of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNote {
    /// Tools are told that it holds no NULL; plans do not rely on it.
    pub not_null: bool,
    /// Its comment.
    pub comment: Option<String>,
}

impl Relation {
    /// The columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.provider.schema()
    }

    /// A temporary table of a session.
    #[must_use]
    pub fn temporary_table(oid: u32, schema: &str, name: &str, columns: SchemaRef, spec: TableSpec) -> Self {
        let primary = spec.keys.iter().find(|key| key.kind == ConstraintKind::PrimaryKey);
        let places = |key: &Constraint| key.columns.iter().filter_map(|name| columns.index_of(name).ok()).collect();
        let table = temp::TempTable::new(oid, Arc::clone(&columns));
        let table = match primary.map(places) {
            Some(places) => table.with_primary_key(places),
            None => table,
        };
        Self {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: RelationKind::Table,
            comment: None,
            definition: None,
            provider: Arc::new(table),
            own: Some(SessionObject::Table(spec)),
            notes: BTreeMap::new(),
        }
    }

    /// A temporary sequence of a session.
    #[must_use]
    pub fn temporary_sequence(oid: u32, schema: &str, name: &str, sequence: temp::Sequence) -> Self {
        Self {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: RelationKind::Sequence,
            comment: None,
            definition: None,
            provider: Arc::new(temp::SequenceTable(sequence.clone())),
            own: Some(SessionObject::Sequence(sequence)),
            notes: BTreeMap::new(),
        }
    }

    /// A view of a session; `text` is its query as written.
    #[must_use]
    pub fn session_view(
        oid: u32,
        schema: &str,
        name: &str,
        columns: SchemaRef,
        (text, query): (String, ViewQuery),
    ) -> Self {
        Self {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: RelationKind::View,
            comment: None,
            definition: Some(text),
            provider: Arc::new(temp::ViewShape::new(columns)),
            own: Some(SessionObject::View(query)),
            notes: BTreeMap::new(),
        }
    }

    /// A view of a configuration; `text` is its query as written.
    #[must_use]
    pub fn shared_view(oid: u32, view: &ViewConfig, columns: SchemaRef, made: (String, ViewQuery)) -> Self {
        let kind = if view.materialized { RelationKind::MaterializedView } else { RelationKind::View };
        let comment = view.comment.clone();
        Self { kind, comment, ..Self::session_view(oid, &view.schema, &view.name, columns, made) }
    }

    /// Whether it ends with its session.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.own.is_some() && self.schema.starts_with("pg_temp")
    }

    /// The columns as the catalog shows them, with their comments.
    #[must_use]
    pub fn described(&self) -> SchemaRef {
        if self.notes.is_empty() {
            return self.schema();
        }
        let noted = |field: &FieldRef| match self.notes.get(field.name()) {
            None => Arc::clone(field),
            Some(note) => {
                let mut metadata = field.metadata().clone();
                metadata.extend(note.comment.iter().map(|text| (COMMENT_KEY.to_owned(), text.clone())));
                let nullable = field.is_nullable() && !note.not_null;
                Arc::new(field.as_ref().clone().with_nullable(nullable).with_metadata(metadata))
            }
        };
        Arc::new(arrow::datatypes::Schema::new(self.schema().fields().iter().map(noted).collect::<Vec<_>>()))
    }

    /// What a temporary table is besides its columns; `None` for anything else.
    #[must_use]
    pub fn table(&self) -> Option<&TableSpec> {
        match &self.own {
            Some(SessionObject::Table(spec)) => Some(spec),
            _ => None,
        }
    }

    /// A sequence; `None` for anything else.
    #[must_use]
    pub fn sequence(&self) -> Option<&temp::Sequence> {
        match &self.own {
            Some(SessionObject::Sequence(sequence)) => Some(sequence),
            _ => None,
        }
    }

    /// The query of a view; `None` for anything else.
    #[must_use]
    pub fn view(&self) -> Option<&ViewQuery> {
        match &self.own {
            Some(SessionObject::View(view)) => Some(view),
            _ => None,
        }
    }
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its OID (the bootstrap superuser is 10).
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Whether it may log in.
    pub login: bool,
    /// Whether it owns the database and what is in it.
    pub owner: bool,
}

impl Snapshot {
    /// A snapshot of user schemas and roles.
    #[must_use]
    pub fn new(version: u64, database: String, schemas: BTreeMap<String, Schema>, roles: Vec<Role>) -> Self {
        let live = Arc::new(pg_catalog::live::NoSessions);
        Self {
            version,
            database,
            schemas,
            roles,
            temp_schema: None,
            constraints: BTreeMap::new(),
            live,
            system: OnceLock::new(),
        }
    }

    /// The same snapshot with declared keys, by schema and table.
    #[must_use]
    pub fn with_constraints(mut self, constraints: BTreeMap<(String, String), Vec<Constraint>>) -> Self {
        self.constraints = constraints;
        self
    }

    /// The same snapshot with a source for `pg_stat_activity` and its like.
    #[must_use]
    pub fn with_live(mut self, live: Arc<dyn LiveSource>) -> Self {
        self.live = live;
        self
    }

    /// The keys declared for a table.
    #[must_use]
    pub fn constraints(&self, schema: &str, table: &str) -> &[Constraint] {
        self.constraints.get(&(schema.to_owned(), table.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// What the server knows of its sessions.
    #[must_use]
    pub fn live(&self) -> &Arc<dyn LiveSource> {
        &self.live
    }

    /// The system relations (`pg_catalog`, `information_schema`), built once per snapshot.
    pub fn system(&self) -> &pg_catalog::SystemCatalog {
        self.system.get_or_init(|| pg_catalog::SystemCatalog::build(self))
    }

    /// The rows of `schema.name`, user or system relation.
    #[must_use]
    pub fn provider(&self, schema: &str, name: &str) -> Option<Arc<dyn TableProvider>> {
        match self.relation(schema, name) {
            Some(relation) => Some(Arc::clone(&relation.provider)),
            None => self.system().relation(schema, name),
        }
    }

    /// The user relation `schema.name`.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Arc<Relation>> {
        self.schemas.get(schema)?.relations.get(name)
    }

    /// Whether a schema of this name exists, system schemas included.
    #[must_use]
    pub fn has_schema(&self, schema: &str) -> bool {
        self.schemas.contains_key(schema) || schema == "pg_catalog" || schema == "information_schema"
    }

    /// The schema of the session's own objects, when this snapshot is a session's.
    #[must_use]
    pub fn temp_schema(&self) -> Option<&str> {
        self.temp_schema.as_deref()
    }

    /// The schemas that a search path adds nothing to say: the session's own before all, then the system's.
    pub fn implicit_path<'a>(&'a self, search_path: &[String]) -> impl Iterator<Item = &'a str> + use<'a> {
        let missing = |schema: &&str| !search_path.iter().any(|named| named == schema);
        let own = self.temp_schema().filter(missing);
        let system = Some("pg_catalog").filter(missing);
        own.into_iter().chain(system)
    }

    /// The first schema on a search path (as PostgreSQL reads it: `pg_catalog` first unless named) that has `name`.
    #[must_use]
    pub fn resolve<'a>(&'a self, search_path: &'a [String], name: &str) -> Option<&'a str> {
        self.implicit_path(search_path)
            .chain(search_path.iter().map(String::as_str))
            .find(|schema| self.relation(schema, name).is_some() || self.system().relation(schema, name).is_some())
    }
}
