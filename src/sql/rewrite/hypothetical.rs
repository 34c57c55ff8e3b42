//! Hypothetical-set aggregates: `rank(1, 2) WITHIN GROUP (ORDER BY a, b DESC)` as a plain aggregate of all its values,
//! whose name says how they are ordered. The engine's own WITHIN GROUP takes one column only.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
};

use super::names::last_part;
use crate::sql::frames::MARK;

/// The aggregates that are window functions too.
pub const HYPOTHETICAL: [&str; 4] = ["rank", "dense_rank", "percent_rank", "cume_dist"];

/// What stands behind the mark in such an aggregate's name, before its order.
const SIGN: &str = "hypothetical ";

/// Makes a plain aggregate of one.
pub fn call(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    let name = last_part(&function.name);
    if function.within_group.is_empty() || !HYPOTHETICAL.contains(&name.as_str()) {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() || list.args.len() != function.within_group.len()
    {
        return;
    }
    let mut order = String::new();
    for key in std::mem::take(&mut function.within_group) {
        let descending = key.options.asc == Some(false);
        let nulls_first = key.options.nulls_first.unwrap_or(descending);
        order.push(match (descending, nulls_first) {
            (false, false) => 'a',
            (false, true) => 'b',
            (true, false) => 'c',
            (true, true) => 'd',
        });
        list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(key.expr)));
    }
    let mut ident = Ident::with_quote('"', format!("{name}{MARK}{SIGN}{order}"));
    if let Some(old) = function.name.0.last().and_then(|part| part.as_ident()) {
        ident.span = old.span;
    }
    function.name = ObjectName::from(vec![ident]);
}

/// Whether a call is one that [`call`] has made.
#[must_use]
pub fn is_made(function: &Function) -> bool {
    of_name(&last_part(&function.name)).is_some()
}

/// The aggregate that a name means and, for each ordering column, whether it descends and whether NULLs come first.
#[must_use]
pub fn of_name(name: &str) -> Option<(&'static str, Vec<(bool, bool)>)> {
    let (function, rest) = name.split_once(MARK)?;
    let order = rest.strip_prefix(SIGN)?;
    let function = HYPOTHETICAL.into_iter().find(|known| *known == function)?;
    let key = |letter| match letter {
        'a' => Some((false, false)),
        'b' => Some((false, true)),
        'c' => Some((true, false)),
        'd' => Some((true, true)),
        _ => None,
    };
    Some((function, order.chars().map(key).collect::<Option<Vec<_>>>()?))
}
