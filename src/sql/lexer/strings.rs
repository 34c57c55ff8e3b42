//! String literals: plain, with backslash escapes (`E''`), with Unicode escapes (`U&''`), of digits (`B''`, `X''`).

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Lexer, cut, identifier_len};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::input::utf8;

impl Lexer<'_> {
    /// `'…'`, which goes on when a line break and another literal follow.
    pub(super) fn plain_string(&mut self) -> Result<String> {
        let start = self.at;
        let mut out = self.part(start)?;
        while self.continues() {
            out.push_str(&self.part(start)?);
        }
        Ok(out)
    }

    fn part(&mut self, start: usize) -> Result<String> {
        self.delimited(b'\'').ok_or_else(|| self.error("unterminated quoted string", start, self.text.len()))
    }

    /// Whether white space with a line break, and then a quote, follows; if so, stands at the quote.
    fn continues(&mut self) -> bool {
        let before = self.at;
        let mut broken = false;
        loop {
            match (self.byte(0), self.byte(1)) {
                (b'\n' | b'\r', _) => (broken, self.at) = (true, self.at + 1),
                (b' ' | b'\t' | 0x0b | 0x0c, _) => self.at += 1,
                (b'-', b'-') => self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len()),
                (b'\'', _) if broken => return true,
                _ => {
                    self.at = before;
                    return false;
                }
            }
        }
    }

    /// `B'…'` or `X'…'`: the characters as they stand.
    pub(super) fn digits_string(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 1;
        let what = if self.text.as_bytes()[start].eq_ignore_ascii_case(&b'b') { "bit" } else { "hexadecimal" };
        let message = format!("unterminated {what} string literal");
        let mut out = self.delimited(b'\'').ok_or_else(|| self.error(&message, start, self.text.len()))?;
        while self.continues() {
            out.push_str(&self.delimited(b'\'').ok_or_else(|| self.error(&message, start, self.text.len()))?);
        }
        Ok(out)
    }

    /// `E'…'`: bytes and code points by escapes.
    pub(super) fn escaped_string(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 2;
        let mut out = Vec::new();
        loop {
            if self.at >= self.text.len() {
                return Err(self.error("unterminated quoted string", start, self.text.len()));
            }
            match (self.byte(0), self.byte(1)) {
                (b'\'', b'\'') => {
                    out.push(b'\'');
                    self.at += 2;
                }
                (b'\'', _) => {
                    self.at += 1;
                    if !self.continues() {
                        break;
                    }
                    self.at += 1;
                }
                (b'\\', _) => self.escape(&mut out, start)?,
                (byte, _) => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
        let text = utf8(&out)?;
        Ok(text.to_owned())
    }

    /// One escape; stands at its backslash.
    fn escape(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let kind = self.byte(1);
        self.at += 2;
        let simple = match kind {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => {
                self.at -= 1;
                self.byte_of_digits(8, 3).unwrap_or(kind)
            }
            b'x' => self.byte_of_digits(16, 2).unwrap_or(b'x'),
            b'u' | b'U' => return self.code_point(kind, out),
            0 if self.at > self.text.len() => {
                return Err(self.error("unterminated quoted string", start, self.text.len()));
            }
            other => other,
        };
        out.push(simple);
        Ok(())
    }

    /// A byte by its digits; `None` when there are none.
    fn byte_of_digits(&mut self, radix: u32, most: usize) -> Option<u8> {
        let digits = self.rest().bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
        let value = u32::from_str_radix(&self.rest()[..digits], radix).ok()?;
        self.at += digits;
        Some(value.to_le_bytes()[0])
    }

    /// `\uXXXX` or `\UXXXXXXXX`, a pair of surrogates together.
    fn code_point(&mut self, kind: u8, out: &mut Vec<u8>) -> Result<()> {
        let escape = self.at - 2;
        let Some(first) = self.hex(kind) else {
            let error = Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "invalid Unicode escape")
                .hint("Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
            return Err(self.error_at(error, escape));
        };
        let value = if (0xd800..0xdc00).contains(&first) {
            let second_kind = self.byte(1);
            let at = self.at;
            self.at += 2;
            let second = (self.text.as_bytes().get(at) == Some(&b'\\') && matches!(second_kind, b'u' | b'U'))
                .then(|| self.hex(second_kind))
                .flatten();
            match second {
                Some(low @ 0xdc00..=0xdfff) => 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00),
                _ => return Err(self.error("invalid Unicode surrogate pair", at, at + 1)),
            }
        } else {
            first
        };
        if (0xdc00..0xe000).contains(&value) {
            return Err(self.error("invalid Unicode surrogate pair", escape, self.at));
        }
        match char::from_u32(value).filter(|c| *c != '\0') {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => return Err(self.error("invalid Unicode escape value", escape, self.at)),
        }
        Ok(())
    }

    fn hex(&mut self, kind: u8) -> Option<u32> {
        let len = if kind == b'u' { 4 } else { 8 };
        let digits = self.rest().get(..len)?;
        let value = digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())??;
        self.at += len;
        Some(value)
    }

    /// `U&'…'` and `U&"…"`, with the escape character that `UESCAPE` names.
    pub(super) fn unicode(&mut self) -> Result<Token> {
        let start = self.at;
        self.at += 2;
        let quoted = self.byte(0) == b'"';
        let body_at = self.at + 1;
        let body = if quoted {
            self.delimited(b'"').ok_or_else(|| self.error("unterminated quoted identifier", start, self.text.len()))?
        } else {
            self.plain_string()?
        };
        if quoted && body.is_empty() {
            return Err(self.error("zero-length delimited identifier", start, self.at));
        }
        let escape = self.uescape()?.unwrap_or('\\');
        let text = self.unescaped(&body, escape, body_at)?;
        Ok(if quoted { Token::make_word(cut(&text), Some('"')) } else { Token::SingleQuotedString(text) })
    }

    /// The character after the word `UESCAPE`, if that follows.
    fn uescape(&mut self) -> Result<Option<char>> {
        let before = self.at;
        self.skip_blank()?;
        let len = identifier_len(self.rest());
        if !self.rest()[..len].eq_ignore_ascii_case("uescape") {
            self.at = before;
            return Ok(None);
        }
        self.at += len;
        self.skip_blank()?;
        let at = self.at;
        if self.byte(0) != b'\'' {
            let end = at + self.rest().chars().next().map_or(0, char::len_utf8);
            return Err(self.error("UESCAPE must be followed by a simple string literal", at, end));
        }
        let text = self.plain_string()?;
        let mut chars = text.chars();
        let allowed = |c: char| !c.is_ascii_hexdigit() && !matches!(c, '+' | '\'' | '"') && !c.is_ascii_whitespace();
        match (chars.next(), chars.next()) {
            (Some(c), None) if allowed(c) => Ok(Some(c)),
            _ => Err(self.error("invalid Unicode escape character", at, self.at)),
        }
    }

    /// `\XXXX` and `\+XXXXXX` as code points.
    fn unescaped(&mut self, body: &str, escape: char, at: usize) -> Result<String> {
        let mut out = String::new();
        let mut rest = body;
        let mut high: Option<u32> = None;
        while let Some(c) = rest.chars().next() {
            let mut value = u32::from(c);
            let mut len = c.len_utf8();
            let escaped = c == escape && !rest[len..].starts_with(escape);
            if c == escape && !escaped {
                len *= 2;
            }
            if escaped {
                let (from, count) = if rest[len..].starts_with('+') { (len + 1, 6) } else { (len, 4) };
                let digits = rest.get(from..from + count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(number) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) else {
                    let error = Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode escape")
                        .hint("Unicode escapes must be \\XXXX or \\+XXXXXX.");
                    return Err(self.error_at(error, at + body.len() - rest.len()));
                };
                (value, len) = (number, from + count);
            }
            let place = at + body.len() - rest.len();
            match (high.take(), value) {
                (None, 0xd800..=0xdbff) if escaped => high = Some(value),
                (Some(first), 0xdc00..=0xdfff) if escaped => {
                    let pair = 0x10000 + ((first - 0xd800) << 10) + (value - 0xdc00);
                    out.extend(char::from_u32(pair));
                }
                (None, value) if !(escaped && (0xdc00..=0xdfff).contains(&value)) => match char::from_u32(value) {
                    Some(c) if c != '\0' || !escaped => out.push(c),
                    _ => {
                        let error = Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode escape value");
                        return Err(self.error_at(error, place));
                    }
                },
                _ => return Err(self.unpaired(place)),
            }
            rest = &rest[len..];
        }
        match high {
            Some(_) => Err(self.unpaired(at + body.len())),
            None => Ok(out),
        }
    }

    fn unpaired(&mut self, place: usize) -> Error {
        self.error_at(Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode surrogate pair"), place)
    }
}
