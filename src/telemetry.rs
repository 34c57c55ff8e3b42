//! Logging: where lines go, what they look like, and that a panic leaves one.
//!
//! Lines go to stderr, as text or as one JSON object each. Nothing here decides what is logged; the rule that no line
//! holds a parameter value or a secret is kept where the lines are made.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

use crate::config::LogConfig;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The running log, whose filter a reload of the configuration may change.
#[derive(Clone, Debug)]
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Telemetry {
    /// Starts logging for the whole process and logs panics from now on. Once per process.
    pub fn start(config: &LogConfig) -> Result<Self> {
        let (filter, handle) = reload::Layer::new(parse(&config.filter)?);
        let output = fmt::layer().with_writer(std::io::stderr);
        let output = if config.json {
            output.json().flatten_event(true).boxed()
        } else {
            output.with_ansi(std::io::stderr().is_terminal()).boxed()
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(output)
            .try_init()
            .map_err(|_| Error::internal("logging was started twice"))?;
        std::panic::set_hook(Box::new(log_panic));
        Ok(Self { filter: handle })
    }

    /// Changes the filter; the format stays as it was at start.
    pub fn reload(&self, config: &LogConfig) -> Result<()> {
        self.filter.reload(parse(&config.filter)?).map_err(|_| Error::internal("the log has ended"))
    }
}

fn parse(filter: &str) -> Result<EnvFilter> {
    EnvFilter::try_new(filter)
        .map_err(|e| Error::new(sqlstate::CONFIG_FILE_ERROR, format!("invalid log filter \"{filter}\": {e}")))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(location, thread = thread.name().unwrap_or("unnamed"), "panic: {message}");
}
