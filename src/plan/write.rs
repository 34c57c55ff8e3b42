//! INSERT, UPDATE and DELETE of a session's tables: a query that gives the rows to be written, and what to do with
//! them.
//!
//! The query's outputs are, in this order: for UPDATE and DELETE the number of the row in the table; for INSERT and
//! UPDATE the value of every column; the value of every CHECK condition. Nothing is written while planning or running
//! it: the session puts the rows into the table when all are there.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, Union, Values};
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;

use super::assign::{self, external};
use super::conflict::{ConflictSpec, plan_conflict};
use super::placement::{self, Misplaced};
use super::{
    Declared, Plan, PlanEnv, columns, context, generated, locate, optimize, parser_options, raw_plan, resolve, settle,
};
use crate::catalog::Relation;
use crate::catalog::temp::{Check, ColumnKind, PG_TEMP, ROW_NUMBER};
use crate::error::{Error, Result};
use crate::sql::object_ast::RelationName;
use crate::sql::position::Positions;
use crate::sql::rewrite::names::folded;
use crate::sql::write::{self, Change, Overriding, Write};
use crate::sqlstate;

/// Ends the name by which a plan reads a table with its row numbers.
pub const NUMBERED: &str = "\u{1}numbered";
/// Ends the name by which a plan reads the rows just written.
pub const WRITTEN: &str = "\u{1}written";

/// What is done with the rows of a plan.
#[derive(Clone, Debug)]
pub struct WriteSpec {
    /// The table.
    pub relation: Arc<Relation>,
    /// The statement's verb: INSERT, UPDATE, DELETE.
    pub verb: &'static str,
    /// The names of the CHECK constraints whose values follow the columns.
    pub checks: Vec<String>,
    /// ON CONFLICT.
    pub conflict: Option<ConflictSpec>,
    /// RETURNING.
    pub returning: Option<Arc<Plan>>,
}

/// Plans a statement that changes rows.
///
/// # Errors
///
/// `42P01` for an unknown table, `0A000` for one that is not the session's own, and all that planning a query raises.
pub fn plan_write(write: &Write, positions: &Positions, declared: &Declared, env: &PlanEnv) -> Result<Plan> {
    let relation = target(&write.target, write.change.verb(), env)?;
    plan_write_to(write, relation, positions, declared, env)
}

/// The same for a table that is already found, or not yet in the catalog.
pub fn plan_write_to(
    write: &Write,
    relation: Arc<Relation>,
    positions: &Positions,
    declared: &Declared,
    env: &PlanEnv,
) -> Result<Plan> {
    placed(write, env).map_err(|(error, at)| error.or_at(positions.char_position(at)))?;
    let mut plan = rows_of(write, &relation, positions, declared, env)?;
    let conflict = match &write.change {
        Change::Insert { conflict: Some(conflict), .. } => {
            Some(plan_conflict(conflict, write, &relation, (positions, &plan.params), env)?)
        }
        _ => None,
    };
    if let Some(update) = conflict.as_ref().and_then(|conflict| conflict.update.as_ref()) {
        plan.params.clone_from(&update.params);
        plan.reusable &= update.reusable;
    }
    let returning = match &write.returning {
        None => None,
        Some(query) if returns_others(write, query) => {
            return Err(Error::unsupported("RETURNING * of other relations is not supported")
                .hint(format!("Write \"{}\".* for the rows of the table.", folded(&write.alias))));
        }
        Some(query) => {
            let known: Vec<Option<FieldRef>> = plan.params.iter().map(|p| Some(Arc::clone(p))).collect();
            let query = over_written(query, write, &relation);
            Some(Arc::new(super::plan_query(&query, positions, &known, env)?))
        }
    };
    if let Some(returning) = &returning {
        plan.params.clone_from(&returning.params);
        plan.reusable &= returning.reusable;
    }
    plan.columns = returning.as_ref().map_or_else(|| Arc::from([]), |returning| Arc::clone(&returning.columns));
    let checks = match (&write.change, relation.table()) {
        (Change::Insert { .. } | Change::Update { .. }, Some(spec)) => {
            spec.checks.iter().map(|c| c.name.clone()).collect()
        }
        _ => Vec::new(),
    };
    plan.write = Some(Arc::new(WriteSpec { relation, verb: write.change.verb(), checks, conflict, returning }));
    Ok(plan)
}

