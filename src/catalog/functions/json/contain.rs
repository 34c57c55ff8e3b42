//! `@>`, `<@`, `?`, `?|`, `?&`, and equality of jsonb.

use arrow::array::ArrayRef;
use arrow::datatypes::Int32Type;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Array as ArrayOf, Bool, Bytea, Int4, Jsonb, Text};
use super::access::path_at;
use crate::error::Result;
use crate::types::json::{Json, Kind, compare, key};

/// Bytes that stand for a value where values are compared.
pub const KEY: &str = "jsonb key";
/// The same as text, which is what DataFusion's windows can go by.
pub const ORDER: &str = "jsonb order";
/// A value of `json` and of `jsonb` as it is, whatever a plan has forgotten of its type.
pub const VALUE: (&str, &str) = ("json value", "jsonb value");

pub(super) fn register(r: &mut Registry) {
    r.add("jsonb_contains", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| contains(a, b, true)));
    r.add("jsonb_contained", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| contains(b, a, true)));
    r.add("jsonb_eq", &[Jsonb, Jsonb], Bool, |c| pairs(c, same));
    r.add("jsonb_ne", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| !a.equals(b)));
    r.add("jsonb_lt", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| compare(a, b).is_lt()));
    r.add("jsonb_le", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| compare(a, b).is_le()));
    r.add("jsonb_gt", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| compare(a, b).is_gt()));
    r.add("jsonb_ge", &[Jsonb, Jsonb], Bool, |c| pairs(c, |a, b| compare(a, b).is_ge()));
    r.add("jsonb_cmp", &[Jsonb, Jsonb], Int4, |c| {
        let (a, b) = (c.text(0)?, c.text(1)?);
        c.build::<Int32Type>(|i| Ok(compare(&Json::parse(a.at(i))?, &Json::parse(b.at(i))?) as i32))
    });
    r.add(KEY, &[Jsonb], Bytea, |c| {
        let json = c.text(0)?;
        c.build_bytes(|i, out| {
            out.extend(key(&Json::parse(json.at(i))?)?);
            Ok(())
        })
    });
    for (name, params, ty) in [(VALUE.0, &[Ty::Json] as &'static [Ty], Ty::Json), (VALUE.1, &[Jsonb], Jsonb)] {
        r.add(name, params, ty, |c| {
            let json = c.text(0)?;
            c.build_text(|i, out| {
                out.push_str(json.at(i));
                Ok(())
            })
        });
    }
    r.add(ORDER, &[Jsonb], Text, |c| {
        let json = c.text(0)?;
        c.build_text(|i, out| {
            let bytes = key(&Json::parse(json.at(i))?)?;
            out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)));
            Ok(())
        })
    });
    r.add("jsonb_exists", &[Jsonb, Text], Bool, |c| {
        let (json, key) = (c.text(0)?, c.text(1)?);
        c.build_bool(|i| Ok(exists(&Json::parse(json.at(i))?, key.at(i))))
    });
    r.add("jsonb_exists_any", &[Jsonb, ArrayOf(&Text)], Bool, |c| several(c, false));
    r.add("jsonb_exists_all", &[Jsonb, ArrayOf(&Text)], Bool, |c| several(c, true));
}

fn same(a: &Json<'_>, b: &Json<'_>) -> bool {
    a.equals(b)
}

fn pairs(c: &Call<'_>, test: fn(&Json<'_>, &Json<'_>) -> bool) -> Result<ArrayRef> {
    let (a, b) = (c.text(0)?, c.text(1)?);
    c.build_bool(|i| Ok(test(&Json::parse(a.at(i))?, &Json::parse(b.at(i))?)))
}

/// Whether `a` contains `b`; at the top an array may contain a scalar.
fn contains(a: &Json<'_>, b: &Json<'_>, top: bool) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Object(_), Kind::Object(wanted)) => wanted.iter().all(|(key, _)| match (a.member(key), b.member(key)) {
            (Some(a), Some(b)) => contains(a, b, false),
            _ => false,
        }),
        (Kind::Array(elements), Kind::Array(wanted)) => {
            wanted.iter().all(|w| elements.iter().any(|e| contains(e, w, false)))
        }
        (Kind::Array(elements), _) if top && !matches!(b.kind, Kind::Object(_)) => elements.iter().any(|e| e.equals(b)),
        (Kind::Array(_) | Kind::Object(_), _) | (_, Kind::Array(_) | Kind::Object(_)) => false,
        _ => a.equals(b),
    }
}

/// Whether a text is a key of an object, an element of an array, or the string itself.
fn exists(json: &Json<'_>, key: &str) -> bool {
    match &json.kind {
        Kind::Object(_) => json.member(key).is_some(),
        Kind::Array(elements) => elements.iter().any(|e| matches!(&e.kind, Kind::String(s) if s.as_ref() == key)),
        Kind::String(text) => text.as_ref() == key,
        _ => false,
    }
}

fn several(c: &Call<'_>, all: bool) -> Result<ArrayRef> {
    let json = c.text(0)?;
    c.build_bool(|i| {
        let json = Json::parse(json.at(i))?;
        let keys = path_at(c, 1, i)?.unwrap_or_default();
        let mut found = keys.iter().flatten().map(|key| exists(&json, key));
        Ok(if all { found.all(|f| f) } else { found.any(|f| f) })
    })
}
