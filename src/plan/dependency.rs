//! Columns that a primary key in GROUP BY determines: PostgreSQL lets them stand ungrouped.
//!
//! They are added to the GROUP BY, which makes no more groups where the key is one, and a well-defined answer where
//! the rows of a file do not keep to the key that its table declares.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Visit,
    VisitMut, Visitor, VisitorMut,
};

use super::PlanEnv;
use crate::catalog::constraint::ConstraintKind;
use crate::sql::rewrite::names::{folded, last_part};

/// Adds such columns in a query and its subqueries.
pub fn extend(query: &mut Query, env: &PlanEnv) {
    let mut names = Ctes(Vec::new());
    let _ = Visit::visit(query, &mut names);
    let _ = VisitMut::visit(query, &mut Extend { env, ctes: names.0 });
}

/// The names of all common table expressions, which hide tables.
struct Ctes(Vec<String>);

impl Visitor for Ctes {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.0.extend(query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| folded(&cte.alias.name)));
        ControlFlow::Continue(())
    }
}

struct Extend<'a> {
    env: &'a PlanEnv,
    ctes: Vec<String>,
}

impl VisitorMut for Extend<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let sorts: Vec<Expr> = match query.order_by.as_ref().map(|o| &o.kind) {
            Some(OrderByKind::Expressions(items)) => items.iter().map(|item| item.expr.clone()).collect(),
            _ => Vec::new(),
        };
        if let SetExpr::Select(select) = query.body.as_mut() {
            self.select(select, &sorts);
        }
        ControlFlow::Continue(())
    }
}

impl Extend<'_> {
    fn select(&self, select: &mut Select, sorts: &[Expr]) {
        let GroupByExpr::Expressions(grouped, _) = &select.group_by else { return };
        if grouped.is_empty() || grouped.iter().any(|e| matches!(e, Expr::GroupingSets(_))) {
            return;
        }
        let mut used = Names::default();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => used.collect(expr),
                _ => used.all = true,
            }
        }
        select.having.iter().chain(sorts).for_each(|expr| used.collect(expr));
        let factors =
            select.from.iter().flat_map(|f| std::iter::once(&f.relation).chain(f.joins.iter().map(|j| &j.relation)));
        let added: Vec<Expr> = factors.flat_map(|factor| self.determined(factor, grouped, &used)).collect();
        if let GroupByExpr::Expressions(grouped, _) = &mut select.group_by {
            grouped.extend(added);
        }
    }

    /// The columns of a table that are used and that its primary key, all of it grouped, determines.
    fn determined(&self, factor: &TableFactor, grouped: &[Expr], used: &Names) -> Vec<Expr> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return Vec::new() };
        if alias.as_ref().is_some_and(|a| !a.columns.is_empty()) {
            return Vec::new();
        }
        let Some((columns, key)) = self.table(name) else { return Vec::new() };
        let shown = alias.as_ref().map_or_else(|| last_part(name), |a| folded(&a.name));
        let is_grouped = |column: &str| grouped.iter().any(|e| names_column(e, &shown, column));
        if !key.iter().all(|column| is_grouped(column)) {
            return Vec::new();
        }
        let wanted = columns.iter().filter(|c| !is_grouped(c) && used.has(&shown, c));
        let column = |c: &String| {
            Expr::CompoundIdentifier(vec![Ident::with_quote('"', shown.clone()), Ident::with_quote('"', c.clone())])
        };
        wanted.map(column).collect()
    }

    /// The columns of a table and those of its primary key.
    fn table(&self, name: &ObjectName) -> Option<(Vec<String>, Vec<String>)> {
        let parts: Vec<String> = name.0.iter().filter_map(|p| p.as_ident()).map(folded).collect();
        let (given, table) = match parts.as_slice() {
            [table] if !self.ctes.contains(table) => (None, table),
            [schema, table] => (Some(schema.as_str()), table),
            _ => return None,
        };
        let schema = self.env.schema_of(given, table)?;
        let snapshot = &self.env.snapshot;
        let constraints = snapshot.constraints(&schema, table);
        let key = constraints.iter().find(|c| matches!(c.kind, ConstraintKind::PrimaryKey))?;
        let columns = snapshot.provider(&schema, table)?.schema().fields().iter().map(|f| f.name().clone()).collect();
        Some((columns, key.columns.clone()))
    }
}

/// Whether a grouped expression is a table's column.
fn names_column(expr: &Expr, table: &str, column: &str) -> bool {
    match expr {
        Expr::Nested(inner) => names_column(inner, table, column),
        Expr::Identifier(ident) => folded(ident) == column,
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., qualifier, name] => folded(qualifier) == table && folded(name) == column,
            _ => false,
        },
        _ => false,
    }
}

/// The columns that clauses use: bare names, and those with a qualifier.
#[derive(Default)]
struct Names {
    bare: Vec<String>,
    qualified: Vec<(String, String)>,
    all: bool,
}

impl Names {
    fn collect(&mut self, expr: &Expr) {
        let _ = expr.visit(self);
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.all
            || self.bare.iter().any(|name| name == column)
            || self.qualified.iter().any(|(q, name)| q == table && name == column)
    }
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.bare.push(folded(ident)),
            Expr::CompoundIdentifier(parts) => {
                if let [.., qualifier, name] = parts.as_slice() {
                    self.qualified.push((folded(qualifier), folded(name)));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
