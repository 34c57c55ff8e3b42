//! Serving until the process is told to stop: SIGTERM and SIGINT drain (a second one does not wait), SIGHUP reloads.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Server;
use crate::config::Config;
use crate::error::{Error, Result};

/// Serves until SIGTERM or SIGINT. On SIGHUP, `reread` gives the configuration as it is now and its users and
/// certificates replace the old ones; an error there, or a bad certificate, keeps the old ones and is logged.
pub async fn run_until_signalled(server: Server, reread: impl Fn() -> Result<Config>) -> Result<()> {
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let reloader = server.reloader();
    let drain = CancellationToken::new();
    let hurry = CancellationToken::new();
    let signals = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => stop(&drain, &hurry),
                _ = interrupt.recv() => stop(&drain, &hurry),
                _ = hangup.recv() => match reread().and_then(|config| reloader.reload(&config)) {
                    Ok(()) => tracing::info!("users and certificates reloaded"),
                    Err(error) => {
                        tracing::error!(error = error.message(), "not reloaded; users and certificates stay as they were");
                    }
                },
            }
        }
    };
    tokio::select! {
        result = server.run_with(drain.clone(), hurry.clone()) => result,
        () = signals => Ok(()),
    }
}

fn stop(drain: &CancellationToken, hurry: &CancellationToken) {
    if drain.is_cancelled() {
        hurry.cancel();
    }
    drain.cancel();
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).map_err(|e| Error::internal(format!("could not listen for signals: {e}")))
}
