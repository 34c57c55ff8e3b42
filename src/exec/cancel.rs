//! The token that stops a statement, carried in DataFusion's options.
//!
//! Planners and operators without a yield point of their own look at it: an optimizer rule at each node it visits
//! (`plan/optimize.rs`), a join at each batch it gives ([`super::stop`]).

use std::any::Any;
use std::fmt;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{DataFusionError, Result, not_impl_err};
use datafusion::config::ConfigOptions;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::sqlstate;

/// The token of the statement that these options belong to.
#[derive(Clone)]
pub struct StatementCancel(pub CancellationToken);

impl StatementCancel {
    /// The token of these options; one that nobody cancels where a plan was made outside a session.
    #[must_use]
    pub fn token(options: &ConfigOptions) -> CancellationToken {
        options.extensions.get::<Self>().map_or_else(CancellationToken::new, |Self(token)| token.clone())
    }

    /// Fails when the statement of these options was stopped.
    pub fn check(options: &ConfigOptions) -> Result<()> {
        match options.extensions.get::<Self>() {
            Some(Self(token)) if token.is_cancelled() => Err(DataFusionError::External(Box::new(Error::new(
                sqlstate::QUERY_CANCELED,
                "canceling statement due to user request",
            )))),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for StatementCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatementCancel").field(&self.0.is_cancelled()).finish()
    }
}

impl ConfigExtension for StatementCancel {
    const PREFIX: &'static str = "lakewire_cancel";
}

impl ExtensionOptions for StatementCancel {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        not_impl_err!("\"{key}\" cannot be set")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
