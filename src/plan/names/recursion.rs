//! What PostgreSQL asks of a recursive WITH query: a UNION whose second part refers to it once, in its own FROM list.
//!
//! Everything else is refused here with PostgreSQL's SQLSTATE, before the planner can loop for ever on it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, JoinOperator, LimitClause, ObjectName, Query, Select, SelectItem, SetExpr, SetOperator,
    TableFactor, TableWithJoins, Value, Visit, Visitor,
};

use crate::error::{Error, Result};
use crate::plan::marker::RECURSIVE_OUTPUT;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::rewrite::setops::Operation;
use crate::sqlstate;

/// Checks the recursive queries of a WITH list.
pub fn check(query: &Query) -> Result<()> {
    let Some(with) = query.with.as_ref().filter(|with| with.recursive) else { return Ok(()) };
    for cte in &with.cte_tables {
        let name = folded(&cte.alias.name);
        if references(cte.query.as_ref(), &name) > 0 {
            form(&name, &cte.query)?;
        }
    }
    Ok(())
}

/// The recursive terms of a WITH list, with the names of their queries.
pub fn terms(query: &Query) -> Vec<(*const Select, String)> {
    let Some(with) = query.with.as_ref().filter(|with| with.recursive) else { return Vec::new() };
    let mut found = Vec::new();
    for cte in &with.cte_tables {
        let name = folded(&cte.alias.name);
        if references(cte.query.as_ref(), &name) > 0
            && let Some(SetExpr::Select(select)) = recursive_term(&cte.query)
        {
            found.push((std::ptr::from_ref(select.as_ref()), name));
        }
    }
    found
}

/// Marks the outputs of a recursive term, so that the planner's own casts of them can be told from those written.
pub fn mark(select: &mut Select, name: &str) {
    for (i, item) in select.projection.iter_mut().enumerate() {
        let (expr, alias) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.clone()),
            SelectItem::UnnamedExpr(expr) => (expr, Ident::with_quote('"', format!("\u{1}output{i}"))),
            _ => continue,
        };
        if matches!(expr, Expr::Value(_) | Expr::QualifiedWildcard(..)) {
            continue;
        }
        let value = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
        let label = Expr::Value(Value::SingleQuotedString(name.to_owned()).with_empty_span());
        let expr = function(RECURSIVE_OUTPUT, vec![value, label]);
        *item = SelectItem::ExprWithAlias { expr, alias };
    }
}

fn recursive_term(query: &Query) -> Option<&SetExpr> {
    match query.body.as_ref() {
        SetExpr::SetOperation { right, .. } => Some(right.as_ref()),
        SetExpr::Query(inner) => recursive_term(inner),
        _ => None,
    }
}

fn refused(name: &str, what: &str) -> Error {
    Error::new(sqlstate::INVALID_RECURSION, format!("recursive reference to query \"{name}\" must not appear {what}"))
}

fn form(name: &str, query: &Query) -> Result<()> {
    let shape = || {
        let message =
            format!("recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term");
        Error::new(sqlstate::INVALID_RECURSION, message)
    };
    let (left, right) = match query.body.as_ref() {
        SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } => (left, right),
        SetExpr::Query(inner) if query.with.is_none() => return form(name, inner),
        _ => return Err(shape()),
    };
    if let Some(with) = &query.with
        && with.cte_tables.iter().any(|cte| references(cte.query.as_ref(), name) > 0)
    {
        return Err(refused(name, "within a subquery"));
    }
    if references(left.as_ref(), name) > 0 {
        return Err(refused(name, "within its non-recursive term"));
    }
    clauses(query)?;
    term(name, right)
}

/// Clauses that a recursive query has not.
fn clauses(query: &Query) -> Result<()> {
    let (limit, offset) = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit.is_some(), offset.is_some()),
        Some(LimitClause::OffsetCommaLimit { .. }) => (true, true),
        None => (false, false),
    };
    let found = [
        (query.order_by.is_some(), "ORDER BY"),
        (offset, "OFFSET"),
        (limit || query.fetch.is_some(), "LIMIT"),
        (!query.locks.is_empty(), "FOR UPDATE/SHARE"),
    ];
    match found.into_iter().find(|(there, _)| *there) {
        Some((_, clause)) => Err(Error::unsupported(format!("{clause} in a recursive query is not implemented"))),
        None => Ok(()),
    }
}

