//! COPY: both syntaxes of its options, a table or a statement, WHERE.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::cursor::Cursor;
use super::object::relation_name;
use crate::error::{Error, Result};
use crate::sql::copy_ast::{Copy, CopyPlace, CopySource};
use crate::sql::lex::{Script, StatementTokens};
use crate::sql::{Statement, StatementKind, parse_one};
use crate::sqlstate;
use crate::types::copy::{OptionValue, RawOption};

/// Parses what follows COPY.
pub fn copy(script: &Script<'_>, tokens: &StatementTokens<'_>, cursor: &mut Cursor<'_>) -> Result<Copy> {
    let mut options = Vec::new();
    let (source, from) = if cursor.eat_symbol("(") {
        let source = CopySource::Query(Arc::new(statement(script, tokens, cursor)?));
        cursor.expect("to")?;
        (source, false)
    } else {
        let at = cursor.consumed();
        if cursor.eat("binary") {
            options.push(option(script, tokens, at, "format", OptionValue::Text("binary".to_owned())));
        }
        let name = relation_name(cursor)?;
        let columns = if cursor.eat_symbol("(") { names(cursor)? } else { Vec::new() };
        let from = cursor.eat("from");
        if !from {
            cursor.expect("to")?;
        }
        (CopySource::Table(name, columns), from)
    };
    let place = place(cursor)?;
    if matches!(source, CopySource::Table(..)) {
        let at = cursor.consumed();
        let using = cursor.eat("using");
        if cursor.eat("delimiters") {
            options.push(option(script, tokens, at, "delimiter", string(cursor)?));
        } else if using {
            return Err(cursor.unexpected());
        }
    }
    cursor.eat("with");
    if cursor.eat_symbol("(") {
        listed(script, tokens, cursor, &mut options)?;
    } else {
        while old_option(script, tokens, cursor, &mut options)? {}
    }
    let at = cursor.consumed();
    let mut condition = None;
    if matches!(source, CopySource::Table(..)) && cursor.eat("where") {
        if !from {
            let error = Error::new(sqlstate::SYNTAX_ERROR, "WHERE clause not allowed with COPY TO");
            return Err(error.or_at(position(script, tokens, at)));
        }
        condition = Some(Box::new(where_clause(script, tokens, at, cursor)?));
    }
    let named = tokens.tokens.iter().find_map(|token| match &token.token {
        Token::Placeholder(name) => Some((name.clone(), script.position(token.span.start))),
        _ => None,
    });
    Ok(Copy { source, from, place, options, condition, param: named })
}

fn position(script: &Script<'_>, tokens: &StatementTokens<'_>, at: usize) -> Option<usize> {
    tokens.tokens.get(at).and_then(|token| script.position(token.span.start))
}

fn option(script: &Script<'_>, tokens: &StatementTokens<'_>, at: usize, name: &str, value: OptionValue) -> RawOption {
    RawOption { name: name.to_owned(), value, position: position(script, tokens, at) }
}

/// The statement in parentheses, of which the first was read.
fn statement(script: &Script<'_>, tokens: &StatementTokens<'_>, cursor: &mut Cursor<'_>) -> Result<Statement> {
    let from = cursor.consumed();
    cursor.skip_to_closing()?;
    let inner = tokens.between(script, from, cursor.consumed() - 1);
    let inner = inner.ok_or_else(|| script.syntax_error(tokens.tokens.get(from)))?;
    let statement = parse_one(script, &inner)?;
    match &statement.kind {
        StatementKind::Query(_) | StatementKind::Write(_) => Ok(statement),
        StatementKind::Object(object) if object.query().is_some() && is_query(&inner.tokens) => {
            Err(Error::unsupported("COPY (SELECT INTO) is not supported"))
        }
        _ => Err(script.syntax_error(tokens.tokens.get(from))),
    }
}

/// Whether a statement begins as a query does.
fn is_query(tokens: &[TokenWithSpan]) -> bool {
    let word = tokens.iter().find_map(|token| match &token.token {
        Token::LParen => None,
        other => Some(other.to_string().to_lowercase()),
    });
    matches!(word.as_deref(), Some("select" | "with" | "values" | "table"))
}

/// Names up to the closing parenthesis.
fn names(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut names = vec![cursor.identifier()?];
    while cursor.eat_symbol(",") {
        names.push(cursor.identifier()?);
    }
    if cursor.eat_symbol(")") { Ok(names) } else { Err(cursor.unexpected()) }
}

