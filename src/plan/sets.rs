//! Set-returning functions: what the planner marked becomes UNNEST below the node that used it.
//!
//! Calls without another such call in their arguments run first, all of one level in lockstep: the shorter ones end in
//! NULLs. A level above takes the rows of the one below. Where PostgreSQL allows no such call the statement is `0A000`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, NullHandling, Result, UnnestOptions};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    BinaryExpr, Cast, Distinct, DistinctOn, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator,
};

use super::joinable::has_subquery;
use super::marker;
use crate::catalog::functions::ty::element_field;
use crate::error::Error;
use crate::sqlstate;

/// The hidden column that keeps rows of equal keys in order.
const ROW_NUMBER: &str = "__row_number";

/// Replaces the set-returning calls of one node; its inputs have none any more.
pub fn expand(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !has_sets(&node)? {
        return Ok(Transformed::no(node));
    }
    match node {
        LogicalPlan::Projection(projection) => {
            let schema = Arc::clone(&projection.schema);
            let input = Arc::unwrap_or_clone(projection.input);
            let saved: Vec<Expr> = projection
                .expr
                .into_iter()
                .zip(schema.iter())
                .map(|(expr, (qualifier, field))| match expr {
                    Expr::Alias(_) | Expr::Column(_) => expr,
                    other => other.alias_qualified(qualifier.cloned(), field.name()),
                })
                .collect();
            let (input, exprs) = below(input, saved, false)?;
            Ok(Transformed::yes(LogicalPlanBuilder::from(input).project(exprs)?.build()?))
        }
        LogicalPlan::Aggregate(ref aggregate) => {
            for expr in &aggregate.aggr_expr {
                refuse(expr, "aggregate function calls cannot contain set-returning function calls")?;
            }
            in_place(node)
        }
        LogicalPlan::Window(ref window) => {
            for expr in &window.window_expr {
                refuse(expr, "window function calls cannot contain set-returning function calls")?;
            }
            in_place(node)
        }
        LogicalPlan::Distinct(Distinct::On(distinct)) => distinct_on(distinct).map(Transformed::yes),
        LogicalPlan::Sort(_) => in_place(node),
        other => Err(not_allowed(place(&other))),
    }
}

/// A sorted DISTINCT ON picks rows before the sets of its SELECT list are unnested, unless it picks by them.
fn distinct_on(distinct: DistinctOn) -> Result<LogicalPlan> {
    let sorts = distinct.sort_expr.unwrap_or_default();
    let picked_by = distinct.on_expr.iter().chain(sorts.iter().map(|sort| &sort.expr));
    if !sorts.is_empty() && !picked_by.into_iter().any(contains_set) {
        return sets_after(DistinctOn { sort_expr: Some(sorts), ..distinct });
    }
    let (on, select) = (distinct.on_expr.len(), distinct.select_expr.len());
    let all = distinct.on_expr.into_iter().chain(distinct.select_expr);
    let all = all.chain(sorts.iter().map(|s| s.expr.clone())).collect();
    let (input, mut all) = below(Arc::unwrap_or_clone(distinct.input), all, false)?;
    let keys = all.split_off(on + select);
    let shown = all.split_off(on);
    let sorts: Vec<_> = sorts.into_iter().zip(keys).map(|(sort, expr)| sort.with_expr(expr)).collect();
    let distinct = DistinctOn::try_new(all, shown, Some(sorts).filter(|s| !s.is_empty()), Arc::new(input))?;
    Ok(LogicalPlan::Distinct(Distinct::On(distinct)))
}

/// The picked rows with what the sets need, and above them the SELECT list.
fn sets_after(distinct: DistinctOn) -> Result<LogicalPlan> {
    let schema = Arc::clone(&distinct.schema);
    let mut picked: Vec<Expr> = Vec::new();
    let mut shown = Vec::new();
    for (i, (expr, (qualifier, field))) in distinct.select_expr.into_iter().zip(schema.iter()).enumerate() {
        let value = if contains_set(&expr) {
            picked.extend(expr.column_refs().into_iter().cloned().map(Expr::Column));
            expr.unalias()
        } else {
            let name = format!("__picked_{i}");
            picked.push(expr.unalias().alias(&name));
            plain(&name)
        };
        shown.push(value.alias_qualified(qualifier.cloned(), field.name()));
    }
    let mut keys = Vec::new();
    for (i, sort) in distinct.sort_expr.iter().flatten().enumerate() {
        let name = format!("__key_{i}");
        picked.push(sort.expr.clone().alias(&name));
        keys.push(sort.with_expr(plain(&name)));
        shown.push(plain(&name));
    }
    let mut seen = std::collections::HashSet::new();
    picked.retain(|expr| seen.insert(expr.clone()));
    let distinct = DistinctOn::try_new(distinct.on_expr, picked, distinct.sort_expr, distinct.input)?;
    if !keys.is_empty() {
        shown.push(marker::row_number().alias(ROW_NUMBER));
        keys.push(plain(ROW_NUMBER).sort(true, false));
    }
    let (input, shown) = below(LogicalPlan::Distinct(Distinct::On(distinct)), shown, false)?;
    let plan = LogicalPlanBuilder::from(input).project(shown)?;
    if keys.is_empty() {
        return plan.build();
    }
    plan.sort(keys)?.project(schema.columns().into_iter().map(Expr::Column))?.build()
}

