//! `pg_input_is_valid` and `pg_input_error_info`: whether a text is a value of a type, and what is wrong with it.

use super::call::{Body, Call, SystemFunction};
use super::set::RowsBody;
use crate::catalog::pg_catalog::reg::lookup_type;
use crate::catalog::pg_catalog::rows::Cell;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{decode_typed, oid};

/// The function of one result.
pub fn functions() -> Vec<SystemFunction> {
    let is_valid: Body = |call| Ok(Cell::from(read(call)?.is_none()));
    vec![SystemFunction::new("pg_input_is_valid", is_valid)]
}

/// The function of one row.
pub const ERROR_INFO: (&str, RowsBody) = ("pg_input_error_info", error_info);

/// The error of reading the text; `None` when it is a value.
fn read(call: &Call<'_>) -> Result<Option<Error>> {
    let (text, name) = (call.text(0).unwrap_or_default(), call.text(1).unwrap_or_default());
    let (oid, typmod) = lookup_type(call.vars, name)?;
    if let Some(limit) = usize::try_from(typmod - 4).ok().filter(|_| matches!(oid, oid::VARCHAR | oid::BPCHAR)) {
        // Blanks beyond the limit are cut.
        let long = text.trim_end_matches(' ').chars().count() > limit;
        let message = || format!("value too long for type {}", oid::format_type(oid, typmod));
        return Ok(long.then(|| Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message())));
    }
    if oid == oid::NUMERIC && typmod >= 0 {
        return Err(Error::unsupported("numeric with a precision is not supported here"));
    }
    match decode_typed(oid, typmod, text, &call.vars.style) {
        Ok(_) => Ok(None),
        Err(error) if error.sqlstate() == sqlstate::FEATURE_NOT_SUPPORTED => Err(error),
        Err(error) => Ok(Some(error)),
    }
}

fn error_info<'a>(call: &Call<'a>) -> Result<Vec<Vec<Cell<'a>>>> {
    let text = |text: Option<&str>| text.map_or(Cell::Null, |text| Cell::from(text.to_owned()));
    Ok(vec![match read(call)? {
        None => vec![Cell::Null, Cell::Null, Cell::Null, Cell::Null],
        Some(error) => vec![
            text(Some(error.message())),
            text(error.get_detail()),
            text(error.get_hint()),
            text(Some(error.sqlstate().as_str())),
        ],
    }])
}
