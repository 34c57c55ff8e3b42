//! Queries (`get_query_def` and what it calls).

use super::super::deep;
use super::super::tree::{Distinct, Group, Node, Query, RangeKind, Set, Target, Term};
use super::{Printer, STD};
use crate::error::Result;
use crate::sql::rewrite::names::display_name;

impl Printer<'_> {
    /// A query; `names` are those of its columns where they are given from outside, `named` whether they count.
    pub(super) fn query(&mut self, query: &Query, names: Option<&[String]>, named: bool, top: bool) -> Result<()> {
        let indent = self.indent;
        let prefix = std::mem::replace(&mut self.prefix, !top || query.ranges.len() != 1);
        let (taken, ctes) = (self.taken.len(), self.ctes.len());
        let own = |(i, target): (usize, &Target)| {
            let name = names.and_then(|names| names.get(i)).unwrap_or(&target.name);
            (display_name(name).to_owned(), target.term.clone())
        };
        let outputs = query.targets.iter().enumerate().map(own).collect();
        let outputs = std::mem::replace(&mut self.outputs, outputs);
        let grouping = std::mem::replace(&mut self.grouping, false);
        let sorting = std::mem::replace(&mut self.sorting, false);
        self.name_ranges(query);
        let made = deep(|| self.clauses(query, names, named));
        self.taken.truncate(taken);
        self.ctes.truncate(ctes);
        (self.indent, self.prefix, self.outputs, self.grouping) = (indent, prefix, outputs, grouping);
        self.sorting = sorting;
        made
    }

    fn clauses(&mut self, query: &Query, names: Option<&[String]>, named: bool) -> Result<()> {
        self.with(query)?;
        match &query.set {
            Some(set) => self.set(set, names, named)?,
            None => self.select(query, names, named)?,
        }
        if !query.order.is_empty() {
            self.keyword(" ORDER BY ", -STD, STD, 1);
            self.sorts(&query.order, query.set.is_some())?;
        }
        if let Some(offset) = &query.offset {
            self.keyword(" OFFSET ", -STD, STD, 0);
            self.term(offset, false)?;
        }
        match &query.limit {
            None => {}
            Some(limit) if query.ties => {
                self.keyword(" FETCH FIRST ", -STD, STD, 0);
                self.parenthesised(true, |p| p.term(limit, false))?;
                self.push(" ROWS WITH TIES");
            }
            Some(limit) => {
                self.keyword(" LIMIT ", -STD, STD, 0);
                match &limit.node {
                    Node::Const(None) => self.push("ALL"),
                    _ => self.term(limit, false)?,
                }
            }
        }
        Ok(())
    }

    fn with(&mut self, query: &Query) -> Result<()> {
        if query.ctes.is_empty() {
            return Ok(());
        }
        self.indent += STD;
        self.push(" ");
        self.ctes.extend(query.ctes.iter().map(|cte| cte.name.clone()));
        for (i, cte) in query.ctes.iter().enumerate() {
            self.push(match (i, query.recursive) {
                (0, true) => "WITH RECURSIVE ",
                (0, false) => "WITH ",
                _ => ", ",
            });
            self.ident(&cte.name);
            if !cte.columns.is_empty() {
                self.push("(");
                for (i, column) in cte.columns.iter().enumerate() {
                    self.push(if i > 0 { ", " } else { "" });
                    self.ident(column);
                }
                self.push(")");
            }
            self.push(match cte.materialized {
                None => " AS (",
                Some(true) => " AS MATERIALIZED (",
                Some(false) => " AS NOT MATERIALIZED (",
            });
            self.keyword("", 0, 0, 0);
            self.query(&cte.query, None, true, false)?;
            self.keyword("", 0, 0, 0);
            self.push(")");
        }
        self.keyword("", -STD, 0, 0);
        Ok(())
    }

    fn set(&mut self, set: &Set, names: Option<&[String]>, named: bool) -> Result<()> {
        let (word, all, left, right) = match set {
            Set::Leaf(query) => {
                let enclosed = !query.ctes.is_empty()
                    || !query.order.is_empty()
                    || query.limit.is_some()
                    || query.offset.is_some()
                    || query.set.is_some();
                return self.parenthesised(enclosed, |p| p.query(query, names, named, false));
            }
            Set::Operation(word, all, left, right) => (word, *all, left, right),
        };
        let enclosed = matches!(left.as_ref(), Set::Operation(inner, every, ..) if inner != word || *every != all);
        let step = if enclosed { STD } else { 0 };
        if enclosed {
            self.push("(");
            self.keyword("", step, 0, 0);
        }
        deep(|| self.set(left, names, named))?;
        self.keyword(if enclosed { ") " } else { "" }, -step, 0, 0);
        self.push(word);
        self.push(if all { " ALL " } else { " " });
        let enclosed = matches!(right.as_ref(), Set::Operation(..));
        let step = if enclosed { STD } else { 0 };
        self.push(if enclosed { "(" } else { "" });
        self.keyword("", step, 0, 0);
        deep(|| self.set(right, names, false))?;
        self.indent -= step;
        if enclosed {
            self.keyword(")", 0, 0, 0);
        }
        Ok(())
    }

    fn select(&mut self, query: &Query, names: Option<&[String]>, named: bool) -> Result<()> {
        self.indent += STD;
        self.push(" ");
        if let Some(values) = self.only_values(query, names) {
            let values = values.to_vec();
            return self.values(&values);
        }
        self.push("SELECT");
        match &query.distinct {
            Distinct::No => {}
            Distinct::All => self.push(" DISTINCT"),
            Distinct::On(terms) => {
                self.push(" DISTINCT ON (");
                for (i, term) in terms.iter().enumerate() {
                    self.push(if i > 0 { ", " } else { "" });
                    self.sort_key(term)?;
                }
                self.push(")");
            }
        }
        self.targets(&query.targets, names, named)?;
        self.from(query)?;
        if let Some(filter) = &query.filter {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.term(filter, false)?;
        }
        if !query.group.is_empty() {
            self.keyword(" GROUP BY ", -STD, STD, 1);
            self.push(if query.group_distinct { "DISTINCT " } else { "" });
            self.grouping = true;
            for (i, group) in query.group.iter().enumerate() {
                self.push(if i > 0 { ", " } else { "" });
                self.group(group, true)?;
            }
            self.grouping = false;
        }
        if let Some(having) = &query.having {
            self.keyword(" HAVING ", -STD, STD, 0);
            self.term(having, false)?;
        }
        for (i, (name, spec)) in query.windows.iter().enumerate() {
            match i {
                0 => self.keyword(" WINDOW ", -STD, STD, 1),
                _ => self.push(", "),
            }
            self.ident(name);
            self.push(" AS ");
            self.window_spec(spec)?;
        }
        Ok(())
    }

    /// The rows of a query that is VALUES and nothing else, its columns under their own names.
    fn only_values<'q>(&self, query: &Query, names: Option<&[String]>) -> Option<&'q [Vec<Term>]>
    where
        Self: 'q,
    {
        let [place] = query.ranges.as_slice() else { return None };
        let range = self.ranges.get(*place)?;
        let RangeKind::Values(rows) = &range.kind else { return None };
        let same = query.targets.len() == range.columns.len()
            && query.targets.iter().enumerate().all(|(i, target)| {
                let name = names.and_then(|names| names.get(i)).unwrap_or(&target.name);
                range.columns.get(i).is_some_and(|(own, _)| own == name)
            });
        same.then_some(rows.as_slice())
    }

    pub(super) fn values(&mut self, rows: &[Vec<Term>]) -> Result<()> {
        self.push("VALUES ");
        for (i, row) in rows.iter().enumerate() {
            self.push(if i > 0 { ", (" } else { "(" });
            self.top_list(row, ",")?;
            self.push(")");
        }
        Ok(())
    }

    fn targets(&mut self, targets: &[Target], names: Option<&[String]>, named: bool) -> Result<()> {
        let mut lines = false;
        for (i, target) in targets.iter().enumerate() {
            self.push(if i > 0 { ", " } else { " " });
            let item = self.apart(|p| p.target(target, names.and_then(|names| names.get(i)), named))?;
            self.wrapped(&item, i == 0, lines);
            lines = item.strip_prefix('\n').unwrap_or(&item).contains('\n');
        }
        Ok(())
    }

    fn target(&mut self, target: &Target, name: Option<&String>, named: bool) -> Result<()> {
        let shown = match &target.term.node {
            Node::Column(place, column) => Some(self.column(&target.term, *place, *column)),
            Node::Whole(place) => {
                self.whole(&target.term, *place, true);
                None
            }
            Node::Merged(merged) => {
                self.ident(merged);
                Some(merged.clone())
            }
            _ => {
                self.term(&target.term, true)?;
                (!named).then(|| "?column?".to_owned())
            }
        };
        let name = display_name(name.unwrap_or(&target.name)).to_owned();
        if shown.is_none_or(|shown| shown != name) {
            self.push(" AS ");
            self.ident(&name);
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, omit: bool) -> Result<()> {
        match group {
            Group::Plain(term) => self.sort_key(term),
            Group::Set(terms) => self.parenthesised(terms.len() != 1 || !omit, |p| {
                for (i, term) in terms.iter().enumerate() {
                    p.push(if i > 0 { ", " } else { "" });
                    p.sort_key(term)?;
                }
                Ok(())
            }),
            Group::Sets(kind, sets) => {
                let of_sets = *kind == "GROUPING SETS";
                self.push(kind);
                self.push(if of_sets { " (" } else { "(" });
                for (i, set) in sets.iter().enumerate() {
                    self.push(if i > 0 { ", " } else { "" });
                    self.group(set, !of_sets)?;
                }
                self.push(")");
                Ok(())
            }
        }
    }
}
