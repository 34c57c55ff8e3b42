//! Names in a statement before it is planned: `*` and `t.*` written out, USING and NATURAL joins as conditions, a
//! relation's name as its whole row.
//!
//! What a bare name means follows PostgreSQL's scopes: the innermost FROM list that has it. A name that this pass does
//! not need to change is left for the planner to find.

mod free;
pub(super) mod joins;
mod outputs;
mod recursion;
mod rows;
mod sample;
mod scope;
mod system;

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, JoinConstraint, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins, Value, VisitMut, VisitorMut,
};

use datafusion::sql::sqlparser::tokenizer::Span;

use self::scope::{Ctes, Names, Relation, Scope};
use super::PlanEnv;
use crate::error::{Error, Result};
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::{display_name, folded, last_part};
use crate::sqlstate;

/// Settles the names of a query.
pub fn bind(query: &mut Query, env: &PlanEnv) -> Result<()> {
    let mut binder = Binder {
        names: Names { env },
        ctes: vec![Ctes::new()],
        scopes: Vec::new(),
        bodies: Vec::new(),
        recursive: Vec::new(),
        functions: 0,
    };
    match query.visit(&mut binder) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Binder<'a> {
    names: Names<'a>,
    /// WITH queries seen, per query that is being visited.
    ctes: Vec<Ctes>,
    /// FROM lists, the innermost last.
    scopes: Vec<Scope>,
    /// The SELECT that is a query's body, whose scope the query's ORDER BY sees too; `None` for other bodies.
    bodies: Vec<Option<*const Select>>,
    /// The recursive terms of the WITH queries seen, with those queries' names.
    recursive: Vec<(*const Select, String)>,
    /// How many functions in FROM stand around what is visited.
    functions: usize,
}

