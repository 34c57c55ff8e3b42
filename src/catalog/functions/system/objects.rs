//! Objects in words: `pg_describe_object`, `pg_identify_object`, `acldefault`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

use super::call::{Call, SystemFunction};
use crate::catalog::oids::DATABASE;
use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::reg::{self, Static};
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::source::Object;
use crate::catalog::pg_catalog::{schema, statics, texts};
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    let text = |name: &&str| Arc::new(schema::field(name, 25, -1, true));
    let fields: Fields = ["type", "schema", "name", "identity"].iter().map(text).collect();
    let record = Field::new("pg_identify_object", DataType::Struct(fields), true);
    vec![
        SystemFunction::new("pg_describe_object", describe_object),
        SystemFunction::new("pg_identify_object", identify_object).returning(record),
        SystemFunction::new("acldefault", acl_default),
    ]
}

/// The kind of an object, its schema, its name where that alone is unique, and the name that is.
fn identify_object<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (class, oid, number) = (call.oid(0), call.oid(1), call.int(2).unwrap_or(0));
    let record = |kind: &str, schema: Option<&str>, name: Option<&str>, identity: String| {
        let name = name.map(quote_identifier);
        Cell::List(vec![kind.to_owned().into(), schema.map(quote_identifier).into(), name.into(), identity.into()])
    };
    let alone = |kind: &str, name: Option<&str>| match name {
        Some(name) => record(kind, None, Some(name), quote_identifier(name)),
        None => Cell::List(vec![kind.to_owned().into()]),
    };
    let vars = call.vars;
    let source = vars.snapshot.system().source();
    Ok(match statics::classes().name(class) {
        Some("pg_class") => {
            let Some((schema, name)) = reg::relation_name(vars, oid) else {
                return Ok(Cell::List(vec!["relation".into()]));
            };
            let (kind, identity) = (relation_kind(vars, oid), qualified(schema, name));
            let column = i16::try_from(number).ok().filter(|number| *number > 0);
            match column.and_then(|number| column_name(vars, oid, number)) {
                Some(column) => {
                    let identity = format!("{identity}.{}", quote_identifier(&column));
                    record(&format!("{kind} column"), Some(schema), Some(name), identity)
                }
                None => record(kind, Some(schema), Some(name), identity),
            }
        }
        Some("pg_type") => match reg::type_place(vars, oid) {
            Some((schema, name)) => record("type", Some(schema), Some(&name), reg::format_type(vars, oid, None)),
            None => Cell::List(vec!["type".into()]),
        },
        Some("pg_proc") => match statics::functions().get(&oid) {
            Some(row) => {
                let schema = reg::schema_name(vars, row.namespace).unwrap_or_default();
                let types: Vec<_> = row.arguments.iter().map(|&oid| qualified_type(vars, oid)).collect();
                let identity = format!("{}({})", qualified(schema, &row.name), types.join(","));
                record(texts::routine_kind(oid), Some(schema), None, identity)
            }
            None => Cell::List(vec!["routine".into()]),
        },
        Some("pg_namespace") => alone("schema", reg::schema_name(vars, oid)),
        Some("pg_authid") => alone("role", source.role_name(oid)),
        Some("pg_database") => alone("database", (oid == DATABASE).then_some(source.database.as_str())),
        Some("pg_language") => alone("language", statics::languages().name(oid)),
        Some("pg_am") => alone("access method", statics::access_methods().name(oid)),
        Some("pg_tablespace") => alone("tablespace", statics::tablespaces().name(oid)),
        _ => return Err(unknown_class(class)),
    })
}

/// A type as an identity names it: SQL's own names bare, others with their schema.
fn qualified_type(vars: &SessionVars, oid: u32) -> String {
    let name = reg::format_type(vars, oid, None);
    match reg::type_place(vars, oid) {
        Some((schema, bare)) if quote_identifier(&bare) == name && !reg::is_sql_name(oid) => qualified(schema, &bare),
        _ => name,
    }
}

fn unknown_class(class: u32) -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("objects of class {class} cannot be described"))
}

