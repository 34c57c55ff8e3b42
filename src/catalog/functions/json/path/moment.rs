//! Dates and times as items of a path: read from ISO text, converted, compared, printed in ISO 8601.

use std::cmp::Ordering;

use super::eval::Fault;
use super::template;
use crate::catalog::functions::datetime::ZoneSpec;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::civil::{Civil, DAY_US};
use crate::types::jsonpath::Moment as Named;

const SECOND_US: i64 = 1_000_000;
const DAY: i128 = DAY_US as i128;

/// What a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
}

/// A date or time.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub kind: Kind,
    /// Local microseconds: from 1970-01-01, or from midnight.
    pub local: i128,
    /// Seconds east of UTC, of those that have a zone.
    pub offset_s: i32,
}

/// The kind that a method asks for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Any,
    Date,
    Kind(Named, Option<u32>),
}

impl Kind {
    /// PostgreSQL's name of the type.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::TimeTz => "time with time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
        }
    }

    fn short_name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::TimeTz => "timetz",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamptz",
        }
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Time | Self::TimeTz)
    }

    fn is_zoned(self) -> bool {
        matches!(self, Self::TimeTz | Self::TimestampTz)
    }
}

impl Moment {
    /// Microseconds in UTC.
    fn utc(&self) -> i128 {
        self.local - i128::from(self.offset_s) * i128::from(SECOND_US)
    }

    /// The order of two moments; `None` where dates meet times.
    pub fn compare(&self, other: &Self, zone: Option<&ZoneSpec>) -> Result<Option<Ordering>> {
        if self.kind.is_time() != other.kind.is_time() {
            return Ok(None);
        }
        if self.kind.is_zoned() == other.kind.is_zoned() {
            let by_zone =
                || if self.kind == Kind::TimeTz { other.offset_s.cmp(&self.offset_s) } else { Ordering::Equal };
            return Ok(Some(self.utc().cmp(&other.utc()).then_with(by_zone)));
        }
        let target = if self.kind.is_time() { Kind::TimeTz } else { Kind::TimestampTz };
        let (a, b) = (self.zoned(target, zone)?, other.zoned(target, zone)?);
        a.compare(&b, zone)
    }

    /// The same moment with a zone: its own or the session's.
    fn zoned(&self, target: Kind, zone: Option<&ZoneSpec>) -> Result<Self> {
        if self.kind == target {
            return Ok(self.clone());
        }
        let Some(zone) = zone else {
            let (from, to) = (self.kind.short_name(), target.short_name());
            let message = format!("cannot convert value from {from} to {to} without time zone usage");
            return Err(Error::unsupported(message).hint("Use *_tz() function for time zone support."));
        };
        let instant = if target == Kind::TimeTz { zone_of_today(zone) } else { zone.to_utc(near(self.local)) };
        Ok(Self { kind: target, local: self.local, offset_s: zone.offset_s(instant) })
    }

    /// The local moment in the session's zone, without a zone.
    fn local_to(&self, kind: Kind, zone: Option<&ZoneSpec>) -> Result<Self> {
        let local = if self.kind == Kind::TimestampTz {
            let Some(zone) = zone else {
                let (from, to) = (self.kind.short_name(), kind.short_name());
                let message = format!("cannot convert value from {from} to {to} without time zone usage");
                return Err(Error::unsupported(message).hint("Use *_tz() function for time zone support."));
            };
            i128::from(zone.to_local(near(self.utc())))
        } else {
            self.local
        };
        Ok(Self { kind, local, offset_s: 0 })
    }

    /// Converts to the kind a method asks for; `None` where PostgreSQL has no such cast.
    fn cast(self, to: Kind, zone: Option<&ZoneSpec>) -> Result<Option<Self>> {
        if self.kind == to {
            return Ok(Some(self));
        }
        Ok(match (self.kind, to) {
            (Kind::Timestamp | Kind::TimestampTz, Kind::Date) => {
                let local = self.local_to(Kind::Date, zone)?;
                Some(Self { local: local.local.div_euclid(DAY) * DAY, ..local })
            }
            (Kind::Timestamp | Kind::TimestampTz, Kind::Time) => {
                let local = self.local_to(Kind::Time, zone)?;
                Some(Self { local: local.local.rem_euclid(DAY), ..local })
            }
            (Kind::TimeTz, Kind::Time) => {
                if zone.is_none() {
                    let message = "cannot convert value from timetz to time without time zone usage";
                    return Err(Error::unsupported(message).hint("Use *_tz() function for time zone support."));
                }
                Some(Self { kind: Kind::Time, local: self.local, offset_s: 0 })
            }
            (Kind::Time, Kind::TimeTz) => Some(self.zoned(Kind::TimeTz, zone)?),
            (Kind::TimestampTz, Kind::TimeTz) => {
                let shown = self.in_zone(zone);
                Some(Self { kind: Kind::TimeTz, local: shown.local.rem_euclid(DAY), offset_s: shown.offset_s })
            }
            (Kind::Date | Kind::TimestampTz, Kind::Timestamp) => Some(self.local_to(Kind::Timestamp, zone)?),
            (Kind::Date | Kind::Timestamp, Kind::TimestampTz) => Some(self.zoned(Kind::TimestampTz, zone)?),
            _ => None,
        })
    }

