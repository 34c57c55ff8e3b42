//! The database, its schemas and roles: `pg_database`, `pg_namespace`, `pg_authid` and the views on it.
//!
//! Secrets are never shown: `pg_authid.rolpassword` and `pg_shadow.passwd` are NULL for every reader.

use super::class::FIRST_XID;
use crate::catalog::oids::{BOOTSTRAP_ROLE, DATABASE, PUBLIC_SCHEMA};
use crate::catalog::pg_catalog::data;
use crate::catalog::pg_catalog::rows::{NULL, Rows, row};
use crate::catalog::pg_catalog::source::Source;
use crate::catalog::pg_catalog::statics;

/// `UTF8` in `pg_database.encoding`.
const UTF8: i32 = 6;

/// The one database.
pub fn pg_database(source: &Source, rows: &mut Rows) {
    rows.push(row![
        DATABASE,
        &source.database,
        source.owner,
        UTF8,
        "c",   // datlocprovider
        false, // datistemplate
        true,  // datallowconn
        false, // dathasloginevt
        -1,    // datconnlimit
        FIRST_XID,
        1, // datminmxid
        statics::tablespaces().oid_of("pg_default"),
        "C",
        "C",
        NULL, // datlocale
        NULL, // daticurules
        NULL, // datcollversion
        NULL, // datacl
    ]);
}

/// User schemas; `public` is among the static rows.
pub fn pg_namespace(source: &Source, rows: &mut Rows) {
    for (name, &oid) in source.schemas.iter().filter(|(_, oid)| **oid != PUBLIC_SCHEMA) {
        rows.push(row![oid, name, source.owner, NULL]);
    }
}

/// A role with its attributes.
struct Attributes<'a> {
    oid: u32,
    name: &'a str,
    superuser: bool,
    login: bool,
}

impl Attributes<'_> {
    /// Whether it has every attribute: the bootstrap superuser does, unless the configuration makes it a plain user.
    fn has_all(&self) -> bool {
        self.superuser && self.oid == BOOTSTRAP_ROLE
    }
}

/// PostgreSQL's own roles and the configured ones. The bootstrap superuser cannot log in unless it is configured.
fn all_roles(source: &Source) -> Vec<Attributes<'_>> {
    let configured = |oid| source.roles.iter().any(|role| role.oid == oid);
    let mut roles = Vec::new();
    if let Some(own) = data::rows("pg_catalog", "pg_authid") {
        let (oids, names) = (statics::oids(own, "oid"), statics::texts(own, "rolname"));
        for row in 0..own.num_rows() {
            let (oid, name) = (oids.value(row), names.value(row));
            if !configured(oid) {
                roles.push(Attributes { oid, name, superuser: oid == BOOTSTRAP_ROLE, login: false });
            }
        }
    }
    roles.extend(source.roles.iter().map(|role| Attributes {
        oid: role.oid,
        name: &role.name,
        superuser: role.superuser,
        login: role.login,
    }));
    roles
}

/// Every role.
pub fn pg_authid(source: &Source, rows: &mut Rows) {
    for role in all_roles(source) {
        let (power, all) = (role.superuser, role.has_all());
        rows.push(row![role.oid, role.name, power, true, all, all, role.login, all, all, -1, NULL, NULL]);
    }
}

/// Every role, without even the place of a password.
pub fn pg_roles(source: &Source, rows: &mut Rows) {
    for role in all_roles(source) {
        let (power, all) = (role.superuser, role.has_all());
        rows.push(row![role.name, power, true, all, all, role.login, all, -1, "********", NULL, all, NULL, role.oid]);
    }
}

/// Roles that may log in.
pub fn pg_user(source: &Source, rows: &mut Rows) {
    users(source, Some("********"), rows);
}

/// The same for superusers; passwords stay hidden.
pub fn pg_shadow(source: &Source, rows: &mut Rows) {
    users(source, None, rows);
}

fn users(source: &Source, password: Option<&str>, rows: &mut Rows) {
    for role in all_roles(source).into_iter().filter(|role| role.login) {
        let (power, all) = (role.superuser, role.has_all());
        rows.push(row![role.name, role.oid, all, power, all, all, password, NULL, NULL]);
    }
}
