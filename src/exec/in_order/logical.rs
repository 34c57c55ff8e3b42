//! The logical node: hidden from every rule that would move what stands above or below it.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, UserDefinedLogicalNodeCore};

use super::Work;

/// Work on an input's rows in their order.
#[derive(Clone, Debug)]
pub struct InOrderNode {
    /// The rows.
    pub input: LogicalPlan,
    /// What is done with each.
    pub work: Work,
    schema: DFSchemaRef,
}

impl InOrderNode {
    /// The node; its schema follows from its parts.
    ///
    /// # Errors
    ///
    /// When an expression does not fit the input.
    pub fn try_new(input: LogicalPlan, work: Work) -> Result<Self> {
        let schema = match &work {
            Work::Project(exprs) => Projection::try_new(exprs.clone(), Arc::new(input.clone()))?.schema,
            Work::Filter(_) | Work::Sample(_) => Arc::clone(input.schema()),
        };
        Ok(Self { input, work, schema })
    }

    /// The columns of the rows it makes.
    pub(super) fn columns(&self) -> SchemaRef {
        Arc::clone(self.schema.inner())
    }
}

impl UserDefinedLogicalNodeCore for InOrderNode {
    fn name(&self) -> &'static str {
        "InOrder"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        match &self.work {
            Work::Project(exprs) => exprs.clone(),
            Work::Filter(condition) => vec![condition.clone()],
            Work::Sample(_) => Vec::new(),
        }
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let all = self.schema.columns().into_iter();
        match &self.work {
            // What is handed on as it came may be asked for before.
            Work::Project(exprs) => {
                let computed = all.zip(exprs).filter(|(column, e)| !matches!(e, Expr::Column(own) if own == column));
                computed.map(|(column, _)| column.name).collect()
            }
            // A condition sees the rows that all others leave.
            Work::Filter(_) => HashSet::new(),
            Work::Sample(_) => all.map(|column| column.name).collect(),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        match &self.work {
            // A column that nobody reads has nothing to do with a row's place.
            Work::Sample(_) => {
                Some(vec![output_columns.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()])
            }
            Work::Project(_) | Work::Filter(_) => None,
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InOrder: {:?}", self.work)
    }

    fn with_exprs_and_inputs(&self, mut exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let work = match &self.work {
            Work::Project(_) => Work::Project(exprs),
            Work::Filter(condition) => Work::Filter(exprs.pop().unwrap_or_else(|| condition.clone())),
            Work::Sample(sample) => Work::Sample(*sample),
        };
        match inputs.pop() {
            Some(input) => Self::try_new(input, work),
            None => internal_err!("rows in order need an input"),
        }
    }
}

impl PartialEq for InOrderNode {
    fn eq(&self, other: &Self) -> bool {
        self.work == other.work && self.input == other.input
    }
}

impl Eq for InOrderNode {}

impl Hash for InOrderNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.work.hash(state);
    }
}

impl PartialOrd for InOrderNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}
