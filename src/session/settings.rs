//! The settings of one session: defaults, what the client set, what a transaction set, and how ROLLBACK undoes it.
//!
//! Values are kept as SHOW prints them. The derived forms that the hot path needs (text style, time-outs, search path)
//! are computed when something changes, not per statement.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::settings::zone::ZoneName;
use crate::settings::{self, Context, Setting, values};
use crate::sqlstate;
use crate::types::input::parse_interval;
use crate::types::zone::Zone;
use crate::types::{DateOrder, DateStyle, IntervalStyle, Moment, TextStyle};

/// All settings with their current text, by lower-case name.
pub type Values = Arc<BTreeMap<String, String>>;

/// The defaults of a server: PostgreSQL's, then the configuration's.
pub fn defaults(configured: &[(String, String)]) -> Result<BTreeMap<String, String>> {
    let mut all: BTreeMap<String, String> =
        settings::all().map(|(name, setting)| (name.to_owned(), shown_default(setting))).collect();
    for (name, value) in configured {
        let setting = settings::find(name).ok_or_else(|| settings::unrecognized(name))?;
        let items = list_items(setting.name, value);
        all.insert(setting.name.to_lowercase(), settings::check(setting, &items)?);
    }
    Ok(all)
}

/// A default in the form that SHOW prints.
fn shown_default(setting: &settings::Setting) -> String {
    match setting.default.parse::<i64>() {
        Ok(number) if matches!(setting.kind, settings::Kind::Integer { .. }) => {
            values::show_integer(number, setting.unit)
        }
        _ => setting.default.clone(),
    }
}

/// One value as a SET list: identifiers for the settings that are lists.
fn list_items(name: &str, value: &str) -> Vec<String> {
    if name == "search_path" {
        values::split_identifiers(value).unwrap_or_else(|| vec![value.to_owned()])
    } else {
        vec![value.to_owned()]
    }
}

/// A session's settings.
pub struct SessionSettings {
    /// What RESET goes back to.
    reset: Values,
    /// What is in force.
    current: Values,
    /// What is in force once SET LOCAL is over.
    session: Values,
    /// What was in force at BEGIN, in a transaction.
    at_begin: Option<Values>,
    superuser: bool,
    derived: Derived,
}

/// What the hot path reads.
#[derive(Clone, Debug)]
pub struct Derived {
    /// How values are written as text.
    pub style: Arc<TextStyle>,
    /// `search_path` with `$user` left in.
    pub search_path: Vec<String>,
    /// `statement_timeout`, `None` for none.
    pub statement_timeout: Option<Duration>,
    /// `idle_in_transaction_session_timeout`.
    pub idle_in_transaction: Option<Duration>,
    /// `idle_session_timeout`.
    pub idle_session: Option<Duration>,
}

/// A point to go back to.
#[derive(Clone)]
pub struct Mark {
    current: Values,
    session: Values,
}

impl Mark {
    /// The text that a setting had.
    #[must_use]
    pub fn value(&self, lower: &str) -> Option<&str> {
        self.current.get(lower).map(String::as_str)
    }
}

/// The settings that are a transaction's modes, and the session's defaults of them.
pub const MODES: [(&str, &str); 3] = [
    ("transaction_isolation", "default_transaction_isolation"),
    ("transaction_read_only", "default_transaction_read_only"),
    ("transaction_deferrable", "default_transaction_deferrable"),
];

impl SessionSettings {
    /// The settings of a new session: the server's defaults and what the client's start-up packet said.
    pub fn new(
        defaults: &BTreeMap<String, String>,
        startup: &[(String, String)],
        user: &str,
        superuser: bool,
    ) -> Result<Self> {
        let mut reset = defaults.clone();
        reset.insert("session_authorization".to_owned(), user.to_owned());
        reset.insert("is_superuser".to_owned(), if superuser { "on" } else { "off" }.to_owned());
        for (name, value) in startup {
            let lower = canonical(name);
            let text = match settings::find(&lower) {
                Some(setting) => {
                    allowed(setting, superuser, true)?;
                    settings::check(setting, &list_items(&lower, value.trim_matches('\'')))?
                }
                None if settings::is_custom(&lower) => value.clone(),
                None => return Err(settings::unrecognized(name)),
            };
            reset.insert(lower, text);
        }
        let reset = Arc::new(reset);
        let derived = derive(&reset);
        Ok(Self { current: Arc::clone(&reset), session: Arc::clone(&reset), reset, at_begin: None, superuser, derived })
    }

