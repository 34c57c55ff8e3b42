//! SQL values made json: `to_json`, `json_build_object`, `json_build_array`, `row_to_json`, `json_object`, ….

use arrow::array::{Array, ArrayRef};

use super::super::Registry;
use super::super::access::TextArray;
use super::super::call::{Call, check_length, list_row};
use super::super::ty::Ty::{self, Any, Array as ArrayOf, Json as JsonTy, Jsonb, Text};
use super::super::ty::element;
use super::super::udf::fault;
use super::access::path_at;
use super::write::JsonWriter;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::{normal_jsonb, string};

pub(super) fn register(r: &mut Registry) {
    for name in ["to_json", "array_to_json", "row_to_json"] {
        r.add(name, &[Any], JsonTy, |c| whole(c, false));
    }
    r.add("to_jsonb", &[Any], Jsonb, |c| whole(c, true));
    r.add_variadic("json_build_array", &[], JsonTy, |c| build_array(c, false));
    r.add_variadic("jsonb_build_array", &[], Jsonb, |c| build_array(c, true));
    r.add_variadic("json_build_object", &[], JsonTy, |c| build_object(c, false));
    r.add_variadic("jsonb_build_object", &[], Jsonb, |c| build_object(c, true));
    r.add("json_object", &[ArrayOf(&Text)], JsonTy, |c| from_texts(c, false));
    r.add("jsonb_object", &[ArrayOf(&Text)], Jsonb, |c| from_texts(c, true));
    r.add("json_object", &[ArrayOf(&Text), ArrayOf(&Text)], JsonTy, |c| from_texts(c, false));
    r.add("jsonb_object", &[ArrayOf(&Text), ArrayOf(&Text)], Jsonb, |c| from_texts(c, true));
    r.volatility(
        datafusion::logical_expr::Volatility::Stable,
        &["to_json", "to_jsonb", "json_build_array", "jsonb_build_array", "json_build_object", "jsonb_build_object"],
    );
}

fn writers(c: &Call<'_>) -> Result<Vec<JsonWriter>> {
    let style = c.style();
    (0..c.arity()).map(|i| JsonWriter::new(&c.arg(i).array, &c.fields[i], &style)).collect()
}

/// Appends json, made canonical for jsonb.
fn finish(text: String, binary: bool, out: &mut String) -> Result<()> {
    check_length(text.len())?;
    out.push_str(&if binary { normal_jsonb(&text)? } else { text });
    Ok(())
}

fn whole(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    let writers = writers(c)?;
    c.build_text(|row, out| {
        let mut text = String::new();
        writers[0].write(c.arg(0).index(row), &mut text)?;
        finish(text, binary, out)
    })
}

fn build_array(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    let writers = writers(c)?;
    c.build_text(|row, out| {
        let mut text = String::from("[");
        for (i, writer) in writers.iter().enumerate() {
            text.push_str(if i > 0 { ", " } else { "" });
            writer.write(c.arg(i).index(row), &mut text)?;
        }
        text.push(']');
        finish(text, binary, out)
    })
}

fn build_object(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    if c.arity() % 2 == 1 {
        let which = if binary { "jsonb" } else { "json" };
        let hint = format!("The arguments of {which}_build_object() must consist of alternating keys and values.");
        let message = "argument list must have even number of elements";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message).hint(hint));
    }
    for i in (0..c.arity()).step_by(2) {
        let field = &c.fields[i];
        let structured = matches!(Ty::of_field(field), Some(Ty::Json | Ty::Jsonb | Ty::Record | Ty::Array(_)));
        if structured && (0..c.rows).any(|row| !c.is_null(i, row)) {
            let message = "key value must be scalar, not array, composite, or json";
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
    }
    let writers = writers(c)?;
    c.build_text(|row, out| {
        let mut text = String::from("{");
        for n in 0..c.arity() / 2 {
            let i = 2 * n;
            if c.is_null(i, row) {
                return Err(null_key(binary, i + 1));
            }
            text.push_str(if n > 0 { ", " } else { "" });
            key(&writers[i], c.arg(i).index(row), &mut text)?;
            text.push_str(" : ");
            writers[i + 1].write(c.arg(i + 1).index(row), &mut text)?;
        }
        text.push('}');
        finish(text, binary, out)
    })
}

/// Appends a value as the key of a member: its json text, in quotes.
pub(super) fn key(writer: &JsonWriter, at: usize, out: &mut String) -> Result<()> {
    let start = out.len();
    writer.write(at, out)?;
    if !out[start..].starts_with('"') {
        out.insert(start, '"');
        out.push('"');
    }
    Ok(())
}

fn null_key(binary: bool, position: usize) -> Error {
    match binary {
        true => Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("argument {position}: key must not be null")),
        false => Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key"),
    }
}

/// The texts of an argument, by rows of an array of two dimensions.
fn text_rows(c: &Call<'_>, i: usize, row: usize) -> Result<Option<Vec<Vec<Option<String>>>>> {
    let wrong = || Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    let arg = c.arg(i);
    let Some(inner) = element(arg.array.data_type()) else { return Err(fault("the argument is not an array")) };
    if element(inner).is_none() {
        return Ok(None);
    }
    let outer = list_row(&arg.array, arg.index(row)).ok_or_else(wrong)?;
    let mut rows = Vec::with_capacity(outer.len());
    for at in 0..outer.len() {
        let items = list_row(&outer, at).ok_or_else(wrong)?;
        let texts = TextArray::of(items.as_ref()).ok_or_else(wrong)?;
        rows.push((0..items.len()).map(|i| items.is_valid(i).then(|| texts.value(i).to_owned())).collect());
    }
    Ok(Some(rows))
}

/// The pairs of alternating keys and values, or of rows of two.
fn alternating(c: &Call<'_>, row: usize) -> Result<Vec<(Option<String>, Option<String>)>> {
    let fault = |message: &'static str| Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message);
    let items = match text_rows(c, 0, row)? {
        Some(rows) if rows.iter().all(|row| row.len() == 2) => rows.into_iter().flatten().collect(),
        Some(_) => return Err(fault("array must have two columns")),
        None => path_at(c, 0, row)?.unwrap_or_default(),
    };
    if items.len() % 2 == 1 {
        return Err(fault("array must have even number of elements"));
    }
    let mut items = items.into_iter();
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// An object from texts: alternating keys and values, or keys and values apart.
fn from_texts(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    let fault = |message: &'static str| Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message);
    c.build_text(|row, out| {
        let pairs = if c.arity() == 2 {
            if text_rows(c, 0, row)?.is_some() || text_rows(c, 1, row)?.is_some() {
                return Err(fault("wrong number of array subscripts"));
            }
            let (keys, values) = (path_at(c, 0, row)?.unwrap_or_default(), path_at(c, 1, row)?.unwrap_or_default());
            if keys.len() != values.len() {
                return Err(fault("mismatched array dimensions"));
            }
            keys.into_iter().zip(values).collect()
        } else {
            alternating(c, row)?
        };
        let mut text = String::from("{");
        for (n, (key, value)) in pairs.iter().enumerate() {
            let Some(key) = key else {
                return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key"));
            };
            text.push_str(if n > 0 { ", " } else { "" });
            string(key, &mut text);
            text.push_str(" : ");
            match value {
                Some(value) => string(value, &mut text),
                None => text.push_str("null"),
            }
        }
        text.push('}');
        finish(text, binary, out)
    })
}
