//! `SIMILAR TO`: SQL's patterns as regular expressions, and `substring(… similar … escape …)`; escapes of LIKE.

use arrow::array::ArrayRef;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Text};
use super::Flags;
use super::matcher::Matchers;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    const TWO: &[Ty] = &[Text, Text];
    r.add("similar_to_escape", &[Text], Text, to_regex);
    r.add("similar_to_escape", TWO, Text, to_regex);
    r.add("substring", &[Text, Text, Text], Text, substring);
    r.add("like_escape", TWO, Text, like_escape);
}

/// The escape character: none, or one.
fn escape_char(text: &str) -> Result<Option<char>> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (first, None) => Ok(first),
        _ => Err(Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "invalid escape string")
            .hint("Escape string must be empty or one character.")),
    }
}

/// A SIMILAR TO pattern as a regular expression. Quotes escaped (`#"`) mark the part `substring` gives back.
fn regex_of(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut out = String::from("^(?:");
    let (mut chars, mut in_bracket, mut separators) = (pattern.chars().peekable(), false, 0);
    while let Some(ch) = chars.next() {
        if Some(ch) == escape {
            let Some(next) = chars.next() else { break };
            if next == '"' && !in_bracket {
                separators += 1;
                out.push_str(match separators {
                    1 => "){1,1}?(",
                    2 => "){1,1}(?:",
                    _ => {
                        let message =
                            "SQL regular expression may not contain more than two escape-double-quote separators";
                        return Err(Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, message));
                    }
                });
            } else {
                out.push('\\');
                out.push(next);
            }
            continue;
        }
        match ch {
            _ if in_bracket => {
                if ch == '\\' {
                    out.push('\\');
                }
                out.push(ch);
                in_bracket = ch != ']';
            }
            '[' => {
                out.push('[');
                in_bracket = true;
                // A bracket right after the opening one stands for itself.
                if let Some(caret) = chars.next_if_eq(&'^') {
                    out.push(caret);
                }
                if let Some(bracket) = chars.next_if_eq(&']') {
                    out.push(bracket);
                }
            }
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '\\' | '.' | '^' | '$' => {
                out.push('\\');
                out.push(ch);
            }
            _ => out.push(ch),
        }
    }
    out.push_str(")$");
    Ok(out)
}

fn to_regex(c: &Call<'_>) -> Result<ArrayRef> {
    let p = c.text(0)?;
    let escape = if c.arity() == 2 { Some(c.text(1)?) } else { None };
    c.build_text(|i, out| {
        let escape = escape.as_ref().map_or(Ok(Some('\\')), |e| escape_char(e.at(i)))?;
        out.push_str(&regex_of(p.at(i), escape)?);
        Ok(())
    })
}

fn substring(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p, escape) = (c.text(0)?, c.text(1)?, c.text(2)?);
    let mut matchers = Matchers::default();
    c.build_text_opt(|i, out| {
        let pattern = regex_of(p.at(i), escape_char(escape.at(i))?)?;
        let groups = matchers.get(&pattern, Flags::default())?.captures_at(s.at(i), 0)?;
        let found = groups.and_then(|g| if g.len() > 1 { g[1] } else { g[0] });
        if let Some((from, until)) = found {
            out.push_str(&s.at(i)[from..until]);
        }
        Ok(found.is_some())
    })
}

/// A LIKE pattern with another escape character, rewritten to use the backslash.
fn like_escape(c: &Call<'_>) -> Result<ArrayRef> {
    let (p, escape) = (c.text(0)?, c.text(1)?);
    c.build_text(|i, out| {
        let escape = escape_char(escape.at(i))?;
        let mut chars = p.at(i).chars();
        while let Some(ch) = chars.next() {
            if Some(ch) == escape {
                out.push('\\');
                out.extend(chars.next());
            } else {
                if ch == '\\' {
                    out.push('\\');
                }
                out.push(ch);
            }
        }
        Ok(())
    })
}
