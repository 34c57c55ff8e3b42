//! NUMERIC input.

use num_bigint::BigUint;

use super::number::{radix, well_formed};
use super::{invalid_syntax, trim};
use crate::error::Result;
use crate::types::wide::{Digits, MAX_SCALE, MAX_WEIGHT, Numeric, overflow};

/// The most digits that a base-16, 8 or 2 number may be written with.
const MAX_RADIX_DIGITS: usize = 100_000;

/// `numeric`: decimal with an exponent, `0x`, `0o` and `0b` integers, `NaN`, `Infinity`.
///
/// # Errors
///
/// `22P02` for text that is no number, `22003` for one of more digits than a numeric has.
pub fn parse_numeric(text: &str) -> Result<Numeric> {
    let body = trim(text);
    let (negative, unsigned) = match body.as_bytes().first() {
        Some(b'-') => (true, &body[1..]),
        Some(b'+') => (false, &body[1..]),
        _ => (false, body),
    };
    let word = |word: &str| unsigned.eq_ignore_ascii_case(word);
    if word("infinity") || word("inf") {
        return Ok(Numeric::Infinity { negative });
    }
    if body.eq_ignore_ascii_case("nan") {
        return Ok(Numeric::NaN);
    }
    let invalid = || invalid_syntax("numeric", text);
    let (radix, digits) = radix(unsigned);
    if radix != 10 {
        if !well_formed(digits, radix, true) {
            return Err(invalid());
        }
        return whole(negative, digits, radix);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent).ok_or_else(invalid)?),
        None => (unsigned, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = |digits: &str| digits.is_empty() || well_formed(digits, 10, false);
    if before.is_empty() && after.is_empty() || !part(before) || !part(after) {
        return Err(invalid());
    }
    let places = after.bytes().filter(u8::is_ascii_digit).count();
    let shift = exponent.saturating_sub(i64::try_from(places).unwrap_or(i64::MAX));
    let zero = !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    // A zero shows no more than the places it was given; other values move their digits.
    let zeros = if zero { 0 } else { usize::try_from(shift.max(0)).unwrap_or(usize::MAX) };
    let scale = usize::try_from(shift.saturating_neg().max(0)).unwrap_or(usize::MAX);
    if zeros > MAX_WEIGHT as usize || scale > usize::from(MAX_SCALE) {
        return Err(overflow());
    }
    let digits = before.bytes().chain(after.bytes()).filter(u8::is_ascii_digit);
    Digits::new(negative, digits.chain(std::iter::repeat_n(b'0', zeros)), scale).map(Numeric::Finite)
}

/// An exponent after `e`; one that no value can have is cut to where it is out of range.
fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !well_formed(digits, 10, false) {
        return None;
    }
    let number = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000));
    Some(if text.starts_with('-') { -number } else { number })
}

/// An integer in base 16, 8 or 2.
fn whole(negative: bool, digits: &str, radix: u32) -> Result<Numeric> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b'_').collect();
    if digits.len() > MAX_RADIX_DIGITS {
        return Err(overflow());
    }
    let value = BigUint::parse_bytes(&digits, radix).unwrap_or_default();
    Digits::new(negative, value.to_radix_be(10).into_iter(), 0).map(Numeric::Finite)
}
