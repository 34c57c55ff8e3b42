//! Names that are not there: what PostgreSQL says of a table that FROM does not have, and which column may be meant.

use std::ops::ControlFlow;

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::ast::{Expr, Query, Select, TableFactor, Visit, Visitor};

use crate::error::Error;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sqlstate;

/// Names further apart than this are not suggested.
const MAX_DISTANCE: usize = 3;

/// The error of a column that planning did not find, in PostgreSQL's words; `None` for other errors.
#[must_use]
pub fn column(error: &DataFusionError, query: &Query) -> Option<Error> {
    let (field, valid) = not_found(error)?;
    let Some(relation) = &field.relation else {
        let message = format!("column \"{}\" does not exist", field.name);
        return Some(suggest(Error::new(sqlstate::UNDEFINED_COLUMN, message), field, valid));
    };
    let table = relation.table();
    let visible = valid.iter().any(|other| other.relation.as_ref().is_some_and(|r| r.table() == table));
    if !visible && let Some(error) = missing_table(table, query) {
        return Some(error);
    }
    let message = format!("column {table}.{} does not exist", field.name);
    Some(suggest(Error::new(sqlstate::UNDEFINED_COLUMN, message), field, valid))
}

/// The error of `table.*` or `table.column` where FROM has no such entry; `None` when it has one.
#[must_use]
pub fn missing_table(table: &str, query: &Query) -> Option<Error> {
    let mut finder = Relations { table, beside: false, visible: false, alias: None };
    let _ = query.visit(&mut finder);
    let invalid = || {
        let message = format!("invalid reference to FROM-clause entry for table \"{table}\"");
        Error::new(sqlstate::UNDEFINED_TABLE, message)
    };
    if finder.beside {
        return Some(
            invalid()
                .detail(format!(
                    "There is an entry for table \"{table}\", but it cannot be referenced from this part of the query."
                ))
                .hint("To reference that table, you must mark this subquery with LATERAL."),
        );
    }
    if finder.visible {
        return None;
    }
    Some(match finder.alias {
        Some(alias) => invalid().hint(format!("Perhaps you meant to reference the table alias \"{alias}\".")),
        None => Error::new(sqlstate::UNDEFINED_TABLE, format!("missing FROM-clause entry for table \"{table}\"")),
    })
}

fn not_found(error: &DataFusionError) -> Option<(&Column, &[Column])> {
    match error {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => Some((field, valid_fields)),
            _ => None,
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => not_found(inner),
        DataFusionError::Shared(inner) => not_found(inner),
        DataFusionError::Collection(errors) => errors.first().and_then(not_found),
        _ => None,
    }
}

/// Names the one or two columns whose names are nearest.
fn suggest(error: Error, wanted: &Column, valid: &[Column]) -> Error {
    let mut best = MAX_DISTANCE + 1;
    let mut near: Vec<String> = Vec::new();
    for column in valid {
        let Some(relation) = &column.relation else { continue };
        if wanted.relation.as_ref().is_some_and(|own| own.table() != relation.table()) {
            continue;
        }
        let apart = distance(&column.name, &wanted.name);
        if apart > wanted.name.chars().count() / 2 || apart > best || apart > MAX_DISTANCE {
            continue;
        }
        if apart < best {
            (best, near) = (apart, Vec::new());
        }
        near.push(format!("column \"{}.{}\"", relation.table(), column.name));
    }
    match near.as_slice() {
        [one] => error.hint(format!("Perhaps you meant to reference the {one}.")),
        [one, other] => error.hint(format!("Perhaps you meant to reference the {one} or the {other}.")),
        _ => error,
    }
}

/// How many characters have to be changed, put in or left out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Looks for a table's name among all FROM entries of a query.
struct Relations<'a> {
    table: &'a str,
    /// A subquery in FROM names an entry beside it.
    beside: bool,
    /// Some entry is called so.
    visible: bool,
    /// The alias that hides a table of this name.
    alias: Option<String>,
}

impl Visitor for Relations<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let factors: Vec<&TableFactor> = select
            .from
            .iter()
            .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)))
            .collect();
        let here = factors.iter().any(|factor| shown(factor).is_some_and(|name| name == self.table));
        let names_it = |factor: &&TableFactor| match factor {
            TableFactor::Derived { lateral: false, subquery, .. } => mentions(subquery, self.table),
            _ => false,
        };
        self.beside |= here && factors.iter().any(names_it);
        self.visible |= here;
        for factor in factors {
            if let TableFactor::Table { name, alias: Some(alias), .. } = factor
                && last_part(name) == self.table
            {
                self.alias.get_or_insert_with(|| folded(&alias.name));
            }
        }
        ControlFlow::Continue(())
    }
}

/// The name by which a FROM entry is known.
fn shown(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::NestedJoin { alias: Some(alias), .. } => Some(folded(&alias.name)),
        TableFactor::Table { name, .. } => Some(last_part(name)),
        _ => None,
    }
}

/// Whether a query has a column of a table by its qualified name.
fn mentions(query: &Query, table: &str) -> bool {
    struct Mention<'a>(&'a str);
    impl Visitor for Mention<'_> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|part| folded(part) == self.0) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    query.visit(&mut Mention(table)).is_break()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_changes() {
        assert_eq!(distance("unique1", "uniqe1"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
