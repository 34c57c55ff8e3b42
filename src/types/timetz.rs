//! `time with time zone`, for which Arrow has no type: twelve bytes whose order is PostgreSQL's.
//!
//! The bytes are the time in UTC (microseconds, may leave the day) and the offset west of UTC, big-endian with the sign
//! bit turned, so that comparing, sorting, grouping and joining bytes does it to the values.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray};

use crate::error::{Error, Result};

/// Bytes of a value.
pub const WIDTH: i32 = 12;

/// A time of day with its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTz {
    /// Microseconds from midnight, local, at most 24:00:00.
    pub us: i64,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

impl TimeTz {
    /// The bytes that a column holds.
    #[must_use]
    pub fn key(self) -> [u8; 12] {
        let west = -self.offset_s;
        let utc = self.us + i64::from(west) * 1_000_000;
        let mut key = [0; 12];
        key[..8].copy_from_slice(&(utc ^ i64::MIN).to_be_bytes());
        key[8..].copy_from_slice(&(west ^ i32::MIN).to_be_bytes());
        key
    }

    /// The value of a column's bytes; none where they are no value.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (utc, west) = key.split_first_chunk::<8>()?;
        let utc = i64::from_be_bytes(*utc) ^ i64::MIN;
        let west = i32::from_be_bytes(west.try_into().ok()?) ^ i32::MIN;
        Some(Self { us: utc.checked_sub(i64::from(west) * 1_000_000)?, offset_s: west.checked_neg()? })
    }

    /// A column of values.
    ///
    /// # Errors
    ///
    /// Only what Arrow says to a column that is too long.
    pub fn column(values: impl Iterator<Item = Option<[u8; 12]>>) -> Result<ArrayRef> {
        let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, WIDTH)
            .map_err(|error| Error::internal(format!("could not build a column of times: {error}")))?;
        Ok(Arc::new(array))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_ordered_by_instant_then_zone() {
        let value = |hours: i64, offset: i32| TimeTz { us: hours * 3_600_000_000, offset_s: offset * 3_600 };
        let ordered = [value(0, 14), value(10, 2), value(9, 1), value(8, 0), value(10, 1), value(24, -14)];
        for pair in ordered.windows(2) {
            assert!(pair[0].key() < pair[1].key(), "{pair:?}");
        }
        for value in ordered {
            assert_eq!(TimeTz::from_key(&value.key()), Some(value));
        }
        assert_eq!(TimeTz::from_key(&[0; 3]), None);
    }
}
