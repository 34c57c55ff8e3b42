//! Bit strings: their operators, functions and casts. A value is the text of its digits (see `types::input`).

use arrow::array::ArrayRef;
use arrow::datatypes::{Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::{Call, check_length};
use super::super::ty::Ty::{Bits, Bool, Int4, Int8, Text};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("bitand", &[Bits, Bits], Bits, |c| pairs(c, "AND", |a, b| a & b));
    r.add("bitor", &[Bits, Bits], Bits, |c| pairs(c, "OR", |a, b| a | b));
    r.add("bitxor", &[Bits, Bits], Bits, |c| pairs(c, "XOR", |a, b| a ^ b));
    r.add("bitnot", &[Bits], Bits, |c| {
        let a = c.text(0)?;
        c.build_text(|i, out| {
            out.extend(a.at(i).bytes().map(|digit| char::from(digit ^ 1)));
            Ok(())
        })
    });
    r.add("bitshiftleft", &[Bits, Int4], Bits, |c| shifted(c, 1));
    r.add("bitshiftright", &[Bits, Int4], Bits, |c| shifted(c, -1));
    r.add(CONCATENATION, &[Bits, Bits], Bits, |c| {
        let (a, b) = (c.text(0)?, c.text(1)?);
        c.build_text(|i, out| {
            out.push_str(a.at(i));
            out.push_str(b.at(i));
            Ok(())
        })
    });
    for name in ["length", "bit_length"] {
        r.add(name, &[Bits], Int4, |c| count(c, str::len));
    }
    r.add("octet_length", &[Bits], Int4, |c| count(c, |digits| digits.len().div_ceil(8)));
    r.add("bit_count", &[Bits], Int8, |c| {
        let a = c.text(0)?;
        c.build::<Int64Type>(|i| Ok(a.at(i).bytes().map(|digit| i64::from(digit & 1)).sum()))
    });
    r.add("position", &[Bits, Bits], Int4, found);
    r.add("substring", &[Bits, Int4], Bits, substring);
    r.add("substring", &[Bits, Int4, Int4], Bits, substring);
    r.add("overlay", &[Bits, Bits, Int4], Bits, overlay);
    r.add("overlay", &[Bits, Bits, Int4, Int4], Bits, overlay);
    single(r);
    casts(r);
}

/// The function behind `||`.
pub const CONCATENATION: &str = "bitcat";

fn single(r: &mut Registry) {
    r.add("get_bit", &[Bits, Int4], Int4, |c| {
        let (a, n) = (c.text(0)?, c.prims::<Int32Type>(1)?);
        c.build::<Int32Type>(|i| Ok(i32::from(a.at(i).as_bytes()[place(a.at(i), n.at(i))?] & 1)))
    });
    r.add("set_bit", &[Bits, Int4, Int4], Bits, |c| {
        let (a, n, new) = (c.text(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
        c.build_text(|i, out| {
            let at = place(a.at(i), n.at(i))?;
            let digit = match new.at(i) {
                0 => '0',
                1 => '1',
                _ => return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "new bit must be 0 or 1")),
            };
            out.push_str(&a.at(i)[..at]);
            out.push(digit);
            out.push_str(&a.at(i)[at + 1..]);
            Ok(())
        })
    });
}

fn casts(r: &mut Registry) {
    // `bit(n)`: cut or filled with zeros when asked for, otherwise of that length.
    r.add("bit", &[Bits, Int4, Bool], Bits, |c| {
        let (a, n, explicit) = (c.text(0)?, c.prims::<Int32Type>(1)?, c.bools(2)?);
        c.build_text(|i, out| {
            let (digits, n) = (a.at(i), n.at(i));
            let Some(length) = usize::try_from(n).ok().filter(|n| *n > 0 && *n != digits.len()) else {
                out.push_str(digits);
                return Ok(());
            };
            if !explicit.at(i) {
                let message = format!("bit string length {} does not match type bit({n})", digits.len());
                return Err(Error::new(sqlstate::STRING_DATA_LENGTH_MISMATCH, message));
            }
            check_length(length)?;
            out.push_str(&digits[..length.min(digits.len())]);
            out.extend(std::iter::repeat_n('0', length.saturating_sub(digits.len())));
            Ok(())
        })
    });
    r.add("varbit", &[Bits, Int4, Bool], Bits, |c| {
        let (a, n, explicit) = (c.text(0)?, c.prims::<Int32Type>(1)?, c.bools(2)?);
        c.build_text(|i, out| {
            let (digits, n) = (a.at(i), n.at(i));
            let length = usize::try_from(n).ok().filter(|n| *n > 0).unwrap_or(digits.len());
            if digits.len() > length && !explicit.at(i) {
                let message = format!("bit string too long for type bit varying({n})");
                return Err(Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message));
            }
            out.push_str(&digits[..length.min(digits.len())]);
            Ok(())
        })
    });
    r.add("bit", &[Int4, Int4], Bits, |c| {
        let (v, n) = (c.prims::<Int32Type>(0)?, c.prims::<Int32Type>(1)?);
        c.build_text(|i, out| lowest(i64::from(v.at(i)), n.at(i), out))
    });
    r.add("bit", &[Int8, Int4], Bits, |c| {
        let (v, n) = (c.prims::<Int64Type>(0)?, c.prims::<Int32Type>(1)?);
        c.build_text(|i, out| lowest(v.at(i), n.at(i), out))
    });
    r.add("bittoint4", &[Bits], Int4, |c| {
        let a = c.text(0)?;
        c.build::<Int32Type>(|i| match a.at(i).len() {
            0..=32 => Ok((u32::from_str_radix(a.at(i), 2).unwrap_or(0)).cast_signed()),
            _ => Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")),
        })
    });
    r.add("bittoint8", &[Bits], Int8, |c| {
        let a = c.text(0)?;
        c.build::<Int64Type>(|i| match a.at(i).len() {
            0..=64 => Ok((u64::from_str_radix(a.at(i), 2).unwrap_or(0)).cast_signed()),
            _ => Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")),
        })
    });
    r.add("bits in", &[Text], Bits, |c| {
        let a = c.text(0)?;
        c.build_text(|i, out| {
            out.push_str(&crate::types::input::parse_bits(a.at(i))?);
            Ok(())
        })
    });
}

