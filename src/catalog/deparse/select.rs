//! SELECT: its list, FROM, WHERE, GROUP BY, HAVING, WINDOW and the ORDER BY of its query.

use datafusion::sql::sqlparser::ast::{
    self, Expr, GroupByExpr, NamedWindowExpr, OrderByExpr, Select, SelectItem, SelectItemQualifiedWildcardKind, Value,
};

use super::expr::unnested;
use super::tree::{Distinct, Group, Query, Sort, Target, Term};
use super::{Analyzer, refused};
use crate::error::Result;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::sets::{DISTINCT_SETS, INNER_SETS};

impl Analyzer<'_> {
    /// A SELECT; its scope stays open for the caller to close.
    pub(super) fn select(&mut self, select: &Select, order: &[OrderByExpr]) -> Result<Query> {
        let mut query = self.select_untyped(select, order)?;
        for target in &mut query.targets {
            if target.term.is_unknown() {
                target.term = self.settled(target.term.clone())?;
            }
        }
        Ok(query)
    }

    /// The same, its bare strings as they are: a set operation gives them a type.
    pub(super) fn select_untyped(&mut self, select: &Select, order: &[OrderByExpr]) -> Result<Query> {
        if let Some(rows) = values_in(select).filter(|_| order.is_empty()) {
            return self.values(rows);
        }
        if select.into.is_some() || select.qualify.is_some() || select.top.is_some() || select.prewhere.is_some() {
            return Err(refused("a clause of SELECT"));
        }
        let mut query = Query::default();
        self.from(&select.from, &mut query)?;
        for window in &select.named_window {
            let NamedWindowExpr::WindowSpec(spec) = &window.1 else { return Err(refused("a window of this form")) };
            let spec = self.window_spec(spec)?;
            query.windows.push((folded(&window.0), spec));
        }
        query.targets = self.targets(&select.projection)?;
        if let Some(filter) = &select.selection {
            let filter = self.expr(filter)?;
            query.filter = Some(self.boolean(filter)?);
        }
        self.group_by(&select.group_by, &mut query)?;
        if let Some(having) = &select.having {
            let having = self.expr(having)?;
            query.having = Some(self.boolean(having)?);
        }
        for item in order {
            let sort = self.order_item(item, &query)?;
            query.order.push(sort);
        }
        query.distinct = match &select.distinct {
            None | Some(ast::Distinct::All) => Distinct::No,
            Some(ast::Distinct::Distinct) => Distinct::All,
            Some(ast::Distinct::On(items)) => {
                let terms = items.iter().map(|item| self.output_or_expr(item, &query, true));
                Distinct::On(terms.map(|found| found.map(|(term, _)| term)).collect::<Result<_>>()?)
            }
        };
        Ok(query)
    }

    fn targets(&mut self, items: &[SelectItem]) -> Result<Vec<Target>> {
        let mut targets = Vec::with_capacity(items.len());
        let add_all = |columns: Vec<(String, Term)>, targets: &mut Vec<Target>| {
            targets.extend(columns.into_iter().map(|(name, term)| Target { term, name }));
        };
        for item in items {
            match item {
                SelectItem::Wildcard(options) => {
                    plain(options)?;
                    let columns = self.scopes.last().map(|scope| scope.columns.clone()).unwrap_or_default();
                    add_all(columns, &mut targets);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    plain(options)?;
                    let columns = self.star_of(&last_part(name))?;
                    add_all(columns, &mut targets);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), options) => {
                    plain(options)?;
                    let Expr::Identifier(name) = unnested(expr) else { return Err(refused("a star of this form")) };
                    let columns = self.star_of(&folded(name))?;
                    add_all(columns, &mut targets);
                }
                SelectItem::UnnamedExpr(expr) => {
                    let term = self.expr(expr)?;
                    targets.push(Target { term, name: Self::figured(expr) });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let term = self.expr(expr)?;
                    targets.push(Target { term, name: folded(alias) });
                }
                SelectItem::ExprWithAliases { .. } => return Err(refused("several aliases")),
            }
        }
        Ok(targets)
    }

    fn order_item(&mut self, item: &OrderByExpr, query: &Query) -> Result<Sort> {
        let (by, column) = self.output_or_expr(&item.expr, query, true)?;
        super::aggregates::sort(by, column, item)
    }

    /// What an item of ORDER BY, GROUP BY or DISTINCT ON means: an output by number or name, or an expression. In GROUP
    /// BY a column of FROM comes before an output.
    fn output_or_expr(&mut self, written: &Expr, query: &Query, outputs_first: bool) -> Result<(Term, Option<usize>)> {
        let output = |place: usize| query.targets.get(place).map(|target| (target.term.clone(), Some(place + 1)));
        match unnested(written) {
            Expr::Value(value) => {
                if let Value::Number(digits, _) = &value.value {
                    let place = digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                    return place.and_then(output).ok_or_else(|| refused("a position of no output column"));
                }
            }
            Expr::Identifier(name) => {
                let name = folded(name);
                let in_from = || self.scopes.last().is_some_and(|s| s.columns.iter().any(|(known, _)| *known == name));
                let place = query.targets.iter().position(|target| target.name == name);
                if let Some(found) = place.filter(|_| outputs_first || !in_from()).and_then(output) {
                    return Ok(found);
                }
            }
            _ => {}
        }
        let term = self.expr(written)?;
        let place = query.targets.iter().position(|target| target.term == term).map(|place| place + 1);
        Ok((self.settled(term)?, place))
    }

    fn group_by(&mut self, written: &GroupByExpr, query: &mut Query) -> Result<()> {
        let GroupByExpr::Expressions(items, modifiers) = written else { return Err(refused("GROUP BY ALL")) };
        if !modifiers.is_empty() {
            return Err(refused("GROUP BY of this form"));
        }
        for item in items {
            if matches!(item, Expr::Identifier(name) if name.quote_style.is_some() && name.value == DISTINCT_SETS) {
                query.group_distinct = true;
                continue;
            }
            let group = self.group(item, query)?;
            query.group.push(group);
        }
        let has_sets = query.group.iter().any(|group| matches!(group, Group::Set(_)));
        if has_sets && !query.group.iter().any(|group| matches!(group, Group::Sets(..))) {
            let plain = std::mem::take(&mut query.group);
            for group in plain {
                match group {
                    Group::Set(terms) => query.group.extend(terms.into_iter().map(Group::Plain)),
                    other => query.group.push(other),
                }
            }
        }
        Ok(())
    }

    fn group(&mut self, item: &Expr, query: &Query) -> Result<Group> {
        let (kind, sets) = match item {
            Expr::Rollup(sets) => ("ROLLUP", sets),
            Expr::Cube(sets) => ("CUBE", sets),
            Expr::GroupingSets(sets) => ("GROUPING SETS", sets),
            Expr::Tuple(items) => return self.group_set(items, query).map(Group::Set),
            // Inside GROUPING SETS the parser takes them for calls.
            Expr::Function(call) if matches!(last_part(&call.name).as_str(), "rollup" | "cube") => {
                let kind = if last_part(&call.name) == "cube" { "CUBE" } else { "ROLLUP" };
                let items = super::calls::plain_args(call)?;
                let sets = items.into_iter().map(|item| match item {
                    Expr::Tuple(items) => self.group_set(items, query).map(Group::Set),
                    other => self.group_set(std::slice::from_ref(other), query).map(Group::Set),
                });
                let sets = sets.collect::<Result<_>>()?;
                return Ok(Group::Sets(kind, sets));
            }
            Expr::Function(call) if last_part(&call.name) == INNER_SETS => return Err(refused("nested GROUPING SETS")),
            other => return self.output_or_expr(other, query, false).map(|(term, _)| Group::Plain(term)),
        };
        let mut made = Vec::with_capacity(sets.len());
        for set in sets {
            let inner = match set.as_slice() {
                [Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_)] => true,
                [Expr::Function(call)] => matches!(last_part(&call.name).as_str(), "rollup" | "cube"),
                _ => false,
            };
            made.push(match (inner, set.as_slice()) {
                (true, [nested]) => self.group(nested, query)?,
                _ => Group::Set(self.group_set(set, query)?),
            });
        }
        Ok(Group::Sets(kind, made))
    }

    fn group_set(&mut self, items: &[Expr], query: &Query) -> Result<Vec<Term>> {
        items.iter().map(|item| self.output_or_expr(item, query, false).map(|(term, _)| term)).collect()
    }
}

/// Refuses the options that other dialects have for `*`.
fn plain(options: &ast::WildcardAdditionalOptions) -> Result<()> {
    let is_plain = options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_rename.is_none()
        && options.opt_replace.is_none();
    if is_plain { Ok(()) } else { Err(refused("a star of this form")) }
}

/// The rows of `(VALUES …)` in an expression, which the lexer gave the form of a SELECT: all its words stand in one
/// place.
fn values_in(select: &Select) -> Option<&[ast::Parens<Vec<Expr>>]> {
    let [SelectItem::Wildcard(options)] = select.projection.as_slice() else { return None };
    let [ast::TableWithJoins { relation, joins }] = select.from.as_slice() else { return None };
    let ast::TableFactor::Derived { subquery, alias: None, lateral: false, sample: None } = relation else {
        return None;
    };
    let put_in = options.wildcard_token.0.span == select.select_token.0.span;
    let bare = subquery.with.is_none() && subquery.order_by.is_none() && subquery.limit_clause.is_none();
    match subquery.body.as_ref() {
        ast::SetExpr::Values(values) if put_in && bare && joins.is_empty() => Some(&values.rows),
        _ => None,
    }
}
