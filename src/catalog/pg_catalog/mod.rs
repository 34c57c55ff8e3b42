//! `pg_catalog` and `information_schema` as real relations of one snapshot.
//!
//! Every system relation of PostgreSQL 17 is here with its columns. Its rows are those every PostgreSQL has (`data`,
//! embedded) and those of the snapshot's own objects (`relations`). No client's query is known here.

pub mod acl;
pub mod data;
pub mod definitions;
pub mod live;
pub mod reg;
pub mod relations;
pub mod rows;
pub mod schema;
pub mod settings;
pub mod source;
pub mod statics;
mod table;
pub mod texts;
mod units;

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;

use super::Snapshot;
pub use relations::{Fill, PAGE_BYTES, SYSTEM_COLUMNS};
pub use source::Source;
pub use table::SystemTable;

/// The system relations of a snapshot. Each makes its rows on first use.
#[derive(Debug)]
pub struct SystemCatalog {
    source: Arc<Source>,
    tables: HashMap<&'static str, HashMap<&'static str, Arc<SystemTable>>>,
}

impl SystemCatalog {
    /// The system relations of a snapshot.
    #[must_use]
    pub fn build(snapshot: &Snapshot) -> Self {
        let source = Arc::new(Source::new(snapshot));
        let mut tables: HashMap<_, HashMap<_, _>> = HashMap::new();
        for definition in schema::definitions().values() {
            let table = Arc::new(SystemTable::new(definition, &source));
            tables.entry(definition.schema).or_default().insert(definition.name, table);
        }
        Self { source, tables }
    }

    /// A system relation, by schema and name.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.table(schema, name).map(|table| Arc::clone(table) as Arc<dyn TableProvider>)
    }

    /// The same with its rows.
    #[must_use]
    pub fn table(&self, schema: &str, name: &str) -> Option<&Arc<SystemTable>> {
        self.tables.get(schema)?.get(name)
    }

    /// The snapshot's objects with all their OIDs.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The names of the relations of a system schema, in no order.
    pub fn names(&self, schema: &str) -> impl Iterator<Item = &'static str> {
        self.tables.get(schema).into_iter().flat_map(|tables| tables.keys().copied())
    }
}
