//! The server's own secret, from which roles that do not exist get their salts.
//!
//! The secret outlives the process: were it new after each start, a salt that changes would tell a role that does not
//! exist from one that does.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Verifier;
use super::derive::{self, Key};
use crate::error::{Error, Result};

/// Bytes of the secret.
const SECRET_BYTES: usize = 32;
const FILE_NAME: &str = "auth.secret";

/// Random bytes that never leave the server.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// The secret kept in the data directory, made on first use (owner-readable only). A file of another length is
    /// replaced.
    pub fn load_or_create(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(FILE_NAME);
        let failed = |e: io::Error| Error::internal(format!("could not keep the file \"{}\": {e}", path.display()));
        match fs::read(&path) {
            Ok(bytes) => {
                if let Ok(secret) = bytes.try_into() {
                    return Ok(Self(secret));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(failed(e)),
        }
        let secret = Self::random()?;
        fs::create_dir_all(data_dir).map_err(failed)?;
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(&secret.0).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(secret)
    }

    /// A secret for this process only.
    pub fn random() -> Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|e| Error::internal(format!("no random bytes from the system: {e}")))?;
        Ok(Self(secret))
    }

    /// A stand-in verifier for a role that has none: always the same for the same name, its iteration count one of
    /// those in use.
    pub(super) fn mock_verifier(&self, user: &str, iterations: &[u32]) -> Verifier {
        let key = |purpose: &[u8]| -> Key { derive::hmac(&self.0, &[purpose, b"\0", user.as_bytes()]) };
        let pick = usize::from(key(b"iterations")[0]) % iterations.len().max(1);
        Verifier {
            iterations: iterations.get(pick).copied().unwrap_or(super::DEFAULT_ITERATIONS),
            salt: key(b"salt")[..16].to_vec(),
            stored_key: key(b"stored key"),
            server_key: key(b"server key"),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_secret_is_kept_and_private() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let data_dir = dir.path().join("data");
        let first = Secret::load_or_create(&data_dir).expect("made");
        let again = Secret::load_or_create(&data_dir).expect("read");
        assert_eq!(first.0, again.0);
        let mode = fs::metadata(data_dir.join(FILE_NAME)).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn stand_ins_are_stable_and_differ_by_name() {
        let secret = Secret::random().expect("random bytes");
        let salt = |user| secret.mock_verifier(user, &[4096]).salt;
        assert_eq!(salt("eve"), salt("eve"));
        assert_ne!(salt("eve"), salt("mallory"));
        assert_eq!(secret.mock_verifier("eve", &[8192]).iterations, 8192);
        assert_eq!(secret.mock_verifier("eve", &[]).iterations, super::super::DEFAULT_ITERATIONS);
    }
}
