//! The row types of relations: their OIDs, and the fields that hold their values.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};

use super::pg_catalog::reg::{find_relation, relation_name};
use super::pg_catalog::statics;
use super::vars::SessionVars;
use crate::types::{PG_ARRAY_KEY, PG_TYPE_KEY};

/// A row type and the array type over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowType {
    /// Its OID.
    pub oid: u32,
    /// The OID of its array type.
    pub array: u32,
}

impl RowType {
    /// The metadata of a field that holds its values.
    #[must_use]
    pub fn metadata(self) -> HashMap<String, String> {
        let pairs = [(PG_TYPE_KEY, self.oid), (PG_ARRAY_KEY, self.array)];
        pairs.into_iter().map(|(key, oid)| (key.to_owned(), oid.to_string())).collect()
    }
}

/// The row type of a relation by the relation's OID.
#[must_use]
pub fn of_relation(vars: &SessionVars, relation: u32) -> Option<RowType> {
    if let Some(table) = vars.snapshot.system().source().table(relation) {
        return Some(RowType { oid: table.row_type, array: table.array_type });
    }
    static SYSTEM: OnceLock<HashMap<u32, RowType>> = OnceLock::new();
    let system = SYSTEM.get_or_init(|| {
        let rows = statics::types().values().filter(|row| row.relation != 0);
        rows.map(|row| (row.relation, RowType { oid: row.oid, array: row.array })).collect()
    });
    system.get(&relation).copied()
}

/// The field of a row type by the name of its relation; `None` when there is no such relation.
#[must_use]
pub fn field_named(vars: &SessionVars, schema: Option<&str>, name: &str) -> Option<Field> {
    let relation = find_relation(vars, schema, name)?;
    let row_type = of_relation(vars, relation)?;
    let (schema, name) = relation_name(vars, relation)?;
    let columns = vars.snapshot.provider(schema, name)?.schema();
    Some(field(row_type, &columns))
}

/// The field of a row type with these columns.
#[must_use]
pub fn field(row_type: RowType, columns: &SchemaRef) -> Field {
    let nullable = |field: &FieldRef| Arc::new(field.as_ref().clone().with_nullable(true));
    let fields = columns.fields().iter().map(nullable).collect();
    Field::new("type", DataType::Struct(fields), true).with_metadata(row_type.metadata())
}
