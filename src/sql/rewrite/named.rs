//! Calls with named arguments (`f(a, silent => true)`) as calls by position, the defaults between filled in.
//!
//! The names are those of PostgreSQL's built-in functions; a name a function does not have stays for the planner to
//! refuse.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Value,
};

use super::names::{folded, last_part};

/// A parameter: its name, and its default if it has one.
type Param = (&'static str, Option<Default>);

/// A default value.
#[derive(Clone, Copy)]
enum Default {
    Bool(bool),
    Text(&'static str),
    Number(&'static str),
}

const PATH: [Param; 4] =
    [("target", None), ("path", None), ("vars", Some(Default::Text("{}"))), ("silent", Some(Default::Bool(false)))];
const SET: [Param; 4] =
    [("jsonb_in", None), ("path", None), ("replacement", None), ("create_if_missing", Some(Default::Bool(true)))];
const SET_LAX: [Param; 5] =
    [SET[0], SET[1], SET[2], SET[3], ("null_value_treatment", Some(Default::Text("use_json_null")))];
const INSERT: [Param; 4] = [SET[0], SET[1], SET[2], ("insert_after", Some(Default::Bool(false)))];
const ZERO: Option<Default> = Some(Default::Number("0"));
const INTERVAL: [Param; 7] = [
    ("years", ZERO),
    ("months", ZERO),
    ("weeks", ZERO),
    ("days", ZERO),
    ("hours", ZERO),
    ("mins", ZERO),
    ("secs", Some(Default::Number("0.0"))),
];
const DATE: [Param; 3] = [("year", None), ("month", None), ("day", None)];
const TIME: [Param; 3] = [("hour", None), ("min", None), ("sec", None)];
const TIMESTAMP: [Param; 6] =
    [("year", None), ("month", None), ("mday", None), ("hour", None), ("min", None), ("sec", None)];
const TIMESTAMPTZ: [Param; 7] =
    [TIMESTAMP[0], TIMESTAMP[1], TIMESTAMP[2], TIMESTAMP[3], TIMESTAMP[4], TIMESTAMP[5], ("timezone", None)];
const IDENT: [Param; 2] = [("str", None), ("strict", Some(Default::Bool(true)))];

/// The parameters of a function that is called by name.
fn params(function: &str) -> Option<&'static [Param]> {
    Some(match function {
        "jsonb_set" => &SET,
        "jsonb_set_lax" => &SET_LAX,
        "jsonb_insert" => &INSERT,
        "make_interval" => &INTERVAL,
        "make_date" => &DATE,
        "make_time" => &TIME,
        "make_timestamp" => &TIMESTAMP,
        "make_timestamptz" => &TIMESTAMPTZ,
        "parse_ident" => &IDENT,
        name if name.starts_with("jsonb_path_") => &PATH,
        _ => return None,
    })
}

/// Brings a call's named arguments into the order of its parameters.
pub fn arguments(expr: &mut Expr) {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return };
    let Some(params) = params(&last_part(name)) else { return };
    let _ = order(list, params);
}

/// Brings the named arguments of a function in FROM into order.
pub fn arguments_in_from(function: &str, args: &mut Vec<FunctionArg>) {
    let Some(params) = params(function) else { return };
    let mut list = FunctionArgumentList { duplicate_treatment: None, args: std::mem::take(args), clauses: Vec::new() };
    let _ = order(&mut list, params);
    *args = list.args;
}

fn order(list: &mut FunctionArgumentList, params: &[Param]) -> Option<()> {
    let named = list.args.iter().position(|arg| !matches!(arg, FunctionArg::Unnamed(_)))?;
    let mut slots: Vec<Option<FunctionArgExpr>> = Vec::with_capacity(params.len());
    for (i, arg) in list.args.iter().enumerate() {
        match arg {
            FunctionArg::Unnamed(value) if i < named => slots.push(Some(value.clone())),
            FunctionArg::Named { name, arg, .. } | FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, .. } => {
                let at = params.iter().position(|(param, _)| *param == folded(name))?;
                slots.resize(slots.len().max(at + 1), None);
                if slots[at].replace(arg.clone()).is_some() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    let mut ordered = Vec::with_capacity(slots.len());
    for (slot, (_, default)) in slots.into_iter().zip(params) {
        ordered.push(FunctionArg::Unnamed(match slot {
            Some(value) => value,
            None => FunctionArgExpr::Expr(literal((*default)?)),
        }));
    }
    list.args = ordered;
    Some(())
}

fn literal(default: Default) -> Expr {
    let value = match default {
        Default::Bool(value) => Value::Boolean(value),
        Default::Text(text) => Value::SingleQuotedString(text.to_owned()),
        Default::Number(digits) => Value::Number(digits.to_owned(), false),
    };
    Expr::Value(value.with_empty_span())
}
