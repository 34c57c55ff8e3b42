//! INSERT … ON CONFLICT: the keys that decide, and the change of the rows that are met.
//!
//! The change is a query over the table with its row numbers and the rows that were to be inserted, `excluded`, each
//! with the number of the row that it meets. It runs when those are known.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::sql::sqlparser::ast;

use super::write::{own_column, rows_of};
use super::{Declared, Plan, PlanEnv};
use crate::catalog::temp::{ROW_NUMBER, TableSpec};
use crate::catalog::{ConstraintKind, Relation};
use crate::error::{Error, Result};
use crate::sql::position::Positions;
use crate::sql::write::{self, Arbiter, Change, Conflict, Write};
use crate::sqlstate;

/// Ends the name by which a plan reads the rows that were to be inserted.
pub const EXCLUDED: &str = "\u{1}excluded";
const ALIAS: &str = "excluded";

/// What is done where a row is there already.
#[derive(Clone, Debug)]
pub struct ConflictSpec {
    /// The places of the keys that decide.
    pub arbiters: Vec<usize>,
    /// DO UPDATE: the rows to be put in the place of others; `None` is DO NOTHING.
    pub update: Option<Arc<Plan>>,
}

/// Plans what is done with conflicts. `params` are the types known so far.
pub fn plan_conflict(
    conflict: &Conflict,
    insert: &Write,
    relation: &Arc<Relation>,
    (positions, params): (&Positions, &[FieldRef]),
    env: &PlanEnv,
) -> Result<ConflictSpec> {
    let arbiters = arbiters(conflict, relation)?;
    let Some((assignments, condition)) = &conflict.update else {
        return Ok(ConflictSpec { arbiters, update: None });
    };
    let name = [write::ident(&relation.schema), write::ident(&format!("{}{EXCLUDED}", relation.name))];
    let from = vec![write::table(&name, Some(write::ident(ALIAS)))];
    let row = ast::Expr::CompoundIdentifier(vec![write::ident(ALIAS), write::ident(ROW_NUMBER)]);
    let met = ast::Expr::BinaryOp {
        left: Box::new(own_column(insert, ROW_NUMBER)),
        op: ast::BinaryOperator::Eq,
        right: Box::new(row),
    };
    let condition = match condition {
        Some(condition) => ast::Expr::BinaryOp {
            left: Box::new(met),
            op: ast::BinaryOperator::And,
            right: Box::new(ast::Expr::Nested(Box::new(condition.clone()))),
        },
        None => met,
    };
    let change = Change::Update { assignments: assignments.clone(), from, condition: Some(condition) };
    let update = Write { change, returning: None, ..insert.clone() };
    let known: Vec<Option<FieldRef>> = params.iter().map(|p| Some(Arc::clone(p))).collect();
    let plan = rows_of(&update, relation, positions, &known as &Declared, env)?;
    Ok(ConflictSpec { arbiters, update: Some(Arc::new(plan)) })
}

/// The keys that a conflict target means.
fn arbiters(conflict: &Conflict, relation: &Relation) -> Result<Vec<usize>> {
    let none = TableSpec::default();
    let keys = &relation.table().unwrap_or(&none).keys;
    let is_unique = |kind: &ConstraintKind| !matches!(kind, ConstraintKind::ForeignKey { .. });
    let found: Vec<usize> = match &conflict.target {
        None if conflict.update.is_some() => {
            let message = "ON CONFLICT DO UPDATE requires inference specification or constraint name";
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message).hint("For example, ON CONFLICT (column_name)."));
        }
        None => return Ok((0..keys.len()).filter(|&i| is_unique(&keys[i].kind)).collect()),
        Some(Arbiter::Constraint(name)) => {
            let Some(place) = keys.iter().position(|key| key.name_on(&relation.name) == *name) else {
                let message = format!("constraint \"{name}\" for table \"{}\" does not exist", relation.name);
                return Err(Error::new(sqlstate::UNDEFINED_OBJECT, message));
            };
            vec![place]
        }
        Some(Arbiter::Columns(columns)) => {
            let schema = relation.schema();
            if let Some(unknown) = columns.iter().find(|column| schema.index_of(column).is_err()) {
                let message = format!("column \"{unknown}\" does not exist");
                return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
            }
            let wanted: HashSet<&String> = columns.iter().collect();
            let fits =
                |i: &usize| keys[*i].columns.iter().collect::<HashSet<_>>() == wanted && is_unique(&keys[*i].kind);
            (0..keys.len()).filter(fits).collect()
        }
    };
    if found.is_empty() {
        let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
        return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
    }
    Ok(found)
}
