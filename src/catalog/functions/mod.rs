//! Placeholder.
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

impl Functions {
    /// DataFusion's own functions.
    #[must_use]
    pub fn new() -> Self {
        use datafusion::execution::SessionStateDefaults as D;
        let mut f = Self::default();
        for u in D::default_scalar_functions() { for n in std::iter::once(u.name().to_owned()).chain(u.aliases().iter().cloned()) { f.scalar.insert(n, Arc::clone(&u)); } }
        for u in D::default_aggregate_functions() { for n in std::iter::once(u.name().to_owned()).chain(u.aliases().iter().cloned()) { f.aggregate.insert(n, Arc::clone(&u)); } }
        for u in D::default_window_functions() { for n in std::iter::once(u.name().to_owned()).chain(u.aliases().iter().cloned()) { f.window.insert(n, Arc::clone(&u)); } }
        for u in D::default_table_functions() { f.table.insert(u.name().to_owned(), Arc::clone(&u)); }
        f
    }
}
