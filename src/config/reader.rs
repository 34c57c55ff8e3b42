//! Asks a document, the variables and the flags for keys, and refuses what nobody asked for.
//!
//! A key exists because the code reads it: [`Section::get`] is the only list of keys there is. Flags win over
//! variables, variables over the file. Mistakes are gathered, never returned early.

use std::collections::BTreeSet;

use super::document::{Entry, Table, Value};
use super::env::{self, Variables};
use super::mistake::{Mistake, Origin};
use super::value::Meant;

/// A value as meant, and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub origin: Origin,
}

/// A flag that overrides a key.
#[derive(Clone, Debug)]
pub(super) struct Flag {
    /// As typed, e.g. `--listen`.
    pub name: &'static str,
    /// The key's section.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// The value's text.
    pub text: String,
}

/// Everything somebody wrote, and what is wrong with it so far.
#[derive(Debug)]
pub(super) struct Reader {
    root: Table,
    variables: Variables,
    flags: Vec<Flag>,
    mistakes: Vec<Mistake>,
    /// Lines whose syntax is broken: their values mean nothing.
    broken: Vec<Origin>,
    /// Paths (`section.key`) of the keys that have a variable.
    known: BTreeSet<String>,
    sections: BTreeSet<String>,
}

/// One table of keys being read; call [`Section::finish`] when all keys were asked for.
pub(super) struct Section<'a> {
    reader: &'a mut Reader,
    name: &'static str,
    /// Whether variables and flags may override (not inside lists).
    single: bool,
    table: Table,
    asked: Vec<&'static str>,
    written: Vec<&'static str>,
}

impl Reader {
    /// A reader over a document (empty when there is no file), variables and flags.
    pub fn new(root: Table, variables: Variables, flags: Vec<Flag>, mistakes: Vec<Mistake>) -> Self {
        let broken = mistakes.iter().map(|mistake| mistake.origin.clone()).collect();
        Self { root, variables, flags, mistakes, broken, known: BTreeSet::new(), sections: BTreeSet::new() }
    }

    /// The section `[name]`, empty when it is not there.
    pub fn section(&mut self, name: &'static str) -> Section<'_> {
        self.sections.insert(name.to_owned());
        let table = match self.root.take(name) {
            Some(Entry { value: Value::Table(table), .. }) => table,
            Some(Entry { line, value, .. }) => {
                self.mistake(Origin::Line(line), format!("expected a section [{name}], not {value}"));
                Table::default()
            }
            None => Table::default(),
        };
        Section { reader: self, name, single: true, table, asked: Vec::new(), written: Vec::new() }
    }

    /// The tables of `[[name]]` taken from the top level.
    pub fn blocks(&mut self, name: &'static str) -> Vec<Table> {
        self.sections.insert(name.to_owned());
        self.root.take(name).map_or_else(Vec::new, |entry| self.tables(name, entry))
    }

    /// One table of `[[name]]`, to be read.
    pub fn block(&mut self, name: &'static str, table: Table) -> Section<'_> {
        Section { reader: self, name, single: false, table, asked: Vec::new(), written: Vec::new() }
    }

    /// Notes a mistake, unless it only follows from broken syntax on the same line.
    pub fn mistake(&mut self, origin: Origin, message: impl Into<String>) {
        if !self.broken.contains(&origin) || origin == Origin::None {
            self.mistakes.push(Mistake { origin, message: message.into() });
        }
    }

    /// All sections were read: what is left is unknown. Gives the mistakes and every key that was asked for.
    pub fn finish(mut self) -> (Vec<Mistake>, BTreeSet<String>) {
        for Entry { key, line, .. } in std::mem::take(&mut self.root.entries) {
            let guess = suggestion(&key, self.sections.iter().map(String::as_str));
            self.mistakes
                .push(Mistake { origin: Origin::Line(line), message: format!("unknown section [{key}]{guess}") });
        }
        let names: Vec<String> = self
            .known
            .iter()
            .filter_map(|path| path.rsplit_once('.'))
            .map(|(section, key)| env::variable(section, key))
            .collect();
        for name in self.variables.unread() {
            let guess = suggestion(name, names.iter().map(String::as_str));
            let origin = Origin::Variable(name.to_owned());
            self.mistakes.push(Mistake { origin, message: format!("this variable overrides no key{guess}") });
        }
        (self.mistakes, self.known)
    }

    fn tables(&mut self, name: &str, entry: Entry) -> Vec<Table> {
        let Value::List(items) = entry.value else {
            self.mistake(Origin::Line(entry.line), format!("expected blocks [[{name}]], not {}", entry.value));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Value::Table(table) => tables.push(table),
                other => self.mistake(Origin::Line(item.line), format!("expected a block [[{name}]], not {other}")),
            }
        }
        tables
    }
}

impl Section<'_> {
    /// Where the section starts.
    pub fn origin(&self) -> Origin {
        if self.table.line == 0 { Origin::None } else { Origin::Line(self.table.line) }
    }

