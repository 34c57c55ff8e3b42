//! Which subqueries DataFusion decorrelates, and Apply for all others.
//!
//! DataFusion turns into joins: EXISTS and IN that are conjuncts of a WHERE with their outer references in filters, and
//! scalar subqueries that aggregate without GROUP BY over equality filters. Everything else that is correlated, and
//! EXISTS or IN outside a WHERE, becomes a column of an Apply node below the node that used it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::{Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::{
    Expr, Extension, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, utils::split_conjunction,
};

use super::{PlanEnv, optimize};
use crate::exec::apply::{Applied, ApplyKind, ApplyNode, Prepare, free_references, has_free_references};
use crate::sql::rewrite::arrays::ARRAY_FUNCTION;

/// Puts Apply nodes where DataFusion cannot decorrelate.
pub fn apply_subqueries(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    let prepare = prepare(env);
    let applied = plan.transform_up_with_subqueries(|node| apply_in_node(node, &prepare))?;
    if applied.transformed {
        // The nodes keep this statement's environment: its time, its settings, its token.
        env.moment_used.store(true, Ordering::Relaxed);
    }
    Ok(applied.data)
}

/// What makes a template executable: the same analysis and optimisation as for any plan.
fn prepare(env: &PlanEnv) -> Prepare {
    let env = env.clone();
    let external = |e| datafusion::common::DataFusionError::External(Box::new(e));
    Arc::new(move |plan| {
        let plan = optimize::analyze(plan, &env).map_err(external)??;
        optimize::optimize(plan, &env).map_err(external)
    })
}

fn apply_in_node(node: LogicalPlan, prepare: &Prepare) -> Result<Transformed<LogicalPlan>> {
    let [input] = node.inputs()[..] else { return Ok(Transformed::no(node)) };
    let input = input.clone();
    let kept = conjuncts_kept(&node)?;
    let mut applied: Vec<Applied> = Vec::new();
    let width = node.schema().fields().len();
    let changed = node.clone().map_expressions(|expr| {
        if let LogicalPlan::Filter(_) = &node {
            return in_filter(expr, &kept, &mut applied, prepare);
        }
        replace(expr, &mut applied, prepare)
    })?;
    if applied.is_empty() {
        return Ok(Transformed::no(node));
    }
    let apply = ApplyNode::try_new(input, applied)?;
    let apply = LogicalPlan::Extension(Extension { node: Arc::new(apply) });
    let exprs = changed.data.expressions();
    let rebuilt = changed.data.with_new_exprs(exprs, vec![apply])?;
    if rebuilt.schema().fields().len() == width {
        return Ok(Transformed::yes(rebuilt));
    }
    // A node that passes its input through (a filter, a sort) must not show the added columns.
    let shown: Vec<Expr> = node.schema().columns().into_iter().map(Expr::Column).collect();
    Ok(Transformed::yes(LogicalPlanBuilder::from(rebuilt).project(shown)?.build()?))
}

/// The conjuncts of a filter that DataFusion turns into joins.
fn conjuncts_kept(node: &LogicalPlan) -> Result<Vec<Expr>> {
    let LogicalPlan::Filter(Filter { predicate, .. }) = node else { return Ok(Vec::new()) };
    let mut kept = Vec::new();
    for conjunct in split_conjunction(predicate) {
        let inner = match conjunct {
            Expr::Not(inner) => inner.as_ref(),
            other => other,
        };
        if let Expr::Exists(Exists { subquery, .. }) | Expr::InSubquery(InSubquery { subquery, .. }) = inner
            && joinable(&subquery.subquery)?
        {
            kept.push(conjunct.clone());
        }
    }
    Ok(kept)
}

fn in_filter(
    predicate: Expr,
    kept: &[Expr],
    applied: &mut Vec<Applied>,
    prepare: &Prepare,
) -> Result<Transformed<Expr>> {
    let mut conjuncts = Vec::new();
    for conjunct in split_conjunction(&predicate) {
        if kept.contains(conjunct) {
            conjuncts.push(conjunct.clone());
        } else {
            conjuncts.push(replace(conjunct.clone(), applied, prepare)?.data);
        }
    }
    let joined = conjuncts.into_iter().reduce(Expr::and);
    Ok(Transformed::yes(joined.unwrap_or(predicate)))
}

/// Replaces the subqueries of an expression that need Apply by columns.
fn replace(expr: Expr, applied: &mut Vec<Applied>, prepare: &Prepare) -> Result<Transformed<Expr>> {
    expr.transform_down(|e| match e {
        Expr::ScalarFunction(ScalarFunction { ref func, ref args }) if func.name() == ARRAY_FUNCTION => {
            match args.as_slice() {
                [Expr::ScalarSubquery(subquery)] => {
                    let element = first_field(subquery);
                    let list = DataType::List(Arc::new(element.as_ref().clone().with_name("item").with_nullable(true)));
                    column(subquery, ApplyKind::Array, list, applied, prepare)
                }
                _ => Ok(Transformed::no(e)),
            }
        }
        Expr::ScalarSubquery(ref subquery) if !scalar_joinable(subquery)? => {
            let data_type = first_field(subquery).data_type().clone();
            column(subquery, ApplyKind::Scalar, data_type, applied, prepare)
        }
        Expr::Exists(Exists { ref subquery, negated }) => {
            let found = column(subquery, ApplyKind::Exists, DataType::Boolean, applied, prepare)?;
            Ok(negate(found, negated))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let found = column(&subquery, ApplyKind::In(*expr), DataType::Boolean, applied, prepare)?;
            Ok(negate(found, negated))
        }
        other => Ok(Transformed::no(other)),
    })
}

