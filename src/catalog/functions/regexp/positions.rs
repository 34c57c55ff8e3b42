//! `regexp_count`, `regexp_instr`, `regexp_substr`.

use arrow::array::ArrayRef;
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::{Call, too_large};
use super::super::string::char_count;
use super::super::ty::Ty::{self, Int4, Text};
use super::Flags;
use super::functions::{flag_argument, flags_at, parameter, start_offset};
use super::matcher::{Matcher, Matchers, Span, next_char};
use crate::error::Result;

const COUNT: &[Ty] = &[Text, Text, Int4, Text];
const INSTR: &[Ty] = &[Text, Text, Int4, Int4, Int4, Text, Int4];
const SUBSTR: &[Ty] = &[Text, Text, Int4, Int4, Text, Int4];

pub(super) fn register(r: &mut Registry) {
    for arity in 2..=COUNT.len() {
        r.add("regexp_count", &COUNT[..arity], Int4, count);
    }
    for arity in 2..=INSTR.len() {
        r.add("regexp_instr", &INSTR[..arity], Int4, instr);
    }
    for arity in 2..=SUBSTR.len() {
        r.add("regexp_substr", &SUBSTR[..arity], Text, substr);
    }
}

/// The groups of the `nth` match (from 1) at or after an offset.
fn nth_match(matcher: &mut Matcher, text: &str, from: usize, nth: usize) -> Result<Option<Vec<Option<Span>>>> {
    let (mut search, mut count) = (from, 0);
    while search <= text.len() {
        let Some(groups) = matcher.captures_at(text, search)? else { return Ok(None) };
        let Some((start, end)) = groups[0] else { return Ok(None) };
        count += 1;
        if count == nth {
            return Ok(Some(groups));
        }
        search = if start == end { next_char(text, end) } else { end };
    }
    Ok(None)
}

fn count(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let start = if c.arity() > 2 { Some(c.prims::<Int32Type>(2)?) } else { None };
    let (flags, mut matchers) = (flag_argument(c, 3)?, Matchers::default());
    c.build::<Int32Type>(|i| {
        let text = s.at(i);
        let flags = flags_at(flags.as_ref(), i, Some("regexp_count"))?;
        let mut search = start_offset(text, start.as_ref().map_or(1, |n| n.at(i)))?;
        let matcher = matchers.get(p.at(i), flags)?;
        let mut found = 0_i32;
        while search <= text.len() {
            let Some((start, end)) = matcher.find_at(text, search)? else { break };
            found += 1;
            search = if start == end { next_char(text, end) } else { end };
        }
        Ok(found)
    })
}

/// Which match and which of its groups a call asks for.
struct Wanted {
    from: usize,
    nth: usize,
    group: usize,
    flags: Flags,
}

fn wanted(c: &Call<'_>, row: usize, flag_at: usize, group_at: usize, name: &str) -> Result<Wanted> {
    let int = |i: usize, default: i32| -> Result<i32> {
        if c.arity() > i { Ok(c.prims::<Int32Type>(i)?.at(row)) } else { Ok(default) }
    };
    let from = start_offset(c.text(0)?.at(row), int(2, 1)?)?;
    let n = int(3, 1)?;
    let nth = usize::try_from(n).ok().filter(|n| *n > 0).ok_or_else(|| parameter("n", n))?;
    let subexpression = int(group_at, 0)?;
    let group = usize::try_from(subexpression).map_err(|_| parameter("subexpr", subexpression))?;
    let flags = flags_at(flag_argument(c, flag_at)?.as_ref(), row, Some(name))?;
    Ok(Wanted { from, nth, group, flags })
}

fn instr(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let end_option = if c.arity() > 4 { Some(c.prims::<Int32Type>(4)?) } else { None };
    let mut matchers = Matchers::default();
    c.build::<Int32Type>(|i| {
        let wanted = wanted(c, i, 5, 6, "regexp_instr")?;
        let option = end_option.as_ref().map_or(0, |e| e.at(i));
        if !(0..=1).contains(&option) {
            return Err(parameter("endoption", option));
        }
        let groups = nth_match(matchers.get(p.at(i), wanted.flags)?, s.at(i), wanted.from, wanted.nth)?;
        let span = groups.and_then(|g| g.get(wanted.group).copied().flatten());
        let Some((start, end)) = span else { return Ok(0) };
        let at = if option == 1 { end } else { start };
        i32::try_from(char_count(&s.at(i)[..at]) + 1).map_err(|_| too_large())
    })
}

fn substr(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, p) = (c.text(0)?, c.text(1)?);
    let mut matchers = Matchers::default();
    c.build_text_opt(|i, out| {
        let wanted = wanted(c, i, 4, 5, "regexp_substr")?;
        let groups = nth_match(matchers.get(p.at(i), wanted.flags)?, s.at(i), wanted.from, wanted.nth)?;
        let span = groups.and_then(|g| g.get(wanted.group).copied().flatten());
        if let Some((from, until)) = span {
            out.push_str(&s.at(i)[from..until]);
        }
        Ok(span.is_some())
    })
}
