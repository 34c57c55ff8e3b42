//! Keys that a configuration declares for a table. They are informational: tools show them, nothing checks them.

/// What a constraint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY (columns)`.
    PrimaryKey,
    /// `UNIQUE (columns)`.
    Unique,
    /// `FOREIGN KEY (columns) REFERENCES schema.table (referenced)`.
    ForeignKey {
        /// The referenced table's schema.
        schema: String,
        /// The referenced table.
        table: String,
        /// Its columns, in the order of the constraint's own.
        referenced: Vec<String>,
    },
}

/// A constraint of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Its name; `None` takes PostgreSQL's (`orders_pkey`, `orders_o_custkey_fkey`).
    pub name: Option<String>,
    /// What it says.
    pub kind: ConstraintKind,
    /// The columns it is about, in order.
    pub columns: Vec<String>,
}

impl Constraint {
    /// Its name, made as PostgreSQL makes it when none was given.
    #[must_use]
    pub fn name_on(&self, table: &str) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let columns = self.columns.join("_");
        match self.kind {
            ConstraintKind::PrimaryKey => object_name(table, "", "pkey"),
            ConstraintKind::Unique => object_name(table, &columns, "key"),
            ConstraintKind::ForeignKey { .. } => object_name(table, &columns, "fkey"),
        }
    }
}

/// PostgreSQL's `makeObjectName`: `first_second_label` in at most 63 bytes, the longer of the two names shortened.
pub(crate) fn object_name(first: &str, second: &str, label: &str) -> String {
    const LIMIT: usize = 63;
    let overhead = label.len() + 1 + usize::from(!second.is_empty());
    let (mut a, mut b) = (first.len(), second.len());
    while a + b + overhead > LIMIT {
        if a > b { a -= 1 } else { b -= 1 }
    }
    let (first, second) = (prefix(first, a), prefix(second, b));
    if second.is_empty() { format!("{first}_{label}") } else { format!("{first}_{second}_{label}") }
}

/// At most `bytes` bytes of `text`, whole characters.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_postgresqls() {
        let key = |kind, columns: &[&str]| Constraint {
            name: None,
            kind,
            columns: columns.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(key(ConstraintKind::PrimaryKey, &["a", "b"]).name_on("orders"), "orders_pkey");
        assert_eq!(key(ConstraintKind::Unique, &["a", "b"]).name_on("orders"), "orders_a_b_key");
        let long = "t".repeat(60);
        let name = key(ConstraintKind::Unique, &["column_name"]).name_on(&long);
        assert_eq!(name.len(), 63);
        assert!(name.ends_with("_column_name_key"));
    }
}
