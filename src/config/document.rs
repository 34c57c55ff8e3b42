//! A TOML file as written: a tree of keys and values that know their lines.
//!
//! Syntax only; what the keys mean is not known here.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Origin};

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// The text of a variable or flag, which may mean a string, a number or a truth value.
    Given(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML float.
    Float(f64),
    /// A TOML boolean.
    Bool(bool),
    /// A TOML date or time, which no key takes.
    Moment(String),
    /// A TOML array.
    List(Vec<Node>),
    /// A TOML table.
    Table(Table),
}

/// A value and its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Counted from 1.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// A table: the file itself, a `[section]`, one of several `[[blocks]]`, or an inline one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Where it starts, counted from 1.
    pub line: usize,
    /// Its keys, each once.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// The key's line, counted from 1.
    pub line: usize,
    /// What stands right of it.
    pub value: Value,
}

impl Table {
    /// Takes a key out.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }
}

/// How a value is named in "…, not X".
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Given(text) => write!(f, "\"{text}\""),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Moment(text) => f.write_str(text),
            Self::List(_) => f.write_str("a list"),
            Self::Table(_) => f.write_str("a table"),
        }
    }
}

/// Reads a document; what could be read comes back beside the syntax mistakes.
pub(super) fn parse(text: &str) -> (Table, Vec<Mistake>) {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<Mistake> = Vec::new();
    for error in errors {
        let origin = error.span().map_or(Origin::None, |span| Origin::Line(lines.at(&span)));
        // One slip of the pen often gives several errors on its line; the first says it.
        if !mistakes.iter().any(|earlier| earlier.origin == origin) {
            mistakes.push(Mistake { origin, message: error.message().replace('\n', ", ") });
        }
    }
    (table(&lines, 1, root.get_ref()), mistakes)
}

/// Byte offsets at which lines start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn at(&self, span: &Range<usize>) -> usize {
        self.0.partition_point(|start| *start <= span.start)
    }
}

fn table(lines: &Lines, line: usize, source: &DeTable<'_>) -> Table {
    let entries = source
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            line: lines.at(&key.span()),
            value: node(lines, value).value,
        })
        .collect();
    Table { line, entries }
}

fn node(lines: &Lines, source: &Spanned<DeValue<'_>>) -> Node {
    let line = lines.at(&source.span());
    let value = match source.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or_else(|_| Value::Moment(digits.to_string()), Value::Integer),
        DeValue::Float(digits) => {
            digits.as_str().parse().map_or_else(|_| Value::Moment(digits.to_string()), Value::Float)
        }
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(lines, item)).collect()),
        DeValue::Table(inner) => Value::Table(table(lines, line, inner)),
    };
    Node { line, value }
}
