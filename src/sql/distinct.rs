//! `IS [NOT] DISTINCT FROM`, whose right side sqlparser reads too far, token by token.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// `IS [NOT] DISTINCT FROM` with its right side in parentheses: sqlparser takes everything that follows for it, AND and
/// OR too.
#[must_use]
pub fn bounded(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Where, in `tokens`, a parenthesis that was put in ends.
    let mut closing: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        while closing.last() == Some(&i) {
            closing.pop();
            out.push(TokenWithSpan { token: Token::RParen, span: token.span });
        }
        out.push(token.clone());
        let before = |n: usize| word(i.checked_sub(n).and_then(|i| tokens.get(i)));
        let found = word(Some(token)) == "FROM"
            && before(1) == "DISTINCT"
            && (before(2) == "IS" || (before(2) == "NOT" && before(3) == "IS"));
        if found {
            out.push(TokenWithSpan { token: Token::LParen, span: token.span });
            closing.push(operand_end(&tokens, i + 1));
            closing.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
    if let Some(last) = tokens.last() {
        out.extend(closing.iter().map(|_| TokenWithSpan { token: Token::RParen, span: last.span }));
    }
    out
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
