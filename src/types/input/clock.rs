//! Times of day and zone displacements inside a text.

use super::reader::Fault;

/// The parts of a time of day or of an interval's time; `us` are microseconds of the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub us: i64,
}

impl Clock {
    /// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.ffffff`, `mm:ss.ffffff`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let (whole, us) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(micros(fraction)?)),
            None => (text, None),
        };
        let mut parts = parts(whole);
        let first = parts.next().ok_or(Fault::Format)??;
        let second = parts.next().ok_or(Fault::Format)??;
        let clock = match (parts.next().transpose()?, us) {
            (None, None) => Self { hour: first, minute: second, second: 0, us: 0 },
            (None, Some(us)) => Self { hour: 0, minute: first, second, us },
            (Some(third), us) => Self { hour: first, minute: second, second: third, us: us.unwrap_or(0) },
        };
        if parts.next().is_some() {
            return Err(Fault::Format);
        }
        if clock.minute > 59 || clock.second > 60 || clock.us > 1_000_000 {
            return Err(Fault::Range);
        }
        Ok(clock)
    }

    /// Microseconds; error: more than 64 bits hold.
    pub fn total_us(self) -> Result<i64, Fault> {
        let hours = self.hour.checked_mul(3_600_000_000).ok_or(Fault::Range)?;
        let rest = self.minute * 60_000_000 + self.second * 1_000_000 + self.us;
        hours.checked_add(rest).ok_or(Fault::Range)
    }

    /// Microseconds of a day; error: after 24:00:00.
    pub fn of_day_us(self) -> Result<i64, Fault> {
        let total = self.total_us()?;
        if self.hour > 24 || total > crate::types::civil::DAY_US { Err(Fault::Range) } else { Ok(total) }
    }
}

/// Digits after a point as microseconds, rounded.
pub fn micros(digits: &str) -> Result<i64, Fault> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Format);
    }
    if digits.is_empty() {
        return Ok(0);
    }
    let fraction: f64 = format!("0.{digits}").parse().map_err(|_| Fault::Format)?;
    #[expect(clippy::cast_possible_truncation, reason = "at most a million")]
    Ok((fraction * 1_000_000.0).round_ties_even() as i64)
}

/// `+hh`, `+hhmm`, `+hh:mm`, `-hh:mm:ss` as seconds east of UTC.
pub fn displacement(text: &str) -> Result<i32, Fault> {
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['+', '-']).ok_or(Fault::Format)?;
    let mut parts = parts(body);
    let first = parts.next().ok_or(Fault::Format)??;
    let (hour, minute, second) = match (parts.next().transpose()?, parts.next().transpose()?) {
        (None, _) if body.len() > 2 => (first / 100, first % 100, 0),
        (minute, second) => (first, minute.unwrap_or(0), second.unwrap_or(0)),
    };
    if parts.next().is_some() {
        return Err(Fault::Format);
    }
    if hour > 15 || minute > 59 || second > 59 {
        return Err(Fault::Displacement);
    }
    let seconds = i32::try_from(hour * 3_600 + minute * 60 + second).map_err(|_| Fault::Displacement)?;
    Ok(if negative { -seconds } else { seconds })
}

/// The numbers between colons; all but the first may be left out and are 0 then.
fn parts(text: &str) -> impl Iterator<Item = Result<i64, Fault>> {
    text.split(':').enumerate().map(|(index, part)| if index > 0 && part.is_empty() { Ok(0) } else { number(part) })
}

/// Digits as a number.
pub fn number(digits: &str) -> Result<i64, Fault> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Format);
    }
    digits.parse().map_err(|_| Fault::Range)
}
