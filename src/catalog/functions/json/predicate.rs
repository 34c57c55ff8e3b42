//! `x IS JSON`: whether a text is a document, of which kind, and whether its objects' keys are all different.

use std::collections::HashSet;

use arrow::array::ArrayRef;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Bool, Bytea, Json as JsonTy, Jsonb, Text};
use crate::error::Result;
use crate::types::json::{Json, Kind, check};

/// The function that the predicate is.
pub const IS_JSON: &str = "is json";

pub(super) fn register(r: &mut Registry) {
    const TEXT: &[Ty] = &[Text, Text, Bool];
    const JSON: &[Ty] = &[JsonTy, Text, Bool];
    const JSONB: &[Ty] = &[Jsonb, Text, Bool];
    for params in [TEXT, JSON, JSONB] {
        r.add(IS_JSON, params, Bool, |c| {
            let text = c.text(0)?;
            tested(c, |i| Some(text.at(i)))
        });
    }
    r.add(IS_JSON, &[Bytea, Text, Bool], Bool, |c| {
        let bytes = c.bytes(0)?;
        tested(c, |i| std::str::from_utf8(bytes.at(i)).ok())
    });
}

fn tested<'a>(c: &Call<'_>, text: impl Fn(usize) -> Option<&'a str>) -> Result<ArrayRef> {
    let (kind, unique) = (c.text(1)?, c.bools(2)?);
    c.build_bool(|i| {
        let Some(text) = text(i).filter(|text| check(text, false).is_ok()) else { return Ok(false) };
        let first = text.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first();
        let fits = match (kind.at(i), first) {
            ("VALUE", _) | ("OBJECT", Some(b'{')) | ("ARRAY", Some(b'[')) => true,
            ("SCALAR", first) => !matches!(first, Some(b'{' | b'[')),
            _ => false,
        };
        Ok(fits && (!unique.at(i) || has_unique_keys(&Json::parse(text)?)))
    })
}

fn has_unique_keys(json: &Json<'_>) -> bool {
    match &json.kind {
        Kind::Array(items) => items.iter().all(has_unique_keys),
        Kind::Object(members) => {
            let mut seen = HashSet::new();
            members.iter().all(|(name, value)| seen.insert(name.as_ref()) && has_unique_keys(value))
        }
        _ => true,
    }
}
