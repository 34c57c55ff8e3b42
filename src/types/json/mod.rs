//! JSON as PostgreSQL reads it and writes it: the check of `json`, the normal form of `jsonb`, their values and order.
//!
//! [`check`] finds a text's first fault and reports it as PostgreSQL does; it has no limit of depth. A tree
//! ([`Json::parse`]) is limited in depth, since reading and writing it recurse. Numbers are kept as decimal text, so no
//! digit is ever lost.

mod check;
mod lex;
mod key;
mod number;
mod order;
mod tree;
mod write;

pub use check::check;
pub use key::key;
pub use number::{compare as compare_numbers, normal as normal_number};
pub use order::compare;
pub use tree::{Json, Kind, position};
pub use write::{canonical, string};

use crate::error::Result;

/// The text `jsonb` prints for a document.
///
/// # Errors
///
/// `22P02` with the reason as detail, `22P05` for an escaped zero byte, `22003` for numbers of too many digits, `54001`
/// for documents nested too deeply.
pub fn normal_jsonb(text: &str) -> Result<String> {
    let json = Json::parse(text)?;
    let mut out = String::with_capacity(text.len());
    canonical(&json, &mut out)?;
    Ok(out)
}
