//! Type modifiers of times and intervals: the digits of a second that are kept, and an interval's fields.
//!
//! The numbers are PostgreSQL's: a time's modifier is its digits, an interval's has its fields in the upper half.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeBinaryArray, ListArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};

use super::civil::{DAY_US, PG_EPOCH_US};
use super::oid;
use super::output::Interval;
use super::timetz::TimeTz;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The bits of an interval's fields.
pub mod field {
    /// `MONTH`
    pub const MONTH: i32 = 1 << 1;
    /// `YEAR`
    pub const YEAR: i32 = 1 << 2;
    /// `DAY`
    pub const DAY: i32 = 1 << 3;
    /// `HOUR`
    pub const HOUR: i32 = 1 << 10;
    /// `MINUTE`
    pub const MINUTE: i32 = 1 << 11;
    /// `SECOND`
    pub const SECOND: i32 = 1 << 12;
    /// Every field.
    pub const ALL: i32 = 0x7fff;
}

/// The most digits of a second.
pub const MAX_PRECISION: i32 = 6;
/// An interval's modifier of any precision.
const FULL_PRECISION: i32 = 0xffff;
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;
/// Microseconds of a minute.
const MINUTE_US: i64 = 60_000_000;

/// The modifier of an interval type with fields and digits.
#[must_use]
pub fn interval_typmod(fields: i32, precision: Option<i32>) -> i32 {
    (fields & field::ALL) << 16 | precision.unwrap_or(FULL_PRECISION) & FULL_PRECISION
}

/// The fields of an interval's modifier.
#[must_use]
pub fn interval_fields(typmod: i32) -> i32 {
    if typmod < 0 { field::ALL } else { typmod >> 16 & field::ALL }
}

