//! What a SELECT's FROM list offers: relations, their columns, and the columns that joins merge.
//!
//! Only names are known here, no types. A relation whose columns cannot be told (a function that is not there) makes
//! the scope open: nothing is concluded from a name that is missing in it.

use std::collections::HashMap;

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Join, JoinConstraint, JoinOperator, ObjectName,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, TableWithJoins,
};

use super::joins;
use crate::catalog::pg_catalog::statics;
use crate::plan::PlanEnv;
use crate::plan::context::Context;
use crate::plan::relations::output_name;
use crate::sql::rewrite::names::{display_name, distinct_names, folded, last_part};
use crate::sql::rewrite::rows;
use crate::sql::rewrite::series::{ROWS_FROM, UNNEST_SET};
use crate::sql::rewrite::setops::Operation;
use crate::sql::rewrite::values::VALUES_LIST;

/// The columns of the WITH queries that a query sees, by name.
pub type Ctes = HashMap<String, Option<Vec<String>>>;

/// One relation of a FROM list.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The parts of its name: an alias, or a table's name as it was written.
    pub name: Vec<Ident>,
    /// Its columns; `None` when they are not known.
    pub columns: Option<Vec<String>>,
    /// What its row's fields are called where an alias gives the columns other names: a table's row keeps its own.
    pub fields: Option<Vec<String>>,
    /// Whether an outer join may give NULLs for all of it.
    pub nullable: bool,
    /// Whether it is a function whose rows are single values.
    pub single: bool,
    /// The OID of a table, whose rows have system columns.
    pub oid: Option<u32>,
}

/// A column that JOIN USING or NATURAL JOIN made of two.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Expr,
}

/// One column of `SELECT *`.
#[derive(Clone, Debug)]
pub struct StarColumn {
    /// The value.
    pub value: Expr,
    /// The name.
    pub name: String,
}

/// What a FROM list offers.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Its relations in order.
    pub relations: Vec<Relation>,
    /// The merged columns that a bare name means.
    pub merged: Vec<Merged>,
    /// The columns of `*`; `None` when a relation's are not known.
    pub star: Option<Vec<StarColumn>>,
    /// Names of relations that an alias of their join hides.
    pub hidden: Vec<String>,
    /// The aliases that `USING (…) AS alias` gives to merged columns.
    pub aliases: Vec<(String, Vec<Merged>)>,
}

impl Relation {
    /// The name that an expression may call it by.
    #[must_use]
    pub fn called(&self) -> String {
        self.name.last().map(folded).unwrap_or_default()
    }

    /// A reference to one of its columns.
    #[must_use]
    pub fn column(&self, name: &str) -> Expr {
        let ident = Ident::with_quote('"', name);
        if self.name.is_empty() {
            return Expr::Identifier(ident);
        }
        Expr::CompoundIdentifier(self.name.iter().cloned().chain([ident]).collect())
    }

    /// How many of its columns are shown as `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.columns.iter().flatten().filter(|c| display_name(c) == name).count()
    }
}

impl Scope {
    /// The relation that a name calls.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|r| !r.name.is_empty() && r.called() == name)
    }

    /// Whether every relation's columns are known.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.relations.iter().all(|r| r.columns.is_some())
    }

    /// The merged column of a name.
    #[must_use]
    pub fn merged(&self, name: &str) -> Option<&Merged> {
        self.merged.iter().find(|m| m.name == name)
    }

    /// A column by the alias of a join's USING.
    #[must_use]
    pub fn aliased(&self, alias: &str, name: &str) -> Option<&Merged> {
        let (_, columns) = self.aliases.iter().find(|(known, _)| known == alias)?;
        columns.iter().find(|column| column.name == name)
    }

    /// Whether any relation has a column of that name.
    #[must_use]
    pub fn has_column(&self, name: &str) -> bool {
        self.relations.iter().any(|r| r.count(name) > 0)
    }
}

/// The names in a statement, as far as they follow from its text and the catalog.
pub struct Names<'a> {
    /// Where tables are looked up.
    pub env: &'a PlanEnv,
}

