//! COPY: the query that gives a table's rows, and the plans that make a table's rows of a client's.
//!
//! Rows of a client are a relation, a batch at a time: first the columns that are given get the others' defaults, then
//! WHERE, the columns that are computed, and the values of the CHECK conditions. Each row carries the number of its
//! line through all of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{self, Spanned as _, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{Plan, PlanEnv, assign, context, generated, locate, parser_options, placement, raw_plan, settle, write};
use crate::catalog::temp::{COPIED as COPIED_ROWS, ColumnKind, TempTable};
use crate::catalog::{Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::object_ast::RelationName;
use crate::sql::position::Positions;
use crate::sql::rewrite::names::folded;
use crate::sql::write as sql_write;
use crate::sqlstate;
use crate::types::copy::{Columns, CopyOptions, LINE, Shape, ShapeColumn};

/// Ends the name by which a plan reads the rows that a client sends for a table.
pub const COPIED: &str = "\u{1}copied";

/// A table that is copied into.
#[derive(Clone, Debug)]
pub struct CopyInto {
    /// The table.
    pub relation: Arc<Relation>,
    /// The places of the columns that the data has.
    pub places: Vec<usize>,
    /// What the data is read into.
    pub shape: Arc<Shape>,
    /// The names of the CHECK constraints whose values follow the columns.
    pub checks: Vec<String>,
    /// WHERE, computed columns and the values of CHECK conditions, over rows of the table; none where there are none.
    pub last: Option<Arc<Plan>>,
    /// Why it cannot be written, which is said once the client knows that it is to send data, as in PostgreSQL.
    pub refused: Option<Error>,
}

/// A table that is copied: the query of its rows, and the names of the columns.
pub fn table_query(
    (name, columns): (&RelationName, &[String]),
    env: &PlanEnv,
) -> Result<(Box<ast::Query>, Vec<String>, SchemaRef)> {
    let found = env.find_relation(name.schema.as_deref(), &name.name);
    let Some((schema, relation)) = found else { return Err(no_relation(name)) };
    let kind = match relation {
        Some(relation) => relation.kind,
        None if env.snapshot.system().table(&schema, &name.name).is_some_and(|table| table.is_view()) => {
            RelationKind::View
        }
        None => RelationKind::Table,
    };
    let what = match kind {
        RelationKind::Table => None,
        RelationKind::View => Some("view"),
        RelationKind::MaterializedView => Some("materialized view"),
        RelationKind::Sequence => Some("sequence"),
    };
    if let Some(what) = what {
        let error = Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("cannot copy from {what} \"{}\"", name.name));
        return Err(match kind {
            RelationKind::Sequence => error,
            _ => error.hint("Try the COPY (SELECT ...) TO variant."),
        });
    }
    let provider = env.snapshot.provider(&schema, &name.name).ok_or_else(|| no_relation(name))?;
    let fields = provider.schema();
    let places = attributes(columns, &fields, relation.map(AsRef::as_ref), &name.name)?;
    let names: Vec<String> = places.iter().map(|&place| fields.field(place).name().clone()).collect();
    let item = |name: &String| ast::SelectItem::UnnamedExpr(ast::Expr::Identifier(sql_write::ident(name)));
    let from = vec![sql_write::table(&[sql_write::ident(&schema), sql_write::ident(&name.name)], None)];
    let query = sql_write::query(None, names.iter().map(item).collect(), from, None);
    Ok((query, names, fields))
}

/// The places of the columns that COPY names; of all that are not computed when it names none.
pub fn attributes(names: &[String], schema: &Schema, relation: Option<&Relation>, table: &str) -> Result<Vec<usize>> {
    let spec = relation.and_then(Relation::table);
    let computed = |place: usize| spec.is_some_and(|spec| spec.kind(place) == ColumnKind::Generated);
    if names.is_empty() {
        return Ok((0..schema.fields().len()).filter(|place| !computed(*place)).collect());
    }
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let Ok(place) = schema.index_of(name) else {
            let message = format!("column \"{name}\" of relation \"{table}\" does not exist");
            return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
        };
        if computed(place) {
            let message = format!("column \"{name}\" is a generated column");
            return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message)
                .detail("Generated columns cannot be used in COPY."));
        }
        if places.contains(&place) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        places.push(place);
    }
    Ok(places)
}

/// Whether each of the columns copied is among those that an option names; `known` gives the places of names.
pub fn forced(
    columns: &Columns,
    option: &str,
    copied: &[usize],
    known: impl Fn(&[String]) -> Result<Vec<usize>>,
    name_of: impl Fn(usize) -> String,
) -> Result<Vec<bool>> {
    let names = match columns {
        Columns::No => return Ok(vec![false; copied.len()]),
        Columns::All => return Ok(vec![true; copied.len()]),
        Columns::Named(names) => names,
    };
    let places = known(names)?;
    if let Some(&other) = places.iter().find(|place| !copied.contains(place)) {
        let message = format!("{option} column \"{}\" not referenced by COPY", name_of(other));
        return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
    }
    Ok(copied.iter().map(|place| places.contains(place)).collect())
}

