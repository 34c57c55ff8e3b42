//! Queries: sqlparser's AST from a statement's tokens, bounded before and after.
//!
//! sqlparser accepts more than PostgreSQL (other dialects' statements); only queries leave this file, everything else
//! is refused with the statement's name.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::dialect::DIALECT;
use super::lex::{Script, StatementTokens};
use super::object_ast::{NewTableAs, ObjectStatement, RowSource, TableHead};
use super::{StatementKind, distinct, fetch, frames, grammar, guard, rewrite, sets, spellings, write};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Nesting of parentheses, calls and subqueries that the parser follows; PostgreSQL's own limit is near 6,000.
const RECURSION_LIMIT: usize = 2_000;

/// Parses a query, or a statement that changes rows, and applies the AST rules.
pub fn parse(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<StatementKind> {
    guard::check_tokens(&tokens.tokens)?;
    if names_current_row(&tokens.tokens) {
        return Err(Error::unsupported("WHERE CURRENT OF is not supported"));
    }
    let (statement, overriding) = statement_overriding(script, tokens)?;
    let parsed = match write::of(statement).map_err(|error| positioned(error, script))? {
        Ok(mut write) => {
            write.overriding = overriding;
            return Ok(StatementKind::Write(Box::new(write)));
        }
        Err(parsed) => parsed,
    };
    match parsed {
        ast::Statement::Query(mut query) => {
            let into = take_into(&mut query);
            rewrite::apply(&mut query).map_err(|error| positioned(error, script))?;
            Ok(match into {
                Some(into) => StatementKind::Object(Box::new(table_of(&into, query)?)),
                None => StatementKind::Query(query),
            })
        }
        other => Err(unsupported(&other)),
    }
}

/// Whether a statement ends with `WHERE CURRENT OF cursor`.
fn names_current_row(tokens: &[TokenWithSpan]) -> bool {
    let words = ["where", "current", "of"];
    let is = |token: &TokenWithSpan, word: &str| matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word));
    tokens.windows(words.len()).any(|window| window.iter().zip(words).all(|(token, word)| is(token, word)))
}

/// A whole statement as sqlparser reads it.
pub fn statement(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<ast::Statement> {
    statement_overriding(script, tokens).map(|(statement, _)| statement)
}

/// A query as it was written, before any rule changes it; `None` for one whose chains of operators are so long that only
/// the rules make them fit to be walked.
pub fn written(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<Option<Box<ast::Query>>> {
    const MAX_CHAINED: usize = 500;
    const CHAINING: [Keyword; 5] = [Keyword::AND, Keyword::OR, Keyword::UNION, Keyword::INTERSECT, Keyword::EXCEPT];
    let chains = |token: &&TokenWithSpan| matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && CHAINING.contains(&w.keyword));
    if tokens.tokens.iter().filter(chains).count() > MAX_CHAINED {
        return Ok(None);
    }
    match statement(script, tokens)? {
        ast::Statement::Query(query) => Ok(Some(query)),
        other => Err(unsupported(&other)),
    }
}

/// A whole statement, and the OVERRIDING of an INSERT, which sqlparser does not read.
fn statement_overriding(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
) -> Result<(ast::Statement, Option<write::Overriding>)> {
    if let Some(stray) = spellings::stray_string(&tokens.tokens) {
        return Err(script.syntax_error(Some(stray)));
    }
    let readable = spellings::adapt(grammar::adapt(frames::parseable(&tokens.tokens)));
    let mut adapted = fetch::as_limit(sets::readable(distinct::bounded(readable)));
    let overriding = write::without_overriding(&mut adapted);
    let adapted = super::join_alias::into_list(super::collate::before_casts(super::identity::ordered(adapted)));
    let mut parser = Parser::new(&DIALECT).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(adapted);
    let statement = parser.parse_statement().map_err(|e| parser_error(script, tokens, &e))?;
    if parser.peek_token().token != Token::EOF {
        return Err(script.syntax_error(Some(&parser.peek_token())));
    }
    Ok((statement, overriding))
}

/// An error of a rule with its position.
fn positioned(error: Error, script: &Script<'_>) -> Error {
    let at = error.place().and_then(|(line, column)| script.positions().char_position(Location::new(line, column)));
    error.or_at(at)
}

/// The INTO of the statement's first SELECT.
fn take_into(query: &mut ast::Query) -> Option<ast::SelectInto> {
    let mut body = query.body.as_mut();
    loop {
        match body {
            ast::SetExpr::Select(select) => return select.into.take(),
            ast::SetExpr::SetOperation { left, .. } => body = left.as_mut(),
            _ => return None,
        }
    }
}

/// `SELECT … INTO t` is CREATE TABLE t AS SELECT ….
fn table_of(into: &ast::SelectInto, query: Box<ast::Query>) -> Result<ObjectStatement> {
    if into.unlogged {
        return Err(Error::unsupported("unlogged tables are not supported"));
    }
    let head = TableHead {
        name: super::utility::relation_of(&into.name),
        temporary: into.temporary,
        global: false,
        if_not_exists: false,
        on_commit: None,
    };
    let source = RowSource::Query(query);
    Ok(ObjectStatement::CreateTableAs(Box::new(NewTableAs {
        head,
        columns: Vec::new(),
        source,
        with_data: true,
        into: true,
    })))
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
            if let Some(clause) = at.and_then(|at| recursive_clause(tokens, at)) {
                return Error::unsupported(format!("{clause} clauses are not supported"));
            }
            script.syntax_error(at)
        }
    }
}

/// SEARCH or CYCLE of a WITH query, which the parser does not read.
fn recursive_clause(tokens: &StatementTokens<'_>, at: &TokenWithSpan) -> Option<&'static str> {
    let i = tokens.tokens.iter().position(|t| t.span.start == at.span.start)?;
    let after_query = i > 0 && tokens.tokens[i - 1].token == Token::RParen;
    let recursive =
        matches!(tokens.tokens.get(1).map(|t| &t.token), Some(Token::Word(w)) if w.keyword == Keyword::RECURSIVE);
    match &at.token {
        Token::Word(word) if after_query && recursive && word.value.eq_ignore_ascii_case("search") => Some("SEARCH"),
        Token::Word(word) if after_query && recursive && word.value.eq_ignore_ascii_case("cycle") => Some("CYCLE"),
        _ => None,
    }
}

/// The place in sqlparser's `… at Line: 1, Column: 8`.
fn location(message: &str) -> Option<Location> {
    let (_, rest) = message.rsplit_once("Line: ")?;
    let (line, column) = rest.split_once(", Column: ")?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(Location::new(line.trim().parse().ok()?, digits.parse().ok()?))
}
