//! Integers, OIDs and floats.

use super::{invalid_syntax, trim};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::oid;

/// `smallint`
///
/// # Errors
///
/// `22P02` for text that is no integer, `22003` for one of more than 16 bits.
pub fn parse_int2(text: &str) -> Result<i16> {
    integer(text, "smallint")
}

/// `integer`
///
/// # Errors
///
/// `22P02` for text that is no integer, `22003` for one of more than 32 bits.
pub fn parse_int4(text: &str) -> Result<i32> {
    integer(text, "integer")
}

/// `bigint`
///
/// # Errors
///
/// `22P02` for text that is no integer, `22003` for one of more than 64 bits.
pub fn parse_int8(text: &str) -> Result<i64> {
    integer(text, "bigint")
}

/// `oid`: as C's `strtoul` reads it, so `-1` is the greatest OID.
///
/// # Errors
///
/// `22P02` for text that is no number, `22003` for one of more than 32 bits.
pub fn parse_oid(text: &str) -> Result<u32> {
    let body = trim(text);
    let digits = body.strip_prefix(['-', '+']).unwrap_or(body);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_syntax("oid", text));
    }
    let value: i64 = body.parse().map_err(|_| out_of_range("oid", text))?;
    u32::try_from(value)
        .or_else(|_| i32::try_from(value).map(i32::cast_unsigned))
        .map_err(|_| out_of_range("oid", text))
}

/// A number of an alias of `oid` (`regclass`, `xid`, …); `-` is 0. A name needs the catalog: it is an error here.
///
/// # Errors
///
/// As [`parse_oid`], and `0A000` for a name, which needs the catalog.
pub fn parse_oid_alias(oid: u32, text: &str) -> Result<u32> {
    let name = oid::sql_name(oid);
    if name.starts_with("reg") {
        if trim(text) == "-" {
            return Ok(0);
        }
        if !trim(text).bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::unsupported(format!("a name of type {name} cannot be read outside a query"))
                .hint("Write the name as a literal, or give the object's OID."));
        }
    }
    parse_oid(text)
}

/// `real`
///
/// # Errors
///
/// `22P02` for text that is no number, `22003` for one too large or too close to zero.
pub fn parse_float4(text: &str) -> Result<f32> {
    let value = float::<f32>(text, "real")?;
    if value.is_infinite() || value == 0.0 {
        check_range(text, "real", value == 0.0)?;
    }
    Ok(value)
}

/// `double precision`
///
/// # Errors
///
/// `22P02` for text that is no number, `22003` for one too large or too close to zero.
pub fn parse_float8(text: &str) -> Result<f64> {
    let value = float::<f64>(text, "double precision")?;
    if value.is_infinite() || value == 0.0 {
        check_range(text, "double precision", value == 0.0)?;
    }
    Ok(value)
}

/// An integer type: decimal, or `0x`, `0o`, `0b`, with single underscores between digits.
fn integer<T: TryFrom<i128>>(text: &str, type_name: &str) -> Result<T> {
    let body = trim(text);
    let (negative, digits) = match body.as_bytes().first() {
        Some(b'-') => (true, &body[1..]),
        Some(b'+') => (false, &body[1..]),
        _ => (false, body),
    };
    let (radix, digits) = radix(digits);
    if !well_formed(digits, radix, radix != 10) {
        return Err(invalid_syntax(type_name, text));
    }
    let mut value = 0_i128;
    for digit in digits.bytes().filter_map(|byte| char::from(byte).to_digit(radix)) {
        value = value * i128::from(radix) + i128::from(digit);
        if value > 1 << 64 {
            return Err(out_of_range(type_name, text));
        }
    }
    T::try_from(if negative { -value } else { value }).map_err(|_| out_of_range(type_name, text))
}

/// The base a prefix names, and the digits after it.
pub(super) fn radix(digits: &str) -> (u32, &str) {
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        _ => (10, digits),
    }
}

/// Whether text is digits with single underscores between them (or, after a base prefix, before the first).
pub(super) fn well_formed(digits: &str, radix: u32, prefixed: bool) -> bool {
    let mut after_digit = prefixed;
    let mut any = false;
    for byte in digits.bytes() {
        if byte == b'_' {
            if !after_digit {
                return false;
            }
            after_digit = false;
        } else if char::from(byte).is_digit(radix) {
            (after_digit, any) = (true, true);
        } else {
            return false;
        }
    }
    any && after_digit
}

/// A float by its own words and by the decimal form; C's hexadecimal form is refused.
fn float<T: std::str::FromStr + From<f32>>(text: &str, type_name: &str) -> Result<T> {
    let body = trim(text);
    let unsigned = body.strip_prefix(['-', '+']).unwrap_or(body);
    let word = unsigned.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if word && unsigned.eq_ignore_ascii_case("nan") {
        return Ok(T::from(f32::NAN));
    }
    if word && !unsigned.eq_ignore_ascii_case("inf") && !unsigned.eq_ignore_ascii_case("infinity") {
        return Err(invalid_syntax(type_name, text));
    }
    body.parse().map_err(|_| invalid_syntax(type_name, text))
}

/// An infinity that was not written as one, and a zero that has other digits, are out of range.
fn check_range(text: &str, type_name: &str, zero: bool) -> Result<()> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let outside = if zero {
        mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    } else {
        mantissa.bytes().any(|byte| byte.is_ascii_digit())
    };
    if outside {
        return Err(Error::new(
            sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("\"{}\" is out of range for type {type_name}", trim(text)),
        ));
    }
    Ok(())
}

/// `22003` with the text.
fn out_of_range(type_name: &str, text: &str) -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("value \"{text}\" is out of range for type {type_name}"))
}
