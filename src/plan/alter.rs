//! ALTER TABLE of a session's table: the definition that results, and the query that fills it from the old one.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;

use super::tables::{Maker, TableDef};
use super::write::plan_write_to;
use super::{Plan, PlanEnv};
use crate::catalog::{Constraint, Relation};
use crate::error::{Error, Result};
use crate::sql::object_ast::{Alter, AlterAction, RelationName};
use crate::sql::position::Positions;
use crate::sql::rewrite::names::folded;
use crate::sql::write::{self, Change, Overriding, Write};
use crate::sqlstate;

/// A table after ALTER TABLE.
#[derive(Debug)]
pub struct Altered {
    /// Its name.
    pub name: String,
    /// Its columns and rules.
    pub def: TableDef,
    /// For each column the one of the old table that it was; `None` for a new one.
    pub sources: Vec<Option<String>>,
    /// The columns that may not be NULL any more.
    pub closed: Vec<String>,
}

/// The definition of a table after the actions of ALTER TABLE, and the notices of those that were passed over.
///
/// # Errors
///
/// `42703` and `42701` for unknown and taken names, `0A000` for what is not built.
pub fn alter(relation: &Relation, alter: &Alter, env: &PlanEnv) -> Result<(Altered, Vec<Error>)> {
    let Some(spec) = relation.table() else { return Err(Error::internal("only tables are altered")) };
    let schema = relation.schema();
    let mut maker = Maker::of(env, relation, spec);
    let mut change = Changes {
        relation,
        name: relation.name.clone(),
        sources: schema.fields().iter().map(|field| Some(field.name().clone())).collect(),
        closed: Vec::new(),
        notices: Vec::new(),
    };
    for action in &alter.actions {
        change.apply(action, &mut maker)?;
    }
    let Changes { name, sources, closed, notices, .. } = change;
    Ok((Altered { name, def: maker.finish(spec.on_commit)?, sources, closed }, notices))
}

struct Changes<'a> {
    relation: &'a Relation,
    name: String,
    sources: Vec<Option<String>>,
    closed: Vec<String>,
    notices: Vec<Error>,
}

impl Changes<'_> {
    fn apply(&mut self, action: &AlterAction, maker: &mut Maker<'_>) -> Result<()> {
        match action {
            AlterAction::Rename(name) => self.name.clone_from(name),
            AlterAction::RenameColumn(old, new) => {
                let Some(place) = maker.place(old) else {
                    let message = format!("column \"{old}\" does not exist");
                    return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
                };
                if maker.place(new).is_some() {
                    let message = format!("column \"{new}\" of relation \"{}\" already exists", self.relation.name);
                    return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
                }
                self.unused_in_checks(maker)?;
                maker.rename(place, new);
            }
            AlterAction::AddColumn(column, if_not_exists) => self.add(column, *if_not_exists, maker)?,
            AlterAction::DropColumn(name, if_exists) => match maker.place(name) {
                Some(place) => {
                    self.unused_in_checks(maker)?;
                    maker.remove(place)?;
                    self.sources.remove(place);
                }
                None if *if_exists => {
                    let message =
                        format!("column \"{name}\" of relation \"{}\" does not exist, skipping", self.relation.name);
                    self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
                }
                None => return Err(self.unknown(name)),
            },
            AlterAction::AddConstraint(constraint) => {
                maker.constraint(constraint)?;
                self.closed.extend(maker.last_primary_key());
            }
            AlterAction::Default(name, default) => {
                let place = self.place(name, maker)?;
                maker.set_default(place, default.as_deref())?;
            }
            AlterAction::NotNull(name, closed) => {
                let place = self.place(name, maker)?;
                if *closed {
                    self.closed.push(name.to_owned());
                } else if maker.in_primary_key(name) {
                    let message = format!("column \"{name}\" is in a primary key");
                    return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
                }
                maker.set_nullable(place, !closed);
            }
        }
        Ok(())
    }

    fn add(&mut self, column: &ast::ColumnDef, if_not_exists: bool, maker: &mut Maker<'_>) -> Result<()> {
        let name = folded(&column.name);
        if maker.place(&name).is_some() {
            let message = format!("column \"{name}\" of relation \"{}\" already exists", self.relation.name);
            if !if_not_exists {
                return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
            }
            self.notices.push(Error::notice(sqlstate::DUPLICATE_COLUMN, format!("{message}, skipping")));
            return Ok(());
        }
        maker.column(column)?;
        self.sources.push(None);
        self.closed.push(name);
        Ok(())
    }

    fn place(&self, name: &str, maker: &Maker<'_>) -> Result<usize> {
        maker.place(name).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        let message = format!("column \"{name}\" of relation \"{}\" does not exist", self.relation.name);
        Error::new(sqlstate::UNDEFINED_COLUMN, message)
    }

    /// A condition is kept as it was written, with the names of its columns.
    fn unused_in_checks(&self, maker: &Maker<'_>) -> Result<()> {
        if maker.has_checks() {
            return Err(Error::unsupported("columns of a table with CHECK constraints cannot be renamed or dropped"));
        }
        Ok(())
    }
}

