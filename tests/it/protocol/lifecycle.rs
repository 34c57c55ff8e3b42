//! Coming and going: startup time, connection limits, shutdown.

use std::time::{Duration, Instant};

use super::connection::{Connection, Received};
use super::{BRIEF, ENDLESS, bare_server};
use crate::harness::{Target, eventually, signal};

/// Sends a statement and waits until it runs, which its description shows.
fn begin(connection: &mut Connection, sql: &str) {
    connection.send_message(b'Q', format!("{sql}\0").as_bytes()).expect("sent");
    connection.until(&["RowDescription"], &[]).expect("it runs");
}

#[test]
fn whoever_is_slow_to_start_is_dropped_without_a_word() {
    let server = bare_server().toml("[server]\nauthentication_timeout = \"1s\"").start();
    let mut connection = Connection::connect(&server.target()).expect("connected");
    for said in [&b""[..], b"\0", b"\0\0\0\x20\0\x03\0\0user\0"] {
        let start = Instant::now();
        let mut slow = Connection::open(&server.target()).expect("connected");
        slow.send(said).expect("sent");
        assert_eq!(slow.receive(), Ok(Received::Closed));
        assert!(start.elapsed() >= Duration::from_millis(900), "not before its time");
    }
    // Time to authenticate is not time to live.
    let answer = connection.query("select 1").expect("still there");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
}

#[test]
fn slots_are_counted_and_the_last_are_for_superusers() {
    let settings = "[server]\nmax_connections = 3\nsuperuser_reserved_connections = 1\n\
                    [[auth.users]]\nname = \"root\"\nsuperuser = true";
    let server = bare_server().toml(settings).start();
    let target = server.target();
    let root = Target { user: "root", ..server.target() };
    let first = Connection::connect(&target).expect("the first slot");
    let _second = Connection::connect(&target).expect("the second slot");
    let refused = Connection::connect(&target).err().expect("the third is reserved");
    let reserved = "remaining connection slots are reserved for roles with the SUPERUSER attribute";
    assert_eq!(refused, format!("ErrorResponse FATAL 53300 \"{reserved}\""));
    let _third = Connection::connect(&root).expect("the reserved slot");
    for who in [&target, &root] {
        let refused = Connection::connect(who).err().expect("full");
        assert_eq!(refused, "ErrorResponse FATAL 53300 \"sorry, too many clients already\"");
    }
    drop(first);
    eventually(Duration::from_secs(5), "the slot is free again", || Connection::connect(&root).is_ok());
}

#[test]
fn idlers_at_the_door_do_not_keep_others_out() {
    let server = bare_server().toml("[server]\nmax_connections = 4\nauthentication_timeout = \"1min\"").start();
    let mut idle: Vec<_> = (0..200).map(|_| Connection::open(&server.target()).expect("connected")).collect();
    let mut connection = Connection::connect(&server.target()).expect("an honest client gets in");
    let answer = connection.query("select 1").expect("an answer");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
    assert_eq!(idle[0].receive(), Ok(Received::Closed), "the one that waited longest made room");
}

#[test]
fn shutdown_ends_the_idle_at_once_and_lets_the_running_finish() {
    let mut server = bare_server().toml("[server]\nshutdown_grace = \"30s\"").start();
    let mut idle = Connection::connect(&server.target()).expect("connected");
    let mut in_transaction = Connection::connect(&server.target()).expect("connected");
    in_transaction.query("begin").expect("an answer");
    let mut running = Connection::connect(&server.target()).expect("connected");
    begin(&mut running, BRIEF);
    signal(server.pid(), "TERM");
    let goodbye = "ErrorResponse FATAL 57P01 \"terminating connection due to administrator command\"\nClosed";
    assert_eq!(idle.until(&["Closed"], &[]).as_deref(), Ok(goodbye));
    assert_eq!(in_transaction.until(&["Closed"], &[]).as_deref(), Ok(goodbye));
    let refused = Connection::connect(&server.target()).err().expect("nobody new is served");
    assert_eq!(refused, "ErrorResponse FATAL 57P03 \"the database system is shutting down\"");
    let answer = running.until(&["Closed"], &[]).expect("an answer");
    assert!(answer.contains("DataRow \"10000000\"") && answer.ends_with(goodbye), "{answer}");
    assert!(server.wait().success());
}

#[test]
fn the_grace_period_ends_and_so_do_statements() {
    let mut server = bare_server().toml("[server]\nshutdown_grace = \"200ms\"").start();
    let mut running = Connection::connect(&server.target()).expect("connected");
    begin(&mut running, ENDLESS);
    signal(server.pid(), "TERM");
    let answer = running.until(&["Closed"], &[]).expect("an answer");
    assert!(answer.contains("FATAL 57P01") && answer.ends_with("Closed"), "{answer}");
    assert!(server.wait().success());
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut server = bare_server().toml("[server]\nshutdown_grace = \"1h\"").start();
    let mut running = Connection::connect(&server.target()).expect("connected");
    begin(&mut running, ENDLESS);
    signal(server.pid(), "TERM");
    // That it has begun to go shows in what it tells newcomers.
    eventually(Duration::from_secs(5), "it is shutting down", || {
        Connection::connect(&server.target()).err().is_some_and(|e| e.contains("57P03"))
    });
    signal(server.pid(), "INT");
    let answer = running.until(&["Closed"], &[]).expect("an answer");
    assert!(answer.contains("FATAL 57P01"), "{answer}");
    assert!(server.wait().success());
}
