//! Numerics of any number of digits: one value as its digits, and the bytes that hold it in a column.
//!
//! Arrow's decimals have one scale per column and at most 76 digits. PostgreSQL's `numeric` has a scale per value, up
//! to 131,072 digits before the point and 16,383 after it, NaN and infinities. A column of such values is
//! `LargeBinary`, which holds nothing else here: bytes that compare as the numbers do, then the display scale. Equal
//! numbers of different scales differ in these last two bytes only, and [`key`] makes them equal.

use crate::error::{Error, Result};
use crate::sqlstate;

/// The largest power of ten a first digit may stand for.
pub const MAX_WEIGHT: i32 = 131_071;
/// The most digits after the point.
pub const MAX_SCALE: u16 = 16_383;

const NEG_INFINITY: u8 = 0xb0;
const NEGATIVE: u8 = 0xb1;
const ZERO: u8 = 0xb2;
const POSITIVE: u8 = 0xb3;
const INFINITY: u8 = 0xb4;
const NAN: u8 = 0xb5;
/// What makes weights unsigned.
const BIAS: i32 = 1 << 20;

/// A numeric value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numeric {
    /// A number.
    Finite(Digits),
    /// `NaN`
    NaN,
    /// `Infinity` or `-Infinity`
    Infinity {
        /// Below everything, not above.
        negative: bool,
    },
}

/// A number's decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// Below zero.
    pub negative: bool,
    /// Values 0 to 9 from the first digit that is not 0 to the last one; none for zero.
    pub digits: Vec<u8>,
    /// The power of ten of the first digit, 0 for zero.
    pub weight: i32,
    /// How many digits are shown after the point; never fewer than there are.
    pub scale: u16,
}

impl Digits {
    /// A number from all its digits (ASCII or 0 to 9 alike), most significant first, `scale` of them after the point.
    ///
    /// # Errors
    ///
    /// `22003` for more digits than a numeric has.
    pub fn new(negative: bool, digits: impl Iterator<Item = u8>, scale: usize) -> Result<Self> {
        let limit = usize::from(MAX_SCALE) + MAX_WEIGHT as usize + 2;
        let mut digits: Vec<u8> = digits.map(|d| d & 15).skip_while(|d| *d == 0).take(limit).collect();
        let places = u16::try_from(scale).ok().filter(|s| *s <= MAX_SCALE).ok_or_else(overflow)?;
        let count = i32::try_from(digits.len()).map_err(|_| overflow())?;
        let weight = count - 1 - i32::from(places);
        if count > 0 && weight > MAX_WEIGHT {
            return Err(overflow());
        }
        let used = digits.iter().rposition(|d| *d != 0).map_or(0, |last| last + 1);
        digits.truncate(used);
        let weight = if digits.is_empty() { 0 } else { weight };
        Ok(Self { negative: negative && used > 0, digits, weight, scale: places })
    }

    /// The digit of a power of ten.
    fn at(&self, power: i32) -> u8 {
        usize::try_from(self.weight - power).ok().and_then(|i| self.digits.get(i).copied()).unwrap_or(0)
    }

    /// The digits needed after the point.
    #[must_use]
    pub fn least_scale(&self) -> u16 {
        let last = self.weight - i32::try_from(self.digits.len()).unwrap_or(i32::MAX) + 1;
        if self.digits.is_empty() { 0 } else { u16::try_from(-last).unwrap_or(0) }
    }

    /// All digits from the first (a power of ten not below 0) to the last one shown, in ASCII.
    fn shown(&self) -> impl Iterator<Item = (i32, u8)> + '_ {
        let top = self.weight.max(0);
        (-i32::from(self.scale)..=top).rev().map(|power| (power, b'0' + self.at(power)))
    }

    /// The digits that stand before and after the point at this scale, for numbers that decimals can hold: their
    /// count without leading zeros.
    #[must_use]
    pub fn count(&self) -> usize {
        let count = if self.digits.is_empty() { 0 } else { self.weight + 1 + i32::from(self.scale) };
        usize::try_from(count).unwrap_or(0)
    }

    /// The unscaled number's digits: what stands at this scale, without the point.
    pub fn unscaled(&self) -> impl Iterator<Item = u8> + '_ {
        self.digits.iter().copied().chain(std::iter::repeat(0)).take(self.count())
    }
}

