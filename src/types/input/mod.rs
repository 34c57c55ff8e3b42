//! PostgreSQL's text input, one function per type: what a literal or a text parameter means.
//!
//! Functions take the text as the client wrote it, spaces included, and fail as PostgreSQL fails: `22P02`, `22003`,
//! `22007`, `22008` with its message. Nothing here panics, whatever the text; recursion and allocation are bounded by
//! the text's length and fixed limits.

mod array;
mod bits;
mod bytes;
mod clock;
mod datetime;
mod digits;
mod fields;
mod interval;
mod iso_interval;
mod json;
mod number;
mod numeric;
mod reader;
mod words;

pub use array::{ArrayLiteral, parse_array, parse_vector};
pub use bits::{parse_bits, receive_bits, send_bits};
pub use bytes::{char_byte, parse_bool, parse_bytea, parse_char, parse_uuid};
pub use clock::displacement;
pub use datetime::{parse_date, parse_time, parse_timestamp, parse_timestamptz, parse_timetz};
pub use interval::{parse_interval, parse_interval_as};
pub use json::{check_json, normal_jsonb};
pub use number::{parse_float4, parse_float8, parse_int2, parse_int4, parse_int8, parse_oid, parse_oid_alias};
pub use numeric::parse_numeric;
pub use reader::Fault;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Bytes as text, which has no zero byte.
///
/// # Errors
///
/// `22021`, with the bytes at fault.
pub fn utf8(bytes: &[u8]) -> Result<&str> {
    let invalid = |at: usize, len: usize| {
        let bytes: Vec<_> = bytes[at..bytes.len().min(at + len)].iter().map(|byte| format!("0x{byte:02x}")).collect();
        Error::new(
            sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
            format!("invalid byte sequence for encoding \"UTF8\": {}", bytes.join(" ")),
        )
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        // PostgreSQL shows as many bytes as the first one announces.
        let announced = match bytes[at] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 1,
        };
        invalid(at, announced)
    })?;
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => Err(invalid(at, 1)),
        None => Ok(text),
    }
}

/// `invalid input syntax for type …`, the error of text that is no value of a type.
pub(super) fn invalid_syntax(type_name: &str, text: &str) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, format!("invalid input syntax for type {type_name}: \"{text}\""))
}

/// Without the spaces that C's `isspace` knows.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, ' ' | '\t'..='\r'))
}
