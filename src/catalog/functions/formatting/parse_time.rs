//! `to_timestamp(text, template)` and `to_date`.

use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

use super::super::Registry;
use super::super::call::Call;
use super::super::datetime::{JULIAN_EPOCH, SECOND_US, ZoneSpec, iso_year_start, kernels, session_zone};
use super::super::ty::Ty::{Date, Text, TimestampTz};
use super::template::{Key, Node, parse};
use super::time::{DAYS, MONTHS, ROMAN_MONTHS};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US, days_in_month};

pub(super) fn register(r: &mut Registry) {
    r.add("to_timestamp", &[Text, Text], TimestampTz, |c| {
        let zone = session_zone(c);
        let mut local = reader(c)?;
        c.build_opt::<TimestampMicrosecondType>(|i| {
            let Some(found) = local(i)? else { return Ok(None) };
            let instant = match &found.zone {
                Some(own) => own.to_utc(found.local),
                None => zone.to_utc(found.local),
            };
            kernels::checked(instant).map(Some).ok_or_else(super::super::datetime::timestamp_out_of_range)
        })
    });
    r.add("to_date", &[Text, Text], Date, |c| {
        let mut local = reader(c)?;
        c.build_opt::<Date32Type>(|i| Ok(local(i)?.map(|found| kernels::timestamp_to_date(found.local))))
    });
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["to_timestamp"]);
}

struct Found {
    local: i64,
    zone: Option<ZoneSpec>,
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
            if !self.exact && (!matches!(node, Node::Text(_)) || n == 0) {
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
            Key::Fraction(digits) => self.fraction(name, usize::try_from(digits).unwrap_or(6), open)?,
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

    fn fraction(&mut self, name: &str, width: usize, open: bool) -> Result<()> {
        let (value, digits) = self.int(name, width, open)?;
        let power = i32::try_from(digits.min(width)).unwrap_or(6);
        let scaled = if digits > width {
            value as f64 / 10_f64.powi(i32::try_from(digits).unwrap_or(6))
        } else {
            value as f64 / 10_f64.powi(power)
        };
        self.read.us += (scaled * 1_000_000.0).round() as i64;
        Ok(())
    }

    fn zone(&mut self, key: Key, name: &str, open: bool) -> Result<()> {
        match key {
            Key::ZoneMinute => self.read.zone_minute = self.int(name, 2, open)?.0,
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
                let (word, rest) = self.rest.split_at(length);
                let zone = ZoneSpec::parse(word).ok().filter(|_| length > 0);
                let invalid = || format_error(format!("invalid value \"{}\" for \"{name}\"", self.rest));
                self.read.zone = Some(zone.ok_or_else(invalid)?);
                self.rest = rest;
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
    fn timestamp(self, text: &str) -> Result<Found> {
        let out_of_range =
            || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, format!("date/time field value out of range: \"{text}\""));
        let hour = self.hour_of_day()?;
        let (hour, minute, second) = match self.second_of_day {
            Some(s) => (s / 3600, s / 60 % 60, s % 60),
            None => (hour, self.minute.unwrap_or(0), self.second.unwrap_or(0)),
        };
        let in_day = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !in_day {
            return Err(out_of_range());
        }
        let days = self.days().ok_or_else(out_of_range)?;
        let time = ((hour * 60 + minute) * 60 + second) * SECOND_US + self.us;
        let local = days.checked_mul(DAY_US).and_then(|d| d.checked_add(time)).and_then(kernels::checked);
        let zone = match self.zone_sign {
            0 => self.zone,
            sign => {
                let seconds =
                    i32::try_from(self.zone_hour * 3600 + self.zone_minute * 60).map_err(|_| out_of_range())?;
                Some(ZoneSpec::Fixed(sign * seconds))
            }
        };
        Ok(Found { local: local.ok_or_else(super::super::datetime::timestamp_out_of_range)?, zone })
    }

    fn hour_of_day(&self) -> Result<i64> {
        let hour = self.hour.unwrap_or(0);
        if !self.half_day {
            return Ok(hour);
        }
        if self.hour.is_some() && !(1..=12).contains(&hour) {
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
        match (self.year, self.century) {
            (Some(year), Some(century)) if self.year_digits <= 2 => {
                let in_century = year % 100;
                let (base, sign) = if self.bc { (-century, -1) } else { (century, 1) };
                match (base < 0, in_century) {
                    (false, 0) => base * 100,
                    (false, y) => (base - 1) * 100 + y,
                    (true, y) => (base + 1) * 100 + sign * y + 1,
                }
            }
            (Some(year), _) if self.bc => 1 - year,
            (Some(year), _) if year < 0 => year + 1,
            (Some(year), _) => year,
            (None, Some(century)) if self.bc || century < 0 => -(century.abs() * 100) + 1,
            (None, Some(century)) => (century - 1) * 100 + 1,
            (None, None) => 0,
        }
    }

    /// Days from 1970-01-01; `None` when the fields name no date.
    fn days(&self) -> Option<i64> {
        if let Some(julian) = self.julian {
            return Some(julian - JULIAN_EPOCH);
        }
        let year = self.full_year();
        let january = Civil { year, month: 1, day: 1 }.to_days();
        if let (Some(week), true) = (self.week, self.iso) {
            let day = self.day_of_week.map_or(0, |d| (d + 5) % 7);
            return Some(iso_year_start(year) + (week - 1) * 7 + day);
        }
        let mut day_of_year = self.day_of_year;
        if let Some(week) = self.week {
            day_of_year = Some((week - 1) * 7 + 1);
        }
        let month = self.month.unwrap_or(1);
        if let (Some(n), None, None) = (day_of_year, self.day, self.month.filter(|_| self.week.is_none())) {
            if self.iso {
                return Some(iso_year_start(year) + n - 1);
            }
            let length = if crate::types::civil::is_leap(year) { 366 } else { 365 };
            return (1..=length).contains(&n).then_some(january + n - 1);
        }
        let day = self.day.or(self.week_of_month.map(|w| (w - 1) * 7 + 1)).unwrap_or(1);
        let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        valid.then(|| Civil { year, month, day }.to_days())
    }
}
