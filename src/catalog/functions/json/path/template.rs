//! Datetime templates of `.datetime()`, read in the strict way of the SQL standard: separators must be those of the
//! template, and fields have the digits they can have. Fields beyond those listed here are refused.

use super::moment::{Kind, Moment, unfit};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US, days_in_month};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// The year's last so many digits.
    Year(usize),
    Month,
    Day,
    DayOfYear,
    Hour24,
    Hour12,
    Minute,
    Second,
    SecondOfDay,
    /// A fraction of a second of so many digits.
    Fraction(usize),
    HalfDay,
    ZoneHour,
    ZoneMinute,
    /// An offset of hours and minutes.
    Zone,
}

/// The fields, longer names first.
const FIELDS: [(&str, Field); 30] = [
    ("SSSSS", Field::SecondOfDay),
    ("SSSS", Field::SecondOfDay),
    ("YYYY", Field::Year(4)),
    ("HH24", Field::Hour24),
    ("HH12", Field::Hour12),
    ("A.M.", Field::HalfDay),
    ("P.M.", Field::HalfDay),
    ("YYY", Field::Year(3)),
    ("DDD", Field::DayOfYear),
    ("TZH", Field::ZoneHour),
    ("TZM", Field::ZoneMinute),
    ("FF1", Field::Fraction(1)),
    ("FF2", Field::Fraction(2)),
    ("FF3", Field::Fraction(3)),
    ("FF4", Field::Fraction(4)),
    ("FF5", Field::Fraction(5)),
    ("FF6", Field::Fraction(6)),
    ("YY", Field::Year(2)),
    ("MM", Field::Month),
    ("DD", Field::Day),
    ("HH", Field::Hour12),
    ("MI", Field::Minute),
    ("SS", Field::Second),
    ("MS", Field::Fraction(3)),
    ("US", Field::Fraction(6)),
    ("AM", Field::HalfDay),
    ("PM", Field::HalfDay),
    ("TZ", Field::Zone),
    ("Y,YYY", Field::Year(5)),
    ("Y", Field::Year(1)),
];

#[derive(Default)]
struct Read {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    second_of_day: Option<i64>,
    us: i64,
    twelve: bool,
    afternoon: Option<bool>,
    zone_negative: bool,
    zone_hour: Option<i64>,
    zone_minute: Option<i64>,
    has_date: bool,
    has_time: bool,
}

/// Reads a text by a template.
pub(super) fn read(text: &str, template: &str) -> Result<Moment> {
    let mut read = Read::default();
    let (mut rest, mut left) = (text, template);
    while let Some(first) = left.chars().next() {
        if first == '"' {
            let body = &left[1..];
            let end = body.find('"').unwrap_or(body.len());
            for ch in body[..end].chars() {
                rest = rest.strip_prefix(ch).ok_or_else(|| unmatched(ch))?;
            }
            left = body.get(end + 1..).unwrap_or("");
            continue;
        }
        let known =
            FIELDS.iter().find(|(name, _)| left.get(..name.len()).is_some_and(|l| l.eq_ignore_ascii_case(name)));
        if let Some((name, field)) = known {
            left = &left[name.len()..];
            rest = read.field(*field, name, rest, left)?;
            continue;
        }
        if first.is_ascii_alphabetic() {
            return Err(Error::unsupported(format!("datetime template \"{template}\" is not supported here")));
        }
        rest = rest.strip_prefix(first).ok_or_else(|| unmatched(first))?;
        left = &left[first.len_utf8()..];
    }
    if !rest.is_empty() {
        return Err(unfit("trailing characters remain in input string after datetime format".to_owned()));
    }
    read.moment(text)
}

fn unmatched(separator: char) -> Error {
    unfit(format!("unmatched format character \"{separator}\""))
}

