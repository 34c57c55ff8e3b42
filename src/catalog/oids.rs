//! Object identifiers: the same name gets the same OID on every server and after every restart.
//!
//! An OID is a hash of what the object is and what it is called, in `16384..2^31` (below lie PostgreSQL's own). Two
//! names that hash alike are told apart by probing in the order of their names, so the result depends on the set of
//! names alone, and an object keeps its OID while others come and go unless it was one of such a pair.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sha2::{Digest, Sha256};

/// The schema `public`.
pub const PUBLIC_SCHEMA: u32 = 2200;
/// The schema `pg_catalog`.
pub const PG_CATALOG_SCHEMA: u32 = 11;
/// The bootstrap superuser, owner of the system objects.
pub const BOOTSTRAP_ROLE: u32 = 10;

/// Its name.
pub const BOOTSTRAP_NAME: &str = "postgres";
/// The one database.
pub const DATABASE: u32 = 16384;
/// The first OID that is not PostgreSQL's own; [`DATABASE`] has it.
const FIRST: u32 = 16384;
/// One above the last OID given out: values stay positive as `integer`.
const END: u32 = 1 << 31;

/// What an OID is for. Objects of different kinds may have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A schema; its name alone.
    Schema,
    /// A table, view or materialized view.
    Relation,
    /// A relation's row type.
    RowType,
    /// The array type of a row type.
    ArrayType,
    /// An index that stands for a key.
    Index,
    /// A constraint.
    Constraint,
    /// A view's `_RETURN` rule.
    Rule,
    /// A column's default.
    Default,
    /// A role; its name alone.
    Role,
}

impl Kind {
    fn tag(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Relation => "relation",
            Self::RowType => "row type",
            Self::ArrayType => "array type",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Rule => "rule",
            Self::Default => "default",
            Self::Role => "role",
        }
    }
}

/// The OIDs already given out in one catalog.
#[derive(Clone, Debug, Default)]
pub struct Allocator {
    taken: HashSet<u32>,
}

impl Allocator {
    /// An allocator that has given out nothing but the fixed OIDs.
    #[must_use]
    pub fn new() -> Self {
        Self { taken: HashSet::from([DATABASE]) }
    }

    /// Keeps an OID from being given out.
    pub fn reserve(&mut self, oid: u32) {
        self.taken.insert(oid);
    }

    /// The OID of one object. Objects must be asked for in the order of their names (see [`assign`]).
    ///
    /// [`assign`]: Self::assign
    pub fn one(&mut self, kind: Kind, schema: &str, name: &str) -> u32 {
        let mut oid = hashed(kind, schema, name);
        while !self.taken.insert(oid) {
            oid = if oid + 1 == END { FIRST } else { oid + 1 };
        }
        oid
    }

    /// The OIDs of objects of one kind, in the order of `names` (schema, name); that order does not influence them.
    #[must_use]
    pub fn assign<S: AsRef<str>>(&mut self, kind: Kind, names: &[(S, S)]) -> Vec<u32> {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&i| (names[i].0.as_ref(), names[i].1.as_ref()));
        let mut oids = vec![0; names.len()];
        for i in order {
            oids[i] = self.one(kind, names[i].0.as_ref(), names[i].1.as_ref());
        }
        oids
    }
}

/// The OIDs of what a snapshot names.
#[derive(Clone, Debug, Default)]
pub struct CatalogOids {
    /// Of schemas, by name.
    pub schemas: BTreeMap<String, u32>,
    /// Of relations, by schema and name.
    pub relations: BTreeMap<(String, String), u32>,
    /// Of roles, by name.
    pub roles: BTreeMap<String, u32>,
}

impl CatalogOids {
    /// The OIDs for a set of names; the order in which they are given does not influence them.
    #[must_use]
    pub fn assign<'a>(
        schemas: impl IntoIterator<Item = &'a str>,
        relations: impl IntoIterator<Item = (&'a str, &'a str)>,
        roles: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (mut oids, mut allocator) = (Self::default(), Allocator::new());
        for name in BTreeSet::from_iter(schemas) {
            oids.schemas.insert(name.to_owned(), schema_oid(&mut allocator, name));
        }
        for (schema, name) in BTreeSet::from_iter(relations) {
            let oid = allocator.one(Kind::Relation, schema, name);
            oids.relations.insert((schema.to_owned(), name.to_owned()), oid);
        }
        for name in BTreeSet::from_iter(roles) {
            oids.roles.insert(name.to_owned(), role_oid(&mut allocator, name));
        }
        oids
    }
}

/// The OID of a role; `postgres` is the bootstrap superuser.
#[must_use]
pub fn role_oid(allocator: &mut Allocator, name: &str) -> u32 {
    if name == BOOTSTRAP_NAME { BOOTSTRAP_ROLE } else { allocator.one(Kind::Role, "", name) }
}

/// The OID of a schema; `public` and the system schemas have PostgreSQL's.
#[must_use]
pub fn schema_oid(allocator: &mut Allocator, name: &str) -> u32 {
    match name {
        "public" => PUBLIC_SCHEMA,
        "pg_catalog" => PG_CATALOG_SCHEMA,
        _ => allocator.one(Kind::Schema, "", name),
    }
}

fn hashed(kind: Kind, schema: &str, name: &str) -> u32 {
    let mut hash = Sha256::new();
    for part in [kind.tag(), schema, name] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let word =
        u64::from_be_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]]);
    let offset = word % u64::from(END - FIRST);
    FIRST + u32::try_from(offset).expect("the remainder is below 2^31")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<(String, String)> {
        (0..count).map(|i| (format!("s{}", i % 7), format!("table_{i}"))).collect()
    }

    #[test]
    fn two_thousand_tables_have_different_oids_that_do_not_depend_on_order() {
        let names = names(2_000);
        let mut oids = Allocator::new().assign(Kind::Relation, &names);
        let mut reversed: Vec<_> = names.iter().rev().cloned().collect();
        let mut again = Allocator::new().assign(Kind::Relation, &reversed);
        again.reverse();
        assert_eq!(oids, again);
        reversed.truncate(1_000);
        let fewer = Allocator::new().assign(Kind::Relation, &reversed);
        assert_eq!(fewer, again.iter().rev().take(1_000).copied().collect::<Vec<_>>());
        oids.sort_unstable();
        oids.dedup();
        assert_eq!(oids.len(), 2_000);
        assert!(oids.iter().all(|oid| (FIRST..END).contains(oid)));
    }

    #[test]
    fn an_oid_is_the_same_for_ever() {
        // These numbers are what clients may have stored: they must never change.
        let mut allocator = Allocator::new();
        assert_eq!(allocator.one(Kind::Relation, "public", "orders"), hashed(Kind::Relation, "public", "orders"));
        assert_ne!(allocator.one(Kind::RowType, "public", "orders"), hashed(Kind::Relation, "public", "orders"));
    }

    #[test]
    fn a_taken_oid_is_passed_over() {
        let mut allocator = Allocator::new();
        let wanted = hashed(Kind::Relation, "public", "a");
        allocator.reserve(wanted);
        assert_eq!(allocator.one(Kind::Relation, "public", "a"), wanted + 1);
    }
}
