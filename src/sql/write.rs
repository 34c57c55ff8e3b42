//! INSERT, UPDATE, DELETE as PostgreSQL has them; what other dialects add to them is refused.
//!
//! The rules of [`rewrite`](super::rewrite) have been applied to everything in here. RETURNING is kept as a query over
//! the written rows, so that its columns are named and typed as those of any query.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{self, VisitMut};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::object_ast::RelationName;
use super::rewrite;
use super::rewrite::names::folded;
use super::rewrite::rows;
use super::utility::relation_of;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A statement that changes the rows of a table.
#[derive(Clone, Debug)]
pub struct Write {
    /// The table.
    pub target: RelationName,
    /// The name by which its columns are known in the statement.
    pub alias: ast::Ident,
    /// WITH.
    pub with: Option<ast::With>,
    /// OVERRIDING.
    pub overriding: Option<Overriding>,
    /// What is done.
    pub change: Change,
    /// RETURNING, as a query over a relation of the alias's name.
    pub returning: Option<Box<ast::Query>>,
}

/// What a statement does to a table.
#[derive(Clone, Debug)]
pub enum Change {
    /// INSERT: the columns named and where the rows come from.
    Insert {
        /// The columns; empty for all.
        columns: Vec<String>,
        /// The rows; `None` is DEFAULT VALUES.
        source: Option<Box<ast::Query>>,
        /// ON CONFLICT.
        conflict: Option<Box<Conflict>>,
    },
    /// UPDATE.
    Update {
        /// SET.
        assignments: Vec<(String, ast::Expr)>,
        /// FROM.
        from: Vec<ast::TableWithJoins>,
        /// WHERE.
        condition: Option<ast::Expr>,
    },
    /// DELETE.
    Delete {
        /// USING.
        using: Vec<ast::TableWithJoins>,
        /// WHERE.
        condition: Option<ast::Expr>,
    },
}

/// OVERRIDING … VALUE: whose values identity columns take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overriding {
    /// The statement's.
    System,
    /// The columns' own.
    User,
}

/// Takes OVERRIDING off a statement's tokens.
pub fn without_overriding(tokens: &mut Vec<TokenWithSpan>) -> Option<Overriding> {
    let is = |token: &TokenWithSpan, word: &str| matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word));
    let found = tokens.windows(3).position(|window| {
        is(&window[0], "overriding") && (is(&window[1], "system") || is(&window[1], "user")) && is(&window[2], "value")
    })?;
    let overriding = if is(&tokens[found + 1], "system") { Overriding::System } else { Overriding::User };
    tokens.drain(found..found + 3);
    Some(overriding)
}

/// ON CONFLICT.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// What tells that a row is there already; `None` for any key.
    pub target: Option<Arbiter>,
    /// SET and WHERE of DO UPDATE; `None` is DO NOTHING.
    pub update: Option<(Vec<(String, ast::Expr)>, Option<ast::Expr>)>,
}

/// The target of ON CONFLICT.
#[derive(Clone, Debug)]
pub enum Arbiter {
    /// A key of these columns.
    Columns(Vec<String>),
    /// A constraint.
    Constraint(String),
}

impl Change {
    /// The statement's verb.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Insert { .. } => "INSERT",
            Self::Update { .. } => "UPDATE",
            Self::Delete { .. } => "DELETE",
        }
    }
}

/// Reads a parsed statement; gives it back when it is none of the three.
pub fn of(statement: ast::Statement) -> Result<std::result::Result<Write, ast::Statement>> {
    let (with, mut inner) = match statement {
        ast::Statement::Query(query) => match *query {
            ast::Query { with, body, .. }
                if matches!(*body, ast::SetExpr::Insert(_) | ast::SetExpr::Update(_) | ast::SetExpr::Delete(_)) =>
            {
                match *body {
                    ast::SetExpr::Insert(inner) | ast::SetExpr::Update(inner) | ast::SetExpr::Delete(inner) => {
                        (with, inner)
                    }
                    _ => return Err(unknown_form("WITH")),
                }
            }
            query => return Ok(Err(ast::Statement::Query(Box::new(query)))),
        },
        other => (None, other),
    };
    let returning = match &mut inner {
        ast::Statement::Insert(insert) => insert.returning.take(),
        ast::Statement::Update(update) => update.returning.take(),
        ast::Statement::Delete(delete) => delete.returning.take(),
        _ => return Ok(Err(inner)),
    };
    let with = with.map(|mut with| rewritten(&mut with).map(|()| with)).transpose()?;
    let source = match &inner {
        ast::Statement::Insert(insert) => insert.source.as_deref(),
        _ => None,
    };
    let mut rules = rewrite::Rules::of_insert(source);
    if let ControlFlow::Break(error) = inner.visit(&mut rules) {
        return Err(error);
    }
    let mut write = match inner {
        ast::Statement::Insert(insert) => insert_of(insert),
        ast::Statement::Update(update) => update_of(update),
        ast::Statement::Delete(delete) => delete_of(delete),
        other => return Ok(Err(other)),
    }?;
    write.with = with;
    if let Some(items) = returning {
        let mut query = query(None, items, vec![table(&[write.alias.clone()], None)], None);
        rewrite::apply(&mut query)?;
        write.returning = Some(query);
    }
    Ok(Ok(write))
}

