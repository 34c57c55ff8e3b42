//! `tables`, `views`, `schemata`, `information_schema_catalog_name`.

use super::{relations, yes};
use crate::catalog::RelationKind;
use crate::catalog::oids::PUBLIC_SCHEMA;
use crate::catalog::pg_catalog::definitions;
use crate::catalog::pg_catalog::rows::{NULL, Rows, row};
use crate::catalog::pg_catalog::source::Source;

/// The database's name.
pub fn catalog_name(source: &Source, rows: &mut Rows) {
    rows.push(row![&source.database]);
}

/// Schemas; `public` is among the static rows.
pub fn schemata(source: &Source, rows: &mut Rows) {
    for (name, _) in source.schemas.iter().filter(|(_, oid)| **oid != PUBLIC_SCHEMA) {
        rows.push(row![&source.database, name, source.owner_name(), NULL, NULL, NULL, NULL]);
    }
}

/// Tables and views.
pub fn tables(source: &Source, rows: &mut Rows) {
    for table in relations(source) {
        let base = table.relation.kind == RelationKind::Table;
        let temporary = table.relation.is_temporary();
        rows.push(row![
            &source.database,
            &table.relation.schema,
            table.name(),
            match (base, temporary) {
                (_, true) => "LOCAL TEMPORARY",
                (true, false) => "BASE TABLE",
                (false, _) => "VIEW",
            },
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            yes(base), // is_insertable_into
            "NO",      // is_typed
            temporary.then_some("PRESERVE"),
        ]);
    }
}

/// Views.
pub fn views(source: &Source, rows: &mut Rows) {
    for table in relations(source).filter(|table| table.relation.kind == RelationKind::View) {
        rows.push(row![
            &source.database,
            &table.relation.schema,
            table.name(),
            definitions::view(table),
            "NONE", // check_option
            "NO",   // is_updatable
            "NO",   // is_insertable_into
            "NO",   // is_trigger_updatable
            "NO",   // is_trigger_deletable
            "NO",   // is_trigger_insertable_into
        ]);
    }
}
