//! The extended protocol: prepare, bind, describe, execute, close, each answered in turn.
//!
//! What a failed message leads to (skipping to Sync) is the conversation's business.

use std::sync::Arc;

use super::frontend::{Extended, Target};
use super::guard::{Break, attended, guarded};
use super::link::Link;
use super::{copy, rows};
use crate::error::Result;
use crate::session::{Answer, RowsEnd, Session};

/// Handles one message and puts its answer into the outbox.
pub(super) async fn message(link: &mut Link, session: &mut Session, message: Extended) -> Result<(), Break> {
    let cancel = Arc::clone(session.cancel_handle());
    match message {
        Extended::Parse { name, sql, types } => {
            attended(link, &cancel, session.parse(&name, &sql, &types)).await?;
            rows::notices(link, session);
            link.out.parse_complete();
        }
        Extended::Bind { portal, statement, params, result_formats } => {
            attended(link, &cancel, session.bind(&portal, &statement, params, &result_formats)).await?;
            rows::notices(link, session);
            link.out.bind_complete();
        }
        Extended::Describe(target) => describe(link, session, target)?,
        Extended::Execute { portal, max_rows } => execute(link, session, &portal, max_rows).await?,
        Extended::Close(target) => {
            guarded(|| {
                match &target {
                    Target::Statement(name) => session.close_statement(name),
                    Target::Portal(name) => session.close_portal(name),
                }
                Ok(())
            })?;
            link.out.close_complete();
        }
        Extended::Flush => link.flush().await?,
    }
    link.flush_if_full().await?;
    Ok(())
}

fn describe(link: &mut Link, session: &mut Session, target: Target) -> Result<(), Break> {
    let (columns, formats) = match target {
        Target::Statement(name) => {
            let description = guarded(|| session.describe_statement(&name))?;
            link.out.parameter_description(description.params);
            (description.columns, Vec::new())
        }
        Target::Portal(name) => match guarded(|| session.describe_portal(&name))? {
            Some((columns, formats)) => (Some(columns), formats),
            None => (None, Vec::new()),
        },
    };
    match columns {
        Some(columns) => link.out.row_description(&columns, &formats)?,
        None => link.out.no_data(),
    }
    Ok(())
}

async fn execute(link: &mut Link, session: &mut Session, portal: &str, max_rows: usize) -> Result<(), Break> {
    let cancel = Arc::clone(session.cancel_handle());
    match attended(link, &cancel, session.execute(portal, max_rows)).await? {
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
            let end = rows::stream(link, session, *stream).await?;
            rows::notices(link, session);
            match end {
                RowsEnd::Complete(tag) => link.out.command_complete(tag),
                RowsEnd::Suspended => link.out.portal_suspended(),
            }
        }
    }
    Ok(())
}
