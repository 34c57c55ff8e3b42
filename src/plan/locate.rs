//! Errors of planning with their place in the statement.
//!
//! DataFusion tells the span of some errors in a diagnostic; for the others the name in question is looked up in the
//! AST, whose identifiers know where they stand.

use std::ops::ControlFlow;

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::{self, Expr, ObjectName, Spanned, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::missing;
use crate::error::Error;
use crate::exec::classify::classify;
use crate::sql::position::Positions;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sqlstate;

/// Classifies an error and notes the place it is about.
#[must_use]
pub fn planning_error(error: &DataFusionError, query: &ast::Query, positions: &Positions) -> Error {
    let own = missing::column(error, query).unwrap_or_else(|| classify(error));
    let own = match own.message().strip_prefix("invalid qualifier ").map(str::to_owned) {
        Some(table) => missing::missing_table(&table, query).unwrap_or(own),
        None => own,
    };
    let place = diagnostic(error).or_else(|| by_name(&own, query));
    own.or_at(place.and_then(|at| positions.char_position(at)))
}

fn diagnostic(error: &DataFusionError) -> Option<Location> {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let span = diagnostic.span.or_else(|| diagnostic.notes.iter().find_map(|n| n.span));
            span.map(|s| Location::new(s.start.line, s.start.column)).or_else(|| self::diagnostic(inner))
        }
        DataFusionError::Context(_, inner) => self::diagnostic(inner),
        DataFusionError::Shared(inner) => self::diagnostic(inner),
        DataFusionError::Collection(errors) => errors.first().and_then(self::diagnostic),
        _ => None,
    }
}

/// The first place where the name that the error quotes stands in the query.
fn by_name(error: &Error, query: &ast::Query) -> Option<Location> {
    let state = error.sqlstate();
    let named = [
        sqlstate::UNDEFINED_TABLE,
        sqlstate::UNDEFINED_COLUMN,
        sqlstate::UNDEFINED_FUNCTION,
        sqlstate::AMBIGUOUS_COLUMN,
        sqlstate::GROUPING_ERROR,
    ];
    let literal =
        [sqlstate::INVALID_TEXT_REPRESENTATION, sqlstate::INVALID_DATETIME_FORMAT, sqlstate::DATETIME_FIELD_OVERFLOW];
    if literal.contains(&state) {
        return literal_place(error.message(), query);
    }
    if !named.contains(&state) {
        return None;
    }
    let message = error.message();
    let name = match message.split_once('"') {
        Some((_, rest)) => rest.split('"').next()?,
        None => message.split_whitespace().nth(1)?.split('(').next()?,
    };
    let name = name.rsplit('.').next()?.to_owned();
    let mut finder = Finder { name, found: None };
    let _ = query.visit(&mut finder);
    finder.found
}

/// The string literal that an input function could not read: the last thing its message quotes.
fn literal_place(message: &str, query: &ast::Query) -> Option<Location> {
    let (_, quoted) = message.split_once(": \"").or_else(|| message.split_once('"'))?;
    let text = quoted.rsplit_once('"').map_or(quoted, |(text, _)| text).to_owned();
    let mut finder = LiteralFinder { text, found: None };
    let _ = query.visit(&mut finder);
    finder.found
}

struct LiteralFinder {
    text: String,
    found: Option<Location>,
}

impl Visitor for LiteralFinder {
    type Break = ();

    fn pre_visit_value(&mut self, value: &ast::ValueWithSpan) -> ControlFlow<()> {
        let is_text = matches!(&value.value, ast::Value::SingleQuotedString(s) | ast::Value::EscapedStringLiteral(s) if *s == self.text);
        if is_text {
            self.found = Some(value.span.start);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

struct Finder {
    name: String,
    found: Option<Location>,
}

impl Finder {
    fn hit(&mut self, at: Location) -> ControlFlow<()> {
        self.found = Some(at);
        ControlFlow::Break(())
    }
}

impl Visitor for Finder {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if last_part(relation) == self.name { self.hit(relation.span().start) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_hit = match expr {
            Expr::Identifier(ident) => folded(ident) == self.name,
            Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|p| folded(p) == self.name),
            Expr::Function(function) => last_part(&function.name) == self.name,
            _ => false,
        };
        if is_hit { self.hit(expr.span().start) } else { ControlFlow::Continue(()) }
    }
}
