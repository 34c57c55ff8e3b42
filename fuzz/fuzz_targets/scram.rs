//! Both messages of a SCRAM client, with and without channel binding. Nothing but the password gets in.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use lakewire::auth::{Authenticator, MECHANISM, MECHANISM_PLUS, Secret};
use lakewire::config::{AuthConfig, AuthMethod};
use lakewire::wire::authenticate::initial_response;
use libfuzzer_sys::fuzz_target;

static AUTH: LazyLock<Authenticator> = LazyLock::new(|| {
    let config = AuthConfig {
        loopback: AuthMethod::ScramSha256,
        remote: AuthMethod::ScramSha256,
        users: Vec::new(),
        max_failures_per_minute: 0,
    };
    Authenticator::new(&config, Secret::random().expect("random bytes")).expect("no users, no malformed ones")
});

fuzz_target!(|data: &[u8]| {
    let _ = initial_response(Bytes::copy_from_slice(data));
    let (first, last) = match data.iter().position(|&b| b == b'\n') {
        Some(i) => (&data[..i], &data[i + 1..]),
        None => (data, &[][..]),
    };
    for (mechanism, end_point) in [(MECHANISM, None), (MECHANISM_PLUS, Some(&b"binding"[..]))] {
        let mut exchange = AUTH.scram("ada", end_point.map(Into::into));
        if exchange.first(mechanism, first).is_ok() {
            assert!(exchange.finish(last).is_err(), "a guess got in");
        }
    }
});
