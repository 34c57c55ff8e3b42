//! The life of an authenticated connection: greet, then answer message after message until one side leaves.
//!
//! Input is taken from the buffer as long as whole messages are there; output goes out when the client waits for it,
//! so that a pipeline costs few system calls and no answer waits for the next question.

use std::convert::Infallible;

use tokio_util::sync::CancellationToken;

use super::extended;
use super::frame::Frame;
use super::frontend::{self, Message};
use super::guard::Break;
use super::link::{End, Link};
use super::rows;
use super::simple;
use crate::error::{Error, Result, Severity};
use crate::session::{CancelReason, Session};

/// An authenticated client, ready to talk.
pub struct Conversation<'a> {
    link: &'a mut Link,
    session: &'a mut Session,
    /// When it fires, the conversation ends as soon as nothing is being answered.
    stop: &'a CancellationToken,
    /// An extended message has failed: what comes before the next Sync is ignored.
    skipping: bool,
    /// ReadyForQuery was the last thing said: the client's silence counts as idleness.
    ready: bool,
}

impl<'a> Conversation<'a> {
    /// A conversation over an authenticated link. `stop` ends it between statements.
    #[must_use]
    pub fn new(link: &'a mut Link, session: &'a mut Session, stop: &'a CancellationToken) -> Self {
        Self { link, session, stop, skipping: false, ready: false }
    }

    /// Tells the client the settings it relies on and how to cancel, then answers it to the end.
    pub async fn run(mut self, pid: i32, key: &[u8]) -> End {
        match self.talk(pid, key).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn talk(&mut self, pid: i32, key: &[u8]) -> Result<Infallible, End> {
        self.report_parameters();
        self.link.out.backend_key_data(pid, key);
        self.say_ready();
        loop {
            let frame = self.next_frame().await?;
            self.answer(frame).await?;
        }
    }

    /// The next message; sends what the client waits for before waiting for it.
    async fn next_frame(&mut self) -> Result<Frame, End> {
        loop {
            if let Some(frame) = self.link.buffered_frame()? {
                return Ok(frame);
            }
            self.link.flush_if_due().await?;
            let limit = if self.ready { self.session.idle_limit() } else { None };
            let idle_too_long = async {
                match limit {
                    Some((limit, error)) => {
                        tokio::time::sleep(limit).await;
                        error
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(End::fatal(CancelReason::Shutdown.error())),
                read = self.link.read() => read?,
                error = idle_too_long => return Err(End::fatal(error)),
            }
        }
    }

    async fn answer(&mut self, frame: Frame) -> Result<(), End> {
        let kind = frame.kind;
        match kind {
            b'X' => return Err(End::Closed),
            b'S' => self.skipping = false,
            _ if self.skipping => return Ok(()),
            _ => {}
        }
        self.ready = false;
        let failed = match self.handle(frame).await {
            Ok(()) => false,
            Err(Break::Error(error)) => {
                self.report(error)?;
                true
            }
            Err(Break::End(end)) => return Err(end),
        };
        match kind {
            b'Q' => self.session.end_script(),
            b'S' => self.session.sync(),
            b'F' => {}
            _ => {
                self.skipping |= failed && frontend::is_extended(kind);
                return Ok(());
            }
        }
        self.say_ready();
        self.link.flush_if_full().await
    }

    async fn handle(&mut self, frame: Frame) -> Result<(), Break> {
        match frontend::decode(frame)? {
            Message::Query(sql) => simple::script(self.link, self.session, &sql).await,
            Message::Extended(message) => extended::message(self.link, self.session, message).await,
            Message::FunctionCall => Err(Error::unsupported("function calls by message are not supported")
                .hint("Call the function in a SELECT.")
                .into()),
            // Outside COPY these are ignored, as in PostgreSQL: the client may not know yet that its COPY failed.
            Message::Copy | Message::Sync => Ok(()),
            Message::Terminate => Err(Break::End(End::Closed)),
        }
    }

    /// Tells the client of an error; one that is fatal ends the connection.
    fn report(&mut self, error: Error) -> Result<(), End> {
        self.session.fail();
        rows::notices(self.link, self.session);
        if error.severity() == Severity::Fatal {
            return Err(End::Fatal(error));
        }
        self.link.out.error(&error);
        // Errors do not wait for Sync, as in PostgreSQL.
        self.link.flush_later();
        Ok(())
    }

    fn report_parameters(&mut self) {
        for (name, value) in self.session.take_parameter_changes() {
            self.link.out.parameter_status(&name, &value);
        }
    }

    /// Settings that changed, then ReadyForQuery.
    fn say_ready(&mut self) {
        rows::notices(self.link, self.session);
        self.report_parameters();
        self.link.out.ready_for_query(self.session.status());
        self.link.flush_later();
        self.ready = true;
    }
}
