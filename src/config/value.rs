//! What a single value may look like: sizes, durations, shares, addresses, words.
//!
//! Each function takes a value as written and gives it as meant, or says what was expected. Units are PostgreSQL's:
//! kB, MB, GB and TB are powers of 1024. The errors quote the value, so no secret may pass through one that does.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::document::{Entry, Value};
use super::{AuthMethod, FileFormatKind};

/// A value as meant, or what was expected in its place.
pub(super) type Meant<T> = Result<T, String>;

/// An amount, or a part of something known only later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Bytes.
    Bytes(usize),
    /// Hundredths, 1..=100.
    Percent(usize),
}

impl Share {
    /// The bytes it means of `whole` bytes.
    pub fn of(self, whole: usize) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => whole / 100 * percent,
        }
    }
}

/// Longest identifier, bytes (PostgreSQL's `NAMEDATALEN` - 1).
const MAX_NAME_BYTES: usize = 63;

/// A string.
pub(super) fn text(value: &Value) -> Meant<String> {
    match value {
        Value::Text(text) | Value::Given(text) => Ok(text.clone()),
        other => Err(format!("expected a string, not {other}")),
    }
}

/// A truth value.
pub(super) fn flag(value: &Value) -> Meant<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Given(text) if matches!(text.as_str(), "true" | "on" | "yes" | "1") => Ok(true),
        Value::Given(text) if matches!(text.as_str(), "false" | "off" | "no" | "0") => Ok(false),
        other => Err(format!("expected true or false, not {other}")),
    }
}

/// A whole number within bounds.
pub(super) fn count(value: &Value, min: usize, max: usize) -> Meant<usize> {
    let number = match value {
        Value::Integer(n) => usize::try_from(*n).ok(),
        Value::Given(text) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(format!("expected a whole number from {min} to {max}, not {value}")),
    }
}

/// A whole number from 1 up to a bound, or `auto` (`None`).
pub(super) fn count_or_auto(value: &Value, max: usize) -> Meant<Option<usize>> {
    match value {
        Value::Text(text) | Value::Given(text) if text == "auto" => Ok(None),
        _ => count(value, 1, max).map(Some).map_err(|_| format!("expected \"auto\" or 1 to {max}, not {value}")),
    }
}

/// A TPC-H scale factor.
pub(super) fn scale(value: &Value) -> Meant<f64> {
    let number = match value {
        Value::Float(x) => Some(*x),
        #[expect(clippy::cast_precision_loss, reason = "scales are small, and larger ones are refused below")]
        Value::Integer(n) => Some(*n as f64),
        Value::Given(text) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(x) if (0.001..=1000.0).contains(&x) => Ok(x),
        _ => Err(format!("expected a scale from 0.001 to 1000, not {value}")),
    }
}

/// A duration with its unit.
pub(super) fn duration(value: &Value) -> Meant<Duration> {
    let expected = || format!("expected a duration with its unit (ms, s, min, h, d), such as \"30s\", not {value}");
    let (Value::Text(written) | Value::Given(written)) = value else { return Err(expected()) };
    let (number, unit) = split_unit(written).ok_or_else(expected)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(expected()),
    };
    number.checked_mul(millis).filter(|ms| *ms <= 1 << 40).map(Duration::from_millis).ok_or_else(expected)
}

/// A duration above zero.
pub(super) fn timeout(value: &Value) -> Meant<Duration> {
    match duration(value)? {
        Duration::ZERO => Err("expected a duration above zero".to_owned()),
        some => Ok(some),
    }
}

/// A duration, or `off` (`None`).
pub(super) fn duration_or_off(value: &Value) -> Meant<Option<Duration>> {
    match value {
        Value::Text(text) | Value::Given(text) if text == "off" => Ok(None),
        _ => duration(value).map(Some).map_err(|e| e.replacen("expected ", "expected \"off\" or ", 1)),
    }
}

