//! Messages as frames: a type byte, a length that counts itself, a body.
//!
//! Type and length are judged as soon as they are there, before the body is waited for, so that a client can
//! make the server hold no more than the limit of its message's type. What is buffered is what has arrived:
//! nothing is allocated by a declared length.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::{Error, Result};

/// Limit for messages that carry names only, as in PostgreSQL.
const SMALL_BYTES: usize = 10_000;
/// Limit for messages before the client has proved who it is.
pub const AUTHENTICATION_BYTES: usize = 65_535;
/// Limit for a startup packet without its length word.
const STARTUP_BYTES: usize = 10_000;
/// The type byte and the length word.
const HEADER_BYTES: usize = 5;

/// One message, not yet decoded.
#[derive(Debug)]
pub struct Frame {
    /// Its type byte.
    pub kind: u8,
    /// What follows the length word.
    pub body: Bytes,
}

/// Takes the next whole message off the inbox, if it is there. `limit` gives the largest body of a type, or refuses
/// the type.
pub fn take(inbox: &mut BytesMut, limit: impl Fn(u8) -> Result<usize>) -> Result<Option<Frame>> {
    let Some(&kind) = inbox.first() else { return Ok(None) };
    let limit = limit(kind)?;
    let Some(header) = inbox.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let length = i32::from_be_bytes([header[1], header[2], header[3], header[4]]);
    let body = match usize::try_from(length) {
        Ok(length) if length >= 4 && length - 4 <= limit => length - 4,
        _ => return Err(Error::protocol("invalid message length").into_fatal()),
    };
    if inbox.len() < HEADER_BYTES + body {
        return Ok(None);
    }
    inbox.advance(HEADER_BYTES);
    Ok(Some(Frame { kind, body: inbox.split_to(body).freeze() }))
}

/// The limit of each message type a client may send once it is authenticated; `large` is for those that carry
/// statements or data.
pub fn session_limit(kind: u8, large: usize) -> Result<usize> {
    match kind {
        b'Q' | b'P' | b'B' | b'F' | b'd' => Ok(large),
        b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f' => Ok(SMALL_BYTES.min(large)),
        _ => Err(Error::protocol(format!("invalid frontend message type {kind}")).into_fatal()),
    }
}

/// The limit of each message type a client may send during COPY … FROM STDIN.
pub fn copy_limit(kind: u8, large: usize) -> Result<usize> {
    match kind {
        b'd' => Ok(large),
        b'c' | b'f' | b'H' | b'S' => Ok(SMALL_BYTES.min(large)),
        kind => Err(Error::protocol(format!("unexpected message type 0x{kind:02X} during COPY from stdin"))),
    }
}

/// What stands at the head of an inbox before the startup packet is complete.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// The packet's body, taken off.
    Packet(Bytes),
    /// A part of a packet.
    Incomplete,
    /// A length no startup packet has. PostgreSQL closes such a connection without a word, since the other end speaks
    /// another protocol.
    Foreign,
}

/// Takes the next startup packet (which has no type byte) off the inbox, if it is there.
pub fn take_startup(inbox: &mut BytesMut) -> Opening {
    let Some(header) = inbox.first_chunk::<4>() else { return Opening::Incomplete };
    let length = i32::from_be_bytes(*header);
    let body = match usize::try_from(length) {
        Ok(length) if length >= 8 && length - 4 <= STARTUP_BYTES => length - 4,
        _ => return Opening::Foreign,
    };
    if inbox.len() < 4 + body {
        return Opening::Incomplete;
    }
    inbox.advance(4);
    Opening::Packet(inbox.split_to(body).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlstate;

    fn inbox(bytes: &[u8]) -> BytesMut {
        BytesMut::from(bytes)
    }

    fn limit(kind: u8) -> Result<usize> {
        session_limit(kind, 1 << 20)
    }

    #[test]
    fn a_frame_is_taken_when_it_is_whole() {
        let message = b"Q\0\0\0\x0dselect 1\0";
        for end in 0..message.len() {
            let mut part = inbox(&message[..end]);
            assert!(take(&mut part, limit).expect("so far sound").is_none());
            assert_eq!(part.len(), end, "an incomplete frame stays");
        }
        let mut two = inbox(&[&message[..], b"S\0\0\0\x04"].concat());
        let frame = take(&mut two, limit).expect("sound").expect("whole");
        assert_eq!((frame.kind, &frame.body[..]), (b'Q', &b"select 1\0"[..]));
        let frame = take(&mut two, limit).expect("sound").expect("whole");
        assert_eq!((frame.kind, frame.body.len()), (b'S', 0));
        assert!(two.is_empty());
    }

    #[test]
    fn bad_headers_are_refused_before_the_body_comes() {
        for header in [
            &b"Q\0\0\0\0"[..],
            b"Q\0\0\0\x03",
            b"Q\xff\xff\xff\xff",
            b"Q\x7f\xff\xff\xff",
            b"Q\x00\x10\x00\x05",
            b"S\0\0\x27\x15",
        ] {
            let error = take(&mut inbox(header), limit).expect_err("a bad length");
            assert_eq!(error.sqlstate(), sqlstate::PROTOCOL_VIOLATION);
            assert_eq!(error.message(), "invalid message length");
        }
        assert!(take(&mut inbox(b"Q\x00\x10\x00\x04"), limit).expect("exactly the limit").is_none());
        let error = take(&mut inbox(b"~"), limit).expect_err("no such type");
        assert_eq!(error.message(), "invalid frontend message type 126");
    }

    #[test]
    fn startup_packets_are_bounded() {
        assert_eq!(take_startup(&mut inbox(b"\0\0\0")), Opening::Incomplete);
        for length in [-1_i32, 0, 7, 10_005, i32::MAX] {
            assert_eq!(take_startup(&mut inbox(&length.to_be_bytes())), Opening::Foreign, "{length}");
        }
        for length in [8_i32, 10_004] {
            assert_eq!(take_startup(&mut inbox(&length.to_be_bytes())), Opening::Incomplete, "{length}");
        }
        let taken = take_startup(&mut inbox(b"\0\0\0\x08\x04\xd2\x16\x2fX"));
        assert_eq!(taken, Opening::Packet(Bytes::from_static(b"\x04\xd2\x16\x2f")));
    }
}
