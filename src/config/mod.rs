//! The configuration as meant: validated, complete, immutable after start.
//!
//! `file.rs` reads it as written (unknown keys refused) and turns it into this. Other rooms see only these types.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Where the server keeps its own files (demo data, spill).
    pub data_dir: PathBuf,
    /// A folder whose files are served, one table per file or folder.
    pub data: Option<PathBuf>,
    /// Whether the TPC-H demo is served.
    pub demo: bool,
    /// Tables by name.
    pub tables: Vec<TableConfig>,
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

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserConfig {
    /// The role's name.
    pub name: String,
    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
    pub verifier: Option<String>,
    /// May use reserved connections and cancel others' statements.
    pub superuser: bool,
}

/// A table's source.
#[derive(Clone, Debug, PartialEq)]
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
