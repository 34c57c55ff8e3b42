//! Reading a message's body: every read is checked, and says what PostgreSQL says when the bytes run out.
//!
//! Nothing here allocates more than the body holds.

use bytes::{Buf, Bytes};

use crate::error::{Error, Result};
use crate::sqlstate;

/// A body being read from front to back.
pub(super) struct Cursor {
    rest: Bytes,
}

impl Cursor {
    pub(super) fn new(body: Bytes) -> Self {
        Self { rest: body }
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.rest.try_get_u8().map_err(|_| Error::protocol("no data left in message"))
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.rest.try_get_u16().map_err(|_| insufficient())
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        self.rest.try_get_i32().map_err(|_| insufficient())
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.rest.try_get_u32().map_err(|_| insufficient())
    }

    /// So many bytes; shared with the message, not copied. A negative count is an error as too large a one is.
    pub(super) fn bytes(&mut self, count: i32) -> Result<Bytes> {
        let count = usize::try_from(count).map_err(|_| insufficient())?;
        if count > self.rest.len() {
            return Err(insufficient());
        }
        Ok(self.rest.split_to(count))
    }

    /// A NUL-terminated string of valid UTF-8.
    pub(super) fn text(&mut self) -> Result<String> {
        let Some(end) = self.rest.iter().position(|&b| b == 0) else {
            return Err(Error::protocol("invalid string in message"));
        };
        let text = self.rest.split_to(end);
        self.rest.advance(1);
        utf8(&text)
    }

    /// What is left.
    pub(super) fn remaining(&self) -> &[u8] {
        &self.rest
    }

    /// The message must end here.
    pub(super) fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::protocol("invalid message format")) }
    }
}

/// Text as a string, or `22021` naming the first sequence that is not UTF-8.
pub(super) fn utf8(text: &[u8]) -> Result<String> {
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.to_owned()),
        Err(e) => Err(invalid_sequence(&text[e.valid_up_to()..])),
    }
}

fn insufficient() -> Error {
    Error::protocol("insufficient data left in message")
}

/// PostgreSQL shows as many bytes as the first one announces.
fn invalid_sequence(bytes: &[u8]) -> Error {
    let announced = match bytes.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    let shown: Vec<String> = bytes.iter().take(announced).map(|b| format!("0x{b:02x}")).collect();
    Error::new(
        sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
        format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_utf8_is_shown_as_postgresql_shows_it() {
        for (bytes, shown) in [
            (&b"ab\xff"[..], "0xff"),
            (b"\xc3\x28", "0xc3 0x28"),
            (b"ok \xe2\x82", "0xe2 0x82"),
            (b"\xed\xa0\x80", "0xed 0xa0 0x80"),
            (b"\xf4\x90\x80\x80 and more", "0xf4 0x90 0x80 0x80"),
            (b"\x80", "0x80"),
        ] {
            let error = utf8(bytes).expect_err(shown);
            assert_eq!(error.message(), format!("invalid byte sequence for encoding \"UTF8\": {shown}"));
            assert_eq!(error.sqlstate(), sqlstate::CHARACTER_NOT_IN_REPERTOIRE);
        }
        assert_eq!(utf8("naïve ☃".as_bytes()).expect("valid"), "naïve ☃");
    }
}
