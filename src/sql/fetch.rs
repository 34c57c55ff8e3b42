//! `FETCH FIRST n ROWS ONLY` as `LIMIT n`, and `… WITH TIES` as `LIMIT "with ties"(n)`, token by token.
//!
//! sqlparser knows FETCH too, but neither an expression as its count nor an OFFSET behind it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The marker function around the count of WITH TIES; not a name that SQL can spell without quotes.
pub const WITH_TIES: &str = "with ties";

/// The tokens without FETCH clauses.
#[must_use]
pub fn as_limit(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|t| is(Some(t), &[Keyword::FETCH])) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        match clause(&tokens[i..]) {
            Some((count, length, ties)) => {
                let count = count.to_vec();
                push(&mut out, &tokens[i], count, ties);
                i += length;
            }
            None => {
                out.push(tokens[i].clone());
                i += 1;
            }
        }
    }
    out
}

fn is(token: Option<&TokenWithSpan>, keywords: &[Keyword]) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && keywords.contains(&w.keyword))
}

/// A FETCH clause at the beginning of `rest`: its count's tokens, how many tokens it has, and whether ties count.
fn clause(rest: &[TokenWithSpan]) -> Option<(&[TokenWithSpan], usize, bool)> {
    if !is(rest.first(), &[Keyword::FETCH]) || !is(rest.get(1), &[Keyword::FIRST, Keyword::NEXT]) {
        return None;
    }
    let mut depth = 0_usize;
    let mut end = 2;
    loop {
        let token = rest.get(end)?;
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.checked_sub(1)?,
            _ if depth == 0 && is(Some(token), &[Keyword::ROW, Keyword::ROWS]) => break,
            _ => {}
        }
        end += 1;
    }
    let count = &rest[2..end];
    if is(rest.get(end + 1), &[Keyword::ONLY]) {
        return Some((count, end + 2, false));
    }
    let ties =
        matches!(rest.get(end + 2).map(|t| &t.token), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case("ties"));
    (is(rest.get(end + 1), &[Keyword::WITH]) && ties).then_some((count, end + 3, true))
}

fn push(out: &mut Vec<TokenWithSpan>, place: &TokenWithSpan, count: Vec<TokenWithSpan>, ties: bool) {
    let at = |token: Token| TokenWithSpan { token, span: place.span };
    out.push(at(Token::make_keyword("LIMIT")));
    if ties {
        let word = Word { value: WITH_TIES.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
        out.extend([at(Token::Word(word)), at(Token::LParen)]);
    }
    match count.is_empty() {
        true => out.push(at(Token::Number("1".to_owned(), false))),
        false => out.extend(count),
    }
    if ties {
        out.push(at(Token::RParen));
    }
}