fn place(cursor: &mut Cursor<'_>) -> Result<CopyPlace> {
    let program = cursor.eat("program");
    if cursor.eat("stdin") || cursor.eat("stdout") {
        if program {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "STDIN/STDOUT not allowed with PROGRAM"));
        }
        return Ok(CopyPlace::Client);
    }
    string(cursor)?;
    Ok(if program { CopyPlace::Program } else { CopyPlace::File })
}

/// A string; nothing else will do.
fn string(cursor: &mut Cursor<'_>) -> Result<OptionValue> {
    match cursor.peek() {
        Some(
            Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::DollarQuotedString(_),
        ) => cursor.set_item().map(OptionValue::Text),
        _ => Err(cursor.unexpected()),
    }
}

/// Options in parentheses, of which the first was read.
fn listed(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
    options: &mut Vec<RawOption>,
) -> Result<()> {
    loop {
        let at = cursor.consumed();
        let name = cursor.identifier()?;
        let value = match cursor.peek() {
            Some(Token::Comma | Token::RParen) => OptionValue::Nothing,
            Some(Token::Mul) => {
                cursor.eat_symbol("*");
                OptionValue::All
            }
            Some(Token::LParen) => {
                cursor.eat_symbol("(");
                OptionValue::List(items(cursor)?)
            }
            Some(Token::Number(..) | Token::Minus | Token::Plus) => OptionValue::Number(cursor.set_item()?),
            _ => OptionValue::Text(cursor.set_item()?),
        };
        options.push(option(script, tokens, at, &name, value));
        if cursor.eat_symbol(",") {
            continue;
        }
        return if cursor.eat_symbol(")") { Ok(()) } else { Err(cursor.unexpected()) };
    }
}

/// Words or strings up to the closing parenthesis.
fn items(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut items = vec![cursor.set_item()?];
    while cursor.eat_symbol(",") {
        items.push(cursor.set_item()?);
    }
    if cursor.eat_symbol(")") { Ok(items) } else { Err(cursor.unexpected()) }
}

/// One option of the old syntax; gives whether there was one.
fn old_option(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
    options: &mut Vec<RawOption>,
) -> Result<bool> {
    let at = cursor.consumed();
    let word = |text: &str| OptionValue::Text(text.to_owned());
    let known = ["binary", "csv", "freeze", "header", "delimiter", "null", "quote", "escape", "encoding", "force"];
    let Some(found) = known.into_iter().find(|name| cursor.eat(name)) else { return Ok(false) };
    let (name, value) = match found {
        "binary" | "csv" => ("format", word(found)),
        "freeze" | "header" => (found, word("true")),
        "force" => {
            let name = if cursor.eat("quote") {
                "force_quote"
            } else if cursor.eat("not") {
                cursor.expect("null")?;
                "force_not_null"
            } else {
                cursor.expect("null")?;
                "force_null"
            };
            let value = if cursor.eat_symbol("*") { OptionValue::All } else { OptionValue::List(bare_names(cursor)?) };
            (name, value)
        }
        "encoding" => (found, string(cursor)?),
        _ => {
            cursor.eat("as");
            (found, string(cursor)?)
        }
    };
    options.push(option(script, tokens, at, name, value));
    Ok(true)
}

/// Names without parentheses.
fn bare_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut names = vec![cursor.identifier()?];
    while cursor.eat_symbol(",") {
        names.push(cursor.identifier()?);
    }
    Ok(names)
}

/// The condition behind WHERE, which is the token `at`: it is read as that of a query.
fn where_clause(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    at: usize,
    cursor: &mut Cursor<'_>,
) -> Result<ast::Expr> {
    let mut rest = tokens.after(script, at).ok_or_else(|| cursor.unexpected())?;
    let span = rest.tokens.first().map(|token| token.span).ok_or_else(|| cursor.unexpected())?;
    let select = [Token::make_keyword("SELECT"), Token::Number("1".to_owned(), false)];
    rest.tokens.splice(0..0, select.map(|token| TokenWithSpan { token, span }));
    let StatementKind::Query(query) = crate::sql::query::parse(script, &rest)? else {
        return Err(cursor.unexpected());
    };
    cursor.finish();
    let plain = query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty()
        && query.with.is_none();
    match *query.body {
        ast::SetExpr::Select(select) if plain => {
            let grouped = !matches!(&select.group_by, ast::GroupByExpr::Expressions(exprs, _) if exprs.is_empty());
            match select.selection {
                Some(condition) if !grouped && select.having.is_none() && select.named_window.is_empty() => {
                    Ok(condition)
                }
                _ => Err(script.syntax_error(None)),
            }
        }
        _ => Err(script.syntax_error(None)),
    }
}
