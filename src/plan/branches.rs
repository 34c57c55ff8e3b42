//! One type for several expressions: the branches of CASE, the arguments of COALESCE, …
//!
//! PostgreSQL's rules (`select_common_type`): untyped literals take part last, types of one category settle on the one
//! that the others become without being asked, and different categories are `42804`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::PlanEnv;
use super::array_cast::array_cast;
use super::calls::{call, explicit_cast, without_padding};
use super::literals::{adapt, fold_number, innermost, is_null, is_unknown};
use super::operators::check_comparable;
use super::unify::common_field;
use super::{temporal, wide};
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, element_field, with_leaf};
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PG_TYPE_KEY, oid, pg_type};

/// Expressions of one type, and that type where it is known.
type Unified = (Vec<Expr>, Option<FieldRef>);

/// CASE with its results brought to one type, and its operand comparable with what it is compared to.
pub fn case(case: Case, schema: &DFSchema, env: &PlanEnv) -> Result<Expr> {
    let Case { expr, when_then_expr, else_expr } = case;
    let (whens, thens): (Vec<Expr>, Vec<Expr>) = when_then_expr.into_iter().map(|(w, t)| (*w, *t)).unzip();
    if expr.is_none()
        && let Some(field) = whens.iter().filter_map(|w| known(w, schema)).find(|f| *f.data_type() != DataType::Boolean)
    {
        let name = oid::sql_name(pg_type(&field).oid);
        let message = format!("argument of CASE/WHEN must be type boolean, not type {name}");
        return Err(external(Error::new(sqlstate::DATATYPE_MISMATCH, message)));
    }
    let (expr, whens) = match expr {
        Some(operand) => {
            let mut all = compared(*operand, whens, schema, env)?;
            (Some(Box::new(all.remove(0))), all)
        }
        None => (None, whens),
    };
    let count = thens.len();
    // The ELSE branch comes first: it decides when nothing else does.
    let results = else_expr.into_iter().map(|e| *e).chain(thens).collect::<Vec<_>>();
    let has_else = results.len() > count;
    let (mut results, common) = one_type("CASE", results, schema, env)?;
    let otherwise = has_else.then(|| Box::new(results.remove(0)));
    let pairs = whens.into_iter().zip(results).map(|(w, t)| (Box::new(w), Box::new(t))).collect();
    let case = temporal::case(Case::new(expr, pairs, otherwise), schema, &env.functions).data;
    Ok(kept(case, common.as_ref(), schema))
}

/// COALESCE, GREATEST and LEAST of arguments of one type; NULLIF, which compares its arguments and gives the first.
pub fn unified(name: &str, args: Vec<Expr>, schema: &DFSchema, env: &PlanEnv) -> Result<Expr> {
    if name != "nullif" {
        let (args, common) = one_type(&name.to_uppercase(), args, schema, env)?;
        return Ok(kept(call(&env.functions, name, args), common.as_ref(), schema));
    }
    let Ok([value, other]) = <[Expr; 2]>::try_from(args) else {
        return Err(external(Error::new(sqlstate::SYNTAX_ERROR, "NULLIF takes two arguments")));
    };
    let (value, other) = match (known(&value, schema), known(&other, schema)) {
        (Some(field), None) => (value, adapt(other, &field, &env.vars.style)?),
        (None, Some(field)) => (adapt(value, &field, &env.vars.style)?, other),
        _ => (value, other),
    };
    check_comparable(&BinaryOperator::Eq, &(known(&value, schema), known(&other, schema)))?;
    if let Some(times) = temporal::null_if(&[value.clone(), other.clone()], schema, &env.functions) {
        return Ok(times);
    }
    let (value, other) = match number_types(&value, &other, schema) {
        Some((a, b)) => compared_numbers((value, a), (other, b), schema, env)?,
        None if is_null(&value) => (null_of(&other, schema), other),
        None => (value, other),
    };
    let result = fold_number(value);
    let sides = wide::comparable(vec![result.clone(), fold_number(other)], schema, &env.functions)?;
    let Ok([left, right]) = <[Expr; 2]>::try_from(sides) else {
        return datafusion::common::internal_err!("NULLIF compares two values");
    };
    let equal = left.eq(right);
    let null = Box::new(null_of(&result, schema));
    let own = known(&result, schema);
    let case = Expr::Case(Case::new(None, vec![(Box::new(equal), null)], Some(Box::new(result))));
    Ok(kept(case, own.as_ref(), schema))
}

/// The types of two numbers.
fn number_types(a: &Expr, b: &Expr, schema: &DFSchema) -> Option<(Ty, Ty)> {
    let number = |e: &Expr| known(e, schema).and_then(|f| Ty::of_field(&f)).filter(|ty| ty.category() == 'N');
    Some((number(a)?, number(b)?))
}

/// Two numbers of the types that PostgreSQL's `=` for them takes: it has one for every two integers and every two
/// floats, and any other pair is compared as `numeric` or as `double precision`.
fn compared_numbers(
    (value, a): (Expr, Ty),
    (other, b): (Expr, Ty),
    schema: &DFSchema,
    env: &PlanEnv,
) -> Result<(Expr, Expr)> {
    let float = |ty| matches!(ty, Ty::Float4 | Ty::Float8);
    let integer = |ty| matches!(ty, Ty::Int2 | Ty::Int4 | Ty::Int8);
    if a == b && !float(a) && a != Ty::Numeric || integer(a) && integer(b) || float(a) && float(b) {
        return Ok((value, other));
    }
    if float(a) || float(b) {
        let to = Arc::new(Ty::Float8.field());
        let cast = |e: Expr| {
            let from = known(&e, schema);
            explicit_cast(e, from.as_ref(), &to, &env.functions).map_err(external)
        };
        return Ok((cast(value)?, cast(other)?));
    }
    match <[Expr; 2]>::try_from(one_type("NULLIF", vec![value, other], schema, env)?.0) {
        Ok([value, other]) => Ok((value, other)),
        Err(_) => datafusion::common::internal_err!("NULLIF compares two values"),
    }
}

