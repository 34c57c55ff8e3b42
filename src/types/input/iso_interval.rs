//! Intervals in the forms of ISO 8601: `P1Y2M3DT4H5M6.5S`, `P1W`, `P0001-02-03T04:05:06`, `P00010203T040506`.
//!
//! The rules are PostgreSQL's `DecodeISO8601Interval`: a number may have a sign, a fraction and an exponent anywhere.

use super::interval::Sum;
use super::reader::Fault;
use super::words::Unit;

/// What a step found, or why the text is wrong.
type Step<T = ()> = std::result::Result<T, Fault>;

/// The largest number of a field.
const LIMIT: f64 = 1.0e15;

/// Reads a whole text.
pub(super) fn read(text: &str) -> Step<Sum> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or(Fault::Format)?;
    let mut reader = Reader { rest, sum: Sum::default() };
    let (mut in_date, mut have_field) = (true, false);
    while !reader.rest.is_empty() {
        if reader.eat('T') {
            (in_date, have_field) = (false, false);
            continue;
        }
        let number = reader.number()?;
        let unit = reader.rest.chars().next();
        reader.rest = unit.map_or("", |unit| &reader.rest[unit.len_utf8()..]);
        let ended =
            if in_date { reader.date(&number, unit, have_field)? } else { reader.time(&number, unit, have_field)? };
        match ended {
            After::Field => have_field = true,
            After::Date => (in_date, have_field) = (false, false),
            After::End => return Ok(reader.sum),
        }
    }
    Ok(reader.sum)
}

/// A number, and how many digits stand before its point.
struct Number {
    whole: i64,
    fraction: f64,
    width: usize,
}

/// Where a field left the text.
enum After {
    /// More of the same part may follow.
    Field,
    /// The time follows.
    Date,
    /// Nothing follows.
    End,
}

struct Reader<'a> {
    rest: &'a str,
    sum: Sum,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest.strip_prefix(wanted);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// The number at the front, as C's `strtod` would read it.
    fn number(&mut self) -> Step<Number> {
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let width = digits(&self.rest[sign..]);
        let mut len = sign + width;
        let mut places = 0;
        if self.rest[len..].starts_with('.') {
            places = digits(&self.rest[len + 1..]);
            len += 1 + places;
        }
        if width + places == 0 {
            return Err(Fault::Format);
        }
        let tail = &self.rest[len..];
        if tail.starts_with(['e', 'E']) {
            let signed = 1 + usize::from(tail[1..].starts_with(['-', '+']));
            let exponent = digits(&tail[signed..]);
            len += if exponent > 0 { signed + exponent } else { 0 };
        }
        let (text, rest) = self.rest.split_at(len);
        self.rest = rest;
        let value: f64 = text.parse().map_err(|_| Fault::Format)?;
        if !(-LIMIT..=LIMIT).contains(&value) {
            return Err(Fault::Range);
        }
        #[expect(clippy::cast_possible_truncation, reason = "within the limit")]
        let whole = value.trunc() as i64;
        Ok(Number { whole, fraction: value - value.trunc(), width })
    }

    fn add(&mut self, unit: Unit, number: &Number) -> Step {
        self.sum.add(unit, number.whole, number.fraction)
    }

    /// A field before the `T`.
    fn date(&mut self, number: &Number, unit: Option<char>, have_field: bool) -> Step<After> {
        let named = match unit {
            Some('Y') => Unit::Year,
            Some('M') => Unit::Month,
            Some('W') => Unit::Week,
            Some('D') => Unit::Day,
            Some('T') | None if number.width == 8 && !have_field => {
                self.sum.add(Unit::Year, number.whole / 10_000, 0.0)?;
                self.sum.add(Unit::Month, number.whole / 100 % 100, 0.0)?;
                self.sum.add(Unit::Day, number.whole % 100, number.fraction)?;
                return Ok(if unit.is_none() { After::End } else { After::Date });
            }
            Some('T' | '-') | None if !have_field => return self.date_with_hyphens(number, unit),
            _ => return Err(Fault::Format),
        };
        self.add(named, number)?;
        Ok(After::Field)
    }

    /// Years, then months and days behind hyphens.
    fn date_with_hyphens(&mut self, years: &Number, unit: Option<char>) -> Step<After> {
        self.add(Unit::Year, years)?;
        match unit {
            None => return Ok(After::End),
            Some('T') => return Ok(After::Date),
            _ => {}
        }
        for part in [Unit::Month, Unit::Day] {
            let number = self.number()?;
            self.add(part, &number)?;
            if self.rest.is_empty() {
                return Ok(After::End);
            }
            if self.rest.starts_with('T') {
                return Ok(After::Date);
            }
            if part == Unit::Day || !self.eat('-') {
                return Err(Fault::Format);
            }
        }
        Ok(After::End)
    }

    /// A field behind the `T`.
    fn time(&mut self, number: &Number, unit: Option<char>, have_field: bool) -> Step<After> {
        let named = match unit {
            Some('H') => Unit::Hour,
            Some('M') => Unit::Minute,
            Some('S') => Unit::Second,
            None if number.width == 6 && !have_field => {
                self.sum.add(Unit::Hour, number.whole / 10_000, 0.0)?;
                self.sum.add(Unit::Minute, number.whole / 100 % 100, 0.0)?;
                self.sum.add(Unit::Second, number.whole % 100, 0.0)?;
                self.sum.add(Unit::Microsecond, 0, number.fraction)?;
                return Ok(After::End);
            }
            Some(':') | None if !have_field => return self.time_with_colons(number, unit),
            _ => return Err(Fault::Format),
        };
        self.add(named, number)?;
        Ok(After::Field)
    }

    /// Hours, then minutes and seconds behind colons.
    fn time_with_colons(&mut self, hours: &Number, unit: Option<char>) -> Step<After> {
        self.add(Unit::Hour, hours)?;
        if unit.is_none() {
            return Ok(After::End);
        }
        for part in [Unit::Minute, Unit::Second] {
            let number = self.number()?;
            self.add(part, &number)?;
            if self.rest.is_empty() {
                return Ok(After::End);
            }
            if part == Unit::Second || !self.eat(':') {
                return Err(Fault::Format);
            }
        }
        Ok(After::End)
    }
}
