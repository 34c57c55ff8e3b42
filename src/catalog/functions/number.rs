//! Every value of `numeric`: exact numbers, NaN and the infinities, and what the operators make of them.
//!
//! [`Dec`] computes with the numbers; what is not one is settled here, as PostgreSQL settles it.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::arith::Op;
use super::numeric::{Dec, division_by_zero, ten};
use crate::error::{Error, Result};
use crate::types::wide::{Digits, MAX_SCALE, Numeric, overflow};

/// A value of `numeric`.
#[derive(Clone, Debug)]
pub enum Number {
    /// A number.
    Finite(Dec),
    /// `NaN`
    NaN,
    /// `Infinity` or `-Infinity`
    Infinity {
        /// Below everything, not above.
        negative: bool,
    },
}

impl From<Dec> for Number {
    fn from(value: Dec) -> Self {
        Self::Finite(value)
    }
}

impl Number {
    /// The value that bytes of a column hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Numeric::decode(bytes).map(Self::of)
    }

    /// The value of digits.
    pub fn of(value: Numeric) -> Self {
        match value {
            Numeric::NaN => Self::NaN,
            Numeric::Infinity { negative } => Self::Infinity { negative },
            Numeric::Finite(number) => {
                let digits: Vec<u8> = number.unscaled().collect();
                let sign = if number.negative { Sign::Minus } else { Sign::Plus };
                let mantissa = BigInt::from_radix_be(sign, &digits, 10).unwrap_or_default();
                Self::Finite(Dec { mantissa, scale: i32::from(number.scale) })
            }
        }
    }

    /// The bytes that hold the value in a column; `22003` when it has more digits than a numeric.
    pub fn encode(&self) -> Result<Vec<u8>> {
        Ok(match self {
            Self::NaN => Numeric::NaN,
            Self::Infinity { negative } => Numeric::Infinity { negative: *negative },
            Self::Finite(value) => {
                let rounded = (value.scale > i32::from(MAX_SCALE)).then(|| value.round(i32::from(MAX_SCALE)));
                let value = rounded.as_ref().unwrap_or(value);
                let scale = usize::try_from(value.scale).map_err(|_| overflow())?;
                let digits = value.mantissa.magnitude().to_radix_be(10);
                Numeric::Finite(Digits::new(value.is_negative(), digits.into_iter(), scale)?)
            }
        }
        .encode())
    }

    /// A number from its text, with PostgreSQL's errors.
    pub fn parse(text: &str) -> Result<Self> {
        crate::types::input::parse_numeric(text).map(Self::of)
    }

    /// The number that a float's first `digits` digits say.
    pub fn from_float(value: f64, digits: usize) -> Self {
        match value {
            v if v.is_nan() => Self::NaN,
            v if v.is_infinite() => Self::Infinity { negative: v < 0.0 },
            v => Dec::from_float(v, digits).map_or(Self::NaN, Self::Finite),
        }
    }

    /// The number, when it is one; NaN and infinities are `0A000`.
    pub fn finite(self) -> Result<Dec> {
        match self {
            Self::Finite(value) => Ok(value),
            Self::NaN => Err(not_finite("NaN")),
            Self::Infinity { negative: false } => Err(not_finite("infinity")),
            Self::Infinity { negative: true } => Err(not_finite("-infinity")),
        }
    }

    /// -1, 0 or 1; 0 for NaN.
    pub fn signum(&self) -> i32 {
        match self {
            Self::Finite(value) if value.is_zero() => 0,
            Self::Finite(value) if value.is_negative() => -1,
            Self::NaN => 0,
            Self::Infinity { negative: true } => -1,
            _ => 1,
        }
    }

    /// Its sign reversed.
    #[must_use]
    pub fn negate(&self) -> Self {
        match self {
            Self::Finite(value) => Self::Finite(value.negate()),
            Self::NaN => Self::NaN,
            Self::Infinity { negative } => Self::Infinity { negative: !negative },
        }
    }

    /// Its magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.signum() < 0 { self.negate() } else { self.clone() }
    }

    /// The nearest float; infinite beyond all of them.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Finite(value) => value.to_f64(),
            Self::NaN => f64::NAN,
            Self::Infinity { negative } => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
        }
    }

    /// PostgreSQL's order: NaN equals itself and is above everything.
    pub fn compare(&self, other: &Self) -> Ordering {
        let rank = |n: &Self| match n {
            Self::Infinity { negative: true } => 0,
            Self::Finite(_) => 1,
            Self::Infinity { negative: false } => 2,
            Self::NaN => 3,
        };
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => a.compare(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }

    /// An operator's result.
    pub fn operate(&self, op: Op, other: &Self) -> Result<Self> {
        let (a, b) = match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => (a, b),
            (Self::NaN, _) | (_, Self::NaN) => return Ok(Self::NaN),
            _ => return self.with_infinity(op, other),
        };
        Ok(Self::Finite(match op {
            Op::Add => a.add(b),
            Op::Sub => a.sub(b),
            Op::Mul => a.mul(b),
            Op::Div => a.div(b)?,
            Op::Rem => a.rem(b)?,
        }))
    }

    /// An operator with an infinity on one side at least, and no NaN.
    fn with_infinity(&self, op: Op, other: &Self) -> Result<Self> {
        let infinite = |n: &Self| matches!(n, Self::Infinity { .. });
        let both = infinite(self) && infinite(other);
        Ok(match op {
            Op::Sub => return self.with_infinity(Op::Add, &other.negate()),
            Op::Add if both && self.signum() != other.signum() => Self::NaN,
            Op::Add => {
                if infinite(self) {
                    self.clone()
                } else {
                    other.clone()
                }
            }
            Op::Mul => match self.signum() * other.signum() {
                0 => Self::NaN,
                sign => Self::Infinity { negative: sign < 0 },
            },
            Op::Div | Op::Rem if infinite(self) && !infinite(other) && other.signum() == 0 => {
                return Err(division_by_zero());
            }
            Op::Div if both => Self::NaN,
            Op::Div if infinite(self) => Self::Infinity { negative: self.signum() * other.signum() < 0 },
            Op::Div => Self::Finite(Dec::int(0)),
            Op::Rem if infinite(self) => Self::NaN,
            Op::Rem => self.clone(),
        })
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finite(value) => value.fmt(f),
            Self::NaN => f.write_str("NaN"),
            Self::Infinity { negative: false } => f.write_str("Infinity"),
            Self::Infinity { negative: true } => f.write_str("-Infinity"),
        }
    }
}

/// The value rounded to `numeric(precision, scale)`; `22003` when it does not fit.
pub fn with_modifier(value: Number, precision: i32, scale: i32) -> Result<Number> {
    let detail = |what: &str| {
        Error::new(crate::sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")
            .detail(format!("A field with precision {precision}, scale {scale} {what}."))
    };
    match value {
        Number::NaN => Ok(Number::NaN),
        Number::Infinity { .. } => Err(detail("cannot hold an infinite value")),
        Number::Finite(value) => {
            let rounded = value.round(scale);
            let digits = precision - scale;
            let limit =
                if digits >= 0 { Dec::int(ten(digits)) } else { Dec { mantissa: BigInt::from(1), scale: -digits } };
            if rounded.abs().compare(&limit).is_ge() {
                let power = if digits == 0 { "1".to_owned() } else { format!("10^{digits}") };
                return Err(detail(&format!("must round to an absolute value less than {power}")));
            }
            Ok(Number::Finite(rounded))
        }
    }
}

fn not_finite(what: &str) -> Error {
    Error::unsupported(format!("this function does not take a numeric {what}"))
}