/// Refuses aggregates, window functions and sets where a statement that writes has no place for them.
fn placed(write: &Write, env: &PlanEnv) -> std::result::Result<(), Misplaced> {
    let alone = |expr: &ast::Expr, clause, sets| placement::alone(expr, clause, sets, &env.functions);
    match &write.change {
        Change::Insert { source, conflict, .. } => {
            if let Some(ast::SetExpr::Values(values)) = source.as_deref().map(|query| query.body.as_ref()) {
                for value in values.rows.iter().flat_map(|row| &row.content) {
                    alone(value, "VALUES", true)?;
                }
            }
            if let Some((assignments, _)) = conflict.as_ref().and_then(|conflict| conflict.update.as_ref()) {
                assignments.iter().try_for_each(|(_, value)| alone(value, "UPDATE", false))?;
            }
        }
        Change::Update { assignments, condition, .. } => {
            assignments.iter().try_for_each(|(_, value)| alone(value, "UPDATE", false))?;
            condition.iter().try_for_each(|condition| alone(condition, "WHERE", false))?;
        }
        Change::Delete { condition, .. } => {
            condition.iter().try_for_each(|condition| alone(condition, "WHERE", false))?;
        }
    }
    let Some(ast::SetExpr::Select(select)) = write.returning.as_deref().map(|query| query.body.as_ref()) else {
        return Ok(());
    };
    select.projection.iter().try_for_each(|item| match item {
        ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. } => {
            alone(expr, "RETURNING", false)
        }
        _ => Ok(()),
    })
}

/// Whether RETURNING asks for all columns of several relations.
fn returns_others(write: &Write, returning: &ast::Query) -> bool {
    let others = match &write.change {
        Change::Insert { .. } => false,
        Change::Update { from, .. } => !from.is_empty(),
        Change::Delete { using, .. } => !using.is_empty(),
    };
    let ast::SetExpr::Select(select) = returning.body.as_ref() else { return false };
    others && select.projection.iter().any(|item| matches!(item, ast::SelectItem::Wildcard(_)))
}

/// The plan of the rows to be written.
pub(super) fn rows_of(
    write: &Write,
    relation: &Relation,
    positions: &Positions,
    declared: &Declared,
    env: &PlanEnv,
) -> Result<Plan> {
    let query = source(write, relation)?;
    let make = |known: &Declared| -> Result<Result<LogicalPlan, DataFusionError>> {
        env.check_cancelled()?;
        Ok(to_rows(write, &query, relation, known, env))
    };
    let place = |error: &DataFusionError| match &query {
        Source::Query(query) => beyond(locate::planning_error(error, query, positions), write, relation),
        Source::Rows(_) => crate::exec::classify::classify(error),
    };
    super::plan_made(make, place, declared, env)
}

/// A relation of FROM that refers to the table which the statement writes.
fn beyond(error: Error, write: &Write, relation: &Relation) -> Error {
    let alias = folded(&write.alias);
    let missing = format!("missing FROM-clause entry for table \"{alias}\"");
    let hidden = error.message().strip_prefix(&format!("column {alias}.")).is_some_and(|rest| {
        let name = rest.trim_end_matches(" does not exist");
        relation.schema().index_of(name).is_ok()
    });
    if error.message() != missing && !hidden {
        return error;
    }
    let message = format!("invalid reference to FROM-clause entry for table \"{alias}\"");
    let detail =
        format!("There is an entry for table \"{alias}\", but it cannot be referenced from this part of the query.");
    Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message).detail(detail).or_at(error.position())
}

