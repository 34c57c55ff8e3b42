//! The logical node: its input's columns, then one column per applied subquery.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::{Applied, ApplyKind};

/// Apply of some subqueries over an input.
#[derive(Clone, Debug)]
pub struct ApplyNode {
    /// The rows that the subqueries are evaluated for.
    pub input: LogicalPlan,
    /// The subqueries.
    pub subqueries: Vec<Applied>,
    schema: DFSchemaRef,
}

impl ApplyNode {
    /// The node; its schema follows from its parts.
    pub fn try_new(input: LogicalPlan, subqueries: Vec<Applied>) -> Result<Self> {
        let own = subqueries.iter().map(|s| (None, Arc::clone(&s.output))).collect();
        let own = DFSchema::new_with_metadata(own, std::collections::HashMap::new())?;
        let schema = Arc::new(input.schema().join(&own)?);
        Ok(Self { input, subqueries, schema })
    }
}

impl UserDefinedLogicalNodeCore for ApplyNode {
    fn name(&self) -> &'static str {
        "Apply"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        let mut all = Vec::new();
        for subquery in &self.subqueries {
            all.extend(subquery.keys.iter().map(|c| Expr::Column(c.clone())));
            if let ApplyKind::In(expr) = &subquery.kind {
                all.push(expr.clone());
            }
        }
        all
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.subqueries.iter().map(|s| s.output.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Apply: {:?}", self.subqueries)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut exprs = exprs.into_iter();
        let mut subqueries = self.subqueries.clone();
        for subquery in &mut subqueries {
            for key in &mut subquery.keys {
                if let Some(Expr::Column(column)) = exprs.next() {
                    *key = column;
                }
            }
            if let ApplyKind::In(expr) = &mut subquery.kind
                && let Some(new) = exprs.next()
            {
                *expr = new;
            }
        }
        match inputs.pop() {
            Some(input) => Self::try_new(input, subqueries),
            None => datafusion::common::internal_err!("Apply needs an input"),
        }
    }
}

impl PartialEq for ApplyNode {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Applied, &Applied)| {
            Arc::ptr_eq(&a.template, &b.template) && a.keys == b.keys && a.kind == b.kind && a.output == b.output
        };
        self.input == other.input
            && self.subqueries.len() == other.subqueries.len()
            && self.subqueries.iter().zip(&other.subqueries).all(same)
    }
}

impl Eq for ApplyNode {}

impl Hash for ApplyNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        for subquery in &self.subqueries {
            subquery.output.name().hash(state);
        }
    }
}

impl PartialOrd for ApplyNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}
