//! Prints binary values as PostgreSQL prints them in text, so that both protocols can be held to the same answers.
//!
//! Written from the documented binary forms and independent of `lakewire::types`, which it checks. Types it does not
//! know, and values whose text depends on a setting it does not follow, are asked for as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Type names by OID, and the element's OID for arrays (0 for others).
const TYPES: &[(u32, &str, u32)] = &[
    (16, "bool", 0),
    (17, "bytea", 0),
    (18, "\"char\"", 0),
    (19, "name", 0),
    (20, "int8", 0),
    (21, "int2", 0),
    (22, "int2vector", 0),
    (23, "int4", 0),
    (24, "regproc", 0),
    (25, "text", 0),
    (26, "oid", 0),
    (27, "tid", 0),
    (28, "xid", 0),
    (30, "oidvector", 0),
    (114, "json", 0),
    (142, "xml", 0),
    (194, "pg_node_tree", 0),
    (199, "json[]", 114),
    (650, "cidr", 0),
    (700, "float4", 0),
    (701, "float8", 0),
    (705, "unknown", 0),
    (790, "money", 0),
    (869, "inet", 0),
    (1000, "bool[]", 16),
    (1001, "bytea[]", 17),
    (1002, "\"char\"[]", 18),
    (1003, "name[]", 19),
    (1005, "int2[]", 21),
    (1007, "int4[]", 23),
    (1009, "text[]", 25),
    (1014, "bpchar[]", 1042),
    (1015, "varchar[]", 1043),
    (1016, "int8[]", 20),
    (1021, "float4[]", 700),
    (1022, "float8[]", 701),
    (1028, "oid[]", 26),
    (1033, "aclitem", 0),
    (1034, "aclitem[]", 0),
    (1042, "bpchar", 0),
    (1043, "varchar", 0),
    (1082, "date", 0),
    (1083, "time", 0),
    (1114, "timestamp", 0),
    (1115, "timestamp[]", 1114),
    (1182, "date[]", 1082),
    (1183, "time[]", 1083),
    (1184, "timestamptz", 0),
    (1185, "timestamptz[]", 1184),
    (1186, "interval", 0),
    (1187, "interval[]", 1186),
    (1231, "numeric[]", 1700),
    (1266, "timetz", 0),
    (1560, "bit", 0),
    (1562, "varbit", 0),
    (1700, "numeric", 0),
    (1790, "refcursor", 0),
    (2202, "regprocedure", 0),
    (2205, "regclass", 0),
    (2206, "regtype", 0),
    (2249, "record", 0),
    (2275, "cstring", 0),
    (2277, "anyarray", 0),
    (2278, "void", 0),
    (2287, "record[]", 2249),
    (2950, "uuid", 0),
    (2951, "uuid[]", 2950),
    (3614, "tsvector", 0),
    (3802, "jsonb", 0),
    (3807, "jsonb[]", 3802),
    (4089, "regnamespace", 0),
    (4096, "regrole", 0),
];

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;
const DAY_US: i64 = 86_400_000_000;

/// A type's name with its modifier, `numeric(15,2)`; its number when it is not known, `own` for the types of tables' rows.
pub fn type_name(oid: u32, typmod: i32) -> String {
    // What a database makes itself has other numbers in each.
    let own = || if oid >= 16_384 { "own".to_owned() } else { oid.to_string() };
    let name = TYPES.iter().find(|t| t.0 == oid).map_or_else(own, |t| t.1.to_owned());
    if typmod < 0 {
        return name;
    }
    match oid {
        1700 => {
            let packed = typmod - 4;
            format!("{name}({},{})", packed >> 16, ((packed & 0x7ff) ^ 1024) - 1024)
        }
        1042 | 1043 => format!("{name}({})", typmod - 4),
        _ => format!("{name}({typmod})"),
    }
}

/// Whether [`print`] gives this type's text under these settings.
pub fn is_known(oid: u32, settings: &BTreeMap<String, String>) -> bool {
    let is = |name: &str, prefix: &str| settings.get(name).is_some_and(|value| value.starts_with(prefix));
    match oid {
        16 | 18..=21 | 23 | 25 | 26 | 114 | 700 | 701 | 1042 | 1043 | 1083 | 1700 | 2950 | 3802 => true,
        17 => !is("bytea_output", "escape"),
        1082 | 1114 => is("DateStyle", "ISO"),
        1184 => is("DateStyle", "ISO") && settings.get("TimeZone").is_some_and(|zone| zone.parse::<Tz>().is_ok()),
        1186 => is("IntervalStyle", "postgres") && !is("IntervalStyle", "postgres_verbose"),
        _ => TYPES.iter().find(|t| t.0 == oid).is_some_and(|t| t.2 != 0 && is_known(t.2, settings)),
    }
}