/// The table that a statement writes.
fn target(name: &RelationName, verb: &str, env: &PlanEnv) -> Result<Arc<Relation>> {
    let snapshot = &env.snapshot;
    let schema = match name.schema.as_deref() {
        Some(PG_TEMP) => env.vars.temp_schema(),
        Some(schema) => Some(schema),
        None => snapshot.resolve(&env.vars.search_path, &name.name),
    };
    let preposition = match verb {
        "INSERT" => "insert into",
        "DELETE" => "delete from",
        _ => "update",
    };
    let found = schema.and_then(|schema| snapshot.relation(schema, &name.name));
    match found {
        Some(relation) if relation.table().is_some() => Ok(Arc::clone(relation)),
        Some(relation) if relation.view().is_some() => {
            Err(Error::unsupported(format!("cannot {preposition} view \"{}\"", name.name))
                .detail("Views cannot be written."))
        }
        None if schema.is_none_or(|schema| snapshot.provider(schema, &name.name).is_none()) => {
            let shown = name.schema.as_ref().map_or_else(|| name.name.clone(), |s| format!("{s}.{}", name.name));
            Err(Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{shown}\" does not exist")))
        }
        _ => Err(Error::unsupported(format!("{verb} is not supported"))
            .detail(format!("\"{}\" is not a temporary table.", name.name))
            .hint("The tables of this server come from its configuration and are read-only.")),
    }
}

/// Where the rows of a statement come from.
enum Source {
    /// VALUES, with the defaults filled in: one expression per column of the table.
    Rows(Vec<Vec<ast::Expr>>),
    Query(Box<ast::Query>),
}

fn source(write: &Write, relation: &Relation) -> Result<Source> {
    let schema = relation.provider.schema();
    match &write.change {
        Change::Insert { columns, source, .. } => {
            let places = places(columns, &relation.name, &schema)?;
            own_values(write, source.as_deref(), &places, relation)?;
            insert_source(write, source.as_deref(), (columns.is_empty(), &places), relation)
        }
        Change::Update { assignments, from, condition } => {
            let names: Vec<String> = assignments.iter().map(|(name, _)| name.clone()).collect();
            if let Some((_, name)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
                let message = format!("multiple assignments to same column \"{name}\"");
                return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
            }
            let places = places(&names, &relation.name, &schema)?;
            computed_stay(assignments, &places, relation)?;
            let mut items = vec![aliased(own_column(write, ROW_NUMBER), "\u{1}row")];
            for (i, field) in schema.fields().iter().enumerate() {
                let value = match places.iter().position(|place| *place == i).filter(|_| !names.is_empty()) {
                    Some(at) if is_default(&assignments[at].1) => default_of(relation, i),
                    Some(at) => assignments[at].1.clone(),
                    None => own_column(write, field.name()),
                };
                items.push(aliased(value, &format!("\u{1}{i}")));
            }
            Ok(Source::Query(over_numbered(write, relation, items, from, condition.as_ref())))
        }
        Change::Delete { using, condition } => {
            let items = vec![aliased(own_column(write, ROW_NUMBER), "\u{1}row")];
            Ok(Source::Query(over_numbered(write, relation, items, using, condition.as_ref())))
        }
    }
}

/// The places of the named columns in the table; of all columns when none is named.
fn places(names: &[String], table: &str, schema: &Schema) -> Result<Vec<usize>> {
    if names.is_empty() {
        return Ok((0..schema.fields().len()).collect());
    }
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let Ok(place) = schema.index_of(name) else {
            let message = format!("column \"{name}\" of relation \"{table}\" does not exist");
            return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
        };
        if places.contains(&place) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        places.push(place);
    }
    Ok(places)
}

