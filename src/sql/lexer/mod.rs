//! PostgreSQL's lexical rules (`scan.l`), giving the tokens that sqlparser's grammar reads.
//!
//! What sqlparser's own lexer reads otherwise is read here as PostgreSQL does: operators are as long as they can be,
//! numbers have bases, underscores and no junk after them, strings go on in the next line, escapes are checked.
//! White space and comments give no token.

mod numerals;
mod operators;
mod strings;

use datafusion::sql::sqlparser::ast::DollarQuotedString;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sqlstate;

/// The most bytes of an identifier; what is beyond them is cut off.
const MAX_IDENTIFIER: usize = 63;

/// Reads the tokens of a text.
///
/// # Errors
///
/// `42601`, `22025` and `22021` with PostgreSQL's message and the place.
pub fn tokens(text: &str) -> Result<Vec<TokenWithSpan>> {
    let mut lexer = Lexer { text, at: 0, place: Location::new(1, 1), measured: 0, chars: 0 };
    let mut out = Vec::new();
    loop {
        lexer.skip_blank()?;
        if lexer.at == text.len() {
            return Ok(out);
        }
        let start = lexer.location();
        let token = lexer.token()?;
        out.push(TokenWithSpan::new(token, Span::new(start, lexer.location())));
    }
}

/// Where reading stands.
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The location of the byte `measured`, which is never beyond `at`.
    place: Location,
    measured: usize,
    /// Characters before `measured`.
    chars: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Line and column of the current byte.
    fn location(&mut self) -> Location {
        for c in self.text[self.measured..self.at].chars() {
            self.chars += 1;
            if c == '\n' {
                self.place = Location::new(self.place.line + 1, 1);
            } else {
                self.place.column += 1;
            }
        }
        self.measured = self.at;
        self.place
    }

    /// `42601` about the text from byte `from` on.
    fn error(&mut self, what: &str, from: usize, until: usize) -> Error {
        let near = self.text.get(from..until).unwrap_or_default();
        self.error_at(Error::new(sqlstate::SYNTAX_ERROR, format!("{what} at or near \"{near}\"")), from)
    }

    /// An error with its place in the text.
    fn error_at(&mut self, error: Error, from: usize) -> Error {
        let chars = self.text.get(..from).map_or(0, |before| before.chars().count());
        error.at(chars + 1)
    }

    /// Passes over white space and comments.
    fn skip_blank(&mut self) -> Result<()> {
        loop {
            match (self.byte(0), self.byte(1)) {
                (b' ' | b'\t'..=b'\r', _) => self.at += 1,
                (b'-', b'-') => {
                    self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
                }
                (b'/', b'*') => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// Passes over `/* … */`, comments inside it included.
    fn skip_comment(&mut self) -> Result<()> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ if self.at >= self.text.len() => {
                    return Err(self.error("unterminated /* comment", start, self.text.len()));
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token> {
        let (first, second) = (self.byte(0), self.byte(1));
        match first {
            b'\'' => self.plain_string().map(Token::SingleQuotedString),
            b'e' | b'E' if second == b'\'' => self.escaped_string().map(Token::EscapedStringLiteral),
            b'b' | b'B' if second == b'\'' => self.digits_string().map(Token::SingleQuotedByteStringLiteral),
            b'x' | b'X' if second == b'\'' => self.digits_string().map(Token::HexStringLiteral),
            b'n' | b'N' if second == b'\'' => {
                self.at += 1;
                self.plain_string().map(Token::NationalStringLiteral)
            }
            b'u' | b'U' if second == b'&' && matches!(self.byte(2), b'\'' | b'"') => self.unicode(),
            b'"' => self.quoted_identifier(),
            b'0'..=b'9' => self.numeral(),
            b'.' if second.is_ascii_digit() => self.numeral(),
            b'$' => self.dollar(),
            _ if is_identifier_start(first) => Ok(Token::make_word(self.word(), None)),
            _ => self.symbol(),
        }
    }

    /// An identifier or keyword, cut at the length of a name.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let len = identifier_len(rest);
        self.at += len;
        cut(&rest[..len])
    }

    fn quoted_identifier(&mut self) -> Result<Token> {
        let start = self.at;
        let name =
            self.delimited(b'"').ok_or_else(|| self.error("unterminated quoted identifier", start, self.text.len()))?;
        if name.is_empty() {
            return Err(self.error("zero-length delimited identifier", start, self.at));
        }
        Ok(Token::make_word(cut(&name), Some('"')))
    }

    /// The text between quotes, doubled quotes single; `None` when the last one is missing.
    fn delimited(&mut self, quote: u8) -> Option<String> {
        let mut out = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let end = rest.bytes().position(|byte| byte == quote)?;
            out.push_str(&rest[..end]);
            self.at += end + 1;
            if self.byte(0) != quote {
                return Some(out);
            }
            out.push(char::from(quote));
            self.at += 1;
        }
    }

    /// A param or a dollar-quoted string.
    fn dollar(&mut self) -> Result<Token> {
        let (start, rest) = (self.at, self.rest());
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.at += 1 + digits;
            if is_identifier_start(self.byte(0)) {
                let end = self.at + identifier_len(self.rest());
                return Err(self.error("trailing junk after parameter", start, end));
            }
            return Ok(Token::Placeholder(rest[..=digits].to_owned()));
        }
        let tag_len = rest[1..].bytes().take_while(|b| is_identifier_start(*b) || b.is_ascii_digit()).count();
        let tag = &rest[1..=tag_len];
        if rest.as_bytes().get(tag_len + 1) != Some(&b'$') {
            return Err(self.error("syntax error", start, start + 1));
        }
        let delimiter = &rest[..tag_len + 2];
        let body = &rest[delimiter.len()..];
        let Some(end) = body.find(delimiter) else {
            return Err(self.error("unterminated dollar-quoted string", start, self.text.len()));
        };
        self.at += end + 2 * delimiter.len();
        let tag = (!tag.is_empty()).then(|| tag.to_owned());
        Ok(Token::DollarQuotedString(DollarQuotedString { value: body[..end].to_owned(), tag }))
    }
}

/// Whether an identifier may start with a byte; those above ASCII are parts of letters.
fn is_identifier_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// The bytes of the identifier at the start of a text.
fn identifier_len(text: &str) -> usize {
    text.bytes().take_while(|b| is_identifier_start(*b) || b.is_ascii_digit() || *b == b'$').count()
}

fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_IDENTIFIER)]
}

#[cfg(test)]
mod tests;
