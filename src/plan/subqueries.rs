//! Apply for every subquery that DataFusion does not turn into a join, wherever it stands.
//!
//! A subquery becomes a column of an Apply node below the node that used it. The walk is bottom-up, so that what an
//! Apply hides has been dealt with; set-returning functions and LATERAL items are settled on the same way.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result};
use datafusion::logical_expr::expr::{Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::{
    Cast, Expr, ExprSchemable, Extension, Filter, Join, LogicalPlan, LogicalPlanBuilder, Subquery, Values,
    utils::split_conjunction,
};

use super::joinable::{contains_outer, has_subquery, joinable, scalar_joinable};
use super::{PlanEnv, lateral, optimize, sets};
use crate::error::Error;
use crate::exec::apply::{Applied, ApplyKind, ApplyNode, Prepare, free_references, has_free_references, subquery_of};
use crate::sql::rewrite::arrays::ARRAY_FUNCTION;
use crate::sqlstate;

/// Subqueries to apply: those of a level see the columns of the levels below it.
type Levels = Vec<Vec<Applied>>;

/// Puts Apply nodes where DataFusion cannot decorrelate.
pub fn apply_subqueries(plan: LogicalPlan, env: &PlanEnv) -> Result<LogicalPlan> {
    let prepare = prepare(env);
    let mut applied = false;
    let plan = plan.transform_up_with_subqueries(|node| {
        refuse_outer_aggregates(&node)?;
        let expanded = sets::expand(node)?;
        expanded.transform_data(|node| apply_in_node(node, &prepare, &mut applied))
    })?;
    if let Some((column, _)) = free_references(&plan.data)?.first() {
        let message = format!("subquery uses ungrouped column \"{}\" from outer query", column.flat_name());
        let error = Error::new(sqlstate::GROUPING_ERROR, message);
        return Err(datafusion::common::DataFusionError::External(Box::new(error)));
    }
    if applied {
        // The nodes keep this statement's environment: its time, its settings, its token.
        env.moment_used.store(true, Ordering::Relaxed);
    }
    Ok(plan.data)
}

/// An aggregate of outer columns alone belongs to the query that has them, which is not done.
fn refuse_outer_aggregates(node: &LogicalPlan) -> Result<()> {
    let LogicalPlan::Aggregate(aggregate) = node else { return Ok(()) };
    let is_outer = |expr: &Expr| contains_outer(expr) && expr.column_refs().is_empty();
    if aggregate.aggr_expr.iter().any(is_outer) {
        return Err(unsupported("an aggregate of an outer query's columns in a subquery is not supported"));
    }
    Ok(())
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

fn apply_in_node(node: LogicalPlan, prepare: &Prepare, applied: &mut bool) -> Result<Transformed<LogicalPlan>> {
    let changed = match node {
        LogicalPlan::Values(values) if values.values.iter().flatten().any(has_subquery) => {
            let rows = union_of_rows(&values)?.transform_up(|node| in_expressions(node, prepare))?;
            Transformed::yes(rows.data)
        }
        LogicalPlan::Join(join) => match lateral::apply_rows(join, prepare)? {
            Transformed { data: LogicalPlan::Join(join), .. } => in_join(join, prepare)?,
            applied => applied,
        },
        other => in_expressions(other, prepare)?,
    };
    *applied |= changed.transformed;
    Ok(changed)
}

/// The rows of VALUES as a union of projections, each of which may have subqueries.
fn union_of_rows(values: &Values) -> Result<LogicalPlan> {
    let mut rows = values.values.iter().map(|row| {
        let empty = LogicalPlanBuilder::empty(true).build()?;
        let exprs = row.iter().zip(values.schema.fields()).map(|(expr, field)| {
            let cast = Expr::Cast(Cast::new_from_field(Box::new(expr.clone()), Arc::clone(field)));
            cast.alias(field.name())
        });
        LogicalPlanBuilder::from(empty).project(exprs.collect::<Vec<_>>())
    });
    let Some(first) = rows.next() else { return Ok(LogicalPlan::Values(values.clone())) };
    rows.try_fold(first?, |union, row| union.union(row?.build()?))?.build()
}

/// The subqueries in the expressions of a node with one input.
fn in_expressions(node: LogicalPlan, prepare: &Prepare) -> Result<Transformed<LogicalPlan>> {
    let [input] = node.inputs()[..] else { return Ok(Transformed::no(node)) };
    let input = input.clone();
    let kept = conjuncts_kept(&node)?;
    let is_filter = matches!(node, LogicalPlan::Filter(_));
    let is_list = is_filter || matches!(node, LogicalPlan::Projection(_));
    let mut levels = Levels::new();
    let schema = Arc::clone(node.schema());
    let mut using = Using { levels: &mut levels, prepare, input: &input, is_filter, is_list };
    let changed = sets::keeping_names(node, |expr| {
        if is_filter { using.in_filter(expr, &kept) } else { using.replace(expr).map(|(e, _)| e) }
    })?;
    if levels.is_empty() {
        return Ok(Transformed::no(changed.data));
    }
    let apply = stacked(input, levels)?;
    let exprs = changed.data.expressions();
    let rebuilt = changed.data.with_new_exprs(exprs, vec![apply])?;
    if rebuilt.schema().fields().len() == schema.fields().len() {
        return Ok(Transformed::yes(rebuilt));
    }
    // A node that passes its input through (a filter, a sort) must not show the added columns.
    let shown: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    Ok(Transformed::yes(LogicalPlanBuilder::from(rebuilt).project(shown)?.build()?))
}

fn stacked(input: LogicalPlan, levels: Levels) -> Result<LogicalPlan> {
    levels.into_iter().filter(|level| !level.is_empty()).try_fold(input, |input, level| {
        let node = Arc::new(ApplyNode::try_new(input, level)?);
        Ok(LogicalPlan::Extension(Extension { node }))
    })
}

/// The subqueries of a join's condition: of an inner join they filter its rows; of an outer join they are applied to
/// the side they look at.
fn in_join(join: Join, prepare: &Prepare) -> Result<Transformed<LogicalPlan>> {
    let Some(filter) = join.filter.as_ref().filter(|filter| has_subquery(filter)) else {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    };
    let (with, without): (Vec<Expr>, Vec<Expr>) =
        split_conjunction(filter).into_iter().cloned().partition(has_subquery);
    let schema = Arc::clone(&join.schema);
    if join.join_type == JoinType::Inner {
        let mut bare = join;
        bare.filter = without.into_iter().reduce(Expr::and);
        let joined = LogicalPlan::Join(bare);
        let predicate = with.into_iter().reduce(Expr::and);
        let filtered = match predicate {
            Some(predicate) => LogicalPlanBuilder::from(joined).filter(predicate)?.build()?,
            None => joined,
        };
        return Ok(Transformed::yes(in_expressions(filtered, prepare)?.data));
    }
    let (mut left, mut right) = (Levels::new(), Levels::new());
    let mut conjuncts = without;
    for conjunct in with {
        let looks_at = |plan: &LogicalPlan| -> Result<bool> {
            Ok(columns_of(&conjunct)?.iter().any(|c| plan.schema().has_column(c)))
        };
        let (levels, input) = match (looks_at(&join.left)?, looks_at(&join.right)?) {
            (true, true) if join.join_type == JoinType::Left => return in_condition(join, prepare),
            (true, true) => {
                return Err(unsupported("a subquery over both sides of an outer join's condition is not supported"));
            }
            (true, false) => (&mut left, &join.left),
            (false, _) => (&mut right, &join.right),
        };
        conjuncts
            .push(Using { levels, prepare, input, is_filter: false, is_list: false }.replace(conjunct.clone())?.0.data);
    }
    let mut rebuilt = join;
    rebuilt.filter = conjuncts.into_iter().reduce(Expr::and);
    let left = stacked(Arc::unwrap_or_clone(rebuilt.left), left)?;
    let right = stacked(Arc::unwrap_or_clone(rebuilt.right), right)?;
    rebuilt.left = Arc::new(left);
    rebuilt.right = Arc::new(right);
    let joined = LogicalPlan::Join(rebuilt).recompute_schema()?;
    let shown: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    Ok(Transformed::yes(LogicalPlanBuilder::from(joined).project(shown)?.build()?))
}

/// A left join whose condition has subqueries over both sides: the right side's rows are found for each left row.
fn in_condition(join: Join, prepare: &Prepare) -> Result<Transformed<LogicalPlan>> {
    let applied = lateral::rows_for_each(join, prepare, |template| Ok(in_expressions(template, prepare)?.data))?;
    Ok(Transformed::yes(applied))
}

fn unsupported(message: &'static str) -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::External(Box::new(Error::unsupported(message)))
}

/// The columns an expression looks at, those its subqueries refer to among them.
fn columns_of(expr: &Expr) -> Result<HashSet<Column>> {
    let mut columns: HashSet<Column> = expr.column_refs().into_iter().cloned().collect();
    expr.apply(|e| {
        if let Some(subquery) = crate::exec::apply::subquery_of(e) {
            columns.extend(free_references(&subquery.subquery)?.into_iter().map(|(column, _)| column));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(columns)
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
        let fine = match inner {
            Expr::Exists(Exists { subquery, .. }) => joinable(&subquery.subquery)?,
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let negated = *negated || matches!(conjunct, Expr::Not(_));
                let correlated = has_free_references(&subquery.subquery)?;
                let (LogicalPlan::Filter(Filter { input, .. }), field) = (node, first_field(subquery)) else {
                    return Ok(kept);
                };
                let same = expr.to_field(input.schema()).is_ok_and(|(_, f)| f.data_type() == field.data_type());
                // A join by a constant becomes a filter of the values, and a NULL among them is lost.
                let constant = negated && expr.column_refs().is_empty();
                // A pulled up condition and a cast of the value do not go together.
                !(correlated && (negated || !same))
                    && !constant
                    && !has_subquery(expr)
                    && !is_row(&first_field(subquery))
                    && joinable(&subquery.subquery)?
            }
            // EXISTS inside OR and the like: the engine joins a mark.
            other => only_joinable_exists(other)?,
        };
        if fine {
            kept.push(conjunct.clone());
        }
    }
    Ok(kept)
}

/// Whether the subqueries of a condition are EXISTS that the engine can join.
fn only_joinable_exists(condition: &Expr) -> Result<bool> {
    let (mut found, mut fine) = (false, true);
    condition.apply(|expr| {
        match expr {
            Expr::Exists(Exists { subquery, .. }) => {
                found = true;
                fine &= has_free_references(&subquery.subquery)? && joinable(&subquery.subquery)?;
            }
            other => fine &= subquery_of(other).is_none(),
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found && fine)
}

fn is_row(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Struct(_))
}

fn first_field(subquery: &Subquery) -> FieldRef {
    match subquery.subquery.schema().fields().first() {
        Some(field) => Arc::clone(field),
        None => Arc::new(Field::new("none", DataType::Null, true)),
    }
}

/// What the subqueries of some expressions are gathered in.
struct Using<'a> {
    levels: &'a mut Levels,
    prepare: &'a Prepare,
    input: &'a LogicalPlan,
    /// Whether the expressions are a filter's: DataFusion joins an EXISTS anywhere in one.
    is_filter: bool,
    /// Whether they are a filter's or a SELECT list's: DataFusion joins a scalar subquery there.
    is_list: bool,
}

impl Using<'_> {
    fn in_filter(&mut self, predicate: Expr, kept: &[Expr]) -> Result<Transformed<Expr>> {
        if !has_subquery(&predicate) {
            return Ok(Transformed::no(predicate));
        }
        let mut conjuncts = Vec::new();
        for conjunct in split_conjunction(&predicate) {
            if kept.contains(conjunct) {
                conjuncts.push(conjunct.clone());
            } else {
                conjuncts.push(self.replace(conjunct.clone())?.0.data);
            }
        }
        let joined = conjuncts.into_iter().reduce(Expr::and);
        Ok(Transformed::yes(joined.unwrap_or(predicate)))
    }

    /// Replaces the subqueries of an expression that need Apply by columns; and tells how many levels that took.
    fn replace(&mut self, expr: Expr) -> Result<(Transformed<Expr>, usize)> {
        let mut height = 0;
        let replaced = expr.transform_down(|e| match e {
            Expr::ScalarFunction(ScalarFunction { ref func, ref args }) if func.name() == ARRAY_FUNCTION => {
                match args.as_slice() {
                    [Expr::ScalarSubquery(subquery)] => {
                        let element = first_field(subquery).as_ref().clone().with_name("item").with_nullable(true);
                        height = height.max(1);
                        self.column(subquery, ApplyKind::Array, DataType::List(Arc::new(element)), 0)
                    }
                    _ => Ok(Transformed::no(e)),
                }
            }
            Expr::ScalarSubquery(ref subquery)
                if !scalar_joinable(subquery)? || !self.is_list && has_free_references(&subquery.subquery)? =>
            {
                let data_type = first_field(subquery).data_type().clone();
                height = height.max(1);
                self.column(subquery, ApplyKind::Scalar, data_type, 0)
            }
            Expr::Exists(Exists { ref subquery, .. }) if self.is_filter && joinable(&subquery.subquery)? => {
                Ok(Transformed::new(e, false, TreeNodeRecursion::Jump))
            }
            Expr::Exists(Exists { ref subquery, negated }) => {
                height = height.max(1);
                let found = self.column(subquery, ApplyKind::Exists, DataType::Boolean, 0)?;
                Ok(negate(found, negated))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let (probe, below) = self.replace(*expr)?;
                let probe = self.as_compared(probe.data, &first_field(&subquery))?;
                height = height.max(below + 1);
                let found = self.column(&subquery, ApplyKind::In(probe), DataType::Boolean, below)?;
                Ok(negate(found, negated))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok((replaced, height))
    }

    /// The left side of IN as the type that it is compared as; the values are brought to it when they are there.
    fn as_compared(&self, probe: Expr, values: &Field) -> Result<Expr> {
        let Ok((_, field)) = probe.to_field(self.input.schema()) else { return Ok(probe) };
        if field.data_type() == values.data_type() || is_row(values) {
            return Ok(probe);
        }
        match comparison_coercion(field.data_type(), values.data_type()) {
            Some(common) if common != *field.data_type() => Ok(Expr::Cast(Cast::new(Box::new(probe), common))),
            _ => Ok(probe),
        }
    }

    /// Adds an applied subquery and gives the column that stands for it.
    fn column(
        &mut self,
        subquery: &Subquery,
        kind: ApplyKind,
        data_type: DataType,
        level: usize,
    ) -> Result<Transformed<Expr>> {
        let template = Arc::clone(&subquery.subquery);
        let names: Vec<Column> = free_references(&template)?
            .into_iter()
            .map(|(column, _)| column)
            .filter(|column| self.input.schema().has_column(column))
            .collect();
        let metadata = match kind {
            ApplyKind::Scalar => first_field(subquery).metadata().clone(),
            _ => HashMap::new(),
        };
        while self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let name = format!("__apply_{:p}_{level}_{}", Arc::as_ptr(&template), self.levels[level].len());
        let output: FieldRef = Arc::new(Field::new(&name, data_type, true).with_metadata(metadata));
        let keys = names.clone();
        self.levels[level].push(Applied { template, names, keys, kind, output, prepare: Arc::clone(self.prepare) });
        Ok(Transformed::new(Expr::Column(Column::new_unqualified(name)), true, TreeNodeRecursion::Jump))
    }
}

fn negate(found: Transformed<Expr>, negated: bool) -> Transformed<Expr> {
    if negated { Transformed::new(Expr::Not(Box::new(found.data)), true, TreeNodeRecursion::Jump) } else { found }
}
