//! Declared keys: `pg_index`, `pg_constraint`, and their part of `pg_depend`.

use crate::catalog::constraint::ConstraintKind;
use crate::catalog::pg_catalog::rows::{Cell, NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Key, Source, Table};
use crate::catalog::pg_catalog::statics;

/// One row per key that an index stands for.
pub fn pg_index(source: &Source, rows: &mut Rows) {
    for (table, key) in source.keys().filter(|(_, key)| key.has_index()) {
        let natts = i16::try_from(key.columns.len()).unwrap_or(i16::MAX);
        let types: Vec<u32> = key.columns.iter().map(|&n| table.column(n).map_or(0, |c| c.pg_type.oid)).collect();
        let collations: Vec<u32> =
            types.iter().map(|oid| statics::types().get(oid).map_or(0, |row| row.collation)).collect();
        let classes: Vec<u32> = types.iter().map(|&oid| statics::btree_class(oid).map_or(0, |c| c.0)).collect();
        let primary = key.kind == ConstraintKind::PrimaryKey;
        rows.push(row![
            key.index,
            table.oid(),
            natts,
            natts,
            true,  // indisunique
            false, // indnullsnotdistinct
            primary,
            false, // indisexclusion
            true,  // indimmediate
            false, // indisclustered
            true,  // indisvalid
            false, // indcheckxmin
            true,  // indisready
            true,  // indislive
            false, // indisreplident
            key.columns.clone(),
            collations,
            classes,
            vec![0i16; key.columns.len()],
            NULL,
            NULL,
        ]);
    }
}

/// One row per key.
pub fn pg_constraint(source: &Source, rows: &mut Rows) {
    for (table, key) in source.keys() {
        let contype = match key.kind {
            ConstraintKind::PrimaryKey => "p",
            ConstraintKind::Unique => "u",
            ConstraintKind::ForeignKey { .. } => "f",
        };
        let foreign = key.references.as_ref().map(|(target, columns)| (&source.tables[*target], columns));
        let action = |action: &'static str| if foreign.is_some() { action } else { " " };
        let operators = |equal: fn(u32, u32) -> Option<u32>| {
            foreign.map(|(target, columns)| equalities(table, key, target, columns, equal))
        };
        rows.push(row![
            key.oid,
            &key.name,
            table.schema_oid,
            contype,
            false, // condeferrable
            false, // condeferred
            true,  // convalidated
            table.oid(),
            0, // contypid
            key.index,
            0, // conparentid
            foreign.map_or(0, |(target, _)| target.oid()),
            action("a"),
            action("a"),
            action("s"),
            true, // conislocal
            0i16, // coninhcount
            true, // connoinherit
            key.columns.clone(),
            foreign.map(|(_, columns)| columns.clone()),
            operators(|primary, foreign| statics::operator("=", primary, foreign)),
            operators(|primary, _| statics::operator("=", primary, primary)),
            operators(|_, foreign| statics::operator("=", foreign, foreign)),
            NULL, // confdelsetcols
            NULL, // conexclop
            NULL, // conbin
        ]);
    }
}

/// The operators by which a foreign key's columns are compared; types that share an operator class count as its type.
fn equalities(
    table: &Table,
    key: &Key,
    target: &Table,
    columns: &[i16],
    equal: fn(u32, u32) -> Option<u32>,
) -> Vec<Cell<'static>> {
    let class_type = |table: &Table, attnum| {
        let oid = table.column(attnum).map_or(0, |column| column.pg_type.oid);
        statics::btree_class(oid).map_or(oid, |class| class.1)
    };
    let pairs = columns.iter().zip(&key.columns);
    pairs
        .map(|(&primary, &foreign)| Cell::from(equal(class_type(target, primary), class_type(table, foreign))))
        .collect()
}

/// Keys hang on their columns, indexes on their keys, views' rules on their views.
pub fn pg_depend(source: &Source, rows: &mut Rows) {
    const CLASS: u32 = 1259;
    const CONSTRAINT: u32 = 2606;
    const REWRITE: u32 = 2618;
    for (table, key) in source.keys() {
        for &attnum in &key.columns {
            rows.push(row![CONSTRAINT, key.oid, 0, CLASS, table.oid(), i32::from(attnum), "a"]);
        }
        if key.has_index() {
            rows.push(row![CLASS, key.index, 0, CONSTRAINT, key.oid, 0, "i"]);
        } else if let Some((target, columns)) = &key.references {
            for &attnum in columns {
                let target = source.tables[*target].oid();
                rows.push(row![CONSTRAINT, key.oid, 0, CLASS, target, i32::from(attnum), "n"]);
            }
            rows.push(row![CONSTRAINT, key.oid, 0, CLASS, key.index, 0, "n"]);
        }
    }
    for table in source.tables.iter().filter(|table| table.rule != 0) {
        rows.push(row![REWRITE, table.rule, 0, CLASS, table.oid(), 0, "i"]);
        for &read in table.relation.view().iter().flat_map(|view| &view.reads) {
            rows.push(row![REWRITE, table.rule, 0, CLASS, read, 0, "n"]);
        }
    }
}
