//! Changed jsonb: `||`, `-`, `#-`, `jsonb_set`, `jsonb_insert`, `json_strip_nulls`, `jsonb_pretty`.

use arrow::array::ArrayRef;
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Array as ArrayOf, Bool, Int4, Json as JsonTy, Jsonb, Text};
use super::access::path_at;
use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::{Json, Kind, canonical, position, string};

const PATH: Ty = ArrayOf(&Text);
const SET_LAX: [Ty; 5] = [Jsonb, PATH, Jsonb, Bool, Text];

pub(super) fn register(r: &mut Registry) {
    r.add("jsonb_concat", &[Jsonb, Jsonb], Jsonb, |c| {
        let (a, b) = (c.text(0)?, c.text(1)?);
        c.build_text(|i, out| canonical(&concat(Json::parse(a.at(i))?, Json::parse(b.at(i))?), out))
    });
    r.add("jsonb_delete", &[Jsonb, Text], Jsonb, |c| {
        let key = c.text(1)?;
        edit(c, |i, json| without_keys(json, &[Some(key.at(i).to_owned())]))
    });
    r.add("jsonb_delete", &[Jsonb, PATH], Jsonb, |c| {
        edit(c, |i, json| without_keys(json, &path_at(c, 1, i)?.unwrap_or_default()))
    });
    r.add("jsonb_delete", &[Jsonb, Int4], Jsonb, |c| {
        let index = c.prims::<Int32Type>(1)?;
        edit(c, |i, json| without_element(json, index.at(i).into()))
    });
    r.add("jsonb_delete_path", &[Jsonb, PATH], Jsonb, |c| {
        edit(c, |i, json| {
            let path = path_at(c, 1, i)?.unwrap_or_default();
            if is_empty(&json) {
                return Ok(json);
            }
            if json.is_container() {
                return change(json, &path, 1, &Change::Delete);
            }
            Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "cannot delete path in scalar"))
        })
    });
    for params in [&[Jsonb, PATH, Jsonb][..], &[Jsonb, PATH, Jsonb, Bool][..]] {
        r.add("jsonb_set", params, Jsonb, |c| {
            replaced(c, |new, flag| Change::Set { new, create: flag.unwrap_or(true) }, "cannot set path in scalar")
        });
        r.add("jsonb_insert", params, Jsonb, |c| {
            replaced(c, |new, flag| Change::Insert { new, after: flag.unwrap_or(false) }, "cannot set path in scalar")
        });
    }
    for arity in 3..=5 {
        r.add_lax("jsonb_set_lax", &SET_LAX[..arity], Jsonb, set_lax);
    }
    r.add("jsonb_strip_nulls", &[Jsonb], Jsonb, |c| edit(c, |_, json| Ok(stripped(json))));
    r.add("json_strip_nulls", &[JsonTy], JsonTy, |c| {
        let json = c.text(0)?;
        c.build_text(|i, out| {
            compact(&stripped(Json::parse(json.at(i))?), out);
            Ok(())
        })
    });
    r.add("jsonb_pretty", &[Jsonb], Text, |c| {
        let json = c.text(0)?;
        c.build_text(|i, out| pretty(&Json::parse(json.at(i))?, 0, out))
    });
}

/// Applies a change to each row's value.
fn edit(c: &Call<'_>, mut f: impl for<'v> FnMut(usize, Json<'v>) -> Result<Json<'v>>) -> Result<ArrayRef> {
    let json = c.text(0)?;
    c.build_text(|i, out| canonical(&f(i, Json::parse(json.at(i))?)?, out))
}

/// Whether it is an array or object with nothing in it, in which there is nothing to change.
fn is_empty(json: &Json<'_>) -> bool {
    match &json.kind {
        Kind::Array(elements) => elements.is_empty(),
        Kind::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn made(kind: Kind<'_>) -> Json<'_> {
    Json::made(kind)
}

fn concat<'a>(a: Json<'a>, b: Json<'a>) -> Json<'a> {
    let items = |json: Json<'a>| match json.kind {
        Kind::Array(items) => items,
        kind => vec![Json { raw: json.raw, kind }],
    };
    match (a.kind, b.kind) {
        (Kind::Object(mut left), Kind::Object(right)) => {
            left.extend(right);
            made(Kind::Object(left))
        }
        (left, right) => {
            let mut all = items(Json { raw: a.raw, kind: left });
            all.extend(items(Json { raw: b.raw, kind: right }));
            made(Kind::Array(all))
        }
    }
}

fn without_keys<'a>(json: Json<'a>, keys: &[Option<String>]) -> Result<Json<'a>> {
    let listed = |name: &str| keys.iter().flatten().any(|k| k == name);
    match json.kind {
        Kind::Object(mut members) => {
            members.retain(|(name, _)| !listed(name));
            Ok(made(Kind::Object(members)))
        }
        Kind::Array(mut elements) => {
            elements.retain(|e| !matches!(&e.kind, Kind::String(s) if listed(s)));
            Ok(made(Kind::Array(elements)))
        }
        _ => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "cannot delete from scalar")),
    }
}

