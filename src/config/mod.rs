//! The configuration as meant: validated, complete, immutable after start.
//!
//! [`Sources::load`] makes it: [`document`] reads the file as written, [`reader`] lets variables (`env`) and flags
//! override it and refuses what nobody asked for, [`file`] knows the keys, [`check`] what must hold between them.
//! Every mistake is found in one go and none is guessed away. Other rooms see only these types. Debug output holds no
//! secret.

mod check;
mod declared;
mod document;
mod env;
mod file;
mod machine;
mod mistake;
mod reader;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use declared::{ColumnConfig, Declared, ForeignKeyConfig, ViewConfig};
pub use file::{Overrides, Sources};
pub use mistake::{Mistake, Mistakes, Origin};

/// The whole configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Sockets and their limits.
    pub server: ServerConfig,
    /// Certificates; `None` serves in clear.
    pub tls: Option<TlsConfig>,
    /// Who may connect and how they prove it.
    pub auth: AuthConfig,
    /// The name of the one database.
    pub database: String,
    /// The schema of tables that name none.
    pub schema: String,
    /// The role that owns the database, its schemas, tables and views.
    pub owner: String,
    /// Where the server keeps its own files (demo data, spill).
    pub data_dir: PathBuf,
    /// A folder whose files are served, one table per file or folder.
    pub data: Option<PathBuf>,
    /// Whether the TPC-H demo is served.
    pub demo: bool,
    /// The demo's TPC-H scale factor (1 is 6 million lineitem rows).
    pub demo_scale: f64,
    /// Tables by name.
    pub tables: Vec<TableConfig>,
    /// Views that everybody sees.
    pub views: Vec<ViewConfig>,
    /// Threads, memory, spill.
    pub execution: ExecutionConfig,
    /// Defaults of session settings (`statement_timeout`, `TimeZone`, …), as text.
    pub settings: Vec<(String, String)>,
    /// Logging.
    pub log: LogConfig,
}

/// Sockets and their limits.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Serve a non-loopback address although TLS or authentication is missing.
    pub allow_insecure: bool,
    /// Connections at once.
    pub max_connections: usize,
    /// Of these, kept for superusers.
    pub superuser_reserved_connections: usize,
    /// From accept to the end of authentication.
    pub authentication_timeout: Duration,
    /// How long running statements may go on after SIGTERM.
    pub shutdown_grace: Duration,
    /// Largest message accepted after authentication, bytes.
    pub max_message_bytes: usize,
    /// TCP keep-alive: idle time before the first probe.
    pub keepalive_idle: Duration,
    /// How long a client may refuse to read before its connection is dropped.
    pub send_timeout: Duration,
}

/// Certificates of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsConfig {
    /// PEM chain.
    pub cert: PathBuf,
    /// PEM key.
    pub key: PathBuf,
    /// PEM roots for client certificates.
    pub client_ca: Option<PathBuf>,
    /// Refuse connections in clear (loopback included).
    pub required: bool,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// No proof.
    Trust,
    /// Clear-text password (TLS only).
    Password,
    /// SCRAM-SHA-256, and -PLUS over TLS.
    ScramSha256,
    /// A client certificate whose common name is the role.
    Certificate,
}

/// Who may connect.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthConfig {
    /// For loopback clients.
    pub loopback: AuthMethod,
    /// For all others.
    pub remote: AuthMethod,
    /// The users.
    pub users: Vec<UserConfig>,
    /// Failed attempts per address and minute before further ones are refused.
    pub max_failures_per_minute: u32,
}

/// A user. Its Debug form does not show the verifier.
#[derive(Clone, PartialEq)]
pub struct UserConfig {
    /// The role's name.
    pub name: String,
    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
    pub verifier: Option<String>,
    /// May use reserved connections and cancel others' statements.
    pub superuser: bool,
}

