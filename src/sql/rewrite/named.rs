//! Arguments by name, `make_interval(days => 10)`, of the functions whose parameters clients name.
//!
//! They take their places among the others; what is left out has its default. A name that a function does not have is
//! left to the planner, which refuses it.

use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value};

use super::names::{folded, last_part};

/// A function's parameters in order, and whether each may be left out (it is 0 then).
const FUNCTIONS: &[(&str, &[&str], bool)] = &[
    ("make_date", &["year", "month", "day"], false),
    ("make_time", &["hour", "min", "sec"], false),
    ("make_timestamp", &["year", "month", "mday", "hour", "min", "sec"], false),
    ("make_timestamptz", &["year", "month", "mday", "hour", "min", "sec", "timezone"], false),
    ("make_interval", &["years", "months", "weeks", "days", "hours", "mins", "secs"], true),
];

/// Puts named arguments in their places.
pub fn arguments(expr: &mut Expr) {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return };
    if !list.args.iter().any(|arg| matches!(arg, FunctionArg::Named { .. })) {
        return;
    }
    let name = last_part(name);
    let Some((_, params, optional)) = FUNCTIONS.iter().find(|(function, ..)| *function == name) else { return };
    if let Some(placed) = placed(&list.args, params, *optional) {
        list.args = placed;
    }
}

/// The arguments in the parameters' order; `None` when a name is wrong or one is missing.
fn placed(args: &[FunctionArg], params: &[&str], optional: bool) -> Option<Vec<FunctionArg>> {
    let mut places: Vec<Option<FunctionArgExpr>> = vec![None; params.len()];
    for (at, arg) in args.iter().enumerate() {
        let (place, value) = match arg {
            FunctionArg::Unnamed(value) => (at, value),
            FunctionArg::Named { name, arg, .. } => (position(name, params)?, arg),
            FunctionArg::ExprNamed { .. } => return None,
        };
        let slot = places.get_mut(place).filter(|slot| slot.is_none())?;
        *slot = Some(value.clone());
    }
    let last = places.iter().rposition(Option::is_some)?;
    places.truncate(last + 1);
    let zero = || FunctionArgExpr::Expr(Expr::Value(Value::Number("0".to_owned(), false).with_empty_span()));
    let filled = places.into_iter().map(|place| place.or_else(|| optional.then(zero)).map(FunctionArg::Unnamed));
    filled.collect()
}

fn position(name: &Ident, params: &[&str]) -> Option<usize> {
    let name = folded(name);
    params.iter().position(|param| *param == name)
}
