//! What a session's object is besides its columns: a table's defaults and constraints, a view's query.

use datafusion::sql::sqlparser::ast;

use crate::catalog::Constraint;

/// An object that a session made.
#[derive(Debug)]
pub enum SessionObject {
    /// A temporary table.
    Table(TableSpec),
    /// A view.
    View(ViewQuery),
}

/// A temporary table.
#[derive(Clone, Debug, Default)]
pub struct TableSpec {
    /// For each column what it holds when nothing is said; `None` is NULL.
    pub defaults: Vec<Option<ast::Expr>>,
    /// What must not be false of any row.
    pub checks: Vec<Check>,
    /// Its primary and unique keys.
    pub keys: Vec<Constraint>,
    /// What the end of a transaction does to it.
    pub on_commit: OnCommit,
}

/// A CHECK constraint.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The condition, over the table's columns.
    pub condition: ast::Expr,
}

/// What a commit does to a temporary table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCommit {
    /// Nothing.
    #[default]
    PreserveRows,
    /// Its rows are gone.
    DeleteRows,
    /// It is gone.
    Drop,
}

/// A view.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// Its query; every relation's name has its schema, as it was found when the view was made.
    pub query: Box<ast::Query>,
    /// The OIDs of the relations it reads.
    pub reads: Vec<u32>,
}
