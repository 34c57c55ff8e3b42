//! Relations and what hangs on them: `pg_class`, `pg_attribute`, `pg_type`, `pg_rewrite`, `pg_description`.

use crate::catalog::pg_catalog::rows::{NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Key, Source, Table};
use crate::catalog::pg_catalog::statics;
use crate::catalog::temp::ColumnKind;

/// Bytes of a page, the unit of `relpages`.
pub const PAGE_BYTES: u64 = 8192;
/// `pg_class` as a class of objects.
const CLASS: u32 = 1259;
/// The first transaction of all: the one every row is from.
pub const FIRST_XID: u32 = 3;

/// One row per relation and per index of a key.
pub fn pg_class(source: &Source, rows: &mut Rows) {
    let heap = statics::access_methods().oid_of("heap");
    let btree = statics::access_methods().oid_of("btree");
    let linked = source.linked();
    for table in &source.tables {
        class_of_table(source, table, (heap, linked.contains(&table.oid())), rows);
        for key in table.keys.iter().filter(|key| key.has_index()) {
            class_of_index(source, table, key, btree, rows);
        }
    }
}

fn class_of_table(source: &Source, table: &Table, (heap, linked): (Option<u32>, bool), rows: &mut Rows) {
    let storage = table.has_storage();
    let (count, bytes) = table.size();
    let pages = bytes.map_or(0, |bytes| i32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(i32::MAX));
    #[allow(clippy::cast_precision_loss, reason = "reltuples is a real: an estimate")]
    let tuples = count.map_or(-1.0, |count| count as f64);
    let natts = i16::try_from(table.schema.fields().len()).unwrap_or(i16::MAX);
    rows.push(row![
        table.oid(),
        table.name(),
        table.schema_oid,
        if table.is_sequence() { 0 } else { table.row_type },
        0, // reloftype
        source.owner,
        if storage && !table.is_sequence() { heap.unwrap_or(0) } else { 0 },
        if storage { table.oid() } else { 0 }, // relfilenode
        0,                                     // reltablespace
        pages,
        tuples,
        if storage { pages } else { 0 }, // relallvisible
        0,                               // reltoastrelid
        table.keys.iter().any(Key::has_index),
        false, // relisshared
        table.persistence(),
        table.relkind(),
        natts,
        i16::try_from(table.relation.table().map_or(0, |spec| spec.checks.len())).unwrap_or(i16::MAX),
        table.rule != 0, // relhasrules
        linked,          // relhastriggers
        false,           // relhassubclass
        false,           // relrowsecurity
        false,           // relforcerowsecurity
        true,            // relispopulated
        if storage { "d" } else { "n" },
        false, // relispartition
        0,     // relrewrite
        if storage { FIRST_XID } else { 0 },
        i32::from(storage), // relminmxid
        NULL,               // relacl
        NULL,               // reloptions
        NULL,               // relpartbound
    ]);
}

fn class_of_index(source: &Source, table: &Table, key: &Key, btree: Option<u32>, rows: &mut Rows) {
    let natts = i16::try_from(key.columns.len()).unwrap_or(i16::MAX);
    #[allow(clippy::cast_precision_loss, reason = "reltuples is a real: an estimate")]
    let tuples = table.size().0.map_or(-1.0, |count| count as f64);
    rows.push(row![
        key.index,
        &key.name,
        table.schema_oid,
        0, // reltype
        0, // reloftype
        source.owner,
        btree.unwrap_or(0),
        key.index, // relfilenode
        0,         // reltablespace
        0,         // relpages: the index is declared, not kept
        tuples,
        0, // relallvisible
        0, // reltoastrelid
        false,
        false,
        table.persistence(),
        "i",
        natts,
        0i16,  // relchecks
        false, // relhasrules
        false, // relhastriggers
        false, // relhassubclass
        false, // relrowsecurity
        false, // relforcerowsecurity
        true,  // relispopulated
        "n",
        false, // relispartition
        0,     // relrewrite
        0,     // relfrozenxid
        0,     // relminmxid
        NULL,  // relacl
        NULL,  // reloptions
        NULL,  // relpartbound
    ]);
}

/// One row per column, per system column of a table, and per column of an index.
pub fn pg_attribute(source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        // By number, as PostgreSQL's look-ups by its index find them.
        if table.has_storage() {
            for (name, attnum, type_oid) in SYSTEM_COLUMNS {
                attribute(rows, table.oid(), name, attnum, (type_oid, -1), (true, false, ColumnKind::Plain));
            }
        }
        for column in table.columns() {
            let not_null = column.not_null() && table.has_storage();
            let (oid, typmod) = (column.pg_type.oid, column.pg_type.typmod);
            let place = usize::from(column.attnum.unsigned_abs()) - 1;
            let kind = table.relation.table().map(|spec| spec.kind(place)).unwrap_or_default();
            // An identity column's sequence is no default.
            let has_default = table.defaults.get(place).is_some_and(Option::is_some)
                && !matches!(kind, ColumnKind::Identity | ColumnKind::AlwaysIdentity);
            let values = (not_null, has_default, kind);
            attribute(rows, table.oid(), column.name(), column.attnum, (oid, typmod), values);
        }
        for key in table.keys.iter().filter(|key| key.has_index()) {
            for (&attnum, number) in key.columns.iter().zip(1..) {
                let Some(column) = table.column(attnum) else { continue };
                let (oid, typmod) = (column.pg_type.oid, column.pg_type.typmod);
                let plain = (false, false, ColumnKind::Plain);
                attribute(rows, key.index, column.name(), number, (oid, typmod), plain);
            }
        }
    }
}