fn insert_source(
    write: &Write,
    source: Option<&ast::Query>,
    (all, places): (bool, &[usize]),
    relation: &Relation,
) -> Result<Source> {
    let width = relation.provider.schema().fields().len();
    let Some(query) = source else {
        return Ok(Source::Rows(vec![(0..width).map(|i| default_of(relation, i)).collect()]));
    };
    let plain =
        query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
    let ast::SetExpr::Values(values) = query.body.as_ref() else {
        let mut query = Box::new(query.clone());
        if let Some(outer) = &write.with {
            let mut with = outer.clone();
            with.cte_tables.extend(query.with.take().map(|w| w.cte_tables).unwrap_or_default());
            query.with = Some(with);
        }
        return Ok(Source::Query(query));
    };
    if !plain || write.with.is_some() {
        let mut query = Box::new(query.clone());
        query.with = query.with.or_else(|| write.with.clone());
        return Ok(Source::Query(query));
    }
    let first = values.rows.first().map_or(0, |row| row.content.len());
    let mut rows = Vec::with_capacity(values.rows.len());
    for row in &values.rows {
        let row = &row.content;
        if row.len() != first {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "VALUES lists must all be the same length"));
        }
        check_width(row.len(), places.len(), all)?;
        let mut full: Vec<ast::Expr> = (0..width).map(|i| default_of(relation, i)).collect();
        for (value, &place) in row.iter().zip(places) {
            if !is_default(value) && !keeps_own(write, relation, place) {
                full[place] = value.clone();
            }
        }
        rows.push(full);
    }
    Ok(Source::Rows(rows))
}

/// Whether OVERRIDING USER VALUE passes over what is given for a column.
fn keeps_own(write: &Write, relation: &Relation, place: usize) -> bool {
    let identity = |kind| matches!(kind, ColumnKind::Identity | ColumnKind::AlwaysIdentity);
    write.overriding == Some(Overriding::User) && relation.table().is_some_and(|spec| identity(spec.kind(place)))
}

/// Refuses values for columns that are always generated.
fn own_values(write: &Write, source: Option<&ast::Query>, places: &[usize], relation: &Relation) -> Result<()> {
    let (Some(spec), Some(query)) = (relation.table(), source) else { return Ok(()) };
    let width = match query.body.as_ref() {
        ast::SetExpr::Values(values) => values.rows.first().map_or(0, |row| row.content.len()),
        ast::SetExpr::Select(select) if !select.projection.iter().any(is_wild) => select.projection.len(),
        _ => places.len(),
    };
    for (i, &place) in places.iter().take(width).enumerate() {
        let (name, kind) = (relation.schema().field(place).name().clone(), spec.kind(place));
        let why = match kind {
            ColumnKind::Generated if write.overriding == Some(Overriding::System) && query_is_refill(query) => continue,
            ColumnKind::Generated => "is a generated column.",
            ColumnKind::AlwaysIdentity if write.overriding.is_none() => {
                "is an identity column defined as GENERATED ALWAYS."
            }
            _ => continue,
        };
        let given = match query.body.as_ref() {
            ast::SetExpr::Values(values) => {
                values.rows.iter().filter_map(|row| row.content.get(i)).any(|value| !is_default(value))
            }
            _ => true,
        };
        if given {
            let message = format!("cannot insert a non-DEFAULT value into column \"{name}\"");
            let error = Error::new(sqlstate::GENERATED_ALWAYS, message).detail(format!("Column \"{name}\" {why}"));
            let hint = "Use OVERRIDING SYSTEM VALUE to override.";
            return Err(if kind == ColumnKind::Generated { error } else { error.hint(hint) });
        }
    }
    Ok(())
}

fn is_wild(item: &ast::SelectItem) -> bool {
    matches!(item, ast::SelectItem::Wildcard(_) | ast::SelectItem::QualifiedWildcard(..))
}

/// Whether a query is the one that fills an altered table from what it was.
fn query_is_refill(query: &ast::Query) -> bool {
    let ast::SetExpr::Select(select) = query.body.as_ref() else { return false };
    select.projection.first().is_some_and(
        |item| matches!(item, ast::SelectItem::ExprWithAlias { alias, .. } if alias.value.starts_with('\u{1}')),
    )
}

