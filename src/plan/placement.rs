//! Where aggregates and window functions may stand, and which clauses a call may have: PostgreSQL's rules, checked on
//! the syntax tree before planning.
//!
//! A subquery's calls are its own, but for an aggregate whose columns all are of tables that the query itself does not
//! have: that one belongs to an outer query, which is not supported.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Distinct, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderByExpr, OrderByKind, Query, Select,
    SelectItem, SetExpr, Spanned, TableFactor, TableWithJoins, Visit, Visitor, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::catalog::functions::Functions;
use crate::error::Error;
use crate::sql::frames::MARK;
use crate::sql::rewrite::frame_spec::FrameSpec;
use crate::sql::rewrite::hypothetical::{self, HYPOTHETICAL};
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::rewrite::series::UNNEST_SET;
use crate::sqlstate::{self, SqlState};

/// An error and the place it is about.
pub type Misplaced = (Error, Location);

/// Aggregates that take their values from WITHIN GROUP.
const ORDERED_SETS: [&str; 3] = ["percentile_cont", "percentile_disc", "mode"];

/// Checks a query and every subquery of it.
pub fn check(query: &Query, functions: &Functions) -> Result<(), Misplaced> {
    match query.visit(&mut Queries { functions, seen: 0 }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(misplaced) => Err(*misplaced),
    }
}

/// Checks an expression that stands alone: no aggregates, window functions or, unless `sets`, sets of rows.
pub fn alone(expr: &Expr, clause: &'static str, sets: bool, functions: &Functions) -> Result<(), Misplaced> {
    let level = Level { functions, tables: Vec::new(), nested: false };
    level.expr(expr, Clause::none(clause))?;
    match expr.visit(&mut Sets { functions, clause, depth: 0 }) {
        ControlFlow::Break(misplaced) if !sets => Err(*misplaced),
        _ => Ok(()),
    }
}

/// Finds set-returning functions outside of subqueries.
struct Sets<'a> {
    functions: &'a Functions,
    clause: &'static str,
    depth: usize,
}

impl Visitor for Sets<'_> {
    type Break = Box<Misplaced>;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(call) if self.depth == 0 => {
                let name = last_part(&call.name);
                let name = if name == UNNEST_SET { "unnest" } else { name.as_str() };
                if self.functions.list_of_set(name).is_none() {
                    return ControlFlow::Continue(());
                }
                let message = format!("set-returning functions are not allowed in {}", self.clause);
                ControlFlow::Break(Box::new((Error::unsupported(message), expr.span().start)))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

struct Queries<'a> {
    functions: &'a Functions,
    /// Queries visited so far; the first is the whole statement's.
    seen: usize,
}

impl Visitor for Queries<'_> {
    type Break = Box<Misplaced>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let level = Level { functions: self.functions, tables: tables_of(query), nested: self.seen > 0 };
        self.seen += 1;
        match level.query(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(misplaced) => ControlFlow::Break(Box::new(misplaced)),
        }
    }
}

/// Names under which a query's FROM list has tables.
fn tables_of(query: &Query) -> Vec<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return Vec::new() };
    let factors =
        select.from.iter().flat_map(|f| std::iter::once(&f.relation).chain(f.joins.iter().map(|j| &j.relation)));
    factors.flat_map(names_of).collect()
}

fn names_of(factor: &TableFactor) -> Vec<String> {
    let alias = |alias: &Option<ast::TableAlias>| alias.as_ref().map(|a| folded(&a.name));
    match factor {
        TableFactor::Table { name, alias: a, .. } => vec![alias(a).unwrap_or_else(|| last_part(name))],
        TableFactor::Derived { alias: a, .. }
        | TableFactor::Function { alias: a, .. }
        | TableFactor::UNNEST { alias: a, .. } => alias(a).into_iter().collect(),
        TableFactor::NestedJoin { table_with_joins, alias: a } => {
            let joined = table_with_joins.joins.iter().map(|j| &j.relation);
            let inner = std::iter::once(&table_with_joins.relation).chain(joined).flat_map(names_of);
            inner.chain(alias(a)).collect()
        }
        _ => Vec::new(),
    }
}

/// What a clause allows.
#[derive(Clone, Copy)]
struct Clause {
    /// Its name in messages.
    name: &'static str,
    aggregates: bool,
    windows: bool,
}

impl Clause {
    const fn none(name: &'static str) -> Self {
        Self { name, aggregates: false, windows: false }
    }

