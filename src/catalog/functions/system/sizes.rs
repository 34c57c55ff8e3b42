//! How large things are, and how sizes are written.

use super::call::{Body, Call, SystemFunction};
use crate::catalog::oids::DATABASE;
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::source::{Object, Source, Table};
use crate::catalog::pg_catalog::{PAGE_BYTES, data, reg, statics};
use crate::error::{Error, Result};
use crate::sqlstate;

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;

const ZERO: Body = |_| Ok(Cell::Int(0));
const FALSE: Body = |_| Ok(Cell::from(false));

/// The functions by PostgreSQL's name.
const FUNCTIONS: &[(&str, Body)] = &[
    ("pg_relation_size", relation_size),
    ("pg_table_size", relation_size),
    ("pg_total_relation_size", relation_size),
    ("pg_indexes_size", indexes_size),
    ("pg_database_size", database_size),
    ("pg_tablespace_size", tablespace_size),
    ("pg_tablespace_location", tablespace_location),
    ("pg_size_pretty", size_pretty),
    ("pg_size_bytes", size_bytes),
    ("pg_relation_filenode", filenode),
    ("pg_relation_filepath", |_| Ok(Cell::Null)),
    ("pg_relation_is_updatable", ZERO),
    ("pg_column_is_updatable", FALSE),
    ("pg_relation_is_publishable", is_publishable),
    ("pg_stat_get_live_tuples", live_tuples),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body)).collect()
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Bytes of a relation; `None` for an OID that names none. Indexes are declared, not kept: they have no bytes.
fn bytes(source: &Source, oid: u32) -> Option<u64> {
    match source.object(oid) {
        Some(Object::Table(table)) => Some(source.tables[table].size().1.unwrap_or(0)),
        Some(Object::Index(..)) => Some(0),
        Some(_) => None,
        None => system_pages(oid).map(|pages| pages * PAGE_BYTES),
    }
}

fn system_pages(oid: u32) -> Option<u64> {
    statics::classes().name(oid)?;
    let rows = data::rows("pg_catalog", "pg_class")?;
    let place = statics::oids(rows, "oid").iter().position(|found| found == Some(oid))?;
    u64::try_from(statics::column(rows, "relpages").as_primitive::<Int32Type>().value(place)).ok()
}

fn relation_size<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    let fork = call.text(1).unwrap_or("main");
    if !matches!(fork, "main" | "fsm" | "vm" | "init") {
        let hint = "Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "invalid fork name").hint(hint));
    }
    let size = bytes(call.vars.snapshot.system().source(), oid);
    Ok(Cell::from(size.map(|size| if fork == "main" { signed(size) } else { 0 })))
}

fn indexes_size<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    let known = bytes(call.vars.snapshot.system().source(), oid).is_some();
    Ok(if known { Cell::Int(0) } else { Cell::Null })
}

/// Bytes of all user relations.
fn total(source: &Source) -> i64 {
    signed(source.tables.iter().filter_map(|table| table.size().1).sum())
}

fn database_size<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let source = call.vars.snapshot.system().source();
    match call.text(0) {
        Some(name) if name != source.database => {
            Err(Error::new(sqlstate::INVALID_CATALOG_NAME, format!("database \"{name}\" does not exist")))
        }
        None if call.oid(0) != DATABASE => Ok(Cell::Null),
        _ => Ok(Cell::from(total(source))),
    }
}

/// The OID and name of a tablespace argument.
fn tablespace(call: &Call<'_>) -> Result<Option<&'static str>> {
    match call.text(0) {
        None => Ok(statics::tablespaces().name(call.oid(0))),
        Some(name) => match statics::tablespaces().oid_of(name) {
            Some(oid) => Ok(statics::tablespaces().name(oid)),
            None => Err(Error::new(sqlstate::UNDEFINED_OBJECT, format!("tablespace \"{name}\" does not exist"))),
        },
    }
}

fn tablespace_size<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    Ok(match tablespace(call)? {
        Some("pg_default") => Cell::from(total(call.vars.snapshot.system().source())),
        Some(_) => Cell::Int(0),
        None => Cell::Null,
    })
}

