//! What the numbers of a date and time mean.
//!
//! The first number of a date is a year if it has three digits or more, else what the session's order says; the
//! others follow from what is known. The rules are PostgreSQL's `DecodeDate` and `DecodeNumber`.

use super::clock::{Clock, micros, number};
use super::reader::{
    DATE, DAY, DAY_OF_YEAR, Fault, Goal, JULIAN, MONTH, MONTH_DAY, Prefix, Reader, Step, TIME, YEAR, YEAR_MONTH, ZONE,
};
use super::words::{self, Word};
use crate::types::DateOrder;
use crate::types::civil::{self, Civil};

impl Reader {
    /// A whole date: its words first, then its numbers.
    pub(super) fn date(&mut self, text: &str) -> Step<u32> {
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

    /// A field of digits: a number of a date, or a date or time run together.
    pub(super) fn number_field(&mut self, text: &str) -> Step<u32> {
        if self.prefix == Some(Prefix::Time) {
            self.prefix = None;
            let found = self.run_together(text, self.seen | DATE)?;
            return if found == TIME { Ok(found) } else { Err(Fault::Format) };
        }
        if self.prefix.take().is_some() {
            return self.julian_day(text);
        }
        if self.goal == Goal::Time {
            if text.contains('.') && self.date_allowed {
                return self.date(text);
            }
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

    /// Days from 4714-11-24 BC; a fraction is the time of the day.
    pub(super) fn julian_day(&mut self, text: &str) -> Step<u32> {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let days = i32::try_from(number(whole)?).map_err(|_| Fault::Range)?;
        let date = Civil::from_days(i64::from(days) + civil::MIN_DAY);
        (self.year, self.month, self.day) = (date.year, i64::from(date.month), i64::from(date.day));
        let Some(places) = fraction else { return Ok(DATE | JULIAN) };
        let part: f64 = match places {
            "" => 0.0,
            places => format!("0.{places}").parse().map_err(|_| Fault::Format)?,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a part of a day")]
        let us = (part * civil::DAY_US as f64) as i64;
        let second = us / 1_000_000;
        self.clock = Clock { hour: second / 3_600, minute: second / 60 % 60, second: second % 60, us: us % 1_000_000 };
        Ok(DATE | JULIAN | super::reader::TIME)
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
    pub(super) fn run_together(&mut self, text: &str, seen: u32) -> Step<u32> {
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
