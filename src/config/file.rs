//! The keys: from what is written (file, variables, flags) to what is meant.
//!
//! `config/lakewire.toml` shows every key with its default; a test keeps the two equal. Paths are relative to the
//! directory the server is started in, whoever wrote them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use super::declared::{self, Inner};
use super::document::{self, Table};
use super::env::{PREFIX, Variables};
use super::mistake::{Mistake, Mistakes, Origin};
use super::reader::{Flag, Reader, Section, Written};
use super::{AuthConfig, Config, ExecutionConfig, LogConfig, ServerConfig, TableConfig, TlsConfig, UserConfig};
use super::{check, machine, value};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen ADDR:PORT`
    pub listen: Option<String>,
    /// `--data DIR`
    pub data: Option<String>,
    /// `--demo`
    pub demo: bool,
}

/// Everything a configuration is made from. Kept for the life of the server: a reload loads it again.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Environment variables; those not beginning with `LAKEWIRE_` are ignored.
    pub variables: Vec<(String, OsString)>,
    /// The command line.
    pub overrides: Overrides,
}

impl Sources {
    /// A file, the process's own variables and the command line.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, overrides: Overrides) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { file, variables, overrides }
    }

    /// Reads and validates; gives every mistake at once.
    pub fn load(&self) -> Result<Config, Mistakes> {
        self.load_with_keys().map(|(config, _)| config)
    }

    /// As [`Sources::load`], with the paths (`section.key`) of all keys there are.
    pub(super) fn load_with_keys(&self) -> Result<(Config, BTreeSet<String>), Mistakes> {
        let mut reader = self.reader();
        let config = config(&mut reader);
        let (mistakes, keys) = reader.finish();
        match Mistakes::collect(self.file.as_deref(), mistakes) {
            None => Ok((config, keys)),
            Some(mistakes) => Err(mistakes),
        }
    }

    fn reader(&self) -> Reader {
        let (mut root, mut mistakes) = (Table::default(), Vec::new());
        if let Some(file) = &self.file {
            match std::fs::read_to_string(file) {
                Ok(text) => (root, mistakes) = document::parse(&text),
                Err(e) => {
                    let message = format!("could not read the configuration file: {e}");
                    mistakes.push(Mistake { origin: Origin::None, message });
                }
            }
        }
        let (variables, broken) = Variables::of(&self.variables);
        mistakes.extend(broken);
        Reader::new(root, variables, self.overrides.flags(), mistakes)
    }
}

impl Overrides {
    fn flags(&self) -> Vec<Flag> {
        let flag = |name, section, key, text: &Option<String>| {
            text.as_ref().map(|text| Flag { name, section, key, text: text.clone() })
        };
        let demo = self.demo.then(|| "true".to_owned());
        [
            flag("--listen", "server", "listen", &self.listen),
            flag("--data", "storage", "data", &self.data),
            flag("--demo", "demo", "enabled", &demo),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// All sections, in the order of the sample.
fn config(reader: &mut Reader) -> Config {
    let mut section = reader.section("server");
    let default = Config::default();
    let listen = section.get("listen", value::address);
    let database = section.or("database", value::name, default.database);
    let schema = section.or("schema", value::schema, default.schema);
    let owner = section.get("owner", value::name);
    let server = server(section, listen.as_ref());
    let (tls, asked) = tls(reader.section("tls"));
    let auth = auth(reader, asked);
    if let Some(Written { value, origin }) = listen
        && let Some(danger) = check::exposure(value, asked, auth.remote)
        && !server.allow_insecure
    {
        reader.mistake(origin, danger);
    }

    if let Some(Written { value, origin }) = owner.clone()
        && value != default.owner
        && !auth.users.iter().any(|user| user.name == value)
    {
        reader.mistake(origin, format!("the owner \"{value}\" is none of the users in [[auth.users]]"));
    }

    let mut section = reader.section("storage");
    let data_dir = section.or("data_dir", value::path, default.data_dir);
    let data = section.get("data", |v| value::path(v).and_then(check::folder)).map(|written| written.value);
    let has_data = section.has("data");
    section.finish();

    let tables = tables(reader, &schema);
    let views = declared::views(reader, &schema);
    let nothing_else = !has_data && tables.is_empty();
    let mut section = reader.section("demo");
    let demo = section.or("enabled", value::flag, nothing_else);
    let demo_scale = section.or("scale", value::scale, default.demo_scale);
    section.finish();

    let execution = execution(reader);
    let mut section = reader.section("settings");
    let settings = section.all(value::setting);
    section.finish();
    let log = log(reader.section("log"));
    Config {
        server,
        tls,
        auth,
        database,
        schema,
        owner: owner.map_or(default.owner, |written| written.value),
        data_dir,
        data,
        demo,
        demo_scale,
        tables,
        views,
        execution,
        settings,
        log,
    }
}

fn server(mut section: Section<'_>, listen: Option<&Written<std::net::SocketAddr>>) -> ServerConfig {
    let default = ServerConfig::default();
    let count = |v: &_| value::count(v, 1, 100_000);
    let max_connections = section.or("max_connections", count, default.max_connections);
    let below = |v: &_| value::count(v, 0, max_connections - 1);
    let reserved = default.superuser_reserved_connections.min(max_connections - 1);
    let message = |v: &_| value::size_within(v, 8 << 10, 1 << 30);
    let config = ServerConfig {
        listen: listen.map_or(default.listen, |written| written.value),
        allow_insecure: section.or("allow_insecure", value::flag, default.allow_insecure),
        max_connections,
        superuser_reserved_connections: section.or("superuser_reserved_connections", below, reserved),
        authentication_timeout: section.or("authentication_timeout", value::timeout, default.authentication_timeout),
        shutdown_grace: section.or("shutdown_grace", value::duration, default.shutdown_grace),
        max_message_bytes: section.or("max_message", message, default.max_message_bytes),
        keepalive_idle: section.or("keepalive_idle", value::timeout, default.keepalive_idle),
        send_timeout: section.or("send_timeout", value::timeout, default.send_timeout),
    };
    section.finish();
    config
}

/// The configured certificates, and whether TLS was asked for at all (even where its keys are mistaken).
fn tls(mut section: Section<'_>) -> (Option<TlsConfig>, check::Tls) {
    let file = |v: &_| value::path(v).and_then(check::readable);
    let cert = section.get("cert", file);
    let key = section.get("key", file);
    let client_ca = section.get("client_ca", file);
    let required = section.or("required", value::flag, true);
    let asked = check::Tls { server: section.is_present(), client_ca: section.has("client_ca") };
    if asked.server {
        section.need(&["cert", "key"]);
    }
    section.finish();
    let config = cert.zip(key).map(|(cert, key)| TlsConfig {
        cert: cert.value,
        key: key.value,
        client_ca: client_ca.map(|written| written.value),
        required,
    });
    (config, asked)
}

fn auth(reader: &mut Reader, tls: check::Tls) -> AuthConfig {
    let default = AuthConfig::default();
    let mut section = reader.section("auth");
    let fit = |v: &_| value::method(v).and_then(|method| check::method(method, tls));
    let loopback = section.or("loopback", fit, default.loopback);
    let remote = section.or("remote", fit, default.remote);
    let failures = |v: &_| value::count(v, 1, 1_000_000).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let max_failures_per_minute = section.or("max_failures_per_minute", failures, default.max_failures_per_minute);
    let blocks = section.blocks("users", "auth.users");
    section.finish();
    let mut users: Vec<UserConfig> = Vec::with_capacity(blocks.len());
    for table in blocks {
        if let Some(user) = user(reader.block("auth.users", table), &users) {
            users.push(user);
        }
    }
    AuthConfig { loopback, remote, users, max_failures_per_minute }
}

fn user(mut section: Section<'_>, earlier: &[UserConfig]) -> Option<UserConfig> {
    let unique = |v: &_| {
        let name = value::name(v)?;
        let taken = earlier.iter().any(|user| user.name == name);
        if taken { Err(format!("there is already a user {v}")) } else { Ok(name) }
    };
    let name = section.require("name", unique);
    let verifier = section.get("verifier", value::verifier).map(|written| written.value);
    let superuser = section.or("superuser", value::flag, false);
    section.finish();
    Some(UserConfig { name: name?.value, verifier, superuser })
}

fn tables(reader: &mut Reader, schema: &str) -> Vec<TableConfig> {
    let mut tables: Vec<TableConfig> = Vec::new();
    for table in reader.blocks("tables") {
        if let Some(table) = self::table(reader, table, schema, &tables) {
            tables.push(table);
        }
    }
    tables
}

fn table(reader: &mut Reader, table: Table, schema: &str, earlier: &[TableConfig]) -> Option<TableConfig> {
    let mut section = reader.block("tables", table);
    let schema = section.or("schema", value::schema, schema.to_owned());
    let unique = |v: &_| {
        let name = value::name(v)?;
        let taken = earlier.iter().any(|table| table.schema == schema && table.name == name);
        if taken { Err(format!("there is already a table \"{schema}.{name}\"")) } else { Ok(name) }
    };
    let name = section.require("name", unique);
    let location = section.require("location", |v| value::text(v).and_then(check::location));
    let format = section.get("format", value::format).map(|written| written.value);
    let partitions = section.get("partitions", value::names).map(|written| written.value);
    let header = section.or("header", value::flag, true);
    let delimiter = section.get("delimiter", value::delimiter).map(|written| written.value);
    let comment = section.get("comment", value::text).map(|written| written.value);
    let options = section.or("options", value::options, Vec::new());
    let inner = Inner::of(&mut section);
    section.finish();
    let declared = inner.read(reader);
    let location = location?.value;
    let tabs = location.split('.').any(|part| part.eq_ignore_ascii_case("tsv"));
    let delimiter = delimiter.unwrap_or(if tabs { '\t' } else { ',' });
    let name = name?.value;
    Some(TableConfig { schema, name, location, format, partitions, header, delimiter, options, comment, declared })
}

fn execution(reader: &mut Reader) -> ExecutionConfig {
    let default = ExecutionConfig::default();
    let mut section = reader.section("execution");
    let threads = section.or("threads", |v| value::count_or_auto(v, 1024), None).unwrap_or(default.threads);
    let max_running = section.or("max_running", |v| value::count_or_auto(v, 100_000), None).unwrap_or(4 * threads);
    let batch_rows = section.or("batch_rows", |v| value::count(v, 64, 1 << 20), default.batch_rows);
    section.finish();

    let mut section = reader.section("memory");
    let whole = machine::memory_bytes();
    let share = |whole: usize| move |v: &_| check::memory(value::share(v)?.of(whole), v);
    let memory_limit_bytes = section.or("limit", share(whole), default.memory_limit_bytes);
    let half = value::Share::Percent(50).of(memory_limit_bytes);
    let query_memory_limit_bytes = section.or("query_limit", share(memory_limit_bytes), half).min(memory_limit_bytes);
    let spill_limit_bytes = section.or("spill_limit", value::size, default.spill_limit_bytes);
    section.finish();
    ExecutionConfig {
        threads,
        memory_limit_bytes,
        query_memory_limit_bytes,
        spill_limit_bytes,
        max_running,
        batch_rows,
    }
}

fn log(mut section: Section<'_>) -> LogConfig {
    let default = LogConfig::default();
    let config = LogConfig {
        filter: section.or("filter", |v| value::text(v).and_then(check::filter), default.filter),
        json: section.or("format", |v| value::word(v, &[("text", false), ("json", true)]), default.json),
        slow_statement: section.or("slow_statement", value::duration_or_off, default.slow_statement),
    };
    section.finish();
    config
}
