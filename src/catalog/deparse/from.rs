//! FROM: relations, subqueries, functions and joins, with the columns that each offers.

use datafusion::sql::sqlparser::ast::{
    self, Expr, FunctionArg, FunctionArgExpr, Ident, JoinConstraint, JoinOperator, TableAlias, TableFactor,
    TableWithJoins,
};

use super::scope::Scope;
use super::tree::{From, Join, Node, Query, Range, RangeKind, Term, Type};
use super::{Analyzer, refused, system, type_of};
use crate::catalog::pg_catalog::reg;
use crate::catalog::row_types;
use crate::error::Result;
use crate::sql::join_alias::JOIN_ALIAS;
use crate::sql::rewrite::forms::function_of;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::rewrite::series::ROWS_FROM;
use crate::types::oid;

/// An item of FROM with what it offers.
type Item = (From, Scope);

impl Analyzer<'_> {
    /// The FROM list of a query; opens its scope.
    pub(super) fn from(&mut self, items: &[TableWithJoins], query: &mut Query) -> Result<()> {
        self.scopes.push(Scope::default());
        for item in items {
            let (from, scope) = self.joined(item, query)?;
            query.from.push(from);
            // What stands on the right may see what stands on the left.
            if let Some(open) = self.scopes.last_mut() {
                *open = std::mem::take(open).and(scope);
            }
        }
        Ok(())
    }

    fn joined(&mut self, item: &TableWithJoins, query: &mut Query) -> Result<Item> {
        let mut left = self.factor(&item.relation, query)?;
        for join in &item.joins {
            // A lateral item sees the join's left side.
            let outer = self.scopes.last().cloned().unwrap_or_default();
            if let Some(open) = self.scopes.last_mut() {
                *open = outer.clone().and(left.1.clone());
            }
            let right = self.factor(&join.relation, query);
            if let Some(open) = self.scopes.last_mut() {
                *open = outer;
            }
            left = self.join(left, right?, &join.join_operator, query)?;
        }
        Ok(left)
    }

    fn join(&mut self, left: Item, right: Item, operator: &JoinOperator, query: &mut Query) -> Result<Item> {
        let (kind, constraint) = match operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
            JoinOperator::FullOuter(c) => ("FULL JOIN", c),
            JoinOperator::CrossJoin(c) => ("CROSS JOIN", c),
            _ => return Err(refused("a join of this form")),
        };
        // The join is a relation too, though it has no name.
        let place = self.add(Range {
            kind: RangeKind::Join,
            alias: None,
            name: String::new(),
            columns: Vec::new(),
            lists_columns: false,
            row_type: 0,
            lateral: false,
        });
        query.ranges.push(place);
        let mut join =
            Join { kind, sides: [left.0, right.0], using: Vec::new(), using_alias: None, on: None, alias: None };
        let scope = match constraint {
            JoinConstraint::On(condition) => {
                let both = left.1.and(right.1);
                self.scopes.push(both.clone());
                let condition = self.expr(condition).and_then(|term| self.boolean(term));
                self.scopes.pop();
                join.on = Some(condition?);
                both
            }
            JoinConstraint::None => left.1.and(right.1),
            JoinConstraint::Natural => {
                let has = |name: &String| right.1.columns.iter().any(|(known, _)| known == name);
                join.using = left.1.columns.iter().map(|(name, _)| name.clone()).filter(has).collect();
                self.merge(left.1, right.1, &join)?
            }
            JoinConstraint::Using(names) => {
                for name in names {
                    let name = last_part(name);
                    match name.strip_prefix(JOIN_ALIAS) {
                        Some(alias) => join.using_alias = Some(alias.to_owned()),
                        None => join.using.push(name),
                    }
                }
                self.merge(left.1, right.1, &join)?
            }
        };
        if kind == "CROSS JOIN" && (join.on.is_some() || !join.using.is_empty()) {
            return Err(refused("a join of this form"));
        }
        Ok((From::Join(Box::new(join)), scope))
    }

    /// The columns of both sides, those of USING merged and first.
    fn merge(&self, left: Scope, right: Scope, join: &Join) -> Result<Scope> {
        let mut merged = Vec::with_capacity(join.using.len());
        for name in &join.using {
            let find = |scope: &Scope| {
                let mut found = scope.columns.iter().filter(|(known, _)| known == name).map(|(_, term)| term.clone());
                found.next().filter(|_| found.next().is_none()).ok_or_else(|| refused("a column of USING"))
            };
            let (a, b) = (find(&left)?, find(&right)?);
            let oid = self.common(&[&a, &b])?;
            let own = |term: &Term| term.ty.oid == oid;
            let term = match join.kind {
                "JOIN" | "LEFT JOIN" if own(&a) => a,
                "JOIN" | "RIGHT JOIN" if own(&b) => b,
                // PostgreSQL names such columns apart from all others.
                _ if left.columns.iter().chain(&right.columns).filter(|(known, _)| known == name).count() > 2 => {
                    return Err(refused("a merged column of this join"));
                }
                _ => Term { node: Node::Merged(name.clone()), ty: Type::of(oid) },
            };
            merged.push((name.clone(), term));
        }
        let rest = |scope: &Scope| {
            let kept = scope.columns.iter().filter(|(name, _)| !join.using.contains(name));
            kept.cloned().collect::<Vec<_>>()
        };
        let columns = merged.iter().cloned().chain(rest(&left)).chain(rest(&right)).collect();
        let mut scope = Scope { columns: Vec::new(), ..left.and(Scope { columns: Vec::new(), ..right }) };
        scope.columns = columns;
        if let Some(alias) = &join.using_alias {
            scope.merged.push((alias.clone(), merged));
        }
        Ok(scope)
    }

    fn factor(&mut self, factor: &TableFactor, query: &mut Query) -> Result<Item> {
        match factor {
            TableFactor::Table { name, alias, args: None, sample: None, with_ordinality: false, .. } => {
                let range = self.table(name, alias.as_ref())?;
                Ok(self.item(range, query))
            }
            TableFactor::Table { name, alias, args: Some(args), sample: None, with_ordinality, .. } => {
                let range = self.functions(name, &args.args, (alias.as_ref(), *with_ordinality, false))?;
                Ok(self.item(range, query))
            }
            TableFactor::Function { lateral, name, args, with_ordinality, alias } => {
                let range = self.functions(name, args, (alias.as_ref(), *with_ordinality, *lateral))?;
                Ok(self.item(range, query))
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
                let name = ast::ObjectName::from(vec![Ident::new("unnest")]);
                let unnamed = |expr: &Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr.clone()));
                let args: Vec<FunctionArg> = array_exprs.iter().map(unnamed).collect();
                let range = self.functions(&name, &args, (alias.as_ref(), *with_ordinality, false))?;
                Ok(self.item(range, query))
            }
            TableFactor::Derived { lateral, subquery, alias, sample: None } => {
                let range = self.subquery(subquery, alias.as_ref(), *lateral)?;
                Ok(self.item(range, query))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins, query),
            TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                let (mut from, scope) = self.joined(table_with_joins, query)?;
                let From::Join(join) = &mut from else { return Err(refused("an alias of a join")) };
                let columns = scope.columns.iter().map(|(name, term)| (name.clone(), term.ty)).collect();
                let range = Range {
                    kind: RangeKind::Join,
                    alias: Some(folded(&alias.name)),
                    name: String::new(),
                    columns,
                    lists_columns: false,
                    row_type: 0,
                    lateral: false,
                };
                let range = aliased(range, Some(alias), true)?;
                let (_, scope) = self.item(range, query);
                // The join itself was counted already.
                query.ranges.pop();
                let place = self.ranges.len() - 1;
                query.ranges.push(place);
                join.alias = Some(place);
                Ok((from, scope))
            }
            _ => Err(refused("an item of FROM")),
        }
    }

    fn add(&mut self, range: Range) -> usize {
        self.ranges.push(range);
        self.ranges.len() - 1
    }

    fn item(&mut self, range: Range, query: &mut Query) -> Item {
        let place = self.add(range);
        query.ranges.push(place);
        (From::Range(place), Scope::of_range(place, &self.ranges))
    }

    /// A table, a view or a query of WITH.
    fn table(&mut self, name: &ast::ObjectName, alias: Option<&TableAlias>) -> Result<Range> {
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        if let [bare] = parts.as_slice() {
            let seen = self.ctes.iter().rev().find_map(|ctes| ctes.iter().rev().find(|(known, _)| known == bare));
            if let Some((cte, columns)) = seen {
                let range = Range {
                    kind: RangeKind::Cte,
                    alias: alias.map(|alias| folded(&alias.name)),
                    name: cte.clone(),
                    columns: columns.clone(),
                    lists_columns: false,
                    row_type: 0,
                    lateral: false,
                };
                return aliased(range, alias, false);
            }
        }
        let (schema, table) = match parts.as_slice() {
            [table] => (None, table),
            [.., schema, table] => (Some(schema.as_str()), table),
            [] => return Err(refused("a relation without a name")),
        };
        let relation = reg::find_relation(self.vars, schema, table).ok_or_else(|| refused("a relation"))?;
        let (schema, table) = reg::relation_name(self.vars, relation).ok_or_else(|| refused("a relation"))?;
        let provider = self.vars.snapshot.provider(schema, table).ok_or_else(|| refused("a relation"))?;
        let fields = provider.schema();
        let columns = fields.fields().iter().map(|field| (field.name().clone(), type_of(field))).collect();
        let range = Range {
            kind: RangeKind::Table(relation),
            alias: alias.map(|alias| folded(&alias.name)),
            name: table.to_owned(),
            columns,
            lists_columns: false,
            row_type: row_types::of_relation(self.vars, relation).map_or(0, |row| row.oid),
            lateral: false,
        };
        aliased(range, alias, false)
    }

    fn subquery(&mut self, written: &ast::Query, alias: Option<&TableAlias>, lateral: bool) -> Result<Range> {
        // Only a lateral one sees its neighbours.
        let open = self.scopes.last().cloned();
        if !lateral && let Some(scope) = self.scopes.last_mut() {
            *scope = Scope::default();
        }
        let query = self.query(written);
        if let (Some(scope), Some(open)) = (self.scopes.last_mut(), open) {
            *scope = open;
        }
        let query = query?;
        let columns: Vec<(String, Type)> = query.targets.iter().map(|t| (t.name.clone(), t.term.ty)).collect();
        let twice = columns.iter().enumerate().any(|(i, (name, _))| columns[..i].iter().any(|(n, _)| n == name));
        if twice && alias.is_none_or(|alias| alias.columns.len() < columns.len()) {
            return Err(refused("a subquery with two columns of one name"));
        }
        let range = Range {
            kind: RangeKind::Subquery(Box::new(query)),
            alias: alias.map(|alias| folded(&alias.name)),
            name: "unnamed_subquery".to_owned(),
            columns,
            lists_columns: false,
            row_type: 0,
            lateral,
        };
        aliased(range, alias, true)
    }

    /// Functions in FROM: one call, `unnest` of several arrays, ROWS FROM.
    fn functions(
        &mut self,
        name: &ast::ObjectName,
        args: &[FunctionArg],
        (alias, ordinality, lateral): (Option<&TableAlias>, bool, bool),
    ) -> Result<Range> {
        let called = last_part(name);
        let calls: Vec<Expr> = match called.as_str() {
            ROWS_FROM => args
                .iter()
                .map(|arg| match arg {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(call @ Expr::Function(_))) => Ok(call.clone()),
                    _ => Err(refused("ROWS FROM of this form")),
                })
                .collect::<Result<_>>()?,
            "unnest" if args.len() > 1 => args.iter().map(|arg| function_of(name.clone(), vec![arg.clone()])).collect(),
            _ => vec![function_of(name.clone(), args.to_vec())],
        };
        let mut terms = Vec::with_capacity(calls.len());
        let mut columns = Vec::new();
        for call in &calls {
            let term = self.expr(call)?;
            let outputs = self.outputs(&term)?;
            columns.extend(outputs);
            terms.push(term);
        }
        let single = calls.len() == 1 && columns.len() == 1 && !ordinality;
        if ordinality {
            columns.push(("ordinality".to_owned(), Type::of(oid::INT8)));
        }
        if alias.is_some_and(|alias| alias.columns.iter().any(|column| column.data_type.is_some())) {
            return Err(refused("a list of column definitions"));
        }
        // A function of one unnamed value calls its column by the alias.
        let takes_alias = columns.first().is_some_and(|(name, _)| Some(name) == function_name(&terms).as_ref());
        if let (Some(alias), Some(first)) = (alias, columns.first_mut())
            && takes_alias
            && alias.columns.is_empty()
            && (single || calls.len() == 1)
        {
            first.0 = folded(&alias.name);
        }
        let reads = |term: &Term| super::print::any_node(term, &|node| self.is_beside(node));
        let lateral = lateral || terms.iter().any(reads);
        let range = Range {
            kind: RangeKind::Functions(terms, ordinality),
            alias: alias.map(|alias| folded(&alias.name)),
            name: if called == ROWS_FROM { first_call(&calls) } else { called },
            columns,
            lists_columns: true,
            row_type: 0,
            lateral,
        };
        aliased(range, alias, true)
    }

    /// Whether a column is one of the FROM list that is being read.
    fn is_beside(&self, node: &Node) -> bool {
        let place = match node {
            Node::Column(place, _) | Node::Whole(place) => *place,
            Node::Merged(_) => return true,
            _ => return false,
        };
        let open = self.scopes.last();
        open.is_some_and(|scope| scope.relations.iter().any(|(_, known)| *known == place))
    }

    /// The columns of a function in FROM.
    fn outputs(&self, term: &Term) -> Result<Vec<(String, Type)>> {
        match &term.node {
            Node::Call(name, args, ..) => {
                let types: Vec<u32> = args.iter().map(|arg| arg.ty.oid).collect();
                let meant = self.function(system::functions(name), &types).map(|found| found.0)?;
                if meant.columns.is_empty() {
                    if system::is_row_type(self.vars, term.ty.oid) {
                        return Err(refused("a function of rows in FROM"));
                    }
                    return Ok(vec![(name.clone(), term.ty)]);
                }
                let typed = |(name, of): &(String, u32)| match system::is_polymorphic(*of) {
                    true => Err(refused("a function of a polymorphic type")),
                    false => Ok((name.clone(), Type::of(*of))),
                };
                meant.columns.iter().map(typed).collect()
            }
            Node::Word(word) => Ok(vec![(word.to_lowercase(), term.ty)]),
            _ => Err(refused("a function in FROM")),
        }
    }
}

/// The name of the only function among calls.
fn function_name(terms: &[Term]) -> Option<String> {
    match terms {
        [Term { node: Node::Call(name, ..), .. }] => Some(name.clone()),
        [Term { node: Node::Word(word), .. }] => Some(word.to_lowercase()),
        _ => None,
    }
}

fn first_call(calls: &[Expr]) -> String {
    match calls.first() {
        Some(Expr::Function(call)) => last_part(&call.name),
        _ => String::new(),
    }
}

/// A relation with the names that an alias gives its columns; `always` where a list that was written is printed.
fn aliased(mut range: Range, alias: Option<&TableAlias>, always: bool) -> Result<Range> {
    let Some(alias) = alias else { return Ok(range) };
    if alias.columns.len() > range.columns.len() {
        return Err(refused("an alias of more columns than there are"));
    }
    let mut changed = false;
    for (column, listed) in range.columns.iter_mut().zip(&alias.columns) {
        let name = folded(&listed.name);
        changed |= column.0 != name;
        column.0 = name;
    }
    range.lists_columns |= changed || always && !alias.columns.is_empty();
    Ok(range)
}
