//! The words of a path.

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::normal_number;

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An operator or a bracket.
    Mark(&'static str),
    /// A word without quotes; keywords are told by the parser.
    Ident(String),
    /// A string in double quotes.
    String(String),
    /// `$name`
    Variable(String),
    /// A whole number.
    Int(String),
    /// Any other number.
    Number(String),
    End,
}

/// A word with where it starts and ends in the text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub token: Token,
    pub start: usize,
    pub end: usize,
}

const MARKS: [&str; 26] = [
    "&&", "||", "==", "!=", "<>", "<=", ">=", "**", "?", "%", "$", ".", "[", "]", "{", "}", "(", ")", "!", "<", ">",
    "@", ",", "*", "-", "+",
];

/// All words of a text.
pub(super) fn words(text: &str) -> Result<Vec<Word>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut words = Vec::new();
    loop {
        let word = lexer.next()?;
        let ended = word.token == Token::End;
        words.push(word);
        if ended {
            return Ok(words);
        }
    }
}

/// `42601` at a place of the text.
pub(super) fn fault(text: &str, what: &str, start: usize, end: usize) -> Error {
    let message = match text.get(start..end).filter(|near| !near.is_empty()) {
        Some(near) => format!("{what} at or near \"{near}\" of jsonpath input"),
        None => format!("{what} at end of jsonpath input"),
    };
    Error::new(sqlstate::SYNTAX_ERROR, message)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Result<Word> {
        loop {
            let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
            self.at += blanks;
            if !self.rest().starts_with("/*") {
                break;
            }
            let Some(length) = self.rest().find("*/") else {
                return Err(fault(self.text, "unexpected end of comment", self.text.len(), self.text.len()));
            };
            self.at += length + 2;
        }
        let start = self.at;
        let token = self.token(start)?;
        Ok(Word { token, start, end: self.at })
    }

    fn token(&mut self, start: usize) -> Result<Token> {
        let Some(first) = self.peek() else { return Ok(Token::End) };
        let second = self.rest().chars().nth(1);
        if first == '"' {
            self.at += 1;
            return self.quoted(start).map(Token::String);
        }
        if first == '$' && second == Some('"') {
            self.at += 2;
            return self.quoted(start).map(Token::Variable);
        }
        if first == '$' && second.is_some_and(|c| is_plain(c) || c == '\\') {
            self.at += 1;
            return self.bare(start).map(Token::Variable);
        }
        if first.is_ascii_digit() || first == '.' && second.is_some_and(|c| c.is_ascii_digit()) {
            return self.number(start);
        }
        if self.rest().starts_with('/') {
            self.at += 1;
            return Ok(Token::Mark("/"));
        }
        if let Some(mark) = MARKS.iter().find(|mark| self.rest().starts_with(**mark)) {
            self.at += mark.len();
            return Ok(Token::Mark(if *mark == "<>" { "!=" } else { mark }));
        }
        if is_plain(first) || first == '\\' {
            return self.bare(start).map(Token::Ident);
        }
        self.at += first.len_utf8();
        Err(fault(self.text, "syntax error", start, self.at))
    }

    /// A word without quotes, in which escapes may stand.
    fn bare(&mut self, start: usize) -> Result<String> {
        let mut out = String::new();
        while let Some(ch) = self.peek() {
            if ch == '\\' {
                self.escape(start, &mut out)?;
            } else if is_plain(ch) {
                out.push(ch);
                self.at += ch.len_utf8();
            } else {
                break;
            }
        }
        Ok(out)
    }

    fn quoted(&mut self, start: usize) -> Result<String> {
        let mut out = String::new();
        loop {
            match self.peek() {
                None => return Err(fault(self.text, "unterminated quoted string", start, self.text.len())),
                Some('"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some('\\') => self.escape(start, &mut out)?,
                Some(ch) => {
                    out.push(ch);
                    self.at += ch.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, start: usize, out: &mut String) -> Result<()> {
        self.at += 1;
        let Some(kind) = self.peek() else {
            return Err(fault(self.text, "unexpected end after backslash", start, self.at));
        };
        self.at += kind.len_utf8();
        let simple = match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => {
                let code = self.hex(2, 2).ok_or_else(|| self.bad("invalid hexadecimal character sequence", start))?;
                self.unicode(code)?
            }
            'u' => {
                let mut code = self.unicode_code(start)?;
                if (0xd800..0xdc00).contains(&code) {
                    let low = match self.rest().starts_with("\\u") {
                        true => {
                            self.at += 2;
                            self.unicode_code(start)?
                        }
                        false => 0,
                    };
                    if (0xd800..0xdc00).contains(&low) {
                        return Err(half("Unicode high surrogate must not follow a high surrogate."));
                    }
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(half("Unicode low surrogate must follow a high surrogate."));
                    }
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                } else if (0xdc00..0xe000).contains(&code) {
                    return Err(half("Unicode low surrogate must follow a high surrogate."));
                }
                self.unicode(code)?
            }
            other => other,
        };
        out.push(simple);
        Ok(())
    }

    /// The code of `XXXX` or `{X…}`.
    fn unicode_code(&mut self, start: usize) -> Result<u32> {
        let wrong = |lexer: &Self| lexer.bad("invalid Unicode escape sequence", start);
        if !self.rest().starts_with('{') {
            return self.hex(4, 4).ok_or_else(|| wrong(self));
        }
        self.at += 1;
        let code = self.hex(1, 6).ok_or_else(|| wrong(self))?;
        if !self.rest().starts_with('}') {
            return Err(wrong(self));
        }
        self.at += 1;
        Ok(code)
    }

    fn hex(&mut self, least: usize, most: usize) -> Option<u32> {
        let length = self.rest().bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
        if length < least {
            return None;
        }
        let code = u32::from_str_radix(&self.rest()[..length], 16).ok()?;
        self.at += length;
        Some(code)
    }

    fn unicode(&self, code: u32) -> Result<char> {
        if code == 0 {
            let message = "unsupported Unicode escape sequence";
            return Err(
                Error::new(sqlstate::UNTRANSLATABLE_CHARACTER, message).detail("\\u0000 cannot be converted to text.")
            );
        }
        char::from_u32(code).ok_or_else(|| self.bad("invalid Unicode escape sequence", self.at))
    }

    fn bad(&self, what: &str, start: usize) -> Error {
        fault(self.text, what, start, self.at)
    }

    fn number(&mut self, start: usize) -> Result<Token> {
        let bytes = self.text.as_bytes();
        let radix = match bytes.get(start..start + 2) {
            Some(b"0x" | b"0X") => 16,
            Some(b"0o" | b"0O") => 8,
            Some(b"0b" | b"0B") => 2,
            _ => 10,
        };
        if radix != 10 {
            return self.prefixed(start, radix);
        }
        let mut whole = true;
        // A leading zero stands alone.
        self.at += if bytes[start] == b'0' { 1 } else { digits(self.rest()) };
        if self.peek() == Some('.') {
            whole = false;
            self.at += 1;
            self.at += digits(self.rest());
        }
        let exponent = self.rest().strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if let Some(exponent) = exponent {
            let count = digits(exponent);
            let sign = self.rest().len() - exponent.len();
            if count > 0 {
                whole = false;
                self.at += sign + count;
            } else if sign == 2 {
                self.at += sign;
                return Err(self.bad("invalid numeric literal", start));
            }
        }
        self.no_junk(start)?;
        let text: String = self.text[start..self.at].chars().filter(|c| *c != '_').collect();
        if whole {
            return Ok(Token::Int(text));
        }
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => text.split_at(at),
            None => (text.as_str(), ""),
        };
        let mantissa = match mantissa.strip_suffix('.') {
            Some(whole) => whole.to_owned(),
            None if mantissa.starts_with('.') => format!("0{mantissa}"),
            None => mantissa.to_owned(),
        };
        let mut out = String::new();
        normal_number(&format!("{mantissa}{exponent}"), &mut out)?;
        Ok(Token::Number(out))
    }

    fn prefixed(&mut self, start: usize, radix: u32) -> Result<Token> {
        self.at += 2;
        let body: String = self.rest().chars().take_while(|c| c.is_digit(radix) || *c == '_').collect();
        self.at += body.len();
        let clean: String = body.chars().filter(|c| *c != '_').collect();
        let valid = !clean.is_empty() && !body.starts_with('_') && !body.ends_with('_') && !body.contains("__");
        if !valid {
            return Err(self.bad("trailing junk after numeric literal", start));
        }
        self.no_junk(start)?;
        match num_bigint::BigInt::parse_bytes(clean.as_bytes(), radix) {
            Some(value) => Ok(Token::Int(value.to_string())),
            None => Err(self.bad("invalid numeric literal", start)),
        }
    }

    fn no_junk(&mut self, start: usize) -> Result<()> {
        match self.peek().filter(|c| is_plain(*c)) {
            Some(junk) => {
                self.at += junk.len_utf8();
                Err(self.bad("trailing junk after numeric literal", start))
            }
            None => Ok(()),
        }
    }
}

/// The length of a run of digits, single underscores between them.
fn digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let joins = *byte == b'_' && at > 0 && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !byte.is_ascii_digit() && !joins {
            break;
        }
        at += 1;
    }
    at
}

fn half(detail: &str) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath").detail(detail)
}

/// Whether a character may be part of a word without quotes.
fn is_plain(ch: char) -> bool {
    !"?%$.[]{}()|&!=<>@#,*:-+/\\\" \t\n\r\u{c}".contains(ch)
}
