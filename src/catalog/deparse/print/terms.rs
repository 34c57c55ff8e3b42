//! Expressions (`get_rule_expr`).

use super::super::tree::{Form, Logic, Node, Sublink, SublinkKind, Subscript, Term};
use super::super::{deep, refused};
use super::constants::Label;
use super::simple::is_simple;
use super::{Printer, VAR};
use crate::error::Result;

impl Printer<'_> {
    /// An expression; `implicit` shows the casts at its top that nobody wrote.
    pub(super) fn term(&mut self, term: &Term, implicit: bool) -> Result<()> {
        deep(|| self.one_term(term, implicit))
    }

    fn one_term(&mut self, term: &Term, implicit: bool) -> Result<()> {
        match &term.node {
            Node::Column(place, column) => {
                self.column(term, *place, *column);
            }
            Node::Whole(place) => self.whole(term, *place, false),
            Node::Merged(name) => self.ident(name),
            Node::Const(value) => self.constant(value.as_deref(), term, Label::Needed),
            Node::Word(word) => self.push(word),
            Node::Cast(arg, Form::Implicit, _) if !implicit => self.inside(arg, false, term)?,
            Node::Cast(arg, ..) => self.cast(arg, term)?,
            Node::Collate(arg, name) => self.bracketed(|p| {
                p.inside(arg, implicit, term)?;
                p.push(" COLLATE ");
                p.ident(name);
                Ok(())
            })?,
            Node::Op(name, left, right) => self.bracketed(|p| {
                if let Some(left) = left {
                    p.inside(left, true, term)?;
                    p.push(" ");
                }
                p.push(name);
                p.push(" ");
                p.inside(right, true, term)
            })?,
            Node::Call(name, args, Form::Syntax, _) => self.syntax(name, args, term)?,
            Node::Call(name, args, _, variadic) => {
                self.ident(name);
                self.push("(");
                self.args(args, *variadic)?;
                self.push(")");
            }
            Node::Named(name, value) => {
                self.ident(name);
                self.push(" => ");
                self.term(value, implicit)?;
            }
            Node::Aggregate(call) => self.aggregate(call)?,
            Node::Window(call, window) => self.window_call(call, window)?,
            Node::Grouping(args) => self.keyword_call("GROUPING", args)?,
            Node::Keyword(name, args) => self.keyword_call(name, args)?,
            Node::Logic(kind, args) => self.logic(*kind, args, term)?,
            _ => self.other_term(term, implicit)?,
        }
        Ok(())
    }

    fn other_term(&mut self, term: &Term, implicit: bool) -> Result<()> {
        match &term.node {
            Node::NullTest(arg, negated) => self.null_test(arg, *negated, term),
            Node::Test(arg, test) => self.bracketed(|p| {
                p.inside(arg, false, term)?;
                p.push(" IS ");
                p.push(test);
                Ok(())
            }),
            Node::Distinct(left, right) => self.bracketed(|p| {
                p.inside(left, true, term)?;
                p.push(" IS DISTINCT FROM ");
                p.inside(right, true, term)
            }),
            Node::Each(left, op, array, all) => self.bracketed(|p| {
                p.inside(left, true, term)?;
                p.push(&format!(" {op} {} (", if *all { "ALL" } else { "ANY" }));
                p.inside(array, true, term)?;
                if matches!(&array.node, Node::Sublink(link) if link.kind == SublinkKind::Value) {
                    let name = p.type_name(array);
                    p.push("::");
                    p.push(&name);
                }
                p.push(")");
                Ok(())
            }),
            Node::Rows(op, left, right) => {
                self.push("(ROW(");
                self.top_list(left, ", ")?;
                self.push(&format!(") {op} ROW("));
                self.top_list(right, ", ")?;
                self.push("))");
                Ok(())
            }
            Node::Case(operand, whens, otherwise) => self.case(operand.as_deref(), whens, otherwise),
            Node::Array(items) => {
                self.push("ARRAY[");
                self.args(items, false)?;
                self.push("]");
                if items.is_empty() {
                    let name = self.type_name(term);
                    self.push("::");
                    self.push(&name);
                }
                Ok(())
            }
            Node::Row(args, cast) => {
                self.push("ROW(");
                self.top_list(args, ", ")?;
                self.push(")");
                if *cast {
                    let name = self.type_name(term);
                    self.push("::");
                    self.push(&name);
                }
                Ok(())
            }
            Node::Field(arg, name) => {
                let bare = matches!(arg.node, Node::Subscript(..) | Node::Field(..));
                self.parenthesised(!bare, |p| p.term(arg, true))?;
                self.push(".");
                self.ident(name);
                Ok(())
            }
            Node::Subscript(array, subscripts) => self.subscripts(array, subscripts, implicit),
            Node::Sublink(link) => self.sublink(link),
            _ => Err(refused("an expression of this form")),
        }
    }

    /// `inner` in the parentheses that every operator has unless the text is pretty.
    fn bracketed(&mut self, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.parenthesised(!self.pretty, inner)
    }

    pub(super) fn parenthesised(&mut self, with: bool, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.push(if with { "(" } else { "" });
        inner(self)?;
        self.push(if with { ")" } else { "" });
        Ok(())
    }

    /// A term below another one, in parentheses where a pretty text needs them.
    pub(super) fn inside(&mut self, term: &Term, implicit: bool, parent: &Term) -> Result<()> {
        self.parenthesised(self.pretty && !is_simple(term, parent), |p| p.term(term, implicit))
    }

    fn cast(&mut self, arg: &Term, term: &Term) -> Result<()> {
        match &arg.node {
            Node::Const(value) if arg.ty.oid == term.ty.oid && arg.ty.typmod == -1 => {
                self.constant(value.as_deref(), arg, Label::Never);
            }
            _ => self.bracketed(|p| p.inside(arg, false, term))?,
        }
        let name = self.type_name(term);
        self.push("::");
        self.push(&name);
        Ok(())
    }

    /// Arguments with commas between them.
    pub(super) fn args(&mut self, args: &[Term], variadic: bool) -> Result<()> {
        for (i, arg) in args.iter().enumerate() {
            self.push(if i > 0 { ", " } else { "" });
            if variadic && i + 1 == args.len() {
                self.push("VARIADIC ");
            }
            self.term(arg, true)?;
        }
        Ok(())
    }

    /// Terms where `t.*` would be taken for the columns of `t`.
    pub(super) fn top_list(&mut self, terms: &[Term], separator: &str) -> Result<()> {
        for (i, term) in terms.iter().enumerate() {
            self.push(if i > 0 { separator } else { "" });
            match &term.node {
                Node::Whole(place) => self.whole(term, *place, true),
                _ => self.term(term, separator != ",")?,
            }
        }
        Ok(())
    }

    fn keyword_call(&mut self, name: &str, args: &[Term]) -> Result<()> {
        self.push(name);
        self.push("(");
        self.args(args, false)?;
        self.push(")");
        Ok(())
    }

    fn logic(&mut self, kind: Logic, args: &[Term], term: &Term) -> Result<()> {
        self.bracketed(|p| {
            let word = match kind {
                Logic::Not => {
                    p.push("NOT ");
                    ""
                }
                Logic::And => " AND ",
                Logic::Or => " OR ",
            };
            for (i, arg) in args.iter().enumerate() {
                p.push(if i > 0 { word } else { "" });
                p.inside(arg, false, term)?;
            }
            Ok(())
        })
    }

    fn null_test(&mut self, arg: &Term, negated: bool, term: &Term) -> Result<()> {
        self.bracketed(|p| {
            p.inside(arg, true, term)?;
            p.push(if negated { " IS NOT NULL" } else { " IS NULL" });
            Ok(())
        })
    }

    fn case(&mut self, operand: Option<&Term>, whens: &[(Term, Term)], otherwise: &Term) -> Result<()> {
        self.keyword("CASE", 0, VAR, 0);
        if let Some(operand) = operand {
            self.push(" ");
            self.term(operand, true)?;
        }
        for (when, then) in whens {
            self.keyword("WHEN ", 0, 0, 0);
            self.term(when, false)?;
            self.push(" THEN ");
            self.term(then, true)?;
        }
        self.keyword("ELSE ", 0, 0, 0);
        self.term(otherwise, true)?;
        self.keyword("END", -VAR, 0, 0);
        Ok(())
    }

    fn subscripts(&mut self, array: &Term, subscripts: &[Subscript], implicit: bool) -> Result<()> {
        let bare = matches!(array.node, Node::Column(..) | Node::Merged(_) | Node::Field(..));
        self.parenthesised(!bare, |p| p.term(array, implicit))?;
        for subscript in subscripts {
            self.push("[");
            match subscript {
                Subscript::Index(index) => self.term(index, false)?,
                Subscript::Slice(lower, upper) => {
                    lower.iter().try_for_each(|lower| self.term(lower, false))?;
                    self.push(":");
                    upper.iter().try_for_each(|upper| self.term(upper, false))?;
                }
            }
            self.push("]");
        }
        Ok(())
    }

    fn sublink(&mut self, link: &Sublink) -> Result<()> {
        self.push(if link.kind == SublinkKind::Array { "ARRAY(" } else { "(" });
        if link.test.len() > 1 {
            self.push("(");
            self.args(&link.test, false)?;
            self.push(")");
        } else {
            self.args(&link.test, false)?;
        }
        let enclosed = match &link.kind {
            SublinkKind::Exists => {
                self.push("EXISTS ");
                true
            }
            SublinkKind::Any(op) if op == "=" => {
                self.push(" IN ");
                true
            }
            SublinkKind::Any(op) => {
                self.push(&format!(" {op} ANY "));
                true
            }
            SublinkKind::All(op) => {
                self.push(&format!(" {op} ALL "));
                true
            }
            SublinkKind::Array | SublinkKind::Value => false,
        };
        self.parenthesised(enclosed, |p| p.query(&link.query, None, false, false))?;
        self.push(")");
        Ok(())
    }
}
