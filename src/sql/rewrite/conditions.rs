//! Conditions carry their clause's name: `WHERE x` becomes `WHERE "argument of WHERE"(x)`, which the planner takes off
//! again when it knows that `x` is boolean, or refuses with PostgreSQL's words.
//!
//! What is boolean by its form (a comparison, IS NULL, …) needs no mark.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    JoinConstraint, JoinOperator, ObjectName, Select, UnaryOperator, Value,
};

/// How the names of the marks begin.
pub const PREFIX: &str = "argument of ";

/// Marks the conditions of a SELECT's clauses.
pub fn of_select(select: &mut Select) {
    if let Some(condition) = &mut select.selection {
        mark(condition, "WHERE");
    }
    if let Some(condition) = &mut select.having {
        mark(condition, "HAVING");
    }
    for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
        if let JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) = &mut join.join_operator
            && let JoinConstraint::On(condition) = constraint
        {
            mark(condition, "JOIN/ON");
        }
    }
}

/// Marks the conditions inside an expression.
pub fn of_expr(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            mark(left, "AND");
            mark(right, "AND");
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            mark(left, "OR");
            mark(right, "OR");
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => mark(expr, "NOT"),
        Expr::Case { operand: None, conditions, .. } => {
            for when in conditions {
                mark(&mut when.condition, "CASE/WHEN");
            }
        }
        Expr::Function(Function { filter: Some(filter), .. }) => mark(filter, "FILTER"),
        _ => {}
    }
}

fn mark(expr: &mut Expr, clause: &str) {
    if !is_open(expr) {
        return;
    }
    let own = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
    let args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(own))];
    *expr = Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', format!("{PREFIX}{clause}"))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
}

/// Whether an expression's form leaves its type open.
fn is_open(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_open(inner),
        Expr::Value(value) => !matches!(value.value, Value::Boolean(_) | Value::Null | Value::Placeholder(_)),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Cast { .. } => true,
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
                | BinaryOperator::StringConcat
        ),
        _ => false,
    }
}
