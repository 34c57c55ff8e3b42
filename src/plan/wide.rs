//! Numerics with a scale each, where values are compared: equal numbers may differ in their bytes.
//!
//! `1.0` and `1.00` are one value to `=`, GROUP BY, DISTINCT, joins and windows, but two strings of bytes in a wide
//! column (see `types::wide`). Wherever values are compared, keys are compared: the same numbers in their shortest form.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, JoinConstraint, Result};
use datafusion::logical_expr::expr::{AggregateFunction, InSubquery, WindowFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr, ExprSchemable, GroupingSet, Join, LogicalPlan, LogicalPlanBuilder, Operator,
    lit,
};
use datafusion::scalar::ScalarValue;

use super::calls::{call, cast};
use super::lengths::by_length;
use super::literals::is_unknown;
use super::narrow;
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, numeric_for};
use crate::catalog::functions::{Functions, JSONB_KEY};
use crate::types::{oid, pg_type};

/// A comparison with a wide numeric on either side.
pub fn comparison(binary: BinaryExpr, schema: &DFSchema, functions: &Functions) -> Result<Transformed<Expr>> {
    let compares = matches!(
        binary.op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    );
    let differs = |e: &Expr| is_wide(e, schema) || padded(e, schema) || type_of(e, schema) == Some(Ty::Jsonb);
    if !compares || !(differs(&binary.left) || differs(&binary.right)) {
        return Ok(Transformed::no(Expr::BinaryExpr(binary)));
    }
    let BinaryExpr { left, op, right } = binary;
    let sides = comparable(vec![*left, *right], schema, functions)?;
    let Ok([left, right]) = <[Expr; 2]>::try_from(sides) else {
        return datafusion::common::internal_err!("a comparison has two sides");
    };
    Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
}

/// Expressions that are compared with each other: keys when one of them is a wide numeric.
pub fn comparable(exprs: Vec<Expr>, schema: &DFSchema, functions: &Functions) -> Result<Vec<Expr>> {
    if exprs.iter().any(|e| padded(e, schema)) {
        return Ok(without_padding(exprs, schema, functions));
    }
    if exprs.iter().any(|e| type_of(e, schema) == Some(Ty::Jsonb)) {
        let keyed = |mut e: Expr| {
            by_length(&mut e, schema, functions);
            e
        };
        return Ok(exprs.into_iter().map(keyed).collect());
    }
    if !exprs.iter().any(|e| is_wide(e, schema)) {
        return Ok(exprs);
    }
    if let Some(decimals) = narrow::decimals(&exprs, schema, functions) {
        return Ok(decimals);
    }
    let types: Vec<Option<Ty>> = exprs.iter().map(|e| type_of(e, schema)).collect();
    let floats = types.iter().flatten().any(|ty| matches!(ty, Ty::Float4 | Ty::Float8));
    let one = |(expr, ty): (Expr, Option<Ty>)| match ty {
        Some(from @ Ty::Numeric) if floats => cast(expr, from, Ty::Float8, functions),
        Some(Ty::Numeric | Ty::Int2 | Ty::Int4 | Ty::Int8) if !floats => key(expr, schema, functions),
        _ => expr,
    };
    Ok(exprs.into_iter().zip(types).map(one).collect())
}

/// Texts of which one is `char(n)`: its trailing spaces do not count, nor do those of a literal beside it.
fn without_padding(exprs: Vec<Expr>, schema: &DFSchema, functions: &Functions) -> Vec<Expr> {
    // `varchar` becomes `char` beside it, `text` does not.
    let varying =
        |e: &Expr| e.to_field(schema).is_ok_and(|(_, field)| !is_unknown(e) && pg_type(&field).oid == oid::VARCHAR);
    let own = |e: &Expr| padded(e, schema) || is_unknown(e) || varying(e);
    let all = exprs.iter().all(own);
    let one = |e: Expr| match &e {
        Expr::Literal(ScalarValue::Utf8(Some(text)), None) if all => lit(text.trim_end_matches(' ')),
        _ if padded(&e, schema) || (all && varying(&e)) => call(functions, "bpchar_trim", vec![e]),
        _ => e,
    };
    exprs.into_iter().map(one).collect()
}

/// Whether an expression is `char(n)`.
#[must_use]
pub fn padded(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| is_padded(&field))
}

/// Whether a field is `char(n)`.
#[must_use]
pub fn is_padded(field: &Field) -> bool {
    pg_type(field).oid == oid::BPCHAR
}

/// An exact number as a wide numeric.
pub fn widened(expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    wrapped("cast_numeric", expr, schema, functions)
}

