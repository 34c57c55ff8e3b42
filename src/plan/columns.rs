//! A result's columns as clients see them: PostgreSQL names and types, and where a column comes from.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, Result, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection};

use super::PlanEnv;
use crate::catalog::COMMENT_KEY;
use crate::catalog::functions::system::{is_reg_output, reg_output};
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC};
use crate::catalog::reg::lookup_regclass;
use crate::sql::rewrite::names::display_name;
use crate::types::{Format, PG_TYPE_KEY, PG_TYPMOD_KEY, PgType, oid, pg_type};

/// One result column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDesc {
    /// Its name.
    pub name: String,
    /// Its type.
    pub pg_type: PgType,
    /// The table it comes from, 0 for an expression.
    pub table_oid: u32,
    /// Its number in that table, 0 for an expression.
    pub attnum: i16,
}

/// The columns of a plan's result.
///
/// The origin (`table_oid`, `attnum`) is told where the output is a plain column of a relation in a FROM list, renamed
/// or not; everything else is an expression, as PostgreSQL allows (`0`).
#[must_use]
pub fn describe(plan: &LogicalPlan, env: &PlanEnv) -> Arc<[ColumnDesc]> {
    plan.schema()
        .iter()
        .map(|(qualifier, field)| {
            let column = Column::new(qualifier.cloned(), field.name());
            let (table_oid, attnum) = origin(plan, &column, env).unwrap_or((0, 0));
            let mut pg_type = pg_type(field);
            if pg_type.oid == oid::NUMERIC || oid::element_of(pg_type.oid) == Some(oid::NUMERIC) {
                // The engine knows digits and scale of every numeric; PostgreSQL tells those of columns and casts only.
                pg_type.typmod = declared_typmod(plan, &column).unwrap_or(-1);
            }
            ColumnDesc { name: display_name(field.name()).to_owned(), pg_type, table_oid, attnum }
        })
        .collect()
}

/// Follows a column down to the relation it is read from.
fn origin(plan: &LogicalPlan, column: &Column, env: &PlanEnv) -> Option<(u32, i16)> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let index = plan.schema().maybe_index_of_column(column)?;
            match projection.expr.get(index)?.clone().unalias() {
                Expr::Column(inner) => origin(&projection.input, &inner, env),
                _ => None,
            }
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let index = plan.schema().maybe_index_of_column(column)?;
            let (qualifier, field) = alias.input.schema().qualified_field(index);
            origin(&alias.input, &Column::new(qualifier.cloned(), field.name()), env)
        }
        LogicalPlan::TableScan(scan) => relation_column(&scan.table_name, &column.name, env),
        LogicalPlan::Union(_) | LogicalPlan::Extension(_) | LogicalPlan::RecursiveQuery(_) => None,
        other => {
            let input = other.inputs().into_iter().find(|input| input.schema().has_column(column))?;
            origin(input, column, env)
        }
    }
}

/// The type modifier that a table's column or a cast declares; `None` for what is computed.
fn declared_typmod(plan: &LogicalPlan, column: &Column) -> Option<i32> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let index = plan.schema().maybe_index_of_column(column)?;
            match projection.expr.get(index)?.clone().unalias() {
                Expr::Column(inner) => declared_typmod(&projection.input, &inner),
                Expr::Cast(cast) => Some(pg_type(&cast.field).typmod),
                _ => None,
            }
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let index = plan.schema().maybe_index_of_column(column)?;
            let (qualifier, field) = alias.input.schema().qualified_field(index);
            declared_typmod(&alias.input, &Column::new(qualifier.cloned(), field.name()))
        }
        LogicalPlan::TableScan(scan) => {
            let schema = scan.source.schema();
            schema.field_with_name(&column.name).ok().map(|field| pg_type(field).typmod)
        }
        LogicalPlan::Union(_) | LogicalPlan::Extension(_) | LogicalPlan::RecursiveQuery(_) | LogicalPlan::Values(_) => {
            None
        }
        other => {
            let input = other.inputs().into_iter().find(|input| input.schema().has_column(column))?;
            declared_typmod(input, column)
        }
    }
}

