//! One client's connection: bytes in, messages out, and the client's absence noticed.
//!
//! A link holds at most one message of the permitted size plus [`INBOX_BYTES`] of input, and the outbox. A client
//! that does not read is dropped when nothing has moved for the send time limit; while a statement streams to it,
//! a cancelled statement is let go at once even though its last chunk still waits.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, interval, sleep, timeout};

use super::backend::Outbox;
use super::frame::{self, Frame};
use super::socket::Socket;
use super::tls::Tls;
use crate::error::{Error, Result};
use crate::session::{CancelHandle, CancelReason};

/// Input read ahead while a statement runs, bytes. A client that has sent more and left is noticed only when something
/// is written to it.
const INBOX_BYTES: usize = 64 << 10;
/// The least room made for a read; it grows with what has arrived.
const READ_BYTES: usize = 1 << 10;
/// Output that a running statement leaves unsent for this long is sent although more may follow.
const LINGER: Duration = Duration::from_millis(5);
/// How often a stalled send looks whether its statement was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(20);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bounds of a link.
#[derive(Clone, Copy, Debug)]
pub struct LinkLimits {
    /// Largest message after authentication, bytes.
    pub max_message_bytes: usize,
    /// How long the client may refuse to read.
    pub send_timeout: Duration,
}

/// Why a connection is over.
#[derive(Debug)]
pub enum End {
    /// The client said goodbye or closed its side; or it speaks another protocol and hears nothing.
    Closed,
    /// The socket failed.
    Lost(io::Error),
    /// The client refused to read for too long.
    Stalled,
    /// The client is told this, then the connection closes.
    Fatal(Error),
}

impl End {
    /// An end of which the client is told.
    #[must_use]
    pub fn fatal(error: Error) -> Self {
        Self::Fatal(error.into_fatal())
    }
}

/// The connection of one client.
pub struct Link {
    socket: Socket,
    inbox: BytesMut,
    pub(super) out: Outbox,
    /// Whether the client waits for what is in the outbox.
    flush_due: bool,
    limits: LinkLimits,
}

impl Link {
    /// A link over an accepted stream.
    #[must_use]
    pub fn new(stream: TcpStream, limits: LinkLimits) -> Self {
        Self { socket: Socket::Plain(stream), inbox: BytesMut::new(), out: Outbox::default(), flush_due: false, limits }
    }

