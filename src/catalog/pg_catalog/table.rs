//! A system relation as DataFusion reads it.
//!
//! Rows of the snapshot are made on the first scan and kept for the snapshot; scans after that clone `Arc`s. Rows of
//! the moment are made when a scan runs, from the session it runs in, so a cached plan never shows another session's.
//! Some relations show superusers more of the system's own objects than other roles, as PostgreSQL does.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};

use super::data;
use super::relations::{Fill, Live, fill};
use super::rows::Rows;
use super::schema::Definition;
use super::source::Source;
use crate::catalog::vars::SessionVars;

/// Rows per batch, so that no operator meets a giant one.
const BATCH_ROWS: usize = 8192;
/// What stands for the database's name in the static rows of `information_schema`.
const DATABASE_MARK: &str = "%database%";

/// One system relation of one snapshot.
#[derive(Debug)]
pub struct SystemTable {
    definition: &'static Definition,
    fill: Fill,
    source: Arc<Source>,
    /// The rows a superuser sees, and those of other roles.
    batches: [OnceLock<Arc<[RecordBatch]>>; 2],
}

impl SystemTable {
    /// The relation, its rows not made yet.
    #[must_use]
    pub fn new(definition: &'static Definition, source: &Arc<Source>) -> Self {
        let fill = fill(definition.schema, definition.name);
        Self { definition, fill, source: Arc::clone(source), batches: [OnceLock::new(), OnceLock::new()] }
    }

    /// Whether it is a view of PostgreSQL's, not a table.
    #[must_use]
    pub fn is_view(&self) -> bool {
        self.definition.view
    }

    /// Its rows as a superuser or another role sees them, made on the first call; empty for a relation of the moment.
    pub fn batches(&self, superuser: bool) -> Result<&Arc<[RecordBatch]>> {
        let place = &self.batches[usize::from(!superuser)];
        if let Some(batches) = place.get() {
            return Ok(batches);
        }
        let batches = self.build(superuser)?;
        Ok(place.get_or_init(|| batches.into()))
    }

    fn build(&self, superuser: bool) -> Result<Vec<RecordBatch>> {
        let own = |make: &dyn Fn(&Source, &mut Rows)| -> Result<RecordBatch, ArrowError> {
            let mut rows = Rows::new(&self.definition.columns);
            make(&self.source, &mut rows);
            rows.finish()
        };
        let mut whole = Vec::new();
        match self.fill {
            Fill::Nothing => whole.extend(self.static_rows(superuser)?),
            Fill::Fixed(make) => {
                whole.extend(self.static_rows(superuser)?);
                whole.push(own(&make)?);
            }
            Fill::Whole(make) => whole.push(own(&make)?),
            Fill::Live(_) => {}
        }
        Ok(whole.iter().flat_map(pieces).collect())
    }

    /// The rows every PostgreSQL has, with the name of this server's database.
    fn static_rows(&self, superuser: bool) -> Result<Option<RecordBatch>> {
        let rows = if superuser { data::rows } else { data::rows_for_reader };
        let Some(rows) = rows(self.definition.schema, self.definition.name) else { return Ok(None) };
        if !self.definition.view {
            return Ok(Some(rows.clone()));
        }
        let database = self.source.database.as_str();
        let named = |(column, field): (&ArrayRef, &Arc<arrow::datatypes::Field>)| {
            if !field.name().ends_with("_catalog") && field.name() != "catalog_name" {
                return Arc::clone(column);
            }
            let values = column.as_string::<i32>().iter();
            let put = |value| if value == DATABASE_MARK { database } else { value };
            Arc::new(values.map(|value| value.map(put)).collect::<StringArray>())
        };
        let columns = rows.columns().iter().zip(self.definition.columns.fields()).map(named).collect();
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.definition.columns), columns)?))
    }
}

fn pieces(batch: &RecordBatch) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(BATCH_ROWS);
    starts.map(|start| batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start))).collect()
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.definition.columns)
    }

    fn table_type(&self) -> TableType {
        if self.definition.view { TableType::View } else { TableType::Base }
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Fill::Live(make) = self.fill {
            let rows = LiveRows { schema: self.schema(), make, source: Arc::clone(&self.source) };
            let exec =
                StreamingTableExec::try_new(self.schema(), vec![Arc::new(rows)], projection, None, false, limit)?;
            return Ok(Arc::new(exec));
        }
        let vars = SessionVars::of(state.config_options())?;
        let superuser = self.source.role_oid(&vars.user).is_some_and(|role| self.source.is_superuser(role));
        let batches = self.batches(superuser)?.to_vec();
        let config = MemorySourceConfig::try_new(&[batches], self.schema(), projection.cloned())?.with_limit(limit);
        Ok(datafusion::datasource::source::DataSourceExec::from_data_source(config))
    }

    fn statistics(&self) -> Option<Statistics> {
        let batches = self.batches.iter().find_map(OnceLock::get)?;
        let mut statistics = Statistics::new_unknown(&self.definition.columns);
        statistics.num_rows = Precision::Inexact(batches.iter().map(RecordBatch::num_rows).sum());
        Some(statistics)
    }
}

/// The rows of a relation of the moment.
struct LiveRows {
    schema: SchemaRef,
    make: Live,
    source: Arc<Source>,
}

impl std::fmt::Debug for LiveRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveRows").finish_non_exhaustive()
    }
}

impl PartitionStream for LiveRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let made = SessionVars::of(ctx.session_config().options()).and_then(|vars| {
            let mut rows = Rows::new(&self.schema);
            (self.make)(vars, &self.source, &mut rows);
            Ok(rows.finish()?)
        });
        let batches = futures::stream::iter([made]);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
