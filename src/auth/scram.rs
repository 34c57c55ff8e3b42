//! The server's half of a SCRAM-SHA-256(-PLUS) exchange (RFC 5802, RFC 7677), with PostgreSQL's messages.
//!
//! Two calls: [`Exchange::first`] with the client's first message, [`Exchange::finish`] with its last. A role that
//! does not exist goes through both with a stand-in verifier and fails where a wrong password fails.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;

use super::derive::{self, Key};
use super::{Verifier, password_failed};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The mechanism without channel binding.
pub const MECHANISM: &str = "SCRAM-SHA-256";
/// The mechanism bound to the TLS channel.
pub const MECHANISM_PLUS: &str = "SCRAM-SHA-256-PLUS";
/// Random bytes in the server's nonce, as in PostgreSQL.
const NONCE_BYTES: usize = 18;
const BINDING_TYPE: &str = "tls-server-end-point";

/// What to send after a message of the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A challenge; the client answers it.
    Continue(Vec<u8>),
    /// The client is who it says; this proves the server to it.
    Success(Vec<u8>),
}

/// One exchange with one client.
pub struct Exchange {
    user: String,
    verifier: Arc<Verifier>,
    /// Whether the verifier is the role's and not a stand-in.
    genuine: bool,
    /// `tls-server-end-point` data; `None` without TLS.
    end_point: Option<Arc<[u8]>>,
    state: State,
}

enum State {
    Start,
    Challenged(Challenge),
    Over,
}

/// What the last message is checked against.
struct Challenge {
    /// The `c=` value that belongs to the client's flag and our certificate.
    binding: String,
    /// Whether that binds the channel (-PLUS), which decides how a mismatch is called.
    plus: bool,
    nonce: String,
    client_first_bare: String,
    server_first: String,
}

/// The client's first message, taken apart.
struct ClientFirst<'a> {
    gs2_header: &'a str,
    bare: &'a str,
    nonce: &'a str,
}

impl Exchange {
    pub(super) fn new(user: &str, verifier: Arc<Verifier>, genuine: bool, end_point: Option<Arc<[u8]>>) -> Self {
        Self { user: user.to_owned(), verifier, genuine, end_point, state: State::Start }
    }

    /// The mechanisms on offer, best first.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<String> {
        let plus = self.end_point.is_some().then_some(MECHANISM_PLUS);
        plus.into_iter().chain([MECHANISM]).map(str::to_owned).collect()
    }

    /// The client's choice of mechanism and its first message; gives the challenge.
    pub fn first(&mut self, mechanism: &str, message: &[u8]) -> Result<Step> {
        let mut random = [0; NONCE_BYTES];
        getrandom::fill(&mut random).map_err(|e| Error::internal(format!("no random bytes from the system: {e}")))?;
        self.first_with_nonce(mechanism, message, &BASE64.encode(random))
    }

    /// The client's proof; gives the server's signature.
    pub fn finish(&mut self, message: &[u8]) -> Result<Step> {
        let State::Challenged(challenge) = std::mem::replace(&mut self.state, State::Over) else {
            return Err(malformed("The message came out of turn."));
        };
        let message = readable(message)?;
        let (without_proof, proof) = check_final(message, &challenge)?;
        let auth_message = [&challenge.client_first_bare, &challenge.server_first, without_proof].join(",");
        if !self.proves(&proof, &auth_message) {
            return Err(password_failed(&self.user));
        }
        let signature = derive::hmac(&self.verifier.server_key, &[auth_message.as_bytes()]);
        Ok(Step::Success(format!("v={}", BASE64.encode(signature)).into_bytes()))
    }

    fn first_with_nonce(&mut self, mechanism: &str, message: &[u8], nonce: &str) -> Result<Step> {
        if !matches!(self.state, State::Start) {
            return Err(malformed("The message came out of turn."));
        }
        let plus = match mechanism {
            MECHANISM => false,
            MECHANISM_PLUS if self.end_point.is_some() => true,
            _ => return Err(protocol("client selected an invalid SASL authentication mechanism")),
        };
        let first = parse_first(readable(message)?, plus, self.end_point.is_some())?;
        let nonce = format!("{}{nonce}", first.nonce);
        let server_first = format!("r={nonce},s={},i={}", self.verifier.salt_text(), self.verifier.iterations);
        let mut binding = first.gs2_header.as_bytes().to_vec();
        if plus {
            binding.extend_from_slice(self.end_point.as_deref().unwrap_or_default());
        }
        let answer = Step::Continue(server_first.as_bytes().to_vec());
        self.state = State::Challenged(Challenge {
            binding: BASE64.encode(binding),
            plus,
            nonce,
            client_first_bare: first.bare.to_owned(),
            server_first,
        });
        Ok(answer)
    }

    /// Whether the proof is the password's; takes the same time whatever is wrong with it.
    fn proves(&self, proof: &Key, auth_message: &str) -> bool {
        let signature = derive::hmac(&self.verifier.stored_key, &[auth_message.as_bytes()]);
        let client_key = derive::xor(proof, &signature);
        let same = derive::sha256(&client_key).ct_eq(&self.verifier.stored_key);
        bool::from(same) && self.genuine
    }
}