fn without_element(json: Json<'_>, index: i64) -> Result<Json<'_>> {
    let message = match json.kind {
        Kind::Array(mut elements) => {
            if let Some(at) = position(index, elements.len()) {
                elements.remove(at);
            }
            return Ok(made(Kind::Array(elements)));
        }
        Kind::Object(_) => "cannot delete from object using integer index",
        _ => "cannot delete from scalar",
    };
    Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message))
}

/// What happens at the end of a path.
enum Change<'a> {
    Delete,
    Set { new: Json<'a>, create: bool },
    Insert { new: Json<'a>, after: bool },
}

fn replaced(
    c: &Call<'_>,
    of: impl for<'v> Fn(Json<'v>, Option<bool>) -> Change<'v>,
    scalar: &'static str,
) -> Result<ArrayRef> {
    let (json, new) = (c.text(0)?, c.text(2)?);
    let flag = if c.arity() == 4 { Some(c.bools(3)?) } else { None };
    c.build_text(|i, out| {
        let target = Json::parse(json.at(i))?;
        if !matches!(target.kind, Kind::Array(_) | Kind::Object(_)) {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, scalar));
        }
        let path = path_at(c, 1, i)?.unwrap_or_default();
        let action = of(Json::parse(new.at(i))?, flag.as_ref().map(|f| f.at(i)));
        if is_empty(&target) && matches!(action, Change::Set { create: false, .. }) {
            return canonical(&target, out);
        }
        canonical(&change(target, &path, 1, &action)?, out)
    })
}

/// `jsonb_set` with a word for what a NULL value means.
fn set_lax(c: &Call<'_>) -> Result<ArrayRef> {
    let (json, new) = (c.text(0)?, c.text(2)?);
    let create = if c.arity() > 3 { Some(c.bools(3)?) } else { None };
    let treatment = if c.arity() > 4 { Some(c.text(4)?) } else { None };
    c.build_text_opt(|i, out| {
        if c.is_null(0, i) || c.is_null(1, i) || c.arity() > 3 && c.is_null(3, i) {
            return Ok(false);
        }
        if c.arity() > 4 && c.is_null(4, i) {
            return Err(treatment_error());
        }
        let word = treatment.as_ref().map_or("use_json_null", |t| t.at(i));
        let words = ["raise_exception", "use_json_null", "delete_key", "return_target"];
        if !words.contains(&word) {
            return Err(treatment_error());
        }
        let path = path_at(c, 1, i)?.unwrap_or_default();
        let target = Json::parse(json.at(i))?;
        let action = match (c.is_null(2, i), word) {
            (false, _) => {
                Change::Set { new: Json::parse(new.at(i))?, create: create.as_ref().is_none_or(|create| create.at(i)) }
            }
            (true, "raise_exception") => {
                let message = "JSON value must not be null";
                return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message)
                    .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
                    .hint(
                        "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not \
                         passed.",
                    ));
            }
            (true, "use_json_null") => {
                let new = Json { raw: "null", kind: Kind::Null };
                Change::Set { new, create: create.as_ref().is_none_or(|create| create.at(i)) }
            }
            (true, "delete_key") => Change::Delete,
            (true, _) => {
                out.push_str(json.at(i));
                return Ok(true);
            }
        };
        if is_empty(&target) && matches!(action, Change::Delete | Change::Set { create: false, .. }) {
            canonical(&target, out)?;
            return Ok(true);
        }
        if !target.is_container() {
            let what = if matches!(action, Change::Delete) {
                "cannot delete path in scalar"
            } else {
                "cannot set path in scalar"
            };
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, what));
        }
        canonical(&change(target, &path, 1, &action)?, out)?;
        Ok(true)
    })
}

