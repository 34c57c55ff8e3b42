//! Types without equality or order: PostgreSQL cannot compare json values, so it neither groups nor sorts by them.

use datafusion::arrow::datatypes::Field;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, LogicalPlan};

use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// `42883` for a plan that groups, joins distinct rows or sorts by such a type.
pub fn check(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::Distinct(Distinct::All(input)) => {
                input.schema().fields().iter().try_for_each(|field| comparable(field, "equality"))?;
            }
            LogicalPlan::Aggregate(aggregate) => {
                let schema = aggregate.input.schema();
                aggregate.group_expr.iter().try_for_each(|expr| checked(expr, schema, "equality"))?;
            }
            LogicalPlan::Sort(sort) => {
                let schema = merge_schema(&node.inputs());
                sort.expr.iter().try_for_each(|key| checked(&key.expr, &schema, "ordering"))?;
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn checked(expr: &Expr, schema: &DFSchema, what: &str) -> Result<()> {
    match expr.to_field(schema) {
        Ok((_, field)) => comparable(&field, what),
        Err(_) => Ok(()),
    }
}

fn comparable(field: &Field, what: &str) -> Result<()> {
    let own = pg_type(field).oid;
    if own != oid::JSON {
        return Ok(());
    }
    let message = format!("could not identify an {what} operator for type {}", oid::sql_name(own));
    let error = Error::new(sqlstate::UNDEFINED_FUNCTION, message);
    let error = match what {
        "ordering" => error.hint("Use an explicit ordering operator or modify the query."),
        _ => error,
    };
    Err(DataFusionError::External(Box::new(error)))
}
