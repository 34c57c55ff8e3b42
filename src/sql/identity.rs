//! The options of an identity column's sequence: PostgreSQL takes them in any order, the parser in one.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// The parser's order.
const ORDER: [&str; 6] = ["increment", "minvalue", "maxvalue", "start", "cache", "cycle"];

/// Puts the options of each `IDENTITY (…)` in the parser's order.
#[must_use]
pub fn ordered(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut from = 0;
    while let Some(options) = options(&tokens, from) {
        from = options.end;
        let sorted = sorted(&tokens[options.clone()]);
        for (token, new) in tokens[options].iter_mut().zip(sorted) {
            *token = new;
        }
    }
    tokens
}

/// The next tokens between the parentheses after IDENTITY.
fn options(tokens: &[TokenWithSpan], from: usize) -> Option<Range<usize>> {
    let opens = |i: &usize| {
        word(&tokens[*i]).as_deref() == Some("identity")
            && tokens.get(i + 1).is_some_and(|next| next.token == Token::LParen)
    };
    let start = (from..tokens.len()).find(opens)? + 2;
    let length = tokens.get(start..)?.iter().position(|t| t.token == Token::RParen)?;
    Some(start..start + length)
}

fn sorted(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let rank = |token: &TokenWithSpan| ORDER.iter().position(|known| word(token).as_deref() == Some(*known));
    let mut parts: Vec<(usize, Vec<TokenWithSpan>)> = Vec::new();
    let mut after_no = false;
    for token in tokens {
        let is_no = word(token).as_deref() == Some("no");
        match (rank(token), parts.last_mut()) {
            (Some(rank), Some(last)) if after_no => {
                last.0 = rank;
                last.1.push(token.clone());
            }
            (Some(rank), _) => parts.push((rank, vec![token.clone()])),
            (None, _) if is_no => parts.push((ORDER.len(), vec![token.clone()])),
            (None, Some(last)) => last.1.push(token.clone()),
            (None, None) => parts.push((ORDER.len(), vec![token.clone()])),
        }
        after_no = is_no;
    }
    parts.sort_by_key(|(rank, _)| *rank);
    parts.into_iter().flat_map(|(_, tokens)| tokens).collect()
}

fn word(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
        _ => None,
    }
}
