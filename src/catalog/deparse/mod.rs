//! Expressions and queries printed back, as PostgreSQL's `ruleutils.c` does: defaults, checks, definitions of views.
//!
//! What was written is analysed as PostgreSQL's parser analyses it: names are resolved, the casts that nobody wrote are
//! put in, every term has a type ([`tree`]). [`print`] then writes that with PostgreSQL's parentheses, line breaks and
//! names. What is not known here is refused (`0A000`), never guessed.

mod aggregates;
mod calls;
mod coerce;
mod expr;
mod forms;
mod from;
mod overload;
mod print;
mod query;
mod scope;
mod select;
mod sublinks;
mod system;
pub mod tree;

use arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast;

use self::scope::Scope;
use self::system::Context;
use self::tree::{Form, Range, RangeKind, Ranges, Type};
use super::row_types;
use super::vars::SessionVars;
use crate::error::{Error, Result};
use crate::types::pg_type;

pub use print::Style;

/// The table whose columns an expression reads.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// Its OID, 0 while it is being made.
    pub oid: u32,
    /// Its name.
    pub table: &'a str,
    /// Its columns.
    pub schema: &'a SchemaRef,
}

/// An expression over a table's columns, printed; `to` is the type it is assigned to.
///
/// # Errors
///
/// `0A000` for what is not printed.
pub fn expression(
    vars: &SessionVars,
    of: Columns<'_>,
    written: &ast::Expr,
    to: Option<Type>,
    pretty: bool,
) -> Result<String> {
    let mut analyzer = Analyzer { vars, ranges: Ranges::new(), scopes: Vec::new(), ctes: vec![Vec::new()] };
    let columns = of.schema.fields().iter().map(|field| (field.name().clone(), type_of(field))).collect();
    let row_type = row_types::of_relation(vars, of.oid).map_or(0, |row| row.oid);
    analyzer.ranges.push(Range {
        kind: RangeKind::Table(of.oid),
        alias: None,
        name: of.table.to_owned(),
        columns,
        lists_columns: false,
        row_type,
        lateral: false,
    });
    analyzer.scopes.push(Scope::of_range(0, &analyzer.ranges));
    let term = analyzer.expr(written)?;
    let term = match to {
        Some(to) => analyzer.coerce_to(term, to, Context::Assignment, Form::Implicit)?,
        None => term,
    };
    print::expression(vars, &analyzer.ranges, &term, pretty)
}

/// A condition over a table's columns, printed.
///
/// # Errors
///
/// `0A000` for what is not printed.
pub fn condition(vars: &SessionVars, of: Columns<'_>, written: &ast::Expr, pretty: bool) -> Result<String> {
    expression(vars, of, written, Some(Type::of(crate::types::oid::BOOL)), pretty)
}

/// A view's query, printed with the names of the view's columns.
///
/// # Errors
///
/// `0A000` for what is not printed.
pub fn view(vars: &SessionVars, written: Option<&ast::Query>, columns: &SchemaRef, style: Style) -> Result<String> {
    let written = written.ok_or_else(|| refused("so long a query"))?;
    let mut analyzer = Analyzer { vars, ranges: Ranges::new(), scopes: Vec::new(), ctes: vec![Vec::new()] };
    let query = analyzer.query(written)?;
    let names: Vec<String> = columns.fields().iter().map(|field| field.name().clone()).collect();
    print::query(vars, &analyzer.ranges, &query, &names, style)
}

/// A view's query as the catalog shows it, without what stands around it; `None` for what is not printed.
#[must_use]
pub fn shown(vars: &SessionVars, written: Option<&ast::Query>, columns: &SchemaRef) -> Option<String> {
    let text = view(vars, written, columns, Style { pretty: false, wrap: 0 }).ok()?;
    Some(text.trim().trim_end_matches(';').to_owned())
}

/// The type of a field.
#[must_use]
pub fn type_of(field: &arrow::datatypes::Field) -> Type {
    let found = pg_type(field);
    Type { oid: found.oid, typmod: found.typmod }
}

/// The error of what is not printed.
fn refused(what: &str) -> Error {
    Error::unsupported(format!("the definition is not available in this form: {what} is not printed"))
}

/// Runs one level of a recursion on a stack that has room for it.
fn deep<T>(level: impl FnOnce() -> T) -> T {
    const LEAST: usize = 256 * 1024;
    const MORE: usize = 2 * 1024 * 1024;
    stacker::maybe_grow(LEAST, MORE, level)
}

/// A query of WITH that is seen: its name, its columns.
type SeenCte = (String, Vec<(String, Type)>);

/// Analyses one statement.
struct Analyzer<'a> {
    vars: &'a SessionVars,
    ranges: Ranges,
    /// What the queries around offer, the innermost last.
    scopes: Vec<Scope>,
    /// The queries of WITH that are seen, with their columns, per query around.
    ctes: Vec<Vec<SeenCte>>,
}
