//! Booleans, byte strings, `"char"` and UUIDs.

use super::{invalid_syntax, trim};
use crate::error::{Error, Result};
use crate::sqlstate;

/// `boolean`: `true`, `yes`, `on`, `1` and their opposites, or any beginning of a word that leaves no doubt.
///
/// # Errors
///
/// `22P02` for any other text.
pub fn parse_bool(text: &str) -> Result<bool> {
    let word = trim(text).to_ascii_lowercase();
    let starts = |full: &str| !word.is_empty() && full.starts_with(&word);
    if starts("true") || starts("yes") || word == "on" || word == "1" {
        Ok(true)
    } else if starts("false") || starts("no") || word == "of" || word == "off" || word == "0" {
        Ok(false)
    } else {
        Err(invalid_syntax("boolean", text))
    }
}

/// `bytea`: `\x` with hexadecimal digits, or text with `\\` and `\ooo`.
///
/// # Errors
///
/// `22023` for bad hexadecimal digits, `22P02` for a bad escape.
pub fn parse_bytea(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => hex(digits),
        None => escaped(text),
    }
}

/// `uuid`: 32 hexadecimal digits, with hyphens after every fourth at will, in braces or not.
///
/// # Errors
///
/// `22P02` for any other text.
pub fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    let invalid = || invalid_syntax("uuid", text);
    let body = match text.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}').ok_or_else(invalid)?,
        None => text,
    };
    let mut rest = body.as_bytes();
    let mut value = [0; 16];
    for (index, byte) in value.iter_mut().enumerate() {
        let [high, low, tail @ ..] = rest else { return Err(invalid()) };
        let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) else { return Err(invalid()) };
        *byte = high << 4 | low;
        rest = match tail {
            [b'-', tail @ ..] if index % 2 == 1 && index < 15 => tail,
            _ => tail,
        };
    }
    if rest.is_empty() { Ok(value) } else { Err(invalid()) }
}

/// The byte of a `"char"` from its text: the first one, or `\ooo`.
#[must_use]
pub fn char_byte(text: &[u8]) -> u8 {
    match text {
        [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] => (a & 7) << 6 | (b & 7) << 3 | c & 7,
        [first, ..] => *first,
        [] => 0,
    }
}

/// `"char"` as the text it prints as.
#[must_use]
pub fn parse_char(text: &str) -> String {
    let mut out = Vec::new();
    crate::types::output::char_byte(char_byte(text.as_bytes()), &mut out);
    String::from_utf8(out).expect("bytes above ASCII are written as escapes")
}

/// Pairs of hexadecimal digits; spaces may stand between pairs. Error `22023`.
fn hex(digits: &str) -> Result<Vec<u8>> {
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut high = None;
    for character in digits.chars() {
        if high.is_none() && matches!(character, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let digit = u8::try_from(character)
            .ok()
            .and_then(nibble)
            .ok_or_else(|| invalid(format!("invalid hexadecimal digit: \"{character}\"")))?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => Err(invalid("invalid hexadecimal data: odd number of digits".to_owned())),
    }
}

/// Text in which `\\` is a backslash and `\ooo` a byte. Error `22P02`.
fn escaped(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(bytes),
            [b'\\', b'\\', tail @ ..] => {
                bytes.push(b'\\');
                tail
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                bytes.push((a & 7) << 6 | (b & 7) << 3 | c & 7);
                tail
            }
            [b'\\', ..] => {
                return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea"));
            }
            [byte, tail @ ..] => {
                bytes.push(*byte);
                tail
            }
        };
    }
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
