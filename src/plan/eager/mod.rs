//! Constant expressions that PostgreSQL computes while it plans, and so fails by, whether a row needs them or not.
//!
//! `SELECT 1/0 FROM t WHERE false` fails, and so does `CASE WHEN x > 0 THEN 1/0 END` for a table without such rows. The
//! analysed plan is walked as PostgreSQL's planner goes over a query: what nobody reads of a subquery is not computed,
//! what a simple subquery gives takes the place of its column, and what a constant condition rules out is not looked at.

mod fold;
mod scope;

use std::cell::Cell;
use std::rc::Rc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result};
use datafusion::logical_expr::{Distinct, Expr, Extension, Filter, Join, LogicalPlan};
use datafusion::scalar::ScalarValue;

use super::PlanEnv;
use crate::exec::apply::{ApplyKind, ApplyNode, RowsNode};
use scope::{Kind, Link, Scope};

/// What an expression is once it is computed: a literal, or nothing that is known before a row is.
type Folded = Option<Expr>;

/// Computes what is constant in an analysed plan; the error of the first that fails.
pub fn check(plan: &LogicalPlan, env: &PlanEnv) -> Result<()> {
    Checker { env, blind: Cell::new(false) }.query(plan)
}

/// The walk over one statement.
struct Checker<'e> {
    env: &'e PlanEnv,
    /// Whether columns of subqueries that are planned by themselves are not looked at for now.
    blind: Cell<bool>,
}

