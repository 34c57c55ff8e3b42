//! Sending a statement's answer: rows as they come, with back-pressure, then its end.

use std::sync::Arc;

use super::guard::{Break, attended, guarded};
use super::link::Link;
use crate::error::Result;
use crate::session::{CancelHandle, Rows, RowsEnd, Session};

/// Streams the rows to the client and gives the stream back to the session.
pub(super) async fn stream(link: &mut Link, session: &mut Session, mut rows: Rows) -> Result<RowsEnd, Break> {
    let cancel = Arc::clone(session.cancel_handle());
    let streamed = match pump(link, &cancel, &mut rows).await {
        Ok(()) => Ok(()),
        Err(Break::Error(error)) => Err(error),
        // The connection is over: dropping the rows stops the work.
        Err(end @ Break::End(_)) => return Err(end),
    };
    Ok(guarded(|| session.finish(rows, streamed))?)
}

/// Notices that go before the answer's end.
pub(super) fn notices(link: &mut Link, session: &mut Session) {
    for notice in session.take_notices() {
        link.out.notice(&notice);
        link.flush_later();
    }
}

async fn pump(link: &mut Link, cancel: &CancelHandle, rows: &mut Rows) -> Result<(), Break> {
    while let Some(chunk) = attended(link, cancel, rows.next()).await? {
        if let Some(reason) = link.send_rows(chunk.bytes, cancel).await? {
            return Err(Break::Error(reason.error()));
        }
    }
    Ok(())
}
