//! `x::text COLLATE "C"`: the parser reads COLLATE only before a cast, where it means the same here.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// Moves COLLATE and its name before the casts that it follows.
#[must_use]
pub fn before_casts(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_collate = |token: &TokenWithSpan| matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("collate"));
    for i in 0..tokens.len() {
        if !is_collate(&tokens[i]) {
            continue;
        }
        let Some(cast) = first_cast(&tokens[..i]) else { continue };
        let mut end = i + 2;
        while tokens.get(end).is_some_and(|t| t.token == Token::Period) {
            end += 2;
        }
        if end <= tokens.len() {
            tokens[cast..end].rotate_right(end - i);
        }
    }
    tokens
}

/// Where the casts begin that the tokens end with.
fn first_cast(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut found = None;
    let mut end = tokens.len();
    while let Some(start) = type_start(&tokens[..end]) {
        let Some(cast) = start.checked_sub(1).filter(|&i| tokens[i].token == Token::DoubleColon) else { break };
        found = Some(cast);
        end = cast;
    }
    found
}

/// Where the type's name begins that the tokens end with.
fn type_start(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut at = tokens.len();
    let mut named = false;
    while let Some(i) = at.checked_sub(1) {
        match &tokens[i].token {
            Token::Word(_) => named = true,
            Token::Period | Token::LBracket | Token::RBracket => {}
            Token::LParen | Token::RParen | Token::Comma | Token::Number(..) if !named => {}
            _ => break,
        }
        at = i;
    }
    named.then_some(at)
}
