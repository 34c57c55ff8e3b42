//! VALUES: the relation that `sql/rewrite/values.rs` made of it, its columns of the types that PostgreSQL gives them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, TableFactor};

use super::calls::{call, cast_to_column};
use super::literals::{adapt, is_null, is_text, is_unknown};
use super::unify::common_field;
use super::{PlanEnv, resolve};
use crate::catalog::functions::numeric::precision_scale;
use crate::catalog::functions::ty::WIDE_NUMERIC;
use crate::error::Error;
use crate::sql::rewrite::names::last_part;
use crate::sql::rewrite::rows;
use crate::sql::rewrite::values::VALUES_LIST;
use crate::sqlstate;
use crate::types::PG_TYPMOD_KEY;

/// Plans VALUES.
pub struct ValuesLists {
    env: PlanEnv,
}

impl ValuesLists {
    /// For the statement of this environment.
    #[must_use]
    pub fn new(env: &PlanEnv) -> Self {
        Self { env: env.clone() }
    }
}

impl std::fmt::Debug for ValuesLists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ValuesLists").finish_non_exhaustive()
    }
}

impl RelationPlanner for ValuesLists {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let args = match relation {
            TableFactor::Function { name, args, .. } if last_part(&name) == VALUES_LIST => args,
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        let schema = DFSchema::empty();
        let mut rows: Vec<Vec<Expr>> = Vec::with_capacity(args.len());
        for arg in args {
            let cells = match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(row)) => rows::items(&row),
                _ => None,
            };
            let Some(cells) = cells else {
                return datafusion::common::internal_err!("a row of VALUES has cells");
            };
            let mut row = Vec::with_capacity(cells.len());
            for cell in cells {
                let expr = context.sql_to_expr(cell, &schema)?;
                row.push(resolve::resolve_alone(expr, &self.env)?);
            }
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                let message = "VALUES lists must all be the same length";
                return Err(external(Error::new(sqlstate::SYNTAX_ERROR, message)));
            }
            rows.push(row);
        }
        let plan = LogicalPlanBuilder::values(unified(rows, &self.env)?)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}

/// The rows with the cells of each column brought to one type.
fn unified(mut rows: Vec<Vec<Expr>>, env: &PlanEnv) -> Result<Vec<Vec<Expr>>> {
    let width = rows.first().map_or(0, Vec::len);
    for column in 0..width {
        let fields: Vec<Option<FieldRef>> = rows.iter().map(|row| known(&row[column])).collect();
        let common = common_field("VALUES", &fields).map_err(external)?;
        let common = if fields.iter().any(Option::is_none) { without_length(common) } else { common };
        let text = rows.iter().any(|row| is_unknown(&row[column])) && common.data_type().is_decimal();
        let common =
            if same_scale(&fields) && !text { common } else { Arc::new(Field::new("numeric", WIDE_NUMERIC, true)) };
        for (row, field) in rows.iter_mut().zip(&fields) {
            let cell = std::mem::take(&mut row[column]);
            row[column] = brought(cell, field.as_ref(), &common, env)?;
        }
    }
    Ok(rows)
}

/// A text type without its length, which an untyped cell has not.
fn without_length(field: FieldRef) -> FieldRef {
    if !is_text(field.data_type()) || !field.metadata().contains_key(PG_TYPMOD_KEY) {
        return field;
    }
    let mut plain = field.as_ref().clone();
    plain.metadata_mut().remove(PG_TYPMOD_KEY);
    Arc::new(plain)
}

/// Whether a column of decimals needs no scale per value.
fn same_scale(fields: &[Option<FieldRef>]) -> bool {
    let exact = |field: &&FieldRef| field.data_type().is_decimal() || field.data_type().is_integer();
    let mut scales = fields.iter().flatten().map(|field| match field.data_type() {
        t if t.is_decimal() => precision_scale(t).1,
        _ => 0,
    });
    let first = scales.next();
    let decimal = fields.iter().flatten().any(|field| field.data_type().is_decimal());
    !decimal || !fields.iter().flatten().all(|field| exact(&field)) || scales.all(|scale| Some(scale) == first)
}

fn brought(cell: Expr, field: Option<&FieldRef>, common: &FieldRef, env: &PlanEnv) -> Result<Expr> {
    let widen = *common.data_type() == WIDE_NUMERIC;
    let value = match field {
        Some(field) if field.data_type() == common.data_type() && field.metadata() == common.metadata() => {
            return Ok(cell);
        }
        Some(field) => return cast_to_column(cell, field, common, &env.functions).map_err(external),
        None if is_null(&cell) => cell,
        None if widen => return Ok(call(&env.functions, "cast_numeric", vec![adapt(cell, common, &env.vars.style)?])),
        None => adapt(cell, common, &env.vars.style)?,
    };
    Ok(Expr::Cast(Cast::new_from_field(Box::new(value), Arc::clone(common))))
}

fn known(expr: &Expr) -> Option<FieldRef> {
    if is_unknown(expr) || is_null(expr) || matches!(expr, Expr::Placeholder(p) if p.field.is_none()) {
        return None;
    }
    let field = expr.to_field(&DFSchema::empty()).ok()?.1;
    (*field.data_type() != DataType::Null).then_some(field)
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
