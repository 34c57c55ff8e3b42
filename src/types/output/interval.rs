//! Intervals in the four `IntervalStyle`s.
//!
//! PostgreSQL keeps months, days and microseconds apart and prints each with its own sign; only the time part is
//! carried into hours, minutes and seconds.

use std::io::Write as _;

use super::datetime::fraction;
use crate::types::IntervalStyle;

/// An interval as PostgreSQL stores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Whole months.
    pub months: i32,
    /// Whole days.
    pub days: i32,
    /// Microseconds.
    pub us: i64,
}

impl Interval {
    /// `infinity`.
    pub const INFINITY: Self = Self { months: i32::MAX, days: i32::MAX, us: i64::MAX };
    /// `-infinity`.
    pub const NEG_INFINITY: Self = Self { months: i32::MIN, days: i32::MIN, us: i64::MIN };

    /// From Arrow's month-day-nano interval, in which the infinities have the extremes of all three numbers too.
    #[must_use]
    pub fn from_nanos(months: i32, days: i32, ns: i64) -> Self {
        match (months, days, ns) {
            (i32::MAX, i32::MAX, i64::MAX) => Self::INFINITY,
            (i32::MIN, i32::MIN, i64::MIN) => Self::NEG_INFINITY,
            _ => Self { months, days, us: nanos_to_us(ns) },
        }
    }

    /// As Arrow's month-day-nano interval; none where the nanoseconds need more than 64 bits (292 years).
    #[must_use]
    pub fn to_nanos(self) -> Option<(i32, i32, i64)> {
        match self {
            Self::INFINITY => Some((i32::MAX, i32::MAX, i64::MAX)),
            Self::NEG_INFINITY => Some((i32::MIN, i32::MIN, i64::MIN)),
            _ => Some((self.months, self.days, self.us.checked_mul(1_000)?)),
        }
    }
}

/// Nanoseconds as the nearest microseconds, ties to even.
#[must_use]
#[inline]
pub fn nanos_to_us(ns: i64) -> i64 {
    let (us, rest) = (ns.div_euclid(1_000), ns.rem_euclid(1_000));
    us + i64::from(rest > 500 || rest == 500 && us % 2 != 0)
}

/// The fields that are printed.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Microseconds of the second, with the sign of the whole time part.
    fraction: i64,
}

