//! Operators with PostgreSQL's meaning, resolved by their operands' types.
//!
//! A bare string or an untyped param takes the type that the other side asks for before anything else is decided.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::literals::{adapt, fold_number, is_text, is_unknown};
use crate::catalog::functions::Functions;
use crate::types::TextStyle;

/// The operator hook.
#[derive(Debug)]
pub struct Operators {
    functions: Arc<Functions>,
}

impl Operators {
    /// The hook with the functions that operators stand for.
    #[must_use]
    pub fn new(functions: Arc<Functions>) -> Self {
        Self { functions }
    }

    /// A call of a registered function; `None` when it is not registered.
    fn call(&self, name: &str, args: Vec<Expr>) -> Option<Expr> {
        self.functions.scalar.get(name).map(|function| function.call(args))
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let (left, right) = operands(&op, fold_number(left), fold_number(right), schema)?;
        if op == BinaryOperator::PGExp || op == BinaryOperator::BitwiseXor && is_power(&left, &right, schema) {
            if let Some(power) = self.call("power", vec![left.clone(), right.clone()]) {
                return Ok(PlannerResult::Planned(power));
            }
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

fn is_power(_left: &Expr, _right: &Expr, _schema: &DFSchema) -> bool {
    true
}

/// The operands with their unknowns settled.
fn operands(op: &BinaryOperator, left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    let left_field = known(&left, schema);
    let right_field = known(&right, schema);
    let style = TextStyle::default();
    match (left_field, right_field) {
        (Some(field), None) => {
            let right = adapt(right, &wanted(op, &field, true), &style)?;
            Ok((left, right))
        }
        (None, Some(field)) => {
            let left = adapt(left, &wanted(op, &field, false), &style)?;
            Ok((left, right))
        }
        _ => Ok((left, right)),
    }
}

/// The type of an expression, `None` while it is unknown (a bare string, an untyped param) or does not resolve yet.
fn known(expr: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    if is_unknown(expr) || matches!(expr, Expr::Placeholder(p) if p.field.is_none()) {
        return None;
    }
    expr.to_field(schema).ok().map(|(_, field)| field).filter(|f| *f.data_type() != DataType::Null)
}

/// The type an unknown operand takes beside one of type `field`: usually the same.
fn wanted(op: &BinaryOperator, field: &Field, unknown_is_right: bool) -> Field {
    let temporal = matches!(
        field.data_type(),
        DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_) | DataType::Interval(_)
    );
    let interval = || Field::new("interval", DataType::Interval(IntervalUnit::MonthDayNano), true);
    match op {
        BinaryOperator::Plus if temporal && !matches!(field.data_type(), DataType::Date32) => interval(),
        BinaryOperator::Plus if temporal => Field::new("days", DataType::Int32, true),
        BinaryOperator::Minus if matches!(field.data_type(), DataType::Timestamp(..)) && unknown_is_right => field.clone(),
        BinaryOperator::Multiply | BinaryOperator::Divide if matches!(field.data_type(), DataType::Interval(_)) => {
            Field::new("factor", DataType::Float64, true)
        }
        BinaryOperator::StringConcat
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch
            if !matches!(field.data_type(), DataType::List(_)) =>
        {
            Field::new("text", DataType::Utf8, true)
        }
        BinaryOperator::Arrow | BinaryOperator::LongArrow if is_text(field.data_type()) => {
            Field::new("key", DataType::Utf8, true)
        }
        _ => match field.data_type() {
            // A literal keeps more digits than a column of lower precision has.
            DataType::Timestamp(_, zone) => {
                field.clone().with_data_type(DataType::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(Arc::clone)))
            }
            _ => field.clone(),
        },
    }
}
