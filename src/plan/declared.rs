//! A table whose columns are declared with types of PostgreSQL that its files cannot say.
//!
//! The declared columns are casts over the file's; they are planned with the statement, so that a column that a
//! statement does not use costs nothing.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, Constraints, DataFusionError, Result, Statistics, not_impl_err};
use datafusion::datasource::{TableType, provider_as_source};
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::sqlparser::parser::Parser;

use super::types;
use crate::error::Error;
use crate::sql::dialect::DIALECT;
use crate::sqlstate;

/// A table with declared types over the one that reads its files.
#[derive(Debug)]
pub struct TypedTable {
    inner: Arc<dyn TableProvider>,
    schema: SchemaRef,
    plan: LogicalPlan,
}

/// The field of a type in PostgreSQL's words; `42704` or `42601` when it is none.
pub fn field_of(data_type: &str) -> Result<FieldRef, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::new(sqlstate::SYNTAX_ERROR, format!("type \"{data_type}\": {e}"));
    let mut parser = Parser::new(&DIALECT).try_with_sql(data_type).map_err(|e| bad(&e))?;
    let parsed = parser.parse_data_type().map_err(|e| bad(&e))?;
    parser.expect_token(&datafusion::sql::sqlparser::tokenizer::Token::EOF).map_err(|e| bad(&e))?;
    types::field(&parsed).map(Arc::new)
}

impl TypedTable {
    /// `inner` with some columns of other types: (name, type). Every name must be one of its columns.
    pub fn new(inner: Arc<dyn TableProvider>, declared: &[(String, FieldRef)]) -> Result<Self> {
        let old = inner.schema();
        let mut fields = Vec::with_capacity(old.fields().len());
        let mut columns = Vec::with_capacity(old.fields().len());
        for field in old.fields() {
            let column = Expr::Column(Column::new_unqualified(field.name()));
            let Some((_, to)) = declared.iter().find(|(name, _)| name == field.name()) else {
                fields.push(Arc::clone(field));
                columns.push(column);
                continue;
            };
            let to = Arc::new(to.as_ref().clone().with_name(field.name()).with_nullable(field.is_nullable()));
            columns.push(Expr::Cast(Cast::new_from_field(Box::new(column), Arc::clone(&to))).alias(field.name()));
            fields.push(to);
        }
        let source = provider_as_source(Arc::clone(&inner));
        let plan = LogicalPlanBuilder::scan("file", source, None)?.project(columns)?.build()?;
        Ok(Self { inner, schema: Arc::new(Schema::new(fields)), plan })
    }
}

#[async_trait]
impl TableProvider for TypedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.inner.constraints()
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }

    fn statistics(&self) -> Option<Statistics> {
        self.inner.statistics()
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        not_impl_err!("a table with declared types is planned as its query")
    }
}