/// Takes `gs2-header n=user,r=nonce[,extensions]` apart and holds the flag against the mechanism.
fn parse_first(message: &str, plus: bool, plus_offered: bool) -> Result<ClientFirst<'_>> {
    let (flag, after_flag) =
        message.split_once(',').ok_or_else(|| malformed("Comma expected, but found end of message."))?;
    check_binding_flag(flag, plus, plus_offered)?;
    let (authorization, bare) =
        after_flag.split_once(',').ok_or_else(|| malformed("Comma expected, but found end of message."))?;
    if authorization.starts_with("a=") {
        return Err(unsupported("client uses authorization identity, but it is not supported"));
    }
    if !authorization.is_empty() {
        return Err(malformed("Unexpected attribute in client-first-message."));
    }
    if bare.starts_with("m=") {
        return Err(unsupported("client requires an unsupported SCRAM extension"));
    }
    let mut attributes = bare.split(',');
    // The name is ignored, as in PostgreSQL: the startup packet has said it.
    attribute(attributes.next(), 'n')?;
    let nonce = attribute(attributes.next(), 'r')?;
    if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(protocol("non-printable characters in SCRAM nonce"));
    }
    for extension in attributes {
        any_attribute(extension)?;
    }
    Ok(ClientFirst { gs2_header: &message[..message.len() - bare.len()], bare, nonce })
}

fn check_binding_flag(flag: &str, plus: bool, plus_offered: bool) -> Result<()> {
    match flag {
        "n" | "y" if plus => Err(malformed(
            "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
        )),
        // The client believes we cannot bind, and we said that we can: somebody between us took it out.
        "y" if plus_offered => {
            Err(Error::fatal(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding negotiation error")
                .detail(
                    "The client supports SCRAM channel binding but thinks the server does not.  \
             However, this server does support channel binding.",
                ))
        }
        "n" | "y" => Ok(()),
        _ => match flag.strip_prefix("p=") {
            Some(_) if !plus => Err(malformed(
                "The client selected SCRAM-SHA-256 without channel binding, \
                 but the SCRAM message includes channel binding data.",
            )),
            Some(BINDING_TYPE) => Ok(()),
            Some(_) => Err(protocol("unsupported SCRAM channel-binding type")),
            None => Err(malformed("Unexpected channel-binding flag.")),
        },
    }
}

/// Checks the last message up to its proof; gives the text the proof covers and the proof.
fn check_final<'a>(message: &'a str, challenge: &Challenge) -> Result<(&'a str, Key)> {
    let mut attributes = message.split(',');
    let binding = attribute(attributes.next(), 'c')?;
    let nonce = attribute(attributes.next(), 'r')?;
    let proof = loop {
        match attributes.next() {
            Some(text) => match text.strip_prefix("p=") {
                Some(proof) => break proof,
                None => any_attribute(text)?,
            },
            None => return Err(malformed("Attribute expected, but found end of message.")),
        }
    };
    if attributes.next().is_some() {
        return Err(malformed("Garbage found at the end of client-final-message."));
    }
    let key = BASE64.decode(proof).ok().and_then(|bytes| Key::try_from(bytes).ok());
    let key = key.ok_or_else(|| malformed("Malformed proof in client-final-message."))?;
    if !bool::from(binding.as_bytes().ct_eq(challenge.binding.as_bytes())) {
        return Err(if challenge.plus {
            Error::fatal(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding check failed")
        } else {
            protocol("unexpected SCRAM channel-binding attribute in client-final-message")
        });
    }
    if nonce != challenge.nonce {
        return Err(protocol("invalid SCRAM response").detail("Nonce does not match."));
    }
    Ok((&message[..message.len() - proof.len() - ",p=".len()], key))
}

/// The value of an attribute that must be the named one.
fn attribute(text: Option<&str>, name: char) -> Result<&str> {
    let text = text.ok_or_else(|| malformed(format!("Expected attribute \"{name}\", but found end of message.")))?;
    let value = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
    value.ok_or_else(|| malformed(format!("Expected attribute \"{name}\", but found another.")))
}

/// An extension to be ignored must still be `letter=value`.
fn any_attribute(text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b'=') {
        return Ok(());
    }
    Err(malformed("Attribute expected, but found an invalid character."))
}

fn readable(message: &[u8]) -> Result<&str> {
    if message.is_empty() {
        return Err(malformed("The message is empty."));
    }
    if message.contains(&0) {
        return Err(malformed("Message length does not match input length."));
    }
    std::str::from_utf8(message).map_err(|_| malformed("The message is not text."))
}

fn malformed(detail: impl Into<String>) -> Error {
    protocol("malformed SCRAM message").detail(detail)
}

fn protocol(message: &'static str) -> Error {
    Error::fatal(sqlstate::PROTOCOL_VIOLATION, message)
}

fn unsupported(message: &'static str) -> Error {
    Error::fatal(sqlstate::FEATURE_NOT_SUPPORTED, message)
}

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;
