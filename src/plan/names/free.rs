//! LIMIT and OFFSET: their names are looked up like all others, but a column of the query itself has no value there.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, LimitClause, Query, Visit, Visitor};

use super::scope::Scope;
use crate::error::{Error, Result};
use crate::sql::rewrite::names::folded;
use crate::sqlstate;

/// Checks a query's LIMIT and OFFSET. `scopes` are those that it sees, its own the last.
///
/// # Errors
///
/// `42P10` for a column of the query's own, `42703` for one that nobody has.
pub fn limits(query: &Query, scopes: &[Scope]) -> Result<()> {
    let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause else { return Ok(()) };
    let clauses = [("LIMIT", limit.as_ref()), ("OFFSET", offset.as_ref().map(|offset| &offset.value))];
    for (clause, expr) in clauses {
        let Some(expr) = expr else { continue };
        if let ControlFlow::Break(error) = expr.visit(&mut Columns { clause, scopes, depth: 0 }) {
            return Err(error);
        }
    }
    Ok(())
}

struct Columns<'a> {
    clause: &'static str,
    scopes: &'a [Scope],
    depth: usize,
}

impl Columns<'_> {
    fn bare(&self, ident: &Ident) -> Result<()> {
        let name = folded(ident);
        for (i, scope) in self.scopes.iter().rev().enumerate() {
            if scope.has_column(&name) || scope.merged(&name).is_some() || scope.relation(&name).is_some() {
                return if i == 0 { Err(self.variable()) } else { Ok(()) };
            }
            if !scope.is_closed() {
                return Ok(());
            }
        }
        Err(Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist")))
    }

    fn variable(&self) -> Error {
        let message = format!("argument of {} must not contain variables", self.clause);
        Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message)
    }
}

impl Visitor for Columns<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Error> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let checked = match expr {
            Expr::Identifier(ident) => self.bare(ident),
            Expr::CompoundIdentifier(parts) => match (parts.as_slice(), self.scopes.last()) {
                ([relation, .., column], Some(scope))
                    if scope.relation(&folded(relation)).is_some_and(|r| r.count(&folded(column)) > 0) =>
                {
                    Err(self.variable())
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        match checked {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}
