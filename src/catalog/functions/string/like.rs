//! LIKE as PostgreSQL matches it, for patterns that DataFusion's own operator does not take: of bytea, with an escape
//! character of one's own, made per row.

use arrow::array::ArrayRef;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Bool, Bytea, Text};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("like_escape", &[Bytea, Bytea], Bytea, |c| {
        let (pattern, escape) = (c.bytes(0)?, c.bytes(1)?);
        c.build_bytes(|i, out| {
            let own = match escape.at(i) {
                [] => None,
                [one] => Some(*one),
                _ => return Err(invalid_escape()),
            };
            rewrite_bytes(pattern.at(i), own, out);
            Ok(())
        })
    });
    for name in ["textlike", "like"] {
        r.add(name, &[Text, Text], Bool, |c| text(c, false, false));
        r.add(name, &[Bytea, Bytea], Bool, |c| bytes(c, false));
    }
    for name in ["textnlike", "notlike"] {
        r.add(name, &[Text, Text], Bool, |c| text(c, false, true));
        r.add(name, &[Bytea, Bytea], Bool, |c| bytes(c, true));
    }
    r.add("texticlike", &[Text, Text], Bool, |c| text(c, true, false));
    r.add("texticnlike", &[Text, Text], Bool, |c| text(c, true, true));
}

fn text(c: &Call<'_>, fold: bool, negated: bool) -> Result<ArrayRef> {
    let (value, pattern) = (c.text(0)?, c.text(1)?);
    c.build_bool(|i| {
        let (value, pattern) = (value.at(i), pattern.at(i));
        let found = if fold {
            matches(value.to_lowercase().as_bytes(), pattern.to_lowercase().as_bytes(), true)?
        } else {
            matches(value.as_bytes(), pattern.as_bytes(), true)?
        };
        Ok(found != negated)
    })
}

fn bytes(c: &Call<'_>, negated: bool) -> Result<ArrayRef> {
    let (value, pattern) = (c.bytes(0)?, c.bytes(1)?);
    c.build_bool(|i| Ok(matches(value.at(i), pattern.at(i), false)? != negated))
}

/// A pattern whose escape character is `own` as one whose escape character is the backslash.
fn rewrite_bytes(pattern: &[u8], own: Option<u8>, out: &mut Vec<u8>) {
    let mut escaped = false;
    for &c in pattern {
        match (Some(c) == own, c, escaped) {
            (true, _, false) if own != Some(b'\\') => {
                out.push(b'\\');
                escaped = true;
            }
            (_, b'\\', false) if own != Some(b'\\') => out.extend_from_slice(b"\\\\"),
            _ => {
                out.push(c);
                escaped = own == Some(b'\\') && c == b'\\' && !escaped;
            }
        }
    }
}

/// Whether a value matches a pattern. After a `%` the last place it may go on from is kept, so the time is bounded by
/// the product of both lengths.
fn matches(value: &[u8], pattern: &[u8], characters: bool) -> Result<bool> {
    let width = |at: usize| if characters { char_width(value[at]) } else { 1 };
    let (mut v, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some(b'%') => {
                back = Some((p + 1, v));
                p += 1;
                continue;
            }
            Some(b'_') if v < value.len() => Some((1, width(v))),
            Some(b'\\') if v < value.len() => {
                let literal = pattern.get(p + 1).ok_or_else(trailing_escape)?;
                (value.get(v) == Some(literal)).then_some((2, 1))
            }
            Some(literal) => (*literal != b'_' && value.get(v) == Some(literal)).then_some((1, 1)),
            None if v == value.len() => return Ok(true),
            None => None,
        };
        match (step, &mut back) {
            (Some((in_pattern, in_value)), _) => (p, v) = (p + in_pattern, v + in_value),
            (None, Some((from, start))) if *start < value.len() => {
                *start += width(*start);
                (p, v) = (*from, *start);
            }
            _ => return Ok(false),
        }
    }
}

fn char_width(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

fn invalid_escape() -> Error {
    Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "invalid escape string")
        .hint("Escape string must be empty or one character.")
}

fn trailing_escape() -> Error {
    Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")
}
