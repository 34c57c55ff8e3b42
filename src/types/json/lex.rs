//! The words of JSON text, and PostgreSQL's report of what is wrong with one.

use crate::error::{Error, Result};
use crate::sqlstate;

/// Characters of the line that a report shows before the fault.
const SHOWN: usize = 50;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    OpenObject,
    CloseObject,
    OpenArray,
    CloseArray,
    Comma,
    Colon,
    String,
    Number,
    /// `true`, `false`, `null`.
    Word,
    End,
}

/// A place in a text, and the word last read.
pub(super) struct Lexer<'a> {
    pub text: &'a str,
    /// Whether escapes must stand for characters that text can hold.
    decode: bool,
    /// Where the word starts and ends.
    pub start: usize,
    pub end: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, decode: bool) -> Self {
        Self { text, decode, start: 0, end: 0 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Reads the next word.
    pub fn next(&mut self) -> Result<Token> {
        while matches!(self.byte(self.end), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.end += 1;
        }
        self.start = self.end;
        let Some(first) = self.byte(self.start) else { return Ok(Token::End) };
        let single = match first {
            b'{' => Some(Token::OpenObject),
            b'}' => Some(Token::CloseObject),
            b'[' => Some(Token::OpenArray),
            b']' => Some(Token::CloseArray),
            b',' => Some(Token::Comma),
            b':' => Some(Token::Colon),
            _ => None,
        };
        if let Some(token) = single {
            self.end += 1;
            return Ok(token);
        }
        match first {
            b'"' => self.string().map(|()| Token::String),
            b'-' | b'0'..=b'9' => self.number().map(|()| Token::Number),
            _ => self.word().map(|()| Token::Word),
        }
    }

    fn word(&mut self) -> Result<()> {
        self.end = self.start + self.text[self.start..].bytes().take_while(|b| is_word(*b)).count();
        if self.end == self.start {
            // One character that can start nothing.
            self.end += self.text[self.start..].chars().next().map_or(0, char::len_utf8);
        }
        match &self.text[self.start..self.end] {
            "true" | "false" | "null" => Ok(()),
            _ => Err(self.invalid_token()),
        }
    }

    fn number(&mut self) -> Result<()> {
        let digits = |at: usize| self.text.as_bytes()[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut at = self.start + usize::from(self.byte(self.start) == Some(b'-'));
        let mut valid = true;
        match self.byte(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at += digits(at),
            _ => valid = false,
        }
        if valid && self.byte(at) == Some(b'.') {
            at += 1;
            let count = digits(at);
            (valid, at) = (count > 0, at + count);
        }
        if valid && matches!(self.byte(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(self.byte(at), Some(b'+' | b'-')));
            let count = digits(at);
            (valid, at) = (count > 0, at + count);
        }
        let junk = self.text.as_bytes()[at..].iter().take_while(|b| is_word(**b)).count();
        self.end = at + junk;
        if valid && junk == 0 { Ok(()) } else { Err(self.invalid_token()) }
    }

    fn string(&mut self) -> Result<()> {
        let mut at = self.start + 1;
        let mut high = None;
        loop {
            let Some(byte) = self.byte(at) else {
                self.end = self.text.len();
                return Err(self.invalid_token());
            };
            match byte {
                b'"' if high.is_none() => {
                    self.end = at + 1;
                    return Ok(());
                }
                b'\\' => at = self.escape(at, &mut high)?,
                _ if high.is_some() => return Err(self.fault_at(at, LOW_SURROGATE)),
                0..=0x1f => {
                    return Err(self.fault_at(at, format!("Character with value 0x{byte:02x} must be escaped.")));
                }
                _ => at += 1,
            }
        }
    }

    /// Reads the escape at a backslash and gives the place after it.
    fn escape(&mut self, at: usize, high: &mut Option<u32>) -> Result<usize> {
        let Some(kind) = self.text[at + 1..].chars().next() else {
            self.end = self.text.len();
            return Err(self.invalid_token());
        };
        if kind != 'u' {
            if high.is_some() {
                return Err(self.fault_at(at + 2, LOW_SURROGATE));
            }
            if matches!(kind, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
                return Ok(at + 2);
            }
            self.end = at + 1 + kind.len_utf8();
            return Err(self.fault(format!("Escape sequence \"\\{kind}\" is invalid.")));
        }
        let mut code = 0;
        for place in at + 2..at + 6 {
            let digit = self.byte(place).and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                let stray = self.text.get(place..).and_then(|rest| rest.chars().next());
                self.end = place + stray.map_or(0, char::len_utf8);
                if stray.is_none() {
                    return Err(self.invalid_token());
                }
                return Err(self.fault("\"\\u\" must be followed by four hexadecimal digits."));
            };
            code = code << 4 | digit;
        }
        if self.decode {
            self.surrogate(code, high, at + 6)?;
        }
        Ok(at + 6)
    }

    /// Pairs the halves of a character, and refuses what text cannot hold.
    fn surrogate(&mut self, code: u32, high: &mut Option<u32>, after: usize) -> Result<()> {
        match (code, high.take()) {
            (0xd800..=0xdbff, None) => *high = Some(code),
            (0xd800..=0xdbff, Some(_)) => {
                return Err(self.fault_at(after, "Unicode high surrogate must not follow a high surrogate."));
            }
            (0xdc00..=0xdfff, Some(_)) => {}
            (0xdc00..=0xdfff, None) | (_, Some(_)) => return Err(self.fault_at(after, LOW_SURROGATE)),
            (0, None) => {
                self.end = after;
                let message = "unsupported Unicode escape sequence";
                return Err(Error::new(sqlstate::UNTRANSLATABLE_CHARACTER, message)
                    .detail("\\u0000 cannot be converted to text.")
                    .context(self.context()));
            }
            _ => {}
        }
        Ok(())
    }

    /// `22P02` of the word just read: another one was expected.
    pub fn expected(&self, what: &str) -> Error {
        if self.start >= self.text.len() {
            return self.fault("The input string ended unexpectedly.");
        }
        self.fault(format!("Expected {what}, but found \"{}\".", &self.text[self.start..self.end]))
    }

    fn invalid_token(&self) -> Error {
        self.fault(format!("Token \"{}\" is invalid.", &self.text[self.start..self.end]))
    }

    fn fault_at(&mut self, end: usize, detail: impl Into<String>) -> Error {
        let mut end = end.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.end = end;
        self.fault(detail)
    }

    fn fault(&self, detail: impl Into<String>) -> Error {
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json")
            .detail(detail)
            .context(self.context())
    }

    /// The line up to the end of the word, shortened to its last characters.
    fn context(&self) -> String {
        let before = &self.text[..self.end];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let mut start = line_start;
        while self.end - start >= SHOWN {
            start += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        if start - line_start <= 3 {
            start = line_start;
        }
        let prefix = if start > line_start { "..." } else { "" };
        let goes_on = self.byte(self.end).is_some_and(|b| !matches!(b, b'\n' | b'\r'));
        let suffix = if goes_on && self.start < self.text.len() { "..." } else { "" };
        format!("JSON data, line {line}: {prefix}{}{suffix}", &self.text[start..self.end])
    }
}

const LOW_SURROGATE: &str = "Unicode low surrogate must follow a high surrogate.";

/// A byte that belongs to a word.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte > 0x7f
}
