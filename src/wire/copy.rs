//! COPY's data between the statement and the client, the same in both protocols.
//!
//! Going out it is rows in other messages. Coming in, messages are taken one at a time and data is looked at when there
//! is much of it or the client has sent no more; Flush and Sync mean nothing then, and a message of any other type
//! breaks the protocol for good, as in PostgreSQL.

use std::sync::Arc;

use super::frame::Frame;
use super::guard::{Break, attended};
use super::link::{End, Link};
use super::{frontend, rows};
use crate::error::Error;
use crate::session::{CopyIn, Rows, RowsEnd, Session};
use crate::sqlstate;
use crate::types::Format;

/// Sends a COPY's rows and its end.
pub(super) async fn copy_out(link: &mut Link, session: &mut Session, stream: Rows) -> Result<(), Break> {
    let format = stream.formats().first().copied().unwrap_or(Format::Text);
    link.out.copy_out_response(format, stream.formats().len());
    let end = rows::stream(link, session, stream).await?;
    rows::notices(link, session);
    link.out.copy_done();
    match end {
        RowsEnd::Complete(tag) => link.out.command_complete(tag),
        RowsEnd::Suspended => link.out.portal_suspended(),
    }
    Ok(())
}

/// Takes a COPY's data and says how it ended.
pub(super) async fn copy_in(link: &mut Link, session: &mut Session, mut copy: Box<CopyIn>) -> Result<(), Break> {
    rows::notices(link, session);
    link.out.copy_in_response(copy.format(), copy.columns());
    link.flush().await?;
    session.copy_begun(&copy)?;
    let cancel = Arc::clone(session.cancel_handle());
    loop {
        let Some(frame) = next_message(link, session, &mut copy).await? else { continue };
        match frame.kind {
            b'd' => {
                let is_enough = copy.push(frame.body);
                if is_enough {
                    attended(link, &cancel, session.copy_data(&mut copy, false)).await?;
                }
            }
            b'c' => break,
            b'f' => {
                attended(link, &cancel, session.copy_data(&mut copy, true)).await?;
                let reason = frontend::copy_fail(frame.body).map_err(|error| session.copy_broken(&copy, error))?;
                return Err(session.copy_given_up(&copy, &reason).into());
            }
            // The client may not know yet that it is to send data.
            _ => {}
        }
    }
    let tag = attended(link, &cancel, session.copy_done(copy)).await?;
    rows::notices(link, session);
    link.out.command_complete(tag);
    Ok(())
}

/// The next message; none when there was time to look at the data instead.
async fn next_message(link: &mut Link, session: &mut Session, copy: &mut CopyIn) -> Result<Option<Frame>, Break> {
    match link.buffered_copy_frame() {
        Ok(Some(frame)) => return Ok(Some(frame)),
        Ok(None) => {}
        Err(error) => {
            // The message's length was never read: nobody knows where the next one begins.
            let cancel = Arc::clone(session.cancel_handle());
            let read = attended(link, &cancel, session.copy_data(copy, true)).await;
            let error = match read {
                Ok(()) => session.copy_broken(copy, error),
                Err(Break::Error(earlier)) => earlier,
                Err(end @ Break::End(_)) => return Err(end),
            };
            link.out.error(&error);
            let lost = "terminating connection because protocol synchronization was lost";
            return Err(Break::End(End::fatal(Error::new(sqlstate::PROTOCOL_VIOLATION, lost))));
        }
    }
    if link.read_what_is_there().await? {
        return Ok(None);
    }
    if copy.has_data() {
        let cancel = Arc::clone(session.cancel_handle());
        attended(link, &cancel, session.copy_data(copy, true)).await?;
        link.flush_if_due().await?;
        return Ok(None);
    }
    tokio::select! {
        biased;
        () = copy.stopped() => Err(Break::Error(session.copy_stopped(copy))),
        read = link.read() => {
            read?;
            Ok(None)
        }
    }
}
