//! Subqueries in expressions.

use datafusion::sql::sqlparser::ast::{self, Expr};

use super::expr::{logic, row_items};
use super::tree::{Logic, Node, Query, Sublink, SublinkKind, Term, Type};
use super::{Analyzer, refused};
use crate::error::Result;
use crate::types::oid;

impl Analyzer<'_> {
    /// EXISTS, a subquery's value, IN.
    pub(super) fn sublink(&mut self, written: &Expr) -> Result<Term> {
        match written {
            Expr::Exists { subquery, negated } => {
                let query = Box::new(self.query(subquery)?);
                let link = Sublink { kind: SublinkKind::Exists, test: Vec::new(), query };
                let exists = Term { node: Node::Sublink(link), ty: Type::of(oid::BOOL) };
                Ok(if *negated { logic(Logic::Not, vec![exists]) } else { exists })
            }
            Expr::Subquery(query) => {
                let query = self.query(query)?;
                let [target] = query.targets.as_slice() else { return Err(refused("a subquery of several columns")) };
                let ty = target.term.ty;
                let link = Sublink { kind: SublinkKind::Value, test: Vec::new(), query: Box::new(query) };
                Ok(Term { node: Node::Sublink(link), ty })
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let test = self.compared_with(expr, "=", subquery, false)?;
                Ok(if *negated { logic(Logic::Not, vec![test]) } else { test })
            }
            _ => Err(refused("a subquery of this form")),
        }
    }

    /// `left op ANY (query)`, `left op ALL (query)`.
    pub(super) fn compared_with(&mut self, left: &Expr, op: &str, query: &ast::Query, all: bool) -> Result<Term> {
        let left = match row_items(left) {
            Some(items) => self.exprs(items)?,
            None => vec![self.expr(left)?],
        };
        let query = self.query(query)?;
        let test = self.tests(left, op, &query)?;
        let kind = if all { SublinkKind::All(op.to_owned()) } else { SublinkKind::Any(op.to_owned()) };
        let link = Sublink { kind, test, query: Box::new(query) };
        Ok(Term { node: Node::Sublink(link), ty: Type::of(oid::BOOL) })
    }

    /// The left sides with the casts that comparing them with a query's columns takes.
    fn tests(&self, left: Vec<Term>, op: &str, query: &Query) -> Result<Vec<Term>> {
        if left.len() != query.targets.len() {
            return Err(refused("a comparison with a subquery of other columns"));
        }
        let pairs = left.into_iter().zip(&query.targets);
        pairs
            .map(|(left, target)| {
                let right = Term { node: Node::Word(String::new()), ty: target.term.ty };
                match self.op(op, Some(left), right)?.node {
                    Node::Op(_, Some(left), _) => Ok(*left),
                    _ => Err(refused("a comparison with a subquery")),
                }
            })
            .collect()
    }
}
