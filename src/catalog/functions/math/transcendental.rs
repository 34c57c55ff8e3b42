//! Roots, exponentials and logarithms of exact numbers, to the digits PostgreSQL gives them.
//!
//! Everything is computed in fixed point with [`GUARD`] digits more than the result has, then rounded.

use num_bigint::BigInt;

use super::super::numeric::{Dec, MAX_SCALE, MIN_SIG_DIGITS, overflow, ten};
use super::float::{check_logarithm, invalid_power};
use crate::error::Result;

/// Digits computed beyond those asked for.
const GUARD: i32 = 12;
/// log10(e)
const LOG10_E: f64 = std::f64::consts::LOG10_E;
/// Digits a result may have before the point.
const MAX_WEIGHT: f64 = 131_072.0;
/// Beyond this many digits before the point `exp` is out of range, as in PostgreSQL.
const MAX_EXPONENT: f64 = 6000.0;

/// The square root.
pub fn sqrt(v: &Dec) -> Result<Dec> {
    if v.is_negative() {
        return Err(invalid_power("cannot take square root of a negative number"));
    }
    let weight = v.leading_base_digit().0;
    let root_weight = if weight >= 0 { weight * 4 / 2 + 1 } else { 1 - (1 - weight * 4) / 2 };
    let scale = (MIN_SIG_DIGITS - root_weight).max(v.scale).clamp(0, MAX_SCALE);
    sqrt_to(v, scale)
}

/// The square root with so many digits after the point.
pub fn sqrt_to(v: &Dec, scale: i32) -> Result<Dec> {
    // One digit more, so that the last one can be rounded.
    let shifted = v.truncate(2 * scale + 2).mantissa;
    Ok(Dec { mantissa: shifted.sqrt(), scale: scale + 1 }.round(scale))
}

/// `e` to a power.
pub fn exp(v: &Dec) -> Result<Dec> {
    let size = v.to_f64();
    if size >= MAX_EXPONENT {
        return Err(overflow());
    }
    let weight = (size * LOG10_E).clamp(-2606.0, 2606.0);
    let scale = (MIN_SIG_DIGITS - weight as i32).max(v.scale).clamp(0, MAX_SCALE);
    exp_to(v, weight, scale)
}

/// The natural logarithm.
pub fn ln(v: &Dec) -> Result<Dec> {
    check_logarithm(v.is_zero(), v.is_negative())?;
    let scale = (MIN_SIG_DIGITS - ln_weight(v)).max(v.scale).clamp(0, MAX_SCALE);
    Ok(ln_to(v, scale + GUARD).round(scale))
}

/// The logarithm of `v` to a base.
pub fn log(base: &Dec, v: &Dec) -> Result<Dec> {
    check_logarithm(base.is_zero(), base.is_negative())?;
    check_logarithm(v.is_zero(), v.is_negative())?;
    let scale = MIN_SIG_DIGITS - (ln_weight(v) - ln_weight(base));
    let scale = scale.max(base.scale).max(v.scale).clamp(0, MAX_SCALE);
    let working = scale + GUARD + 8;
    ln_to(v, working).div_to(&ln_to(base, working), scale)
}

/// `base` to the power of `exponent`.
pub fn power(base: &Dec, exponent: &Dec) -> Result<Dec> {
    let whole = exponent.truncate(0).compare(exponent).is_eq();
    if base.is_zero() {
        if exponent.is_negative() {
            return Err(invalid_power("zero raised to a negative power is undefined"));
        }
        let scale = MIN_SIG_DIGITS.max(base.scale).max(exponent.scale);
        return Ok(Dec::int(i32::from(exponent.is_zero())).round(scale));
    }
    if base.is_negative() && !whole {
        return Err(invalid_power("a negative number raised to a non-integer power yields a complex result"));
    }
    let weight = exponent.to_f64() * log10(&base.abs());
    if weight > MAX_WEIGHT {
        return Err(overflow());
    }
    let scale = (MIN_SIG_DIGITS - weight.max(-2000.0) as i32).max(base.scale).max(exponent.scale).clamp(0, MAX_SCALE);
    if weight + 1.0 < -f64::from(MAX_SCALE) {
        return Ok(Dec { mantissa: BigInt::from(0), scale });
    }
    match exponent.to_i64().and_then(|n| i32::try_from(n).ok()) {
        Some(n) if whole => whole_power(base, n, weight, scale),
        _ => {
            // The logarithm needs as many digits more as the exponent has before its point.
            let working = scale + weight.abs() as i32 + GUARD + 10 + exponent.decimal_weight().max(0);
            let log = ln_to(&base.abs(), working).mul(exponent).round(working);
            let result = exp_to(&log, weight, scale)?;
            let odd = whole && exponent.truncate(0).mantissa.bit(0);
            Ok(if base.is_negative() && odd { result.negate() } else { result })
        }
    }
}

