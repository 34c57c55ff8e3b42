//! Casts between text and the `reg*` types, as functions a planner puts into a plan.
//!
//! A `reg*` value is its OID (`UInt32`) inside; it is text only where a client or a cast to text sees it.

use super::call::{Body, Call, Overload, SystemFunction};
use crate::catalog::pg_catalog::reg::{self, Static};
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::schema;
use crate::error::{Error, Result};
use crate::types::input::parse_array;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, UInt32Type};
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

const TEXT: u32 = 25;

/// A reg* type: its OID, its array type's, and its casts by name.
struct RegType {
    oid: u32,
    array: u32,
    input: (&'static str, Body),
    array_input: (&'static str, Body),
    output: (&'static str, Body),
    array_output: (&'static str, Body),
}

const REG_TYPES: &[RegType] = &[
    RegType {
        oid: 24,
        array: 1008,
        input: ("regprocin", |call| look_up(call, reg::lookup_regproc)),
        array_input: ("regprocarrayin", |call| look_up_all(call, reg::lookup_regproc)),
        output: ("regprocout", |call| show(call, reg::regproc_name)),
        array_output: ("regprocarrayout", |call| show_all(call, reg::regproc_name)),
    },
    RegType {
        oid: 2202,
        array: 2207,
        input: ("regprocedurein", |call| look_up(call, reg::lookup_regprocedure)),
        array_input: ("regprocedurearrayin", |call| look_up_all(call, reg::lookup_regprocedure)),
        output: ("regprocedureout", |call| show(call, reg::regprocedure_name)),
        array_output: ("regprocedurearrayout", |call| show_all(call, reg::regprocedure_name)),
    },
    RegType {
        oid: 2203,
        array: 2208,
        input: ("regoperin", |call| look_up(call, reg::lookup_regoper)),
        array_input: ("regoperarrayin", |call| look_up_all(call, reg::lookup_regoper)),
        output: ("regoperout", |call| show(call, reg::regoper_name)),
        array_output: ("regoperarrayout", |call| show_all(call, reg::regoper_name)),
    },
    RegType {
        oid: 2204,
        array: 2209,
        input: ("regoperatorin", |call| look_up(call, reg::lookup_regoperator)),
        array_input: ("regoperatorarrayin", |call| look_up_all(call, reg::lookup_regoperator)),
        output: ("regoperatorout", |call| show(call, reg::regoperator_name)),
        array_output: ("regoperatorarrayout", |call| show_all(call, reg::regoperator_name)),
    },
    RegType {
        oid: 2205,
        array: 2210,
        input: ("regclassin", |call| look_up(call, reg::lookup_regclass)),
        array_input: ("regclassarrayin", |call| look_up_all(call, reg::lookup_regclass)),
        output: ("regclassout", |call| show(call, reg::regclass_name)),
        array_output: ("regclassarrayout", |call| show_all(call, reg::regclass_name)),
    },
    RegType {
        oid: 2206,
        array: 2211,
        input: ("regtypein", |call| look_up(call, reg::lookup_regtype)),
        array_input: ("regtypearrayin", |call| look_up_all(call, reg::lookup_regtype)),
        output: ("regtypeout", |call| show(call, reg::regtype_name)),
        array_output: ("regtypearrayout", |call| show_all(call, reg::regtype_name)),
    },
    RegType {
        oid: 4089,
        array: 4090,
        input: ("regnamespacein", |call| look_up(call, reg::lookup_regnamespace)),
        array_input: ("regnamespacearrayin", |call| look_up_all(call, reg::lookup_regnamespace)),
        output: ("regnamespaceout", |call| show(call, reg::regnamespace_name)),
        array_output: ("regnamespacearrayout", |call| show_all(call, reg::regnamespace_name)),
    },
    RegType {
        oid: 4096,
        array: 4097,
        input: ("regrolein", |call| look_up(call, reg::lookup_regrole)),
        array_input: ("regrolearrayin", |call| look_up_all(call, reg::lookup_regrole)),
        output: ("regroleout", |call| show(call, reg::regrole_name)),
        array_output: ("regrolearrayout", |call| show_all(call, reg::regrole_name)),
    },
    RegType {
        oid: 4191,
        array: 4192,
        input: ("regcollationin", |call| look_up(call, |v, t| reg::lookup_static(v, Static::Collation, t))),
        array_input: ("regcollationarrayin", |call| {
            look_up_all(call, |v, t| reg::lookup_static(v, Static::Collation, t))
        }),
        output: ("regcollationout", |call| show(call, |v, oid| reg::static_name(v, Static::Collation, oid))),
        array_output: ("regcollationarrayout", |call| {
            show_all(call, |v, oid| reg::static_name(v, Static::Collation, oid))
        }),
    },
    RegType {
        oid: 3734,
        array: 3735,
        input: ("regconfigin", |call| look_up(call, |v, t| reg::lookup_static(v, Static::SearchConfig, t))),
        array_input: ("regconfigarrayin", |call| {
            look_up_all(call, |v, t| reg::lookup_static(v, Static::SearchConfig, t))
        }),
        output: ("regconfigout", |call| show(call, |v, oid| reg::static_name(v, Static::SearchConfig, oid))),
        array_output: ("regconfigarrayout", |call| {
            show_all(call, |v, oid| reg::static_name(v, Static::SearchConfig, oid))
        }),
    },
    RegType {
        oid: 3769,
        array: 3770,
        input: ("regdictionaryin", |call| look_up(call, |v, t| reg::lookup_static(v, Static::SearchDictionary, t))),
        array_input: ("regdictionaryarrayin", |call| {
            look_up_all(call, |v, t| reg::lookup_static(v, Static::SearchDictionary, t))
        }),
        output: ("regdictionaryout", |call| show(call, |v, oid| reg::static_name(v, Static::SearchDictionary, oid))),
        array_output: ("regdictionaryarrayout", |call| {
            show_all(call, |v, oid| reg::static_name(v, Static::SearchDictionary, oid))
        }),
    },
];

/// The function that reads text as a `reg*` type, or an array of one: text in, OID (`UInt32`, that type) or a list of
/// them out. `None` for other types.
#[must_use]
pub fn reg_input(reg_type: u32) -> Option<Arc<ScalarUDF>> {
    let (input, result) = REG_TYPES.iter().find_map(|known| match reg_type {
        oid if oid == known.oid => Some((known.input, known.oid)),
        oid if oid == known.array => Some((known.array_input, known.array)),
        _ => None,
    })?;
    let overload = Overload { arguments: vec![TEXT], defaults: 0, result, strict: true };
    Some(Arc::new(SystemFunction::with_overloads(input.0, vec![overload], input.1).into_udf()))
}

/// The function that writes a `reg*` type, or an array of one, as text: OID in, text (`Utf8`, its field still marked
/// with the `reg*` type, so that RowDescription says so) out. `None` for other types.
#[must_use]
pub fn reg_output(reg_type: u32) -> Option<Arc<ScalarUDF>> {
    let (known, array) = REG_TYPES.iter().find_map(|known| match reg_type {
        oid if oid == known.oid => Some((known, false)),
        oid if oid == known.array => Some((known, true)),
        _ => None,
    })?;
    let marked = schema::field(known.output.0, reg_type, -1, true);
    let function = if array {
        let any_array = 2277;
        let overload = Overload { arguments: vec![any_array], defaults: 0, result: reg_type, strict: true };
        let item = schema::field("item", known.oid, -1, true).with_data_type(DataType::Utf8);
        let field = marked.with_data_type(DataType::List(Arc::new(item)));
        SystemFunction::with_overloads(known.array_output.0, vec![overload], known.array_output.1).returning(field)
    } else {
        let overload = Overload { arguments: vec![26], defaults: 0, result: TEXT, strict: true };
        let field = marked.with_data_type(DataType::Utf8);
        SystemFunction::with_overloads(known.output.0, vec![overload], known.output.1).returning(field)
    };
    Some(Arc::new(function.into_udf()))
}

/// Whether a function is one of [`reg_output`]'s.
#[must_use]
pub fn is_reg_output(name: &str) -> bool {
    REG_TYPES.iter().any(|known| known.output.0 == name || known.array_output.0 == name)
}

fn look_up<'a>(call: &Call<'a>, find: impl Fn(&crate::catalog::SessionVars, &str) -> Result<u32>) -> Result<Cell<'a>> {
    find(call.vars, call.text(0).unwrap_or_default()).map(Cell::from)
}

fn look_up_all<'a>(
    call: &Call<'a>,
    find: impl Fn(&crate::catalog::SessionVars, &str) -> Result<u32>,
) -> Result<Cell<'a>> {
    let array = parse_array(call.text(0).unwrap_or_default(), b',')?;
    if array.dims.len() > 1 {
        return Err(Error::unsupported("arrays of object identifiers have one dimension"));
    }
    let cell = |name: Option<String>| Ok(Cell::from(name.map(|name| find(call.vars, &name)).transpose()?));
    Ok(Cell::List(array.elements.into_iter().map(cell).collect::<Result<_>>()?))
}

fn show<'a>(call: &Call<'a>, name: impl Fn(&crate::catalog::SessionVars, u32) -> String) -> Result<Cell<'a>> {
    Ok(Cell::from(name(call.vars, call.oid(0))))
}

fn show_all<'a>(call: &Call<'a>, name: impl Fn(&crate::catalog::SessionVars, u32) -> String) -> Result<Cell<'a>> {
    let Some(list) = call.list(0) else { return Ok(Cell::Null) };
    let Some(oids) = list.as_primitive_opt::<UInt32Type>() else { return Ok(Cell::Null) };
    Ok(Cell::List(oids.iter().map(|oid| Cell::from(oid.map(|oid| name(call.vars, oid)))).collect()))
}
