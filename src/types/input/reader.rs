//! The fields of a date and time, read from left to right.
//!
//! A number's meaning follows from what is known already and from the session's `DateStyle` order, never from guesses
//! about its size. The rules are PostgreSQL's `DecodeDateTime`.

use std::sync::Arc;

use super::clock::{Clock, displacement};
use super::fields::{Field, Kind, fields};
use super::words::{self, Word};
use crate::types::civil::{self, Civil, DAY_S, DAY_US};
use crate::types::zone::{Abbreviation, Zone, abbreviation};
use crate::types::{DateOrder, TextStyle};

/// Bits of what has been read, by which a second value of a kind is found.
pub(super) const YEAR: u32 = 1;
pub(super) const MONTH: u32 = 2;
pub(super) const DAY: u32 = 4;
pub(super) const DAY_OF_YEAR: u32 = 8;
pub(super) const TIME: u32 = 16;
pub(super) const ZONE: u32 = 32;
pub(super) const WEEKDAY: u32 = 64;
pub(super) const JULIAN: u32 = 128;
pub(super) const DATE: u32 = YEAR | MONTH | DAY;
pub(super) const YEAR_MONTH: u32 = YEAR | MONTH;
pub(super) const MONTH_DAY: u32 = MONTH | DAY;

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
#[derive(Clone, Debug)]
pub enum ZoneOf {
    /// Seconds east of UTC.
    Offset(i32),
    /// A zone whose offset depends on the date.
    Named(Arc<Zone>),
    /// An abbreviation that a zone has given several meanings.
    Abbreviated(Arc<Zone>, &'static str),
}

/// A letter that says what the number behind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `T`: a time.
    Time,
    /// `J`: days from 4714-11-24 BC.
    Julian,
}

/// What is wanted of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A date, with or without a time.
    Date,
    /// A time, with or without a date.
    Time,
}

/// What a text says.
pub enum Moment {
    /// `infinity`, or below everything if true.
    Infinity(bool),
    /// A date, a time, or both.
    Fields(Box<Reader>),
}

/// What has been read so far.
#[derive(Debug)]
pub struct Reader {
    pub(super) order: DateOrder,
    pub(super) seen: u32,
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) day_of_year: i64,
    pub(super) clock: Clock,
    pub zone: Option<ZoneOf>,
    afternoon: Option<bool>,
    before_christ: bool,
    /// The month was a word.
    pub(super) text_month: bool,
    /// The year has two digits: 70 is 1970, 69 is 2069.
    pub(super) short_year: bool,
    /// What the next number must be.
    pub(super) prefix: Option<Prefix>,
    /// Where only a time is wanted, digits run together are one.
    pub(super) goal: Goal,
    /// Whether the field being read may be a date where only a time is wanted.
    pub(super) date_allowed: bool,
}

/// What a step found, or why the text is wrong.
pub(super) type Step<T = ()> = std::result::Result<T, Fault>;

