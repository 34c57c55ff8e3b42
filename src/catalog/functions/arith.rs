//! The arithmetic operators: integers checked, floats checked, numerics with PostgreSQL's scales.
//!
//! Each operator is a function under the name PostgreSQL's `pg_operator` gives it (`int4pl`, `numeric_div`, …), both
//! arguments of one type. [`numeric_type`] says which decimal type a numeric result has.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, ArrowPrimitiveType, Datum, Decimal128Array, Scalar};
use arrow::compute::kernels::numeric as checked;
use arrow::datatypes::{DataType, Decimal128Type, Field, Float32Type, Float64Type};
use arrow::error::ArrowError;

use super::Registry;
use super::call::Call;
use super::numeric::{decimal, division_by_zero, overflow, precision_scale};
use super::overload::{Ret, ReturnArgs};
use super::ty::Ty::{self, Float4, Float8, Int2, Int4, Int8, Numeric};
use super::ty::WIDE_NUMERIC;
use super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

/// Decimals with at most this scale keep 128 bits although a result might have more digits; one that does is `22003`.
const NARROW_SCALE: i32 = 12;

/// The name of an operator's function for a type, as in `pg_operator.oprcode`; `None` when the type has none.
#[must_use]
pub fn function_name(op: Op, ty: Ty) -> Option<&'static str> {
    let at = |names: [&'static str; 5]| names[op as usize];
    let floats = |names: [&'static str; 4]| names.get(op as usize).copied();
    match ty {
        Int2 => Some(at(["int2pl", "int2mi", "int2mul", "int2div", "int2mod"])),
        Int4 => Some(at(["int4pl", "int4mi", "int4mul", "int4div", "int4mod"])),
        Int8 => Some(at(["int8pl", "int8mi", "int8mul", "int8div", "int8mod"])),
        Float4 => floats(["float4pl", "float4mi", "float4mul", "float4div"]),
        Float8 => floats(["float8pl", "float8mi", "float8mul", "float8div"]),
        Numeric => Some(at(["numeric_add", "numeric_sub", "numeric_mul", "numeric_div", "numeric_mod"])),
        _ => None,
    }
}

/// Whether a function is one of these operators, whose cost depends on nothing but its arguments' size.
#[must_use]
pub fn is_operator(name: &str) -> bool {
    OPERATORS.contains(name)
}

static OPERATORS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let types = [Int2, Int4, Int8, Float4, Float8, Numeric];
    let ops = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Rem];
    types.iter().flat_map(|ty| ops.iter().filter_map(|op| function_name(*op, *ty))).collect()
});

/// The type of a numeric operator's result. A quotient's scale depends on its value, so it gets the widest type.
#[must_use]
pub fn numeric_type(op: Op, left: &DataType, right: &DataType) -> DataType {
    if [left, right].contains(&&WIDE_NUMERIC) {
        return WIDE_NUMERIC;
    }
    let ((p1, s1), (p2, s2)) = (precision_scale(left), precision_scale(right));
    let scale = s1.max(s2);
    match op {
        Op::Add | Op::Sub => narrowed((p1 - s1).max(p2 - s2) + 1 + scale, scale),
        Op::Mul => narrowed(p1 + p2, s1 + s2),
        Op::Div => WIDE_NUMERIC,
        Op::Rem => narrowed((p2 - s2).min(p1 - s1).max(1) + scale, scale),
    }
}

fn narrowed(precision: i32, scale: i32) -> DataType {
    match (precision, scale) {
        (39.., ..=NARROW_SCALE) => decimal(38, scale),
        (77.., _) | (_, 77..) => WIDE_NUMERIC,
        _ => decimal(precision, scale),
    }
}

const BOTH: &[Ty] = &[Numeric, Numeric];

pub(super) fn register(r: &mut Registry) {
    integers(r, Int2, &[Int2, Int2], &[Int2], "int2um");
    integers(r, Int4, &[Int4, Int4], &[Int4], "int4um");
    integers(r, Int8, &[Int8, Int8], &[Int8], "int8um");
    floats::<Float32Type>(r, Float4, &[Float4, Float4], &[Float4], "float4um");
    floats::<Float64Type>(r, Float8, &[Float8, Float8], &[Float8], "float8um");
    r.add("numeric_add", BOTH, Ret::Rule(|a| typed(Op::Add, a)), |c| numeric(c, Op::Add));
    r.add("numeric_sub", BOTH, Ret::Rule(|a| typed(Op::Sub, a)), |c| numeric(c, Op::Sub));
    r.add("numeric_mul", BOTH, Ret::Rule(|a| typed(Op::Mul, a)), |c| numeric(c, Op::Mul));
    r.add("numeric_div", BOTH, Ret::Rule(|a| typed(Op::Div, a)), |c| numeric(c, Op::Div));
    for name in ["numeric_mod", "mod"] {
        r.add(name, BOTH, Ret::Rule(|a| typed(Op::Rem, a)), |c| numeric(c, Op::Rem));
    }
    for name in ["numeric_uminus", "uminus"] {
        r.add(name, &[Numeric], Ret::Same(0), |c| {
            let v = c.nums(0)?;
            c.build_number(|i| Ok(v.number(i)?.negate()))
        });
    }
    r.add("uplus", &[Numeric], Ret::Same(0), unchanged);
    r.add("mod", &[Int2, Int2], Int2, |c| integer(c, Op::Rem));
    r.add("mod", &[Int4, Int4], Int4, |c| integer(c, Op::Rem));
    r.add("mod", &[Int8, Int8], Int8, |c| integer(c, Op::Rem));
}

