//! Time zone names: the IANA names without case, and whole-hour offsets as PostgreSQL writes them.
//!
//! Offsets that are not whole hours have no zone in the database that this server uses and are refused.

use chrono_tz::Tz;

/// The zone a client means; `None` when there is none.
#[must_use]
pub fn parse(text: &str) -> Option<Tz> {
    let text = text.trim();
    if let Some(hours) = offset_hours(text) {
        return etc(hours);
    }
    match text.to_ascii_uppercase().as_str() {
        "UTC" | "Z" | "ZULU" | "GMT" | "GMT0" => Some(Tz::UTC),
        "LOCAL" | "DEFAULT" => None,
        _ => Tz::from_str_insensitive(text).ok(),
    }
}

/// How SHOW prints the zone that `text` named.
#[must_use]
pub fn shown(text: &str, zone: Tz) -> String {
    match offset_hours(text.trim()) {
        Some(hours) if text.trim().parse::<f64>().is_ok() || text.contains(':') => {
            let sign = if hours < 0 { '-' } else { '+' };
            let back = if hours < 0 { '+' } else { '-' };
            format!("<{sign}{:02}>{back}{:02}", hours.abs(), hours.abs())
        }
        _ if zone == Tz::UTC => text.trim().to_uppercase(),
        _ => zone.name().to_owned(),
    }
}

/// Hours east of Greenwich in `-5`, `+2`, `-08:00`, `UTC+3` is not among them.
fn offset_hours(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let hours: i32 = hours.parse().ok()?;
    (minutes.parse::<u32>() == Ok(0) && (-14..=14).contains(&hours)).then_some(hours)
}

fn etc(hours_east: i32) -> Option<Tz> {
    let sign = if hours_east > 0 { '-' } else { '+' };
    let name = if hours_east == 0 { "Etc/GMT".to_owned() } else { format!("Etc/GMT{sign}{}", hours_east.abs()) };
    name.parse().ok()
}
