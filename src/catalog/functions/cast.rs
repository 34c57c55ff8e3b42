//! PostgreSQL's casts between numbers, booleans and text, as functions that the planner calls.
//!
//! Arrow's casts wrap, truncate or fail with words of their own; these round and fail as PostgreSQL's do. Text becomes
//! a value by the input functions of its type, in [`super::input`].

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};

use super::Registry;
use super::arith::{float_overflow, float_underflow, out_of_range};
use super::call::Call;
use super::number::{Number, with_modifier};
use super::numeric::{Dec, decimal};
use super::output::Writer;
use super::overload::{Ret, ReturnArgs};
use super::ty::Ty::{self, Any, Bool, Float4, Float8, Int2, Int4, Int8, Numeric, Text};
use super::ty::WIDE_NUMERIC;
use super::udf::fault;
use crate::error::{Error, Result};
use crate::sql::rewrite::qualifiers::DOMAIN_CHECKS;
use crate::sqlstate;

/// Digits of a decimal column; a `numeric(p,s)` with more of them, or with an unusual scale, is a wide one.
const DECIMAL_DIGITS: i64 = 76;

/// Whether a function is one of these casts, whose cost depends on nothing but its argument's size.
#[must_use]
pub fn is_cast(name: &str) -> bool {
    name.starts_with("cast_")
}

pub(super) fn register(r: &mut Registry) {
    integers::<Int16Type>(r, "cast_int2", Int2);
    integers::<Int32Type>(r, "cast_int4", Int4);
    integers::<Int64Type>(r, "cast_int8", Int8);
    r.add("cast_int4", &[Bool], Int4, |c| {
        let v = c.bools(0)?;
        c.build::<Int32Type>(|i| Ok(i32::from(v.at(i))))
    });
    r.add("cast_bool", &[Int4], Bool, |c| {
        let v = c.prims::<Int32Type>(0)?;
        c.build_bool(|i| Ok(v.at(i) != 0))
    });
    r.add("cast_float8", &[Numeric], Float8, |c| {
        let v = c.nums(0)?;
        c.build::<Float64Type>(|i| numeric_float8(&v.number(i)?))
    });
    r.add("cast_float4", &[Numeric], Float4, |c| {
        let v = c.nums(0)?;
        c.build::<Float32Type>(|i| numeric_float4(&v.number(i)?))
    });
    r.add("cast_float4", &[Float8], Float4, |c| {
        let v = c.prims::<Float64Type>(0)?;
        c.build::<Float32Type>(|i| narrow_float(v.at(i)))
    });
    r.add("cast_numeric", &[Float8], Numeric, |c| {
        let v = c.prims::<Float64Type>(0)?;
        c.build_number(|i| Ok(Number::from_float(v.at(i), 15)))
    });
    r.add("cast_numeric", &[Float4], Numeric, |c| {
        let v = c.prims::<Float32Type>(0)?;
        c.build_number(|i| Ok(Number::from_float(f64::from(v.at(i)), 6)))
    });
    r.add("cast_numeric", &[Numeric], Numeric, |c| {
        let v = c.nums(0)?;
        c.build_number(|i| v.number(i))
    });
    forms(r);
    r.add("cast_text", &[Any], Text, text);
    // As the output function has it: a boolean by its letter.
    r.add("cast_io", &[Any], Text, |c| {
        let writer = Writer::for_element(&c.arg(0).array, &c.style())?;
        c.build_text(|i, out| writer.write(c.arg(0).index(i), out))
    });
    r.add("cast_whole", &[Any], Ty::Array(&Int8), whole_elements);
    lengths(r);
}

/// A numeric as it is compared, as it sorts and as its modifier has it.
fn forms(r: &mut Registry) {
    r.add("numeric_key", &[Numeric], Numeric, |c| {
        let v = c.nums(0)?;
        c.build_number(|i| {
            Ok(match v.number(i)? {
                Number::Finite(value) => value.trimmed().into(),
                special => special,
            })
        })
    });
    // What DataFusion's windows can go by: text that sorts as the numbers do.
    r.add("numeric_order", &[Numeric], Text, |c| {
        let v = c.nums(0)?;
        c.build_text(|i, out| {
            let key = match v.number(i)? {
                Number::Finite(value) => Number::Finite(value.trimmed()),
                special => special,
            };
            let bytes = key.encode()?;
            // The display scale of a key follows from its digits.
            out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)));
            Ok(())
        })
    });
    r.add("numeric_typmod", &[Numeric, Int4, Int4], Ret::Rule(with_typmod), |c| {
        let (v, precision, scale) = (c.nums(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
        c.build_number(|i| match (precision.at(i), scale.at(i)) {
            (precision @ 1..=1000, scale @ -1000..=1000) => with_modifier(v.number(i)?, precision, scale),
            (precision, scale) => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("NUMERIC precision {precision} and scale {scale} are out of range"),
            )),
        })
    });
}

