//! The views of the SQL standard: the rows that user relations add to them.
//!
//! The rows of system objects are static (`pg_catalog::data`). Materialized views are no part of the standard and of
//! no view here, as in PostgreSQL. Users' relations are shown to every role, since every role may read them.

mod columns;
mod constraints;
mod privileges;
mod tables;

use super::pg_catalog::Fill;
use super::pg_catalog::source::{Source, Table};
use super::{RelationKind, pg_catalog::source::Key};

/// Where the rows of a view come from, apart from the static ones.
pub fn fill(name: &str) -> Fill {
    match name {
        "check_constraints" => Fill::Fixed(constraints::check_constraints),
        "column_privileges" | "role_column_grants" => Fill::Fixed(privileges::column_privileges),
        "column_udt_usage" => Fill::Fixed(columns::column_udt_usage),
        "columns" => Fill::Fixed(columns::columns),
        "constraint_column_usage" => Fill::Fixed(constraints::constraint_column_usage),
        "constraint_table_usage" => Fill::Fixed(constraints::constraint_table_usage),
        "data_type_privileges" => Fill::Fixed(columns::data_type_privileges),
        "element_types" => Fill::Fixed(columns::element_types),
        "enabled_roles" => Fill::Live(privileges::enabled_roles),
        "information_schema_catalog_name" => Fill::Fixed(tables::catalog_name),
        "key_column_usage" => Fill::Fixed(constraints::key_column_usage),
        "referential_constraints" => Fill::Fixed(constraints::referential_constraints),
        "role_table_grants" | "table_privileges" => Fill::Fixed(privileges::table_privileges),
        "sequences" => Fill::Fixed(super::pg_catalog::relations::sequences),
        "schemata" => Fill::Fixed(tables::schemata),
        "table_constraints" => Fill::Fixed(constraints::table_constraints),
        "tables" => Fill::Fixed(tables::tables),
        "views" => Fill::Fixed(tables::views),
        _ => Fill::Nothing,
    }
}

/// The relations that the standard knows.
fn relations(source: &Source) -> impl Iterator<Item = &Table> {
    let known = |kind| !matches!(kind, RelationKind::MaterializedView | RelationKind::Sequence);
    source.tables.iter().filter(move |table| known(table.relation.kind))
}

/// `YES` or `NO`.
fn yes(value: bool) -> &'static str {
    if value { "YES" } else { "NO" }
}

/// The name of the constraint that a NOT NULL column counts as.
fn not_null_name(table: &Table, attnum: i16) -> String {
    format!("{}_{}_{attnum}_not_null", table.schema_oid, table.oid())
}

/// The key that a foreign key points at, and its table.
fn referenced_key<'a>(source: &'a Source, key: &Key) -> Option<(&'a Table, &'a Key)> {
    key.references.as_ref()?;
    source.key(key.index)
}
