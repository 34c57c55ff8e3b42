//! SQL values made json: `to_json`, `json_build_object`, `json_build_array`, `row_to_json`, `json_object`, ….

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::super::Registry;
use super::super::call::{Call, check_length};
use super::super::output::Writer;
use super::super::ty::Ty::{Any, Array as ArrayOf, Json as JsonTy, Jsonb, Text};
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
    r.add_variadic("json_build_array", &[Any], JsonTy, |c| build_array(c, false));
    r.add_variadic("jsonb_build_array", &[Any], Jsonb, |c| build_array(c, true));
    r.add_variadic("json_build_object", &[Any], JsonTy, |c| build_object(c, false));
    r.add_variadic("jsonb_build_object", &[Any], Jsonb, |c| build_object(c, true));
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
    let (writers, style) = (writers(c)?, c.style());
    let keys = (0..c.arity()).step_by(2).map(|i| Writer::for_element(&c.arg(i).array, &style));
    let keys = keys.collect::<Result<Vec<_>>>()?;
    c.build_text(|row, out| {
        let mut text = String::from("{");
        for (n, key) in keys.iter().enumerate() {
            let i = 2 * n;
            if c.is_null(i, row) {
                return Err(null_key(binary, i + 1));
            }
            text.push_str(if n > 0 { ", " } else { "" });
            let mut name = String::new();
            key.write(c.arg(i).index(row), &mut name)?;
            string(&key_text(&c.arg(i).array, name), &mut text);
            text.push_str(" : ");
            writers[i + 1].write(c.arg(i + 1).index(row), &mut text)?;
        }
        text.push('}');
        finish(text, binary, out)
    })
}

/// A boolean key is spelled out.
pub(super) fn key_text(array: &ArrayRef, text: String) -> String {
    match (array.data_type(), text.as_str()) {
        (DataType::Boolean, "t") => "true".to_owned(),
        (DataType::Boolean, _) => "false".to_owned(),
        _ => text,
    }
}

fn null_key(binary: bool, position: usize) -> Error {
    match binary {
        true => Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("argument {position}: key must not be null")),
        false => Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key"),
    }
}

/// An object from texts: alternating keys and values, or keys and values apart.
fn from_texts(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    c.build_text(|row, out| {
        let first = path_at(c, 0, row)?.unwrap_or_default();
        let pairs: Vec<(Option<String>, Option<String>)> = if c.arity() == 2 {
            let second = path_at(c, 1, row)?.unwrap_or_default();
            if first.len() != second.len() {
                return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions"));
            }
            first.into_iter().zip(second).collect()
        } else {
            if first.len() % 2 == 1 {
                let message = "array must have even number of elements";
                return Err(Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message));
            }
            let mut items = first.into_iter();
            let mut pairs = Vec::new();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            pairs
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
