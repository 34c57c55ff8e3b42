//! EXPLAIN with PostgreSQL's option syntax, old and new.

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::sql::lex::{Script, StatementTokens};
use crate::sql::utility_ast::Utility;
use crate::sql::{ExplainFormat, ExplainOptions, StatementKind, parse_one};
use crate::sqlstate;

/// Parses what follows EXPLAIN.
pub fn parse(script: &Script<'_>, tokens: &StatementTokens<'_>, mut cursor: Cursor<'_>) -> Result<StatementKind> {
    let mut options = ExplainOptions { analyze: false, verbose: false, format: ExplainFormat::Text };
    if is_option_list(&cursor) {
        cursor.eat_symbol("(");
        loop {
            option(&mut cursor, &mut options)?;
            if !cursor.eat_symbol(",") {
                break;
            }
        }
        if !cursor.eat_symbol(")") {
            return Err(cursor.unexpected());
        }
    } else {
        options.analyze = cursor.eat("analyze") || cursor.eat("analyse");
        options.verbose = cursor.eat("verbose");
    }
    let rest = tokens.after(script, cursor.consumed()).ok_or_else(|| cursor.unexpected())?;
    let explained = parse_one(script, &rest)?.kind;
    match &explained {
        StatementKind::Query(_) => {}
        StatementKind::Write(_) | StatementKind::Object(_) if options.analyze => {
            return Err(Error::unsupported("EXPLAIN ANALYZE of a statement that writes is not supported")
                .hint("EXPLAIN without ANALYZE shows its plan."));
        }
        StatementKind::Utility(Utility::Declare(_) | Utility::Execute { .. }) | StatementKind::Write(_) => {}
        StatementKind::Object(object) if object.query().is_some() => {}
        _ => return Err(cursor.unexpected()),
    }
    Ok(StatementKind::Explain(options, Box::new(explained)))
}

/// `EXPLAIN (SELECT 1)` is a query in parentheses, `EXPLAIN (ANALYZE)` an option list.
fn is_option_list(cursor: &Cursor<'_>) -> bool {
    let mut words = cursor.rest().iter().map(|t| t.token.to_string().to_lowercase());
    words.next().as_deref() == Some("(")
        && !matches!(words.next().as_deref(), Some("select" | "with" | "values" | "table" | "(") | None)
}

fn option(cursor: &mut Cursor<'_>, options: &mut ExplainOptions) -> Result<()> {
    let name = cursor.identifier()?;
    let has_value = !matches!(cursor.peek().map(ToString::to_string).as_deref(), Some("," | ")") | None);
    let value = if has_value { Some(cursor.set_item()?.to_lowercase()) } else { None };
    match name.as_str() {
        "analyze" | "analyse" => options.analyze = boolean(&name, value.as_deref())?,
        "verbose" => options.verbose = boolean(&name, value.as_deref())?,
        "costs" | "buffers" | "settings" | "timing" | "summary" | "wal" | "memory" | "generic_plan" => {
            boolean(&name, value.as_deref())?;
        }
        "serialize" => {}
        "format" => options.format = format(value.as_deref())?,
        _ => {
            let message = format!("unrecognized EXPLAIN option \"{name}\"");
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
        }
    }
    Ok(())
}

fn boolean(name: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("true" | "on" | "1") => Ok(true),
        Some("false" | "off" | "0") => Ok(false),
        Some(_) => Err(Error::new(sqlstate::SYNTAX_ERROR, format!("{name} requires a Boolean value"))),
    }
}

fn format(value: Option<&str>) -> Result<ExplainFormat> {
    match value {
        Some("text") => Ok(ExplainFormat::Text),
        Some("json") => Ok(ExplainFormat::Json),
        Some(other @ ("xml" | "yaml")) => {
            Err(Error::unsupported(format!("EXPLAIN format \"{other}\" is not supported")))
        }
        other => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("unrecognized value for EXPLAIN option \"format\": \"{}\"", other.unwrap_or_default()),
        )),
    }
}
