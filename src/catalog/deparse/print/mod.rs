//! Analysed terms and queries as text, with PostgreSQL's parentheses and line breaks (`ruleutils.c`).

mod calls;
mod constants;
mod from;
mod query;
mod simple;
mod terms;
mod walk;

use self::walk::Walk;
use super::tree::{Node, Query, Ranges, Term};
use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::reg;
use crate::catalog::vars::SessionVars;
use crate::error::Result;

pub(super) use walk::any_node;

/// Steps of indentation.
const STD: i32 = 8;
/// Of a join's second side.
const JOIN: i32 = 4;
/// Of CASE and of what goes on in the next line.
const VAR: i32 = 4;
/// Beyond it the steps are smaller.
const LIMIT: i32 = 40;

/// How a definition is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Without parentheses that can be left out.
    pub pretty: bool,
    /// Lists go on in the next line beyond this column; 0 gives each item a line.
    pub wrap: i64,
}

/// A text in the making.
struct Printer<'a> {
    vars: &'a SessionVars,
    ranges: &'a Ranges,
    out: String,
    indent: i32,
    /// Whether parentheses are left out where they can be.
    pretty: bool,
    wrap: i64,
    /// What each relation is called.
    names: Vec<Option<String>>,
    /// The names that the queries around have given.
    taken: Vec<String>,
    /// The names of the queries of WITH around.
    ctes: Vec<String>,
    /// Whether columns are qualified.
    prefix: bool,
    /// The output columns of the query, which a bare name in ORDER BY would mean.
    outputs: Vec<(String, Term)>,
    /// Whether a column that is sorted by is being printed.
    sorting: bool,
    /// Whether GROUP BY is being printed.
    grouping: bool,
}

/// An expression as text.
pub fn expression(vars: &SessionVars, ranges: &Ranges, term: &Term, pretty: bool) -> Result<String> {
    let mut printer = Printer::new(vars, ranges, Style { pretty, wrap: 0 });
    printer.term(term, false)?;
    Ok(printer.out)
}

/// A query as text, with names for its columns.
pub fn query(vars: &SessionVars, ranges: &Ranges, query: &Query, names: &[String], style: Style) -> Result<String> {
    let mut printer = Printer::new(vars, ranges, style);
    printer.query(query, Some(names), true, true)?;
    Ok(printer.out + ";")
}

impl<'a> Printer<'a> {
    fn new(vars: &'a SessionVars, ranges: &'a Ranges, style: Style) -> Self {
        Self {
            vars,
            ranges,
            out: String::new(),
            indent: 0,
            pretty: style.pretty,
            wrap: style.wrap,
            names: vec![None; ranges.len()],
            taken: Vec::new(),
            ctes: Vec::new(),
            prefix: false,
            outputs: Vec::new(),
            sorting: false,
            grouping: false,
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A name, quoted where it has to be.
    fn ident(&mut self, name: &str) {
        self.out.push_str(&quote_identifier(name));
    }

    /// A keyword at the beginning of a line (`appendContextKeyword`).
    fn keyword(&mut self, text: &str, before: i32, after: i32, plus: i32) {
        self.indent += before;
        self.trim();
        self.out.push('\n');
        let amount = match self.indent {
            small if small < LIMIT => small.max(0) + plus,
            large => (LIMIT + (large - LIMIT) / (STD / 2)) % LIMIT + plus,
        };
        let amount = usize::try_from(amount).unwrap_or(0);
        self.out.extend(std::iter::repeat_n(' ', amount));
        self.out.push_str(text);
        self.indent = (self.indent + after).max(0);
    }

    /// Takes the spaces off the end.
    fn trim(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
    }

    /// What is printed by `inner`, apart from the rest.
    fn apart(&mut self, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<String> {
        let before = std::mem::take(&mut self.out);
        let made = inner(self);
        let text = std::mem::replace(&mut self.out, before);
        made.map(|()| text)
    }

    /// Adds an item of a list, in the next line where the current one would grow too long.
    fn wrapped(&mut self, item: &str, first: bool, after_lines: bool) {
        if item.starts_with('\n') {
            self.trim();
        } else if !first && self.wrap >= 0 {
            let line = self.out.rsplit('\n').next().map_or(0, str::len) + item.len();
            if after_lines || i64::try_from(line).unwrap_or(i64::MAX) > self.wrap {
                self.keyword("", -STD, STD, VAR);
            }
        }
        self.push(item);
    }

    /// A relation's name, with its schema where the search path or a query of WITH hides it.
    fn relation_name(&self, oid: u32) -> String {
        let Some((_, name)) = reg::relation_name(self.vars, oid) else { return oid.to_string() };
        let schema = reg::shown_schema(self.vars, oid);
        let visible = reg::relation_visible(self.vars, oid) == Some(true);
        let hidden = self.ctes.iter().any(|cte| cte == name);
        if visible && !hidden { quote_identifier(name) } else { qualified(schema, name) }
    }

    /// A type's name.
    fn type_name(&self, term: &Term) -> String {
        reg::format_type(self.vars, term.ty.oid, Some(term.ty.typmod))
    }

    /// Gives the relations of a query names that no query around has given.
    fn name_ranges(&mut self, query: &Query) {
        for &place in &query.ranges {
            let Some(range) = self.ranges.get(place) else { continue };
            let wanted = match (&range.alias, range.name.as_str()) {
                (Some(alias), _) => alias.clone(),
                (None, "") => continue,
                (None, name) => name.to_owned(),
            };
            let mut name = wanted.clone();
            let mut number = 0;
            while self.taken.contains(&name) {
                number += 1;
                name = format!("{wanted}_{number}");
            }
            self.taken.push(name.clone());
            if let Some(own) = self.names.get_mut(place) {
                *own = Some(name);
            }
        }
    }

    /// A column; gives its bare name.
    fn column(&mut self, term: &Term, place: usize, column: usize) -> String {
        let range = self.ranges.get(place);
        let name = range.and_then(|r| r.columns.get(column)).map(|(name, _)| name.clone()).unwrap_or_default();
        let means_output = self.sorting
            && !self.grouping
            && self.outputs.iter().any(|(output, value)| *output == name && value != term);
        let qualifier = self.names.get(place).cloned().flatten();
        if let Some(qualifier) = qualifier.filter(|_| self.prefix || means_output) {
            self.ident(&qualifier);
            self.push(".");
        }
        self.ident(&name);
        name
    }

    /// A whole row; `top` where `t.*` alone would be taken for its columns.
    fn whole(&mut self, term: &Term, place: usize, top: bool) {
        if let Some(name) = self.names.get(place).cloned().flatten() {
            self.ident(&name);
            self.push(".");
        }
        self.push("*");
        if top {
            let of = reg::format_type(self.vars, term.ty.oid, None);
            self.push("::");
            self.push(&of);
        }
    }
}

impl Term {
    /// The terms right below.
    fn below(&self) -> Vec<&Self> {
        let mut all = Vec::new();
        self.node.walk(&mut |term| all.push(term));
        all
    }
}

/// Whether a node is a column, as the places that treat one apart see it.
fn is_column(term: &Term) -> bool {
    matches!(term.node, Node::Column(..) | Node::Whole(_) | Node::Merged(_))
}