/// The text of a binary value, or what is wrong with its bytes.
pub fn print(oid: u32, bytes: &[u8], zone: Tz) -> Result<String, String> {
    let bad = || format!("{} bytes for a value of type {}: {bytes:?}", bytes.len(), type_name(oid, -1));
    Ok(match oid {
        16 => if fixed::<1>(bytes).ok_or_else(bad)? == [1] { "t" } else { "f" }.to_owned(),
        18 => match fixed::<1>(bytes).ok_or_else(bad)?[0] {
            0 => String::new(),
            byte if byte.is_ascii() => char::from(byte).to_string(),
            byte => format!("\\{byte:03o}"),
        },
        17 => bytes.iter().fold("\\x".to_owned(), |text, b| text + &format!("{b:02x}")),
        20 => i64::from_be_bytes(fixed(bytes).ok_or_else(bad)?).to_string(),
        21 => i16::from_be_bytes(fixed(bytes).ok_or_else(bad)?).to_string(),
        23 => i32::from_be_bytes(fixed(bytes).ok_or_else(bad)?).to_string(),
        26 => u32::from_be_bytes(fixed(bytes).ok_or_else(bad)?).to_string(),
        700 => {
            let value = f32::from_be_bytes(fixed(bytes).ok_or_else(bad)?);
            float(f64::from(value), &format!("{value:e}"), 6)
        }
        701 => {
            let value = f64::from_be_bytes(fixed(bytes).ok_or_else(bad)?);
            float(value, &format!("{value:e}"), 15)
        }
        1082 => match i32::from_be_bytes(fixed(bytes).ok_or_else(bad)?) {
            i32::MAX => "infinity".to_owned(),
            i32::MIN => "-infinity".to_owned(),
            days => era(date(i64::from(days)), ""),
        },
        1083 => time(i64::from_be_bytes(fixed(bytes).ok_or_else(bad)?)),
        1114 => timestamp(i64::from_be_bytes(fixed(bytes).ok_or_else(bad)?), None),
        1184 => timestamp(i64::from_be_bytes(fixed(bytes).ok_or_else(bad)?), Some(zone)),
        1186 => interval(fixed(bytes).ok_or_else(bad)?),
        1700 => numeric(bytes).ok_or_else(bad)?,
        2950 => uuid(fixed(bytes).ok_or_else(bad)?),
        3802 => {
            let (&[1], text) = bytes.split_first_chunk::<1>().ok_or_else(bad)? else { return Err(bad()) };
            utf8(text)?
        }
        _ => match TYPES.iter().find(|t| t.0 == oid) {
            Some(&(_, _, element)) if element != 0 => array(bytes, element, zone).ok_or_else(bad)??,
            _ => utf8(bytes)?,
        },
    })
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| format!("not UTF-8: {bytes:?}"))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// `scientific` is Rust's shortest round-trip form, whose digits PostgreSQL prints too; from `10^digits` on it uses
/// the exponent.
fn float(value: f64, scientific: &str, digits: i32) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').expect("LowerExp prints an exponent");
    let exponent: i32 = exponent.parse().expect("LowerExp prints a number after the e");
    if value != 0.0 && !(-4..digits).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let significant = mantissa.replace('.', "");
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    let zeros = usize::try_from(-exponent).unwrap_or(0);
    let padded = format!("{}{significant:0<point$}", "0".repeat(zeros));
    let (whole, fraction) = padded.split_at(point.max(1));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Base-10000 digits with a weight, a sign and a display scale.
fn numeric(bytes: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u16::from_be_bytes(fixed(bytes.get(at * 2..at * 2 + 2)?)?));
    let (count, weight, sign, scale) = (word(0)?, i32::from(word(1)?.cast_signed()), word(2)?, usize::from(word(3)?));
    match sign {
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => {}
    }
    if bytes.len() != 8 + usize::from(count) * 2 {
        return None;
    }
    let digit = |power: i32| {
        let index = usize::try_from(weight - power).ok().filter(|i| *i < usize::from(count));
        index.and_then(|i| word(4 + i)).unwrap_or(0)
    };
    let mut text = (0..=weight.max(0)).rev().fold(String::new(), |text, power| text + &format!("{:04}", digit(power)));
    text = text.split_off(text.find(|c| c != '0').unwrap_or(text.len()));
    if text.is_empty() {
        text.push('0');
    }
    if scale > 0 {
        let groups = i32::try_from(scale.div_ceil(4)).ok()?;
        let fraction = (1..=groups).fold(String::new(), |text, power| text + &format!("{:04}", digit(-power)));
        text = format!("{text}.{}", &fraction[..scale]);
    }
    Some(if sign == 0x4000 { format!("-{text}") } else { text })
}

/// Year, month, day of a count of days since 2000-01-01, proleptic Gregorian, year 0 being 1 BC.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + EPOCH_DAYS + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// A date's text, and whether it is before Christ.
fn date(days: i64) -> (String, bool) {
    let (year, month, day) = civil(days);
    let shown = if year > 0 { year } else { 1 - year };
    (format!("{shown:04}-{month:02}-{day:02}"), year <= 0)
}

fn era((date, before_christ): (String, bool), rest: &str) -> String {
    format!("{date}{rest}{}", if before_christ { " BC" } else { "" })
}

fn time(us: i64) -> String {
    let seconds = us / 1_000_000;
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    text + &fraction(us % 1_000_000)
}

