//! Functions of `double precision`, with PostgreSQL's domain and range checks.

use arrow::array::ArrayRef;
use arrow::datatypes::{Float32Type, Float64Type};

use super::super::Registry;
use super::super::arith::{float_overflow, float_underflow};
use super::super::call::Call;
use super::super::ty::Ty::{Float4, Float8};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("abs", &[Float4], Float4, |c| {
        let v = c.prims::<Float32Type>(0)?;
        c.build::<Float32Type>(|i| Ok(v.at(i).abs()))
    });
    r.add("abs", &[Float8], Float8, |c| map(c, |v| Ok(v.abs())));
    for name in ["ceil", "ceiling"] {
        r.add(name, &[Float8], Float8, |c| map(c, |v| Ok(v.ceil())));
    }
    r.add("floor", &[Float8], Float8, |c| map(c, |v| Ok(v.floor())));
    r.add("round", &[Float8], Float8, |c| map(c, |v| Ok(v.round_ties_even())));
    r.add("trunc", &[Float8], Float8, |c| map(c, |v| Ok(v.trunc())));
    r.add("sign", &[Float8], Float8, |c| {
        map(c, |v| {
            Ok(if v > 0.0 {
                1.0
            } else if v < 0.0 {
                -1.0
            } else {
                0.0
            })
        })
    });
    for name in ["sqrt", "dsqrt"] {
        r.add(name, &[Float8], Float8, |c| map(c, sqrt));
    }
    r.add("cbrt", &[Float8], Float8, |c| map(c, |v| Ok(v.cbrt())));
    r.add("exp", &[Float8], Float8, |c| map(c, exp));
    r.add("ln", &[Float8], Float8, |c| map(c, |v| logarithm(v, f64::ln)));
    for name in ["log", "log10"] {
        r.add(name, &[Float8], Float8, |c| map(c, |v| logarithm(v, f64::log10)));
    }
    for name in ["power", "pow", "dpow"] {
        r.add(name, &[Float8, Float8], Float8, |c| {
            let (a, b) = (c.prims::<Float64Type>(0)?, c.prims::<Float64Type>(1)?);
            c.build::<Float64Type>(|i| power(a.at(i), b.at(i)))
        });
    }
    r.add("degrees", &[Float8], Float8, |c| map(c, |v| finite(v, v / (std::f64::consts::PI / 180.0))));
    r.add("radians", &[Float8], Float8, |c| map(c, |v| finite(v, v * (std::f64::consts::PI / 180.0))));
    r.add("pi", &[], Float8, |c| c.build::<Float64Type>(|_| Ok(std::f64::consts::PI)));
}

/// Computes one float from one.
pub(super) fn map(c: &Call<'_>, f: fn(f64) -> Result<f64>) -> Result<ArrayRef> {
    let v = c.prims::<Float64Type>(0)?;
    c.build::<Float64Type>(|i| f(v.at(i)))
}

/// The result, unless it became infinite without the argument being so.
pub(super) fn finite(argument: f64, result: f64) -> Result<f64> {
    if result.is_infinite() && !argument.is_infinite() { Err(float_overflow()) } else { Ok(result) }
}

fn sqrt(v: f64) -> Result<f64> {
    if v < 0.0 {
        let message = "cannot take square root of a negative number";
        return Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION, message));
    }
    Ok(v.sqrt())
}

fn exp(v: f64) -> Result<f64> {
    let result = v.exp();
    if result == 0.0 && v.is_finite() {
        return Err(float_underflow());
    }
    finite(v, result)
}

fn logarithm(v: f64, f: fn(f64) -> f64) -> Result<f64> {
    check_logarithm(v == 0.0, v < 0.0)?;
    Ok(f(v))
}

/// `2201E` for arguments that have no logarithm.
pub(super) fn check_logarithm(zero: bool, negative: bool) -> Result<()> {
    let message = match (zero, negative) {
        (true, _) => "cannot take logarithm of zero",
        (_, true) => "cannot take logarithm of a negative number",
        _ => return Ok(()),
    };
    Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_LOG, message))
}

/// `2201F`.
pub(super) fn invalid_power(message: &'static str) -> Error {
    Error::new(sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION, message)
}

fn power(base: f64, exponent: f64) -> Result<f64> {
    if base == 0.0 && exponent < 0.0 && !base.is_nan() {
        return Err(invalid_power("zero raised to a negative power is undefined"));
    }
    if base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err(invalid_power("a negative number raised to a non-integer power yields a complex result"));
    }
    let result = base.powf(exponent);
    if base.is_finite() && exponent.is_finite() {
        if result.is_infinite() {
            return Err(float_overflow());
        }
        if result == 0.0 && base != 0.0 {
            return Err(float_underflow());
        }
    }
    Ok(result)
}
