//! A table over a fixed list of files: nothing is listed, opened or asked for while a query is planned.
//!
//! The list, its statistics and the partition values were read when the table was opened ([`super::open`]). A scan
//! drops the files that filters on partition columns exclude and hands the rest to DataFusion's own readers, through a
//! store that refuses files of another version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics, internal_err, project_schema};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, Volatility};
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use object_store::ObjectStore;
use url::Url;

use super::source::Format;
use super::statistics;

/// Numbers the stores of table versions, process-wide.
static NEXT_STORE: AtomicU64 = AtomicU64::new(1);

/// A table over a fixed list of files.
#[derive(Debug)]
pub struct FileTable {
    /// What clients see.
    schema: SchemaRef,
    /// What the readers give: the same, but for formats whose reader does not cast.
    read: TableSchema,
    /// How the files are read.
    format: Format,
    /// The files with their statistics, in the order of their paths.
    files: Vec<PartitionedFile>,
    /// The files' partition values, one row per file; `None` when there are no partition columns.
    partitions: Option<(DFSchema, RecordBatch)>,
    /// The statistics of all files together.
    statistics: Statistics,
    /// Serves the files in this version and no other.
    store: Arc<dyn ObjectStore>,
    /// The name by which scans find the store.
    registration: Arc<Registration>,
}

/// What a table is made of.
pub(super) struct Parts {
    /// What clients see, partition columns last.
    pub schema: SchemaRef,
    /// What the readers give.
    pub read: TableSchema,
    /// How files are read.
    pub format: Format,
    /// The files, with statistics and partition values.
    pub files: Vec<PartitionedFile>,
    /// Serves the files in this version.
    pub store: Arc<dyn ObjectStore>,
}

/// A store's name in the runtime, as long as the table or a plan over it lives: plans look their store up when they
/// start, so each of a table's files carries a handle to this.
#[derive(Debug)]
struct Registration {
    env: Arc<RuntimeEnv>,
    url: ObjectStoreUrl,
}

impl FileTable {
    /// A table of opened files.
    pub(super) fn try_new(parts: Parts, env: &Arc<RuntimeEnv>) -> Result<Self> {
        let Parts { schema, read, format, mut files, store } = parts;
        let registration = Arc::new(Registration::new(env, Arc::clone(&store))?);
        for file in &mut files {
            file.extensions.insert(Arc::clone(&registration));
        }
        let statistics = merged(&files, &schema);
        let partitions = partition_rows(&read, &files)?;
        Ok(Self { schema, read, format, files, partitions, statistics, store, registration })
    }

    /// The files, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> &[PartitionedFile] {
        &self.files
    }

    /// The files that filters on partition columns leave.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let mut kept = vec![true; self.files.len()];
        if let Some((schema, rows)) = &self.partitions {
            for filter in filters.iter().filter(|filter| self.is_on_partitions(filter)) {
                let predicate = state.create_physical_expr(filter.clone(), schema)?;
                let answers = predicate.evaluate(rows)?.into_array(rows.num_rows())?;
                let Some(answers) = answers.as_boolean_opt() else {
                    return internal_err!("a filter is not boolean");
                };
                for (at, kept) in kept.iter_mut().enumerate() {
                    *kept &= answers.is_valid(at) && answers.value(at);
                }
            }
        }
        let files = self.files.iter().zip(kept).filter(|(_, kept)| *kept);
        Ok(files.map(|(file, _)| file.clone()).collect())
    }

    /// Whether a filter can be decided from a file's partition values alone.
    fn is_on_partitions(&self, filter: &Expr) -> bool {
        let Some((schema, _)) = &self.partitions else { return false };
        let mut decidable = !filter.column_refs().is_empty()
            && filter.column_refs().iter().all(|column| schema.has_column_with_unqualified_name(&column.name));
        let visited = filter.apply(|part| {
            decidable &= match part {
                Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Immutable,
                simple => is_simple(simple),
            };
            Ok(if decidable { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        });
        decidable && visited.is_ok()
    }

    /// DataFusion's scan over files, as many of them side by side as the session has partitions.
    fn scan_files(
        &self,
        state: &dyn Session,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let whole = files.len() == self.files.len();
        let statistics = if whole { self.statistics.clone() } else { merged(&files, &self.schema) };
        let groups = FileGroup::new(files).split_files(state.config().target_partitions().max(1));
        let source = self.format.source(self.read.clone(), state, &self.store);
        let config = FileScanConfigBuilder::new(self.registration.url.clone(), source)
            .with_file_groups(groups)
            .with_file_compression_type(self.format.compression())
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        self.cast(DataSourceExec::from_data_source(config))
    }

    /// Gives columns the types that clients see, where the reader could not.
    fn cast(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let read = plan.schema();
        let wanted = |name: &str| self.schema.field_with_name(name);
        if read.fields().iter().all(|field| wanted(field.name()).is_ok_and(|w| w.data_type() == field.data_type())) {
            return Ok(plan);
        }
        let mut columns: Vec<(Arc<dyn PhysicalExpr>, String)> = Vec::with_capacity(read.fields().len());
        for (at, field) in read.fields().iter().enumerate() {
            let wanted = wanted(field.name())?;
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
            let column = if wanted.data_type() == field.data_type() {
                column
            } else {
                Arc::new(CastExpr::new(column, wanted.data_type().clone(), None))
            };
            columns.push((column, field.name().clone()));
        }
        Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut files = self.prune(state, filters)?;
        let exact = filters.iter().all(|filter| self.is_on_partitions(filter));
        if let Some(limit) = limit.filter(|_| exact) {
            files.truncate(enough(&files, limit));
        }
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        self.scan_files(state, files, projection, limit)
    }

    /// Partition columns decide whole files; other filters only help to skip parts of files, and are applied again.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| {
            let decided = self.is_on_partitions(filter);
            if decided { TableProviderFilterPushDown::Exact } else { TableProviderFilterPushDown::Inexact }
        };
        Ok(filters.iter().map(support).collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }
}

