//! Set operations: the relation that `sql/rewrite/setops.rs` made of one, planned with PostgreSQL's types and rows.
//!
//! Every query is planned, then all are brought to common types, the names being the first one's. ALL of INTERSECT and
//! EXCEPT counts rows: equal rows are numbered, and a row goes with the row of the same number on the other side.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{Column, DataFusionError, JoinType, NullEquality, Result};
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{
    Distinct, Expr, LogicalPlan, LogicalPlanBuilder, Projection, Union, WindowFrame, WindowFunctionDefinition,
};
use datafusion::sql::sqlparser::ast::{self, FunctionArg, FunctionArgExpr, SetOperator, TableFactor};

use super::calls::{call, cast_to_column, explicit_cast};
use super::literals::{adapt, is_null, is_unknown};
use super::unify::common_field;
use super::{PlanEnv, resolve};
use crate::catalog::functions::ty::WIDE_NUMERIC;
use crate::error::Error;
use crate::sql::rewrite::setops::Operation;
use crate::sqlstate;

/// The number of a row among its equals; not a name that SQL can spell without quotes.
const NUMBER: &str = "number of equal row";

/// Plans set operations.
pub struct SetOperations {
    env: PlanEnv,
}

impl SetOperations {
    /// For the statement of this environment.
    #[must_use]
    pub fn new(env: &PlanEnv) -> Self {
        Self { env: env.clone() }
    }
}

impl std::fmt::Debug for SetOperations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetOperations").finish_non_exhaustive()
    }
}

impl RelationPlanner for SetOperations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let operation = match &relation {
            TableFactor::Function { name, .. } => Operation::of_name(name),
            _ => None,
        };
        let (Some(operation), TableFactor::Function { args, .. }) = (operation, &relation) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let mut inputs = Vec::with_capacity(args.len());
        for query in args.iter().filter_map(subquery) {
            let derived =
                TableFactor::Derived { lateral: false, subquery: Box::new(query.clone()), alias: None, sample: None };
            inputs.push(resolve::resolve(context.plan(derived)?, &self.env)?);
        }
        let plan = combine(operation, inputs, &self.env)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}

fn subquery(argument: &FunctionArg) -> Option<&ast::Query> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Subquery(query))) => Some(query),
        _ => None,
    }
}

/// The rows that an operation gives of its planned queries.
fn combine(operation: Operation, inputs: Vec<LogicalPlan>, env: &PlanEnv) -> Result<LogicalPlan> {
    let mut inputs = unified(operation, inputs, env)?;
    if operation.operator == SetOperator::Union {
        let union = LogicalPlan::Union(Union::try_new(inputs.into_iter().map(Arc::new).collect())?);
        return if operation.all { Ok(union) } else { distinct(union) };
    }
    let (Some(right), Some(left)) = (inputs.pop(), inputs.pop()) else {
        return datafusion::common::internal_err!("a set operation has two sides");
    };
    let kind = match operation.operator {
        SetOperator::Intersect => JoinType::LeftSemi,
        _ => JoinType::LeftAnti,
    };
    let names: Vec<String> = left.schema().fields().iter().map(|f| f.name().clone()).collect();
    let (left, right) = match operation.all {
        true => (numbered(left)?, numbered(right)?),
        // A row without columns is its own only key: its number.
        false if names.is_empty() => (numbered(distinct(left)?)?, numbered(right)?),
        false => (distinct(left)?, right),
    };
    let keys: Vec<Column> = left.schema().fields().iter().map(|f| Column::from_name(f.name())).collect();
    let right = LogicalPlanBuilder::from(right).alias("right side")?.build()?;
    let right_keys: Vec<Column> = right.schema().columns();
    let joined = LogicalPlanBuilder::from(left)
        .join_detailed(right, kind, (keys, right_keys), None, NullEquality::NullEqualsNull)?
        .build()?;
    if !operation.all && !names.is_empty() {
        return Ok(joined);
    }
    LogicalPlanBuilder::from(joined).project(names.into_iter().map(|n| Expr::Column(Column::from_name(n))))?.build()
}

fn distinct(plan: LogicalPlan) -> Result<LogicalPlan> {
    if plan.schema().fields().is_empty() {
        // Rows without columns are all equal.
        return LogicalPlanBuilder::from(plan).limit(0, Some(1))?.build();
    }
    Ok(LogicalPlan::Distinct(Distinct::All(Arc::new(plan))))
}

/// The plan with the number of each row among its equals as last column.
fn numbered(plan: LogicalPlan) -> Result<LogicalPlan> {
    let partition_by: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let number = WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(datafusion::functions_window::row_number::row_number_udwf()),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by,
            order_by: Vec::new(),
            window_frame: WindowFrame::new(None),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    };
    let number = Expr::WindowFunction(Box::new(number)).alias(NUMBER);
    let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let window = LogicalPlanBuilder::from(plan).window([number.clone()])?.build()?;
    let number = Expr::Column(Column::from_name(NUMBER));
    LogicalPlanBuilder::from(window).project(columns.into_iter().chain([number]))?.build()
}

