//! Long chains of AND, OR and UNION ALL as balanced trees.
//!
//! The parser builds a chain as a tree as deep as the chain is long; every later walk is then as deep, and planning
//! is quadratic. These operators are associative (in three-valued logic too), so a balanced tree means the same.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Query, SetExpr, SetOperator, SetQuantifier, Value};

/// Balances the chain of AND or OR whose top is `expr`.
pub fn logical_chain(expr: &mut Expr) {
    let Expr::BinaryOp { op, .. } = expr else { return };
    let op = match op {
        BinaryOperator::And => BinaryOperator::And,
        BinaryOperator::Or => BinaryOperator::Or,
        _ => return,
    };
    let mut links = Vec::new();
    let mut rest = std::mem::replace(expr, null());
    loop {
        match rest {
            Expr::BinaryOp { left, op: link, right } if link == op => {
                links.push(*right);
                rest = *left;
            }
            last => {
                links.push(last);
                break;
            }
        }
    }
    links.reverse();
    *expr = fold(links, &|left, right| Expr::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) })
        .unwrap_or_else(null);
}

/// Balances a query body's chain of UNION ALL.
pub fn set_operations(query: &mut Query) {
    if !is_union_all(&query.body) {
        return;
    }
    let mut links = Vec::new();
    let mut rest = std::mem::replace(&mut *query.body, SetExpr::Values(empty_values()));
    loop {
        match rest {
            SetExpr::SetOperation { left, right, op: SetOperator::Union, set_quantifier: SetQuantifier::All } => {
                links.push(*right);
                rest = *left;
            }
            last => {
                links.push(last);
                break;
            }
        }
    }
    links.reverse();
    let balanced = fold(links, &|left, right| SetExpr::SetOperation {
        left: Box::new(left),
        right: Box::new(right),
        op: SetOperator::Union,
        set_quantifier: SetQuantifier::All,
    });
    *query.body = balanced.unwrap_or_else(|| SetExpr::Values(empty_values()));
}

/// A balanced tree over `items` in order; `None` for none.
fn fold<T>(items: Vec<T>, join: &impl Fn(T, T) -> T) -> Option<T> {
    let mut level = items;
    while level.len() > 1 {
        let mut next = Vec::with_capacity(level.len().div_ceil(2));
        let mut pending = None;
        for item in level {
            match pending.take() {
                None => pending = Some(item),
                Some(left) => next.push(join(left, item)),
            }
        }
        next.extend(pending);
        level = next;
    }
    level.pop()
}

fn is_union_all(body: &SetExpr) -> bool {
    matches!(body, SetExpr::SetOperation { op: SetOperator::Union, set_quantifier: SetQuantifier::All, .. })
}

fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

fn empty_values() -> datafusion::sql::sqlparser::ast::Values {
    datafusion::sql::sqlparser::ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() }
}