impl Registration {
    /// Gives a store a name that no other has.
    fn new(env: &Arc<RuntimeEnv>, store: Arc<dyn ObjectStore>) -> Result<Self> {
        let number = NEXT_STORE.fetch_add(1, Ordering::Relaxed);
        let url = ObjectStoreUrl::parse(format!("lakewire-table://v{number}/"))?;
        env.register_object_store(url.as_ref(), store);
        Ok(Self { env: Arc::clone(env), url })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let url: &Url = self.url.as_ref();
        // It may be gone already when the whole runtime ends; there is nothing left to free then.
        let _ = self.env.deregister_object_store(url);
    }
}

/// Whether an expression depends on nothing but its operands.
fn is_simple(part: &Expr) -> bool {
    matches!(
        part,
        Expr::Column(_)
            | Expr::Literal(..)
            | Expr::BinaryExpr(_)
            | Expr::Not(_)
            | Expr::Negative(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNotUnknown(_)
            | Expr::Between(_)
            | Expr::InList(_)
            | Expr::Like(_)
            | Expr::Cast(_)
            | Expr::Case(_)
    )
}

/// The statistics of files together.
fn merged(files: &[PartitionedFile], schema: &Schema) -> Statistics {
    let known: Vec<&Statistics> = files.iter().filter_map(|file| file.statistics.as_deref()).collect();
    statistics::merge(&known, schema.fields().len())
}

/// How many of the files, from the first on, hold `limit` rows for certain; all of them if that is not known.
fn enough(files: &[PartitionedFile], limit: usize) -> usize {
    let mut rows = 0_usize;
    for (at, file) in files.iter().enumerate() {
        if rows >= limit {
            return at;
        }
        let exact = file.statistics.as_ref().filter(|s| s.num_rows.is_exact() == Some(true));
        rows = rows.saturating_add(exact.and_then(|s| s.num_rows.get_value().copied()).unwrap_or(0));
    }
    files.len()
}

/// The partition values of all files as rows, for filters to be evaluated on.
fn partition_rows(schema: &TableSchema, files: &[PartitionedFile]) -> Result<Option<(DFSchema, RecordBatch)>> {
    let fields = schema.table_partition_cols();
    if fields.is_empty() {
        return Ok(None);
    }
    let column = |at: usize| ScalarValue::iter_to_array(files.iter().map(|file| file.partition_values[at].clone()));
    let arrays = (0..fields.len()).map(column).collect::<Result<Vec<_>>>()?;
    let schema = Arc::new(Schema::new(fields.clone()));
    let rows = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    Ok(Some((DFSchema::try_from(schema)?, rows)))
}