impl Names<'_> {
    /// The output columns of a query.
    #[must_use]
    pub fn of_query(&self, query: &Query, ctes: &Ctes) -> Option<Vec<String>> {
        let mut ctes = ctes.clone();
        self.add_ctes(query, &mut ctes);
        self.of_body(&query.body, &ctes)
    }

    /// Adds a query's WITH list to what is seen.
    pub fn add_ctes(&self, query: &Query, ctes: &mut Ctes) {
        let Some(with) = &query.with else { return };
        for cte in &with.cte_tables {
            let name = folded(&cte.alias.name);
            let listed: Vec<String> = cte.alias.columns.iter().map(|c| folded(&c.name)).collect();
            let mut seen = ctes.clone();
            if with.recursive {
                seen.insert(name.clone(), Some(listed.clone()).filter(|l| !l.is_empty()));
            }
            let columns = self.of_query(&cte.query, &seen).map(|columns| renamed(columns, listed));
            ctes.insert(name, columns);
        }
    }

    fn of_body(&self, body: &SetExpr, ctes: &Ctes) -> Option<Vec<String>> {
        match body {
            SetExpr::Select(select) => self.of_select(select, ctes),
            SetExpr::Query(query) => self.of_query(query, ctes),
            SetExpr::SetOperation { left, .. } => self.of_body(left, ctes),
            SetExpr::Values(values) => Some(
                (1..=values.rows.first().map_or(0, |row| row.content.len())).map(|i| format!("column{i}")).collect(),
            ),
            _ => None,
        }
    }

    fn of_select(&self, select: &Select, ctes: &Ctes) -> Option<Vec<String>> {
        let needs_scope =
            select.projection.iter().any(|i| matches!(i, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        let scope = if needs_scope { self.scope(&select.from, ctes) } else { Scope::default() };
        let mut names = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(ident)) => names.push(folded(ident)),
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    names.push(parts.last().map(folded).unwrap_or_default());
                }
                SelectItem::ExprWithAlias { alias, .. } => names.push(folded(alias)),
                SelectItem::Wildcard(_) => names.extend(scope.star.as_ref()?.iter().map(|c| c.name.clone())),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    names.extend(scope.relation(&last_part(name))?.columns.as_ref()?.iter().cloned());
                }
                _ => return None,
            }
        }
        Some(distinct_names(names))
    }

    /// What a FROM list offers.
    #[must_use]
    pub fn scope(&self, from: &[TableWithJoins], ctes: &Ctes) -> Scope {
        let mut scope = Scope { star: Some(Vec::new()), ..Scope::default() };
        for item in from {
            joins::append(&mut scope, self.table_with_joins(item, ctes));
        }
        scope
    }

    fn table_with_joins(&self, from: &TableWithJoins, ctes: &Ctes) -> Scope {
        let mut left = self.factor(&from.relation, ctes);
        for Join { relation, join_operator, .. } in &from.joins {
            let mut right = self.factor(relation, ctes);
            let (constraint, kind) = joins::parts(join_operator);
            if matches!(join_operator, JoinOperator::Left(_) | JoinOperator::LeftOuter(_) | JoinOperator::FullOuter(_))
            {
                right.relations.iter_mut().for_each(|r| r.nullable = true);
            }
            if matches!(
                join_operator,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
            ) {
                left.relations.iter_mut().for_each(|r| r.nullable = true);
            }
            let names = match constraint {
                Some(JoinConstraint::Using(names)) => Some(joins::columns_of(names)),
                Some(JoinConstraint::Natural) => joins::shared(&left, &right),
                _ => None,
            };
            let alias = constraint.and_then(joins::alias_of);
            match names {
                Some(names) => {
                    joins::merge(&mut left, right, &names, kind);
                    if let Some(alias) = alias {
                        let own = left.merged.iter().filter(|m| names.contains(&m.name)).cloned().collect();
                        left.aliases.push((alias, own));
                    }
                }
                None => joins::append(&mut left, right),
            }
        }
        left
    }

    fn factor(&self, factor: &TableFactor, ctes: &Ctes) -> Scope {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let columns = self.of_table(name, ctes);
                let fields = columns.clone();
                let is_cte = name.0.len() == 1 && ctes.contains_key(&last_part(name));
                let oid = if is_cte { None } else { self.table_oid(name) };
                joins::single(Relation { fields, oid, ..named(name_parts(name), alias.as_ref(), columns, false) })
            }
            TableFactor::Derived { subquery, alias, .. } => {
                joins::single(named(Vec::new(), alias.as_ref(), self.of_query(subquery, ctes), false))
            }
            TableFactor::Function { name, args, .. } if last_part(name) == VALUES_LIST => {
                let width = match args.first() {
                    Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(row))) => rows::items(row).map(|items| items.len()),
                    _ => None,
                };
                let columns = width.map(|width| (1..=width).map(|i| format!("column{i}")).collect());
                joins::single(named(Vec::new(), None, columns, false))
            }
            TableFactor::Function { name, args, .. } if Operation::of_name(name).is_some() => {
                let columns = match args.first() {
                    Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Subquery(query)))) => {
                        self.of_query(query, ctes)
                    }
                    _ => None,
                };
                joins::single(named(Vec::new(), None, columns, false))
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => {
                let (columns, single) = self.of_function(name, args, *with_ordinality);
                let called = if last_part(name) == UNNEST_SET { "unnest".to_owned() } else { last_part(name) };
                let own = vec![Ident::with_quote('"', called)];
                let renamed = single && output_name(&last_part(name)).is_none();
                let mut relation = named(own, alias.as_ref(), columns, renamed);
                relation.single = single && !*with_ordinality;
                joins::single(relation)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let inner = self.table_with_joins(table_with_joins, ctes);
                match alias {
                    Some(alias) => {
                        let columns = inner.star.map(|star| star.into_iter().map(|c| c.name).collect());
                        let mut scope = joins::single(named(Vec::new(), Some(alias), columns, false));
                        scope.hidden = inner.relations.iter().map(Relation::called).collect();
                        scope
                    }
                    None => inner,
                }
            }
            _ => Scope { relations: vec![named(Vec::new(), None, None, false)], ..Scope::default() },
        }
    }

    fn of_table(&self, name: &ObjectName, ctes: &Ctes) -> Option<Vec<String>> {
        let parts: Vec<String> = name.0.iter().filter_map(|p| p.as_ident()).map(folded).collect();
        if let [table] = parts.as_slice()
            && let Some(columns) = ctes.get(table)
        {
            return columns.clone();
        }
        let reference = match parts.as_slice() {
            [table] => TableReference::bare(table.clone()),
            [schema, table] => TableReference::partial(schema.clone(), table.clone()),
            [database, schema, table] => TableReference::full(database.clone(), schema.clone(), table.clone()),
            _ => return None,
        };
        let source = Context::new(self.env).relation(&reference).ok()?;
        Some(source.schema().fields().iter().map(|f| f.name().clone()).collect())
    }

    /// The columns of a function in FROM, and whether its rows are single values.
    fn of_function(&self, name: &ObjectName, args: &[FunctionArg], numbered: bool) -> (Option<Vec<String>>, bool) {
        let called = last_part(name);
        let mut columns = Vec::new();
        let mut single = true;
        match called.as_str() {
            ROWS_FROM => {
                single = single && args.len() == 1;
                for arg in args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(function))) = arg else {
                        return (None, false);
                    };
                    if last_part(&function.name) == UNNEST_SET {
                        let FunctionArguments::List(list) = &function.args else { return (None, false) };
                        single = single && list.args.len() == 1;
                        columns.extend(list.args.iter().map(|_| "unnest".to_owned()));
                        continue;
                    }
                    match self.outputs(&last_part(&function.name)) {
                        Some(outputs) => columns.extend(outputs.0),
                        None => return (None, false),
                    }
                }
            }
            UNNEST_SET => {
                single = single && args.len() == 1;
                columns.extend(args.iter().map(|_| "unnest".to_owned()));
            }
            _ => match self.outputs(&called) {
                Some((outputs, is_value)) => {
                    single = single && is_value;
                    columns = outputs;
                }
                None => return (None, false),
            },
        }
        if numbered {
            columns.push("ordinality".to_owned());
        }
        (Some(columns), single)
    }

    /// The output columns of a function and whether they are one value; `None` when it is not known.
    #[must_use]
    pub fn outputs(&self, name: &str) -> Option<(Vec<String>, bool)> {
        const RECORD: u32 = 2249;
        if name == UNNEST_SET {
            return Some((vec!["unnest".to_owned()], true));
        }
        if let Some(own) = output_name(name) {
            return Some((vec![own.to_owned()], true));
        }
        let row = statics::function_names().all(name).iter().find_map(|oid| statics::functions().get(oid))?;
        if row.columns.is_empty() {
            return (row.result != RECORD).then(|| (vec![name.to_owned()], true));
        }
        Some((row.columns.iter().map(|(name, _)| name.clone()).collect(), false))
    }
}

