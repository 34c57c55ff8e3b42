//! A script as tokens, split into statements at its top-level semicolons.
//!
//! [`lexer`](super::lexer) does the work; this keeps for each statement where its text stands.

use std::sync::Arc;

use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::position::Positions;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A lexed script.
#[derive(Debug)]
pub struct Script<'a> {
    text: &'a str,
    tokens: Vec<TokenWithSpan>,
    positions: Arc<Positions>,
}

/// The tokens of one statement: no white space, comments or semicolon.
#[derive(Debug)]
pub struct StatementTokens<'a> {
    /// The tokens with their places in the script.
    pub tokens: Vec<TokenWithSpan>,
    text: &'a str,
    offset: usize,
}

impl StatementTokens<'_> {
    /// The statement's text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text
    }

    /// Characters of the script before the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> StatementTokens<'a> {
    /// The statement inside this one that is made of the tokens from `from` up to `to`.
    #[must_use]
    pub fn between(&self, script: &Script<'a>, from: usize, to: usize) -> Option<StatementTokens<'a>> {
        script.statement_of(self.tokens.get(from..to)?.to_vec())
    }

    /// The statement inside this one (after EXPLAIN, PREPARE … AS) that starts at token `from`.
    #[must_use]
    pub fn after(&self, script: &Script<'a>, from: usize) -> Option<StatementTokens<'a>> {
        let tokens = self.tokens.get(from..)?;
        script.statement_of(tokens.to_vec())
    }
}

impl<'a> Script<'a> {
    /// Lexes a script. Errors are `42601` with PostgreSQL's message and position.
    pub fn lex(text: &'a str) -> Result<Self> {
        let positions = Arc::new(Positions::new(text));
        let tokens = super::lexer::tokens(text)?;
        Ok(Self { text, tokens, positions })
    }

    /// The statements in order; empty ones (`;;`) are passed over.
    pub fn statements(&self) -> impl Iterator<Item = StatementTokens<'a>> + use<'_, 'a> {
        self.tokens
            .split(|t| t.token == Token::SemiColon)
            .map(|part| {
                part.iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF)).cloned().collect()
            })
            .filter_map(|tokens| self.statement_of(tokens))
    }

    /// The statement that these tokens are; `None` when there are none.
    fn statement_of(&self, tokens: Vec<TokenWithSpan>) -> Option<StatementTokens<'a>> {
        let first = tokens.first()?.span.start;
        let start = self.positions.byte_offset(self.text, first);
        let end = self.end_of(tokens.last()?);
        let offset = self.position(first).map_or(0, |p| p - 1);
        Some(StatementTokens { text: &self.text[start..end.max(start)], tokens, offset })
    }

    /// The lines of the script.
    #[must_use]
    pub fn positions(&self) -> &Arc<Positions> {
        &self.positions
    }

    /// A location as a character position from 1.
    #[must_use]
    pub fn position(&self, at: Location) -> Option<usize> {
        self.positions.char_position(at)
    }

    /// `syntax error at or near "…"` for a token, or `at end of input`.
    #[must_use]
    pub fn syntax_error(&self, at: Option<&TokenWithSpan>) -> Error {
        match at {
            Some(token) if token.token != Token::EOF => {
                let start = self.positions.byte_offset(self.text, token.span.start);
                let near = &self.text[start..self.end_of(token).max(start)];
                let error = Error::new(sqlstate::SYNTAX_ERROR, format!("syntax error at or near \"{near}\""));
                error.or_at(self.position(token.span.start))
            }
            _ => {
                let end = self.text.trim_end().chars().count();
                Error::new(sqlstate::SYNTAX_ERROR, "syntax error at end of input").at(end + 1)
            }
        }
    }

    /// The byte offset just after a token.
    fn end_of(&self, token: &TokenWithSpan) -> usize {
        self.positions.byte_offset(self.text, token.span.end)
    }
}

/// A statement's text with every literal replaced by `?` and without comments, for logs. Text that does not lex is left
/// out whole.
#[must_use]
pub fn without_literals(text: &str) -> String {
    let Ok(tokens) = super::lexer::tokens(text) else { return String::new() };
    let positions = Positions::new(text);
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    for token in &tokens {
        let start = positions.byte_offset(text, token.span.start);
        let end = positions.byte_offset(text, token.span.end);
        if start > last && !out.is_empty() {
            out.push(' ');
        }
        match &token.token {
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_) => out.push('?'),
            _ => out.push_str(&text[start..end.max(start)]),
        }
        last = end;
    }
    out
}
