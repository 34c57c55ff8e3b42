//! Text to arrays and back, and parts of separated text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::Call;
use super::super::output::Writer;
use super::super::ty::Ty::{AnyArray, Array as ArrayOf, Int4, Text};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("split_part", &[Text, Text, Int4], Text, split_part);
    r.add_lax("string_to_array", &[Text, Text], ArrayOf(&Text), string_to_array);
    r.add_lax("string_to_array", &[Text, Text, Text], ArrayOf(&Text), string_to_array);
    r.add("array_to_string", &[AnyArray, Text], Text, array_to_string);
    r.add_lax("array_to_string", &[AnyArray, Text, Text], Text, array_to_string);
}

fn split_part(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, separator, field) = (c.text(0)?, c.text(1)?, c.prims::<Int32Type>(2)?);
    c.build_text(|i, out| {
        let (s, separator, field) = (s.at(i), separator.at(i), field.at(i));
        if field == 0 {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "field position must not be zero"));
        }
        let skip = usize::try_from(field.unsigned_abs()).unwrap_or(usize::MAX) - 1;
        let part = if separator.is_empty() {
            (skip == 0).then_some(s)
        } else if field > 0 {
            s.split(separator).nth(skip)
        } else {
            // From the end, but over the parts found from the start: `aaa` by `aa` is `'', 'a'`.
            let count = s.split(separator).count();
            count.checked_sub(skip + 1).and_then(|nth| s.split(separator).nth(nth))
        };
        out.push_str(part.unwrap_or(""));
        Ok(())
    })
}

fn string_to_array(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, separator) = (c.text(0)?, c.text(1)?);
    let null_text = if c.arity() == 3 { Some(c.text(2)?) } else { None };
    c.build_list(|row| {
        if c.is_null(0, row) {
            return Ok(None);
        }
        let text = s.at(row);
        let null = null_text.as_ref().filter(|_| !c.is_null(2, row)).map(|n| n.at(row));
        let keep = |part| if Some(part) == null { None } else { Some(part) };
        let mut utf8 = [0; 4];
        let parts: StringArray = match (text.is_empty(), c.is_null(1, row)) {
            (true, _) => StringArray::new_null(0),
            (false, true) => text
                .chars()
                .map(|ch| {
                    let one: &str = ch.encode_utf8(&mut utf8);
                    if Some(one) == null { None } else { Some(ch.to_string()) }
                })
                .collect(),
            (false, false) if separator.at(row).is_empty() => StringArray::from(vec![keep(text)]),
            (false, false) => text.split(separator.at(row)).map(keep).collect(),
        };
        Ok(Some(Arc::new(parts) as ArrayRef))
    })
}

fn array_to_string(c: &Call<'_>) -> Result<ArrayRef> {
    let separator = c.text(1)?;
    let null_text = if c.arity() == 3 { Some(c.text(2)?) } else { None };
    let lists = c.lists(0)?;
    let style = c.style();
    c.build_text_opt(|row, out| {
        if c.is_null(0, row) || c.is_null(1, row) {
            return Ok(false);
        }
        let null = null_text.as_ref().filter(|_| !c.is_null(2, row)).map(|n| n.at(row));
        let mut first = true;
        let mut stack = vec![(lists.at(row), 0)];
        while let Some((list, at)) = stack.pop() {
            if at == list.len() {
                continue;
            }
            stack.push((Arc::clone(&list), at + 1));
            if let Some(inner) = super::super::call::list_row(&list, at) {
                stack.push((inner, 0));
                continue;
            }
            if list.is_null(at) && null.is_none() {
                continue;
            }
            if !first {
                out.push_str(separator.at(row));
            }
            first = false;
            match null.filter(|_| list.is_null(at)) {
                Some(text) => out.push_str(text),
                None => Writer::for_element(&list, &style)?.write(at, out)?,
            }
        }
        Ok(true)
    })
}
