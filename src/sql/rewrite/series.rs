//! Functions in FROM: one form for `f(x)`, `LATERAL f(x)`, `UNNEST(a, b)` and `ROWS FROM (f(x), g(y))`.
//!
//! Every one may refer to what stands on its left, as in PostgreSQL, except on the right side of a RIGHT or FULL join.
//! `unnest` goes by a name of our own, as the planner would give it another meaning.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, Ident, JoinOperator, ObjectName, Select, SelectItem, SetExpr,
    TableFactor, TableWithJoins, Value, Visit, Visitor, WildcardAdditionalOptions,
};

use super::names::last_part;
use super::selects;

/// The name `unnest` goes by.
pub const UNNEST_SET: &str = "unnest set";

/// The name ROWS FROM goes by; its arguments are the calls.
pub const ROWS_FROM: &str = "rows from";

/// Gives the functions on the right side of RIGHT and FULL joins their form: they see nothing on their left.
pub fn in_select(select: &mut Select) {
    select.from.iter_mut().for_each(in_joins);
}

/// Gives a function its form.
pub fn in_from(factor: &mut TableFactor) {
    if let TableFactor::NestedJoin { table_with_joins, alias } = factor {
        in_joins(table_with_joins);
        // An alias of a join names the columns that `*` gives of it.
        if alias.is_some() {
            let star = SelectItem::Wildcard(WildcardAdditionalOptions::default());
            let select = selects::select(vec![star], vec![table_with_joins.as_ref().clone()]);
            let subquery = Box::new(selects::query(SetExpr::Select(Box::new(select))));
            *factor = TableFactor::Derived { lateral: false, subquery, alias: alias.take(), sample: None };
            return;
        }
    }
    as_function(factor, true);
}

/// Renames `unnest` in an expression.
pub fn in_expression(expr: &mut Expr) {
    if let Expr::Function(Function { name, .. }) = expr
        && last_part(name) == "unnest"
    {
        *name = own_name(UNNEST_SET);
    }
}

fn in_joins(from: &mut TableWithJoins) {
    for join in &mut from.joins {
        let hides = matches!(
            join.join_operator,
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
        );
        if hides {
            as_function(&mut join.relation, false);
            match &mut join.relation {
                TableFactor::Derived { lateral, .. } | TableFactor::Function { lateral, .. } => *lateral = false,
                _ => {}
            }
        }
    }
}

fn as_function(factor: &mut TableFactor, is_lateral: bool) {
    let replaced = match factor {
        TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
            let args = std::mem::take(array_exprs).into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e)));
            TableFactor::Function {
                lateral: is_lateral,
                name: own_name(UNNEST_SET),
                args: args.collect(),
                with_ordinality: *with_ordinality,
                alias: alias.take(),
            }
        }
        TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => TableFactor::Function {
            lateral: is_lateral,
            name: if last_part(name) == "unnest" { own_name(UNNEST_SET) } else { name.clone() },
            args: std::mem::take(&mut args.args),
            with_ordinality: *with_ordinality,
            alias: alias.take(),
        },
        TableFactor::Function { name, .. } if last_part(name) == "unnest" => {
            *name = own_name(UNNEST_SET);
            return;
        }
        _ => return,
    };
    *factor = replaced;
}

fn own_name(name: &str) -> ObjectName {
    ObjectName::from(vec![Ident::with_quote('"', name)])
}

/// Whether an expression has neither columns nor params nor subqueries.
#[must_use]
pub fn is_constant(expr: &Expr) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Subquery(_) | Expr::Exists { .. } => {
                    ControlFlow::Break(())
                }
                Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Finder).is_continue()
}
