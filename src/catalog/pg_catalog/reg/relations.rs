//! `regclass`: tables, views, indexes, of users and of the system.

use super::{numeric, or_digits, parse_name, schema_name, search_path};
use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::source::Object;
use crate::catalog::pg_catalog::statics;
use crate::catalog::temp::PG_TEMP;
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The OID of a relation by its text form.
///
/// # Errors
/// 42P01 for an unknown relation, 42602 for what is no name, 0A000 for another database's.
pub fn lookup_regclass(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    let parts = parse_name(text)?;
    let shown = parts.join(".");
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] => (Some(schema.as_str()), name),
        [database, schema, name] if *database == vars.snapshot.database => (Some(schema.as_str()), name),
        [_, _, _] => {
            return Err(Error::unsupported(format!("cross-database references are not implemented: \"{shown}\"")));
        }
        _ => {
            let message = format!("improper relation name (too many dotted names): {shown}");
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
        }
    };
    find_relation(vars, schema, name)
        .ok_or_else(|| Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{shown}\" does not exist")))
}

/// The OID of a relation or index: in an explicit schema, or the first on the search path.
#[must_use]
pub fn find_relation(vars: &SessionVars, schema: Option<&str>, name: &str) -> Option<u32> {
    match schema {
        Some(PG_TEMP) => in_schema(vars, vars.temp_schema()?, name),
        Some(schema) => in_schema(vars, schema, name),
        None => search_path(vars).find_map(|schema| in_schema(vars, schema, name)),
    }
}

fn in_schema(vars: &SessionVars, schema: &str, name: &str) -> Option<u32> {
    let own = vars.snapshot.system().source().relation_oid(schema, name);
    own.or_else(|| statics::classes().in_namespace(statics::namespaces().oid_of(schema)?, name))
}

/// A relation's schema and name by its OID.
#[must_use]
pub fn relation_name(vars: &SessionVars, oid: u32) -> Option<(&str, &str)> {
    let source = vars.snapshot.system().source();
    match source.object(oid) {
        Some(Object::Table(table)) => {
            let relation = &source.tables[table].relation;
            Some((&relation.schema, &relation.name))
        }
        Some(Object::Index(table, key)) => {
            let table = &source.tables[table];
            Some((&table.relation.schema, &table.keys[key].name))
        }
        _ => {
            let schema = schema_name(vars, statics::classes().namespace(oid)?)?;
            Some((schema, statics::classes().name(oid)?))
        }
    }
}

/// Whether a relation is found by its bare name; `None` for an unknown OID.
#[must_use]
pub fn relation_visible(vars: &SessionVars, oid: u32) -> Option<bool> {
    let (_, name) = relation_name(vars, oid)?;
    Some(find_relation(vars, None, name) == Some(oid))
}

/// A relation's text form: its name, with its schema where the search path does not find it.
#[must_use]
pub fn regclass_name(vars: &SessionVars, oid: u32) -> String {
    let shown = relation_name(vars, oid).map(|(schema, name)| {
        let visible = find_relation(vars, None, name) == Some(oid);
        if visible { quote_identifier(name) } else { qualified(schema, name) }
    });
    or_digits(oid, shown)
}

/// The schema of a relation as definitions show it: the session's own is `pg_temp`.
#[must_use]
pub fn shown_schema(vars: &SessionVars, oid: u32) -> &str {
    let schema = relation_name(vars, oid).map_or("", |(schema, _)| schema);
    if Some(schema) == vars.temp_schema() { PG_TEMP } else { schema }
}