impl VisitorMut for Binder<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        let mut ctes = self.ctes.last().cloned().unwrap_or_default();
        if let Err(error) = recursion::check(query)
            .map(|()| self.recursive.extend(recursion::terms(query)))
            .and_then(|()| self.complete_aliases(query, &ctes))
        {
            return ControlFlow::Break(error);
        }
        self.names.add_ctes(query, &mut ctes);
        self.ctes.push(ctes);
        let Query { body, order_by, .. } = query;
        let SetExpr::Select(select) = body.as_mut() else {
            self.bodies.push(None);
            return ControlFlow::Continue(());
        };
        if let Err(error) = self.enter(select) {
            return ControlFlow::Break(error);
        }
        if let (Some(order_by), Some(scope)) = (order_by, self.scopes.last())
            && let Err(error) = outputs::order_by_outputs(order_by, select, scope)
        {
            return ControlFlow::Break(error);
        }
        self.bodies.push(Some(std::ptr::from_ref(select.as_ref())));
        if let Err(error) = free::limits(query, &self.scopes) {
            return ControlFlow::Break(error);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Error> {
        self.ctes.pop();
        if self.bodies.pop().flatten().is_some() {
            self.scopes.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        if self.is_body(select) {
            return ControlFlow::Continue(());
        }
        match self.enter(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        if !self.is_body(select) {
            self.scopes.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        self.functions += usize::from(matches!(factor, TableFactor::Function { .. }));
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        self.functions -= usize::from(matches!(factor, TableFactor::Function { .. }));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Binder<'_> {
    fn is_body(&self, select: &Select) -> bool {
        self.bodies.last().is_some_and(|body| *body == Some(std::ptr::from_ref(select)))
    }

    /// Gives every WITH query a name for each of its columns, where its list names only the first ones.
    fn complete_aliases(&self, query: &mut Query, ctes: &Ctes) -> Result<()> {
        let mut seen = ctes.clone();
        self.names.add_ctes(query, &mut seen);
        let Some(with) = &mut query.with else { return Ok(()) };
        let mut names = HashSet::new();
        if let Some(twice) = with.cte_tables.iter().find(|cte| !names.insert(folded(&cte.alias.name))) {
            let message = format!("WITH query name \"{}\" specified more than once", folded(&twice.alias.name));
            return Err(Error::new(sqlstate::DUPLICATE_ALIAS, message));
        }
        for cte in with.cte_tables.iter_mut().filter(|cte| !cte.alias.columns.is_empty()) {
            let name = folded(&cte.alias.name);
            let Some(Some(columns)) = seen.get(&name) else { continue };
            let listed = cte.alias.columns.len();
            let own = self.names.of_query(&cte.query, &seen).map_or(columns.len(), |own| own.len());
            if listed > own {
                let message =
                    format!("WITH query \"{name}\" has {own} columns available but {listed} columns specified");
                return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
            }
            let rest = columns
                .iter()
                .skip(listed)
                .map(|column| ast::TableAliasColumnDef { name: Ident::with_quote('"', column), data_type: None });
            cte.alias.columns.extend(rest);
        }
        Ok(())
    }

    /// Opens a SELECT's scope and writes out what depends on it.
    fn enter(&mut self, select: &mut Select) -> Result<()> {
        let none = Ctes::new();
        let ctes = self.ctes.last().unwrap_or(&none);
        for from in &mut select.from {
            self.names.samples(from, ctes)?;
        }
        let scope = self.names.scope(&select.from, ctes);
        for from in &mut select.from {
            self.conditions(from, ctes)?;
        }
        one_name_each(&scope)?;
        self.scopes.push(scope);
        self.expand(select)?;
        for item in &mut select.projection {
            if let SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) = item
                && matches!(expr, Expr::Function(call) if last_part(&call.name) == "get_field")
            {
                self.expression(expr)?;
            }
        }
        outputs::name_apart(&mut select.projection);
        let own = std::ptr::from_ref(&*select);
        if let Some((_, name)) = self.recursive.iter().find(|(term, _)| *term == own) {
            recursion::mark(select, name);
        }
        Ok(())
    }

    /// USING and NATURAL as conditions, from the innermost join on.
    fn conditions(&self, from: &mut TableWithJoins, ctes: &Ctes) -> Result<()> {
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut from.relation {
            self.conditions(table_with_joins, ctes)?;
        }
        for i in 0..from.joins.len() {
            if let TableFactor::NestedJoin { table_with_joins, .. } = &mut from.joins[i].relation {
                self.conditions(table_with_joins, ctes)?;
            }
        }
        // Each condition is found before any is replaced: the scopes are told by the joins as they were written.
        let mut found = Vec::new();
        for (i, join) in from.joins.iter().enumerate() {
            let (constraint, _) = joins::parts(&join.join_operator);
            let is_natural = matches!(constraint, Some(JoinConstraint::Natural));
            if !is_natural && !matches!(constraint, Some(JoinConstraint::Using(_))) {
                continue;
            }
            let before = TableWithJoins { relation: from.relation.clone(), joins: from.joins[..i].to_vec() };
            let left = self.names.scope(&[before], ctes);
            let right = TableWithJoins { relation: join.relation.clone(), joins: Vec::new() };
            let right = self.names.scope(&[right], ctes);
            let names = match constraint {
                Some(JoinConstraint::Using(names)) => Some(joins::columns_of(names)),
                _ => joins::shared(&left, &right),
            };
            let Some(names) = names else { continue };
            joins::mergeable(&left, &right, &names)?;
            let always = || Some(Expr::Value(Value::Boolean(true).with_empty_span()));
            let condition = if names.is_empty() { always() } else { joins::condition(&left, &right, &names) };
            found.extend(condition.map(|condition| (i, condition)));
        }
        for (i, condition) in found {
            joins::set_condition(&mut from.joins[i], condition);
        }
        Ok(())
    }

    /// `*` and `t.*` as their columns.
    fn expand(&self, select: &mut Select) -> Result<()> {
        let is_star = |i: &SelectItem| match i {
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => true,
            SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
                row_in_parentheses(expr).is_some()
            }
            SelectItem::ExprWithAliases { .. } => false,
        };
        if !select.projection.iter().any(is_star) || select.from.is_empty() && self.scopes.len() < 2 {
            return Ok(());
        }
        let mut items = Vec::new();
        for item in std::mem::take(&mut select.projection) {
            let expanded = match &item {
                SelectItem::Wildcard(_) => self
                    .scopes
                    .last()
                    .and_then(|s| s.star.as_ref())
                    .map(|star| star.iter().map(|c| (c.value.clone(), c.name.clone())).collect::<Vec<_>>()),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let alias = last_part(name);
                    let merged = self.scopes.last().and_then(|s| s.aliases.iter().find(|(known, _)| *known == alias));
                    match merged {
                        Some((_, columns)) => Some(columns.iter().map(|m| (m.value.clone(), m.name.clone())).collect()),
                        None => self.relation(&alias).and_then(rows::columns_of),
                    }
                }
                SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)
                    if let Some(name) = row_in_parentheses(expr) =>
                {
                    self.relation(&last_part(name)).and_then(rows::columns_of)
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                    Some(self.fields(expr)?)
                }
                _ => None,
            };
            match expanded {
                Some(columns) => items.extend(columns.into_iter().map(|(expr, name)| {
                    let alias = Ident::with_quote('"', display_name(&name));
                    SelectItem::ExprWithAlias { expr, alias }
                })),
                None => items.push(item),
            }
        }
        select.projection = items;
        Ok(())
    }

    /// The relation that a name calls, from the innermost scope on; `None` when that is not known.
    fn relation(&self, name: &str) -> Option<&Relation> {
        for scope in self.scopes.iter().rev() {
            if let Some(relation) = scope.relation(name) {
                return Some(relation);
            }
            if !scope.is_closed() || scope.hidden.iter().any(|hidden| hidden == name) {
                return None;
            }
        }
        // What is missing is for the planner to say, which knows more of it.
        None
    }

    /// The fields of `(expr).*`.
    fn fields(&self, expr: &Expr) -> Result<Vec<(Expr, String)>> {
        let mut inner = expr;
        while let Expr::Nested(nested) = inner {
            inner = nested;
        }
        let field = |name: &String| {
            let literal = Expr::Value(Value::SingleQuotedString(name.clone()).with_empty_span());
            (function("get_field", vec![inner.clone(), literal]), name.clone())
        };
        let known = match inner {
            Expr::Identifier(ident) => self.relation(&folded(ident)).and_then(rows::columns_of),
            Expr::Function(call) => self
                .names
                .outputs(&last_part(&call.name))
                .filter(|(_, is_value)| !is_value)
                .map(|(names, _)| names.iter().map(field).collect()),
            _ => None,
        };
        known.ok_or_else(|| Error::unsupported("row expansion via \"*\" is not supported for this expression"))
    }

    fn row(&self, relation: &Relation) -> Option<Expr> {
        rows::whole_row(relation, self.names.env)
    }

    fn expression(&self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Identifier(ident) if !is_made(ident) => {
                if let Some(meant) = self.bare(&folded(ident))? {
                    *expr = meant;
                }
            }
            Expr::CompoundIdentifier(parts) => {
                if let [relation, column] = parts.as_slice()
                    && !is_made(column)
                    && let Some(value) = self.beside(&folded(relation), &folded(column))
                {
                    *expr = value;
                } else if let [relation, column] = parts.as_slice()
                    && !is_made(column)
                    && let Some(relation) = self.relation(&folded(relation))
                    && relation.count(&folded(column)) > 1
                {
                    return Err(ambiguous(&folded(column)));
                }
            }
            // The planner's reading of an array does not see beyond its own query.
            Expr::Array(array) if (self.functions > 0 || self.scopes.len() > 1) && has_names(&array.elem) => {
                *expr = function("make_array", std::mem::take(&mut array.elem));
            }
            Expr::QualifiedWildcard(name, _) => {
                if let Some(row) = self.relation(&last_part(name)).and_then(|r| self.row(r)) {
                    *expr = row;
                }
            }
            Expr::Function(call) if last_part(&call.name) == "get_field" => {
                if let Some(column) = self.field(call)? {
                    *expr = column;
                }
            }
            Expr::Function(call) => {
                let is_row = last_part(&call.name) == "row";
                if let FunctionArguments::List(list) = &mut call.args {
                    self.arguments(&mut list.args, is_row)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `(t).a` as `t.a`; `None` where `t` is no relation with such a column.
    fn field(&self, call: &ast::Function) -> Result<Option<Expr>> {
        let FunctionArguments::List(list) = &call.args else { return Ok(None) };
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(record)), FunctionArg::Unnamed(FunctionArgExpr::Expr(field))] =
            list.args.as_slice()
        else {
            return Ok(None);
        };
        let mut record = record;
        while let Expr::Nested(inner) = record {
            record = inner;
        }
        let (Expr::Identifier(ident), Expr::Value(value)) = (record, field) else { return Ok(None) };
        let (name, Value::SingleQuotedString(field)) = (folded(ident), &value.value) else { return Ok(None) };
        for scope in self.scopes.iter().rev() {
            if scope.has_column(&name) || scope.merged(&name).is_some() {
                return Ok(None);
            }
            if let Some(relation) = scope.relation(&name) {
                if relation.columns.is_some() && relation.fields.is_none() && relation.count(field) == 0 {
                    let message = format!("column {name}.{field} does not exist");
                    return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
                }
                return Ok((relation.count(field) == 1).then(|| relation.column(field)));
            }
        }
        Ok(None)
    }

    /// `f(t.*)`: the whole row, or for ROW its columns.
    fn arguments(&self, args: &mut Vec<FunctionArg>, is_row: bool) -> Result<()> {
        let is_star = |a: &FunctionArg| matches!(a, FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(_)));
        if !args.iter().any(is_star) {
            return Ok(());
        }
        let mut all = Vec::new();
        for arg in std::mem::take(args) {
            let relation = match &arg {
                FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => self.relation(&last_part(name)),
                _ => None,
            };
            match relation {
                Some(relation) if is_row => {
                    let columns = rows::columns_of(relation).unwrap_or_default().into_iter();
                    all.extend(columns.map(|(expr, _)| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))));
                }
                Some(relation) => match self.row(relation) {
                    Some(row) => all.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(row))),
                    None => all.push(arg),
                },
                None => all.push(arg),
            }
        }
        *args = all;
        Ok(())
    }

    /// What a qualified name means besides a relation's columns: a join's merged column, a system column.
    fn beside(&self, relation: &str, column: &str) -> Option<Expr> {
        let merged = self.scopes.iter().rev().find_map(|scope| scope.aliased(relation, column));
        match merged {
            Some(merged) => Some(merged.value.clone()),
            None => system::column(self.relation(relation)?, column),
        }
    }

    /// What a bare name means where the planner could not tell; `None` to leave it.
    fn bare(&self, name: &str) -> Result<Option<Expr>> {
        for scope in self.scopes.iter().rev() {
            if let Some(merged) = scope.merged(name) {
                return Ok(Some(merged.value.clone()));
            }
            if scope.relations.iter().any(|r| r.count(name) > 1) {
                return Err(ambiguous(name));
            }
            if scope.has_column(name) {
                return Ok(None);
            }
            if let Some(relation) = scope.relation(name) {
                return Ok(self.row(relation));
            }
            if !scope.is_closed() {
                return Ok(None);
            }
            let mut found = scope.relations.iter().filter_map(|relation| system::column(relation, name));
            if let Some(value) = found.next() {
                return if found.next().is_some() { Err(ambiguous(name)) } else { Ok(Some(value)) };
            }
        }
        Ok(None)
    }
}

