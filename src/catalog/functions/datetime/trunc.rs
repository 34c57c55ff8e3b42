//! `date_trunc` and `date_bin`.

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Interval as IntervalTy, Text, Timestamp, TimestampTz};
use super::extract::{iso_week, iso_year_start};
use super::unit::{Unit, unsupported};
use super::zone::{ZoneCache, session_zone};
use super::{
    Fields, HOUR_US, Interval, SECOND_US, ZoneSpec, from_arrow, interval, is_infinite, timestamp_out_of_range, to_arrow,
};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US};

const TIMESTAMP: &str = "timestamp without time zone";
const TIMESTAMPTZ: &str = "timestamp with time zone";

pub(super) fn register(r: &mut Registry) {
    r.add("date_trunc", &[Text, Timestamp], Timestamp, |c| {
        let (words, ts) = (c.text(0)?, c.prims::<TimestampMicrosecondType>(1)?);
        let mut units = Units::new(TIMESTAMP);
        c.build::<TimestampMicrosecondType>(|i| {
            // PostgreSQL looks at the unit only when there is something to cut.
            if is_infinite(ts.at(i)) {
                return Ok(ts.at(i));
            }
            truncate(ts.at(i), units.get(words.at(i))?, words.at(i), TIMESTAMP)
        })
    });
    r.add("date_trunc", &[Text, TimestampTz], TimestampTz, |c| {
        let (words, ts) = (c.text(0)?, c.prims::<TimestampMicrosecondType>(1)?);
        let (mut units, zone) = (Units::new(TIMESTAMPTZ), session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| {
            if is_infinite(ts.at(i)) {
                return Ok(ts.at(i));
            }
            truncate_in_zone(ts.at(i), units.get(words.at(i))?, words.at(i), &zone)
        })
    });
    r.add("date_trunc", &[Text, TimestampTz, Text], TimestampTz, |c| {
        let (words, ts, names) = (c.text(0)?, c.prims::<TimestampMicrosecondType>(1)?, c.text(2)?);
        let (mut units, mut zones) = (Units::new(TIMESTAMPTZ), ZoneCache::default());
        c.build::<TimestampMicrosecondType>(|i| {
            if is_infinite(ts.at(i)) {
                return Ok(ts.at(i));
            }
            truncate_in_zone(ts.at(i), units.get(words.at(i))?, words.at(i), zones.get(names.at(i))?)
        })
    });
    r.add("date_trunc", &[Text, IntervalTy], IntervalTy, |c| {
        let (words, spans) = (c.text(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
        let mut units = Units::new("interval");
        c.build::<IntervalMonthDayNanoType>(|i| {
            let span = from_arrow(spans.at(i));
            if interval::is_infinite(span) {
                return to_arrow(span);
            }
            to_arrow(truncate_interval(span, units.get(words.at(i))?, words.at(i))?)
        })
    });
    r.add("date_bin", &[IntervalTy, Timestamp, Timestamp], Timestamp, bin);
    r.add("date_bin", &[IntervalTy, TimestampTz, TimestampTz], TimestampTz, bin);
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["date_trunc"]);
}

/// Units of a column of words; the last one is remembered.
struct Units<'a> {
    type_name: &'static str,
    last: Option<(&'a str, Unit)>,
}

impl<'a> Units<'a> {
    fn new(type_name: &'static str) -> Self {
        Self { type_name, last: None }
    }

    fn get(&mut self, word: &'a str) -> Result<Unit> {
        if let Some((name, unit)) = self.last
            && name == word
        {
            return Ok(unit);
        }
        let unit = Unit::to_cut(word, self.type_name)?;
        self.last = Some((word, unit));
        Ok(unit)
    }
}

fn truncate_in_zone(instant: i64, unit: Unit, word: &str, zone: &ZoneSpec) -> Result<i64> {
    let local = zone.to_local(instant);
    let cut = truncate(local, unit, word, TIMESTAMPTZ)?;
    // Within a day the offset stays, so that the repeated hour of a fold keeps its place.
    let keeps_offset =
        matches!(unit, Unit::Microseconds | Unit::Milliseconds | Unit::Second | Unit::Minute | Unit::Hour);
    Ok(if keeps_offset { cut - (local - instant) } else { zone.to_utc(cut) })
}

/// A local timestamp cut to a unit.
fn truncate(timestamp: i64, unit: Unit, word: &str, type_name: &str) -> Result<i64> {
    let size = match unit {
        Unit::Microseconds => 1,
        Unit::Milliseconds => 1000,
        Unit::Second => SECOND_US,
        Unit::Minute => 60 * SECOND_US,
        Unit::Hour => HOUR_US,
        Unit::Day => DAY_US,
        Unit::Week | Unit::Month | Unit::Quarter | Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium => 0,
        _ => return Err(unsupported(word, type_name)),
    };
    if size > 0 {
        return Ok(timestamp - timestamp.rem_euclid(size));
    }
    let days = timestamp.div_euclid(DAY_US);
    if unit == Unit::Week {
        let (year, week) = iso_week(days);
        return at_midnight(Civil::from_days(iso_year_start(year) + (week - 1) * 7));
    }
    let date = Civil::from_days(days);
    let year = date.year;
    let start = |year| Civil { year, month: 1, day: 1 };
    at_midnight(match unit {
        Unit::Month => Civil { day: 1, ..date },
        Unit::Quarter => Civil { day: 1, month: (date.month - 1) / 3 * 3 + 1, ..date },
        Unit::Year => start(year),
        Unit::Decade => start(if year > 0 { year / 10 * 10 } else { -((8 - (year - 1)) / 10) * 10 }),
        Unit::Century => {
            start(if year > 0 { (year + 99) / 100 * 100 - 99 } else { -((99 - (year - 1)) / 100) * 100 + 1 })
        }
        _ => start(if year > 0 { (year + 999) / 1000 * 1000 - 999 } else { -((999 - (year - 1)) / 1000) * 1000 + 1 }),
    })
}

fn at_midnight(date: Civil) -> Result<i64> {
    Fields::at(date, 0).timestamp().ok_or_else(timestamp_out_of_range)
}

fn truncate_interval(span: Interval, unit: Unit, word: &str) -> Result<Interval> {
    let months = |size: i32| Interval { months: span.months / size * size, days: 0, us: 0 };
    let time = |size: i64| Interval { us: span.us / size * size, ..span };
    Ok(match unit {
        Unit::Millennium => months(12_000),
        Unit::Century => months(1_200),
        Unit::Decade => months(120),
        Unit::Year => months(12),
        Unit::Quarter => months(3),
        Unit::Month => months(1),
        Unit::Day => Interval { us: 0, ..span },
        Unit::Hour => time(HOUR_US),
        Unit::Minute => time(60 * SECOND_US),
        Unit::Second => time(SECOND_US),
        Unit::Milliseconds => time(1000),
        Unit::Microseconds => span,
        Unit::Week => {
            return Err(unsupported(word, "interval").detail("Months usually have fractional weeks."));
        }
        _ => return Err(unsupported(word, "interval")),
    })
}

fn bin(c: &Call<'_>) -> Result<ArrayRef> {
    let strides = c.prims::<IntervalMonthDayNanoType>(0)?;
    let (ts, origin) = (c.prims::<TimestampMicrosecondType>(1)?, c.prims::<TimestampMicrosecondType>(2)?);
    c.build::<TimestampMicrosecondType>(|i| date_bin(from_arrow(strides.at(i)), ts.at(i), origin.at(i)))
}

/// The start of the stride a timestamp lies in, strides counted from `origin`.
pub fn date_bin(stride: Interval, timestamp: i64, origin: i64) -> Result<i64> {
    let out_of_range = |message: &'static str| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message);
    if is_infinite(timestamp) {
        return Ok(timestamp);
    }
    if is_infinite(origin) {
        return Err(out_of_range("origin out of range"));
    }
    if interval::is_infinite(stride) {
        return Err(out_of_range("timestamps cannot be binned into infinite intervals"));
    }
    if stride.months != 0 {
        let message = "timestamps cannot be binned into intervals containing months or years";
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    }
    let size = i64::from(stride.days).checked_mul(DAY_US).and_then(|days| days.checked_add(stride.us));
    let size = size.ok_or_else(super::interval_out_of_range)?;
    if size <= 0 {
        return Err(out_of_range("stride must be greater than zero"));
    }
    let distance = timestamp.checked_sub(origin).ok_or_else(super::interval_out_of_range)?;
    let start = origin.checked_add(distance - distance.rem_euclid(size));
    start.and_then(super::kernels::checked).ok_or_else(timestamp_out_of_range)
}