fn negate(found: Transformed<Expr>, negated: bool) -> Transformed<Expr> {
    if negated { Transformed::new(Expr::Not(Box::new(found.data)), true, TreeNodeRecursion::Jump) } else { found }
}

/// Adds an applied subquery and gives the column that stands for it.
fn column(
    subquery: &Subquery,
    kind: ApplyKind,
    data_type: DataType,
    applied: &mut Vec<Applied>,
    prepare: &Prepare,
) -> Result<Transformed<Expr>> {
    let template = Arc::clone(&subquery.subquery);
    let keys: Vec<Column> = free_references(&template)?.into_iter().map(|(column, _)| column).collect();
    let metadata = match kind {
        ApplyKind::Scalar => first_field(subquery).metadata().clone(),
        _ => std::collections::HashMap::new(),
    };
    let name = format!("__apply_{:p}_{}", Arc::as_ptr(&template), applied.len());
    let output: FieldRef = Arc::new(Field::new(&name, data_type, true).with_metadata(metadata));
    applied.push(Applied { template, keys, kind, output, prepare: Arc::clone(prepare) });
    Ok(Transformed::new(Expr::Column(Column::new_unqualified(name)), true, TreeNodeRecursion::Jump))
}

fn first_field(subquery: &Subquery) -> FieldRef {
    match subquery.subquery.schema().fields().first() {
        Some(field) => Arc::clone(field),
        None => Arc::new(Field::new("none", DataType::Null, true)),
    }
}

/// Whether DataFusion handles a scalar subquery: uncorrelated, or an aggregate over equality filters.
fn scalar_joinable(subquery: &Subquery) -> Result<bool> {
    let plan = &subquery.subquery;
    if !has_free_references(plan)? {
        return Ok(true);
    }
    let mut top = plan.as_ref();
    loop {
        match top {
            LogicalPlan::Projection(p) if !uses_outer(top)? => top = &p.input,
            LogicalPlan::SubqueryAlias(a) => top = &a.input,
            LogicalPlan::Aggregate(aggregate) => {
                let plain = aggregate.group_expr.is_empty() && !uses_outer(top)?;
                return Ok(plain && filters_only(&aggregate.input, true)?);
            }
            _ => return Ok(false),
        }
    }
}

/// Whether DataFusion turns an EXISTS or IN over this plan into a semi join.
fn joinable(plan: &LogicalPlan) -> Result<bool> {
    if !has_free_references(plan)? {
        return Ok(true);
    }
    match plan {
        LogicalPlan::Projection(p) if !uses_outer(plan)? => filters_only(&p.input, false),
        other => filters_only(other, false),
    }
}

/// Whether outer references stand only in filters (`equal`: as equalities of a column with an outer column) over
/// relations and inner joins.
fn filters_only(plan: &LogicalPlan, equal: bool) -> Result<bool> {
    match plan {
        LogicalPlan::Filter(filter) => {
            let fine = |conjunct: &&Expr| {
                !contains_outer(conjunct) || (!has_subquery(conjunct) && (!equal || is_equality(conjunct)))
            };
            Ok(split_conjunction(&filter.predicate).iter().all(fine)
                && !nested_free(plan)?
                && filters_only(&filter.input, equal)?)
        }
        LogicalPlan::Join(join) => {
            let inner = join.join_type == datafusion::common::JoinType::Inner;
            let here = uses_outer(plan)?;
            let (left, right) = (has_free_references(&join.left)?, has_free_references(&join.right)?);
            Ok(!here
                && (!left && !right || inner && filters_only(&join.left, equal)? && filters_only(&join.right, equal)?))
        }
        LogicalPlan::SubqueryAlias(alias) => filters_only(&alias.input, equal),
        LogicalPlan::Projection(p) if !uses_outer(plan)? => filters_only(&p.input, equal),
        other => Ok(!has_free_references(other)?),
    }
}

/// Whether the node's own expressions refer outside.
fn uses_outer(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expr| {
        found |= contains_outer(expr);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found || nested_free(node)?)
}

/// Whether a subquery inside the node's expressions refers beyond the node.
fn nested_free(node: &LogicalPlan) -> Result<bool> {
    let schema = datafusion::logical_expr::utils::merge_schema(&node.inputs());
    let mut found = false;
    node.apply_expressions(|expr| {
        expr.apply(|e| {
            if let Expr::ScalarSubquery(s)
            | Expr::Exists(Exists { subquery: s, .. })
            | Expr::InSubquery(InSubquery { subquery: s, .. }) = e
            {
                found |= free_references(&s.subquery)?.iter().any(|(column, _)| !schema.has_column(column));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(found)
}

fn contains_outer(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or(true)
}

fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_)))).unwrap_or(true)
}

/// `column = outer.column`, either way round.
fn is_equality(expr: &Expr) -> bool {
    let Expr::BinaryExpr(binary) = expr else { return false };
    let sides = (binary.left.as_ref(), binary.right.as_ref());
    binary.op == Operator::Eq
        && matches!(
            sides,
            (Expr::Column(_), Expr::OuterReferenceColumn(..)) | (Expr::OuterReferenceColumn(..), Expr::Column(_))
        )
}
