//! Outer references of a plan: which are free in it, and their replacement by literals.
//!
//! A reference inside a nested subquery belongs to the nearest enclosing plan node whose input has the column; what
//! none of them has is free.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ParamValues, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, Subquery};

use super::{ApplyNode, RowsNode};

/// The free outer references of a plan with their types, in a fixed order.
pub fn free_references(plan: &LogicalPlan) -> Result<Vec<(Column, FieldRef)>> {
    let mut found = BTreeMap::new();
    collect(plan, &mut found)?;
    Ok(found.into_iter().collect())
}

/// Whether a plan has free outer references.
pub fn has_free_references(plan: &LogicalPlan) -> Result<bool> {
    Ok(!free_references(plan)?.is_empty())
}

fn collect(plan: &LogicalPlan, found: &mut BTreeMap<Column, FieldRef>) -> Result<()> {
    plan.apply(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|e| {
                if let Expr::OuterReferenceColumn(field, column) = e {
                    found.insert(column.clone(), Arc::clone(field));
                } else if let Some(subquery) = subquery_of(e) {
                    collect_nested(&subquery.subquery, &schema, found)?;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        if let LogicalPlan::Join(join) = node {
            // What a lateral right side refers to on its left is not free.
            collect(&join.left, found)?;
            collect_nested(&join.right, join.left.schema(), found)?;
            return Ok(TreeNodeRecursion::Jump);
        }
        if let Some((input, templates)) = templates_of(node) {
            for template in templates {
                collect_nested(template, input.schema(), found)?;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn collect_nested(plan: &LogicalPlan, schema: &DFSchema, found: &mut BTreeMap<Column, FieldRef>) -> Result<()> {
    let mut inner = BTreeMap::new();
    collect(plan, &mut inner)?;
    found.extend(inner.into_iter().filter(|(column, _)| !schema.has_column(column)));
    Ok(())
}

/// The plan with free outer references replaced by the values given for them.
pub fn substitute(plan: &LogicalPlan, values: &HashMap<Column, ScalarValue>) -> Result<LogicalPlan> {
    let replaced = plan.clone().transform_up(|node| {
        let schema = merge_schema(&node.inputs());
        // A column keeps the name that the nodes above know it by.
        let preserver = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let saved = preserver.save(&expr);
            let replaced = expr.transform_down(|e| substitute_expr(e, &schema, values))?;
            Ok(replaced.update_data(|e| saved.restore(e)))
        })?;
        node.transform_data(|node| {
            if let Some(apply) = as_apply(&node) {
                return substitute_apply(apply, values).map(Transformed::yes);
            }
            if let Some(rows) = as_rows(&node) {
                let mut rows = rows.clone();
                let values = hidden(rows.input.schema(), values);
                rows.template = Arc::new(substitute(&rows.template, &values)?);
                return Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(rows) })));
            }
            match &node {
                // A lateral item whose references are all values now is an ordinary one.
                LogicalPlan::Subquery(lateral) if !has_free_references(&lateral.subquery)? => {
                    Ok(Transformed::yes(lateral.subquery.as_ref().clone()))
                }
                _ => Ok(Transformed::no(node)),
            }
        })
    })?;
    Ok(replaced.data)
}

/// The plan with its params filled in, those inside applied subqueries and lateral items too.
pub fn fill_params(plan: LogicalPlan, values: &ParamValues) -> Result<LogicalPlan> {
    let filled = plan.replace_params_with_values(values)?.transform_up_with_subqueries(|node| {
        if let Some(apply) = as_apply(&node) {
            let mut apply = apply.clone();
            for applied in &mut apply.subqueries {
                applied.template = Arc::new(fill_params(applied.template.as_ref().clone(), values)?);
            }
            return Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(apply) })));
        }
        if let Some(rows) = as_rows(&node) {
            let mut rows = rows.clone();
            rows.template = Arc::new(fill_params(rows.template.as_ref().clone(), values)?);
            return Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(rows) })));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(filled.data)
}

/// The values that a plan below `schema`'s columns still sees.
fn hidden(schema: &DFSchema, values: &HashMap<Column, ScalarValue>) -> HashMap<Column, ScalarValue> {
    values.iter().filter(|(c, _)| !schema.has_column(c)).map(|(c, v)| (c.clone(), v.clone())).collect()
}

fn substitute_expr(expr: Expr, schema: &DFSchema, values: &HashMap<Column, ScalarValue>) -> Result<Transformed<Expr>> {
    if let Expr::OuterReferenceColumn(field, column) = &expr {
        // A vector is told from an array by its field alone.
        let is_vector = field.data_type().is_nested() && !field.metadata().is_empty();
        let metadata = is_vector.then(|| FieldMetadata::from(field.as_ref()));
        return Ok(match values.get(column) {
            Some(value) => Transformed::yes(Expr::Literal(value.clone(), metadata)),
            None => Transformed::no(expr),
        });
    }
    let visible = |values: &HashMap<Column, ScalarValue>| hidden(schema, values);
    Ok(match expr {
        Expr::ScalarSubquery(subquery) => {
            Transformed::yes(Expr::ScalarSubquery(substitute_subquery(&subquery, &visible(values))?))
        }
        Expr::Exists(Exists { subquery, negated }) => {
            let subquery = substitute_subquery(&subquery, &visible(values))?;
            Transformed::yes(Expr::Exists(Exists { subquery, negated }))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let subquery = substitute_subquery(&subquery, &visible(values))?;
            Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            let subquery = substitute_subquery(&subquery, &visible(values))?;
            Transformed::yes(Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }))
        }
        other => Transformed::no(other),
    })
}

fn substitute_subquery(subquery: &Subquery, values: &HashMap<Column, ScalarValue>) -> Result<Subquery> {
    let plan = substitute(&subquery.subquery, values)?;
    let outer_ref_columns =
        free_references(&plan)?.into_iter().map(|(column, field)| Expr::OuterReferenceColumn(field, column)).collect();
    Ok(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: subquery.spans.clone() })
}

fn substitute_apply(apply: &ApplyNode, values: &HashMap<Column, ScalarValue>) -> Result<LogicalPlan> {
    let values = hidden(apply.input.schema(), values);
    let mut apply = apply.clone();
    for applied in &mut apply.subqueries {
        applied.template = Arc::new(substitute(&applied.template, &values)?);
    }
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(apply) }))
}

/// The subquery of an expression that is one.
#[must_use]
pub fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery)
        | Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

fn as_apply(plan: &LogicalPlan) -> Option<&ApplyNode> {
    match plan {
        LogicalPlan::Extension(Extension { node }) => node.as_any().downcast_ref::<ApplyNode>(),
        _ => None,
    }
}

fn as_rows(plan: &LogicalPlan) -> Option<&RowsNode> {
    match plan {
        LogicalPlan::Extension(Extension { node }) => node.as_any().downcast_ref::<RowsNode>(),
        _ => None,
    }
}

/// The templates of a node that applies some.
#[must_use]
pub fn templates(plan: &LogicalPlan) -> Vec<&LogicalPlan> {
    templates_of(plan).map(|(_, templates)| templates).unwrap_or_default()
}

/// The input and the templates of a node that applies some.
fn templates_of(plan: &LogicalPlan) -> Option<(&LogicalPlan, Vec<&LogicalPlan>)> {
    if let Some(apply) = as_apply(plan) {
        return Some((&apply.input, apply.subqueries.iter().map(|s| s.template.as_ref()).collect()));
    }
    as_rows(plan).map(|rows| (&rows.input, vec![rows.template.as_ref()]))
}
