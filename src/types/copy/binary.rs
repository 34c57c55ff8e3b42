//! Rows of PostgreSQL's binary format out of bytes that come in any pieces.

use super::rows::{Cell, Row};
use crate::error::{Error, Result};
use crate::sqlstate;

/// What binary data begins with: the signature, no flags, no extension.
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The signature alone.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The bit of rows with OIDs, which are no more.
const OIDS: i32 = 1 << 16;
/// The longest value, as in PostgreSQL.
const MAX_VALUE_BYTES: usize = 0x3fff_ffff;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A row.
    Row,
    /// More bytes are needed.
    More,
    /// There are no more rows.
    End,
}

/// An error, and the column it is about.
pub type Broken = (Error, Option<usize>);

/// Bytes being taken apart.
#[derive(Debug, Default)]
pub struct Rows {
    buffer: Vec<u8>,
    start: usize,
    opened: bool,
    ended: bool,
    /// A row's number was given out, its end not yet found.
    within: bool,
    /// The number of the row that is looked for or was found last.
    pub number: u64,
}

/// The bytes from a place on, as far as they have come.
struct Ahead<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Ahead<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(*taken)
    }
}

impl Rows {
    /// Takes more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next row of `width` columns. `eof`: nothing will come any more.
    ///
    /// # Errors
    ///
    /// `22P04` for what is no such row.
    pub fn next(&mut self, width: usize, eof: bool, row: &mut Row) -> Result<Next, Broken> {
        let whole = |error| (error, None);
        if !self.opened {
            match self.header(eof).map_err(whole)? {
                Some(end) => {
                    self.start += end;
                    self.opened = true;
                }
                None => return Ok(Next::More),
            }
        }
        if self.ended {
            return self.after_end(eof).map_err(whole);
        }
        if !self.within {
            self.within = true;
            self.number += 1;
        }
        let mut ahead = Ahead { bytes: &self.buffer[self.start..], at: 0 };
        let Some(count) = ahead.take().map(i16::from_be_bytes) else {
            return Ok(if eof { Next::End } else { Next::More });
        };
        if count == -1 {
            self.start += ahead.at;
            self.ended = true;
            return self.after_end(eof).map_err(whole);
        }
        if usize::try_from(count).ok() != Some(width) {
            return Err(whole(broken(format!("row field count is {count}, expected {width}"))));
        }
        row.bytes.clear();
        row.cells.clear();
        for column in 0..width {
            let at = |error| (error, Some(column));
            let Some(size) = ahead.take().map(i32::from_be_bytes) else { return more(eof).map_err(at) };
            if size == -1 {
                row.cells.push(Cell::Null);
                continue;
            }
            let size = usize::try_from(size).ok().filter(|size| *size <= MAX_VALUE_BYTES);
            let size = size.ok_or_else(|| at(broken("invalid field size")))?;
            let Some(value) = ahead.bytes.get(ahead.at..ahead.at + size) else { return more(eof).map_err(at) };
            ahead.at += size;
            let start = row.bytes.len();
            row.bytes.extend_from_slice(value);
            row.cells.push(Cell::Value(start..row.bytes.len()));
        }
        let used = ahead.at;
        self.start += used;
        self.within = false;
        Ok(Next::Row)
    }

    /// Where the header ends; none while it is not whole.
    fn header(&self, eof: bool) -> Result<Option<usize>> {
        let bytes = &self.buffer[self.start..];
        let known = bytes.len().min(SIGNATURE.len());
        if bytes[..known] != SIGNATURE[..known] || known < SIGNATURE.len() && eof {
            return Err(broken("COPY file signature not recognized"));
        }
        let mut ahead = Ahead { bytes, at: SIGNATURE.len() };
        let missing = |what: &str| match eof {
            true => Err(broken(format!("invalid COPY file header ({what})"))),
            false => Ok(None),
        };
        let Some(flags) = ahead.take().map(i32::from_be_bytes) else { return missing("missing flags") };
        if flags & OIDS != 0 {
            return Err(broken("invalid COPY file header (WITH OIDS)"));
        }
        if flags >> 16 != 0 {
            return Err(broken("unrecognized critical flags in COPY file header"));
        }
        let Some(length) = ahead.take().map(i32::from_be_bytes) else { return missing("missing length") };
        let Ok(length) = usize::try_from(length) else {
            return Err(broken("invalid COPY file header (missing length)"));
        };
        match ahead.at.checked_add(length).filter(|end| *end <= bytes.len()) {
            Some(end) => Ok(Some(end)),
            None => missing("wrong length"),
        }
    }

    fn after_end(&self, eof: bool) -> Result<Next> {
        if self.start < self.buffer.len() {
            return Err(broken("received copy data after EOF marker"));
        }
        Ok(if eof { Next::End } else { Next::More })
    }
}

fn more(eof: bool) -> Result<Next> {
    if eof { Err(broken("unexpected EOF in COPY data")) } else { Ok(Next::More) }
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message.into())
}
