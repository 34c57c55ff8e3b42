//! Calls with clauses, and those that SQL has a syntax for (`get_agg_expr`, `get_func_sql_syntax`).

use super::super::refused;
use super::super::tree::{Aggregate, Bound, Node, Sort, Term, Window, WindowSpec};
use super::Printer;
use super::constants::Label;
use crate::error::Result;
use crate::types::oid;

impl Printer<'_> {
    /// A call in SQL's own syntax.
    pub(super) fn syntax(&mut self, name: &str, args: &[Term], term: &Term) -> Result<()> {
        match (name, args) {
            ("timezone", [value]) => self.parenthesised(true, |p| {
                p.inside(value, false, term)?;
                p.push(" AT LOCAL");
                Ok(())
            }),
            ("timezone", [zone, value]) => self.parenthesised(true, |p| {
                p.inside(value, false, term)?;
                p.push(" AT TIME ZONE ");
                p.inside(zone, false, term)
            }),
            ("overlaps", [a, b, c, d]) => self.words(&[("((", a), (", ", b), (") OVERLAPS (", c), (", ", d)], "))"),
            ("extract", [field, value]) => {
                self.push("EXTRACT(");
                self.bare(field)?;
                self.words(&[(" FROM ", value)], ")")
            }
            ("is_normalized", [value, rest @ ..]) => self.parenthesised(true, |p| {
                p.inside(value, false, term)?;
                p.push(" IS");
                for form in rest {
                    p.push(" ");
                    p.bare(form)?;
                }
                p.push(" NORMALIZED");
                Ok(())
            }),
            ("normalize", [value, rest @ ..]) => {
                self.words(&[("NORMALIZE(", value)], "")?;
                for form in rest {
                    self.push(", ");
                    self.bare(form)?;
                }
                self.push(")");
                Ok(())
            }
            ("position", [text, part]) => self.words(&[("POSITION((", part), (") IN (", text)], "))"),
            ("overlay" | "substring", _) => self.parts(name, args),
            ("btrim" | "ltrim" | "rtrim", [text, rest @ ..]) => {
                let side = match name {
                    "btrim" => "BOTH",
                    "ltrim" => "LEADING",
                    _ => "TRAILING",
                };
                self.push(&format!("TRIM({side}"));
                for characters in rest {
                    self.words(&[(" ", characters)], "")?;
                }
                self.words(&[(" FROM ", text)], ")")
            }
            _ => self.plain(name, args),
        }
    }

    /// OVERLAY and SUBSTRING, where their syntax means the function that is called.
    fn parts(&mut self, name: &str, args: &[Term]) -> Result<()> {
        match (name, args) {
            ("overlay", [text, new, from]) => {
                self.words(&[("OVERLAY(", text), (" PLACING ", new), (" FROM ", from)], ")")
            }
            ("overlay", [text, new, from, count]) => {
                self.words(&[("OVERLAY(", text), (" PLACING ", new), (" FROM ", from), (" FOR ", count)], ")")
            }
            ("substring", [text, from]) if from.ty.oid == oid::INT4 => {
                self.words(&[("SUBSTRING(", text), (" FROM ", from)], ")")
            }
            ("substring", [text, pattern, escape]) if escape.ty.oid == oid::TEXT => {
                self.words(&[("SUBSTRING(", text), (" SIMILAR ", pattern), (" ESCAPE ", escape)], ")")
            }
            ("substring", [text, from, count]) => {
                self.words(&[("SUBSTRING(", text), (" FROM ", from), (" FOR ", count)], ")")
            }
            _ => self.plain(name, args),
        }
    }

    fn plain(&mut self, name: &str, args: &[Term]) -> Result<()> {
        self.ident(name);
        self.push("(");
        self.args(args, false)?;
        self.push(")");
        Ok(())
    }

    /// Terms, each behind its words.
    fn words(&mut self, parts: &[(&str, &Term)], end: &str) -> Result<()> {
        for (words, term) in parts {
            self.push(words);
            self.term(term, false)?;
        }
        self.push(end);
        Ok(())
    }

    /// A text constant that stands as a word.
    fn bare(&mut self, term: &Term) -> Result<()> {
        match &term.node {
            Node::Const(Some(word)) => {
                self.push(word);
                Ok(())
            }
            _ => Err(refused("a word of this form")),
        }
    }

    /// An aggregate.
    pub(super) fn aggregate(&mut self, call: &Aggregate) -> Result<()> {
        self.ident(&call.name);
        self.push(if call.distinct { "(DISTINCT " } else { "(" });
        if call.star {
            self.push("*");
        }
        self.args(&call.args, call.variadic)?;
        if call.within {
            self.push(") WITHIN GROUP (ORDER BY ");
            self.sorts(&call.order, false)?;
        } else if !call.order.is_empty() {
            self.push(" ORDER BY ");
            self.sorts(&call.order, false)?;
        }
        self.filter(call)?;
        self.push(")");
        Ok(())
    }

    fn filter(&mut self, call: &Aggregate) -> Result<()> {
        if let Some(filter) = &call.filter {
            self.push(") FILTER (WHERE ");
            self.term(filter, false)?;
        }
        Ok(())
    }

    /// A window function.
    pub(super) fn window_call(&mut self, call: &Aggregate, window: &Window) -> Result<()> {
        if call.distinct || !call.order.is_empty() {
            return Err(refused("a window function of this form"));
        }
        self.ident(&call.name);
        self.push("(");
        if call.star {
            self.push("*");
        }
        self.args(&call.args, false)?;
        self.filter(call)?;
        self.push(") OVER ");
        match window {
            Window::Named(name) => {
                self.ident(name);
                Ok(())
            }
            Window::Spec(spec) => self.window_spec(spec),
        }
    }

    /// A window's specification in its parentheses.
    pub(super) fn window_spec(&mut self, spec: &WindowSpec) -> Result<()> {
        self.push("(");
        let mut between = "";
        if let Some(base) = &spec.base {
            self.ident(base);
            between = " ";
        }
        if !spec.partition.is_empty() && spec.base.is_none() {
            self.push("PARTITION BY ");
            for (i, term) in spec.partition.iter().enumerate() {
                self.push(if i > 0 { ", " } else { "" });
                self.sort_key(term)?;
            }
            between = " ";
        }
        if !spec.order.is_empty() {
            self.push(between);
            self.push("ORDER BY ");
            self.sorts(&spec.order, false)?;
            between = " ";
        }
        if let Some(frame) = &spec.frame {
            self.push(between);
            self.push(frame.unit);
            self.push(if frame.end.is_some() { " BETWEEN " } else { " " });
            self.bound(&frame.start)?;
            if let Some(end) = &frame.end {
                self.push(" AND ");
                self.bound(end)?;
            }
        }
        self.push(")");
        Ok(())
    }

    fn bound(&mut self, bound: &Bound) -> Result<()> {
        match bound {
            Bound::Words(words) => self.push(words),
            Bound::Offset(offset, side) => {
                self.term(offset, false)?;
                self.push(" ");
                self.push(side);
            }
        }
        Ok(())
    }

    /// An ORDER BY list; by the numbers of columns where only these can be named.
    pub(super) fn sorts(&mut self, sorts: &[Sort], by_number: bool) -> Result<()> {
        for (i, sort) in sorts.iter().enumerate() {
            self.push(if i > 0 { ", " } else { "" });
            match sort.column.filter(|_| by_number) {
                Some(column) => self.push(&column.to_string()),
                None => self.sort_key(&sort.by)?,
            }
            self.push(match (sort.descending, sort.nulls_first) {
                (false, false) => "",
                (false, true) => " NULLS FIRST",
                (true, true) => " DESC",
                (true, false) => " DESC NULLS LAST",
            });
        }
        Ok(())
    }

    /// What is sorted or grouped by.
    pub(super) fn sort_key(&mut self, term: &Term) -> Result<()> {
        match &term.node {
            Node::Const(value) => {
                self.constant(value.as_deref(), term, Label::Always);
                Ok(())
            }
            _ if super::is_column(term) => {
                let around = std::mem::replace(&mut self.sorting, true);
                let made = self.term(term, true);
                self.sorting = around;
                made
            }
            node => {
                let calls =
                    matches!(node, Node::Call(..) | Node::Cast(_, _, true) | Node::Aggregate(_) | Node::Window(..));
                self.parenthesised(self.pretty || calls, |p| p.term(term, true))
            }
        }
    }
}
