//! Booleans, integers, floats and numerics as PostgreSQL prints them.

use std::io::Write as _;

use arrow::datatypes::i256;

/// `t` or `f`.
pub fn boolean(value: bool, out: &mut Vec<u8>) {
    out.push(if value { b't' } else { b'f' });
}

/// An integer in decimal.
#[inline]
pub fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A `float8`: shortest-precise, or with `extra_float_digits` below 1 the classic 15 digits plus that many.
pub fn float8(value: f64, extra_float_digits: i32, out: &mut Vec<u8>) {
    if special(value, out) {
        return;
    }
    if extra_float_digits < 1 {
        return general(value, 15 + extra_float_digits, out);
    }
    let mut buffer = ryu::Buffer::new();
    let mut decimal = Decimal::of_ryu(buffer.format_finite(value));
    if decimal.is_midpoint(53) {
        decimal = shortest_inside(53, |digits| {
            let text = format!("{value:.digits$e}");
            (text.parse() == Ok(value)).then_some(text)
        });
    }
    decimal.write(15, out);
}

/// A `float4`, with 6 digits where `float8` has 15.
pub fn float4(value: f32, extra_float_digits: i32, out: &mut Vec<u8>) {
    if special(f64::from(value), out) {
        return;
    }
    if extra_float_digits < 1 {
        return general(f64::from(value), 6 + extra_float_digits, out);
    }
    let mut buffer = ryu::Buffer::new();
    let mut decimal = Decimal::of_ryu(buffer.format_finite(value));
    if decimal.is_midpoint(24) {
        decimal = shortest_inside(24, |digits| {
            let text = format!("{value:.digits$e}");
            (text.parse() == Ok(value)).then_some(text)
        });
    }
    decimal.write(6, out);
}

/// A numeric of `value / 10^scale`, with exactly `scale` digits after the point (none for a negative scale).
pub fn numeric(value: i128, scale: i8, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let magnitude = value.unsigned_abs();
    let digits = match u64::try_from(magnitude) {
        Ok(small) => buffer.format(small),
        Err(_) => buffer.format(magnitude),
    };
    point(value < 0, digits.as_bytes(), scale, out);
}

/// [`numeric`] for values of more than 38 digits.
pub fn numeric256(value: i256, scale: i8, out: &mut Vec<u8>) {
    match value.to_i128() {
        Some(value) => numeric(value, scale, out),
        None => point(value.is_negative(), Digits256::new(value).as_bytes(), scale, out),
    }
}

/// The decimal digits of a 256-bit integer's magnitude, without leading zeros; none for 0.
#[derive(Debug)]
pub struct Digits256 {
    digits: [u8; 96],
    start: usize,
}

impl Digits256 {
    /// The digits of `|value|`.
    #[must_use]
    pub fn new(value: i256) -> Self {
        const CHUNK: u64 = 10_000_000_000_000_000_000;
        let (low, high) = value.wrapping_abs().to_parts();
        let mut limbs = [high.cast_unsigned() >> 64, high.cast_unsigned() & LIMB, low >> 64, low & LIMB];
        let mut digits = [b'0'; 96];
        let mut end = digits.len();
        while limbs != [0; 4] {
            let mut remainder = 0;
            for limb in &mut limbs {
                let part = remainder << 64 | *limb;
                *limb = part / u128::from(CHUNK);
                remainder = part % u128::from(CHUNK);
            }
            let mut buffer = itoa::Buffer::new();
            let chunk = buffer.format(remainder).as_bytes();
            digits[end - chunk.len()..end].copy_from_slice(chunk);
            // 77 digits at most make five chunks: 5 × 19 < 96.
            end -= 19;
        }
        let start = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
        Self { digits, start }
    }

