//! Time zones as functions are given them: names, abbreviations, POSIX offsets, intervals; `AT TIME ZONE`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Interval as IntervalTy, Text, Timestamp, TimestampTz};
use super::{Interval, SECOND_US, from_arrow, is_infinite, kernels, timestamp_out_of_range};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::output;
use crate::types::zone::{self, Abbreviation, Zone};

/// A zone: one with rules, or a fixed offset.
#[derive(Clone, Debug)]
pub enum ZoneSpec {
    /// A zone by its name.
    Rules(Arc<Zone>),
    /// An abbreviation that a zone has given several meanings.
    Abbreviated(Arc<Zone>, &'static str),
    /// Seconds east of UTC.
    Fixed(i32),
}

impl ZoneSpec {
    /// The zone of a session.
    #[must_use]
    pub fn of(zone: &Arc<Zone>) -> Self {
        if zone.name() == "UTC" { Self::Fixed(0) } else { Self::Rules(Arc::clone(zone)) }
    }

    /// What an abbreviation means.
    #[must_use]
    pub fn abbreviated(text: &str) -> Option<Self> {
        match zone::abbreviation(&text.to_ascii_lowercase())? {
            (_, Abbreviation::Offset(offset)) => Some(Self::Fixed(offset)),
            (name, Abbreviation::Zone(of)) => Zone::named(of).map(|zone| Self::Abbreviated(zone, name)),
        }
    }

    /// The zone a text means, `22023` when none.
    pub fn parse(text: &str) -> Result<Self> {
        let meaning = Self::abbreviated(text).or_else(|| Zone::named(text).map(|zone| Self::of(&zone)));
        meaning.ok_or_else(|| {
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
            Self::Abbreviated(zone, name) => zone.abbreviated_at_utc(name, instant.div_euclid(SECOND_US)),
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
            Self::Abbreviated(zone, name) => zone.abbreviated_at_local(name, local.div_euclid(SECOND_US)),
            Self::Fixed(offset) => *offset,
        };
        local.saturating_sub(i64::from(offset) * SECOND_US)
    }

    /// What the zone is called at an instant.
    #[must_use]
    pub fn abbreviation(&self, instant: i64) -> String {
        match self {
            Self::Rules(zone) => zone.at_utc(instant.div_euclid(SECOND_US)).abbreviation.to_string(),
            Self::Abbreviated(_, name) => name.to_uppercase(),
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
    ZoneSpec::of(&c.style().time_zone)
}

/// The instant at which the caller's transaction began.
pub(super) fn transaction_us(c: &Call<'_>) -> i64 {
    c.vars().map_or_else(chrono::Utc::now, |vars| vars.transaction_start).timestamp_micros()
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