    const fn aggregates(name: &'static str) -> Self {
        Self { name, aggregates: true, windows: false }
    }

    const ALL: Self = Self { name: "SELECT", aggregates: true, windows: true };
}

/// One query's own clauses.
struct Level<'a> {
    functions: &'a Functions,
    tables: Vec<String>,
    /// Whether it is a subquery.
    nested: bool,
}

impl Level<'_> {
    fn query(&self, query: &Query) -> Result<(), Misplaced> {
        match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select)?,
            SetExpr::Values(values) => {
                for expr in values.rows.iter().flat_map(|row| row.content.iter()) {
                    self.expr(expr, Clause::none("VALUES"))?;
                }
            }
            _ => {}
        }
        if let Some(OrderByKind::Expressions(items)) = query.order_by.as_ref().map(|o| &o.kind) {
            self.sort_items(items)?;
        }
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit.as_ref(), offset.as_ref().map(|o| &o.value)),
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        if let Some(limit) = limit.or_else(|| query.fetch.as_ref().and_then(|f| f.quantity.as_ref())) {
            self.expr(limit, Clause::none("LIMIT"))?;
        }
        offset.map_or(Ok(()), |offset| self.expr(offset, Clause::none("OFFSET")))
    }

    fn select(&self, select: &Select) -> Result<(), Misplaced> {
        for from in &select.from {
            self.joins(from)?;
        }
        for item in &select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                self.expr(expr, Clause::ALL)?;
            }
        }
        if let Some(selection) = &select.selection {
            self.expr(selection, Clause::none("WHERE"))?;
        }
        if let GroupByExpr::Expressions(exprs, _) = &select.group_by {
            exprs.iter().try_for_each(|e| self.expr(positioned(e, select), Clause::none("GROUP BY")))?;
        }
        if let Some(having) = &select.having {
            self.expr(having, Clause::aggregates("HAVING"))?;
        }
        if let Some(Distinct::On(exprs)) = &select.distinct {
            exprs.iter().try_for_each(|e| self.expr(e, Clause::ALL))?;
        }
        Ok(())
    }

    fn joins(&self, from: &TableWithJoins) -> Result<(), Misplaced> {
        self.factor(&from.relation)?;
        for join in &from.joins {
            self.factor(&join.relation)?;
            if let Some(on) = condition(&join.join_operator) {
                self.expr(on, Clause::none("JOIN conditions"))?;
            }
        }
        Ok(())
    }

    fn factor(&self, factor: &TableFactor) -> Result<(), Misplaced> {
        const FUNCTIONS: Clause = Clause::none("functions in FROM");
        let args = match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => return self.joins(table_with_joins),
            TableFactor::UNNEST { array_exprs, .. } => {
                return array_exprs.iter().try_for_each(|e| self.expr(e, FUNCTIONS));
            }
            TableFactor::Table { args: Some(args), .. } => args.args.as_slice(),
            TableFactor::Function { args, .. } => args.as_slice(),
            _ => return Ok(()),
        };
        arguments(args).try_for_each(|e| self.expr(e, FUNCTIONS))
    }

    fn sort_items(&self, items: &[OrderByExpr]) -> Result<(), Misplaced> {
        items.iter().try_for_each(|item| self.expr(&item.expr, Clause::ALL))
    }

    fn expr(&self, expr: &Expr, clause: Clause) -> Result<(), Misplaced> {
        let mut visitor = Calls { level: self, clause, depth: 0, aggregates: 0, windows: 0 };
        match expr.visit(&mut visitor) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(misplaced) => Err(*misplaced),
        }
    }

    /// Whether an aggregate's columns are those of outer queries.
    fn is_outer(&self, function: &Function) -> bool {
        let mut columns = Qualifiers { found: Vec::new(), bare: false };
        let _ = function.args.visit(&mut columns);
        let _ = function.filter.visit(&mut columns);
        if !self.nested {
            return false;
        }
        if self.tables.is_empty() {
            return columns.bare || !columns.found.is_empty();
        }
        !columns.bare && !columns.found.is_empty() && columns.found.iter().all(|q| !self.tables.contains(q))
    }
}