/// `varchar(n)` and `char(n)`: explicit casts cut, assignments (`…_assign`) lose trailing spaces only.
fn lengths(r: &mut Registry) {
    r.add("varchar_cut", &[Text, Int4], Ret::Same(0), |c| {
        sized(c, |text, n, out| {
            out.push_str(first(text, n));
            Ok(())
        })
    });
    r.add("bpchar_cut", &[Text, Int4], Ret::Same(0), |c| {
        sized(c, |text, n, out| {
            pad(first(text, n), n, out);
            Ok(())
        })
    });
    r.add("varchar_assign", &[Text, Int4], Ret::Same(0), |c| {
        sized(c, |text, n, out| {
            out.push_str(fitting(text, n, "character varying")?);
            Ok(())
        })
    });
    r.add("bpchar_assign", &[Text, Int4], Ret::Same(0), |c| {
        sized(c, |text, n, out| {
            pad(fitting(text, n, "character")?, n, out);
            Ok(())
        })
    });
    r.add("bpchar_trim", &[Text], Text, |c| {
        let v = c.text(0)?;
        c.build_text(|i, out| {
            out.push_str(v.at(i).trim_end_matches(' '));
            Ok(())
        })
    });
    r.add("char_cut", &[Text], Ret::Same(0), |c| {
        let v = c.text(0)?;
        c.build_text(|i, out| {
            push_byte(v.at(i).as_bytes().first(), out);
            Ok(())
        })
    });
    // A name is 64 bytes, those after its text zero.
    r.add("name_byte", &[Text, Int4], Text, |c| {
        let (names, places) = (c.text(0)?, c.prims::<Int32Type>(1)?);
        c.build_text_opt(|i, out| {
            let place = usize::try_from(places.at(i)).ok().filter(|place| *place < 64);
            push_byte(place.and_then(|place| names.at(i).as_bytes().get(place)), out);
            Ok(place.is_some())
        })
    });
    let [number, answer] = DOMAIN_CHECKS;
    r.add(number, &[Int4], Int4, |c| {
        let v = c.prims::<Int32Type>(0)?;
        let violated = || check_violation("cardinal_number", "cardinal_number_domain_check");
        c.build::<Int32Type>(|i| if v.at(i) < 0 { Err(violated()) } else { Ok(v.at(i)) })
    });
    r.add(answer, &[Text], Ret::Same(0), |c| {
        let v = c.text(0)?;
        c.build_text(|i, out| match v.at(i) {
            known @ ("YES" | "NO") => {
                out.push_str(known);
                Ok(())
            }
            _ => Err(check_violation("yes_or_no", "yes_or_no_check")),
        })
    });
    r.add("name_cut", &[Text], Ret::Same(0), |c| {
        let v = c.text(0)?;
        c.build_text(|i, out| {
            let text = v.at(i);
            out.push_str(&text[..text.floor_char_boundary(63)]);
            Ok(())
        })
    });
}

/// `23514` of a domain.
fn check_violation(domain: &str, constraint: &str) -> Error {
    let message = format!("value for domain information_schema.{domain} violates check constraint \"{constraint}\"");
    Error::new(sqlstate::CHECK_VIOLATION, message)
}

/// A byte as PostgreSQL prints a `"char"`: one that is no character in octal digits, zero as nothing.
fn push_byte(byte: Option<&u8>, out: &mut String) {
    match byte {
        Some(byte) if byte.is_ascii() => out.push(char::from(*byte)),
        Some(byte) => out.push_str(&format!("\\{byte:03o}")),
        None => {}
    }
}

/// Longest length of `varchar(n)` and `char(n)`, characters.
const MAX_LENGTH: usize = 10_485_760;

