//! Apply: a subquery evaluated for each row of its input, once per distinct outer values.
//!
//! DataFusion decorrelates the common subqueries into joins; every other one (a LIMIT inside, EXISTS in a SELECT list,
//! ARRAY(…), references across several levels) runs here. The inner plan is kept as a template with outer references;
//! for each new combination of outer values they become literals, the plan is optimised and run, and the result is
//! remembered. Memory of remembered results is drawn from the query's pool. [`RowsNode`] does the same for a LATERAL
//! item of FROM, whose rows it joins to the row they were made for.

mod logical;
mod membership;
mod outer;
mod physical;
mod planner;
mod rows;
mod run;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};

pub use logical::ApplyNode;
pub use outer::{fill_params, free_references, has_free_references, subquery_of, templates};
pub use planner::ApplyPlanner;
pub use rows::RowsNode;

/// Makes an executable plan of a template whose outer references have become literals.
pub type Prepare = Arc<dyn Fn(LogicalPlan) -> Result<LogicalPlan> + Send + Sync>;

/// What an applied subquery yields for one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum ApplyKind {
    /// Its one value; NULL for no row, an error for several.
    Scalar,
    /// Whether it has a row.
    Exists,
    /// Whether `expr` equals one of its values, in three-valued logic.
    In(Expr),
    /// All its values as an array, in its order.
    Array,
}

/// One applied subquery.
#[derive(Clone)]
pub struct Applied {
    /// The inner plan with outer references.
    pub template: Arc<LogicalPlan>,
    /// The outer columns that it refers to, as the template names them.
    pub names: Vec<Column>,
    /// The same as columns of the input, in that order.
    pub keys: Vec<Column>,
    /// What it yields.
    pub kind: ApplyKind,
    /// The output column.
    pub output: FieldRef,
    /// Makes the template executable.
    pub prepare: Prepare,
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied").field("kind", &self.kind).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// An error of ours inside DataFusion's.
fn external(error: crate::Error) -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::External(Box::new(error))
}
