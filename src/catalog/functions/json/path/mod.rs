//! `jsonb_path_query` and its kin, and the operators `@?` and `@@`.
//!
//! A path is read once per call and kept for the next row with the same one.

mod eval;
mod item;
mod layout;
mod method;
mod moment;
mod predicate;
mod template;

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use datafusion::logical_expr::Volatility;

use super::super::Registry;
use super::super::access::{Bools, Texts};
use super::super::call::{Call, check_length};
use super::super::datetime::session_zone;
use super::super::ty::Ty::{self, Array as ArrayOf, Bool, Jsonb, Jsonpath, Text};
use crate::catalog::functions::regexp::{Flags, Matcher};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::json::{Json, Kind, canonical};
use crate::types::jsonpath::{self, JsonPath};
use eval::{Evaluation, Fault};
use item::Item;

const TWO: &[Ty] = &[Jsonb, Jsonpath];
const THREE: &[Ty] = &[Jsonb, Jsonpath, Jsonb];
const FOUR: &[Ty] = &[Jsonb, Jsonpath, Jsonb, Bool];

pub(super) fn register(r: &mut Registry) {
    for params in [TWO, THREE, FOUR] {
        r.add("jsonb_path_exists", params, Bool, |c| exists(c, Mode::plain(c)));
        r.add("jsonb_path_exists_tz", params, Bool, |c| exists(c, Mode::zoned(c)));
        r.add("jsonb_path_match", params, Bool, |c| matches(c, Mode::plain(c)));
        r.add("jsonb_path_match_tz", params, Bool, |c| matches(c, Mode::zoned(c)));
        r.add("jsonb_path_query_array", params, Jsonb, |c| array(c, Mode::plain(c)));
        r.add("jsonb_path_query_array_tz", params, Jsonb, |c| array(c, Mode::zoned(c)));
        r.add("jsonb_path_query_first", params, Jsonb, |c| first(c, Mode::plain(c)));
        r.add("jsonb_path_query_first_tz", params, Jsonb, |c| first(c, Mode::zoned(c)));
        r.add("jsonb_path_query_list", params, ArrayOf(&Jsonb), |c| list(c, Mode::plain(c)));
        r.add("jsonb_path_query_tz_list", params, ArrayOf(&Jsonb), |c| list(c, Mode::zoned(c)));
    }
    r.add("jsonb_path_exists_opr", TWO, Bool, |c| exists(c, Mode::silent()));
    r.add("jsonb_path_match_opr", TWO, Bool, |c| matches(c, Mode::silent()));
    r.add("jsonpath_in_text", &[Text], Jsonpath, |c| {
        let text = c.text(0)?;
        c.build_text(|i, out| {
            out.push_str(&jsonpath::normal(text.at(i))?);
            Ok(())
        })
    });
    r.volatility(
        Volatility::Stable,
        &[
            "jsonb_path_exists_tz",
            "jsonb_path_match_tz",
            "jsonb_path_query_array_tz",
            "jsonb_path_query_first_tz",
            "jsonb_path_query_tz_list",
        ],
    );
}

/// How a call treats errors and zones.
struct Mode {
    /// Errors are nothing in every row.
    silent: bool,
    zone: Option<super::super::datetime::ZoneSpec>,
}

impl Mode {
    fn plain(_c: &Call<'_>) -> Self {
        Self { silent: false, zone: None }
    }

    fn zoned(c: &Call<'_>) -> Self {
        Self { silent: false, zone: Some(session_zone(c)) }
    }

    fn silent() -> Self {
        Self { silent: true, zone: None }
    }
}

/// The arguments of a call, and the path last read.
struct Search<'c> {
    json: Texts<'c>,
    path: Texts<'c>,
    variables: Option<Texts<'c>>,
    silent: Option<Bools<'c>>,
    mode: Mode,
    known: Option<(String, Arc<JsonPath>)>,
    /// Whether any item will do.
    probing: bool,
}

impl<'c> Search<'c> {
    fn new(c: &'c Call<'_>, mode: Mode) -> Result<Self> {
        let variables = if c.arity() > 2 { Some(c.text(2)?) } else { None };
        let silent = if c.arity() > 3 { Some(c.bools(3)?) } else { None };
        Ok(Self { json: c.text(0)?, path: c.text(1)?, variables, silent, mode, known: None, probing: false })
    }