    /// What the hot path reads.
    #[must_use]
    pub fn derived(&self) -> &Derived {
        &self.derived
    }

    /// Whether the role may change what superusers may.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.superuser
    }

    /// All current values.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.current
    }

    /// The current text of a setting, and the name as shown. `42704` when there is none.
    pub fn show(&self, name: &str) -> Result<(&str, &str)> {
        let lower = canonical(name);
        let (key, value) = self.current.get_key_value(&lower).ok_or_else(|| settings::unrecognized(name))?;
        let shown = settings::find(&lower).map_or(key.as_str(), |s| s.name);
        Ok((shown, value))
    }

    /// The modes of a new transaction: the session's defaults.
    pub fn default_modes(&mut self) {
        for (mode, default) in MODES {
            let wanted = self.current.get(default);
            if wanted != self.current.get(mode) {
                let wanted = wanted.cloned();
                self.assign(mode, wanted, true);
            }
        }
    }

    /// SET: `items` is `None` for DEFAULT.
    pub fn set(&mut self, name: &str, items: Option<&[String]>, local: bool) -> Result<()> {
        let lower = canonical(name);
        let text = match settings::find(&lower) {
            Some(setting) => {
                allowed(setting, self.superuser, false)?;
                match items {
                    Some(items) if lower == "datestyle" => {
                        let now = self.current.get(&lower).map_or("", String::as_str);
                        Some(values::date_style(setting, &items.join(","), now)?)
                    }
                    Some([text]) if lower == "timezone" => match interval_zone(setting, text)? {
                        Some(name) => Some(name),
                        None => items.map(|items| settings::check(setting, items)).transpose()?,
                    },
                    Some(items) => Some(settings::check(setting, items)?),
                    None => self.reset.get(&lower).cloned(),
                }
            }
            None if settings::is_custom(&lower) => items.map(|items| items.join(", ")),
            None => return Err(settings::unrecognized(name)),
        };
        self.assign(&lower, text, local);
        Ok(())
    }

    /// Gives a setting a checked value; `None` removes a custom one.
    pub fn assign(&mut self, lower: &str, text: Option<String>, local: bool) {
        let put = |values: &mut Values| {
            let values = Arc::make_mut(values);
            match &text {
                Some(text) => values.insert(lower.to_owned(), text.clone()),
                None => values.remove(lower),
            };
        };
        put(&mut self.current);
        if !local {
            put(&mut self.session);
        }
        self.derived = derive(&self.current);
    }

    /// RESET ALL.
    pub fn reset_all(&mut self) {
        self.current = Arc::clone(&self.reset);
        self.session = Arc::clone(&self.reset);
        self.derived = derive(&self.current);
    }

    /// A transaction begins.
    pub fn begin(&mut self) {
        self.at_begin = Some(Arc::clone(&self.current));
    }

    /// The transaction ends: SET LOCAL is over; on rollback every SET in it is too.
    pub fn end(&mut self, committed: bool) {
        let before = self.at_begin.take();
        if let (false, Some(before)) = (committed, before) {
            self.session = before;
        }
        if !Arc::ptr_eq(&self.current, &self.session) {
            self.current = Arc::clone(&self.session);
            self.derived = derive(&self.current);
        }
    }

    /// The state at a savepoint.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { current: Arc::clone(&self.current), session: Arc::clone(&self.session) }
    }

    /// Back to a savepoint.
    pub fn back_to(&mut self, mark: &Mark) {
        self.current = Arc::clone(&mark.current);
        self.session = Arc::clone(&mark.session);
        self.derived = derive(&self.current);
    }

    /// The reported settings with their current values.
    pub fn reported(&self) -> impl Iterator<Item = (&'static str, &str)> {
        settings::all()
            .filter(|(_, setting)| setting.reported)
            .filter_map(|(name, setting)| self.current.get(name).map(|value| (setting.name, value.as_str())))
    }
}

/// The key and the checked text of one value for a setting, as `set_config` gives it; no value is the default.
///
/// # Errors
///
/// What SET raises for the same name and value.
pub fn checked(name: &str, value: Option<&str>, superuser: bool) -> Result<(String, Option<String>)> {
    let lower = canonical(name);
    let text = match settings::find(&lower) {
        Some(setting) => {
            allowed(setting, superuser, false)?;
            match value {
                Some(value) => Some(settings::check(setting, &list_items(&lower, value))?),
                None => Some(shown_default(setting)),
            }
        }
        None if settings::is_custom(&lower) => value.map(str::to_owned),
        None => return Err(settings::unrecognized(name)),
    };
    Ok((lower, text))
}

