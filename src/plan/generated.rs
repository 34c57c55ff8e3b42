//! Columns that are computed from the others of their row: GENERATED ALWAYS AS (…) STORED.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Volatility};
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;

use super::tables::Maker;
use super::{PlanEnv, assign, context, parser_options, resolve};
use crate::catalog::Relation;
use crate::catalog::temp::{ColumnKind, Formula};
use crate::error::{Error, Result};
use crate::sql::rewrite;
use crate::sqlstate;
use crate::types::{oid, pg_type};

impl Maker<'_> {
    /// The last column as one that is computed.
    pub(super) fn generated(&mut self, column: &str, written: &ast::Expr) -> Result<()> {
        let twice = |what: &str| {
            let message = format!("both {what} and generation expression specified for column \"{column}\" of table");
            Error::new(sqlstate::SYNTAX_ERROR, format!("{message} \"{}\"", self.table))
        };
        match (self.defaults.last(), self.kinds.last()) {
            (_, Some(ColumnKind::Identity | ColumnKind::AlwaysIdentity)) => return Err(twice("identity")),
            (Some(Some(_)), _) => return Err(twice("default")),
            _ => {}
        }
        let mut expr = written.clone();
        rewrite::apply_to_expr(&mut expr)?;
        if let (Some(default), Some(kind)) = (self.defaults.last_mut(), self.kinds.last_mut()) {
            *default = Some(Formula { expr, written: written.clone(), shown: None });
            *kind = ColumnKind::Generated;
        }
        Ok(())
    }

    /// Checks the expressions of all computed columns.
    pub(super) fn check_generated(&self, schema: &Arc<Schema>) -> Result<()> {
        for (i, field) in schema.fields().iter().enumerate() {
            let (Some(ColumnKind::Generated), Some(Some(written))) = (self.kinds.get(i), self.defaults.get(i)) else {
                continue;
            };
            let known = DFSchema::try_from_qualified_schema(self.table, schema)?;
            let context = context::Context::new(self.env);
            let planner = SqlToRel::new_with_options(&context, parser_options());
            let expr = planner.sql_to_expr(written.expr.clone(), &known, &mut PlannerContext::new())?;
            if let Some(error) = self.refused(&expr)? {
                return Err(error);
            }
            let expr = assign::adapt_value(expr, field, &self.env.vars.style)?;
            let from = expr.to_field(&known)?.1;
            let (of, to) = (pg_type(&from).oid, pg_type(field).oid);
            if !from.data_type().is_null() && !assign::is_assignable(of, to) {
                let (of, to) = (oid::sql_name(of), oid::sql_name(to));
                let message =
                    format!("column \"{}\" is of type {to} but default expression is of type {of}", field.name());
                let error = Error::new(sqlstate::DATATYPE_MISMATCH, message);
                return Err(error.hint("You will need to rewrite or cast the expression."));
            }
        }
        Ok(())
    }

    /// What a generation expression must not have.
    fn refused(&self, expr: &Expr) -> Result<Option<Error>> {
        let mut found = None;
        expr.apply(|e| {
            let error = match e {
                Expr::Column(column) => {
                    let place = self.fields.iter().position(|field| *field.name() == column.name);
                    let generated = place.and_then(|place| self.kinds.get(place)) == Some(&ColumnKind::Generated);
                    generated.then(|| {
                        let message =
                            format!("cannot use generated column \"{}\" in column generation expression", column.name);
                        Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
                            .detail("A generated column cannot reference another generated column.")
                    })
                }
                Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) => {
                    Some(Error::unsupported("cannot use subquery in column generation expression"))
                }
                Expr::AggregateFunction(_) => {
                    let message = "aggregate functions are not allowed in column generation expressions";
                    Some(Error::new(sqlstate::GROUPING_ERROR, message))
                }
                Expr::WindowFunction(_) => {
                    let message = "window functions are not allowed in column generation expressions";
                    Some(Error::new(sqlstate::WINDOWING_ERROR, message))
                }
                Expr::ScalarFunction(call)
                    if call.func.signature().volatility != Volatility::Immutable
                        && !super::marker::is_unified(&call.func) =>
                {
                    let message = "generation expression is not immutable";
                    Some(Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message))
                }
                _ => None,
            };
            found = error;
            Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        Ok(found)
    }
}

/// The rows with their computed columns filled in; the columns of the table start at `skip`.
pub fn computed(
    plan: LogicalPlan,
    skip: usize,
    relation: &Relation,
    env: &PlanEnv,
) -> std::result::Result<LogicalPlan, DataFusionError> {
    let Some(spec) = relation.table().filter(|spec| spec.kinds.contains(&ColumnKind::Generated)) else {
        return Ok(plan);
    };
    let schema = relation.provider.schema();
    let plan = LogicalPlanBuilder::from(plan).alias(relation.name.as_str())?.build()?;
    let context = context::Context::new(env);
    let planner = SqlToRel::new_with_options(&context, parser_options());
    let mut exprs: Vec<Expr> = Vec::with_capacity(plan.schema().fields().len());
    let mut wanted: Vec<Option<FieldRef>> = Vec::with_capacity(exprs.capacity());
    for (i, column) in plan.schema().columns().into_iter().enumerate() {
        let place = i.checked_sub(skip).filter(|place| spec.kind(*place) == ColumnKind::Generated);
        let written = place.and_then(|place| spec.defaults.get(place)?.as_ref());
        match (place, written) {
            (Some(place), Some(written)) => {
                let expr = planner.sql_to_expr(written.expr.clone(), plan.schema(), &mut PlannerContext::new())?;
                let field = &schema.fields()[place];
                let expr = assign::adapt_value(expr, field, &env.vars.style)?;
                exprs.push(expr.alias(field.name()));
                wanted.push(Some(Arc::clone(field)));
            }
            _ => {
                exprs.push(Expr::Column(column));
                wanted.push(None);
            }
        }
    }
    let plan = resolve::resolve(LogicalPlanBuilder::from(plan).project(exprs)?.build()?, env)?;
    let mut outputs = Vec::with_capacity(wanted.len());
    for ((qualifier, from), wanted) in plan.schema().iter().zip(&wanted) {
        let column = Expr::Column(Column::new(qualifier.cloned(), from.name()));
        outputs.push(match wanted {
            Some(to) => assign::assign(column, from, to, env)?.alias(to.name()),
            None => column,
        });
    }
    LogicalPlanBuilder::from(plan).project(outputs)?.build()
}
