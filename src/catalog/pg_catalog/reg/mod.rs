//! Names of objects to OIDs and back: what `'orders'::regclass` and `1259::regclass::text` mean in a session.
//!
//! Look-ups follow the session's `search_path` (with `pg_catalog` first unless it is named), quoting and PostgreSQL's
//! errors. Every `lookup_…` also takes an OID in digits and `-` for 0.

mod functions;
mod relations;
mod type_names;

use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::statics::{self, Names};
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

pub use functions::{
    lookup_regoper, lookup_regoperator, lookup_regproc, lookup_regprocedure, regoper_name, regoperator_name,
    regproc_name, regprocedure_name,
};
pub use relations::{find_relation, lookup_regclass, regclass_name, relation_name, relation_visible, shown_schema};
pub use type_names::{
    builtin_type_name, format_type, is_sql_name, lookup_regtype, lookup_type, regtype_name, type_place, type_visible,
};

/// The schema `pg_catalog`.
const SYSTEM: &str = "pg_catalog";

/// The schemas that unqualified names are looked up in, in order.
pub fn search_path(vars: &SessionVars) -> impl Iterator<Item = &str> {
    let implicit = vars.snapshot.implicit_path(&vars.search_path);
    implicit.chain(vars.search_path.iter().map(String::as_str))
}

/// A schema's OID by name.
#[must_use]
pub fn schema_oid(vars: &SessionVars, name: &str) -> Option<u32> {
    let own = vars.snapshot.system().source().schemas.get(name).copied();
    own.or_else(|| statics::namespaces().oid_of(name))
}

/// A schema's name by OID.
#[must_use]
pub fn schema_name(vars: &SessionVars, oid: u32) -> Option<&str> {
    let own = &vars.snapshot.system().source().schemas;
    let found = own.iter().find(|(_, schema)| **schema == oid).map(|(name, _)| name.as_str());
    found.or_else(|| statics::namespaces().name(oid))
}

/// An object that lives only in the static rows, by name: an explicit schema, or the search path.
#[must_use]
pub fn find_static(vars: &SessionVars, names: &Names, schema: Option<&str>, name: &str) -> Option<u32> {
    let within = |schema: &str| names.in_namespace(statics::namespaces().oid_of(schema)?, name);
    match schema {
        Some(schema) => within(schema),
        None => search_path(vars).find_map(within),
    }
}

/// Whether an object of the static rows is found by its bare name; `None` for an unknown OID.
#[must_use]
pub fn static_visible(vars: &SessionVars, names: &Names, oid: u32) -> Option<bool> {
    let name = names.name(oid)?;
    Some(find_static(vars, names, None, name) == Some(oid))
}

/// The OID of a schema by its text form.
///
/// # Errors
/// 3F000 for an unknown schema, 42602 for what is no single name.
pub fn lookup_regnamespace(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    let name = single_name(text)?;
    schema_oid(vars, &name).ok_or_else(|| undefined_schema(&name))
}

/// A schema's text form.
#[must_use]
pub fn regnamespace_name(vars: &SessionVars, oid: u32) -> String {
    or_digits(oid, schema_name(vars, oid).map(quote_identifier))
}

/// The OID of a role by its text form.
///
/// # Errors
/// 42704 for an unknown role, 42602 for what is no single name.
pub fn lookup_regrole(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    let name = single_name(text)?;
    let role = vars.snapshot.system().source().role_oid(&name);
    role.ok_or_else(|| Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist")))
}

/// A role's text form.
#[must_use]
pub fn regrole_name(vars: &SessionVars, oid: u32) -> String {
    or_digits(oid, vars.snapshot.system().source().role_name(oid).map(quote_identifier))
}

/// The catalogs whose objects `regcollation`, `regconfig` and `regdictionary` name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Static {
    /// `regcollation`
    Collation,
    /// `regconfig`
    SearchConfig,
    /// `regdictionary`
    SearchDictionary,
}

impl Static {
    fn names(self) -> &'static Names {
        match self {
            Self::Collation => statics::collations(),
            Self::SearchConfig => statics::search_configs(),
            Self::SearchDictionary => statics::search_dictionaries(),
        }
    }
}

/// The OID of a collation, text search configuration or dictionary by its text form.
///
/// # Errors
/// 42704 when there is none, 42602 for what is no name.
pub fn lookup_static(vars: &SessionVars, kind: Static, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    let parts = parse_name(text)?;
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] => (Some(schema.as_str()), name),
        _ => return Err(Error::new(sqlstate::SYNTAX_ERROR, "improper qualified name (too many dotted names)")),
    };
    find_static(vars, kind.names(), schema, name).ok_or_else(|| {
        let shown = parts.join(".");
        let message = match kind {
            Static::Collation => format!("collation \"{shown}\" for encoding \"UTF8\" does not exist"),
            Static::SearchConfig => format!("text search configuration \"{shown}\" does not exist"),
            Static::SearchDictionary => format!("text search dictionary \"{shown}\" does not exist"),
        };
        Error::new(sqlstate::UNDEFINED_OBJECT, message)
    })
}

/// The text form of a collation, text search configuration or dictionary.
#[must_use]
pub fn static_name(vars: &SessionVars, kind: Static, oid: u32) -> String {
    let names = kind.names();
    let shown = names.name(oid).map(|name| match static_visible(vars, names, oid) {
        Some(true) => quote_identifier(name),
        _ => qualified(names.namespace(oid).and_then(|oid| schema_name(vars, oid)).unwrap_or_default(), name),
    });
    or_digits(oid, shown)
}

/// The parts of a dotted name, quotes taken off and the rest in lower case.
///
/// # Errors
/// 42602 for what is no name.
pub fn parse_name(text: &str) -> Result<Vec<String>> {
    let invalid = || Error::new(sqlstate::INVALID_NAME, "invalid name syntax");
    let mut parts = Vec::new();
    let mut rest = text.trim_matches(is_space);
    loop {
        let (part, after) = name_part(rest).ok_or_else(invalid)?;
        parts.push(part);
        rest = after.trim_start_matches(is_space);
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start_matches(is_space),
            None if rest.is_empty() => return Ok(parts),
            None => return Err(invalid()),
        }
    }
}

/// One identifier at the start of `text`, and what follows it.
fn name_part(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = quoted.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if chars.peek().is_some_and(|next| next.1 == '"') => {
                    name.push('"');
                    chars.next();
                }
                '"' => return (!name.is_empty()).then(|| (name, &quoted[at + 1..])),
                c => name.push(c),
            }
        }
        return None;
    }
    let end = text.find(|c| c == '.' || is_space(c)).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_ascii_lowercase(), &text[end..]))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn single_name(text: &str) -> Result<String> {
    let mut parts = parse_name(text)?;
    match parts.pop() {
        Some(name) if parts.is_empty() => Ok(name),
        _ => Err(Error::new(sqlstate::INVALID_NAME, "invalid name syntax")),
    }
}

/// An OID in digits, or `-` for none.
fn numeric(text: &str) -> Option<u32> {
    if text == "-" {
        return Some(0);
    }
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn or_digits(oid: u32, name: Option<String>) -> String {
    match name {
        Some(name) => name,
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}

fn undefined_schema(name: &str) -> Error {
    Error::new(sqlstate::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist"))
}
