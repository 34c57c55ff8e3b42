//! A server from its start to its end: what it refuses to start with, how many it serves, how it goes.

use std::process::Command;

use postgres_protocol::message::frontend;

use crate::harness::{self, Client, TestServer};

/// A server that runs this long after SIGTERM would make the test fail by its deadline.
const GRACE: &str = "[server]\nshutdown_grace = \"1s\"";

#[test]
fn sigterm_drains_and_ends_with_success() {
    let mut server = TestServer::builder().toml(GRACE).data(harness::tpch_data()).start();
    let mut idle = server.connect();
    let mut busy = server.connect();
    busy.send(|buf| {
        frontend::query("select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment", buf)
    })
    .expect("it is sent");
    harness::signal(server.pid(), "TERM");
    let goodbye = idle.until_ready().expect("the server says why");
    let goodbye = harness::client::error_in(goodbye).expect("it is an error");
    assert_eq!((goodbye.field('V'), goodbye.sqlstate()), ("FATAL", "57P01"));
    assert_eq!(goodbye.field('M'), "terminating connection due to administrator command");
    // The running statement gets its grace and then ends, one way or the other.
    assert!(busy.until_ready().map_or(true, |events| harness::client::error_in(events).is_some()));
    assert!(server.wait().success());
    assert!(Client::connect(server.addr, "lakewire", "lakewire").is_err());
}

#[test]
fn a_full_server_says_so() {
    let server = TestServer::builder()
        .env("LAKEWIRE_SERVER_MAX_CONNECTIONS", "2")
        .env("LAKEWIRE_SERVER_SUPERUSER_RESERVED_CONNECTIONS", "0")
        .data(harness::tpch_data())
        .start();
    let first = server.connect();
    let _second = server.connect();
    let refused = Client::connect(server.addr, "lakewire", "lakewire").err().map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("FATAL 53300: sorry, too many clients already"));
    drop(first);
    let again = || Client::connect(server.addr, "lakewire", "lakewire").is_ok();
    harness::eventually(harness::client::DEADLINE, "a slot is free again", again);
}

#[test]
fn a_slow_statement_is_logged_with_its_ids_and_without_its_literals() {
    let server = TestServer::builder().env("LAKEWIRE_LOG_SLOW_STATEMENT", "0s").data(harness::tpch_data()).start();
    let mut client = server.connect();
    for sql in ["select 1", "select count(*) from region where r_name = 'a secret'"] {
        client.send(|buf| frontend::query(sql, buf)).expect("it is sent");
        client.until_ready().expect("it is answered");
    }
    harness::eventually(harness::client::DEADLINE, "both statements are logged", || {
        server.log().matches("slow statement").count() == 2
    });
    let log = server.log();
    let line = log.lines().find(|line| line.contains("r_name")).expect("the statement is there");
    for part in ["connection{", "user=\"lakewire\"", "statement{id=2}", "r_name = ?"] {
        assert!(line.contains(part), "{part} is missing in: {line}");
    }
    assert!(!log.contains("secret"));
}

#[test]
fn mistakes_stop_the_start_before_a_port_is_bound() {
    let folder = tempfile::tempdir_in(harness::scratch()).expect("the target folder is writable");
    for (text, expected) in [
        ("[server]\nlisen = \"127.0.0.1:0\"\n", "lisen"),
        ("[server]\nlisten = \"0.0.0.0:0\"\n", "allow_insecure"),
        ("[tls]\ncert = \"nosuch.crt\"\nkey = \"nosuch.key\"\n", "nosuch.crt"),
        ("[[tables]]\nname = \"t\"\nlocation = \"nosuch/*.parquet\"\n", "nosuch"),
        ("[memory]\nlimit = \"lots\"\n", "limit"),
    ] {
        let file = folder.path().join("lakewire.toml");
        std::fs::write(&file, text).expect("the folder is writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakewire"));
        command.arg("serve").arg("--config").arg(&file).current_dir(folder.path());
        let output = command.output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{text} was accepted");
        assert!(said.contains(expected), "{text}: {said}");
        assert!(output.stdout.is_empty(), "{text}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn a_session_outlives_its_errors() {
    let target = harness::tpch();
    let mut client = target.connect();
    for sql in ["select 1/0", "selec", "select nosuch", "select * from nosuch", "rollback to nosuch"] {
        let error = client.error_of(sql).expect("it fails");
        assert_ne!(error.sqlstate(), "XX000", "{sql}: {error}");
        assert_eq!(client.status, b'I', "{sql}");
    }
    assert_eq!(client.value("select 1").expect("it answers"), "1");
}
