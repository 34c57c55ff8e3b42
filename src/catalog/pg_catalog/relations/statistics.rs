//! Statistics of tables: `pg_stats` from the providers' column statistics, and the counters of `pg_stat_*` and
//! `pg_statio_*`, of which only the row counts are kept; the others are 0.

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue};

use crate::catalog::oids::DATABASE;
use crate::catalog::pg_catalog::data;
use crate::catalog::pg_catalog::rows::{Cell, NULL, Rows, row};
use crate::catalog::pg_catalog::source::{Column, Key, Source};
use crate::catalog::pg_catalog::statics;

/// One row per column whose statistics are known.
pub fn pg_stats(source: &Source, rows: &mut Rows) {
    for table in source.tables.iter().filter(|table| table.has_storage() && !table.is_sequence()) {
        let Some(statistics) = table.relation.provider.statistics() else { continue };
        let Some(&count) = statistics.num_rows.get_value() else { continue };
        for (column, known) in table.columns().zip(&statistics.column_statistics) {
            let place = (table.relation.schema.as_str(), table.name());
            column_statistics(place, column, known, count, rows);
        }
    }
}

fn column_statistics(
    (schema, table): (&str, &str),
    column: Column<'_>,
    known: &ColumnStatistics,
    count: usize,
    rows: &mut Rows,
) {
    if matches!((&known.null_count, &known.min_value), (Precision::Absent, Precision::Absent)) {
        return;
    }
    let ratio = |part: usize| if count == 0 { 0.0 } else { as_float(part) / as_float(count) };
    let nulls = known.null_count.get_value().map_or(0.0, |&nulls| ratio(nulls));
    let row = statics::types().get(&column.pg_type.oid);
    let fixed = row.filter(|row| row.len > 0).map(|row| i32::from(row.len));
    let average = || known.byte_size.get_value().and_then(|&bytes| i32::try_from(bytes / count.max(1)).ok());
    let distinct = known.distinct_count.get_value().map_or(0.0, |&distinct| as_float(distinct));
    let (low, high) = (known.min_value.get_value().and_then(text), known.max_value.get_value().and_then(text));
    let bounds = low.zip(high).map(|(low, high)| format!("{{{},{}}}", quoted(&low), quoted(&high)));
    rows.push(row![
        schema,
        table,
        column.name(),
        false, // inherited
        nulls,
        fixed.or_else(average).unwrap_or(0),
        distinct,
        NULL, // most_common_vals
        NULL, // most_common_freqs
        bounds,
        NULL, // correlation
        NULL, // most_common_elems
        NULL, // most_common_elem_freqs
        NULL, // elem_count_histogram
        NULL, // range_length_histogram
        NULL, // range_empty_frac
        NULL, // range_bounds_histogram
    ]);
}

#[allow(clippy::cast_precision_loss, reason = "estimates")]
fn as_float(count: usize) -> f64 {
    count as f64
}

/// A bound's text, as PostgreSQL writes it in ISO style.
fn text(value: &ScalarValue) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let zone = matches!(value.data_type(), DataType::Timestamp(_, Some(_)));
    let text = value.cast_to(&DataType::Utf8).ok()?.to_string();
    match value.data_type() {
        DataType::Timestamp(..) => {
            let text = text.replacen('T', " ", 1);
            Some(if zone { text.replacen('Z', "+00", 1) } else { text })
        }
        _ => Some(text),
    }
}

/// An element of an array literal.
fn quoted(element: &str) -> String {
    let special = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',' | '"' | '\\');
    if !element.is_empty() && !element.eq_ignore_ascii_case("null") && !element.contains(special) {
        return element.to_owned();
    }
    format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The one database.
pub fn pg_stat_database(source: &Source, rows: &mut Rows) {
    let sessions = i32::try_from(source.live.activity().len()).unwrap_or(i32::MAX);
    let names = [("datid", DATABASE.into()), ("datname", (&source.database).into()), ("numbackends", sessions.into())];
    rows.push_counters(&names);
}