fn relation_column(table: &TableReference, column: &str, env: &PlanEnv) -> Option<(u32, i16)> {
    let schema = match table.schema() {
        Some(schema) => schema,
        None => env.snapshot.resolve(&env.vars.search_path, table.table())?,
    };
    let provider = env.snapshot.provider(schema, table.table())?;
    let oid = match env.snapshot.relation(schema, table.table()) {
        Some(relation) => relation.oid,
        None => lookup_regclass(&env.vars, &format!("{schema}.{}", table.table())).ok()?,
    };
    let index = provider.schema().index_of(column).ok()?;
    Some((oid, i16::try_from(index + 1).ok()?))
}

/// The field in which a table made of a query's result keeps one of its columns: PostgreSQL's type as clients are told
/// it, nullable, without comments.
#[must_use]
pub fn stored(field: &Field, desc: &ColumnDesc) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.remove(COMMENT_KEY);
    if desc.pg_type.oid == oid::UNKNOWN {
        return Field::new(&desc.name, DataType::Utf8View, true);
    }
    if desc.pg_type.oid == oid::NUMERIC && desc.pg_type.typmod < 0 {
        // Later rows may have other digits than those of the query.
        return Ty::Numeric.field().with_data_type(WIDE_NUMERIC).with_name(&desc.name).with_nullable(true);
    }
    let natural = pg_type(&field.clone().with_metadata(metadata.clone()));
    if natural.oid != desc.pg_type.oid {
        metadata.insert(PG_TYPE_KEY.to_owned(), desc.pg_type.oid.to_string());
    }
    if natural.typmod != desc.pg_type.typmod {
        metadata.insert(PG_TYPMOD_KEY.to_owned(), desc.pg_type.typmod.to_string());
    }
    let data_type = match field.data_type() {
        DataType::Null => DataType::Utf8View,
        other => other.clone(),
    };
    Field::new(&desc.name, data_type, true).with_metadata(metadata)
}

/// The plan with its output columns of object identifiers (`regclass`, `regtype`, …) as the names they print.
pub fn name_objects(plan: LogicalPlan) -> Result<LogicalPlan> {
    let named = |field: &Field| match field.data_type() {
        DataType::UInt32 => reg_output(pg_type(field).oid),
        DataType::List(item) if *item.data_type() == DataType::UInt32 => reg_output(pg_type(field).oid),
        _ => None,
    };
    if !plan.schema().fields().iter().any(|f| named(f).is_some()) {
        return Ok(plan);
    }
    let exprs: Vec<Expr> = plan
        .schema()
        .iter()
        .map(|(qualifier, field)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match named(field) {
                Some(function) => function.call(vec![column]).alias_qualified(qualifier.cloned(), field.name()),
                None => column,
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

/// The same plan with the OIDs of objects instead of their names in columns asked for in binary; `None` when there is no
/// such column. `formats` is one for all columns, or one each.
pub fn number_objects(plan: &LogicalPlan, formats: &[Format]) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Projection(projection) = plan else { return Ok(None) };
    let is_binary = |index: usize| formats.get(index).or(formats.last()) == Some(&Format::Binary);
    let is_number = |(index, expr): (usize, &Expr)| is_binary(index) && object_of(expr).is_some();
    if !projection.expr.iter().enumerate().any(is_number) {
        return Ok(None);
    }
    let number = |(index, (expr, (qualifier, field))): (usize, (&Expr, (Option<&TableReference>, &FieldRef)))| {
        let object = object_of(expr).filter(|_| is_binary(index));
        object.map_or_else(|| expr.clone(), |o| o.clone().alias_qualified(qualifier.cloned(), field.name()))
    };
    let exprs = projection.expr.iter().zip(plan.schema().iter()).enumerate().map(number).collect();
    Ok(Some(LogicalPlan::Projection(Projection::try_new(exprs, Arc::clone(&projection.input))?)))
}

/// The object whose name an output column is.
fn object_of(column: &Expr) -> Option<&Expr> {
    match column {
        Expr::Alias(alias) => object_of(&alias.expr),
        Expr::ScalarFunction(call) if is_reg_output(call.func.name()) => call.args.first(),
        _ => None,
    }
}
