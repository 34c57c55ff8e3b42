//! `nextval`, `currval`, `lastval`, `setval`: the sequences of the session.

use super::call::{Body, Call, SystemFunction};
use crate::catalog::Relation;
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::temp::Sequence;
use crate::error::{Error, Result};
use crate::sqlstate;

const FUNCTIONS: &[(&str, Body)] = &[
    ("nextval", nextval),
    ("currval", currval),
    ("lastval", lastval),
    ("setval", setval),
    ("pg_sequence_last_value", last_value),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body).volatile()).collect()
}

fn sequence<'a>(call: &Call<'a>) -> Result<(&'a Relation, &'a Sequence)> {
    let oid = call.relation(0)?;
    let Some(table) = call.vars.snapshot.system().source().table(oid) else {
        let message = format!("could not open relation with OID {oid}");
        return Err(Error::new(sqlstate::UNDEFINED_TABLE, message));
    };
    let relation = table.relation.as_ref();
    match relation.sequence() {
        Some(sequence) => Ok((relation, sequence)),
        None => {
            let what = if relation.view().is_some() { "views" } else { "tables" };
            let message = format!("cannot open relation \"{}\"", relation.name);
            let detail = format!("This operation is not supported for {what}.");
            Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message).detail(detail))
        }
    }
}

fn nextval<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (relation, sequence) = sequence(call)?;
    Ok(Cell::Int(sequence.next(&relation.name)?))
}

fn currval<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (relation, sequence) = sequence(call)?;
    sequence.current().map(Cell::Int).ok_or_else(|| {
        let message = format!("currval of sequence \"{}\" is not yet defined in this session", relation.name);
        Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
    })
}

fn lastval<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let tables = call.vars.snapshot.system().source().tables.iter();
    let used = tables.filter_map(|table| table.relation.sequence()).filter(|sequence| sequence.used() > 0);
    used.max_by_key(|sequence| sequence.used()).and_then(Sequence::current).map(Cell::Int).ok_or_else(|| {
        Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session")
    })
}

fn setval<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (relation, sequence) = sequence(call)?;
    let Some(value) = call.int(1) else { return Ok(Cell::Null) };
    sequence.set(&relation.name, value, call.bool(2).unwrap_or(true))?;
    Ok(Cell::Int(value))
}

fn last_value<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (_, sequence) = sequence(call)?;
    let (value, is_called) = sequence.position();
    Ok(if is_called { Cell::Int(value) } else { Cell::Null })
}