/// Whether a name was put in by this pass, and so means what it says.
fn is_made(ident: &Ident) -> bool {
    ident.span == Span::empty()
}

/// Whether expressions mention a column.
fn has_names(exprs: &[Expr]) -> bool {
    struct Finder;
    impl ast::Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    exprs.iter().any(|expr| ast::Visit::visit(expr, &mut Finder).is_break())
}

fn ambiguous(name: &str) -> Error {
    Error::new(sqlstate::AMBIGUOUS_COLUMN, format!("column reference \"{name}\" is ambiguous"))
}

/// The relation of `(t.*)`.
fn row_in_parentheses(expr: &Expr) -> Option<&ast::ObjectName> {
    match expr {
        Expr::Nested(inner) => match inner.as_ref() {
            Expr::QualifiedWildcard(name, _) => Some(name),
            nested => row_in_parentheses(nested),
        },
        _ => None,
    }
}

/// `42712` when two relations of a FROM list have one name.
fn one_name_each(scope: &Scope) -> Result<()> {
    let mut seen = HashSet::new();
    for relation in scope.relations.iter().filter(|r| !r.name.is_empty()) {
        if !seen.insert(relation.name.iter().map(folded).collect::<Vec<_>>()) {
            let message = format!("table name \"{}\" specified more than once", relation.called());
            return Err(Error::new(sqlstate::DUPLICATE_ALIAS, message));
        }
    }
    Ok(())
}
