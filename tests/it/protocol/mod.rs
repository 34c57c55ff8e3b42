//! The wire protocol over real sockets: message scripts that PostgreSQL answers in the same way, and what scripts
//! cannot say (TLS, proofs, limits, signals).

mod abuse;
mod auth;
mod cancel;
mod connection;
mod lifecycle;
mod message;
mod script;
mod tls;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::harness::{self, Target, TestServer, TestServerBuilder};

/// The digits, to be joined with themselves.
macro_rules! digits {
    ($rest:literal) => {
        concat!("with d(i) as (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) ", $rest)
    };
}

/// Runs for hours unless it is stopped.
pub const ENDLESS: &str = digits!(
    "select count(*) from d a, d b, d c, d e, d f, d g, d h, d j, d k, d l, d m, d n \
     where a.i + b.i + c.i + e.i + f.i + g.i + h.i + j.i + k.i + l.i + m.i + n.i >= 0"
);
/// More rows than any socket buffers or any test awaits.
pub const HUGE: &str =
    digits!("select a.i, b.i, c.i, e.i from d a, d b, d c, d e, d f, d g, d h, d j, d k, d l, d m, d n");
/// Takes a while, and ends.
pub const BRIEF: &str = digits!(
    "select count(*) from d a, d b, d c, d e, d f, d g, d h where a.i + b.i + c.i + e.i + f.i + g.i + h.i >= 0"
);

/// A server without tables.
pub fn bare_server() -> TestServerBuilder {
    TestServer::builder().toml("[demo]\nenabled = false")
}

/// The server that scripts run against: PostgreSQL when `LAKEWIRE_ORACLE` names one.
fn target() -> Target {
    static SERVER: OnceLock<Target> = OnceLock::new();
    let target = SERVER.get_or_init(|| match harness::oracle() {
        Some(addr) => Target { addr, user: "postgres", database: "postgres" },
        None => bare_server().start_for_ever(),
    });
    target.clone()
}

fn folder() -> PathBuf {
    harness::repository("tests/wire")
}

fn run_script(name: &str) {
    let path = folder().join(format!("{name}.pt"));
    if harness::oracle().is_some() && !script::is_comparable(&path) {
        return;
    }
    if let Err(difference) = script::run(&path, &target()) {
        panic!("{difference}");
    }
}

/// One test per script, and one that none is forgotten.
macro_rules! scripts {
    ($($name:ident)*) => {
        mod scripts {
            $(
                #[test]
                fn $name() {
                    super::run_script(stringify!($name));
                }
            )*
        }

        #[test]
        fn every_script_is_run() {
            let listed: BTreeSet<String> = [$(stringify!($name)),*].map(|name| format!("{name}.pt")).into();
            let files = fs::read_dir(folder()).expect("the folder is readable");
            let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned());
            let found: BTreeSet<String> = names.filter(|name| name.ends_with(".pt")).collect();
            assert_eq!(listed, found);
        }
    };
}

scripts! {
    broken_messages
    broken_startup
    cancel
    copy_in
    copy_messages
    copy_out
    copy_stopped
    describe
    empty_queries
    encryption_request
    error_fields
    error_positions
    execute_limits
    flush
    newer_protocol
    parameter_types
    parameter_status
    pipelining
    result_formats
    row_origins
    several_statements
    set_and_show
    skip_to_sync
    startup_parameters
    transactions
    trust
    undecided_parameters
}
