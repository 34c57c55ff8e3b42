//! The CSV format's fields: in quotes where they would be taken for something else.

use super::options::CopyOptions;
use super::rows::Fields;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Appends a value. `single`: it is the only one of its line.
pub fn write(value: &[u8], options: &CopyOptions, quoted: bool, single: bool, out: &mut Vec<u8>) {
    let CopyOptions { delimiter, quote, escape, .. } = *options;
    let special = |byte: &u8| *byte == delimiter || *byte == quote || *byte == b'\n' || *byte == b'\r';
    let quoted = quoted || value == options.null.as_bytes() || single && value == b"\\." || value.iter().any(special);
    if !quoted {
        out.extend_from_slice(value);
        return;
    }
    out.push(quote);
    for &byte in value {
        if byte == quote || byte == escape {
            out.push(escape);
        }
        out.push(byte);
    }
    out.push(quote);
}

/// Takes a line apart.
///
/// # Errors
///
/// `22P04` for a quote that is not closed.
pub fn split(line: &[u8], options: &CopyOptions, fields: &mut Fields<'_>) -> Result<()> {
    let CopyOptions { delimiter, quote, escape, .. } = *options;
    let mut rest = line;
    loop {
        let start = fields.begin();
        let (raw, mut saw_quote) = (rest, false);
        let (raw_end, divided) = loop {
            let at = rest.iter().position(|&byte| byte == delimiter || byte == quote);
            let Some(at) = at else {
                fields.bytes().extend_from_slice(rest);
                break (raw.len(), false);
            };
            fields.bytes().extend_from_slice(&rest[..at]);
            let (here, found) = (raw.len() - rest.len() + at, rest[at]);
            rest = &rest[at + 1..];
            if found == delimiter {
                break (here, true);
            }
            saw_quote = true;
            rest = quoted(rest, quote, escape, fields.bytes())?;
        };
        fields.end(start, &raw[..raw_end], saw_quote)?;
        if !divided {
            return Ok(());
        }
    }
}

/// What stands up to the closing quote; gives what is left behind it.
fn quoted<'a>(line: &'a [u8], quote: u8, escape: u8, out: &mut Vec<u8>) -> Result<&'a [u8]> {
    let mut rest = line;
    loop {
        let Some(at) = rest.iter().position(|&byte| byte == quote || byte == escape) else {
            return Err(Error::new(sqlstate::BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field"));
        };
        out.extend_from_slice(&rest[..at]);
        let found = rest[at];
        rest = &rest[at + 1..];
        match rest.first() {
            Some(&next) if found == escape && (next == escape || next == quote) => {
                out.push(next);
                rest = &rest[1..];
            }
            _ if found == quote => return Ok(rest),
            _ => out.push(found),
        }
    }
}
