//! Queries: sqlparser's AST from a statement's tokens, bounded before and after.
//!
//! sqlparser accepts more than PostgreSQL (other dialects' statements); only queries leave this file, everything else
//! is refused with the statement's name.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::lex::{DIALECT, Script, StatementTokens};
use super::{guard, rewrite, tokens as forms};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Nesting of parentheses, calls and subqueries that the parser follows; PostgreSQL's own limit is near 6,000.
const RECURSION_LIMIT: usize = 2_000;

/// Parses a query and applies the AST rules.
pub fn parse(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<Box<ast::Query>> {
    guard::check_tokens(&tokens.tokens)?;
    let mut parser =
        Parser::new(&DIALECT).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(forms::readable(&tokens.tokens));
    let statement = parser.parse_statement().map_err(|e| parser_error(script, tokens, &e))?;
    if parser.peek_token().token != Token::EOF {
        return Err(script.syntax_error(Some(&parser.peek_token())));
    }
    match statement {
        ast::Statement::Query(mut query) => {
            rewrite::apply(&mut query)?;
            Ok(query)
        }
        other => Err(unsupported(&other)),
    }
}

/// What lakewire says to statements that PostgreSQL has and it has not.
fn unsupported(statement: &ast::Statement) -> Error {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let verb = words.first().copied().unwrap_or_default().to_uppercase();
    let name = match verb.as_str() {
        "CREATE" | "ALTER" | "DROP" | "REFRESH" => words.join(" ").to_uppercase(),
        _ => verb,
    };
    match name.split(' ').next().unwrap_or_default() {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" | "CREATE" | "DROP" | "ALTER" | "GRANT" | "REVOKE" => {
            Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("{name} is not supported"))
                .hint("The tables of this server come from its configuration and are read-only.")
        }
        _ => Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("{name} is not supported")),
    }
}

fn parser_error(script: &Script<'_>, tokens: &StatementTokens<'_>, error: &ParserError) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => guard::too_deep(),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => {
            let at = location(message).and_then(|at| tokens.tokens.iter().find(|t| t.span.start == at));
            script.syntax_error(at)
        }
    }
}

/// The place in sqlparser's `… at Line: 1, Column: 8`.
fn location(message: &str) -> Option<Location> {
    let (_, rest) = message.rsplit_once("Line: ")?;
    let (line, column) = rest.split_once(", Column: ")?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(Location::new(line.trim().parse().ok()?, digits.parse().ok()?))
}
