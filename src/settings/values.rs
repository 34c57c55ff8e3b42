//! Values of settings: reading what a client wrote, PostgreSQL's canonical form of it.

use super::{Kind, Setting, zone};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Checks a SET's list against a setting and gives the text that SHOW will print.
pub fn check(setting: &Setting, items: &[String]) -> Result<String> {
    let lower = setting.name.to_lowercase();
    match lower.as_str() {
        "search_path" | "temp_tablespaces" | "session_preload_libraries" | "local_preload_libraries" => {
            return Ok(items.iter().map(|i| quote_identifier(i)).collect::<Vec<_>>().join(", "));
        }
        "datestyle" => return date_style(setting, &items.join(","), ""),
        _ => {}
    }
    let [text] = items else {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("SET {} takes only one argument", setting.name),
        ));
    };
    match &setting.kind {
        Kind::Bool => match boolean(text) {
            Some(true) => not_off(&lower, true).map(|()| "on".to_owned()),
            Some(false) => not_off(&lower, false).map(|()| "off".to_owned()),
            None => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("parameter \"{}\" requires a Boolean value", setting.name),
            )),
        },
        Kind::Integer { min, max } => integer(setting, text, *min, *max),
        Kind::Real { min, max } => real(setting, text, *min, *max),
        Kind::Enum(words) => enumerated(setting, text, words),
        Kind::Text => text_value(setting, &lower, text),
    }
}

/// PostgreSQL's `parse_bool`: any unambiguous prefix.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let prefix = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if prefix("true", 1) || prefix("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// Settings whose other value would change what strings mean, which this server does not do.
fn not_off(name: &str, value: bool) -> Result<()> {
    match (name, value) {
        ("standard_conforming_strings", false) => {
            Err(Error::unsupported("standard_conforming_strings cannot be turned off"))
        }
        ("transform_null_equals", true) => Err(Error::unsupported("transform_null_equals cannot be turned on")),
        _ => Ok(()),
    }
}

fn invalid(setting: &Setting, text: &str) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("invalid value for parameter \"{}\": \"{text}\"", setting.name),
    )
}

fn integer(setting: &Setting, text: &str, min: i64, max: i64) -> Result<String> {
    let (digits, unit) = split_unit(text.trim());
    let number: f64 = digits.parse().map_err(|_| invalid(setting, text))?;
    let factor = unit_factor(setting, unit, text)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let value = (number * factor).round() as i64;
    if !(min..=max).contains(&value) {
        let unit = if setting.unit.is_empty() { String::new() } else { format!(" {}", setting.unit) };
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!(
                "{value}{unit} is outside the valid range for parameter \"{}\" ({min}{unit} .. {max}{unit})",
                setting.name
            ),
        ));
    }
    Ok(show_integer(value, setting.unit))
}

fn real(setting: &Setting, text: &str, min: f64, max: f64) -> Result<String> {
    let (digits, unit) = split_unit(text.trim());
    let number: f64 = digits.parse().map_err(|_| invalid(setting, text))?;
    let value = number * unit_factor(setting, unit, text)?;
    if !value.is_finite() || value < min || value > max {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("{value} is outside the valid range for parameter \"{}\" ({min} .. {max})", setting.name),
        ));
    }
    Ok(show_real(value, setting.unit))
}

/// A number in the largest unit that shows it whole, or in the smallest there is.
fn show_real(value: f64, unit: &str) -> String {
    let is_time = TIME.iter().any(|(name, _)| *name == unit);
    if value <= 0.0 || !is_time {
        return format!("{value}");
    }
    let total = value * unit_size(unit).unwrap_or(1.0);
    let mut whole = TIME.iter().map(|(name, size)| (name, (total / size * 1e9).round() / 1e9));
    let fitting = whole.clone().find(|(_, count)| *count >= 1.0 && count.fract() == 0.0);
    match fitting.or_else(|| whole.next_back()) {
        Some((name, count)) => format!("{count}{name}"),
        None => format!("{value}{unit}"),
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && (*c == '-' || *c == '+'))))
        .map_or(text.len(), |(i, _)| i);
    (&text[..end], text[end..].trim())
}

const MEMORY: [(&str, f64); 5] =
    [("TB", 1_099_511_627_776.0), ("GB", 1_073_741_824.0), ("MB", 1_048_576.0), ("kB", 1024.0), ("B", 1.0)];
const TIME: [(&str, f64); 6] =
    [("d", 86_400_000.0), ("h", 3_600_000.0), ("min", 60_000.0), ("s", 1000.0), ("ms", 1.0), ("us", 0.001)];

/// The size of a unit in bytes or milliseconds; `None` for an unknown one.
fn unit_size(unit: &str) -> Option<f64> {
    let blocks = unit.strip_suffix("kB").and_then(|n| n.parse::<f64>().ok()).map(|n| n * 1024.0);
    blocks.or_else(|| MEMORY.iter().chain(&TIME).find(|(name, _)| *name == unit).map(|(_, size)| *size))
}

