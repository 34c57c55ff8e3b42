//! Functions that return rows, as functions that give a list of them, for the planner to unnest.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};

use super::super::Registry;
use super::super::call::Call;
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{self, Array as ArrayOf, Json as JsonTy, Jsonb, Text};
use super::super::ty::list_field;
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::{Json, Kind};

pub(super) fn register(r: &mut Registry) {
    r.add("json_array_elements_list", &[JsonTy], ArrayOf(&JsonTy), |c| elements(c, "json_array_elements", false));
    r.add("jsonb_array_elements_list", &[Jsonb], ArrayOf(&Jsonb), |c| elements(c, "jsonb_array_elements", false));
    r.add("json_array_elements_text_list", &[JsonTy], ArrayOf(&Text), |c| {
        elements(c, "json_array_elements_text", true)
    });
    r.add("jsonb_array_elements_text_list", &[Jsonb], ArrayOf(&Text), |c| {
        elements(c, "jsonb_array_elements_text", true)
    });
    r.add("json_object_keys_list", &[JsonTy], ArrayOf(&Text), |c| keys(c, false));
    r.add("jsonb_object_keys_list", &[Jsonb], ArrayOf(&Text), |c| keys(c, true));
    r.add("json_each_list", &[JsonTy], Ret::Rule(|_: &ReturnArgs<'_>| pairs_of(JsonTy)), |c| pairs(c, "json_each"));
    r.add("jsonb_each_list", &[Jsonb], Ret::Rule(|_: &ReturnArgs<'_>| pairs_of(Jsonb)), |c| pairs(c, "jsonb_each"));
    r.add("json_each_text_list", &[JsonTy], Ret::Rule(|_: &ReturnArgs<'_>| pairs_of(Text)), |c| {
        pairs(c, "json_each_text")
    });
    r.add("jsonb_each_text_list", &[Jsonb], Ret::Rule(|_: &ReturnArgs<'_>| pairs_of(Text)), |c| {
        pairs(c, "jsonb_each_text")
    });
}

/// A list of rows of `key` and `value`.
fn pairs_of(value: Ty) -> Result<Field> {
    let columns = Fields::from(vec![Text.field().with_name("key"), value.field().with_name("value")]);
    Ok(Field::new("", list_field(&Field::new("item", DataType::Struct(columns), true)), true))
}

fn parameter(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// The text of a value, or null where text is wanted; json text as it is in the document.
fn shown<'j>(json: &'j Json<'_>, as_text: bool) -> Option<&'j str> {
    if as_text { json.as_text() } else { Some(json.raw) }
}

fn elements(c: &Call<'_>, name: &str, as_text: bool) -> Result<ArrayRef> {
    let json = c.text(0)?;
    let binary = name.starts_with("jsonb");
    c.build_list(|i| {
        let value = Json::parse(json.at(i))?;
        let message = match (&value.kind, binary) {
            (Kind::Array(elements), _) => {
                let texts: StringArray = elements.iter().map(|e| shown(e, as_text)).collect();
                return Ok(Some(Arc::new(texts) as ArrayRef));
            }
            (Kind::Object(_), true) => "cannot extract elements from an object".to_owned(),
            (_, true) => "cannot extract elements from a scalar".to_owned(),
            (Kind::Object(_), false) => format!("cannot call {name} on a non-array"),
            (_, false) => format!("cannot call {name} on a scalar"),
        };
        Err(parameter(message))
    })
}

fn keys(c: &Call<'_>, binary: bool) -> Result<ArrayRef> {
    let json = c.text(0)?;
    let name = if binary { "jsonb_object_keys" } else { "json_object_keys" };
    c.build_list(|i| {
        let value = Json::parse(json.at(i))?;
        let message = match &value.kind {
            Kind::Object(_) if binary => {
                let names: StringArray = value.members().iter().map(|(key, _)| Some(*key)).collect();
                return Ok(Some(Arc::new(names) as ArrayRef));
            }
            Kind::Object(members) => {
                let names: StringArray = members.iter().map(|(key, _)| Some(key.as_ref())).collect();
                return Ok(Some(Arc::new(names) as ArrayRef));
            }
            Kind::Array(_) => format!("cannot call {name} on an array"),
            _ => format!("cannot call {name} on a scalar"),
        };
        Err(parameter(message))
    })
}

fn pairs(c: &Call<'_>, name: &str) -> Result<ArrayRef> {
    let json = c.text(0)?;
    let (binary, as_text) = (name.starts_with("jsonb"), name.ends_with("_text"));
    let DataType::List(item) = c.ret.data_type() else { return Err(fault("the result is not an array")) };
    let DataType::Struct(columns) = item.data_type() else { return Err(fault("the rows are not records")) };
    c.build_list(|i| {
        let value = Json::parse(json.at(i))?;
        let (mut names, mut values) = (Vec::new(), Vec::new());
        match (&value.kind, binary) {
            (Kind::Object(_), true) => {
                for (key, value) in value.members() {
                    names.push(key);
                    values.push(shown(value, as_text));
                }
            }
            (Kind::Object(members), false) => {
                for (key, value) in members {
                    names.push(key.as_ref());
                    values.push(shown(value, as_text));
                }
            }
            (_, true) => return Err(parameter(format!("cannot call {name} on a non-object"))),
            (Kind::Array(_), false) => return Err(parameter("cannot deconstruct an array as an object".to_owned())),
            (_, false) => return Err(parameter("cannot deconstruct a scalar".to_owned())),
        }
        let arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from(names)), Arc::new(StringArray::from(values))];
        let rows = StructArray::try_new(columns.clone(), arrays, None).map_err(fault)?;
        Ok(Some(Arc::new(rows) as ArrayRef))
    })
}
