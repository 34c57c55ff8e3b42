//! Functions of `numeric`.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Decimal128Type, Field, Int32Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::number::Number;
use super::super::numeric::{Dec, decimal, division_by_zero, precision_scale};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{Int4, Numeric};
use super::super::ty::WIDE_NUMERIC;
use super::float::{check_logarithm, invalid_power};
use super::transcendental as exact;
use crate::error::Result;

/// The most digits after the point a decimal result is given.
const MAX_SCALE: i64 = 38;
/// The places that `round` and `trunc` look at before and after the point.
const MOST_DIGITS_BEFORE: i32 = 131_072;
const MOST_DIGITS_AFTER: i32 = 16_383;

pub(super) fn register(r: &mut Registry) {
    r.add("abs", &[Numeric], Ret::Same(0), |c| each(c, |v| Ok(v.abs())));
    for name in ["ceil", "ceiling"] {
        r.add(name, &[Numeric], Ret::Rule(whole), |c| map(c, |v| Ok(v.ceil()), Ok));
    }
    r.add("floor", &[Numeric], Ret::Rule(whole), |c| map(c, |v| Ok(v.floor()), Ok));
    r.add("round", &[Numeric], Ret::Rule(whole), |c| rounded(c, true));
    r.add("trunc", &[Numeric], Ret::Rule(whole), |c| rounded(c, false));
    r.add("round", &[Numeric, Int4], Ret::Rule(to_digits), |c| rounded(c, true));
    r.add("trunc", &[Numeric, Int4], Ret::Rule(to_digits), |c| rounded(c, false));
    let sign = Ret::Rule(|a| {
        let wide = *a.fields[0].data_type() == WIDE_NUMERIC;
        Ok(Field::new("", if wide { WIDE_NUMERIC } else { DataType::Decimal128(1, 0) }, true))
    });
    r.add("sign", &[Numeric], sign, |c| {
        each(c, |v| if matches!(v, Number::NaN) { Ok(v) } else { Ok(Dec::int(v.signum()).into()) })
    });
    r.add("sqrt", &[Numeric], Numeric, |c| {
        map(c, |v| exact::sqrt(&v), |v| if v.signum() < 0 { Err(negative_root()) } else { Ok(v) })
    });
    r.add("exp", &[Numeric], Numeric, |c| {
        map(c, |v| exact::exp(&v), |v| Ok(if v.signum() < 0 { Dec::int(0).into() } else { v }))
    });
    r.add("ln", &[Numeric], Numeric, |c| map(c, |v| exact::ln(&v), infinite_logarithm));
    for name in ["log", "log10"] {
        r.add(name, &[Numeric], Numeric, |c| map(c, |v| exact::log(&Dec::int(10), &v), infinite_logarithm));
    }
    r.add("log", &[Numeric, Numeric], Numeric, |c| zip(c, logarithm));
    for name in ["power", "pow", "numeric_power"] {
        r.add(name, &[Numeric, Numeric], Numeric, |c| zip(c, power));
    }
    r.add("div", &[Numeric, Numeric], Ret::Rule(quotient), |c| zip(c, whole_quotient));
    register_scales(r);
}

fn register_scales(r: &mut Registry) {
    r.add("scale", &[Numeric], Int4, |c| {
        let v = c.nums(0)?;
        c.build_opt::<Int32Type>(|i| Ok(scale_of(v.number(i)?, false)))
    });
    r.add("min_scale", &[Numeric], Int4, |c| {
        let v = c.nums(0)?;
        c.build_opt::<Int32Type>(|i| Ok(scale_of(v.number(i)?, true)))
    });
    r.add("trim_scale", &[Numeric], Numeric, |c| map(c, |v| Ok(v.trimmed()), Ok));
}

/// Digits after the point, those needed or those shown; what is no number has none.
fn scale_of(value: Number, needed: bool) -> Option<i32> {
    match value {
        Number::Finite(value) if needed => Some(value.trimmed().scale),
        Number::Finite(value) => Some(value.scale),
        _ => None,
    }
}