/// All tables.
pub fn all_tables(source: &Source, rows: &mut Rows) {
    system_tables(source, rows);
    user_tables(source, rows);
}

/// Counters that a table without indexes does not have.
const INDEX_COUNTERS: [&str; 4] = ["idx_scan", "idx_tup_fetch", "idx_blks_read", "idx_blks_hit"];
/// Counters of TOAST tables, which no table has.
const TOAST_COUNTERS: [&str; 4] = ["toast_blks_read", "toast_blks_hit", "tidx_blks_read", "tidx_blks_hit"];

/// Tables and materialized views of user schemas.
pub fn user_tables(source: &Source, rows: &mut Rows) {
    for table in source.tables.iter().filter(|table| table.has_storage() && !table.is_sequence()) {
        let count = table.size().0.and_then(|count| i64::try_from(count).ok()).unwrap_or(0);
        let mut cells = vec![
            ("relid", table.oid().into()),
            ("schemaname", (&table.relation.schema).into()),
            ("relname", table.name().into()),
            ("n_live_tup", count.into()),
        ];
        cells.extend(TOAST_COUNTERS.map(|name| (name, Cell::Null)));
        if !table.keys.iter().any(Key::has_index) {
            cells.extend(INDEX_COUNTERS.map(|name| (name, Cell::Null)));
        }
        rows.push_counters(&cells);
    }
}

/// System tables.
pub fn system_tables(_source: &Source, rows: &mut Rows) {
    system_classes(&["r", "t", "m"], |class| {
        rows.push_counters(&[
            ("relid", class.oid.into()),
            ("schemaname", class.schema.into()),
            ("relname", class.name.into()),
        ]);
    });
}

/// All indexes.
pub fn all_indexes(source: &Source, rows: &mut Rows) {
    system_indexes(source, rows);
    user_indexes(source, rows);
}

/// The indexes of keys of user tables.
pub fn user_indexes(source: &Source, rows: &mut Rows) {
    for (table, key) in source.keys().filter(|(_, key)| key.has_index()) {
        rows.push_counters(&[
            ("relid", table.oid().into()),
            ("indexrelid", key.index.into()),
            ("schemaname", (&table.relation.schema).into()),
            ("relname", table.name().into()),
            ("indexrelname", (&key.name).into()),
        ]);
    }
}

/// Indexes of system tables.
pub fn system_indexes(_source: &Source, rows: &mut Rows) {
    let Some(indexes) = data::rows("pg_catalog", "pg_index") else { return };
    let (index, table) = (statics::oids(indexes, "indexrelid"), statics::oids(indexes, "indrelid"));
    for row in 0..indexes.num_rows() {
        let (index, table) = (index.value(row), table.value(row));
        let schema = statics::classes().namespace(table).and_then(|oid| statics::namespaces().name(oid));
        rows.push_counters(&[
            ("relid", table.into()),
            ("indexrelid", index.into()),
            ("schemaname", schema.into()),
            ("relname", statics::classes().name(table).into()),
            ("indexrelname", statics::classes().name(index).into()),
        ]);
    }
}

/// A system relation.
struct Class<'a> {
    oid: u32,
    schema: &'a str,
    name: &'a str,
}

fn system_classes(kinds: &[&str], mut each: impl FnMut(Class<'static>)) {
    let Some(classes) = data::rows("pg_catalog", "pg_class") else { return };
    let kind = statics::column(classes, "relkind").as_string::<i32>();
    let (oid, name) = (statics::oids(classes, "oid"), statics::texts(classes, "relname"));
    let namespace = statics::oids(classes, "relnamespace");
    for row in (0..classes.num_rows()).filter(|&row| kinds.contains(&kind.value(row))) {
        let schema = statics::namespaces().name(namespace.value(row)).unwrap_or_default();
        each(Class { oid: oid.value(row), schema, name: name.value(row) });
    }
}
