//! The pass over a fresh plan that settles what the operator hooks could not see: unknown literals in IN lists,
//! BETWEEN, casts and calls; PostgreSQL's casts; the argument types of its functions.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Between, InList, InSubquery, ScalarFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, ScalarUDF};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::array_cast::array_cast;
use super::array_literal;
use super::calls::{explicit_cast, implicit_temporal, is_reg, is_unbounded_numeric, temporal_cast};
use super::json_casts::json_cast;
use super::literals::{adapt, fold_number, is_null, is_read, is_text, is_unknown, typed, unknown_text};
use super::operators::{check_comparable, comparable, has_documents, no_operator, plain};
use super::subscripts::{is_subscript, subscript};
use super::{PlanEnv, branches, calls, lengths, marker, narrow, patterns, records, temporal, wide};
use crate::catalog::functions::arrays::FILL;
use crate::catalog::functions::quantified::{element_type, is_quantified};
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, element_field, with_leaf};
use crate::catalog::functions::{ArgType, Functions, JSON_VALUE, TYPE_OF, typed_arguments};
use crate::error::Error;
use crate::exec::cancel::StatementCancel;
use crate::sql::rewrite::casts::NAMED_CAST;
use crate::sql::rewrite::conditions;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// Functions that see `char(n)` with its trailing spaces: it is not made text for them.
const KEEPS_PADDING: [&str; 13] = [
    "bpchar_cut",
    "bpchar_assign",
    "bpchar_trim",
    "cast_text",
    "char_cut",
    "coalesce",
    "greatest",
    "least",
    "octet_length",
    "textregexeq",
    "textregexne",
    "texticregexeq",
    "texticregexne",
];

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
        resolved.transform_data(|node| lengths::compared(node, &env.functions))
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

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn resolve_expr(expr: Expr, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let style = &env.vars.style;
    match expr {
        Expr::Cast(cast) => resolve_cast(cast, schema, env),
        Expr::WindowFunction(call) => {
            let call = super::windows::without_modifier(*call, schema);
            super::windows::resolve_call(call, schema, env)?.transform_data(|call| match call {
                Expr::WindowFunction(call) => Ok(temporal::window(call, schema, &env.functions)),
                other => Ok(Transformed::no(other)),
            })
        }
        Expr::ScalarFunction(call) => resolve_call(call, schema, env),
        Expr::InList(test) => in_list(test, schema, env),
        Expr::AggregateFunction(function) => {
            lengths::of_aggregate(narrow::aggregate(function, schema, &env.functions), schema, &env.functions)
        }
        Expr::BinaryExpr(binary) if temporal::is_comparison(binary.op) => {
            match temporal::comparison(binary, schema, &env.functions) {
                Transformed { data: Expr::BinaryExpr(binary), transformed: false, .. } => {
                    wide::comparison(binary, schema, &env.functions)
                }
                compared => Ok(compared),
            }
        }
        Expr::Between(between) => self::between(between, schema, env),
        Expr::IsNull(ref inner) | Expr::IsNotNull(ref inner) => match records::null_test(&expr, inner, schema)? {
            Some(test) => Ok(Transformed::yes(test)),
            None => Ok(Transformed::no(expr)),
        },
        Expr::InSubquery(test) => in_subquery(test, schema, style).map(Transformed::yes),
        Expr::Negative(inner) => Ok(match negation(&inner, schema) {
            Some(name) => Transformed::yes(calls::call(&env.functions, name, vec![*inner])),
            None => Transformed::no(Expr::Negative(inner)),
        }),
        Expr::Like(like) => patterns::like(like, schema, &env.functions),
        Expr::Case(case) => branches::case(case, schema, env).map(Transformed::yes),
        other => Ok(Transformed::no(other)),
    }
}

/// The function behind a minus sign before a number.
fn negation(expr: &Expr, schema: &DFSchema) -> Option<&'static str> {
    let (_, field) = expr.to_field(schema).ok()?;
    Some(match Ty::of_field(&field)? {
        Ty::Int2 => "int2um",
        Ty::Int4 => "int4um",
        Ty::Int8 => "int8um",
        Ty::Float4 => "float4um",
        Ty::Float8 => "float8um",
        Ty::Numeric => "numeric_uminus",
        Ty::Interval => "interval_um",
        _ => return None,
    })
}

