//! `regproc`, `regprocedure`, `regoper`, `regoperator`: functions and operators, alone and with argument types.

use super::type_names::{format_type, lookup_type};
use super::{is_space, numeric, or_digits, parse_name, schema_name, search_path};
use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::statics;
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The OID of the only function of a name.
///
/// # Errors
/// 42883 for an unknown function, 42725 for several, 42602 for what is no name.
pub fn lookup_regproc(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    match candidates(vars, text)?.as_slice() {
        [] => Err(Error::new(sqlstate::UNDEFINED_FUNCTION, format!("function \"{text}\" does not exist"))),
        [oid] => Ok(*oid),
        _ => Err(Error::new(sqlstate::AMBIGUOUS_FUNCTION, format!("more than one function named \"{text}\""))),
    }
}

/// The OID of a function with its argument types: `abs(integer)`.
///
/// # Errors
/// 42883 for an unknown function, 42704 for an unknown type, 22P02 for what is no signature.
pub fn lookup_regprocedure(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    let (name, types) = signature(vars, text, false)?;
    let fits = |oid: &u32| statics::functions().get(oid).is_some_and(|row| row.arguments == types);
    let found = candidates(vars, name)?.into_iter().find(fits);
    found.ok_or_else(|| Error::new(sqlstate::UNDEFINED_FUNCTION, format!("function \"{text}\" does not exist")))
}

/// The OID of the only operator of a name.
///
/// # Errors
/// 42883 for an unknown operator, 42725 for several.
pub fn lookup_regoper(vars: &SessionVars, text: &str) -> Result<u32> {
    match text {
        "0" => return Ok(0),
        text if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() => {
            return Ok(text.parse().unwrap_or(0));
        }
        _ => {}
    }
    match operators_named(vars, text).as_slice() {
        [] => Err(Error::new(sqlstate::UNDEFINED_FUNCTION, format!("operator does not exist: {text}"))),
        [oid] => Ok(*oid),
        _ => Err(Error::new(sqlstate::AMBIGUOUS_FUNCTION, format!("more than one operator named {text}"))),
    }
}

/// The OID of an operator with its operand types: `+(integer,integer)`, `-(none,bigint)`.
///
/// # Errors
/// 42883 for an unknown operator, 42704 for an unknown type, 22P02 for what is no signature.
pub fn lookup_regoperator(vars: &SessionVars, text: &str) -> Result<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Ok(text.parse().unwrap_or(0));
    }
    let (name, types) = signature(vars, text, true)?;
    let (left, right) = match types.as_slice() {
        [left, right] => (*left, *right),
        [_] => {
            let hint = "Use NONE to denote the missing argument of a unary operator.";
            return Err(Error::new(sqlstate::UNDEFINED_PARAMETER, "missing argument").hint(hint));
        }
        _ => {
            let hint = "Provide two argument types for operator.";
            return Err(Error::new(sqlstate::TOO_MANY_ARGUMENTS, "too many arguments").hint(hint));
        }
    };
    let fits = |oid: &u32| statics::operators().get(oid).is_some_and(|row| row.left == left && row.right == right);
    let found = operators_named(vars, name).into_iter().find(fits);
    found.ok_or_else(|| Error::new(sqlstate::UNDEFINED_FUNCTION, format!("operator does not exist: {text}")))
}

/// A function's text form: its name, with its schema unless it is the only one of that name on the search path.
#[must_use]
pub fn regproc_name(vars: &SessionVars, oid: u32) -> String {
    let shown = statics::functions().get(&oid).map(|row| {
        let only = matches!(in_path(vars, &row.name).as_slice(), [found] if *found == oid);
        let schema = schema_name(vars, row.namespace).unwrap_or_default();
        if only { quote_identifier(&row.name) } else { qualified(schema, &row.name) }
    });
    or_digits(oid, shown)
}

