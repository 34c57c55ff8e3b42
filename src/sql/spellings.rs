//! Literals and calls that PostgreSQL spells in ways the parser does not read, as tokens that mean the same:
//! `name 'x'`, `trim(both from x)`, `substring(x similar p escape e)`, `f(variadic x)`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The call that a VARIADIC argument becomes; not a name that SQL spells without quotes.
pub const VARIADIC: &str = "variadic argument";

/// Types whose name before a string makes a literal of the type; the parser knows the others itself.
const LITERAL_TYPES: [&str; 32] = [
    "name",
    "oid",
    "xid",
    "cid",
    "tid",
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regrole",
    "regnamespace",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "money",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "tsvector",
    "tsquery",
    "xml",
    "varbit",
    "pg_lsn",
    "jsonpath",
    "bpchar",
    "int2vector",
    "oidvector",
];

/// The tokens as the parser takes them.
#[must_use]
pub fn adapt(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // For each open parenthesis: whether it is SUBSTRING's, and whether it holds a VARIADIC argument.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let next = tokens.get(i + 1);
        match &token.token {
            Token::LParen => {
                let callee = out.last().and_then(keyword);
                open.push((callee == Some(Keyword::SUBSTRING), false));
                out.push(token.clone());
                if callee == Some(Keyword::TRIM) {
                    i += trimmed(&tokens[i + 1..], &mut out);
                }
            }
            Token::RParen => {
                if let Some((_, true)) = open.pop() {
                    out.push(at(Token::RParen, token));
                }
                out.push(token.clone());
            }
            Token::Word(word) if is_literal(word, next) && out.last().is_none_or(|t| t.token != Token::Period) => {
                out.extend(next.cloned());
                out.push(at(Token::DoubleColon, token));
                out.push(token.clone());
                i += 1;
            }
            Token::Word(word) if is(word, "operator") && quantified(&tokens[i + 1..]).is_some() => {
                if let Some((operator, taken)) = quantified(&tokens[i + 1..]) {
                    out.push(at(operator, token));
                    i += taken;
                }
            }
            Token::Word(word) if (is(word, "isnull") || is(word, "notnull")) && out.last().is_some_and(ends_value) => {
                let words: &[&str] = if is(word, "isnull") { &["IS", "NULL"] } else { &["IS", "NOT", "NULL"] };
                out.extend(words.iter().map(|keyword| at(Token::make_keyword(keyword), token)));
            }
            Token::Word(word) => {
                let in_substring = open.last().is_some_and(|(substring, _)| *substring);
                let argument = out.last().is_some_and(|t| matches!(t.token, Token::LParen | Token::Comma));
                if in_substring && is(word, "similar") && next.and_then(keyword) != Some(Keyword::TO)
                    || in_substring && word.keyword == Keyword::ESCAPE
                {
                    out.push(at(Token::Comma, token));
                } else if argument && is(word, "variadic") && starts_value(next) && !open.is_empty() {
                    out.push(at(Token::make_word(VARIADIC, Some('"')), token));
                    out.push(at(Token::LParen, token));
                    if let Some(last) = open.last_mut() {
                        last.1 = true;
                    }
                } else {
                    out.push(token.clone());
                }
            }
            Token::DollarQuotedString(text) => out.push(at(Token::SingleQuotedString(text.value.clone()), token)),
            _ => out.push(token.clone()),
        }
        i += 1;
    }
    out
}

/// The operator of `OPERATOR(schema.op)` before ANY or ALL, where the parser takes a plain one only, and the tokens it is
/// written in.
fn quantified(tokens: &[TokenWithSpan]) -> Option<(Token, usize)> {
    let close = tokens.iter().take(6).position(|t| t.token == Token::RParen)?;
    let is_open = tokens.first().is_some_and(|t| t.token == Token::LParen);
    let before = matches!(tokens.get(close + 1).and_then(keyword), Some(Keyword::ANY | Keyword::ALL | Keyword::SOME));
    let last = close.checked_sub(1)?;
    let built_in = match tokens.get(1..last)? {
        [] => true,
        [schema, dot] => matches!(&schema.token, Token::Word(w) if is(w, "pg_catalog")) && dot.token == Token::Period,
        _ => false,
    };
    (is_open && before && built_in).then(|| (tokens[last].token.clone(), close + 1))
}

/// `[BOTH] FROM x` without the characters to trim, which are blanks then; gives how many tokens it has taken.
fn trimmed(tokens: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> usize {
    let side =
        tokens.first().filter(|t| matches!(keyword(t), Some(Keyword::BOTH | Keyword::LEADING | Keyword::TRAILING)));
    let taken = usize::from(side.is_some());
    let Some(from) = tokens.get(taken).filter(|t| keyword(t) == Some(Keyword::FROM)) else { return 0 };
    out.push(side.cloned().unwrap_or_else(|| at(Token::make_keyword("BOTH"), from)));
    out.push(at(Token::SingleQuotedString(" ".to_owned()), from));
    taken
}

fn is_literal(word: &Word, next: Option<&TokenWithSpan>) -> bool {
    let string = matches!(
        next.map(|t| &t.token),
        Some(Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) | Token::DollarQuotedString(_))
    );
    let named = match word.quote_style {
        None => LITERAL_TYPES.iter().any(|name| is(word, name)),
        Some(_) => word.value == "char",
    };
    string && named
}

/// Whether a token may begin the value after VARIADIC; otherwise the word is a name.
fn starts_value(token: Option<&TokenWithSpan>) -> bool {
    !matches!(token.map(|t| &t.token), None | Some(Token::Comma | Token::RParen | Token::Period | Token::Eq))
}

/// Whether a token may be the last one of a value.
fn ends_value(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Word(word) => {
            word.quote_style.is_some() || matches!(word.keyword, Keyword::NoKeyword | Keyword::NULL | Keyword::END)
        }
        Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_) => true,
        Token::EscapedStringLiteral(_) | Token::DollarQuotedString(_) | Token::Placeholder(_) => true,
        _ => false,
    }
}

/// A literal that follows another one, which PostgreSQL takes for no alias.
#[must_use]
pub fn stray_string(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    let string = |t: &TokenWithSpan| matches!(t.token, Token::SingleQuotedString(_));
    let literal = |t: &TokenWithSpan| string(t) || matches!(t.token, Token::Number(..));
    tokens.windows(2).find(|pair| literal(&pair[0]) && string(&pair[1])).map(|pair| &pair[1])
}

fn is(word: &Word, name: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name)
}

fn keyword(token: &TokenWithSpan) -> Option<Keyword> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

fn at(token: Token, place: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token, span: place.span }
}