/// The tablespaces have no place of their own.
fn tablespace_location<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    match statics::tablespaces().name(call.oid(0)) {
        Some(_) => Ok(Cell::from("")),
        None if call.oid(0) == 0 => Ok(Cell::from("")),
        None => {
            let message = format!("tablespace with OID {} does not exist", call.oid(0));
            Err(Error::new(sqlstate::UNDEFINED_OBJECT, message))
        }
    }
}

/// Bytes in the largest unit that leaves fewer than 10,240, rounded to halves as PostgreSQL rounds.
fn size_pretty<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    const UNITS: [(&str, i128, u32); 6] = [
        ("bytes", 10 * 1024, 0),
        ("kB", 20 * 1024 - 1, 10),
        ("MB", 20 * 1024 - 1, 20),
        ("GB", 20 * 1024 - 1, 30),
        ("TB", 20 * 1024 - 1, 40),
        ("PB", i128::MAX, 50),
    ];
    let size = match call.int(0) {
        Some(size) => i128::from(size),
        None => match call.scalar(0) {
            Some(datafusion::common::ScalarValue::Decimal128(Some(size), _, _)) => size,
            _ => return Ok(Cell::Null),
        },
    };
    for (name, limit, shift) in UNITS {
        // All units but bytes are compared and rounded in halves.
        let half = shift != 0;
        let scaled = if half { size / (1i128 << (shift - 1)) } else { size };
        if scaled.abs() < limit || name == "PB" {
            let rounded = if half { scaled / 2 + scaled % 2 } else { scaled };
            return Ok(Cell::from(format!("{rounded} {name}")));
        }
    }
    Ok(Cell::Null)
}

/// A size with a unit, in bytes.
fn size_bytes<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    const UNITS: [(&str, u32); 7] =
        [("bytes", 0), ("b", 0), ("kb", 10), ("mb", 20), ("gb", 30), ("tb", 40), ("pb", 50)];
    let text = call.text(0).unwrap_or_default();
    let trimmed = text.trim();
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let mut end = trimmed.find(|c| !number(c)).unwrap_or(trimmed.len());
    // `1 eb` is not a number with an exponent.
    while end > 0 && trimmed[..end].ends_with(['e', 'E']) {
        end -= 1;
    }
    let (value, unit) = (&trimmed[..end], trimmed[end..].trim());
    let invalid = || Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid size: \"{text}\""));
    let value: f64 = value.parse().map_err(|_| invalid())?;
    let shift = match unit {
        "" => 0,
        unit => {
            let known = UNITS.iter().find(|known| known.0.eq_ignore_ascii_case(unit));
            let detail = || {
                invalid()
                    .detail(format!("Invalid size unit: \"{unit}\"."))
                    .hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
            };
            known.ok_or_else(detail)?.1
        }
    };
    #[allow(clippy::cast_precision_loss, reason = "a power of two is exact")]
    let bytes = (value * (1u64 << shift) as f64).round();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the range is checked")]
    if bytes.abs() < i64::MAX as f64 {
        return Ok(Cell::from(bytes as i64));
    }
    Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range"))
}

fn filenode<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    let source = call.vars.snapshot.system().source();
    let own =
        source.table(oid).is_some_and(Table::has_storage) || matches!(source.object(oid), Some(Object::Index(..)));
    Ok(Cell::from(own.then_some(oid)))
}

/// Users' tables could be published, system tables and views could not.
fn is_publishable<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    if let Some(table) = call.vars.snapshot.system().source().table(oid) {
        return Ok(Cell::from(table.relkind() == "r"));
    }
    Ok(Cell::from(reg::relation_name(call.vars, oid).map(|_| false)))
}

fn live_tuples<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let table = call.vars.snapshot.system().source().table(call.oid(0));
    Ok(Cell::from(table.and_then(|table| table.size().0).map_or(0, signed)))
}