/// A table's source. Its Debug form shows the names of its options and not their values.
#[derive(Clone, PartialEq)]
pub struct TableConfig {
    /// The schema it goes into.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Path, glob, folder or URL.
    pub location: String,
    /// The format; `None` goes by the file name.
    pub format: Option<FileFormatKind>,
    /// Hive partition columns; `None` finds them in the folder names.
    pub partitions: Option<Vec<String>>,
    /// CSV: whether the first line has names.
    pub header: bool,
    /// CSV: the delimiter.
    pub delimiter: char,
    /// Object-store options (`region`, `endpoint`, …; secrets come from the environment).
    pub options: Vec<(String, String)>,
    /// Its comment.
    pub comment: Option<String>,
    /// What is declared of it beyond its files.
    pub declared: Declared,
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormatKind {
    /// Parquet
    Parquet,
    /// Comma-separated values
    Csv,
    /// Newline-delimited JSON
    Json,
    /// Arrow IPC
    Arrow,
    /// Avro
    Avro,
}

/// Threads, memory, spill.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionConfig {
    /// CPU threads; also the partitions of a plan.
    pub threads: usize,
    /// Memory that queries may use together, bytes.
    pub memory_limit_bytes: usize,
    /// Memory one query may use, bytes.
    pub query_memory_limit_bytes: usize,
    /// Disk that spilling may use, bytes.
    pub spill_limit_bytes: u64,
    /// Statements that run at once; more wait.
    pub max_running: usize,
    /// Rows per batch.
    pub batch_rows: usize,
}

/// Logging.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// A filter such as `info` or `lakewire=debug`.
    pub filter: String,
    /// JSON lines instead of text.
    pub json: bool,
    /// Statements slower than this get a line; `None` logs none.
    pub slow_statement: Option<Duration>,
}

impl Config {
    /// The folder under which queries spill; wiped at start.
    #[must_use]
    pub fn spill_dir(&self) -> PathBuf {
        self.data_dir.join("spill")
    }

    /// The folder of the demo's Parquet files at the configured scale, if the demo is served.
    #[must_use]
    pub fn demo_folder(&self) -> Option<PathBuf> {
        self.demo.then(|| self.data_dir.join("demo").join(format!("tpch-{}", self.demo_scale)))
    }
}

/// What an empty configuration means: the demo on loopback. `config/lakewire.toml` says the same, key by key.
impl Default for Config {
    fn default() -> Self {
        Self {
            server: ServerConfig::default(),
            tls: None,
            auth: AuthConfig::default(),
            database: "lakewire".to_owned(),
            schema: "public".to_owned(),
            owner: "postgres".to_owned(),
            data_dir: PathBuf::from("./lakewire-data"),
            data: None,
            demo: true,
            demo_scale: 0.1,
            tables: Vec::new(),
            views: Vec::new(),
            execution: ExecutionConfig::default(),
            settings: Vec::new(),
            log: LogConfig::default(),
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 5433)),
            allow_insecure: false,
            max_connections: 100,
            superuser_reserved_connections: 3,
            authentication_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(30),
            max_message_bytes: 16 << 20,
            keepalive_idle: Duration::from_mins(1),
            send_timeout: Duration::from_mins(5),
        }
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            loopback: AuthMethod::Trust,
            remote: AuthMethod::ScramSha256,
            users: Vec::new(),
            max_failures_per_minute: 10,
        }
    }
}

/// What this machine (or its container) allows: every core, 60 % of memory, half of that for one query.
impl Default for ExecutionConfig {
    fn default() -> Self {
        let threads = machine::cores();
        let memory_limit_bytes = value::Share::Percent(60).of(machine::memory_bytes());
        Self {
            threads,
            memory_limit_bytes,
            query_memory_limit_bytes: value::Share::Percent(50).of(memory_limit_bytes),
            spill_limit_bytes: 100 << 30,
            max_running: 4 * threads,
            batch_rows: 8192,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: false, slow_statement: Some(Duration::from_secs(1)) }
    }
}

impl TableConfig {
    /// A table with nothing but its names and where it is; the rest goes by what is found there.
    #[must_use]
    pub fn new(schema: impl Into<String>, name: impl Into<String>, location: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
            location: location.into(),
            format: None,
            partitions: None,
            header: true,
            delimiter: ',',
            options: Vec::new(),
            comment: None,
            declared: Declared::default(),
        }
    }
}

impl fmt::Debug for UserConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserConfig")
            .field("name", &self.name)
            .field("verifier", &self.verifier.as_ref().map(|_| "…"))
            .field("superuser", &self.superuser)
            .finish()
    }
}

impl fmt::Debug for TableConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TableConfig")
            .field("schema", &self.schema)
            .field("name", &self.name)
            .field("location", &self.location)
            .field("format", &self.format)
            .field("partitions", &self.partitions)
            .field("header", &self.header)
            .field("delimiter", &self.delimiter)
            .field("options", &options)
            .field("comment", &self.comment)
            .field("declared", &self.declared)
            .finish()
    }
}
