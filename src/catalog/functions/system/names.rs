//! Names and OIDs: `format_type`, `to_regclass`, `pg_table_is_visible` and their families.

use arrow::array::AsArray;
use arrow::datatypes::UInt32Type;
use datafusion::common::ScalarValue;

use super::call::{Body, Call, SystemFunction};
use crate::catalog::pg_catalog::reg::{self, Static};
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::statics::{self, Names};
use crate::catalog::vars::SessionVars;
use crate::error::Result;

const NULL: Body = |_| Ok(Cell::Null);

/// The functions by PostgreSQL's name.
const FUNCTIONS: &[(&str, Body)] = &[
    ("format_type", format_type),
    ("oidvectortypes", oidvectortypes),
    ("pg_get_userbyid", userbyid),
    ("pg_table_is_visible", |call| Ok(Cell::from(reg::relation_visible(call.vars, call.oid(0))))),
    ("pg_type_is_visible", |call| Ok(Cell::from(reg::type_visible(call.vars, call.oid(0))))),
    ("pg_function_is_visible", function_visible),
    ("pg_operator_is_visible", operator_visible),
    ("pg_collation_is_visible", |call| visible(call, statics::collations())),
    ("pg_conversion_is_visible", |call| visible(call, statics::conversions())),
    ("pg_opclass_is_visible", |call| built_in(call, statics::operator_classes())),
    ("pg_opfamily_is_visible", |call| built_in(call, statics::operator_families())),
    ("pg_ts_config_is_visible", |call| visible(call, statics::search_configs())),
    ("pg_ts_dict_is_visible", |call| visible(call, statics::search_dictionaries())),
    ("pg_ts_parser_is_visible", |call| visible(call, statics::search_parsers())),
    ("pg_ts_template_is_visible", |call| visible(call, statics::search_templates())),
    ("pg_statistics_obj_is_visible", NULL),
    ("to_regclass", |call| soft(call, reg::lookup_regclass)),
    ("to_regtype", |call| soft(call, reg::lookup_regtype)),
    ("to_regproc", |call| soft(call, reg::lookup_regproc)),
    ("to_regprocedure", |call| soft(call, reg::lookup_regprocedure)),
    ("to_regoper", |call| soft(call, reg::lookup_regoper)),
    ("to_regoperator", |call| soft(call, reg::lookup_regoperator)),
    ("to_regnamespace", |call| soft(call, reg::lookup_regnamespace)),
    ("to_regrole", |call| soft(call, reg::lookup_regrole)),
    ("to_regcollation", |call| soft(call, |vars, text| reg::lookup_static(vars, Static::Collation, text))),
    ("to_regtypemod", to_regtypemod),
    ("_pg_char_max_length", |call| typmod_number(call, character_length)),
    ("_pg_char_octet_length", |call| typmod_number(call, octet_length)),
    ("_pg_numeric_precision", |call| typmod_number(call, numeric_precision)),
    ("_pg_numeric_precision_radix", |call| typmod_number(call, |oid, _| numeric_radix(oid))),
    ("_pg_numeric_scale", |call| typmod_number(call, numeric_scale)),
    ("_pg_datetime_precision", |call| typmod_number(call, datetime_precision)),
    ("_pg_truetypid", |call| true_type(call, "typbasetype", "atttypid")),
    ("_pg_truetypmod", |call| true_type(call, "typtypmod", "atttypmod")),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body)).collect()
}

/// The type's name; without a modifier argument (NULL) as the type alone is called.
fn format_type<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    if call.is_null(0) {
        return Ok(Cell::Null);
    }
    let typmod = call.int(1).and_then(|typmod| i32::try_from(typmod).ok());
    Ok(Cell::from(reg::format_type(call.vars, call.oid(0), typmod)))
}

fn oidvectortypes<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let types = call.list(0);
    let types = types.as_ref().and_then(|types| types.as_primitive_opt::<UInt32Type>());
    let names: Vec<_> =
        types.into_iter().flatten().flatten().map(|oid| reg::format_type(call.vars, oid, None)).collect();
    Ok(Cell::from(names.join(", ")))
}

fn userbyid<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.oid(0);
    let name = call.vars.snapshot.system().source().role_name(oid);
    Ok(name.map_or_else(|| Cell::from(format!("unknown (OID={oid})")), |name| Cell::from(name.to_owned())))
}

fn visible<'a>(call: &Call<'a>, names: &'static Names) -> Result<Cell<'a>> {
    Ok(Cell::from(reg::static_visible(call.vars, names, call.oid(0))))
}

/// Classes and families of operators have one name per access method, and all are in `pg_catalog`, which every path has.
fn built_in<'a>(call: &Call<'a>, names: &'static Names) -> Result<Cell<'a>> {
    Ok(Cell::from(names.name(call.oid(0)).map(|_| true)))
}