fn each(c: &Call<'_>, f: fn(Number) -> Result<Number>) -> Result<ArrayRef> {
    let v = c.nums(0)?;
    c.build_number(|i| f(v.number(i)?))
}

/// One function of numbers, another of NaN (which mostly stays) and the infinities.
fn map(c: &Call<'_>, f: fn(Dec) -> Result<Dec>, special: fn(Number) -> Result<Number>) -> Result<ArrayRef> {
    let v = c.nums(0)?;
    c.build_number(|i| match v.number(i)? {
        Number::Finite(value) => f(value).map(Number::Finite),
        other => special(other),
    })
}

fn zip(c: &Call<'_>, f: fn(Number, Number) -> Result<Number>) -> Result<ArrayRef> {
    let (a, b) = (c.nums(0)?, c.nums(1)?);
    c.build_number(|i| f(a.number(i)?, b.number(i)?))
}

fn negative_root() -> crate::error::Error {
    invalid_power("cannot take square root of a negative number")
}

fn infinite_logarithm(v: Number) -> Result<Number> {
    check_logarithm(false, v.signum() < 0)?;
    Ok(v)
}

fn logarithm(base: Number, v: Number) -> Result<Number> {
    if let (Number::Finite(base), Number::Finite(v)) = (&base, &v) {
        return exact::log(base, v).map(Number::Finite);
    }
    if matches!(base, Number::NaN) || matches!(v, Number::NaN) {
        return Ok(Number::NaN);
    }
    let signs = [base.signum(), v.signum()];
    check_logarithm(signs.contains(&0) && !signs.contains(&-1), signs.contains(&-1))?;
    Ok(match (base, v) {
        (Number::Infinity { .. }, Number::Infinity { .. }) => Number::NaN,
        (Number::Infinity { .. }, _) => Dec::int(0).into(),
        (_, v) => v,
    })
}

fn power(base: Number, exponent: Number) -> Result<Number> {
    let one = Number::Finite(Dec::int(1));
    let is_one = |n: &Number| n.compare(&one).is_eq();
    match (&base, &exponent) {
        (Number::Finite(base), Number::Finite(exponent)) => return exact::power(base, exponent).map(Number::Finite),
        (Number::NaN, Number::Finite(zero)) if zero.is_zero() => return Ok(one),
        (_, Number::NaN) if is_one(&base) => return Ok(one),
        (Number::NaN, _) | (_, Number::NaN) => return Ok(Number::NaN),
        _ => {}
    }
    let (base_sign, sign) = (base.signum(), exponent.signum());
    if base_sign == 0 && sign < 0 {
        return Err(invalid_power("zero raised to a negative power is undefined"));
    }
    let odd = match &exponent {
        Number::Finite(value) if value.truncate(0).compare(value).is_ne() && base_sign < 0 => {
            return Err(invalid_power("a negative number raised to a non-integer power yields a complex result"));
        }
        Number::Finite(value) => value.truncate(0).mantissa.bit(0),
        _ => false,
    };
    let infinity = |negative| Number::Infinity { negative };
    if is_one(&base) || sign == 0 {
        return Ok(one);
    }
    if base_sign == 0 {
        return Ok(Dec::int(0).into());
    }
    let grows = match (&base, &exponent) {
        (Number::Finite(_), _) => match base.abs().compare(&one) {
            Ordering::Equal => return Ok(one),
            order => order.is_gt() == (sign > 0),
        },
        _ => sign > 0,
    };
    Ok(match (grows, base_sign) {
        (false, _) => Dec::int(0).into(),
        (true, -1) => infinity(odd),
        (true, _) => infinity(false),
    })
}

/// `div`: the quotient without its fraction.
fn whole_quotient(a: Number, b: Number) -> Result<Number> {
    let (Number::Finite(x), Number::Finite(y)) = (&a, &b) else {
        return a.operate(super::super::arith::Op::Div, &b);
    };
    if y.is_zero() {
        return Err(division_by_zero());
    }
    let scale = x.scale.max(y.scale);
    Ok(Dec::int(x.round(scale).mantissa / y.round(scale).mantissa).into())
}

