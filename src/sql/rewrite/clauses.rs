//! Names and positions in ORDER BY, GROUP BY, HAVING and SELECT DISTINCT, by PostgreSQL's rules.
//!
//! In ORDER BY a bare name is an output column first; inside an expression only the input's columns have names. The
//! planner would look among the outputs everywhere, so an output that an expression seems to name gets an invisible
//! mark, and a bare name becomes the output's position.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, LimitClause, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr,
    Spanned, UnaryOperator, Value, Visit, VisitMut, Visitor, VisitorMut,
};

use super::names::{figure, folded, marked_name};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Settles a query's clauses. `top`: its column names are the client's, and may be marked.
pub fn settle(query: &mut Query, top: bool) -> Result<()> {
    let limited = limits(query);
    let SetExpr::Select(select) = query.body.as_mut() else { return Ok(()) };
    let mut none = Vec::new();
    let items = match query.order_by.as_mut().map(|o| &mut o.kind) {
        Some(OrderByKind::Expressions(items)) => items,
        _ => &mut none,
    };
    let outputs = Outputs::of(select);
    if let GroupByExpr::Expressions(exprs, _) = &select.group_by {
        exprs.iter().try_for_each(|e| outputs.check_constant(e, "GROUP BY"))?;
    }
    if let Some(Distinct::On(exprs)) = &select.distinct {
        exprs.iter().try_for_each(|e| outputs.check_constant(e, "DISTINCT ON"))?;
    }
    let plain_distinct = matches!(select.distinct, Some(Distinct::Distinct));
    let positions = !matches!(select.distinct, Some(Distinct::On(_)));
    for item in items.iter_mut() {
        outputs.check_constant(&item.expr, "ORDER BY")?;
        outputs.settle_item(item, plain_distinct, positions)?;
    }
    hide_outputs(select, items, top, limited)
}

fn limits(query: &Query) -> bool {
    let clause = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => limit.is_some() || offset.is_some(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
        None => false,
    };
    clause || query.fetch.is_some()
}

/// What a SELECT list gives.
struct Outputs {
    /// Name and expression of each item; `None` for a wildcard.
    items: Vec<Option<(String, Expr)>>,
}

impl Outputs {
    fn of(select: &Select) -> Self {
        let item = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(expr) => Some((figure(expr).0, expr.clone())),
            SelectItem::ExprWithAlias { expr, alias } => Some((folded(alias), expr.clone())),
            _ => None,
        };
        Self { items: select.projection.iter().map(item).collect() }
    }

    fn has_wildcard(&self) -> bool {
        self.items.iter().any(Option::is_none)
    }

    /// Refuses positions outside the list, and constants that are none.
    fn check_constant(&self, expr: &Expr, clause: &str) -> Result<()> {
        let start = expr.span().start;
        let refused = |state, message: String| Err(Error::new(state, message).placed(start.line, start.column));
        let (value, negative) = match unnested(expr) {
            Expr::Value(value) => (value, false),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
                Expr::Value(value) => (value, true),
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let digits = match &value.value {
            Value::Placeholder(_) => return Ok(()),
            Value::Number(digits, _) if digits.parse::<i32>().is_ok() => digits,
            _ => return refused(sqlstate::SYNTAX_ERROR, format!("non-integer constant in {clause}")),
        };
        let sign = if negative { "-" } else { "" };
        let number = digits.parse::<usize>().ok().filter(|n| !negative && *n > 0);
        match number {
            Some(n) if n <= self.items.len() || self.has_wildcard() => Ok(()),
            _ => {
                let message = format!("{clause} position {sign}{digits} is not in select list");
                refused(sqlstate::INVALID_COLUMN_REFERENCE, message)
            }
        }
    }

    /// A bare name of an output as its position; with DISTINCT every expression has to be an output.
    fn settle_item(&self, item: &mut OrderByExpr, distinct: bool, positions: bool) -> Result<()> {
        let expr = unnested(&item.expr);
        if matches!(expr, Expr::Value(_)) {
            return Ok(());
        }
        let mut found = None;
        if let Expr::Identifier(ident) = expr {
            let name = folded(ident);
            let named = self.items.iter().enumerate().filter_map(|(i, o)| o.as_ref().map(|(n, e)| (i, n, e)));
            for (i, _, expr) in named.filter(|(_, n, _)| **n == name) {
                match found {
                    None => found = Some((i, expr)),
                    Some((_, first)) if first == expr => {}
                    // Whether they are one column is for the names' scope to say.
                    Some((_, first)) if unqualified(first) == unqualified(expr) => return Ok(()),
                    Some(_) => {
                        let message = format!("ORDER BY \"{name}\" is ambiguous");
                        return Err(Error::new(sqlstate::AMBIGUOUS_COLUMN, message));
                    }
                }
            }
        }
        if found.is_none() && distinct {
            let wanted = unqualified(expr);
            let outputs = self.items.iter().enumerate().filter_map(|(i, o)| o.as_ref().map(|(_, e)| (i, e)));
            found = outputs.into_iter().find(|(_, e)| unqualified(e) == wanted);
            if found.is_none() && !self.has_wildcard() {
                let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
            }
        }
        if let (Some((i, _)), true, false) = (found, positions, self.has_wildcard()) {
            item.expr = Expr::Value(Value::Number((i + 1).to_string(), false).with_empty_span());
        }
        Ok(())
    }
}

