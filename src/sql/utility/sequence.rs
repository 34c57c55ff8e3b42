//! CREATE SEQUENCE and ALTER SEQUENCE.

use super::cursor::Cursor;
use super::object::relation_name;
use crate::error::{Error, Result};
use crate::sql::object_ast::{ObjectStatement, RelationName, SequenceChange, SequenceOption, SequenceStatement};
use crate::sqlstate;

/// Parses what follows CREATE SEQUENCE.
pub fn create(cursor: &mut Cursor<'_>, temporary: bool) -> Result<ObjectStatement> {
    let passed_over = cursor.eat("if");
    if passed_over {
        cursor.expect("not")?;
        cursor.expect("exists")?;
    }
    let name = relation_name(cursor)?;
    let options = options(cursor)?;
    let change = SequenceChange::Create { temporary, options };
    Ok(ObjectStatement::Sequence(Box::new(SequenceStatement { name, passed_over, change })))
}

/// Parses what follows ALTER SEQUENCE.
pub fn alter(cursor: &mut Cursor<'_>) -> Result<ObjectStatement> {
    let passed_over = cursor.eat("if");
    if passed_over {
        cursor.expect("exists")?;
    }
    let name = relation_name(cursor)?;
    let change = if cursor.eat("rename") {
        cursor.expect("to")?;
        SequenceChange::Rename(cursor.identifier()?)
    } else {
        let options = options(cursor)?;
        if options.is_empty() {
            return Err(cursor.unexpected());
        }
        SequenceChange::Alter(options)
    };
    Ok(ObjectStatement::Sequence(Box::new(SequenceStatement { name, passed_over, change })))
}

fn options(cursor: &mut Cursor<'_>) -> Result<Vec<SequenceOption>> {
    let mut found = Vec::new();
    while !cursor.at_end() {
        let option = one(cursor)?;
        let same = |other: &SequenceOption| std::mem::discriminant(other) == std::mem::discriminant(&option);
        if found.iter().any(same) {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "conflicting or redundant options"));
        }
        found.push(option);
    }
    Ok(found)
}

fn one(cursor: &mut Cursor<'_>) -> Result<SequenceOption> {
    if cursor.eat("as") {
        return Ok(SequenceOption::Type(cursor.identifier()?));
    }
    if cursor.eat("increment") {
        cursor.eat("by");
        return number(cursor).map(SequenceOption::Increment);
    }
    if cursor.eat("minvalue") {
        return number(cursor).map(|n| SequenceOption::Min(Some(n)));
    }
    if cursor.eat("maxvalue") {
        return number(cursor).map(|n| SequenceOption::Max(Some(n)));
    }
    if cursor.eat("start") {
        cursor.eat("with");
        return number(cursor).map(SequenceOption::Start);
    }
    if cursor.eat("restart") {
        let given = cursor.eat("with") || !cursor.at_end() && cursor.at_number();
        return if given {
            number(cursor).map(|n| SequenceOption::Restart(Some(n)))
        } else {
            Ok(SequenceOption::Restart(None))
        };
    }
    if cursor.eat("cache") {
        return number(cursor).map(SequenceOption::Cache);
    }
    if cursor.eat("cycle") {
        return Ok(SequenceOption::Cycle(true));
    }
    if cursor.eat("owned") {
        cursor.expect("by")?;
        let mut parts = vec![cursor.identifier()?];
        while cursor.eat_symbol(".") {
            parts.push(cursor.identifier()?);
        }
        let column = parts.pop().ok_or_else(|| cursor.unexpected())?;
        let Some(name) = parts.pop() else {
            if column == "none" {
                return Ok(SequenceOption::Owner(None));
            }
            let error = Error::new(sqlstate::SYNTAX_ERROR, "invalid OWNED BY option");
            return Err(error.hint("Specify OWNED BY table.column or OWNED BY NONE."));
        };
        return Ok(SequenceOption::Owner(Some((RelationName { schema: parts.pop(), name }, column))));
    }
    if cursor.eat("no") {
        if cursor.eat("minvalue") {
            return Ok(SequenceOption::Min(None));
        }
        if cursor.eat("maxvalue") {
            return Ok(SequenceOption::Max(None));
        }
        cursor.expect("cycle")?;
        return Ok(SequenceOption::Cycle(false));
    }
    Err(cursor.unexpected())
}

fn number(cursor: &mut Cursor<'_>) -> Result<i64> {
    let negative = cursor.eat_symbol("-");
    if !negative {
        cursor.eat_symbol("+");
    }
    let digits = cursor.digits()?;
    let value: i128 = digits.parse().map_err(|_| cursor.unexpected())?;
    let value = if negative { -value } else { value };
    i64::try_from(value).map_err(|_| {
        let message = format!("value \"{value}\" is out of range for type bigint");
        Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message)
    })
}
