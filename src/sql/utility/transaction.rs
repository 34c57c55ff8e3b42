//! BEGIN … ROLLBACK TO: the transaction statements and their modes.

use super::cursor::Cursor;
use crate::error::Result;
use crate::sql::utility_ast::{Isolation, TransactionModes, Utility};

/// Parses what follows `verb`.
pub fn parse(verb: &str, cursor: &mut Cursor<'_>) -> Result<Utility> {
    Ok(match verb {
        "begin" => {
            let _ = cursor.eat("work") || cursor.eat("transaction");
            Utility::Begin(modes(cursor, true)?)
        }
        "start" => {
            cursor.expect("transaction")?;
            Utility::Begin(modes(cursor, true)?)
        }
        "commit" | "end" => {
            if cursor.eat("prepared") {
                return Ok(Utility::EndPrepared("COMMIT", cursor.set_item()?));
            }
            Utility::Commit(chain(cursor)?)
        }
        "rollback" | "abort" => {
            if cursor.eat("prepared") {
                return Ok(Utility::EndPrepared("ROLLBACK", cursor.set_item()?));
            }
            let _ = cursor.eat("work") || cursor.eat("transaction");
            if verb == "rollback" && cursor.eat("to") {
                cursor.eat("savepoint");
                return Ok(Utility::RollbackTo(cursor.identifier()?));
            }
            Utility::Rollback(chain(cursor)?)
        }
        "savepoint" => Utility::Savepoint(cursor.identifier()?),
        _ => {
            cursor.eat("savepoint");
            Utility::Release(cursor.identifier()?)
        }
    })
}

/// Transaction modes; commas between them are optional. `may_be_empty` for BEGIN.
pub fn modes(cursor: &mut Cursor<'_>, may_be_empty: bool) -> Result<TransactionModes> {
    let mut modes = TransactionModes::default();
    let mut any = may_be_empty;
    while !cursor.at_end() {
        if cursor.eat("isolation") {
            cursor.expect("level")?;
            modes.isolation = Some(isolation(cursor)?);
        } else if cursor.eat("read") {
            modes.read_only = Some(read_only(cursor)?);
        } else if cursor.eat("deferrable") {
            modes.deferrable = Some(true);
        } else if cursor.eat("not") {
            cursor.expect("deferrable")?;
            modes.deferrable = Some(false);
        } else {
            return Err(cursor.unexpected());
        }
        any = true;
        if cursor.eat_symbol(",") && cursor.at_end() {
            return Err(cursor.unexpected());
        }
    }
    if any { Ok(modes) } else { Err(cursor.unexpected()) }
}

fn isolation(cursor: &mut Cursor<'_>) -> Result<Isolation> {
    if cursor.eat("serializable") {
        return Ok(Isolation::Serializable);
    }
    if cursor.eat("repeatable") {
        cursor.expect("read")?;
        return Ok(Isolation::RepeatableRead);
    }
    cursor.expect("read")?;
    if cursor.eat("committed") {
        return Ok(Isolation::ReadCommitted);
    }
    cursor.expect("uncommitted")?;
    Ok(Isolation::ReadUncommitted)
}

fn read_only(cursor: &mut Cursor<'_>) -> Result<bool> {
    if cursor.eat("only") {
        return Ok(true);
    }
    cursor.expect("write")?;
    Ok(false)
}

fn chain(cursor: &mut Cursor<'_>) -> Result<bool> {
    let _ = cursor.eat("work") || cursor.eat("transaction");
    if !cursor.eat("and") {
        return Ok(false);
    }
    let no = cursor.eat("no");
    cursor.expect("chain")?;
    Ok(!no)
}
