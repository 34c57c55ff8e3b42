//! Time zones as functions are given them: names, abbreviations, POSIX offsets, intervals; `AT TIME ZONE`.
//!
//! POSIX rules with a daylight part (`EST5EDT,M3…`) are known only by their names in the zone data.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType};
use chrono_tz::Tz;

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Interval as IntervalTy, Text, Timestamp, TimestampTz};
use super::{Interval, SECOND_US, from_arrow, is_infinite, kernels, timestamp_out_of_range};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::output;
use crate::types::zone::Zone;

/// Abbreviations of PostgreSQL's `Default` set, in hours and minutes east of UTC.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("acdt", 1030),
    ("acst", 930),
    ("acwst", 845),
    ("adt", -300),
    ("aedt", 1100),
    ("aest", 1000),
    ("akdt", -800),
    ("akst", -900),
    ("art", -300),
    ("ast", -400),
    ("awst", 800),
    ("bdst", 200),
    ("bot", -400),
    ("brst", -200),
    ("brt", -300),
    ("bst", 100),
    ("cadt", 1030),
    ("cast", 930),
    ("cdt", -500),
    ("cest", 200),
    ("cet", 100),
    ("cetdst", 200),
    ("clst", -300),
    ("cot", -500),
    ("cst", -600),
    ("cxt", 700),
    ("east", -600),
    ("eat", 300),
    ("edt", -400),
    ("eest", 300),
    ("eet", 200),
    ("eetdst", 300),
    ("est", -500),
    ("fjt", 1200),
    ("gmt", 0),
    ("hkt", 800),
    ("hst", -1000),
    ("ict", 700),
    ("idt", 300),
    ("ist", 200),
    ("jst", 900),
    ("kdt", 1000),
    ("kst", 900),
    ("mdt", -600),
    ("mesz", 200),
    ("mest", 200),
    ("met", 100),
    ("metdst", 200),
    ("mez", 100),
    ("msk", 300),
    ("mst", -700),
    ("mut", 400),
    ("myt", 800),
    ("ndt", -230),
    ("npt", 545),
    ("nst", -330),
    ("nzdt", 1300),
    ("nzst", 1200),
    ("nzt", 1200),
    ("pdt", -700),
    ("pht", 800),
    ("pkt", 500),
    ("pst", -800),
    ("sast", 200),
    ("sgt", 800),
    ("uct", 0),
    ("ut", 0),
    ("utc", 0),
    ("uyst", -200),
    ("uyt", -300),
    ("wast", 200),
    ("wat", 100),
    ("west", 100),
    ("wet", 0),
    ("wetdst", 100),
    ("z", 0),
    ("zulu", 0),
];

/// A zone: one with rules, or a fixed offset.
#[derive(Clone, Debug)]
pub enum ZoneSpec {
    /// A zone of the zone data.
    Rules(Arc<Zone>),
    /// Seconds east of UTC.
    Fixed(i32),
}

impl ZoneSpec {
    /// The zone of a session.
    #[must_use]
    pub fn of(tz: Tz) -> Self {
        if tz == chrono_tz::UTC { Self::Fixed(0) } else { Self::Rules(Zone::of(tz)) }
    }

    /// The zone a text means, `22023` when none.
    pub fn parse(text: &str) -> Result<Self> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, hhmm)) = ABBREVIATIONS.iter().find(|(name, _)| *name == lower) {
            return Ok(Self::Fixed(hhmm / 100 * 3600 + hhmm % 100 * 60));
        }
        if let Ok(tz) = Tz::from_str_insensitive(text) {
            return Ok(Self::of(tz));
        }
        posix(text).map(Self::Fixed).ok_or_else(|| {
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("time zone \"{text}\" not recognized"))
        })
    }

    /// The zone an interval means: its time part east of UTC.
    pub fn from_interval(offset: Interval) -> Result<Self> {
        if offset.months != 0 || offset.days != 0 {
            let mut text = Vec::new();
            output::interval(offset, crate::types::IntervalStyle::Postgres, &mut text);
            let text = String::from_utf8_lossy(&text);
            let message = format!("interval time zone \"{text}\" must not include months or days");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        Ok(Self::Fixed(i32::try_from(offset.us / SECOND_US).map_err(|_| timestamp_out_of_range())?))
    }

    /// Seconds east of UTC at an instant (microseconds from 1970-01-01).
    #[must_use]
    pub fn offset_s(&self, instant: i64) -> i32 {
        match self {
            Self::Rules(zone) => zone.at_utc(instant.div_euclid(SECOND_US)).offset_s,
            Self::Fixed(offset) => *offset,
        }
    }

    /// The local time of an instant; infinities stay.
    #[must_use]
    pub fn to_local(&self, instant: i64) -> i64 {
        if is_infinite(instant) {
            return instant;
        }
        instant.saturating_add(i64::from(self.offset_s(instant)) * SECOND_US)
    }

    /// The instant of a local time; infinities stay. A skipped time is read with the offset before the jump, a
    /// repeated one as its second.
    #[must_use]
    pub fn to_utc(&self, local: i64) -> i64 {
        if is_infinite(local) {
            return local;
        }
        let offset = match self {
            Self::Rules(zone) => zone.at_local(local.div_euclid(SECOND_US)).offset_s,
            Self::Fixed(offset) => *offset,
        };
        local.saturating_sub(i64::from(offset) * SECOND_US)
    }

    /// What the zone is called at an instant.
    #[must_use]
    pub fn abbreviation(&self, instant: i64) -> String {
        match self {
            Self::Rules(zone) => zone.at_utc(instant.div_euclid(SECOND_US)).abbreviation.to_string(),
            Self::Fixed(0) => "UTC".to_owned(),
            Self::Fixed(offset) => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60;
                if minutes % 60 == 0 {
                    format!("{sign}{:02}", minutes / 60)
                } else {
                    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
                }
            }
        }
    }
}

