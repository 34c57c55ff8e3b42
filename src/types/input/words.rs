//! The words of dates, times and intervals: months, weekdays, units. Zones have names of their own.

/// A word in a date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// 1 to 12.
    Month(u32),
    Weekday,
    /// `dst` behind a zone's abbreviation: one hour more.
    SummerTime,
    /// False is before noon.
    Pm(bool),
    /// Before Christ.
    Bc(bool),
    /// Says nothing: `at`, `on`.
    Ignored,
    /// The `T` between an ISO date and its time.
    IsoTime,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    /// `allballs`: midnight, UTC.
    Zulu,
    Epoch,
    /// True is `-infinity`.
    Infinity(bool),
    /// The next number is a Julian day.
    Julian,
    /// A unit that stands before its number (`d`, `h`, …), which ISO 8601's older forms use.
    Unit,
}

/// A unit of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Decade,
    Century,
    Millennium,
}

/// What a lower-case word means in a date or time.
pub fn word(text: &str) -> Option<Word> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = match text {
        "sun" | "sunday" | "mon" | "monday" | "tue" | "tues" | "tuesday" | "wed" | "weds" | "wednesday" | "thu"
        | "thur" | "thurs" | "thursday" | "fri" | "friday" | "sat" | "saturday" => Word::Weekday,
        "dst" => Word::SummerTime,
        "am" => Word::Pm(false),
        "pm" => Word::Pm(true),
        "ad" => Word::Bc(false),
        "bc" => Word::Bc(true),
        "at" | "on" => Word::Ignored,
        "t" => Word::IsoTime,
        "j" | "jd" | "julian" => Word::Julian,
        "now" => Word::Now,
        "today" => Word::Today,
        "tomorrow" => Word::Tomorrow,
        "yesterday" => Word::Yesterday,
        "allballs" => Word::Zulu,
        "epoch" => Word::Epoch,
        "infinity" | "+infinity" => Word::Infinity(false),
        "-infinity" => Word::Infinity(true),
        "d" | "dow" | "doy" | "h" | "isodow" | "isoyear" | "m" | "mm" | "s" | "y" => Word::Unit,
        "sept" => Word::Month(9),
        _ => {
            let month = MONTHS.iter().position(|month| *month == text || month[..3] == *text)?;
            Word::Month(u32::try_from(month).ok()? + 1)
        }
    };
    Some(word)
}

/// What a lower-case word means as an interval's unit.
pub fn unit(text: &str) -> Option<Unit> {
    let unit = match text {
        "us" | "usec" | "usecs" | "usecond" | "useconds" => Unit::Microsecond,
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" => Unit::Millisecond,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        "dec" | "decs" | "decade" | "decades" => Unit::Decade,
        "c" | "cent" | "century" | "centuries" => Unit::Century,
        "mil" | "mils" | "millennia" | "millennium" => Unit::Millennium,
        // PostgreSQL compares ten characters.
        _ if text.starts_with("millennium") => Unit::Millennium,
        _ if text.starts_with("microsecon") => Unit::Microsecond,
        _ if text.starts_with("millisecon") => Unit::Millisecond,
        _ => return None,
    };
    Some(unit)
}
