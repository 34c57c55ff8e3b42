//! Whole numbers: `abs`, `gcd`, `lcm`, `factorial`, `random`.

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Float64Type, Int16Type, Int32Type, Int64Type};
use num_bigint::BigInt;

use super::super::Registry;
use super::super::arith::out_of_range;
use super::super::call::Call;
use super::super::number::Number;
use super::super::numeric::{Dec, decimal, overflow, precision_scale};
use super::super::overload::Ret;
use super::super::ty::Ty::{Float8, Int2, Int4, Int8, Numeric};
use super::super::ty::WIDE_NUMERIC;
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("abs", &[Int2], Int2, |c| {
        let v = c.prims::<Int16Type>(0)?;
        c.build::<Int16Type>(|i| v.at(i).checked_abs().ok_or_else(|| out_of_range(c.ret.data_type())))
    });
    r.add("abs", &[Int4], Int4, |c| {
        let v = c.prims::<Int32Type>(0)?;
        c.build::<Int32Type>(|i| v.at(i).checked_abs().ok_or_else(|| out_of_range(c.ret.data_type())))
    });
    r.add("abs", &[Int8], Int8, |c| {
        let v = c.prims::<Int64Type>(0)?;
        c.build::<Int64Type>(|i| v.at(i).checked_abs().ok_or_else(|| out_of_range(c.ret.data_type())))
    });
    r.add("gcd", &[Int4, Int4], Int4, |c| small(c, gcd));
    r.add("gcd", &[Int8, Int8], Int8, |c| large(c, gcd));
    r.add("lcm", &[Int4, Int4], Int4, |c| small(c, lcm));
    r.add("lcm", &[Int8, Int8], Int8, |c| large(c, lcm));
    let common: Ret = Ret::Rule(|a| {
        if a.fields.iter().any(|f| *f.data_type() == WIDE_NUMERIC) {
            return Ok(Field::new("", WIDE_NUMERIC, true));
        }
        let ((p1, s1), (p2, s2)) = (precision_scale(a.fields[0].data_type()), precision_scale(a.fields[1].data_type()));
        let scale = s1.max(s2);
        Ok(Field::new("", decimal((p1 - s1 + p2 - s2).min(76 - scale) + scale, scale), true))
    });
    r.add("gcd", &[Numeric, Numeric], common, |c| {
        let (a, b) = (c.nums(0)?, c.nums(1)?);
        c.build_number(|i| match (a.number(i)?, b.number(i)?) {
            (Number::Finite(a), Number::Finite(b)) => Ok(gcd_numeric(a, b).into()),
            _ => Ok(Number::NaN),
        })
    });
    r.add("lcm", &[Numeric, Numeric], common, |c| {
        let (a, b) = (c.nums(0)?, c.nums(1)?);
        c.build_number(|i| {
            let (Number::Finite(a), Number::Finite(b)) = (a.number(i)?, b.number(i)?) else { return Ok(Number::NaN) };
            if a.is_zero() || b.is_zero() {
                return Ok(Dec::new(BigInt::from(0), a.scale.max(b.scale)).into());
            }
            let divisor = gcd_numeric(a.clone(), b.clone());
            let scale = a.scale.max(b.scale);
            Ok(a.div_to(&divisor, 0)?.mul(&b).abs().round(scale).into())
        })
    });
    r.add("factorial", &[Int8], Numeric, |c| {
        let v = c.prims::<Int64Type>(0)?;
        c.build_numeric(|i| factorial(v.at(i)))
    });
    register_random(r);
}

