//! Sequences and defaults: `pg_sequence`, `pg_sequences`, `pg_attrdef`.

use crate::catalog::pg_catalog::definitions::{self, FormulaKind};
use crate::catalog::pg_catalog::rows::{Rows, row};
use crate::catalog::pg_catalog::source::Source;
use crate::catalog::temp::ColumnKind;
use crate::catalog::vars::SessionVars;
use crate::types::oid;

/// One row per sequence.
pub fn pg_sequence(source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        let Some(sequence) = table.relation.sequence() else { continue };
        let spec = &sequence.spec;
        rows.push(row![
            table.oid(),
            spec.data_type,
            spec.start,
            spec.increment,
            spec.max,
            spec.min,
            spec.cache,
            spec.cycle
        ]);
    }
}

/// Sequences by name, with where they stand.
pub fn pg_sequences(_vars: &SessionVars, source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        let Some(sequence) = table.relation.sequence() else { continue };
        let spec = &sequence.spec;
        let (last, is_called) = sequence.position();
        rows.push(row![
            &table.relation.schema,
            table.name(),
            source.owner_name(),
            spec.data_type,
            spec.start,
            spec.min,
            spec.max,
            spec.increment,
            spec.cycle,
            spec.cache,
            is_called.then_some(last)
        ]);
    }
}

/// One row per column with a default.
pub fn pg_attrdef(source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        for (column, default) in table.columns().zip(&table.defaults) {
            let Some(default) = default else { continue };
            let place = usize::from(column.attnum.unsigned_abs()) - 1;
            let kind = table.relation.table().map(|spec| spec.kind(place)).unwrap_or_default();
            if matches!(kind, ColumnKind::Identity | ColumnKind::AlwaysIdentity) {
                continue;
            }
            let tree = definitions::formula(table, FormulaKind::Default, place);
            rows.push(row![*default, table.oid(), column.attnum, tree]);
        }
    }
}

/// Sequences as the standard shows them: those of identity columns are not seen.
pub fn sequences(source: &Source, rows: &mut Rows) {
    for table in &source.tables {
        let Some(sequence) = table.relation.sequence() else { continue };
        let spec = &sequence.spec;
        if spec.owner.as_ref().is_some_and(|owner| owner.identity) {
            continue;
        }
        let bits = match spec.data_type {
            oid::INT2 => 16,
            oid::INT4 => 32,
            _ => 64,
        };
        rows.push(row![
            &source.database,
            &table.relation.schema,
            table.name(),
            oid::sql_name(spec.data_type).to_string(),
            bits,
            2,
            0,
            spec.start.to_string(),
            spec.min.to_string(),
            spec.max.to_string(),
            spec.increment.to_string(),
            if spec.cycle { "YES" } else { "NO" }
        ]);
    }
}
