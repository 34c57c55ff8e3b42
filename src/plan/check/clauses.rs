//! The clauses of one query: which calls they refuse, positions, what LIMIT may be, what may be locked.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select, SelectItem,
    SetExpr, Spanned, TableFactor, UnaryOperator, Value, Visit,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{Fault, Kind, fault, find};
use crate::catalog::functions::Functions;
use crate::error::Error;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sqlstate;

/// Checks a query's own clauses.
pub(super) fn check(query: &Query, functions: &Functions) -> Result<(), Fault> {
    if let SetExpr::Select(select) = query.body.as_ref() {
        select_clauses(select, functions)?;
        positions(query, select)?;
    }
    limits(query, functions)?;
    locks(query, functions)
}

fn select_clauses(select: &Select, functions: &Functions) -> Result<(), Fault> {
    if let Some(condition) = &select.selection {
        neither(condition, "WHERE", functions)?;
    }
    if let GroupByExpr::Expressions(keys, _) = &select.group_by {
        for key in keys {
            neither(key, "GROUP BY", functions)?;
        }
    }
    if let Some(having) = &select.having
        && let Some(at) = find(having, Kind::Window, functions)
    {
        return Err(fault(sqlstate::WINDOWING_ERROR, "window functions are not allowed in HAVING", at));
    }
    for join in select.from.iter().flat_map(|from| &from.joins) {
        if let Some(condition) = condition(&join.join_operator) {
            neither(condition, "JOIN conditions", functions)?;
        }
    }
    Ok(())
}

/// Refuses aggregates and window functions.
fn neither(expr: &impl Visit, clause: &str, functions: &Functions) -> Result<(), Fault> {
    if let Some(at) = find(expr, Kind::Aggregate, functions) {
        let message = format!("aggregate functions are not allowed in {clause}");
        return Err(fault(sqlstate::GROUPING_ERROR, message, at));
    }
    if let Some(at) = find(expr, Kind::Window, functions) {
        let message = format!("window functions are not allowed in {clause}");
        return Err(fault(sqlstate::WINDOWING_ERROR, message, at));
    }
    Ok(())
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    let (JoinOperator::Join(constraint)
    | JoinOperator::Inner(constraint)
    | JoinOperator::Left(constraint)
    | JoinOperator::LeftOuter(constraint)
    | JoinOperator::Right(constraint)
    | JoinOperator::RightOuter(constraint)
    | JoinOperator::FullOuter(constraint)) = operator
    else {
        return None;
    };
    match constraint {
        JoinConstraint::On(condition) => Some(condition),
        _ => None,
    }
}

/// ORDER BY, GROUP BY and DISTINCT ON by position, and by constants that are none.
fn positions(query: &Query, select: &Select) -> Result<(), Fault> {
    let wild = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    let columns = if select.projection.iter().any(wild) { None } else { Some(select.projection.len()) };
    if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order_by| &order_by.kind) {
        for key in keys {
            position(&key.expr, "ORDER BY", columns)?;
        }
    }
    if let GroupByExpr::Expressions(keys, _) = &select.group_by {
        for key in keys {
            position(key, "GROUP BY", columns)?;
        }
    }
    if let Some(Distinct::On(keys)) = &select.distinct {
        for key in keys {
            position(key, "DISTINCT ON", columns)?;
        }
    }
    Ok(())
}

fn position(key: &Expr, clause: &str, columns: Option<usize>) -> Result<(), Fault> {
    match constant(key) {
        Some((Constant::Integer(place), at)) => {
            let within = usize::try_from(place).is_ok_and(|place| place > 0 && columns.is_none_or(|n| place <= n));
            if within {
                return Ok(());
            }
            let message = format!("{clause} position {place} is not in select list");
            Err(fault(sqlstate::INVALID_COLUMN_REFERENCE, message, at))
        }
        Some((Constant::Other, at)) => {
            Err(fault(sqlstate::SYNTAX_ERROR, format!("non-integer constant in {clause}"), at))
        }
        None => Ok(()),
    }
}

