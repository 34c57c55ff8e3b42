//! The text format's fields: divided by a byte, with backslashes before what would end them.

use super::rows::Fields;
use crate::error::Result;
use crate::types::input;

/// Appends a value.
pub fn write(value: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(at) = rest.iter().position(|&byte| byte < b' ' || byte == b'\\' || byte == delimiter) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        let letter = match byte {
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            b'\\' => b'\\',
            byte => byte,
        };
        if letter != byte || byte == b'\\' || byte == delimiter {
            out.push(b'\\');
        }
        out.push(letter);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Takes a line apart.
///
/// # Errors
///
/// `22021` where escapes make bytes that are no text.
pub fn split(line: &[u8], delimiter: u8, fields: &mut Fields<'_>) -> Result<()> {
    let mut rest = line;
    loop {
        let start = fields.begin();
        let length = rest.len();
        let mut escaped_bytes = false;
        let raw = rest;
        let (raw_end, divided) = loop {
            let Some(at) = rest.iter().position(|&byte| byte == b'\\' || byte == delimiter) else {
                fields.bytes().extend_from_slice(rest);
                break (length, false);
            };
            fields.bytes().extend_from_slice(&rest[..at]);
            let here = length - rest.len() + at;
            let found = rest[at];
            rest = &rest[at + 1..];
            if found == delimiter {
                break (here, true);
            }
            if rest.is_empty() {
                // A backslash at the end of a line stands for nothing.
                break (here, false);
            }
            let (byte, used) = unescape(rest);
            escaped_bytes |= used > 1 && (byte == 0 || byte >= 0x80);
            escaped_bytes |= used == 1 && rest[0].is_ascii_digit() && (byte == 0 || byte >= 0x80);
            fields.bytes().push(byte);
            rest = &rest[used..];
        };
        if fields.end(start, &raw[..raw_end], false)? && escaped_bytes {
            input::utf8(fields.last())?;
        }
        if !divided {
            return Ok(());
        }
    }
}

/// The byte that follows a backslash, and how many bytes write it.
fn unescape(rest: &[u8]) -> (u8, usize) {
    let digits = |from: usize, most: usize, radix: u32| {
        rest[from..].iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count()
    };
    let value = |from: usize, count: usize, radix: u32| {
        let of = |byte: u8| char::from(byte).to_digit(radix).unwrap_or(0);
        let value = rest[from..from + count].iter().fold(0, |sum, &byte| sum * radix + of(byte));
        // As PostgreSQL: only the lowest byte counts.
        value.to_le_bytes()[0]
    };
    match rest[0] {
        b'b' => (8, 1),
        b'f' => (12, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'v' => (11, 1),
        b'0'..=b'7' => {
            let count = digits(0, 3, 8);
            (value(0, count, 8), count)
        }
        b'x' => match digits(1, 2, 16) {
            0 => (b'x', 1),
            count => (value(1, count, 16), 1 + count),
        },
        other => (other, 1),
    }
}
