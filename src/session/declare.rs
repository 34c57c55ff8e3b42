//! What a configuration declares beyond files: types, keys and comments of tables, and the views that all see.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{ColumnNote, Constraint, ConstraintKind, Relation};
use crate::config::{ForeignKeyConfig, TableConfig, ViewConfig};
use crate::error::{Error, Result};
use crate::plan::declared::{TypedTable, field_of};
use crate::plan::{self, PlanEnv};
use crate::sql::{self, StatementKind};
use crate::sqlstate;
use crate::storage::OpenedTable;

/// A table's provider with the declared types.
pub fn typed(table: &TableConfig, opened: OpenedTable) -> Result<OpenedTable> {
    let schema = opened.provider.schema();
    for column in &table.declared.columns {
        if schema.index_of(&column.name).is_err() {
            return Err(no_column(table, &column.name));
        }
    }
    let mut declared = Vec::new();
    for column in &table.declared.columns {
        if let Some(data_type) = &column.data_type {
            let field =
                field_of(data_type).map_err(|e| e.context(format!("declaring {}", place(table, &column.name))))?;
            declared.push((column.name.clone(), field));
        }
    }
    if declared.is_empty() {
        return Ok(opened);
    }
    Ok(OpenedTable { provider: Arc::new(TypedTable::new(opened.provider, &declared)?), ..opened })
}

/// What is noted of a table's columns.
#[must_use]
pub fn notes(table: &TableConfig) -> BTreeMap<String, ColumnNote> {
    let keys = &table.declared.primary_key;
    let mut notes: BTreeMap<String, ColumnNote> =
        keys.iter().map(|key| (key.clone(), ColumnNote { not_null: true, comment: None })).collect();
    for column in &table.declared.columns {
        let note = notes.entry(column.name.clone()).or_default();
        note.not_null |= column.not_null;
        note.comment.clone_from(&column.comment);
    }
    notes
}

/// The declared keys of all tables. Every column they name must be there.
pub fn constraints(tables: &[(&TableConfig, OpenedTable)]) -> Result<BTreeMap<(String, String), Vec<Constraint>>> {
    let mut all = BTreeMap::new();
    for (table, opened) in tables {
        let schema = opened.provider.schema();
        let known = |columns: &[String]| match columns.iter().find(|name| schema.index_of(name).is_err()) {
            Some(missing) => Err(no_column(table, missing)),
            None => Ok(columns.to_vec()),
        };
        let declared = &table.declared;
        let mut constraints = Vec::new();
        let mut add = |kind, columns: &[String]| -> Result<()> {
            constraints.push(Constraint { name: None, kind, columns: known(columns)? });
            Ok(())
        };
        if !declared.primary_key.is_empty() {
            add(ConstraintKind::PrimaryKey, &declared.primary_key)?;
        }
        for columns in &declared.unique {
            add(ConstraintKind::Unique, columns)?;
        }
        for key in &declared.foreign_keys {
            add(foreign_key(table, key, tables)?, &key.columns)?;
        }
        if !constraints.is_empty() {
            all.insert((table.schema.clone(), table.name.clone()), constraints);
        }
    }
    Ok(all)
}

fn foreign_key(
    table: &TableConfig,
    key: &ForeignKeyConfig,
    tables: &[(&TableConfig, OpenedTable)],
) -> Result<ConstraintKind> {
    let (schema, name) = key.references.split_once('.').unwrap_or((&table.schema, &key.references));
    let wrong = |what: String| Error::new(sqlstate::INVALID_OBJECT_DEFINITION, what);
    let Some((target, opened)) = tables.iter().find(|(t, _)| t.schema == schema && t.name == name) else {
        return Err(wrong(format!(
            "a foreign key of \"{}\" refers to \"{schema}.{name}\", which is not there",
            table.name
        )));
    };
    let own = &target.declared.primary_key;
    let referenced = if key.referenced.is_empty() { own.clone() } else { key.referenced.clone() };
    if referenced.len() != key.columns.len() {
        return Err(wrong(format!(
            "a foreign key of \"{}\" has {} columns and refers to {} of \"{schema}.{name}\"",
            table.name,
            key.columns.len(),
            referenced.len()
        )));
    }
    if let Some(missing) = referenced.iter().find(|column| opened.provider.schema().index_of(column).is_err()) {
        return Err(no_column(target, missing));
    }
    Ok(ConstraintKind::ForeignKey { schema: schema.to_owned(), table: name.to_owned(), referenced })
}

/// A declared view: its names are bound in `env`, its columns are those of its plan.
pub fn view(view: &ViewConfig, oid: u32, env: &PlanEnv) -> Result<Relation> {
    let place = || format!("view \"{}.{}\"", view.schema, view.name);
    let planned = || -> Result<Relation> {
        let statement = sql::parse_single(&view.query)?;
        let Some(sql::Statement { kind: StatementKind::Query(mut query), positions, .. }) = statement else {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "a view is made of one query"));
        };
        let planned = plan::plan_query(&query, &positions, &[], env)?;
        let columns = Arc::new(plan::write::columns_of(&planned, &[])?);
        let reads = plan::views::bind_names(&mut query, env);
        let mut written = sql::parse_written(&view.query)?;
        written.iter_mut().for_each(|written| plan::views::bind_written(written, env));
        let as_written = || view.query.trim().trim_end_matches(';').to_owned();
        let text = crate::catalog::deparse::shown(&env.vars, written.as_deref(), &columns).unwrap_or_else(as_written);
        Ok(Relation::shared_view(oid, view, columns, (text, crate::catalog::ViewQuery { query, written, reads })))
    };
    planned().map_err(|e| e.context(format!("declaring {}", place())))
}

fn place(table: &TableConfig, column: &str) -> String {
    format!("column \"{column}\" of table \"{}.{}\"", table.schema, table.name)
}

fn no_column(table: &TableConfig, column: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_COLUMN, format!("{} is declared and is not in its files", place(table, column)))
}
