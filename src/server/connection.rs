//! One connection from accept to close: opening, authentication, a slot, a session, the conversation.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::Span;

use super::Shared;
use super::limits::{Place, Slot};
use super::registry::{Cancelled, Registration};
use crate::error::{Error, Result};
use crate::session::{Identity, Session};
use crate::sqlstate;
use crate::wire::{self, CancelRequest, Conversation, End, Link, LinkLimits, Opening, Startup};

/// How long a client that comes during shutdown may take to say what it wants, and be refused.
const LATE_PATIENCE: Duration = Duration::from_secs(1);

/// A client that has proved who it is, and what it holds while it is connected.
struct Admitted {
    session: Session,
    registration: Registration,
    _slot: Slot,
}

/// Serves one client to its end. `place` is its place among those not yet authenticated.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, client: SocketAddr, place: Place) {
    let server = stream.local_addr().ok();
    let limits = LinkLimits {
        max_message_bytes: shared.config.server.max_message_bytes,
        send_timeout: shared.config.server.send_timeout,
    };
    let mut link = Link::new(stream, limits);
    let patience = if shared.stop.is_cancelled() { LATE_PATIENCE } else { shared.config.server.authentication_timeout };
    let admission = timeout(patience, admit(&shared, &mut link, client, server));
    let admitted = tokio::select! {
        // Whoever is put out, or too slow, hears nothing, as from PostgreSQL.
        () = place.put_out.cancelled() => return tracing::debug!("put out: too many unauthenticated clients"),
        admitted = admission => match admitted {
            Ok(admitted) => admitted,
            Err(_) => return tracing::debug!("authentication took too long"),
        },
    };
    drop(place);
    let end = match admitted {
        Ok(Some(mut admitted)) => converse(&shared, &mut link, &mut admitted).await,
        Ok(None) => End::Closed,
        Err(end) => end,
    };
    log(&end);
    link.close(&end).await;
}

/// Everything before the first query; `None` for a CancelRequest, which is done with.
async fn admit(
    shared: &Arc<Shared>,
    link: &mut Link,
    client: SocketAddr,
    server: Option<SocketAddr>,
) -> Result<Option<Admitted>, End> {
    let gate = shared.gate.load_full();
    let startup = match wire::startup::open(link, gate.tls.as_ref()).await? {
        Opening::Session(startup) => startup,
        Opening::Cancel(request) => {
            cancel(shared, &request, client);
            return Ok(None);
        }
    };
    Span::current().record("user", startup.user.as_str());
    if shared.stop.is_cancelled() {
        return Err(End::fatal(Error::fatal(sqlstate::CANNOT_CONNECT_NOW, "the database system is shutting down")));
    }
    shared.slots.check().map_err(End::fatal)?;
    wire::authenticate::authenticate(link, &startup, client, &gate.door).await?;
    let slot = shared.slots.take(gate.door.auth.is_superuser(&startup.user)).map_err(End::fatal)?;
    let registration = shared.registry.register(startup.key_bytes()).map_err(End::fatal)?;
    let session = open_session(shared, &startup, client, server, registration.pid).map_err(End::fatal)?;
    registration.attach(session.cancel_handle());
    tracing::debug!(pid = registration.pid, secure = link.is_secure(), "session opened");
    Ok(Some(Admitted { session, registration, _slot: slot }))
}

fn open_session(
    shared: &Shared,
    startup: &Startup,
    client: SocketAddr,
    server: Option<SocketAddr>,
    pid: i32,
) -> Result<Session> {
    // There is one database. A client that names none means it; PostgreSQL would take the role's name instead, and
    // find no such database.
    let database = startup.database.as_ref().unwrap_or(&shared.config.database);
    if *database != shared.config.database {
        return Err(Error::fatal(
            sqlstate::INVALID_CATALOG_NAME,
            format!("database \"{database}\" does not exist"),
        ));
    }
    let identity = Identity {
        user: startup.user.to_string(),
        database: database.to_string(),
        client: Some(client),
        server,
        backend_pid: pid,
    };
    Session::new(Arc::clone(&shared.engine), identity, &startup.all_settings()?)
}

async fn converse(shared: &Shared, link: &mut Link, admitted: &mut Admitted) -> End {
    let Registration { pid, key, .. } = &admitted.registration;
    let conversation = Conversation::new(link, &mut admitted.session, &shared.stop);
    tokio::select! {
        biased;
        () = shared.kill.cancelled() => End::Closed,
        end = conversation.run(*pid, key) => end,
    }
}

/// A wrong key for a session that exists is a guess; too many of them from one address, and its requests are not
/// looked at any more.
fn cancel(shared: &Shared, request: &CancelRequest, client: SocketAddr) {
    let Some(attempt) = shared.cancel_failures.begin(client.ip()) else {
        return tracing::warn!("cancel requests from this address are ignored: too many wrong keys");
    };
    let outcome = shared.registry.cancel(request.pid, &request.key);
    tracing::debug!(pid = request.pid, ?outcome, "cancel request");
    if outcome == Cancelled::WrongKey {
        attempt.failed();
    }
}

fn log(end: &End) {
    match end {
        End::Closed => tracing::debug!("closed"),
        End::Lost(error) => tracing::debug!(%error, "connection lost"),
        End::Stalled => tracing::info!("closed: the client did not read"),
        End::Fatal(report) => {
            tracing::info!(sqlstate = %report.sqlstate(), error = report.message(), "closed with an error");
        }
    }
}
