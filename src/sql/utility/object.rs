//! CREATE TABLE, CREATE VIEW, DROP, TRUNCATE, ANALYZE, VACUUM.
//!
//! The heads are read here, because sqlparser knows many dialects' forms and not all of PostgreSQL's; a list of
//! columns is sqlparser's.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::helpers::stmt_create_table::CreateTableBuilder;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::sql::lex::{Script, StatementTokens};
use crate::sql::object_ast::RowSource;
use crate::sql::object_ast::{Drop, DropKind, NewTable, NewTableAs, NewView, ObjectStatement, RelationName, TableHead};
use crate::sql::utility_ast::Utility;
use crate::sql::{StatementKind, query};

/// Parses what follows CREATE; `None` for what is not made here.
pub fn create(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
) -> Result<Option<ObjectStatement>> {
    let or_replace = cursor.eat("or") && cursor.eat("replace");
    let global = cursor.eat("global");
    let local = !global && cursor.eat("local");
    let temporary = cursor.eat("temp") || cursor.eat("temporary");
    if (global || local) && !temporary {
        return Err(cursor.unexpected());
    }
    if !or_replace && cursor.eat("table") {
        return table(script, tokens, cursor, (temporary, global)).map(Some);
    }
    let recursive = cursor.eat("recursive");
    if cursor.eat("view") {
        if recursive {
            return Err(Error::unsupported("CREATE RECURSIVE VIEW is not supported")
                .hint("Write WITH RECURSIVE in the view's query."));
        }
        return view(script, tokens, cursor, (temporary, or_replace)).map(Some);
    }
    if !or_replace && !recursive && cursor.eat("sequence") {
        return super::sequence::create(cursor, temporary).map(Some);
    }
    Ok(None)
}

fn table(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
    (temporary, global): (bool, bool),
) -> Result<ObjectStatement> {
    let if_not_exists = if_not_exists(cursor)?;
    let name = relation_name(cursor)?;
    let head = TableHead { name, temporary, global, if_not_exists, on_commit: None };
    if as_place(cursor).is_some() {
        return table_as(script, tokens, cursor, head);
    }
    cursor.finish();
    columns(script, tokens, head)
}

/// Where the AS of CREATE TABLE … AS stands among the tokens not yet read.
fn as_place(cursor: &Cursor<'_>) -> Option<usize> {
    let mut depth = 0usize;
    cursor.rest().iter().position(|token| {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) => {
                return depth == 0 && word.quote_style.is_none() && word.value.eq_ignore_ascii_case("as");
            }
            _ => {}
        }
        false
    })
}

fn table_as(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
    mut head: TableHead,
) -> Result<ObjectStatement> {
    let columns = name_list(cursor)?;
    if cursor.eat("using") {
        cursor.identifier()?;
    }
    if cursor.eat("with") {
        // How PostgreSQL would store the table changes no answer.
        if !cursor.eat_symbol("(") {
            return Err(cursor.unexpected());
        }
        cursor.skip_to_closing()?;
    }
    if cursor.eat("on") {
        cursor.expect("commit")?;
        head.on_commit = Some(on_commit(cursor)?);
    }
    cursor.expect("as")?;
    let mut rest = tokens.after(script, cursor.consumed()).ok_or_else(|| cursor.unexpected())?;
    let with_data = take_with_data(&mut rest);
    cursor.finish();
    let executes = matches!(rest.tokens.first().map(|t| &t.token),
        Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("execute"));
    let source = if executes {
        let mut inner = Cursor::new(script, &rest.tokens);
        inner.expect("execute")?;
        let Utility::Execute { name, arguments } = super::execute(&rest, &mut inner)? else {
            return Err(inner.unexpected());
        };
        inner.end()?;
        RowSource::Execute(name, arguments)
    } else {
        RowSource::Query(query_of(script, &rest)?)
    };
    Ok(ObjectStatement::CreateTableAs(Box::new(NewTableAs { head, columns, source, with_data, into: false })))
}

fn on_commit(cursor: &mut Cursor<'_>) -> Result<ast::OnCommit> {
    if cursor.eat("drop") {
        return Ok(ast::OnCommit::Drop);
    }
    let kind = if cursor.eat("preserve") {
        ast::OnCommit::PreserveRows
    } else {
        cursor.expect("delete")?;
        ast::OnCommit::DeleteRows
    };
    cursor.expect("rows")?;
    Ok(kind)
}

/// Takes WITH [NO] DATA off the end; whether the data is wanted.
fn take_with_data(tokens: &mut StatementTokens<'_>) -> bool {
    let word = |from_end: usize, keyword: &str| {
        let at = tokens.tokens.len().checked_sub(from_end);
        let token = at.and_then(|at| tokens.tokens.get(at)).map(|t| &t.token);
        matches!(token, Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(keyword))
    };
    if !word(1, "data") {
        return true;
    }
    let without = word(2, "no") && word(3, "with");
    let taken = if without { 3 } else { 2 * usize::from(word(2, "with")) };
    tokens.tokens.truncate(tokens.tokens.len() - taken);
    !without
}

