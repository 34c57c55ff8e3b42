//! What the columns of a plan are computed by, for who reads them.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::Folded;

/// How a column comes about.
pub(super) enum Kind<'a> {
    /// By an expression over other columns.
    Computed(&'a Expr, Rc<Scope<'a>>),
    /// By one of several queries, each giving some of its rows.
    Each(Vec<Link<'a>>),
    /// By a subquery of an expression.
    Query(&'a LogicalPlan),
    /// By whether a subquery has a row.
    Exists(&'a LogicalPlan),
    /// By looking for a value in a subquery's rows.
    In(&'a LogicalPlan, &'a Expr, Rc<Scope<'a>>),
}

/// A column's source, looked at once.
pub(super) struct Source<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) seen: OnceCell<Folded>,
}

/// A column's source as seen from above.
#[derive(Clone)]
pub(super) struct Link<'a> {
    pub(super) source: Rc<Source<'a>>,
    /// Whether a constant is hidden from above: the source stands behind a boundary that PostgreSQL plans by itself.
    pub(super) opaque: bool,
}

impl<'a> Link<'a> {
    pub(super) fn new(kind: Kind<'a>, opaque: bool) -> Self {
        Self { source: Rc::new(Source { kind, seen: OnceCell::new() }), opaque }
    }
}

/// The columns of a plan that are computed; those of tables are not among them.
#[derive(Clone, Default)]
pub(super) struct Scope<'a>(HashMap<Column, Link<'a>>);

impl<'a> Scope<'a> {
    /// Columns computed by expressions over `input`.
    pub(super) fn computed(columns: &[Column], exprs: &'a [Expr], input: &Rc<Self>, opaque: bool) -> Self {
        let link = |expr| match plain(expr).and_then(|column| input.0.get(column)) {
            // A column handed on is what it was.
            Some(link) => Some(Link { source: Rc::clone(&link.source), opaque: link.opaque || opaque }),
            None if plain(expr).is_some() => None,
            None => Some(Link::new(Kind::Computed(expr, Rc::clone(input)), opaque)),
        };
        columns.iter().zip(exprs).filter_map(|(column, expr)| Some((column.clone(), link(expr)?))).collect()
    }

    pub(super) fn get(&self, column: &Column) -> Option<&Link<'a>> {
        self.0.get(column)
    }

    /// The columns under other names, by their places.
    pub(super) fn renamed(&self, from: &[Column], to: &[Column]) -> Self {
        from.iter().zip(to).filter_map(|(old, new)| Some((new.clone(), self.0.get(old)?.clone()))).collect()
    }

    /// The columns of both.
    pub(super) fn with(mut self, other: Self) -> Self {
        if self.0.is_empty() {
            return other;
        }
        self.0.extend(other.0);
        self
    }

    /// Whether a column is another query's.
    pub(super) fn has_opaque(&self) -> bool {
        self.0.values().any(|link| link.opaque)
    }

    /// The columns without the constants they are.
    pub(super) fn opaque(mut self) -> Self {
        self.0.values_mut().for_each(|link| link.opaque = true);
        self
    }

    /// The columns that are no other query's.
    pub(super) fn transparent(mut self) -> Self {
        self.0.retain(|_, link| !link.opaque);
        self
    }
}

impl<'a> FromIterator<(Column, Link<'a>)> for Scope<'a> {
    fn from_iter<I: IntoIterator<Item = (Column, Link<'a>)>>(links: I) -> Self {
        Self(links.into_iter().collect())
    }
}

/// The column that an expression is.
fn plain(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain(&alias.expr),
        _ => None,
    }
}