fn rewritten(node: &mut impl VisitMut) -> Result<()> {
    match node.visit(&mut rewrite::Rules::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn insert_of(insert: ast::Insert) -> Result<Write> {
    let ast::TableObject::TableName(name) = &insert.table else { return Err(unknown_form("INSERT")) };
    let foreign = insert.or.is_some()
        || insert.overwrite
        || insert.replace_into
        || !insert.assignments.is_empty()
        || insert.partitioned.is_some()
        || insert.output.is_some()
        || insert.insert_alias.is_some()
        || insert.multi_table_insert_type.is_some()
        || insert.has_table_keyword
        || !insert.into;
    if foreign {
        return Err(unknown_form("INSERT"));
    }
    let conflict = insert.on.map(conflict_of).transpose()?.map(Box::new);
    let target = relation_of(name);
    let alias = insert.table_alias.map_or_else(|| ident(&target.name), |alias| alias.alias);
    let columns = insert.columns.iter().map(column_name).collect::<Result<_>>()?;
    let change = Change::Insert { columns, source: insert.source, conflict };
    Ok(Write { target, alias, with: None, overriding: None, change, returning: None })
}

fn conflict_of(on: ast::OnInsert) -> Result<Conflict> {
    let ast::OnInsert::OnConflict(on) = on else { return Err(unknown_form("INSERT")) };
    let target = on.conflict_target.map(|target| match target {
        ast::ConflictTarget::Columns(columns) => Arbiter::Columns(columns.iter().map(folded).collect()),
        ast::ConflictTarget::OnConstraint(name) => Arbiter::Constraint(rewrite::names::last_part(&name)),
    });
    let update = match on.action {
        ast::OnConflictAction::DoNothing => None,
        ast::OnConflictAction::DoUpdate(update) => {
            let mut assignments = Vec::new();
            for assignment in update.assignments {
                assign(assignment, &mut assignments)?;
            }
            Some((assignments, update.selection))
        }
    };
    Ok(Conflict { target, update })
}

fn update_of(update: ast::Update) -> Result<Write> {
    if update.or.is_some() || update.output.is_some() || !update.order_by.is_empty() || update.limit.is_some() {
        return Err(unknown_form("UPDATE"));
    }
    let (target, alias) = target_of(update.table, "UPDATE")?;
    let mut assignments = Vec::new();
    for assignment in update.assignments {
        assign(assignment, &mut assignments)?;
    }
    let from = match update.from {
        None => Vec::new(),
        Some(ast::UpdateTableFromKind::AfterSet(from)) => from,
        Some(ast::UpdateTableFromKind::BeforeSet(_)) => return Err(unknown_form("UPDATE")),
    };
    let change = Change::Update { assignments, from, condition: update.selection };
    Ok(Write { target, alias, with: None, overriding: None, change, returning: None })
}

/// `a = x`, `(a, b) = (x, y)`, `(a, b) = ROW (x, y)`.
fn assign(assignment: ast::Assignment, out: &mut Vec<(String, ast::Expr)>) -> Result<()> {
    let names = match assignment.target {
        ast::AssignmentTarget::ColumnName(name) => {
            out.push((column_name(&name)?, assignment.value));
            return Ok(());
        }
        ast::AssignmentTarget::Tuple(names) => names,
    };
    let values = match assignment.value {
        ref row if let Some(values) = rows::items(row) => values,
        ast::Expr::Nested(value) if names.len() == 1 => vec![*value],
        ast::Expr::Subquery(query) => columns_of(&query, names.len()),
        _ => {
            let message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression";
            return Err(Error::unsupported(message));
        }
    };
    if names.len() != values.len() {
        return Err(Error::new(sqlstate::SYNTAX_ERROR, "number of columns does not match number of values"));
    }
    for (name, value) in names.iter().zip(values) {
        out.push((column_name(name)?, value));
    }
    Ok(())
}

/// Each column of a subquery of so many as a subquery of its own.
fn columns_of(subquery: &ast::Query, count: usize) -> Vec<ast::Expr> {
    let column = |i: usize| ident(&format!("\u{1}c{i}"));
    let columns = (0..count).map(|i| ast::TableAliasColumnDef { name: column(i), data_type: None }).collect();
    let alias = ast::TableAlias { explicit: true, name: ident("\u{1}source"), columns, at: None };
    let only = |i: usize| {
        let derived = ast::TableFactor::Derived {
            lateral: false,
            subquery: Box::new(subquery.clone()),
            alias: Some(alias.clone()),
            sample: None,
        };
        let from = vec![ast::TableWithJoins { relation: derived, joins: Vec::new() }];
        let item = ast::SelectItem::UnnamedExpr(ast::Expr::Identifier(column(i)));
        ast::Expr::Subquery(query(None, vec![item], from, None))
    };
    (0..count).map(only).collect()
}

fn delete_of(delete: ast::Delete) -> Result<Write> {
    let foreign = !delete.tables.is_empty() || delete.output.is_some() || !delete.order_by.is_empty();
    let ast::FromTable::WithFromKeyword(mut from) = delete.from else { return Err(unknown_form("DELETE")) };
    if foreign || delete.limit.is_some() || from.len() != 1 {
        return Err(unknown_form("DELETE"));
    }
    let Some(table) = from.pop() else { return Err(unknown_form("DELETE")) };
    let (target, alias) = target_of(table, "DELETE")?;
    let change = Change::Delete { using: delete.using.unwrap_or_default(), condition: delete.selection };
    Ok(Write { target, alias, with: None, overriding: None, change, returning: None })
}

/// The table of UPDATE or DELETE and the name it goes by.
fn target_of(table: ast::TableWithJoins, verb: &str) -> Result<(RelationName, ast::Ident)> {
    match table.relation {
        ast::TableFactor::Table { name, alias, args: None, sample: None, .. } if table.joins.is_empty() => {
            let target = relation_of(&name);
            match alias {
                Some(alias) if !alias.columns.is_empty() => Err(unknown_form(verb)),
                Some(alias) => Ok((target, alias.name)),
                None => {
                    let alias = ident(&target.name);
                    Ok((target, alias))
                }
            }
        }
        _ => Err(unknown_form(verb)),
    }
}

/// A column to be written; parts of a column (`a[1]`, `a.b`) are refused.
fn column_name(name: &ast::ObjectName) -> Result<String> {
    match name.0.as_slice() {
        [part] => match part.as_ident() {
            Some(ident) => Ok(folded(ident)),
            None => Err(Error::unsupported("assigning to a part of a column is not supported")),
        },
        _ => Err(Error::unsupported("assigning to a part of a column is not supported")),
    }
}

fn unknown_form(verb: &str) -> Error {
    Error::unsupported(format!("this form of {verb} is not supported"))
}

/// A name that needs no folding any more.
#[must_use]
pub fn ident(name: &str) -> ast::Ident {
    ast::Ident::with_quote('"', name)
}

/// A relation in FROM.
#[must_use]
pub fn table(name: &[ast::Ident], alias: Option<ast::Ident>) -> ast::TableWithJoins {
    let alias = alias.map(|name| ast::TableAlias { explicit: true, name, columns: Vec::new(), at: None });
    let relation = ast::TableFactor::Table {
        name: ast::ObjectName::from(name.to_vec()),
        alias,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    };
    ast::TableWithJoins { relation, joins: Vec::new() }
}

/// `WITH … SELECT projection FROM from WHERE selection`.
#[must_use]
pub fn query(
    with: Option<ast::With>,
    projection: Vec<ast::SelectItem>,
    from: Vec<ast::TableWithJoins>,
    selection: Option<ast::Expr>,
) -> Box<ast::Query> {
    let select = ast::Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from,
        lateral_views: Vec::new(),
        prewhere: None,
        selection,
        connect_by: Vec::new(),
        group_by: ast::GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: ast::SelectFlavor::Standard,
    };
    Box::new(ast::Query {
        with,
        body: Box::new(ast::SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    })
}