/// `'text'::type` read now; `$1::type` types the param; everything else casts as PostgreSQL does.
fn resolve_cast(cast: Cast, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let style = &env.vars.style;
    let whole = matches!(cast.expr.as_ref(), Expr::Literal(ScalarValue::Int64(_) | ScalarValue::UInt64(_), None));
    let Cast { expr, field } = match if whole { fold_number(Expr::Cast(cast)) } else { Expr::Cast(cast) } {
        Expr::Cast(cast) => cast,
        literal => return Ok(Transformed::yes(literal)),
    };
    if is_reg(crate::types::pg_type(&field).oid) && is_unknown(&expr) {
        let cast = explicit_cast(*expr, None, &field, &env.functions).map_err(external)?;
        return Ok(Transformed::yes(cast));
    }
    if let Some(text) = unknown_text(&expr).filter(|_| is_read(&field)) {
        let literal = typed(text, &field, style).map_err(|e| DataFusionError::External(Box::new(e)))?;
        if is_unbounded_numeric(&field) {
            return Ok(Transformed::yes(literal));
        }
        let from = literal.to_field(schema)?.1;
        let literal = match array_cast(literal, &from, &field, &env.functions)? {
            Ok(planned) => return Ok(Transformed::yes(planned)),
            Err(literal) => literal,
        };
        if matches!(Ty::of_field(&field), Some(Ty::Numeric | Ty::Bits)) {
            let own = literal.to_field(schema)?.1;
            let sized = explicit_cast(literal, Some(&own), &field, &env.functions).map_err(external)?;
            return Ok(Transformed::yes(sized));
        }
        // The literal has the digits it was written with; the type's own scale and width come from the cast.
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(literal), field))));
    }
    if matches!(expr.as_ref(), Expr::Placeholder(p) if p.field.is_none()) {
        let inner = adapt(*expr, &field, style)?;
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(inner), field))));
    }
    let from = expr.to_field(schema).ok().map(|(_, f)| f);
    let same = from
        .as_ref()
        .is_some_and(|f| f.data_type() == field.data_type() && field.metadata().is_empty() && !wide::is_padded(f));
    if same || is_null(&expr) {
        return Ok(Transformed::no(Expr::Cast(Cast::new_from_field(expr, field))));
    }
    let expr = match &from {
        Some(from) => match own_cast(*expr, from, &field, &env.functions)? {
            Ok(planned) => return Ok(Transformed::yes(planned)),
            Err(expr) => expr,
        },
        None => *expr,
    };
    explicit_cast(expr, from.as_ref(), &field, &env.functions).map(Transformed::yes).map_err(external)
}

/// A cast of json or of arrays; `Err` gives the expression back when it is neither.
pub fn own_cast(expr: Expr, from: &FieldRef, to: &FieldRef, functions: &Functions) -> Result<Result<Expr, Expr>> {
    match json_cast(expr, from, to, functions)? {
        Ok(planned) => Ok(Ok(planned)),
        Err(expr) => array_cast(expr, from, to, functions),
    }
}

