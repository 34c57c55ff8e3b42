//! `has_table_privilege` and its family, `pg_has_role`.
//!
//! The rules of a read-only server: superusers may everything, an owner everything with what it owns, everybody may
//! read users' relations and what PostgreSQL lets PUBLIC read of the system's.

use super::call::{Body, Call, SystemFunction};
use crate::catalog::oids::{BOOTSTRAP_ROLE, DATABASE};
use crate::catalog::pg_catalog::reg;
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::{acl, statics};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The functions by PostgreSQL's name.
const FUNCTIONS: &[(&str, Body)] = &[
    ("has_table_privilege", |call| has_privilege(call, &TABLE)),
    ("has_any_column_privilege", |call| has_privilege(call, &COLUMN)),
    ("has_column_privilege", has_column_privilege),
    ("has_sequence_privilege", |call| has_privilege(call, &SEQUENCE)),
    ("has_schema_privilege", |call| has_privilege(call, &SCHEMA)),
    ("has_database_privilege", |call| has_privilege(call, &DATABASES)),
    ("has_function_privilege", |call| has_privilege(call, &FUNCTION)),
    ("has_type_privilege", |call| has_privilege(call, &TYPE)),
    ("has_language_privilege", |call| has_privilege(call, &LANGUAGE)),
    ("has_tablespace_privilege", |call| has_privilege(call, &TABLESPACE)),
    ("has_server_privilege", |call| has_privilege(call, &SERVER)),
    ("has_foreign_data_wrapper_privilege", |call| has_privilege(call, &WRAPPER)),
    ("has_parameter_privilege", has_parameter_privilege),
    ("pg_has_role", has_role),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body)).collect()
}

/// A kind of object: its privileges, how it is looked up, and who may do what.
struct Class {
    privileges: &'static [&'static str],
    /// The OID by name.
    find: fn(&Call<'_>, &str) -> Result<u32>,
    /// The owner and the privileges of PUBLIC; `None` for an OID that names nothing.
    rights: fn(&Call<'_>, u32) -> Option<Rights>,
}

/// An owner, and what everybody may do.
type Rights = (u32, &'static [&'static str]);

static TABLE: Class = Class {
    privileges: &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
    find: |call, name| reg::lookup_regclass(call.vars, name),
    rights: relation_rights,
};

static COLUMN: Class = Class {
    privileges: &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
    find: |call, name| reg::lookup_regclass(call.vars, name),
    rights: relation_rights,
};

static SEQUENCE: Class = Class {
    privileges: &["USAGE", "SELECT", "UPDATE"],
    find: |call, name| {
        reg::lookup_regclass(call.vars, name)?;
        Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{name}\" is not a sequence")))
    },
    rights: |_, _| None,
};

static SCHEMA: Class = Class {
    privileges: &["CREATE", "USAGE"],
    find: |call, name| reg::schema_oid(call.vars, name).ok_or_else(|| undefined("schema", name)),
    rights: |call, oid| {
        reg::schema_name(call.vars, oid)?;
        let source = call.vars.snapshot.system().source();
        let own = source.schemas.values().any(|&schema| schema == oid);
        Some((if own { source.owner } else { BOOTSTRAP_ROLE }, &["USAGE"]))
    },
};

static DATABASES: Class = Class {
    privileges: &["CREATE", "CONNECT", "TEMPORARY", "TEMP"],
    find: |call, name| {
        let known = *name == call.vars.snapshot.database;
        if known { Ok(DATABASE) } else { Err(undefined("database", name)) }
    },
    rights: |call, oid| {
        let owner = call.vars.snapshot.system().source().owner;
        (oid == DATABASE).then_some((owner, &["CONNECT", "TEMPORARY", "TEMP"]))
    },
};

static FUNCTION: Class = Class {
    privileges: &["EXECUTE"],
    find: |call, name| reg::lookup_regprocedure(call.vars, name),
    rights: |_, oid| {
        statics::functions().get(&oid)?;
        let public = acl::public_may_execute(oid);
        Some((BOOTSTRAP_ROLE, if public { &["EXECUTE"] } else { &[] }))
    },
};

static TYPE: Class = Class {
    privileges: &["USAGE"],
    find: |call, name| reg::lookup_regtype(call.vars, name),
    rights: |call, oid| reg::type_place(call.vars, oid).map(|_| (BOOTSTRAP_ROLE, &["USAGE"] as &[_])),
};

static LANGUAGE: Class = Class {
    privileges: &["USAGE"],
    find: |_, name| statics::languages().oid_of(name).ok_or_else(|| undefined("language", name)),
    rights: |_, oid| statics::languages().name(oid).map(|_| (BOOTSTRAP_ROLE, &["USAGE"] as &[_])),
};

static TABLESPACE: Class = Class {
    privileges: &["CREATE"],
    find: |_, name| statics::tablespaces().oid_of(name).ok_or_else(|| undefined("tablespace", name)),
    rights: |_, oid| statics::tablespaces().name(oid).map(|_| (BOOTSTRAP_ROLE, &[] as &[_])),
};

static SERVER: Class =
    Class { privileges: &["USAGE"], find: |_, name| Err(undefined("server", name)), rights: |_, _| None };

static WRAPPER: Class =
    Class { privileges: &["USAGE"], find: |_, name| Err(undefined("foreign-data wrapper", name)), rights: |_, _| None };

