//! FROM (`get_from_clause`).

use super::super::refused;
use super::super::tree::{From, Join, Node, Query, RangeKind, Term};
use super::{JOIN, Printer, STD};
use crate::error::Result;

impl Printer<'_> {
    pub(super) fn from(&mut self, query: &Query) -> Result<()> {
        for (i, item) in query.from.iter().enumerate() {
            if i == 0 {
                self.keyword(" FROM ", -STD, STD, 2);
                self.item(item)?;
                continue;
            }
            self.push(", ");
            let text = self.apart(|p| p.item(item))?;
            self.wrapped(&text, false, false);
        }
        Ok(())
    }

    fn item(&mut self, item: &From) -> Result<()> {
        match item {
            From::Range(place) => self.range(*place),
            From::Join(join) => self.join(join),
        }
    }

    fn range(&mut self, place: usize) -> Result<()> {
        let ranges = self.ranges;
        let Some(range) = ranges.get(place) else { return Err(refused("a relation")) };
        if range.lateral {
            self.push("LATERAL ");
        }
        let name = self.names.get(place).cloned().flatten().unwrap_or_default();
        let mut shows_alias = range.alias.is_some() || range.lists_columns;
        match &range.kind {
            RangeKind::Table(oid) => {
                let shown = self.relation_name(*oid);
                self.push(&shown);
                shows_alias |= name != range.name;
            }
            RangeKind::Subquery(query) => {
                self.parenthesised(true, |p| p.query(query, None, true, false))?;
                shows_alias = true;
            }
            RangeKind::Values(rows) => {
                self.parenthesised(true, |p| p.values(rows))?;
                shows_alias = true;
            }
            RangeKind::Functions(calls, ordinality) => {
                self.functions(calls)?;
                self.push(if *ordinality { " WITH ORDINALITY" } else { "" });
                shows_alias = true;
            }
            RangeKind::Cte => {
                self.ident(&range.name);
                shows_alias |= name != range.name;
            }
            RangeKind::Join => return Err(refused("a join")),
        }
        if shows_alias {
            self.push(" ");
            self.ident(&name);
        }
        self.columns_of(place);
        Ok(())
    }

    /// The list of a relation's columns, where it is printed.
    fn columns_of(&mut self, place: usize) {
        let ranges = self.ranges;
        let Some(range) = ranges.get(place).filter(|range| range.lists_columns) else { return };
        self.push("(");
        for (i, (name, _)) in range.columns.iter().enumerate() {
            self.push(if i > 0 { ", " } else { "" });
            self.ident(name);
        }
        self.push(")");
    }

    fn functions(&mut self, calls: &[Term]) -> Result<()> {
        if let [call] = calls {
            return self.function(call);
        }
        let unnested: Option<Vec<&Term>> = calls
            .iter()
            .map(|call| match &call.node {
                Node::Call(name, args, ..) if name == "unnest" => args.first(),
                _ => None,
            })
            .collect();
        if let Some(arrays) = unnested {
            self.push("UNNEST(");
            for (i, array) in arrays.into_iter().enumerate() {
                self.push(if i > 0 { ", " } else { "" });
                self.term(array, true)?;
            }
            self.push(")");
            return Ok(());
        }
        self.push("ROWS FROM(");
        for (i, call) in calls.iter().enumerate() {
            self.push(if i > 0 { ", " } else { "" });
            self.function(call)?;
        }
        self.push(")");
        Ok(())
    }

    fn function(&mut self, call: &Term) -> Result<()> {
        match &call.node {
            Node::Call(..) | Node::Word(_) | Node::Keyword(..) => self.term(call, true),
            _ => Err(refused("a function in FROM")),
        }
    }

    fn join(&mut self, join: &Join) -> Result<()> {
        let [left, right] = &join.sides;
        let enclosed = !self.pretty || join.alias.is_some();
        let on_right = self.pretty && matches!(right, From::Join(inner) if inner.alias.is_none());
        self.push(if enclosed { "(" } else { "" });
        self.item(left)?;
        let kind =
            if join.on.is_none() && join.using.is_empty() && join.kind == "JOIN" { "CROSS JOIN" } else { join.kind };
        self.keyword(&format!(" {kind} "), -STD, STD, JOIN);
        self.parenthesised(on_right, |p| p.item(right))?;
        if !join.using.is_empty() {
            self.push(" USING (");
            for (i, name) in join.using.iter().enumerate() {
                self.push(if i > 0 { ", " } else { "" });
                self.ident(name);
            }
            self.push(")");
            if let Some(alias) = &join.using_alias {
                self.push(" AS ");
                self.ident(alias);
            }
        } else if let Some(on) = &join.on {
            self.push(" ON ");
            self.parenthesised(!self.pretty, |p| p.term(on, false))?;
        } else if !kind.starts_with("CROSS") {
            self.push(" ON TRUE");
        }
        self.push(if enclosed { ")" } else { "" });
        if let Some(place) = join.alias {
            let name = self.names.get(place).cloned().flatten().unwrap_or_default();
            self.push(" ");
            self.ident(&name);
            self.columns_of(place);
        }
        Ok(())
    }
}
