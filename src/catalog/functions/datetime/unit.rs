//! The units of `date_trunc`, `extract` and `date_part`.

use crate::error::{Error, Result};
use crate::sqlstate;

/// A unit or field of a date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Epoch,
    Julian,
    IsoYear,
    Dow,
    IsoDow,
    Doy,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

use Unit::{
    Century, Day, Decade, Dow, Doy, Epoch, Hour, IsoDow, IsoYear, Julian, Microseconds, Millennium, Milliseconds,
    Minute, Month, Quarter, Second, Timezone, TimezoneHour, TimezoneMinute, Week, Year,
};

/// PostgreSQL's words; it looks at the first ten characters of a longer one.
const WORDS: &[(&str, Unit)] = &[
    ("c", Century),
    ("cent", Century),
    ("centuries", Century),
    ("century", Century),
    ("d", Day),
    ("day", Day),
    ("days", Day),
    ("dec", Decade),
    ("decade", Decade),
    ("decades", Decade),
    ("decs", Decade),
    ("h", Hour),
    ("hour", Hour),
    ("hours", Hour),
    ("hr", Hour),
    ("hrs", Hour),
    ("m", Minute),
    ("microsecon", Microseconds),
    ("mil", Millennium),
    ("millennia", Millennium),
    ("millennium", Millennium),
    ("millisecon", Milliseconds),
    ("mils", Millennium),
    ("min", Minute),
    ("mins", Minute),
    ("minute", Minute),
    ("minutes", Minute),
    ("mon", Month),
    ("mons", Month),
    ("month", Month),
    ("months", Month),
    ("ms", Milliseconds),
    ("msec", Milliseconds),
    ("msecond", Milliseconds),
    ("mseconds", Milliseconds),
    ("msecs", Milliseconds),
    ("qtr", Quarter),
    ("quarter", Quarter),
    ("s", Second),
    ("sec", Second),
    ("second", Second),
    ("seconds", Second),
    ("secs", Second),
    ("timezone", Timezone),
    ("timezone_h", TimezoneHour),
    ("timezone_m", TimezoneMinute),
    ("us", Microseconds),
    ("usec", Microseconds),
    ("usecond", Microseconds),
    ("useconds", Microseconds),
    ("usecs", Microseconds),
    ("w", Week),
    ("week", Week),
    ("weeks", Week),
    ("y", Year),
    ("year", Year),
    ("years", Year),
    ("yr", Year),
    ("yrs", Year),
    ("epoch", Epoch),
    ("jd", Julian),
    ("julian", Julian),
    ("isoyear", IsoYear),
    ("dow", Dow),
    ("isodow", IsoDow),
    ("doy", Doy),
];

impl Unit {
    /// The unit a word means, in upper or lower case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        let token = lower.get(..10).unwrap_or(&lower);
        WORDS.iter().find(|(name, _)| *name == token).map(|(_, unit)| *unit)
    }

    /// The unit that `date_trunc` cuts to; fields that are no units are not known to it.
    pub(super) fn to_cut(word: &str, type_name: &str) -> Result<Self> {
        match Self::of(word, type_name)? {
            Epoch | Julian | IsoYear | Dow | IsoDow | Doy => Err(unrecognized(word, type_name)),
            unit => Ok(unit),
        }
    }

    /// The unit a word means for a type, `22023` when none.
    pub(super) fn of(word: &str, type_name: &str) -> Result<Self> {
        Self::parse(word).ok_or_else(|| unrecognized(word, type_name))
    }
}

fn unrecognized(word: &str, type_name: &str) -> Error {
    let message = format!("unit \"{}\" not recognized for type {type_name}", word.to_ascii_lowercase());
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// `0A000`: a unit the type does not have.
pub(super) fn unsupported(word: &str, type_name: &str) -> Error {
    let message = format!("unit \"{}\" not supported for type {type_name}", word.to_ascii_lowercase());
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
}