fn integers(r: &mut Registry, ty: Ty, both: &'static [Ty], one: &'static [Ty], negate: &'static str) {
    let kernels: [super::overload::Kernel; 5] = [
        |c| integer(c, Op::Add),
        |c| integer(c, Op::Sub),
        |c| integer(c, Op::Mul),
        |c| integer(c, Op::Div),
        |c| integer(c, Op::Rem),
    ];
    for (op, kernel) in [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Rem].into_iter().zip(kernels) {
        if let Some(name) = function_name(op, ty) {
            r.add(name, both, ty, kernel);
        }
    }
    for name in [negate, "uminus"] {
        r.add(name, one, ty, |c| {
            checked::neg(&c.arg(0).array).map_err(|e| arithmetic(e, c)).and_then(|a| spread(c, a))
        });
    }
    r.add("uplus", one, ty, unchanged);
}

fn floats<T>(r: &mut Registry, ty: Ty, both: &'static [Ty], one: &'static [Ty], negate: &'static str)
where
    T: ArrowPrimitiveType,
    T::Native: num_float::Checked,
{
    let kernels: [super::overload::Kernel; 4] = [
        |c| float::<T>(c, Op::Add),
        |c| float::<T>(c, Op::Sub),
        |c| float::<T>(c, Op::Mul),
        |c| float::<T>(c, Op::Div),
    ];
    for (op, kernel) in [Op::Add, Op::Sub, Op::Mul, Op::Div].into_iter().zip(kernels) {
        if let Some(name) = function_name(op, ty) {
            r.add(name, both, ty, kernel);
        }
    }
    for name in [negate, "uminus"] {
        r.add(name, one, ty, |c| checked::neg(&c.arg(0).array).map_err(fault).and_then(|a| spread(c, a)));
    }
    r.add("uplus", one, ty, unchanged);
}

/// What `+` before a number gives.
fn unchanged(c: &Call<'_>) -> Result<ArrayRef> {
    spread(c, Arc::clone(&c.arg(0).array))
}

/// A column of `rows` from one that a constant argument made one row long.
fn spread(c: &Call<'_>, array: ArrayRef) -> Result<ArrayRef> {
    if array.len() == c.rows {
        return Ok(array);
    }
    let zeros = arrow::array::UInt32Array::from_value(0, c.rows);
    arrow::compute::take(&array, &zeros, None).map_err(fault)
}

fn datum(c: &Call<'_>, i: usize) -> Box<dyn Datum> {
    let arg = c.arg(i);
    match arg.constant {
        true => Box::new(Scalar::new(Arc::clone(&arg.array))),
        false => Box::new(Arc::clone(&arg.array)),
    }
}

fn integer(c: &Call<'_>, op: Op) -> Result<ArrayRef> {
    let (a, b) = (datum(c, 0), datum(c, 1));
    let result = match op {
        Op::Add => checked::add(a.as_ref(), b.as_ref()),
        Op::Sub => checked::sub(a.as_ref(), b.as_ref()),
        Op::Mul => checked::mul(a.as_ref(), b.as_ref()),
        Op::Div => checked::div(a.as_ref(), b.as_ref()),
        // Arrow's remainder wraps `MIN % -1` to 0, as PostgreSQL has it.
        Op::Rem => checked::rem(a.as_ref(), b.as_ref()),
    };
    spread(c, result.map_err(|e| arithmetic(e, c))?)
}

fn arithmetic(error: ArrowError, c: &Call<'_>) -> Error {
    match error {
        ArrowError::DivideByZero => division_by_zero(),
        ArrowError::ArithmeticOverflow(_) => out_of_range(c.ret.data_type()),
        other => fault(other),
    }
}

/// `22003` of an integer type.
pub fn out_of_range(data_type: &DataType) -> Error {
    let name = match data_type {
        DataType::Int16 => "smallint",
        DataType::Int32 => "integer",
        _ => "bigint",
    };
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("{name} out of range"))
}

