//! `->`, `->>`, `#>`, `#>>` under the names of `pg_operator`, and what asks about a value.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::{Call, list_row, too_large};
use super::super::ty::Ty::{self, Array as ArrayOf, Int4, Json as JsonTy, Jsonb, Text};
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::{Json, Kind};

const TEXTS: Ty = ArrayOf(&Text);

pub(super) fn register(r: &mut Registry) {
    r.add("json_object_field", &[JsonTy, Text], JsonTy, |c| member(c, false));
    r.add("jsonb_object_field", &[Jsonb, Text], Jsonb, |c| member(c, false));
    r.add("json_object_field_text", &[JsonTy, Text], Text, |c| member(c, true));
    r.add("jsonb_object_field_text", &[Jsonb, Text], Text, |c| member(c, true));
    r.add("json_array_element", &[JsonTy, Int4], JsonTy, |c| element(c, false));
    r.add("jsonb_array_element", &[Jsonb, Int4], Jsonb, |c| element(c, false));
    r.add("json_array_element_text", &[JsonTy, Int4], Text, |c| element(c, true));
    r.add("jsonb_array_element_text", &[Jsonb, Int4], Text, |c| element(c, true));
    r.add("json_extract_path", &[JsonTy, TEXTS], JsonTy, |c| path(c, false));
    r.add("jsonb_extract_path", &[Jsonb, TEXTS], Jsonb, |c| path(c, false));
    r.add("json_extract_path_text", &[JsonTy, TEXTS], Text, |c| path(c, true));
    r.add("jsonb_extract_path_text", &[Jsonb, TEXTS], Text, |c| path(c, true));
    r.add_variadic("json_extract_path", &[JsonTy, Text], JsonTy, |c| path(c, false));
    r.add_variadic("jsonb_extract_path", &[Jsonb, Text], Jsonb, |c| path(c, false));
    r.add_variadic("json_extract_path_text", &[JsonTy, Text], Text, |c| path(c, true));
    r.add_variadic("jsonb_extract_path_text", &[Jsonb, Text], Text, |c| path(c, true));
    for (ty, typeof_name, length_name) in
        [(&[JsonTy], "json_typeof", "json_array_length"), (&[Jsonb], "jsonb_typeof", "jsonb_array_length")]
    {
        r.add(typeof_name, ty, Text, |c| {
            let json = c.text(0)?;
            c.build_text(|i, out| {
                out.push_str(Json::parse(json.at(i))?.type_name());
                Ok(())
            })
        });
        r.add(length_name, ty, Int4, array_length);
    }
}

/// Appends what was found: as text, or as json; `false` when nothing was, or null as text.
fn give(found: Option<&Json<'_>>, as_text: bool, out: &mut String) -> bool {
    let text = found.and_then(|json| if as_text { json.as_text() } else { Some(json.raw) });
    out.push_str(text.unwrap_or(""));
    text.is_some()
}

fn member(c: &Call<'_>, as_text: bool) -> Result<ArrayRef> {
    let (json, key) = (c.text(0)?, c.text(1)?);
    c.build_text_opt(|i, out| Ok(give(Json::parse(json.at(i))?.member(key.at(i)), as_text, out)))
}

fn element(c: &Call<'_>, as_text: bool) -> Result<ArrayRef> {
    let (json, index) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    let binary = Ty::of_field(&c.fields[0]) == Some(Jsonb);
    c.build_text_opt(|i, out| {
        let (json, index) = (Json::parse(json.at(i))?, index.at(i));
        // jsonb keeps a scalar as an array of one.
        let alone = binary && !json.is_container() && matches!(index, 0 | -1);
        let found = if alone { Some(&json) } else { json.element(index.into()) };
        Ok(give(found, as_text, out))
    })
}

/// A path argument: an array of texts, or the rest of the arguments.
pub(super) fn path_at(c: &Call<'_>, from: usize, row: usize) -> Result<Option<Vec<Option<String>>>> {
    if c.arg(from).array.as_list_opt::<i32>().is_some() {
        let arg = c.arg(from);
        let Some(steps) = list_row(&arg.array, arg.index(row)) else { return Ok(None) };
        let steps = arrow::compute::cast(&steps, &arrow::datatypes::DataType::Utf8).map_err(fault)?;
        return Ok(Some(steps.as_string::<i32>().iter().map(|s| s.map(str::to_owned)).collect()));
    }
    (from..c.arity())
        .map(|i| if c.is_null(i, row) { Ok(None) } else { c.text(i).map(|t| Some(Some(t.at(row).to_owned()))) })
        .collect()
}

fn path(c: &Call<'_>, as_text: bool) -> Result<ArrayRef> {
    let json = c.text(0)?;
    c.build_text_opt(|i, out| {
        if c.is_null(0, i) {
            return Ok(false);
        }
        let steps = if c.arity() == 1 { Some(Vec::new()) } else { path_at(c, 1, i)? };
        let Some(steps) = steps else { return Ok(false) };
        Ok(give(Json::parse(json.at(i))?.path(&steps), as_text, out))
    })
}

fn array_length(c: &Call<'_>) -> Result<ArrayRef> {
    let json = c.text(0)?;
    c.build::<Int32Type>(|i| {
        let message = match Json::parse(json.at(i))?.kind {
            Kind::Array(elements) => return i32::try_from(elements.len()).map_err(|_| too_large()),
            Kind::Object(_) => "cannot get array length of a non-array",
            _ => "cannot get array length of a scalar",
        };
        Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message))
    })
}