/// Makes keys of what plan nodes compare: grouping and partitioning expressions, join keys, distinct columns.
pub fn keys(plan: LogicalPlan, functions: &Functions) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) => aggregate_keys(aggregate, functions),
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let keyed = keyed_columns(Arc::clone(&input), functions)?;
            let changed = keyed.is_some();
            let node = LogicalPlan::Distinct(Distinct::All(keyed.map_or(input, Arc::new)));
            Ok(if changed { Transformed::yes(node) } else { Transformed::no(node) })
        }
        LogicalPlan::Join(join) => join_keys(join, functions),
        LogicalPlan::Window(_) | LogicalPlan::Projection(_) | LogicalPlan::Filter(_) => {
            let schema = merge_schema(&node.inputs());
            node.map_expressions(|expr| {
                let name = expr.schema_name().to_string();
                let changed = expr.transform_up(|e| expression_keys(e, &schema, functions))?;
                let renamed = |e: Expr| if e.schema_name().to_string() == name { e } else { e.alias(name) };
                if changed.transformed { changed.map_data(|e| Ok(renamed(e))) } else { Ok(changed) }
            })
        }
        other => Ok(Transformed::no(other)),
    })
    .map(|t| t.data)
}

fn expression_keys(expr: Expr, schema: &DFSchema, functions: &Functions) -> Result<Transformed<Expr>> {
    match expr {
        Expr::WindowFunction(mut window) => {
            let WindowFunction { params, .. } = window.as_mut();
            let ordered = params.order_by.iter().any(|sort| is_wide(&sort.expr, schema));
            if !ordered && !params.partition_by.iter().any(|e| is_wide(e, schema)) {
                return Ok(Transformed::no(Expr::WindowFunction(window)));
            }
            for e in &mut params.partition_by {
                *e = key_if_wide(e.clone(), schema, functions);
            }
            for sort in &mut params.order_by {
                if is_wide(&sort.expr, schema) {
                    sort.expr = wrapped("numeric_order", sort.expr.clone(), schema, functions);
                }
            }
            Ok(Transformed::yes(Expr::WindowFunction(window)))
        }
        Expr::InSubquery(InSubquery { expr, mut subquery, negated }) => {
            let inside = Arc::clone(subquery.subquery.schema());
            let column = Expr::Column(Column::from(inside.qualified_field(0)));
            let documents = type_of(&column, &inside) == Some(Ty::Jsonb) && type_of(&expr, schema) == Some(Ty::Jsonb);
            let document = |e: Expr| call(functions, JSONB_KEY, vec![e]);
            let (expr, inner) = if documents {
                (document(*expr), document(column))
            } else if is_wide(&column, &inside) || is_wide(&expr, schema) {
                (key(*expr, schema, functions), key(column, &inside, functions))
            } else if padded(&column, &inside) || padded(&expr, schema) {
                unpadded((*expr, schema), (column, &inside), functions)
            } else {
                return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
            };
            let plan = LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()).project([inner.alias("key")])?;
            subquery.subquery = Arc::new(plan.build()?);
            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr: Box::new(expr), subquery, negated })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Two texts of different schemas, one of them `char(n)`, without the spaces that do not count: `varchar` becomes
/// `char` beside it, `text` does not.
fn unpadded(left: (Expr, &DFSchema), right: (Expr, &DFSchema), functions: &Functions) -> (Expr, Expr) {
    let is_text = |(e, schema): (&Expr, &DFSchema)| {
        !is_unknown(e) && e.to_field(schema).is_ok_and(|(_, field)| pg_type(&field).oid == oid::TEXT)
    };
    let one = |(e, schema): (Expr, &DFSchema)| match is_text((&e, schema)) {
        true => e,
        false => call(functions, "bpchar_trim", vec![e]),
    };
    (one(left), one(right))
}

fn aggregate_keys(aggregate: Aggregate, functions: &Functions) -> Result<Transformed<LogicalPlan>> {
    let schema = Arc::clone(aggregate.input.schema());
    let distinct = |e: &Expr| matches!(unaliased(e), Expr::AggregateFunction(f) if f.params.distinct && f.params.args.iter().any(|a| is_wide(a, &schema)));
    let grouped = aggregate.group_expr.iter().flat_map(grouping_members).any(|e| is_wide(e, &schema));
    if !grouped && !aggregate.aggr_expr.iter().any(distinct) {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let group: Vec<Expr> = aggregate.group_expr.into_iter().map(|e| group_key(e, &schema, functions)).collect();
    let aggregates: Vec<Expr> = aggregate
        .aggr_expr
        .into_iter()
        .map(|e| if distinct(&e) { distinct_key(e, &schema, functions) } else { Ok(e) })
        .collect::<Result<_>>()?;
    let node = Aggregate::try_new(aggregate.input, group, aggregates)?;
    Ok(Transformed::yes(LogicalPlan::Aggregate(node)))
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => &alias.expr,
        other => other,
    }
}

