//! `to_char` of timestamps, dates, times and intervals.

use std::fmt::Write as _;

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::datetime::{
    Fields, Interval, JULIAN_EPOCH, SECOND_US, ZoneSpec, from_arrow, interval, is_infinite, iso_week, iso_year_start,
    session_zone,
};
use super::super::ty::Ty::{Interval as IntervalTy, Text, Timestamp, TimestampTz};
use super::super::udf::fault;
use super::ordinal;
use super::template::{Case, Key, Node, parse};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{self, Civil};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const ROMAN_MONTHS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

pub(super) fn register(r: &mut Registry) {
    r.add("to_char", &[Timestamp, Text], Text, |c| {
        let ts = c.prims::<TimestampMicrosecondType>(0)?;
        print(c, |i| Ok((!is_infinite(ts.at(i))).then(|| Moment::of(ts.at(i), None))))
    });
    r.add("to_char", &[TimestampTz, Text], Text, |c| {
        let (ts, zone) = (c.prims::<TimestampMicrosecondType>(0)?, session_zone(c));
        print(c, |i| Ok((!is_infinite(ts.at(i))).then(|| Moment::of(zone.to_local(ts.at(i)), Some((&zone, ts.at(i)))))))
    });
    r.add("to_char", &[IntervalTy, Text], Text, |c| {
        let spans = c.prims::<IntervalMonthDayNanoType>(0)?;
        print(c, |i| {
            let span = from_arrow(spans.at(i));
            Ok((!interval::is_infinite(span)).then(|| Moment::of_interval(span)))
        })
    });
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["to_char"]);
}

/// What a template may ask of a value.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    us: i64,
    /// Day of the year, from 1; of an interval about all its days.
    day_of_year: i64,
    /// Days from 1970-01-01; none of an interval.
    days: Option<i64>,
    offset_s: i64,
    zone: String,
}

impl Moment {
    fn of(local: i64, zone: Option<(&ZoneSpec, i64)>) -> Self {
        let fields = Fields::of(local);
        let days = fields.date.to_days();
        Self {
            year: fields.date.year,
            month: i64::from(fields.date.month),
            day: i64::from(fields.date.day),
            hour: fields.hour,
            minute: fields.minute,
            second: fields.second,
            us: fields.us,
            day_of_year: days - Civil { month: 1, day: 1, ..fields.date }.to_days() + 1,
            days: Some(days),
            offset_s: zone.map_or(0, |(zone, instant)| i64::from(zone.offset_s(instant))),
            zone: zone.map_or_else(String::new, |(zone, instant)| zone.abbreviation(instant)),
        }
    }

    fn of_interval(span: Interval) -> Self {
        let (year, month, day) = (i64::from(span.months / 12), i64::from(span.months % 12), i64::from(span.days));
        let seconds = span.us / SECOND_US;
        Self {
            year,
            month,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            us: span.us % SECOND_US,
            day_of_year: (year * 12 + month) * 30 + day,
            days: None,
            offset_s: 0,
            zone: String::new(),
        }
    }

    /// The year as it is written, without era.
    fn shown_year(&self, year: i64) -> i64 {
        if self.days.is_some() && year <= 0 { 1 - year } else { year }
    }

    fn day_number(&self) -> Result<i64> {
        self.days.ok_or_else(|| {
            Error::new(sqlstate::INVALID_DATETIME_FORMAT, "invalid format specification for an interval value")
                .hint("Intervals are not tied to specific calendar dates.")
        })
    }

    /// Days from 1970-01-01; of an interval those that its parts would name, whatever that means.
    fn day_of_parts(&self) -> i64 {
        self.days.unwrap_or_else(|| julian_of_parts(self.year, self.month, self.day) - JULIAN_EPOCH)
    }

    fn iso(&self) -> (i64, i64) {
        match self.days {
            Some(days) => iso_week(days),
            None => iso_of_parts(self.year, self.day_of_parts() + JULIAN_EPOCH),
        }
    }
}

/// The Julian day of a date, by the formula that PostgreSQL applies to an interval's parts too.
fn julian_of_parts(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year + 4800, month + 1) } else { (year + 4799, month + 13) };
    let century = year / 100;
    year * 365 - 32_167 + year / 4 - century + century / 4 + 7_834 * month / 256 + day
}

