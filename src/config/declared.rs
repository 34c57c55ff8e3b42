//! What a configuration declares of tables beyond their files: columns' types, keys, comments; and views.

use super::document::{Table, Value};
use super::reader::{Reader, Section};
use super::value::{self, Meant};

/// What is declared of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnConfig {
    /// Its name.
    pub name: String,
    /// Its type in PostgreSQL's words; `None` keeps the file's.
    pub data_type: Option<String>,
    /// Whether tools are told that it holds no NULL.
    pub not_null: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKeyConfig {
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it refers to, `table` or `schema.table`.
    pub references: String,
    /// That table's columns; none for its primary key.
    pub referenced: Vec<String>,
}

/// What is declared of a table. Keys are informational: tools show them, nothing checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Columns about which something is said.
    pub columns: Vec<ColumnConfig>,
    /// The primary key's columns; none for no primary key.
    pub primary_key: Vec<String>,
    /// The columns of each unique key.
    pub unique: Vec<Vec<String>>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKeyConfig>,
}

/// A view that everybody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewConfig {
    /// The schema it goes into.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its query.
    pub query: String,
    /// Whether tools are told that it is a materialized view.
    pub materialized: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// The parts of a table's block that are blocks themselves, to be read when the block's own keys have been.
pub(super) struct Inner {
    columns: Vec<(String, Table)>,
    foreign_keys: Vec<Table>,
    declared: Declared,
}

impl Inner {
    /// Takes the keys that declare something out of a table's block.
    pub fn of(section: &mut Section<'_>) -> Self {
        let primary_key = section.or("primary_key", value::names, Vec::new());
        let unique = section.or("unique", lists_of_names, Vec::new());
        let columns = section.or("columns", named_tables, Vec::new());
        let foreign_keys = section.blocks("foreign_keys", "tables.foreign_keys");
        Self { columns, foreign_keys, declared: Declared { primary_key, unique, ..Declared::default() } }
    }

    /// Reads them.
    pub fn read(self, reader: &mut Reader) -> Declared {
        let mut declared = self.declared;
        for (name, table) in self.columns {
            let mut section = reader.block("tables.columns", table);
            let data_type = section.get("type", value::text).map(|written| written.value);
            let not_null = section.or("not_null", value::flag, false);
            let comment = section.get("comment", value::text).map(|written| written.value);
            section.finish();
            declared.columns.push(ColumnConfig { name, data_type, not_null, comment });
        }
        for table in self.foreign_keys {
            let mut section = reader.block("tables.foreign_keys", table);
            let columns = section.require("columns", value::names);
            let references = section.require("references", value::name);
            let referenced = section.or("referenced", value::names, Vec::new());
            section.finish();
            if let (Some(columns), Some(references)) = (columns, references) {
                let (columns, references) = (columns.value, references.value);
                declared.foreign_keys.push(ForeignKeyConfig { columns, references, referenced });
            }
        }
        declared
    }
}

/// The blocks `[[views]]`.
pub(super) fn views(reader: &mut Reader, schema: &str) -> Vec<ViewConfig> {
    let mut views = Vec::new();
    for table in reader.blocks("views") {
        let mut section = reader.block("views", table);
        let schema = section.or("schema", value::schema, schema.to_owned());
        let name = section.require("name", value::name);
        let query = section.require("query", value::text);
        let materialized = section.or("materialized", value::flag, false);
        let comment = section.get("comment", value::text).map(|written| written.value);
        section.finish();
        if let (Some(name), Some(query)) = (name, query) {
            views.push(ViewConfig { schema, name: name.value, query: query.value, materialized, comment });
        }
    }
    views
}

fn lists_of_names(value: &Value) -> Meant<Vec<Vec<String>>> {
    match value {
        Value::List(items) => items.iter().map(|item| value::names(&item.value)).collect(),
        other => Err(format!("expected a list of lists of names, not {other}")),
    }
}

fn named_tables(value: &Value) -> Meant<Vec<(String, Table)>> {
    let Value::Table(table) = value else { return Err(format!("expected a table of columns, not {value}")) };
    let columns = table.entries.iter().map(|entry| match &entry.value {
        Value::Table(column) => Ok((entry.key.clone(), column.clone())),
        other => Err(format!("{}: expected a table such as {{ type = \"jsonb\" }}, not {other}", entry.key)),
    });
    columns.collect()
}
