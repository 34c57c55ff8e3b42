//! GROUP BY with grouping sets: every mixture of expressions, ROLLUP, CUBE, GROUPING SETS and `()` becomes one flat list
//! of sets, as PostgreSQL's `expand_grouping_sets` makes it.
//!
//! A GROUP BY that only groups everything goes away; a constant in HAVING makes an aggregate of a query that then has
//! none.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr,
    Ident, ObjectName, Select, SelectItem, Value, Visit, Visitor,
};

use crate::error::{Error, Result};
use crate::sql::sets::{DISTINCT_SETS, EMPTY_SET, INNER_SETS};
use crate::sqlstate;

/// PostgreSQL's bound on the number of sets.
const MOST_SETS: usize = 4096;

/// Flattens a SELECT's GROUP BY.
pub fn flatten(select: &mut Select) -> Result<()> {
    check_direct_arguments(select)?;
    let GroupByExpr::Expressions(items, modifiers) = &mut select.group_by else { return Ok(()) };
    let distinct = matches!(items.first(), Some(Expr::Identifier(ident)) if ident.value == DISTINCT_SETS);
    if distinct {
        items.remove(0);
    }
    if !items.iter().any(is_set) {
        let all = std::mem::take(items).into_iter().flat_map(members).collect();
        *items = all;
        if items.is_empty() && select.having.is_some() {
            aggregated(select);
        }
        return Ok(());
    }
    if !modifiers.is_empty() {
        return Ok(());
    }
    let mut sets: Vec<Vec<Expr>> = vec![Vec::new()];
    for item in std::mem::take(items) {
        let choices = choices(item, &select.projection)?;
        if sets.len().saturating_mul(choices.len()) > MOST_SETS {
            let message = format!("too many grouping sets present (maximum {MOST_SETS})");
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, message));
        }
        sets = sets.iter().flat_map(|set| choices.iter().map(|choice| [set.as_slice(), choice].concat())).collect();
    }
    for set in &mut sets {
        let mut seen: Vec<Expr> = Vec::new();
        set.retain(|expr| {
            !seen.contains(expr) && {
                seen.push(expr.clone());
                true
            }
        });
    }
    if distinct {
        let mut kept: Vec<Vec<Expr>> = Vec::new();
        let same = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().all(|e| b.contains(e));
        sets.retain(|set| {
            let new = !kept.iter().any(|k| same(k, set));
            if new {
                kept.push(set.clone());
            }
            new
        });
    }
    match sets.as_slice() {
        [only] if only.is_empty() => aggregated(select),
        [only] => items.extend(only.iter().cloned()),
        _ => items.push(Expr::GroupingSets(sets)),
    }
    Ok(())
}

fn is_set(item: &Expr) -> bool {
    match item {
        Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => true,
        Expr::Tuple(members) => members.is_empty(),
        _ => false,
    }
}

/// The expressions of `(a, b)`; any other item is one.
fn members(item: Expr) -> Vec<Expr> {
    match item {
        Expr::Tuple(members) => members,
        other => vec![other],
    }
}

/// The sets that one item of GROUP BY offers.
fn choices(item: Expr, projection: &[SelectItem]) -> Result<Vec<Vec<Expr>>> {
    let named = |set: Vec<Expr>| set.into_iter().map(|e| positioned(e, projection)).collect::<Result<Vec<_>>>();
    let sets = match item {
        Expr::Rollup(parts) => {
            let parts = parts.into_iter().map(named).collect::<Result<Vec<_>>>()?;
            (0..=parts.len()).rev().map(|n| parts[..n].concat()).collect()
        }
        Expr::Cube(parts) => {
            let parts = parts.into_iter().map(named).collect::<Result<Vec<_>>>()?;
            if parts.len() > 12 {
                return Err(Error::new(sqlstate::TOO_MANY_COLUMNS, "CUBE is limited to 12 elements"));
            }
            let all = 1_usize << parts.len();
            // The fullest set first.
            (0..all).rev().map(|bits| subset(&parts, bits)).collect()
        }
        Expr::GroupingSets(sets) => {
            let mut all = Vec::new();
            for set in sets {
                match <[Expr; 1]>::try_from(set) {
                    // A set of sets: `GROUPING SETS (ROLLUP (a, b), c)`.
                    Ok([one]) => all.extend(choices(nested(one), projection)?),
                    Err(set) => all.push(named(set)?),
                }
            }
            all
        }
        other => vec![named(members(other))?],
    };
    Ok(sets)
}

