//! COPY, as written.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;

use super::Statement;
use super::object_ast::RelationName;
use crate::types::copy::RawOption;

/// A COPY.
#[derive(Clone, Debug)]
pub struct Copy {
    /// What is copied.
    pub source: CopySource,
    /// FROM, not TO.
    pub from: bool,
    /// Where to or from.
    pub place: CopyPlace,
    /// The options, those of the old syntax by their new names.
    pub options: Vec<RawOption>,
    /// WHERE, as that of a query.
    pub condition: Option<Box<ast::Expr>>,
    /// The first param that it names, and where: it can have none.
    pub param: Option<(String, Option<usize>)>,
}

/// What is copied.
#[derive(Clone, Debug)]
pub enum CopySource {
    /// A table, and its columns where they are named.
    Table(RelationName, Vec<String>),
    /// The rows of a statement.
    Query(Arc<Statement>),
}

/// The other end of a COPY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyPlace {
    /// The client.
    Client,
    /// A file of the server.
    File,
    /// A program on the server.
    Program,
}