/// ISO year and week of a Julian day in or near a year.
fn iso_of_parts(mut year: i64, julian: i64) -> (i64, i64) {
    let first_monday = |year: i64| {
        let fourth = julian_of_parts(year, 1, 4);
        fourth - (fourth + 7).rem_euclid(7)
    };
    let mut start = first_monday(year);
    if julian < start {
        year -= 1;
        start = first_monday(year);
    }
    let mut week = (julian - start) / 7 + 1;
    if week >= 52 && julian >= first_monday(year + 1) {
        year += 1;
        week = (julian - first_monday(year)) / 7 + 1;
    }
    (year, week)
}

fn print(c: &Call<'_>, value: impl Fn(usize) -> Result<Option<Moment>>) -> Result<ArrayRef> {
    let templates = c.text(1)?;
    let mut parsed: Option<(&str, Vec<Node>)> = None;
    c.build_text_opt(|i, out| {
        let template = templates.at(i);
        if parsed.as_ref().is_none_or(|(text, _)| *text != template) {
            parsed = Some((template, parse(template)));
        }
        let (Some(moment), Some((_, nodes)), false) = (value(i)?, &parsed, template.is_empty()) else {
            return Ok(false);
        };
        for node in nodes {
            match node {
                Node::Separator(ch) | Node::Text(ch) => out.push(*ch),
                Node::Field { key, case, fill, ordinal: suffix, .. } => {
                    let start = out.len();
                    write_field(&moment, *key, *case, *fill, out)?;
                    let digits = out[start..].ends_with(|ch: char| ch.is_ascii_digit());
                    if let (Some(upper), true) = (suffix, digits) {
                        let letters = ordinal(&out[start..]);
                        out.push_str(&if *upper { letters.to_ascii_uppercase() } else { letters.to_owned() });
                    }
                }
            }
        }
        Ok(true)
    })
}

/// Appends a number with zeros to a width, one more for a sign; without any when `fill` asks so.
fn number(value: i64, width: usize, fill: bool, out: &mut String) -> Result<()> {
    let width = if fill {
        0
    } else if value < 0 {
        width + 1
    } else {
        width
    };
    write!(out, "{value:0width$}").map_err(fault)
}

fn name(name: &str, case: Case, width: usize, fill: bool, out: &mut String) -> Result<()> {
    let name = match case {
        Case::Upper => name.to_ascii_uppercase(),
        Case::Capital => name.to_owned(),
        Case::Lower => name.to_ascii_lowercase(),
    };
    let width = if fill { 0 } else { width };
    write!(out, "{name:width$}").map_err(fault)
}

fn write_field(m: &Moment, key: Key, case: Case, fill: bool, out: &mut String) -> Result<()> {
    match key {
        Key::Exact => Ok(()),
        Key::Hour12 => number(if m.hour % 12 == 0 { 12 } else { m.hour % 12 }, 2, fill, out),
        Key::Hour24 => number(m.hour, 2, fill, out),
        Key::Minute => number(m.minute, 2, fill, out),
        Key::Second => number(m.second, 2, fill, out),
        Key::Fraction(digits) => {
            let width = usize::try_from(digits).unwrap_or(6);
            write!(out, "{:0width$}", m.us / 10_i64.pow(6 - digits)).map_err(fault)
        }
        Key::Millisecond => write!(out, "{:03}", m.us / 1000).map_err(fault),
        Key::Microsecond => write!(out, "{:06}", m.us).map_err(fault),
        Key::SecondOfDay => number((m.hour * 60 + m.minute) * 60 + m.second, 0, fill, out),
        Key::Meridiem { dots } => {
            let words = if dots { ["A.M.", "P.M."] } else { ["AM", "PM"] };
            name(words[usize::from(m.hour.rem_euclid(24) >= 12)], case, 0, fill, out)
        }
        Key::Zone | Key::ZoneHour | Key::ZoneMinute | Key::Offset => write_zone(m, key, case, fill, out),
        Key::Month => number(m.month, 2, fill, out),
        Key::Quarter if m.month == 0 => Ok(()),
        Key::Quarter => number((m.month - 1) / 3 + 1, 0, fill, out),
        Key::MonthName | Key::MonthAbbreviation | Key::DayName | Key::DayAbbreviation | Key::Era { .. } => {
            write_name(m, key, case, fill, out)
        }
        Key::RomanMonth => {
            if m.month == 0 && m.year == 0 {
                return Ok(());
            }
            // Of months counted backwards 1 is the last of a year.
            let month = if m.month == 0 { if m.year < 0 { 1 } else { 12 } } else { m.month };
            let month = if m.month < 0 { 13 + m.month } else { month };
            let index = usize::try_from(month - 1).unwrap_or(0);
            let roman = ROMAN_MONTHS[index];
            name(&if case == Case::Lower { roman.to_ascii_lowercase() } else { roman.to_owned() }, case, 4, fill, out)
        }
        // Unlike in the other fields a minus counts into the width.
        Key::DayOfMonth if m.day < 0 => number(m.day, 1, fill, out),
        Key::DayOfMonth => number(m.day, 2, fill, out),
        Key::DayOfYear => number(m.day_of_year, 3, fill, out),
        Key::DayOfWeek => number(i64::try_from(civil::weekday(m.day_number()?)).map_err(fault)? + 1, 0, fill, out),
        Key::IsoDayOfWeek => {
            let day = i64::try_from(civil::weekday(m.day_number()?)).map_err(fault)?;
            number(if day == 0 { 7 } else { day }, 0, fill, out)
        }
        Key::IsoDayOfYear => number(m.day_of_parts() - iso_year_start(m.iso().0) + 1, 3, fill, out),
        Key::WeekOfYear => number((m.day_of_year - 1) / 7 + 1, 2, fill, out),
        Key::WeekOfMonth => number((m.day - 1) / 7 + 1, 0, fill, out),
        Key::IsoWeek => number(m.iso().1, 2, fill, out),
        Key::Julian => number(m.day_of_parts() + JULIAN_EPOCH, 0, fill, out),
        Key::Century | Key::YearComma | Key::Year(_) | Key::IsoYear(_) => write_year(m, key, fill, out),
    }
}

