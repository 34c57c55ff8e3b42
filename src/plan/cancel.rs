//! Stopping a planner that has no yield point: the token rides in the options, and every rule looks at it.
//!
//! A stopped planning ends with `57014` at the next node of the plan that any rule visits.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, Result, not_impl_err};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::sqlstate;

/// The token of the statement that these options belong to.
#[derive(Clone)]
pub struct PlanningCancel(pub CancellationToken);

impl PlanningCancel {
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

impl fmt::Debug for PlanningCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlanningCancel").field(&self.0.is_cancelled()).finish()
    }
}

impl ConfigExtension for PlanningCancel {
    const PREFIX: &'static str = "lakewire_cancel";
}

impl ExtensionOptions for PlanningCancel {
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

/// An optimizer rule that first looks whether the statement was stopped.
#[derive(Debug)]
pub struct Checked(pub Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Checked {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        PlanningCancel::check(&config.options())?;
        self.0.rewrite(plan, config)
    }
}
