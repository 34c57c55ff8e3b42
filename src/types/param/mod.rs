//! Parameters: the bytes a client bound, as one-element Arrow arrays.
//!
//! Both formats are read as PostgreSQL's input and receive functions read them, with its errors. Decoding never
//! panics; what it allocates is bounded by the bytes that were sent.

pub(super) mod list;
mod receive;
pub(super) mod values;

use arrow::array::{ArrayRef, new_null_array};

use super::{Format, RawParam, TextStyle, arrow_field, input, oid, typmod};
use crate::error::{Error, Result};
use crate::sqlstate;

/// What PostgreSQL says of binary bytes left over after a value.
const LEFT_OVER: &str = "incorrect binary data format";

/// One parameter as an array of one element.
///
/// The element's Arrow type is that of [`arrow_field`], but for two: a `numeric` has the digits and the scale of its
/// value, and an array has as many list levels as it has dimensions. Errors are PostgreSQL's: `22P02`, `22003`,
/// `22007`, `22008`, `22P03`, `08P01`, `22021`; `0A000` for a type no Arrow type holds.
///
/// # Errors
///
/// PostgreSQL's: `22P02`, `22003`, `22007`, `22008` for text, `22P03` and `08P01` for bytes, `22021` for what is not UTF-8;
/// `0A000` for a type no Arrow type holds.
pub fn decode_param(oid: u32, param: &RawParam, style: &TextStyle) -> Result<ArrayRef> {
    match &param.bytes {
        None => Ok(new_null_array(arrow_field(oid, -1)?.data_type(), 1)),
        Some(bytes) => values::decode(oid, param.format, &[Some(bytes)], style),
    }
}

/// All parameters of a Bind; errors of binary values name the parameter, counted from 1.
///
/// # Errors
///
/// As [`decode_param`], and `08P01` for another number of values than of types.
pub fn decode_params(oids: &[u32], params: &[RawParam], style: &TextStyle) -> Result<Vec<ArrayRef>> {
    if oids.len() != params.len() {
        return Err(Error::protocol(format!(
            "bind message supplies {} parameters, but prepared statement requires {}",
            params.len(),
            oids.len()
        )));
    }
    let numbered = |index: usize, error: Error| {
        if error.sqlstate() == sqlstate::INVALID_BINARY_REPRESENTATION && error.message() == LEFT_OVER {
            let message = format!("{LEFT_OVER} in bind parameter {}", index + 1);
            return Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message);
        }
        error
    };
    let pairs = oids.iter().zip(params).enumerate();
    pairs
        .map(|(index, (&oid, param))| decode_param(oid, param, style).map_err(|error| numbered(index, error)))
        .collect()
}

/// A value's text as an array of one element of a type with a modifier, where that is a date or time type; of other
/// types the modifier is left to their casts.
///
/// # Errors
///
/// As [`decode_param`].
pub fn decode_typed(oid: u32, typmod: i32, text: &str, style: &TextStyle) -> Result<ArrayRef> {
    if oid == oid::INTERVAL {
        input::utf8(text.as_bytes())?;
        let value = input::parse_interval_as(text, style.interval_style, typmod)?;
        return Ok(values::interval_of(value));
    }
    typmod::fit(&decode_text(oid, text, style)?, oid, typmod)
}

/// A value's text as an array of one element; what a cast of a literal to the type gives.
///
/// # Errors
///
/// As [`decode_param`].
pub fn decode_text(oid: u32, text: &str, style: &TextStyle) -> Result<ArrayRef> {
    input::utf8(text.as_bytes())?;
    values::decode(oid, Format::Text, &[Some(text.as_bytes())], style)
}

/// Texts of a type as an array of as many elements; none is NULL.
///
/// # Errors
///
/// As [`decode_param`].
pub fn decode_texts(oid: u32, texts: &[Option<&[u8]>], style: &TextStyle) -> Result<ArrayRef> {
    if texts.iter().all(Option::is_none) {
        return Ok(new_null_array(arrow_field(oid, -1)?.data_type(), texts.len()));
    }
    values::decode(oid, Format::Text, texts, style)
}
