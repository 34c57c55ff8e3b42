//! Keys and NOT NULL: `table_constraints`, `key_column_usage`, `referential_constraints`, `check_constraints`,
//! `constraint_column_usage`, `constraint_table_usage`.

use super::{not_null_name, referenced_key, relations};
use crate::catalog::constraint::ConstraintKind;
use crate::catalog::pg_catalog::definitions::quote_identifier;
use crate::catalog::pg_catalog::relations::columns_of;
use crate::catalog::pg_catalog::rows::{NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Column, Key, Source, Table};
use crate::catalog::temp::Check;

/// The NOT NULL columns of tables.
fn not_null(source: &Source) -> impl Iterator<Item = (&Table, Column<'_>)> {
    let tables = relations(source).filter(|table| table.has_storage());
    tables.flat_map(|table| table.columns().filter(Column::not_null).map(move |column| (table, column)))
}

/// The CHECK constraints of tables.
fn checks(source: &Source) -> impl Iterator<Item = (&Table, &Check)> {
    let of = |table: &Table| table.relation.table().map_or(0, |spec| spec.checks.len());
    let all = relations(source).flat_map(move |table| (0..of(table)).map(move |i| (table, i)));
    all.filter_map(|(table, i)| Some((table, table.relation.table()?.checks.get(i)?)))
}

/// Keys, and NOT NULL as the checks that the standard says they are.
pub fn table_constraints(source: &Source, rows: &mut Rows) {
    let database = source.database.as_str();
    for (table, key) in source.keys() {
        let (kind, distinct) = match key.kind {
            ConstraintKind::PrimaryKey => ("PRIMARY KEY", None),
            ConstraintKind::Unique => ("UNIQUE", Some("YES")),
            ConstraintKind::ForeignKey { .. } => ("FOREIGN KEY", None),
        };
        let schema = table.relation.schema.as_str();
        let name = table.name();
        rows.push(row![database, schema, &key.name, database, schema, name, kind, "NO", "NO", "YES", distinct]);
    }
    for (table, check) in checks(source) {
        let schema = table.relation.schema.as_str();
        let name = table.name();
        rows.push(row![database, schema, &check.name, database, schema, name, "CHECK", "NO", "NO", "YES", NULL]);
    }
    for (table, column) in not_null(source) {
        let schema = table.relation.schema.as_str();
        let constraint = not_null_name(table, column.attnum);
        let name = table.name();
        rows.push(row![database, schema, constraint, database, schema, name, "CHECK", "NO", "NO", "YES", NULL]);
    }
}

/// CHECK, and NOT NULL as one.
pub fn check_constraints(source: &Source, rows: &mut Rows) {
    for (table, check) in checks(source) {
        let clause = check.condition.shown.as_deref();
        rows.push(row![&source.database, &table.relation.schema, &check.name, clause]);
    }
    for (table, column) in not_null(source) {
        let clause = format!("{} IS NOT NULL", quote_identifier(column.name()));
        let name = not_null_name(table, column.attnum);
        rows.push(row![&source.database, &table.relation.schema, name, clause]);
    }
}

/// The columns of keys, in order.
pub fn key_column_usage(source: &Source, rows: &mut Rows) {
    let database = source.database.as_str();
    for (table, key) in source.keys() {
        let schema = table.relation.schema.as_str();
        for (&attnum, position) in key.columns.iter().zip(1i32..) {
            rows.push(row![
                database,
                schema,
                &key.name,
                database,
                schema,
                table.name(),
                table.column(attnum).map(|column| column.name()),
                position,
                position_in_unique(source, key, position),
            ]);
        }
    }
}

/// Where the column that the `position`th column of a foreign key points at stands in the key pointed at.
fn position_in_unique(source: &Source, key: &Key, position: i32) -> Option<i32> {
    let (_, columns) = key.references.as_ref()?;
    let (_, unique) = referenced_key(source, key)?;
    let wanted = columns.get(usize::try_from(position - 1).ok()?)?;
    unique.columns.iter().zip(1..).find(|(attnum, _)| *attnum == wanted).map(|(_, place)| place)
}

/// Foreign keys and the keys they point at.
pub fn referential_constraints(source: &Source, rows: &mut Rows) {
    let database = source.database.as_str();
    for (table, key) in source.keys().filter(|(_, key)| key.references.is_some()) {
        let unique = referenced_key(source, key);
        rows.push(row![
            database,
            &table.relation.schema,
            &key.name,
            unique.map(|_| database),
            unique.map(|(table, _)| &table.relation.schema),
            unique.map(|(_, unique)| &unique.name),
            "NONE",
            "NO ACTION",
            "NO ACTION",
        ]);
    }
}

/// The table and columns a key is about: of a foreign key, those it points at.
fn subject<'a>(source: &'a Source, table: &'a Table, key: &'a Key) -> (&'a Table, &'a [i16]) {
    match &key.references {
        Some((target, columns)) => (&source.tables[*target], columns),
        None => (table, &key.columns),
    }
}

/// The columns that keys use.
pub fn constraint_column_usage(source: &Source, rows: &mut Rows) {
    let database = source.database.as_str();
    for (table, key) in source.keys() {
        let (used, columns) = subject(source, table, key);
        for &attnum in columns {
            let column = used.column(attnum).map(|column| column.name());
            let (schema, name) = (&used.relation.schema, used.name());
            rows.push(row![database, schema, name, column, database, &table.relation.schema, &key.name]);
        }
    }
    for (table, check) in checks(source) {
        let (schema, name) = (&table.relation.schema, table.name());
        for attnum in columns_of(table, &check.condition.written) {
            let column = table.column(attnum).map(|column| column.name());
            rows.push(row![database, schema, name, column, database, schema, &check.name]);
        }
    }
}

/// The tables that keys use.
pub fn constraint_table_usage(source: &Source, rows: &mut Rows) {
    let database = source.database.as_str();
    for (table, key) in source.keys() {
        let (used, _) = subject(source, table, key);
        let (schema, name) = (&used.relation.schema, used.name());
        rows.push(row![database, schema, name, database, &table.relation.schema, &key.name]);
    }
}
