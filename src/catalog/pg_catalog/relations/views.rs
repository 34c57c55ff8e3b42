//! `pg_tables`, `pg_views`, `pg_matviews`, `pg_indexes`: user relations by name.

use crate::catalog::RelationKind;
use crate::catalog::pg_catalog::definitions;
use crate::catalog::pg_catalog::rows::{NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Key, Source, Table};

fn of_kind(source: &Source, kind: RelationKind) -> impl Iterator<Item = &Table> {
    source.tables.iter().filter(move |table| table.relation.kind == kind)
}

/// Tables.
pub fn pg_tables(source: &Source, rows: &mut Rows) {
    let linked = source.linked();
    for table in of_kind(source, RelationKind::Table) {
        let triggers = linked.contains(&table.oid());
        let indexes = table.keys.iter().any(Key::has_index);
        let schema = &table.relation.schema;
        rows.push(row![schema, table.name(), source.owner_name(), NULL, indexes, false, triggers, false]);
    }
}

/// Views.
pub fn pg_views(source: &Source, rows: &mut Rows) {
    for table in of_kind(source, RelationKind::View) {
        let definition = definitions::view(table);
        rows.push(row![&table.relation.schema, table.name(), source.owner_name(), definition]);
    }
}

/// Materialized views.
pub fn pg_matviews(source: &Source, rows: &mut Rows) {
    for table in of_kind(source, RelationKind::MaterializedView) {
        let definition = definitions::view(table);
        rows.push(row![&table.relation.schema, table.name(), source.owner_name(), NULL, false, true, definition]);
    }
}

/// The indexes of keys.
pub fn pg_indexes(source: &Source, rows: &mut Rows) {
    for (table, key) in source.keys().filter(|(_, key)| key.has_index()) {
        let definition = definitions::index(table, key, true);
        rows.push(row![&table.relation.schema, table.name(), &key.name, NULL, definition]);
    }
}
