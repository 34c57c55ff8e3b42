//! What the dynamic rows are made from: the snapshot's objects with all their OIDs.
//!
//! A snapshot names schemas, relations and roles; PostgreSQL's catalogs also name row types, array types, indexes,
//! constraints and rules. Their OIDs are derived here, once per snapshot, in the order of names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, SchemaRef};
use datafusion::common::Constraint as PlanConstraint;
use datafusion::sql::sqlparser::ast;

use super::live::LiveSource;
use super::statics;
use crate::catalog::constraint::{Constraint, ConstraintKind, prefix};
use crate::catalog::oids::{Allocator, BOOTSTRAP_ROLE, Kind};
use crate::catalog::{COMMENT_KEY, Relation, RelationKind, Role, Snapshot};
use crate::types::{self, PgType};

/// The objects of a snapshot.
#[derive(Debug)]
pub struct Source {
    /// The database's name.
    pub database: String,
    /// User schemas and their OIDs, by name.
    pub schemas: BTreeMap<String, u32>,
    /// User relations by schema and name.
    pub tables: Vec<Table>,
    /// Configured roles.
    pub roles: Vec<Role>,
    /// Who owns the database and the user relations.
    pub owner: u32,
    /// Sessions.
    pub live: Arc<dyn LiveSource>,
    objects: HashMap<u32, Object>,
    /// Relations and indexes by schema and name.
    names: HashMap<String, HashMap<String, Object>>,
}

/// What an OID of this snapshot names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A relation: its place in [`Source::tables`].
    Table(usize),
    /// The row type of a relation.
    RowType(usize),
    /// The array type of a relation's row type.
    ArrayType(usize),
    /// The index of a key: table and place in [`Table::keys`].
    Index(usize, usize),
    /// The constraint of a key.
    Constraint(usize, usize),
    /// The `_RETURN` rule of a view.
    Rule(usize),
}

/// A user relation.
#[derive(Debug)]
pub struct Table {
    /// The relation itself.
    pub relation: Arc<Relation>,
    /// Its schema's OID.
    pub schema_oid: u32,
    /// Its row type's OID.
    pub row_type: u32,
    /// The OID of that type's array type.
    pub array_type: u32,
    /// The OID of its `_RETURN` rule, 0 for a table.
    pub rule: u32,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its keys.
    pub keys: Vec<Key>,
    /// The OIDs of its columns' defaults.
    pub defaults: Vec<Option<u32>>,
}

/// A declared key of a relation.
#[derive(Debug)]
pub struct Key {
    /// Its constraint's OID.
    pub oid: u32,
    /// The constraint's name, and its index's.
    pub name: String,
    /// What it says.
    pub kind: ConstraintKind,
    /// The numbers of its columns.
    pub columns: Vec<i16>,
    /// The OID of its index; of a foreign key, that of the key it points at (0 if there is none).
    pub index: u32,
    /// What a foreign key points at: the table's place in [`Source::tables`] and the numbers of its columns.
    pub references: Option<(usize, Vec<i16>)>,
}

/// A column of a user relation.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Its number, from 1.
    pub attnum: i16,
    /// Its field.
    pub field: &'a Field,
    /// Its type.
    pub pg_type: PgType,
}

impl<'a> Column<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.field.name()
    }

    /// Its comment.
    #[must_use]
    pub fn comment(&self) -> Option<&'a str> {
        self.field.metadata().get(COMMENT_KEY).map(String::as_str)
    }

    /// Whether it may not be NULL.
    #[must_use]
    pub fn not_null(&self) -> bool {
        !self.field.is_nullable()
    }
}

impl Table {
    /// Its columns in order.
    pub fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        self.schema.fields().iter().zip(1..=i16::MAX).map(|(field, attnum)| Column {
            attnum,
            field,
            pg_type: types::pg_type(field),
        })
    }

    /// The column with a number.
    #[must_use]
    pub fn column(&self, attnum: i16) -> Option<Column<'_>> {
        let field = self.schema.fields().get(usize::try_from(attnum).ok()?.checked_sub(1)?)?;
        Some(Column { attnum, field, pg_type: types::pg_type(field) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.relation.name
    }

    /// Its OID.
    #[must_use]
    pub fn oid(&self) -> u32 {
        self.relation.oid
    }

    /// `pg_class.relkind`.
    #[must_use]
    pub fn relkind(&self) -> &'static str {
        match self.relation.kind {
            RelationKind::Table => "r",
            RelationKind::View => "v",
            RelationKind::MaterializedView => "m",
            RelationKind::Sequence => "S",
        }
    }

    /// `pg_class.relpersistence`: whether it ends with its session.
    #[must_use]
    pub fn persistence(&self) -> &'static str {
        if self.relation.is_temporary() { "t" } else { "p" }
    }

    /// Whether rows are kept for it (it is not a view).
    #[must_use]
    pub fn has_storage(&self) -> bool {
        self.relation.kind != RelationKind::View
    }

    /// Whether it is a sequence.
    #[must_use]
    pub fn is_sequence(&self) -> bool {
        self.relation.kind == RelationKind::Sequence
    }

    /// The name of its row type's array type.
    #[must_use]
    pub fn array_type_name(&self) -> String {
        format!("_{}", prefix(self.name(), 62))
    }

    /// Rows and bytes from its statistics, where known.
    #[must_use]
    pub fn size(&self) -> (Option<u64>, Option<u64>) {
        let statistics = self.has_storage().then(|| self.relation.provider.statistics()).flatten();
        let value = |n: Option<&usize>| n.and_then(|n| u64::try_from(*n).ok());
        statistics.map_or((None, None), |s| (value(s.num_rows.get_value()), value(s.total_byte_size.get_value())))
    }

    /// The number of its column with a name.
    fn attnum(&self, name: &str) -> Option<i16> {
        i16::try_from(self.schema.index_of(name).ok()? + 1).ok()
    }
}

