//! The pass over a fresh plan that settles what the operator hooks could not see: unknown literals in IN lists,
//! BETWEEN, casts and calls; PostgreSQL's casts; the argument types of its functions.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Between, InList, InSubquery, ScalarFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, ScalarUDF};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::calls::{check_cast, explicit_cast, implicit_temporal, is_reg, is_unbounded_numeric, temporal_cast};
use super::literals::{adapt, fold_number, is_null, is_text, is_unknown, typed, unknown_text};
use super::operators::{comparable, no_operator, plain};
use super::{PlanEnv, records, temporal};
use crate::catalog::functions::ArgType;
use crate::catalog::functions::quantified::{element_type, is_quantified};
use crate::catalog::functions::ty::Ty;
use crate::exec::cancel::StatementCancel;

/// Resolves a plan and the subqueries in it.
pub fn resolve(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        StatementCancel::check(env.config().options())?;
        let schema = merge_schema(&node.inputs());
        let resolved = node.map_expressions(|expr| {
            // A column's name is what it was before its expression was resolved.
            let name = expr.schema_name().to_string();
            let resolved = expr.transform_up(|e| resolve_expr(e, &schema, env))?;
            resolved.map_data(|e| Ok(if keeps_name(&e, &name) { e } else { e.alias(name) }))
        })?;
        let resolved = if resolved.transformed { resolved.map_data(LogicalPlan::recompute_schema)? } else { resolved };
        Ok(match resolved.data {
            LogicalPlan::Sort(sort) => Transformed::yes(LogicalPlan::Sort(temporal::sort(sort, &env.functions))),
            other => Transformed::new(other, resolved.transformed, resolved.tnr),
        })
    })
    .map(|t| t.data)
}

/// Resolves an expression without columns (an argument of a function in FROM).
pub fn resolve_alone(expr: Expr, env: &PlanEnv) -> Result<Expr> {
    let schema = DFSchema::empty();
    expr.transform_up(|e| resolve_expr(e, &schema, env)).map(|t| t.data)
}

/// Whether an expression needs no alias to be known under `name`.
fn keeps_name(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Alias(_) | Expr::Column(_) => true,
        other => other.schema_name().to_string() == name,
    }
}

fn resolve_expr(expr: Expr, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let style = &env.vars.style;
    match expr {
        Expr::Cast(cast) => resolve_cast(cast, schema, env),
        Expr::WindowFunction(call) => {
            super::windows::resolve_call(*call, schema, env)?.transform_data(|call| match call {
                Expr::WindowFunction(call) => Ok(temporal::window(call, schema, &env.functions)),
                other => Ok(Transformed::no(other)),
            })
        }
        Expr::ScalarFunction(call) => resolve_call(call, schema, env),
        Expr::InList(InList { expr, list, negated }) => {
            let Some(field) = field_of(&expr, schema) else {
                return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
            };
            let list = list.into_iter().map(|e| adapt(fold_number(e), &field, style)).collect::<Result<_>>()?;
            let (expr, list) = temporal::in_list(expr, list, schema, &env.functions);
            Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })))
        }
        Expr::BinaryExpr(binary) if temporal::is_comparison(binary.op) => {
            Ok(temporal::comparison(binary, schema, &env.functions))
        }
        Expr::Negative(inner) if temporal::type_of(&inner, schema) == Some(Ty::Interval) => {
            Ok(Transformed::yes(temporal::call("interval_um", *inner, &env.functions)))
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let Some(field) = field_of(&expr, schema) else {
                return Ok(Transformed::no(Expr::Between(Between { expr, negated, low, high })));
            };
            let low = Box::new(adapt(fold_number(*low), &field, style)?);
            let high = Box::new(adapt(fold_number(*high), &field, style)?);
            if let Some(bounds) = temporal::between(&expr, &low, &high, schema, &env.functions) {
                return Ok(Transformed::yes(if negated { Expr::Not(Box::new(bounds)) } else { bounds }));
            }
            Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
        }
        Expr::IsNull(ref inner) | Expr::IsNotNull(ref inner) => match records::null_test(&expr, inner, schema)? {
            Some(test) => Ok(Transformed::yes(test)),
            None => Ok(Transformed::no(expr)),
        },
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let field = subquery.subquery.schema().fields().first().map(Arc::clone);
            let own = field_of(&expr, schema).map(Arc::new);
            let types = (own.as_ref().and_then(|f| Ty::of_field(f)), field.as_ref().and_then(|f| Ty::of_field(f)));
            if let (Some(a), Some(b)) = types
                && !matches!((a, b), (Ty::Unknown, _) | (_, Ty::Unknown))
                && !comparable(a, b)
                && plain(&(own.clone(), field.clone()))
            {
                return Err(no_operator(&BinaryOperator::Eq, &(own, field)));
            }
            let expr = match field.filter(|f| !is_text(f.data_type())) {
                Some(field) => Box::new(adapt(fold_number(*expr), &field, style)?),
                None => expr,
            };
            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// `'text'::type` read now; `$1::type` types the param; everything else casts as PostgreSQL does.
