//! The hashes SCRAM is made of (RFC 5802 section 2.2), for SHA-256.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A SHA-256 digest or HMAC.
pub(super) type Key = [u8; 32];

/// `HMAC(key, parts…)`, the parts taken as one string.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `H(data)`.
pub(super) fn sha256(data: &[u8]) -> Key {
    Sha256::digest(data).into()
}

/// `Hi(password, salt, iterations)`: PBKDF2 with one block. `iterations` below 1 counts as 1.
pub(super) fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    // The keyed state is made once and copied: half of the work of a fresh HMAC is its key.
    let keyed = keyed(password);
    let step = |parts: &[&[u8]]| -> Key {
        let mut mac = keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    };
    let mut block = step(&[salt, &1_u32.to_be_bytes()]);
    let mut result = block;
    for _ in 1..iterations {
        block = step(&[&block]);
        for (r, b) in result.iter_mut().zip(block) {
            *r ^= b;
        }
    }
    result
}

/// Byte-wise exclusive or.
pub(super) fn xor(left: &Key, right: &Key) -> Key {
    std::array::from_fn(|i| left[i] ^ right[i])
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(key: &Key) -> String {
        let (high, low) = key.split_at(16);
        let half = |half: &[u8]| u128::from_be_bytes(half.try_into().expect("half a key"));
        format!("{:032x}{:032x}", half(high), half(low))
    }

    #[test]
    fn hmac_gives_the_vectors_of_rfc_4231() {
        assert_eq!(
            hex(&hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn salted_password_gives_the_vectors_of_pbkdf2() {
        assert_eq!(
            hex(&salted_password(b"password", b"salt", 1)),
            "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"
        );
        assert_eq!(
            hex(&salted_password(b"password", b"salt", 4096)),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
        );
    }
}
