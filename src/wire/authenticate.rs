//! Authentication over a link: the messages round the decisions of the `auth` room.

use std::net::SocketAddr;
use std::sync::Arc;

use super::cursor::{Cursor, utf8};
use super::link::{End, Link};
use super::startup::Startup;
use crate::auth::{Attempt, Authenticator, FailureLimit, Step};
use crate::config::AuthMethod;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The rules at the door, as they stood when the client knocked.
#[derive(Clone)]
pub struct Door {
    /// Roles and methods.
    pub auth: Arc<Authenticator>,
    /// Failures by address.
    pub failures: Arc<FailureLimit>,
    /// Whether connections in clear are refused.
    pub tls_required: bool,
}

/// Has the client prove that it is the role it names, and tells it that it did.
pub async fn authenticate(link: &mut Link, startup: &Startup, client: SocketAddr, door: &Door) -> Result<(), End> {
    let method = door.auth.method(client.ip());
    let in_clear = !link.is_secure();
    if in_clear && (door.tls_required || matches!(method, AuthMethod::Password | AuthMethod::Certificate)) {
        return Err(End::Fatal(no_rule(startup, client)));
    }
    match method {
        AuthMethod::Trust => {}
        AuthMethod::Certificate => {
            door.auth.check_certificate(&startup.user, link.client_name()).map_err(End::fatal)?;
        }
        AuthMethod::Password => judged(begin(door, client)?, password(link, &startup.user, door).await)?,
        AuthMethod::ScramSha256 => judged(begin(door, client)?, scram(link, &startup.user, door).await)?,
    }
    link.out.authentication_ok();
    Ok(())
}

/// Counts an attempt before it is made.
fn begin(door: &Door, client: SocketAddr) -> Result<Attempt, End> {
    door.failures.begin(client.ip()).ok_or_else(|| {
        End::Fatal(
            Error::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!("too many failed authentication attempts from address \"{}\"", client.ip()),
            )
            .hint("Wait a minute before the next attempt."),
        )
    })
}

/// Only a refused proof is a failure: a client that leaves to ask its user for the password has not guessed.
fn judged(attempt: Attempt, outcome: Result<(), End>) -> Result<(), End> {
    if let Err(End::Fatal(_)) = &outcome {
        attempt.failed();
    }
    outcome
}

async fn password(link: &mut Link, user: &str, door: &Door) -> Result<(), End> {
    link.out.authentication_password();
    let body = response(link, "password").await?;
    let password = match body.split_last() {
        Some((0, password)) if !password.contains(&0) => utf8(password).map_err(End::fatal)?,
        _ => return Err(End::fatal(Error::protocol("invalid password packet size"))),
    };
    if password.is_empty() {
        return Err(End::Fatal(Error::fatal(sqlstate::INVALID_PASSWORD, "empty password returned by client")));
    }
    let (auth, user) = (Arc::clone(&door.auth), user.to_owned());
    // Thousands of hashes: not on a thread that serves sockets.
    let checked = tokio::task::spawn_blocking(move || auth.check_password(&user, &password)).await;
    checked.map_err(|e| End::fatal(Error::internal(format!("the password check failed: {e}"))))?.map_err(End::fatal)
}

async fn scram(link: &mut Link, user: &str, door: &Door) -> Result<(), End> {
    let mut exchange = door.auth.scram(user, link.end_point());
    link.out.authentication_sasl(exchange.mechanisms());
    let body = response(link, "SASL").await?;
    let (mechanism, data) = initial_response(body).map_err(End::fatal)?;
    let mut step = exchange.first(&mechanism, &data).map_err(End::fatal)?;
    loop {
        match step {
            Step::Success(data) => {
                link.out.authentication_final(data);
                return Ok(());
            }
            Step::Continue(data) => {
                link.out.authentication_continue(data);
                let body = response(link, "SASL").await?;
                step = exchange.finish(&body).map_err(End::fatal)?;
            }
        }
    }
}

/// The body of the client's next message, which must be a response.
async fn response(link: &mut Link, expected: &str) -> Result<bytes::Bytes, End> {
    let frame = link.early_frame().await?;
    match frame.kind {
        b'p' => Ok(frame.body),
        // The client left in order.
        b'X' => Err(End::Closed),
        kind => Err(End::fatal(Error::protocol(format!("expected {expected} response, got message type {kind}")))),
    }
}

/// SASLInitialResponse: the mechanism, then the data with its length (-1 for none).
pub fn initial_response(body: bytes::Bytes) -> Result<(String, bytes::Bytes)> {
    let mut cursor = Cursor::new(body);
    let mechanism = cursor.text()?;
    let data = match cursor.i32()? {
        -1 => bytes::Bytes::new(),
        length => cursor.bytes(length)?,
    };
    cursor.end()?;
    Ok((mechanism, data))
}

fn no_rule(startup: &Startup, client: SocketAddr) -> Error {
    let database = startup.database.as_ref().unwrap_or(&startup.user);
    Error::fatal(
        sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
        format!(
            "no rule allows host \"{}\", user \"{}\", database \"{database}\", no encryption",
            client.ip(),
            startup.user
        ),
    )
    .hint("Connect with TLS.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    #[test]
    fn initial_responses_are_checked() {
        let (mechanism, data) = initial_response(Bytes::from_static(b"SCRAM-SHA-256\0\0\0\0\x03n,,")).expect("sound");
        assert_eq!((mechanism.as_str(), &data[..]), ("SCRAM-SHA-256", &b"n,,"[..]));
        assert!(initial_response(Bytes::from_static(b"X\0\xff\xff\xff\xff")).expect("sound").1.is_empty());
        for body in [&b""[..], b"X", b"X\0\0\0\0", b"X\0\0\0\0\x04abc", b"X\0\0\0\0\0!", b"X\0\xff\xff\xff\xfe"] {
            let error = initial_response(Bytes::copy_from_slice(body)).expect_err("broken");
            assert_eq!(error.sqlstate(), sqlstate::PROTOCOL_VIOLATION);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn random_responses_are_decoded_or_refused(body in prop::collection::vec(any::<u8>(), 0..48)) {
            let _ = initial_response(Bytes::from(body));
        }
    }
}
