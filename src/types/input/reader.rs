//! The fields of a date and time, read from left to right.
//!
//! A number's meaning follows from what is known already and from the session's `DateStyle` order, never from guesses
//! about its size. The rules are PostgreSQL's `DecodeDateTime`.

use chrono::Utc;
use chrono_tz::Tz;

use super::clock::{Clock, displacement, micros, number};
use super::fields::{Field, Kind, fields};
use super::words::{self, Word};
use crate::types::civil::{self, Civil, DAY_S, DAY_US};
use crate::types::zone::Zone;
use crate::types::{DateOrder, TextStyle};

const YEAR: u32 = 1;
const MONTH: u32 = 2;
const DAY: u32 = 4;
const DAY_OF_YEAR: u32 = 8;
const TIME: u32 = 16;
const ZONE: u32 = 32;
const WEEKDAY: u32 = 64;
const JULIAN: u32 = 128;
const DATE: u32 = YEAR | MONTH | DAY;
const YEAR_MONTH: u32 = YEAR | MONTH;
const MONTH_DAY: u32 = MONTH | DAY;

/// Why a text is no date or time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no meaning.
    Format,
    /// A field is out of range.
    Range,
    /// A month or day is out of range, which another order might cure.
    Order,
    /// A zone displacement is too large.
    Displacement,
    /// No such zone.
    Zone(String),
}

/// A zone named in the text.
#[derive(Clone, Copy, Debug)]
pub enum ZoneOf {
    Offset(i32),
    Named(Tz),
}

/// What a text says.
pub enum Moment {
    Infinity(bool),
    Fields(Box<Reader>),
}

/// What has been read so far.
#[derive(Debug)]
pub struct Reader {
    order: DateOrder,
    seen: u32,
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    clock: Clock,
    pub zone: Option<ZoneOf>,
    afternoon: Option<bool>,
    before_christ: bool,
    /// The month was a word.
    text_month: bool,
    /// The year has two digits: 70 is 1970, 69 is 2069.
    short_year: bool,
    /// A `T` stood before.
    time_expected: bool,
    /// No date is wanted: digits run together are a time.
    time_only: bool,
    /// A `J` stood before: the next number counts days from 4714-11-24 BC.
    julian: bool,
}

type Step<T = ()> = std::result::Result<T, Fault>;

impl Reader {
    /// Reads a whole text; a `time` alone may be digits run together.
    pub fn read(text: &str, style: &TextStyle, time_only: bool) -> Step<Moment> {
        let fields = fields(text).ok_or(Fault::Format)?;
        let mut reader = Self {
            order: style.date_order,
            seen: 0,
            year: 0,
            month: 0,
            day: 0,
            day_of_year: 0,
            clock: Clock::default(),
            zone: None,
            afternoon: None,
            before_christ: false,
            text_month: false,
            short_year: false,
            time_expected: false,
            time_only,
            julian: false,
        };
        let mut infinity = None;
        for field in &fields {
            let found = match field.kind {
                Kind::Date => reader.date_field(&field.text)?,
                Kind::Time => {
                    reader.time_expected = false;
                    reader.clock = Clock::parse(&field.text)?;
                    TIME
                }
                Kind::Signed => {
                    reader.zone = Some(ZoneOf::Offset(displacement(&field.text)?));
                    ZONE
                }
                Kind::Number => reader.number_field(&field.text)?,
                Kind::Word | Kind::SignedWord => reader.word(field, style, &mut infinity)?,
            };
            if found & reader.seen != 0 {
                return Err(Fault::Format);
            }
            reader.seen |= found;
        }
        if reader.time_expected || reader.julian {
            return Err(Fault::Format);
        }
        match infinity {
            Some(negative) if fields.len() == 1 => Ok(Moment::Infinity(negative)),
            Some(_) => Err(Fault::Format),
            None => {
                reader.validate()?;
                Ok(Moment::Fields(Box::new(reader)))
            }
        }
    }