impl Numeric {
    /// Appends the number as PostgreSQL prints it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::NaN => out.extend_from_slice(b"NaN"),
            Self::Infinity { negative: false } => out.extend_from_slice(b"Infinity"),
            Self::Infinity { negative: true } => out.extend_from_slice(b"-Infinity"),
            Self::Finite(number) => {
                if number.negative {
                    out.push(b'-');
                }
                for (power, digit) in number.shown() {
                    if power == -1 {
                        out.push(b'.');
                    }
                    out.push(digit);
                }
            }
        }
    }

    /// Appends PostgreSQL's binary form: digits of base 10,000.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        let (sign, scale, number) = match self {
            Self::NaN => (0xc000_u16, 0, None),
            Self::Infinity { negative: false } => (0xd000, 0x20, None),
            Self::Infinity { negative: true } => (0xf000, 0x20, None),
            Self::Finite(n) => (if n.negative { 0x4000 } else { 0 }, n.scale, Some(n)),
        };
        let number = number.filter(|n| !n.digits.is_empty());
        let (top, bottom) = number.map_or((0, 1), |n| {
            let last = n.weight - i32::try_from(n.digits.len()).unwrap_or(0) + 1;
            (n.weight.div_euclid(4), last.div_euclid(4))
        });
        let count = i16::try_from(top - bottom + 1).unwrap_or(0);
        let weight = i16::try_from(top).unwrap_or(0);
        for part in [count.cast_unsigned(), weight.cast_unsigned(), sign, scale] {
            out.extend_from_slice(&part.to_be_bytes());
        }
        let Some(number) = number else { return };
        for group in (bottom..=top).rev() {
            let value = (0..4).rev().fold(0_u16, |sum, i| sum * 10 + u16::from(number.at(group * 4 + i)));
            out.extend_from_slice(&value.to_be_bytes());
        }
    }

    /// The bytes that hold the value in a column.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let number = match self {
            Self::NaN => return vec![NAN],
            Self::Infinity { negative: true } => return vec![NEG_INFINITY],
            Self::Infinity { negative: false } => return vec![INFINITY],
            Self::Finite(number) => number,
        };
        let mut out = Vec::with_capacity(8 + number.digits.len() / 2);
        if number.digits.is_empty() {
            out.push(ZERO);
        } else {
            out.push(POSITIVE);
            out.extend_from_slice(&(number.weight + BIAS).to_be_bytes());
            out.extend(number.digits.chunks(2).map(|pair| pair[0] * 10 + pair.get(1).unwrap_or(&0) + 1));
            out.push(0);
        }
        if number.negative {
            out.iter_mut().for_each(|byte| *byte = !*byte);
            out[0] = NEGATIVE;
        }
        out.extend_from_slice(&number.scale.to_be_bytes());
        out
    }

    /// The value that bytes of a column hold.
    ///
    /// # Errors
    ///
    /// An internal error for bytes that [`Numeric::encode`] did not make.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Ok(match bytes {
            [NAN] => Self::NaN,
            [INFINITY] => Self::Infinity { negative: false },
            [NEG_INFINITY] => Self::Infinity { negative: true },
            [ZERO, high, low] => {
                let scale = u16::from_be_bytes([*high, *low]);
                Self::Finite(Digits { negative: false, digits: Vec::new(), weight: 0, scale })
            }
            [class @ (POSITIVE | NEGATIVE), w0, w1, w2, w3, pairs @ .., end, high, low] => {
                let flip = if *class == NEGATIVE { 0xff } else { 0 };
                let weight = i32::from_be_bytes([w0 ^ flip, w1 ^ flip, w2 ^ flip, w3 ^ flip]) - BIAS;
                if end ^ flip != 0 || pairs.is_empty() || !(-i32::from(MAX_SCALE)..=MAX_WEIGHT).contains(&weight) {
                    return Err(malformed());
                }
                let mut digits = Vec::with_capacity(pairs.len() * 2);
                for pair in pairs {
                    let pair = (pair ^ flip).checked_sub(1).filter(|p| *p < 100).ok_or_else(malformed)?;
                    digits.extend([pair / 10, pair % 10]);
                }
                if digits.last() == Some(&0) {
                    digits.pop();
                }
                let scale = u16::from_be_bytes([*high, *low]);
                Self::Finite(Digits { negative: *class == NEGATIVE, digits, weight, scale })
            }
            _ => return Err(malformed()),
        })
    }
}

/// The bytes of the same number with the least scale: equal numbers have equal keys.
///
/// # Errors
///
/// An internal error for bytes that are no numeric.
pub fn key(bytes: &[u8]) -> Result<Vec<u8>> {
    let value = match Numeric::decode(bytes)? {
        Numeric::Finite(number) => Numeric::Finite(Digits { scale: number.least_scale(), ..number }),
        special => special,
    };
    Ok(value.encode())
}

/// `22003`: more digits than a numeric has.
#[must_use]
pub fn overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

fn malformed() -> Error {
    Error::internal("a numeric column holds other bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::input::parse_numeric;

    fn bytes(text: &str) -> Vec<u8> {
        parse_numeric(text).expect("a number").encode()
    }

    #[test]
    fn bytes_sort_as_numbers_and_keep_their_digits() {
        let ordered = [
            "-Infinity",
            "-1e131071",
            "-123.5",
            "-123.45",
            "-100",
            "-99",
            "-0.001",
            "-0.0001",
            "0",
            "1e-16383",
            "0.0001",
            "0.001",
            "0.01",
            "1",
            "1.000000001",
            "1.1",
            "9",
            "10",
            "99.99",
            "100",
            "123.45",
            "1e40",
            "Infinity",
            "NaN",
        ];
        for pair in ordered.windows(2) {
            assert!(bytes(pair[0]) < bytes(pair[1]), "{pair:?}");
        }
        for text in ["0", "0.000", "-1.50", "100", "12345678901234567890.000", "NaN", "-Infinity", "0.00012"] {
            let mut out = Vec::new();
            Numeric::decode(&bytes(text)).expect("encoded").write_text(&mut out);
            assert_eq!(String::from_utf8(out).expect("ASCII"), text);
        }
        assert_eq!(key(&bytes("1.50")).expect("a key"), key(&bytes("1.5000")).expect("a key"));
        assert!(Numeric::decode(b"12345678").is_err());
    }
}