/// A setting's key: lower case, PostgreSQL's synonyms resolved.
fn canonical(name: &str) -> String {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "time zone" => "timezone".to_owned(),
        _ => lower,
    }
}

fn allowed(setting: &settings::Setting, superuser: bool, at_start: bool) -> Result<()> {
    let refuse = |state, text: &str| Err(Error::new(state, format!("parameter \"{}\" {text}", setting.name)));
    match setting.context {
        Context::Internal => refuse(sqlstate::CANT_CHANGE_RUNTIME_PARAM, "cannot be changed"),
        Context::Server => refuse(sqlstate::CANT_CHANGE_RUNTIME_PARAM, "cannot be changed now"),
        Context::Backend if !at_start => {
            refuse(sqlstate::CANT_CHANGE_RUNTIME_PARAM, "cannot be set after connection start")
        }
        Context::Superuser if !superuser => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied to set parameter \"{}\"", setting.name),
        )),
        _ => Ok(()),
    }
}

fn derive(all: &BTreeMap<String, String>) -> Derived {
    let text = |name: &str| all.get(name).map_or("", String::as_str);
    let millis = |name: &str| match duration_ms(text(name)) {
        0 => None,
        ms => Some(Duration::from_millis(ms)),
    };
    let style = TextStyle {
        time_zone: zone_of(text("timezone")),
        extra_float_digits: text("extra_float_digits").parse().unwrap_or(1),
        bytea_escape: text("bytea_output") == "escape",
        date_style: date_style(text("datestyle")),
        date_order: date_order(text("datestyle")),
        interval_style: interval_style(text("intervalstyle")),
        moment: Moment::default(),
    };
    let search_path = values::split_identifiers(text("search_path")).unwrap_or_default();
    Derived {
        style: Arc::new(style),
        search_path,
        statement_timeout: millis("statement_timeout"),
        idle_in_transaction: millis("idle_in_transaction_session_timeout"),
        idle_session: millis("idle_session_timeout"),
    }
}

/// The zone in force.
fn zone_of(shown: &str) -> Arc<Zone> {
    Zone::named(shown).unwrap_or_else(Zone::utc)
}

/// The seconds east of UTC in `INTERVAL '…'` as the name of a zone; anything else is `None`.
fn interval_zone(setting: &Setting, text: &str) -> Result<Option<String>> {
    let lower = text.to_ascii_lowercase();
    let Some(quoted) = lower.strip_prefix("interval").map(str::trim) else { return Ok(None) };
    let inner = quoted.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
    let invalid = || {
        let message = format!("invalid value for parameter \"{}\": \"{text}\"", setting.name);
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
    };
    let span = parse_interval(inner.ok_or_else(invalid)?, IntervalStyle::Postgres)?;
    if span.months != 0 {
        return Err(invalid().detail("Cannot specify months in time zone interval."));
    }
    if span.days != 0 {
        return Err(invalid().detail("Cannot specify days in time zone interval."));
    }
    let zone = ZoneName::fixed(span.us / 1_000_000);
    let zone = zone.ok_or_else(|| invalid().detail("UTC timezone offset is out of range."))?;
    Ok(Some(zone.name().to_owned()))
}

/// Milliseconds in a shown duration such as `2min`.
fn duration_ms(shown: &str) -> u64 {
    let units: HashMap<&str, u64> =
        [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)].into();
    let end = shown.find(|c: char| !c.is_ascii_digit()).unwrap_or(shown.len());
    let number: u64 = shown[..end].parse().unwrap_or(0);
    number.saturating_mul(units.get(&shown[end..]).copied().unwrap_or(1))
}

fn date_style(text: &str) -> DateStyle {
    match text.split(',').next().unwrap_or_default() {
        "SQL" => DateStyle::Sql,
        "Postgres" => DateStyle::Postgres,
        "German" => DateStyle::German,
        _ => DateStyle::Iso,
    }
}

fn date_order(text: &str) -> DateOrder {
    match text.split(", ").nth(1).unwrap_or_default() {
        "DMY" => DateOrder::Dmy,
        "YMD" => DateOrder::Ymd,
        _ => DateOrder::Mdy,
    }
}

fn interval_style(text: &str) -> IntervalStyle {
    match text {
        "postgres_verbose" => IntervalStyle::PostgresVerbose,
        "sql_standard" => IntervalStyle::SqlStandard,
        "iso_8601" => IntervalStyle::Iso8601,
        _ => IntervalStyle::Postgres,
    }
}