fn fraction(us: i64) -> String {
    if us == 0 { String::new() } else { format!(".{us:06}").trim_end_matches('0').to_owned() }
}

fn timestamp(us: i64, zone: Option<Tz>) -> String {
    if us == i64::MAX || us == i64::MIN {
        return if us > 0 { "infinity" } else { "-infinity" }.to_owned();
    }
    let offset = zone.map(|zone| {
        let unix = us.div_euclid(1_000_000) + EPOCH_DAYS * 86_400;
        let at = DateTime::from_timestamp(unix, 0).map_or(DateTime::UNIX_EPOCH, |at| at);
        zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
    });
    let local = us + i64::from(offset.unwrap_or(0)) * 1_000_000;
    let clock = format!(" {}{}", time(local.rem_euclid(DAY_US)), offset.map_or_else(String::new, zone_offset));
    era(date(local.div_euclid(DAY_US)), &clock)
}

/// `+02`, `+05:30`, `-00:01:15`: as short as it is exact.
fn zone_offset(seconds: i32) -> String {
    let (sign, rest) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let mut text = format!("{sign}{:02}", rest / 3600);
    if rest % 3600 != 0 {
        let _ = write!(text, ":{:02}", rest / 60 % 60);
    }
    if rest % 60 != 0 {
        let _ = write!(text, ":{:02}", rest % 60);
    }
    text
}

/// IntervalStyle `postgres`.
fn interval(bytes: [u8; 16]) -> String {
    let part = |range: std::ops::Range<usize>| i32::from_be_bytes(fixed(&bytes[range]).expect("four bytes"));
    let us = i64::from_be_bytes(fixed(&bytes[..8]).expect("eight bytes"));
    let (days, months) = (part(8..12), part(12..16));
    match (us, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => return "infinity".to_owned(),
        (i64::MIN, i32::MIN, i32::MIN) => return "-infinity".to_owned(),
        _ => {}
    }
    let mut parts = Vec::new();
    let mut after_negative = false;
    for (value, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if value != 0 {
            let plus = if after_negative && value > 0 { "+" } else { "" };
            parts.push(format!("{plus}{value} {unit}{}", if value == 1 { "" } else { "s" }));
            after_negative = value < 0;
        }
    }
    if us != 0 || parts.is_empty() {
        let sign = if us < 0 {
            "-"
        } else if after_negative {
            "+"
        } else {
            ""
        };
        let (seconds, rest) = (us.unsigned_abs() / 1_000_000, us.unsigned_abs() % 1_000_000);
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        parts.push(format!("{sign}{clock}{}", fraction(rest.cast_signed())));
    }
    parts.join(" ")
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = bytes.iter().fold(String::new(), |text, b| text + &format!("{b:02x}"));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// An array's text; `None` when its bytes are cut short or its element type is not the column's.
fn array(bytes: &[u8], element: u32, zone: Tz) -> Option<Result<String, String>> {
    let mut at = 0;
    let mut next = || {
        let value = i32::from_be_bytes(fixed(bytes.get(at..at + 4)?)?);
        at += 4;
        Some(value)
    };
    let dims = usize::try_from(next()?).ok()?;
    let (_has_null, oid) = (next()?, next()?.cast_unsigned());
    if oid != element {
        return None;
    }
    let sizes: Vec<(i32, i32)> = (0..dims).map(|_| Some((next()?, next()?))).collect::<Option<_>>()?;
    let mut values = &bytes[at..];
    let mut text = String::new();
    if sizes.iter().any(|(_, lower)| *lower != 1) {
        for (size, lower) in &sizes {
            let _ = write!(text, "[{lower}:{}]", lower + size - 1);
        }
        text.push('=');
    }
    if sizes.is_empty() {
        return Some(Ok("{}".to_owned()));
    }
    let sizes: Vec<i32> = sizes.iter().map(|s| s.0).collect();
    match elements(&sizes, element, &mut values, zone, &mut text)? {
        Ok(()) => Some(Ok(text)),
        Err(error) => Some(Err(error)),
    }
}

fn elements(sizes: &[i32], oid: u32, rest: &mut &[u8], zone: Tz, text: &mut String) -> Option<Result<(), String>> {
    let Some((size, inner)) = sizes.split_first() else {
        let length = i32::from_be_bytes(*rest.split_first_chunk::<4>()?.0);
        *rest = &rest[4..];
        let Ok(length) = usize::try_from(length) else {
            text.push_str("NULL");
            return Some(Ok(()));
        };
        let value = rest.get(..length)?;
        *rest = &rest[length..];
        return Some(print(oid, value, zone).map(|value| text.push_str(&quoted(&value))));
    };
    text.push('{');
    for i in 0..*size {
        if i > 0 {
            text.push(',');
        }
        if let Err(error) = elements(inner, oid, rest, zone, text)? {
            return Some(Err(error));
        }
    }
    text.push('}');
    Some(Ok(()))
}

fn quoted(value: &str) -> String {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\u{b}';
    if value.is_empty() || value.eq_ignore_ascii_case("null") || value.contains(special) {
        return format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    value.to_owned()
}