fn relation_rights(call: &Call<'_>, oid: u32) -> Option<Rights> {
    let source = call.vars.snapshot.system().source();
    if source.table(oid).is_some() {
        return Some((source.owner, &["SELECT"]));
    }
    statics::classes().name(oid)?;
    Some((BOOTSTRAP_ROLE, if acl::public_may_read(oid) { &["SELECT"] } else { &[] }))
}

fn undefined(what: &str, name: &str) -> Error {
    let state = match what {
        "schema" => sqlstate::INVALID_SCHEMA_NAME,
        "database" => sqlstate::INVALID_CATALOG_NAME,
        _ => sqlstate::UNDEFINED_OBJECT,
    };
    Error::new(state, format!("{what} \"{name}\" does not exist"))
}

/// The role that is asked about: the first of `extra` leading arguments, or the session's own. 0 is PUBLIC.
fn role(call: &Call<'_>, explicit: bool) -> Result<u32> {
    let source = call.vars.snapshot.system().source();
    let by_name = |name: &str| match name {
        "public" => Ok(0),
        name => source.role_oid(name).ok_or_else(|| undefined("role", name)),
    };
    if !explicit {
        return Ok(source.role_oid(&call.vars.user).unwrap_or(0));
    }
    call.text(0).map_or_else(|| Ok(call.oid(0)), by_name)
}

/// The privileges asked for: a comma-separated list, any of which will do.
fn wanted<'a>(text: &'a str, known: &[&'static str]) -> Result<Vec<&'a str>> {
    let mut wanted = Vec::new();
    for word in text.split(',') {
        let word = word.trim();
        let upper = word.to_ascii_uppercase();
        let plain = upper.strip_suffix(" WITH GRANT OPTION").unwrap_or(&upper);
        if !known.contains(&plain) {
            let message = format!("unrecognized privilege type: \"{word}\"");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        wanted.push(word);
    }
    Ok(wanted)
}

/// Whether a role has one of the wanted privileges. Only owners and superusers can grant.
fn allowed(call: &Call<'_>, role: u32, owner: u32, public: &[&str], wanted: &[&str]) -> bool {
    if role != 0 && (role == owner || call.vars.snapshot.system().source().is_superuser(role)) {
        return true;
    }
    wanted.iter().any(|word| public.iter().any(|privilege| privilege.eq_ignore_ascii_case(word)))
}

/// `has_…_privilege([role,] object, privilege)`.
fn has_privilege<'a>(call: &Call<'a>, class: &Class) -> Result<Cell<'a>> {
    let explicit = call.len() == 3;
    let object = usize::from(explicit);
    let role = role(call, explicit)?;
    let oid = match call.text(object) {
        Some(name) => (class.find)(call, name)?,
        None => call.oid(object),
    };
    let wanted = wanted(call.text(object + 1).unwrap_or_default(), class.privileges)?;
    let rights = (class.rights)(call, oid);
    Ok(Cell::from(rights.map(|(owner, public)| allowed(call, role, owner, public, &wanted))))
}

/// `has_column_privilege([role,] table, column, privilege)`.
fn has_column_privilege<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let explicit = call.len() == 4;
    let table = usize::from(explicit);
    let role = role(call, explicit)?;
    let oid = call.relation(table)?;
    let known = call.vars.snapshot.system().source().table(oid);
    if let (Some(column), Some(known)) = (call.text(table + 1), known)
        && known.schema.index_of(column).is_err()
    {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", known.name());
        return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
    }
    if let (Some(number), Some(known)) = (call.int(table + 1), known)
        && i16::try_from(number).ok().and_then(|number| known.column(number)).is_none()
    {
        return Ok(Cell::Null);
    }
    let wanted = wanted(call.text(table + 2).unwrap_or_default(), COLUMN.privileges)?;
    let rights = relation_rights(call, oid);
    Ok(Cell::from(rights.map(|(owner, public)| allowed(call, role, owner, public, &wanted))))
}

/// Settings are granted to nobody.
fn has_parameter_privilege<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let explicit = call.len() == 3;
    let role = role(call, explicit)?;
    let wanted = wanted(call.text(call.len() - 1).unwrap_or_default(), &["SET", "ALTER SYSTEM"])?;
    Ok(Cell::from(allowed(call, role, BOOTSTRAP_ROLE, &[], &wanted)))
}

/// Whether a role is, or may act as, another. Roles have no members; a superuser may act as every role.
fn has_role<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let explicit = call.len() == 3;
    let object = usize::from(explicit);
    let member = role(call, explicit)?;
    let source = call.vars.snapshot.system().source();
    let other = match call.text(object) {
        Some(name) => source.role_oid(name).ok_or_else(|| undefined("role", name))?,
        None => call.oid(object),
    };
    let privilege = call.text(object + 1).unwrap_or_default().to_ascii_uppercase();
    let plain = privilege.trim_end_matches(" WITH GRANT OPTION").trim_end_matches(" WITH ADMIN OPTION");
    if !matches!(plain, "MEMBER" | "USAGE" | "SET") {
        let message = format!("unrecognized privilege type: \"{}\"", call.text(object + 1).unwrap_or_default());
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    }
    let owners = statics::roles().oid_of("pg_database_owner");
    let owner = Some(other) == owners && member == source.owner;
    Ok(Cell::from(member == other || owner || source.is_superuser(member)))
}