    /// Days from 1970-01-01; only of a complete date.
    pub fn days(&self) -> Step<i64> {
        if self.seen & DATE != DATE {
            return Err(Fault::Format);
        }
        let month = u32::try_from(self.month).map_err(|_| Fault::Order)?;
        let day = u32::try_from(self.day).map_err(|_| Fault::Order)?;
        Ok(Civil { year: self.year, month, day }.to_days())
    }

    /// Whether a time of day was given.
    pub fn has_time(&self) -> bool {
        self.seen & TIME != 0
    }

    /// Microseconds from midnight, 0 where no time was given.
    pub fn time_us(&self) -> Step<i64> {
        self.clock.of_day_us()
    }

    /// A field with separators: a date, or after one a zone's name or a time run together with a displacement.
    fn date_field(&mut self, text: &str) -> Step<u32> {
        let has_date = self.seen & (MONTH | DAY) == MONTH | DAY;
        if !has_date && !self.time_expected {
            return self.date(text);
        }
        if !text.starts_with(|first: char| first.is_ascii_digit()) && !self.time_expected {
            return self.zone_name(text);
        }
        self.time_expected = false;
        let at = text.find('-').ok_or(Fault::Format)?;
        if self.seen & (TIME | ZONE) != 0 {
            return Err(Fault::Format);
        }
        self.zone = Some(ZoneOf::Offset(displacement(&text[at..])?));
        Ok(self.run_together(&text[..at], self.seen | DATE)? | ZONE)
    }

    fn zone_name(&mut self, text: &str) -> Step<u32> {
        let tz = Tz::from_str_insensitive(text).map_err(|_| Fault::Zone(text.to_owned()))?;
        self.zone = Some(ZoneOf::Named(tz));
        Ok(ZONE)
    }

    /// A whole date: its words first, then its numbers.
    fn date(&mut self, text: &str) -> Step<u32> {
        let mut found = 0;
        let mut numbers = Vec::new();
        for part in parts(text) {
            if part.starts_with(|first: char| first.is_ascii_digit()) {
                numbers.push(part);
                continue;
            }
            match words::word(part) {
                Some(Word::Ignored) => {}
                Some(Word::Month(month)) if found & MONTH == 0 => {
                    self.month = i64::from(month);
                    self.text_month = true;
                    found |= MONTH;
                }
                _ => return Err(Fault::Format),
            }
        }
        for part in numbers {
            let more = self.number(part, self.seen | found)?;
            if more & found != 0 {
                return Err(Fault::Format);
            }
            found |= more;
        }
        let complete = (self.seen | found) & !(DAY_OF_YEAR | ZONE) == DATE;
        if complete { Ok(found) } else { Err(Fault::Format) }
    }

    fn number_field(&mut self, text: &str) -> Step<u32> {
        if self.time_expected {
            self.time_expected = false;
            let found = self.run_together(text, self.seen | DATE)?;
            return if found == TIME { Ok(found) } else { Err(Fault::Format) };
        }
        if self.julian {
            self.julian = false;
            let date = Civil::from_days(number(text)?.min(i64::from(i32::MAX)) + civil::MIN_DAY);
            (self.year, self.month, self.day) = (date.year, i64::from(date.month), i64::from(date.day));
            return Ok(DATE | JULIAN);
        }
        if self.time_only && self.seen & DATE == 0 {
            return self.run_together(text, self.seen | DATE);
        }
        let whole = text.find('.').unwrap_or(text.len());
        if whole < text.len() && self.seen & DATE == 0 {
            return self.date(text);
        }
        // Six digits and more are a year only after a part of a date and a time.
        let year_left = self.seen & DATE != 0 && self.seen & TIME != 0;
        if whole < text.len() && whole > 2 || whole == text.len() && text.len() >= 6 && !year_left {
            return self.run_together(text, self.seen);
        }
        self.number(text, self.seen)
    }