/// A call of one of PostgreSQL's functions with its arguments brought to the types of the overload it means.
fn resolve_call(call: ScalarFunction, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    if call.func.name() == NAMED_CAST
        && let Some(cast) = call.args.first()
    {
        return Ok(Transformed::yes(cast.clone()));
    }
    let style = &env.vars.style;
    let args: Vec<Expr> = call.args.into_iter().map(fold_number).collect();
    if let Some(clause) = call.func.name().strip_prefix(conditions::PREFIX) {
        return condition(args, clause, schema, style).map(Transformed::yes);
    }
    if call.func.name() == "nullif"
        && let Some(case) = temporal::null_if(&args, schema, &env.functions)
    {
        return Ok(Transformed::yes(case));
    }
    if marker::is_unified(&call.func) {
        return branches::unified(call.func.name(), args, schema, env).map(Transformed::yes);
    }
    if is_quantified(call.func.name()) {
        return quantified(call.func, args, schema, env).map(Transformed::yes);
    }
    let types: Option<Vec<ArgType>> = args.iter().map(|arg| argument_type(arg, schema)).collect();
    let Some(types) = types else {
        return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args })));
    };
    if call.func.name() == TYPE_OF && args.len() == 1 {
        return Ok(Transformed::yes(call.func.call(type_of(args, &types))));
    }
    if call.func.name() == FILL {
        return resolve_again(array_literal::fill(args, env)?, schema, env);
    }
    let args = match subscript(call.func.name(), args, &types, &env.functions, style)? {
        Ok(planned) => return resolve_again(planned, schema, env),
        Err(args) if is_subscript(call.func.name()) => return Ok(Transformed::yes(call.func.call(args))),
        Err(args) => args,
    };
    let function = super::marker::list_behind(&call.func).unwrap_or(&call.func);
    let wanted = match env.functions.coerce_scalar(function.name(), &types) {
        Some(wanted) => wanted.map_err(|e| DataFusionError::External(Box::new(e)))?,
        None => return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args }))),
    };
    let mut cast = Vec::with_capacity(args.len());
    for (arg, field) in args.into_iter().zip(wanted) {
        cast.push(typed_subquery(bring(arg, &field, function.name(), schema, env)?, schema, env));
    }
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func: call.func, args: cast })))
}

/// A subquery's json as a function sees it: what a join makes of a subquery tells no type but Arrow's.
fn typed_subquery(arg: Expr, schema: &DFSchema, env: &PlanEnv) -> Expr {
    let field = if matches!(arg, Expr::ScalarSubquery(_)) { field_of(&arg, schema) } else { None };
    match field.and_then(|field| Ty::of_field(&field)) {
        Some(Ty::Json) => calls::call(&env.functions, JSON_VALUE.0, vec![arg]),
        Some(Ty::Jsonb) => calls::call(&env.functions, JSON_VALUE.1, vec![arg]),
        _ => arg,
    }
}

/// The arguments of `pg_typeof` with the type it is to tell.
fn type_of(args: Vec<Expr>, types: &[ArgType]) -> Vec<Expr> {
    let oid = match types.first() {
        Some(ArgType::Known(field)) if *field.data_type() != DataType::Null => pg_type(field).oid,
        _ => oid::UNKNOWN,
    };
    args.into_iter().flat_map(|value| typed_arguments(oid, value)).collect()
}

/// A call that stands for another one.
fn resolve_again(expr: Expr, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    match expr {
        Expr::ScalarFunction(call) => resolve_call(call, schema, env),
        other => Ok(Transformed::yes(other)),
    }
}

/// A clause's condition without its mark; `42804` when it is not boolean.
fn condition(args: Vec<Expr>, clause: &str, schema: &DFSchema, style: &crate::types::TextStyle) -> Result<Expr> {
    let Ok([value]) = <[Expr; 1]>::try_from(args) else {
        return datafusion::common::internal_err!("a condition is one expression");
    };
    let boolean = Field::new("condition", DataType::Boolean, true);
    let value = adapt(value, &boolean, style)?;
    match value.to_field(schema) {
        Ok((_, field)) if !matches!(field.data_type(), DataType::Boolean | DataType::Null) => {
            let name = crate::types::oid::sql_name(crate::types::pg_type(&field).oid);
            let message = format!("argument of {clause} must be type boolean, not type {name}");
            let error = Error::new(sqlstate::DATATYPE_MISMATCH, message);
            Err(DataFusionError::External(Box::new(error)))
        }
        Ok((_, field)) if *field.data_type() == DataType::Null => {
            Ok(Expr::Literal(datafusion::scalar::ScalarValue::Boolean(None), None))
        }
        _ => Ok(value),
    }
}

/// `expr IN (list)`: the list's unknown literals take the type of `expr`.
fn in_list(test: InList, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let InList { expr, list, negated } = test;
    let Some(field) = field_of(&expr, schema) else {
        return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
    };
    let style = &env.vars.style;
    let list: Vec<Expr> = list.into_iter().map(|e| adapt(fold_number(e), &field, style)).collect::<Result<_>>()?;
    let own = Some(Arc::new(field));
    for item in &list {
        let item = field_of(item, schema).filter(|f| !f.data_type().is_null()).map(Arc::new);
        check_comparable(&BinaryOperator::Eq, &(own.clone(), item))?;
    }
    let (expr, list) = as_intervals(expr, list, schema, env);
    let (expr, list) = temporal::in_list(expr, list, schema, &env.functions);
    let mut all = wide::comparable(std::iter::once(*expr).chain(list).collect(), schema, &env.functions)?;
    let expr = Box::new(all.remove(0));
    Ok(Transformed::yes(Expr::InList(InList { expr, list: all, negated })))
}

