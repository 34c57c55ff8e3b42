//! What a query's clauses must not contain, looked up in its syntax tree before it is planned: aggregates in WHERE,
//! window functions without OVER, positions beyond the SELECT list, ….
//!
//! Only what the tree and the functions' names tell is checked here; types are the planner's matter.

mod calls;
mod clauses;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Function, Query, Spanned, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::PlanEnv;
use crate::catalog::functions::Functions;
use crate::error::{Error, Result};
use crate::sql::position::Positions;
use crate::sql::rewrite::names::last_part;
use crate::sqlstate::SqlState;

/// An error and the place it is about.
type Fault = (Error, Location);

/// Checks a query and all queries in it.
pub fn query(query: &Query, positions: &Positions, env: &PlanEnv) -> Result<()> {
    match query.visit(&mut Checker { functions: &env.functions }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break((error, at)) => Err(error.or_at(positions.char_position(at))),
    }
}

struct Checker<'a> {
    functions: &'a Functions,
}

impl Visitor for Checker<'_> {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        broken(clauses::check(query, self.functions))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Fault> {
        match expr {
            Expr::Function(function) => broken(calls::check(function, self.functions)),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn broken(checked: std::result::Result<(), Fault>) -> ControlFlow<Fault> {
    match checked {
        Ok(()) => ControlFlow::Continue(()),
        Err(fault) => ControlFlow::Break(fault),
    }
}

/// A kind of call that a clause may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An aggregate that is not a window's.
    Aggregate,
    /// Any call with OVER.
    Window,
}

impl Kind {
    /// The kind of a call; `None` for a plain function.
    fn of(function: &Function, functions: &Functions) -> Option<Self> {
        if function.over.is_some() {
            return Some(Self::Window);
        }
        is_aggregate(&last_part(&function.name), functions).then_some(Self::Aggregate)
    }
}

/// Whether PostgreSQL knows a name as an aggregate's.
fn is_aggregate(name: &str, functions: &Functions) -> bool {
    functions.aggregate.contains_key(name) && !calls::ONLY_WINDOW.contains(&name)
}

/// The first call of a kind in an expression, subqueries left out.
fn find(expr: &impl Visit, kind: Kind, functions: &Functions) -> Option<Location> {
    struct Finder<'a> {
        kind: Kind,
        functions: &'a Functions,
        depth: usize,
    }
    impl Visitor for Finder<'_> {
        type Break = Location;

        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Location> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Location> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Location> {
            match expr {
                Expr::Function(function)
                    if self.depth == 0 && Kind::of(function, self.functions) == Some(self.kind) =>
                {
                    ControlFlow::Break(place(function))
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match expr.visit(&mut Finder { kind, functions, depth: 0 }) {
        ControlFlow::Break(at) => Some(at),
        ControlFlow::Continue(()) => None,
    }
}

/// Where a call's name stands.
fn place(function: &Function) -> Location {
    function.name.span().start
}

fn fault(state: SqlState, message: impl Into<String>, at: Location) -> Fault {
    (Error::new(state, message.into()), at)
}
