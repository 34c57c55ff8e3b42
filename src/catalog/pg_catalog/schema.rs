//! The columns of every system relation, as PostgreSQL 17 has them, and the Arrow types that stand for theirs.
//!
//! | PostgreSQL | Arrow |
//! |---|---|
//! | `oid`, `xid`, `cid`, every `reg*` | `UInt32` (the OID; the session prints `reg*` by name) |
//! | `name`, `text`, `varchar`, `"char"`, `pg_node_tree`, `inet`, `pg_lsn`, `anyarray` | `Utf8` |
//! | `int2vector`, `oidvector`, arrays | `List` |
//! | `timestamptz` | `Timestamp(Microsecond, "UTC")` |
//!
//! A field's metadata says which PostgreSQL type it is; a domain is shown as its base type.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};

use super::data;
use crate::types::{PG_TYPE_KEY, PG_TYPMOD_KEY};

/// A system relation: where it is and what its rows look like.
#[derive(Debug)]
pub struct Definition {
    /// `pg_catalog` or `information_schema`.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it is a view (`relkind` v) rather than a table.
    pub view: bool,
    /// Its columns.
    pub columns: SchemaRef,
}

/// Every system relation, by schema and name.
pub fn definitions() -> &'static BTreeMap<(&'static str, &'static str), Definition> {
    static DEFINITIONS: OnceLock<BTreeMap<(&str, &str), Definition>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let mut fields: BTreeMap<(&str, &str), (bool, Vec<Field>)> = BTreeMap::new();
        for line in data::columns().lines() {
            let mut words = line.split('\t');
            let mut word = || words.next().unwrap_or_default();
            let (schema, relation, kind, column) = (word(), word(), word(), word());
            let (oid, typmod, not_null) = (word().parse().unwrap_or(0), word().parse().unwrap_or(-1), word() == "t");
            let entry = fields.entry((schema, relation)).or_insert_with(|| (kind == "v", Vec::new()));
            entry.1.push(field(column, oid, typmod, !not_null));
        }
        let define = |((schema, name), (view, columns))| {
            ((schema, name), Definition { schema, name, view, columns: Arc::new(Schema::new(columns)) })
        };
        fields.into_iter().map(define).collect()
    })
}

/// A field of a PostgreSQL type, with the metadata that says so.
#[must_use]
pub fn field(name: &str, oid: u32, typmod: i32, nullable: bool) -> Field {
    let mut metadata = HashMap::from([(PG_TYPE_KEY.to_owned(), oid.to_string())]);
    if typmod != -1 {
        metadata.insert(PG_TYPMOD_KEY.to_owned(), typmod.to_string());
    }
    Field::new(name, arrow_type(oid), nullable).with_metadata(metadata)
}

/// The Arrow type that stands for a PostgreSQL type in the system relations.
#[must_use]
pub fn arrow_type(oid: u32) -> DataType {
    match oid {
        16 => DataType::Boolean,
        17 => DataType::Binary,
        20 | 5069 => DataType::Int64,
        21 => DataType::Int16,
        23 => DataType::Int32,
        // oid, xid, cid, regproc, regprocedure, regoper, regoperator, regclass, regtype, regrole, regnamespace,
        // regcollation, regconfig, regdictionary
        26 | 28 | 29 | 24 | 2202..=2206 | 4096 | 4089 | 4191 | 3734 | 3769 => DataType::UInt32,
        700 => DataType::Float32,
        701 => DataType::Float64,
        1184 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        1186 => DataType::Interval(IntervalUnit::MonthDayNano),
        1700 => DataType::Decimal128(38, 0),
        _ => match element_type(oid) {
            Some(element) => DataType::List(Arc::new(field("item", element, -1, true))),
            None => DataType::Utf8,
        },
    }
}

/// The element type of the array and vector types that system relations have.
fn element_type(oid: u32) -> Option<u32> {
    Some(match oid {
        22 | 1005 => 21,
        30 | 1028 => 26,
        1000 => 16,
        1002 => 18,
        1003 => 19,
        1007 => 23,
        1009 => 25,
        1011 => 28,
        1021 => 700,
        1022 => 701,
        1034 => 1033,
        1008 => 24,
        2207..=2211 => oid - 5,
        4090 | 4097 | 4192 | 3735 | 3770 => oid - 1,
        10028 => 10029,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_of_postgresql_17_is_there() {
        let count = |schema| definitions().keys().filter(|key| key.0 == schema).count();
        assert_eq!(count("pg_catalog"), 142);
        assert_eq!(count("information_schema"), 69);
        let class = &definitions()[&("pg_catalog", "pg_class")];
        assert_eq!(class.columns.fields().len(), 33);
        assert_eq!(class.columns.field(0).name(), "oid");
        assert_eq!(class.columns.field(0).data_type(), &DataType::UInt32);
        assert_eq!(class.columns.field(0).metadata()[PG_TYPE_KEY], "26");
    }
}
