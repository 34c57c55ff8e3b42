//! Proofs over a socket in clear: SCRAM-SHA-256, its failures, and their limit.

use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

use super::connection::{Connection, Received};
use super::{bare_server, message};
use crate::harness::{Target, TestServer};

/// A server that asks `ada` for her password, `open sesame`.
pub fn scram_settings() -> String {
    let verifier = lakewire::auth::make_verifier("open sesame").expect("random bytes");
    format!("loopback = \"scram-sha-256\"\n[[auth.users]]\nname = \"ada\"\nverifier = \"{verifier}\"")
}

fn server(settings: &str) -> TestServer {
    bare_server().toml(&format!("[auth]\n{settings}{}", scram_settings())).start()
}

/// Logs in by SCRAM; gives the server's refusal as an error.
pub fn login(
    connection: &mut Connection,
    target: &Target,
    password: &str,
    mechanism: &str,
    binding: ChannelBinding,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    message::encode("Startup 3.0 \"user\" \"$USER\" \"database\" \"$DATABASE\"", target, &mut bytes)?;
    connection.send(&bytes)?;
    authentication(connection, 10)?;
    let mut scram = ScramSha256::new(password.as_bytes(), binding);
    let first = scram.message();
    let length = i32::try_from(first.len()).expect("short").to_be_bytes();
    connection.send_message(b'p', &[mechanism.as_bytes(), b"\0", &length, first].concat())?;
    let challenge = authentication(connection, 11)?;
    scram.update(&challenge).map_err(|e| e.to_string())?;
    connection.send_message(b'p', scram.message())?;
    let last = authentication(connection, 12)?;
    scram.finish(&last).map_err(|e| format!("the server did not prove itself: {e}"))?;
    connection.await_ready()
}

/// The data of the next message, which must be an authentication request of this code.
pub fn authentication(connection: &mut Connection, code: i32) -> Result<Vec<u8>, String> {
    match connection.receive()? {
        Received::Message(b'R', body) if body.starts_with(&code.to_be_bytes()) => Ok(body[4..].to_vec()),
        Received::Message(kind, body) => Err(message::print(kind, &body)),
        Received::Closed => Err("closed".to_owned()),
    }
}

fn try_login(server: &TestServer, user: &'static str, password: &str) -> Result<(), String> {
    let target = Target { user, ..server.target() };
    let mut connection = Connection::open(&target)?;
    login(&mut connection, &target, password, "SCRAM-SHA-256", ChannelBinding::unsupported())
}

fn refusal(user: &str) -> String {
    format!("ErrorResponse FATAL 28P01 \"password authentication failed for user \\\"{user}\\\"\"")
}

#[test]
fn the_right_password_is_needed() {
    let server = server("");
    assert_eq!(try_login(&server, "ada", "open sesame"), Ok(()));
    assert_eq!(try_login(&server, "ada", "open, sesame"), Err(refusal("ada")));
    assert_eq!(try_login(&server, "eve", "open sesame"), Err(refusal("eve")));
}

#[test]
fn an_unknown_role_looks_like_a_known_one() {
    let server = server("");
    let challenge = |user| {
        let target = Target { user, ..server.target() };
        let mut connection = Connection::open(&target).expect("connected");
        let mut bytes = Vec::new();
        message::encode("Startup 3.0 \"user\" \"$USER\" \"database\" \"$DATABASE\"", &target, &mut bytes).expect("sound");
        connection.send(&bytes).expect("sent");
        let mechanisms = authentication(&mut connection, 10).expect("SASL");
        connection.send_message(b'p', b"SCRAM-SHA-256\0\0\0\0\x0cn,,n=,r=abcd").expect("sent");
        let challenge = String::from_utf8(authentication(&mut connection, 11).expect("a challenge")).expect("text");
        let (_, after_nonce) = challenge.split_once(",s=").expect("a salt");
        let (salt, iterations) = after_nonce.split_once(",i=").expect("iterations");
        (mechanisms, salt.to_owned(), iterations.to_owned())
    };
    let (ada, eve) = (challenge("ada"), challenge("eve"));
    assert_eq!((&ada.0, &ada.2, ada.1.len()), (&eve.0, &eve.2, eve.1.len()));
    assert_eq!(eve, challenge("eve"), "a salt that changes would tell");
    assert_ne!(eve.1, challenge("mallory").1, "a salt that all share would tell");
}

#[test]
fn guesses_are_limited() {
    let server = server("max_failures_per_minute = 3\n");
    for _ in 0..3 {
        assert_eq!(try_login(&server, "ada", "guess"), Err(refusal("ada")));
    }
    let refused = try_login(&server, "ada", "open sesame").expect_err("no more attempts");
    assert!(refused.contains("28000 \"too many failed authentication attempts"), "{refused}");
}

#[test]
fn leaving_to_ask_for_the_password_is_no_failure() {
    let server = server("max_failures_per_minute = 3\n");
    let target = Target { user: "ada", ..server.target() };
    for _ in 0..10 {
        let mut connection = Connection::open(&target).expect("connected");
        let mut bytes = Vec::new();
        message::encode("Startup 3.0 \"user\" \"$USER\"", &target, &mut bytes).expect("sound");
        connection.send(&bytes).expect("sent");
        authentication(&mut connection, 10).expect("SASL");
        connection.send_message(b'X', b"").expect("sent");
        assert_eq!(connection.receive(), Ok(Received::Closed));
    }
    assert_eq!(try_login(&server, "ada", "open sesame"), Ok(()));
}

#[test]
fn broken_proofs_are_refused_one_by_one() {
    let server = server("max_failures_per_minute = 1000\n");
    let target = Target { user: "ada", ..server.target() };
    for (kind, body, says) in [
        (b'Q', &b"select 1\0"[..], "08P01 \"expected SASL response, got message type 81\""),
        (b'p', b"", "08P01 \"invalid string in message\""),
        (b'p', b"SCRAM-SHA-256\0\0\0\0\x7fn,,", "08P01 \"insufficient data left in message\""),
        (b'p', b"SCRAM-SHA-256-PLUS\0\0\0\0\x0cn,,n=,r=abcd", "08P01 \"client selected an invalid SASL"),
        (b'p', b"PLAIN\0\0\0\0\x01x", "08P01 \"client selected an invalid SASL"),
        (b'p', b"SCRAM-SHA-256\0\0\0\0\x03n,,", "08P01 \"malformed SCRAM message\""),
        (b'p', b"SCRAM-SHA-256\0\xff\xff\xff\xff", "08P01 \"malformed SCRAM message\""),
    ] {
        let mut connection = Connection::open(&target).expect("connected");
        let mut bytes = Vec::new();
        message::encode("Startup 3.0 \"user\" \"$USER\"", &target, &mut bytes).expect("sound");
        connection.send(&bytes).expect("sent");
        authentication(&mut connection, 10).expect("SASL");
        connection.send_message(kind, body).expect("sent");
        let answer = connection.until(&["Closed"], &[]).expect("an answer");
        assert!(answer.contains(says) && answer.ends_with("Closed"), "{says}: {answer}");
    }
    let mut connection = Connection::open(&target).expect("connected");
    let mut bytes = Vec::new();
    message::encode("Startup 3.0 \"user\" \"$USER\"", &target, &mut bytes).expect("sound");
    connection.send(&bytes).expect("sent");
    authentication(&mut connection, 10).expect("SASL");
    connection.send(b"p\0\x01\0\x04").expect("sent");
    let answer = connection.until(&["Closed"], &[]).expect("an answer");
    assert!(answer.contains("08P01 \"invalid message length\""), "{answer}");
}