/// A position in the SELECT list as the expression that stands there.
fn positioned<'a>(expr: &'a Expr, select: &'a Select) -> &'a Expr {
    let Expr::Value(value) = expr else { return expr };
    let ast::Value::Number(digits, _) = &value.value else { return expr };
    let position = digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    match position.and_then(|i| select.projection.get(i)) {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => expr,
        _ => expr,
    }
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(expr))
        | JoinOperator::Inner(JoinConstraint::On(expr))
        | JoinOperator::Left(JoinConstraint::On(expr))
        | JoinOperator::LeftOuter(JoinConstraint::On(expr))
        | JoinOperator::Right(JoinConstraint::On(expr))
        | JoinOperator::RightOuter(JoinConstraint::On(expr))
        | JoinOperator::FullOuter(JoinConstraint::On(expr)) => Some(expr),
        _ => None,
    }
}

fn arguments(args: &[FunctionArg]) -> impl Iterator<Item = &Expr> {
    args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. } => Some(expr),
        _ => None,
    })
}

/// The tables that an expression names its columns by.
struct Qualifiers {
    found: Vec<String>,
    bare: bool,
}

impl Visitor for Qualifiers {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(_) => self.bare = true,
            Expr::CompoundIdentifier(parts) => {
                if let Some(qualifier) = parts.len().checked_sub(2).and_then(|i| parts.get(i)) {
                    self.found.push(folded(qualifier));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The calls of one expression, without its subqueries.
struct Calls<'a, 'b> {
    level: &'a Level<'b>,
    clause: Clause,
    depth: usize,
    /// Aggregates around the call being visited.
    aggregates: usize,
    /// Window calls around it.
    windows: usize,
}

/// What a call is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Aggregate,
    Window,
    Other,
}

impl Visitor for Calls<'_, '_> {
    type Break = Box<Misplaced>;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let (0, Expr::Function(function)) = (self.depth, expr) else { return ControlFlow::Continue(()) };
        let kind = self.kind(function);
        if let Err(error) = self.check(function, kind) {
            return ControlFlow::Break(Box::new((error, expr.span().start)));
        }
        match kind {
            Kind::Aggregate => self.aggregates += 1,
            Kind::Window => self.windows += 1,
            Kind::Other => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let (0, Expr::Function(function)) = (self.depth, expr) else { return ControlFlow::Continue(()) };
        match self.kind(function) {
            Kind::Aggregate => self.aggregates -= 1,
            Kind::Window => self.windows -= 1,
            Kind::Other => {}
        }
        ControlFlow::Continue(())
    }
}

/// A call's name, without the frame it may carry.
fn name_of(function: &Function) -> String {
    let name = last_part(&function.name);
    name.split_once(MARK).map_or(name.clone(), |(name, _)| name.to_owned())
}

fn wrong_object(message: String) -> Error {
    Error::new(sqlstate::WRONG_OBJECT_TYPE, message)
}

impl Calls<'_, '_> {
    fn kind(&self, function: &Function) -> Kind {
        let name = name_of(function);
        if function.over.is_some() {
            return Kind::Window;
        }
        let hypothetical = HYPOTHETICAL.contains(&name.as_str()) && !function.within_group.is_empty();
        let hypothetical = hypothetical || hypothetical::is_made(function);
        match self.level.functions.aggregate.contains_key(&name) || hypothetical {
            true => Kind::Aggregate,
            false => Kind::Other,
        }
    }

    fn check(&self, function: &Function, kind: Kind) -> Result<(), Error> {
        let name = name_of(function);
        match kind {
            Kind::Aggregate => {
                if self.level.is_outer(function) {
                    let message = "an aggregate of an outer query's rows in a subquery is not supported";
                    return Err(Error::unsupported(message));
                }
                self.aggregate_allowed()?;
                self.aggregate_clauses(&name, function)
            }
            Kind::Window => {
                self.window_allowed()?;
                self.window_clauses(&name, function)
            }
            Kind::Other => self.plain_clauses(&name, function),
        }
    }

    fn aggregate_allowed(&self) -> Result<(), Error> {
        let refuse = |message: String| Err(Error::new(sqlstate::GROUPING_ERROR, message));
        if !self.clause.aggregates {
            return refuse(format!("aggregate functions are not allowed in {}", self.clause.name));
        }
        if self.aggregates > 0 {
            return refuse("aggregate function calls cannot be nested".to_owned());
        }
        Ok(())
    }

    fn window_allowed(&self) -> Result<(), Error> {
        let refuse = |state: SqlState, message: String| Err(Error::new(state, message));
        if !self.clause.windows {
            let message = format!("window functions are not allowed in {}", self.clause.name);
            return refuse(sqlstate::WINDOWING_ERROR, message);
        }
        if self.aggregates > 0 {
            let message = "aggregate function calls cannot contain window function calls";
            return refuse(sqlstate::GROUPING_ERROR, message.to_owned());
        }
        if self.windows > 0 {
            return refuse(sqlstate::WINDOWING_ERROR, "window function calls cannot be nested".to_owned());
        }
        Ok(())
    }

    fn aggregate_clauses(&self, name: &str, function: &Function) -> Result<(), Error> {
        let ordered_set = ORDERED_SETS.contains(&name) || HYPOTHETICAL.contains(&name);
        let FunctionArguments::List(list) = &function.args else { return Ok(()) };
        let order = list.clauses.iter().find_map(|clause| match clause {
            FunctionArgumentClause::OrderBy(items) => Some(items),
            _ => None,
        });
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if function.within_group.is_empty() {
            if ordered_set && !hypothetical::is_made(function) {
                return Err(wrong_object(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
            }
        } else if order.is_some() {
            let message = "cannot use multiple ORDER BY clauses with WITHIN GROUP";
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
        } else if distinct {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "cannot use DISTINCT with WITHIN GROUP"));
        } else if !ordered_set {
            let message = format!("{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
            return Err(wrong_object(message));
        }
        if list.args.is_empty() && name == "count" {
            let message = "count(*) must be used to call a parameterless aggregate function";
            return Err(wrong_object(message.to_owned()));
        }
        if let (true, Some(items)) = (distinct, order)
            && !items.iter().all(|item| arguments(&list.args).any(|arg| *arg == item.expr))
        {
            let message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
            return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
        }
        let Some(filter) = &function.filter else { return Ok(()) };
        self.level.expr(filter, Clause::none("FILTER")).map_err(|(error, _)| error)
    }

    fn window_clauses(&self, name: &str, function: &Function) -> Result<(), Error> {
        let functions = self.level.functions;
        let known = functions.aggregate.contains_key(name) || functions.window.contains_key(name);
        let ordinary = functions.scalar.contains_key(name) || functions.table.contains_key(name);
        if !known && ordinary {
            let message = format!("OVER specified, but {name} is not a window function nor an aggregate function");
            return Err(wrong_object(message));
        }
        let framed = FrameSpec::of_name(&last_part(&function.name)).is_some();
        if HYPOTHETICAL.contains(&name) && !framed && has_arguments(function) {
            return Err(wrong_object(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
        }
        if ORDERED_SETS.contains(&name) {
            return Err(wrong_object(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
        }
        let Some(WindowType::WindowSpec(spec)) = &function.over else { return Ok(()) };
        let definitions = Clause::aggregates("window definitions");
        let keys = spec.partition_by.iter().chain(spec.order_by.iter().map(|item| &item.expr));
        for key in keys {
            self.level.expr(key, definitions).map_err(|(error, _)| error)?;
        }
        Ok(())
    }

    fn plain_clauses(&self, name: &str, function: &Function) -> Result<(), Error> {
        let functions = self.level.functions;
        if functions.window.contains_key(name) {
            return Err(wrong_object(match HYPOTHETICAL.contains(&name) && has_arguments(function) {
                true => format!("WITHIN GROUP is required for ordered-set aggregate {name}"),
                false => format!("window function {name} requires an OVER clause"),
            }));
        }
        if !functions.scalar.contains_key(name) {
            return Ok(());
        }
        let refuse = |clause: &str| Err(wrong_object(format!("{clause}, but {name} is not an aggregate function")));
        if !function.within_group.is_empty() {
            return refuse("WITHIN GROUP specified");
        }
        if function.filter.is_some() {
            return refuse("FILTER specified");
        }
        let FunctionArguments::List(list) = &function.args else { return Ok(()) };
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return refuse("DISTINCT specified");
        }
        if list.clauses.iter().any(|c| matches!(c, FunctionArgumentClause::OrderBy(_))) {
            return refuse("ORDER BY specified");
        }
        if list.args.iter().any(|a| matches!(a, FunctionArg::Unnamed(FunctionArgExpr::Wildcard))) {
            return refuse(&format!("{name}(*) specified"));
        }
        Ok(())
    }
}

fn has_arguments(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list) if !list.args.is_empty())
}