fn write_zone(m: &Moment, key: Key, case: Case, fill: bool, out: &mut String) -> Result<()> {
    m.day_number()?;
    let sign = if m.offset_s < 0 { '-' } else { '+' };
    let minutes = m.offset_s.abs() / 60;
    let written = match key {
        Key::ZoneHour => write!(out, "{sign}{:02}", minutes / 60),
        Key::ZoneMinute => write!(out, "{:02}", minutes % 60),
        Key::Offset => {
            let width = if fill { 0 } else { 2 };
            let hours = write!(out, "{sign}{:0width$}", minutes / 60);
            if minutes % 60 != 0 { hours.and_then(|()| write!(out, ":{:02}", minutes % 60)) } else { hours }
        }
        _ if case == Case::Lower => write!(out, "{}", m.zone.to_ascii_lowercase()),
        _ => write!(out, "{}", m.zone),
    };
    written.map_err(fault)
}

fn write_name(m: &Moment, key: Key, case: Case, fill: bool, out: &mut String) -> Result<()> {
    let days = m.day_number()?;
    let month = MONTHS[usize::try_from(m.month - 1).unwrap_or(0)];
    let day = DAYS[civil::weekday(days)];
    match key {
        Key::MonthName => name(month, case, 9, fill, out),
        Key::MonthAbbreviation => name(&month[..3], case, 0, fill, out),
        Key::DayName => name(day, case, 9, fill, out),
        Key::DayAbbreviation => name(&day[..3], case, 0, fill, out),
        Key::Era { dots: true } => name(if m.year <= 0 { "B.C." } else { "A.D." }, case, 0, fill, out),
        _ => name(if m.year <= 0 { "BC" } else { "AD" }, case, 0, fill, out),
    }
}

fn write_year(m: &Moment, key: Key, fill: bool, out: &mut String) -> Result<()> {
    let year = m.shown_year(m.year);
    let digits = |year: i64, width: u32, out: &mut String| {
        let year = if width == 4 { year } else { year % 10_i64.pow(width) };
        number(year, usize::try_from(width).unwrap_or(4), fill, out)
    };
    match key {
        Key::Century => {
            let century = match m.days {
                None => m.year / 100,
                Some(_) if m.year > 0 => (m.year - 1) / 100 + 1,
                // There is no year 0: 1 BC is in the first century before.
                Some(_) => m.year / 100 - 1,
            };
            number(century, 2, fill, out)
        }
        Key::YearComma => write!(out, "{},{:03}", year / 1000, year % 1000).map_err(fault),
        Key::IsoYear(width) => {
            // The calendar year's sign makes room, not the ISO year's.
            let room = if fill { 0 } else { usize::try_from(width).unwrap_or(4) + usize::from(year < 0) };
            let iso = m.shown_year(m.iso().0);
            let iso = if width == 4 { iso } else { iso % 10_i64.pow(width) };
            write!(out, "{iso:0room$}").map_err(fault)
        }
        Key::Year(width) => digits(year, width, out),
        _ => Ok(()),
    }
}
