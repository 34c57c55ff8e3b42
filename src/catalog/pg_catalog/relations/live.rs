//! Relations of the moment: the session's settings, the server's sessions, time zones.

use arrow::array::AsArray;
use arrow::datatypes::IntervalMonthDayNano;
use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::OffsetComponents;

use crate::catalog::oids::DATABASE;
use crate::catalog::pg_catalog::rows::{Cell, NULL, Rows, row};
use crate::catalog::pg_catalog::source::Source;
use crate::catalog::pg_catalog::{data, statics, units};
use crate::catalog::vars::SessionVars;

/// PostgreSQL's settings with this session's values, and the server's own settings after them.
pub fn pg_settings(vars: &SessionVars, source: &Source, rows: &mut Rows) {
    let superuser = source.role_oid(&vars.user).is_some_and(|role| source.is_superuser(role));
    let known = if superuser { data::rows } else { data::rows_for_reader }("pg_catalog", "pg_settings");
    let Some(known) = known else { return };
    let text = |column: &str, row| {
        let column = statics::column(known, column);
        column.is_valid(row).then(|| column.as_string::<i32>().value(row))
    };
    let mut names = std::collections::HashSet::new();
    for row in 0..known.num_rows() {
        let name = text("name", row).unwrap_or_default();
        names.insert(name.to_lowercase());
        let boot = text("boot_val", row);
        let unit = text("unit", row);
        let shown = vars.settings.get(&name.to_lowercase());
        let value = shown.map(|shown| units::in_base_unit(shown, unit));
        let changed = value.as_deref().is_some_and(|value| Some(value) != boot);
        let enums = statics::column(known, "enumvals");
        let enums = enums.is_valid(row).then(|| list(&enums.as_list::<i32>().value(row)));
        rows.push(row![
            name,
            value.or(boot.map(str::to_owned)).unwrap_or_default(),
            unit,
            text("category", row),
            text("short_desc", row),
            text("extra_desc", row),
            text("context", row),
            text("vartype", row),
            if changed { "session" } else { "default" },
            text("min_val", row),
            text("max_val", row),
            enums,
            boot,
            boot,
            NULL,
            NULL,
            false,
        ]);
    }
    // These are shown by SHOW alone.
    let hidden = ["is_superuser", "role", "session_authorization"];
    let own = |name: &str| !names.contains(name) && !hidden.contains(&name);
    for (name, value) in vars.settings.iter().filter(|(name, _)| own(name)) {
        rows.push(row![
            name,
            value,
            NULL,
            "Customized Options",
            NULL,
            NULL,
            "user",
            "string",
            "default",
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            false
        ]);
    }
}

fn list(values: &dyn arrow::array::Array) -> Vec<Cell<'static>> {
    values.as_string::<i32>().iter().map(|value| Cell::from(value.map(str::to_owned))).collect()
}

fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// The server's sessions. Another role's statements are not shown to a role that is no superuser.
pub fn pg_stat_activity(vars: &SessionVars, source: &Source, rows: &mut Rows) {
    let reader = source.role_oid(&vars.user).unwrap_or(0);
    for activity in source.live.activity() {
        let open = source.is_superuser(reader) || *activity.user == *vars.user;
        let shown = |time: Option<DateTime<Utc>>| if open { time.map(micros) } else { None };
        let (event_type, event) = activity.wait_event.filter(|_| open).unzip();
        rows.push(row![
            DATABASE,
            &source.database,
            activity.pid,
            NULL,
            source.role_oid(&activity.user),
            &activity.user,
            &activity.application_name,
            activity.client.filter(|_| open).map(|client| client.ip().to_string()),
            NULL,
            activity.client.filter(|_| open).map(|client| i32::from(client.port())),
            shown(Some(activity.backend_start)),
            shown(activity.transaction_start),
            shown(activity.query_start),
            shown(activity.state_change),
            event_type,
            event,
            open.then_some(activity.state),
            NULL,
            NULL,
            NULL,
            if open { activity.query.as_str() } else { "<insufficient privilege>" },
            "client backend",
        ]);
    }
}

/// Which sessions use TLS.
pub fn pg_stat_ssl(_vars: &SessionVars, source: &Source, rows: &mut Rows) {
    for activity in source.live.activity() {
        let (version, cipher) = activity.tls.clone().unzip();
        rows.push(row![activity.pid, version.is_some(), version, cipher, NULL, NULL, NULL, NULL]);
    }
}

/// The prepared statements of the session that asks.
pub fn pg_prepared_statements(vars: &SessionVars, _source: &Source, rows: &mut Rows) {
    for statement in vars.own.prepared_statements() {
        rows.push(row![
            statement.name,
            statement.statement,
            micros(statement.prepare_time),
            statement.parameter_types,
            statement.result_types,
            statement.from_sql,
            0i64,
            0i64,
        ]);
    }
}

/// The cursors of the session that asks.
pub fn pg_cursors(vars: &SessionVars, _source: &Source, rows: &mut Rows) {
    for cursor in vars.own.cursors() {
        rows.push(row![
            cursor.name,
            cursor.statement,
            cursor.holdable,
            cursor.binary,
            cursor.scrollable,
            micros(cursor.creation_time),
        ]);
    }
}

/// Every time zone with its offset at the start of the transaction.
pub fn pg_timezone_names(vars: &SessionVars, _source: &Source, rows: &mut Rows) {
    for zone in chrono_tz::TZ_VARIANTS {
        let offset = zone.offset_from_utc_datetime(&vars.transaction_start.naive_utc());
        let seconds = i64::from(offset.fix().local_minus_utc());
        let interval = IntervalMonthDayNano::new(0, 0, seconds * 1_000_000_000);
        let abbreviation = offset.to_string();
        rows.push(row![zone.name(), abbreviation, Cell::Interval(interval), !offset.dst_offset().is_zero()]);
    }
}