fn query_of(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<Box<ast::Query>> {
    match query::parse(script, tokens)? {
        StatementKind::Query(query) => Ok(query),
        _ => Err(script.syntax_error(tokens.tokens.first())),
    }
}

/// A list of columns and constraints, read by sqlparser; options of other dialects and of storage are refused.
fn columns(script: &Script<'_>, tokens: &StatementTokens<'_>, mut head: TableHead) -> Result<ObjectStatement> {
    crate::sql::guard::check_tokens(&tokens.tokens)?;
    let parsed = query::statement(script, tokens)?;
    let ast::Statement::CreateTable(table) = parsed else {
        return Err(script.syntax_error(tokens.tokens.first()));
    };
    head.on_commit = table.on_commit;
    let known = CreateTableBuilder::new(table.name.clone())
        .columns(table.columns.clone())
        .constraints(table.constraints.clone())
        .temporary(table.temporary)
        .global(table.global)
        .if_not_exists(table.if_not_exists)
        .on_commit(table.on_commit)
        .table_options(match &table.table_options {
            options @ ast::CreateTableOptions::With(_) => options.clone(),
            _ => ast::CreateTableOptions::None,
        })
        .build();
    if known != table {
        return Err(Error::unsupported("this form of CREATE TABLE is not supported")
            .detail("A temporary table has columns, constraints and ON COMMIT."));
    }
    let new = NewTable { head, columns: table.columns, constraints: table.constraints };
    Ok(ObjectStatement::CreateTable(Box::new(new)))
}

fn view(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
    (temporary, or_replace): (bool, bool),
) -> Result<ObjectStatement> {
    let name = relation_name(cursor)?;
    let columns = name_list(cursor)?;
    if cursor.eat("with") {
        view_options(cursor)?;
    }
    cursor.expect("as")?;
    let rest = tokens.after(script, cursor.consumed()).ok_or_else(|| cursor.unexpected())?;
    let last = rest.tokens.last().map(|t| t.token.to_string().to_lowercase());
    let before = rest.tokens.len().checked_sub(2).and_then(|i| rest.tokens.get(i)).map(|t| t.token.to_string());
    if last.as_deref() == Some("option") && before.is_some_and(|word| word.eq_ignore_ascii_case("check")) {
        return Err(Error::unsupported("WITH CHECK OPTION is not supported: views cannot be written"));
    }
    let text = rest.text().to_owned();
    cursor.finish();
    let query = query_of(script, &rest)?;
    let written = query::written(script, &rest)?;
    Ok(ObjectStatement::CreateView(Box::new(NewView { name, temporary, or_replace, columns, query, written, text })))
}

/// `WITH (security_barrier, …)`: options about rights and planning, which change no answer here.
fn view_options(cursor: &mut Cursor<'_>) -> Result<()> {
    if !cursor.eat_symbol("(") {
        return Err(cursor.unexpected());
    }
    loop {
        let name = cursor.identifier()?;
        if !matches!(name.as_str(), "security_barrier" | "security_invoker") {
            return Err(Error::new(
                crate::sqlstate::INVALID_PARAMETER_VALUE,
                format!("unrecognized parameter \"{name}\""),
            ));
        }
        if cursor.eat_symbol("=") {
            let value = cursor.set_item()?;
            if crate::settings::values::boolean(&value).is_none() {
                let message = format!("invalid value for boolean option \"{name}\": {value}");
                return Err(Error::new(crate::sqlstate::INVALID_PARAMETER_VALUE, message));
            }
        }
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    if cursor.eat_symbol(")") { Ok(()) } else { Err(cursor.unexpected()) }
}

/// Parses what follows DROP; `None` for objects that are not made here.
pub fn drop(cursor: &mut Cursor<'_>) -> Result<Option<ObjectStatement>> {
    let kind = match cursor.word().as_deref() {
        Some("table") => DropKind::Table,
        Some("view") => DropKind::View,
        Some("materialized") if cursor.eat("view") => DropKind::MaterializedView,
        Some("index") => DropKind::Index,
        Some("sequence") => DropKind::Sequence,
        _ => return Ok(None),
    };
    let if_exists = cursor.eat("if");
    if if_exists {
        cursor.expect("exists")?;
    }
    let names = names(cursor)?;
    let cascade = cascade(cursor);
    Ok(Some(ObjectStatement::Drop(Drop { kind, if_exists, names, cascade })))
}

/// Parses what follows TRUNCATE.
pub fn truncate(cursor: &mut Cursor<'_>) -> Result<ObjectStatement> {
    cursor.eat("table");
    let mut names = Vec::new();
    loop {
        cursor.eat("only");
        names.push(relation_name(cursor)?);
        cursor.eat_symbol("*");
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    let restart = cursor.eat("restart");
    if restart || cursor.eat("continue") {
        cursor.expect("identity")?;
    }
    cascade(cursor);
    Ok(ObjectStatement::Truncate(names, restart))
}

/// Parses what follows ANALYZE or VACUUM. Both are accepted: there is nothing to collect or to clean.
pub fn maintain(tag: &'static str, cursor: &mut Cursor<'_>) -> Result<ObjectStatement> {
    if cursor.eat_symbol("(") {
        cursor.skip_to_closing()?;
    }
    while ["full", "freeze", "verbose", "analyze", "analyse"].iter().any(|word| cursor.eat(word)) {}
    let mut names = Vec::new();
    while !cursor.at_end() {
        cursor.eat("only");
        names.push(relation_name(cursor)?);
        cursor.eat_symbol("*");
        if cursor.eat_symbol("(") {
            cursor.skip_to_closing()?;
        }
        if !cursor.at_end() && !cursor.eat_symbol(",") {
            return Err(cursor.unexpected());
        }
    }
    Ok(ObjectStatement::Maintain(tag, names))
}

/// Parses what follows REINDEX; `None` for a lone index.
pub fn reindex(cursor: &mut Cursor<'_>) -> Result<Option<ObjectStatement>> {
    if cursor.eat_symbol("(") {
        cursor.skip_to_closing()?;
    }
    let kind = cursor.word();
    cursor.eat("concurrently");
    match kind.as_deref() {
        Some("table") => Ok(Some(ObjectStatement::Maintain("REINDEX", vec![relation_name(cursor)?]))),
        Some("schema" | "database" | "system") => {
            if !cursor.at_end() {
                cursor.identifier()?;
            }
            Ok(Some(ObjectStatement::Maintain("REINDEX", Vec::new())))
        }
        _ => Ok(None),
    }
}

/// Parses what follows CLUSTER.
pub fn cluster(cursor: &mut Cursor<'_>) -> Result<ObjectStatement> {
    if cursor.eat_symbol("(") {
        cursor.skip_to_closing()?;
    }
    cursor.eat("verbose");
    let names = if cursor.at_end() { Vec::new() } else { vec![relation_name(cursor)?] };
    if cursor.eat("using") {
        return Err(Error::unsupported("CLUSTER by an index is not supported"));
    }
    Ok(ObjectStatement::Maintain("CLUSTER", names))
}

/// Parses what follows LOCK.
pub fn lock(cursor: &mut Cursor<'_>) -> Result<Vec<RelationName>> {
    cursor.eat("table");
    let mut names = Vec::new();
    loop {
        cursor.eat("only");
        names.push(relation_name(cursor)?);
        cursor.eat_symbol("*");
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    if cursor.eat("in") {
        while !cursor.at_end() && !cursor.eat("mode") {
            cursor.identifier()?;
        }
    }
    cursor.eat("nowait");
    Ok(names)
}

fn cascade(cursor: &mut Cursor<'_>) -> bool {
    let cascade = cursor.eat("cascade");
    if !cascade {
        cursor.eat("restrict");
    }
    cascade
}

fn if_not_exists(cursor: &mut Cursor<'_>) -> Result<bool> {
    if !cursor.eat("if") {
        return Ok(false);
    }
    cursor.expect("not")?;
    cursor.expect("exists")?;
    Ok(true)
}

fn names(cursor: &mut Cursor<'_>) -> Result<Vec<RelationName>> {
    let mut names = vec![relation_name(cursor)?];
    while cursor.eat_symbol(",") {
        names.push(relation_name(cursor)?);
    }
    Ok(names)
}

/// `(a, b)`, if it stands next.
fn name_list(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !cursor.eat_symbol("(") {
        return Ok(names);
    }
    loop {
        names.push(cursor.identifier()?);
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    if cursor.eat_symbol(")") { Ok(names) } else { Err(cursor.unexpected()) }
}

/// A relation's name; the database before the schema is passed over where the server has only one.
pub(super) fn relation_name(cursor: &mut Cursor<'_>) -> Result<RelationName> {
    let mut parts = vec![cursor.identifier()?];
    while cursor.eat_symbol(".") {
        parts.push(cursor.identifier()?);
    }
    let name = parts.pop().ok_or_else(|| cursor.unexpected())?;
    let schema = parts.pop();
    Ok(RelationName { schema, name })
}

/// The relation that a parser's name means.
pub fn relation_of(name: &ast::ObjectName) -> RelationName {
    let mut parts: Vec<String> =
        name.0.iter().filter_map(|part| part.as_ident()).map(crate::sql::rewrite::names::folded).collect();
    let last = parts.pop().unwrap_or_default();
    RelationName { schema: parts.pop(), name: last }
}
