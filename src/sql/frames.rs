//! Window frames that sqlparser has no grammar for, brought into a form it has, token by token.
//!
//! `EXCLUDE …` at a frame's end becomes a mark on the window's name at its beginning (`OVER (w …)`), which
//! `rewrite/windows.rs` takes off again. An offset that begins with a string gets parentheses, without which sqlparser
//! reads an interval's literal only.

use datafusion::sql::sqlparser::dialect::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Stands between a window's name and what its frame excludes; no client types it by accident.
pub const MARK: char = '\u{1}';

/// Which rows around the current one a frame leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// The current row.
    CurrentRow,
    /// The current row and its peers.
    Group,
    /// Its peers, not itself.
    Ties,
}

impl Exclusion {
    /// The letter that stands for it in a mark.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::CurrentRow => 'C',
            Self::Group => 'G',
            Self::Ties => 'T',
        }
    }

    /// What a letter stands for.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::CurrentRow, Self::Group, Self::Ties].into_iter().find(|e| e.letter() == letter)
    }
}

/// Rewrites the frames of a statement; a statement without frames is left as it is.
#[must_use]
pub fn parseable(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Where each open parenthesis stands in `out`.
    let mut open: Vec<usize> = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        match &token.token {
            Token::LParen => open.push(out.len()),
            Token::RParen => {
                open.pop();
            }
            _ => {}
        }
        if let (Some((exclusion, length)), Some(start)) = (excluded(&tokens[i..], out.last()), open.last()) {
            if let Some(exclusion) = exclusion {
                mark(&mut out, *start, exclusion);
            }
            i += length;
            continue;
        }
        if let Some(length) = string_offset(&tokens[i..], out.last()) {
            out.push(TokenWithSpan::new(Token::LParen, token.span));
            out.extend_from_slice(&tokens[i..i + length]);
            out.push(TokenWithSpan::new(Token::RParen, token.span));
            i += length;
            continue;
        }
        out.push(token.clone());
        i += 1;
    }
    out
}

fn word(token: Option<&TokenWithSpan>) -> String {
    match token.map(|t| &t.token) {
        Some(Token::Word(Word { value, quote_style: None, .. })) => value.to_uppercase(),
        _ => String::new(),
    }
}

/// An EXCLUDE clause at the beginning of `rest`: what it excludes (`None`: NO OTHERS) and how many tokens it has.
fn excluded(rest: &[TokenWithSpan], before: Option<&TokenWithSpan>) -> Option<(Option<Exclusion>, usize)> {
    if word(rest.first()) != "EXCLUDE" || !["ROW", "PRECEDING", "FOLLOWING"].contains(&word(before).as_str()) {
        return None;
    }
    let found = match (word(rest.get(1)).as_str(), word(rest.get(2)).as_str()) {
        ("CURRENT", "ROW") => (Some(Exclusion::CurrentRow), 3),
        ("NO", "OTHERS") => (None, 3),
        ("GROUP", _) => (Some(Exclusion::Group), 2),
        ("TIES", _) => (Some(Exclusion::Ties), 2),
        _ => return None,
    };
    matches!(rest.get(found.1).map(|t| &t.token), Some(Token::RParen)).then_some(found)
}

/// Puts the mark on the name of the window whose parenthesis stands at `start`.
fn mark(out: &mut Vec<TokenWithSpan>, start: usize, exclusion: Exclusion) {
    let marked = |name: &str| {
        let value = format!("{name}{MARK}{}", exclusion.letter());
        Token::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword })
    };
    let clauses = ["PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS"];
    let named = match out.get(start + 1).map(|t| &t.token) {
        Some(Token::Word(w)) if w.quote_style.is_some() => Some(w.value.clone()),
        Some(Token::Word(w)) if !clauses.contains(&w.value.to_uppercase().as_str()) => Some(w.value.to_lowercase()),
        _ => None,
    };
    match named {
        Some(name) => out[start + 1].token = marked(&name),
        None => {
            let span = out[start].span;
            out.insert(start + 1, TokenWithSpan::new(marked(""), span));
        }
    }
}

/// The tokens of an offset that begins with a string, up to its PRECEDING or FOLLOWING.
fn string_offset(rest: &[TokenWithSpan], before: Option<&TokenWithSpan>) -> Option<usize> {
    if !matches!(rest.first().map(|t| &t.token), Some(Token::SingleQuotedString(_)))
        || !["BETWEEN", "AND", "ROWS", "RANGE", "GROUPS"].contains(&word(before).as_str())
    {
        return None;
    }
    let mut depth = 0_usize;
    for (i, token) in rest.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return None,
            Token::RParen => depth -= 1,
            Token::Word(_) if depth == 0 => match word(Some(token)).as_str() {
                "PRECEDING" | "FOLLOWING" => return Some(i),
                "AND" | "OR" => return None,
                _ => {}
            },
            _ => {}
        }
    }
    None
}
