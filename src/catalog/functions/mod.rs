//! Placeholder.

pub mod system;

use std::sync::Arc;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::catalog::TableFunction;
/// All functions by lower-case name.
#[derive(Debug, Default)]
pub struct Functions {
    /// Scalar functions.
    pub scalar: std::collections::HashMap<String, Arc<ScalarUDF>>,
    /// Aggregates.
    pub aggregate: std::collections::HashMap<String, Arc<AggregateUDF>>,
    /// Window functions.
    pub window: std::collections::HashMap<String, Arc<WindowUDF>>,
    /// Functions in FROM.
    pub table: std::collections::HashMap<String, Arc<TableFunction>>,
}