/// What a number with `unit` is multiplied by to be in the setting's own unit.
fn unit_factor(setting: &Setting, unit: &str, text: &str) -> Result<f64> {
    if unit.is_empty() {
        return Ok(1.0);
    }
    let of = |list: &[(&str, f64)], u: &str| list.iter().any(|(name, _)| *name == u);
    let is_time = of(&TIME, setting.unit);
    let same_sort = if is_time { of(&TIME, unit) } else { of(&MEMORY, unit) && !setting.unit.is_empty() };
    match (unit_size(unit), unit_size(setting.unit)) {
        (Some(given), Some(own)) if same_sort => Ok(given / own),
        _ => {
            let hint = if is_time {
                "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."
            } else {
                "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\"."
            };
            let error = invalid(setting, text);
            Err(if setting.unit.is_empty() { error } else { error.hint(hint) })
        }
    }
}

/// A number in the largest unit that shows it whole, as SHOW does.
#[must_use]
pub fn show_integer(value: i64, unit: &str) -> String {
    if value <= 0 || unit.is_empty() {
        return value.to_string();
    }
    let list: &[(&str, f64)] = if TIME.iter().any(|(name, _)| *name == unit) { &TIME } else { &MEMORY };
    let own = unit_size(unit).unwrap_or(1.0);
    #[allow(clippy::cast_precision_loss)]
    let total = value as f64 * own;
    for (name, size) in list {
        let count = total / size;
        if count >= 1.0 && count.fract() == 0.0 {
            return format!("{count}{name}");
        }
    }
    format!("{value}{unit}")
}

fn enumerated(setting: &Setting, text: &str, words: &[&'static str]) -> Result<String> {
    match words.iter().find(|w| w.eq_ignore_ascii_case(text)) {
        Some(word) => Ok((*word).to_owned()),
        // Enumerations such as `synchronous_commit` take Boolean words too.
        None => match boolean(text).map(|b| if b { "on" } else { "off" }) {
            Some(word) if words.contains(&word) => Ok(word.to_owned()),
            _ => Err(invalid(setting, text).hint(format!("Available values: {}.", words.join(", ")))),
        },
    }
}

fn text_value(setting: &Setting, name: &str, text: &str) -> Result<String> {
    match name {
        "timezone" | "log_timezone" => {
            zone::setting(text).map(|zone| zone.name().to_owned()).map_err(|refusal| match refusal {
                zone::Refusal::Unknown => invalid(setting, text),
                zone::Refusal::OutOfRange => invalid(setting, text).detail("UTC timezone offset is out of range."),
            })
        }
        "client_encoding" => encoding(text).map(str::to_owned).ok_or_else(|| {
            let error = invalid(setting, text);
            error.detail("This server sends and takes UTF8 only.")
        }),
        "application_name" | "cluster_name" => {
            Ok(text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(63).collect())
        }
        _ => Ok(text.to_owned()),
    }
}

/// The encodings that need no conversion, in all of PostgreSQL's spellings.
fn encoding(text: &str) -> Option<&'static str> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "utf8" | "unicode" => Some("UTF8"),
        "sqlascii" => Some("SQL_ASCII"),
        _ => None,
    }
}

/// `DateStyle` as `ISO, MDY`; parts may come in any order, and what is not named stays as it is `now`.
pub fn date_style(setting: &Setting, text: &str, now: &str) -> Result<String> {
    let (mut style, mut order) = now.split_once(", ").unwrap_or(("ISO", "MDY"));
    let mut ordered = false;
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        match part.to_ascii_lowercase().as_str() {
            "iso" => style = "ISO",
            "sql" => style = "SQL",
            "german" => {
                style = "German";
                if !ordered {
                    order = "DMY";
                }
            }
            p if p.starts_with("postgres") => style = "Postgres",
            "ymd" => (order, ordered) = ("YMD", true),
            "default" => {}
            p if p == "dmy" || p.starts_with("euro") => (order, ordered) = ("DMY", true),
            p if p == "mdy" || p == "us" || p.starts_with("noneuro") => (order, ordered) = ("MDY", true),
            _ => return Err(invalid(setting, text)),
        }
    }
    Ok(format!("{style}, {order}"))
}

/// An identifier in quotes where SQL would need them.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    let safe = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if safe { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The items of a list such as `search_path`, quotes removed; `None` when it is malformed.
#[must_use]
pub fn split_identifiers(list: &str) -> Option<Vec<String>> {
    let mut items = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let (item, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut chars = quoted.char_indices().peekable();
            let end = loop {
                let (i, c) = chars.next()?;
                match (c, chars.peek()) {
                    ('"', Some((_, '"'))) => {
                        name.push('"');
                        chars.next();
                    }
                    ('"', _) => break i + 1,
                    _ => name.push(c),
                }
            };
            (name, &quoted[end..])
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim().to_lowercase(), &rest[end..])
        };
        items.push(item);
        rest = match after.trim_start() {
            "" => "",
            more => more.strip_prefix(',')?.trim_start(),
        };
    }
    Some(items)
}
