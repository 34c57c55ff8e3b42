//! Stopping statements from outside: keys, stalled clients, clients that leave.

use std::time::Duration;

use super::connection::{Connection, Received, cancel_request};
use super::{ENDLESS, HUGE, bare_server};
use crate::harness::eventually;

const CANCELLED: &str = "ErrorResponse ERROR 57014 \"canceling statement due to user request\"";

#[test]
fn only_the_whole_key_of_the_session_stops_it() {
    let server = bare_server().start();
    let target = server.target();
    for (version, key_bytes) in [("3.0", 4), ("3.2", 32)] {
        let mut connection = Connection::open(&target).expect("connected");
        connection.start(version, &target).expect("started");
        let key = connection.key.to_vec();
        assert_eq!(key.len(), 4 + key_bytes);
        connection.send_message(b'Q', format!("{ENDLESS}\0").as_bytes()).expect("sent");
        let mut wrong = key.to_vec();
        *wrong.last_mut().expect("a key") ^= 1;
        cancel_request(target.addr, &wrong).expect("closed without a word");
        cancel_request(target.addr, &[&key[..], &[0]].concat()).expect("closed without a word");
        cancel_request(target.addr, b"\x7f\xff\xff\xffkey!").expect("closed without a word");
        connection.cancel().expect("cancelled");
        let answer = connection.until(&["ReadyForQuery"], &["RowDescription"]).expect("an answer");
        assert_eq!(answer, format!("{CANCELLED}\nReadyForQuery I"));
        let answer = connection.query("select 1").expect("the session goes on");
        assert!(answer.contains("DataRow \"1\""), "{answer}");
    }
}

#[test]
fn a_late_request_does_not_hit_the_next_statement() {
    let server = bare_server().start();
    let mut connection = Connection::connect(&server.target()).expect("connected");
    for _ in 0..50 {
        cancel_request(server.addr, &connection.key).expect("closed without a word");
        let answer = connection.query("select 1").expect("an answer");
        assert!(answer.contains("DataRow \"1\""), "{answer}");
    }
}

#[test]
fn a_stalled_client_is_told_once_it_reads() {
    let server = bare_server().start();
    let mut connection = Connection::connect(&server.target()).expect("connected");
    connection.send_message(b'Q', format!("{HUGE}\0").as_bytes()).expect("sent");
    // The first row shows that it streams; then nothing is read while requests stop it.
    while !matches!(connection.receive(), Ok(Received::Message(b'D', _))) {}
    cancel_request(server.addr, &connection.key).expect("closed without a word");
    let answer = connection.until(&["ReadyForQuery"], &["DataRow"]).expect("the stream stays whole");
    assert_eq!(answer, format!("{CANCELLED}\nReadyForQuery I"));
    let answer = connection.query("select 1").expect("the session goes on");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
}

#[test]
fn a_client_that_leaves_frees_its_slot() {
    let limits = "[server]\nmax_connections = 1\nsuperuser_reserved_connections = 0";
    let server = bare_server().toml(limits).start();
    for sql in [ENDLESS, HUGE] {
        // The slot of the connection before this one is freed when the server has seen it leave.
        let mut connection = None;
        eventually(Duration::from_secs(5), "a slot is free", || {
            connection = Connection::connect(&server.target()).ok();
            connection.is_some()
        });
        let mut connection = connection.expect("connected");
        connection.send_message(b'Q', format!("{sql}\0").as_bytes()).expect("sent");
        if sql == HUGE {
            while !matches!(connection.receive(), Ok(Received::Message(b'D', _))) {}
        }
        drop(connection);
        eventually(Duration::from_secs(5), "the slot is free again", || Connection::connect(&server.target()).is_ok());
        eventually(Duration::from_secs(5), "the probe's slot is free again", || {
            Connection::connect(&server.target()).is_ok()
        });
    }
}

#[test]
fn a_client_that_never_reads_is_dropped() {
    let limits = "[server]\nmax_connections = 1\nsuperuser_reserved_connections = 0\nsend_timeout = \"1s\"";
    let server = bare_server().toml(limits).start();
    let mut connection = Connection::connect(&server.target()).expect("connected");
    connection.send_message(b'Q', format!("{HUGE}\0").as_bytes()).expect("sent");
    eventually(Duration::from_secs(20), "the slot is free again", || Connection::connect(&server.target()).is_ok());
    drop(connection);
}
