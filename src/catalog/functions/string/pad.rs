//! Padding, repetition, trimming, concatenation.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::{Call, check_length, list_row};
use super::super::output;
use super::super::ty::Ty::{Any, Int4, Text};
use super::{byte_offset, char_count};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    for params in [&[Text, Int4][..], &[Text, Int4, Text][..]] {
        r.add("lpad", params, Text, |c| pad(c, true));
        r.add("rpad", params, Text, |c| pad(c, false));
    }
    r.add("repeat", &[Text, Int4], Text, repeat);
    for params in [&[Text][..], &[Text, Text][..]] {
        r.add("btrim", params, Text, |c| trim(c, true, true));
        r.add("trim", params, Text, |c| trim(c, true, true));
        r.add("ltrim", params, Text, |c| trim(c, true, false));
        r.add("rtrim", params, Text, |c| trim(c, false, true));
    }
    r.add_variadic("concat", &[Any], Text, concat);
    r.add_variadic("concat_ws", &[Text, Any], Text, concat_ws);
    r.add_lax("concat variadic", &[Any], Text, |c| concat_array(c, 0));
    r.add_lax("concat_ws variadic", &[Text, Any], Text, |c| concat_array(c, 1));
    r.add("text_concat", &[Text, Text], Text, |c| {
        let (a, b) = (c.text(0)?, c.text(1)?);
        c.build_text(|i, out| {
            check_length(a.at(i).len() + b.at(i).len())?;
            out.push_str(a.at(i));
            out.push_str(b.at(i));
            Ok(())
        })
    });
}

fn pad(c: &Call<'_>, left: bool) -> Result<ArrayRef> {
    let (s, width) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    let fill = if c.arity() == 3 { Some(c.text(2)?) } else { None };
    c.build_text(|i, out| {
        let text = s.at(i);
        let fill = fill.as_ref().map_or(" ", |f| f.at(i));
        let width = usize::try_from(width.at(i)).unwrap_or(0);
        let have = char_count(text);
        if have >= width {
            out.push_str(&text[..byte_offset(text, width)]);
            return Ok(());
        }
        let missing = if fill.is_empty() { 0 } else { width - have };
        // PostgreSQL refuses by the widest character, here the result's own size is what counts.
        check_length(missing.saturating_mul(fill.len()) / char_count(fill).max(1) + text.len())?;
        if !left {
            out.push_str(text);
        }
        out.extend(fill.chars().cycle().take(missing));
        if left {
            out.push_str(text);
        }
        Ok(())
    })
}

fn repeat(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, count) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    c.build_text(|i, out| {
        let count = usize::try_from(count.at(i)).unwrap_or(0);
        check_length(s.at(i).len().saturating_mul(count))?;
        for _ in 0..if s.at(i).is_empty() { 0 } else { count } {
            out.push_str(s.at(i));
        }
        Ok(())
    })
}

fn trim(c: &Call<'_>, left: bool, right: bool) -> Result<ArrayRef> {
    let s = c.text(0)?;
    let set = if c.arity() == 2 { Some(c.text(1)?) } else { None };
    c.build_text(|i, out| {
        let mut text = s.at(i);
        let set = set.as_ref().map_or(" ", |f| f.at(i));
        let listed = |ch: char| set.contains(ch);
        if left {
            text = text.trim_start_matches(listed);
        }
        if right {
            text = text.trim_end_matches(listed);
        }
        out.push_str(text);
        Ok(())
    })
}

fn concat(c: &Call<'_>) -> Result<ArrayRef> {
    let writers = output::writers(c, 0)?;
    c.build_text(|row, out| {
        for (i, writer) in writers.iter().enumerate() {
            if !c.is_null(i, row) {
                writer.write(c.arg(i).index(row), out)?;
            }
        }
        Ok(())
    })
}

/// `concat` and `concat_ws` of an array's elements, which is argument `at`.
fn concat_array(c: &Call<'_>, at: usize) -> Result<ArrayRef> {
    let separator = if at == 1 { Some(c.text(0)?) } else { None };
    if c.arg(at).array.as_list_opt::<i32>().is_none() && c.arg(at).array.null_count() < c.arg(at).array.len() {
        return Err(Error::new(sqlstate::DATATYPE_MISMATCH, "VARIADIC argument must be an array"));
    }
    let style = c.style();
    c.build_text_opt(|row, out| {
        if (0..=at).any(|i| c.is_null(i, row)) {
            return Ok(false);
        }
        let Some(elements) = list_row(&c.arg(at).array, c.arg(at).index(row)) else { return Ok(false) };
        let writer = output::Writer::for_element(&elements, &style)?;
        let mut first = true;
        for i in (0..elements.len()).filter(|i| elements.is_valid(*i)) {
            if let (Some(separator), false) = (&separator, first) {
                out.push_str(separator.at(row));
            }
            first = false;
            writer.write(i, out)?;
        }
        Ok(true)
    })
}

fn concat_ws(c: &Call<'_>) -> Result<ArrayRef> {
    let separator = c.text(0)?;
    let writers = output::writers(c, 1)?;
    c.build_text_opt(|row, out| {
        if c.is_null(0, row) {
            return Ok(false);
        }
        let mut first = true;
        for (i, writer) in (1..).zip(&writers) {
            if c.is_null(i, row) {
                continue;
            }
            if !first {
                out.push_str(separator.at(row));
            }
            first = false;
            writer.write(c.arg(i).index(row), out)?;
        }
        Ok(true)
    })
}
