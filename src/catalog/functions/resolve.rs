//! Which overload a call means, by PostgreSQL's rules (`func_select_candidate`).
//!
//! Knows types only; whether an argument is an untyped literal is told by [`Ty::Unknown`].

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};

use super::overload::Overload;
use super::ty::{self, Ty};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The overload a call of `name` with arguments of `types` means.
pub fn resolve<'a>(name: &str, overloads: &'a [Overload], types: &[Ty]) -> Result<&'a Overload> {
    let fitting: Vec<&Overload> = overloads.iter().filter(|o| o.accepts(types)).collect();
    if fitting.is_empty() {
        return Err(undefined(name, types));
    }
    let fitting = best(fitting, |o| exact_matches(o, types));
    if fitting.len() == 1 {
        return Ok(fitting[0]);
    }
    let fitting = best(fitting, |o| exact_or_preferred(o, types));
    if fitting.len() == 1 {
        return Ok(fitting[0]);
    }
    let fitting = by_unknown_categories(fitting, types);
    match fitting.as_slice() {
        [one] => Ok(one),
        _ => same_type_guess(&fitting, types).ok_or_else(|| ambiguous(name, types)),
    }
}

/// The fields the arguments are to be cast to for `overload`; their metadata tells json and its kin from text.
pub fn targets(overload: &Overload, arguments: &[FieldRef]) -> Result<Vec<FieldRef>> {
    let common = common_element(overload, arguments)?;
    let target = |(i, from): (usize, &FieldRef)| {
        let data_type = from.data_type();
        match (overload.param(i), &common) {
            (Ty::AnyElement, Some(element)) => element.clone(),
            (Ty::AnyArray, Some(element)) if nested(data_type) => {
                Field::new("", ty::with_leaf(&ty::plain(data_type), element), true)
            }
            (Ty::AnyArray, Some(element)) => Field::new("", ty::list_field(element), true),
            (param @ (Ty::Json | Ty::Jsonb | Ty::Jsonpath | Ty::TimeTz | Ty::Bits), _) => {
                param.field().with_data_type(param.arrow(data_type))
            }
            (Ty::Any, _) => from.as_ref().clone().with_data_type(Ty::Any.arrow(data_type)),
            (param, _) => Field::new("", param.arrow(data_type), true),
        }
    };
    Ok(arguments.iter().enumerate().map(|argument| Arc::new(target(argument))).collect())
}

/// The error of a call that no overload takes.
pub fn undefined(name: &str, types: &[Ty]) -> Error {
    undefined_call(name, &types.iter().map(|ty| ty.name()).collect::<Vec<_>>())
}

/// The same, the arguments' types by name.
pub fn undefined_call(name: &str, types: &[String]) -> Error {
    let sign = match name {
        "uminus" => Some("-"),
        "uplus" => Some("+"),
        "bitnot" => Some("~"),
        _ => None,
    };
    // What gives a set in FROM is known here by the list of its rows.
    let name = name.strip_suffix("_list").unwrap_or(name);
    if let (Some(sign), ["unknown"]) = (sign, types.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
        return Error::new(sqlstate::AMBIGUOUS_FUNCTION, format!("operator is not unique: {sign} unknown"))
            .hint("Could not choose a best candidate operator. You might need to add explicit type casts.");
    }
    if let (Some(sign), [ty]) = (sign, types) {
        let message = format!("operator does not exist: {sign} {ty}");
        return Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(
            "No operator matches the given name and argument type. You might need to add an explicit type cast.",
        );
    }
    Error::new(sqlstate::UNDEFINED_FUNCTION, format!("function {name}({}) does not exist", types.join(", ")))
        .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

fn ambiguous(name: &str, types: &[Ty]) -> Error {
    Error::new(sqlstate::AMBIGUOUS_FUNCTION, format!("function {} is not unique", call(name, types)))
        .hint("Could not choose a best candidate function. You might need to add explicit type casts.")
}

fn call(name: &str, types: &[Ty]) -> String {
    let types: Vec<String> = types.iter().map(|t| t.name()).collect();
    format!("{name}({})", types.join(", "))
}

fn best(candidates: Vec<&Overload>, score: impl Fn(&Overload) -> usize) -> Vec<&Overload> {
    let top = candidates.iter().map(|o| score(o)).max().unwrap_or(0);
    candidates.into_iter().filter(|o| score(o) == top).collect()
}

fn exact_matches(overload: &Overload, types: &[Ty]) -> usize {
    types.iter().enumerate().filter(|(i, t)| overload.param(*i) == **t).count()
}

fn exact_or_preferred(overload: &Overload, types: &[Ty]) -> usize {
    let counts = |(i, t): &(usize, &Ty)| {
        let param = overload.param(*i);
        **t != Ty::Unknown && (param == **t || (param.is_preferred() && param.category() == t.category()))
    };
    types.iter().enumerate().filter(counts).count()
}

/// For each untyped argument: strings first, else the one category all candidates agree on, preferred types first.
fn by_unknown_categories<'a>(mut candidates: Vec<&'a Overload>, types: &[Ty]) -> Vec<&'a Overload> {
    for (i, _) in types.iter().enumerate().filter(|(_, t)| **t == Ty::Unknown) {
        let categories: Vec<char> = candidates.iter().map(|o| o.param(i).category()).collect();
        let category = match categories.iter().find(|c| **c == 'S') {
            Some(c) => *c,
            None if categories.windows(2).all(|w| w[0] == w[1]) => categories[0],
            None => return candidates,
        };
        let same: Vec<&Overload> = candidates.iter().copied().filter(|o| o.param(i).category() == category).collect();
        let preferred: Vec<&Overload> = same.iter().copied().filter(|o| o.param(i).is_preferred()).collect();
        candidates = if preferred.is_empty() { same } else { preferred };
    }
    candidates
}

