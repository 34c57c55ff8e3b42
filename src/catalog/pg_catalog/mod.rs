//! Placeholder.
use std::sync::Arc;
use datafusion::catalog::TableProvider;
use super::Snapshot;
/// Placeholder.
#[derive(Debug)]
pub struct SystemCatalog;
impl SystemCatalog {
    /// Builds the system relations of a snapshot.
    pub fn build(_snapshot: &Snapshot) -> Self { Self }
    /// The rows of a system relation.
    pub fn relation(&self, _schema: &str, _name: &str) -> Option<Arc<dyn TableProvider>> { None }
}