/// `ROLLUP (…)` and `CUBE (…)` inside GROUPING SETS, which the parser takes for calls.
fn nested(expr: Expr) -> Expr {
    if matches!(&expr, Expr::Identifier(ident) if ident.value == EMPTY_SET) {
        return Expr::Tuple(Vec::new());
    }
    let Expr::Function(function) = &expr else { return expr };
    let name = super::names::last_part(&function.name);
    let FunctionArguments::List(list) = &function.args else { return expr };
    let parts = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(plain(members(e.clone()))),
        _ => None,
    });
    match (name.as_str(), parts.collect::<Option<Vec<_>>>()) {
        ("rollup", Some(parts)) => Expr::Rollup(parts),
        ("cube", Some(parts)) => Expr::Cube(parts),
        (INNER_SETS, Some(sets)) => Expr::GroupingSets(sets),
        _ => expr,
    }
}

/// Members without their parentheses; the name of an empty set stays, as it is a set of its own.
fn plain(members: Vec<Expr>) -> Vec<Expr> {
    let bare = |expr: Expr| match expr {
        Expr::Nested(inner) => *inner,
        other => other,
    };
    members.into_iter().map(bare).flat_map(self::members).collect()
}

/// The direct arguments of an ordered-set aggregate are those of its group, which the engine takes from any row: beside
/// grouping sets, where a column may be none of the group's, they must have no columns.
fn check_direct_arguments(select: &Select) -> Result<()> {
    let GroupByExpr::Expressions(items, _) = &select.group_by else { return Ok(()) };
    if !items.iter().any(is_set) {
        return Ok(());
    }
    let mut found = DirectColumns(false);
    for item in &select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            let _ = expr.visit(&mut found);
        }
    }
    if found.0 {
        return Err(Error::unsupported("columns in direct arguments of an aggregate beside grouping sets"));
    }
    Ok(())
}

/// Whether an aggregate with WITHIN GROUP has columns in its direct arguments.
struct DirectColumns(bool);

impl Visitor for DirectColumns {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && !function.within_group.is_empty()
            && let FunctionArguments::List(list) = &function.args
        {
            self.0 |= list.args.iter().any(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => super::windows::has_variable(arg),
                _ => false,
            });
        }
        ControlFlow::Continue(())
    }
}

fn subset(parts: &[Vec<Expr>], bits: usize) -> Vec<Expr> {
    let chosen = parts.iter().enumerate().filter(|(i, _)| bits & (1 << (parts.len() - 1 - i)) != 0);
    chosen.flat_map(|(_, part)| part.iter().cloned()).collect()
}

/// A position in the SELECT list as its expression: the planner knows positions outside of sets only.
fn positioned(expr: Expr, projection: &[SelectItem]) -> Result<Expr> {
    let Expr::Value(value) = &expr else { return Ok(expr) };
    let Value::Number(digits, _) = &value.value else { return Ok(expr) };
    let wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    let position = digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    match position.and_then(|i| projection.get(i)) {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. })
            if !projection.iter().any(wildcard) =>
        {
            Ok(expr.clone())
        }
        _ if projection.iter().any(wildcard) => {
            Err(Error::unsupported("a position in grouping sets beside * is not supported"))
        }
        _ => {
            let message = format!("GROUP BY position {digits} is not in select list");
            Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message))
        }
    }
}

/// Makes sure that a SELECT without GROUP BY is one group: `HAVING … AND count(*) >= 0`.
fn aggregated(select: &mut Select) {
    let count = Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("count")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![FunctionArg::Unnamed(FunctionArgExpr::Wildcard)],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
    let zero = Expr::Value(Value::Number("0".to_owned(), false).with_empty_span());
    let always = Expr::BinaryOp { left: Box::new(count), op: BinaryOperator::GtEq, right: Box::new(zero) };
    select.having = Some(match select.having.take() {
        Some(having) => {
            let having = Expr::Nested(Box::new(having));
            Expr::BinaryOp { left: Box::new(having), op: BinaryOperator::And, right: Box::new(always) }
        }
        None => always,
    });
}
