//! Forms of PostgreSQL that sqlparser does not read, as tokens that it reads with the same meaning.
//!
//! Works on the tokens of one statement, before the parser, and changes nothing that the parser understands by itself.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The zone that `AT LOCAL` names; no client can write it.
pub const LOCAL_ZONE: &str = "\u{1}local";

/// Brings tokens into forms that sqlparser reads.
#[must_use]
pub fn readable(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(moved) = interval_digits(&tokens[at..]) {
            out.extend(moved);
            at += 5;
            continue;
        }
        out.push(token.clone());
        at += 1;
        match &token.token {
            // An older spelling of the same arrow.
            Token::Assignment => replace_last(&mut out, Token::RArrow),
            _ if is_word(token, Keyword::AT) && tokens.get(at).is_some_and(|next| is_word(next, Keyword::LOCAL)) => {
                let local = &tokens[at];
                for keyword in ["TIME", "ZONE"] {
                    out.push(TokenWithSpan { token: Token::make_keyword(keyword), span: local.span });
                }
                let zone = Token::make_word(LOCAL_ZONE, Some('"'));
                out.push(TokenWithSpan { token: zone, span: local.span });
                at += 1;
            }
            _ => {}
        }
    }
    out
}

/// `interval ( n ) 'text'` with the digits behind the text.
fn interval_digits(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let [interval, open, digits, close, text, ..] = tokens else { return None };
    let shape = is_word(interval, Keyword::INTERVAL)
        && open.token == Token::LParen
        && matches!(digits.token, Token::Number(..))
        && close.token == Token::RParen
        && matches!(text.token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_));
    shape.then(|| [interval, text, open, digits, close].map(Clone::clone).to_vec())
}

fn is_word(token: &TokenWithSpan, keyword: Keyword) -> bool {
    matches!(&token.token, Token::Word(Word { keyword: found, quote_style: None, .. }) if *found == keyword)
}

fn replace_last(tokens: &mut [TokenWithSpan], token: Token) {
    if let Some(last) = tokens.last_mut() {
        last.token = token;
    }
}
