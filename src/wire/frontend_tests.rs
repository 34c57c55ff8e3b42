//! Tests of the decoders: what each message means, the error of each way to break it, and 10,000 random and
//! truncated messages per type.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::wire::frame;

fn decoded(kind: u8, body: &[u8]) -> Result<Message> {
    decode(Frame { kind, body: Bytes::copy_from_slice(body) })
}

#[test]
fn every_message_is_understood() {
    assert!(matches!(decoded(b'Q', b"select 1\0"), Ok(Message::Query(sql)) if sql == "select 1"));
    let parse = decoded(b'P', b"s\0select $1\0\0\x02\0\0\0\x17\0\0\0\0");
    assert!(matches!(parse, Ok(Message::Extended(Extended::Parse { name, sql, types }))
        if name == "s" && sql == "select $1" && types == [23, 0]));
    assert!(matches!(decoded(b'D', b"Ss\0"), Ok(Message::Extended(Extended::Describe(Target::Statement(_))))));
    assert!(matches!(decoded(b'C', b"P\0"), Ok(Message::Extended(Extended::Close(Target::Portal(_))))));
    assert!(matches!(decoded(b'E', b"p\0\0\0\0\x05"), Ok(Message::Extended(Extended::Execute { max_rows: 5, .. }))));
    assert!(matches!(
        decoded(b'E', b"\0\xff\xff\xff\xff"),
        Ok(Message::Extended(Extended::Execute { max_rows: 0, .. }))
    ));
    assert!(matches!(decoded(b'H', b""), Ok(Message::Extended(Extended::Flush))));
    assert!(matches!(decoded(b'S', b""), Ok(Message::Sync)));
    assert!(matches!(decoded(b'X', b""), Ok(Message::Terminate)));
    assert!(matches!(decoded(b'F', b"anything"), Ok(Message::FunctionCall)));
    for kind in *b"dcf" {
        assert!(matches!(decoded(kind, b"data"), Ok(Message::Copy)));
    }
}

#[test]
fn bind_carries_values_and_formats() {
    let body = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x02hi\xff\xff\xff\xff\0\x02\0\0\0\x01";
    let Ok(Message::Extended(Extended::Bind { portal, statement, params, result_formats })) = decoded(b'B', body)
    else {
        panic!("a sound Bind");
    };
    assert_eq!((portal.as_str(), statement.as_str()), ("p", "s"));
    assert_eq!(params[0].bytes.as_deref(), Some(&b"hi"[..]));
    assert!(params[1].bytes.is_none());
    assert!(params.iter().all(|p| p.format == Format::Binary), "one format stands for all");
    assert_eq!(result_formats, [Format::Text, Format::Binary]);
}

#[test]
fn broken_messages_get_the_errors_of_postgresql() {
    for (kind, body, code, says) in [
        (b'Q', &b""[..], "08P01", "invalid string in message"),
        (b'Q', b"select 1", "08P01", "invalid string in message"),
        (b'Q', b"select 1\0x", "08P01", "invalid message format"),
        (b'Q', b"select '\xff'\0", "22021", "invalid byte sequence for encoding \"UTF8\": 0xff"),
        (b'P', b"s\0select 1", "08P01", "invalid string in message"),
        (b'P', b"s\0select 1\0", "08P01", "insufficient data left in message"),
        (b'P', b"s\0select 1\0\0\x01\0\0", "08P01", "insufficient data left in message"),
        (b'P', b"s\0select 1\0\xff\xff", "08P01", "insufficient data left in message"),
        (b'B', b"", "08P01", "invalid string in message"),
        (b'B', b"\0\0\0", "08P01", "insufficient data left in message"),
        (b'B', b"\0\0\0\x01\0\x02\0\0\0\0", "22023", "unsupported format code: 2"),
        (b'B', b"\0\0\0\x01\xff\xff\0\0\0\0", "22023", "unsupported format code: -1"),
        (b'B', b"\0\0\0\x02\0\0\0\0\0\x01", "08P01", "bind message has 2 parameter formats but 1 parameters"),
        (b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff", "08P01", "insufficient data left in message"),
        (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe", "08P01", "insufficient data left in message"),
        (b'B', b"\0\0\0\0\0\0\0\0!", "08P01", "invalid message format"),
        (b'D', b"", "08P01", "no data left in message"),
        (b'D', b"Xs\0", "08P01", "invalid DESCRIBE message subtype 88"),
        (b'C', b"Xs\0", "08P01", "invalid CLOSE message subtype 88"),
        (b'E', b"\0\0\0", "08P01", "insufficient data left in message"),
        (b'H', b"x", "08P01", "invalid message format"),
        (b'S', b"x", "08P01", "invalid message format"),
        (b'p', b"secret\0", "08P01", "invalid frontend message type 112"),
    ] {
        let error = decoded(kind, body).expect_err(says);
        assert_eq!((error.sqlstate().as_str(), error.message()), (code, says), "{}", char::from(kind));
    }
}

/// A sound message of each type, to be truncated and spoilt.
fn sound(kind: u8) -> &'static [u8] {
    match kind {
        b'Q' => b"select 1\0",
        b'P' => b"s\0select $1, $2\0\0\x02\0\0\0\x17\0\0\0\0",
        b'B' => b"p\0s\0\0\x02\0\0\0\x01\0\x02\0\0\0\x02hi\xff\xff\xff\xff\0\x01\0\x01",
        b'D' | b'C' => b"Sname\0",
        b'E' => b"p\0\0\0\0\x05",
        _ => b"",
    }
}

#[test]
fn truncated_messages_never_pass_for_whole_ones() {
    for kind in *b"QPBDCE" {
        let body = sound(kind);
        assert!(decoded(kind, body).is_ok());
        for end in 0..body.len() {
            assert!(decoded(kind, &body[..end]).is_err(), "{} cut at {end}", char::from(kind));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn random_bodies_are_decoded_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for kind in *b"QPBDCEHSFXdcf" {
            let _ = decoded(kind, &body);
        }
    }

    #[test]
    fn spoilt_bodies_are_decoded_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        for kind in *b"QPBDCEHS" {
            let mut body = sound(kind).to_vec();
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body.truncate(cut.index(body.len() + 1));
            let _ = decoded(kind, &body);
        }
    }

    #[test]
    fn random_streams_are_framed_or_refused(stream in prop::collection::vec(any::<u8>(), 0..64), kind in prop::sample::select(b"QPBDCEHSFXdcf~".to_vec())) {
        let mut inbox = BytesMut::from(&stream[..]);
        if let Some(first) = inbox.first_mut() {
            *first = kind;
        }
        while let Ok(Some(frame)) = frame::take(&mut inbox, |kind| frame::session_limit(kind, 1 << 24)) {
            let _ = decode(frame);
        }
        prop_assert!(inbox.capacity() <= 4096, "nothing is allocated by a declared length");
    }
}
