//! Items of FROM: functions, `ROWS FROM`, `WITH ORDINALITY`, and aliases with their columns.
//!
//! A function's rows are a projection of set-returning markers over one empty row; [`super::sets`] unnests them. What
//! its arguments refer to on the left stays an outer reference, for [`super::lateral`] to settle.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, DataFusionError, Result, TableReference};
use datafusion::functions::core::get_field;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::sql::sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, Ident, ObjectName, TableAlias, TableFactor, TableFunctionArgs,
};

use super::{definition, marker, sets};
use crate::catalog::functions::Functions;
use crate::catalog::pg_catalog::statics;
use crate::error::Error;
use crate::sql::rewrite::forms::function_of;
use crate::sql::rewrite::names::{distinct_names, last_part};
use crate::sql::rewrite::rows::ROW_OF_SUBQUERY;
use crate::sql::rewrite::series::{ROWS_FROM, UNNEST_SET, is_constant};
use crate::sqlstate;

/// Plans the items of FROM.
#[derive(Debug)]
pub struct Relations {
    functions: Arc<Functions>,
}

/// A function's call in FROM with what its output is called by default.
struct Call {
    expr: Expr,
    name: String,
}

impl Relations {
    /// A planner that knows the functions by name.
    #[must_use]
    pub fn new(functions: Arc<Functions>) -> Self {
        Self { functions }
    }

    /// A function, or several of ROWS FROM.
    fn function(
        &self,
        name: &ObjectName,
        args: Vec<FunctionArg>,
        numbered: bool,
        alias: Option<TableAlias>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let called = last_part(name);
        if !numbered
            && self.functions.table.contains_key(&called)
            && if called == "generate_series" {
                args.iter().all(is_number)
            } else {
                self.functions.list_of_set(&called).is_none() && args.iter().all(is_plain_constant)
            }
        {
            let args = Some(TableFunctionArgs { args, settings: None });
            let plan = context.plan(table(name.clone(), args))?;
            let single = plan.schema().fields().len() == 1;
            return aliased(plan, alias, &called, single);
        }
        let calls = calls(name, args, context)?;
        let default = if called == UNNEST_SET { "unnest" } else { &called };
        let (plan, single) = rows(calls, numbered)?;
        aliased(plan, alias, default, single && output_name(&called).is_none())
    }
}

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let planned = match relation {
            TableFactor::Function { name, args, with_ordinality: false, alias: Some(alias), .. }
                if has_types(&alias) =>
            {
                let relation = definition::with_columns(&name, args, alias)?;
                return self.plan_relation(relation, context);
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => {
                self.function(&name, args, with_ordinality, alias, context)?
            }
            TableFactor::Table { alias: Some(alias), name, args: None, .. } if !alias.columns.is_empty() => {
                let plan = context.plan(table(name.clone(), None))?;
                aliased(plan, Some(alias), &last_part(&name), false)?
            }
            TableFactor::Derived { lateral, subquery, alias: Some(alias), sample } if !alias.columns.is_empty() => {
                let plan = context.plan(TableFactor::Derived { lateral, subquery, alias: None, sample })?;
                aliased(plan, Some(alias), "", false)?
            }
            TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                let plan = context.plan(TableFactor::NestedJoin { table_with_joins, alias: None })?;
                aliased(plan, Some(alias), "", false)?
            }
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(planned, None))))
    }
}

/// The calls of one item: several of ROWS FROM, and of UNNEST with several arrays.
fn calls(name: &ObjectName, args: Vec<FunctionArg>, context: &mut dyn RelationPlannerContext) -> Result<Vec<Call>> {
    let called = last_part(name);
    if called == ROWS_FROM {
        let items = args.into_iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Function(function))) => Ok(function),
            _ => Err(fault(Error::new(sqlstate::SYNTAX_ERROR, "ROWS FROM takes function calls"))),
        });
        let mut all = Vec::new();
        for function in items.collect::<Result<Vec<_>>>()? {
            let called = last_part(&function.name);
            if called == UNNEST_SET
                && let ast::FunctionArguments::List(list) = function.args
            {
                all.extend(calls(&function.name, list.args, context)?);
                continue;
            }
            let shown = output_name(&called).unwrap_or(&called).to_owned();
            all.push(plan_call(ast::Expr::Function(function), shown, context)?);
        }
        return Ok(all);
    }
    if called == UNNEST_SET {
        // Several arrays in one call stand side by side.
        let call = |arg: FunctionArg| function_of(name.clone(), vec![arg]);
        return args.into_iter().map(|arg| plan_call(call(arg), "unnest".to_owned(), context)).collect();
    }
    let shown = output_name(&called).map_or(called, str::to_owned);
    Ok(vec![plan_call(function_of(name.clone(), args), shown, context)?])
}

fn fault(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn table(name: ObjectName, args: Option<TableFunctionArgs>) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

fn has_types(alias: &TableAlias) -> bool {
    alias.columns.iter().any(|c| c.data_type.is_some())
}

fn is_plain_constant(arg: &FunctionArg) -> bool {
    matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if is_constant(expr))
}

