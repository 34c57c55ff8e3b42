//! Text → [`Statement`]: lexing, splitting a script, PostgreSQL's utility grammar, sqlparser for queries.
//!
//! Nothing here knows names or types. A query stays sqlparser's AST, tidied by the rules of [`rewrite`]; SQL is never
//! turned back into text to be parsed again.

pub mod collate;
pub mod copy_ast;
pub mod grammar;
pub mod guard;
pub mod identity;
pub mod join_alias;
pub mod lex;
pub mod lexer;
pub mod object_ast;
pub mod position;
pub mod dialect;
pub mod distinct;
pub mod fetch;
pub mod sets;
pub mod frames;
pub mod query;
pub mod rewrite;
pub mod spellings;
pub mod tokens;
pub mod utility;
pub mod utility_ast;
pub mod write;

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;

use crate::error::{Error, Result};
use lex::Script;
pub use object_ast::ObjectStatement;
use position::Positions;
pub use utility_ast::Utility;
pub use write::Write;

/// One statement of a script.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text without the semicolon and surrounding white space.
    pub text: Arc<str>,
    /// What it is.
    pub kind: StatementKind,
    /// How many characters of the script stand before its text: error positions count from the script's start.
    pub offset: usize,
    /// Lines of the script, for error positions.
    pub positions: Arc<Positions>,
}

/// The kinds of statement the server tells apart before planning.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// SELECT, VALUES, TABLE, WITH.
    Query(Box<ast::Query>),
    /// EXPLAIN of a statement that has a plan, or of EXECUTE.
    Explain(ExplainOptions, Box<StatementKind>),
    /// INSERT, UPDATE, DELETE.
    Write(Box<Write>),
    /// A statement that makes or drops a session's object.
    Object(Box<ObjectStatement>),
    /// A statement without a plan.
    Utility(Utility),
}

impl StatementKind {
    /// Whether the statement has a plan.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        match self {
            Self::Query(_) | Self::Write(_) => true,
            Self::Explain(_, explained) => explained.is_planned(),
            Self::Object(object) => object.query().is_some(),
            Self::Utility(utility) => matches!(utility, Utility::Declare(_)),
        }
    }
}

/// EXPLAIN's options, with PostgreSQL's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Run it and show what happened.
    pub analyze: bool,
    /// Show output columns.
    pub verbose: bool,
    /// The form of the answer.
    pub format: ExplainFormat,
}

/// EXPLAIN's FORMAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainFormat {
    /// Lines of text.
    Text,
    /// One JSON document.
    Json,
}

/// Parses a script: every statement or the first error, its position counted in the whole script.
///
/// An empty list means that the script holds no statement (white space and comments only).
pub fn parse_script(text: &str) -> Result<Vec<Statement>> {
    let script = Script::lex(text)?;
    script.statements().map(|tokens| parse_one(&script, &tokens)).collect()
}

/// Parses the single statement of an extended-protocol Parse; `None` when there is none.
pub fn parse_single(text: &str) -> Result<Option<Statement>> {
    let mut statements = parse_script(text)?;
    if statements.len() > 1 {
        return Err(Error::new(
            crate::sqlstate::SYNTAX_ERROR,
            "cannot insert multiple commands into a prepared statement",
        ));
    }
    Ok(statements.pop())
}

/// The query of a text as it was written, before any rule changes it; `None` where it is too long for that.
pub fn parse_written(text: &str) -> Result<Option<Box<ast::Query>>> {
    let script = Script::lex(text)?;
    let tokens = script.statements().next();
    let tokens = tokens.ok_or_else(|| Error::new(crate::sqlstate::SYNTAX_ERROR, "a query is expected"))?;
    query::written(&script, &tokens)
}

fn parse_one(script: &Script<'_>, tokens: &lex::StatementTokens<'_>) -> Result<Statement> {
    let offset = tokens.offset();
    let text: Arc<str> = Arc::from(tokens.text());
    let kind = match utility::parse(script, tokens)? {
        Some(kind) => kind,
        None => query::parse(script, tokens)?,
    };
    Ok(Statement { text, kind, offset, positions: Arc::clone(script.positions()) })
}