/// ORDER BY over a SELECT list with sets, or by subqueries, which see what the list sees: a set that only a key calls is unnested beside those of the list, and the rows
/// of one set keep their order among equals.
pub fn sort_keys(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Sort(sort) = &node else { return Ok(Transformed::no(node)) };
    let LogicalPlan::Projection(list) = sort.input.as_ref() else { return Ok(Transformed::no(node)) };
    if !sort.expr.iter().any(|key| contains_set(&key.expr) || has_subquery(&key.expr))
        && !list.expr.iter().any(contains_set)
    {
        return Ok(Transformed::no(node));
    }
    let columns = list.schema.columns();
    let resolved = |key: &Expr| {
        key.clone().transform_down(|e| match &e {
            Expr::Column(c) => match columns.iter().position(|own| own == c) {
                Some(i) => Ok(Transformed::new(list.expr[i].clone().unalias(), true, TreeNodeRecursion::Jump)),
                None => Ok(Transformed::no(e)),
            },
            _ => Ok(Transformed::no(e)),
        })
    };
    let keys = sort.expr.iter().map(|key| Ok(key.with_expr(resolved(&key.expr)?.data))).collect::<Result<Vec<_>>>()?;
    let mut exprs = list.expr.clone();
    let mut sorted = Vec::with_capacity(keys.len() + 1);
    for (i, key) in keys.into_iter().enumerate() {
        let name = format!("__key_{i}");
        exprs.push(key.expr.clone().alias(&name));
        sorted.push(key.with_expr(plain(&name)));
    }
    exprs.push(marker::row_number().alias(ROW_NUMBER));
    sorted.push(plain(ROW_NUMBER).sort(true, false));
    let shown: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
    let plan = LogicalPlanBuilder::from(list.input.as_ref().clone()).project(exprs)?.sort(sorted)?.project(shown)?;
    Ok(Transformed::yes(plan.build()?))
}

/// Unnests the sets that the expressions of a node use below it, and hides the added columns above it.
fn in_place(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let [input] = node.inputs()[..] else { return Err(not_allowed("FROM")) };
    let schema = Arc::clone(node.schema());
    let (input, exprs) = below(input.clone(), node.expressions(), false)?;
    let names: Vec<(Option<datafusion::common::TableReference>, String)> =
        schema.iter().map(|(q, f)| (q.cloned(), f.name().clone())).collect();
    let rebuilt = node.with_new_exprs(exprs, vec![input])?;
    let columns = rebuilt.schema().columns();
    // A node that shows its own columns (an aggregate) keeps their order; one that passes its input through has more.
    let passes = rebuilt.schema().fields().len() != names.len();
    let shown = names.into_iter().enumerate().map(|(i, (qualifier, name))| {
        if passes {
            return Expr::Column(Column::new(qualifier, name));
        }
        match columns.get(i) {
            Some(column) if column.name == name && column.relation == qualifier => Expr::Column(column.clone()),
            Some(column) => Expr::Column(column.clone()).alias_qualified(qualifier, name),
            None => Expr::Column(Column::new(qualifier, name)),
        }
    });
    let shown: Vec<Expr> = shown.collect();
    Ok(Transformed::yes(LogicalPlanBuilder::from(rebuilt).project(shown)?.build()?))
}

/// Puts UNNEST over `input` for the sets in `exprs` and gives the expressions with columns in their place. `outer`
/// keeps a row of `input` whose sets are all empty.
pub fn below(mut input: LogicalPlan, mut exprs: Vec<Expr>, outer: bool) -> Result<(LogicalPlan, Vec<Expr>)> {
    loop {
        let mut sets: Vec<ScalarFunction> = Vec::new();
        for expr in &exprs {
            innermost(expr, &mut sets)?;
        }
        if sets.is_empty() {
            return Ok((input, exprs));
        }
        let numbered = exprs.iter().any(|e| e.exists(|e| Ok(is_ordinality(e))).unwrap_or(false));
        let (unnested, columns) = unnest(input, &sets, numbered, outer)?;
        let replace = |expr: Expr| {
            expr.transform_down(|e| match &e {
                Expr::ScalarFunction(call) if marker::is_ordinality(&call.func) => {
                    Ok(Transformed::yes(columns.last().map_or_else(|| e.clone(), Expr::clone)))
                }
                Expr::ScalarFunction(call) => match sets.iter().position(|set| set == call) {
                    Some(i) => Ok(Transformed::new(columns[i].clone(), true, TreeNodeRecursion::Jump)),
                    None => Ok(Transformed::no(e)),
                },
                _ => Ok(Transformed::no(e)),
            })
            .map(|t| t.data)
        };
        exprs = exprs.into_iter().map(replace).collect::<Result<_>>()?;
        input = unnested;
    }
}

