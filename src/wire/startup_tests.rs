//! Tests of the opening's packets; the negotiation itself is tested over sockets in `tests/it/protocol`.

use proptest::prelude::*;

use super::*;

fn packet(body: &[u8]) -> Result<Packet> {
    decode(Bytes::copy_from_slice(body))
}

#[test]
fn the_requests_are_told_apart() {
    assert_eq!(packet(b"\x04\xd2\x16\x2f").expect("SSLRequest"), Packet::Ssl);
    assert_eq!(packet(b"\x04\xd2\x16\x30").expect("GSSENCRequest"), Packet::Gss);
    let cancel = packet(b"\x04\xd2\x16\x2e\0\0\0\x07key!").expect("CancelRequest");
    assert_eq!(cancel, Packet::Cancel(CancelRequest { pid: 7, key: Bytes::from_static(b"key!") }));
    for key in [0, 3, 257] {
        let body = [&b"\x04\xd2\x16\x2e\0\0\0\x07"[..], &vec![1; key]].concat();
        assert_eq!(packet(&body).expect("no error"), Packet::Nonsense, "a key of {key} bytes");
    }
    assert_eq!(packet(b"\x04\xd2\x16\x2e").expect("no error"), Packet::Nonsense);
}

#[test]
fn startup_packets_are_read_in_order() {
    let raw = packet(b"\0\x03\0\0user\0alice\0database\0\0DateStyle\0ISO\0\0").expect("sound");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let parameters = vec![pair("user", "alice"), pair("database", ""), pair("DateStyle", "ISO")];
    assert_eq!(raw, Packet::Startup(RawStartup { minor: 0, parameters }));
}

#[test]
fn broken_startup_packets_get_the_errors_of_postgresql() {
    for (body, code, says) in [
        (&b"\0\x09\0\x09user\0a\0\0"[..], "0A000", "unsupported frontend protocol 9.9: server supports 3.0 to 3.2"),
        (b"\0\x02\0\0", "0A000", "unsupported frontend protocol 2.0: server supports 3.0 to 3.2"),
        (b"\0\x03\0\0", "08P01", "invalid startup packet layout: expected terminator as last byte"),
        (b"\0\x03\0\0user\0a\0", "08P01", "invalid startup packet layout: expected terminator as last byte"),
        (b"\0\x03\0\0user\0a", "08P01", "invalid startup packet layout: expected terminator as last byte"),
        (b"\0\x03\0\0user\0a\0\0x", "08P01", "invalid startup packet layout: expected terminator as last byte"),
        (b"\0\x03\0\0user\0\xff\0\0", "22021", "invalid byte sequence for encoding \"UTF8\": 0xff"),
    ] {
        let error = packet(body).expect_err(says);
        assert_eq!((error.sqlstate().as_str(), error.message()), (code, says));
    }
}

#[test]
fn replication_is_refused_and_its_absence_is_not() {
    assert!(no_replication("false").is_ok());
    assert_eq!(no_replication("database").expect_err("replication").sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
    assert_eq!(no_replication("maybe").expect_err("nonsense").sqlstate(), sqlstate::INVALID_PARAMETER_VALUE);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn random_packets_are_decoded_or_refused(code in prop::sample::select(vec![*b"\0\x03\0\0", *b"\0\x03\0\x02", *b"\x04\xd2\x16\x2e", *b"\x04\xd2\x16\x2f"]), body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = packet(&[&code[..], &body].concat());
        if body.len() >= 4 {
            let _ = packet(&body);
        }
    }

    #[test]
    fn truncated_packets_are_refused(end in 4..40_usize) {
        let body = b"\0\x03\0\0user\0alice\0options\0-c a=b\0x\0yyyyy\0\0";
        prop_assert!(end >= body.len() || packet(&body[..end]).is_err());
    }
}
