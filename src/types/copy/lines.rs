//! Lines out of bytes that come in any pieces: where each ends, by PostgreSQL's rules for line ends, quotes and the
//! end-of-data marker `\.`.
//!
//! The first line end that is met decides what a line end is. A line is looked through once, however it comes.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::sqlstate;

/// The longest line, as in PostgreSQL.
const MAX_LINE_BYTES: usize = 0x3fff_ffff;

/// What ends lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Unknown,
    Newline,
    Return,
    Both,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line, without its end; read it with [`Lines::line`].
    Line(Range<usize>),
    /// More bytes are needed.
    More,
    /// There are no more lines.
    End,
}

/// Bytes being taken apart.
#[derive(Debug)]
pub struct Lines {
    buffer: Vec<u8>,
    /// Where the line begins that is looked for, and how far it was looked through.
    start: usize,
    at: usize,
    /// Quote and escape of CSV; the escape is none where it is the quote.
    csv: Option<(u8, Option<u8>)>,
    in_quote: bool,
    after_escape: bool,
    /// A line's number was given out, its end not yet found.
    within: bool,
    line_end: LineEnd,
    /// The end-of-data marker was met: everything behind it is passed over.
    ended: bool,
    /// The number of the line that is looked for or was found last.
    pub number: u64,
}

/// What a byte of a line means.
enum Found {
    /// The line ends before it; so many bytes make the end.
    End(usize),
    /// Nothing: so many bytes further on.
    Plain(usize),
    /// The end-of-data marker; so many bytes make it.
    Marker(usize),
    /// What follows must be known first.
    More,
}