fn register_random(r: &mut Registry) {
    r.add("random", &[], Float8, |c| {
        let mut bits = random_bits(c)?;
        c.build::<Float64Type>(|_| Ok(unit(bits.next().unwrap_or(0))))
    });
    r.add("random", &[Int4, Int4], Int4, |c| {
        let (low, high) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?);
        let mut bits = random_bits(c)?;
        c.build::<Int32Type>(|i| {
            let value = between(i64::from(low.at(i)), i64::from(high.at(i)), bits.next().unwrap_or(0))?;
            i32::try_from(value).map_err(fault)
        })
    });
    r.add("random", &[Int8, Int8], Int8, |c| {
        let (low, high) = (c.prims::<Int64Type>(0)?, c.prims::<Int64Type>(1)?);
        let mut bits = random_bits(c)?;
        c.build::<Int64Type>(|i| between(low.at(i), high.at(i), bits.next().unwrap_or(0)))
    });
    for params in [&[][..], &[Float8][..], &[Float8, Float8][..]] {
        r.add("random_normal", params, Float8, |c| {
            let mean = if c.arity() > 0 { Some(c.prims::<Float64Type>(0)?) } else { None };
            let deviation = if c.arity() > 1 { Some(c.prims::<Float64Type>(1)?) } else { None };
            let (mut first, mut second) = (random_bits(c)?, random_bits(c)?);
            c.build::<Float64Type>(|i| {
                let (u, v) = (1.0 - unit(first.next().unwrap_or(0)), unit(second.next().unwrap_or(0)));
                let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
                Ok(normal * deviation.as_ref().map_or(1.0, |d| d.at(i)) + mean.as_ref().map_or(0.0, |m| m.at(i)))
            })
        });
    }
    // Without a place for a session's seed its sequence could not be repeated, which is all it is for.
    r.add("setseed", &[Float8], Float8, |_| Err(Error::unsupported("setseed is not supported")));
    r.volatility(datafusion::logical_expr::Volatility::Volatile, &["random", "random_normal", "setseed"]);
}

/// 64 random bits for each row.
fn random_bits(c: &Call<'_>) -> Result<impl Iterator<Item = u64> + use<>> {
    let mut bytes = vec![0; c.rows * 8];
    getrandom::fill(&mut bytes).map_err(fault)?;
    let rows = c.rows;
    Ok((0..rows).map(move |i| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[i * 8..i * 8 + 8]);
        u64::from_le_bytes(word)
    }))
}

/// A number from 0 to below 1.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn between(low: i64, high: i64, bits: u64) -> Result<i64> {
    if low > high {
        let message = "lower bound must be less than or equal to upper bound";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    }
    let span = i128::from(high) - i128::from(low) + 1;
    // 64 bits against a span of up to 2^64: the product's upper half is spread evenly enough.
    let step = (u128::from(bits) * span.unsigned_abs()) >> 64;
    i64::try_from(i128::from(low) + i128::try_from(step).map_err(fault)?).map_err(fault)
}

fn small(c: &Call<'_>, f: fn(i128, i128) -> i128) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?);
    c.build::<Int32Type>(|i| {
        i32::try_from(f(a.at(i).into(), b.at(i).into())).map_err(|_| out_of_range(c.ret.data_type()))
    })
}

fn large(c: &Call<'_>, f: fn(i128, i128) -> i128) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<Int64Type>(0)?, c.prims::<Int64Type>(1)?);
    c.build::<Int64Type>(|i| {
        i64::try_from(f(a.at(i).into(), b.at(i).into())).map_err(|_| out_of_range(c.ret.data_type()))
    })
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs()
}

fn lcm(a: i128, b: i128) -> i128 {
    if a == 0 || b == 0 { 0 } else { (a / gcd(a, b) * b).abs() }
}

fn gcd_numeric(a: Dec, b: Dec) -> Dec {
    let scale = a.scale.max(b.scale);
    let (mut a, mut b) = (a.round(scale), b.round(scale));
    while !b.is_zero() {
        let rest = Dec { mantissa: &a.mantissa % &b.mantissa, scale };
        (a, b) = (b, rest);
    }
    a.abs()
}

fn factorial(n: i64) -> Result<Dec> {
    if n < 0 {
        let message = "factorial of a negative number is undefined";
        return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
    }
    // 58! has 79 digits, more than any numeric column.
    if n > 57 {
        return Err(overflow());
    }
    Ok(Dec::int((1..=n).fold(BigInt::from(1), |product, factor| product * factor)))
}
