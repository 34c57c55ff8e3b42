//! Random and truncated messages against a live server: every one is answered or ends its connection, and the server
//! lives.
//!
//! The decoders have 10,000 random bodies per type in their unit tests; here whole messages go through sockets.

use super::bare_server;
use super::connection::{Connection, Received};
use super::message;

/// Messages per type.
const MESSAGES: usize = 400;

/// A small generator of numbers: what is sent must be the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).expect("small")).expect("below the bound")
    }

    /// Bytes that look a little like messages: many NULs and small numbers.
    fn body(&mut self) -> Vec<u8> {
        let length = self.below(40);
        (0..length)
            .map(|_| match self.below(4) {
                0 => 0,
                1 => u8::try_from(self.below(4)).expect("small"),
                2 => b"select 1,$;'SP"[self.below(14)],
                _ => self.next().to_le_bytes()[0],
            })
            .collect()
    }
}

/// The connection in use, or a new one when the server has ended it.
fn survive(connection: &mut Connection, fresh: impl Fn() -> Connection) {
    loop {
        match connection.receive().expect("a message or the end") {
            Received::Message(b'Z', _) => return,
            Received::Message(..) => {}
            Received::Closed => {
                *connection = fresh();
                return;
            }
        }
    }
}

#[test]
fn random_messages_of_every_type_are_answered() {
    let server = bare_server().start();
    let fresh = || Connection::connect(&server.target()).expect("the server lives");
    let mut connection = fresh();
    let mut numbers = Numbers(1);
    for kind in *b"PBDECH" {
        for _ in 0..MESSAGES {
            let body = numbers.body();
            let bytes = [message::frame(kind, &body), message::frame(b'S', b"")].concat();
            connection.send(&bytes).expect("sent");
            survive(&mut connection, fresh);
        }
    }
    for kind in *b"QFS" {
        for _ in 0..MESSAGES {
            connection.send_message(kind, &numbers.body()).expect("sent");
            survive(&mut connection, fresh);
        }
    }
    for kind in *b"dcf" {
        for _ in 0..MESSAGES {
            let bytes = [message::frame(kind, &numbers.body()), message::frame(b'S', b"")].concat();
            connection.send(&bytes).expect("sent");
            survive(&mut connection, fresh);
        }
    }
    let answer = connection.query("select 1").expect("an answer");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
}

#[test]
fn lengths_and_types_that_lie_end_only_their_connection() {
    let server = bare_server().start();
    let mut witness = Connection::connect(&server.target()).expect("connected");
    for kind in 0..=255_u8 {
        for length in [0_i32, 3, -1, i32::MIN, 0x7fff_ffff, 0x0100_0005] {
            if kind.is_ascii_alphabetic() || kind % 16 == 0 {
                let mut connection = Connection::connect(&server.target()).expect("connected");
                connection.send(&[&[kind][..], &length.to_be_bytes()].concat()).expect("sent");
                let answer = connection.until(&["Closed"], &[]).expect("an answer");
                assert!(answer.contains("FATAL 08P01"), "{kind} {length}: {answer}");
            }
        }
    }
    let answer = witness.query("select 1").expect("an answer");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
}

#[test]
fn random_openings_are_refused_or_dropped() {
    let server = bare_server().toml("[server]\nauthentication_timeout = \"1s\"").start();
    let mut numbers = Numbers(2);
    let mut open = Vec::new();
    for round in 0..MESSAGES {
        let mut connection = Connection::open(&server.target()).expect("connected");
        let mut body = numbers.body();
        if round % 2 == 0 {
            let length = i32::try_from(body.len() + 8).expect("short");
            body = [&length.to_be_bytes()[..], b"\0\x03\0\0", &body].concat();
        }
        connection.send(&body).expect("sent");
        open.push(connection);
    }
    for mut connection in open {
        let answer = connection.until(&["Closed"], &[]);
        assert!(answer.as_ref().is_ok_and(|answer| answer.ends_with("Closed")), "{answer:?}");
    }
    Connection::connect(&server.target()).expect("the server lives");
}

#[test]
fn a_message_trickling_in_costs_what_has_come() {
    let server = bare_server().start();
    let mut connection = Connection::connect(&server.target()).expect("connected");
    let before = crate::harness::memory_bytes(server.pid(), "VmRSS").expect("the process is there");
    let mut slow: Vec<_> = (0..50).map(|_| Connection::connect(&server.target()).expect("connected")).collect();
    for connection in &mut slow {
        connection.send(b"Q\0\xff\xff\xff select").expect("sent");
    }
    let answer = connection.query("select 1").expect("an answer");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
    let grown =
        crate::harness::memory_bytes(server.pid(), "VmRSS").expect("the process is there").saturating_sub(before);
    assert!(grown < 64 << 20, "50 announced messages of 16 MiB cost {grown} bytes");
}
