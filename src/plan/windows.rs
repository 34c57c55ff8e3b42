//! Window calls with a frame of their own: their untyped arguments get the types of what they stand beside.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, WindowFunctionDefinition};

use super::PlanEnv;
use super::calls::{cast_to_column, explicit_cast};
use super::literals::{adapt, is_null, is_unknown};
use super::unify::common_field;
use crate::catalog::functions::framed::Framed;
use crate::catalog::functions::ty::Ty;
use crate::error::Error;
use crate::sql::rewrite::frame_spec::{FrameSpec, Units};
use crate::types::PG_TYPMOD_KEY;

/// A window call with its offsets and defaults typed.
pub fn resolve_call(mut call: WindowFunction, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let WindowFunctionDefinition::WindowUDF(function) = &call.fun else {
        return Ok(Transformed::no(Expr::WindowFunction(Box::new(call))));
    };
    let Some(framed) = function.inner().downcast_ref::<Framed>() else {
        return Ok(Transformed::no(Expr::WindowFunction(Box::new(call))));
    };
    let spec = framed.spec().clone();
    let args = std::mem::take(&mut call.params.args);
    let args = with_offsets(args, &spec, schema, env)?;
    call.params.args = with_default(args, &spec, schema, env)?;
    let types: Result<Vec<DataType>> = call.params.args.iter().map(|arg| arg.get_type(schema)).collect();
    if let Ok(types) = types {
        framed.coerced(&types)?;
    }
    Ok(Transformed::yes(Expr::WindowFunction(Box::new(call))))
}

/// A call of a function that hands one of its argument's values on, without the argument's type modifier: the result of
/// a window function or an aggregate has none.
pub fn without_modifier(mut call: WindowFunction, schema: &DFSchema) -> WindowFunction {
    let picks = ["first_value", "last_value", "nth_value", "lag", "lead", "any_value"];
    let name = match &call.fun {
        WindowFunctionDefinition::WindowUDF(function) => match function.inner().downcast_ref::<Framed>() {
            Some(framed) => framed.spec().function.clone(),
            None => function.name().to_owned(),
        },
        WindowFunctionDefinition::AggregateUDF(function) => function.name().to_owned(),
    };
    if picks.contains(&name.as_str())
        && let Some(value) = call.params.args.first_mut()
    {
        unmodified(value, schema);
    }
    call
}

/// Takes the type modifier off an expression.
pub fn unmodified(expr: &mut Expr, schema: &DFSchema) {
    let Ok((_, field)) = expr.to_field(schema) else { return };
    if !field.metadata().contains_key(PG_TYPMOD_KEY) || Ty::of_field(&field) == Some(Ty::Numeric) {
        return;
    }
    let mut metadata = field.metadata().clone();
    metadata.remove(PG_TYPMOD_KEY);
    let to = std::sync::Arc::new(field.as_ref().clone().with_metadata(metadata));
    *expr = Expr::Cast(Cast::new_from_field(Box::new(std::mem::take(expr)), to));
}

/// Untyped offsets read as numbers, or as distances of the ORDER BY column.
fn with_offsets(mut args: Vec<Expr>, spec: &FrameSpec, schema: &DFSchema, env: &PlanEnv) -> Result<Vec<Expr>> {
    let key = args.get(spec.order_at()).and_then(|key| key.to_field(schema).ok());
    let wanted = match (spec.units, key) {
        (Units::Range, Some((_, key))) => Framed::offset_type(key.data_type()).map_err(external)?,
        _ => DataType::Int64,
    };
    let wanted = Field::new("offset", wanted, true);
    for at in [spec.start_at(), spec.end_at()].into_iter().flatten() {
        let Some(arg) = args.get_mut(at) else { continue };
        *arg = adapt(arg.clone(), &wanted, &env.vars.style)?;
        let fractional = |from: &DataType| from.is_floating() || from.is_decimal();
        let counted = spec.units != Units::Range;
        let float = *wanted.data_type() == DataType::Float64;
        if let Ok((_, from)) = arg.to_field(schema)
            && (counted && fractional(from.data_type()) || float && Ty::of_field(&from) == Some(Ty::Numeric))
        {
            let to = std::sync::Arc::new(wanted.clone());
            *arg = explicit_cast(arg.clone(), Some(&from), &to, &env.functions).map_err(external)?;
        }
    }
    Ok(args)
}

/// `lag` and `lead` give values of the common type of their value and their default.
fn with_default(args: Vec<Expr>, spec: &FrameSpec, schema: &DFSchema, env: &PlanEnv) -> Result<Vec<Expr>> {
    if spec.args != 3 || !["lag", "lead"].contains(&spec.function.as_str()) {
        return Ok(args);
    }
    let field = |expr: &Expr| match is_unknown(expr) || is_null(expr) {
        true => None,
        false => expr.to_field(schema).ok().map(|(_, field)| field),
    };
    let fields = [field(&args[0]), field(&args[2])];
    let common = common_field(&spec.function, &fields).map_err(|_| external(mismatch(spec, &args, schema)))?;
    let brought = |expr: Expr, from: &Option<FieldRef>| match from {
        Some(from) if from.data_type() == common.data_type() => Ok(expr),
        Some(from) => cast_to_column(expr, from, &common, &env.functions).map_err(external),
        None if is_null(&expr) => explicit_cast(expr, None, &common, &env.functions).map_err(external),
        None => adapt(expr, &common, &env.vars.style),
    };
    let mut out = Vec::with_capacity(args.len());
    for (i, arg) in args.into_iter().enumerate() {
        out.push(match i {
            0 => brought(arg, &fields[0])?,
            2 => brought(arg, &fields[1])?,
            _ => arg,
        });
    }
    Ok(out)
}

fn mismatch(spec: &FrameSpec, args: &[Expr], schema: &DFSchema) -> Error {
    let name = |expr: &Expr| match expr.to_field(schema) {
        Ok((_, field)) => crate::types::oid::sql_name(crate::types::pg_type(&field).oid).to_owned(),
        Err(_) => "unknown".to_owned(),
    };
    let types: Vec<String> = args[..spec.args].iter().map(name).collect();
    let message = format!("function {}({}) does not exist", spec.function, types.join(", "));
    Error::new(crate::sqlstate::UNDEFINED_FUNCTION, message)
        .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