/// `22003` of floats.
pub fn float_overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

/// `22003` of floats.
pub fn float_underflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

fn float<T>(c: &Call<'_>, op: Op) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: num_float::Checked,
{
    use num_float::Checked as _;
    let (a, b) = (c.prims::<T>(0)?, c.prims::<T>(1)?);
    c.build::<T>(|i| a.at(i).checked_op(b.at(i), op))
}

mod num_float {
    //! Float operators with PostgreSQL's overflow, underflow and division checks.

    use super::{Op, division_by_zero, float_overflow, float_underflow};
    use crate::error::Result;

    /// A float whose operators are checked.
    pub trait Checked: Sized {
        /// The result, or `22003`/`22012`.
        fn checked_op(self, other: Self, op: Op) -> Result<Self>;
    }

    macro_rules! checked {
        ($float:ty) => {
            impl Checked for $float {
                fn checked_op(self, other: Self, op: Op) -> Result<Self> {
                    let result = match op {
                        Op::Add => self + other,
                        Op::Sub => self - other,
                        Op::Mul => self * other,
                        Op::Div | Op::Rem if other == 0.0 && !self.is_nan() => return Err(division_by_zero()),
                        Op::Div => self / other,
                        Op::Rem => self % other,
                    };
                    if result.is_infinite() && !self.is_infinite() && !other.is_infinite() {
                        return Err(float_overflow());
                    }
                    let vanished = match op {
                        Op::Mul => result == 0.0 && self != 0.0 && other != 0.0,
                        Op::Div => result == 0.0 && self != 0.0 && !other.is_infinite(),
                        _ => false,
                    };
                    if vanished { Err(float_underflow()) } else { Ok(result) }
                }
            }
        };
    }

    checked!(f32);
    checked!(f64);
}

fn typed(op: Op, args: &ReturnArgs<'_>) -> Result<Field> {
    let data_type = numeric_type(op, args.fields[0].data_type(), args.fields[1].data_type());
    Ok(Field::new("", data_type, true))
}

fn numeric(c: &Call<'_>, op: Op) -> Result<ArrayRef> {
    if let Some(result) = narrow(c, op)? {
        return Ok(result);
    }
    let (a, b) = (c.nums(0)?, c.nums(1)?);
    c.build_number(|i| a.number(i)?.operate(op, &b.number(i)?))
}

/// The operator in 128 bits, when both arguments and the result have them.
fn narrow(c: &Call<'_>, op: Op) -> Result<Option<ArrayRef>> {
    let types = (c.arg(0).array.data_type(), c.arg(1).array.data_type(), c.ret.data_type());
    let (DataType::Decimal128(_, s1), DataType::Decimal128(_, s2), DataType::Decimal128(precision, scale)) = types
    else {
        return Ok(None);
    };
    if *s1 < 0 || *s2 < 0 || op == Op::Div {
        return Ok(None);
    }
    let (a, b) = (c.prims::<Decimal128Type>(0)?, c.prims::<Decimal128Type>(1)?);
    let power = |own: i8| 10_i128.pow(u32::try_from(i32::from(*scale) - i32::from(own)).unwrap_or(0));
    let (up_a, up_b) = if op == Op::Mul { (1, 1) } else { (power(*s1), power(*s2)) };
    let limit = 10_i128.pow(u32::from(*precision));
    let fits = |value: Option<i128>| value.filter(|v| -limit < *v && *v < limit).ok_or_else(overflow);
    let array = match op {
        Op::Add => c.build::<Decimal128Type>(|i| {
            fits(a.at(i).checked_mul(up_a).zip(b.at(i).checked_mul(up_b)).and_then(|(a, b)| a.checked_add(b)))
        }),
        Op::Sub => c.build::<Decimal128Type>(|i| {
            fits(a.at(i).checked_mul(up_a).zip(b.at(i).checked_mul(up_b)).and_then(|(a, b)| a.checked_sub(b)))
        }),
        Op::Mul => c.build::<Decimal128Type>(|i| fits(a.at(i).checked_mul(b.at(i)))),
        _ => c.build::<Decimal128Type>(|i| {
            if b.at(i) == 0 {
                return Err(division_by_zero());
            }
            fits(a.at(i).checked_mul(up_a).zip(b.at(i).checked_mul(up_b)).map(|(a, b)| a % b))
        }),
    };
    let array = array?;
    debug_assert!(array.as_any().is::<Decimal128Array>(), "the result type was checked");
    Ok(Some(array))
}
