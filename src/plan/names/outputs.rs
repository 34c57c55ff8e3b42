//! The outputs of a SELECT list: names that are apart, and ORDER BY by one of them.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{self, Expr, Ident, OrderByKind, Select, SelectItem, Value};

use super::joins;
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::sql::rewrite::names::{display_name, folded, marked_name};
use crate::sqlstate;

/// Marks the repeated names of a SELECT list, which the planner wants to be distinct.
pub fn name_apart(items: &mut [SelectItem]) {
    let mut used = HashSet::new();
    for (i, item) in items.iter_mut().enumerate() {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => {
                let name = display_name(&folded(alias)).to_owned();
                if !used.insert(name.clone()) {
                    *alias = Ident::with_quote('"', marked_name(&name, i));
                }
            }
            SelectItem::UnnamedExpr(expr) => {
                let name = match &*expr {
                    Expr::Identifier(ident) => folded(ident),
                    Expr::CompoundIdentifier(parts) => parts.last().map(folded).unwrap_or_default(),
                    _ => continue,
                };
                let alias = if used.insert(name.clone()) { name } else { marked_name(&name, i) };
                let alias = Ident::with_quote('"', alias);
                let none = Expr::Value(Value::Null.with_empty_span());
                *item = SelectItem::ExprWithAlias { expr: std::mem::replace(expr, none), alias };
            }
            _ => {}
        }
    }
}

/// ORDER BY of an output name that something in FROM has too: the output wins, so that it is told by its place.
pub fn order_by_outputs(order_by: &mut ast::OrderBy, select: &Select, scope: &Scope) -> Result<()> {
    let OrderByKind::Expressions(items) = &mut order_by.kind else { return Ok(()) };
    for item in items {
        let Expr::Identifier(ident) = &item.expr else { continue };
        let name = folded(ident);
        let mut values = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, expr } if display_name(&folded(alias)) == name => {
                Some(meaning(expr, scope))
            }
            _ => None,
        });
        if let Some(first) = values.next()
            && values.any(|other| other != first)
        {
            let message = format!("ORDER BY \"{name}\" is ambiguous");
            return Err(Error::new(sqlstate::AMBIGUOUS_COLUMN, message));
        }
        if scope.merged(&name).is_none() && scope.relation(&name).is_none() {
            continue;
        }
        let place = select.projection.iter().position(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => folded(alias) == name,
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => folded(ident) == name,
            _ => false,
        });
        if let Some(place) = place {
            item.expr = Expr::Value(Value::Number((place + 1).to_string(), false).with_empty_span());
        }
    }
    Ok(())
}

/// A column as its relation's, and a merged one as its value, so that two names of one column are equal.
fn meaning(expr: &Expr, scope: &Scope) -> Expr {
    match expr {
        Expr::Nested(inner) => meaning(inner, scope),
        Expr::Identifier(ident) => {
            let name = folded(ident);
            if let Some(merged) = scope.merged(&name) {
                return same_column(&merged.value);
            }
            let mut owners = scope.relations.iter().filter(|r| r.count(&name) > 0);
            match (owners.next(), owners.next()) {
                (Some(owner), None) if !owner.name.is_empty() => meaning(&owner.column(&name), scope),
                _ => expr.clone(),
            }
        }
        Expr::CompoundIdentifier(parts) => {
            let plain = parts.iter().rev().take(2).rev().map(|part| Ident::with_quote('"', folded(part)));
            Expr::CompoundIdentifier(plain.collect())
        }
        other => other.clone(),
    }
}

/// The column that a merged one is, where both have one type.
fn same_column(value: &Expr) -> Expr {
    match value {
        Expr::BinaryOp { left, op, .. } if joins::is_merging(op) => same_column(left),
        Expr::CompoundIdentifier(parts) => {
            let plain = parts.iter().rev().take(2).rev().map(|part| Ident::with_quote('"', folded(part)));
            Expr::CompoundIdentifier(plain.collect())
        }
        other => other.clone(),
    }
}
