//! Servers for tests: started on a free port with a data folder of their own, stopped when they are no longer needed.
//!
//! Tests that only read share a server. Nothing here sleeps: a start ends with the server's ready line, a condition is
//! awaited with a deadline.

pub mod client;
pub mod copying;
pub mod print;
mod server;

use std::env;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub use client::Client;
pub use server::{TestServer, TestServerBuilder};

/// Where tests find a server: one they started or a PostgreSQL to be compared with.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address.
    pub addr: SocketAddr,
    /// Who to connect as.
    pub user: &'static str,
    /// The database.
    pub database: &'static str,
}

impl Target {
    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.addr, self.user, self.database).expect("the server under test accepts connections")
    }

    /// The connection string for libpq and tokio-postgres.
    pub fn conninfo(&self) -> String {
        format!("host={} port={} user={} dbname={}", self.addr.ip(), self.addr.port(), self.user, self.database)
    }
}

/// The PostgreSQL that `LAKEWIRE_ORACLE=host:port` names: tests that can, run against it instead of lakewire.
pub fn oracle() -> Option<SocketAddr> {
    let address = env::var("LAKEWIRE_ORACLE").ok()?;
    let mut found = address.to_socket_addrs().expect("LAKEWIRE_ORACLE is host:port");
    Some(found.next().expect("LAKEWIRE_ORACLE names an address"))
}

/// The shared server of TPC-H at scale 0.01, for tests that only read.
pub fn tpch() -> Target {
    static SERVER: OnceLock<Target> = OnceLock::new();
    shared(&SERVER, "lakewire", "lakewire", || TestServer::builder().data(tpch_data()))
}

/// The shared server of the schema that tools' statements were recorded on (`tests/tools/schema`).
pub fn tools() -> Target {
    static SERVER: OnceLock<Target> = OnceLock::new();
    shared(&SERVER, "bi", "tpch", || TestServer::builder().config(&repository("tests/tools/lakewire.toml")))
}

fn shared(
    cell: &OnceLock<Target>,
    user: &'static str,
    database: &'static str,
    builder: impl FnOnce() -> TestServerBuilder,
) -> Target {
    let target = cell.get_or_init(|| match oracle() {
        Some(addr) => Target { addr, user, database },
        None => Target { user, database, ..builder().start_for_ever() },
    });
    target.clone()
}

/// TPC-H at scale 0.01 as Parquet; made once per build of the server and kept under the target folder.
pub fn tpch_data() -> &'static Path {
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| {
        let binary = env!("CARGO_BIN_EXE_lakewire");
        let built = std::fs::metadata(binary).and_then(|m| m.modified()).expect("the server's binary is there");
        let stamp = built.duration_since(std::time::UNIX_EPOCH).expect("it was built after 1970").as_secs();
        let kept = scratch().join(format!("tpch-0.01-{stamp}"));
        if !kept.is_dir() {
            let fresh = tempfile::tempdir_in(scratch()).expect("the target folder is writable");
            let made = fresh.path().join("data");
            let mut command = Command::new(binary);
            run(command.args(["generate", "--scale", "0.01", "--output"]).arg(&made));
            // Another test process may have been quicker; its data are the same.
            let renamed = std::fs::rename(&made, &kept);
            assert!(renamed.is_ok() || kept.is_dir(), "{renamed:?}");
        }
        kept
    })
}

/// A folder for tests' files under the target folder.
pub fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A path inside the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A driver's error with what the server said.
pub fn explain(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} {}", db.code().code(), db.message()),
        None => format!("{error:?}"),
    }
}

/// Sends a signal (`INT`, `TERM`, `HUP`) to a process by the shell's own `kill`.
pub fn signal(pid: u32, name: &str) {
    run(Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]));
}

/// Waits until `condition` holds and says how long that took; fails after `limit`.
///
/// This is the one place that waits by asking again, for conditions that nothing announces (another process's memory).
pub fn eventually(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    loop {
        if condition() {
            return start.elapsed();
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// A process's memory as the kernel counts it, bytes: `VmRSS` now, `VmHWM` at most so far.
pub fn memory_bytes(pid: u32, field: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(field));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other(format!("no {field} in /proc/{pid}/status")))
}
