//! JSON input: the check of `json`, and the normal form of `jsonb`, as functions of text like every other type's.

use crate::error::Result;
use crate::types::json;

/// Whether text is JSON.
///
/// # Errors
///
/// `22P02` with the reason as detail.
pub fn check_json(text: &str) -> Result<()> {
    json::check(text, false)
}

/// The text `jsonb` prints for a document.
///
/// # Errors
///
/// As [`check_json`], and `22P05` for an escaped zero byte, `22003` for numbers of too many digits, `54001` for
/// documents nested too deeply.
pub fn normal_jsonb(text: &str) -> Result<String> {
    json::normal_jsonb(text)
}
