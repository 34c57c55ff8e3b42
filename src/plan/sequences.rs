//! Options of sequences as PostgreSQL reads them.

use datafusion::sql::sqlparser::ast;

use crate::catalog::temp::{SequenceOwner, SequenceSpec};
use crate::error::{Error, Result};
use crate::sql::object_ast::SequenceOption;
use crate::sqlstate;
use crate::types::oid;

/// A sequence that comes with a column.
#[derive(Clone, Debug)]
pub struct ColumnSequence {
    /// Its name.
    pub name: String,
    /// What it is; the table's OID is not known yet.
    pub spec: SequenceSpec,
}

/// The definition that options make of nothing, or of the definition before; where they restart it.
///
/// # Errors
///
/// `22023` for what cannot be.
pub fn define(
    old: Option<&SequenceSpec>,
    options: &[SequenceOption],
    owner: Option<SequenceOwner>,
) -> Result<(SequenceSpec, Option<i64>)> {
    let find = |wanted: fn(&SequenceOption) -> bool| options.iter().find(|option| wanted(option));
    let data_type = match find(|o| matches!(o, SequenceOption::Type(_))) {
        Some(SequenceOption::Type(name)) => type_of(name)?,
        _ => old.map_or(oid::INT8, |old| old.data_type),
    };
    let retyped = old.is_none_or(|old| old.data_type != data_type);
    let increment = match find(|o| matches!(o, SequenceOption::Increment(_))) {
        Some(SequenceOption::Increment(0)) => return Err(invalid("INCREMENT must not be zero".to_owned())),
        Some(SequenceOption::Increment(by)) => *by,
        _ => old.map_or(1, |old| old.increment),
    };
    let cycle = match find(|o| matches!(o, SequenceOption::Cycle(_))) {
        Some(SequenceOption::Cycle(cycle)) => *cycle,
        _ => old.is_some_and(|old| old.cycle),
    };
    let (least, most) = range(data_type);
    let default_max = if increment > 0 { most } else { -1 };
    let default_min = if increment > 0 { 1 } else { least };
    let old_range = old.map(|old| range(old.data_type));
    let max = match find(|o| matches!(o, SequenceOption::Max(_))) {
        Some(SequenceOption::Max(Some(max))) => *max,
        Some(_) => default_max,
        None => match old {
            Some(old) if !(retyped && old_range.is_some_and(|(_, most)| old.max == most)) => old.max,
            _ => default_max,
        },
    };
    let min = match find(|o| matches!(o, SequenceOption::Min(_))) {
        Some(SequenceOption::Min(Some(min))) => *min,
        Some(_) => default_min,
        None => match old {
            Some(old) if !(retyped && old_range.is_some_and(|(least, _)| old.min == least)) => old.min,
            _ => default_min,
        },
    };
    for (what, value) in [("MAXVALUE", max), ("MINVALUE", min)] {
        if !(least..=most).contains(&value) {
            let shown = oid::sql_name(data_type);
            return Err(invalid(format!("{what} ({value}) is out of range for sequence data type {shown}")));
        }
    }
    if min >= max {
        return Err(invalid(format!("MINVALUE ({min}) must be less than MAXVALUE ({max})")));
    }
    let start = match find(|o| matches!(o, SequenceOption::Start(_))) {
        Some(SequenceOption::Start(start)) => *start,
        _ => old.map_or(if increment > 0 { min } else { max }, |old| old.start),
    };
    within("START", start, (min, max))?;
    let restart = match find(|o| matches!(o, SequenceOption::Restart(_))) {
        Some(SequenceOption::Restart(at)) => Some(at.unwrap_or(start)),
        _ => None,
    };
    if let Some(at) = restart {
        within("RESTART", at, (min, max))?;
    }
    let cache = match find(|o| matches!(o, SequenceOption::Cache(_))) {
        Some(SequenceOption::Cache(cache)) if *cache <= 0 => {
            return Err(invalid(format!("CACHE ({cache}) must be greater than zero")));
        }
        Some(SequenceOption::Cache(cache)) => *cache,
        _ => old.map_or(1, |old| old.cache),
    };
    Ok((SequenceSpec { data_type, increment, min, max, start, cache, cycle, owner }, restart))
}

fn within(what: &str, value: i64, (min, max): (i64, i64)) -> Result<()> {
    if value < min {
        return Err(invalid(format!("{what} value ({value}) cannot be less than MINVALUE ({min})")));
    }
    if value > max {
        return Err(invalid(format!("{what} value ({value}) cannot be greater than MAXVALUE ({max})")));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn range(data_type: u32) -> (i64, i64) {
    match data_type {
        oid::INT2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        oid::INT4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    }
}

fn type_of(name: &str) -> Result<u32> {
    match name {
        "smallint" | "int2" => Ok(oid::INT2),
        "integer" | "int" | "int4" => Ok(oid::INT4),
        "bigint" | "int8" => Ok(oid::INT8),
        _ => Err(invalid("sequence type must be smallint, integer, or bigint".to_owned())),
    }
}

/// `smallserial`, `serial`, `bigserial`: the type of the column.
#[must_use]
pub fn serial(shown: &str) -> Option<ast::DataType> {
    match shown {
        "smallserial" | "serial2" => Some(ast::DataType::SmallInt(None)),
        "serial" | "serial4" => Some(ast::DataType::Int(None)),
        "bigserial" | "serial8" => Some(ast::DataType::BigInt(None)),
        _ => None,
    }
}

/// The options of an identity column's sequence.
pub fn identity(options: &[ast::SequenceOptions]) -> Result<Vec<SequenceOption>> {
    let number = |expr: &ast::Expr| -> Result<i64> {
        let text = expr.to_string();
        text.replace(' ', "")
            .parse()
            .map_err(|_| Error::new(sqlstate::SYNTAX_ERROR, format!("\"{text}\" is no number")))
    };
    options
        .iter()
        .map(|option| {
            Ok(match option {
                ast::SequenceOptions::IncrementBy(n, _) => SequenceOption::Increment(number(n)?),
                ast::SequenceOptions::MinValue(n) => SequenceOption::Min(n.as_ref().map(number).transpose()?),
                ast::SequenceOptions::MaxValue(n) => SequenceOption::Max(n.as_ref().map(number).transpose()?),
                ast::SequenceOptions::StartWith(n, _) => SequenceOption::Start(number(n)?),
                ast::SequenceOptions::Cache(n) => SequenceOption::Cache(number(n)?),
                // The parser says whether NO was there.
                ast::SequenceOptions::Cycle(no) => SequenceOption::Cycle(!no),
            })
        })
        .collect()
}
