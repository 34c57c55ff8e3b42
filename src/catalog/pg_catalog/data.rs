//! The static part of the system catalogs: rows that every PostgreSQL 17 has, embedded in the binary.
//!
//! `scripts/catalog_export.py` writes the files. Each is decompressed and parsed on first use and kept for the life of
//! the process; snapshots share the batches.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use flate2::read::GzDecoder;

use super::rows::Rows;
use super::schema::{self, definitions};

macro_rules! files {
    ($($name:literal)*) => {
        const FILES: &[(&str, &[u8])] = &[
            $(($name, include_bytes!(concat!("../data/", $name, ".gz"))),)*
        ];
    };
}

files! {
    "columns"
    "constraint_texts"
    "expression_texts"
    "function_texts"
    "index_texts"
    "information_schema.administrable_role_authorizations"
    "information_schema.applicable_roles"
    "information_schema.character_sets"
    "information_schema.check_constraint_routine_usage"
    "information_schema.check_constraints"
    "information_schema.collation_character_set_applicability"
    "information_schema.collations"
    "information_schema.column_domain_usage"
    "information_schema.column_privileges"
    "information_schema.column_udt_usage"
    "information_schema.columns"
    "information_schema.constraint_column_usage"
    "information_schema.constraint_table_usage"
    "information_schema.data_type_privileges"
    "information_schema.domain_constraints"
    "information_schema.domain_udt_usage"
    "information_schema.domains"
    "information_schema.element_types"
    "information_schema.key_column_usage"
    "information_schema.parameters"
    "information_schema.referential_constraints"
    "information_schema.role_column_grants"
    "information_schema.role_routine_grants"
    "information_schema.role_table_grants"
    "information_schema.role_udt_grants"
    "information_schema.role_usage_grants"
    "information_schema.routine_privileges"
    "information_schema.routines"
    "information_schema.schemata"
    "information_schema.sql_features"
    "information_schema.sql_implementation_info"
    "information_schema.sql_parts"
    "information_schema.sql_sizing"
    "information_schema.table_constraints"
    "information_schema.table_privileges"
    "information_schema.tables"
    "information_schema.udt_privileges"
    "information_schema.usage_privileges"
    "information_schema.view_column_usage"
    "information_schema.view_routine_usage"
    "information_schema.view_table_usage"
    "information_schema.views"
    "keywords"
    "pg_catalog.pg_aggregate"
    "pg_catalog.pg_am"
    "pg_catalog.pg_amop"
    "pg_catalog.pg_amproc"
    "pg_catalog.pg_attribute"
    "pg_catalog.pg_auth_members"
    "pg_catalog.pg_authid"
    "pg_catalog.pg_cast"
    "pg_catalog.pg_class"
    "pg_catalog.pg_collation"
    "pg_catalog.pg_constraint"
    "pg_catalog.pg_conversion"
    "pg_catalog.pg_depend"
    "pg_catalog.pg_description"
    "pg_catalog.pg_extension"
    "pg_catalog.pg_group"
    "pg_catalog.pg_index"
    "pg_catalog.pg_indexes"
    "pg_catalog.pg_init_privs"
    "pg_catalog.pg_language"
    "pg_catalog.pg_namespace"
    "pg_catalog.pg_opclass"
    "pg_catalog.pg_operator"
    "pg_catalog.pg_opfamily"
    "pg_catalog.pg_proc"
    "pg_catalog.pg_range"
    "pg_catalog.pg_rewrite"
    "pg_catalog.pg_rules"
    "pg_catalog.pg_settings"
    "pg_catalog.pg_shdescription"
    "pg_catalog.pg_tables"
    "pg_catalog.pg_tablespace"
    "pg_catalog.pg_timezone_abbrevs"
    "pg_catalog.pg_ts_config"
    "pg_catalog.pg_ts_config_map"
    "pg_catalog.pg_ts_dict"
    "pg_catalog.pg_ts_parser"
    "pg_catalog.pg_ts_template"
    "pg_catalog.pg_type"
    "pg_catalog.pg_views"
    "pg_catalog.pg_wait_events"
    "reader.information_schema.applicable_roles"
    "reader.information_schema.check_constraints"
    "reader.information_schema.column_domain_usage"
    "reader.information_schema.column_privileges"
    "reader.information_schema.column_udt_usage"
    "reader.information_schema.columns"
    "reader.information_schema.constraint_column_usage"
    "reader.information_schema.constraint_table_usage"
    "reader.information_schema.data_type_privileges"
    "reader.information_schema.domain_udt_usage"
    "reader.information_schema.element_types"
    "reader.information_schema.key_column_usage"
    "reader.information_schema.parameters"
    "reader.information_schema.role_column_grants"
    "reader.information_schema.role_routine_grants"
    "reader.information_schema.role_table_grants"
    "reader.information_schema.role_udt_grants"
    "reader.information_schema.role_usage_grants"
    "reader.information_schema.routine_privileges"
    "reader.information_schema.routines"
    "reader.information_schema.schemata"
    "reader.information_schema.table_constraints"
    "reader.information_schema.table_privileges"
    "reader.information_schema.tables"
    "reader.information_schema.udt_privileges"
    "reader.information_schema.usage_privileges"
    "reader.information_schema.view_column_usage"
    "reader.information_schema.view_routine_usage"
    "reader.information_schema.view_table_usage"
    "reader.information_schema.views"
    "reader.pg_catalog.pg_settings"
    "rule_texts"
    "view_texts"
}

