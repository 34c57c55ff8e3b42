//! Params: which a plan uses and what their types are.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Cast, ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs};
use datafusion::scalar::ScalarValue;
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;

use super::context::Context;
use super::{PlanEnv, Values};
use crate::catalog::functions::system::reg_input;
use crate::error::{Error, Result};
use crate::exec::apply::templates;
use crate::sqlstate;
use crate::types::input::utf8;
use crate::types::{Format, RawParam, TextStyle, arrow_field, decode_params, oid, pg_type};

/// Most params a statement may have (the protocol counts them in 16 bits).
const MAX_PARAMS: usize = 65_535;

/// The type of every param up to the highest used or declared; one that nothing settles is text.
pub fn collect(plan: &LogicalPlan, declared: &[Option<FieldRef>]) -> Result<Vec<FieldRef>> {
    let mut found: BTreeMap<usize, Option<FieldRef>> = BTreeMap::new();
    let mut bad = None;
    let mut undetermined: Vec<usize> = Vec::new();
    visit(plan, &mut |node| {
        let is_limit = matches!(node, LogicalPlan::Limit(_));
        node.apply_expressions(|expr| {
            expr.apply(|e| {
                if let Expr::IsNull(inner) | Expr::IsNotNull(inner) = e
                    && let Expr::Placeholder(placeholder) = inner.as_ref()
                    && placeholder.field.is_none()
                {
                    undetermined.extend(number(&placeholder.id));
                }
                if let Expr::Placeholder(placeholder) = e {
                    match number(&placeholder.id) {
                        Some(n) => {
                            let slot = found.entry(n).or_default();
                            if slot.is_none() {
                                let bigint = || Arc::new(Field::new("param", DataType::Int64, true));
                                let own = placeholder.field.as_ref().map(Arc::clone);
                                *slot = own.or_else(|| is_limit.then(bigint));
                            }
                        }
                        None => bad = Some(placeholder.id.clone()),
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    if let Some(n) = undetermined.into_iter().find(|n| found.get(n).is_some_and(Option::is_none))
        && declared.get(n - 1).is_none_or(Option::is_none)
    {
        let message = format!("could not determine data type of parameter ${n}");
        return Err(Error::new(sqlstate::INDETERMINATE_DATATYPE, message));
    }
    if let Some(id) = bad {
        return Err(Error::new(sqlstate::UNDEFINED_PARAMETER, format!("there is no parameter {id}")));
    }
    let count = found.keys().next_back().copied().unwrap_or(0).max(declared.len());
    let text = || Arc::new(Field::new("param", DataType::Utf8, true));
    Ok((1..=count)
        .map(|n| {
            let declared = declared.get(n - 1).and_then(|f| f.as_ref().map(Arc::clone));
            declared.or_else(|| found.remove(&n).flatten()).unwrap_or_else(text)
        })
        .collect())
}

/// Visits every node of a plan, those of subqueries and of applied ones too.
fn visit(
    plan: &LogicalPlan,
    of: &mut dyn FnMut(&LogicalPlan) -> datafusion::common::Result<TreeNodeRecursion>,
) -> datafusion::common::Result<TreeNodeRecursion> {
    plan.apply_with_subqueries(|node| {
        for template in templates(node) {
            visit(template, of)?;
        }
        of(node)
    })
}

/// The field of a type that a client declared; `None` for 0 and the pseudo types that leave it open.
pub fn declared(oid: u32) -> Result<Option<FieldRef>> {
    match oid {
        0 | oid::UNKNOWN | oid::VOID => Ok(None),
        oid => Ok(Some(Arc::new(arrow_field(oid, -1)?.with_name("param").with_nullable(true)))),
    }
}

/// The field of a type written in SQL (PREPARE's list).
pub fn of_sql_type(sql_type: &ast::DataType) -> Result<FieldRef> {
    Ok(Arc::new(super::types::field(sql_type)?.with_name("param").with_nullable(true)))
}

/// The values of EXECUTE's arguments, which may be any expressions without columns, cast to the params' types.
pub fn evaluate(arguments: &[ast::Expr], fields: &[FieldRef], env: &PlanEnv) -> Result<Values> {
    let context = Context::new(env);
    let planner = SqlToRel::new_with_options(&context, super::parser_options());
    let schema = DFSchema::empty();
    let mut values = Values::new();
    for (argument, field) in arguments.iter().zip(fields) {
        let mut argument = argument.clone();
        crate::sql::rewrite::apply_to_expr(&mut argument)?;
        let expr = planner.sql_to_expr(argument, &schema, &mut PlannerContext::new())?;
        let expr = super::literals::adapt(expr, field, &env.vars.style)?;
        let cast = Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::clone(field)));
        let cast = super::resolve::resolve_alone(cast, env)?;
        match super::literals::fold_arguments(vec![cast], env)?.pop() {
            Some(Expr::Literal(value, _)) => values.push(value),
            _ => {
                return Err(Error::unsupported("an argument of EXECUTE is not a constant expression"));
            }
        }
    }
    Ok(values)
}

/// The bound values, read as their types; `catalog` is asked for only where a value names an object. Errors name the
/// param.
pub fn decode(
    fields: &[FieldRef],
    raw: &[RawParam],
    style: &TextStyle,
    catalog: impl FnOnce() -> PlanEnv,
) -> Result<Values> {
    if !fields.iter().zip(raw).any(|(field, param)| is_named(pg_type(field).oid, param)) {
        return decode_plain(fields, raw, style);
    }
    let plain = |(field, param): (&FieldRef, &RawParam)| match is_named(pg_type(field).oid, param) {
        true => RawParam { bytes: None, format: param.format },
        false => param.clone(),
    };
    let plain: Vec<RawParam> = fields.iter().zip(raw).map(plain).collect();
    let mut values = decode_plain(fields, &plain, style)?;
    let env = catalog();
    for ((field, param), value) in fields.iter().zip(raw).zip(&mut values) {
        let oid = pg_type(field).oid;
        if is_named(oid, param) {
            *value = object(oid, param, &env)?;
        }
    }
    Ok(values)
}

/// The values that are read without the catalog.
fn decode_plain(fields: &[FieldRef], raw: &[RawParam], style: &TextStyle) -> Result<Values> {
    let oids: Vec<u32> = fields.iter().map(|f| pg_type(f).oid).collect();
    let arrays = decode_params(&oids, raw, style)?;
    let read = |(field, array): (&FieldRef, ArrayRef)| -> Result<ScalarValue> {
        let value = ScalarValue::try_from_array(&array, 0)?;
        if is_numeric(&value.data_type()) && !value.is_null() {
            // A numeric keeps the digits it was sent with; the statement is planned again for its scale.
            return Ok(value);
        }
        Ok(value.cast_to(field.data_type()).unwrap_or(value))
    };
    fields.iter().zip(arrays).map(read).collect()
}

/// Whether a value is text of a type whose names the catalog knows (`regclass`, …).
fn is_named(oid: u32, param: &RawParam) -> bool {
    param.format == Format::Text && param.bytes.is_some() && reg_input(oid).is_some()
}

/// The number of the object, or the numbers of the objects, that a value names.
fn object(oid: u32, param: &RawParam, env: &PlanEnv) -> Result<ScalarValue> {
    let (Some(bytes), Some(read)) = (&param.bytes, reg_input(oid)) else { return Ok(ScalarValue::Null) };
    let text = ScalarValue::Utf8(Some(utf8(bytes)?.to_owned()));
    let field = Arc::new(Field::new("text", DataType::Utf8, false));
    let arg_fields = vec![field];
    let types = ReturnFieldArgs { arg_fields: &arg_fields, scalar_arguments: &[Some(&text)] };
    let return_field = read.return_field_from_args(types)?;
    let config_options = Arc::clone(env.config().options());
    let args = vec![ColumnarValue::Scalar(text.clone())];
    let call =
        ScalarFunctionArgs { args, arg_fields: arg_fields.clone(), number_rows: 1, return_field, config_options };
    match read.invoke_with_args(call)? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(array) => Ok(ScalarValue::try_from_array(&array, 0)?),
    }
}

/// The fields with the types of the values, where a numeric's scale makes them differ; `None` when none does.
#[must_use]
pub fn refined(fields: &[FieldRef], values: &Values) -> Option<Vec<Option<FieldRef>>> {
    let differs = |(field, value): (&FieldRef, &ScalarValue)| {
        is_numeric(field.data_type()) && *field.data_type() != value.data_type()
    };
    if !fields.iter().zip(values).any(differs) {
        return None;
    }
    let refine = |(field, value): (&FieldRef, &ScalarValue)| {
        let refined = if differs((field, value)) {
            Arc::new(field.as_ref().clone().with_data_type(value.data_type()))
        } else {
            Arc::clone(field)
        };
        Some(refined)
    };
    Some(fields.iter().zip(values).map(refine).collect())
}

fn is_numeric(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(..) | DataType::Decimal256(..) | DataType::LargeBinary)
}

/// The number in `$n`; `None` when it is not a number that a param can have.
fn number(id: &str) -> Option<usize> {
    id.strip_prefix('$')?.parse().ok().filter(|n| (1..=MAX_PARAMS).contains(n))
}
