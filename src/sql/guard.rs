//! Bounds on a statement's shape, checked before anything recursive sees it.
//!
//! A flat chain of a million operators becomes a tree a million levels deep; parsing, cloning or dropping it would
//! overflow any stack, and that kills the process. PostgreSQL answers `54001`, and so does this. Chains of AND and OR
//! are balanced right after parsing (`rewrite/balance.rs`) and may be long.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sqlstate;

/// Longest chain of arithmetic, string or cast operators in one expression.
const MAX_CHAIN: usize = 2_000;
/// Longest chain of AND and OR in one expression, and of set operations in one query.
const MAX_LOGICAL_CHAIN: usize = 200_000;
/// Longest chain of UNION, INTERSECT, EXCEPT and JOIN in one query.
const MAX_SET_CHAIN: usize = 4_000;
/// Deepest nesting of angle brackets in a type (`ARRAY<ARRAY<…`), which the parser follows without a guard.
const MAX_TYPE_DEPTH: usize = 32;

/// The error for a statement that is nested too deep.
#[must_use]
pub fn too_deep() -> Error {
    Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
        .hint("Split the statement, or replace long chains of operators by IN lists, VALUES or functions.")
}

#[derive(Default, Clone, Copy)]
struct Level {
    chain: usize,
    logical: usize,
    sets: usize,
}

/// Checks the chains of one statement's tokens; `54001` when one is too long.
pub fn check_tokens(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut levels = vec![Level::default()];
    let mut type_depth = 0usize;
    for pair in tokens.windows(2).chain(tokens.len().checked_sub(1).map(|i| &tokens[i..])) {
        let next = pair.get(1).map(|t| &t.token);
        let nested = levels.len() > 1;
        let Some(level) = levels.last_mut() else { return Err(too_deep()) };
        match &pair[0].token {
            Token::LParen | Token::LBracket => levels.push(Level::default()),
            Token::RParen | Token::RBracket if nested => {
                levels.pop();
            }
            Token::Comma => level.chain = 0,
            Token::Word(word) => match word.keyword {
                Keyword::AND | Keyword::OR => {
                    level.logical += 1;
                    level.chain = 0;
                }
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::JOIN => level.sets += 1,
                Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP if next == Some(&Token::Lt) => type_depth += 1,
                Keyword::FROM | Keyword::WHERE | Keyword::SELECT => level.chain = 0,
                Keyword::NOT | Keyword::IS | Keyword::COLLATE | Keyword::AT => level.chain += 1,
                _ => {}
            },
            token if is_operator(token) => level.chain += 1,
            _ => {}
        }
        let Some(level) = levels.last() else { return Err(too_deep()) };
        if level.chain > MAX_CHAIN
            || level.logical > MAX_LOGICAL_CHAIN
            || level.sets > MAX_SET_CHAIN
            || type_depth > MAX_TYPE_DEPTH
        {
            return Err(too_deep());
        }
    }
    Ok(())
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::Whitespace(_)
            | Token::EOF
            | Token::LBrace
            | Token::RBrace
    )
}