fn sized(c: &Call<'_>, f: fn(&str, usize, &mut String) -> Result<()>) -> Result<ArrayRef> {
    let (v, n) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    c.build_text(|i, out| match usize::try_from(n.at(i)) {
        Ok(length) if length <= MAX_LENGTH => f(v.at(i), length, out),
        _ => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("length must be from 0 to {MAX_LENGTH}"))),
    })
}

/// The first characters of a text.
fn first(text: &str, n: usize) -> &str {
    text.char_indices().nth(n).map_or(text, |(end, _)| &text[..end])
}

/// The text when only spaces are beyond its length; else `22001`.
fn fitting<'a>(text: &'a str, n: usize, name: &str) -> Result<&'a str> {
    let cut = first(text, n);
    if text[cut.len()..].bytes().all(|byte| byte == b' ') {
        return Ok(cut);
    }
    Err(Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, format!("value too long for type {name}({n})")))
}

fn pad(text: &str, n: usize, out: &mut String) {
    out.push_str(text);
    out.extend(std::iter::repeat_n(' ', n.saturating_sub(text.chars().count())));
}

fn with_typmod(args: &ReturnArgs<'_>) -> Result<Field> {
    let (precision, scale) = (args.int(1).unwrap_or(0), args.int(2).unwrap_or(-1));
    let holds = (1..=DECIMAL_DIGITS).contains(&precision) && (0..=precision).contains(&scale);
    // A wide value may be NaN, which no decimal is.
    let data_type = match (i32::try_from(precision), i32::try_from(scale)) {
        (Ok(precision), Ok(scale)) if holds => decimal(precision, scale),
        _ => WIDE_NUMERIC,
    };
    Ok(Field::new("", data_type, true))
}

