//! Queries: WITH, set operations, VALUES; their ORDER BY and LIMIT.

use datafusion::sql::sqlparser::ast::{
    self, CteAsMaterialized, Expr, FunctionArguments, LimitClause, OrderByKind, SetExpr, SetOperator, SetQuantifier,
};

use super::expr::unnested;
use super::scope::Scope;
use super::tree::{Cte, Form, From, Node, Query, Range, RangeKind, Set, Sort, Target, Term, Type};
use super::{Analyzer, deep, refused};
use crate::error::Result;
use crate::sql::fetch::WITH_TIES;
use crate::sql::rewrite::names::{folded, last_part};
use crate::types::oid;

impl Analyzer<'_> {
    /// What a query means.
    pub(super) fn query(&mut self, written: &ast::Query) -> Result<Query> {
        if written.fetch.is_some() || !written.locks.is_empty() || written.for_clause.is_some() {
            return Err(refused("a clause of a query"));
        }
        self.ctes.push(Vec::new());
        let made = deep(|| self.query_with(written));
        self.ctes.pop();
        made
    }

    fn query_with(&mut self, written: &ast::Query) -> Result<Query> {
        let (ctes, recursive) = self.with(written.with.as_ref())?;
        let order = match written.order_by.as_ref().map(|order| &order.kind) {
            None => &[][..],
            Some(OrderByKind::Expressions(items)) => items.as_slice(),
            Some(OrderByKind::All(_)) => return Err(refused("ORDER BY ALL")),
        };
        let depth = self.scopes.len();
        let made = match written.body.as_ref() {
            SetExpr::Select(select) => self.select(select, order),
            SetExpr::Values(values) => self.values(&values.rows).and_then(|query| self.ordered(query, order)),
            SetExpr::Query(inner) if written.with.is_none() && order.is_empty() && written.limit_clause.is_none() => {
                return self.query(inner);
            }
            body @ (SetExpr::SetOperation { .. } | SetExpr::Query(_)) => {
                self.set(body).and_then(|query| self.ordered(query, order))
            }
            _ => Err(refused("a query of this form")),
        };
        self.scopes.truncate(depth);
        let mut query = made?;
        (query.ctes, query.recursive) = (ctes, recursive);
        self.limits(&mut query, written.limit_clause.as_ref())?;
        Ok(query)
    }

    fn with(&mut self, with: Option<&ast::With>) -> Result<(Vec<Cte>, bool)> {
        let Some(with) = with else { return Ok((Vec::new(), false)) };
        let mut ctes = Vec::with_capacity(with.cte_tables.len());
        for cte in &with.cte_tables {
            let name = folded(&cte.alias.name);
            let columns: Vec<String> = cte.alias.columns.iter().map(|column| folded(&column.name)).collect();
            if cte.from.is_some() {
                return Err(refused("WITH of this form"));
            }
            let query = match with.recursive {
                true => self.recursive(&name, &columns, &cte.query)?,
                false => self.query(&cte.query)?,
            };
            self.see(&name, &columns, &query);
            let materialized = cte.materialized.as_ref().map(|m| matches!(m, CteAsMaterialized::Materialized));
            ctes.push(Cte { name, columns, materialized, query });
        }
        Ok((ctes, with.recursive))
    }

    /// A query of WITH RECURSIVE, which may see itself with the columns of its first part.
    fn recursive(&mut self, name: &str, columns: &[String], written: &ast::Query) -> Result<Query> {
        if let SetExpr::SetOperation { left, .. } = written.body.as_ref() {
            let ranges = self.ranges.len();
            let first = self.side(left)?;
            self.ranges.truncate(ranges);
            self.see(name, columns, &first);
        }
        let made = self.query(written);
        if let Some(seen) = self.ctes.last_mut() {
            seen.retain(|(known, _)| known != name);
        }
        made
    }

    fn see(&mut self, name: &str, columns: &[String], query: &Query) {
        let outputs = query.targets.iter().enumerate().map(|(i, target)| {
            let name = columns.get(i).unwrap_or(&target.name);
            (name.clone(), target.term.ty)
        });
        let outputs = outputs.collect();
        if let Some(seen) = self.ctes.last_mut() {
            seen.push((name.to_owned(), outputs));
        }
    }

    /// One side of a set operation as a query of its own.
    fn side(&mut self, body: &SetExpr) -> Result<Query> {
        let depth = self.scopes.len();
        let made = match body {
            SetExpr::Select(select) => self.select_untyped(select, &[]),
            SetExpr::Values(values) => self.values(&values.rows),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { .. } => self.set(body),
            _ => Err(refused("a query of this form")),
        };
        self.scopes.truncate(depth);
        made
    }

    /// UNION, INTERSECT, EXCEPT.
    fn set(&mut self, body: &SetExpr) -> Result<Query> {
        let (set, targets) = self.operation(body)?;
        let columns: Vec<(String, Type)> = targets.iter().map(|target| (target.name.clone(), target.term.ty)).collect();
        let place = self.ranges.len();
        self.ranges.push(Range {
            kind: RangeKind::Cte,
            alias: Some("*SELECT* 1".to_owned()),
            name: String::new(),
            columns,
            lists_columns: false,
            row_type: 0,
            lateral: false,
        });
        let mut query = Query { set: Some(set), ranges: vec![place], ..Query::default() };
        for (i, target) in targets.into_iter().enumerate() {
            query.targets.push(Target { term: Term { node: Node::Column(place, i), ty: target.term.ty }, ..target });
        }
        Ok(query)
    }

    fn operation(&mut self, body: &SetExpr) -> Result<(Set, Vec<Target>)> {
        let SetExpr::SetOperation { left, op, set_quantifier, right } = body else {
            // Parentheses around a bare set operation say nothing.
            if let SetExpr::Query(inner) = body
                && inner.with.is_none()
                && inner.order_by.is_none()
                && inner.limit_clause.is_none()
                && matches!(inner.body.as_ref(), SetExpr::SetOperation { .. } | SetExpr::Query(_))
            {
                return self.operation(&inner.body);
            }
            let query = self.side(body)?;
            let targets = query.targets.clone();
            return Ok((Set::Leaf(Box::new(query)), targets));
        };
        let word = match op {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except => "EXCEPT",
            SetOperator::Minus => return Err(refused("MINUS")),
        };
        let all = match set_quantifier {
            SetQuantifier::All => true,
            SetQuantifier::None | SetQuantifier::Distinct => false,
            _ => return Err(refused("BY NAME")),
        };
        let (mut a, a_targets) = deep(|| self.operation(left))?;
        let (mut b, b_targets) = deep(|| self.operation(right))?;
        if a_targets.len() != b_targets.len() {
            return Err(refused("a set operation of different columns"));
        }
        let mut targets = Vec::with_capacity(a_targets.len());
        for (i, (left, right)) in a_targets.into_iter().zip(b_targets).enumerate() {
            let oid = self.common(&[&left.term, &right.term])?;
            let same = left.term.ty == right.term.ty && left.term.ty.oid == oid;
            // A bare string on either side becomes a constant of the common type.
            for set in [&mut a, &mut b] {
                self.retype(set, i, oid)?;
            }
            let ty = if same { left.term.ty } else { Type::of(oid) };
            targets.push(Target { term: Term { node: left.term.node, ty }, name: left.name });
        }
        Ok((Set::Operation(word, all, Box::new(a), Box::new(b)), targets))
    }

    /// Gives the untyped constants in a column of the leaves a type.
    fn retype(&self, set: &mut Set, column: usize, oid: u32) -> Result<()> {
        match set {
            Set::Operation(.., a, b) => {
                self.retype(a, column, oid)?;
                self.retype(b, column, oid)
            }
            Set::Leaf(query) => {
                let Some(target) = query.targets.get_mut(column).filter(|target| target.term.is_unknown()) else {
                    return Ok(());
                };
                let context = super::Context::Implicit;
                target.term = self.coerce(target.term.clone(), Type::of(oid), context, Form::Implicit)?;
                Ok(())
            }
        }
    }

    /// VALUES as a query.
    pub(super) fn values(&mut self, rows: &[ast::Parens<Vec<Expr>>]) -> Result<Query> {
        let mut values = Vec::with_capacity(rows.len());
        for row in rows {
            values.push(self.exprs(&row.content)?);
        }
        let width = values.first().map_or(0, Vec::len);
        if values.iter().any(|row| row.len() != width) {
            return Err(refused("VALUES of different lengths"));
        }
        let mut columns = Vec::with_capacity(width);
        for i in 0..width {
            let column: Vec<Term> = values.iter().map(|row| row[i].clone()).collect();
            let (column, ty) = self.unified(column)?;
            for (row, term) in values.iter_mut().zip(column) {
                row[i] = term;
            }
            columns.push((format!("column{}", i + 1), ty));
        }
        let place = self.ranges.len();
        let targets = columns
            .iter()
            .enumerate()
            .map(|(i, (name, ty))| Target { term: Term { node: Node::Column(place, i), ty: *ty }, name: name.clone() });
        let targets = targets.collect();
        self.ranges.push(Range {
            kind: RangeKind::Values(values),
            alias: None,
            name: "*VALUES*".to_owned(),
            columns,
            lists_columns: true,
            row_type: 0,
            lateral: false,
        });
        self.scopes.push(Scope::of_range(place, &self.ranges));
        Ok(Query { ranges: vec![place], from: vec![From::Range(place)], targets, ..Query::default() })
    }

    /// ORDER BY of a query whose outputs alone it sees.
    fn ordered(&mut self, mut query: Query, items: &[ast::OrderByExpr]) -> Result<Query> {
        for item in items {
            let place = match unnested(&item.expr) {
                Expr::Identifier(name) => {
                    let name = folded(name);
                    query.targets.iter().position(|target| target.name == name)
                }
                Expr::Value(value) => match &value.value {
                    ast::Value::Number(digits, _) => digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
                    _ => None,
                },
                _ => None,
            };
            let target = place.and_then(|place| query.targets.get(place));
            let target = target.ok_or_else(|| refused("ORDER BY of an expression here"))?;
            let sort: Sort = super::aggregates::sort(target.term.clone(), place.map(|place| place + 1), item)?;
            query.order.push(sort);
        }
        Ok(query)
    }

    fn limits(&mut self, query: &mut Query, clause: Option<&LimitClause>) -> Result<()> {
        let (limit, offset) = match clause {
            None => return Ok(()),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(_) => return Err(refused("LIMIT of this form")),
        };
        // They see no columns of the query.
        let scopes = std::mem::take(&mut self.scopes);
        let mut one = |written: Option<&Expr>, ties: &mut bool| -> Result<Option<Term>> {
            let Some(mut written) = written else { return Ok(None) };
            if let Expr::Function(marker) = written
                && last_part(&marker.name) == WITH_TIES
                && matches!(marker.args, FunctionArguments::List(_))
            {
                *ties = true;
                written = super::calls::plain_args(marker)?.first().copied().unwrap_or(written);
            }
            let term = self.expr(written)?;
            match term.is_null() {
                true => Ok(Some(Term::constant(None, oid::INT8))),
                false => self.bigint(term).map(Some),
            }
        };
        let mut ties = false;
        let made = one(limit, &mut ties).and_then(|limit| Ok((limit, one(offset, &mut false)?)));
        self.scopes = scopes;
        (query.limit, query.offset) = made?;
        query.ties = ties;
        Ok(())
    }
}
