//! PostgreSQL's binary receive formats.

use super::LEFT_OVER;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{self, DAY_US, PG_EPOCH_DAYS, PG_EPOCH_US};
use crate::types::output::Interval;
use crate::types::timetz::TimeTz;
use crate::types::wide::{Digits, MAX_SCALE, MAX_WEIGHT, Numeric, overflow};

/// The bytes of one value, read from the front.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// At the start of a value.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next bytes. Error `08P01`: fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or_else(insufficient)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk().ok_or_else(insufficient)?;
        self.0 = tail;
        Ok(*head)
    }

    /// A 16-bit integer.
    pub fn int2(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// A 32-bit integer.
    pub fn int4(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// A 64-bit integer.
    pub fn int8(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The value has ended. Error `22P03`: bytes are left.
    pub fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed(LEFT_OVER)) }
    }
}

/// Reads a value that takes all of its bytes.
pub fn whole<'a, T>(bytes: &'a [u8], read: impl FnOnce(&mut Cursor<'a>) -> Result<T>) -> Result<T> {
    let mut cursor = Cursor::new(bytes);
    let value = read(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

/// `smallint`
pub fn int2(cursor: &mut Cursor<'_>) -> Result<i16> {
    cursor.int2()
}

/// `integer`
pub fn int4(cursor: &mut Cursor<'_>) -> Result<i32> {
    cursor.int4()
}

/// `bigint`
pub fn int8(cursor: &mut Cursor<'_>) -> Result<i64> {
    cursor.int8()
}

/// `real`
pub fn float4(cursor: &mut Cursor<'_>) -> Result<f32> {
    cursor.array().map(f32::from_be_bytes)
}

/// `double precision`
pub fn float8(cursor: &mut Cursor<'_>) -> Result<f64> {
    cursor.array().map(f64::from_be_bytes)
}

/// `oid` and its aliases
pub fn oid(cursor: &mut Cursor<'_>) -> Result<u32> {
    cursor.array().map(u32::from_be_bytes)
}

/// `boolean`
pub fn boolean(cursor: &mut Cursor<'_>) -> Result<bool> {
    cursor.array::<1>().map(|byte| byte != [0])
}

/// `uuid`
pub fn uuid(cursor: &mut Cursor<'_>) -> Result<[u8; 16]> {
    cursor.array()
}

/// Days from 1970-01-01.
pub fn date(cursor: &mut Cursor<'_>) -> Result<i32> {
    let days = cursor.int4()?;
    if days == i32::MAX || days == i32::MIN {
        return Ok(days);
    }
    days.checked_add(PG_EPOCH_DAYS)
        .filter(|&days| (civil::MIN_DAY..civil::END_DAY).contains(&i64::from(days)))
        .ok_or_else(|| out_of_range("date"))
}

/// Microseconds from 1970-01-01.
pub fn timestamp(cursor: &mut Cursor<'_>) -> Result<i64> {
    let us = cursor.int8()?;
    if us == i64::MAX || us == i64::MIN {
        return Ok(us);
    }
    us.checked_add(PG_EPOCH_US)
        .filter(|&us| (civil::MIN_TIMESTAMP_US..i64::MAX).contains(&us))
        .ok_or_else(|| out_of_range("timestamp"))
}

/// Microseconds from midnight.
pub fn time(cursor: &mut Cursor<'_>) -> Result<i64> {
    let us = cursor.int8()?;
    if (0..=DAY_US).contains(&us) { Ok(us) } else { Err(out_of_range("time")) }
}

/// A time with its zone, whose offset is within 16 hours.
pub fn timetz(cursor: &mut Cursor<'_>) -> Result<TimeTz> {
    let (us, west) = (time(cursor)?, cursor.int4()?);
    if west.unsigned_abs() >= 16 * 3_600 {
        let message = "time zone displacement out of range";
        return Err(Error::new(sqlstate::INVALID_TIME_ZONE_DISPLACEMENT_VALUE, message));
    }
    Ok(TimeTz { us, offset_s: -west })
}

/// Months, days and nanoseconds.
pub fn interval(cursor: &mut Cursor<'_>) -> Result<(i32, i32, i64)> {
    let (us, days, months) = (cursor.int8()?, cursor.int4()?, cursor.int4()?);
    Interval { months, days, us }.to_nanos().ok_or_else(|| out_of_range("interval"))
}

/// A numeric.
pub fn numeric(cursor: &mut Cursor<'_>) -> Result<Numeric> {
    let count = usize::from(cursor.int2()?.cast_unsigned());
    let (weight, sign, scale) = (cursor.int2()?, cursor.int2()?.cast_unsigned(), cursor.int2()?);
    let negative = match sign {
        0x0000 => false,
        0x4000 => true,
        0xc000 => return Ok(Numeric::NaN),
        0xd000 => return Ok(Numeric::Infinity { negative: false }),
        0xf000 => return Ok(Numeric::Infinity { negative: true }),
        _ => return Err(malformed("invalid sign in external \"numeric\" value")),
    };
    let scale = u16::try_from(scale)
        .ok()
        .filter(|&scale| scale <= MAX_SCALE)
        .ok_or_else(|| malformed("invalid scale in external \"numeric\" value"))?;
    let groups = cursor.take(count * 2)?;
    let group = |at: i32| {
        let at = usize::try_from(at).ok()?;
        let bytes = groups.get(2 * at..2 * at + 2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    if groups.chunks_exact(2).any(|group| u16::from_be_bytes([group[0], group[1]]) >= 10_000) {
        return Err(malformed("invalid digit in external \"numeric\" value"));
    }
    let weight = i32::from(weight);
    // Leading zeros may make the weight larger than the value needs; what is left must fit.
    let zeros = groups.chunks_exact(2).take_while(|group| *group == [0, 0]).count();
    let top = weight - i32::try_from(zeros).expect("at most 65535 groups");
    let empty = zeros == count;
    if !empty && top > MAX_WEIGHT / 4 {
        return Err(overflow());
    }
    let top = if empty { -1 } else { top.max(-1) };
    let fraction_groups = i32::from(scale.div_ceil(4));
    let decimals = (-fraction_groups..=top).rev().flat_map(|power| {
        let group = group(weight - power).unwrap_or(0);
        [group / 1_000, group / 100 % 10, group / 10 % 10, group % 10].map(|digit| digit.to_le_bytes()[0])
    });
    // Digits beyond the scale are dropped, as PostgreSQL drops them.
    let wanted = usize::try_from((top + 1) * 4).expect("not negative") + usize::from(scale);
    Digits::new(negative, decimals.take(wanted), usize::from(scale)).map(Numeric::Finite)
}

/// A `22P03` error.
pub fn malformed(message: &'static str) -> Error {
    Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message)
}

/// `08P01`: a value ends too early.
pub fn insufficient() -> Error {
    Error::protocol("insufficient data left in message")
}

/// `22008`: the number is beyond the type's range.
fn out_of_range(what: &str) -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("{what} out of range"))
}
