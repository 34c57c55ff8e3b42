//! The length of a type: texts of at most so many characters, bit strings of so many bits.
//!
//! This is an assignment's: what is too long is an error and not cut, but for blanks at the end.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use super::{oid, pg_type};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Texts of at most the column's length; blanks beyond it are cut, `char(n)` is filled up with them.
///
/// # Errors
///
/// `22001` for what is too long, `22026` for bit strings of another length.
pub fn sized(value: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let pg_type = pg_type(field);
    if matches!(pg_type.oid, oid::BIT | oid::VARBIT) {
        check_bits(value, pg_type.oid, pg_type.typmod)?;
        return Ok(cast(value, field.data_type())?);
    }
    let length = usize::try_from(pg_type.typmod - 4).unwrap_or(usize::MAX);
    let fill = pg_type.oid == oid::BPCHAR;
    let texts = cast(value, &DataType::Utf8View)?;
    let mut out = StringViewBuilder::with_capacity(texts.len());
    for text in texts.as_string_view() {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
        if !text[end..].bytes().all(|byte| byte == b' ') {
            let message = format!("value too long for type {}", oid::format_type(pg_type.oid, pg_type.typmod));
            return Err(Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message));
        }
        let missing = if fill { length.saturating_sub(text[..end].chars().count()) } else { 0 };
        if missing == 0 {
            out.append_value(&text[..end]);
        } else {
            out.append_value(format!("{}{}", &text[..end], " ".repeat(missing)));
        }
    }
    Ok(cast(&(Arc::new(out.finish()) as ArrayRef), field.data_type())?)
}

/// Bit strings of the column's length, or of no more.
fn check_bits(value: &ArrayRef, kind: u32, typmod: i32) -> Result<()> {
    let length = usize::try_from(typmod).unwrap_or(usize::MAX);
    let digits = cast(value, &DataType::Utf8View)?;
    for digits in digits.as_string_view().iter().flatten() {
        let error = match kind {
            oid::BIT if digits.len() != length => {
                let message = format!("bit string length {} does not match type bit({length})", digits.len());
                Error::new(sqlstate::STRING_DATA_LENGTH_MISMATCH, message)
            }
            oid::VARBIT if digits.len() > length => {
                let message = format!("bit string too long for type bit varying({length})");
                Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message)
            }
            _ => continue,
        };
        return Err(error);
    }
    Ok(())
}
