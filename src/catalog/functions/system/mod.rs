//! PostgreSQL's system functions: what a session is told about itself, the catalog in words, privileges, sizes.
//!
//! They read [`SessionVars`](crate::catalog::SessionVars) and its snapshot, nothing else. `reg_input` and
//! `reg_output` are the casts between text and the `reg*` types for the planner and the encoder.

// All bodies have one signature, whether or not they can fail.
#![allow(clippy::unnecessary_wraps)]

mod backends;
mod call;
mod definitions;
mod input_check;
mod names;
mod objects;
mod privileges;
mod reg_casts;
mod session;
mod set;
mod sets;
mod sequences;
mod sizes;
#[cfg(test)]
mod tests;

use datafusion::catalog::TableFunction;
use datafusion::logical_expr::ScalarUDF;

pub use names::{character_length, datetime_precision, numeric_precision, numeric_radix, numeric_scale, octet_length};
pub use reg_casts::{is_reg_output, reg_input, reg_output};
pub use set::SetFunction;

/// The functions of one result per call.
#[must_use]
pub fn system_functions() -> Vec<ScalarUDF> {
    let all = [
        session::functions(),
        names::functions(),
        objects::functions(),
        definitions::functions(),
        privileges::functions(),
        sizes::functions(),
        backends::functions(),
        input_check::functions(),
        sequences::functions(),
    ];
    all.into_iter().flatten().map(call::SystemFunction::into_udf).collect()
}

/// The functions of several rows per call, as scalar functions that return the list of rows: the planner unnests
/// them where an argument is not constant.
#[must_use]
pub fn system_set_functions() -> Vec<ScalarUDF> {
    sets::set_functions().into_iter().map(SetFunction::into_udf).collect()
}

/// Whether a scalar function is the list form of one that returns several rows.
#[must_use]
pub fn returns_set(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<SetFunction>().is_some()
}

/// The functions of several rows as tables, for constant arguments.
#[must_use]
pub fn system_table_functions() -> Vec<TableFunction> {
    sets::table_functions()
}
