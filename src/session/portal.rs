//! Portals: a bound statement and how far it has run.

use std::sync::Arc;

use super::rows::Rows;
use super::statement::Prepared;
use crate::plan::{Plan, Values};
use crate::types::Format;

/// A portal.
pub struct Portal {
    /// The statement it came from.
    pub prepared: Arc<Prepared>,
    /// The plan that its params' values led to, for a query.
    pub plan: Option<Arc<Plan>>,
    /// The params' values.
    pub values: Values,
    /// One format per result column.
    pub formats: Arc<[Format]>,
    /// How far it has run.
    pub state: PortalState,
}

/// How far a portal has run.
pub enum PortalState {
    /// Not started.
    Ready,
    /// Stopped at a row limit.
    Suspended(Box<Rows>),
    /// Its stream is with the door.
    Running,
    /// All rows were sent, or it failed.
    Done,
}

impl Portal {
    /// Whether it stopped at a row limit.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        matches!(self.state, PortalState::Suspended(_))
    }

    /// Whether it runs a query (and not a utility statement).
    #[must_use]
    pub fn is_query(&self) -> bool {
        self.prepared.is_query()
    }
}