/// A size in bytes, with its unit unless it is a plain number of bytes.
pub(super) fn size(value: &Value) -> Meant<u64> {
    let expected = || format!("expected a size with its unit (B, kB, MB, GB, TB), such as \"64MB\", not {value}");
    let (number, unit) = match value {
        Value::Integer(n) => (u64::try_from(*n).map_err(|_| expected())?, "B"),
        Value::Text(written) | Value::Given(written) => split_unit(written).ok_or_else(expected)?,
        _ => return Err(expected()),
    };
    let shift = match unit {
        "" | "B" => 0,
        "kB" | "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        "TB" | "TiB" => 40,
        _ => return Err(expected()),
    };
    number.checked_mul(1 << shift).filter(|bytes| *bytes <= 1 << 60).ok_or_else(expected)
}

/// A size within bounds, for memory.
pub(super) fn size_within(value: &Value, min: usize, max: usize) -> Meant<usize> {
    let bytes = usize::try_from(size(value)?).map_err(|_| format!("{value} is more than this machine can address"))?;
    match bytes {
        _ if bytes < min => Err(format!("expected at least {min} bytes, not {value}")),
        _ if bytes > max => Err(format!("expected at most {max} bytes, not {value}")),
        _ => Ok(bytes),
    }
}

/// A size or a percentage.
pub(super) fn share(value: &Value) -> Meant<Share> {
    let (Value::Text(written) | Value::Given(written)) = value else { return size_of_memory(value) };
    let Some(percent) = written.strip_suffix('%') else { return size_of_memory(value) };
    match percent.trim().parse() {
        Ok(percent @ 1..=100) => Ok(Share::Percent(percent)),
        _ => Err(format!("expected a share from \"1%\" to \"100%\", not {value}")),
    }
}

/// Where to listen: an IP address and a port; `localhost` is the IPv4 loopback.
pub(super) fn address(value: &Value) -> Meant<SocketAddr> {
    let written = text(value)?;
    let local = written.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    match local {
        Some(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => written.parse().map_err(|_| format!("expected ADDRESS:PORT such as \"127.0.0.1:5433\", not {value}")),
    }
}

/// A path, not empty.
pub(super) fn path(value: &Value) -> Meant<PathBuf> {
    match text(value)? {
        empty if empty.is_empty() => Err("expected a path, not an empty string".to_owned()),
        some => Ok(PathBuf::from(some)),
    }
}

/// The name of a database, schema, table or role.
pub(super) fn name(value: &Value) -> Meant<String> {
    let name = text(value)?;
    match name.len() {
        0 => Err("expected a name, not an empty string".to_owned()),
        1..=MAX_NAME_BYTES if !name.contains('\0') => Ok(name),
        _ => Err(format!("expected a name of at most {MAX_NAME_BYTES} bytes, not {value}")),
    }
}

/// The name of a schema that users may have.
pub(super) fn schema(value: &Value) -> Meant<String> {
    match name(value)? {
        system if system == "information_schema" || system.starts_with("pg_") => {
            Err(format!("the schema {value} belongs to the system"))
        }
        user => Ok(user),
    }
}

/// An authentication method.
pub(super) fn method(value: &Value) -> Meant<AuthMethod> {
    let words = [
        ("trust", AuthMethod::Trust),
        ("password", AuthMethod::Password),
        ("scram-sha-256", AuthMethod::ScramSha256),
        ("cert", AuthMethod::Certificate),
    ];
    word(value, &words)
}

/// A file format.
pub(super) fn format(value: &Value) -> Meant<FileFormatKind> {
    let words = [
        ("parquet", FileFormatKind::Parquet),
        ("csv", FileFormatKind::Csv),
        ("json", FileFormatKind::Json),
        ("arrow", FileFormatKind::Arrow),
        ("avro", FileFormatKind::Avro),
    ];
    word(value, &words)
}

/// One of a few words.
pub(super) fn word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Meant<T> {
    let written = text(value)?;
    words.iter().find(|(word, _)| *word == written).map(|(_, meant)| *meant).ok_or_else(|| {
        let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("expected {}, not {value}", list.join(" or "))
    })
}

/// A CSV delimiter: one ASCII character that cannot be part of the syntax.
pub(super) fn delimiter(value: &Value) -> Meant<char> {
    let written = text(value)?;
    let mut chars = written.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r' | '\0') => Ok(c),
        _ => Err(format!("expected one ASCII character such as \";\" or \"\\t\", not {value}")),
    }
}