/// Times as intervals in a list that has both.
fn as_intervals(expr: Box<Expr>, list: Vec<Expr>, schema: &DFSchema, env: &PlanEnv) -> (Box<Expr>, Vec<Expr>) {
    let type_of = |e: &Expr| field_of(e, schema).and_then(|f| Ty::of_field(&f));
    let has = |wanted: Ty| std::iter::once(expr.as_ref()).chain(&list).any(|e| type_of(e) == Some(wanted));
    if !has(Ty::Interval) || !has(Ty::Time) {
        return (expr, list);
    }
    let made = |e: Expr| match type_of(&e) {
        Some(Ty::Time) => implicit_temporal(e, Ty::Time, Ty::Interval, &env.functions),
        _ => e,
    };
    (Box::new(made(*expr)), list.into_iter().map(made).collect())
}

/// `expr BETWEEN low AND high`: unknown bounds take the type of `expr`.
fn between(between: Between, schema: &DFSchema, env: &PlanEnv) -> Result<Transformed<Expr>> {
    let Between { expr, negated, low, high } = between;
    let Some(field) = field_of(&expr, schema) else {
        return Ok(Transformed::no(Expr::Between(Between { expr, negated, low, high })));
    };
    let style = &env.vars.style;
    let low = adapt(fold_number(*low), &field, style)?;
    let high = adapt(fold_number(*high), &field, style)?;
    if let Some(bounds) = temporal::between(&expr, &low, &high, schema, &env.functions) {
        return Ok(Transformed::yes(if negated { Expr::Not(Box::new(bounds)) } else { bounds }));
    }
    let all = wide::comparable(vec![*expr, low, high], schema, &env.functions)?;
    let Ok([expr, low, high]) = <[Expr; 3]>::try_from(all) else {
        return datafusion::common::internal_err!("BETWEEN has three operands");
    };
    let (expr, low, high) = (Box::new(expr), Box::new(low), Box::new(high));
    Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
}

/// `expr IN (subquery)`: an unknown left side takes the type of the subquery's column, which it must be comparable with.
fn in_subquery(test: InSubquery, schema: &DFSchema, style: &crate::types::TextStyle) -> Result<Expr> {
    let InSubquery { expr, subquery, negated } = test;
    // What has no type in a SELECT list is text.
    let typed = |field: &FieldRef| match field.data_type() {
        DataType::Null => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        _ => Arc::clone(field),
    };
    let field = subquery.subquery.schema().fields().first().map(typed);
    let own = field_of(&expr, schema).filter(|f| !f.data_type().is_null()).map(Arc::new);
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
    Ok(Expr::InSubquery(InSubquery { expr, subquery, negated }))
}

/// `x op ANY (array)`: an unknown side takes the other's type, an array of it or its element.
fn quantified(func: Arc<ScalarUDF>, args: Vec<Expr>, schema: &DFSchema, env: &PlanEnv) -> Result<Expr> {
    let style = &env.vars.style;
    let Ok([value, list]) = <[Expr; 2]>::try_from(args) else {
        return datafusion::common::internal_err!("a quantified comparison has two sides");
    };
    let field = |expr: &Expr| field_of(expr, schema).filter(|f| *f.data_type() != DataType::Null);
    let symbol = func.name().get(4..).unwrap_or_default().to_owned();
    let element = field(&list).and_then(|f| innermost(&f)).filter(|item| !item.data_type().is_null());
    if field(&list).is_none_or(|f| element_field(f.data_type()).is_some()) {
        check_comparable(&BinaryOperator::Custom(symbol), &(field(&value).map(Arc::new), element))?;
    }
    if field(&list).is_some_and(|f| has_documents(&f))
        || field(&value).is_some_and(|f| Ty::of_field(&f) == Some(Ty::Jsonb))
    {
        return Err(external(Error::unsupported("comparisons with the elements of jsonb arrays are not supported")));
    }
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
    let (value, list) = alike_in_list(value, list, schema, env)?;
    Ok(func.call(vec![value, list]))
}

