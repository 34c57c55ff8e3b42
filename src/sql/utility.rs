//! PostgreSQL's grammar of utility statements, over the lexer's tokens.
//!
//! sqlparser's own utility grammar differs from PostgreSQL's in too many places (transaction modes, SHOW, RESET,
//! DISCARD, EXPLAIN options), so these few statements are read here. Anything else returns `None` and is a query.

mod alter;
mod copy;
mod cursor;
mod explain;
mod fetch;
mod object;
mod sequence;
mod transaction;

use datafusion::sql::sqlparser::parser::Parser;

use super::dialect::DIALECT;
use super::lex::{Script, StatementTokens};
use super::utility_ast::{Discard, SetValue, Utility};
use super::{ObjectStatement, Statement, StatementKind, parse_one};
use crate::error::Result;
use cursor::Cursor;
pub use object::relation_of;

/// Parses a utility statement or EXPLAIN; `None` when the tokens are something else.
pub fn parse(script: &Script<'_>, tokens: &StatementTokens<'_>) -> Result<Option<StatementKind>> {
    let mut cursor = Cursor::new(script, &tokens.tokens);
    let Some(verb) = cursor.word() else { return Ok(None) };
    let utility = match verb.as_str() {
        "explain" => return explain::parse(script, tokens, cursor).map(Some),
        "create" | "drop" | "truncate" | "analyze" | "analyse" | "vacuum" | "reindex" | "cluster" | "alter" => {
            let object = object_statement(&verb, script, tokens, &mut cursor)?;
            return object.map(|object| cursor.end().map(|()| StatementKind::Object(Box::new(object)))).transpose();
        }
        "set" => set(&mut cursor)?,
        "reset" => reset(&mut cursor)?,
        "show" => show(&mut cursor)?,
        "discard" => discard(&mut cursor)?,
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            transaction::parse(&verb, &mut cursor)?
        }
        "prepare" if cursor.transaction_follows() => {
            cursor.expect("transaction")?;
            cursor.set_item()?;
            Utility::PrepareTransaction
        }
        "prepare" => prepare(script, tokens, &mut cursor)?,
        "lock" => Utility::Lock(object::lock(&mut cursor)?),
        "checkpoint" => Utility::Checkpoint,
        "execute" => execute(tokens, &mut cursor)?,
        "deallocate" => {
            cursor.eat("prepare");
            Utility::Deallocate(name_or_all(&mut cursor)?)
        }
        "declare" => Utility::Declare(Box::new(fetch::declare(script, tokens, &mut cursor)?)),
        "fetch" => Utility::Fetch(fetch::fetch(&mut cursor, false)?),
        "move" => Utility::Fetch(fetch::fetch(&mut cursor, true)?),
        "close" => Utility::Close(name_or_all(&mut cursor)?),
        "copy" => Utility::Copy(Box::new(copy::copy(script, tokens, &mut cursor)?)),
        "listen" => Utility::Listen(cursor.identifier()?),
        "unlisten" => Utility::Unlisten(if cursor.eat_symbol("*") { None } else { Some(cursor.identifier()?) }),
        "notify" => notify(&mut cursor)?,
        _ => return Ok(None),
    };
    cursor.end()?;
    Ok(Some(StatementKind::Utility(utility)))
}

fn object_statement(
    verb: &str,
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
) -> Result<Option<ObjectStatement>> {
    match verb {
        "create" => object::create(script, tokens, cursor),
        "drop" => object::drop(cursor),
        "truncate" => object::truncate(cursor).map(Some),
        "vacuum" => object::maintain("VACUUM", cursor).map(Some),
        "reindex" => object::reindex(cursor),
        "cluster" => object::cluster(cursor).map(Some),
        "alter" => alter::table(script, tokens, cursor),
        _ => object::maintain("ANALYZE", cursor).map(Some),
    }
}

fn set(cursor: &mut Cursor<'_>) -> Result<Utility> {
    let local = cursor.eat("local");
    if !local && cursor.eat("session") {
        if cursor.eat("characteristics") {
            cursor.expect("as")?;
            cursor.expect("transaction")?;
            return Ok(Utility::SetSessionCharacteristics(transaction::modes(cursor, false)?));
        }
        if cursor.eat("authorization") {
            return set_rest(cursor, false, "session_authorization");
        }
    }
    if cursor.eat("transaction") {
        return Ok(Utility::SetTransaction(transaction::modes(cursor, false)?));
    }
    if cursor.eat("time") {
        cursor.expect("zone")?;
        return set_time_zone(cursor, local);
    }
    if cursor.eat("names") {
        return set_rest(cursor, local, "client_encoding");
    }
    if cursor.eat("role") {
        return set_rest(cursor, local, "role");
    }
    if cursor.eat("schema") {
        return set_rest(cursor, local, "search_path");
    }
    let name = cursor.setting_name()?;
    if !cursor.eat("to") && !cursor.eat_symbol("=") {
        return Err(cursor.unexpected());
    }
    set_rest(cursor, local, &name)
}