impl Lines {
    /// Nothing yet; `csv` has quote and escape.
    pub fn new(csv: Option<(u8, u8)>) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            at: 0,
            csv: csv.map(|(quote, escape)| (quote, (escape != quote).then_some(escape))),
            in_quote: false,
            after_escape: false,
            within: false,
            line_end: LineEnd::Unknown,
            ended: false,
            number: 0,
        }
    }

    /// Takes more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.at -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// A line that was found, until more is pushed.
    pub fn line(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// The next line. `eof`: nothing will come any more.
    ///
    /// # Errors
    ///
    /// `22P04` for line ends of another kind than the first, and a marker that is not alone; `54000` for a line of a
    /// gigabyte.
    pub fn next(&mut self, eof: bool) -> Result<Next> {
        if self.ended {
            return Ok(Next::End);
        }
        if !self.within {
            self.number += 1;
            self.within = true;
        }
        while self.at < self.buffer.len() {
            self.skip_plain();
            let Some(&byte) = self.buffer.get(self.at) else { break };
            let state = (self.in_quote, self.after_escape, self.number);
            match self.judge(byte, eof)? {
                Found::Plain(count) => self.at += count,
                Found::End(count) => return Ok(Next::Line(self.take(count))),
                Found::Marker(count) => {
                    self.ended = true;
                    let line = self.take(count);
                    return Ok(if line.is_empty() { Next::End } else { Next::Line(line) });
                }
                Found::More => {
                    (self.in_quote, self.after_escape, self.number) = state;
                    return self.wait();
                }
            }
        }
        if !eof {
            return self.wait();
        }
        let line = self.take(0);
        self.ended = true;
        Ok(if line.is_empty() { Next::End } else { Next::Line(line) })
    }

    fn wait(&self) -> Result<Next> {
        if self.at - self.start > MAX_LINE_BYTES {
            let message = format!("a line of COPY data has more than {MAX_LINE_BYTES} bytes");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        Ok(Next::More)
    }

    /// The line ends here, with so many bytes of a line end.
    fn take(&mut self, end: usize) -> Range<usize> {
        let line = self.start..self.at;
        self.at += end;
        self.start = self.at;
        (self.within, self.in_quote, self.after_escape) = (false, false, false);
        line
    }

    /// Passes over bytes that mean nothing.
    fn skip_plain(&mut self) {
        let rest = &self.buffer[self.at..];
        let special = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\\');
        let next = match self.csv {
            None => rest.iter().position(special),
            Some((quote, escape)) => rest.iter().position(|b| special(b) || *b == quote || Some(*b) == escape),
        };
        let skipped = next.unwrap_or(rest.len());
        self.after_escape &= skipped == 0;
        self.at += skipped;
    }

    fn judge(&mut self, byte: u8, eof: bool) -> Result<Found> {
        let next = self.buffer.get(self.at + 1).copied();
        if let Some((quote, escape)) = self.csv {
            if next.is_none() && !eof && matches!(byte, b'\\' | b'\r') {
                return Ok(Found::More);
            }
            let is_escape = Some(byte) == escape;
            if self.in_quote && is_escape {
                self.after_escape = !self.after_escape;
            }
            if byte == quote && !self.after_escape {
                self.in_quote = !self.in_quote;
            }
            self.after_escape &= is_escape;
            let counted = if self.line_end == LineEnd::Newline { b'\n' } else { b'\r' };
            if self.in_quote && byte == counted {
                self.number += 1;
            }
        }
        match byte {
            b'\r' if !self.in_quote => self.carriage_return(next, eof),
            b'\n' if !self.in_quote => {
                if matches!(self.line_end, LineEnd::Return | LineEnd::Both) {
                    return Err(self.stray("newline", "\\n"));
                }
                self.line_end = LineEnd::Newline;
                Ok(Found::End(1))
            }
            b'\\' if self.csv.is_none() || self.at == self.start => self.backslash(next, eof),
            _ => Ok(Found::Plain(1)),
        }
    }

    fn carriage_return(&mut self, next: Option<u8>, eof: bool) -> Result<Found> {
        match self.line_end {
            LineEnd::Newline => Err(self.stray("carriage return", "\\r")),
            LineEnd::Return => Ok(Found::End(1)),
            LineEnd::Unknown | LineEnd::Both if next.is_none() && !eof => Ok(Found::More),
            LineEnd::Unknown | LineEnd::Both if next == Some(b'\n') => {
                self.line_end = LineEnd::Both;
                Ok(Found::End(2))
            }
            LineEnd::Both => Err(self.stray("carriage return", "\\r")),
            LineEnd::Unknown => {
                self.line_end = LineEnd::Return;
                Ok(Found::End(1))
            }
        }
    }

    /// A backslash: in text it hides the next byte, and with a dot it is the end-of-data marker.
    fn backslash(&self, next: Option<u8>, eof: bool) -> Result<Found> {
        let is_csv = self.csv.is_some();
        match next {
            None if !eof => return Ok(Found::More),
            Some(b'.') => {}
            // At the end of the data the byte that would be hidden is missing.
            None => return Ok(Found::Plain(1)),
            Some(_) => return Ok(Found::Plain(if is_csv { 1 } else { 2 })),
        }
        let mut ends = self.buffer[self.at + 2..].iter().copied();
        let mut length = 2;
        let (wrong, corrupt) =
            ("end-of-copy marker does not match previous newline style", "end-of-copy marker corrupt");
        let refuse = |message: &'static str| match is_csv {
            true => Ok(Found::Plain(1)),
            false => Err(Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message)),
        };
        if self.line_end == LineEnd::Both {
            length += 1;
            match ends.next() {
                None if !eof => return Ok(Found::More),
                Some(b'\r') => {}
                Some(b'\n') => return refuse(wrong),
                _ => return refuse(corrupt),
            }
        }
        let last = ends.next();
        length += 1;
        let fits = match (last, self.line_end) {
            (None, _) if !eof => return Ok(Found::More),
            (Some(b'\n'), end) => end != LineEnd::Return,
            (Some(b'\r'), end) => matches!(end, LineEnd::Return | LineEnd::Unknown),
            _ => return refuse(corrupt),
        };
        if fits { Ok(Found::Marker(length)) } else { Err(Error::new(sqlstate::BAD_COPY_FILE_FORMAT, wrong)) }
    }

    /// A line end of another kind than the first.
    fn stray(&self, what: &str, escape: &str) -> Error {
        let (message, hint) = match self.csv {
            None => (format!("literal {what} found in data"), format!("Use \"{escape}\" to represent {what}.")),
            Some(_) => (format!("unquoted {what} found in data"), format!("Use quoted CSV field to represent {what}.")),
        };
        Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message).hint(hint)
    }
}
