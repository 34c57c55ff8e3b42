//! Casts with names of their own: the planner names `x::text` as it names `x`, and cannot have both in one list of
//! groups, aggregates or window calls.
//!
//! A cast gets a marker call around it that also holds the type's name; resolving the plan takes it off again.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, OrderByKind, Query, Select, SelectItem, UnaryOperator, Value, Visit, VisitMut, Visitor,
    VisitorMut,
};

use super::forms::function;

/// The marker function; not a name that SQL can spell without quotes.
pub const NAMED_CAST: &str = "named cast";

/// Names the casts of a SELECT that groups or calls functions.
pub fn in_select(select: &mut Select) {
    let grouped = matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if !exprs.is_empty());
    let calls = |expr: &Expr| expr.visit(&mut Calls { depth: 0 }).is_break();
    let mut items = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    if !grouped && select.having.is_none() && !items.any(calls) {
        return;
    }
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            name(expr);
        }
    }
    if let GroupByExpr::Expressions(exprs, _) = &mut select.group_by {
        exprs.iter_mut().for_each(name);
    }
    select.having.iter_mut().for_each(name);
    if let Some(datafusion::sql::sqlparser::ast::Distinct::On(exprs)) = &mut select.distinct {
        exprs.iter_mut().for_each(name);
    }
}

/// Names the casts of a query's ORDER BY when its SELECT list has such.
pub fn in_order(query: &mut Query) {
    let datafusion::sql::sqlparser::ast::SetExpr::Select(select) = query.body.as_ref() else { return };
    let named = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.visit(&mut Named).is_break(),
        _ => false,
    };
    let grouped = matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if !exprs.is_empty());
    if !grouped && !select.projection.iter().any(named) {
        return;
    }
    if let Some(OrderByKind::Expressions(items)) = query.order_by.as_mut().map(|o| &mut o.kind) {
        items.iter_mut().for_each(|item| name(&mut item.expr));
    }
}

fn name(expr: &mut Expr) {
    let _ = VisitMut::visit(expr, &mut Names { depth: 0 });
}

/// Finds a call outside of subqueries.
struct Calls {
    depth: usize,
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(_) if self.depth == 0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Finds a named cast.
struct Named;

impl Visitor for Named {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(call) if super::names::last_part(&call.name) == NAMED_CAST => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

struct Names {
    depth: usize,
}

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Cast { expr: inner, data_type, .. } = &*expr else { return ControlFlow::Continue(()) };
        if self.depth > 0 || is_constant(inner) {
            return ControlFlow::Continue(());
        }
        let type_name = Expr::Value(Value::SingleQuotedString(data_type.to_string()).with_empty_span());
        let cast = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
        *expr = function(NAMED_CAST, vec![cast, type_name]);
        ControlFlow::Continue(())
    }
}

/// Whether a cast is read as a literal or a typed param.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => {
            is_constant(inner)
        }
        _ => false,
    }
}
