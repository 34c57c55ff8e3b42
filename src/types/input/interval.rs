//! Interval input: PostgreSQL's and the SQL standard's forms; those of ISO 8601 are read by [`super::iso_interval`].
//!
//! Fields are read from right to left, since a unit stands behind its number. Fractions spill into the next smaller
//! part (a month has 30 days, a day 24 hours there), as PostgreSQL has it.

use super::clock::Clock;
use super::datetime::report;
use super::fields::{Field, Kind, fields};
use super::iso_interval;
use super::reader::Fault;
use super::words::{self, Unit};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::DAY_US;
use crate::types::output::Interval;
use crate::types::{IntervalStyle, typmod};

/// `interval`. `style` matters for one form: in `sql_standard` a sign before the first field holds for all.
///
/// # Errors
///
/// `22007` for text that is no interval, `22015` for a field out of range, `22008` for a sum that Arrow cannot hold
/// (292 years of hours, minutes and seconds).
pub fn parse_interval(text: &str, style: IntervalStyle) -> Result<Interval> {
    parse_interval_as(text, style, -1)
}

/// `interval` of a type modifier: its fields say what a number without unit is, and which parts are kept.
///
/// # Errors
///
/// As [`parse_interval`].
pub fn parse_interval_as(text: &str, style: IntervalStyle, typmod: i32) -> Result<Interval> {
    let kind = Kinds { style, fields: typmod::interval_fields(typmod) };
    let out_of_range = || Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range");
    let read = match fields(text).ok_or(Fault::Format).and_then(|fields| read_fields(&fields, kind)) {
        Err(Fault::Format) => iso_interval::read(text).map(Parts::Sum),
        other => other,
    };
    let parts = read.map_err(|fault| match fault {
        Fault::Range | Fault::Order => {
            Error::new(sqlstate::INTERVAL_FIELD_OVERFLOW, format!("interval field value out of range: \"{text}\""))
        }
        fault => report(&fault, "interval", text),
    })?;
    let interval = match parts {
        Parts::Infinity { negative: true } => Interval::NEG_INFINITY,
        Parts::Infinity { negative: false } => Interval::INFINITY,
        Parts::Sum(sum) => {
            let months = sum.years.checked_mul(12).and_then(|months| months.checked_add(sum.months));
            let months = months.and_then(|months| i32::try_from(months).ok()).ok_or_else(out_of_range)?;
            Interval { months, days: sum.days, us: sum.us }
        }
    };
    // What Arrow cannot hold in nanoseconds would fail later, far from its text.
    let interval = typmod::fit_interval(interval, typmod)?;
    interval.to_nanos().map(|_| interval).ok_or_else(out_of_range)
}

/// What decides how a text is read.
#[derive(Clone, Copy)]
struct Kinds {
    style: IntervalStyle,
    /// The fields of the type, as [`typmod::field`] has them.
    fields: i32,
}

impl Kinds {
    /// The unit of a number that has none.
    fn unit(self) -> Unit {
        use typmod::field::{ALL, DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
        match self.fields {
            ALL => Unit::Second,
            YEAR => Unit::Year,
            fields if fields & SECOND != 0 => Unit::Second,
            fields if fields & MINUTE != 0 => Unit::Minute,
            fields if fields & HOUR != 0 => Unit::Hour,
            DAY => Unit::Day,
            fields if fields & MONTH != 0 => Unit::Month,
            _ => Unit::Second,
        }
    }

    /// Whether `12:34` are minutes and seconds.
    fn minutes_first(self) -> bool {
        self.fields == typmod::field::MINUTE | typmod::field::SECOND
    }
}

/// What a text says.
enum Parts {
    Infinity { negative: bool },
    Sum(Sum),
}

/// The parts as they are added up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    years: i64,
    months: i64,
    days: i32,
    us: i64,
}

/// What a step found, or why the text is wrong.
type Step<T = ()> = std::result::Result<T, Fault>;

