//! Exact decimal numbers with PostgreSQL's scale rules.
//!
//! [`Dec`] is unbounded; columns are `Decimal128` or `Decimal256`, and a value that does not fit its column is
//! `22003`. [`Number`] adds NaN and the infinities, and wide columns hold them all.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Decimal256Array, LargeBinaryBuilder, NullBufferBuilder};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, i256};
use num_bigint::{BigInt, Sign};

use super::number::Number;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Significant digits a quotient has at least (`NUMERIC_MIN_SIG_DIGITS`).
pub const MIN_SIG_DIGITS: i32 = 16;
/// The largest display scale (`NUMERIC_MAX_DISPLAY_SCALE`).
pub const MAX_SCALE: i32 = 1000;

/// `mantissa × 10^-scale`; the scale is never negative after [`Dec::new`].
#[derive(Clone, Debug)]
pub struct Dec {
    /// The unscaled value.
    pub mantissa: BigInt,
    /// Digits after the point.
    pub scale: i32,
}

impl Dec {
    /// A number; a negative scale is multiplied out.
    pub fn new(mantissa: BigInt, scale: i32) -> Self {
        match scale {
            0.. => Self { mantissa, scale },
            _ => Self { mantissa: mantissa * ten(-scale), scale: 0 },
        }
    }

    /// A whole number.
    pub fn int(value: impl Into<BigInt>) -> Self {
        Self { mantissa: value.into(), scale: 0 }
    }

    /// A number from its decimal text, exponent allowed; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (body, exponent) = match text.split_once(['e', 'E']) {
            Some((body, exponent)) => (body, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, digits) = match body.as_bytes().first()? {
            b'-' => (Sign::Minus, &body[1..]),
            b'+' => (Sign::Plus, &body[1..]),
            _ => (Sign::Plus, body),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        if exponent.unsigned_abs() > 2000 {
            return None;
        }
        let magnitude = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        let mantissa = if sign == Sign::Minus { -magnitude } else { magnitude };
        Some(Self::new(mantissa, i32::try_from(fraction.len()).ok()? - exponent))
    }

    /// The number a float prints as, as PostgreSQL's cast takes it: 15 significant digits (6 for `real`).
    pub fn from_float(value: f64, digits: usize) -> Option<Self> {
        Self::parse(&format!("{value:.*e}", digits - 1)).map(Self::trimmed)
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    /// Without trailing zeros after the point.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        let ten = BigInt::from(10);
        while self.scale > 0 && (&self.mantissa % &ten).sign() == Sign::NoSign {
            self.mantissa /= &ten;
            self.scale -= 1;
        }
        self
    }

    /// Rounded half away from zero to `scale` digits after the point (before it when negative).
    #[must_use]
    pub fn round(&self, scale: i32) -> Self {
        self.rescale(scale, true)
    }

    /// Cut off after `scale` digits after the point (before it when negative).
    #[must_use]
    pub fn truncate(&self, scale: i32) -> Self {
        self.rescale(scale, false)
    }

    fn rescale(&self, scale: i32, round: bool) -> Self {
        if scale >= self.scale {
            let mantissa = &self.mantissa * ten(scale - self.scale);
            return Self { mantissa, scale };
        }
        let divisor = ten(self.scale - scale);
        let mut mantissa = &self.mantissa / &divisor;
        let rest = &self.mantissa - &mantissa * &divisor;
        if round && (rest.magnitude() * 2u8) >= *divisor.magnitude() {
            mantissa += if self.is_negative() { -1 } else { 1 };
        }
        Self::new(mantissa, scale)
    }

