//! POSIX time zone names: `PST8`, `<+0330>-3:30`, `EST5EDT`, `PST8PDT,M3.2.0,M11.1.0`.
//!
//! Offsets in a name count west of Greenwich, [`Posix`] has them east. A daylight time without rules follows those
//! of the United States since 2007, as in PostgreSQL.

/// The rules of a name that has a daylight time and none.
const DEFAULT_RULES: &str = ",M3.2.0,M11.1.0";
/// The longest name.
const MAX_BYTES: usize = 255;
/// The most hours of an offset.
const MAX_HOURS: i32 = 24 * 7 - 1;

/// A zone described by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posix {
    /// The whole name in upper case.
    pub name: String,
    /// Standard time.
    pub standard: Period,
    /// Daylight time, when the zone has one.
    pub daylight: Option<Daylight>,
}

/// What holds for a part of the year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The abbreviation; may be empty.
    pub abbreviation: String,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

/// Daylight time and when it begins and ends, each in the local time before the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daylight {
    /// What holds then.
    pub period: Period,
    /// The change to daylight time.
    pub start: Change,
    /// The change back.
    pub end: Change,
}

/// A moment of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The day.
    pub day: ChangeDay,
    /// Seconds after its midnight; may be negative or longer than a day.
    pub second: i32,
}

/// A day of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeDay {
    /// `J60`: 1 to 365, the leap day is never counted.
    WithoutLeapDay(u32),
    /// `59`: 0 to 365, the leap day is counted.
    OfYear(u32),
    /// `M3.2.0`: a weekday (0 is Sunday) of a week (5 is the last one) of a month.
    Weekday {
        /// 1 to 12.
        month: u32,
        /// 1 to 5.
        week: u32,
        /// 0 to 6.
        weekday: u32,
    },
}

impl Posix {
    /// Reads a name; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES || !text.is_ascii() {
            return None;
        }
        let name = text.to_ascii_uppercase();
        let mut rest = Rest(&name);
        let abbreviation = rest.abbreviation()?;
        let standard = Period { abbreviation, offset_s: -rest.offset()? };
        let daylight = if rest.0.is_empty() { None } else { Some(rest.daylight(standard.offset_s)?) };
        Some(Self { name, standard, daylight })
    }
}

/// The part of a name that is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        match self.0.strip_prefix(wanted) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Letters, or anything in angle brackets.
    fn abbreviation(&mut self) -> Option<String> {
        if let Some(quoted) = self.0.strip_prefix('<') {
            let (name, rest) = quoted.split_once('>')?;
            self.0 = rest;
            return Some(name.to_owned());
        }
        let end = self.0.find(|c: char| c.is_ascii_digit() || matches!(c, ',' | '-' | '+')).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(name.to_owned())
    }

    /// A number within bounds.
    fn number(&mut self, bounds: std::ops::RangeInclusive<i32>) -> Option<i32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok().filter(|n| bounds.contains(n))
    }

    /// `h`, `h:mm`, `h:mm:ss` with a sign, in seconds.
    fn offset(&mut self) -> Option<i32> {
        let negative = self.eat('-');
        if !negative {
            self.eat('+');
        }
        let mut seconds = self.number(0..=MAX_HOURS)? * 3_600;
        if self.eat(':') {
            seconds += self.number(0..=59)? * 60;
            if self.eat(':') {
                seconds += self.number(0..=60)?;
            }
        }
        Some(if negative { -seconds } else { seconds })
    }

    fn daylight(&mut self, standard_s: i32) -> Option<Daylight> {
        let abbreviation = self.abbreviation().filter(|name| !name.is_empty())?;
        let plain = self.0.is_empty() || self.0.starts_with([',', ';']);
        let offset_s = if plain { standard_s + 3_600 } else { -self.offset()? };
        if self.0.is_empty() {
            self.0 = DEFAULT_RULES;
        }
        if !self.eat(',') && !self.eat(';') {
            return None;
        }
        let start = self.change()?;
        if !self.eat(',') {
            return None;
        }
        let end = self.change()?;
        self.0.is_empty().then_some(Daylight { period: Period { abbreviation, offset_s }, start, end })
    }

    fn change(&mut self) -> Option<Change> {
        let day = if self.0.starts_with('M') {
            self.0 = &self.0[1..];
            let month = self.number(1..=12)?.unsigned_abs();
            let week = self.eat('.').then(|| self.number(1..=5)).flatten()?.unsigned_abs();
            let weekday = self.eat('.').then(|| self.number(0..=6)).flatten()?.unsigned_abs();
            ChangeDay::Weekday { month, week, weekday }
        } else if self.0.starts_with('J') {
            self.0 = &self.0[1..];
            ChangeDay::WithoutLeapDay(self.number(1..=365)?.unsigned_abs())
        } else {
            ChangeDay::OfYear(self.number(0..=365)?.unsigned_abs())
        };
        let second = if self.eat('/') { self.offset()? } else { 2 * 3_600 };
        Some(Change { day, second })
    }
}
