//! What all sessions share: the catalog, the executor, the functions, the defaults.
//!
//! Opened once at start from the configuration and kept warm for ever. Sessions read it and never change it, except
//! through a reload, which swaps whole values.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use datafusion::prelude::SessionConfig;

use super::settings;
use crate::catalog::functions::Functions;
use crate::catalog::{Catalog, Role, Snapshot};
use crate::config::Config;
use crate::error::Result;
use crate::exec::Executor;
use crate::plan::cache::PlanCache;

/// The shared part.
pub struct Engine {
    /// The catalog.
    pub catalog: Catalog,
    /// What runs queries.
    pub executor: Executor,
    /// Functions by name.
    pub functions: Arc<Functions>,
    /// The engine's options, without a session's.
    pub base: SessionConfig,
    /// Plans of statements seen before.
    pub plans: PlanCache,
    /// When the server started.
    pub started: DateTime<Utc>,
    /// Statements slower than this are logged.
    pub slow_statement: Option<Duration>,
    defaults: ArcSwap<BTreeMap<String, String>>,
}

/// Portals that one session may have suspended at once; each keeps a thread of the CPU runtime, idle.
pub const MAX_SUSPENDED: usize = 16;
/// Drivers beyond those of suspended portals: planning and running statements.
const SPARE_DRIVERS: usize = 64;

impl Engine {
    /// Opens everything the configuration names. Nothing listens yet.
    pub async fn open(config: &Config) -> Result<Arc<Self>> {
        let drivers = config.server.max_connections * (MAX_SUSPENDED + 2) + SPARE_DRIVERS;
        let executor = Executor::new(&config.execution, &config.spill_dir(), drivers)?;
        let base = crate::plan::base_config(config.execution.threads, config.execution.batch_rows);
        let defaults = settings::defaults(&config.settings)?;
        let functions = Arc::new(Functions::new());
        let snapshot = super::load::load(config, &executor, &base, &functions).await?;
        Ok(Arc::new(Self {
            catalog: Catalog::new(snapshot),
            executor,
            functions,
            base,
            plans: PlanCache::new(),
            started: Utc::now(),
            slow_statement: config.log.slow_statement,
            defaults: ArcSwap::from_pointee(defaults),
        }))
    }

    /// The defaults of new sessions' settings.
    #[must_use]
    pub fn defaults(&self) -> Arc<BTreeMap<String, String>> {
        self.defaults.load_full()
    }

    /// Takes over what a reload may change: setting defaults and roles. Tables stay as they were opened.
    pub fn reload(&self, config: &Config) -> Result<()> {
        self.defaults.store(Arc::new(settings::defaults(&config.settings)?));
        let now = self.catalog.snapshot();
        let roles = super::load::roles(config);
        let same = now.roles.iter().map(role_key).eq(roles.iter().map(role_key));
        if !same {
            let next = Snapshot::new(now.version + 1, now.database.clone(), now.schemas.clone(), roles);
            self.catalog.publish(next);
        }
        Ok(())
    }
}

fn role_key(role: &Role) -> (&str, bool) {
    (role.name.as_str(), role.superuser)
}
