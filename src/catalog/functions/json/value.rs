//! Parsed json, each part with its own text.

use std::cmp::Ordering;

use super::super::numeric::Dec;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Levels of nesting that are read.
const MAX_DEPTH: usize = 512;

/// A value and the text it was read from.
#[derive(Clone, Debug)]
pub(super) struct Json<'a> {
    pub raw: &'a str,
    pub kind: Kind<'a>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(String),
    Array(Vec<Json<'a>>),
    /// Members in the order they were written, duplicates kept.
    Object(Vec<(String, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub fn parse(text: &'a str) -> Result<Self> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        parser.space();
        if parser.at < text.len() { Err(parser.error()) } else { Ok(value) }
    }

    /// The member of an object; of duplicates the last.
    pub fn member(&self, key: &str) -> Option<&Json<'a>> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The element of an array; a negative index counts from the end.
    pub fn element(&self, index: i64) -> Option<&Json<'a>> {
        let Kind::Array(elements) = &self.kind else { return None };
        elements.get(position(index, elements.len())?)
    }

    /// The part a path of keys and indexes leads to.
    pub fn path<'s>(&'s self, path: &[Option<String>]) -> Option<&'s Json<'a>> {
        path.iter().try_fold(self, |value, step| {
            let step = step.as_deref()?;
            match &value.kind {
                Kind::Array(_) => value.element(step.trim().parse().ok()?),
                _ => value.member(step),
            }
        })
    }

    /// The text of a scalar, the json text of others; `None` for null.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Null => None,
            Kind::String(text) => Some(text),
            _ => Some(self.raw),
        }
    }

    /// What `json_typeof` calls it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "boolean",
            Kind::Number(_) => "number",
            Kind::String(_) => "string",
            Kind::Array(_) => "array",
            Kind::Object(_) => "object",
        }
    }

    /// Whether both are the same scalar, or the same structure.
    pub fn equals(&self, other: &Json<'_>) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::String(a), Kind::String(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => match (Dec::parse(a), Dec::parse(b)) {
                (Some(a), Some(b)) => a.compare(&b) == Ordering::Equal,
                _ => a == b,
            },
            (Kind::Array(a), Kind::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Kind::Object(a), Kind::Object(_)) => {
                let count = |object: &Json<'_>| object.keys().len();
                count(self) == count(other)
                    && a.iter().all(|(k, _)| match (self.member(k), other.member(k)) {
                        (Some(a), Some(b)) => a.equals(b),
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    /// The keys of an object as jsonb keeps them: by length, then by bytes, each once.
    pub fn keys(&self) -> Vec<&str> {
        let Kind::Object(members) = &self.kind else { return Vec::new() };
        let mut keys: Vec<&str> = members.iter().map(|(k, _)| k.as_str()).collect();
        keys.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        keys.dedup();
        keys
    }
}

/// An index counted from the start, or when negative from the end.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if index < 0 { index + length } else { index };
    usize::try_from(at).ok().filter(|_| at < length)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self) -> Error {
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json")
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8) -> bool {
        self.space();
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>> {
        if depth > MAX_DEPTH {
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Kind::String(self.string()?),
            b'-' | b'0'..=b'9' => Kind::Number(self.number()?),
            _ => self.word()?,
        };
        Ok(Json { raw: &self.text[start..self.at], kind })
    }

    fn word(&mut self) -> Result<Kind<'a>> {
        for (word, kind) in [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.error())
    }

    fn object(&mut self, depth: usize) -> Result<Kind<'a>> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            if self.peek() != b'"' {
                return Err(self.error());
            }
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.error());
            }
            members.push((key, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Kind::Object(members));
            }
            if !self.take(b',') {
                return Err(self.error());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind<'a>> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(Kind::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Kind::Array(elements));
            }
            if !self.take(b',') {
                return Err(self.error());
            }
        }
    }

    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += usize::from(self.peek() == b'-');
        let whole = self.digits();
        let leading_zero = whole > 1 && self.text.as_bytes()[self.at - whole] == b'0';
        if whole == 0 || leading_zero {
            return Err(self.error());
        }
        if self.peek() == b'.' {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error());
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            if self.digits() == 0 {
                return Err(self.error());
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(['"', '\\']).ok_or_else(|| self.error())?;
            if rest[..plain].bytes().any(|b| b < 0x20) {
                return Err(self.error());
            }
            out.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char> {
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex()?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                if code == 0 {
                    let message = "unsupported Unicode escape sequence";
                    return Err(Error::new(sqlstate::UNTRANSLATABLE_CHARACTER, message)
                        .detail("\\u0000 cannot be converted to text."));
                }
                char::from_u32(code).ok_or_else(|| self.error())?
            }
            _ => return Err(self.error()),
        })
    }

    fn hex(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(|| self.error())?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.error())
    }
}
