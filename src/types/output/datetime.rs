//! Dates, times and timestamps in every `DateStyle`.
//!
//! The styles differ in more than order: with years before Christ, the weekday, and how the zone is named. The ISO
//! style, which nearly every client uses, takes the short way.

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{self, Civil, DAY_US};
use crate::types::timetz::TimeTz;
use crate::types::zone::ZoneCursor;
use crate::types::{DateOrder, DateStyle, TextStyle};

/// From Sunday, as [`civil::weekday`] counts.
const WEEKDAYS: [&[u8]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
/// From January.
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// `00` to `99` in a row.
const PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let (mut at, mut tens, mut ones) = (0, b'0', b'0');
    while at < pairs.len() {
        (pairs[at], pairs[at + 1]) = (tens, ones);
        (tens, ones) = if ones == b'9' { (tens + 1, b'0') } else { (tens, ones + 1) };
        at += 2;
    }
    pairs
};

/// A date of days from 1970-01-01; the greatest and smallest number are the infinities.
///
/// # Errors
///
/// `22008` beyond PostgreSQL's range, 4714 BC to 5874897 AD.
pub fn date(days: i32, style: &TextStyle, out: &mut Vec<u8>) -> Result<()> {
    if infinity(days == i32::MAX, days == i32::MIN, out) {
        return Ok(());
    }
    let days = i64::from(days);
    if !(civil::MIN_DAY..civil::END_DAY).contains(&days) {
        return Err(Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range"));
    }
    let date = Civil::from_days(days);
    match style.date_style {
        DateStyle::Iso => iso_date(date, out),
        DateStyle::Postgres => ordered(date, b'-', style.date_order, out),
        DateStyle::Sql => ordered(date, b'/', style.date_order, out),
        DateStyle::German => ordered(date, b'.', DateOrder::Dmy, out),
    }
    before_christ(date, out);
    Ok(())
}

/// A time of microseconds from midnight, at most 24:00:00.
///
/// # Errors
///
/// `22008` outside of a day.
pub fn time(us: i64, out: &mut Vec<u8>) -> Result<()> {
    clock(crate::types::send::time(us)?, out);
    Ok(())
}

/// A time with its offset from UTC.
///
/// # Errors
///
/// `22008` outside of a day.
pub fn timetz(value: TimeTz, out: &mut Vec<u8>) -> Result<()> {
    time(value.us, out)?;
    offset(value.offset_s, out);
    Ok(())
}

/// A timestamp without zone, in microseconds from 1970-01-01; the greatest and smallest number are the infinities.
///
/// # Errors
///
/// `22008` before PostgreSQL's first timestamp, 4714 BC.
pub fn timestamp(us: i64, style: &TextStyle, out: &mut Vec<u8>) -> Result<()> {
    if infinity(us == i64::MAX, us == i64::MIN, out) {
        return Ok(());
    }
    if us < civil::MIN_TIMESTAMP_US {
        return Err(out_of_range());
    }
    let date = date_and_clock(us, style, out);
    before_christ(date, out);
    Ok(())
}

/// An instant in microseconds (UTC) from 1970-01-01, shown in the cursor's zone.
///
/// # Errors
///
/// `22008` before PostgreSQL's first timestamp, or where the local time overflows.
pub fn timestamptz(us: i64, style: &TextStyle, zone: &mut ZoneCursor, out: &mut Vec<u8>) -> Result<()> {
    if infinity(us == i64::MAX, us == i64::MIN, out) {
        return Ok(());
    }
    if us < civil::MIN_TIMESTAMP_US {
        return Err(out_of_range());
    }
    let span = zone.span(us.div_euclid(1_000_000));
    let local = us.checked_add(i64::from(span.offset_s) * 1_000_000).ok_or_else(out_of_range)?;
    let date = date_and_clock(local, style, out);
    if style.date_style == DateStyle::Iso {
        offset(span.offset_s, out);
    } else {
        out.push(b' ');
        out.extend_from_slice(span.abbreviation.as_bytes());
    }
    before_christ(date, out);
    Ok(())
}

/// `22008`: Arrow holds earlier times than PostgreSQL.
fn out_of_range() -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

/// Writes an infinity, and says whether it was one.
fn infinity(positive: bool, negative: bool, out: &mut Vec<u8>) -> bool {
    if positive {
        out.extend_from_slice(b"infinity");
    } else if negative {
        out.extend_from_slice(b"-infinity");
    }
    positive || negative
}

/// A timestamp up to where the zone stands; gives the date, whose era comes last.
fn date_and_clock(us: i64, style: &TextStyle, out: &mut Vec<u8>) -> Civil {
    let days = us.div_euclid(DAY_US);
    let of_day = us.rem_euclid(DAY_US);
    let date = Civil::from_days(days);
    match style.date_style {
        DateStyle::Iso => iso_date(date, out),
        DateStyle::Sql => ordered(date, b'/', style.date_order, out),
        DateStyle::German => ordered(date, b'.', DateOrder::Dmy, out),
        DateStyle::Postgres => {
            words(date, civil::weekday(days), style.date_order, out);
            clock(of_day, out);
            out.push(b' ');
            year(date, out);
            return date;
        }
    }
    out.push(b' ');
    clock(of_day, out);
    date
}

/// `Sun Nov 22 ` or, with the day first, `Sun 22 Nov `.
fn words(date: Civil, weekday: usize, order: DateOrder, out: &mut Vec<u8>) {
    let month = MONTHS[(date.month - 1) as usize];
    out.extend_from_slice(WEEKDAYS[weekday]);
    out.push(b' ');
    if order == DateOrder::Dmy {
        pair(date.day, out);
        out.push(b' ');
        out.extend_from_slice(month);
    } else {
        out.extend_from_slice(month);
        out.push(b' ');
        pair(date.day, out);
    }
    out.push(b' ');
}

/// `2026-11-22`; years have four digits at least.
#[inline]
fn iso_date(date: Civil, out: &mut Vec<u8>) {
    if let Ok(year @ 1..10_000) = u32::try_from(date.year) {
        let mut text = *b"0000-00-00";
        set_pair(&mut text, 0, year / 100);
        set_pair(&mut text, 2, year % 100);
        set_pair(&mut text, 5, date.month);
        set_pair(&mut text, 8, date.day);
        return out.extend_from_slice(&text);
    }
    year(date, out);
    out.push(b'-');
    pair(date.month, out);
    out.push(b'-');
    pair(date.day, out);
}

/// Day, month and year in the order of the session, with a separator.
fn ordered(date: Civil, separator: u8, order: DateOrder, out: &mut Vec<u8>) {
    let (first, second) = if order == DateOrder::Dmy { (date.day, date.month) } else { (date.month, date.day) };
    pair(first, out);
    out.push(separator);
    pair(second, out);
    out.push(separator);
    year(date, out);
}

/// The year of its era, of four digits at least.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a year below 10,000")]
fn year(date: Civil, out: &mut Vec<u8>) {
    let year = if date.year > 0 { date.year } else { 1 - date.year };
    if year < 10_000 {
        pair(year as u32 / 100, out);
        pair(year as u32 % 100, out);
    } else {
        super::integer(year, out);
    }
}

/// The era of years before 1.
fn before_christ(date: Civil, out: &mut Vec<u8>) {
    if date.year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

/// `HH:MM:SS`, with the microseconds that are not zero at the end.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within one day")]
fn clock(us: i64, out: &mut Vec<u8>) {
    let (seconds, fraction) = ((us / 1_000_000) as u32, (us % 1_000_000) as u32);
    let mut text = *b"00:00:00";
    set_pair(&mut text, 0, seconds / 3_600);
    set_pair(&mut text, 3, seconds / 60 % 60);
    set_pair(&mut text, 6, seconds % 60);
    out.extend_from_slice(&text);
    if fraction != 0 {
        self::fraction(fraction, out);
    }
}

/// `.5`, `.000001`: microseconds without zeros at the end; the number is below a million and not zero.
pub(super) fn fraction(us: u32, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'.');
    pair(us / 10_000, out);
    pair(us / 100 % 100, out);
    pair(us % 100, out);
    let zeros = out[start..].iter().rev().take_while(|&&digit| digit == b'0').count();
    out.truncate(out.len() - zeros);
}

/// `+02`, `-03:30`, `+00:19:32`.
fn offset(seconds: i32, out: &mut Vec<u8>) {
    out.push(if seconds < 0 { b'-' } else { b'+' });
    let seconds = seconds.unsigned_abs();
    let hours = seconds / 3_600;
    if hours < 100 {
        pair(hours, out);
    } else {
        super::integer(hours, out);
    }
    if !seconds.is_multiple_of(3_600) {
        out.push(b':');
        pair(seconds / 60 % 60, out);
    }
    if !seconds.is_multiple_of(60) {
        out.push(b':');
        pair(seconds % 60, out);
    }
}

/// Two digits of a number below 100.
#[inline]
pub(super) fn pair(number: u32, out: &mut Vec<u8>) {
    let at = number as usize * 2;
    out.extend_from_slice(&PAIRS[at..at + 2]);
}

/// Writes two digits into a text.
#[inline]
fn set_pair(text: &mut [u8], at: usize, number: u32) {
    let from = number as usize * 2;
    text[at..at + 2].copy_from_slice(&PAIRS[from..from + 2]);
}

/// Fills a slice with a number's decimal digits, zeros first; the number has no more digits than the slice.
#[inline]
pub(in crate::types) fn fill_digits(mut number: u64, text: &mut [u8]) {
    let mut end = text.len();
    while end >= 2 {
        let from = usize::try_from(number % 100).expect("below 100") * 2;
        text[end - 2..end].copy_from_slice(&PAIRS[from..from + 2]);
        number /= 100;
        end -= 2;
    }
    if end == 1 {
        text[0] = PAIRS[usize::try_from(number % 10).expect("below 10") * 2 + 1];
    }
}