    /// The largest whole number not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        let cut = self.truncate(0);
        if self.is_negative() && cut.compare(self) == Ordering::Greater {
            return Self::int(cut.mantissa - 1);
        }
        cut
    }

    /// The smallest whole number not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        let negated = Self { mantissa: -&self.mantissa, scale: self.scale };
        let floor = negated.floor();
        Self::int(-floor.mantissa)
    }

    /// Its sign reversed.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self { mantissa: -&self.mantissa, scale: self.scale }
    }

    /// Its magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self { mantissa: BigInt::from(self.mantissa.magnitude().clone()), scale: self.scale }
    }

    /// Compares by value.
    pub fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = aligned(self, other);
        a.cmp(&b)
    }

    /// The sum, with the larger scale.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let (a, b) = aligned(self, other);
        Self { mantissa: a + b, scale: self.scale.max(other.scale) }
    }

    /// The difference, with the larger scale.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        let (a, b) = aligned(self, other);
        Self { mantissa: a - b, scale: self.scale.max(other.scale) }
    }

    /// The product, exact.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        Self { mantissa: &self.mantissa * &other.mantissa, scale: self.scale + other.scale }
    }

    /// The quotient rounded to PostgreSQL's scale (`select_div_scale`).
    pub fn div(&self, other: &Self) -> Result<Self> {
        let scale = div_scale(self, other);
        self.div_to(other, scale)
    }

    /// The quotient rounded to `scale` digits after the point.
    pub fn div_to(&self, other: &Self, scale: i32) -> Result<Self> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        // One digit more than wanted, then the remainder decides the rounding of an exact half.
        let shift = scale - self.scale + other.scale;
        let (n, d) = match shift {
            0.. => (&self.mantissa * ten(shift), other.mantissa.clone()),
            _ => (self.mantissa.clone(), &other.mantissa * ten(-shift)),
        };
        let mut quotient = &n / &d;
        let rest = &n - &quotient * &d;
        if (rest.magnitude() * 2u8) >= *d.magnitude() {
            quotient += if n.sign() == d.sign() { 1 } else { -1 };
        }
        Ok(Self { mantissa: quotient, scale })
    }

    /// The remainder with the dividend's sign.
    pub fn rem(&self, other: &Self) -> Result<Self> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        let (a, b) = aligned(self, other);
        Ok(Self { mantissa: a % b, scale: self.scale.max(other.scale) })
    }

    /// The power of ten of its first digit, 0 for zero: 2 for 123, -3 for 0.00123.
    pub fn decimal_weight(&self) -> i32 {
        if self.is_zero() { 0 } else { digits(&self.mantissa) - 1 - self.scale }
    }

    /// Weight and value of the first base-10000 digit, as numeric.c keeps them.
    pub fn leading_base_digit(&self) -> (i32, i32) {
        if self.is_zero() {
            return (0, 0);
        }
        let weight = self.decimal_weight().div_euclid(4);
        let first = self.abs().shifted(-4 * weight).truncate(0);
        (weight, i32::try_from(&first.mantissa).unwrap_or(0))
    }

    /// Multiplied by a power of ten.
    #[must_use]
    pub fn shifted(&self, power: i32) -> Self {
        Self::new(self.mantissa.clone(), self.scale - power)
    }

    /// The whole number it is, when it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        let whole = self.truncate(0);
        if whole.compare(self) != Ordering::Equal {
            return None;
        }
        i64::try_from(&whole.mantissa).ok()
    }
}

impl std::fmt::Display for Dec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = self.mantissa.magnitude().to_string();
        let scale = usize::try_from(self.scale).unwrap_or(0);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// A numeric column under construction.
pub struct Builder {
    data_type: DataType,
    narrow: Vec<i128>,
    wide: Vec<i256>,
    any: LargeBinaryBuilder,
    nulls: NullBufferBuilder,
}