fn name_parts(name: &ObjectName) -> Vec<Ident> {
    name.0.iter().filter_map(|p| p.as_ident()).cloned().collect()
}

/// Columns with the first ones under other names.
fn renamed(columns: Vec<String>, names: Vec<String>) -> Vec<String> {
    let kept = columns.into_iter().skip(names.len());
    names.into_iter().chain(kept).collect()
}

fn named(own: Vec<Ident>, alias: Option<&TableAlias>, columns: Option<Vec<String>>, single: bool) -> Relation {
    let Some(alias) = alias else {
        return Relation {
            name: own,
            columns: columns.map(distinct_names),
            fields: None,
            nullable: false,
            single,
            oid: None,
        };
    };
    let mut listed: Vec<String> = alias.columns.iter().map(|c| folded(&c.name)).collect();
    if single && listed.is_empty() && columns.as_ref().is_some_and(|c| !c.is_empty()) {
        listed.push(folded(&alias.name));
    }
    let defined = alias.columns.iter().any(|c| c.data_type.is_some());
    let columns = if defined { Some(listed) } else { columns.map(|columns| renamed(columns, listed)) };
    let columns = columns.map(distinct_names);
    Relation { name: vec![alias.name.clone()], columns, fields: None, nullable: false, single, oid: None }
}