impl Read {
    fn field<'t>(&mut self, field: Field, name: &str, rest: &'t str, after: &str) -> Result<&'t str> {
        self.note(field);
        match field {
            Field::HalfDay => return self.half_day(name, rest),
            Field::Zone => return self.zone(rest),
            Field::ZoneHour => {
                let (sign, digits) = match rest.strip_prefix('-') {
                    Some(digits) => (true, digits),
                    None => (false, rest.strip_prefix(['+', ' ']).unwrap_or(rest)),
                };
                let (value, rest) = number(digits, 2, name)?;
                (self.zone_negative, self.zone_hour) = (sign, Some(value));
                return Ok(rest);
            }
            _ => {}
        }
        let open = !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        let width = match field {
            Field::Year(width) if width == 4 && open => 9,
            Field::Year(width) => width,
            Field::DayOfYear => 3,
            Field::SecondOfDay => 5,
            Field::Fraction(width) => width,
            _ => 2,
        };
        let (value, rest_after) = number(rest, width, name)?;
        match field {
            Field::Year(width) if width < 4 => self.year = Some(near_year(value, width)),
            Field::Year(_) => self.year = Some(value),
            Field::Month => self.month = Some(value),
            Field::Day => self.day = Some(value),
            Field::DayOfYear => self.day_of_year = Some(value),
            Field::Hour24 => self.hour = Some(value),
            Field::Hour12 => (self.hour, self.twelve) = (Some(value), true),
            Field::Minute => self.minute = Some(value),
            Field::Second => self.second = Some(value),
            Field::SecondOfDay => self.second_of_day = Some(value),
            Field::ZoneMinute => self.zone_minute = Some(value),
            Field::Fraction(_) => {
                let digits = rest.len() - rest_after.len();
                self.us = value * 10_i64.pow(u32::try_from(6_usize.saturating_sub(digits)).unwrap_or(0));
            }
            _ => {}
        }
        Ok(rest_after)
    }

    fn note(&mut self, field: Field) {
        match field {
            Field::Year(_) | Field::Month | Field::Day | Field::DayOfYear => self.has_date = true,
            Field::Zone | Field::ZoneHour | Field::ZoneMinute => {}
            _ => self.has_time = true,
        }
    }

    fn half_day<'t>(&mut self, name: &str, rest: &'t str) -> Result<&'t str> {
        let words = if name.contains('.') { ["A.M.", "P.M."] } else { ["AM", "PM"] };
        for (word, afternoon) in words.into_iter().zip([false, true]) {
            if rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word)) {
                self.afternoon = Some(afternoon);
                return Ok(&rest[word.len()..]);
            }
        }
        Err(unfit(format!("invalid value \"{}\" for \"{name}\"", rest.get(..name.len()).unwrap_or(rest))))
    }

    /// An offset such as `+3`, `-03:30`, or `Z`.
    fn zone<'t>(&mut self, rest: &'t str) -> Result<&'t str> {
        let rest = rest.trim_start_matches(' ');
        if let Some(rest) = rest.strip_prefix(['Z', 'z']) {
            self.zone_hour = Some(0);
            return Ok(rest);
        }
        let negative = rest.starts_with('-');
        let digits = rest
            .strip_prefix(['+', '-'])
            .ok_or_else(|| unfit(format!("invalid value \"{}\" for \"TZ\"", rest.get(..2).unwrap_or(rest))))?;
        let (hours, rest) = number(digits, 2, "TZ")?;
        (self.zone_negative, self.zone_hour) = (negative, Some(hours));
        let minutes = rest.strip_prefix(':').unwrap_or(rest);
        if minutes.starts_with(|c: char| c.is_ascii_digit()) {
            let (value, rest) = number(minutes, 2, "TZ")?;
            self.zone_minute = Some(value);
            return Ok(rest);
        }
        Ok(rest)
    }

    fn moment(&self, text: &str) -> Result<Moment> {
        let range = || {
            let message = format!("date/time field value out of range: \"{text}\"");
            Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
        };
        let zoned = self.zone_hour.is_some() || self.zone_minute.is_some();
        let mut offset = self.zone_hour.unwrap_or(0) * 3600 + self.zone_minute.unwrap_or(0) * 60;
        if self.zone_hour.unwrap_or(0) > 15 || self.zone_minute.unwrap_or(0) > 59 {
            return Err(range());
        }
        if self.zone_negative {
            offset = -offset;
        }
        let kind = match (self.has_date, self.has_time, zoned) {
            (true, false, false) => Kind::Date,
            (true, false, true) => return Err(unfit("datetime format is zoned but not timed".to_owned())),
            (true, true, false) => Kind::Timestamp,
            (true, true, true) => Kind::TimestampTz,
            (false, true, false) => Kind::Time,
            (false, true, true) => Kind::TimeTz,
            (false, false, true) => return Err(unfit("datetime format is zoned but not timed".to_owned())),
            (false, false, false) => return Err(unfit("datetime format is not dated and not timed".to_owned())),
        };
        let time = self.time().ok_or_else(range)?;
        let days = if self.has_date { self.days().ok_or_else(range)? } else { 0 };
        let local = i128::from(days) * i128::from(DAY_US) + i128::from(time);
        Ok(Moment { kind, local, offset_s: i32::try_from(offset).map_err(|_| range())? })
    }

    fn time(&self) -> Option<i64> {
        let mut hour = self.hour.unwrap_or(0);
        if self.twelve || self.afternoon.is_some() {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if self.afternoon == Some(true) { 12 } else { 0 };
        }
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let seconds = match self.second_of_day {
            Some(seconds) => seconds,
            None => hour * 3600 + minute * 60 + second,
        };
        let fits = minute < 60 && second < 60 && (hour < 24 || seconds == 86_400 && self.us == 0) && seconds <= 86_400;
        fits.then_some(seconds * 1_000_000 + self.us)
    }

    fn days(&self) -> Option<i64> {
        let year = self.year.unwrap_or(0);
        let year = if year == 0 { 1 } else { year };
        if let Some(day) = self.day_of_year {
            let first = Civil { year, month: 1, day: 1 }.to_days();
            return (1..=366).contains(&day).then_some(first + day - 1);
        }
        let (month, day) = (u32::try_from(self.month.unwrap_or(1)).ok()?, u32::try_from(self.day.unwrap_or(1)).ok()?);
        let fits = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        fits.then(|| Civil { year, month, day }.to_days())
    }
}

/// A year of fewer than four digits: the one nearest to 2020.
fn near_year(value: i64, width: usize) -> i64 {
    match width {
        3 if value < 100 => value + 2000,
        3 if value < 520 => value + 2000,
        3 => value + 1000,
        _ if value < 70 => value + 2000,
        _ => value + 1900,
    }
}

/// Up to so many digits.
fn number<'t>(text: &'t str, width: usize, name: &str) -> Result<(i64, &'t str)> {
    let length = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let digits = &text[..length];
    let Ok(value) = digits.parse() else {
        let shown: String = text.chars().take(width).collect();
        return Err(unfit(format!("invalid value \"{shown}\" for \"{name}\"")).detail("Value must be an integer."));
    };
    Ok((value, &text[length..]))
}
