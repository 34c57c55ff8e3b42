//! Settings' values with and without units: SHOW says `30s`, `pg_settings` says `30000` (ms).

/// Units of time in milliseconds and of memory in bytes.
const UNITS: &[(&str, bool, i128)] = &[
    ("us", true, 1),
    ("ms", true, 1_000),
    ("s", true, 1_000_000),
    ("min", true, 60_000_000),
    ("h", true, 3_600_000_000),
    ("d", true, 86_400_000_000),
    ("B", false, 1),
    ("kB", false, 1 << 10),
    ("MB", false, 1 << 20),
    ("GB", false, 1 << 30),
    ("TB", false, 1 << 40),
];

/// A setting's text as a number of `unit`s (`ms`, `8kB`, …); as it is when it has no unit or says none.
pub fn in_base_unit(text: &str, unit: Option<&str>) -> String {
    let scaled = || {
        let (count, base) = split(unit?);
        let (value, given) = split(text);
        let (_, time, base) = UNITS.iter().find(|known| known.0 == base)?;
        let (_, given_time, given) = UNITS.iter().find(|known| known.0 == given)?;
        let value = value.parse::<i128>().ok()?.checked_mul(*given)?;
        let base = base * count.parse::<i128>().unwrap_or(1);
        (time == given_time).then(|| (value / base).to_string())
    };
    scaled().unwrap_or_else(|| text.to_owned())
}

/// A number of `unit`s as SHOW writes it: in the largest unit that needs no fraction.
pub fn with_unit(value: &str, unit: Option<&str>) -> String {
    let scaled = || {
        let (count, base) = split(unit?);
        let (_, time, base) = UNITS.iter().find(|known| known.0 == base)?;
        let value = value.parse::<i128>().ok()?.checked_mul(base * count.parse::<i128>().unwrap_or(1))?;
        if value <= 0 {
            return None;
        }
        let fits = |known: &&(&str, bool, i128)| known.1 == *time && value % known.2 == 0;
        let (name, _, size) = UNITS.iter().rev().find(fits)?;
        Some(format!("{}{name}", value / size))
    };
    scaled().unwrap_or_else(|| value.to_owned())
}

/// A number and the unit after it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::{in_base_unit, with_unit};

    #[test]
    fn values_are_counted_in_the_settings_unit() {
        assert_eq!(in_base_unit("30s", Some("ms")), "30000");
        assert_eq!(in_base_unit("5min", Some("s")), "300");
        assert_eq!(in_base_unit("128MB", Some("8kB")), "16384");
        assert_eq!(in_base_unit("4MB", Some("kB")), "4096");
        assert_eq!(in_base_unit("0", Some("ms")), "0");
        assert_eq!(in_base_unit("-1", Some("ms")), "-1");
        assert_eq!(in_base_unit("on", None), "on");
        assert_eq!(with_unit("4096", Some("kB")), "4MB");
        assert_eq!(with_unit("16384", Some("8kB")), "128MB");
        assert_eq!(with_unit("300000", Some("ms")), "5min");
        assert_eq!(with_unit("0", Some("ms")), "0");
        assert_eq!(with_unit("-1", Some("kB")), "-1");
    }
}