impl Checker<'_> {
    /// A query whose rows are all read.
    fn query(&self, plan: &LogicalPlan) -> Result<()> {
        let before = self.blind.replace(false);
        let done = self.walk(plan).and_then(|scope| self.all(&scope, plan));
        self.blind.set(before);
        done
    }

    /// Every output of a plan.
    fn all<'a>(&self, scope: &Scope<'a>, plan: &'a LogicalPlan) -> Result<()> {
        plan.schema().columns().iter().try_for_each(|column| self.column(column, scope).map(|_| ()))
    }

    /// Computes what a plan's rows depend on; its outputs are computed once something reads them.
    fn walk<'a>(&self, plan: &'a LogicalPlan) -> Result<Scope<'a>> {
        match plan {
            LogicalPlan::Projection(projection) => {
                let input = Rc::new(self.walk(&projection.input)?);
                Ok(Scope::computed(&projection.schema.columns(), &projection.expr, &input, false))
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let input = self.walk(&alias.input)?;
                Ok(input.renamed(&alias.input.schema().columns(), &alias.schema.columns()))
            }
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Sort(sort) => {
                let input = self.walk(&sort.input)?;
                sort.expr.iter().try_for_each(|key| self.fold(&key.expr, &input).map(|_| ()))?;
                Ok(input.opaque())
            }
            LogicalPlan::Limit(limit) => {
                let input = self.walk(&limit.input)?;
                for count in limit.skip.iter().chain(&limit.fetch) {
                    self.fold(count, &input)?;
                }
                Ok(input.opaque())
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let scope = self.walk(input)?;
                self.all(&scope, input)?;
                Ok(scope.opaque())
            }
            LogicalPlan::Aggregate(aggregate) => {
                let input = Rc::new(self.walk(&aggregate.input)?);
                aggregate.group_expr.iter().try_for_each(|expr| self.fold(expr, &input).map(|_| ()))?;
                let columns = aggregate.schema.columns();
                let from = columns.len().saturating_sub(aggregate.aggr_expr.len());
                Ok(Scope::computed(&columns[from..], &aggregate.aggr_expr, &input, true))
            }
            LogicalPlan::Window(window) => {
                let input = Rc::new(self.walk(&window.input)?);
                let columns = window.schema.columns();
                let from = columns.len().saturating_sub(window.window_expr.len());
                let windows = Scope::computed(&columns[from..], &window.window_expr, &input, true);
                Ok(input.as_ref().clone().opaque().with(windows))
            }
            LogicalPlan::Union(union) => {
                let mut each: Vec<Vec<Link<'a>>> = vec![Vec::new(); union.schema.fields().len()];
                for input in &union.inputs {
                    let scope = self.walk(input)?;
                    for (links, column) in each.iter_mut().zip(input.schema().columns()) {
                        links.extend(scope.get(&column).cloned());
                    }
                }
                let outputs = union.schema.columns().into_iter().zip(each);
                Ok(outputs.map(|(column, links)| (column, Link::new(Kind::Each(links), true))).collect())
            }
            LogicalPlan::Values(values) if values.values.len() == 1 => {
                let nothing = Rc::new(Scope::default());
                Ok(Scope::computed(&values.schema.columns(), &values.values[0], &nothing, false))
            }
            LogicalPlan::Extension(extension) => self.extension(plan, extension),
            other => self.other(other),
        }
    }

    fn filter<'a>(&self, filter: &'a Filter) -> Result<Scope<'a>> {
        let input = self.walk(&filter.input)?;
        // A subquery that is the whole FROM list is not even planned when no row of it can be wanted.
        if matches!(filter.input.as_ref(), LogicalPlan::SubqueryAlias(_)) && input.has_opaque() {
            let before = self.blind.replace(true);
            let kept = self.fold(&filter.predicate, &input);
            self.blind.set(before);
            if let Some(Expr::Literal(ScalarValue::Boolean(Some(false) | None) | ScalarValue::Null, _)) = kept? {
                return Ok(input.transparent());
            }
        }
        self.fold(&filter.predicate, &input)?;
        Ok(input)
    }

    fn join<'a>(&self, join: &'a Join) -> Result<Scope<'a>> {
        let (left, right) = (self.walk(&join.left)?, self.walk(&join.right)?);
        let both = left.clone().with(right.clone());
        for (a, b) in &join.on {
            self.fold(a, &both)?;
            self.fold(b, &both)?;
        }
        if let Some(filter) = &join.filter {
            self.fold(filter, &both)?;
        }
        // What an outer join may replace by NULL is no constant above it.
        let (left_null, right_null) = match join.join_type {
            JoinType::Left | JoinType::LeftMark => (false, true),
            JoinType::Right | JoinType::RightMark => (true, false),
            JoinType::Full => (true, true),
            _ => (false, false),
        };
        let left = if left_null { left.opaque() } else { left };
        Ok(left.with(if right_null { right.opaque() } else { right }))
    }

    /// A node of ours: a subquery of an expression is looked at when its column is read.
    fn extension<'a>(&self, plan: &'a LogicalPlan, extension: &'a Extension) -> Result<Scope<'a>> {
        let node = extension.node.as_any();
        if let Some(apply) = node.downcast_ref::<ApplyNode>() {
            let input = Rc::new(self.walk(&apply.input)?);
            let columns = plan.schema().columns();
            let from = columns.len().saturating_sub(apply.subqueries.len());
            let applied = columns[from..].iter().zip(&apply.subqueries).map(|(column, applied)| {
                let kind = match &applied.kind {
                    ApplyKind::Exists => Kind::Exists(&applied.template),
                    ApplyKind::In(probe) => Kind::In(&applied.template, probe, Rc::clone(&input)),
                    _ => Kind::Query(&applied.template),
                };
                (column.clone(), Link::new(kind, true))
            });
            let applied: Scope<'a> = applied.collect();
            return Ok(input.as_ref().clone().with(applied));
        }
        if let Some(rows) = node.downcast_ref::<RowsNode>() {
            let (input, item) = (self.walk(&rows.input)?, self.walk(&rows.template)?);
            let columns = plan.schema().columns();
            let own = rows.template.schema().columns();
            let item = item.renamed(&own, &columns[columns.len().saturating_sub(own.len())..]);
            return Ok(input.with(item.opaque()));
        }
        self.other(plan)
    }

    /// A node that reads all of its inputs.
    fn other<'a>(&self, plan: &'a LogicalPlan) -> Result<Scope<'a>> {
        let mut scope = Scope::default();
        for input in plan.inputs() {
            let read = self.walk(input)?;
            self.all(&read, input)?;
            scope = scope.with(read);
        }
        plan.apply_expressions(|expr| {
            self.fold(expr, &scope)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(Scope::default())
    }
}