fn distinct_key(expr: Expr, schema: &DFSchema, functions: &Functions) -> Result<Expr> {
    let name = expr.schema_name().to_string();
    let keyed = expr.transform_down(|e| match e {
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            params.args = params.args.into_iter().map(|a| key_if_wide(a, schema, functions)).collect();
            Ok(Transformed::yes(Expr::AggregateFunction(AggregateFunction { func, params })))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(keyed.data.alias(name))
}

fn grouping_members(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::GroupingSet(set) => set.distinct_expr(),
        other => vec![other],
    }
}

/// A grouping expression under its own name.
fn group_key(expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    let one = |e: Expr| match e {
        e if !is_wide(&e, schema) => e,
        Expr::Column(column) => {
            let (relation, name) = (column.relation.clone(), column.name.clone());
            key(Expr::Column(column), schema, functions).alias_qualified(relation, name)
        }
        e => {
            let name = e.schema_name().to_string();
            key(e, schema, functions).alias(name)
        }
    };
    let many = |list: Vec<Expr>| list.into_iter().map(one).collect::<Vec<Expr>>();
    match expr {
        Expr::GroupingSet(GroupingSet::Rollup(list)) => Expr::GroupingSet(GroupingSet::Rollup(many(list))),
        Expr::GroupingSet(GroupingSet::Cube(list)) => Expr::GroupingSet(GroupingSet::Cube(many(list))),
        Expr::GroupingSet(GroupingSet::GroupingSets(lists)) => {
            Expr::GroupingSet(GroupingSet::GroupingSets(lists.into_iter().map(many).collect()))
        }
        other => one(other),
    }
}

/// A plan with its wide columns as keys, under their names; `None` when it has none.
fn keyed_columns(input: Arc<LogicalPlan>, functions: &Functions) -> Result<Option<LogicalPlan>> {
    let schema = Arc::clone(input.schema());
    if !schema.fields().iter().any(|f| *f.data_type() == WIDE_NUMERIC) {
        return Ok(None);
    }
    let columns = schema.iter().map(|field| {
        let column = Column::from(field);
        let (relation, name) = (column.relation.clone(), column.name.clone());
        match field.1.data_type() {
            t if *t == WIDE_NUMERIC => key(Expr::Column(column), &schema, functions).alias_qualified(relation, name),
            _ => Expr::Column(column),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(input.as_ref().clone()).project(columns)?.build().map(Some)
}

fn join_keys(mut join: Join, functions: &Functions) -> Result<Transformed<LogicalPlan>> {
    let (left, right) = (Arc::clone(join.left.schema()), Arc::clone(join.right.schema()));
    let wide = |pair: &(Expr, Expr)| is_wide(&pair.0, &left) || is_wide(&pair.1, &right);
    if !join.on.iter().any(wide) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let one = |pair: (Expr, Expr)| {
        if wide(&pair) { (key(pair.0, &left, functions), key(pair.1, &right, functions)) } else { pair }
    };
    join.on = join.on.into_iter().map(one).collect();
    // Names were resolved with the columns of USING; what is left joins as ON does.
    join.join_constraint = JoinConstraint::On;
    Ok(Transformed::yes(LogicalPlan::Join(join)))
}

fn key_if_wide(expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    if is_wide(&expr, schema) { key(expr, schema, functions) } else { expr }
}

fn key(expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    wrapped("numeric_key", expr, schema, functions)
}

/// A call of a function of `numeric` with any exact number.
fn wrapped(name: &str, expr: Expr, schema: &DFSchema, functions: &Functions) -> Expr {
    let from = expr.to_field(schema).map_or(DataType::Null, |(_, field)| field.data_type().clone());
    let own = numeric_for(&from);
    let exact = match from {
        DataType::Null => expr,
        from if from == own => expr,
        _ => Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(expr), own)),
    };
    call(functions, name, vec![exact])
}

fn type_of(expr: &Expr, schema: &DFSchema) -> Option<Ty> {
    expr.to_field(schema).ok().and_then(|(_, field)| Ty::of_field(&field))
}

/// Whether an expression is a wide numeric that is no key yet.
pub fn is_wide(expr: &Expr, schema: &DFSchema) -> bool {
    let is_key = matches!(unaliased(expr), Expr::ScalarFunction(f) if f.func.name() == "numeric_key");
    !is_key && expr.to_field(schema).is_ok_and(|(_, field)| *field.data_type() == WIDE_NUMERIC)
}
