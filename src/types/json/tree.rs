//! Parsed JSON, each part with its own text.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::check::check;
use super::lex::{Lexer, Token};
use super::number;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Levels of nesting that are read into a tree.
const MAX_DEPTH: usize = 512;

/// A value and the text it was read from.
#[derive(Clone, Debug)]
pub struct Json<'a> {
    /// Its text; empty for a value that was made.
    pub raw: &'a str,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number in any form JSON allows.
    Number(Cow<'a, str>),
    /// A string without its escapes.
    String(Cow<'a, str>),
    /// An array's elements.
    Array(Vec<Json<'a>>),
    /// An object's members in the order they were written, duplicates kept.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    ///
    /// # Errors
    ///
    /// `22P02` with PostgreSQL's reason, `22P05` for an escaped zero byte, `54001` beyond 512 levels.
    pub fn parse(text: &'a str) -> Result<Self> {
        let mut parser = Parser { lexer: Lexer::new(text, true), deep: false };
        let value = parser.lexer.next().and_then(|token| parser.value(token, 0));
        match value {
            Ok(value) if matches!(parser.lexer.next(), Ok(Token::End)) => Ok(value),
            _ => {
                check(text, true)?;
                Err(too_deep())
            }
        }
    }

    /// A value that is not part of a text.
    #[must_use]
    pub fn made(kind: Kind<'a>) -> Self {
        Self { raw: "", kind }
    }

    /// The member of an object; of duplicates the last.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Json<'a>> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The element of an array; a negative index counts from the end.
    #[must_use]
    pub fn element(&self, index: i64) -> Option<&Json<'a>> {
        let Kind::Array(elements) = &self.kind else { return None };
        elements.get(position(index, elements.len())?)
    }

    /// The part a path of keys and indexes leads to.
    #[must_use]
    pub fn path<'s>(&'s self, path: &[Option<String>]) -> Option<&'s Json<'a>> {
        path.iter().try_fold(self, |value, step| {
            let step = step.as_deref()?;
            match &value.kind {
                Kind::Array(_) => value.element(index_of(step)?),
                _ => value.member(step),
            }
        })
    }

    /// The text of a scalar, the json text of others; `None` for null.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Null => None,
            Kind::String(text) => Some(text),
            _ => Some(self.raw),
        }
    }

    /// What `json_typeof` calls it.
    #[must_use]
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

    /// Whether it is an array or an object.
    #[must_use]
    pub fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Array(_) | Kind::Object(_))
    }

    /// Whether both are the same scalar, or the same structure.
    #[must_use]
    pub fn equals(&self, other: &Json<'_>) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::String(a), Kind::String(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => number::compare(a, b) == Ordering::Equal,
            (Kind::Array(a), Kind::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Kind::Object(_), Kind::Object(_)) => {
                let (a, b) = (self.members(), other.members());
                a.len() == b.len() && a.iter().zip(&b).all(|((ka, va), (kb, vb))| ka == kb && va.equals(vb))
            }
            _ => false,
        }
    }

    /// The members of an object as jsonb keeps them: keys by length, then by bytes; of equal keys the last.
    #[must_use]
    pub fn members(&self) -> Vec<(&str, &Json<'a>)> {
        let Kind::Object(members) = &self.kind else { return Vec::new() };
        let mut sorted: Vec<(&str, &Json<'a>)> = members.iter().rev().map(|(k, v)| (k.as_ref(), v)).collect();
        // Stable, so that the last of equal keys stays first among them.
        sorted.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        sorted.dedup_by(|(later, _), (kept, _)| later == kept);
        sorted
    }
}

/// An index counted from the start, or when negative from the end.
#[must_use]
pub fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if index < 0 { index + length } else { index };
    usize::try_from(at).ok().filter(|_| at < length)
}

/// A path's step as an array index, as C's `strtoint` reads it.
fn index_of(step: &str) -> Option<i64> {
    step.trim_start().parse::<i32>().ok().map(i64::from)
}

/// `54001`
fn too_deep() -> Error {
    Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
        .detail(format!("JSON is read up to {MAX_DEPTH} levels."))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    deep: bool,
}

impl<'a> Parser<'a> {
    /// The value that starts with a token just read. What is wrong with a text is told by [`check`].
    fn value(&mut self, token: Token, depth: usize) -> Result<Json<'a>> {
        self.deep |= depth > MAX_DEPTH;
        if self.deep {
            return Err(too_deep());
        }
        let start = self.lexer.start;
        let text: &'a str = self.lexer.text;
        let kind = match token {
            Token::OpenObject => self.object(depth)?,
            Token::OpenArray => self.array(depth)?,
            Token::String => Kind::String(self.string()),
            Token::Number => Kind::Number(Cow::Borrowed(&text[start..self.lexer.end])),
            Token::Word => match text.as_bytes()[start] {
                b't' => Kind::Bool(true),
                b'f' => Kind::Bool(false),
                _ => Kind::Null,
            },
            _ => return Err(self.lexer.expected("JSON value")),
        };
        Ok(Json { raw: &text[start..self.lexer.end], kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind<'a>> {
        let mut members = Vec::new();
        let mut token = self.lexer.next()?;
        if token == Token::CloseObject {
            return Ok(Kind::Object(members));
        }
        loop {
            if token != Token::String {
                return Err(self.lexer.expected("string"));
            }
            let key = self.string();
            if self.lexer.next()? != Token::Colon {
                return Err(self.lexer.expected("\":\""));
            }
            token = self.lexer.next()?;
            members.push((key, self.value(token, depth + 1)?));
            match self.lexer.next()? {
                Token::CloseObject => return Ok(Kind::Object(members)),
                Token::Comma => token = self.lexer.next()?,
                _ => return Err(self.lexer.expected("\",\" or \"}\"")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind<'a>> {
        let mut elements = Vec::new();
        let mut token = self.lexer.next()?;
        if token == Token::CloseArray {
            return Ok(Kind::Array(elements));
        }
        loop {
            elements.push(self.value(token, depth + 1)?);
            match self.lexer.next()? {
                Token::CloseArray => return Ok(Kind::Array(elements)),
                Token::Comma => token = self.lexer.next()?,
                _ => return Err(self.lexer.expected("\",\" or \"]\"")),
            }
        }
    }

    /// The string just read, without quotes and escapes.
    fn string(&self) -> Cow<'a, str> {
        let text: &'a str = self.lexer.text;
        let inside = &text[self.lexer.start + 1..self.lexer.end - 1];
        if !inside.contains('\\') {
            return Cow::Borrowed(inside);
        }
        let mut out = String::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            let (ch, length) = unescape(&rest[at..]);
            out.push(ch);
            rest = &rest[at + length..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// The character of an escape that was checked, and the escape's length.
fn unescape(text: &str) -> (char, usize) {
    let code = |from: usize| text.get(from..from + 4).and_then(|d| u32::from_str_radix(d, 16).ok()).unwrap_or(0);
    let simple = match text.as_bytes().get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let first = code(2);
            let (code, length) = match first {
                0xd800..=0xdbff => (0x1_0000 + ((first - 0xd800) << 10) + (code(8).wrapping_sub(0xdc00) & 0x3ff), 12),
                _ => (first, 6),
            };
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), length);
        }
        Some(other) => char::from(*other),
        None => '\\',
    };
    (simple, 2)
}
