//! Placeholder.

pub mod system;

use datafusion::catalog::TableFunction;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use std::sync::Arc;
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