    /// One number of a date, by what is known already.
    fn number(&mut self, text: &str, seen: u32) -> Step<u32> {
        let len = text.find('.').unwrap_or(text.len());
        if len < text.len() {
            if len > 2 {
                return self.run_together(text, seen | DATE);
            }
            self.clock.us = micros(&text[len + 1..])?;
        }
        let value = number(&text[..len])?;
        if len == 3 && seen & DATE == YEAR && (1..=366).contains(&value) {
            self.day_of_year = value;
            return Ok(DAY_OF_YEAR | MONTH | DAY);
        }
        let year_first = len >= 3 || self.order == DateOrder::Ymd;
        let found = match seen & DATE {
            0 if year_first => YEAR,
            0 if self.order == DateOrder::Dmy => DAY,
            0 | YEAR | DAY => MONTH,
            MONTH if self.text_month && year_first => YEAR,
            YEAR_MONTH if self.text_month && len >= 3 && self.short_year => {
                // What was taken for a short year was the day: 01-feb-2026 with the year first.
                self.day = self.year;
                self.year = value;
                self.short_year = false;
                return Ok(DAY);
            }
            MONTH | YEAR_MONTH => DAY,
            MONTH_DAY => YEAR,
            DATE => return self.run_together(text, seen),
            _ => return Err(Fault::Format),
        };
        match found {
            YEAR => {
                self.year = value;
                self.short_year = len <= 2;
            }
            MONTH => self.month = value,
            _ => self.day = value,
        }
        Ok(found)
    }

