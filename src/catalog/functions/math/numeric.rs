//! Functions of `numeric`.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Decimal128Type, Field, Int32Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::numeric::{Dec, decimal, division_by_zero, precision_scale};
use super::super::overload::{Ret, ReturnArgs};
use super::super::ty::Ty::{Int4, Numeric};
use super::transcendental as exact;
use crate::error::Result;

/// The most digits after the point a result is given.
const MAX_SCALE: i64 = 38;

pub(super) fn register(r: &mut Registry) {
    r.add("abs", &[Numeric], Ret::Same(0), |c| map(c, |v| Ok(v.abs())));
    for name in ["ceil", "ceiling"] {
        r.add(name, &[Numeric], Ret::Rule(whole), |c| map(c, |v| Ok(v.ceil())));
    }
    r.add("floor", &[Numeric], Ret::Rule(whole), |c| map(c, |v| Ok(v.floor())));
    r.add("round", &[Numeric], Ret::Rule(whole), |c| rounded(c, true));
    r.add("trunc", &[Numeric], Ret::Rule(whole), |c| rounded(c, false));
    r.add("round", &[Numeric, Int4], Ret::Rule(to_digits), |c| rounded(c, true));
    r.add("trunc", &[Numeric, Int4], Ret::Rule(to_digits), |c| rounded(c, false));
    let sign = Ret::Rule(|_| Ok(Field::new("", DataType::Decimal128(1, 0), true)));
    r.add("sign", &[Numeric], sign, |c| {
        map(c, |v| {
            Ok(Dec::int(if v.is_zero() {
                0
            } else if v.is_negative() {
                -1
            } else {
                1
            }))
        })
    });
    r.add("sqrt", &[Numeric], Numeric, |c| map(c, |v| exact::sqrt(&v)));
    r.add("exp", &[Numeric], Numeric, |c| map(c, |v| exact::exp(&v)));
    r.add("ln", &[Numeric], Numeric, |c| map(c, |v| exact::ln(&v)));
    for name in ["log", "log10"] {
        r.add(name, &[Numeric], Numeric, |c| map(c, |v| exact::log(&Dec::int(10), &v)));
    }
    r.add("log", &[Numeric, Numeric], Numeric, |c| zip(c, |base, v| exact::log(&base, &v)));
    for name in ["power", "pow", "numeric_power"] {
        r.add(name, &[Numeric, Numeric], Numeric, |c| zip(c, |base, exponent| exact::power(&base, &exponent)));
    }
    r.add("div", &[Numeric, Numeric], Ret::Rule(quotient), |c| {
        zip(c, |a, b| {
            if b.is_zero() {
                return Err(division_by_zero());
            }
            let scale = a.scale.max(b.scale);
            Ok(Dec::int(a.round(scale).mantissa / b.round(scale).mantissa))
        })
    });
    r.add("scale", &[Numeric], Int4, |c| {
        let v = c.nums(0)?;
        let fixed = v.scale();
        c.build::<Int32Type>(|i| Ok(if fixed < 38 { fixed.max(0) } else { v.at(i).trimmed().scale }))
    });
    r.add("min_scale", &[Numeric], Int4, |c| {
        let v = c.nums(0)?;
        c.build::<Int32Type>(|i| Ok(v.at(i).trimmed().scale))
    });
    r.add("trim_scale", &[Numeric], Ret::Same(0), |c| map(c, Ok));
}

fn map(c: &Call<'_>, f: fn(Dec) -> Result<Dec>) -> Result<ArrayRef> {
    let v = c.nums(0)?;
    c.build_numeric(|i| f(v.at(i)))
}

fn zip(c: &Call<'_>, f: fn(Dec, Dec) -> Result<Dec>) -> Result<ArrayRef> {
    let (a, b) = (c.nums(0)?, c.nums(1)?);
    c.build_numeric(|i| f(a.at(i), b.at(i)))
}

/// A whole number with room for one more digit.
fn whole(args: &ReturnArgs<'_>) -> Result<Field> {
    let (precision, scale) = precision_scale(args.fields[0].data_type());
    Ok(Field::new("", decimal(precision - scale + 1, 0), true))
}

/// The scale a constant asks for, else the argument's own.
fn to_digits(args: &ReturnArgs<'_>) -> Result<Field> {
    let (precision, scale) = precision_scale(args.fields[0].data_type());
    let wanted = args.int(1).map_or(scale, |n| i32::try_from(n.clamp(0, MAX_SCALE)).unwrap_or(0));
    // Digits beyond the argument's scale are zeros; a narrow type gives up room for them only as far as needed.
    let digits = precision - scale + 1;
    Ok(Field::new("", decimal((digits + wanted).min(76), wanted), true))
}

fn quotient(args: &ReturnArgs<'_>) -> Result<Field> {
    let ((p1, s1), (_, s2)) =
        (precision_scale(args.fields[0].data_type()), precision_scale(args.fields[1].data_type()));
    Ok(Field::new("", decimal((p1 - s1 + s2).min(76), 0), true))
}

/// `round` and `trunc`, with or without a number of digits.
fn rounded(c: &Call<'_>, round: bool) -> Result<ArrayRef> {
    if let Some(array) = rounded_narrow(c, round)? {
        return Ok(array);
    }
    let v = c.nums(0)?;
    let digits = if c.arity() == 2 { Some(c.prims::<Int32Type>(1)?) } else { None };
    c.build_numeric(|i| {
        let digits = digits.as_ref().map_or(0, |d| d.at(i)).clamp(-200, 200);
        let v = v.at(i);
        Ok(match (digits >= v.scale, round) {
            (true, _) => v,
            (false, true) => v.round(digits),
            (false, false) => v.truncate(digits),
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