impl Builder {
    /// A column of a decimal type.
    pub fn new(data_type: &DataType, rows: usize) -> Self {
        Self {
            data_type: data_type.clone(),
            narrow: Vec::new(),
            wide: Vec::new(),
            any: LargeBinaryBuilder::new(),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Appends a value; a decimal column rounds it to its scale and holds numbers only.
    pub fn push_number(&mut self, value: Option<Number>) -> Result<()> {
        match (value, &self.data_type) {
            (Some(value), DataType::LargeBinary) => self.any.append_value(value.encode()?),
            (Some(value), _) => self.push(Some(&value.finite()?))?,
            (None, _) => self.push(None)?,
        }
        Ok(())
    }

    /// Appends a number, rounded to the column's scale.
    pub fn push(&mut self, value: Option<&Dec>) -> Result<()> {
        if self.data_type == DataType::LargeBinary {
            match value {
                Some(value) => self.any.append_value(Number::Finite(value.clone()).encode()?),
                None => self.any.append_null(),
            }
            return Ok(());
        }
        self.nulls.append(value.is_some());
        match self.data_type {
            DataType::Decimal128(precision, scale) => {
                let unscaled = value.map(|v| unscaled(v, precision, scale)).transpose()?;
                let narrow = unscaled.map(|v| i128::try_from(&v).map_err(|_| overflow())).transpose()?;
                self.narrow.push(narrow.unwrap_or(0));
            }
            DataType::Decimal256(precision, scale) => {
                let unscaled = value.map(|v| unscaled(v, precision, scale)).transpose()?;
                self.wide.push(unscaled.map(|v| to_i256(&v)).transpose()?.unwrap_or(i256::ZERO));
            }
            _ => return Err(Error::internal("a numeric result has no decimal type")),
        }
        Ok(())
    }

    /// The column.
    pub fn finish(mut self) -> ArrayRef {
        let nulls = self.nulls.finish();
        match self.data_type {
            DataType::LargeBinary => Arc::new(self.any.finish()),
            DataType::Decimal256(..) => {
                Arc::new(Decimal256Array::new(self.wide.into(), nulls).with_data_type(self.data_type))
            }
            _ => Arc::new(Decimal128Array::new(self.narrow.into(), nulls).with_data_type(self.data_type)),
        }
    }
}

/// `10^power` for a power of 0 and above.
pub fn ten(power: i32) -> BigInt {
    BigInt::from(10).pow(u32::try_from(power).unwrap_or(0))
}

/// The scale PostgreSQL gives a quotient.
pub fn div_scale(a: &Dec, b: &Dec) -> i32 {
    let (weight_a, first_a) = a.leading_base_digit();
    let (weight_b, first_b) = b.leading_base_digit();
    let quotient_weight = weight_a - weight_b - i32::from(first_a <= first_b);
    (MIN_SIG_DIGITS - quotient_weight * 4).max(a.scale).max(b.scale).clamp(0, MAX_SCALE)
}

/// The type that holds all values of two numeric types, each with its own scale.
pub fn common_type(a: &DataType, b: &DataType) -> DataType {
    if precision_scale(a).1 != precision_scale(b).1 {
        return DataType::LargeBinary;
    }
    common_decimal(a, b)
}

/// The decimal type that holds all values of two decimal types, with the larger scale.
pub fn common_decimal(a: &DataType, b: &DataType) -> DataType {
    if [a, b].contains(&&DataType::LargeBinary) {
        return DataType::LargeBinary;
    }
    let ((pa, sa), (pb, sb)) = (precision_scale(a), precision_scale(b));
    let scale = sa.max(sb);
    match (pa - sa).max(pb - sb) + scale {
        77.. => DataType::LargeBinary,
        precision => decimal(precision, scale),
    }
}

/// A decimal type of so many digits, 128 bits where they suffice, cut at 76.
pub fn decimal(precision: i32, scale: i32) -> DataType {
    let scale = i8::try_from(scale.clamp(-76, 76)).unwrap_or(0);
    let precision = precision.max(i32::from(scale)).max(1);
    match u8::try_from(precision) {
        Ok(p) if p <= DECIMAL128_MAX_PRECISION => DataType::Decimal128(p, scale),
        Ok(p) => DataType::Decimal256(p.min(DECIMAL256_MAX_PRECISION), scale),
        Err(_) => DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale),
    }
}

/// Precision and scale of a decimal type.
pub fn precision_scale(data_type: &DataType) -> (i32, i32) {
    match data_type {
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => (i32::from(*p), i32::from(*s)),
        _ => (76, 38),
    }
}

/// `22003`: the value has more digits than a numeric column holds.
pub fn overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

/// `22012`.
pub fn division_by_zero() -> Error {
    Error::new(sqlstate::DIVISION_BY_ZERO, "division by zero")
}

/// Decimal digits of a whole number.
fn digits(value: &BigInt) -> i32 {
    i32::try_from(value.magnitude().to_string().len()).unwrap_or(i32::MAX)
}

fn aligned(a: &Dec, b: &Dec) -> (BigInt, BigInt) {
    match a.scale.cmp(&b.scale) {
        Ordering::Equal => (a.mantissa.clone(), b.mantissa.clone()),
        Ordering::Less => (&a.mantissa * ten(b.scale - a.scale), b.mantissa.clone()),
        Ordering::Greater => (a.mantissa.clone(), &b.mantissa * ten(a.scale - b.scale)),
    }
}

fn unscaled(value: &Dec, precision: u8, scale: i8) -> Result<BigInt> {
    let scale = i32::from(scale);
    let mantissa = match scale {
        0.. if scale == value.scale => value.mantissa.clone(),
        0.. => value.round(scale).mantissa,
        _ => value.round(scale).mantissa / ten(-scale),
    };
    if mantissa.magnitude() >= ten(i32::from(precision)).magnitude() { Err(overflow()) } else { Ok(mantissa) }
}

fn to_i256(value: &BigInt) -> Result<i256> {
    let bytes = value.to_signed_bytes_le();
    if bytes.len() > 32 {
        return Err(overflow());
    }
    let fill = if value.sign() == Sign::Minus { 0xff } else { 0 };
    let mut limbs = [fill; 32];
    limbs[..bytes.len()].copy_from_slice(&bytes);
    Ok(i256::from_le_bytes(limbs))
}