/// NULL of an expression's type.
fn null_of(expr: &Expr, schema: &DFSchema) -> Expr {
    let Ok((_, field)) = expr.to_field(schema) else { return Expr::Literal(ScalarValue::Null, None) };
    let null = ScalarValue::try_from(field.data_type()).unwrap_or(ScalarValue::Null);
    // Plans are resolved more than once: the NULL must go on saying which type it has.
    Expr::Literal(null, Some(FieldMetadata::from(field.as_ref())))
}

/// Expressions brought to the type they have in common; `what` is named in the error when they have none.
pub fn one_type(what: &str, exprs: Vec<Expr>, schema: &DFSchema, env: &PlanEnv) -> Result<Unified> {
    let exprs: Vec<Expr> = exprs.into_iter().map(fold_number).collect();
    let fields: Vec<Option<FieldRef>> = exprs.iter().map(|e| known(e, schema)).collect();
    let Some(mut common) = common(what, &fields)? else { return Ok((exprs, None)) };
    if common.data_type().is_decimal() && exprs.iter().any(is_unknown) {
        // An untyped literal may have any digits.
        common = Arc::new(common.as_ref().clone().with_data_type(WIDE_NUMERIC));
    }
    let style = &env.vars.style;
    let one = |(expr, field): (Expr, Option<FieldRef>)| -> Result<Expr> {
        let Some(field) = field else {
            let null = ScalarValue::try_from(common.data_type()).unwrap_or(ScalarValue::Null);
            let adapted = if is_null(&expr) { Expr::Literal(null, None) } else { adapt(expr, &common, style)? };
            let wide = *common.data_type() == WIDE_NUMERIC && !is_null(&adapted);
            return Ok(if wide { wide::widened(adapted, schema, &env.functions) } else { adapted });
        };
        if field.data_type() == common.data_type() {
            return Ok(without_padding(expr, &field, &common, &env.functions));
        }
        let expr = match array_cast(expr, &field, &common, &env.functions)? {
            Ok(planned) => return Ok(planned),
            Err(expr) => expr,
        };
        match (Ty::of_field(&field), Ty::of_field(&common)) {
            (Some(Ty::Numeric | Ty::Int2 | Ty::Int4 | Ty::Int8), Some(Ty::Numeric)) => {
                if *common.data_type() == WIDE_NUMERIC {
                    return Ok(wide::widened(expr, schema, &env.functions));
                }
                Ok(Expr::Cast(Cast::new(Box::new(expr), common.data_type().clone())))
            }
            (Some(from), Some(to)) if from == to => Ok(without_padding(expr, &field, &common, &env.functions)),
            _ => explicit_cast(expr, Some(&field), &common, &env.functions).map_err(external),
        }
    };
    let exprs = exprs.into_iter().zip(fields).map(one).collect::<Result<Vec<_>>>()?;
    Ok((exprs, Some(common)))
}

/// The field of the common type; `None` when no type is known.
fn common(what: &str, fields: &[Option<FieldRef>]) -> Result<Option<FieldRef>> {
    match fields.iter().flatten().next() {
        Some(_) => common_field(what, fields).map(Some).map_err(external),
        None => Ok(None),
    }
}

/// A result with the type that its branches have in common, where Arrow's type does not say it.
fn kept(expr: Expr, common: Option<&FieldRef>, schema: &DFSchema) -> Expr {
    let (Some(common), Ok((_, field))) = (common, expr.to_field(schema)) else { return expr };
    if element_field(field.data_type()).is_some() && pg_type(common).oid != pg_type(&field).oid {
        // An array's type is told by its elements.
        let data_type = with_leaf(field.data_type(), innermost(common));
        let to = common.as_ref().clone().with_data_type(data_type);
        return Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(to)));
    }
    if !common.metadata().contains_key(PG_TYPE_KEY) {
        return expr;
    }
    let to = common.as_ref().clone().with_data_type(field.data_type().clone());
    Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(to)))
}

/// An operand and what it is compared with, untyped literals read as its type.
fn compared(operand: Expr, others: Vec<Expr>, schema: &DFSchema, env: &PlanEnv) -> Result<Vec<Expr>> {
    let field = known(&operand, schema);
    let adapted = others.into_iter().map(|e| match &field {
        Some(field) => adapt(fold_number(e), field, &env.vars.style),
        None => Ok(e),
    });
    let all = std::iter::once(Ok(operand)).chain(adapted).collect::<Result<Vec<_>>>()?;
    wide::comparable(all, schema, &env.functions)
}

/// The field of an expression whose type is known.
fn known(expr: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    if is_unknown(expr) || is_null(expr) || matches!(expr, Expr::Placeholder(p) if p.field.is_none()) {
        return None;
    }
    expr.to_field(schema).ok().map(|(_, field)| field).filter(|f| *f.data_type() != DataType::Null)
}

/// The field that CASE will have once it is resolved: DataFusion's has the Arrow type of a branch and nothing more.
#[must_use]
pub fn case_field(case: &Case, schema: &DFSchema) -> Option<FieldRef> {
    let results = case.else_expr.iter().chain(case.when_then_expr.iter().map(|(_, then)| then));
    let fields: Vec<Option<FieldRef>> = results.map(|e| super::operators::known(e, schema)).collect();
    common("CASE", &fields).ok().flatten()
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
