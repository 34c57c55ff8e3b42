//! Plans that read nothing: one row of quick expressions, computed where it is asked for.
//!
//! Pools and drivers send `SELECT 1` and its like all day; for these the way through the CPU runtime costs many times
//! the work. Only expressions whose time and memory are bounded by their own text qualify. Every other plan, and one
//! whose values do not come out in the planned types, takes the long way.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result as DfResult};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;

use crate::catalog::functions::{arith, cast};
use crate::error::Result;

/// Most expressions of a row.
const MAX_COLUMNS: usize = 64;

/// One row of quick expressions.
#[derive(Clone, Debug)]
pub struct Instant {
    columns: Arc<[Expr]>,
    schema: SchemaRef,
    has_params: bool,
    /// The row, once it was computed, when it holds no params.
    row: Arc<OnceLock<RecordBatch>>,
}

impl Instant {
    /// The plan as one row of quick expressions; `None` when it is not.
    #[must_use]
    pub fn of(plan: &LogicalPlan, has_params: bool) -> Option<Self> {
        let LogicalPlan::Projection(projection) = plan else { return None };
        let LogicalPlan::EmptyRelation(empty) = projection.input.as_ref() else { return None };
        if !empty.produce_one_row || projection.expr.len() > MAX_COLUMNS || !projection.expr.iter().all(is_quick) {
            return None;
        }
        let schema = Arc::clone(plan.schema().inner());
        Some(Self { columns: projection.expr.clone().into(), schema, has_params, row: Arc::default() })
    }

    /// The row; `None` when it must be computed the long way.
    pub fn run(&self, values: &[ScalarValue]) -> Result<Option<RecordBatch>> {
        if let Some(row) = self.row.get() {
            return Ok(Some(row.clone()));
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, field) in self.columns.iter().zip(self.schema.fields()) {
            let array = compute(column, values)?;
            if array.data_type() != field.data_type() || (array.null_count() > 0 && !field.is_nullable()) {
                return Ok(None);
            }
            arrays.push(array);
        }
        let row = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &one_row())?;
        if !self.has_params {
            // Another session may have been first; both computed the same.
            let _ = self.row.set(row.clone());
        }
        Ok(Some(row))
    }
}

fn one_row() -> RecordBatchOptions {
    RecordBatchOptions::new().with_row_count(Some(1))
}

/// Whether an expression's cost is bounded by its text.
fn is_quick(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(..) | Expr::Placeholder(_) => true,
        Expr::Alias(alias) => is_quick(&alias.expr),
        Expr::Cast(cast) => {
            let to = cast.field.data_type();
            (to.is_numeric() || to.is_string() || *to == DataType::Boolean) && is_quick(&cast.expr)
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) | Expr::Not(inner) => is_quick(inner),
        Expr::BinaryExpr(binary) => {
            let simple = matches!(
                binary.op,
                Operator::Eq
                    | Operator::NotEq
                    | Operator::Lt
                    | Operator::LtEq
                    | Operator::Gt
                    | Operator::GtEq
                    | Operator::And
                    | Operator::Or
            );
            simple && is_quick(&binary.left) && is_quick(&binary.right)
        }
        Expr::ScalarFunction(call) => {
            let name = call.func.name();
            (arith::is_operator(name) || cast::is_cast(name)) && call.args.iter().all(is_quick)
        }
        _ => false,
    }
}

fn compute(expr: &Expr, values: &[ScalarValue]) -> DfResult<ArrayRef> {
    if let Expr::Literal(value, _) = expr {
        return value.to_array();
    }
    let expr = if values.is_empty() { expr.clone() } else { fill(expr.clone(), values)? };
    let physical =
        create_physical_expr(&expr, &DFSchema::empty(), &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    let input = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &one_row())?;
    physical.evaluate(&input)?.into_array(1)
}

/// Params replaced by their values.
fn fill(expr: Expr, values: &[ScalarValue]) -> DfResult<Expr> {
    expr.transform(|e| {
        let value = match &e {
            Expr::Placeholder(param) => param
                .id
                .strip_prefix('$')
                .and_then(|n| n.parse::<usize>().ok())
                .and_then(|n| values.get(n.wrapping_sub(1))),
            _ => None,
        };
        Ok(match value {
            Some(value) => Transformed::yes(Expr::Literal(value.clone(), None)),
            None => Transformed::no(e),
        })
    })
    .map(|filled| filled.data)
}
