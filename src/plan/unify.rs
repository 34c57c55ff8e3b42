//! The one type that several expressions of UNION, `lag` and the like are brought to: PostgreSQL's
//! `select_common_type`.
//!
//! The first type counts, and gives way to a later one of its category that it casts to and that does not cast back.
//! Untyped literals follow the typed ones; where all are untyped the type is text.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};

use crate::catalog::functions::numeric::common_type;
use crate::catalog::functions::ty::{element_field, numeric_for};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{PG_TYPMOD_KEY, oid, pg_type};

/// The common type of `fields` (`None`: an untyped literal); `context` begins the message of `42804`.
pub fn common_field(context: &str, fields: &[Option<FieldRef>]) -> Result<FieldRef> {
    let known: Vec<&FieldRef> = fields.iter().flatten().collect();
    let Some(first) = known.first() else { return Ok(Arc::new(Field::new("text", DataType::Utf8View, true))) };
    let mut winner: FieldRef = Arc::clone(first);
    for field in &known[1..] {
        let (a, b) = (oid_of(&winner), oid_of(field));
        if a == b {
            continue;
        }
        if category(a) != category(b) {
            let message = format!("{context} types {} and {} cannot be matched", oid::sql_name(a), oid::sql_name(b));
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        }
        if !is_preferred(a) && casts_implicitly(a, b) && !casts_implicitly(b, a) {
            winner = Arc::clone(field);
        }
    }
    for field in &known {
        let (from, to) = (oid_of(field), oid_of(&winner));
        if from != to && !casts_implicitly(from, to) {
            let (from, to) = (oid::sql_name(from), oid::sql_name(to));
            return Err(Error::new(
                sqlstate::CANNOT_COERCE,
                format!("{context} could not convert type {from} to {to}"),
            ));
        }
    }
    Ok(Arc::new(settled(&winner, &known)))
}

fn oid_of(field: &Field) -> u32 {
    pg_type(field).oid
}

fn category(oid: u32) -> u8 {
    oid::by_oid(oid).map_or(b'U', |info| info.category)
}

fn is_preferred(oid: u32) -> bool {
    let preferred =
        [oid::BOOL, oid::FLOAT8, oid::OID, oid::TEXT, oid::TIMESTAMPTZ, oid::INTERVAL, oid::INET, oid::VARBIT];
    preferred.contains(&oid)
}

/// Whether a type is cast to another without being asked (`pg_cast.castcontext = 'i'`).
fn casts_implicitly(from: u32, to: u32) -> bool {
    use oid::{
        BPCHAR, CHAR, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, INTERVAL, NAME, NUMERIC, OID, TEXT, TIME, TIMESTAMP,
        TIMESTAMPTZ, TIMETZ, VARCHAR,
    };
    match (from, to) {
        (a, b) if a == b => true,
        (INT2, INT4 | INT8 | NUMERIC | FLOAT4 | FLOAT8)
        | (INT4, INT8 | NUMERIC | FLOAT4 | FLOAT8)
        | (INT8, NUMERIC | FLOAT4 | FLOAT8)
        | (NUMERIC, FLOAT4 | FLOAT8)
        | (FLOAT4, FLOAT8)
        | (DATE, TIMESTAMP | TIMESTAMPTZ)
        | (TIMESTAMP, TIMESTAMPTZ)
        | (TIME, INTERVAL | TIMETZ)
        | (TEXT, VARCHAR | BPCHAR | NAME)
        | (VARCHAR, TEXT | BPCHAR | NAME)
        | (BPCHAR, TEXT | VARCHAR | NAME)
        | (NAME | CHAR, TEXT) => true,
        (INT2 | INT4 | INT8, to) => oid::is_oid_like(to),
        (from, OID) => oid::is_oid_like(from),
        (OID, to) => oid::is_oid_like(to),
        (from, to) => match (oid::element_of(from), oid::element_of(to)) {
            (Some(from), Some(to)) => casts_implicitly(from, to),
            _ => false,
        },
    }
}

/// The winner's type wide enough for all: digits of numerics, no length where lengths differ.
fn settled(winner: &Field, all: &[&FieldRef]) -> Field {
    let typmod = |field: &Field| field.metadata().get(PG_TYPMOD_KEY).cloned();
    let same = all.iter().all(|f| oid_of(f) == oid_of(winner) && typmod(f) == typmod(winner));
    let data_type = all.iter().fold(undictionaried(winner.data_type()), |ty, field| wider(&ty, field.data_type()));
    let metadata: HashMap<String, String> = match same {
        true => winner.metadata().clone(),
        false => {
            winner.metadata().iter().filter(|(k, _)| *k != PG_TYPMOD_KEY).map(|(k, v)| (k.clone(), v.clone())).collect()
        }
    };
    Field::new(winner.name(), data_type, true).with_metadata(metadata)
}

fn undictionaried(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => undictionaried(value),
        other => other.clone(),
    }
}

/// `wanted` with room for the digits of `other`, inside arrays too.
fn wider(wanted: &DataType, other: &DataType) -> DataType {
    match wanted {
        DataType::Decimal128(..) | DataType::Decimal256(..) | DataType::LargeBinary => {
            common_type(wanted, &numeric_for(&undictionaried(other)))
        }
        DataType::List(item) => match element_field(other) {
            Some(from) => {
                let element = wider(item.data_type(), from.data_type());
                DataType::List(Arc::new(item.as_ref().clone().with_data_type(element)))
            }
            None => wanted.clone(),
        },
        _ => wanted.clone(),
    }
}