impl Key {
    /// Whether an index stands for it.
    #[must_use]
    pub fn has_index(&self) -> bool {
        self.references.is_none()
    }
}

impl Source {
    /// The objects of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut allocator = Allocator::new();
        for schema in snapshot.schemas.values() {
            allocator.reserve(schema.oid);
            schema.relations.values().for_each(|relation| allocator.reserve(relation.oid));
        }
        let mut source = Self {
            database: snapshot.database.clone(),
            schemas: snapshot.schemas.iter().map(|(name, schema)| (name.clone(), schema.oid)).collect(),
            tables: Vec::new(),
            owner: owner(&snapshot.roles),
            roles: snapshot.roles.clone(),
            live: Arc::clone(snapshot.live()),
            objects: HashMap::new(),
            names: HashMap::new(),
        };
        for schema in snapshot.schemas.values() {
            for relation in schema.relations.values() {
                source.add(schema.oid, relation, &mut allocator);
            }
        }
        source.add_keys(snapshot, &mut allocator);
        source
    }

    /// What an OID names, if it is one of this snapshot's objects.
    #[must_use]
    pub fn object(&self, oid: u32) -> Option<Object> {
        self.objects.get(&oid).copied()
    }

    /// The relation with an OID.
    #[must_use]
    pub fn table(&self, oid: u32) -> Option<&Table> {
        match self.object(oid)? {
            Object::Table(i) => self.tables.get(i),
            _ => None,
        }
    }

    /// The relation `schema.name`.
    #[must_use]
    pub fn table_named(&self, schema: &str, name: &str) -> Option<&Table> {
        self.place(schema, name).and_then(|i| self.tables.get(i))
    }

    /// The OID of the relation or index `schema.name`.
    #[must_use]
    pub fn relation_oid(&self, schema: &str, name: &str) -> Option<u32> {
        Some(match *self.names.get(schema)?.get(name)? {
            Object::Index(table, key) => self.tables[table].keys[key].index,
            Object::Table(table) => self.tables[table].oid(),
            _ => return None,
        })
    }

    /// The key with the OID of its constraint or index, and its table.
    #[must_use]
    pub fn key(&self, oid: u32) -> Option<(&Table, &Key)> {
        match self.object(oid)? {
            Object::Index(table, key) | Object::Constraint(table, key) => {
                let table = &self.tables[table];
                Some((table, &table.keys[key]))
            }
            _ => None,
        }
    }

    /// All keys with their tables.
    pub fn keys(&self) -> impl Iterator<Item = (&Table, &Key)> {
        self.tables.iter().flat_map(|table| table.keys.iter().map(move |key| (table, key)))
    }

    /// The tables at either end of a foreign key: PostgreSQL keeps those with triggers.
    #[must_use]
    pub fn linked(&self) -> HashSet<u32> {
        let ends = self.keys().filter_map(|(owner, key)| {
            let (target, _) = key.references.as_ref()?;
            Some([owner.oid(), self.tables[*target].oid()])
        });
        ends.flatten().collect()
    }

    /// A role's name; `None` for an OID that is no role.
    #[must_use]
    pub fn role_name(&self, oid: u32) -> Option<&str> {
        let configured = self.roles.iter().find(|role| role.oid == oid).map(|role| role.name.as_str());
        configured.or_else(|| statics::roles().name(oid))
    }

    /// A role's OID by name.
    #[must_use]
    pub fn role_oid(&self, name: &str) -> Option<u32> {
        let configured = self.roles.iter().find(|role| role.name == name).map(|role| role.oid);
        configured.or_else(|| statics::roles().oid_of(name))
    }

    /// Whether a role is a superuser.
    #[must_use]
    pub fn is_superuser(&self, oid: u32) -> bool {
        match self.roles.iter().find(|role| role.oid == oid) {
            Some(role) => role.superuser,
            None => oid == BOOTSTRAP_ROLE,
        }
    }

    /// The owner's name.
    #[must_use]
    pub fn owner_name(&self) -> &str {
        self.role_name(self.owner).unwrap_or("postgres")
    }

    fn place(&self, schema: &str, name: &str) -> Option<usize> {
        match self.names.get(schema)?.get(name)? {
            Object::Table(place) => Some(*place),
            _ => None,
        }
    }

    fn add(&mut self, schema_oid: u32, relation: &Arc<Relation>, allocator: &mut Allocator) {
        let (schema, name) = (relation.schema.as_str(), relation.name.as_str());
        let is_table = matches!(relation.kind, RelationKind::Table | RelationKind::Sequence);
        let defaults = relation.table().map_or(&[][..], |spec| spec.defaults.as_slice());
        let fields = relation.schema();
        let default_oid = |(field, default): (&FieldRef, &Option<ast::Expr>)| {
            default.as_ref()?;
            Some((schema, format!("{name}.{}", field.name())))
        };
        let named: Vec<_> = fields.fields().iter().zip(defaults).map(default_oid).collect();
        let defaults = named.into_iter().map(|named| named.map(|(s, n)| allocator.one(Kind::Default, s, &n))).collect();
        let table = Table {
            schema_oid,
            row_type: allocator.one(Kind::RowType, schema, name),
            array_type: allocator.one(Kind::ArrayType, schema, name),
            rule: if is_table { 0 } else { allocator.one(Kind::Rule, schema, name) },
            schema: relation.described(),
            keys: Vec::new(),
            defaults,
            relation: Arc::clone(relation),
        };
        let place = self.tables.len();
        self.objects.insert(table.oid(), Object::Table(place));
        self.objects.insert(table.row_type, Object::RowType(place));
        self.objects.insert(table.array_type, Object::ArrayType(place));
        if table.rule != 0 {
            self.objects.insert(table.rule, Object::Rule(place));
        }
        self.names.entry(schema.to_owned()).or_default().insert(name.to_owned(), Object::Table(place));
        self.tables.push(table);
    }

    /// Keys after all tables are known: foreign keys point at others' indexes.
    fn add_keys(&mut self, snapshot: &Snapshot, allocator: &mut Allocator) {
        let mut foreign = Vec::new();
        for place in 0..self.tables.len() {
            for constraint in declared(snapshot, &self.tables[place]) {
                if matches!(constraint.kind, ConstraintKind::ForeignKey { .. }) {
                    foreign.push((place, constraint));
                } else {
                    self.add_key(place, &constraint, None, allocator);
                }
            }
        }
        for (place, constraint) in foreign {
            let ConstraintKind::ForeignKey { schema, table, referenced } = &constraint.kind else { continue };
            let Some(target) = self.place(schema, table) else { continue };
            let columns: Option<Vec<_>> = referenced.iter().map(|name| self.tables[target].attnum(name)).collect();
            if let Some(columns) = columns {
                self.add_key(place, &constraint, Some((target, columns)), allocator);
            }
        }
    }

    /// Adds one key; one that names unknown columns is not there.
    fn add_key(
        &mut self,
        place: usize,
        constraint: &Constraint,
        references: Option<(usize, Vec<i16>)>,
        allocator: &mut Allocator,
    ) {
        let table = &self.tables[place];
        let columns: Option<Vec<_>> = constraint.columns.iter().map(|name| table.attnum(name)).collect();
        let Some(columns) = columns else { return };
        let name = constraint.name_on(table.name());
        let schema = table.relation.schema.as_str();
        let oid = allocator.one(Kind::Constraint, schema, &format!("{}.{name}", table.name()));
        let number = table.keys.len();
        let index = match &references {
            None => allocator.one(Kind::Index, schema, &name),
            Some((target, columns)) => {
                let mut keys = self.tables[*target].keys.iter();
                keys.find(|key| key.has_index() && key.columns == *columns).map_or(0, |key| key.index)
            }
        };
        if references.is_none() {
            self.objects.insert(index, Object::Index(place, number));
            let names = self.names.entry(schema.to_owned()).or_default();
            names.entry(name.clone()).or_insert(Object::Index(place, number));
        }
        self.objects.insert(oid, Object::Constraint(place, number));
        let key = Key { oid, name, kind: constraint.kind.clone(), columns, index, references };
        self.tables[place].keys.push(key);
    }
}

/// The role that owns what is in the database.
fn owner(roles: &[Role]) -> u32 {
    roles.iter().find(|role| role.owner).map_or(BOOTSTRAP_ROLE, |role| role.oid)
}

/// A table's declared keys, or those its provider knows of.
fn declared(snapshot: &Snapshot, table: &Table) -> Vec<Constraint> {
    let declared = snapshot.constraints(&table.relation.schema, table.name());
    if !declared.is_empty() {
        return declared.to_vec();
    }
    let Some(known) = table.relation.provider.constraints() else { return Vec::new() };
    let names = |indices: &[usize]| {
        indices.iter().filter_map(|&i| table.schema.fields().get(i)).map(|field| field.name().clone()).collect()
    };
    let constraint = |known: &PlanConstraint| match known {
        PlanConstraint::PrimaryKey(columns) => {
            Constraint { name: None, kind: ConstraintKind::PrimaryKey, columns: names(columns) }
        }
        PlanConstraint::Unique(columns) => {
            Constraint { name: None, kind: ConstraintKind::Unique, columns: names(columns) }
        }
    };
    known.iter().map(constraint).collect()
}
