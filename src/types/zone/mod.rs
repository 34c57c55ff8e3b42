//! Time zones as sorted spans of one offset each: the offset of an instant and of
//! a local time, as PostgreSQL sees them.
//!
//! `chrono-tz` answers single instants and hides its spans, so the spans of a zone are found once per process by
//! walking its days, and kept. After [`LAST_YEAR`] the rules go on for ever, as PostgreSQL has it: a later year is
//! answered by the year of the last 28 that has the same calendar. The rules of a POSIX name hold backwards too.

mod abbreviations;
mod rules;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono_tz::Tz;

pub use abbreviations::{Abbreviation, abbreviation};

use super::civil::{self, Civil, DAY_S};
use crate::settings::zone::ZoneName;

/// The last year whose offsets are taken from the zone's data.
const LAST_YEAR: i64 = 2099;
/// The first second after it.
const END_S: i64 = 4_102_444_800;
/// The days of 400 years, after which the calendar repeats itself.
const CYCLE_S: i64 = 146_097 * DAY_S;

/// A stretch of time with one offset and one abbreviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First second (UTC, from 1970-01-01) of the span.
    pub start_s: i64,
    /// Seconds east of UTC.
    pub offset_s: i32,
    /// What the zone calls it, e.g. `CEST`, `LMT`, `+04`.
    pub abbreviation: Box<str>,
}

/// A zone's spans, first to last; the first one has no beginning. Zones are equal when their names are.
#[derive(Debug)]
pub struct Zone {
    name: Box<str>,
    spans: Vec<Span>,
    /// Whether the spans repeat themselves before their first one too.
    always: bool,
}

/// A zone with the span looked at last, for columns whose values are close to each other.
#[derive(Clone, Debug)]
pub struct ZoneCursor {
    zone: Arc<Zone>,
    /// Index of the last span, and its half-open range.
    at: usize,
    from_s: i64,
    until_s: i64,
}

/// The zones seen so far; they are few and never dropped.
static ZONES: LazyLock<Mutex<HashMap<Tz, Arc<Zone>>>> = LazyLock::new(Mutex::default);

