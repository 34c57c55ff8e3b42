//! PostgreSQL's grammar where the parser's is narrower: the tokens of such a form become those of one that the parser
//! knows and that means the same.
//!
//! Words that are put in are quoted names that no client types by accident, or carry the place of a neighbour, so
//! that an error still points into the text.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::rewrite::series::ROWS_FROM;

/// The alias that a column list without one (`f(x) AS (a int)`) gets.
pub const UNNAMED: &str = "unnamed columns";

/// The tokens as the parser takes them.
#[must_use]
pub fn adapt(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens = super::tokens::readable(&tokens);
    let tokens = rows_from(tokens);
    let tokens = order_using(tokens);
    let tokens = column_lists(tokens);
    tables(subqueries(tokens))
}

fn keyword(token: Option<&TokenWithSpan>) -> Option<Keyword> {
    match token.map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

fn at(token: Token, place: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token, span: place.span }
}

fn name(value: &str, place: &TokenWithSpan) -> TokenWithSpan {
    let word = Word { value: value.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    at(Token::Word(word), place)
}

/// `ROWS FROM (` as a call.
fn rows_from(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut i = 0;
    while i + 2 < tokens.len() {
        let found = keyword(tokens.get(i)) == Some(Keyword::ROWS)
            && keyword(tokens.get(i + 1)) == Some(Keyword::FROM)
            && tokens[i + 2].token == Token::LParen;
        if found {
            let call = name(ROWS_FROM, &tokens[i]);
            tokens.splice(i..i + 2, [call]);
        }
        i += 1;
    }
    tokens
}

/// `ORDER BY x USING <` as `ASC`, `USING >` as `DESC`.
fn order_using(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for i in 0..tokens.len().saturating_sub(1) {
        if keyword(tokens.get(i)) != Some(Keyword::USING) {
            continue;
        }
        let word = match tokens[i + 1].token {
            Token::Lt => "ASC",
            Token::Gt => "DESC",
            _ => continue,
        };
        tokens[i].token = Token::make_keyword(word);
        tokens[i + 1].token = Token::Whitespace(datafusion::sql::sqlparser::tokenizer::Whitespace::Space);
    }
    tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
    tokens
}

/// `f(x) AS (a int, b text)` with an alias before the list.
fn column_lists(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut i = 1;
    while i + 3 < tokens.len() {
        let found = tokens[i - 1].token == Token::RParen
            && keyword(tokens.get(i)) == Some(Keyword::AS)
            && tokens[i + 1].token == Token::LParen
            && matches!(tokens[i + 2].token, Token::Word(_))
            && matches!(tokens[i + 3].token, Token::Word(_))
            && !starts_query(tokens.get(i + 2));
        if found {
            let alias = name(UNNAMED, &tokens[i]);
            tokens.insert(i + 1, alias);
        }
        i += 1;
    }
    tokens
}

/// `TABLE t` as a query.
fn tables(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let begins = |i: usize| match i.checked_sub(1).and_then(|before| tokens.get(before)) {
        None => true,
        Some(t) if t.token == Token::LParen => true,
        before => matches!(
            keyword(before),
            Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::ALL | Keyword::DISTINCT)
        ),
    };
    let found = |i: usize| {
        keyword(tokens.get(i)) == Some(Keyword::TABLE)
            && begins(i)
            && matches!(tokens.get(i + 1).map(|t| &t.token), Some(Token::Word(_)))
    };
    if !(0..tokens.len()).any(found) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len() + 2);
    for (i, token) in tokens.iter().enumerate() {
        if found(i) {
            let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
            out.extend(words.into_iter().map(|word| at(word, token)));
        } else {
            out.push(token.clone());
        }
    }
    out
}

fn starts_query(token: Option<&TokenWithSpan>) -> bool {
    matches!(
        keyword(token),
        Some(
            Keyword::SELECT
                | Keyword::VALUES
                | Keyword::WITH
                | Keyword::TABLE
                | Keyword::INSERT
                | Keyword::UPDATE
                | Keyword::DELETE
                | Keyword::MERGE
        )
    )
}

/// Subqueries in expressions that do not begin with SELECT: `(VALUES …)`, `((SELECT …) UNION …)`, which
/// become `(SELECT * FROM (…))`.
fn subqueries(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let closing = closing_parens(&tokens);
    let mut wrapped: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if token.token != Token::LParen || !in_expression(&tokens, i) {
            continue;
        }
        if closing[i].is_none() {
            continue;
        }
        let next = tokens.get(i + 1);
        let found = match keyword(next) {
            Some(Keyword::VALUES) => tokens.get(i + 2).is_some_and(|t| t.token == Token::LParen),
            _ => next.is_some_and(|t| t.token == Token::LParen) && is_set_operation(&tokens, &closing, i + 1),
        };
        if found {
            wrapped.push(i);
        }
    }
    if wrapped.is_empty() {
        return tokens;
    }
    let opened: Vec<usize> = wrapped.iter().filter_map(|i| closing[*i]).collect();
    let mut out = Vec::with_capacity(tokens.len() + wrapped.len() * 5);
    for (i, token) in tokens.into_iter().enumerate() {
        let place = token.clone();
        out.push(token);
        if wrapped.contains(&i) {
            let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM"), Token::LParen];
            out.extend(words.into_iter().map(|word| at(word, &place)));
        }
        if opened.contains(&i) {
            out.push(at(Token::RParen, &place));
        }
    }
    out
}

/// Whether the parenthesis at `i` may stand where an expression does, not where a query or an item of FROM does.
fn in_expression(tokens: &[TokenWithSpan], i: usize) -> bool {
    let Some(before) = i.checked_sub(1) else { return false };
    match &tokens[before].token {
        // `((…)`: the outer one decides.
        Token::LParen => false,
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::FROM
            | Keyword::JOIN
            | Keyword::LATERAL
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::DISTINCT
            | Keyword::AS
            | Keyword::MATERIALIZED
            | Keyword::VALUES
            | Keyword::ROWS
            | Keyword::NoKeyword => false,
            Keyword::ALL => !follows_set_operator(tokens, before),
            _ => true,
        },
        Token::Word(_) => false,
        _ => true,
    }
}

fn follows_set_operator(tokens: &[TokenWithSpan], all: usize) -> bool {
    let before = all.checked_sub(1).and_then(|i| tokens.get(i));
    matches!(keyword(before), Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT))
}

/// Whether the parenthesis at `i` holds a query that a set operation follows.
fn is_set_operation(tokens: &[TokenWithSpan], closing: &[Option<usize>], i: usize) -> bool {
    let mut inner = i;
    while tokens.get(inner).is_some_and(|t| t.token == Token::LParen) {
        inner += 1;
    }
    if !starts_query(tokens.get(inner)) {
        return false;
    }
    (i..inner).any(|open| {
        let after = closing[open].and_then(|close| tokens.get(close + 1));
        matches!(keyword(after), Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT))
    })
}

/// For each opening parenthesis the place of the one that closes it.
fn closing_parens(tokens: &[TokenWithSpan]) -> Vec<Option<usize>> {
    let mut closing = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => open.push(i),
            Token::RParen => {
                if let Some(start) = open.pop() {
                    closing[start] = Some(i);
                }
            }
            _ => {}
        }
    }
    closing
}
