//! What a real PostgreSQL says about its own objects: definitions, expressions, comments.

use std::collections::HashMap;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int16Type, Int32Type, UInt32Type};

use super::{data, statics};

/// A function's texts.
#[derive(Debug)]
pub struct FunctionTexts {
    /// `pg_get_function_arguments`.
    pub arguments: String,
    /// `pg_get_function_identity_arguments`.
    pub identity: String,
    /// `pg_get_function_result`; none for a procedure.
    pub result: Option<String>,
    /// `pg_get_functiondef`; none for an aggregate.
    pub definition: Option<String>,
    /// `pg_get_function_sqlbody`.
    pub body: Option<String>,
}

/// The texts of a function.
pub fn function(oid: u32) -> Option<&'static FunctionTexts> {
    static TEXTS: OnceLock<HashMap<u32, FunctionTexts>> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let columns = [("oid", 26), ("a", 25), ("i", 25), ("r", 25), ("d", 25), ("b", 25)];
        let rows = data::table("function_texts", &columns);
        let oids = rows.column(0).as_primitive::<UInt32Type>();
        let make = |row| FunctionTexts {
            arguments: text(&rows, 1, row).unwrap_or_default(),
            identity: text(&rows, 2, row).unwrap_or_default(),
            result: text(&rows, 3, row),
            definition: text(&rows, 4, row),
            body: text(&rows, 5, row),
        };
        (0..rows.num_rows()).map(|row| (oids.value(row), make(row))).collect()
    });
    texts.get(&oid)
}

fn text(rows: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let texts = rows.column(column).as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

/// Plain and pretty text of an object.
type Pairs = HashMap<u32, (String, String)>;

fn pairs(name: &str) -> Pairs {
    let rows = data::table(name, &[("oid", 26), ("plain", 25), ("pretty", 25)]);
    let oids = rows.column(0).as_primitive::<UInt32Type>();
    let pair = |row| (text(&rows, 1, row).unwrap_or_default(), text(&rows, 2, row).unwrap_or_default());
    (0..rows.num_rows()).map(|row| (oids.value(row), pair(row))).collect()
}

fn pick(pairs: &'static Pairs, oid: u32, pretty: bool) -> Option<&'static str> {
    pairs.get(&oid).map(|(plain, made)| if pretty { made.as_str() } else { plain.as_str() })
}

/// A system view's query.
#[must_use]
pub fn view(oid: u32, pretty: bool) -> Option<&'static str> {
    static TEXTS: OnceLock<Pairs> = OnceLock::new();
    pick(TEXTS.get_or_init(|| pairs("view_texts")), oid, pretty)
}

/// A rule of a system view.
#[must_use]
pub fn rule(oid: u32, pretty: bool) -> Option<&'static str> {
    static TEXTS: OnceLock<Pairs> = OnceLock::new();
    pick(TEXTS.get_or_init(|| pairs("rule_texts")), oid, pretty)
}

/// A constraint of a system table or domain.
#[must_use]
pub fn constraint(oid: u32, pretty: bool) -> Option<&'static str> {
    static TEXTS: OnceLock<Pairs> = OnceLock::new();
    pick(TEXTS.get_or_init(|| pairs("constraint_texts")), oid, pretty)
}

/// An index of a system table.
#[must_use]
pub fn index(oid: u32, pretty: bool) -> Option<&'static str> {
    static TEXTS: OnceLock<Pairs> = OnceLock::new();
    pick(TEXTS.get_or_init(|| pairs("index_texts")), oid, pretty)
}

/// The name of a column (from 1) of an index of a system table; empty beyond the last.
#[must_use]
pub fn index_column(oid: u32, column: i64) -> Option<String> {
    index(oid, false)?;
    Some(i16::try_from(column).ok().and_then(|column| system_column(oid, column)).unwrap_or_default())
}

/// What kind of routine a function is, in words.
#[must_use]
pub fn routine_kind(oid: u32) -> &'static str {
    let Some(rows) = data::rows("pg_catalog", "pg_proc") else { return "function" };
    let place = statics::oids(rows, "oid").iter().position(|found| found == Some(oid));
    match place.map(|row| statics::texts(rows, "prokind").value(row)) {
        Some("a") => "aggregate",
        Some("p") => "procedure",
        _ => "function",
    }
}

/// The name of a column of a system relation or index.
#[must_use]
pub fn system_column(oid: u32, column: i16) -> Option<String> {
    let rows = data::rows("pg_catalog", "pg_attribute")?;
    let (relations, names) = (statics::oids(rows, "attrelid"), statics::texts(rows, "attname"));
    let numbers = statics::column(rows, "attnum").as_primitive::<Int16Type>();
    let wanted = |row: &usize| relations.value(*row) == oid && numbers.value(*row) == column;
    (0..rows.num_rows()).find(wanted).map(|row| names.value(row).to_owned())
}

/// An expression tree of a system object as SQL.
#[must_use]
pub fn expression(tree: &str) -> Option<&'static str> {
    static TEXTS: OnceLock<HashMap<String, String>> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let rows = data::table("expression_texts", &[("tree", 25), ("text", 25)]);
        (0..rows.num_rows()).filter_map(|row| text(&rows, 0, row).zip(text(&rows, 1, row))).collect()
    });
    texts.get(tree).map(String::as_str)
}

/// The comment on a system object or, with `number`, on its column. Class 0 is any class.
#[must_use]
pub fn comment(object: u32, class: u32, number: i32) -> Option<&'static str> {
    /// By object and column: class and row.
    type Comments = HashMap<(u32, i32), Vec<(u32, usize)>>;
    static COMMENTS: OnceLock<Comments> = OnceLock::new();
    let rows = data::rows("pg_catalog", "pg_description")?;
    let comments = COMMENTS.get_or_init(|| {
        let (objects, classes) = (statics::oids(rows, "objoid"), statics::oids(rows, "classoid"));
        let numbers = statics::column(rows, "objsubid").as_primitive::<Int32Type>();
        let mut comments = Comments::new();
        for row in 0..rows.num_rows() {
            let entry = comments.entry((objects.value(row), numbers.value(row))).or_default();
            entry.push((classes.value(row), row));
        }
        comments
    });
    let known = comments.get(&(object, number))?;
    let (_, row) = known.iter().find(|(of, _)| class == 0 || *of == class)?;
    Some(statics::texts(rows, "description").value(*row))
}
