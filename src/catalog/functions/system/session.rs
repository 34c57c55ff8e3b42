//! What a session is told about itself and its server.

use super::call::{Body, Call, SystemFunction};
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::{reg, settings};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::encodings;

const VOID: Body = |_| Ok(Cell::from(""));
const TRUE: Body = |_| Ok(Cell::from(true));
const FALSE: Body = |_| Ok(Cell::from(false));
const ZERO: Body = |_| Ok(Cell::Int(0));
const NULL: Body = |_| Ok(Cell::Null);

/// The functions by PostgreSQL's name.
const FUNCTIONS: &[(&str, Body)] = &[
    ("version", version),
    ("session_user", |call| Ok(Cell::from(call.vars.user.as_ref()))),
    ("current_schema", |call| Ok(Cell::from(call.vars.search_path.first()))),
    ("current_schemas", current_schemas),
    ("pg_backend_pid", |call| Ok(Cell::from(call.vars.backend_pid))),
    ("inet_client_addr", |call| Ok(Cell::from(call.vars.client.map(|address| address.ip().to_string())))),
    ("inet_client_port", |call| Ok(Cell::from(call.vars.client.map(|address| i32::from(address.port()))))),
    ("inet_server_addr", |call| Ok(Cell::from(call.vars.server.map(|address| address.ip().to_string())))),
    ("inet_server_port", |call| Ok(Cell::from(call.vars.server.map(|address| i32::from(address.port()))))),
    ("pg_postmaster_start_time", |call| Ok(Cell::from(call.vars.server_start.timestamp_micros()))),
    ("pg_conf_load_time", |call| Ok(Cell::from(call.vars.server_start.timestamp_micros()))),
    ("pg_client_encoding", |call| Ok(Cell::from(settings::shown(call.vars, "client_encoding")))),
    ("getdatabaseencoding", |_| Ok(Cell::from("UTF8"))),
    ("pg_encoding_to_char", encoding_to_char),
    ("pg_char_to_encoding", char_to_encoding),
    ("pg_encoding_max_length", encoding_max_length),
    ("pg_is_in_recovery", FALSE),
    ("pg_is_wal_replay_paused", not_in_recovery),
    ("pg_last_wal_receive_lsn", NULL),
    ("pg_last_wal_replay_lsn", NULL),
    ("pg_last_xact_replay_timestamp", NULL),
    ("pg_jit_available", FALSE),
    ("pg_current_logfile", NULL),
    ("txid_current", transaction),
    ("txid_current_if_assigned", NULL),
    ("pg_current_xact_id", transaction),
    ("pg_current_xact_id_if_assigned", NULL),
    ("pg_my_temp_schema", my_temp_schema),
    ("pg_is_other_temp_schema", FALSE),
    ("pg_notification_queue_usage", |_| Ok(Cell::Float(0.0))),
    ("pg_blocking_pids", |_| Ok(Cell::List(Vec::new()))),
    ("pg_safe_snapshot_blocking_pids", |_| Ok(Cell::List(Vec::new()))),
    ("row_security_active", FALSE),
    // Nothing is ever locked against a reader, so every advisory lock is free.
    ("pg_advisory_lock", VOID),
    ("pg_advisory_lock_shared", VOID),
    ("pg_advisory_xact_lock", VOID),
    ("pg_advisory_xact_lock_shared", VOID),
    ("pg_try_advisory_lock", TRUE),
    ("pg_try_advisory_lock_shared", TRUE),
    ("pg_try_advisory_xact_lock", TRUE),
    ("pg_try_advisory_xact_lock_shared", TRUE),
    ("pg_advisory_unlock", TRUE),
    ("pg_advisory_unlock_shared", TRUE),
    ("pg_advisory_unlock_all", VOID),
    ("pg_stat_get_numscans", ZERO),
    ("pg_stat_get_tuples_returned", ZERO),
    ("pg_stat_get_tuples_fetched", ZERO),
    ("pg_stat_get_blocks_fetched", ZERO),
    ("pg_stat_get_blocks_hit", ZERO),
    ("pg_stat_get_dead_tuples", ZERO),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    let user: Body = |call| Ok(Cell::from(call.vars.user.as_ref()));
    let database: Body = |call| Ok(Cell::from(&call.vars.snapshot.database));
    let mut functions: Vec<_> = FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body)).collect();
    functions.push(SystemFunction::new("set_config", set_config).volatile());
    // It must see what `set_config` has just done in the same SELECT.
    functions.push(SystemFunction::new("current_setting", current_setting).volatile());
    functions.push(SystemFunction::new("current_user", user).also(&["user", "current_role"]));
    functions.push(SystemFunction::new("current_database", database).also(&["current_catalog"]));
    functions
}

/// PostgreSQL's version text, as clients parse it, with the server's own name at its end.
fn version<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let version = settings::shown(call.vars, "server_version").unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or("17");
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    Ok(Cell::from(format!(
        "PostgreSQL {version} on {arch}-pc-{os}-gnu, compiled by rustc {}, {}-bit, lakewire {}",
        env!("CARGO_PKG_RUST_VERSION"),
        usize::BITS,
        env!("CARGO_PKG_VERSION"),
    )))
}

/// SET as a function: the change is made when the statement has ended.
fn set_config<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let Some(name) = call.text(0) else {
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "SET requires parameter name"));
    };
    let local = call.bool(2).unwrap_or(false);
    Ok(Cell::from(call.vars.own.change_setting(name, call.text(1), local)?))
}

/// The schema of the session's own objects, 0 while it has none.
fn my_temp_schema<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let schema = call.vars.temp_schema().and_then(|name| reg::schema_oid(call.vars, name));
    Ok(Cell::from(schema.unwrap_or(0)))
}

fn current_schemas<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    if call.bool(0) == Some(true) {
        return Ok(Cell::List(reg::search_path(call.vars).map(Cell::from).collect()));
    }
    Ok(Cell::List(call.vars.search_path.iter().map(Cell::from).collect()))
}

fn current_setting<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let name = call.text(0).unwrap_or_default();
    match settings::shown(call.vars, name) {
        Some(value) => Ok(Cell::from(value)),
        None if call.bool(1) == Some(true) => Ok(Cell::Null),
        None => {
            let message = format!("unrecognized configuration parameter \"{name}\"");
            Err(Error::new(sqlstate::UNDEFINED_OBJECT, message))
        }
    }
}

fn not_in_recovery<'a>(_call: &Call<'a>) -> Result<Cell<'a>> {
    let hint = "Recovery control functions can only be executed during recovery.";
    Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "recovery is not in progress").hint(hint))
}

/// The transactions of a server whose only writes are new catalog versions: one per version.
fn transaction<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    const FIRST: u64 = 3;
    Ok(Cell::from(i64::try_from(call.vars.snapshot.version.saturating_add(FIRST)).unwrap_or(i64::MAX)))
}

fn encoding(call: &Call<'_>) -> Option<&'static (&'static str, i32)> {
    encodings::ALL.get(usize::try_from(call.int(0)?).ok()?)
}

fn encoding_to_char<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    Ok(Cell::from(encoding(call).map_or("", |encoding| encoding.0)))
}

fn encoding_max_length<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    Ok(Cell::from(encoding(call).map(|encoding| encoding.1)))
}

fn char_to_encoding<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let found = encodings::number_of(call.text(0).unwrap_or_default());
    Ok(Cell::from(found.and_then(|number| i32::try_from(number).ok()).unwrap_or(-1)))
}