impl Reader {
    /// Reads a whole text; a `time` alone may be digits run together.
    pub fn read(text: &str, style: &TextStyle, goal: Goal) -> Step<Moment> {
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
            prefix: None,
            goal,
            date_allowed: true,
        };
        let mut infinity = None;
        for (at, field) in fields.iter().enumerate() {
            reader.date_allowed = goal == Goal::Date || may_be_date(&fields, at);
            let found = match field.kind {
                Kind::Date => reader.date_field(&field.text)?,
                Kind::Time => {
                    reader.prefix.take_if(|prefix| *prefix == Prefix::Time);
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
        if reader.prefix.is_some() {
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
        if self.prefix == Some(Prefix::Julian) {
            // The day with a displacement behind it.
            self.prefix = None;
            let at = text.find(['-', '+']).ok_or(Fault::Format)?;
            self.zone = Some(ZoneOf::Offset(displacement(&text[at..])?));
            return Ok(self.julian_day(&text[..at])? | ZONE);
        }
        let has_date = self.seen & (MONTH | DAY) == MONTH | DAY || !self.date_allowed;
        let time_expected = self.prefix == Some(Prefix::Time);
        if !has_date && !time_expected {
            return self.date(text);
        }
        if !text.starts_with(|first: char| first.is_ascii_digit()) && !time_expected {
            return self.zone_name(text);
        }
        self.prefix = None;
        let at = text.find('-').ok_or(Fault::Format)?;
        if self.seen & TIME != 0 || self.seen & ZONE != 0 && self.goal == Goal::Date {
            return Err(Fault::Format);
        }
        self.zone = Some(ZoneOf::Offset(displacement(&text[at..])?));
        Ok(self.run_together(&text[..at], self.seen | DATE)? | ZONE)
    }

    /// A zone by its name in the time zone database, in any case of letters, or a POSIX one.
    fn zone_name(&mut self, text: &str) -> Step<u32> {
        let zone = Zone::named(text).ok_or_else(|| Fault::Zone(text.to_owned()))?;
        self.zone = Some(ZoneOf::Named(zone));
        Ok(ZONE)
    }

    /// A word: a zone, a month, a half of the day, an era, or a moment of its own.
    fn word(&mut self, field: &Field, style: &TextStyle, infinity: &mut Option<bool>) -> Step<u32> {
        let text = field.text.as_str();
        if let Some((name, meaning)) = abbreviation(text) {
            self.zone = Some(match meaning {
                Abbreviation::Offset(offset) => ZoneOf::Offset(offset),
                Abbreviation::Zone(zone) => match Zone::named(zone) {
                    Some(zone) => ZoneOf::Abbreviated(zone, name),
                    None => return Err(Fault::Zone(text.to_owned())),
                },
            });
            return Ok(ZONE);
        }
        let Some(word) = words::word(text) else {
            return match self.zone_name(text) {
                Err(_) => Err(Fault::Format),
                found => found,
            };
        };
        if self.goal == Goal::Time && !of_time(word) {
            return Err(Fault::Format);
        }
        match word {
            Word::Ignored => return Ok(0),
            Word::Weekday => return Ok(WEEKDAY),
            Word::Pm(pm) => self.afternoon = Some(pm),
            Word::Bc(bc) => self.before_christ = bc,
            Word::Month(month) => return Ok(self.month_word(month)),
            Word::IsoTime if self.seen & DATE == DATE || self.goal == Goal::Time => self.prefix = Some(Prefix::Time),
            Word::Julian => self.prefix = Some(Prefix::Julian),
            Word::SummerTime => match &mut self.zone {
                Some(ZoneOf::Offset(offset)) => *offset += 3_600,
                _ => return Err(Fault::Format),
            },
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

    /// A month's name; gives what it settled, which may be the day.
    fn month_word(&mut self, month: u32) -> u32 {
        let mut found = MONTH;
        if self.seen & MONTH != 0 && !self.text_month && self.seen & DAY == 0 && (1..=31).contains(&self.month) {
            // The number taken for the month was the day: 22 Nov.
            self.day = self.month;
            found = DAY;
        }
        self.text_month = true;
        self.month = i64::from(month);
        found
    }

    /// `now`, `today` and the days beside it, in the session's zone.
    fn relative(&mut self, word: Word, style: &TextStyle) -> u32 {
        let local_us = local_now_us(style);
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
        let offset_s = style.time_zone.at_local(local_us.div_euclid(1_000_000)).offset_s;
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
            // Years beyond PostgreSQL's are told by the caller; this is what C's `int` holds.
            if self.year.abs() > i64::from(i32::MAX) {
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

    /// Turns the twelve-hour clock into the day's.
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

/// Whether a text for a time may have a date in a field: the first one before a time, or when the last one looks like
/// a date too.
fn may_be_date(fields: &[Field], at: usize) -> bool {
    at == 0
        && fields.len() >= 2
        && (fields.last().is_some_and(|last| last.kind == Kind::Date) || fields[1].kind == Kind::Time)
}

/// Whether a word may stand in a text for a time.
fn of_time(word: Word) -> bool {
    !matches!(
        word,
        Word::Weekday
            | Word::Month(_)
            | Word::Infinity(_)
            | Word::Epoch
            | Word::Today
            | Word::Tomorrow
            | Word::Yesterday
    )
}

/// The session's local time now, in microseconds from 1970-01-01.
pub(super) fn local_now_us(style: &TextStyle) -> i64 {
    let now_us = style.moment.now_us();
    let offset_s = style.time_zone.at_utc(now_us.div_euclid(1_000_000)).offset_s;
    now_us + i64::from(offset_s) * 1_000_000
}
