//! DECLARE, FETCH, MOVE.

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::sql::lex::{Script, StatementTokens};
use crate::sql::utility_ast::{Declare, Direction, Fetch};
use crate::sql::{StatementKind, parse_one};
use crate::sqlstate;

/// Parses what follows DECLARE.
pub fn declare(script: &Script<'_>, tokens: &StatementTokens<'_>, cursor: &mut Cursor<'_>) -> Result<Declare> {
    let name = cursor.identifier()?;
    let (mut binary, mut scroll, mut no_scroll, mut insensitive, mut asensitive) = (false, false, false, false, false);
    loop {
        if cursor.eat("binary") {
            binary = true;
        } else if cursor.eat("insensitive") {
            insensitive = true;
        } else if cursor.eat("asensitive") {
            asensitive = true;
        } else if cursor.eat("scroll") {
            scroll = true;
        } else if cursor.eat("no") {
            cursor.expect("scroll")?;
            no_scroll = true;
        } else {
            break;
        }
    }
    cursor.expect("cursor")?;
    let hold = if cursor.eat("with") {
        cursor.expect("hold")?;
        true
    } else if cursor.eat("without") {
        cursor.expect("hold")?;
        false
    } else {
        false
    };
    cursor.expect("for")?;
    let contradiction =
        |what: &str| Error::new(sqlstate::INVALID_CURSOR_DEFINITION, format!("cannot specify both {what}"));
    if scroll && no_scroll {
        return Err(contradiction("SCROLL and NO SCROLL"));
    }
    if insensitive && asensitive {
        return Err(contradiction("ASENSITIVE and INSENSITIVE"));
    }
    let rest = tokens.after(script, cursor.consumed()).ok_or_else(|| cursor.unexpected())?;
    let StatementKind::Query(query) = parse_one(script, &rest)?.kind else { return Err(cursor.unexpected()) };
    cursor.finish();
    if !query.locks.is_empty() {
        locked(scroll, hold, insensitive)?;
    }
    let scroll = if scroll { Some(true) } else { no_scroll.then_some(false) };
    Ok(Declare { name, binary, scroll, hold, query })
}

/// What a cursor over rows that are to be locked cannot be.
fn locked(scroll: bool, hold: bool, insensitive: bool) -> Result<()> {
    let refuse = |what: &str, detail: &str| Err(Error::unsupported(format!("{what} is not supported")).detail(detail));
    if hold {
        return refuse("DECLARE CURSOR WITH HOLD ... FOR UPDATE", "Holdable cursors must be READ ONLY.");
    }
    if scroll {
        return refuse("DECLARE SCROLL CURSOR ... FOR UPDATE", "Scrollable cursors must be READ ONLY.");
    }
    if insensitive {
        return Err(Error::new(
            sqlstate::INVALID_CURSOR_DEFINITION,
            "DECLARE INSENSITIVE CURSOR ... FOR UPDATE is not valid",
        )
        .detail("Insensitive cursors must be READ ONLY."));
    }
    Ok(())
}

/// Parses what follows FETCH or MOVE.
pub fn fetch(cursor: &mut Cursor<'_>, moves: bool) -> Result<Fetch> {
    let direction = direction(cursor)?;
    if direction.is_some() {
        if !cursor.eat("from") {
            cursor.eat("in");
        }
    } else if !cursor.eat("from") {
        cursor.eat("in");
    }
    let name = cursor.identifier()?;
    Ok(Fetch { name, direction: direction.unwrap_or(Direction::Forward(Some(1))), moves })
}

/// The direction, if one is written; a cursor may be called like one, which only what follows tells.
fn direction(cursor: &mut Cursor<'_>) -> Result<Option<Direction>> {
    if let Some(count) = cursor.signed_integer()? {
        return Ok(Some(Direction::Forward(Some(count))));
    }
    if cursor.rest().len() == 1 {
        return Ok(None);
    }
    let word = |cursor: &mut Cursor<'_>, words: &[&'static str]| words.iter().find(|word| cursor.eat(word)).copied();
    let words = ["next", "prior", "first", "last", "absolute", "relative", "all", "forward", "backward"];
    let count = |cursor: &mut Cursor<'_>| -> Result<i64> {
        let count = cursor.signed_integer()?;
        count.ok_or_else(|| cursor.unexpected())
    };
    Ok(Some(match word(cursor, &words) {
        Some("next") => Direction::Forward(Some(1)),
        Some("prior") => Direction::Backward(Some(1)),
        Some("first") => Direction::Absolute(1),
        Some("last") => Direction::Absolute(-1),
        Some("absolute") => Direction::Absolute(count(cursor)?),
        Some("relative") => Direction::Relative(count(cursor)?),
        Some("all") => Direction::Forward(None),
        Some(way) => {
            let many = if cursor.eat("all") { None } else { Some(cursor.signed_integer()?.unwrap_or(1)) };
            if way == "forward" { Direction::Forward(many) } else { Direction::Backward(many) }
        }
        None => return Ok(None),
    }))
}
