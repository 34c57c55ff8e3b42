//! Where a zone's spans come from: the time zone database, or the rules in a POSIX name.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{OffsetName, Tz};

use super::{END_S, LAST_YEAR, Span};
use crate::settings::zone::posix::{Change, ChangeDay, Daylight, Posix};
use crate::types::civil::{self, Civil, DAY_S};

/// No zone left local mean time before this year.
const FIRST_YEAR: i64 = 1800;
/// The years before those that stand for all others of a POSIX name, so that the first of them starts right.
const MARGIN_YEARS: i64 = 2;

/// A zone's spans, found by asking for every day. No zone changes its offset twice on one day.
pub fn of_database(tz: Tz) -> Vec<Span> {
    let first_day = Civil { year: FIRST_YEAR, month: 1, day: 1 }.to_days();
    let mut spans = vec![Span { start_s: i64::MIN, ..probe(tz, first_day * DAY_S) }];
    let mut known_s = first_day * DAY_S;
    while known_s < END_S {
        let next_s = known_s + DAY_S;
        let last = spans.last().expect("the list starts with one");
        let span = probe(tz, next_s);
        if !same_rule(&span, last) {
            let start_s = first_of(tz, &span, known_s, next_s);
            spans.push(Span { start_s, ..span });
        }
        known_s = next_s;
    }
    spans
}

/// The spans of a POSIX name over the 400 years that stand for all years, and a few around them.
pub fn of_posix(posix: &Posix) -> Vec<Span> {
    let standard = Span {
        start_s: i64::MIN,
        offset_s: posix.standard.offset_s,
        abbreviation: posix.standard.abbreviation.as_str().into(),
    };
    let Some(daylight) = &posix.daylight else { return vec![standard] };
    let mut spans = Vec::new();
    for year in LAST_YEAR - 399 - MARGIN_YEARS..=LAST_YEAR + MARGIN_YEARS {
        spans.extend(of_year(year, &standard, daylight));
    }
    spans.sort_by_key(|span| span.start_s);
    let mut all = vec![standard];
    all.append(&mut spans);
    all
}

/// The two changes of a year.
fn of_year(year: i64, standard: &Span, daylight: &Daylight) -> [Span; 2] {
    let at = |change: Change, before_s: i32| moment(year, change) - i64::from(before_s);
    let period = &daylight.period;
    let summer = Span {
        start_s: at(daylight.start, standard.offset_s),
        offset_s: period.offset_s,
        abbreviation: period.abbreviation.as_str().into(),
    };
    let winter = Span { start_s: at(daylight.end, period.offset_s), ..standard.clone() };
    [summer, winter]
}

/// A change of a year in local seconds from 1970-01-01.
fn moment(year: i64, change: Change) -> i64 {
    let first_day = |month| Civil { year, month, day: 1 }.to_days();
    let day = match change.day {
        ChangeDay::WithoutLeapDay(day) => {
            first_day(1) + i64::from(day) - 1 + i64::from(civil::is_leap(year) && day >= 60)
        }
        ChangeDay::OfYear(day) => first_day(1) + i64::from(day),
        ChangeDay::Weekday { month, week, weekday } => {
            let first = first_day(month);
            let until = (i64::from(weekday) - first - 4).rem_euclid(7);
            let last = i64::from(civil::days_in_month(year, month));
            let mut of_month = until + 7 * (i64::from(week) - 1);
            if of_month >= last {
                of_month -= 7;
            }
            first + of_month
        }
    };
    day * DAY_S + i64::from(change.second)
}

/// The second in `(before_s, at_s]` at which a span starts.
fn first_of(tz: Tz, span: &Span, mut before_s: i64, mut at_s: i64) -> i64 {
    while at_s - before_s > 1 {
        let middle = before_s + (at_s - before_s) / 2;
        if same_rule(&probe(tz, middle), span) {
            at_s = middle;
        } else {
            before_s = middle;
        }
    }
    at_s
}

/// Whether two probes belong to one span.
fn same_rule(left: &Span, right: &Span) -> bool {
    left.offset_s == right.offset_s && left.abbreviation == right.abbreviation
}

/// What holds at an instant, as a span that starts there.
fn probe(tz: Tz, utc_s: i64) -> Span {
    let utc = DateTime::from_timestamp(utc_s, 0).expect("the years of zone data are in chrono's range");
    let offset = tz.offset_from_utc_datetime(&utc.naive_utc());
    let offset_s = offset.fix().local_minus_utc();
    let abbreviation = offset.abbreviation().map_or_else(|| numeric_name(offset_s), Box::from);
    Span { start_s: utc_s, offset_s, abbreviation }
}

/// What zones without letters are called: `+04`, `-0330`.
fn numeric_name(offset_s: i32) -> Box<str> {
    let minutes = offset_s.abs() / 60;
    let sign = if offset_s < 0 { '-' } else { '+' };
    match minutes % 60 {
        0 => format!("{sign}{:02}", minutes / 60).into(),
        rest => format!("{sign}{:02}{rest:02}", minutes / 60).into(),
    }
}
