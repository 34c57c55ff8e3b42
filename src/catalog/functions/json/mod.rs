//! json and jsonb: operators and functions over their text.
//!
//! A `json` value keeps its text; a `jsonb` value is kept in PostgreSQL's canonical text (keys by length then bytes, the
//! last of equal keys, numbers written out). So both travel as `Utf8` and are parsed where they are used.

mod access;
mod aggregate;
mod build;
mod casts;
mod contain;
mod edit;
mod path;
mod predicate;
mod sets;
mod write;

use super::Registry;

pub(super) use aggregate::functions as aggregates;
pub use casts::from_jsonb;
pub use contain::{KEY as JSONB_KEY, ORDER as JSONB_ORDER, VALUE as JSON_VALUE};
pub use path::check_patterns;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    access::register(r);
    build::register(r);
    casts::register(r);
    contain::register(r);
    edit::register(r);
    path::register(r);
    predicate::register(r);
    sets::register(r);
}