/// The columns of all system relations: schema, relation, kind, column, type, type modifier, not null.
pub(super) fn columns() -> &'static str {
    static COLUMNS: OnceLock<String> = OnceLock::new();
    COLUMNS.get_or_init(|| text("columns").unwrap_or_default())
}

/// The static rows of a system relation; `None` where all rows are the server's own.
#[must_use]
pub fn rows(schema: &str, relation: &str) -> Option<&'static RecordBatch> {
    file(schema, relation, &format!("{schema}.{relation}"))
}

/// The static rows that a role without privileges sees; those of [`rows`] where they do not differ.
#[must_use]
pub fn rows_for_reader(schema: &str, relation: &str) -> Option<&'static RecordBatch> {
    file(schema, relation, &format!("reader.{schema}.{relation}")).or_else(|| rows(schema, relation))
}

fn file(schema: &str, relation: &str, name: &str) -> Option<&'static RecordBatch> {
    type Batches = HashMap<&'static str, OnceLock<RecordBatch>>;
    static BATCHES: OnceLock<Batches> = OnceLock::new();
    let batches = BATCHES.get_or_init(|| FILES.iter().map(|(name, _)| (*name, OnceLock::new())).collect());
    let definition = definitions().get(&(schema, relation))?;
    Some(batches.get(name)?.get_or_init(|| parse(name, &definition.columns)))
}

/// The parsed rows of an export that is no relation: its columns are the given PostgreSQL types.
#[must_use]
pub fn table(name: &str, columns: &[(&str, u32)]) -> RecordBatch {
    let fields: Vec<_> = columns.iter().map(|(name, oid)| schema::field(name, *oid, -1, true)).collect();
    parse(name, &SchemaRef::new(Schema::new(fields)))
}

fn parse(name: &str, columns: &SchemaRef) -> RecordBatch {
    let mut rows = Rows::new(columns);
    for line in text(name).unwrap_or_default().lines() {
        rows.push_copy(line);
    }
    rows.finish().expect("the embedded rows fit their relation's columns, as a test makes sure of")
}

fn text(name: &str) -> Option<String> {
    let (_, bytes) = FILES.iter().find(|(file, _)| *file == name)?;
    let mut text = String::new();
    GzDecoder::new(*bytes).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_parses() {
        for (name, _) in FILES {
            assert!(text(name).is_some(), "{name}");
            let reader = name.strip_prefix("reader.");
            if let Some((schema, relation)) = reader.unwrap_or(name).split_once('.') {
                let batch = if reader.is_some() { rows_for_reader } else { rows }(schema, relation).expect(name);
                assert_eq!(batch.num_rows(), text(name).unwrap_or_default().lines().count(), "{name}");
            }
        }
        assert_eq!(rows("pg_catalog", "pg_type").map(RecordBatch::num_rows), Some(617));
        assert_eq!(rows("pg_catalog", "pg_proc").map(RecordBatch::num_rows), Some(3330));
    }
}
