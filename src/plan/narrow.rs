//! Numerics with a scale each, computed as decimals where the scales follow from the expression.
//!
//! `CASE WHEN … THEN price ELSE 0 END` has two scales, so its column holds values of any digits. Where only the values
//! count (comparisons), or values and the largest scale (`sum`, `avg`), decimals of one scale do, with the scale that
//! each row shows computed beside them.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::{AggregateFunction, Case, ScalarFunction};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, lit};
use datafusion::scalar::ScalarValue;

use super::calls::call;
use crate::catalog::functions::numeric::{common_decimal, precision_scale};
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, numeric_for};
use crate::catalog::functions::{Functions, SCALED_AVERAGE, SCALED_SUM};

/// A numeric as a decimal, and the scale it shows.
struct Narrow {
    value: Expr,
    scale: Expr,
}

/// `sum` and `avg` of what is a decimal with a scale beside it; others as they are.
pub fn aggregate(function: AggregateFunction, schema: &DFSchema, functions: &Functions) -> AggregateFunction {
    let scaled = match function.func.name() {
        "sum" => SCALED_SUM,
        "avg" => SCALED_AVERAGE,
        _ => return function,
    };
    let [argument] = function.params.args.as_slice() else { return function };
    let ordered = function.params.distinct || !function.params.order_by.is_empty();
    if ordered || !is_wide(argument, schema) {
        return function;
    }
    let narrow = narrowed(argument, schema, functions);
    let (Some(Narrow { value, scale }), Some(func)) = (narrow, functions.aggregate.get(scaled)) else {
        return function;
    };
    let mut params = function.params;
    params.args = vec![value, scale];
    AggregateFunction { func: std::sync::Arc::clone(func), params }
}

/// Exact numbers that are compared as decimals; `None` when one of them is none.
pub fn decimals(exprs: &[Expr], schema: &DFSchema, functions: &Functions) -> Option<Vec<Expr>> {
    let one = |expr: &Expr| match expr.to_field(schema).ok()?.1.data_type() {
        t if t.is_integer() => Some(expr.clone()),
        _ => narrowed(expr, schema, functions).map(|narrow| narrow.value),
    };
    exprs.iter().map(one).collect()
}

fn is_wide(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema)
        .is_ok_and(|(_, field)| *field.data_type() == WIDE_NUMERIC && Ty::of_field(&field) == Some(Ty::Numeric))
}

fn narrowed(expr: &Expr, schema: &DFSchema, functions: &Functions) -> Option<Narrow> {
    let narrow = match expr {
        Expr::Alias(alias) => narrowed(&alias.expr, schema, functions)?,
        Expr::Literal(value, _) if value.is_null() => {
            Narrow { value: Expr::Literal(ScalarValue::Decimal128(None, 1, 0), None), scale: lit(0_i32) }
        }
        Expr::Case(case) => branches(case, schema, functions)?,
        Expr::ScalarFunction(function) => of_function(function, schema, functions)?,
        other => decimal(other, schema)?,
    };
    matches!(type_of(&narrow.value, schema)?, DataType::Decimal128(..)).then_some(narrow)
}

/// What is a decimal already.
fn decimal(expr: &Expr, schema: &DFSchema) -> Option<Narrow> {
    let data_type = type_of(expr, schema)?;
    data_type.is_decimal().then(|| Narrow { value: expr.clone(), scale: lit(precision_scale(&data_type).1) })
}

fn of_function(function: &ScalarFunction, schema: &DFSchema, functions: &Functions) -> Option<Narrow> {
    let args = || function.args.iter().map(|arg| narrowed(arg, schema, functions)).collect::<Option<Vec<_>>>();
    let again = |args: Vec<Expr>| function.func.call(args);
    match function.func.name() {
        "cast_numeric" => narrowed(function.args.first()?, schema, functions),
        "coalesce" => coalesce(args()?, schema),
        "numeric_uminus" => {
            let Narrow { value, scale } = args()?.pop()?;
            Some(Narrow { value: again(vec![value]), scale })
        }
        name @ ("numeric_add" | "numeric_sub" | "numeric_mul") => {
            let [a, b] = <[Narrow; 2]>::try_from(args()?).ok()?;
            let scale = match (name, literal(&a.scale), literal(&b.scale)) {
                ("numeric_mul", Some(a), Some(b)) => lit(a + b),
                ("numeric_mul", ..) => call(functions, "int4pl", vec![a.scale, b.scale]),
                (_, Some(a), Some(b)) => lit(a.max(b)),
                _ => call(functions, "greatest", vec![a.scale, b.scale]),
            };
            Some(Narrow { value: again(vec![a.value, b.value]), scale })
        }
        _ => decimal(&Expr::ScalarFunction(function.clone()), schema),
    }
}

fn literal(scale: &Expr) -> Option<i32> {
    match scale {
        Expr::Literal(ScalarValue::Int32(value), None) => *value,
        _ => None,
    }
}

fn coalesce(args: Vec<Narrow>, schema: &DFSchema) -> Option<Narrow> {
    let common = common(args.iter().map(|arg| &arg.value), schema)?;
    let mut whens: Vec<(Box<Expr>, Box<Expr>)> = Vec::with_capacity(args.len());
    let mut scales: Vec<(Box<Expr>, Box<Expr>)> = Vec::with_capacity(args.len());
    for Narrow { value, scale } in args {
        let found = Box::new(value.clone().is_not_null());
        whens.push((found.clone(), Box::new(cast(value, &common))));
        scales.push((found, Box::new(scale)));
    }
    let (Some((_, value)), Some((_, scale))) = (whens.pop(), scales.pop()) else { return None };
    Some(Narrow {
        value: Expr::Case(Case::new(None, whens, Some(value))),
        scale: Expr::Case(Case::new(None, scales, Some(scale))),
    })
}

/// CASE with decimals in its branches, and the same with their scales.
fn branches(case: &Case, schema: &DFSchema, functions: &Functions) -> Option<Narrow> {
    let one = |then: &Expr| narrowed(then, schema, functions);
    let thens = case.when_then_expr.iter().map(|(_, then)| one(then)).collect::<Option<Vec<_>>>()?;
    let otherwise = match &case.else_expr {
        Some(expr) => Some(one(expr)?),
        None => None,
    };
    let common = common(thens.iter().chain(&otherwise).map(|narrow| &narrow.value), schema)?;
    let (mut values, mut scales) = (Vec::with_capacity(thens.len()), Vec::with_capacity(thens.len()));
    for ((when, _), Narrow { value, scale }) in case.when_then_expr.iter().zip(thens) {
        values.push((when.clone(), Box::new(cast(value, &common))));
        scales.push((when.clone(), Box::new(scale)));
    }
    let (value, scale) = match otherwise {
        Some(Narrow { value, scale }) => (Some(Box::new(cast(value, &common))), Some(Box::new(scale))),
        None => (None, Some(Box::new(lit(0_i32)))),
    };
    Some(Narrow {
        value: Expr::Case(Case::new(case.expr.clone(), values, value)),
        scale: Expr::Case(Case::new(case.expr.clone(), scales, scale)),
    })
}

fn common<'a>(mut values: impl Iterator<Item = &'a Expr>, schema: &DFSchema) -> Option<DataType> {
    let first = numeric_for(&type_of(values.next()?, schema)?);
    values.try_fold(first, |common, value| Some(common_decimal(&common, &type_of(value, schema)?)))
}

fn cast(value: Expr, to: &DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(value), to.clone()))
}

fn type_of(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    expr.to_field(schema).ok().map(|(_, field)| field.data_type().clone())
}
