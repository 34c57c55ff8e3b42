//! Trigonometric and hyperbolic functions, in radians and in degrees.
//!
//! The degree functions are exact at multiples of 30 and 45 degrees, by the same scaling PostgreSQL uses.

use arrow::datatypes::Float64Type;

use super::super::Registry;
use super::super::ty::Ty::Float8;
use super::float::{finite, map};
use crate::error::{Error, Result};
use crate::sqlstate;

const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

pub(super) fn register(r: &mut Registry) {
    r.add("sin", &[Float8], Float8, |c| map(c, |v| periodic(v, v.sin())));
    r.add("cos", &[Float8], Float8, |c| map(c, |v| periodic(v, v.cos())));
    r.add("tan", &[Float8], Float8, |c| map(c, |v| periodic(v, v.tan())));
    r.add("cot", &[Float8], Float8, |c| map(c, |v| periodic(v, 1.0 / v.tan())));
    r.add("asin", &[Float8], Float8, |c| map(c, |v| unit(v).map(f64::asin)));
    r.add("acos", &[Float8], Float8, |c| map(c, |v| unit(v).map(f64::acos)));
    r.add("atan", &[Float8], Float8, |c| map(c, |v| Ok(v.atan())));
    r.add("atan2", &[Float8, Float8], Float8, |c| {
        let (y, x) = (c.prims::<Float64Type>(0)?, c.prims::<Float64Type>(1)?);
        c.build::<Float64Type>(|i| Ok(y.at(i).atan2(x.at(i))))
    });
    r.add("sinh", &[Float8], Float8, |c| map(c, |v| Ok(v.sinh())));
    r.add("cosh", &[Float8], Float8, |c| map(c, |v| Ok(v.cosh())));
    r.add("tanh", &[Float8], Float8, |c| map(c, |v| Ok(v.tanh())));
    r.add("asinh", &[Float8], Float8, |c| map(c, |v| Ok(v.asinh())));
    r.add("acosh", &[Float8], Float8, |c| map(c, |v| if v < 1.0 { Err(out_of_range()) } else { Ok(v.acosh()) }));
    r.add("atanh", &[Float8], Float8, |c| map(c, |v| unit(v).map(f64::atanh)));
    r.add("sind", &[Float8], Float8, |c| map(c, |v| degrees(v, sind)));
    r.add("cosd", &[Float8], Float8, |c| map(c, |v| degrees(v, cosd)));
    r.add("tand", &[Float8], Float8, |c| map(c, |v| degrees(v, tand)));
    r.add("cotd", &[Float8], Float8, |c| map(c, |v| degrees(v, cotd)));
    r.add("asind", &[Float8], Float8, |c| map(c, |v| unit(v).map(asind)));
    r.add("acosd", &[Float8], Float8, |c| map(c, |v| unit(v).map(acosd)));
    r.add("atand", &[Float8], Float8, |c| map(c, |v| Ok(v.atan() / 1.0_f64.atan() * 45.0)));
    r.add("atan2d", &[Float8, Float8], Float8, |c| {
        let (y, x) = (c.prims::<Float64Type>(0)?, c.prims::<Float64Type>(1)?);
        c.build::<Float64Type>(|i| Ok(y.at(i).atan2(x.at(i)) / 1.0_f64.atan() * 45.0))
    });
}

fn out_of_range() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

fn periodic(argument: f64, result: f64) -> Result<f64> {
    if argument.is_infinite() { Err(out_of_range()) } else { Ok(result) }
}

fn unit(v: f64) -> Result<f64> {
    if v.is_nan() || (-1.0..=1.0).contains(&v) { Ok(v) } else { Err(out_of_range()) }
}

fn degrees(v: f64, f: fn(f64) -> f64) -> Result<f64> {
    if v.is_nan() {
        return Ok(v);
    }
    if v.is_infinite() {
        return Err(out_of_range());
    }
    let result = f(v % 360.0);
    if result.is_infinite() { Ok(result) } else { finite(v, result) }
}

/// The sine of 0 to 90 degrees.
fn sind_quarter(v: f64) -> f64 {
    if v <= 30.0 { sind_to_30(v) } else { cosd_to_60(90.0 - v) }
}

fn cosd_quarter(v: f64) -> f64 {
    if v <= 60.0 { cosd_to_60(v) } else { sind_to_30(90.0 - v) }
}

fn sind_to_30(v: f64) -> f64 {
    (v * RADIANS_PER_DEGREE).sin() / (30.0 * RADIANS_PER_DEGREE).sin() / 2.0
}

fn cosd_to_60(v: f64) -> f64 {
    let one_minus_cos_60 = 1.0 - (60.0 * RADIANS_PER_DEGREE).cos();
    1.0 - (1.0 - (v * RADIANS_PER_DEGREE).cos()) / one_minus_cos_60 / 2.0
}

fn sind(v: f64) -> f64 {
    let (mut v, mut sign) = if v < 0.0 { (-v, -1.0) } else { (v, 1.0) };
    if v > 180.0 {
        (v, sign) = (360.0 - v, -sign);
    }
    if v > 90.0 {
        v = 180.0 - v;
    }
    sign * sind_quarter(v)
}

fn cosd(v: f64) -> f64 {
    let (mut v, mut sign) = (v.abs(), 1.0);
    if v > 180.0 {
        v = 360.0 - v;
    }
    if v > 90.0 {
        (v, sign) = (180.0 - v, -sign);
    }
    sign * cosd_quarter(v)
}

/// The angle brought to 0 to 90 degrees, and the sign a tangent has there.
fn tangent_quarter(v: f64) -> (f64, f64) {
    let (mut v, mut sign) = if v < 0.0 { (-v, -1.0) } else { (v, 1.0) };
    if v > 180.0 {
        (v, sign) = (360.0 - v, -sign);
    }
    if v > 90.0 {
        (v, sign) = (180.0 - v, -sign);
    }
    (v, sign)
}

fn tand(v: f64) -> f64 {
    let (v, sign) = tangent_quarter(v);
    let tan_45 = sind_quarter(45.0) / cosd_quarter(45.0);
    let result = sign * (sind_quarter(v) / cosd_quarter(v) / tan_45);
    if result == 0.0 { 0.0 } else { result }
}

fn cotd(v: f64) -> f64 {
    let (v, sign) = tangent_quarter(v);
    let cot_45 = cosd_quarter(45.0) / sind_quarter(45.0);
    let result = sign * (cosd_quarter(v) / sind_quarter(v) / cot_45);
    if result == 0.0 { 0.0 } else { result }
}

fn asind_quarter(v: f64) -> f64 {
    if v <= 0.5 { v.asin() / 0.5_f64.asin() * 30.0 } else { 90.0 - v.acos() / 0.5_f64.acos() * 60.0 }
}

fn acosd_quarter(v: f64) -> f64 {
    if v <= 0.5 { 90.0 - v.asin() / 0.5_f64.asin() * 30.0 } else { v.acos() / 0.5_f64.acos() * 60.0 }
}

fn asind(v: f64) -> f64 {
    if v >= 0.0 { asind_quarter(v) } else { -asind_quarter(-v) }
}

fn acosd(v: f64) -> f64 {
    if v >= 0.0 { acosd_quarter(v) } else { 90.0 + asind_quarter(-v) }
}