/// The zone of the session that makes a call.
pub(in super::super) fn session_zone(c: &Call<'_>) -> ZoneSpec {
    ZoneSpec::of(c.style().time_zone)
}

/// Zones of a column of texts; the last one is remembered.
#[derive(Default)]
pub(super) struct ZoneCache {
    last: Option<(String, ZoneSpec)>,
}

impl ZoneCache {
    pub(super) fn get(&mut self, text: &str) -> Result<&ZoneSpec> {
        if self.last.as_ref().is_none_or(|(name, _)| name != text) {
            self.last = Some((text.to_owned(), ZoneSpec::parse(text)?));
        }
        self.last.as_ref().map(|(_, zone)| zone).ok_or_else(timestamp_out_of_range)
    }
}

pub(super) fn register(r: &mut Registry) {
    r.add("timezone", &[Text, Timestamp], TimestampTz, |c| by_name(c, ZoneSpec::to_utc));
    r.add("timezone", &[Text, TimestampTz], Timestamp, |c| by_name(c, ZoneSpec::to_local));
    r.add("timezone", &[IntervalTy, Timestamp], TimestampTz, |c| by_interval(c, ZoneSpec::to_utc));
    r.add("timezone", &[IntervalTy, TimestampTz], Timestamp, |c| by_interval(c, ZoneSpec::to_local));
    r.add("timezone", &[Timestamp], TimestampTz, |c| by_session(c, ZoneSpec::to_utc));
    r.add("timezone", &[TimestampTz], Timestamp, |c| by_session(c, ZoneSpec::to_local));
    r.add("timestamptz_to_date", &[TimestampTz], super::super::ty::Ty::Date, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build::<arrow::datatypes::Date32Type>(|i| Ok(kernels::timestamp_to_date(zone.to_local(ts.at(i)))))
    });
    r.add("timestamptz_to_time", &[TimestampTz], super::super::ty::Ty::Time, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        c.build_opt::<Time64MicrosecondType>(|i| {
            let finite = Some(ts.at(i)).filter(|ts| !is_infinite(*ts));
            Ok(finite.map(|ts| zone.to_local(ts).rem_euclid(crate::types::civil::DAY_US)))
        })
    });
    r.add("date_to_timestamptz", &[super::super::ty::Ty::Date], TimestampTz, |c| {
        let (date, zone) = (c.prims::<arrow::datatypes::Date32Type>(0)?, session_zone(c));
        c.build::<TimestampMicrosecondType>(|i| Ok(zone.to_utc(kernels::date_to_timestamp(date.at(i))?)))
    });
    let stable = ["timestamptz_to_date", "timestamptz_to_time", "date_to_timestamptz"];
    r.volatility(datafusion::logical_expr::Volatility::Stable, &stable);
}

fn by_name(c: &Call<'_>, f: fn(&ZoneSpec, i64) -> i64) -> Result<ArrayRef> {
    let (name, ts) = (c.text(0)?, c.prims::<TimestampMicrosecondType>(1)?);
    let mut zones = ZoneCache::default();
    c.build::<TimestampMicrosecondType>(|i| in_range(ts.at(i), f(zones.get(name.at(i))?, ts.at(i))))
}

fn by_interval(c: &Call<'_>, f: fn(&ZoneSpec, i64) -> i64) -> Result<ArrayRef> {
    let (offset, ts) = (c.prims::<IntervalMonthDayNanoType>(0)?, c.prims::<TimestampMicrosecondType>(1)?);
    c.build::<TimestampMicrosecondType>(|i| {
        let zone = ZoneSpec::from_interval(from_arrow(offset.at(i)))?;
        in_range(ts.at(i), f(&zone, ts.at(i)))
    })
}

fn by_session(c: &Call<'_>, f: fn(&ZoneSpec, i64) -> i64) -> Result<ArrayRef> {
    let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
    c.build::<TimestampMicrosecondType>(|i| in_range(ts.at(i), f(&zone, ts.at(i))))
}

fn in_range(from: i64, to: i64) -> Result<i64> {
    if is_infinite(from) {
        return Ok(from);
    }
    kernels::checked(to).ok_or_else(timestamp_out_of_range)
}

/// The offset east of UTC of a POSIX zone without daylight rules: letters or `<…>`, then hours *west*.
fn posix(text: &str) -> Option<i32> {
    let rest = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|ch: char| ch.is_ascii_alphabetic()),
    };
    let (sign, digits) = match rest.as_bytes().first()? {
        b'-' => (1, &rest[1..]),
        b'+' => (-1, &rest[1..]),
        b'0'..=b'9' => (-1, rest),
        _ => return None,
    };
    let mut seconds = 0;
    let mut unit = 3600;
    for (n, part) in digits.split(':').enumerate() {
        let value: i32 = part.parse().ok()?;
        if n > 2 || part.is_empty() || part.len() > 2 || value > if n == 0 { 167 } else { 59 } {
            return None;
        }
        seconds += value * unit;
        unit /= 60;
    }
    Some(sign * seconds)
}
