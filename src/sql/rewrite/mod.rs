//! AST rules applied to every query before planning, one per file. Each keeps the query's meaning.

mod access;
pub mod arrays;
pub mod balance;
pub mod collations;
pub mod conditions;
pub mod casts;
pub mod clauses;
pub mod builtin;
pub mod forms;
pub mod frame_spec;
pub mod grouping;
pub mod hypothetical;
pub mod intervals;
pub mod keywords;
pub mod limits;
pub mod named;
pub mod names;
pub mod numbers;
pub mod qualifiers;
pub mod quantified;
pub mod renamed;
pub mod rows;
pub mod selects;
pub mod series;
pub mod setops;
pub mod values;
pub mod windows;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{self, VisitMut, VisitorMut};

use crate::error::{Error, Result};

/// Applies all rules to a query.
pub fn apply(query: &mut ast::Query) -> Result<()> {
    collations::check(query)?;
    match query.visit(&mut Rules::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// Applies the expression rules to a lone expression (an argument of EXECUTE).
pub fn apply_to_expr(expr: &mut ast::Expr) -> Result<()> {
    match expr.visit(&mut Rules::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The rules of a query's own clauses.
fn clauses_of(query: &mut ast::Query, top: bool) -> Result<()> {
    limits::settle(query)?;
    if let ast::SetExpr::Select(select) = query.body.as_mut() {
        grouping::flatten(select)?;
    }
    clauses::settle(query, top)?;
    windows::settle(query)
}

/// One walk that applies each rule where it belongs: before the children, so that chains are balanced before
/// anything descends into them.
#[derive(Default)]
pub struct Rules {
    /// Levels of typed numbers above the expression being visited.
    inside_number: usize,
    /// Queries seen so far; the first one is the whole statement's.
    queries: usize,
    /// An INSERT's own VALUES, which are no relation.
    inserted: Option<*const ast::Query>,
    /// Bodies of recursive queries above or around.
    recursive: Vec<*const ast::Query>,
}

impl Rules {
    /// The rules for an INSERT with this source.
    #[must_use]
    pub fn of_insert(source: Option<&ast::Query>) -> Self {
        Self { inserted: values::of_insert(source), ..Self::default() }
    }
}

impl VisitorMut for Rules {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<Error> {
        self.queries += 1;
        if let Err(error) = clauses_of(query, self.queries == 1) {
            return ControlFlow::Break(error);
        }
        self.recursive.extend(setops::recursive_bodies(query));
        if self.recursive.contains(&std::ptr::from_ref(query)) {
            balance::set_operations(query);
            return ControlFlow::Continue(());
        }
        if self.inserted != Some(std::ptr::from_ref(query)) {
            values::as_relation(query);
        }
        match setops::as_relation(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<Error> {
        if select.into.is_some() {
            let message = "SELECT ... INTO is not allowed here";
            return ControlFlow::Break(Error::new(crate::sqlstate::SYNTAX_ERROR, message));
        }
        series::in_select(select);
        names::name_outputs(select);
        conditions::of_select(select);
        renamed::columns(select);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<Error> {
        numbers::plain_in_query(query);
        casts::in_order(query);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<Error> {
        numbers::plain_in_select(select);
        casts::in_select(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<Error> {
        qualifiers::strip_table_function(factor);
        if let ast::TableFactor::Table { name, args: Some(args), .. } = factor {
            named::arguments_in_from(&names::last_part(name), &mut args.args);
        }
        series::in_from(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<Error> {
        balance::logical_chain(expr);
        conditions::of_expr(expr);
        arrays::mark(expr);
        keywords::call(expr);
        hypothetical::call(expr);
        series::in_expression(expr);
        builtin::sign_first(expr);
        builtin::bit_literal(expr);
        builtin::call(expr);
        // Before numbers: a sign that says nothing is taken off.
        if let Err(error) = qualifiers::strip(expr) {
            return ControlFlow::Break(error);
        }
        if self.inside_number == 0 {
            numbers::type_integer(expr);
            forms::call(expr);
        }
        access::chain(expr);
        rows::form(expr);
        named::arguments(expr);
        if let Err(error) = intervals::typed(expr) {
            return ControlFlow::Break(error);
        }
        quantified::array_comparison(expr);
        self.inside_number += usize::from(numbers::is_typed(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<Error> {
        self.inside_number -= usize::from(numbers::is_typed(expr));
        if let ast::Expr::Function(function) = expr {
            numbers::plain_in_function(function);
        }
        ControlFlow::Continue(())
    }
}