/// The columns every table has besides its own: name, number, type.
pub const SYSTEM_COLUMNS: [(&str, i16, u32); 6] =
    [("tableoid", -6, 26), ("cmax", -5, 29), ("xmax", -4, 28), ("cmin", -3, 29), ("xmin", -2, 28), ("ctid", -1, 27)];

fn attribute(
    rows: &mut Rows,
    relation: u32,
    name: &str,
    attnum: i16,
    (oid, typmod): (u32, i32),
    (not_null, has_default, kind): (bool, bool, ColumnKind),
) {
    let row = statics::types().get(&oid);
    let storage = row.map_or("x", |row| row.storage.as_str());
    rows.push(row![
        relation,
        name,
        oid,
        row.map_or(-1, |row| row.len),
        attnum,
        -1, // attcacheoff
        typmod,
        i16::from(row.is_some_and(|row| row.is_array)),
        row.is_some_and(|row| row.by_value),
        row.map_or("i", |row| row.align.as_str()),
        storage,
        "", // attcompression
        not_null,
        has_default,
        false, // atthasmissing
        match kind {
            ColumnKind::Identity => "d",
            ColumnKind::AlwaysIdentity => "a",
            _ => "",
        },
        if kind == ColumnKind::Generated { "s" } else { "" },
        false, // attisdropped
        true,  // attislocal
        0i16,  // attinhcount
        row.map_or(0, |row| row.collation),
        NULL, // attstattarget
        NULL, // attacl
        NULL, // attoptions
        NULL, // attfdwoptions
        NULL, // attmissingval
    ]);
}

/// A row type and its array type per relation.
pub fn pg_type(source: &Source, rows: &mut Rows) {
    let record = ["record_in", "record_out", "record_recv", "record_send"].map(statics::function);
    let array = ["array_in", "array_out", "array_recv", "array_send"].map(statics::function);
    let analyze = statics::function("array_typanalyze");
    let subscript = statics::function("array_subscript_handler");
    for table in source.tables.iter().filter(|table| !table.is_sequence()) {
        let row_type = NewType {
            oid: table.row_type,
            name: table.name().to_owned(),
            kind: ("c", "C"),
            relation: table.oid(),
            array: table.array_type,
            element: 0,
            subscript: 0,
            analyze: 0,
            functions: record,
        };
        push_type(source, table, &row_type, rows);
        let array_type = NewType {
            oid: table.array_type,
            name: table.array_type_name(),
            kind: ("b", "A"),
            relation: 0,
            array: 0,
            element: table.row_type,
            subscript,
            analyze,
            functions: array,
        };
        push_type(source, table, &array_type, rows);
    }
}

/// What differs between the row type and the array type of a relation.
struct NewType {
    oid: u32,
    name: String,
    /// `typtype` and `typcategory`.
    kind: (&'static str, &'static str),
    relation: u32,
    array: u32,
    element: u32,
    subscript: u32,
    analyze: u32,
    /// Input, output, receive, send.
    functions: [u32; 4],
}

fn push_type(source: &Source, table: &Table, new: &NewType, rows: &mut Rows) {
    rows.push(row![
        new.oid,
        &new.name,
        table.schema_oid,
        source.owner,
        -1i16,
        false,
        new.kind.0,
        new.kind.1,
        false, // typispreferred
        true,  // typisdefined
        ",",
        new.relation,
        new.subscript,
        new.element,
        new.array,
        new.functions[0],
        new.functions[1],
        new.functions[2],
        new.functions[3],
        0, // typmodin
        0, // typmodout
        new.analyze,
        "d",
        "x",
        false, // typnotnull
        0,     // typbasetype
        -1,    // typtypmod
        0,     // typndims
        0,     // typcollation
        NULL,  // typdefaultbin
        NULL,  // typdefault
        NULL,  // typacl
    ]);
}

/// The `_RETURN` rule of every view.
pub fn pg_rewrite(source: &Source, rows: &mut Rows) {
    for table in source.tables.iter().filter(|table| table.rule != 0) {
        rows.push(row![table.rule, "_RETURN", table.oid(), "1", "O", true, "<>", "<>"]);
    }
}

/// The comments of relations and columns.
pub fn pg_description(source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        if let Some(comment) = &table.relation.comment {
            rows.push(row![table.oid(), CLASS, 0, comment]);
        }
        for column in table.columns() {
            if let Some(comment) = column.comment() {
                rows.push(row![table.oid(), CLASS, i32::from(column.attnum), comment]);
            }
        }
    }
}
