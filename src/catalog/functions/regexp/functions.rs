//! `~` and its kin, `regexp_match`, `regexp_replace`, `regexp_split_to_array`, `regexp_like`, `substring`.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int32Type};

use super::super::Registry;
use super::super::access::Texts;
use super::super::call::{Call, check_length};
use super::super::string::byte_offset;
use super::super::ty::Ty::{self, Array as ArrayOf, Bool, Int4, Text};
use super::super::udf::fault;
use super::Flags;
use super::matcher::{Matcher, Matchers, Span, next_char};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    const TWO: &[Ty] = &[Text, Text];
    const THREE: &[Ty] = &[Text, Text, Text];
    r.add("textregexeq", TWO, Bool, |c| tested(c, false, true));
    r.add("textregexne", TWO, Bool, |c| tested(c, false, false));
    r.add("texticregexeq", TWO, Bool, |c| tested(c, true, true));
    r.add("texticregexne", TWO, Bool, |c| tested(c, true, false));
    for params in [TWO, THREE] {
        r.add("regexp_like", params, Bool, |c| {
            let (s, p) = (c.text(0)?, c.text(1)?);
            let (flags, mut matchers) = (flag_argument(c, 2)?, Matchers::default());
            c.build_bool(|i| {
                let flags = flags_at(flags.as_ref(), i, Some("regexp_like"))?;
                matchers.get(p.at(i), flags)?.is_match(s.at(i))
            })
        });
        r.add("regexp_match", params, ArrayOf(&Text), regexp_match);
        r.add("regexp_split_to_array", params, ArrayOf(&Text), |c| split(c, "regexp_split_to_array"));
        r.add("regexp_split_to_table_list", params, ArrayOf(&Text), |c| split(c, "regexp_split_to_table"));
        r.add("regexp_matches_list", params, ArrayOf(&ArrayOf(&Text)), regexp_matches);
    }
    r.add("substring", TWO, Text, substring);
    r.add("regexp_replace", THREE, Text, replace);
    r.add("regexp_replace", &[Text, Text, Text, Text], Text, replace);
    r.add("regexp_replace", &[Text, Text, Text, Int4], Text, replace_nth);
    r.add("regexp_replace", &[Text, Text, Text, Int4, Int4], Text, replace_nth);
    r.add("regexp_replace", &[Text, Text, Text, Int4, Int4, Text], Text, replace_nth);
}

/// The flags argument, when the call has one.
pub(super) fn flag_argument<'a>(c: &'a Call<'_>, i: usize) -> Result<Option<Texts<'a>>> {
    if c.arity() > i { c.text(i).map(Some) } else { Ok(None) }
}

/// The flags in a row; `single` names a function that finds one match and refuses `g`.
pub(super) fn flags_at(flags: Option<&Texts<'_>>, row: usize, single: Option<&str>) -> Result<Flags> {
    let flags = flags.map_or(Ok(Flags::default()), |f| Flags::parse(f.at(row)))?;
    match single {
        Some(name) if flags.global => {
            let message = format!("{name}() does not support the \"global\" option");
            let error = Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
            Err(if name == "regexp_match" { error.hint("Use the regexp_matches function instead.") } else { error })
        }
        _ => Ok(flags),
    }
}

fn tested(c: &Call<'_>, ignore_case: bool, wanted: bool) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let flags = Flags { ignore_case, ..Flags::default() };
    let mut matchers = Matchers::default();
    c.build_bool(|i| Ok(matchers.get(p.at(i), flags)?.is_match(s.at(i))? == wanted))
}

/// The groups of a match, or the whole of it when the pattern has none.
fn group_texts(text: &str, groups: &[Option<Span>]) -> ArrayRef {
    let wanted = if groups.len() > 1 { &groups[1..] } else { groups };
    Arc::new(wanted.iter().map(|g| g.map(|(from, until)| &text[from..until])).collect::<StringArray>())
}

fn regexp_match(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let (flags, mut matchers) = (flag_argument(c, 2)?, Matchers::default());
    c.build_list(|i| {
        let flags = flags_at(flags.as_ref(), i, Some("regexp_match"))?;
        Ok(matchers.get(p.at(i), flags)?.captures_at(s.at(i), 0)?.map(|groups| group_texts(s.at(i), &groups)))
    })
}

/// The groups of the first match, or of all with the flag `g`, one row each.
fn regexp_matches(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let (flags, mut matchers) = (flag_argument(c, 2)?, Matchers::default());
    c.build_list(|i| {
        let flags = flags_at(flags.as_ref(), i, None)?;
        let text = s.at(i);
        let matcher = matchers.get(p.at(i), Flags { global: false, ..flags })?;
        let (mut rows, mut search) = (Vec::new(), 0);
        while search <= text.len() {
            let Some(groups) = matcher.captures_at(text, search)? else { break };
            let Some((start, end)) = groups[0] else { break };
            search = if start == end { next_char(text, end) } else { end };
            rows.push(group_texts(text, &groups));
            if !flags.global {
                break;
            }
        }
        let offsets = OffsetBuffer::from_lengths(rows.iter().map(arrow::array::Array::len));
        let values: Vec<&dyn arrow::array::Array> = rows.iter().map(AsRef::as_ref).collect();
        let values = match values.is_empty() {
            true => Arc::new(StringArray::new_null(0)) as ArrayRef,
            false => arrow::compute::concat(&values).map_err(fault)?,
        };
        let field = Arc::new(Field::new("item", DataType::Utf8, true));
        let rows = ListArray::try_new(field, offsets, values, None).map_err(fault)?;
        Ok(Some(Arc::new(rows) as ArrayRef))
    })
}