/// Refuses SET of columns that are always generated, but to DEFAULT.
fn computed_stay(assignments: &[(String, ast::Expr)], places: &[usize], relation: &Relation) -> Result<()> {
    let Some(spec) = relation.table() else { return Ok(()) };
    for ((name, value), &place) in assignments.iter().zip(places) {
        let why = match spec.kind(place) {
            ColumnKind::Generated => "is a generated column.",
            ColumnKind::AlwaysIdentity => "is an identity column defined as GENERATED ALWAYS.",
            _ => continue,
        };
        if !is_default(value) {
            let message = format!("column \"{name}\" can only be updated to DEFAULT");
            return Err(Error::new(sqlstate::GENERATED_ALWAYS, message).detail(format!("Column \"{name}\" {why}")));
        }
    }
    Ok(())
}

/// Whether as many values are given as columns; without a list of columns the last ones may be left out.
fn check_width(values: usize, columns: usize, all: bool) -> Result<()> {
    if values > columns {
        return Err(Error::new(sqlstate::SYNTAX_ERROR, "INSERT has more expressions than target columns"));
    }
    if values < columns && !all {
        return Err(Error::new(sqlstate::SYNTAX_ERROR, "INSERT has more target columns than expressions"));
    }
    Ok(())
}

/// The keyword DEFAULT where a value is expected.
fn is_default(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Identifier(i) if i.quote_style.is_none() && i.value.eq_ignore_ascii_case("default"))
}

fn default_of(relation: &Relation, place: usize) -> ast::Expr {
    // What is generated is computed when the rest of the row is there.
    let spec = relation.table().filter(|spec| spec.kind(place) != ColumnKind::Generated);
    let default = spec.and_then(|spec| spec.defaults.get(place)).and_then(Option::as_ref);
    default.map_or_else(|| ast::Expr::Value(ast::Value::Null.into()), Clone::clone)
}

pub(super) fn own_column(write: &Write, name: &str) -> ast::Expr {
    ast::Expr::CompoundIdentifier(vec![write.alias.clone(), write::ident(name)])
}

fn aliased(expr: ast::Expr, name: &str) -> ast::SelectItem {
    ast::SelectItem::ExprWithAlias { expr, alias: write::ident(name) }
}

/// A query over the table with its row numbers, and the other relations of the statement.
fn over_numbered(
    write: &Write,
    relation: &Relation,
    items: Vec<ast::SelectItem>,
    others: &[ast::TableWithJoins],
    condition: Option<&ast::Expr>,
) -> Box<ast::Query> {
    let name = [write::ident(&relation.schema), write::ident(&format!("{}{NUMBERED}", relation.name))];
    // Behind the others, which must not refer to it.
    let mut from = others.to_vec();
    from.push(write::table(&name, Some(write.alias.clone())));
    write::query(write.with.clone(), items, from, condition.cloned())
}

/// RETURNING's query over the rows just written.
fn over_written(query: &ast::Query, write: &Write, relation: &Relation) -> ast::Query {
    let mut query = query.clone();
    if let ast::SetExpr::Select(select) = query.body.as_mut() {
        let name = [write::ident(&relation.schema), write::ident(&format!("{}{WRITTEN}", relation.name))];
        select.from = vec![write::table(&name, Some(write.alias.clone()))];
    }
    query
}