    fn read(&mut self, row: usize) -> Result<Arc<JsonPath>> {
        let text = self.path.at(row);
        match &self.known {
            Some((known, path)) if known == text => Ok(Arc::clone(path)),
            _ => {
                let path = Arc::new(jsonpath::parse(text)?);
                self.known = Some((text.to_owned(), Arc::clone(&path)));
                Ok(path)
            }
        }
    }

    /// Runs a row's search and hands its items to `take` until that wants no more.
    fn run(&mut self, row: usize, mut take: impl FnMut(&Item<'_>) -> Result<ControlFlow<()>>) -> Result<bool> {
        let path = self.read(row)?;
        let root = Json::parse(self.json.at(row))?;
        let variables = self.variables.as_ref().map(|v| Json::parse(v.at(row))).transpose()?;
        if variables.as_ref().is_some_and(|v| !matches!(v.kind, Kind::Object(_))) {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object")
                .detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object."));
        }
        let mut evaluation = Evaluation::new(&path, &root, variables.as_ref(), self.mode.zone.as_ref());
        evaluation.probing = self.probing && evaluation.lax;
        let mut failed = None;
        let step = evaluation.walk(&path.expr, Item::Part(&root), evaluation.lax, &mut |item| match take(&item) {
            Ok(flow) => flow,
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let silent = self.mode.silent || self.silent.as_ref().is_some_and(|s| s.at(row));
        match step {
            Ok(_) => Ok(true),
            Err(Fault::Soft(_)) if silent => Ok(false),
            Err(Fault::Soft(error) | Fault::Hard(error)) => Err(error),
        }
    }

    /// The texts of what a row's search finds; of one that fails silently, of what it found before.
    fn texts(&mut self, row: usize) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        let mut length = 0;
        self.run(row, |item| {
            let mut text = String::new();
            canonical(&item.to_json(), &mut text)?;
            length += text.len();
            check_length(length)?;
            texts.push(text);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(texts)
    }
}

fn exists(c: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let mut search = Search::new(c, mode)?;
    search.probing = true;
    c.build_bool_opt(|row| {
        let strict = search.read(row)?.strict;
        let mut any = false;
        let whole = search.run(row, |_| {
            any = true;
            // Strict mode wants to know of every error.
            Ok(if strict { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(whole.then_some(any))
    })
}

fn matches(c: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let always_silent = mode.silent;
    let mut search = Search::new(c, mode)?;
    c.build_bool_opt(|row| {
        let (mut count, mut value, mut is_truth) = (0, None, false);
        let whole = search.run(row, |item| {
            count += 1;
            (value, is_truth) = match item.json().map(|json| &json.kind) {
                Some(Kind::Bool(value)) => (Some(*value), true),
                Some(Kind::Null) => (None, true),
                _ => (None, false),
            };
            Ok(ControlFlow::Continue(()))
        })?;
        if count == 1 && is_truth {
            return Ok(value);
        }
        let silent = !whole || always_silent || search.silent.as_ref().is_some_and(|s| s.at(row));
        if silent {
            return Ok(None);
        }
        Err(Error::new(sqlstate::SINGLETON_JSON_ITEM_REQUIRED, "single boolean result is expected"))
    })
}

fn array(c: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let mut search = Search::new(c, mode)?;
    c.build_text(|row, out| {
        let texts = search.texts(row)?;
        out.push('[');
        out.push_str(&texts.join(", "));
        out.push(']');
        Ok(())
    })
}

fn first(c: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let mut search = Search::new(c, mode)?;
    c.build_text_opt(|row, out| {
        let texts = search.texts(row)?;
        out.push_str(texts.first().map_or("", String::as_str));
        Ok(!texts.is_empty())
    })
}

fn list(c: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let mut search = Search::new(c, mode)?;
    c.build_list(|row| Ok(Some(Arc::new(StringArray::from(search.texts(row)?)) as ArrayRef)))
}

/// `2201B` for a path with a `like_regex` of a bad pattern.
pub fn check_patterns(text: &str) -> Result<()> {
    let path = crate::types::jsonpath::parse(text)?;
    for (pattern, flags) in crate::types::jsonpath::patterns(&path.expr) {
        Matcher::new(pattern, Flags::parse(&flags.options())?)?;
    }
    Ok(())
}
