//! JSON input: the check of `json`, and the normal form of `jsonb`.
//!
//! `jsonb` keeps one value per key, orders keys by length and then bytes, and prints one space after `:` and `,`.
//! Nesting is bounded, since reading and writing recurse.

use std::fmt::Write as _;

use super::numeric::parse_numeric;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::output;

/// Deeper documents are refused.
const MAX_DEPTH: usize = 512;

/// Why a surrogate alone is refused.
const HALF_PAIR: &str = "Unicode low surrogate must follow a high surrogate.";

/// A value as `jsonb` keeps it.
#[derive(Clone, Debug)]
enum Json {
    /// `null`, `true`, `false`, or a number in its printed form.
    Bare(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Whether text is JSON.
///
/// # Errors
///
/// `22P02` with the reason as detail, `54001` for documents nested too deeply.
pub fn check_json(text: &str) -> Result<()> {
    Reader::new(text, false).document().map(drop)
}

/// The text `jsonb` prints for a document.
///
/// # Errors
///
/// As [`check_json`], and `22P05` for an escaped zero byte, `22003` for numbers of too many digits.
pub fn normal_jsonb(text: &str) -> Result<String> {
    let json = Reader::new(text, true).document()?;
    let mut out = String::with_capacity(text.len());
    json.write(&mut out);
    Ok(out)
}

impl Json {
    /// Appends the form `jsonb` prints.
    fn write(&self, out: &mut String) {
        match self {
            Self::Bare(text) => out.push_str(text),
            Self::Text(text) => string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    string(key, out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A position in a document.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether the values are wanted, or only the syntax is checked.
    keep: bool,
}

impl<'a> Reader<'a> {
    /// At the start of a document.
    fn new(text: &'a str, keep: bool) -> Self {
        Self { text, at: 0, keep }
    }

    /// The whole text: one value and spaces.
    fn document(mut self) -> Result<Json> {
        let value = self.value(0)?;
        self.spaces();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.expected("end of input")),
        }
    }

    /// Any value; `depth` counts the arrays and objects round it.
    fn value(&mut self, depth: usize) -> Result<Json> {
        if depth > MAX_DEPTH {
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "JSON is nested too deeply")
                .detail(format!("At most {MAX_DEPTH} levels are read.")));
        }
        self.spaces();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z') => {
                let word = self.word();
                match word {
                    "null" | "true" | "false" => Ok(Json::Bare(word.to_owned())),
                    _ => Err(invalid(format!("Token \"{word}\" is invalid."))),
                }
            }
            _ => Err(self.expected("JSON value")),
        }
    }

    /// An object, from its brace on.
    fn object(&mut self, depth: usize) -> Result<Json> {
        let mut members: Vec<(String, Json)> = Vec::new();
        self.at += 1;
        self.spaces();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.spaces();
            if self.peek() != Some(b'"') {
                return Err(self.expected(if members.is_empty() { "string or \"}\"" } else { "string" }));
            }
            let key = self.string()?;
            self.spaces();
            if !self.take(b':') {
                return Err(self.expected("\":\""));
            }
            let value = self.value(depth + 1)?;
            if self.keep || members.is_empty() {
                members.push((key, value));
            }
            self.spaces();
            if self.take(b'}') {
                return Ok(Json::Object(unique(members)));
            }
            if !self.take(b',') {
                return Err(self.expected("\",\" or \"}\""));
            }
        }
    }

    /// An array, from its bracket on.
    fn array(&mut self, depth: usize) -> Result<Json> {
        let mut items = Vec::new();
        self.at += 1;
        self.spaces();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            let item = self.value(depth + 1)?;
            if self.keep {
                items.push(item);
            }
            self.spaces();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("\",\" or \"]\""));
            }
        }
    }

    /// A string, from its quote on.
    fn string(&mut self) -> Result<String> {
        let mut value = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            if self.keep {
                value.push_str(&rest[..plain]);
            }
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    value.push(character);
                }
                Some(byte) => return Err(invalid(format!("Character with value 0x{byte:02x} must be escaped."))),
                None => return Err(ended()),
            }
        }
    }

    /// What stands for an escape, from its backslash on.
    fn escape(&mut self) -> Result<char> {
        let letter = self.text.as_bytes().get(self.at + 1).copied().ok_or_else(ended)?;
        self.at += 2;
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => {
                let shown = self.text[self.at - 1..].chars().next().unwrap_or_default();
                return Err(invalid(format!("Escape sequence \"\\{shown}\" is invalid.")));
            }
        };
        Ok(character)
    }

    /// The character of a `\u` escape, or of a pair of them.
    fn unicode(&mut self) -> Result<char> {
        let first = self.hex()?;
        if !self.keep {
            // `json` keeps escapes as they are written, halves of pairs too.
            return Ok(' ');
        }
        let code = match first {
            0xd800..=0xdbff => {
                if !self.text[self.at..].starts_with("\\u") {
                    return Err(invalid(HALF_PAIR));
                }
                self.at += 2;
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(invalid(HALF_PAIR));
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            0xdc00..=0xdfff => return Err(invalid(HALF_PAIR)),
            0 => {
                return Err(Error::new(sqlstate::UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence")
                    .detail("\\u0000 cannot be converted to text."));
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| invalid("Unicode escape is invalid."))
    }

    /// Four hexadecimal digits.
    fn hex(&mut self) -> Result<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or_else(ended)?;
        let mut code = 0;
        for &digit in digits {
            let digit = char::from(digit)
                .to_digit(16)
                .ok_or_else(|| invalid("\"\\u\" must be followed by four hexadecimal digits."))?;
            code = code << 4 | digit;
        }
        self.at += 4;
        Ok(code)
    }

    /// A number; its value is kept as NUMERIC prints it, so `1e2` is `100`.
    fn number(&mut self) -> Result<Json> {
        let rest = &self.text[self.at..];
        let len = rest
            .bytes()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_') || *byte > 0x7f
            })
            .count();
        let token = &rest[..len];
        if !is_number(token) {
            return Err(invalid(format!("Token \"{token}\" is invalid.")));
        }
        self.at += len;
        if !self.keep {
            return Ok(Json::Bare(String::new()));
        }
        let mut printed = Vec::new();
        parse_numeric(token)?.write_text(&mut printed);
        Ok(Json::Bare(String::from_utf8_lossy(&printed).into_owned()))
    }

    /// A run of letters, digits and anything beyond ASCII.
    fn word(&mut self) -> &'a str {
        let text: &'a str = self.text;
        let rest = &text[self.at..];
        let len = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte > 0x7f).count();
        self.at += len;
        &rest[..len]
    }

    /// Skips JSON's white space.
    fn spaces(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    /// The next byte, none at the end.
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips a byte if it is the next one, and says whether it was.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The error of a character where something else must stand.
    fn expected(&self, what: &str) -> Error {
        let Some(found) = self.text[self.at..].chars().next() else { return ended() };
        invalid(format!("Expected {what}, but found \"{found}\"."))
    }
}

/// The error of a document that stops short.
fn ended() -> Error {
    invalid("The input string ended unexpectedly.")
}

/// The error of text that is no JSON, with the reason as detail.
fn invalid(detail: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json").detail(detail)
}

/// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
fn is_number(token: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let body = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, places) = match mantissa.split_once('.') {
        Some((whole, places)) => (whole, Some(places)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && places.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// The last value of each key, keys by length and then bytes.
fn unique(mut members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    members.reverse();
    members.sort_by(|(left, _), (right, _)| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    members.dedup_by(|(later, _), (kept, _)| later == kept);
    members
}

/// Text as a JSON string.
fn string(text: &str, out: &mut String) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    output::json_string(text.as_bytes(), &mut bytes);
    write!(out, "{}", String::from_utf8_lossy(&bytes)).expect("writing to memory cannot fail");
}
