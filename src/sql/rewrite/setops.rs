//! UNION, INTERSECT and EXCEPT as one relation in FROM: `SELECT * FROM "set operation"((left), (right))`.
//!
//! The planner gives that relation its meaning (`plan/setops.rs`), so that the types of its columns are PostgreSQL's
//! before anything above them is planned. A chain of one operator becomes one relation of many queries. The body of a
//! recursive query stays as it is: its planner looks for the UNION.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, ObjectName, OrderByKind, Query, Select, SelectFlavor,
    SelectItem, SetExpr, SetOperator, SetQuantifier, TableFactor, TableWithJoins, Value, Visit, Visitor,
    WildcardAdditionalOptions,
};

use super::names::{folded, last_part};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The schema part of the marker relation's name; not a name that SQL can spell without quotes.
pub const SET_OPERATION: &str = "set operation";

/// Which rows of its queries a set operation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// UNION, INTERSECT or EXCEPT.
    pub operator: SetOperator,
    /// Whether equal rows stay apart.
    pub all: bool,
}

impl Operation {
    /// The operator's word, as messages print it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self.operator {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except | SetOperator::Minus => "EXCEPT",
        }
    }

    /// The operation that a relation's name marks; `None` for any other relation.
    #[must_use]
    pub fn of_name(name: &ObjectName) -> Option<Self> {
        let [schema, operation] = name.0.as_slice() else { return None };
        if schema.as_ident().map(|i| i.value.as_str()) != Some(SET_OPERATION) {
            return None;
        }
        let (word, all) = operation.as_ident()?.value.split_once(' ')?;
        let operator = match word {
            "UNION" => SetOperator::Union,
            "INTERSECT" => SetOperator::Intersect,
            _ => SetOperator::Except,
        };
        Some(Self { operator, all: all == "all" })
    }

    fn name(self) -> ObjectName {
        let all = if self.all { "all" } else { "distinct" };
        let operation = format!("{} {all}", self.word());
        ObjectName::from(vec![Ident::with_quote('"', SET_OPERATION), Ident::with_quote('"', operation)])
    }
}

/// Makes a relation of a query's body when it is a set operation.
pub fn as_relation(query: &mut Query) -> Result<()> {
    let SetExpr::SetOperation { op, set_quantifier, .. } = query.body.as_ref() else { return Ok(()) };
    let Some(operation) = operation(*op, *set_quantifier) else { return Ok(()) };
    check_clauses(query)?;
    let body = std::mem::replace(query.body.as_mut(), nothing());
    let mut queries = Vec::new();
    collect(body, operation, &mut queries);
    queries.reverse();
    let args = queries
        .into_iter()
        .map(|query| FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Subquery(Box::new(query)))))
        .collect();
    let relation =
        TableFactor::Function { lateral: false, name: operation.name(), args, with_ordinality: false, alias: None };
    *query.body = SetExpr::Select(Box::new(everything_of(relation)));
    Ok(())
}

/// The queries of a WITH RECURSIVE that refer to themselves, by their addresses: their UNION is not to be touched.
pub fn recursive_bodies(query: &Query) -> Vec<*const Query> {
    let Some(with) = query.with.as_ref().filter(|with| with.recursive) else { return Vec::new() };
    let recursive = |cte: &&datafusion::sql::sqlparser::ast::Cte| {
        let mut finder = References { name: folded(&cte.alias.name) };
        cte.query.visit(&mut finder).is_break()
    };
    with.cte_tables.iter().filter(recursive).map(|cte| std::ptr::from_ref(cte.query.as_ref())).collect()
}

struct References {
    name: String,
}

impl Visitor for References {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if relation.0.len() == 1 && last_part(relation) == self.name {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn operation(operator: SetOperator, quantifier: SetQuantifier) -> Option<Operation> {
    match quantifier {
        SetQuantifier::All => Some(Operation { operator, all: true }),
        SetQuantifier::Distinct | SetQuantifier::None => Some(Operation { operator, all: false }),
        _ => None,
    }
}

/// The queries of a chain of one UNION, last first; of another operator its two sides.
fn collect(body: SetExpr, operation: Operation, queries: &mut Vec<Query>) {
    let mut rest = body;
    loop {
        match rest {
            SetExpr::SetOperation { op, set_quantifier, left, right }
                if self::operation(op, set_quantifier) == Some(operation)
                    && (queries.is_empty() || operation.operator == SetOperator::Union) =>
            {
                queries.push(as_query(*right));
                rest = *left;
            }
            last => {
                queries.push(as_query(last));
                return;
            }
        }
    }
}

fn as_query(body: SetExpr) -> Query {
    match body {
        SetExpr::Query(query) => *query,
        body => Query {
            with: None,
            body: Box::new(body),
            order_by: None,
            limit_clause: None,
            fetch: None,
            locks: Vec::new(),
            for_clause: None,
            settings: None,
            format_clause: None,
            pipe_operators: Vec::new(),
        },
    }
}

/// PostgreSQL sorts a set operation by its output columns only, and locks none of its rows.
fn check_clauses(query: &Query) -> Result<()> {
    if let Some(lock) = query.locks.first() {
        let clause = lock.lock_type.to_string();
        return Err(Error::unsupported(format!("FOR {clause} is not allowed with UNION/INTERSECT/EXCEPT")));
    }
    let Some(OrderByKind::Expressions(items)) = query.order_by.as_ref().map(|o| &o.kind) else { return Ok(()) };
    let plain = |expr: &Expr| match unnested(expr) {
        Expr::Identifier(_) => true,
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        _ => false,
    };
    if items.iter().all(|item| plain(&item.expr)) {
        return Ok(());
    }
    Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
        .detail("Only result column names can be used, not expressions or functions.")
        .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause."))
}

fn unnested(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unnested(inner),
        other => other,
    }
}

fn nothing() -> SetExpr {
    SetExpr::Values(datafusion::sql::sqlparser::ast::Values {
        explicit_row: false,
        value_keyword: false,
        rows: Vec::new(),
    })
}

/// `SELECT * FROM relation`.
pub(super) fn everything_of(relation: TableFactor) -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())],
        exclude: None,
        into: None,
        from: vec![TableWithJoins { relation, joins: Vec::new() }],
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }
}
