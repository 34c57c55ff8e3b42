//! Functions that reach other sessions: `pg_cancel_backend`, `pg_terminate_backend`.

use super::call::{Call, SystemFunction};
use crate::catalog::pg_catalog::live::Signal;
use crate::catalog::pg_catalog::rows::Cell;
use crate::error::{Error, Result};
use crate::sqlstate;

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    vec![
        SystemFunction::new("pg_cancel_backend", |call| signal(call, Signal::Cancel)).volatile(),
        SystemFunction::new("pg_terminate_backend", |call| signal(call, Signal::Terminate)).volatile(),
    ]
}

/// Signals a session: one's own role's, or any for a superuser. False for a number that is no session's.
fn signal<'a>(call: &Call<'a>, signal: Signal) -> Result<Cell<'a>> {
    let source = call.vars.snapshot.system().source();
    let pid = call.int(0).and_then(|pid| i32::try_from(pid).ok());
    let target = source.live.activity().into_iter().find(|activity| Some(activity.pid) == pid);
    let Some(target) = target else { return Ok(Cell::from(false)) };
    let caller = source.role_oid(&call.vars.user).unwrap_or(0);
    if !source.is_superuser(caller) && *target.user != *call.vars.user {
        let what = if signal == Signal::Cancel { "cancel query" } else { "terminate process" };
        let detail = "Only roles with privileges of the role whose session it is may do that.";
        let error = Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied to {what}"));
        return Err(error.detail(detail));
    }
    Ok(Cell::from(source.live.signal(target.pid, signal)))
}