/// A function's text form with its argument types.
#[must_use]
pub fn regprocedure_name(vars: &SessionVars, oid: u32) -> String {
    let shown = statics::functions().get(&oid).map(|row| {
        let visible = in_path(vars, &row.name).contains(&oid);
        let schema = schema_name(vars, row.namespace).unwrap_or_default();
        let name = if visible { quote_identifier(&row.name) } else { qualified(schema, &row.name) };
        let types: Vec<_> = row.arguments.iter().map(|&oid| format_type(vars, oid, None)).collect();
        format!("{name}({})", types.join(","))
    });
    or_digits(oid, shown)
}

/// An operator's text form: its name, with its schema unless it is the only one of that name.
#[must_use]
pub fn regoper_name(vars: &SessionVars, oid: u32) -> String {
    match statics::operators().get(&oid) {
        Some(row) if matches!(operators_named(vars, &row.name).as_slice(), [_]) => row.name.clone(),
        Some(row) => {
            let schema = schema_name(vars, row.namespace).unwrap_or_default();
            format!("{}.{}", quote_identifier(schema), row.name)
        }
        None => oid.to_string(),
    }
}

/// An operator's text form with its operand types.
#[must_use]
pub fn regoperator_name(vars: &SessionVars, oid: u32) -> String {
    let Some(row) = statics::operators().get(&oid) else { return oid.to_string() };
    let operand = |oid| if oid == 0 { "NONE".to_owned() } else { format_type(vars, oid, None) };
    format!("{}({},{})", row.name, operand(row.left), operand(row.right))
}

/// The functions of a name, from all schemas of the search path or the one named.
fn candidates(vars: &SessionVars, text: &str) -> Result<Vec<u32>> {
    let parts = parse_name(text)?;
    Ok(match parts.as_slice() {
        [name] => in_path(vars, name),
        [schema, name] => {
            let namespace = statics::namespaces().oid_of(schema);
            let names = statics::function_names();
            names.all(name).iter().copied().filter(|&oid| names.namespace(oid) == namespace).collect()
        }
        _ => Vec::new(),
    })
}

fn in_path(vars: &SessionVars, name: &str) -> Vec<u32> {
    let names = statics::function_names();
    let path: Vec<_> = search_path(vars).filter_map(|schema| statics::namespaces().oid_of(schema)).collect();
    let found = names.all(name).iter().copied();
    found.filter(|&oid| names.namespace(oid).is_some_and(|namespace| path.contains(&namespace))).collect()
}

/// The operators of a name; `pg_catalog.` may stand before it.
fn operators_named(vars: &SessionVars, text: &str) -> Vec<u32> {
    let (schema, name) = text.rsplit_once('.').map_or((None, text), |(schema, name)| (Some(schema), name));
    let here = schema.is_none_or(|schema| schema == super::SYSTEM) && search_path(vars).any(|s| s == super::SYSTEM);
    if here { statics::operator_names().all(name.trim()).to_vec() } else { Vec::new() }
}

/// The name and argument types of `name(type, …)`.
fn signature<'a>(vars: &SessionVars, text: &'a str, operands: bool) -> Result<(&'a str, Vec<u32>)> {
    let malformed = |what: &'static str| Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, what);
    let mut quoted = false;
    let open = text.find(|c| {
        quoted ^= c == '"';
        c == '(' && !quoted
    });
    let open = open.ok_or_else(|| malformed("expected a left parenthesis"))?;
    let rest = text[open + 1..].trim_end_matches(is_space);
    let inner = rest.strip_suffix(')').ok_or_else(|| malformed("expected a right parenthesis"))?;
    let mut types = Vec::new();
    for word in split_types(inner) {
        let none = operands && word.eq_ignore_ascii_case("none");
        types.push(if none { 0 } else { lookup_type(vars, word)?.0 });
    }
    Ok((&text[..open], types))
}

/// The type names between commas that are not inside quotes, parentheses or brackets.
fn split_types(text: &str) -> Vec<&str> {
    if text.trim_matches(is_space).is_empty() {
        return Vec::new();
    }
    let (mut depth, mut quoted) = (0i32, false);
    text.split(|c| {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        c == ',' && !quoted && depth == 0
    })
    .map(|word| word.trim_matches(is_space))
    .collect()
}
