//! Temporary tables and views as DataFusion reads them.
//!
//! A [`TempTable`] holds no rows: a scan takes those that the statement's own variables carry, so one plan serves
//! every state of the table.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Constraint, Constraints, Result, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::catalog::vars::SessionVars;

/// The column that numbers the rows of a table which a statement changes.
pub const ROW_NUMBER: &str = "\u{1}row";

/// A temporary table.
#[derive(Debug)]
pub struct TempTable {
    oid: u32,
    schema: SchemaRef,
    /// Whether the last column is [`ROW_NUMBER`].
    numbered: bool,
    /// The primary key, on which all columns depend.
    constraints: Constraints,
}

impl TempTable {
    /// The table with an OID; its rows are looked up by it.
    #[must_use]
    pub fn new(oid: u32, schema: SchemaRef) -> Self {
        Self { oid, schema, numbered: false, constraints: Constraints::default() }
    }

    /// The same table with a primary key by the places of its columns.
    #[must_use]
    pub fn with_primary_key(mut self, columns: Vec<usize>) -> Self {
        self.constraints = Constraints::new_unverified(vec![Constraint::PrimaryKey(columns)]);
        self
    }

    /// The table with the numbers of its rows as one more column.
    #[must_use]
    pub fn numbered(oid: u32, schema: &Schema) -> Self {
        let number = Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false));
        let fields: Vec<_> = schema.fields().iter().map(Arc::clone).chain([number]).collect();
        Self { oid, schema: Arc::new(Schema::new(fields)), numbered: true, constraints: Constraints::default() }
    }
}

#[async_trait]
impl TableProvider for TempTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let vars = SessionVars::of(state.config_options())?;
        let batches = match vars.temp.of(self.oid) {
            Some(rows) if self.numbered => rows.numbered(&self.schema)?,
            Some(rows) => rows.batches(),
            None => return internal_err!("a temporary table of the plan has no rows in its statement"),
        };
        let config =
            MemorySourceConfig::try_new(&[batches], Arc::clone(&self.schema), projection.cloned())?.with_limit(limit);
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// A view's columns, for the relations that show them. The planner puts the view's query in its place, so that this is
/// never read.
#[derive(Debug)]
pub struct ViewShape(SchemaRef);

impl ViewShape {
    /// A view with these columns.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        Self(schema)
    }
}

#[async_trait]
impl TableProvider for ViewShape {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        internal_err!("a view is read through its query")
    }
}
