//! Numbers: `12`, `1_000`, `0x1F`, `0o17`, `0b101`, `1.5`, `.5`, `1e10`; nothing may stick to their end.

use datafusion::sql::sqlparser::tokenizer::Token;
use num_bigint::BigUint;

use super::{Lexer, identifier_len, is_identifier_start};
use crate::error::Result;

impl Lexer<'_> {
    /// The next number, in decimal and without underscores.
    pub(super) fn numeral(&mut self) -> Result<Token> {
        let (start, rest) = (self.at, self.rest());
        if let Some((name, radix)) = base(rest.as_bytes()) {
            let len = digits_len(&rest[2..], radix, true);
            self.at += 2 + len;
            if len == 0 {
                let end = self.at + usize::from(self.byte(0) == b'_');
                return Err(self.error(&format!("invalid {name} integer"), start, end.max(start + 2)));
            }
            self.no_junk(start)?;
            let digits: Vec<u8> = rest[2..2 + len].bytes().filter(|b| *b != b'_').collect();
            let value = BigUint::parse_bytes(&digits, radix).unwrap_or_default();
            return Ok(Token::Number(value.to_string(), false));
        }
        let mut len = digits_len(rest, 10, false);
        if rest.as_bytes().get(len) == Some(&b'.') && rest.as_bytes().get(len + 1) != Some(&b'.') {
            len += 1 + digits_len(&rest[len + 1..], 10, false);
        }
        if matches!(rest.as_bytes().get(len), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(rest.as_bytes().get(len + 1), Some(b'+' | b'-')));
            let exponent = digits_len(&rest[len + 1 + signed..], 10, false);
            if exponent > 0 {
                len += 1 + signed + exponent;
            } else if signed > 0 {
                return Err(self.error("trailing junk after numeric literal", start, start + len + 1 + signed));
            }
        }
        self.at += len;
        self.no_junk(start)?;
        Ok(Token::Number(rest[..len].replace('_', ""), false))
    }

    fn no_junk(&mut self, start: usize) -> Result<()> {
        if is_identifier_start(self.byte(0)) {
            let end = self.at + identifier_len(self.rest());
            return Err(self.error("trailing junk after numeric literal", start, end));
        }
        Ok(())
    }
}

/// The base that a number's prefix names.
fn base(text: &[u8]) -> Option<(&'static str, u32)> {
    match text {
        [b'0', b'x' | b'X', ..] => Some(("hexadecimal", 16)),
        [b'0', b'o' | b'O', ..] => Some(("octal", 8)),
        [b'0', b'b' | b'B', ..] => Some(("binary", 2)),
        _ => None,
    }
}

/// The bytes of digits with single underscores between them; after a prefix one may come first.
fn digits_len(text: &str, radix: u32, prefixed: bool) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(|b| char::from(*b).is_digit(radix));
    let mut at = 0;
    loop {
        let underscore = bytes.get(at) == Some(&b'_') && is_digit(at + 1) && (at > 0 || prefixed);
        match (is_digit(at), underscore) {
            (true, _) => at += 1,
            (_, true) => at += 2,
            _ => return at,
        }
    }
}