impl Sum {
    /// Adds `whole + fraction` of a unit.
    pub(super) fn add(&mut self, unit: Unit, whole: i64, fraction: f64) -> Step {
        match unit {
            Unit::Microsecond => self.add_time(whole, fraction, 1),
            Unit::Millisecond => self.add_time(whole, fraction, 1_000),
            Unit::Second => self.add_time(whole, fraction, 1_000_000),
            Unit::Minute => self.add_time(whole, fraction, 60_000_000),
            Unit::Hour => self.add_time(whole, fraction, 3_600_000_000),
            Unit::Day => {
                self.add_days(whole, 1)?;
                self.add_fraction(fraction, DAY_US)
            }
            Unit::Week => {
                self.add_days(whole, 7)?;
                self.add_fraction_days(fraction, 7)
            }
            Unit::Month => {
                let months = i32::try_from(self.months + i64::from(to_i32(whole)?)).map_err(|_| Fault::Range)?;
                self.months = i64::from(months);
                self.add_fraction_days(fraction, 30)
            }
            Unit::Year => self.add_years(whole, fraction, 1),
            Unit::Decade => self.add_years(whole, fraction, 10),
            Unit::Century => self.add_years(whole, fraction, 100),
            Unit::Millennium => self.add_years(whole, fraction, 1_000),
        }
    }

    /// Adds units of less than a day.
    fn add_time(&mut self, whole: i64, fraction: f64, unit_us: i64) -> Step {
        let us = whole.checked_mul(unit_us).and_then(|us| self.us.checked_add(us));
        self.us = us.ok_or(Fault::Range)?;
        self.add_fraction(fraction, unit_us)
    }

    /// Adds a fraction of a unit in microseconds, rounded.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a fraction of a unit of 64 bits")]
    fn add_fraction(&mut self, fraction: f64, unit_us: i64) -> Step {
        if fraction == 0.0 {
            return Ok(());
        }
        let scaled = fraction * unit_us as f64;
        let mut us = scaled as i64;
        let rest = scaled - us as f64;
        us += i64::from(rest > 0.5) - i64::from(rest < -0.5);
        self.us = self.us.checked_add(us).ok_or(Fault::Range)?;
        Ok(())
    }

    /// Adds whole units of days.
    fn add_days(&mut self, whole: i64, unit_days: i32) -> Step {
        let days = to_i32(whole)?.checked_mul(unit_days).and_then(|days| self.days.checked_add(days));
        self.days = days.ok_or(Fault::Range)?;
        Ok(())
    }

    /// Adds a fraction of a unit of days: whole days, then microseconds.
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of 30 days at most")]
    fn add_fraction_days(&mut self, fraction: f64, unit_days: i32) -> Step {
        let scaled = fraction * f64::from(unit_days);
        self.add_days(i64::from(scaled as i32), 1)?;
        self.add_fraction(scaled - f64::from(scaled as i32), DAY_US)
    }

    /// Adds units of years; a fraction becomes whole months.
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a millennium in months")]
    fn add_years(&mut self, whole: i64, fraction: f64, unit_years: i32) -> Step {
        let years = to_i32(whole)?.checked_mul(unit_years).map(i64::from).ok_or(Fault::Range)?;
        self.years = i64::from(to_i32(self.years + years)?);
        let months = (fraction * f64::from(unit_years) * 12.0).round_ties_even() as i64;
        self.months = i64::from(to_i32(self.months + months)?);
        Ok(())
    }

    /// `ago`
    fn negated(self) -> Step<Self> {
        Ok(Self {
            years: i64::from(to_i32(-self.years)?),
            months: i64::from(to_i32(-self.months)?),
            days: self.days.checked_neg().ok_or(Fault::Range)?,
            us: self.us.checked_neg().ok_or(Fault::Range)?,
        })
    }
}

/// Days, months and years are of C's `int`.
fn to_i32(number: i64) -> Step<i32> {
    i32::try_from(number).map_err(|_| Fault::Range)
}