/// The value list after `SET name TO`.
fn set_rest(cursor: &mut Cursor<'_>, local: bool, name: &str) -> Result<Utility> {
    let name = name.to_owned();
    if cursor.eat("default") || cursor.at_end() && name == "client_encoding" {
        return Ok(Utility::Set { local, name, value: None });
    }
    let mut items = vec![cursor.set_item()?];
    while cursor.eat_symbol(",") {
        items.push(cursor.set_item()?);
    }
    Ok(Utility::Set { local, name, value: Some(SetValue { items }) })
}

fn set_time_zone(cursor: &mut Cursor<'_>, local: bool) -> Result<Utility> {
    if cursor.eat("local") {
        return Ok(Utility::Set { local, name: "timezone".to_owned(), value: None });
    }
    if cursor.eat("interval") {
        let item = format!("INTERVAL '{}'", cursor.set_item()?);
        if cursor.eat("hour") && cursor.eat("to") {
            cursor.expect("minute")?;
        }
        return Ok(Utility::Set { local, name: "timezone".to_owned(), value: Some(SetValue { items: vec![item] }) });
    }
    set_rest(cursor, local, "timezone")
}

fn reset(cursor: &mut Cursor<'_>) -> Result<Utility> {
    Ok(Utility::Reset(show_name(cursor)?))
}

fn show(cursor: &mut Cursor<'_>) -> Result<Utility> {
    Ok(Utility::Show(show_name(cursor)?))
}

/// The name after SHOW and RESET; `None` for ALL.
fn show_name(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    if cursor.eat("all") {
        return Ok(None);
    }
    if cursor.eat("time") {
        cursor.expect("zone")?;
        return Ok(Some("timezone".to_owned()));
    }
    if cursor.eat("transaction") {
        cursor.expect("isolation")?;
        cursor.expect("level")?;
        return Ok(Some("transaction_isolation".to_owned()));
    }
    if cursor.eat("session") {
        cursor.expect("authorization")?;
        return Ok(Some("session_authorization".to_owned()));
    }
    cursor.setting_name().map(Some)
}

fn discard(cursor: &mut Cursor<'_>) -> Result<Utility> {
    let what = match cursor.word().as_deref() {
        Some("all") => Discard::All,
        Some("plans") => Discard::Plans,
        Some("sequences") => Discard::Sequences,
        Some("temp" | "temporary") => Discard::Temp,
        _ => return Err(cursor.unexpected_last()),
    };
    Ok(Utility::Discard(what))
}

fn name_or_all(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    if cursor.eat("all") { Ok(None) } else { cursor.identifier().map(Some) }
}

fn notify(cursor: &mut Cursor<'_>) -> Result<Utility> {
    let channel = cursor.identifier()?;
    if cursor.eat_symbol(",") {
        cursor.set_item()?;
    }
    Ok(Utility::Notify(channel))
}

fn prepare(script: &Script<'_>, tokens: &StatementTokens<'_>, cursor: &mut Cursor<'_>) -> Result<Utility> {
    let name = cursor.identifier()?;
    let mut types = Vec::new();
    if cursor.eat_symbol("(") {
        let mut parser = Parser::new(&DIALECT).with_tokens_with_locations(cursor.rest().to_vec());
        types = parser
            .parse_comma_separated(Parser::parse_data_type)
            .map_err(|_| script.syntax_error(Some(&parser.peek_token())))?;
        cursor.skip_to_closing()?;
    }
    cursor.expect("as")?;
    let rest = tokens.after(script, cursor.consumed()).ok_or_else(|| cursor.unexpected())?;
    let statement: Statement = parse_one(script, &rest)?;
    cursor.finish();
    Ok(Utility::Prepare { name, types, statement: Box::new(statement) })
}

/// Parses what follows EXECUTE.
pub fn execute(tokens: &StatementTokens<'_>, cursor: &mut Cursor<'_>) -> Result<Utility> {
    let name = cursor.identifier()?;
    let mut arguments = Vec::new();
    if cursor.eat_symbol("(") {
        super::guard::check_tokens(&tokens.tokens)?;
        let mut parser = Parser::new(&DIALECT).with_tokens_with_locations(cursor.rest().to_vec());
        arguments =
            parser.parse_comma_separated(Parser::parse_expr).map_err(|_| cursor.error_at(&parser.peek_token()))?;
        cursor.skip_to_closing()?;
    }
    Ok(Utility::Execute { name, arguments })
}