/// Whether an argument is a number as it was written: the types of any others decide which series is meant.
fn is_number(arg: &FunctionArg) -> bool {
    matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if crate::sql::rewrite::numbers::is_typed(expr))
}

/// The name of a function's one output column where it has one of its own, which an alias does not change.
#[must_use]
pub fn output_name(function: &str) -> Option<&'static str> {
    let row = statics::function_names().all(function).iter().find_map(|oid| statics::functions().get(oid))?;
    match row.columns.as_slice() {
        [(name, _)] => Some(name),
        _ => None,
    }
}

fn plan_call(call: ast::Expr, name: String, context: &mut dyn RelationPlannerContext) -> Result<Call> {
    let expr = context.sql_to_expr(call, &DFSchema::empty())?.unalias();
    let inner = match &expr {
        Expr::ScalarFunction(call) if marker::list_behind(&call.func).is_some() => call.args.as_slice(),
        other => std::slice::from_ref(other),
    };
    if inner.iter().any(sets::contains_set) {
        return Err(fault(Error::unsupported("set-returning functions must appear at top level of FROM")));
    }
    Ok(Call { expr, name })
}

/// The rows of calls side by side, and whether they have one column that may take the alias's name.
fn rows(calls: Vec<Call>, numbered: bool) -> Result<(LogicalPlan, bool)> {
    let empty = LogicalPlanBuilder::empty(true).build()?;
    let plain = calls.len() > 1 || numbered;
    let schema = DFSchema::empty();
    let mut sets = Vec::new();
    let mut outputs: Vec<(Expr, String)> = Vec::new();
    for (i, call) in calls.into_iter().enumerate() {
        let column = format!("__call_{i}");
        let field = call.expr.to_field(&schema)?.1;
        let reference = Expr::Column(Column::new_unqualified(&column));
        match field.data_type() {
            DataType::Struct(fields) => {
                for field in fields {
                    let part = get_field().call(vec![reference.clone(), lit(field.name().as_str())]);
                    outputs.push((part, field.name().clone()));
                }
            }
            _ => outputs.push((reference, call.name)),
        }
        // Beside others a function of one row is a set of one.
        let is_set = matches!(&call.expr, Expr::ScalarFunction(c) if marker::list_behind(&c.func).is_some());
        let expr = if plain && !is_set { marker::one_row(call.expr) } else { call.expr };
        sets.push(expr.alias(column));
    }
    let single = outputs.len() == 1 && matches!(outputs[0].0, Expr::Column(_));
    if numbered {
        sets.push(marker::ordinality().alias("__ordinality"));
        outputs.push((Expr::Column(Column::new_unqualified("__ordinality")), "ordinality".to_owned()));
    }
    let named = distinct_names(outputs.iter().map(|(_, name)| name.clone()).collect());
    let outputs: Vec<Expr> = outputs.into_iter().zip(named).map(|((expr, _), name)| expr.alias(name)).collect();
    let plan = LogicalPlanBuilder::from(empty).project(sets)?.project(outputs)?.build()?;
    Ok((plan, single))
}

/// The plan under an alias, whose column list may be shorter than the columns are. A `single` column of a function
/// takes the alias's own name when the alias has none for it.
fn aliased(plan: LogicalPlan, alias: Option<TableAlias>, default: &str, single: bool) -> Result<LogicalPlan> {
    let normal = |ident: &Ident| crate::sql::rewrite::names::folded(ident);
    let (relation, mut names) = match &alias {
        Some(alias) => (normal(&alias.name), alias.columns.iter().map(|c| normal(&c.name)).collect::<Vec<_>>()),
        None => (default.to_owned(), Vec::new()),
    };
    let fields = plan.schema().fields();
    if relation == ROW_OF_SUBQUERY && names.len() != fields.len() {
        let message = if names.len() > fields.len() { "few" } else { "many" };
        return Err(fault(Error::new(sqlstate::SYNTAX_ERROR, format!("subquery has too {message} columns"))));
    }
    if names.len() > fields.len() {
        let message = format!(
            "table \"{relation}\" has {} columns available but {} columns specified",
            fields.len(),
            names.len()
        );
        return Err(fault(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message)));
    }
    if single && alias.is_some() && names.is_empty() {
        names.push(relation.clone());
    }
    names.extend(fields.iter().skip(names.len()).map(|f| f.name().clone()));
    let names = distinct_names(names);
    let columns = plan.schema().columns();
    let same = columns.iter().zip(&names).all(|(column, name)| column.name == *name);
    let builder = LogicalPlanBuilder::from(plan);
    let builder = if same {
        builder
    } else {
        builder.project(columns.into_iter().zip(names).map(|(column, name)| Expr::Column(column).alias(name)))?
    };
    builder.alias(TableReference::bare(relation))?.build()
}
