//! Sockets: accept, bound, serve, drain.
//!
//! [`Server::bind`] takes the address, [`Server::run`] serves until it is told to stop. Every connection is a task of
//! the server's tracker, and all of them have ended when `run` returns. What may change while serving (users,
//! certificates) stands behind one pointer and is replaced whole by [`Reloader::reload`].

mod connection;
mod limits;
mod registry;
mod signals;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::auth::{Authenticator, FailureLimit, Secret};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::{CancelReason, Engine};
use crate::sqlstate;
use crate::wire::{Door, Tls};
use limits::{Slots, WaitingRoom};
use registry::Registry;

pub use signals::run_until_signalled;

/// Connections the kernel keeps for us until they are accepted.
const BACKLOG: u32 = 1024;
/// Wrong keys in CancelRequests per address and minute.
const WRONG_KEYS_PER_MINUTE: u32 = 60;
/// How long sessions may take to say goodbye once their statements are stopped.
const GOODBYE: Duration = Duration::from_secs(5);
/// Pause when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A server with its address taken, not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    config: Arc<Config>,
    engine: Arc<Engine>,
    gate: ArcSwap<Gate>,
    secret: Secret,
    slots: Arc<Slots>,
    waiting: Arc<WaitingRoom>,
    registry: Arc<Registry>,
    cancel_failures: Arc<FailureLimit>,
    /// Ends sessions between statements, and refuses new ones.
    stop: CancellationToken,
    /// Ends sessions at once.
    kill: CancellationToken,
}

/// What a client must get past; replaced whole on reload.
struct Gate {
    door: Door,
    tls: Option<Tls>,
}

/// Replaces users and certificates of a running server.
#[derive(Clone)]
pub struct Reloader(Arc<Shared>);

impl Server {
    /// Loads users and certificates and takes the address; port 0 takes a free one. Nothing is accepted yet.
    pub async fn bind(config: Arc<Config>, engine: Arc<Engine>) -> Result<Self> {
        let secret = Secret::load_or_create(&config.data_dir)?;
        let failures = FailureLimit::new(config.auth.max_failures_per_minute);
        let gate = Gate::new(&config, secret.clone(), failures)?;
        let wanted = config.server.listen;
        let cannot = |e| Error::new(sqlstate::IO_ERROR, format!("could not listen on {wanted}: {e}"));
        let listener = listen(wanted).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let connections = config.server.max_connections;
        let shared = Arc::new(Shared {
            gate: ArcSwap::from_pointee(gate),
            secret,
            slots: Slots::new(connections, config.server.superuser_reserved_connections),
            waiting: WaitingRoom::new(2 * connections.max(32)),
            registry: Arc::default(),
            cancel_failures: FailureLimit::new(WRONG_KEYS_PER_MINUTE),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
            config,
            engine,
        });
        Ok(Self { listener, address, shared })
    }

    /// The address taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle to replace users and certificates while the server runs.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.shared))
    }

    /// Serves until `drain` fires; then idle sessions are ended, running statements get the grace period of the
    /// configuration, and whoever connects is told that the server is going.
    pub async fn run(self, drain: CancellationToken) -> Result<()> {
        self.run_with(drain, CancellationToken::new()).await
    }

    /// As [`Server::run`]; `hurry` cuts the grace period short.
    async fn run_with(self, drain: CancellationToken, hurry: CancellationToken) -> Result<()> {
        let connections = TaskTracker::new();
        tokio::select! {
            () = drain.cancelled() => {}
            never = self.accept(&connections) => match never {},
        }
        tracing::info!(connections = connections.len(), "shutting down");
        self.shared.stop.cancel();
        // Clients that connect now are still told why they are refused.
        tokio::select! {
            () = self.drain(&connections, &hurry) => {}
            never = self.accept(&connections) => match never {},
        }
        drop(self.listener);
        connections.close();
        self.shared.kill.cancel();
        connections.wait().await;
        Ok(())
    }

    async fn accept(&self, connections: &TaskTracker) -> std::convert::Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, client)) => self.spawn(stream, client, connections),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, client: SocketAddr, connections: &TaskTracker) {
        if let Err(error) = tune(&stream, self.shared.config.server.keepalive_idle) {
            // The client has left already, or the system lacks an option: neither is a reason to refuse.
            tracing::debug!(%error, "socket options not set");
        }
        let place = self.shared.waiting.enter();
        let span = tracing::info_span!("connection", id = place.id(), %client, user = tracing::field::Empty);
        connections.spawn(connection::serve(Arc::clone(&self.shared), stream, client, place).instrument(span));
    }

    /// Waits for sessions to end by themselves, then stops their statements, then waits a little more.
    async fn drain(&self, connections: &TaskTracker, hurry: &CancellationToken) {
        connections.close();
        self.shared.waiting.clear();
        tokio::select! {
            () = connections.wait() => return,
            () = sleep(self.shared.config.server.shutdown_grace) => {}
            () = hurry.cancelled() => {}
        }
        self.shared.registry.cancel_all(CancelReason::Shutdown);
        if timeout(GOODBYE, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections are closed without a goodbye");
        }
    }
}

impl Reloader {
    /// Takes the users, methods and certificates of a configuration, and what else the engine can take over while it
    /// runs. On an error nothing changes.
    pub fn reload(&self, config: &Config) -> Result<()> {
        let failures = Arc::clone(&self.0.gate.load().door.failures);
        let gate = Gate::new(config, self.0.secret.clone(), failures)?;
        self.0.engine.reload(config)?;
        self.0.gate.store(Arc::new(gate));
        Ok(())
    }
}

impl Gate {
    fn new(config: &Config, secret: Secret, failures: Arc<FailureLimit>) -> Result<Self> {
        let auth = Arc::new(Authenticator::new(&config.auth, secret)?);
        let tls = config.tls.as_ref().map(tls::load).transpose()?;
        let tls_required = config.tls.as_ref().is_some_and(|tls| tls.required);
        Ok(Self { door: Door { auth, failures, tls_required }, tls })
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers go out at once, and a client whose machine is gone is noticed.
fn tune(stream: &TcpStream, keepalive_idle: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(keepalive_idle))
}