    /// The digits, most significant first, in ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

/// The lower half of a pair of limbs.
const LIMB: u128 = u64::MAX as u128;

/// Writes digits with the point `scale` places from their end.
fn point(negative: bool, digits: &[u8], scale: i8, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    let Ok(scale) = usize::try_from(scale) else {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    };
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        if scale > 0 {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Writes what is no ordinary number; false leaves the work to others.
fn special(value: f64, out: &mut Vec<u8>) -> bool {
    let text: &[u8] = if value.is_nan() {
        b"NaN"
    } else if value == f64::INFINITY {
        b"Infinity"
    } else if value == f64::NEG_INFINITY {
        b"-Infinity"
    } else {
        return false;
    };
    out.extend_from_slice(text);
    true
}

/// C's `%.{precision}g`.
fn general(value: f64, precision: i32, out: &mut Vec<u8>) {
    let precision = precision.max(1);
    let text = format!("{value:.*e}", usize::try_from(precision - 1).expect("at least one digit"));
    let mut decimal = Decimal::of_scientific(&text);
    while decimal.len > 1 && decimal.digits[decimal.len - 1] == b'0' {
        decimal.len -= 1;
    }
    decimal.write(precision, out);
}

/// A float's decimal digits `d.ddd × 10^exponent`.
struct Decimal {
    negative: bool,
    digits: [u8; 20],
    len: usize,
    exponent: i32,
}

impl Decimal {
    /// From what `ryu` prints: `1.5`, `1e20`, `1.2345e-7`, `100.0`.
    fn of_ryu(text: &str) -> Self {
        let mut decimal = Self { negative: false, digits: [0; 20], len: 0, exponent: -1 };
        let (mut fraction, mut leading) = (false, true);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'-' => decimal.negative = true,
                b'.' => fraction = true,
                b'e' => {
                    decimal.exponent += text[at + 1..].parse::<i32>().expect("ryu prints small exponents");
                    break;
                }
                digit => {
                    decimal.exponent += i32::from(!fraction);
                    if leading && digit == b'0' {
                        decimal.exponent -= 1;
                        continue;
                    }
                    leading = false;
                    // ryu pads whole numbers below 1e16 with zeros: at most 17 digits, then `.0`.
                    if decimal.len < decimal.digits.len() {
                        decimal.digits[decimal.len] = digit;
                        decimal.len += 1;
                    }
                }
            }
        }
        if leading {
            return Self { digits: [b'0'; 20], len: 1, exponent: 0, ..decimal };
        }
        while decimal.digits[decimal.len - 1] == b'0' {
            decimal.len -= 1;
        }
        decimal
    }

    /// From Rust's `{:e}`: `-1.25e3`, of any number of digits below 20.
    fn of_scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').expect("{:e} prints an exponent");
        let mut decimal = Self { negative: mantissa.starts_with('-'), digits: [0; 20], len: 0, exponent: 0 };
        decimal.exponent = exponent.parse().expect("{:e} prints a small exponent");
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            decimal.digits[decimal.len] = digit;
            decimal.len += 1;
        }
        decimal
    }

    /// `%g` as PostgreSQL lays it out: plain where `-4 <= exponent < limit`, else `1.5e+20`.
    fn write(&self, limit: i32, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        let digits = &self.digits[..self.len];
        let places = self.exponent.unsigned_abs() as usize;
        if self.exponent < -4 || self.exponent >= limit {
            out.push(digits[0]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            let sign = if self.exponent < 0 { '-' } else { '+' };
            write!(out, "e{sign}{places:02}").expect("writing to memory cannot fail");
        } else if self.exponent < 0 {
            out.extend_from_slice(&b"0.000"[..=places]);
            out.extend_from_slice(digits);
        } else if digits.len() <= places + 1 {
            out.extend_from_slice(digits);
            out.resize(out.len() + places + 1 - digits.len(), b'0');
        } else {
            out.extend_from_slice(&digits[..=places]);
            out.push(b'.');
            out.extend_from_slice(&digits[places + 1..]);
        }
    }

    /// Whether the number lies half way between two floats of `bits` of mantissa. PostgreSQL does not print such a
    /// number, since reading it back would depend on how the reader rounds.
    fn is_midpoint(&self, bits: u32) -> bool {
        let last = self.exponent + 1 - i32::try_from(self.len).expect("at most 20 digits");
        if !(-24..=23).contains(&last) {
            return false;
        }
        let whole = self.digits[..self.len].iter().fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        let power = 5_u128.pow(last.unsigned_abs());
        let odd = if last >= 0 {
            whole * power
        } else if whole.is_multiple_of(power) {
            whole / power
        } else {
            return false;
        };
        odd != 0 && odd >> odd.trailing_zeros() >> bits == 1
    }
}

/// The shortest digits that read back as the value and are no midpoint.
fn shortest_inside(bits: u32, exact: impl Fn(usize) -> Option<String>) -> Decimal {
    let longest = if bits == 24 { 8 } else { 16 };
    (0..=longest)
        .filter_map(exact)
        .map(|text| Decimal::of_scientific(&text))
        .find(|decimal| !decimal.is_midpoint(bits))
        .expect("9 or 17 digits always read back, and lie nearer to the value than any midpoint")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("numbers are ASCII")
    }

    #[test]
    fn floats_use_postgresql_exponents() {
        let float8 = |value| text(|out| float8(value, 1, out));
        assert_eq!(float8(1e14), "100000000000000");
        assert_eq!(float8(1e15), "1e+15");
        assert_eq!(float8(1e23), "9.999999999999999e+22");
        assert_eq!(float8(-0.0), "-0");
        assert_eq!(float8(0.0001), "0.0001");
        assert_eq!(float8(0.00001), "1e-05");
        assert_eq!(float8(5e-324), "5e-324");
        assert_eq!(float8(123.25), "123.25");
        assert_eq!(text(|out| super::float4(33_554_432.0, 1, out)), "3.3554432e+07");
        assert_eq!(text(|out| super::float4(8_388_608.0, 1, out)), "8.388608e+06");
        assert_eq!(text(|out| super::float8(0.1 + 0.2, 0, out)), "0.3");
        assert_eq!(text(|out| super::float8(2.5, -15, out)), "2");
        assert_eq!(text(|out| super::float4(123_456_789.0, 0, out)), "1.23457e+08");
    }

    #[test]
    fn numerics_keep_their_scale() {
        let numeric = |value, scale| text(|out| numeric(value, scale, out));
        assert_eq!(numeric(12_345, 2), "123.45");
        assert_eq!(numeric(-5, 2), "-0.05");
        assert_eq!(numeric(0, 2), "0.00");
        assert_eq!(numeric(123, -2), "12300");
        assert_eq!(numeric(0, -2), "0");
        let big = i256::from_string("-12345678901234567890123456789012345678901234567890").expect("fits");
        let big = text(|out| numeric256(big, 10, out));
        assert_eq!(big, "-1234567890123456789012345678901234567890.1234567890");
    }
}