/// The plan of the rows of an altered table: the old ones, new columns filled with their defaults.
pub fn refill(old: &Relation, new: Arc<Relation>, sources: &[Option<String>], env: &PlanEnv) -> Result<Plan> {
    let alias = write::ident(&old.name);
    let spec = new.table();
    let value = |(i, source): (usize, &Option<String>)| {
        let expr = match source {
            Some(column) => ast::Expr::CompoundIdentifier(vec![alias.clone(), write::ident(column)]),
            None => {
                let default = spec.and_then(|spec| spec.defaults.get(i)).and_then(Option::as_ref);
                default.map_or_else(|| ast::Expr::Value(ast::Value::Null.into()), |default| default.expr.clone())
            }
        };
        ast::SelectItem::ExprWithAlias { expr, alias: write::ident(&format!("\u{1}{i}")) }
    };
    let items = sources.iter().enumerate().map(value).collect();
    let from = write::table(&[write::ident(&old.schema), write::ident(&old.name)], None);
    let source = Some(write::query(None, items, vec![from], None));
    let change = Change::Insert { columns: Vec::new(), source, conflict: None };
    let target = RelationName { schema: Some(new.schema.clone()), name: new.name.clone() };
    let insert = Write { target, alias, with: None, overriding: Some(Overriding::System), change, returning: None };
    plan_write_to(&insert, new, &Positions::new(""), &[], env)
}

impl Maker<'_> {
    /// The place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name() == name)
    }

    /// Whether there is any CHECK constraint.
    #[must_use]
    pub fn has_checks(&self) -> bool {
        !self.checks.is_empty() || !self.conditions.is_empty()
    }

    /// Whether a column is part of the primary key.
    #[must_use]
    pub fn in_primary_key(&self, name: &str) -> bool {
        let primary = |key: &&Constraint| key.kind == crate::catalog::ConstraintKind::PrimaryKey;
        self.keys.iter().filter(primary).any(|key| key.columns.iter().any(|column| column == name))
    }

    /// The columns of the key added last, if it is the primary one.
    fn last_primary_key(&self) -> Vec<String> {
        let last = self.keys.last().filter(|key| key.kind == crate::catalog::ConstraintKind::PrimaryKey);
        last.map(|key| key.columns.clone()).unwrap_or_default()
    }

    fn rename(&mut self, place: usize, new: &str) {
        let old = self.fields[place].name().clone();
        self.fields[place] = self.fields[place].clone().with_name(new);
        for key in &mut self.keys {
            // Its own name stays what it was.
            key.name = Some(key.name_on(self.table));
            for column in key.columns.iter_mut().filter(|column| **column == old) {
                new.clone_into(column);
            }
        }
    }

    fn remove(&mut self, place: usize) -> Result<()> {
        if self.fields.len() == 1 {
            return Err(Error::unsupported("tables without columns are not supported"));
        }
        let name = self.fields.remove(place).name().clone();
        self.defaults.remove(place);
        self.kinds.remove(place);
        self.keys.retain(|key| !key.columns.contains(&name));
        Ok(())
    }

    fn set_default(&mut self, place: usize, default: Option<&ast::Expr>) -> Result<()> {
        let name = self.fields[place].name().clone();
        let formula = default.map(|written| self.default(&name, written)).transpose()?;
        self.defaults[place] = formula.filter(|formula| !super::tables::is_null(&formula.written));
        Ok(())
    }

    fn set_nullable(&mut self, place: usize, nullable: bool) {
        self.fields[place].set_nullable(nullable);
    }
}
