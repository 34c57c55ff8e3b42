//! Who may connect and how they prove it: trust, passwords, SCRAM-SHA-256(-PLUS), client certificates.
//!
//! This room decides; it neither reads nor writes sockets, and knows nothing of the wire protocol. What it is given
//! (names, proofs, certificate names) comes from strangers: nothing here panics on it, secrets are compared in
//! constant time, and an unknown role takes the same path, with the same messages, as a known one.

mod derive;
mod scram;
mod secret;
mod throttle;
mod verifier;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::config::{AuthConfig, AuthMethod};
use crate::error::{Error, Result};
use crate::sqlstate;

pub use scram::{Exchange, MECHANISM, MECHANISM_PLUS, Step};
pub use secret::Secret;
pub use throttle::{Attempt, FailureLimit};
pub use verifier::{DEFAULT_ITERATIONS, Verifier, make_verifier};

/// The configured roles and methods, ready to judge. Replaced whole on reload.
#[derive(Debug)]
pub struct Authenticator {
    loopback: AuthMethod,
    remote: AuthMethod,
    roles: HashMap<String, Role>,
    /// Iteration counts in use, from which unknown roles get theirs.
    iterations: Vec<u32>,
    secret: Secret,
}

#[derive(Debug)]
struct Role {
    verifier: Option<Arc<Verifier>>,
    superuser: bool,
}

impl Authenticator {
    /// Reads the configuration; a malformed verifier is an error that names the role, not the verifier.
    pub fn new(config: &AuthConfig, secret: Secret) -> Result<Self> {
        let mut roles = HashMap::with_capacity(config.users.len());
        let mut iterations = Vec::new();
        for user in &config.users {
            let superuser = user.superuser;
            let verifier = match &user.verifier {
                Some(text) => Some(Arc::new(Verifier::parse(text).ok_or_else(|| bad_verifier(&user.name))?)),
                None => None,
            };
            iterations.extend(verifier.as_ref().map(|v| v.iterations));
            roles.insert(user.name.clone(), Role { verifier, superuser });
        }
        if iterations.is_empty() {
            iterations.push(DEFAULT_ITERATIONS);
        }
        Ok(Self { loopback: config.loopback, remote: config.remote, roles, iterations, secret })
    }

    /// The method for a client at this address.
    #[must_use]
    pub fn method(&self, client: IpAddr) -> AuthMethod {
        if client.to_canonical().is_loopback() { self.loopback } else { self.remote }
    }

    /// Whether the role may use reserved connections. Says nothing about whether the client is that role.
    #[must_use]
    pub fn is_superuser(&self, user: &str) -> bool {
        self.roles.get(user).is_some_and(|role| role.superuser)
    }

    /// Starts a SCRAM exchange. `end_point` is the `tls-server-end-point` data of the server's certificate; with it
    /// the -PLUS mechanism is on offer.
    #[must_use]
    pub fn scram(&self, user: &str, end_point: Option<Arc<[u8]>>) -> Exchange {
        let (verifier, genuine) = self.verifier_or_mock(user);
        Exchange::new(user, verifier, genuine, end_point)
    }

    /// Checks a clear-text password. Costs thousands of hashes: call it off the socket threads.
    pub fn check_password(&self, user: &str, password: &str) -> Result<()> {
        let (verifier, genuine) = self.verifier_or_mock(user);
        // The derivation runs for unknown roles too, so that time tells nothing.
        if verifier.matches(password) && genuine { Ok(()) } else { Err(password_failed(user)) }
    }

    /// Checks the common name of a verified client certificate; `None` when the client showed no certificate.
    pub fn check_certificate(&self, user: &str, common_name: Option<&str>) -> Result<()> {
        let Some(common_name) = common_name else {
            return Err(Error::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                "connection requires a valid client certificate",
            ));
        };
        if common_name == user && self.roles.contains_key(user) {
            return Ok(());
        }
        Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            format!("certificate authentication failed for user \"{user}\""),
        ))
    }

    /// The role's verifier and `true`, or a stand-in that looks like one and `false`.
    fn verifier_or_mock(&self, user: &str) -> (Arc<Verifier>, bool) {
        match self.roles.get(user).and_then(|role| role.verifier.as_ref()) {
            Some(verifier) => (Arc::clone(verifier), true),
            None => (Arc::new(self.secret.mock_verifier(user, &self.iterations)), false),
        }
    }
}

/// The one answer to every wrong proof.
#[must_use]
pub fn password_failed(user: &str) -> Error {
    Error::fatal(sqlstate::INVALID_PASSWORD, format!("password authentication failed for user \"{user}\""))
}

fn bad_verifier(user: &str) -> Error {
    Error::new(sqlstate::CONFIG_FILE_ERROR, format!("the verifier of user \"{user}\" is malformed"))
        .hint("Make one with the \"user\" command.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UserConfig;

    fn authenticator() -> Authenticator {
        let verifier = make_verifier("open sesame").expect("a password can be made a verifier");
        let user =
            |name: &str, verifier: Option<String>, superuser| UserConfig { name: name.to_owned(), verifier, superuser };
        let config = AuthConfig {
            loopback: AuthMethod::Trust,
            remote: AuthMethod::ScramSha256,
            users: vec![user("alice", Some(verifier), true), user("bob", None, false)],
            max_failures_per_minute: 10,
        };
        Authenticator::new(&config, Secret::random().expect("random bytes")).expect("the configuration is sound")
    }

    #[test]
    fn the_method_goes_by_address() {
        let auth = authenticator();
        for (address, method) in [
            ("127.0.0.1", AuthMethod::Trust),
            ("::1", AuthMethod::Trust),
            ("::ffff:127.0.0.1", AuthMethod::Trust),
            ("10.0.0.1", AuthMethod::ScramSha256),
            ("::ffff:10.0.0.1", AuthMethod::ScramSha256),
        ] {
            assert_eq!(auth.method(address.parse().expect("an address")), method, "{address}");
        }
    }

    #[test]
    fn passwords_are_checked_and_failures_look_alike() {
        let auth = authenticator();
        assert!(auth.check_password("alice", "open sesame").is_ok());
        for user in ["alice", "bob", "nobody"] {
            let error = auth.check_password(user, "wrong").expect_err("wrong password");
            assert_eq!(error.sqlstate(), sqlstate::INVALID_PASSWORD);
            assert_eq!(error.message(), format!("password authentication failed for user \"{user}\""));
        }
    }

    #[test]
    fn certificates_name_a_configured_role() {
        let auth = authenticator();
        assert!(auth.check_certificate("bob", Some("bob")).is_ok());
        assert!(auth.check_certificate("bob", Some("alice")).is_err());
        assert!(auth.check_certificate("eve", Some("eve")).is_err());
        assert!(auth.check_certificate("bob", None).is_err());
        assert!(auth.is_superuser("alice") && !auth.is_superuser("bob") && !auth.is_superuser("eve"));
    }

    #[test]
    fn a_malformed_verifier_is_refused_without_showing_it() {
        let config = AuthConfig {
            loopback: AuthMethod::Trust,
            remote: AuthMethod::Trust,
            users: vec![UserConfig { name: "eve".into(), verifier: Some("hunter2".into()), superuser: false }],
            max_failures_per_minute: 1,
        };
        let error = Authenticator::new(&config, Secret::random().expect("random bytes")).expect_err("malformed");
        assert!(error.message().contains("eve") && !error.message().contains("hunter2"));
    }
}