/// An interval in a style.
pub fn interval(value: Interval, style: IntervalStyle, out: &mut Vec<u8>) {
    match value {
        Interval::INFINITY => return out.extend_from_slice(b"infinity"),
        Interval::NEG_INFINITY => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let seconds = value.us / 1_000_000;
    let fields = Fields {
        year: i64::from(value.months / 12),
        month: i64::from(value.months % 12),
        day: i64::from(value.days),
        hour: seconds / 3_600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        fraction: value.us % 1_000_000,
    };
    match style {
        IntervalStyle::Postgres => fields.postgres(out),
        IntervalStyle::PostgresVerbose => fields.verbose(out),
        IntervalStyle::SqlStandard => fields.sql_standard(out),
        IntervalStyle::Iso8601 => fields.iso8601(out),
    }
}

impl Fields {
    /// Every field, for questions about signs.
    fn all(&self) -> [i64; 7] {
        [self.year, self.month, self.day, self.hour, self.minute, self.second, self.fraction]
    }

    /// The fields of the time part.
    fn time(&self) -> [i64; 4] {
        [self.hour, self.minute, self.second, self.fraction]
    }

    /// `1 year 2 mons -3 days +04:05:06`
    fn postgres(&self, out: &mut Vec<u8>) {
        let (mut empty, mut before) = (true, false);
        for (value, unit) in [(self.year, "year"), (self.month, "mon"), (self.day, "day")] {
            if value == 0 {
                continue;
            }
            let space = if empty { "" } else { " " };
            let sign = if before && value > 0 { "+" } else { "" };
            let plural = if value == 1 { "" } else { "s" };
            put(out, format_args!("{space}{sign}{value} {unit}{plural}"));
            (empty, before) = (false, value < 0);
        }
        if empty || self.time() != [0; 4] {
            let space = if empty { "" } else { " " };
            let minus = self.time().iter().any(|&part| part < 0);
            let sign = if minus {
                "-"
            } else if before {
                "+"
            } else {
                ""
            };
            put(out, format_args!("{space}{sign}{:02}:{:02}:", self.hour.abs(), self.minute.abs()));
            self.seconds(true, out);
        }
    }

    /// `@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago`
    fn verbose(&self, out: &mut Vec<u8>) {
        let (mut empty, mut ago) = (true, false);
        out.push(b'@');
        let units =
            [(self.year, "year"), (self.month, "mon"), (self.day, "day"), (self.hour, "hour"), (self.minute, "min")];
        for (value, unit) in units {
            if value == 0 {
                continue;
            }
            ago = if empty { value < 0 } else { ago };
            let value = if ago { -value } else { value };
            let plural = if value == 1 { "" } else { "s" };
            put(out, format_args!(" {value} {unit}{plural}"));
            empty = false;
        }
        if self.second != 0 || self.fraction != 0 {
            out.push(b' ');
            let negative = self.second < 0 || self.fraction < 0;
            if empty {
                ago = negative;
            } else if negative != ago {
                out.push(b'-');
            }
            self.seconds(false, out);
            let plural = self.second.abs() != 1 || self.fraction != 0;
            out.extend_from_slice(if plural { b" secs" } else { b" sec" });
            empty = false;
        }
        if empty {
            out.extend_from_slice(b" 0");
        }
        if ago {
            out.extend_from_slice(b" ago");
        }
    }

    /// `1-2`, `3 4:05:06`, or with signs everywhere where the standard has no form for the value.
    fn sql_standard(&self, out: &mut Vec<u8>) {
        let negative = self.all().iter().any(|&part| part < 0);
        let positive = self.all().iter().any(|&part| part > 0);
        let year_month = self.year != 0 || self.month != 0;
        let day_time = self.day != 0 || self.time() != [0; 4];
        if !negative && !positive {
            return out.push(b'0');
        }
        if negative && positive || year_month && day_time {
            let sign = |parts: &[i64]| if parts.iter().any(|&part| part < 0) { '-' } else { '+' };
            let (years, days, times) = (sign(&[self.year, self.month]), sign(&[self.day]), sign(&self.time()));
            put(
                out,
                format_args!(
                    "{years}{}-{} {days}{} {times}{}:{:02}:",
                    self.year.abs(),
                    self.month.abs(),
                    self.day.abs(),
                    self.hour.abs(),
                    self.minute.abs()
                ),
            );
            return self.seconds(true, out);
        }
        if negative {
            out.push(b'-');
        }
        if year_month {
            return put(out, format_args!("{}-{}", self.year.abs(), self.month.abs()));
        }
        if self.day != 0 {
            put(out, format_args!("{} ", self.day.abs()));
        }
        put(out, format_args!("{}:{:02}:", self.hour.abs(), self.minute.abs()));
        self.seconds(true, out);
    }

    /// `P1Y2M3DT4H5M6S`
    fn iso8601(&self, out: &mut Vec<u8>) {
        if self.all() == [0; 7] {
            return out.extend_from_slice(b"PT0S");
        }
        out.push(b'P');
        iso_parts(&[(self.year, 'Y'), (self.month, 'M'), (self.day, 'D')], out);
        if self.time() == [0; 4] {
            return;
        }
        out.push(b'T');
        iso_parts(&[(self.hour, 'H'), (self.minute, 'M')], out);
        if self.second != 0 || self.fraction != 0 {
            if self.second < 0 || self.fraction < 0 {
                out.push(b'-');
            }
            self.seconds(false, out);
            out.push(b'S');
        }
    }

    /// The seconds without sign, with their fraction; `filled` to two digits or not.
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of a second")]
    fn seconds(&self, filled: bool, out: &mut Vec<u8>) {
        let second = self.second.abs();
        if filled {
            put(out, format_args!("{second:02}"));
        } else {
            put(out, format_args!("{second}"));
        }
        if self.fraction != 0 {
            fraction(self.fraction.unsigned_abs() as u32, out);
        }
    }
}

/// Appends formatted text.
fn put(out: &mut Vec<u8>, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("writing to memory cannot fail");
}

/// The parts that are not zero, each with its letter.
fn iso_parts(parts: &[(i64, char)], out: &mut Vec<u8>) {
    for (value, unit) in parts.iter().filter(|(value, _)| *value != 0) {
        put(out, format_args!("{value}{unit}"));
    }
}
