//! `columns`, `element_types`, `column_udt_usage`, `data_type_privileges`.

use super::{relations, yes};
use crate::catalog::RelationKind;
use crate::catalog::functions::system::{
    character_length, datetime_precision, numeric_precision, numeric_radix, numeric_scale, octet_length,
};
use crate::catalog::pg_catalog::definitions;
use crate::catalog::pg_catalog::reg::builtin_type_name;
use crate::catalog::pg_catalog::rows::{Cell, NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Source, Table};
use crate::catalog::pg_catalog::statics::{self, TypeRow};
use crate::catalog::temp::{ColumnKind, SequenceSpec};

/// The collation every text column has unless it says otherwise.
const DEFAULT_COLLATION: u32 = 100;

/// What the standard calls a type.
fn data_type(oid: u32, row: Option<&TypeRow>) -> String {
    match row {
        Some(row) if row.is_array => "ARRAY".to_owned(),
        Some(_) => builtin_type_name(oid),
        None => "USER-DEFINED".to_owned(),
    }
}

/// A collation's name, if it is not the default one.
fn collation(row: Option<&TypeRow>) -> Option<&'static str> {
    let oid = row?.collation;
    if matches!(oid, 0 | DEFAULT_COLLATION) { None } else { statics::collations().name(oid) }
}

fn kind_of(table: &Table, attnum: i16) -> ColumnKind {
    let place = usize::from(attnum.unsigned_abs()) - 1;
    table.relation.table().map(|spec| spec.kind(place)).unwrap_or_default()
}

/// The default of a column of a kind; of a generated one what it is computed by.
fn expression(table: &Table, attnum: i16, kind: ColumnKind) -> Option<&str> {
    let place = usize::from(attnum.unsigned_abs()) - 1;
    definitions::default(table, place).filter(|_| kind_of(table, attnum) == kind)
}

/// How an identity column is generated, and its sequence.
fn identity<'a>(
    source: &'a Source,
    table: &Table,
    column: &str,
    kind: ColumnKind,
) -> Option<(&'static str, &'a SequenceSpec)> {
    let generation = match kind {
        ColumnKind::Identity => "BY DEFAULT",
        ColumnKind::AlwaysIdentity => "ALWAYS",
        _ => return None,
    };
    let specs = source.tables.iter().filter_map(|table| table.relation.sequence()).map(|sequence| &sequence.spec);
    let owns = |spec: &&SequenceSpec| {
        spec.owner.as_ref().is_some_and(|owner| owner.table == table.oid() && owner.column == column)
    };
    specs.into_iter().find(owns).map(|spec| (generation, spec))
}

/// One row per column.
pub fn columns(source: &Source, rows: &mut Rows) {
    for table in relations(source) {
        let base = table.relation.kind == RelationKind::Table;
        for column in table.columns() {
            let (oid, typmod) = (column.pg_type.oid, column.pg_type.typmod);
            let row = statics::types().get(&oid);
            let collation = collation(row);
            let kind = kind_of(table, column.attnum);
            let identity = identity(source, table, column.name(), kind);
            let in_catalog = |name: Option<&'static str>| name.map(|_| source.database.as_str());
            rows.push(row![
                &source.database,
                &table.relation.schema,
                table.name(),
                column.name(),
                i32::from(column.attnum),
                expression(table, column.attnum, ColumnKind::Plain),
                yes(!(column.not_null() && base)),
                data_type(oid, row),
                character_length(oid, typmod),
                octet_length(oid, typmod),
                numeric_precision(oid, typmod),
                numeric_radix(oid),
                numeric_scale(oid, typmod),
                datetime_precision(oid, typmod),
                NULL, // interval_type
                NULL, // interval_precision
                NULL, // character_set_catalog
                NULL,
                NULL,
                in_catalog(collation),
                collation.map(|_| "pg_catalog"),
                collation,
                NULL, // domain_catalog
                NULL,
                NULL,
                &source.database,
                row.and_then(|row| statics::namespaces().name(row.namespace)),
                row.map(|row| row.name.as_str()),
                NULL, // scope_catalog
                NULL,
                NULL,
                NULL, // maximum_cardinality
                column.attnum.to_string(),
                "NO", // is_self_referencing
                yes(identity.is_some()),
                identity.map(|(generation, _)| generation),
                identity.map(|(_, spec)| spec.start.to_string()),
                identity.map(|(_, spec)| spec.increment.to_string()),
                identity.map(|(_, spec)| spec.max.to_string()),
                identity.map(|(_, spec)| spec.min.to_string()),
                yes(identity.is_some_and(|(_, spec)| spec.cycle)),
                if kind == ColumnKind::Generated { "ALWAYS" } else { "NEVER" },
                expression(table, column.attnum, ColumnKind::Generated),
                yes(base), // is_updatable
            ]);
        }
    }
}

/// One row per column of an array type.
pub fn element_types(source: &Source, rows: &mut Rows) {
    for table in relations(source) {
        for column in table.columns() {
            let row = statics::types().get(&column.pg_type.oid).filter(|row| row.is_array);
            let Some(element) = row.and_then(|row| statics::types().get(&row.element)) else { continue };
            let collation = collation(Some(element));
            rows.push(row![
                &source.database,
                &table.relation.schema,
                table.name(),
                "TABLE",
                column.attnum.to_string(),
                data_type(element.oid, Some(element)),
                Cell::Null, // character_maximum_length
                NULL,
                NULL, // character_set_catalog
                NULL,
                NULL,
                collation.map(|_| source.database.as_str()),
                collation.map(|_| "pg_catalog"),
                collation,
                NULL, // numeric_precision
                NULL,
                NULL,
                NULL, // datetime_precision
                NULL,
                NULL,
                &source.database,
                statics::namespaces().name(element.namespace),
                &element.name,
                NULL, // scope_catalog
                NULL,
                NULL,
                NULL, // maximum_cardinality
                format!("a{}", column.attnum),
            ]);
        }
    }
}

/// The types that columns are of.
pub fn column_udt_usage(source: &Source, rows: &mut Rows) {
    for table in relations(source) {
        for column in table.columns() {
            let row = statics::types().get(&column.pg_type.oid);
            rows.push(row![
                &source.database,
                row.and_then(|row| statics::namespaces().name(row.namespace)),
                row.map(|row| row.name.as_str()),
                &source.database,
                &table.relation.schema,
                table.name(),
                column.name(),
            ]);
        }
    }
}

/// The descriptors of columns and of the elements of arrays.
pub fn data_type_privileges(source: &Source, rows: &mut Rows) {
    for table in relations(source) {
        for column in table.columns() {
            let array = statics::types().get(&column.pg_type.oid).is_some_and(|row| row.is_array);
            let place = [&source.database, &table.relation.schema];
            let (name, kind) = (table.name(), "TABLE");
            rows.push(row![place[0], place[1], name, kind, column.attnum.to_string()]);
            if array {
                rows.push(row![place[0], place[1], name, kind, format!("a{}", column.attnum)]);
            }
        }
    }
}