fn integers<T>(r: &mut Registry, name: &'static str, to: Ty)
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64>,
{
    r.add(name, &[Int2], to, narrowed::<Int16Type, T>);
    r.add(name, &[Int4], to, narrowed::<Int32Type, T>);
    r.add(name, &[Int8], to, narrowed::<Int64Type, T>);
    r.add(name, &[Float8], to, |c| {
        let v = c.prims::<Float64Type>(0)?;
        c.build::<T>(|i| float_integer::<T>(v.at(i), c))
    });
    r.add(name, &[Float4], to, |c| {
        let v = c.prims::<Float32Type>(0)?;
        c.build::<T>(|i| float_integer::<T>(f64::from(v.at(i)), c))
    });
    r.add(name, &[Numeric], to, |c| {
        let v = c.nums(0)?;
        c.build::<T>(|i| numeric_integer::<T>(v.number(i)?, c))
    });
}

fn narrowed<F, T>(c: &Call<'_>) -> Result<ArrayRef>
where
    F: ArrowPrimitiveType,
    F::Native: Into<i64>,
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64>,
{
    let v = c.prims::<F>(0)?;
    c.build::<T>(|i| T::Native::try_from(v.at(i).into()).map_err(|_| out_of_range(&T::DATA_TYPE)))
}

/// A float rounded to the nearest whole number, halves to the even one.
fn float_integer<T>(value: f64, c: &Call<'_>) -> Result<T::Native>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64>,
{
    let rounded = value.round_ties_even();
    // 2^63 is the first float beyond the range; the cast would stop at it.
    let whole =
        (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded).then_some(rounded as i64);
    whole.and_then(|whole| T::Native::try_from(whole).ok()).ok_or_else(|| out_of_range(c.ret.data_type()))
}

/// A number rounded to the nearest whole number, halves away from zero.
fn numeric_integer<T>(value: Number, c: &Call<'_>) -> Result<T::Native>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64>,
{
    let name = match c.ret.data_type() {
        DataType::Int16 => "smallint",
        DataType::Int32 => "integer",
        _ => "bigint",
    };
    let value: Dec = match value {
        Number::Finite(value) => value,
        Number::NaN => return Err(Error::unsupported(format!("cannot convert NaN to {name}"))),
        Number::Infinity { .. } => return Err(Error::unsupported(format!("cannot convert infinity to {name}"))),
    };
    let whole = i64::try_from(&value.round(0).mantissa).ok();
    whole.and_then(|whole| T::Native::try_from(whole).ok()).ok_or_else(|| out_of_range(c.ret.data_type()))
}

fn beyond_float(value: &Number, name: &str) -> Error {
    let message = format!("\"{value}\" is out of range for type {name}");
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message)
}

fn numeric_float8(value: &Number) -> Result<f64> {
    let float = value.to_f64();
    let finite = matches!(value, Number::Finite(_));
    if finite && (float.is_infinite() || (float == 0.0 && value.signum() != 0)) {
        return Err(beyond_float(value, "double precision"));
    }
    Ok(float)
}

fn numeric_float4(value: &Number) -> Result<f32> {
    let Number::Finite(number) = value else { return Ok(value.to_f64() as f32) };
    let float: f32 = number.to_string().parse().unwrap_or(f32::NAN);
    if float.is_infinite() || (float == 0.0 && !number.is_zero()) {
        return Err(beyond_float(value, "real"));
    }
    Ok(float)
}

fn narrow_float(value: f64) -> Result<f32> {
    let narrow = value as f32;
    if narrow.is_infinite() && !value.is_infinite() {
        return Err(float_overflow());
    }
    if narrow == 0.0 && value != 0.0 {
        return Err(float_underflow());
    }
    Ok(narrow)
}

/// Any value as its type's output function prints it; a boolean by its name.
fn text(c: &Call<'_>) -> Result<ArrayRef> {
    let array = &c.arg(0).array;
    if let Some(flags) = array.as_boolean_opt() {
        return c.build_text(|i, out| {
            out.push_str(if flags.value(c.arg(0).index(i)) { "true" } else { "false" });
            Ok(())
        });
    }
    let writer = Writer::for_element(array, &c.style())?;
    c.build_text(|i, out| writer.write(c.arg(0).index(i), out))
}

/// The numbers of arrays rounded to whole ones.
fn whole_elements(c: &Call<'_>) -> Result<ArrayRef> {
    let lists = &c.arg(0).array;
    let Some(list) = lists.as_list_opt::<i32>() else {
        return Err(Error::new(sqlstate::CANNOT_COERCE, "only arrays have elements"));
    };
    let values = list.values();
    let range = || out_of_range(&DataType::Int64);
    let mut whole = arrow::array::Int64Builder::with_capacity(values.len());
    let nums = super::access::Nums::over(values, false).ok();
    let floats = arrow::compute::cast(values, &DataType::Float64).ok();
    for i in 0..values.len() {
        whole.append_option(match (&nums, &floats) {
            _ if values.is_null(i) => None,
            (Some(nums), _) => Some(i64::try_from(&nums.at(i)?.round(0).mantissa).map_err(|_| range())?),
            (None, Some(floats)) => {
                let rounded = floats.as_primitive::<Float64Type>().value(i).round_ties_even();
                let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded);
                Some(fits.then_some(rounded as i64).ok_or_else(range)?)
            }
            _ => return Err(fault("only numbers are rounded")),
        });
    }
    let field = std::sync::Arc::new(Field::new("item", DataType::Int64, true));
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    let rounded = arrow::array::ListArray::try_new(field, offsets, std::sync::Arc::new(whole.finish()), nulls);
    let rounded: ArrayRef = std::sync::Arc::new(rounded.map_err(fault)?);
    if !c.arg(0).constant || c.rows == 1 {
        return Ok(rounded);
    }
    arrow::compute::take(&rounded, &arrow::array::UInt32Array::from_value(0, c.rows), None).map_err(fault)
}

/// A column of any exact numbers as wide numerics, lists of them as lists; another column stays.
pub fn widened(array: &ArrayRef) -> Result<ArrayRef> {
    if let Some(list) = array.as_list_opt::<i32>() {
        let values = widened(list.values())?;
        let field = super::ty::element_field(array.data_type()).ok_or_else(|| fault("a list has elements"))?;
        let field = field.as_ref().clone().with_data_type(values.data_type().clone());
        let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
        let list = arrow::array::ListArray::try_new(std::sync::Arc::new(field), offsets, values, nulls);
        return Ok(std::sync::Arc::new(list.map_err(fault)?));
    }
    if !matches!(array.data_type(), DataType::Decimal128(..) | DataType::Decimal256(..)) {
        return Ok(std::sync::Arc::clone(array));
    }
    let nums = super::access::Nums::over(array, false)?;
    let mut out = super::numeric::Builder::new(&WIDE_NUMERIC, array.len());
    for i in 0..array.len() {
        out.push_number(if array.is_null(i) { None } else { Some(nums.number(i)?) })?;
    }
    Ok(out.finish())
}