    /// An instant as the session's zone shows it.
    fn in_zone(&self, zone: Option<&ZoneSpec>) -> Self {
        let instant = self.utc();
        let offset_s = zone.map_or(self.offset_s, |zone| zone.offset_s(near(instant)));
        Self { kind: self.kind, local: instant + i128::from(offset_s) * i128::from(SECOND_US), offset_s }
    }

    /// Rounds the fraction of the second to so many digits.
    fn rounded(mut self, digits: u32) -> Self {
        let unit = 10_i128.pow(6_u32.saturating_sub(digits.min(6)));
        self.local = (self.local + unit / 2).div_euclid(unit) * unit;
        self
    }

    /// The text in ISO 8601.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if !self.kind.is_time() {
            let date = Civil::from_days(near(self.local.div_euclid(DAY)));
            out.push_str(&format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
        }
        if matches!(self.kind, Kind::Timestamp | Kind::TimestampTz) {
            out.push('T');
        }
        if self.kind != Kind::Date {
            let time = if self.kind.is_time() { self.local } else { self.local.rem_euclid(DAY) };
            let time = near(time);
            let (seconds, us) = (time / SECOND_US, time % SECOND_US);
            out.push_str(&format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
            if us != 0 {
                out.push_str(format!(".{us:06}").trim_end_matches('0'));
            }
        }
        if self.kind.is_zoned() {
            let (sign, offset) = (if self.offset_s < 0 { '-' } else { '+' }, self.offset_s.abs());
            out.push_str(&format!("{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60));
            if offset % 60 != 0 {
                out.push_str(&format!(":{:02}", offset % 60));
            }
        }
        out
    }
}

/// An instant of the present day, for the zone of a time of day.
fn zone_of_today(zone: &ZoneSpec) -> i64 {
    let now = chrono::Utc::now().timestamp_micros();
    zone.to_utc(zone.to_local(now).div_euclid(DAY_US) * DAY_US)
}

/// A number that fits its narrower type; one beyond is as good as the last.
fn near(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN / 2 } else { i64::MAX / 2 })
}

/// Formats that text may have, tried in this order.
const FORMATS: [&str; 13] = [
    "yyyy-mm-dd",
    "HH24:MI:SS.USTZ",
    "HH24:MI:SSTZ",
    "HH24:MI:SS.US",
    "HH24:MI:SS",
    "yyyy-mm-dd HH24:MI:SS.USTZ",
    "yyyy-mm-dd HH24:MI:SSTZ",
    "yyyy-mm-dd\"T\"HH24:MI:SS.USTZ",
    "yyyy-mm-dd\"T\"HH24:MI:SSTZ",
    "yyyy-mm-dd HH24:MI:SS.US",
    "yyyy-mm-dd HH24:MI:SS",
    "yyyy-mm-dd\"T\"HH24:MI:SS.US",
    "yyyy-mm-dd\"T\"HH24:MI:SS",
];

/// Reads a text as the moment a method asks for.
pub(super) fn read(
    text: &str,
    method: &str,
    template: Option<&str>,
    wanted: Wanted,
    zone: Option<&ZoneSpec>,
) -> std::result::Result<Moment, Fault> {
    if let Some(template) = template {
        return template::read(text, template).map_err(|error| match error.sqlstate() {
            sqlstate::FEATURE_NOT_SUPPORTED => Fault::Hard(error),
            _ => Fault::Soft(error),
        });
    }
    let found = FORMATS.iter().find_map(|format| template::read(text, format).ok());
    let unknown = || {
        let message = format!("{method} format is not recognized: \"{text}\"");
        let error = Error::new(sqlstate::INVALID_ARGUMENT_FOR_JSON_DATETIME, message);
        match wanted {
            Wanted::Any => {
                Fault::Soft(error.hint("Use a datetime template argument to specify the input data format."))
            }
            _ => Fault::Soft(error),
        }
    };
    let moment = found.ok_or_else(unknown)?;
    let (kind, precision) = match wanted {
        Wanted::Any => return Ok(moment),
        Wanted::Date => (Kind::Date, None),
        Wanted::Kind(Named::Time, p) => (Kind::Time, p),
        Wanted::Kind(Named::TimeTz, p) => (Kind::TimeTz, p),
        Wanted::Kind(Named::Timestamp, p) => (Kind::Timestamp, p),
        Wanted::Kind(Named::TimestampTz, p) => (Kind::TimestampTz, p),
    };
    let cast = moment.cast(kind, zone).map_err(Fault::Hard)?.ok_or_else(unknown)?;
    Ok(match precision {
        Some(digits) => cast.rounded(digits),
        None => cast,
    })
}

/// `22007` of a text that a template does not fit.
pub(super) fn unfit(message: String) -> Error {
    Error::new(sqlstate::INVALID_DATETIME_FORMAT, message)
}
