//! How objects are written as SQL: names quoted as PostgreSQL quotes them, indexes, keys and views as it prints them.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::OnceLock;

use arrow::array::AsArray;

use super::data;
use super::source::{Key, Source, Table};
use crate::catalog::constraint::ConstraintKind;

/// An identifier, in double quotes where SQL needs them.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let plain = first && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !reserved().contains(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// `schema.name`, both quoted where needed.
#[must_use]
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// The words that cannot be an identifier everywhere.
fn reserved() -> &'static HashSet<String> {
    static RESERVED: OnceLock<HashSet<String>> = OnceLock::new();
    RESERVED.get_or_init(|| {
        let rows = data::table("keywords", &[("word", 25), ("code", 18), ("bare", 16), ("a", 25), ("b", 25)]);
        let (words, codes) = (rows.column(0).as_string::<i32>(), rows.column(1).as_string::<i32>());
        let reserved = words.iter().flatten().zip(codes.iter().flatten()).filter(|(_, code)| *code != "U");
        reserved.map(|(word, _)| word.to_owned()).collect()
    })
}

/// A view's query with the semicolon PostgreSQL puts after it.
#[must_use]
pub fn view(table: &Table) -> Option<String> {
    let text = table.relation.definition.as_deref()?;
    Some(format!(" {};", text.trim().trim_end_matches(';').trim_end()))
}

/// A column's default, or what it is computed by, as PostgreSQL prints it; `None` where that is not known.
#[must_use]
pub fn default(table: &Table, place: usize) -> Option<&str> {
    table.relation.table()?.defaults.get(place)?.as_ref()?.shown.as_deref()
}

/// What stands for an expression of a table in `pg_node_tree`.
#[must_use]
pub fn formula(table: &Table, kind: FormulaKind, place: usize) -> String {
    let kind = match kind {
        FormulaKind::Default => "default",
        FormulaKind::Check => "check",
    };
    format!("{{FORMULA :relation {} :{kind} {place}}}", table.oid())
}

/// Which expression of a table is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormulaKind {
    /// The default of a column.
    Default,
    /// The condition of a constraint.
    Check,
}

/// The relation, kind and place of what [`formula`] stands for.
#[must_use]
pub fn formula_of(tree: &str) -> Option<(u32, FormulaKind, usize)> {
    let words: Vec<&str> = tree.strip_prefix("{FORMULA ")?.strip_suffix('}')?.split(' ').collect();
    let [":relation", oid, kind, place] = words.as_slice() else { return None };
    let kind = match *kind {
        ":default" => FormulaKind::Default,
        ":check" => FormulaKind::Check,
        _ => return None,
    };
    Some((oid.parse().ok()?, kind, place.parse().ok()?))
}

/// `CREATE UNIQUE INDEX … ON … USING btree (…)`, the table with its schema if `qualify`.
#[must_use]
pub fn index(table: &Table, key: &Key, qualify: bool) -> String {
    let schema = &table.relation.schema;
    let on = if qualify { qualified(schema, table.name()) } else { quote_identifier(table.name()) };
    let columns = column_list(table, &key.columns);
    format!("CREATE UNIQUE INDEX {} ON {on} USING btree ({columns})", quote_identifier(&key.name))
}

/// A key as `ALTER TABLE … ADD` takes it; `name_of` writes a referenced table's name.
#[must_use]
pub fn constraint(source: &Source, table: &Table, key: &Key, name_of: impl Fn(&Table) -> String) -> String {
    let columns = column_list(table, &key.columns);
    match (&key.kind, &key.references) {
        (ConstraintKind::PrimaryKey, _) => format!("PRIMARY KEY ({columns})"),
        (ConstraintKind::ForeignKey { .. }, Some((target, referenced))) => {
            let target = &source.tables[*target];
            let referenced = column_list(target, referenced);
            format!("FOREIGN KEY ({columns}) REFERENCES {}({referenced})", name_of(target))
        }
        _ => format!("UNIQUE ({columns})"),
    }
}

fn column_list(table: &Table, columns: &[i16]) -> String {
    let mut list = String::new();
    for &attnum in columns {
        let name = table.column(attnum).map_or("", |column| column.name());
        let comma = if list.is_empty() { "" } else { ", " };
        write!(list, "{comma}{}", quote_identifier(name)).expect("writing to a string cannot fail");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_where_postgresql_quotes_them() {
        for (name, quoted) in [
            ("orders", "orders"),
            ("o_1", "o_1"),
            ("Orders", "\"Orders\""),
            ("select", "\"select\""),
            ("char", "\"char\""),
            ("name", "name"),
            ("1a", "\"1a\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_identifier(name), quoted);
        }
    }
}
