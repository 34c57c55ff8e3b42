//! SCRAM verifiers: what the server keeps instead of a password.
//!
//! The text form is PostgreSQL's (`SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`), so verifiers move both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;

use super::derive::{self, Key};
use crate::error::{Error, Result};

/// Iterations of a new verifier, as in PostgreSQL.
pub const DEFAULT_ITERATIONS: u32 = 4096;
/// Bytes of salt of a new verifier, as in PostgreSQL.
const SALT_BYTES: usize = 16;
/// More iterations than this would let one configuration line stop the server for minutes.
const MAX_ITERATIONS: u32 = 10_000_000;

/// What proves a password without being it.
#[derive(Clone)]
pub struct Verifier {
    /// Rounds of the key derivation, at least 1.
    pub(super) iterations: u32,
    /// The salt, any length but zero.
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: Key,
    pub(super) server_key: Key,
}

impl Verifier {
    /// Reads the text form; `None` when it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations = iterations.parse().ok().filter(|n| (1..=MAX_ITERATIONS).contains(n))?;
        let salt = BASE64.decode(salt).ok().filter(|salt| !salt.is_empty())?;
        Some(Self { iterations, salt, stored_key: decode_key(stored_key)?, server_key: decode_key(server_key)? })
    }

    /// Derives the keys of a password (SASLprep applied where the password allows it, as PostgreSQL does).
    #[must_use]
    pub fn derive(password: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let salted = derive::salted_password(prepared.as_bytes(), &salt, iterations);
        let client_key = derive::hmac(&salted, &[b"Client Key"]);
        let server_key = derive::hmac(&salted, &[b"Server Key"]);
        Self { iterations, salt, stored_key: derive::sha256(&client_key), server_key }
    }

    /// Whether this is the password's verifier, compared in constant time.
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        let derived = Self::derive(password, self.salt.clone(), self.iterations);
        bool::from(derived.stored_key.ct_eq(&self.stored_key) & derived.server_key.ct_eq(&self.server_key))
    }

    /// The salt in base64, as the exchange sends it.
    pub(super) fn salt_text(&self) -> String {
        BASE64.encode(&self.salt)
    }

    fn to_text(&self) -> String {
        format!(
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            self.salt_text(),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The keys let an attacker try passwords at leisure: they stay out of every log.
        f.debug_struct("Verifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// Makes a verifier of a password with a fresh salt, in text form. Fails only when the system gives no random bytes.
pub fn make_verifier(password: &str) -> Result<String> {
    let mut salt = vec![0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|e| Error::internal(format!("no random bytes from the system: {e}")))?;
    Ok(Verifier::derive(password, salt, DEFAULT_ITERATIONS).to_text())
}

fn decode_key(text: &str) -> Option<Key> {
    BASE64.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Made by PostgreSQL 17: `CREATE ROLE … PASSWORD 'pencil'`.
    const PENCIL: &str = "SCRAM-SHA-256$4096:sm4/s7WcMMG95PHu2SHL6Q==$6bvlj443/b6TMXbv/wqCV2gYYan60pxbq4LS/Czurf0=:VK5/n/fflPaDvW6OZ76a7SGgI3a9PI9ZEvDirwIDYes=";

    #[test]
    fn a_verifier_of_postgresql_knows_its_password() {
        let verifier = Verifier::parse(PENCIL).expect("PostgreSQL's own text");
        assert!(verifier.matches("pencil"));
        assert!(!verifier.matches("Pencil"));
        assert_eq!(verifier.to_text(), PENCIL);
    }

    #[test]
    fn a_new_verifier_round_trips_and_is_salted() {
        let one = make_verifier("correct horse").expect("random bytes");
        let two = make_verifier("correct horse").expect("random bytes");
        assert_ne!(one, two);
        assert!(Verifier::parse(&one).expect("our own text").matches("correct horse"));
    }

    #[test]
    fn passwords_are_prepared() {
        // U+00AD is mapped to nothing and U+2168 to "IX" (RFC 4013 section 3).
        let verifier = Verifier::parse(&make_verifier("IX").expect("random bytes")).expect("our own text");
        assert!(verifier.matches("I\u{ad}X"));
        assert!(verifier.matches("\u{2168}"));
        // A prohibited character keeps the password as it is.
        let raw = Verifier::parse(&make_verifier("\u{7}bell").expect("random bytes")).expect("our own text");
        assert!(raw.matches("\u{7}bell"));
    }

    #[test]
    fn malformed_text_is_refused() {
        for text in [
            "",
            "md5abc",
            "SCRAM-SHA-256$",
            "SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
            "SCRAM-SHA-256$4096:$AAAA:AAAA",
            "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA",
            "SCRAM-SHA-256$99999999999:AAAA$AAAA:AAAA",
        ] {
            assert!(Verifier::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_not(text in "(SCRAM-SHA-256)?[$:A-Za-z0-9+/=]{0,120}") {
            let _ = Verifier::parse(&text);
        }
    }
}
