//! What the name of a time zone means: the IANA names in any case of letters, PostgreSQL's POSIX forms, offsets.
//!
//! Names only: the offsets of a moment are found by the types that this server prints.

pub mod posix;

use chrono_tz::Tz;
pub use posix::Posix;

/// A zone by the rule its name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneName {
    /// A zone of the time zone database.
    Iana(Tz),
    /// A zone that its own name describes.
    Posix(Box<Posix>),
}

impl ZoneName {
    /// The zone a name means: one of the database, else a POSIX form. `None` when there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(tz) = Tz::from_str_insensitive(text) {
            return Some(Self::Iana(tz));
        }
        Posix::parse(text).map(|posix| Self::Posix(Box::new(posix)))
    }

    /// A zone of one offset, in seconds east of UTC. `None` beyond what a POSIX name can say (167 hours and a bit).
    #[must_use]
    pub fn fixed(offset_s: i64) -> Option<Self> {
        let seconds = offset_s.abs();
        let mut digits = format!("{:02}", seconds / 3_600);
        if seconds % 3_600 != 0 {
            digits.push_str(&format!(":{:02}", seconds / 60 % 60));
        }
        if seconds % 60 != 0 {
            digits.push_str(&format!(":{:02}", seconds % 60));
        }
        let name = if offset_s < 0 { format!("<-{digits}>+{digits}") } else { format!("<+{digits}>-{digits}") };
        Posix::parse(&name).map(|posix| Self::Posix(Box::new(posix)))
    }

    /// The zone's own spelling, as SHOW prints it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Iana(tz) => tz.name(),
            Self::Posix(posix) => &posix.name,
        }
    }
}

/// Why a text is no value of a time zone setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is called so.
    Unknown,
    /// A number of hours that is too large.
    OutOfRange,
}

/// What a client set: hours east of UTC as a number, or a zone's name.
pub fn setting(text: &str) -> Result<ZoneName, Refusal> {
    match text.trim_start().parse::<f64>() {
        Ok(hours) => {
            #[expect(clippy::cast_possible_truncation, reason = "too large a number is refused in either case")]
            let seconds = (hours * 3_600.0) as i64;
            ZoneName::fixed(seconds).ok_or(Refusal::OutOfRange)
        }
        Err(_) => ZoneName::parse(text).ok_or(Refusal::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_shown_as_postgresql_shows_them() {
        let shown = |text: &str| setting(text).map(|zone| zone.name().to_owned());
        let expected = [
            ("5.5", "<+05:30>-05:30"),
            ("-8", "<-08>+08"),
            ("0", "<+00>-00"),
            ("167.99", "<+167:59:24>-167:59:24"),
            ("-3:30", "-3:30"),
            ("europe/BERLIN", "Europe/Berlin"),
            ("<abc>5", "<ABC>5"),
            ("pst8pdt,m3.2.0,m11.1.0", "PST8PDT,M3.2.0,M11.1.0"),
        ];
        for (text, name) in expected {
            assert_eq!(shown(text).as_deref(), Ok(name));
        }
        assert_eq!(shown("168"), Err(Refusal::OutOfRange));
        assert_eq!(shown("z"), Err(Refusal::Unknown));
        assert_eq!(shown("MSK"), Err(Refusal::Unknown));
    }
}