/// The lowest digits of a whole number, its sign before them.
fn lowest(value: i64, digits: i32, out: &mut String) -> Result<()> {
    let digits = usize::try_from(digits).unwrap_or(1).max(1);
    check_length(digits)?;
    out.extend((0..digits).rev().map(|bit| if value >> bit.min(63) & 1 == 1 { '1' } else { '0' }));
    Ok(())
}

fn pairs(c: &Call<'_>, name: &str, of: fn(u8, u8) -> u8) -> Result<ArrayRef> {
    let (a, b) = (c.text(0)?, c.text(1)?);
    c.build_text(|i, out| {
        let (a, b) = (a.at(i), b.at(i));
        if a.len() != b.len() {
            let message = format!("cannot {name} bit strings of different sizes");
            return Err(Error::new(sqlstate::STRING_DATA_LENGTH_MISMATCH, message));
        }
        out.extend(a.bytes().zip(b.bytes()).map(|(a, b)| char::from(b'0' | of(a & 1, b & 1))));
        Ok(())
    })
}

fn count(c: &Call<'_>, of: fn(&str) -> usize) -> Result<ArrayRef> {
    let a = c.text(0)?;
    c.build::<Int32Type>(|i| Ok(i32::try_from(of(a.at(i))).unwrap_or(i32::MAX)))
}

/// The digits moved to the left, or to the right with the other sign; zeros come after them.
fn shifted(c: &Call<'_>, sign: i64) -> Result<ArrayRef> {
    let (a, n) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    c.build_text(|i, out| {
        let digits = a.at(i);
        let left = sign * i64::from(n.at(i));
        let by = usize::try_from(left.unsigned_abs()).unwrap_or(usize::MAX).min(digits.len());
        let zeros = std::iter::repeat_n('0', by);
        if left >= 0 {
            out.push_str(&digits[by..]);
            out.extend(zeros);
        } else {
            out.extend(zeros);
            out.push_str(&digits[..digits.len() - by]);
        }
        Ok(())
    })
}

/// Where the second argument stands in the first, from 1.
fn found(c: &Call<'_>) -> Result<ArrayRef> {
    let (within, what) = (c.text(0)?, c.text(1)?);
    c.build::<Int32Type>(|i| match (within.at(i), what.at(i)) {
        ("", _) => Ok(0),
        (within, what) => Ok(within.find(what).map_or(0, |at| i32::try_from(at + 1).unwrap_or(i32::MAX))),
    })
}

fn place(digits: &str, n: i32) -> Result<usize> {
    usize::try_from(n).ok().filter(|at| *at < digits.len()).ok_or_else(|| {
        let last = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1;
        Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, format!("bit index {n} out of valid range (0..{last})"))
    })
}

/// The digits from a place on, so many of them.
fn part(digits: &str, from: i64, length: Option<i64>) -> Result<&str> {
    let size = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length.is_some_and(|length| length < 0) {
        return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
    }
    let end = length.map_or(size, |length| (from - 1 + length).clamp(0, size));
    let index = |at: i64| usize::try_from(at).unwrap_or(0);
    let start = (from - 1).clamp(0, end);
    // Bits are ASCII digits: any range of them is text.
    Ok(digits.get(index(start)..index(end)).unwrap_or_default())
}

fn substring(c: &Call<'_>) -> Result<ArrayRef> {
    let (a, from) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    let length = if c.arity() == 3 { Some(c.prims::<Int32Type>(2)?) } else { None };
    c.build_text(|i, out| {
        let length = length.as_ref().map(|n| i64::from(n.at(i)));
        out.push_str(part(a.at(i), i64::from(from.at(i)), length)?);
        Ok(())
    })
}

fn overlay(c: &Call<'_>) -> Result<ArrayRef> {
    let (a, new, from) = (c.text(0)?, c.text(1)?, c.prims::<Int32Type>(2)?);
    let length = if c.arity() == 4 { Some(c.prims::<Int32Type>(3)?) } else { None };
    c.build_text(|i, out| {
        let from = i64::from(from.at(i));
        if from <= 0 {
            return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
        }
        let replaced = length.as_ref().map_or(new.at(i).len() as i64, |n| i64::from(n.at(i)));
        out.push_str(part(a.at(i), 1, Some(from - 1))?);
        out.push_str(new.at(i));
        out.push_str(part(a.at(i), from + replaced, None)?);
        Ok(())
    })
}