    /// Digits that are a whole date (`20261122`) or a whole time (`040506.789`).
    fn run_together(&mut self, text: &str, seen: u32) -> Step<u32> {
        let digits = match text.split_once('.') {
            Some((whole, fraction)) => {
                self.clock.us = micros(fraction)?;
                whole
            }
            None => text,
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::Format);
        }
        if digits.len() == text.len() && seen & DATE != DATE && digits.len() >= 6 {
            let (rest, day) = digits.split_at(digits.len() - 2);
            let (year, month) = rest.split_at(rest.len() - 2);
            (self.year, self.month, self.day) = (number(year)?, number(month)?, number(day)?);
            self.short_year = year.len() == 2;
            return Ok(DATE);
        }
        if seen & TIME == 0 && matches!(digits.len(), 4 | 6) {
            let us = self.clock.us;
            let second = if digits.len() == 6 { number(&digits[4..])? } else { 0 };
            self.clock = Clock { hour: number(&digits[..2])?, minute: number(&digits[2..4])?, second, us };
            return Ok(TIME);
        }
        Err(Fault::Format)
    }

    fn word(&mut self, field: &Field, style: &TextStyle, infinity: &mut Option<bool>) -> Step<u32> {
        let text = field.text.as_str();
        if let Some(offset) = words::zone_offset(text) {
            self.zone = Some(ZoneOf::Offset(offset));
            return Ok(ZONE);
        }
        let Some(word) = words::word(text) else {
            return match self.zone_name(text) {
                Err(_) => Err(Fault::Format),
                found => found,
            };
        };
        match word {
            Word::Ignored => return Ok(0),
            Word::Weekday => return Ok(WEEKDAY),
            Word::Pm(pm) => self.afternoon = Some(pm),
            Word::Bc(bc) => self.before_christ = bc,
            Word::Month(month) => return self.month_word(month),
            Word::IsoTime if self.seen & DATE == DATE || self.time_only => self.time_expected = true,
            Word::Julian => self.julian = true,
            Word::IsoTime | Word::Unit => return Err(Fault::Format),
            Word::Infinity(negative) => {
                *infinity = Some(negative);
                return Ok(DATE | TIME | ZONE);
            }
            Word::Zulu => {
                self.zone = Some(ZoneOf::Offset(0));
                return Ok(TIME | ZONE);
            }
            Word::Epoch => {
                (self.year, self.month, self.day) = (1970, 1, 1);
                self.zone = Some(ZoneOf::Offset(0));
                return Ok(DATE | TIME | ZONE);
            }
            Word::Now | Word::Today | Word::Tomorrow | Word::Yesterday => return Ok(self.relative(word, style)),
        }
        Ok(0)
    }

    fn month_word(&mut self, month: u32) -> Step<u32> {
        let mut found = MONTH;
        if self.seen & MONTH != 0 && !self.text_month && self.seen & DAY == 0 && (1..=31).contains(&self.month) {
            // The number taken for the month was the day: 22 Nov.
            self.day = self.month;
            found = DAY;
        }
        self.text_month = true;
        self.month = i64::from(month);
        Ok(found)
    }

    fn relative(&mut self, word: Word, style: &TextStyle) -> u32 {
        let now_us = Utc::now().timestamp_micros();
        let offset_s = Zone::of(style.time_zone).at_utc(now_us.div_euclid(1_000_000)).offset_s;
        let local_us = now_us + i64::from(offset_s) * 1_000_000;
        let days = local_us.div_euclid(DAY_US)
            + match word {
                Word::Tomorrow => 1,
                Word::Yesterday => -1,
                _ => 0,
            };
        let date = Civil::from_days(days);
        (self.year, self.month, self.day) = (date.year, i64::from(date.month), i64::from(date.day));
        if word != Word::Now {
            return DATE;
        }
        let of_day = local_us.rem_euclid(DAY_US);
        let seconds = of_day / 1_000_000;
        self.clock = Clock {
            hour: seconds * 24 / DAY_S,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            us: of_day % 1_000_000,
        };
        self.zone = Some(ZoneOf::Offset(offset_s));
        DATE | TIME | ZONE
    }

    /// Settles the year's era, the half of the day, and checks every field.
    fn validate(&mut self) -> Step {
        if self.seen & YEAR != 0 && self.seen & JULIAN == 0 {
            if self.before_christ {
                if self.year <= 0 {
                    return Err(Fault::Range);
                }
                self.year = 1 - self.year;
            } else if self.short_year {
                self.year += if self.year < 70 { 2_000 } else { 1_900 };
            } else if self.year <= 0 {
                return Err(Fault::Range);
            }
            if self.year > 5_874_898 {
                return Err(Fault::Range);
            }
        }
        if self.seen & DAY_OF_YEAR != 0 {
            let date = Civil::from_days(Civil { year: self.year, month: 1, day: 1 }.to_days() + self.day_of_year - 1);
            (self.year, self.month, self.day) = (date.year, i64::from(date.month), i64::from(date.day));
        }
        if self.seen & MONTH != 0 && !(1..=12).contains(&self.month)
            || self.seen & DAY != 0 && !(1..=31).contains(&self.day)
        {
            return Err(Fault::Order);
        }
        if self.seen & DATE == DATE {
            let month = u32::try_from(self.month).map_err(|_| Fault::Order)?;
            if self.day > i64::from(civil::days_in_month(self.year, month)) {
                return Err(Fault::Range);
            }
        }
        self.settle_afternoon()?;
        self.clock.of_day_us().map(drop)
    }

    fn settle_afternoon(&mut self) -> Step {
        match self.afternoon {
            Some(_) if self.clock.hour > 12 => Err(Fault::Range),
            Some(false) if self.clock.hour == 12 => {
                self.clock.hour = 0;
                Ok(())
            }
            Some(true) if self.clock.hour != 12 => {
                self.clock.hour += 12;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Runs of digits and runs of letters.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let digit = rest.bytes().next()?.is_ascii_digit();
        let len =
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() && byte.is_ascii_digit() == digit).count();
        let (part, tail) = rest.split_at(len);
        rest = tail;
        Some(part)
    })
}