/// A list of column names.
pub(super) fn names(value: &Value) -> Meant<Vec<String>> {
    match value {
        Value::List(items) => items.iter().map(|item| name(&item.value)).collect(),
        other => Err(format!("expected a list of names, not {other}")),
    }
}

/// A SCRAM verifier in PostgreSQL's form. The error does not quote it.
pub(super) fn verifier(value: &Value) -> Meant<String> {
    use base64::Engine as _;
    let written = text(value).map_err(|_| "expected a string".to_owned())?;
    let valid = || {
        let (iterations, rest) = written.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
        let (salt, keys) = rest.split_once('$')?;
        let (stored, server) = keys.split_once(':')?;
        let decode = |part: &str| base64::engine::general_purpose::STANDARD.decode(part).ok();
        let sizes = (decode(salt)?.len(), decode(stored)?.len(), decode(server)?.len());
        let iterations: u32 = iterations.parse().ok()?;
        (iterations > 0 && sizes.0 > 0 && sizes.1 == 32 && sizes.2 == 32).then_some(())
    };
    match valid() {
        Some(()) => Ok(written),
        None => Err("not a SCRAM-SHA-256 verifier; \"lakewire user NAME\" makes one".to_owned()),
    }
}

/// A table of options. The error does not quote their values, which may be secret.
pub(super) fn options(value: &Value) -> Meant<Vec<(String, String)>> {
    let Value::Table(table) = value else { return Err(format!("expected a table of options, not {value}")) };
    let option = |entry: &Entry| {
        let text = setting(&entry.value).map_err(|_| format!("the option \"{}\" must be a string", entry.key))?;
        Ok((entry.key.clone(), text))
    };
    table.entries.iter().map(option).collect()
}

/// A setting's value as text: a string, number or truth value.
pub(super) fn setting(value: &Value) -> Meant<String> {
    match value {
        Value::Text(text) | Value::Given(text) => Ok(text.clone()),
        Value::Integer(n) => Ok(n.to_string()),
        Value::Float(x) => Ok(x.to_string()),
        Value::Bool(truth) => Ok(if *truth { "on" } else { "off" }.to_owned()),
        other => Err(format!("expected a string, number, true or false, not {other}")),
    }
}

fn size_of_memory(value: &Value) -> Meant<Share> {
    let bytes =
        size(value).map_err(|e| e.replacen("such as \"64MB\"", "such as \"64MB\", or a share such as \"60%\"", 1))?;
    usize::try_from(bytes).map(Share::Bytes).map_err(|_| format!("{value} is more than this machine can address"))
}

/// `"30 s"` as (30, "s").
fn split_unit(written: &str) -> Option<(u64, &str)> {
    let written = written.trim();
    let digits = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    Some((written[..digits].parse().ok()?, written[digits..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Value {
        Value::Given(text.to_owned())
    }

    #[test]
    fn sizes_and_durations_have_postgres_units() {
        assert_eq!(size(&given("64MB")), Ok(64 << 20));
        assert_eq!(size(&given("1 TB")), Ok(1 << 40));
        assert_eq!(size(&Value::Integer(512)), Ok(512));
        assert_eq!(duration(&given("250ms")), Ok(Duration::from_millis(250)));
        assert_eq!(duration(&given("2 min")), Ok(Duration::from_mins(2)));
        for bad in ["", "MB", "1.5MB", "-1MB", "64mb", "99999999999999999999MB", "99999999TB"] {
            assert!(size(&given(bad)).is_err(), "{bad}");
        }
        for bad in ["30", "s", "30 seconds", "-1s", "1e3s", "18446744073709551615d"] {
            assert!(duration(&given(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_of_something() {
        assert_eq!(share(&given("60%")).map(|s| s.of(1000)), Ok(600));
        assert_eq!(share(&given("1kB")).map(|s| s.of(1000)), Ok(1024));
        for bad in ["0%", "101%", "-5%", "x%", "60"] {
            assert!(share(&given(bad)).is_err() || bad == "60", "{bad}");
        }
    }

    #[test]
    fn a_bad_verifier_is_not_quoted() {
        let error = verifier(&given("hunter2")).expect_err("not a verifier");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