/// When all typed arguments have one type, the untyped ones are taken to have it too.
fn same_type_guess<'a>(candidates: &[&'a Overload], types: &[Ty]) -> Option<&'a Overload> {
    let mut known = types.iter().copied().filter(|t| *t != Ty::Unknown);
    let first = known.next()?;
    if known.any(|t| t != first) {
        return None;
    }
    let guess = vec![first; types.len()];
    let mut fitting = candidates.iter().copied().filter(|o| o.accepts(&guess));
    let found = fitting.next()?;
    fitting.next().is_none().then_some(found)
}

fn nested(data_type: &DataType) -> bool {
    ty::element(data_type).is_some_and(|e| ty::element(e).is_some())
}

/// The element all polymorphic arguments are cast to; `None` when the overload is not polymorphic.
fn common_element(overload: &Overload, arguments: &[FieldRef]) -> Result<Option<Field>> {
    // Without an array beside it, `anyelement` may be an array itself.
    let has_array = (0..arguments.len()).any(|i| overload.param(i) == Ty::AnyArray);
    let mut common: Option<Field> = None;
    for (i, argument) in arguments.iter().enumerate() {
        let is_array = match overload.param(i) {
            Ty::AnyArray => true,
            Ty::AnyElement => false,
            _ => continue,
        };
        let unknown = || Field::new("item", DataType::Null, true);
        let mut leaf = argument.as_ref().clone();
        if is_array && ty::element_field(leaf.data_type()).is_none() {
            leaf = unknown();
        }
        while let Some(inner) = ty::element_field(leaf.data_type()).filter(|_| has_array) {
            leaf = inner.as_ref().clone();
        }
        common = Some(match common {
            None => leaf,
            Some(other) if *other.data_type() == DataType::Null => leaf,
            Some(other) if *leaf.data_type() == DataType::Null => other,
            Some(other) if told_apart(&other, &leaf) => return Err(mismatch(other.data_type(), leaf.data_type())),
            Some(other) if other.data_type() == leaf.data_type() => other,
            Some(other) => {
                let wide = wider(other.data_type(), leaf.data_type())?;
                let same = [&other, &leaf].into_iter().find(|f| *f.data_type() == wide).map(|f| f.metadata().clone());
                Field::new("item", wide, true).with_metadata(same.unwrap_or_default())
            }
        });
    }
    Ok(common.map(|c| {
        let data_type = ty::plain(c.data_type());
        c.with_name("item").with_nullable(true).with_data_type(data_type)
    }))
}

/// Whether two types are one to Arrow and two to PostgreSQL, without a cast between them.
fn told_apart(a: &Field, b: &Field) -> bool {
    let told = |ty| matches!(ty, Some(Ty::Json | Ty::Jsonb | Ty::Jsonpath | Ty::Bits | Ty::Bytea));
    let (a, b) = (Ty::of_field(a), Ty::of_field(b));
    a != b && (told(a) || told(b))
}

/// The type both fit in by implicit casts.
pub fn wider(a: &DataType, b: &DataType) -> Result<DataType> {
    let (Some(left), Some(right)) = (Ty::of(a), Ty::of(b)) else { return Err(mismatch(a, b)) };
    match (left, right) {
        (_, Ty::Unknown) => Ok(ty::plain(a)),
        (Ty::Unknown, _) => Ok(ty::plain(b)),
        (Ty::Numeric, Ty::Numeric | Ty::Int2 | Ty::Int4 | Ty::Int8) | (Ty::Int2 | Ty::Int4 | Ty::Int8, Ty::Numeric) => {
            Ok(super::numeric::common_type(&ty::numeric_for(a), &ty::numeric_for(b)))
        }
        (l, r) if l == r => Ok(ty::plain(a)),
        (l, r) if l.category() != r.category() => Err(mismatch(a, b)),
        (l, r) if l.casts_implicitly(r) => Ok(r.arrow(a)),
        (l, r) if r.casts_implicitly(l) => Ok(l.arrow(b)),
        _ => Err(mismatch(a, b)),
    }
}

fn mismatch(a: &DataType, b: &DataType) -> Error {
    let name = |t: &DataType| Ty::of(t).map_or_else(|| t.to_string(), Ty::name);
    Error::new(sqlstate::DATATYPE_MISMATCH, format!("types {} and {} cannot be matched", name(a), name(b)))
}
