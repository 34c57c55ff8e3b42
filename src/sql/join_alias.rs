//! `JOIN … USING (a, b) AS alias`, which the parser does not read: the alias becomes one more name of the list, marked.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Begins the name that stands for the alias.
pub const JOIN_ALIAS: &str = "\u{1}join alias ";

/// Moves the aliases into their lists.
#[must_use]
pub fn into_list(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is = |token: Option<&TokenWithSpan>, word: &str| matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word));
    let mut i = 0;
    while i + 2 < tokens.len() {
        let list = is(tokens.get(i), "using") && tokens[i + 1].token == Token::LParen;
        let closing = list.then(|| closing(&tokens, i + 2)).flatten();
        i += 1;
        let Some(end) = closing else { continue };
        if !is(tokens.get(end + 1), "as") {
            continue;
        }
        let Some(Token::Word(alias)) = tokens.get(end + 2).map(|t| &t.token) else { continue };
        let name = if alias.quote_style.is_some() { alias.value.clone() } else { alias.value.to_lowercase() };
        let marked = Word { value: format!("{JOIN_ALIAS}{name}"), quote_style: Some('"'), keyword: alias.keyword };
        // `) as alias` becomes `, "alias" )`.
        tokens[end].token = Token::Comma;
        tokens[end + 1].token = Token::Word(marked);
        tokens[end + 2].token = Token::RParen;
    }
    tokens
}

/// Where a list of names ends; `None` for anything else.
fn closing(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let end = from + tokens.get(from..)?.iter().position(|t| t.token == Token::RParen)?;
    let names = tokens[from..end].iter().all(|t| matches!(t.token, Token::Word(_) | Token::Comma));
    (names && end > from).then_some(end)
}
