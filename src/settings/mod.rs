//! The settings table: every setting a client may see or set, its type, default and check.
//!
//! Names, types, ranges and descriptions are PostgreSQL 17's own (`postgresql.tsv`, exported from `pg_settings`);
//! lakewire's additions start with `lakewire.`. SHOW, SET, RESET, DISCARD, `pg_settings` and ParameterStatus all read
//! this one table. A setting that the engine has no use for (`work_mem`, `jit`) is checked and kept, and has no effect.

pub mod values;
pub mod zone;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::sqlstate;

/// The version clients see first.
pub const POSTGRES_VERSION: &str = "17.10";

/// `server_version`: PostgreSQL's version, then our name.
pub const SERVER_VERSION: &str = concat!("17.10 (lakewire ", env!("CARGO_PKG_VERSION"), ")");

/// A setting's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// on/off
    Bool,
    /// A whole number with an optional unit.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A real number.
    Real {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// One of some words.
    Enum(Vec<&'static str>),
    /// Any text, checked by name where it has a grammar.
    Text,
}

/// Who may change a setting, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Never.
    Internal,
    /// At start or by reload only.
    Server,
    /// When the connection is made.
    Backend,
    /// Superusers at any time.
    Superuser,
    /// Anybody at any time.
    User,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name as shown.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Who may change it.
    pub context: Context,
    /// The value it has when nobody sets it.
    pub default: String,
    /// The unit of a bare number (`ms`, `kB`, `8kB`), empty for none.
    pub unit: &'static str,
    /// Whether clients are told of changes (ParameterStatus).
    pub reported: bool,
    /// `pg_settings.category`.
    pub category: &'static str,
    /// `pg_settings.short_desc`.
    pub description: &'static str,
}

const TABLE: &str = include_str!("postgresql.tsv");

/// Settings whose changes PostgreSQL 17 reports.
const REPORTED: [&str; 14] = [
    "application_name",
    "client_encoding",
    "datestyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "intervalstyle",
    "is_superuser",
    "scram_iterations",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "timezone",
];

/// Defaults that differ from PostgreSQL's boot values: what `initdb` or this server decides.
const DEFAULTS: [(&str, &str); 15] = [
    ("server_version", SERVER_VERSION),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("default_text_search_config", "pg_catalog.english"),
    ("lc_messages", "C"),
    ("max_connections", "100"),
    ("is_superuser", "off"),
    ("transaction_read_only", "off"),
    ("transaction_isolation", "read committed"),
    ("ssl_library", "rustls"),
    ("config_file", ""),
    ("data_directory", ""),
    ("listen_addresses", ""),
];

/// Settings that PostgreSQL keeps out of `pg_settings`, and our own.
const EXTRA: [(&str, &str, &str, &str, &str); 3] = [
    ("is_superuser", "bool", "internal", "off", "Shows whether the current user is a superuser."),
    ("role", "string", "user", "none", "Sets the current role."),
    ("session_authorization", "string", "user", "", "Sets the session user name."),
];

static SETTINGS: LazyLock<BTreeMap<String, Setting>> = LazyLock::new(|| {
    let mut all: BTreeMap<String, Setting> = BTreeMap::new();
    for line in TABLE.lines() {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (name, vartype, context, boot, unit) = (next(), next(), next(), next(), next());
        let (min, max, words, category, description) = (next(), next(), next(), next(), next());
        let kind = kind(vartype, min, max, words);
        insert(&mut all, Setting { unit, category, ..setting(name, kind, context, boot, description) });
    }
    for (name, vartype, context, boot, description) in EXTRA {
        insert(&mut all, setting(name, kind(vartype, "", "", ""), context, boot, description));
    }
    all
});

fn insert(all: &mut BTreeMap<String, Setting>, setting: Setting) {
    all.insert(setting.name.to_lowercase(), setting);
}

fn setting(name: &'static str, kind: Kind, context: &str, boot: &str, description: &'static str) -> Setting {
    let lower = name.to_lowercase();
    let default = DEFAULTS.iter().find(|(n, _)| *n == lower).map_or(boot, |(_, value)| value);
    let context = match context {
        "internal" => Context::Internal,
        "postmaster" | "sighup" => Context::Server,
        "backend" | "superuser-backend" => Context::Backend,
        "superuser" => Context::Superuser,
        _ => Context::User,
    };
    let reported = REPORTED.contains(&lower.as_str());
    Setting {
        name,
        kind,
        context,
        default: default.to_owned(),
        unit: "",
        reported,
        category: "Customized Options",
        description,
    }
}

fn kind(vartype: &str, min: &str, max: &str, words: &'static str) -> Kind {
    match vartype {
        "bool" => Kind::Bool,
        "integer" => Kind::Integer { min: min.parse().unwrap_or(i64::MIN), max: max.parse().unwrap_or(i64::MAX) },
        "real" => Kind::Real { min: min.parse().unwrap_or(f64::MIN), max: max.parse().unwrap_or(f64::MAX) },
        "enum" => Kind::Enum(words.split(',').collect()),
        _ => Kind::Text,
    }
}

/// All settings by lower-case name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Setting)> {
    SETTINGS.iter().map(|(name, setting)| (name.as_str(), setting))
}

/// The setting of that name, without case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.get(&name.to_lowercase())
}

/// `42704` for a name that is no setting.
#[must_use]
pub fn unrecognized(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\""))
}

/// Whether a name may be a client's own setting (`app.user`): two parts, and not in a namespace of the server's.
#[must_use]
pub fn is_custom(name: &str) -> bool {
    let Some((class, rest)) = name.split_once('.') else { return false };
    let part = |s: &str| {
        s.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && s.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    part(class) && rest.split('.').all(part) && !matches!(class, "lakewire" | "datafusion" | "pg_catalog")
}

/// Checks and normalises a value. `items` are a SET's list; most settings take one.
pub fn check(setting: &Setting, items: &[String]) -> Result<String> {
    values::check(setting, items)
}