fn unnested(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unnested(inner),
        other => other,
    }
}

/// An expression without its columns' qualifiers and its parentheses, to be compared.
fn unqualified(expr: &Expr) -> Expr {
    struct Strip;
    impl VisitorMut for Strip {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            while let Expr::Nested(inner) = expr {
                *expr = std::mem::replace(inner.as_mut(), Expr::Value(Value::Null.with_empty_span()));
            }
            let name = match expr {
                Expr::CompoundIdentifier(parts) => parts.last().map(folded),
                Expr::Identifier(ident) => Some(folded(ident)),
                _ => None,
            };
            if let Some(name) = name {
                *expr = Expr::Identifier(Ident::with_quote('"', name));
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    let _ = VisitMut::visit(&mut expr, &mut Strip);
    expr
}

/// The unqualified names that an expression uses outside its subqueries.
fn names_in(expr: &Expr) -> Vec<String> {
    struct Names {
        found: Vec<String>,
        depth: usize,
    }
    impl Visitor for Names {
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
            if let (0, Expr::Identifier(ident)) = (self.depth, expr) {
                self.found.push(folded(ident));
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names { found: Vec::new(), depth: 0 };
    let _ = expr.visit(&mut names);
    names.found
}

/// Marks the outputs that expressions of other clauses seem to name.
fn hide_outputs(select: &mut Select, items: &[OrderByExpr], top: bool, limited: bool) -> Result<()> {
    let bare = |expr: &Expr| matches!(unnested(expr), Expr::Identifier(_) | Expr::Value(_));
    let sorts: Vec<String> = items.iter().map(|i| &i.expr).filter(|e| !bare(e)).flat_map(names_in).collect();
    let having: Vec<String> = select.having.iter().flat_map(names_in).collect();
    let (mut groups, mut grouped) = (Vec::new(), Vec::new());
    if let GroupByExpr::Expressions(exprs, _) = &select.group_by {
        groups = exprs.iter().filter(|e| !bare(e)).flat_map(names_in).collect();
        grouped = exprs.iter().filter(|e| bare(e)).flat_map(names_in).collect();
    }
    for (i, item) in select.projection.iter_mut().enumerate() {
        let (name, expr) = match &*item {
            SelectItem::UnnamedExpr(expr) => (figure(expr).0, expr),
            SelectItem::ExprWithAlias { expr, alias } => (folded(alias), expr),
            _ => continue,
        };
        // The column of that name is what the name means either way.
        let same = match unnested(expr) {
            Expr::Identifier(ident) => folded(ident) == name,
            Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|p| folded(p) == name),
            _ => false,
        };
        let in_sort = sorts.contains(&name) && (top || limited);
        let used = in_sort || having.contains(&name) || groups.contains(&name);
        if same || !used || grouped.contains(&name) {
            continue;
        }
        if !top {
            let message =
                format!("\"{name}\" as an output and in an expression of a subquery's clauses is not supported");
            return Err(Error::unsupported(message).hint("Give the output another name."));
        }
        let alias = Ident::with_quote('"', marked_name(&name, i));
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
    Ok(())
}