/// What `format_type` writes behind `interval` for a modifier: ` day to second(3)`.
#[must_use]
pub fn interval_suffix(typmod: i32) -> String {
    use field::{DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
    const NAMES: [(i32, &str); 14] = [
        (YEAR, " year"),
        (MONTH, " month"),
        (DAY, " day"),
        (HOUR, " hour"),
        (MINUTE, " minute"),
        (SECOND, " second"),
        (YEAR | MONTH, " year to month"),
        (DAY | HOUR, " day to hour"),
        (DAY | HOUR | MINUTE, " day to minute"),
        (DAY | HOUR | MINUTE | SECOND, " day to second"),
        (HOUR | MINUTE, " hour to minute"),
        (HOUR | MINUTE | SECOND, " hour to second"),
        (MINUTE | SECOND, " minute to second"),
        (field::ALL, ""),
    ];
    if typmod < 0 {
        return String::new();
    }
    let fields = interval_fields(typmod);
    let name = NAMES.iter().find(|(bits, _)| *bits == fields).map_or("", |(_, name)| name);
    match typmod & FULL_PRECISION {
        FULL_PRECISION => name.to_owned(),
        precision => format!("{name}({precision})"),
    }
}

/// An interval as its type keeps it: without the fields below the last one, rounded.
///
/// # Errors
///
/// `22008` where rounding leaves the range.
pub fn fit_interval(value: Interval, typmod: i32) -> Result<Interval> {
    use field::{DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
    if typmod < 0 || value == Interval::INFINITY || value == Interval::NEG_INFINITY {
        return Ok(value);
    }
    let fields = interval_fields(typmod);
    let only_months = |months| Interval { months, days: 0, us: 0 };
    let fitted = if fields == YEAR {
        only_months(value.months / 12 * 12)
    } else if fields == MONTH || fields == YEAR | MONTH {
        only_months(value.months)
    } else if fields == DAY {
        Interval { us: 0, ..value }
    } else if fields & SECOND != 0 {
        value
    } else if fields & MINUTE != 0 {
        Interval { us: value.us / MINUTE_US * MINUTE_US, ..value }
    } else if fields & HOUR != 0 {
        Interval { us: value.us / HOUR_US * HOUR_US, ..value }
    } else {
        value
    };
    let us = match typmod & FULL_PRECISION {
        FULL_PRECISION => fitted.us,
        precision => {
            let out_of_range = || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range");
            rounded(fitted.us, precision).ok_or_else(out_of_range)?
        }
    };
    Ok(Interval { us, ..fitted })
}

/// Microseconds rounded to digits of a second, halves away from zero; none beyond 64 bits.
#[must_use]
pub fn rounded(us: i64, precision: i32) -> Option<i64> {
    let places = u32::try_from(MAX_PRECISION - precision.clamp(0, MAX_PRECISION)).unwrap_or(0);
    let unit = 10_i64.pow(places);
    let cut = |us: i64| us.checked_add(unit / 2).map(|us| us / unit * unit);
    if us < 0 { us.checked_neg().and_then(cut).map(|us| -us) } else { cut(us) }
}

/// A timestamp (microseconds from 1970-01-01) rounded as PostgreSQL rounds it, from 2000-01-01.
///
/// # Errors
///
/// `22008` where rounding leaves the range.
pub fn fit_timestamp(us: i64, typmod: i32) -> Result<i64> {
    if typmod < 0 || us == i64::MAX || us == i64::MIN {
        return Ok(us);
    }
    let rounded = us.checked_sub(PG_EPOCH_US).and_then(|us| rounded(us, typmod));
    rounded
        .and_then(|us| us.checked_add(PG_EPOCH_US))
        .ok_or_else(|| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range"))
}

/// A time of day rounded; 24:00:00 is the last one.
#[must_use]
pub fn fit_time(us: i64, typmod: i32) -> i64 {
    if typmod < 0 { us } else { rounded(us, typmod).unwrap_or(us).min(DAY_US) }
}

/// A column of a date or time type (or arrays of one) as a modifier wants its values; other types stay as they are.
///
/// # Errors
///
/// `22008` where rounding leaves a type's range.
pub fn fit(array: &ArrayRef, oid: u32, typmod: i32) -> Result<ArrayRef> {
    if typmod < 0 {
        return Ok(Arc::clone(array));
    }
    if let Some(element) = oid::element_of(oid)
        && let Some(list) = array.as_list_opt::<i32>()
    {
        let DataType::List(field) = list.data_type() else { return Ok(Arc::clone(array)) };
        let inner = if matches!(list.values().data_type(), DataType::List(_)) { oid } else { element };
        let values = fit(list.values(), inner, typmod)?;
        let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
        return Ok(Arc::new(ListArray::new(Arc::clone(field), offsets, values, nulls)));
    }
    match oid {
        oid::TIME => each::<Time64MicrosecondType>(array, |us| Ok(fit_time(us, typmod))),
        oid::TIMESTAMP | oid::TIMESTAMPTZ => each::<TimestampMicrosecondType>(array, |us| fit_timestamp(us, typmod)),
        oid::INTERVAL => each::<IntervalMonthDayNanoType>(array, |value| {
            let value = Interval::from_nanos(value.months, value.days, value.nanoseconds);
            let (months, days, ns) = fit_interval(value, typmod)?
                .to_nanos()
                .ok_or_else(|| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range"))?;
            Ok(IntervalMonthDayNano::new(months, days, ns))
        }),
        oid::TIMETZ => timetz(array, typmod),
        _ => Ok(Arc::clone(array)),
    }
}

/// Each value of a primitive column anew, in the column's own Arrow type.
fn each<P: ArrowPrimitiveType>(array: &ArrayRef, fit: impl Fn(P::Native) -> Result<P::Native>) -> Result<ArrayRef> {
    let Some(values) = array.as_primitive_opt::<P>() else { return Ok(Arc::clone(array)) };
    let fitted: PrimitiveArray<P> = values.iter().map(|value| value.map(&fit).transpose()).collect::<Result<_>>()?;
    Ok(Arc::new(fitted.with_data_type(array.data_type().clone())))
}

fn timetz(array: &ArrayRef, typmod: i32) -> Result<ArrayRef> {
    let Some(values) = array.as_any().downcast_ref::<FixedSizeBinaryArray>() else { return Ok(Arc::clone(array)) };
    let fitted = values.iter().map(|value| {
        let value = value.and_then(TimeTz::from_key)?;
        Some(TimeTz { us: fit_time(value.us, typmod), ..value }.key())
    });
    TimeTz::column(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(rounded(1_500_000, 0), Some(2_000_000));
        assert_eq!(rounded(-1_500_000, 0), Some(-2_000_000));
        assert_eq!(rounded(1_499_999, 0), Some(1_000_000));
        assert_eq!(rounded(123_456, 6), Some(123_456));
        assert_eq!(rounded(i64::MAX, 0), None);
    }

    #[test]
    fn intervals_keep_their_fields() {
        let value = Interval { months: 14, days: 3, us: 3_723_400_000 };
        let fitted = |fields| fit_interval(value, interval_typmod(fields, None)).expect("in range");
        assert_eq!(fitted(field::YEAR), Interval { months: 12, days: 0, us: 0 });
        assert_eq!(fitted(field::DAY | field::HOUR), Interval { us: 3_600_000_000, ..value });
        assert_eq!(fitted(field::ALL), value);
        assert_eq!(interval_suffix(interval_typmod(field::DAY | field::HOUR, None)), " day to hour");
        assert_eq!(interval_suffix(interval_typmod(field::ALL, Some(2))), "(2)");
    }
}
