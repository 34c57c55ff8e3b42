//! `to_timestamp(text, template)` and `to_date`.

use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::datetime::{
    JULIAN_EPOCH, SECOND_US, ZoneSpec, iso_year_start, kernels, session_zone, timestamp_out_of_range,
};
use super::super::ty::Ty::{Date, Text, TimestampTz};
use super::template::{Key, Node, parse};
use super::time::{DAYS, MONTHS, ROMAN_MONTHS};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US, END_DAY, MIN_DAY, days_in_month};
use crate::types::typmod;

pub(super) fn register(r: &mut Registry) {
    r.add("to_timestamp", &[Text, Text], TimestampTz, |c| {
        let zone = session_zone(c);
        let mut read = reader(c)?;
        c.build_opt::<TimestampMicrosecondType>(|i| {
            let Some(found) = read(i)? else { return Ok(None) };
            let local =
                found.days.checked_mul(DAY_US).and_then(|d| d.checked_add(found.time)).and_then(kernels::checked);
            let local = local.ok_or_else(timestamp_out_of_range)?;
            let instant = found.zone.as_ref().unwrap_or(&zone).to_utc(local);
            let instant = kernels::checked(instant).ok_or_else(timestamp_out_of_range)?;
            typmod::fit_timestamp(instant, found.digits).map(Some)
        })
    });
    r.add("to_date", &[Text, Text], Date, |c| {
        let mut read = reader(c)?;
        let texts = c.text(0)?;
        c.build_opt::<Date32Type>(|i| {
            let Some(found) = read(i)? else { return Ok(None) };
            match i32::try_from(found.days) {
                Ok(days) if (MIN_DAY..END_DAY).contains(&found.days) => Ok(Some(days)),
                _ => {
                    let message = format!("date out of range: \"{}\"", texts.at(i));
                    Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message))
                }
            }
        })
    });
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["to_timestamp", "to_date"]);
}

struct Found {
    days: i64,
    /// Microseconds of the day.
    time: i64,
    zone: Option<ZoneSpec>,
    /// Digits of the second that are kept, -1 for all.
    digits: i32,
}

fn reader<'a>(c: &'a Call<'_>) -> Result<impl FnMut(usize) -> Result<Option<Found>> + 'a> {
    let (texts, templates) = (c.text(0)?, c.text(1)?);
    let mut parsed: Option<(&str, Vec<Node>)> = None;
    Ok(move |i: usize| {
        let template = templates.at(i);
        if parsed.as_ref().is_none_or(|(known, _)| *known != template) {
            parsed = Some((template, parse(template)));
        }
        let Some((_, nodes)) = &parsed else { return Ok(None) };
        let mut reader = Reader { rest: texts.at(i), read: Read::default(), extra: 0, skipped: ' ', exact: false };
        reader.run(nodes)?;
        reader.read.timestamp(texts.at(i)).map(Some)
    })
}

/// What the fields of a text said.
#[derive(Default)]
struct Read {
    year: Option<i64>,
    /// Digits of the year's field.
    year_digits: u32,
    bc: bool,
    century: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    day_of_week: Option<i64>,
    iso: bool,
    gregorian: bool,
    week: Option<i64>,
    week_of_month: Option<i64>,
    julian: Option<i64>,
    hour: Option<i64>,
    half_day: bool,
    pm: bool,
    minute: Option<i64>,
    second: Option<i64>,
    second_of_day: Option<i64>,
    us: i64,
    /// Digits of the second that the template names.
    digits: Option<i32>,
    zone_sign: i32,
    zone_hour: i64,
    zone_minute: i64,
    zone: Option<ZoneSpec>,
}

struct Reader<'a> {
    rest: &'a str,
    read: Read,
    /// Characters skipped beyond those of the template.
    extra: i32,
    /// The last character skipped.
    skipped: char,
    exact: bool,
}

fn format_error(message: String) -> Error {
    Error::new(sqlstate::INVALID_DATETIME_FORMAT, message)
}