/// The inputs with columns of the same names and types.
fn unified(operation: Operation, inputs: Vec<LogicalPlan>, env: &PlanEnv) -> Result<Vec<LogicalPlan>> {
    let Some(first) = inputs.first() else { return Ok(inputs) };
    let width = first.schema().fields().len();
    if inputs.iter().any(|input| input.schema().fields().len() != width) {
        let message = format!("each {} query must have the same number of columns", operation.word());
        return Err(external(Error::new(sqlstate::SYNTAX_ERROR, message)));
    }
    let names = distinct_names(first);
    let mut wanted = Vec::with_capacity(width);
    for i in 0..width {
        let fields: Vec<Option<FieldRef>> = inputs.iter().map(|input| output_field(input, i)).collect();
        wanted.push(common_in_order(operation, &fields).map_err(external)?);
    }
    inputs.into_iter().map(|input| brought(input, &wanted, &names, env)).collect()
}

/// The type of a chain's column: each query meets what those before it have agreed on.
fn common_in_order(operation: Operation, fields: &[Option<FieldRef>]) -> crate::error::Result<FieldRef> {
    let mut agreed = fields.first().cloned().flatten();
    for field in fields.iter().skip(1) {
        agreed = Some(common_field(operation.word(), &[agreed.take(), field.clone()])?);
    }
    match agreed {
        // An untyped literal may have any digits.
        Some(field) if field.data_type().is_decimal() && fields.iter().any(Option::is_none) => {
            Ok(Arc::new(field.as_ref().clone().with_data_type(WIDE_NUMERIC)))
        }
        Some(field) => Ok(field),
        None => common_field(operation.word(), &[]),
    }
}

/// Output names; equal ones are told apart as in a SELECT list.
fn distinct_names(plan: &LogicalPlan) -> Vec<String> {
    let mut used = HashSet::new();
    let fields = plan.schema().fields().iter().enumerate();
    fields
        .map(|(i, field)| {
            let name = crate::sql::rewrite::names::display_name(field.name()).to_owned();
            match used.insert(name.clone()) {
                true => name,
                false => crate::sql::rewrite::names::marked_name(&name, i),
            }
        })
        .collect()
}

/// The type of an output column; `None` for an untyped literal in the query's own SELECT list.
fn output_field(plan: &LogicalPlan, i: usize) -> Option<FieldRef> {
    match literal_in(plan, i) {
        true => None,
        false => Some(Arc::clone(&plan.schema().fields()[i])),
    }
}

fn literal_in(plan: &LogicalPlan, i: usize) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => projection.expr.get(i).is_some_and(is_untyped),
        LogicalPlan::Limit(limit) => literal_in(&limit.input, i),
        _ => false,
    }
}

fn is_untyped(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => is_untyped(&alias.expr),
        Expr::Placeholder(placeholder) => placeholder.field.is_none(),
        other => is_unknown(other) || is_null(other),
    }
}

/// A query's columns cast to the wanted types.
fn brought(plan: LogicalPlan, wanted: &[FieldRef], names: &[String], env: &PlanEnv) -> Result<LogicalPlan> {
    let plan = named_references(typed_literals(plan, wanted, env)?)?;
    let mut exprs = Vec::with_capacity(wanted.len());
    for (i, (to, name)) in wanted.iter().zip(names).enumerate() {
        let (qualifier, field) = plan.schema().qualified_field(i);
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let same = field.data_type() == to.data_type() && field.metadata() == to.metadata();
        let cast = if same { column } else { cast_to_column(column, field, to, &env.functions).map_err(external)? };
        exprs.push(cast.alias(name));
    }
    Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(plan))?))
}

/// A SELECT list whose references to an outer query keep their names when values stand for them.
fn named_references(plan: LogicalPlan) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = plan else { return Ok(plan) };
    let named = |expr: Expr| match expr {
        outer @ Expr::OuterReferenceColumn(..) => {
            let name = outer.schema_name().to_string();
            outer.alias(name)
        }
        other => other,
    };
    let exprs = projection.expr.into_iter().map(named).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(exprs, projection.input)?))
}

/// The untyped literals of a query's own SELECT list read as the wanted types.
fn typed_literals(plan: LogicalPlan, wanted: &[FieldRef], env: &PlanEnv) -> Result<LogicalPlan> {
    if !(0..wanted.len()).any(|i| literal_in(&plan, i)) {
        return Ok(plan);
    }
    match plan {
        LogicalPlan::Projection(projection) => {
            let exprs = projection.expr.into_iter().enumerate().map(|(i, expr)| match wanted.get(i) {
                Some(to) if is_untyped(&expr) => typed_literal(expr, to, env),
                _ => Ok(expr),
            });
            let exprs = exprs.collect::<Result<Vec<_>>>()?;
            Ok(LogicalPlan::Projection(Projection::try_new(exprs, projection.input)?))
        }
        other => {
            let exprs = other.expressions();
            let inputs = other.inputs().into_iter().cloned().collect::<Vec<_>>();
            let inputs = inputs.into_iter().map(|input| typed_literals(input, wanted, env));
            other.with_new_exprs(exprs, inputs.collect::<Result<Vec<_>>>()?)
        }
    }
}

fn typed_literal(expr: Expr, to: &FieldRef, env: &PlanEnv) -> Result<Expr> {
    let name = expr.schema_name().to_string();
    let literal = match expr {
        Expr::Alias(alias) => *alias.expr,
        other => other,
    };
    let typed = match is_null(&literal) {
        true => explicit_cast(literal, None, to, &env.functions).map_err(external)?,
        false if *to.data_type() == WIDE_NUMERIC => {
            call(&env.functions, "cast_numeric", vec![adapt(literal, to, &env.vars.style)?])
        }
        false => adapt(literal, to, &env.vars.style)?,
    };
    Ok(typed.alias(name))
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
