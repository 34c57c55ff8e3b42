//! `a IS [NOT] DISTINCT FROM b` as `a <=> "is distinct"(b)`, token by token: sqlparser takes everything that follows
//! for the right side, AND and OR too. `rewrite/forms.rs` makes the predicate of it again. The same way go `a IS JSON`,
//! which is `a <=> "is json"(…)`, and `a BETWEEN SYMMETRIC b AND c`, which is `a BETWEEN "between symmetric"(b) AND c`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The marker function around the right side; not a name that SQL can spell without quotes.
pub const IS_DISTINCT: &str = "is distinct";
/// That of the negated predicate.
pub const IS_NOT_DISTINCT: &str = "is not distinct";

/// The marker function of `IS [NOT] JSON`: the kind, whether keys are to be unique, whether the predicate is negated.
pub const IS_JSON: &str = "is json";
/// The marker function around the lower bound of `BETWEEN SYMMETRIC`.
pub const SYMMETRIC: &str = "between symmetric";

/// The tokens with such predicates as an operator between two operands.
#[must_use]
pub fn bounded(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Where a parenthesis that was put in ends, the next one last.
    let mut closing: Vec<usize> = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        while closing.last() == Some(&i) {
            closing.pop();
            out.push(TokenWithSpan { token: Token::RParen, span: token.span });
        }
        if let Some((test, length)) = json_test(&tokens[i..]) {
            out.extend(test.into_iter().map(|token_in| TokenWithSpan { token: token_in, span: token.span }));
            i += length;
            continue;
        }
        match predicate(&tokens[i..]) {
            Some((name, length)) => {
                let before = if name == SYMMETRIC { Token::make_keyword("BETWEEN") } else { Token::Spaceship };
                for token_in in [before, marker(name), Token::LParen] {
                    out.push(TokenWithSpan { token: token_in, span: token.span });
                }
                i += length;
                closing.push(operand_end(&tokens, i));
                closing.sort_unstable_by(|a, b| b.cmp(a));
            }
            None => {
                out.push(token.clone());
                i += 1;
            }
        }
    }
    if let Some(last) = tokens.last() {
        out.extend(closing.iter().map(|_| TokenWithSpan { token: Token::RParen, span: last.span }));
    }
    out
}

/// The marker for a predicate's words at the beginning of `rest`, and how many there are.
fn predicate(rest: &[TokenWithSpan]) -> Option<(&'static str, usize)> {
    let words: Vec<String> = rest.iter().take(4).map(|t| word(Some(t))).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["IS", "DISTINCT", "FROM", ..] => Some((IS_DISTINCT, 3)),
        ["IS", "NOT", "DISTINCT", "FROM"] => Some((IS_NOT_DISTINCT, 4)),
        ["BETWEEN", "SYMMETRIC", ..] => Some((SYMMETRIC, 2)),
        _ => None,
    }
}

fn marker(name: &str) -> Token {
    Token::Word(Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

/// `IS [NOT] JSON [kind] [WITH UNIQUE [KEYS]]` at the beginning of `rest` as an operator and its marker, and how many
/// tokens it was.
fn json_test(rest: &[TokenWithSpan]) -> Option<(Vec<Token>, usize)> {
    let at = |i: usize| word(rest.get(i));
    if at(0) != "IS" {
        return None;
    }
    let negated = at(1) == "NOT";
    let mut next = 1 + usize::from(negated);
    if at(next) != "JSON" {
        return None;
    }
    next += 1;
    let kind = Some(at(next)).filter(|word| ["VALUE", "SCALAR", "ARRAY", "OBJECT"].contains(&word.as_str()));
    next += usize::from(kind.is_some());
    let keys = ["WITH", "WITHOUT"].contains(&at(next).as_str()) && at(next + 1) == "UNIQUE";
    let unique = keys && at(next) == "WITH";
    if keys {
        next += 2 + usize::from(at(next + 2) == "KEYS");
    }
    let flag = |on: bool| Token::make_keyword(if on { "TRUE" } else { "FALSE" });
    let kind = Token::SingleQuotedString(kind.unwrap_or_else(|| "VALUE".to_owned()));
    let args = [marker(IS_JSON), Token::LParen, kind, Token::Comma, flag(unique), Token::Comma, flag(negated)];
    Some((std::iter::once(Token::Spaceship).chain(args).chain([Token::RParen]).collect(), next))
}

/// The first token behind an operand that begins at `from`: one that binds less than IS, or ends the expression.
fn operand_end(tokens: &[TokenWithSpan], from: usize) -> usize {
    const ENDS: [&str; 26] = [
        "AND",
        "OR",
        "THEN",
        "WHEN",
        "ELSE",
        "END",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "WINDOW",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "AS",
        "FROM",
        "WHERE",
        "ASC",
        "DESC",
        "NULLS",
        "IS",
        "JOIN",
        "RETURNING",
        "FOR",
    ];
    let (mut depth, mut cases) = (0_usize, 0_usize);
    for (i, token) in tokens.iter().enumerate().skip(from) {
        let text = word(Some(token));
        match &token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket if depth == 0 => return i,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Comma | Token::SemiColon if depth == 0 => return i,
            _ if depth > 0 => {}
            _ if text == "CASE" => cases += 1,
            _ if cases > 0 => cases -= usize::from(text == "END"),
            _ if ["LEFT", "RIGHT"].contains(&text.as_str())
                && tokens.get(i + 1).is_none_or(|t| t.token != Token::LParen) =>
            {
                return i;
            }
            _ if ["INNER", "FULL", "CROSS", "NATURAL"].contains(&text.as_str()) => return i,
            _ if ENDS.contains(&text.as_str()) => return i,
            _ => {}
        }
    }
    tokens.len()
}

fn word(token: Option<&TokenWithSpan>) -> String {
    match token.map(|t| &t.token) {
        Some(Token::Word(Word { value, quote_style: None, .. })) => value.to_uppercase(),
        _ => String::new(),
    }
}