fn split(c: &Call<'_>, name: &str) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let (flags, mut matchers) = (flag_argument(c, 2)?, Matchers::default());
    c.build_list(|i| {
        let flags = flags_at(flags.as_ref(), i, Some(name))?;
        let text = s.at(i);
        let matcher = matchers.get(p.at(i), flags)?;
        let (mut parts, mut from, mut search) = (Vec::new(), 0, 0);
        while search <= text.len() {
            let Some((start, end)) = matcher.find_at(text, search)? else { break };
            search = if start == end { next_char(text, end) } else { end };
            // An empty match splits only between characters.
            if start < text.len() && end > from {
                parts.push(&text[from..start]);
                from = end;
            }
        }
        parts.push(&text[from..]);
        Ok(Some(Arc::new(StringArray::from(parts)) as ArrayRef))
    })
}

fn substring(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let mut matchers = Matchers::default();
    c.build_text_opt(|i, out| {
        let groups = matchers.get(p.at(i), Flags::default())?.captures_at(s.at(i), 0)?;
        // The first group counts when there is one, even when it took no part in the match.
        let found = groups.and_then(|g| if g.len() > 1 { g[1] } else { g[0] });
        if let Some((from, until)) = found {
            out.push_str(&s.at(i)[from..until]);
        }
        Ok(found.is_some())
    })
}

/// Replaces matches from a byte offset on: every one, or the `nth` (from 1).
fn replaced(
    matcher: &mut Matcher,
    text: &str,
    with: &str,
    from: usize,
    nth: Option<usize>,
    out: &mut String,
) -> Result<()> {
    let start_length = out.len();
    let (mut search, mut copied, mut count) = (from, 0, 0);
    let plain = !with.contains('\\');
    while search <= text.len() {
        let groups = if plain {
            matcher.find_at(text, search)?.map(|span| vec![Some(span)])
        } else {
            matcher.captures_at(text, search)?
        };
        let Some(groups) = groups else { break };
        let Some((start, end)) = groups[0] else { break };
        count += 1;
        search = if start == end { next_char(text, end) } else { end };
        if nth.is_some_and(|n| n != count) {
            continue;
        }
        out.push_str(&text[copied..start]);
        expand(with, text, &groups, out);
        copied = end;
        check_length(out.len() - start_length)?;
        if nth.is_some() {
            break;
        }
    }
    out.push_str(&text[copied..]);
    Ok(())
}

/// Appends a replacement, `\1` to `\9` and `\&` filled in.
fn expand(with: &str, text: &str, groups: &[Option<Span>], out: &mut String) {
    let mut chars = with.chars();
    while let Some(ch) = chars.next() {
        if ch != '\\' {
            out.push(ch);
            continue;
        }
        let group = match chars.next() {
            Some('&') => 0,
            Some(digit @ '1'..='9') => digit.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(0),
            Some('\\') | None => {
                out.push('\\');
                continue;
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
                continue;
            }
        };
        if let Some(Some((from, until))) = groups.get(group) {
            out.push_str(&text[*from..*until]);
        }
    }
}

fn replace(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p, with) = (c.text(0)?, c.text(1)?, c.text(2)?);
    let (flags, mut matchers) = (flag_argument(c, 3)?, Matchers::default());
    c.build_text(|i, out| {
        if flags.as_ref().is_some_and(|f| f.at(i).starts_with(|ch: char| ch.is_ascii_digit())) {
            let letter = flags.as_ref().and_then(|f| f.at(i).chars().next()).unwrap_or('0');
            let message = format!("invalid regular expression option: \"{letter}\"");
            let hint = "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to \
                        integer explicitly.";
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message).hint(hint));
        }
        let flags = flags_at(flags.as_ref(), i, None)?;
        let nth = if flags.global { None } else { Some(1) };
        let matcher = matchers.get(p.at(i), Flags { global: false, ..flags })?;
        replaced(matcher, s.at(i), with.at(i), 0, nth, out)
    })
}

fn replace_nth(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p, with, start) = (c.text(0)?, c.text(1)?, c.text(2)?, c.prims::<Int32Type>(3)?);
    let nth = if c.arity() > 4 { Some(c.prims::<Int32Type>(4)?) } else { None };
    let (flags, mut matchers) = (flag_argument(c, 5)?, Matchers::default());
    c.build_text(|i, out| {
        let from = start_offset(s.at(i), start.at(i))?;
        let n = nth.as_ref().map_or(1, |n| n.at(i));
        let n = usize::try_from(n).map_err(|_| parameter("n", n))?;
        let flags = flags_at(flags.as_ref(), i, None)?;
        // With a count given, the flag g says nothing.
        let all = if nth.is_some() { n == 0 } else { flags.global };
        let matcher = matchers.get(p.at(i), Flags { global: false, ..flags })?;
        replaced(matcher, s.at(i), with.at(i), from, (!all).then_some(n), out)
    })
}

/// The byte offset of a start position counted in characters from 1.
pub(super) fn start_offset(text: &str, start: i32) -> Result<usize> {
    let before = usize::try_from(start).ok().and_then(|n| n.checked_sub(1));
    let before = before.ok_or_else(|| parameter("start", start))?;
    let at = byte_offset(text, before);
    // Beyond the end there is nothing to find, not even an empty match.
    Ok(if super::super::string::char_count(text) < before { text.len() + 1 } else { at })
}

/// `22023` of a parameter.
pub(super) fn parameter(name: &str, value: i32) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid value for parameter \"{name}\": {value}"))
}