/// A whole number with room for one more digit.
fn whole(args: &ReturnArgs<'_>) -> Result<Field> {
    if *args.fields[0].data_type() == WIDE_NUMERIC {
        return Ok(Field::new("", WIDE_NUMERIC, true));
    }
    let (precision, scale) = precision_scale(args.fields[0].data_type());
    Ok(Field::new("", decimal(precision - scale + 1, 0), true))
}

/// The scale a constant asks for, else the argument's own.
fn to_digits(args: &ReturnArgs<'_>) -> Result<Field> {
    if *args.fields[0].data_type() == WIDE_NUMERIC {
        return Ok(Field::new("", WIDE_NUMERIC, true));
    }
    let (precision, scale) = precision_scale(args.fields[0].data_type());
    let wanted = args.int(1).map_or(scale, |n| i32::try_from(n.clamp(0, MAX_SCALE)).unwrap_or(0));
    // Digits beyond the argument's scale are zeros; a narrow type gives up room for them only as far as needed.
    let digits = precision - scale + 1;
    let fits = digits + wanted <= 76 && args.int(1).is_some_and(|n| n <= MAX_SCALE);
    Ok(Field::new("", if fits { decimal(digits + wanted, wanted) } else { WIDE_NUMERIC }, true))
}

fn quotient(args: &ReturnArgs<'_>) -> Result<Field> {
    let (left, right) = (args.fields[0].data_type(), args.fields[1].data_type());
    let ((p1, s1), (_, s2)) = (precision_scale(left), precision_scale(right));
    let wide = [left, right].contains(&&WIDE_NUMERIC) || p1 - s1 + s2 > 76;
    Ok(Field::new("", if wide { WIDE_NUMERIC } else { decimal(p1 - s1 + s2, 0) }, true))
}

/// `round` and `trunc`, with or without a number of digits.
fn rounded(c: &Call<'_>, round: bool) -> Result<ArrayRef> {
    if let Some(array) = rounded_narrow(c, round)? {
        return Ok(array);
    }
    let v = c.nums(0)?;
    let digits = if c.arity() == 2 { Some(c.prims::<Int32Type>(1)?) } else { None };
    c.build_number(|i| {
        let digits = digits.as_ref().map_or(0, |d| d.at(i)).clamp(-MOST_DIGITS_BEFORE, MOST_DIGITS_AFTER);
        Ok(match v.number(i)? {
            // Far below the last place that is kept, without making the places.
            Number::Finite(v) if v.decimal_weight() + 1 < -digits => Dec::int(0).round(digits.max(0)).into(),
            Number::Finite(v) if round => v.round(digits).into(),
            Number::Finite(v) => v.truncate(digits).into(),
            special => special,
        })
    })
}

/// The same in 128 bits.
fn rounded_narrow(c: &Call<'_>, round: bool) -> Result<Option<ArrayRef>> {
    let types = (c.arg(0).array.data_type(), c.ret.data_type());
    let (DataType::Decimal128(_, from), DataType::Decimal128(_, to)) = types else { return Ok(None) };
    let (from, to) = (i32::from(*from), i32::from(*to));
    let digits = match c.arity() {
        1 => 0,
        _ if c.arg(1).constant => c.prims::<Int32Type>(1)?.at(0),
        _ => return Ok(None),
    };
    let dropped = from.saturating_sub(digits);
    let (Ok(dropped @ 0..=37), true) = (u32::try_from(dropped), from >= 0) else { return Ok(None) };
    // After dropping, the value stands at scale `digits`, and is put at scale `to`.
    let Ok(raised @ 0..=37) = u32::try_from(to - digits) else { return Ok(None) };
    let (divisor, factor) = (10_i128.pow(dropped), 10_i128.pow(raised));
    let v = c.prims::<Decimal128Type>(0)?;
    let half = divisor / 2;
    let array = c.build::<Decimal128Type>(|i| {
        let value = v.at(i);
        let mut cut = value / divisor;
        let rest = (value % divisor).abs();
        if round && divisor > 1 && rest >= half {
            cut += value.signum();
        }
        cut.checked_mul(factor).ok_or_else(super::super::numeric::overflow)
    });
    array.map(Some)
}