impl Zone {
    /// A zone of the database; the first use of a zone takes a few milliseconds.
    #[must_use]
    pub fn of(tz: Tz) -> Arc<Self> {
        let mut zones = ZONES.lock().unwrap_or_else(PoisonError::into_inner);
        let zone = zones
            .entry(tz)
            .or_insert_with(|| Arc::new(Self { name: tz.name().into(), spans: rules::of_database(tz), always: false }));
        Arc::clone(zone)
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Arc<Self> {
        Self::of(Tz::UTC)
    }

    /// The zone of a name, as PostgreSQL's `TimeZone` and its functions take it; abbreviations are not among them.
    #[must_use]
    pub fn named(text: &str) -> Option<Arc<Self>> {
        ZoneName::parse(text).map(|name| Self::from(&name))
    }

    /// The zone that a name stands for.
    #[must_use]
    pub fn from(name: &ZoneName) -> Arc<Self> {
        match name {
            ZoneName::Iana(tz) => Self::of(*tz),
            ZoneName::Posix(posix) => Arc::new(Self {
                name: posix.name.as_str().into(),
                spans: rules::of_posix(posix),
                always: posix.daylight.is_some(),
            }),
        }
    }

    /// Its name as SHOW prints it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The offset of a zone that has but one, in seconds east of UTC.
    #[must_use]
    pub fn only_offset(&self) -> Option<i32> {
        match self.spans.as_slice() {
            [only] => Some(only.offset_s),
            _ => None,
        }
    }

    /// The span of an instant, in seconds (UTC) from 1970-01-01.
    #[must_use]
    pub fn at_utc(&self, utc_s: i64) -> &Span {
        &self.spans[self.index(utc_s)]
    }

    /// The offset PostgreSQL gives a local time: a time that a jump forward skipped is read with the offset before the
    /// jump, a time that happens twice is its second one.
    #[must_use]
    pub fn at_local(&self, local_s: i64) -> &Span {
        let local_s = self.known(local_s);
        // The first change after the day before decides; there is at most one near a local time.
        let before = self.index(local_s - DAY_S);
        let Some(next) = self.spans.get(before + 1) else { return &self.spans[before] };
        let with_before = local_s - i64::from(self.spans[before].offset_s);
        let with_after = local_s - i64::from(next.offset_s);
        if with_before < next.start_s && with_after < next.start_s {
            &self.spans[before]
        } else if with_before >= next.start_s && with_after >= next.start_s {
            next
        } else if with_before > with_after {
            &self.spans[before]
        } else {
            next
        }
    }

    /// The span an abbreviation of this zone was last used in at or before an instant, else its first use after it.
    #[must_use]
    pub fn by_abbreviation(&self, abbreviation: &str, utc_s: i64) -> Option<&Span> {
        let named = |span: &&Span| span.abbreviation.eq_ignore_ascii_case(abbreviation);
        let (past, future) = self.spans.split_at(self.index(utc_s) + 1);
        past.iter().rev().find(named).or_else(|| future.iter().find(named))
    }

    /// Which span an instant lies in.
    fn index(&self, utc_s: i64) -> usize {
        let utc_s = self.known(utc_s);
        self.spans.partition_point(|span| span.start_s <= utc_s).saturating_sub(1)
    }

    /// A second among those whose spans are known.
    fn known(&self, seconds: i64) -> i64 {
        if self.always && seconds < END_S - CYCLE_S {
            return END_S - CYCLE_S + (seconds - END_S).rem_euclid(CYCLE_S);
        }
        same_calendar(seconds)
    }

    /// The offset that an abbreviation of this zone means at a local time: that of its last use before it, else of its
    /// first one after it, else the zone's own.
    #[must_use]
    pub fn abbreviated_at_local(&self, abbreviation: &str, local_s: i64) -> i32 {
        let own = self.at_local(local_s);
        let span = self.by_abbreviation(abbreviation, local_s - i64::from(own.offset_s));
        span.unwrap_or(own).offset_s
    }

    /// The offset that an abbreviation of this zone means at an instant, as [`Self::abbreviated_at_local`].
    #[must_use]
    pub fn abbreviated_at_utc(&self, abbreviation: &str, utc_s: i64) -> i32 {
        self.by_abbreviation(abbreviation, utc_s).unwrap_or_else(|| self.at_utc(utc_s)).offset_s
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ZoneCursor {
    /// A cursor that has looked at nothing yet.
    #[must_use]
    pub fn new(zone: Arc<Zone>) -> Self {
        Self { zone, at: 0, from_s: i64::MAX, until_s: i64::MIN }
    }

    /// Seconds east of UTC at an instant.
    #[inline]
    pub fn offset_s(&mut self, utc_s: i64) -> i32 {
        self.span(utc_s).offset_s
    }

    /// The span of an instant.
    #[inline]
    pub fn span(&mut self, utc_s: i64) -> &Span {
        if utc_s < self.from_s || utc_s >= self.until_s {
            self.seek(utc_s);
        }
        &self.zone.spans[self.at]
    }

    /// Finds the span of an instant outside the last one. One beyond the data is not remembered, since its span is of
    /// another year.
    #[cold]
    fn seek(&mut self, utc_s: i64) {
        let spans = &self.zone.spans;
        self.at = self.zone.index(utc_s);
        if self.zone.known(utc_s) == utc_s {
            self.from_s = spans[self.at].start_s;
            self.until_s = spans.get(self.at + 1).map_or(END_S, |next| next.start_s);
        } else {
            (self.from_s, self.until_s) = (utc_s, utc_s + 1);
        }
    }
}

/// A second after the zone data as the same second of a year that has the same calendar.
fn same_calendar(seconds: i64) -> i64 {
    if seconds < END_S {
        return seconds;
    }
    let first_day = |year| Civil { year, month: 1, day: 1 }.to_days();
    let year = Civil::from_days(seconds.div_euclid(DAY_S)).year;
    let alike = (LAST_YEAR - 27..=LAST_YEAR)
        .find(|&other| {
            civil::is_leap(other) == civil::is_leap(year)
                && civil::weekday(first_day(other)) == civil::weekday(first_day(year))
        })
        .expect("28 years hold all 14 calendars");
    seconds - (first_day(year) - first_day(alike)) * DAY_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_follows_the_last_year() {
        assert_eq!(END_S, Civil { year: LAST_YEAR + 1, month: 1, day: 1 }.to_days() * DAY_S);
    }

    #[test]
    fn offsets_follow_the_zone() {
        let mut new_york = ZoneCursor::new(Zone::of(chrono_tz::America::New_York));
        assert_eq!(new_york.offset_s(-4_000_000_000), -17_762);
        assert_eq!(new_york.offset_s(1_600_000_000), -14_400);
        assert_eq!(new_york.offset_s(1_604_210_399), -14_400);
        assert_eq!(new_york.offset_s(1_604_210_400), -18_000);
        // 2150-07-01 12:00 UTC, beyond the zone's data
        assert_eq!(new_york.offset_s(5_695_963_200), -14_400);
    }

    #[test]
    fn local_times_in_gaps_and_folds() {
        let berlin = Zone::of(chrono_tz::Europe::Berlin);
        let local =
            |day: u32, month, hour: i64| Civil { year: 2024, month, day }.to_days() * DAY_S + hour * 3_600 + 1_800;
        assert_eq!(berlin.at_local(local(31, 3, 2)).offset_s, 3_600);
        assert_eq!(berlin.at_local(local(31, 3, 3)).offset_s, 7_200);
        assert_eq!(berlin.at_local(local(27, 10, 2)).offset_s, 3_600);
        assert_eq!(berlin.at_local(local(27, 10, 1)).offset_s, 7_200);
        assert_eq!(berlin.at_local(local(1, 1, 0)).offset_s, 3_600);
    }
}