/// The statement's rows as the module describes them.
fn to_rows(
    write: &Write,
    source: &Source,
    relation: &Relation,
    params: &Declared,
    env: &PlanEnv,
) -> Result<LogicalPlan, DataFusionError> {
    let schema = relation.provider.schema();
    let fields = schema.fields();
    let plan = match (source, &write.change) {
        (Source::Rows(rows), _) => values(rows, fields, params, env)?,
        (Source::Query(query), Change::Insert { columns, .. }) => {
            let places = places(columns, &relation.name, &schema).map_err(external)?;
            inserted(query, (columns.is_empty(), &places), (write, relation), params, env)?
        }
        (Source::Query(query), Change::Update { .. }) => {
            let mut outputs: Vec<FieldRef> = vec![Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false))];
            outputs.extend(fields.iter().map(Arc::clone));
            let plan = assign::adapt_outputs(raw_plan(query, params, env)?, &outputs, &env.vars.style)?;
            assign::to_columns(settle(plan, env)?, 1, fields, env)?
        }
        (Source::Query(query), Change::Delete { .. }) => return settle(raw_plan(query, params, env)?, env),
    };
    let skip = usize::from(matches!(write.change, Change::Update { .. }));
    let plan = generated::computed(plan, skip, relation, env)?;
    let checks = relation.table().map_or(&[][..], |spec| spec.checks.as_slice());
    if checks.is_empty() { Ok(plan) } else { checked(plan, relation, checks, env) }
}

/// The rows of VALUES. Each value is assigned on its own, as PostgreSQL does, so that one row's types never touch
/// another's.
fn values(
    rows: &[Vec<ast::Expr>],
    fields: &[FieldRef],
    params: &Declared,
    env: &PlanEnv,
) -> Result<LogicalPlan, DataFusionError> {
    let context = context::Context::new(env);
    let planner = SqlToRel::new_with_options(&context, parser_options());
    let mut scope = PlannerContext::new().with_prepare_param_data_types(params.to_vec());
    let empty = DFSchema::empty();
    let mut exprs = Vec::with_capacity(rows.len() * fields.len());
    for value in rows.iter().flat_map(|row| row.iter().zip(fields)) {
        let (value, field) = value;
        let expr = planner.sql_to_expr(value.clone(), &empty, &mut scope)?;
        let name = format!("\u{1}{}", exprs.len());
        exprs.push(assign::adapt_value(expr, field, &env.vars.style)?.alias(name));
    }
    let settled = settle(LogicalPlanBuilder::empty(true).project(exprs)?.build()?, env)?;
    match settled {
        LogicalPlan::Projection(one)
            if matches!(one.input.as_ref(), LogicalPlan::EmptyRelation(_)) && !one.expr.iter().any(has_subquery) =>
        {
            constants(&one, fields, env)
        }
        settled => union(&settled, fields, env),
    }
}

