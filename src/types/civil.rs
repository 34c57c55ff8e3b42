//! The proleptic Gregorian calendar as numbers: days, dates and the two epochs. No zones, no text.
//!
//! Days count from 1970-01-01 as Arrow's do, years are astronomical (year 0 is 1 BC).

/// Days from 1970-01-01 (Arrow) to 2000-01-01 (PostgreSQL).
pub const PG_EPOCH_DAYS: i32 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
pub const PG_EPOCH_US: i64 = 946_684_800_000_000;
/// Microseconds of a day.
pub const DAY_US: i64 = 86_400_000_000;
/// Seconds of a day.
pub const DAY_S: i64 = 86_400;
/// PostgreSQL's first date, 4714-11-24 BC, in days from 1970-01-01.
pub const MIN_DAY: i64 = -2_440_588;
/// The day after PostgreSQL's last date, 5874897-12-31, in days from 1970-01-01.
pub const END_DAY: i64 = 2_145_042_906;
/// PostgreSQL's first timestamp, in microseconds from 1970-01-01. Its last one (294276 AD) is beyond what 64 bits count
/// from 1970: there the range ends at 294247 AD.
pub const MIN_TIMESTAMP_US: i64 = MIN_DAY * DAY_US;

/// A date by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Astronomical year.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

impl Civil {
    /// The date of a day, counted from 1970-01-01.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "remainders are small")]
    pub fn from_days(days: i64) -> Self {
        // The year starts in March, so that the leap day is its last one; eras are of 400 years.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097) as u32;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self { year: i64::from(year_of_era) + era * 400 + i64::from(month <= 2), month, day }
    }

    /// The day of a date, counted from 1970-01-01; the fields must be in range.
    #[must_use]
    pub fn to_days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

/// Whether an astronomical year has a 29th of February.
#[must_use]
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The number of days of a month (1 to 12).
#[must_use]
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The weekday of a day counted from 1970-01-01; Sunday is 0.
#[must_use]
pub fn weekday(days: i64) -> usize {
    usize::try_from((days + 4).rem_euclid(7)).expect("a remainder of 7 is small")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (MIN_DAY..MIN_DAY + 500_000).chain(-800_000..800_000).chain(END_DAY - 1_000..END_DAY) {
            let date = Civil::from_days(days);
            assert_eq!(date.to_days(), days);
            assert!(date.day >= 1 && date.day <= days_in_month(date.year, date.month));
        }
        assert_eq!(Civil::from_days(MIN_DAY), Civil { year: -4713, month: 11, day: 24 });
        assert_eq!(Civil { year: 5_874_898, month: 1, day: 1 }.to_days(), END_DAY);
        assert_eq!(Civil { year: 2000, month: 1, day: 1 }.to_days(), i64::from(PG_EPOCH_DAYS));
        assert_eq!(weekday(0), 4);
    }
}
