//! PostgreSQL's binary send formats, one function per type, each appending to a byte vector.
//!
//! Everything is big-endian. Dates and times are given from 1970-01-01 and leave counted from 2000-01-01.

mod numeric;

pub use numeric::{numeric, numeric256};

use super::civil::{self, PG_EPOCH_DAYS, PG_EPOCH_US};
use super::output::Interval;
use super::timetz::TimeTz;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A date of days from 1970-01-01 as PostgreSQL counts it; the infinities stay.
///
/// # Errors
///
/// `22008` beyond PostgreSQL's range, 4714 BC to 5874897 AD.
#[inline]
pub fn date(days: i32) -> Result<i32> {
    if days == i32::MAX || days == i32::MIN {
        return Ok(days);
    }
    if !(civil::MIN_DAY..civil::END_DAY).contains(&i64::from(days)) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range"));
    }
    Ok(days - PG_EPOCH_DAYS)
}

/// A timestamp of microseconds from 1970-01-01 as PostgreSQL counts it; the infinities stay.
///
/// # Errors
///
/// `22008` before PostgreSQL's first timestamp, 4714 BC.
#[inline]
pub fn timestamp(us: i64) -> Result<i64> {
    if us == i64::MAX || us == i64::MIN {
        return Ok(us);
    }
    if us < civil::MIN_TIMESTAMP_US {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range"));
    }
    Ok(us - PG_EPOCH_US)
}

/// A time of microseconds from midnight.
///
/// # Errors
///
/// `22008` outside of a day.
#[inline]
pub fn time(us: i64) -> Result<i64> {
    if !(0..=civil::DAY_US).contains(&us) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "time out of range"));
    }
    Ok(us)
}

/// The 12 bytes of a time with a zone: microseconds from midnight, seconds west of UTC.
///
/// # Errors
///
/// `22008` outside of a day.
pub fn timetz(value: TimeTz) -> Result<[u8; 12]> {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&time(value.us)?.to_be_bytes());
    bytes[8..].copy_from_slice(&(-value.offset_s).to_be_bytes());
    Ok(bytes)
}

/// The 16 bytes of an interval: microseconds, days, months.
#[must_use]
pub fn interval(value: Interval) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&value.us.to_be_bytes());
    bytes[8..12].copy_from_slice(&value.days.to_be_bytes());
    bytes[12..].copy_from_slice(&value.months.to_be_bytes());
    bytes
}

/// The head of an array's binary form. `dims` are the lengths, outermost first; none for an empty array.
///
/// # Errors
///
/// `54000` for a dimension of more than 31 bits.
pub fn array_head(dims: &[usize], lower_bound: i32, has_null: bool, element: u32, out: &mut Vec<u8>) -> Result<()> {
    let number = |count: usize| i32::try_from(count).map_err(|_| too_large());
    out.extend_from_slice(&number(dims.len())?.to_be_bytes());
    out.extend_from_slice(&i32::from(has_null).to_be_bytes());
    out.extend_from_slice(&element.to_be_bytes());
    for &dim in dims {
        out.extend_from_slice(&number(dim)?.to_be_bytes());
        out.extend_from_slice(&lower_bound.to_be_bytes());
    }
    Ok(())
}

/// A value with its length before it, or -1 for NULL.
///
/// # Errors
///
/// `54000` for a value of more than 31 bits of length.
pub fn sized(value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
    match value {
        None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        Some(value) => {
            let len = i32::try_from(value.len()).map_err(|_| too_large())?;
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(value);
        }
    }
    Ok(())
}

/// `54000`: lengths on the wire are of 31 bits.
fn too_large() -> Error {
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "value is too large for the wire format")
}