fn has_subquery(expr: &Expr) -> bool {
    let mut found = false;
    // The visit itself cannot fail.
    let _ = expr.apply(|e| {
        found |= matches!(e, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_));
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

/// All values stand in one projection over nothing: they are VALUES.
fn constants(one: &Projection, fields: &[FieldRef], env: &PlanEnv) -> Result<LogicalPlan, DataFusionError> {
    let mut assigned = Vec::with_capacity(one.expr.len());
    for (i, (expr, from)) in one.expr.iter().zip(one.schema.fields()).enumerate() {
        let to = &fields[i % fields.len()];
        assigned.push(assign::assign(expr.clone().unalias(), from, to, env)?);
    }
    let rows: Vec<Vec<Expr>> = assigned.chunks(fields.len()).map(<[Expr]>::to_vec).collect();
    let open = |field: &FieldRef| Arc::new(field.as_ref().clone().with_nullable(true));
    let schema = Schema::new(fields.iter().map(open).collect::<Vec<_>>());
    let schema = Arc::new(DFSchema::try_from(schema)?);
    Ok(LogicalPlan::Values(Values { schema, values: rows }))
}

/// Values with subqueries among them: each row takes its own of the one row that they all make.
fn union(settled: &LogicalPlan, fields: &[FieldRef], env: &PlanEnv) -> Result<LogicalPlan, DataFusionError> {
    let columns = settled.schema().columns();
    let mut rows = Vec::new();
    for row in columns.chunks(fields.len()) {
        let exprs = row.iter().zip(fields).map(|(c, f)| Expr::Column(c.clone()).alias(f.name()));
        let plan = LogicalPlanBuilder::from(settled.clone()).project(exprs)?.build()?;
        rows.push(Arc::new(assign::to_columns(plan, 0, fields, env)?));
    }
    match rows.len() {
        1 => Ok(rows.pop().map(Arc::unwrap_or_clone).unwrap_or_default()),
        _ => Union::try_new(rows).map(LogicalPlan::Union),
    }
}

/// The rows of INSERT … query, with the defaults of the columns it does not name.
fn inserted(
    query: &ast::Query,
    (all, places): (bool, &[usize]),
    (write, relation): (&Write, &Relation),
    params: &Declared,
    env: &PlanEnv,
) -> Result<LogicalPlan, DataFusionError> {
    let schema = relation.provider.schema();
    let fields = schema.fields();
    let named: Vec<FieldRef> = places.iter().map(|&place| Arc::clone(&fields[place])).collect();
    let plan = assign::adapt_outputs(raw_plan(query, params, env)?, &named, &env.vars.style)?;
    let given = plan.schema().fields().len();
    check_width(given, places.len(), all).map_err(external)?;
    let outputs: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let context = context::Context::new(env);
    let planner = SqlToRel::new_with_options(&context, parser_options());
    let mut exprs = Vec::with_capacity(fields.len());
    for (i, field) in fields.iter().enumerate() {
        let given = places.iter().position(|&place| place == i).and_then(|at| outputs.get(at));
        let expr = match given {
            Some(output) if !keeps_own(write, relation, i) => output.clone(),
            _ => {
                let default = default_of(relation, i);
                let expr = planner.sql_to_expr(default, &DFSchema::empty(), &mut PlannerContext::new())?;
                assign::adapt_value(expr, field, &env.vars.style)?
            }
        };
        exprs.push(expr.alias(format!("\u{1}{i}")));
    }
    let plan = LogicalPlanBuilder::from(plan).project(exprs)?.build()?;
    assign::to_columns(settle(plan, env)?, 0, fields, env)
}

/// The rows with the values of the CHECK conditions after the columns.
pub(super) fn checked(
    plan: LogicalPlan,
    relation: &Relation,
    checks: &[Check],
    env: &PlanEnv,
) -> Result<LogicalPlan, DataFusionError> {
    let plan = LogicalPlanBuilder::from(plan).alias(relation.name.as_str())?.build()?;
    let context = context::Context::new(env);
    let planner = SqlToRel::new_with_options(&context, parser_options());
    let mut exprs: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    for (i, check) in checks.iter().enumerate() {
        let expr = planner.sql_to_expr(check.condition.clone(), plan.schema(), &mut PlannerContext::new())?;
        exprs.push(expr.alias(format!("\u{1}check{i}")));
    }
    let plan = LogicalPlanBuilder::from(plan).project(exprs)?.build()?;
    resolve::resolve(plan, env)
}

/// A query whose outputs are brought to the columns of the table that is made of it.
pub fn filling(plan: &Plan, schema: &Schema, env: &PlanEnv) -> Result<Plan> {
    let logical = assign::to_columns(plan.logical.clone(), 0, schema.fields(), env)?;
    let logical = optimize::analyze(logical, env)??;
    Ok(Plan { logical, optimized: Arc::default(), ..plan.clone() })
}

/// The columns of a query that a table is made of.
///
/// # Errors
///
/// `42601` for more names than columns, `42701` for two columns of one name, `42P16` for a column without a type.
pub fn columns_of(plan: &Plan, names: &[String]) -> Result<Schema> {
    let fields = plan.schema().fields();
    if names.len() > fields.len() {
        return Err(Error::new(sqlstate::SYNTAX_ERROR, "too many column names were specified"));
    }
    let mut out: Vec<Field> = Vec::with_capacity(fields.len());
    for (i, (field, desc)) in fields.iter().zip(plan.columns.iter()).enumerate() {
        let name = names.get(i).unwrap_or(&desc.name);
        if out.iter().any(|other| other.name() == name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        out.push(columns::stored(field, desc).with_name(name));
    }
    Ok(Schema::new(out))
}