/// A constant as it stands in the text.
enum Constant {
    Integer(i64),
    Other,
}

/// A bare constant; casts and parameters are expressions.
fn constant(expr: &Expr) -> Option<(Constant, Location)> {
    match expr {
        Expr::Nested(inner) => constant(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => match constant(inner)? {
            (Constant::Integer(value), _) => Some((Constant::Integer(-value), expr.span().start)),
            other => Some(other),
        },
        Expr::Value(value) => {
            let found = match &value.value {
                Value::Number(digits, _) => digits.parse().map_or(Constant::Other, Constant::Integer),
                Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Null | Value::Boolean(_) => {
                    Constant::Other
                }
                _ => return None,
            };
            Some((found, value.span.start))
        }
        _ => None,
    }
}

fn limits(query: &Query, functions: &Functions) -> Result<(), Fault> {
    let (limit, offset) = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
        }
        _ => (None, None),
    };
    if let Some(limit) = limit {
        bound(limit, "LIMIT", sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, functions)?;
    }
    if let Some(offset) = offset {
        bound(offset, "OFFSET", sqlstate::INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, functions)?;
    }
    Ok(())
}

/// A LIMIT or OFFSET: no aggregates, not negative.
fn bound(expr: &Expr, clause: &str, negative: sqlstate::SqlState, functions: &Functions) -> Result<(), Fault> {
    neither(expr, clause, functions)?;
    match constant(expr) {
        Some((Constant::Integer(value), _)) if value < 0 => {
            let nowhere = Location::new(0, 0);
            Err(fault(negative, format!("{clause} must not be negative"), nowhere))
        }
        Some((Constant::Other, at)) => match expr {
            Expr::Value(value) => match value.clone().value.into_string() {
                Some(text) if text.trim().parse::<i64>().is_err() => {
                    let message = format!("invalid input syntax for type bigint: \"{text}\"");
                    Err(fault(sqlstate::INVALID_TEXT_REPRESENTATION, message, at))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// FOR UPDATE and its like: only rows of tables can be locked.
fn locks(query: &Query, functions: &Functions) -> Result<(), Fault> {
    let Some(lock) = query.locks.first() else { return Ok(()) };
    let strength = format!("FOR {}", lock.lock_type);
    let refuse = |what: &str| {
        let message = format!("{strength} is not allowed with {what}");
        Err(fault(sqlstate::FEATURE_NOT_SUPPORTED, message, Location::new(0, 0)))
    };
    let SetExpr::Select(select) = query.body.as_ref() else {
        return match query.body.as_ref() {
            SetExpr::SetOperation { .. } => refuse("UNION/INTERSECT/EXCEPT"),
            SetExpr::Values(_) => refuse("VALUES"),
            _ => Ok(()),
        };
    };
    if select.distinct.is_some() {
        return refuse("DISTINCT clause");
    }
    if !matches!(&select.group_by, GroupByExpr::Expressions(keys, sets) if keys.is_empty() && sets.is_empty()) {
        return refuse("GROUP BY clause");
    }
    if select.having.is_some() {
        return refuse("HAVING clause");
    }
    if find(&select.projection, Kind::Aggregate, functions).is_some() {
        return refuse("aggregate functions");
    }
    if find(&select.projection, Kind::Window, functions).is_some() {
        return refuse("window functions");
    }
    for lock in &query.locks {
        let Some(of) = &lock.of else { continue };
        let wanted = last_part(of);
        if !tables(select).any(|name| name == wanted) {
            let message = format!("relation \"{wanted}\" in {strength} clause not found in FROM clause");
            return Err((Error::new(sqlstate::UNDEFINED_TABLE, message), of.span().start));
        }
    }
    Ok(())
}

/// The names that FROM gives to its relations.
fn tables(select: &Select) -> impl Iterator<Item = String> {
    let all = select
        .from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    all.filter_map(|factor| match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. } => Some(folded(&alias.name)),
        TableFactor::Table { name, .. } => Some(last_part(name)),
        _ => None,
    })
}