impl Reader<'_> {
    fn run(&mut self, nodes: &[Node]) -> Result<()> {
        for (n, node) in nodes.iter().enumerate() {
            if self.rest.is_empty() {
                break;
            }
            let is_field = matches!(node, Node::Field { .. });
            let is_exact = matches!(node, Node::Field { key: Key::Exact, .. });
            if !self.exact && !is_exact && (is_field || n == 0) {
                self.skip_spaces();
            }
            match node {
                Node::Separator(_) => self.separator(),
                Node::Text(_) if !self.exact && self.extra > 0 => self.extra -= 1,
                Node::Text(_) => self.skip_char(),
                Node::Field { key: Key::Exact, .. } => self.exact = true,
                Node::Field { key, name, fill, ordinal, .. } => {
                    let open = *fill || ordinal.is_some() || ends_field(nodes.get(n + 1));
                    self.field(*key, name, open)?;
                    if ordinal.is_some() {
                        self.rest = self.rest.get(2..).unwrap_or("");
                    }
                    if !self.exact {
                        self.extra = 0;
                        self.skip_spaces();
                    }
                }
            }
        }
        Ok(())
    }

    fn skip_spaces(&mut self) {
        while let Some(rest) = self.rest.strip_prefix(|ch: char| ch.is_ascii_whitespace()) {
            self.rest = rest;
            self.extra += 1;
        }
    }

    fn skip_char(&mut self) {
        let mut chars = self.rest.chars();
        self.skipped = chars.next().unwrap_or(' ');
        self.rest = chars.as_str();
    }

    fn separator(&mut self) {
        if self.exact {
            return self.skip_char();
        }
        self.extra -= 1;
        if self.rest.starts_with(|ch: char| ch.is_ascii_whitespace() || ch.is_ascii_punctuation()) {
            self.skip_char();
            self.extra += 1;
        }
    }

    /// An integer of `width` digits, or of any number when nothing digit-like follows in the template.
    fn int(&mut self, name: &str, width: usize, open: bool) -> Result<(i64, usize)> {
        self.rest = self.rest.trim_start_matches(|ch: char| ch.is_ascii_whitespace());
        let signed = usize::from(self.rest.starts_with(['-', '+']));
        let digits = self.rest[signed..].bytes().take_while(u8::is_ascii_digit).count();
        let wanted = if open { usize::MAX } else { width };
        let length = (signed + digits).min(wanted);
        let shown: String = self.rest.chars().take(width).collect();
        if !open && self.rest.chars().count() < width {
            return Err(format_error(format!("source string too short for \"{name}\" formatting field"))
                .detail(format!("Field requires {width} characters, but only {} remain.", self.rest.chars().count()))
                .hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
        }
        if digits == 0 || length <= signed {
            return Err(
                format_error(format!("invalid value \"{shown}\" for \"{name}\"")).detail("Value must be an integer.")
            );
        }
        if !open && length < width {
            return Err(format_error(format!("invalid value \"{shown}\" for \"{name}\""))
                .detail(format!("Field requires {width} characters, but only {length} could be parsed."))
                .hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
        }
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        match text.parse::<i32>() {
            Ok(value) => Ok((i64::from(value), length - signed)),
            Err(_) => Err(Error::new(
                sqlstate::DATETIME_FIELD_OVERFLOW,
                format!("value for \"{name}\" in source string is out of range"),
            )
            .detail("Value must be in the range -2147483648 to 2147483647.")),
        }
    }

    /// The index of the name the text starts with, in any case.
    fn name(&mut self, field: &str, names: &[&str], length: usize) -> Result<i64> {
        let cut = |name: &str| if length > 0 { name[..length].to_owned() } else { name.to_owned() };
        // The longest name wins: "VIII" starts with "V" too.
        let found = names
            .iter()
            .enumerate()
            .filter(|(_, n)| self.rest.get(..cut(n).len()).is_some_and(|t| t.eq_ignore_ascii_case(&cut(n))))
            .max_by_key(|(_, n)| cut(n).len());
        let Some((index, name)) = found else {
            let shown: String = self.rest.split(|ch: char| ch.is_ascii_whitespace()).next().unwrap_or("").to_owned();
            return Err(format_error(format!("invalid value \"{shown}\" for \"{field}\""))
                .detail("The given value did not match any of the allowed values for this field."));
        };
        self.rest = &self.rest[cut(name).len()..];
        i64::try_from(index).map_err(super::super::udf::fault)
    }

    fn field(&mut self, key: Key, name: &str, open: bool) -> Result<()> {
        match key {
            Key::Meridiem { dots } => {
                let words: &[&str] = if dots { &["A.M.", "P.M."] } else { &["AM", "PM"] };
                self.read.pm = self.name(name, words, 0)? == 1;
                self.read.half_day = true;
            }
            Key::Era { dots } => {
                let words: &[&str] = if dots { &["A.D.", "B.C."] } else { &["AD", "BC"] };
                self.read.bc = self.name(name, words, 0)? == 1;
            }
            Key::Hour12 => {
                let value = self.int(name, 2, open)?.0;
                set(value, &mut self.read.hour, name)?;
                self.read.half_day = true;
            }
            Key::Hour24 => set(self.int(name, 2, open)?.0, &mut self.read.hour, name)?,
            Key::Minute => set(self.int(name, 2, open)?.0, &mut self.read.minute, name)?,
            Key::Second => set(self.int(name, 2, open)?.0, &mut self.read.second, name)?,
            Key::SecondOfDay => set(self.int(name, 5, true)?.0, &mut self.read.second_of_day, name)?,
            Key::Millisecond => self.fraction(name, 3, open)?,
            Key::Microsecond => self.fraction(name, 6, open)?,
            Key::Fraction(digits) => {
                self.read.digits = i32::try_from(digits).ok();
                self.fraction(name, usize::try_from(digits).unwrap_or(6), open)?;
            }
            Key::Zone | Key::Offset | Key::ZoneHour | Key::ZoneMinute => self.zone(key, name, open)?,
            _ => self.date_field(key, name, open)?,
        }
        Ok(())
    }

    fn date_field(&mut self, key: Key, name: &str, open: bool) -> Result<()> {
        let iso = matches!(key, Key::IsoYear(_) | Key::IsoWeek | Key::IsoDayOfWeek | Key::IsoDayOfYear);
        let neutral = matches!(key, Key::Century | Key::Julian | Key::Quarter);
        (self.read.iso, self.read.gregorian) = (self.read.iso | iso, self.read.gregorian || (!iso && !neutral));
        if self.read.iso && self.read.gregorian {
            return Err(format_error("invalid combination of date conventions".to_owned())
                .hint("Do not mix Gregorian and ISO week date conventions in a formatting template."));
        }
        match key {
            Key::MonthName | Key::MonthAbbreviation => {
                let length = if key == Key::MonthName { 0 } else { 3 };
                let month = self.name(name, &MONTHS, length)? + 1;
                set(month, &mut self.read.month, name)?;
            }
            Key::RomanMonth => set(self.name(name, &ROMAN_MONTHS, 0)? + 1, &mut self.read.month, name)?,
            Key::DayName => set(self.name(name, &DAYS, 0)? + 1, &mut self.read.day_of_week, name)?,
            Key::DayAbbreviation => set(self.name(name, &DAYS, 3)? + 1, &mut self.read.day_of_week, name)?,
            Key::Month => set(self.int(name, 2, open)?.0, &mut self.read.month, name)?,
            Key::DayOfMonth => set(self.int(name, 2, open)?.0, &mut self.read.day, name)?,
            Key::DayOfYear | Key::IsoDayOfYear => set(self.int(name, 3, open)?.0, &mut self.read.day_of_year, name)?,
            Key::DayOfWeek => set(self.int(name, 1, open)?.0, &mut self.read.day_of_week, name)?,
            Key::IsoDayOfWeek => {
                // Sunday is 1 inside, as in the other numbering.
                let day = self.int(name, 1, open)?.0;
                set(day % 7 + 1, &mut self.read.day_of_week, name)?;
            }
            Key::WeekOfYear | Key::IsoWeek => set(self.int(name, 2, open)?.0, &mut self.read.week, name)?,
            Key::WeekOfMonth => set(self.int(name, 1, open)?.0, &mut self.read.week_of_month, name)?,
            Key::Julian => set(self.int(name, 7, true)?.0, &mut self.read.julian, name)?,
            // A quarter alone names no date.
            Key::Quarter => drop(self.int(name, 1, open)?),
            Key::Century => set(self.int(name, 2, open)?.0, &mut self.read.century, name)?,
            Key::YearComma => {
                let (thousands, _) = self.int(name, 9, true)?;
                self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                let (units, _) = self.int(name, 3, open)?;
                set(thousands * 1000 + units, &mut self.read.year, name)?;
                self.read.year_digits = 4;
            }
            Key::Year(width) | Key::IsoYear(width) => {
                let (value, digits) = self.int(name, usize::try_from(width).unwrap_or(4), open)?;
                let value = if width < 4 && digits < 4 { near_2020(value) } else { value };
                set(value, &mut self.read.year, name)?;
                self.read.year_digits = width;
            }
            _ => {}
        }
        Ok(())
    }

    /// Milliseconds of three digits, else microseconds: `25` is a quarter, `025` is not.
    fn fraction(&mut self, name: &str, width: usize, open: bool) -> Result<()> {
        let before = self.rest.len();
        let (value, _) = self.int(name, width, open)?;
        let used = before - self.rest.len();
        let whole = if width == 3 && self.read.digits.is_none() && name.eq_ignore_ascii_case("ms") { 3 } else { 6 };
        let missing = u32::try_from(whole - used.min(whole)).unwrap_or(0);
        let scaled = value.saturating_mul(10_i64.pow(missing));
        self.read.us = self.read.us.saturating_add(if whole == 3 { scaled.saturating_mul(1_000) } else { scaled });
        Ok(())
    }

    fn zone(&mut self, key: Key, name: &str, open: bool) -> Result<()> {
        match key {
            Key::ZoneMinute => {
                if self.read.zone_sign == 0 {
                    self.read.zone_sign = 1;
                }
                self.read.zone_minute = self.int(name, 2, open)?.0;
            }
            Key::ZoneHour | Key::Offset => {
                self.read.zone_sign = match self.rest.as_bytes().first() {
                    Some(b'-') => -1,
                    Some(b'+' | b' ') => 1,
                    // A sign taken for a separator still counts.
                    _ if self.extra > 0 && self.skipped == '-' => -1,
                    _ => 1,
                };
                self.rest = self.rest.strip_prefix(['-', '+', ' ']).unwrap_or(self.rest);
                self.read.zone_hour = self.int(name, 2, open)?.0;
                if key == Key::Offset
                    && let Some(rest) = self.rest.strip_prefix(':')
                {
                    self.rest = rest;
                    self.read.zone_minute = self.int(name, 2, true)?.0;
                }
            }
            _ => {
                let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                if length == 0 {
                    return self.zone(Key::Offset, name, open);
                }
                let (word, rest) = self.rest.split_at(length);
                let known = (1..=length).rev().find(|&end| ZoneSpec::abbreviated(&word[..end]).is_some());
                let invalid = || {
                    format_error(format!("invalid value \"{}\" for \"{name}\"", self.rest))
                        .detail("Time zone abbreviation is not recognized.")
                };
                let end = known.ok_or_else(invalid)?;
                self.read.zone = ZoneSpec::abbreviated(&word[..end]);
                self.read.zone_sign = 0;
                self.rest = if end == length { rest } else { &self.rest[end..] };
            }
        }
        Ok(())
    }
}

fn set(value: i64, field: &mut Option<i64>, name: &str) -> Result<()> {
    if field.is_some_and(|old| old != value) {
        return Err(format_error(format!("conflicting values for \"{name}\" field in formatting string"))
            .detail("This value contradicts a previous setting for the same field type."));
    }
    *field = Some(value);
    Ok(())
}

/// Whether a field may take all digits there are: nothing that starts with a digit follows.
fn ends_field(next: Option<&Node>) -> bool {
    match next {
        None => true,
        Some(Node::Field { key, .. }) => !key.is_digit(),
        Some(Node::Separator(ch) | Node::Text(ch)) => !ch.is_ascii_digit(),
    }
}

/// A short year as the one nearest to 2020.
fn near_2020(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}

impl Read {
    fn timestamp(mut self, text: &str) -> Result<Found> {
        let out_of_range =
            || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("date/time field value out of range: \"{text}\""));
        let of_day = |unit: i64, field: Option<i64>| given(field).unwrap_or(unit);
        let seconds = self.second_of_day.unwrap_or(0);
        let second = of_day(seconds % 60, self.second);
        let minute = of_day(seconds / 60 % 60, self.minute);
        let hour = self.hour_of_day(of_day(seconds / 3600, self.hour))?;
        let days = self.days()?.ok_or_else(out_of_range)?;
        let in_day = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !in_day || !(0..SECOND_US).contains(&self.us) {
            return Err(out_of_range());
        }
        let time = ((hour * 60 + minute) * 60 + second) * SECOND_US + self.us;
        let zone = match self.zone_sign {
            0 => self.zone.take(),
            sign => Some(self.displacement(sign, text)?),
        };
        Ok(Found { days, time, zone, digits: self.digits.unwrap_or(-1) })
    }

    fn displacement(&self, sign: i32, text: &str) -> Result<ZoneSpec> {
        if !(0..=15).contains(&self.zone_hour) || !(0..60).contains(&self.zone_minute) {
            let message = format!("time zone displacement out of range: \"{text}\"");
            return Err(Error::new(sqlstate::INVALID_TIME_ZONE_DISPLACEMENT_VALUE, message));
        }
        let seconds = i32::try_from(self.zone_hour * 3600 + self.zone_minute * 60).map_err(super::super::udf::fault)?;
        Ok(ZoneSpec::Fixed(sign * seconds))
    }

    fn hour_of_day(&self, hour: i64) -> Result<i64> {
        if !self.half_day {
            return Ok(hour);
        }
        if !(1..=12).contains(&hour) {
            return Err(format_error(format!("hour \"{hour}\" is invalid for the 12-hour clock"))
                .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
        }
        Ok(match (self.pm, hour) {
            (true, ..12) => hour + 12,
            (false, 12) => 0,
            _ => hour,
        })
    }

    /// The astronomical year; 0 (1 BC) when nothing says it.
    fn full_year(&self) -> i64 {
        match (given(self.year), given(self.century)) {
            (Some(year), Some(century)) if self.year_digits <= 2 => {
                let century = if self.bc { -century } else { century };
                match (century >= 0, year % 100) {
                    (true, 0) => century * 100,
                    (true, of_century) => (century - 1) * 100 + of_century,
                    (false, 0) => century * 100 + 1,
                    (false, of_century) => (century + 1) * 100 - of_century + 1,
                }
            }
            (Some(year), _) => {
                let year = if self.bc { -year } else { year };
                if year < 0 { year + 1 } else { year }
            }
            (None, Some(century)) => {
                let century = if self.bc { -century } else { century };
                if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 }
            }
            (None, None) => 0,
        }
    }

    /// Days from 1970-01-01; `None` when the fields name no date.
    fn days(&mut self) -> Result<Option<i64>> {
        let mut date = Civil { year: self.full_year(), month: 1, day: 1 };
        if let Some(julian) = given(self.julian) {
            date = Civil::from_days(julian - JULIAN_EPOCH);
        }
        if let Some(week) = given(self.week) {
            if self.iso {
                let day = given(self.day_of_week).map_or(0, |d| (d + 5) % 7);
                date = Civil::from_days(iso_year_start(date.year) + (week - 1) * 7 + day);
            } else {
                self.day_of_year = Some((week - 1) * 7 + 1);
            }
        }
        if let Some(week) = given(self.week_of_month) {
            self.day = Some((week - 1) * 7 + 1);
        }
        let (mut month, mut day) = (i64::from(date.month), i64::from(date.day));
        day = given(self.day).unwrap_or(day);
        month = given(self.month).unwrap_or(month);
        if let Some(of_year) = given(self.day_of_year).filter(|_| month <= 1 || day <= 1) {
            if date.year == 0 && !self.bc {
                return Err(format_error("cannot calculate day of year without year information".to_owned()));
            }
            let january = Civil { year: date.year, month: 1, day: 1 }.to_days();
            if self.iso {
                return Ok(Some(iso_year_start(date.year) + of_year - 1));
            }
            let length = if crate::types::civil::is_leap(date.year) { 366 } else { 365 };
            if !(1..=length).contains(&of_year) {
                return Ok(None);
            }
            let found = Civil::from_days(january + of_year - 1);
            month = if month <= 1 { i64::from(found.month) } else { month };
            day = if day <= 1 { i64::from(found.day) } else { day };
        }
        let (Ok(month), Ok(day)) = (u32::try_from(month), u32::try_from(day)) else { return Ok(None) };
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(date.year, month);
        Ok(valid.then(|| Civil { month, day, ..date }.to_days()))
    }
}

/// A field that says something: 0 is as if it were not there.
fn given(field: Option<i64>) -> Option<i64> {
    field.filter(|value| *value != 0)
}