/// A quantified comparison's sides as values of one type, where Arrow would compare them otherwise: `char(n)` as the text
/// it is, a time beside an interval as an interval.
fn alike_in_list(value: Expr, list: Expr, schema: &DFSchema, env: &PlanEnv) -> Result<(Expr, Expr)> {
    let functions = &env.functions;
    // A bare string has become text by now.
    let own = value.to_field(schema).ok().map(|(_, field)| field);
    let (Some(own), Some(list_field)) = (own, field_of(&list, schema).map(Arc::new)) else {
        return Ok((value, list));
    };
    let Some(item) = innermost(&list_field) else { return Ok((value, list)) };
    let as_list = |list: Expr, element: Field| -> Result<Expr> {
        let element = element.with_name("item").with_nullable(true);
        let to = Field::new("array", with_leaf(list_field.data_type(), &element), true);
        array_cast(list, &list_field, &Arc::new(to), functions)?.or_else(Ok)
    };
    let bare = is_unknown(&value) && wide::is_padded(&item);
    let trimmed = |value: Expr| match wide::is_padded(&own) || bare {
        true => calls::call(functions, "bpchar_trim", vec![value]),
        false => value,
    };
    Ok(match (Ty::of_field(&own), Ty::of_field(&item)) {
        (Some(Ty::Text), Some(Ty::Text)) if wide::is_padded(&item) => {
            (trimmed(value), as_list(list, Field::new("item", DataType::Utf8, true))?)
        }
        (Some(Ty::Text), _) => (trimmed(value), list),
        (Some(Ty::Interval), Some(Ty::Time)) => (value, as_list(list, Ty::Interval.field())?),
        (Some(Ty::Time), Some(Ty::Interval)) => (implicit_temporal(value, Ty::Time, Ty::Interval, functions), list),
        _ => (value, list),
    })
}

/// The innermost element of an array.
fn innermost(field: &Field) -> Option<FieldRef> {
    let item = element_field(field.data_type())?;
    innermost(item).or_else(|| Some(Arc::clone(item)))
}

fn argument_type(arg: &Expr, schema: &DFSchema) -> Option<ArgType> {
    if is_unknown(arg) || is_null(arg) || matches!(arg, Expr::Placeholder(p) if p.field.is_none()) {
        return Some(ArgType::Unknown);
    }
    arg.to_field(schema).ok().map(|(_, field)| ArgType::Known(field))
}

/// An argument as a value of a field's type, for the function `name`.
fn bring(arg: Expr, field: &FieldRef, name: &str, schema: &DFSchema, env: &PlanEnv) -> Result<Expr> {
    let (style, functions) = (&env.vars.style, &env.functions);
    let ty = Ty::of_field(field);
    let arg = adapt(arg, field, style)?;
    let now = arg.to_field(schema).ok().map(|(_, f)| f);
    let arg = match &now {
        Some(now) if now.data_type() != field.data_type() => match array_cast(arg, now, field, functions)? {
            Ok(planned) => return Ok(planned),
            Err(arg) => arg,
        },
        _ => arg,
    };
    match now {
        Some(now) if is_text(now.data_type()) && is_text(field.data_type()) => {
            let strips = wide::is_padded(&now) && !wide::is_padded(field) && !KEEPS_PADDING.contains(&name);
            Ok(if strips { calls::call(functions, "bpchar_trim", vec![arg]) } else { arg })
        }
        Some(now) if now.data_type() == field.data_type() => Ok(arg),
        Some(now) if let Some((from, to)) = implicit(&now, ty) => Ok(implicit_temporal(arg, from, to, functions)),
        Some(now) if *field.data_type() == WIDE_NUMERIC && now.data_type().is_numeric() => {
            Ok(wide::widened(arg, schema, functions))
        }
        Some(now) if *now.data_type() == WIDE_NUMERIC => {
            explicit_cast(arg, Some(&now), field, functions).map_err(external)
        }
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