fn treatment_error() -> Error {
    let message =
        "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"";
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// Changes what a path leads to; `depth` counts its elements from 1 for messages.
fn change<'a>(json: Json<'a>, path: &[Option<String>], depth: usize, action: &Change<'a>) -> Result<Json<'a>> {
    let Some((step, rest)) = path.split_first() else { return Ok(json) };
    let Some(step) = step else {
        let message = format!("path element at position {depth} is null");
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
    };
    match json.kind {
        Kind::Object(members) => change_object(members, step, rest, depth, action),
        Kind::Array(elements) => change_array(elements, step, rest, depth, action),
        kind => Ok(Json { raw: json.raw, kind }),
    }
}

fn change_object<'a>(
    mut members: Vec<(Cow<'a, str>, Json<'a>)>,
    step: &str,
    rest: &[Option<String>],
    depth: usize,
    action: &Change<'a>,
) -> Result<Json<'a>> {
    let found = members.iter().rposition(|(name, _)| name == step);
    match (found, rest.is_empty(), action) {
        (Some(_), true, Change::Delete) => members.retain(|(name, _)| name != step),
        (Some(at), true, Change::Set { new, .. }) => members[at].1 = new.clone(),
        (Some(_), true, Change::Insert { .. }) => {
            let message = "cannot replace existing key";
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
                .hint("Try using the function jsonb_set to replace key value."));
        }
        (Some(at), false, _) => {
            let (name, value) = members.remove(at);
            members.insert(at, (name, change(value, rest, depth + 1, action)?));
        }
        (None, true, Change::Set { new, create: true } | Change::Insert { new, .. }) => {
            members.push((Cow::Owned(step.to_owned()), new.clone()));
        }
        (None, _, _) => {}
    }
    Ok(made(Kind::Object(members)))
}

fn change_array<'a>(
    mut elements: Vec<Json<'a>>,
    step: &str,
    rest: &[Option<String>],
    depth: usize,
    action: &Change<'a>,
) -> Result<Json<'a>> {
    let index: i64 = step.trim().parse().map_err(|_| {
        let message = format!("path element at position {depth} is not an integer: \"{step}\"");
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)
    })?;
    let found = position(index, elements.len());
    match (found, rest.is_empty(), action) {
        (Some(at), true, Change::Delete) => drop(elements.remove(at)),
        (Some(at), true, Change::Set { new, .. }) => elements[at] = new.clone(),
        (Some(at), true, Change::Insert { new, after }) => elements.insert(at + usize::from(*after), new.clone()),
        (Some(at), false, _) => {
            let value = elements.remove(at);
            elements.insert(at, change(value, rest, depth + 1, action)?);
        }
        // Beyond either end the new element goes to that end.
        (None, true, Change::Set { new, create: true } | Change::Insert { new, .. }) => {
            let at = if index < 0 { 0 } else { elements.len() };
            elements.insert(at, new.clone());
        }
        (None, _, _) => {}
    }
    Ok(made(Kind::Array(elements)))
}

fn stripped(json: Json<'_>) -> Json<'_> {
    match json.kind {
        Kind::Object(members) => made(Kind::Object(
            members
                .into_iter()
                .filter(|(_, value)| !matches!(value.kind, Kind::Null))
                .map(|(name, value)| (name, stripped(value)))
                .collect(),
        )),
        Kind::Array(elements) => made(Kind::Array(elements.into_iter().map(stripped).collect())),
        kind => Json { raw: json.raw, kind },
    }
}

/// Appends json without spaces, keys as they were written.
fn compact(json: &Json<'_>, out: &mut String) {
    match &json.kind {
        Kind::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                string(name, out);
                out.push(':');
                compact(value, out);
            }
            out.push('}');
        }
        Kind::Array(elements) => {
            out.push('[');
            for (i, value) in elements.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                compact(value, out);
            }
            out.push(']');
        }
        Kind::String(text) => string(text, out),
        _ => out.push_str(json.raw),
    }
}

/// Appends jsonb over several lines, four spaces a level.
fn pretty(json: &Json<'_>, level: usize, out: &mut String) -> Result<()> {
    let line = |level: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", level));
    };
    match &json.kind {
        Kind::Object(_) => {
            out.push('{');
            for (i, (key, value)) in json.members().into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                line(level + 1, out);
                string(key, out);
                out.push_str(": ");
                pretty(value, level + 1, out)?;
            }
            line(level, out);
            out.push('}');
        }
        Kind::Array(elements) => {
            out.push('[');
            for (i, value) in elements.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                line(level + 1, out);
                pretty(value, level + 1, out)?;
            }
            line(level, out);
            out.push(']');
        }
        _ => canonical(json, out)?,
    }
    Ok(())
}