/// The recursive term: one reference, not inside a subquery, an aggregate's query or the nullable side of a join.
fn term(name: &str, body: &SetExpr) -> Result<()> {
    let select = match body {
        SetExpr::Query(query) if query.with.is_none() => return term(name, &query.body),
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { op, left, right, .. } => {
            let all = references(left.as_ref(), name) + references(right.as_ref(), name);
            return match op {
                _ if all > 1 => Err(refused(name, "more than once")),
                SetOperator::Except if references(right.as_ref(), name) > 0 => Err(refused(name, "within EXCEPT")),
                SetOperator::Intersect => Err(refused(name, "within INTERSECT")),
                _ => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    let total = references(select.as_ref(), name);
    let direct = select.from.iter().try_fold(0, |sum, from| Ok::<_, Error>(sum + in_from(name, from)?))?;
    if total > 1 && direct > 1 {
        return Err(refused(name, "more than once"));
    }
    if total > direct && !in_items(name, select) {
        return Err(refused(name, "within a subquery"));
    }
    if direct > 0 && has_aggregate(select) {
        let message = "aggregate functions are not allowed in a recursive query's recursive term";
        return Err(Error::new(sqlstate::INVALID_RECURSION, message));
    }
    Ok(())
}

/// Whether the references of a SELECT all stand in items of its FROM list, where PostgreSQL allows one in a subquery.
fn in_items(name: &str, select: &Select) -> bool {
    let inside: usize = select.from.iter().map(|from| references(from, name)).sum();
    inside == references(select, name)
}

/// References that are items of FROM themselves.
fn in_from(name: &str, from: &TableWithJoins) -> Result<usize> {
    let mut left = in_factor(name, &from.relation)?;
    for join in &from.joins {
        let right = in_factor(name, &join.relation)?;
        let nullable = match join.join_operator {
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => right > 0,
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => left > 0,
            JoinOperator::FullOuter(_) => left + right > 0,
            _ => false,
        };
        if nullable {
            return Err(refused(name, "within an outer join"));
        }
        left += right;
    }
    Ok(left)
}

fn in_factor(name: &str, factor: &TableFactor) -> Result<usize> {
    Ok(match factor {
        TableFactor::Table { name: table, .. } => usize::from(is_reference(table, name)),
        TableFactor::NestedJoin { table_with_joins, .. } => in_from(name, table_with_joins)?,
        TableFactor::Function { name: operation, args, .. } => match Operation::of_name(operation) {
            Some(Operation { operator: SetOperator::Intersect, .. }) if references(args, name) > 0 => {
                return Err(refused(name, "within INTERSECT"));
            }
            Some(Operation { operator: SetOperator::Except, .. }) if references(args, name) > 0 => {
                return Err(refused(name, "within EXCEPT"));
            }
            _ => 0,
        },
        _ => 0,
    })
}

fn is_reference(relation: &ObjectName, name: &str) -> bool {
    relation.0.len() == 1 && last_part(relation) == name
}

/// How often a query is referred to; a WITH query of the same name hides it.
fn references<T: Visit>(tree: &T, name: &str) -> usize {
    struct Count<'a> {
        name: &'a str,
        found: usize,
        hidden: usize,
    }
    impl Count<'_> {
        fn hides(&self, query: &Query) -> bool {
            let named = |with: &datafusion::sql::sqlparser::ast::With| {
                with.cte_tables.iter().any(|cte| folded(&cte.alias.name) == self.name)
            };
            query.with.as_ref().is_some_and(named)
        }
    }
    impl Visitor for Count<'_> {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            self.hidden += usize::from(self.hides(query));
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            self.hidden -= usize::from(self.hides(query));
            ControlFlow::Continue(())
        }
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            self.found += usize::from(self.hidden == 0 && is_reference(relation, self.name));
            ControlFlow::Continue(())
        }
    }
    let mut count = Count { name, found: 0, hidden: 0 };
    let _ = tree.visit(&mut count);
    count.found
}

/// Whether a SELECT list or HAVING aggregates, outside subqueries and windows.
fn has_aggregate(select: &Select) -> bool {
    const AGGREGATES: [&str; 14] = [
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "array_agg",
        "string_agg",
        "bool_and",
        "bool_or",
        "every",
        "json_agg",
        "jsonb_agg",
        "stddev",
        "variance",
    ];
    struct Finder {
        depth: usize,
    }
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(Function { name, over: None, .. })
                    if self.depth == 0 && AGGREGATES.contains(&last_part(name).as_str()) =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let mut finder = Finder { depth: 0 };
    select.projection.visit(&mut finder).is_break() || select.having.visit(&mut finder).is_break()
}