fn resolve_cast(cast: Cast, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let style = &env.vars.style;
    let Cast { expr, field } = cast;
    if is_reg(crate::types::pg_type(&field).oid) && is_unknown(&expr) {
        return Ok(Transformed::yes(explicit_cast(*expr, None, &field, &env.functions)));
    }
    if let Some(text) = unknown_text(&expr).filter(|_| !is_text(field.data_type())) {
        let literal = typed(text, &field, style).map_err(|e| DataFusionError::External(Box::new(e)))?;
        if is_unbounded_numeric(&field) {
            return Ok(Transformed::yes(literal));
        }
        // The literal has the digits it was written with; the type's own scale and width come from the cast.
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(literal), field))));
    }
    if matches!(expr.as_ref(), Expr::Placeholder(p) if p.field.is_none()) {
        let inner = adapt(*expr, &field, style)?;
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(inner), field))));
    }
    let from = expr.to_field(schema).ok().map(|(_, f)| f);
    let same = from.as_ref().is_some_and(|f| f.data_type() == field.data_type() && field.metadata().is_empty());
    if same || is_null(&expr) {
        return Ok(Transformed::no(Expr::Cast(Cast::new_from_field(expr, field))));
    }
    if let Some(from) = &from {
        check_cast(from, &field).map_err(|e| DataFusionError::External(Box::new(e)))?;
    }
    Ok(Transformed::yes(explicit_cast(*expr, from.as_ref(), &field, &env.functions)))
}

/// A call of one of PostgreSQL's functions with its arguments brought to the types of the overload it means.
fn resolve_call(call: ScalarFunction, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let style = &env.vars.style;
    let args: Vec<Expr> = call.args.into_iter().map(fold_number).collect();
    if is_quantified(call.func.name()) {
        return quantified(call.func, args, schema, style).map(Transformed::yes);
    }
    let types: Option<Vec<ArgType>> = args.iter().map(|arg| argument_type(arg, schema)).collect();
    let Some(types) = types else {
        return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args })));
    };
    let function = super::marker::list_behind(&call.func).unwrap_or(&call.func);
    let wanted = match env.functions.coerce_scalar(function.name(), &types) {
        Some(wanted) => wanted.map_err(|e| DataFusionError::External(Box::new(e)))?,
        None => return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args }))),
    };
    let mut cast = Vec::with_capacity(args.len());
    for (arg, data_type) in args.into_iter().zip(wanted) {
        cast.push(bring(arg, data_type, schema, env)?);
    }
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func: call.func, args: cast })))
}

/// `x op ANY (array)`: an unknown side takes the other's type, an array of it or its element.
fn quantified(
    func: Arc<ScalarUDF>,
    args: Vec<Expr>,
    schema: &DFSchema,
    style: &crate::types::TextStyle,
) -> Result<Expr> {
    let Ok([value, list]) = <[Expr; 2]>::try_from(args) else {
        return datafusion::common::internal_err!("a quantified comparison has two sides");
    };
    let field = |expr: &Expr| field_of(expr, schema).filter(|f| *f.data_type() != DataType::Null);
    let (value, list) = match (field(&value), field(&list)) {
        (Some(value_field), None) => {
            let item = Arc::new(value_field.with_name("item").with_nullable(true));
            let list = adapt(list, &Field::new("array", DataType::List(item), true), style)?;
            (value, list)
        }
        (None, Some(list_field)) => match element_type(list_field.data_type()) {
            Some(element) => (adapt(value, &Field::new("element", element, true), style)?, list),
            None => (value, list),
        },
        _ => (value, list),
    };
    Ok(func.call(vec![value, list]))
}

fn argument_type(arg: &Expr, schema: &DFSchema) -> Option<ArgType> {
    if is_unknown(arg) || is_null(arg) || matches!(arg, Expr::Placeholder(p) if p.field.is_none()) {
        return Some(ArgType::Unknown);
    }
    arg.to_field(schema).ok().map(|(_, field)| ArgType::Known(field))
}

/// An argument as a value of `data_type`.
fn bring(arg: Expr, data_type: DataType, schema: &DFSchema, env: &PlanEnv) -> Result<Expr> {
    let ty = Ty::of(&data_type);
    let field: FieldRef = Arc::new(match ty {
        Some(ty @ Ty::TimeTz) => ty.field(),
        _ => Field::new("argument", data_type, true),
    });
    let arg = adapt(arg, &field, &env.vars.style)?;
    let now = arg.to_field(schema).ok().map(|(_, f)| f);
    match now {
        Some(now) if now.data_type() == field.data_type() => Ok(arg),
        Some(now) if is_text(now.data_type()) && is_text(field.data_type()) => Ok(arg),
        Some(now) if let Some((from, to)) = implicit(&now, ty) => Ok(implicit_temporal(arg, from, to, &env.functions)),
        _ => Ok(Expr::Cast(Cast::new(Box::new(arg), field.data_type().clone()))),
    }
}

/// The types between which PostgreSQL casts a date or time by a function.
fn implicit(now: &Field, wanted: Option<Ty>) -> Option<(Ty, Ty)> {
    let (from, to) = (Ty::of_field(now)?, wanted?);
    (from != to && from != Ty::Text && temporal_cast(from, to).is_some()).then_some((from, to))
}

fn field_of(expr: &Expr, schema: &DFSchema) -> Option<Field> {
    if is_unknown(expr) {
        return None;
    }
    expr.to_field(schema).ok().map(|(_, field)| field.as_ref().clone())
}
