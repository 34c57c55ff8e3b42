//! Cutting the text of a date, time or interval into fields, as PostgreSQL's `ParseDateTime` does.
//!
//! Only the shape of a field is decided here; what a number means depends on the fields before it.

use super::words;

/// More fields than any valid text has.
const MAX_FIELDS: usize = 25;
/// Longer texts are no date, time or interval.
const MAX_BYTES: usize = 128;

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Digits, perhaps with one point.
    Number,
    /// Digits and words with separators: `2026-11-22`, `22-nov-2026`, `america/new_york`.
    Date,
    /// Digits with colons.
    Time,
    /// A sign with digits: a zone, or a number of an interval.
    Signed,
    /// Letters.
    Word,
    /// A sign with letters.
    SignedWord,
}

/// A piece of the text, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it looks like.
    pub kind: Kind,
    /// The piece.
    pub text: String,
}

/// The fields of a text; none where it cannot be a date, time or interval at all.
pub fn fields(text: &str) -> Option<Vec<Field>> {
    if text.len() > MAX_BYTES || !text.is_ascii() {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let mut rest = text.as_str();
    let mut fields = Vec::new();
    while let Some(first) = rest.bytes().next() {
        let (kind, len) = match first {
            b' ' | b'\t'..=b'\r' => {
                rest = &rest[1..];
                continue;
            }
            b'0'..=b'9' => number(rest),
            b'.' => (Kind::Number, 1 + run(&rest[1..], |byte| byte.is_ascii_digit())),
            b'a'..=b'z' => word(rest),
            b'+' | b'-' => {
                let (field, len) = signed(rest)?;
                fields.push(field);
                rest = &rest[len..];
                continue;
            }
            _ if first.is_ascii_punctuation() => {
                rest = &rest[1..];
                continue;
            }
            _ => return None,
        };
        fields.push(Field { kind, text: rest[..len].to_owned() });
        rest = &rest[len..];
        if fields.len() > MAX_FIELDS {
            return None;
        }
    }
    Some(fields)
}

/// How many bytes at the start satisfy a test.
fn run(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&byte| wanted(byte)).count()
}

/// An ASCII digit.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// A field that starts with a digit: its kind and length.
fn number(text: &str) -> (Kind, usize) {
    let digits = run(text, is_digit);
    let rest = &text[digits..];
    match rest.bytes().next() {
        Some(b':') => (Kind::Time, digits + run(rest, |byte| is_digit(byte) || matches!(byte, b':' | b'.'))),
        Some(separator @ (b'-' | b'/' | b'.')) => {
            let after = &rest[1..];
            if !after.bytes().next().is_some_and(is_digit) {
                let len = run(after, |byte| byte.is_ascii_alphanumeric() || byte == separator);
                return (Kind::Date, digits + 1 + len);
            }
            let more = run(after, is_digit);
            if after[more..].bytes().next() == Some(separator) {
                let len = run(&after[more..], |byte| is_digit(byte) || byte == separator);
                return (Kind::Date, digits + 1 + more + len);
            }
            (if separator == b'.' { Kind::Number } else { Kind::Date }, digits + 1 + more)
        }
        _ => (Kind::Number, digits),
    }
}

/// A field that starts with a letter: a word, a date that starts with its month, or a zone.
fn word(text: &str) -> (Kind, usize) {
    let letters = run(text, |byte| byte.is_ascii_lowercase());
    let joined = match text.as_bytes().get(letters) {
        Some(b'-' | b'/' | b'.') => true,
        // A zone's name may go on with a sign or digits, a known word may not.
        Some(b'+' | b'0'..=b'9') => words::word(&text[..letters]).is_none(),
        _ => false,
    };
    if joined {
        let tail = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'/' | b'_' | b'.' | b':');
        return (Kind::Date, letters + run(&text[letters..], tail));
    }
    (Kind::Word, letters)
}

/// A field that starts with a sign, which may stand apart from what follows; and the bytes it takes up.
fn signed(text: &str) -> Option<(Field, usize)> {
    let (sign, tail) = text.split_at(1);
    let spaces = run(tail, |byte| byte == b' ' || matches!(byte, b'\t'..=b'\r'));
    let body = &tail[spaces..];
    let (kind, len) = match body.bytes().next()? {
        b'0'..=b'9' => (Kind::Signed, run(body, |byte| is_digit(byte) || matches!(byte, b':' | b'.' | b'-'))),
        b'a'..=b'z' => (Kind::SignedWord, run(body, |byte| byte.is_ascii_lowercase())),
        _ => return None,
    };
    Some((Field { kind, text: format!("{sign}{}", &body[..len]) }, 1 + spaces + len))
}
