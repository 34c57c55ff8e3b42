//! Grouping sets that sqlparser does not read, token by token: GROUPING SETS inside GROUPING SETS, and the quantifier of
//! `GROUP BY ALL …` and `GROUP BY DISTINCT …`.
//!
//! Inner sets become calls that `rewrite/grouping.rs` knows, an empty set in them a name.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The call that stands for inner GROUPING SETS; not a name that SQL can spell without quotes.
pub const INNER_SETS: &str = "grouping sets";
/// What stands for `()` in one.
pub const EMPTY_SET: &str = "empty set";
/// The first item of GROUP BY DISTINCT.
pub const DISTINCT_SETS: &str = "distinct sets";

/// The tokens as the parser takes them.
#[must_use]
pub fn readable(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let grouping = |i: usize| is(tokens.get(i), Keyword::GROUP) && is(tokens.get(i + 1), Keyword::BY);
    if !(0..tokens.len()).any(grouping) {
        return tokens;
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // For each open parenthesis whether it is that of GROUPING SETS, and whether it stands in an inner one.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let inside = open.iter().any(|(sets, _)| *sets);
        let inner = open.last().is_some_and(|(_, inner)| *inner);
        let next = tokens.get(i + 1);
        if is(Some(token), Keyword::GROUPING) && is(next, Keyword::SETS) {
            match inside {
                true => out.push(name(INNER_SETS, token)),
                false => out.extend([token.clone(), tokens[i + 1].clone()]),
            }
            out.extend(tokens.get(i + 2).cloned());
            open.push((true, inside));
            i += 3;
            continue;
        }
        if grouping(i) {
            out.extend([token.clone(), tokens[i + 1].clone()]);
            i += 2;
            let quantified = tokens.get(i).zip(tokens.get(i + 1)).filter(|(_, next)| begins_item(next));
            match quantified {
                Some((word, _)) if is(Some(word), Keyword::ALL) => i += 1,
                Some((word, _)) if is(Some(word), Keyword::DISTINCT) => {
                    out.extend([name(DISTINCT_SETS, word), TokenWithSpan { token: Token::Comma, span: word.span }]);
                    i += 1;
                }
                _ => {}
            }
            continue;
        }
        let empty = token.token == Token::LParen && next.is_some_and(|t| t.token == Token::RParen);
        let separated = out.last().is_some_and(|t| matches!(t.token, Token::LParen | Token::Comma));
        if inner && empty && separated {
            out.push(name(EMPTY_SET, token));
            i += 2;
            continue;
        }
        match token.token {
            Token::LParen => open.push((false, inner)),
            Token::RParen => {
                open.pop();
            }
            _ => {}
        }
        out.push(token.clone());
        i += 1;
    }
    out
}

fn is(token: Option<&TokenWithSpan>, keyword: Keyword) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.keyword == keyword)
}

/// Whether an item of GROUP BY may begin with a token.
fn begins_item(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Word(word) => !matches!(
            word.keyword,
            Keyword::HAVING
                | Keyword::ORDER
                | Keyword::LIMIT
                | Keyword::WINDOW
                | Keyword::UNION
                | Keyword::OFFSET
                | Keyword::FETCH
        ),
        Token::LParen | Token::Number(..) => true,
        _ => false,
    }
}

fn name(value: &str, place: &TokenWithSpan) -> TokenWithSpan {
    let word = Word { value: value.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    TokenWithSpan { token: Token::Word(word), span: place.span }
}