/// A relation's kind in words.
fn relation_kind(vars: &SessionVars, oid: u32) -> &'static str {
    let source = vars.snapshot.system().source();
    match source.object(oid) {
        Some(Object::Table(table)) => match source.tables[table].relkind() {
            "v" => "view",
            "m" => "materialized view",
            _ => "table",
        },
        Some(Object::Index(..)) => "index",
        _ if texts::view(oid, false).is_some() => "view",
        _ if texts::index(oid, false).is_some() => "index",
        _ => "table",
    }
}

/// The name of a relation's column.
fn column_name(vars: &SessionVars, oid: u32, number: i16) -> Option<String> {
    match vars.snapshot.system().source().table(oid) {
        Some(table) => table.column(number).map(|column| column.name().to_owned()),
        None => texts::system_column(oid, number),
    }
}

/// What every role, and the owner, may do with a new object of a kind.
fn acl_default<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (public, own) = match call.text(0).unwrap_or_default() {
        "c" => ("", ""),
        "r" => ("", "arwdDxtm"),
        "s" => ("", "rwU"),
        "d" => ("Tc", "CTc"),
        "f" => ("X", "X"),
        "l" | "T" => ("U", "U"),
        "L" => ("", "rw"),
        "n" => ("", "UC"),
        "p" => ("", "sA"),
        "t" => ("", "C"),
        "F" | "S" => ("", "U"),
        other => {
            let message = format!("unrecognized object type abbreviation: {other}");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
    };
    let owner = reg::regrole_name(call.vars, call.oid(1));
    let mut list = Vec::new();
    if !public.is_empty() {
        list.push(Cell::from(format!("={public}/{owner}")));
    }
    if !own.is_empty() {
        list.push(Cell::from(format!("{owner}={own}/{owner}")));
    }
    Ok(Cell::List(list))
}

/// `table orders`, `column a of table orders`, `schema public`, …
fn describe_object<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (class, oid, number) = (call.oid(0), call.oid(1), call.int(2).unwrap_or(0));
    let vars = call.vars;
    let source = vars.snapshot.system().source();
    let text = match statics::classes().name(class) {
        Some("pg_class") => describe_relation(vars, oid, number),
        Some("pg_type") => Some(reg::format_type(vars, oid, None)).map(|name| format!("type {name}")),
        Some("pg_proc") => {
            statics::functions().get(&oid).map(|_| format!("function {}", reg::regprocedure_name(vars, oid)))
        }
        Some("pg_operator") => {
            statics::operators().get(&oid).map(|_| format!("operator {}", reg::regoperator_name(vars, oid)))
        }
        Some("pg_namespace") => reg::schema_name(vars, oid).map(|name| format!("schema {name}")),
        Some("pg_authid") => source.role_name(oid).map(|name| format!("role {name}")),
        Some("pg_database") if oid == DATABASE => Some(format!("database {}", source.database)),
        Some("pg_constraint") => source
            .key(oid)
            .map(|(table, key)| format!("constraint {} on table {}", key.name, reg::regclass_name(vars, table.oid()))),
        Some("pg_rewrite") => match source.object(oid) {
            Some(Object::Rule(table)) => {
                describe_relation(vars, source.tables[table].oid(), 0).map(|on| format!("rule _RETURN on {on}"))
            }
            _ => None,
        },
        Some("pg_collation") => statics::collations()
            .name(oid)
            .map(|_| format!("collation {}", reg::static_name(vars, Static::Collation, oid))),
        Some("pg_language") => statics::languages().name(oid).map(|name| format!("language {name}")),
        Some("pg_am") => statics::access_methods().name(oid).map(|name| format!("access method {name}")),
        Some("pg_tablespace") => statics::tablespaces().name(oid).map(|name| format!("tablespace {name}")),
        _ => return Err(unknown_class(class)),
    };
    Ok(Cell::from(text))
}

fn describe_relation(vars: &SessionVars, oid: u32, number: i64) -> Option<String> {
    reg::relation_name(vars, oid)?;
    let relation = format!("{} {}", relation_kind(vars, oid), reg::regclass_name(vars, oid));
    if number == 0 {
        return Some(relation);
    }
    let column = column_name(vars, oid, i16::try_from(number).ok()?)?;
    Some(format!("column {column} of {relation}"))
}
