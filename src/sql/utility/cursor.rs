//! A reader over one statement's tokens, with PostgreSQL's syntax errors.
//!
//! Words compare without case; unquoted identifiers fold to lower case. Nothing is copied but what is returned.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sql::lex::Script;

/// The reader.
pub struct Cursor<'a> {
    script: &'a Script<'a>,
    tokens: &'a [TokenWithSpan],
    next: usize,
}

impl<'a> Cursor<'a> {
    /// A reader at the first token.
    pub fn new(script: &'a Script<'a>, tokens: &'a [TokenWithSpan]) -> Self {
        Self { script, tokens, next: 0 }
    }

    /// How many tokens were read.
    pub fn consumed(&self) -> usize {
        self.next
    }

    /// The tokens not yet read.
    pub fn rest(&self) -> &'a [TokenWithSpan] {
        &self.tokens[self.next.min(self.tokens.len())..]
    }

    /// Declares all tokens read.
    pub fn finish(&mut self) {
        self.next = self.tokens.len();
    }

    /// Whether all tokens were read.
    pub fn at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    /// Reads an unquoted word, lower-cased.
    pub fn word(&mut self) -> Option<String> {
        let Token::Word(word) = self.peek()? else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        let word = word.value.to_lowercase();
        self.next += 1;
        Some(word)
    }

    /// Reads `keyword` if it stands next.
    pub fn eat(&mut self, keyword: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(keyword));
        self.next += usize::from(hit);
        hit
    }

    /// Reads `keyword` or fails.
    pub fn expect(&mut self, keyword: &str) -> Result<()> {
        if self.eat(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Reads a one-token symbol if it stands next.
    pub fn eat_symbol(&mut self, symbol: &str) -> bool {
        let hit = self.peek().is_some_and(|t| !matches!(t, Token::Word(_)) && t.to_string() == symbol);
        self.next += usize::from(hit);
        hit
    }

    /// Reads an identifier, folded unless quoted.
    pub fn identifier(&mut self) -> Result<String> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let name = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
        self.next += 1;
        Ok(name)
    }

    /// Reads a setting's name: identifiers joined by dots, without case.
    pub fn setting_name(&mut self) -> Result<String> {
        let mut name = self.identifier()?;
        while self.eat_symbol(".") {
            name.push('.');
            name.push_str(&self.identifier()?);
        }
        Ok(name)
    }

    /// Reads one value of SET: a word, a string or a signed number.
    pub fn set_item(&mut self) -> Result<String> {
        let sign = match self.peek() {
            Some(Token::Minus) => "-",
            Some(Token::Plus) => "+",
            _ => "",
        };
        self.next += usize::from(!sign.is_empty());
        let item = match self.peek() {
            Some(Token::Number(digits, _)) => format!("{sign}{digits}"),
            _ if !sign.is_empty() => return Err(self.unexpected()),
            Some(Token::SingleQuotedString(s) | Token::EscapedStringLiteral(s) | Token::UnicodeStringLiteral(s)) => {
                s.to_owned()
            }
            Some(Token::DollarQuotedString(s)) => s.value.clone(),
            Some(Token::Word(_)) => return self.identifier(),
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(item)
    }

    /// Whether `TRANSACTION 'name'` stands next.
    pub fn transaction_follows(&self) -> bool {
        let keyword = matches!(self.peek(), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case("transaction"));
        keyword && matches!(self.tokens.get(self.next + 1).map(|t| &t.token), Some(Token::SingleQuotedString(_)))
    }

    /// Reads an integer with its sign, if one stands next.
    pub fn signed_integer(&mut self) -> Result<Option<i64>> {
        let start = self.next;
        let negative = self.eat_symbol("-");
        if !negative {
            self.eat_symbol("+");
        }
        let Some(Token::Number(digits, _)) = self.peek() else {
            return if self.next == start { Ok(None) } else { Err(self.unexpected()) };
        };
        // PostgreSQL's grammar takes counts of 32 bits here.
        let number: i32 = digits.parse().map_err(|_| self.unexpected())?;
        self.next += 1;
        Ok(Some(if negative { -i64::from(number) } else { i64::from(number) }))
    }

    /// Reads up to and over the parenthesis that closes the one already read.
    pub fn skip_to_closing(&mut self) -> Result<()> {
        let mut depth = 1usize;
        while let Some(token) = self.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.next += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(self.unexpected())
    }

    /// Whether a number, with or without a sign, stands next.
    pub fn at_number(&self) -> bool {
        matches!(self.peek(), Some(Token::Number(..) | Token::Minus | Token::Plus))
    }

    /// Reads a number's digits.
    pub fn digits(&mut self) -> Result<&'a str> {
        let Some(Token::Number(digits, _)) = self.peek() else { return Err(self.unexpected()) };
        self.next += 1;
        Ok(digits)
    }

    /// Fails unless all tokens were read.
    pub fn end(&self) -> Result<()> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A syntax error at the next token.
    pub fn unexpected(&self) -> Error {
        self.script.syntax_error(self.tokens.get(self.next))
    }

    /// A syntax error at the token just read.
    pub fn unexpected_last(&self) -> Error {
        self.script.syntax_error(self.tokens.get(self.next.saturating_sub(1)))
    }

    /// A syntax error at a token found by another parser over the same tokens.
    pub fn error_at(&self, token: &TokenWithSpan) -> Error {
        self.script.syntax_error(Some(token))
    }

    /// The next token.
    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|t| &t.token)
    }
}
