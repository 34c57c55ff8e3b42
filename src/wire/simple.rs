//! The simple protocol: one message, a script of statements, their answers.
//!
//! Several statements in one message are one implicit transaction; the first error ends the script.

use std::sync::Arc;

use super::guard::{Break, attended, guarded};
use super::link::Link;
use super::{copy, rows};
use crate::error::Result;
use crate::session::{Answer, Parsed, RowsEnd, Session};

/// Runs a script and sends what it answers, up to but without ReadyForQuery.
pub(super) async fn script(link: &mut Link, session: &mut Session, sql: &str) -> Result<(), Break> {
    let cancel = Arc::clone(session.cancel_handle());
    let statements = attended(link, &cancel, session.parse_script(sql)).await?;
    if statements.is_empty() {
        link.out.empty_query();
    }
    let several = statements.len() > 1;
    for parsed in &statements {
        statement(link, session, parsed, several).await?;
    }
    Ok(())
}

async fn statement(link: &mut Link, session: &mut Session, parsed: &Parsed, several: bool) -> Result<(), Break> {
    let cancel = Arc::clone(session.cancel_handle());
    let answer = attended(link, &cancel, session.run(parsed, several)).await?;
    match answer {
        Answer::Empty => {
            rows::notices(link, session);
            link.out.empty_query();
        }
        Answer::Done(tag) => {
            rows::notices(link, session);
            link.out.command_complete(tag);
        }
        Answer::CopyOut(stream) => copy::copy_out(link, session, *stream).await?,
        Answer::CopyIn(taking) => copy::copy_in(link, session, taking).await?,
        Answer::Rows(stream) => {
            if let Err(error) = link.out.row_description(stream.columns(), stream.formats()) {
                guarded(|| session.finish(*stream, Err(error.clone())))?;
                return Err(error.into());
            }
            let end = rows::stream(link, session, *stream).await?;
            rows::notices(link, session);
            match end {
                RowsEnd::Complete(tag) => link.out.command_complete(tag),
                RowsEnd::Suspended => link.out.portal_suspended(),
            }
        }
    }
    link.flush_if_full().await?;
    Ok(())
}