    /// Whether the stream is under TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self.socket, Socket::Tls(_))
    }

    /// Channel-binding data, under TLS with a certificate that defines it.
    pub(super) fn end_point(&self) -> Option<Arc<[u8]>> {
        match &self.socket {
            Socket::Tls(secured) => secured.end_point.as_ref().map(Arc::clone),
            Socket::Plain(_) | Socket::Gone => None,
        }
    }

    /// The common name of the client's verified certificate.
    pub(super) fn client_name(&self) -> Option<&str> {
        match &self.socket {
            Socket::Tls(secured) => secured.client_name.as_deref(),
            Socket::Plain(_) | Socket::Gone => None,
        }
    }

    /// The first byte the client sends, left in place; `None` when it closes instead.
    pub(super) async fn first_byte(&self) -> Result<Option<u8>, End> {
        let Socket::Plain(stream) = &self.socket else { return Ok(None) };
        let mut byte = [0];
        let count = stream.peek(&mut byte).await.map_err(End::Lost)?;
        Ok((count == 1).then_some(byte[0]))
    }

    /// Whether bytes have arrived that nobody asked for yet: in the inbox, or (in clear) still in the socket.
    pub(super) fn has_early_data(&self) -> bool {
        if !self.inbox.is_empty() {
            return true;
        }
        let Socket::Plain(stream) = &self.socket else { return false };
        let mut byte = [std::mem::MaybeUninit::uninit()];
        socket2::SockRef::from(stream).peek(&mut byte).is_ok_and(|count| count > 0)
    }

    /// Puts the stream under TLS. Nothing that came in clear is kept.
    pub(super) async fn secure(&mut self, tls: &Tls, direct: bool) -> Result<(), End> {
        let stream = self.socket.take_plain().ok_or(End::Closed)?;
        self.inbox = BytesMut::new();
        self.socket = Socket::Tls(Box::new(tls.accept(stream, direct).await.map_err(End::Lost)?));
        Ok(())
    }

    /// The next startup packet's body.
    pub(super) async fn startup_packet(&mut self) -> Result<Bytes, End> {
        loop {
            match frame::take_startup(&mut self.inbox) {
                frame::Opening::Packet(body) => return Ok(body),
                frame::Opening::Incomplete => self.read().await?,
                frame::Opening::Foreign => return Err(End::Closed),
            }
        }
    }

    /// The next message before authentication, after sending what the client waits for.
    pub(super) async fn early_frame(&mut self) -> Result<Frame, End> {
        self.flush().await?;
        loop {
            match frame::take(&mut self.inbox, |_| Ok(frame::AUTHENTICATION_BYTES)) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => self.read().await?,
                Err(e) => return Err(End::fatal(e)),
            }
        }
    }

    /// The next message of the session, if it has arrived.
    pub(super) fn buffered_frame(&mut self) -> Result<Option<Frame>, End> {
        let large = self.limits.max_message_bytes;
        frame::take(&mut self.inbox, |kind| frame::session_limit(kind, large)).map_err(End::fatal)
    }

    /// The next message of a COPY that takes data, if it has arrived. Errors leave the stream without a place to go on.
    pub(super) fn buffered_copy_frame(&mut self) -> Result<Option<Frame>> {
        let large = self.limits.max_message_bytes;
        frame::take(&mut self.inbox, |kind| frame::copy_limit(kind, large))
    }

    /// Reads what has arrived; gives whether that was anything.
    pub(super) async fn read_what_is_there(&mut self) -> Result<bool, End> {
        match poll_fn(|cx| Poll::Ready(self.poll_read(cx))).await {
            Poll::Ready(read) => read.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Waits for more input. Cancel-safe.
    pub(super) async fn read(&mut self) -> Result<(), End> {
        if self.inbox.is_empty() && self.inbox.capacity() > INBOX_BYTES {
            // A large message has passed; its room is given back.
            self.inbox = BytesMut::new();
        }
        poll_fn(|cx| self.poll_read(cx)).await
    }

    /// The client waits for what is in the outbox: send it before waiting for the client.
    pub(super) fn flush_later(&mut self) {
        self.flush_due = true;
    }

    /// Sends the outbox if the client waits for it, or if it is full.
    pub(super) async fn flush_if_due(&mut self) -> Result<(), End> {
        if self.flush_due { self.flush().await } else { Ok(()) }
    }

    /// Sends the outbox if it has reached its size.
    pub(super) async fn flush_if_full(&mut self) -> Result<(), End> {
        if self.out.len() >= super::backend::FLUSH_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Sends the outbox.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        self.send(None).await.map(|_| ())
    }

    /// Puts rows out, and sends when there are enough. Gives the reason when the statement is cancelled meanwhile;
    /// what could not be sent then stays in the outbox, so that the stream of messages stays whole.
    pub(super) async fn send_rows(&mut self, chunk: Bytes, cancel: &CancelHandle) -> Result<Option<CancelReason>, End> {
        if self.out.rows(chunk) { self.send(Some(cancel)).await } else { Ok(None) }
    }

    /// While a statement runs: reads ahead and sends what has waited long enough. Returns only when the client is
    /// gone.
    pub(super) async fn attend(&mut self) -> End {
        let mut linger = pin!(sleep(LINGER));
        let outcome = poll_fn(|cx| {
            while self.inbox.len() < INBOX_BYTES {
                match self.poll_read(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(end)) => return Poll::Ready(end),
                    Poll::Pending => break,
                }
            }
            if self.out.len() > 0 && linger.as_mut().poll(cx).is_ready() {
                return match self.poll_send(cx) {
                    Poll::Ready(Err(end)) => Poll::Ready(end),
                    Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
                };
            }
            Poll::Pending
        });
        outcome.await
    }

    /// Ends the connection; the client is told why, if there is something to tell and it listens.
    pub async fn close(mut self, end: &End) {
        let farewell = async {
            match end {
                End::Fatal(report) => {
                    self.out.error(report);
                    self.flush().await?;
                }
                // What was answered before the goodbye is still owed.
                End::Closed => self.flush_if_due().await?,
                End::Lost(_) | End::Stalled => {}
            }
            self.socket.shutdown().await.map_err(End::Lost)
        };
        // Nobody is left to tell when this fails.
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Sends the outbox; with a statement's handle, gives up when the statement is cancelled.
    async fn send(&mut self, cancel: Option<&CancelHandle>) -> Result<Option<CancelReason>, End> {
        // Nearly always the socket takes everything at once, and no timer is needed.
        let sent = poll_fn(|cx| Poll::Ready(self.poll_send(cx))).await;
        match sent {
            Poll::Ready(result) => result.map(|()| None),
            Poll::Pending => self.send_slowly(cancel).await,
        }
    }

    async fn send_slowly(&mut self, cancel: Option<&CancelHandle>) -> Result<Option<CancelReason>, End> {
        let send_timeout = self.limits.send_timeout;
        let mut check: Interval = interval(CANCEL_CHECK);
        let mut stalled = pin!(sleep(send_timeout));
        let mut left = self.out.len();
        poll_fn(|cx| {
            if let Poll::Ready(result) = self.poll_send(cx) {
                return Poll::Ready(result.map(|()| None));
            }
            if self.out.len() < left {
                left = self.out.len();
                stalled.as_mut().reset(Instant::now() + send_timeout);
            }
            if stalled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(End::Stalled));
            }
            while self.inbox.len() < INBOX_BYTES {
                match self.poll_read(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(end)) => return Poll::Ready(Err(end)),
                    Poll::Pending => break,
                }
            }
            let Some(cancel) = cancel else { return Poll::Pending };
            while check.poll_tick(cx).is_ready() {
                if let Some(reason) = cancel.reason() {
                    return Poll::Ready(Ok(Some(reason)));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Reads what is there, growing the inbox with what has arrived and never ahead of it.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        if self.inbox.capacity() - self.inbox.len() < READ_BYTES {
            self.inbox.reserve(self.inbox.len().clamp(READ_BYTES, INBOX_BYTES));
        }
        // The future has no state of its own, so that a fresh one per poll loses nothing.
        match ready!(pin!(self.socket.read_buf(&mut self.inbox)).poll(cx)) {
            Ok(0) => Poll::Ready(Err(End::Closed)),
            Ok(_) => Poll::Ready(Ok(())),
            Err(e) => Poll::Ready(Err(End::Lost(e))),
        }
    }

    /// Sends until the outbox is empty and the socket flushed, or the socket takes no more.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let sent = loop {
            let mut pending = self.out.pending();
            if !pending.has_remaining() {
                break Ok(());
            }
            match ready!(pin!(self.socket.write_buf(&mut pending)).poll(cx)) {
                Ok(0) => break Err(End::Lost(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(e) => break Err(End::Lost(e)),
            }
        };
        sent?;
        ready!(Pin::new(&mut self.socket).poll_flush(cx)).map_err(End::Lost)?;
        self.out.reset();
        self.flush_due = false;
        Poll::Ready(Ok(()))
    }
}