/// Plans COPY … FROM.
///
/// # Errors
///
/// `42P01` for an unknown table, `0A000` and `42809` for one that is not written, and what PostgreSQL says of the options,
/// the columns and the condition.
pub fn copy_into(
    (name, columns): (&RelationName, &[String]),
    condition: Option<&ast::Expr>,
    options: impl FnOnce() -> Result<CopyOptions>,
    positions: &Positions,
    env: &PlanEnv,
) -> Result<(CopyInto, CopyOptions)> {
    let found = env.find_relation(name.schema.as_deref(), &name.name);
    let Some((schema, relation)) = found else { return Err(no_relation(name)) };
    let own = relation.filter(|relation| relation.table().is_some()).map(Arc::clone);
    let last = own.as_ref().map(|relation| last_plan(relation, condition, positions, env)).transpose()?.flatten();
    let options = options()?;
    let provider = env.snapshot.provider(&schema, &name.name).ok_or_else(|| no_relation(name))?;
    let fields = provider.schema();
    let known = |names: &[String]| attributes(names, &fields, relation.map(AsRef::as_ref), &name.name);
    let places = known(columns)?;
    let name_of = |place: usize| fields.field(place).name().clone();
    let not_null = forced(&options.force_not_null, "FORCE_NOT_NULL", &places, known, name_of)?;
    let null = forced(&options.force_null, "FORCE_NULL", &places, known, name_of)?;
    let refused = own.is_none().then(|| not_writable(name, relation));
    let Some(relation) = relation.map(Arc::clone) else { return Err(not_writable(name, None)) };
    let spec = relation.table();
    let shape_column = |(i, &place): (usize, &usize)| ShapeColumn {
        field: Arc::clone(&fields.fields()[place]),
        has_default: spec.is_some_and(|spec| spec.defaults.get(place).is_some_and(Option::is_some)),
        force_not_null: not_null[i],
        force_null: null[i],
    };
    let columns = places.iter().enumerate().map(shape_column).collect();
    let shape = Arc::new(Shape { table: relation.name.clone(), columns });
    let checks = spec.map(|spec| spec.checks.iter().map(|check| check.name.clone()).collect()).unwrap_or_default();
    Ok((CopyInto { relation, places, shape, checks, last, refused }, options))
}

/// The columns of rows that come from a client: the numbers of their lines, then columns of the table.
#[must_use]
pub fn copied_schema(fields: &[FieldRef]) -> SchemaRef {
    let line = Arc::new(Field::new(LINE, DataType::Int64, false));
    let open = |field: &FieldRef| Arc::new(field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(std::iter::once(line).chain(fields.iter().map(open)).collect::<Vec<_>>()))
}

/// The plan that gives rows of the table to rows of which only some columns are given; none where the others have no
/// defaults.
pub fn defaults(relation: &Relation, given: &[usize], env: &PlanEnv) -> Result<Option<Plan>> {
    let Some(spec) = relation.table() else { return Ok(None) };
    let default = |place: usize| spec.defaults.get(place).and_then(Option::as_ref);
    let left = |place: &usize| !given.contains(place) && spec.kind(*place) != ColumnKind::Generated;
    let width = relation.schema().fields().len();
    if !(0..width).filter(left).any(|place| default(place).is_some()) {
        return Ok(None);
    }
    let make = || -> Result<LogicalPlan, DataFusionError> {
        let schema = relation.schema();
        let fields: Vec<FieldRef> = given.iter().map(|&place| Arc::clone(&schema.fields()[place])).collect();
        let table = TempTable::new(COPIED_ROWS, copied_schema(&fields));
        let scan = LogicalPlanBuilder::scan("copied", provider_as_source(Arc::new(table)), None)?;
        let sent: Vec<Expr> = scan.schema().columns().into_iter().map(Expr::Column).collect();
        let context = context::Context::new(env);
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let mut exprs: Vec<Expr> = sent.iter().take(1).map(|line| line.clone().alias(LINE)).collect();
        for (place, field) in schema.fields().iter().enumerate() {
            let at = given.iter().position(|given| *given == place).and_then(|at| sent.get(at + 1));
            let expr = match at {
                Some(sent) => sent.clone(),
                None => {
                    let default = Some(place).filter(left).and_then(default).cloned();
                    let default = default.unwrap_or_else(|| ast::Expr::Value(ast::Value::Null.into()));
                    let expr = planner.sql_to_expr(default, &DFSchema::empty(), &mut PlannerContext::new())?;
                    assign::adapt_value(expr, field, &env.vars.style)?
                }
            };
            exprs.push(expr.alias(format!("\u{1}{place}")));
        }
        let plan = settle(scan.project(exprs)?.build()?, env)?;
        assign::to_columns(plan, 1, schema.fields(), env)
    };
    let place = |error: &DataFusionError| crate::exec::classify::classify(error);
    super::plan_made(|_| Ok(make()), place, &[], env).map(Some)
}