    /// A key's value, if somebody wrote one and it is good.
    pub fn get<T>(&mut self, key: &'static str, meant: impl FnOnce(&Value) -> Meant<T>) -> Option<Written<T>> {
        let (value, origin) = self.raw(key)?;
        match meant(&value) {
            Ok(value) => Some(Written { value, origin }),
            Err(expected) => {
                self.reader.mistake(origin, format!("{}.{key}: {expected}", self.name));
                None
            }
        }
    }

    /// A key's value, or its default.
    pub fn or<T>(&mut self, key: &'static str, meant: impl FnOnce(&Value) -> Meant<T>, default: T) -> T {
        self.get(key, meant).map_or(default, |written| written.value)
    }

    /// A key's value; its absence is a mistake.
    pub fn require<T>(&mut self, key: &'static str, meant: impl FnOnce(&Value) -> Meant<T>) -> Option<Written<T>> {
        let value = self.get(key, meant);
        self.need(&[key]);
        value
    }

    /// Keys that were asked for and must have been written, well or badly.
    pub fn need(&mut self, keys: &[&'static str]) {
        for key in keys.iter().filter(|key| !self.written.contains(*key)) {
            let message = format!("{} needs the key \"{key}\"", self.brackets());
            self.reader.mistake(self.origin(), message);
        }
    }

    /// Whether the section's header or any of its keys asked for so far was written.
    pub fn is_present(&self) -> bool {
        self.table.line > 0 || !self.written.is_empty()
    }

    /// Whether a key asked for was written, well or badly.
    pub fn has(&self, key: &str) -> bool {
        self.written.contains(&key)
    }

    /// The tables of `[[section.key]]`.
    pub fn blocks(&mut self, key: &'static str, path: &'static str) -> Vec<Table> {
        self.asked.push(key);
        self.table.take(key).map_or_else(Vec::new, |entry| self.reader.tables(path, entry))
    }

    /// Every key of an open section, variables included: (key, value).
    pub fn all<T>(&mut self, meant: impl Fn(&Value) -> Meant<T>) -> Vec<(String, T)> {
        let mut pairs = Vec::new();
        let given = if self.single { self.reader.variables.take_all(self.name) } else { Vec::new() };
        let overridden: BTreeSet<String> = given.iter().map(|(_, key, _)| key.clone()).collect();
        let written = std::mem::take(&mut self.table.entries)
            .into_iter()
            .filter(|entry| !overridden.contains(&entry.key.to_ascii_lowercase()))
            .map(|entry| (Origin::Line(entry.line), entry.key, entry.value));
        let given = given.into_iter().map(|(name, key, text)| (Origin::Variable(name), key, Value::Given(text)));
        for (origin, key, value) in written.chain(given) {
            match meant(&value) {
                Ok(value) => pairs.push((key, value)),
                Err(expected) => self.reader.mistake(origin, format!("{}.{key}: {expected}", self.name)),
            }
        }
        pairs
    }

    /// Every key was asked for: what is left is unknown.
    pub fn finish(mut self) {
        for Entry { key, line, .. } in std::mem::take(&mut self.table.entries) {
            let guess = suggestion(&key, self.asked.iter().copied());
            let message = format!("unknown key \"{key}\" in {}{guess}", self.brackets());
            self.reader.mistake(Origin::Line(line), message);
        }
    }

    fn brackets(&self) -> String {
        if self.single { format!("[{}]", self.name) } else { format!("[[{}]]", self.name) }
    }

    /// A key as written by whoever wins.
    fn raw(&mut self, key: &'static str) -> Option<(Value, Origin)> {
        self.asked.push(key);
        let mut winner = self.table.take(key).map(|entry| (entry.value, Origin::Line(entry.line)));
        if self.single {
            self.reader.known.insert(format!("{}.{key}", self.name));
            if let Some((name, text)) = self.reader.variables.take(self.name, key) {
                winner = Some((Value::Given(text), Origin::Variable(name)));
            }
            if let Some(flag) = self.reader.flags.iter().find(|flag| flag.section == self.name && flag.key == key) {
                winner = Some((Value::Given(flag.text.clone()), Origin::Flag(flag.name)));
            }
        }
        if winner.is_some() {
            self.written.push(key);
        }
        winner
    }
}

/// `; did you mean "…"?` with the nearest of the known names, if one is near.
fn suggestion<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    let reach = 1 + unknown.chars().count() / 4;
    known
        .map(|name| (distance(unknown, name), name))
        .filter(|(edits, _)| *edits <= reach)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean \"{name}\"?"))
}

/// Edits (insert, delete, replace one character) between two names, upper and lower case alike.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let edits = (diagonal + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], edits);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(distance("lisen", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(suggestion("lisen", ["listen", "schema"].into_iter()), "; did you mean \"listen\"?");
        assert_eq!(suggestion("port", ["listen", "schema"].into_iter()), "");
    }
}