fn function_visible<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let row = statics::functions().get(&call.oid(0));
    Ok(Cell::from(row.map(|row| in_path(call.vars, row.namespace))))
}

fn operator_visible<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let row = statics::operators().get(&call.oid(0));
    Ok(Cell::from(row.map(|row| in_path(call.vars, row.namespace))))
}

fn in_path(vars: &SessionVars, namespace: u32) -> bool {
    reg::search_path(vars).any(|schema| statics::namespaces().oid_of(schema) == Some(namespace))
}

/// A look-up that answers NULL for what there is not. A number is no name.
fn soft<'a>(call: &Call<'a>, lookup: impl Fn(&SessionVars, &str) -> Result<u32>) -> Result<Cell<'a>> {
    let text = call.text(0).unwrap_or_default();
    match lookup(call.vars, text) {
        Ok(oid) => Ok(Cell::from(oid)),
        Err(error) if error.get_context().is_some() => Err(error),
        Err(_) => Ok(Cell::Null),
    }
}

fn to_regtypemod<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    match reg::lookup_type(call.vars, call.text(0).unwrap_or_default()) {
        Ok((_, typmod)) => Ok(Cell::from(typmod)),
        Err(error) if error.get_context().is_some() => Err(error),
        Err(_) => Ok(Cell::Null),
    }
}

/// A number read off a type and its modifier.
fn typmod_number<'a>(call: &Call<'a>, number: fn(u32, i32) -> Option<i32>) -> Result<Cell<'a>> {
    let typmod = call.int(1).and_then(|typmod| i32::try_from(typmod).ok()).unwrap_or(-1);
    Ok(Cell::from(number(call.oid(0), typmod)))
}

/// A field of a `pg_type` row if that is a domain, else one of a `pg_attribute` row.
fn true_type<'a>(call: &Call<'a>, of_domain: &str, of_column: &str) -> Result<Cell<'a>> {
    let domain = call.field(1, "typtype").is_some_and(|kind| kind == ScalarValue::from("d"));
    let value = if domain { call.field(1, of_domain) } else { call.field(0, of_column) };
    Ok(match value {
        Some(ScalarValue::UInt32(oid)) => Cell::from(oid),
        Some(ScalarValue::Int32(typmod)) => Cell::from(typmod),
        _ => Cell::Null,
    })
}

/// Characters of a `character`, `varchar` or `bit` type; none if unbounded.
#[must_use]
pub fn character_length(oid: u32, typmod: i32) -> Option<i32> {
    match oid {
        _ if typmod == -1 => None,
        1042 | 1043 => Some(typmod - 4),
        1560 | 1562 => Some(typmod),
        _ => None,
    }
}

/// Bytes of a text type in UTF-8.
#[must_use]
pub fn octet_length(oid: u32, typmod: i32) -> Option<i32> {
    const LARGEST: i32 = 1 << 30;
    const BYTES_PER_CHARACTER: i32 = 4;
    match oid {
        25 | 1042 | 1043 if typmod == -1 || oid == 25 => Some(LARGEST),
        1042 | 1043 => Some((typmod - 4).saturating_mul(BYTES_PER_CHARACTER)),
        _ => None,
    }
}

/// Digits or bits of a numeric type.
#[must_use]
pub fn numeric_precision(oid: u32, typmod: i32) -> Option<i32> {
    match oid {
        21 => Some(16),
        23 => Some(32),
        20 => Some(64),
        700 => Some(24),
        701 => Some(53),
        1700 if typmod != -1 => Some(((typmod - 4) >> 16) & 0xffff),
        _ => None,
    }
}

/// What [`numeric_precision`] counts: bits (2) or digits (10).
#[must_use]
pub fn numeric_radix(oid: u32) -> Option<i32> {
    match oid {
        20 | 21 | 23 | 700 | 701 => Some(2),
        1700 => Some(10),
        _ => None,
    }
}

/// Digits after the point.
#[must_use]
pub fn numeric_scale(oid: u32, typmod: i32) -> Option<i32> {
    match oid {
        20 | 21 | 23 => Some(0),
        1700 if typmod != -1 => Some((((typmod - 4) & 0x7ff) ^ 1024) - 1024),
        _ => None,
    }
}

/// Digits of the seconds of a time type.
#[must_use]
pub fn datetime_precision(oid: u32, typmod: i32) -> Option<i32> {
    const MICROSECONDS: i32 = 6;
    match oid {
        1082 => Some(0),
        1083 | 1114 | 1184 | 1266 => Some(if typmod < 0 { MICROSECONDS } else { typmod }),
        1186 if typmod < 0 || typmod & 0xffff == 0xffff => Some(MICROSECONDS),
        1186 => Some(typmod & 0xffff),
        _ => None,
    }
}