/// WHERE, computed columns and CHECK conditions.
fn last_plan(
    relation: &Relation,
    condition: Option<&ast::Expr>,
    positions: &Positions,
    env: &PlanEnv,
) -> Result<Option<Arc<Plan>>> {
    let Some(spec) = relation.table() else { return Ok(None) };
    if condition.is_none() && spec.checks.is_empty() && !spec.kinds.contains(&ColumnKind::Generated) {
        return Ok(None);
    }
    if let Some(condition) = condition {
        check_condition(condition, relation, env)
            .map_err(|(error, at)| error.or_at(at.and_then(|at| positions.char_position(at))))?;
    }
    let name = [sql_write::ident(&relation.schema), sql_write::ident(&format!("{}{COPIED}", relation.name))];
    let from = vec![sql_write::table(&name, Some(sql_write::ident(&relation.name)))];
    let schema = relation.schema();
    let names = std::iter::once(LINE).chain(schema.fields().iter().map(|field| field.name().as_str()));
    let item = |name: &str| ast::SelectItem::UnnamedExpr(ast::Expr::Identifier(sql_write::ident(name)));
    let query = sql_write::query(None, names.map(item).collect(), from, condition.cloned());
    let make = |known: &super::Declared| -> Result<Result<LogicalPlan, DataFusionError>> {
        env.check_cancelled()?;
        let made = || {
            let plan = settle(raw_plan(&query, known, env)?, env)?;
            let plan = generated::computed(plan, 1, relation, env)?;
            if spec.checks.is_empty() { Ok(plan) } else { write::checked(plan, relation, &spec.checks, env) }
        };
        Ok(made())
    };
    let place = |error: &DataFusionError| locate::planning_error(error, &query, positions);
    let plan = super::plan_made(make, place, &[], env)?;
    Ok(Some(Arc::new(plan)))
}

/// What WHERE must not have.
fn check_condition(
    condition: &ast::Expr,
    relation: &Relation,
    env: &PlanEnv,
) -> std::result::Result<(), (Error, Option<Location>)> {
    struct Finder<'a>(&'a Relation);
    impl Visitor for Finder<'_> {
        type Break = (Error, Option<Location>);
        fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<Self::Break> {
            let name = match expr {
                ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. } => {
                    let error = Error::unsupported("cannot use subquery in COPY FROM WHERE condition");
                    return ControlFlow::Break((error, Some(expr.span().start)));
                }
                ast::Expr::Identifier(name) => folded(name),
                ast::Expr::CompoundIdentifier(parts) => parts.last().map(folded).unwrap_or_default(),
                _ => return ControlFlow::Continue(()),
            };
            let place = self.0.schema().index_of(&name).ok();
            match (place, self.0.table()) {
                (Some(place), Some(spec)) if spec.kind(place) == ColumnKind::Generated => {
                    let message = "generated columns are not supported in COPY FROM WHERE conditions";
                    let error = Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message);
                    ControlFlow::Break((error.detail(format!("Column \"{name}\" is a generated column.")), None))
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    placement::alone(condition, "COPY FROM WHERE conditions", false, &env.functions)
        .map_err(|misplaced| (misplaced.0, Some(misplaced.1)))?;
    match condition.visit(&mut Finder(relation)) {
        ControlFlow::Break(found) => Err(found),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// The error of a relation that COPY does not write.
fn not_writable(name: &RelationName, relation: Option<&Arc<Relation>>) -> Error {
    let what = match relation.map(|relation| relation.kind) {
        Some(RelationKind::View) => "view",
        Some(RelationKind::MaterializedView) => "materialized view",
        Some(RelationKind::Sequence) => "sequence",
        Some(RelationKind::Table) | None => {
            return Error::unsupported("COPY FROM is not supported")
                .detail(format!("\"{}\" is not a temporary table.", name.name))
                .hint("The tables of this server come from its configuration and are read-only.");
        }
    };
    let error = Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("cannot copy to {what} \"{}\"", name.name));
    match what {
        "view" => error.hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger."),
        _ => error,
    }
}

fn no_relation(name: &RelationName) -> Error {
    Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{}\" does not exist", name.shown()))
}
