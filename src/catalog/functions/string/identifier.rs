//! `parse_ident` and `unistr`: texts that are read as the grammar reads them.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Array, Bool, Text};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("parse_ident", &[Text], Array(&Text), identifiers);
    r.add("parse_ident", &[Text, Bool], Array(&Text), identifiers);
    r.add("unistr", &[Text], Text, |c| {
        let v = c.text(0)?;
        c.build_text(|i, out| unescape(v.at(i), out))
    });
}

fn identifiers(c: &Call<'_>) -> Result<ArrayRef> {
    let v = c.text(0)?;
    let strict = if c.arity() == 2 { Some(c.bools(1)?) } else { None };
    c.build_list(|i| {
        let parts = parts(v.at(i), strict.as_ref().is_none_or(|s| s.at(i)))?;
        Ok(Some(Arc::new(StringArray::from(parts)) as ArrayRef))
    })
}

/// The parts of a qualified name; without `strict` what follows it is passed over.
fn parts(text: &str, strict: bool) -> Result<Vec<String>> {
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    let invalid = |detail: Option<String>| {
        let error =
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("string is not a valid identifier: \"{shown}\""));
        match detail {
            Some(detail) => error.detail(detail),
            None => error,
        }
    };
    let space = |c: char| matches!(c, ' ' | '\t'..='\r');
    let mut out = Vec::new();
    let mut rest = text.trim_start_matches(space);
    let mut after_dot = false;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut body = quoted;
            loop {
                let end =
                    body.find('"').ok_or_else(|| invalid(Some("String has unclosed double quotes.".to_owned())))?;
                name.push_str(&body[..end]);
                body = &body[end + 1..];
                if !body.starts_with('"') {
                    break;
                }
                name.push('"');
                body = &body[1..];
            }
            if name.is_empty() {
                return Err(invalid(Some("Quoted identifier must not be empty.".to_owned())));
            }
            out.push(name);
            rest = body;
        } else {
            let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
            let len = match rest.chars().next() {
                Some(c) if starts(c) => {
                    rest.find(|c: char| !(starts(c) || c.is_ascii_digit() || c == '$')).unwrap_or(rest.len())
                }
                _ => 0,
            };
            if len == 0 {
                return Err(invalid(match rest.chars().next() {
                    Some('.') => Some("No valid identifier before \".\".".to_owned()),
                    _ if after_dot => Some("No valid identifier after \".\".".to_owned()),
                    _ => None,
                }));
            }
            out.push(rest[..len].to_ascii_lowercase());
            rest = &rest[len..];
        }
        rest = rest.trim_start_matches(space);
        match rest.strip_prefix('.') {
            Some(next) => (after_dot, rest) = (true, next.trim_start_matches(space)),
            None if rest.is_empty() || !strict => return Ok(out),
            None => return Err(invalid(None)),
        }
    }
}

/// `\XXXX`, `\+XXXXXX`, `\uXXXX` and `\UXXXXXXXX` as code points.
fn unescape(text: &str, out: &mut String) -> Result<()> {
    let syntax = |message: String| Error::new(sqlstate::SYNTAX_ERROR, message);
    let mut rest = text;
    let mut high: Option<u32> = None;
    let unpaired = || syntax("invalid Unicode surrogate pair".to_owned());
    while let Some(c) = rest.chars().next() {
        if c != '\\' || rest[1..].starts_with('\\') {
            if high.is_some() {
                return Err(unpaired());
            }
            out.push(c);
            rest = &rest[c.len_utf8() + usize::from(c == '\\')..];
            continue;
        }
        let (skip, count) = match rest.as_bytes().get(1) {
            Some(b'+') => (2, 6),
            Some(b'u') => (2, 4),
            Some(b'U') => (2, 8),
            _ => (1, 4),
        };
        let digits = rest.get(skip..skip + count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(value) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) else {
            return Err(syntax("invalid Unicode escape".to_owned())
                .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX."));
        };
        match (high.take(), value) {
            (None, 0xd800..=0xdbff) => high = Some(value),
            (Some(first), 0xdc00..=0xdfff) => {
                out.extend(char::from_u32(0x10000 + ((first - 0xd800) << 10) + (value - 0xdc00)));
            }
            (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(unpaired()),
            (None, value) => match char::from_u32(value).filter(|c| *c != '\0') {
                Some(c) => out.push(c),
                None => {
                    return Err(Error::new(
                        sqlstate::INVALID_PARAMETER_VALUE,
                        format!("invalid Unicode code point: {value:04X}"),
                    ));
                }
            },
        }
        rest = &rest[skip + count..];
    }
    if high.is_some() { Err(unpaired()) } else { Ok(()) }
}
