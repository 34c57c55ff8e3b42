//! The system functions that return rows.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int16Type, Int32Type, Int64Type, UInt32Type};
use datafusion::catalog::TableFunction;
use std::sync::Arc;

use super::call::Call;
use super::set::{RelationFunction, RowsBody, SetFunction};
use crate::catalog::oids::DATABASE;
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::{data, statics};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Functions with rows of their own.
const SETS: &[(&str, RowsBody)] = &[
    ("_pg_expandarray", expand_array),
    ("aclexplode", acl_explode),
    ("pg_get_keywords", keywords),
    super::input_check::ERROR_INFO,
    ("pg_listening_channels", |_| Ok(Vec::new())),
    ("pg_options_to_table", options_to_table),
    // No table is partitioned, so none is in a partition tree.
    ("pg_partition_ancestors", |_| Ok(Vec::new())),
    ("pg_partition_tree", |_| Ok(Vec::new())),
    ("pg_tablespace_databases", tablespace_databases),
];

/// Functions whose rows are a relation's.
const RELATIONS: &[(&str, &str)] = &[
    ("pg_cursor", "pg_cursors"),
    ("pg_get_wait_events", "pg_wait_events"),
    ("pg_prepared_statement", "pg_prepared_statements"),
    ("pg_show_all_settings", "pg_settings"),
    ("pg_timezone_abbrevs", "pg_timezone_abbrevs"),
    ("pg_timezone_names", "pg_timezone_names"),
];

/// The functions as lists of rows.
pub fn set_functions() -> Vec<SetFunction> {
    SETS.iter().map(|(name, body)| SetFunction::new(name, *body)).collect()
}

/// The functions as tables.
pub fn table_functions() -> Vec<TableFunction> {
    let sets =
        SETS.iter().map(|(name, body)| TableFunction::new((*name).to_owned(), Arc::new(SetFunction::new(name, *body))));
    let relations = RELATIONS
        .iter()
        .map(|(name, relation)| TableFunction::new((*name).to_owned(), Arc::new(RelationFunction { relation })));
    sets.chain(relations).collect()
}

/// The words of SQL and what they may stand for.
fn keywords<'a>(_call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let columns = [("word", 25), ("catcode", 18), ("barelabel", 16), ("catdesc", 25), ("baredesc", 25)];
    let rows = data::table("keywords", &columns);
    let text = |column: usize, row| Cell::from(rows.column(column).as_string::<i32>().value(row).to_owned());
    let bare = rows.column(2).as_boolean();
    let row = |i| vec![text(0, i), text(1, i), bare.value(i).into(), text(3, i), text(4, i)];
    Ok((0..rows.num_rows()).map(row).collect())
}

/// `{a=1,b}` as rows of name and value.
fn options_to_table<'a>(call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let Some(options) = call.list(0) else { return Ok(Vec::new()) };
    let Some(options) = options.as_string_opt::<i32>() else { return Ok(Vec::new()) };
    let row = |option: &str| match option.split_once('=') {
        Some((name, value)) => vec![name.to_owned().into(), value.to_owned().into()],
        None => vec![option.to_owned().into(), Cell::Null],
    };
    Ok(options.iter().flatten().map(row).collect())
}

/// The elements of an array with their places from 1.
fn expand_array<'a>(call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let Some(list) = call.list(0) else { return Ok(Vec::new()) };
    let place = |i: usize| Cell::Int(i64::try_from(i + 1).unwrap_or(i64::MAX));
    (0..list.len()).map(|i| Ok(vec![element(list.as_ref(), i)?, place(i)])).collect()
}

fn element<'a>(list: &dyn Array, i: usize) -> Result<Cell<'a>> {
    if list.is_null(i) {
        return Ok(Cell::Null);
    }
    Ok(match list.data_type() {
        DataType::Int16 => list.as_primitive::<Int16Type>().value(i).into(),
        DataType::Int32 => list.as_primitive::<Int32Type>().value(i).into(),
        DataType::Int64 => list.as_primitive::<Int64Type>().value(i).into(),
        DataType::UInt32 => list.as_primitive::<UInt32Type>().value(i).into(),
        DataType::Float64 => list.as_primitive::<Float64Type>().value(i).into(),
        DataType::Boolean => list.as_boolean().value(i).into(),
        DataType::Utf8 => list.as_string::<i32>().value(i).to_owned().into(),
        DataType::LargeUtf8 => list.as_string::<i64>().value(i).to_owned().into(),
        other => return Err(Error::unsupported(format!("_pg_expandarray of elements of type {other}"))),
    })
}

/// The letters of an access control list and the privileges they stand for.
const PRIVILEGES: &[(char, &str)] = &[
    ('a', "INSERT"),
    ('r', "SELECT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('m', "MAINTAIN"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('T', "TEMPORARY"),
    ('c', "CONNECT"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

/// `grantee=rw*/grantor` as one row per privilege.
fn acl_explode<'a>(call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let Some(items) = call.list(0) else { return Ok(Vec::new()) };
    let Some(items) = items.as_string_opt::<i32>() else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for item in items.iter().flatten() {
        let malformed = || Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid access control list");
        let (grantee, rest) = item.rsplit_once('=').ok_or_else(malformed)?;
        let (letters, grantor) = rest.split_once('/').ok_or_else(malformed)?;
        let source = call.vars.snapshot.system().source();
        let role = |name: &str| source.role_oid(name.trim_matches('"')).unwrap_or(0);
        let mut letters = letters.chars().peekable();
        while let Some(letter) = letters.next() {
            let privilege = PRIVILEGES.iter().find(|known| known.0 == letter).ok_or_else(malformed)?.1;
            let grantable = letters.next_if_eq(&'*').is_some();
            rows.push(vec![role(grantor).into(), role(grantee).into(), privilege.into(), grantable.into()]);
        }
    }
    Ok(rows)
}

/// The databases that have something in a tablespace.
fn tablespace_databases<'a>(call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let default = statics::tablespaces().oid_of("pg_default") == Some(call.oid(0));
    Ok(if default { vec![vec![DATABASE.into()]] } else { Vec::new() })
}
