//! System columns: what PostgreSQL keeps of every row of a table besides its columns.
//!
//! Rows here know neither their transaction nor their place, so `tableoid` is the table's, the transactions are the
//! first one, and `ctid` is not there.

use datafusion::sql::sqlparser::ast::{self, CastKind, DataType, Expr, Ident, ObjectName, Value};

use super::rows::{columns_of, whenever_there};
use super::scope::{Names, Relation};
use crate::catalog::RelationKind;
use crate::catalog::pg_catalog::reg::lookup_regclass;
use crate::catalog::pg_catalog::relations::FIRST_XID;
use crate::sql::rewrite::names::folded;

impl Names<'_> {
    /// The OID of the table that a name leads to; `None` for what has no system columns.
    pub fn table_oid(&self, name: &ObjectName) -> Option<u32> {
        self.relation_oid(name).filter(|(_, kind)| *kind != RelationKind::View).map(|(oid, _)| oid)
    }

    /// The OID of the relation that a name leads to, and what it is.
    pub fn relation_oid(&self, name: &ObjectName) -> Option<(u32, RelationKind)> {
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        let (table, schema) = match parts.as_slice() {
            [table] => (table, None),
            [.., schema, table] => (table, Some(schema.as_str())),
            [] => return None,
        };
        match self.env.find_relation(schema, table)? {
            (_, Some(relation)) => Some((relation.oid, relation.kind)),
            (schema, None) => {
                let oid = lookup_regclass(&self.env.vars, &format!("{schema}.{table}")).ok()?;
                Some((oid, RelationKind::Table))
            }
        }
    }
}

/// The value of a system column in a relation.
pub fn column(relation: &Relation, name: &str) -> Option<Expr> {
    let (value, data_type) = match name {
        "tableoid" => (relation.oid?, "oid"),
        "xmin" => (FIRST_XID, "xid"),
        "xmax" => (0, "xid"),
        "cmin" | "cmax" => (0, "cid"),
        _ => return None,
    };
    relation.oid?;
    if relation.count(name) > 0 {
        return None;
    }
    let value = Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(Expr::Value(Value::SingleQuotedString(value.to_string()).with_empty_span())),
        data_type: DataType::Custom(ast::ObjectName::from(vec![Ident::new(data_type)]), Vec::new()),
        format: None,
        array: false,
    };
    if !relation.nullable {
        return Some(value);
    }
    let columns = columns_of(relation)?;
    Some(whenever_there(columns.into_iter().map(|(column, _)| column), value))
}