fn plain(name: impl Into<String>) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The column of a list's elements; UNNEST forgets what the element's metadata says of its type, a cast does not.
fn column(name: &String, element: Option<&FieldRef>) -> Expr {
    let column = Expr::Column(Column::new_unqualified(name));
    match element.filter(|element| !element.metadata().is_empty()) {
        Some(element) => Expr::Cast(Cast::new_from_field(Box::new(column), Arc::clone(element))),
        None => column,
    }
}

/// The lists of `sets` as columns beside those of `input`, unnested; and the columns.
fn unnest(
    input: LogicalPlan,
    sets: &[ScalarFunction],
    numbered: bool,
    outer: bool,
) -> Result<(LogicalPlan, Vec<Expr>)> {
    // A plan may hold several of these; their columns never meet under one name.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut exprs: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    let mut lists = Vec::with_capacity(sets.len());
    for set in sets {
        lists.extend(marker::list_behind(&set.func).map(|list| list.call(set.args.clone())));
    }
    if numbered {
        lists.push(marker::ordinals(lists.clone()));
    }
    let names: Vec<String> = (0..lists.len()).map(|i| format!("__set_{unique}_{i}")).collect();
    let mut elements = Vec::with_capacity(lists.len());
    for (list, name) in lists.iter().zip(&names) {
        let field = list.to_field(input.schema())?.1;
        elements.push(column(name, element_field(field.data_type())));
    }
    exprs.extend(lists.into_iter().zip(&names).map(|(list, name)| list.alias(name)));
    let handling = if outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
    let options = UnnestOptions::new().with_null_handling(handling);
    let columns = names.iter().map(Column::new_unqualified).collect();
    let plan =
        LogicalPlanBuilder::from(input).project(exprs)?.unnest_columns_with_options(columns, options)?.build()?;
    Ok((plan, elements))
}

/// The set-returning calls whose arguments have none, each once.
fn innermost(expr: &Expr, sets: &mut Vec<ScalarFunction>) -> Result<()> {
    expr.apply(|e| {
        match e {
            Expr::Case(case) if contains_set(e) => {
                if case.when_then_expr.iter().any(|(when, _)| case.expr.is_none() && contains_set(when)) {
                    return Err(must_not_return_set("CASE/WHEN"));
                }
                return Err(not_allowed("CASE"));
            }
            Expr::BinaryExpr(BinaryExpr { op: Operator::And, .. }) | Expr::Between(_) if contains_set(e) => {
                return Err(must_not_return_set("AND"));
            }
            Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }) if contains_set(e) => {
                return Err(must_not_return_set("OR"));
            }
            Expr::Not(_) if contains_set(e) => return Err(must_not_return_set("NOT")),
            Expr::ScalarFunction(call)
                if marker::list_behind(&call.func).is_some()
                    && !call.args.iter().any(contains_set)
                    && !sets.contains(call) =>
            {
                sets.push(call.clone());
            }
            Expr::ScalarFunction(call) if call.func.name() == "coalesce" && contains_set(e) => {
                return Err(not_allowed("COALESCE"));
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// Whether an expression calls a set-returning function.
#[must_use]
pub fn contains_set(expr: &Expr) -> bool {
    let is = |e: &Expr| matches!(e, Expr::ScalarFunction(call) if marker::list_behind(&call.func).is_some());
    expr.exists(|e| Ok(is(e))).unwrap_or(false)
}

fn is_ordinality(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if marker::is_ordinality(&call.func))
}

/// Whether a node's own expressions call a set-returning function.
fn has_sets(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expr| {
        found |= contains_set(expr);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn refuse(expr: &Expr, message: &'static str) -> Result<()> {
    if contains_set(expr) {
        return Err(DataFusionError::External(Box::new(Error::unsupported(message))));
    }
    Ok(())
}

fn must_not_return_set(place: &str) -> DataFusionError {
    let message = format!("argument of {place} must not return a set");
    DataFusionError::External(Box::new(Error::new(sqlstate::DATATYPE_MISMATCH, message)))
}

/// `set-returning functions are not allowed in …`.
#[must_use]
pub fn not_allowed(place: &str) -> DataFusionError {
    let message = format!("set-returning functions are not allowed in {place}");
    DataFusionError::External(Box::new(Error::unsupported(message)))
}

/// PostgreSQL's name of the clause that a node stands for.
fn place(node: &LogicalPlan) -> &'static str {
    match node {
        LogicalPlan::Filter(filter) if matches!(filter.input.as_ref(), LogicalPlan::Aggregate(_)) => "HAVING",
        LogicalPlan::Filter(_) => "WHERE",
        LogicalPlan::Join(_) => "JOIN conditions",
        LogicalPlan::Values(_) => "VALUES",
        LogicalPlan::Limit(_) => "LIMIT",
        _ => "this place",
    }
}

/// Keeps what an expression is called while it changes.
pub fn keeping_names(
    node: LogicalPlan,
    mut change: impl FnMut(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let preserver = NamePreserver::new(&node);
    node.map_expressions(|expr| {
        let saved = preserver.save(&expr);
        Ok(change(expr)?.update_data(|e| saved.restore(e)))
    })
}
