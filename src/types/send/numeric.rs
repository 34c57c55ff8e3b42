//! NUMERIC's binary form: base-10000 digits made directly from 128- and 256-bit integers.
//!
//! A value is `m × 10000^g` once its decimal exponent is padded to a multiple of four; the digits of `m` are then the
//! wire's digits. Nothing passes through text or floating point unless a value has more than 38 digits.

use arrow::datatypes::i256;

use crate::types::output::Digits256;

/// Signs.
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// 77 decimal digits and three of padding.
const MAX_GROUPS: usize = 20;

/// Digits of base 10000, least significant first, and the power of 10000 the first one stands for.
struct Groups {
    digits: [u16; MAX_GROUPS],
    len: usize,
    lowest: i32,
}

/// A numeric of `value / 10^scale`; its display scale is `scale`, or 0 for a negative one.
pub fn numeric(value: i128, scale: i8, out: &mut Vec<u8>) {
    let (lowest, pad) = align(scale);
    match value.unsigned_abs().checked_mul(10_u128.pow(pad)) {
        Some(whole) => Groups::of_u128(whole, lowest).write(value < 0, scale, out),
        None => numeric_digits(i256::from_i128(value), scale, out),
    }
}

/// [`numeric`] for values of more than 38 digits.
pub fn numeric256(value: i256, scale: i8, out: &mut Vec<u8>) {
    match value.to_i128() {
        Some(value) => numeric(value, scale, out),
        None => numeric_digits(value, scale, out),
    }
}

/// The slow way, by decimal digits, for what does not fit 128 bits with its padding.
fn numeric_digits(value: i256, scale: i8, out: &mut Vec<u8>) {
    let (lowest, pad) = align(scale);
    let digits = Digits256::new(value);
    Groups::of_digits(digits.as_bytes(), pad, lowest).write(value.is_negative(), scale, out);
}

/// The power of 10000 a scale's last digit falls into, and how many decimal places it lies above its end.
fn align(scale: i8) -> (i32, u32) {
    let exponent = -i32::from(scale);
    (exponent.div_euclid(4), exponent.rem_euclid(4).unsigned_abs())
}

impl Groups {
    /// The digits of a number that fits 128 bits; most fit 64, which divides faster.
    #[expect(clippy::cast_possible_truncation, reason = "remainders of 10000")]
    fn of_u128(mut whole: u128, lowest: i32) -> Self {
        let mut groups = Self { digits: [0; MAX_GROUPS], len: 0, lowest };
        while whole > u128::from(u64::MAX) {
            groups.push((whole % 10_000) as u16);
            whole /= 10_000;
        }
        let mut whole = whole as u64;
        while whole != 0 {
            groups.push((whole % 10_000) as u16);
            whole /= 10_000;
        }
        groups
    }

    /// From ASCII digits followed by `pad` zeros.
    fn of_digits(digits: &[u8], pad: u32, lowest: i32) -> Self {
        let mut groups = Self { digits: [0; MAX_GROUPS], len: 0, lowest };
        let number = |part: &[u8]| part.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let (whole, first) = digits.split_at(digits.len().saturating_sub(4 - pad as usize));
        groups.push(number(first) * 10_u16.pow(pad));
        for part in whole.rchunks(4) {
            groups.push(number(part));
        }
        groups
    }

    /// Adds the next higher digit; zeros below the first other digit only move it up.
    #[inline]
    fn push(&mut self, digit: u16) {
        if digit == 0 && self.len == 0 {
            self.lowest += 1;
        } else {
            self.digits[self.len] = digit;
            self.len += 1;
        }
    }

    /// The header, and the digits without zeros at either end.
    fn write(&self, negative: bool, scale: i8, out: &mut Vec<u8>) {
        let dscale = u16::from(scale.max(0).unsigned_abs());
        let mut len = self.len;
        while len > 0 && self.digits[len - 1] == 0 {
            len -= 1;
        }
        if len == 0 {
            return header(0, 0, POSITIVE, dscale, out);
        }
        let count = i16::try_from(len).expect("at most 20 digits");
        let weight = self.lowest + i32::from(count) - 1;
        let weight = i16::try_from(weight).expect("at most 77 digits and a scale of 8 bits");
        out.reserve(8 + 2 * len);
        header(count, weight, if negative { NEGATIVE } else { POSITIVE }, dscale, out);
        for digit in self.digits[..len].iter().rev() {
            out.extend_from_slice(&digit.to_be_bytes());
        }
    }
}

/// The four numbers at the start: count of digits, weight of the first, sign, display scale.
fn header(count: i16, weight: i16, sign: u16, dscale: u16, out: &mut Vec<u8>) {
    let mut head = [0; 8];
    head[..2].copy_from_slice(&count.to_be_bytes());
    head[2..4].copy_from_slice(&weight.to_be_bytes());
    head[4..6].copy_from_slice(&sign.to_be_bytes());
    head[6..].copy_from_slice(&dscale.to_be_bytes());
    out.extend_from_slice(&head);
}
