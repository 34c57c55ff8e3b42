//! NUMERIC input, up to the digits a 256-bit integer holds.

use arrow::datatypes::i256;

use super::number::{radix, well_formed};
use super::{invalid_syntax, trim};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The most digits a numeric may have, before and after the point together.
pub const MAX_DIGITS: u8 = 76;

/// A numeric value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numeric {
    /// `value / 10^scale`; the scale is how many digits are shown after the point, 0 to [`MAX_DIGITS`].
    Finite {
        /// All digits.
        value: i256,
        /// Digits after the point.
        scale: i8,
    },
    /// `NaN`
    NaN,
    /// `Infinity` or `-Infinity`
    Infinity {
        /// Below everything, not above.
        negative: bool,
    },
}

impl Numeric {
    /// A finite value from its digits (ASCII or 0 to 9 alike), most significant first.
    ///
    /// # Errors
    ///
    /// `22003` for more than [`MAX_DIGITS`] digits.
    pub fn from_digits(negative: bool, digits: impl Iterator<Item = u8>, scale: usize) -> Result<Self> {
        let max = usize::from(MAX_DIGITS);
        let mut chunk = (0_u64, 1_u64);
        let (mut value, mut count) = (i256::ZERO, 0);
        let add = |value: i256, (digits, power): (u64, u64)| {
            value.wrapping_mul(i256::from_i128(power.into())).wrapping_add(i256::from_i128(digits.into()))
        };
        for digit in digits.map(|byte| byte & 15).skip_while(|&digit| digit == 0) {
            count += 1;
            if count > max {
                return Err(too_many_digits());
            }
            chunk = (chunk.0 * 10 + u64::from(digit), chunk.1 * 10);
            if chunk.1 == 1_000_000_000_000_000_000 {
                value = add(value, std::mem::replace(&mut chunk, (0, 1)));
            }
        }
        let value = add(value, chunk);
        let value = if negative { value.wrapping_neg() } else { value };
        match i8::try_from(scale) {
            Ok(scale) if scale.unsigned_abs() <= MAX_DIGITS => Ok(Self::Finite { value, scale }),
            _ => Err(too_many_digits()),
        }
    }
}

/// `numeric`: decimal with an exponent, `0x`, `0o` and `0b` integers, `NaN`, `Infinity`.
///
/// # Errors
///
/// `22P02` for text that is no number, `22003` for one of more than [`MAX_DIGITS`] digits.
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
    if zeros > usize::from(MAX_DIGITS) || scale > usize::from(MAX_DIGITS) {
        return Err(too_many_digits());
    }
    let digits = before.bytes().chain(after.bytes()).filter(u8::is_ascii_digit);
    Numeric::from_digits(negative, digits.chain(std::iter::repeat_n(b'0', zeros)), scale)
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
    let limit = i256::from_i128(10).wrapping_pow(u32::from(MAX_DIGITS));
    let mut value = i256::ZERO;
    for digit in digits.bytes().filter_map(|byte| char::from(byte).to_digit(radix)) {
        value = value.wrapping_mul(i256::from_i128(radix.into())).wrapping_add(i256::from_i128(digit.into()));
        if value >= limit {
            return Err(too_many_digits());
        }
    }
    Ok(Numeric::Finite { value: if negative { value.wrapping_neg() } else { value }, scale: 0 })
}

/// `22003`: more digits than a 256-bit decimal has. PostgreSQL would take up to 131072 before the point.
pub(in crate::types) fn too_many_digits() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
        .detail(format!("Numeric values have at most {MAX_DIGITS} digits."))
}