/// The forms with words and signs, right to left.
fn read_fields(fields: &[Field], kind: Kinds) -> Step<Parts> {
    let signed = |field: &Field| field.text.starts_with(['-', '+']);
    let all_negative = kind.style == IntervalStyle::SqlStandard
        && fields.first().is_some_and(|field| field.text.starts_with('-'))
        && !fields[1..].iter().any(signed);
    let (mut sum, mut seen, mut ago) = (Sum::default(), 0_u32, false);
    let mut unit = None;
    let mut unit_waits = false;
    for (index, field) in fields.iter().enumerate().rev() {
        let found = match field.kind {
            Kind::Time => {
                unit_waits = false;
                unit = Some(Unit::Day);
                sum.us = signed_time(&field.text, all_negative, kind)?;
                TIME_BITS
            }
            Kind::Signed if field.text.contains(':') => {
                unit_waits = false;
                unit = Some(Unit::Day);
                let us = signed_time(&field.text[1..], false, kind)?;
                sum.us = if field.text.starts_with('-') { -us } else { us };
                TIME_BITS
            }
            Kind::Signed | Kind::Date | Kind::Number => {
                unit_waits = false;
                if ago && unit.is_none() {
                    return Err(Fault::Format);
                }
                number(&field.text, &mut unit, all_negative, kind, &mut sum)?
            }
            Kind::Word | Kind::SignedWord => {
                if unit_waits {
                    return Err(Fault::Format);
                }
                match field.text.as_str() {
                    "ago" if index == fields.len() - 1 => ago = true,
                    "infinity" | "+infinity" | "-infinity" if fields.len() == 1 => {
                        return Ok(Parts::Infinity { negative: field.text.starts_with('-') });
                    }
                    text => {
                        unit = Some(words::unit(text).ok_or(Fault::Format)?);
                        unit_waits = true;
                    }
                }
                0
            }
        };
        if found & seen != 0 {
            return Err(Fault::Format);
        }
        seen |= found;
    }
    if seen == 0 || unit_waits {
        return Err(Fault::Format);
    }
    Ok(Parts::Sum(if ago { sum.negated()? } else { sum }))
}

/// Hours, minutes, seconds and their parts, which a time sets all at once.
const TIME_BITS: u32 = 0b1_1111;

/// The bit of a unit, by which a second value of the same unit is found.
fn bit(unit: Unit) -> u32 {
    1 << match unit {
        Unit::Microsecond => 0,
        Unit::Millisecond => 1,
        Unit::Second => 2,
        Unit::Minute => 3,
        Unit::Hour => 4,
        Unit::Day => 5,
        Unit::Week => 6,
        Unit::Month => 7,
        Unit::Year => 8,
        Unit::Decade => 9,
        Unit::Century => 10,
        Unit::Millennium => 11,
    }
}

/// `hh:mm:ss` in microseconds, negated if the whole interval is.
fn signed_time(text: &str, negative: bool, kind: Kinds) -> Step<i64> {
    let mut clock = Clock::parse(text)?;
    if kind.minutes_first() && text.bytes().filter(|&byte| byte == b':').count() == 1 && !text.contains('.') {
        clock = Clock { hour: 0, minute: clock.hour, second: clock.minute, us: 0 };
    }
    let us = clock.total_us()?;
    Ok(if negative { -us } else { us })
}

/// A number with the unit behind it, seconds without one; or `years-months`. Gives the bits of what it set.
fn number(text: &str, unit: &mut Option<Unit>, all_negative: bool, kind: Kinds, sum: &mut Sum) -> Step<u32> {
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let sign = if negative || all_negative { -1 } else { 1 };
    let size: i128 = if digits == 0 { 0 } else { body[..digits].parse().map_err(|_| Fault::Range)? };
    let whole = i64::try_from(sign * size).map_err(|_| Fault::Range)?;
    let tail = &body[digits..];
    if let Some(months) = tail.strip_prefix('-') {
        let months = super::clock::number(months)?;
        if months > 11 {
            return Err(Fault::Range);
        }
        let months = if sign < 0 { -months } else { months };
        let total = whole.checked_mul(12).and_then(|total| total.checked_add(months)).ok_or(Fault::Range)?;
        sum.add(Unit::Month, total, 0.0)?;
        *unit = Some(Unit::Month);
        return Ok(bit(Unit::Month));
    }
    let fraction = match tail.strip_prefix('.') {
        Some("") => 0.0,
        Some(places) if places.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("0.{places}").parse().map_err(|_| Fault::Format)?
        }
        None if tail.is_empty() => 0.0,
        _ => return Err(Fault::Format),
    };
    let meant = unit.unwrap_or_else(|| kind.unit());
    sum.add(meant, whole, if sign < 0 { -fraction } else { fraction })?;
    if meant == Unit::Hour {
        *unit = Some(Unit::Day);
    } else {
        *unit = Some(meant);
    }
    // Seconds with a fraction say milliseconds and microseconds too.
    Ok(if meant == Unit::Second && fraction != 0.0 { 0b111 } else { bit(meant) })
}