fn log10(v: &Dec) -> f64 {
    let weight = v.decimal_weight();
    v.shifted(-weight).to_f64().log10() + f64::from(weight)
}

fn whole_power(base: &Dec, n: i32, weight: f64, scale: i32) -> Result<Dec> {
    let working = scale + weight.abs() as i32 + GUARD + 10;
    let mut result = Dec::int(1);
    let mut square = base.clone();
    let mut left = n.unsigned_abs();
    // A negative power inverts at the end; small factors keep all their digits until then.
    let keep = if n < 0 { working + (2.0 * weight.abs()) as i32 } else { working };
    while left > 0 {
        if left & 1 == 1 {
            result = cut(result.mul(&square), keep);
        }
        left >>= 1;
        if left > 0 {
            square = cut(square.mul(&square), keep + 8);
        }
    }
    if n < 0 { Dec::int(1).div_to(&result, scale) } else { Ok(result.round(scale)) }
}

fn cut(v: Dec, scale: i32) -> Dec {
    if v.scale > scale { v.round(scale) } else { v }
}

fn exp_to(v: &Dec, weight: f64, scale: i32) -> Result<Dec> {
    if weight > MAX_WEIGHT {
        return Err(overflow());
    }
    if weight < -f64::from(scale) - 2.0 {
        return Ok(Dec { mantissa: BigInt::from(0), scale });
    }
    let working = scale + weight.max(0.0) as i32 + GUARD + 8;
    let one = ten(working);
    // Halve until small, sum the series, square back.
    let mut halvings = 0_u32;
    let mut size = v.to_f64().abs();
    while size > 0.01 {
        size /= 2.0;
        halvings += 1;
    }
    let extra = ten(i32::try_from(halvings / 3 + 2).unwrap_or(2));
    let one = one * &extra;
    let digits = working + i32::try_from(halvings / 3 + 2).unwrap_or(2);
    let x = v.round(digits).mantissa >> halvings;
    let (mut sum, mut term) = (one.clone(), one.clone());
    let mut n = 1;
    while term != BigInt::from(0) && term != BigInt::from(-1) {
        term = term * &x / &one / n;
        sum += &term;
        n += 1;
    }
    for _ in 0..halvings {
        sum = &sum * &sum / &one;
    }
    Ok(Dec { mantissa: sum, scale: digits }.round(scale))
}

/// The natural logarithm to so many digits after the point.
fn ln_to(v: &Dec, scale: i32) -> Dec {
    let scale = scale + 4;
    let one = ten(scale);
    // v = m × 10^weight with 1 <= m < 10, then m is brought near 1 by powers of two.
    let weight = v.decimal_weight();
    let mut m = v.shifted(-weight).round(scale.max(v.scale + weight.abs())).round(scale).mantissa;
    let mut twos = 0;
    let limit = &one * 4 / 3;
    while m > limit {
        m /= 2;
        twos += 1;
    }
    if v.compare(&Dec::int(1)).is_eq() {
        return Dec { mantissa: BigInt::from(0), scale };
    }
    let near = atanh_series(&(&m - &one), &(&m + &one), &one);
    let ln2 = atanh_series(&BigInt::from(1), &BigInt::from(3), &one);
    // ln 10 = 3 ln 2 + ln 1.25
    let ln10 = &ln2 * 3 + atanh_series(&BigInt::from(1), &BigInt::from(9), &one);
    Dec { mantissa: near + ln2 * twos + ln10 * weight, scale }
}

/// `2 atanh(n / d)`, which is `ln((d + n) / (d - n))`, in units of `one`.
fn atanh_series(n: &BigInt, d: &BigInt, one: &BigInt) -> BigInt {
    let x = n * one / d;
    let square = &x * &x / one;
    let (mut power, mut sum, mut k) = (x.clone(), x, 3);
    loop {
        power = &power * &square / one;
        let term = &power / k;
        if term == BigInt::from(0) {
            return sum * 2;
        }
        sum += term;
        k += 2;
    }
}

/// PostgreSQL's estimate of the decimal weight of a logarithm (`estimate_ln_dweight`).
fn ln_weight(v: &Dec) -> i32 {
    let (low, high) = (Dec::new(BigInt::from(9), 1), Dec::new(BigInt::from(11), 1));
    if v.compare(&low).is_ge() && v.compare(&high).is_le() {
        let x = v.sub(&Dec::int(1));
        if x.is_zero() {
            return 0;
        }
        let (weight, first) = x.leading_base_digit();
        return weight * 4 + f64::from(first).log10() as i32;
    }
    let approximate = log10(v) * std::f64::consts::LN_10;
    approximate.abs().log10() as i32
}
