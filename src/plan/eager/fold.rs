//! One expression: constants computed from the leaves up, in the order and with the exceptions of PostgreSQL's
//! `eval_const_expressions`.
//!
//! Stable and volatile functions are left to the executor; so is what cannot be computed by itself.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr::{Case, Exists, InSubquery, SetComparison};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, Operator, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;

use super::scope::{Kind, Scope};
use super::{Checker, Folded};
use crate::catalog::functions::PgScalar;
use crate::exec::classify::classify;
use crate::plan::literals::is_text;
use crate::sqlstate;

/// Functions that PostgreSQL does not compute while planning, although nothing but their arguments decides here.
const STABLE: [&str; 8] =
    ["array_to_string", "concat", "concat_ws", "convert_from", "convert_to", "format", "textsend", "to_number"];
/// Functions that depend on the session's time zone for instants alone.
const ZONED: [&str; 5] = ["age", "date_part", "date_trunc", "extract", "overlaps"];

impl Checker<'_> {
    /// What a column is, its source computed if it was not yet.
    pub(super) fn column(&self, column: &Column, scope: &Scope<'_>) -> Result<Folded> {
        let Some(link) = scope.get(column) else { return Ok(None) };
        let blind = self.blind.get();
        if blind && link.opaque {
            return Ok(None);
        }
        let folded = match link.source.seen.get() {
            Some(folded) => folded.clone(),
            None if blind => self.source(&link.source.kind)?,
            None => {
                let folded = self.source(&link.source.kind)?;
                link.source.seen.get_or_init(|| folded).clone()
            }
        };
        Ok(folded.filter(|_| !link.opaque))
    }

    fn source(&self, kind: &Kind<'_>) -> Result<Folded> {
        match kind {
            Kind::Computed(expr, scope) => return self.fold(expr, scope),
            Kind::Each(links) => {
                for link in links.iter().filter(|link| link.source.seen.get().is_none()) {
                    let folded = self.source(&link.source.kind)?;
                    link.source.seen.get_or_init(|| folded);
                }
            }
            Kind::Query(plan) => self.query(plan)?,
            Kind::Exists(plan) => drop(self.walk(plan)?),
            Kind::In(plan, probe, scope) => {
                self.fold(probe, scope)?;
                self.query(plan)?;
            }
        }
        Ok(None)
    }

    /// An expression as a literal where it is constant.
    pub(super) fn fold(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Folded> {
        match expr {
            Expr::Literal(..) => Ok(Some(expr.clone())),
            Expr::Column(column) => self.column(column, scope),
            Expr::Alias(alias) => self.fold(&alias.expr, scope),
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                self.connective(left, *op, right, scope)
            }
            Expr::Between(between) => self.between(between, scope),
            Expr::Case(case) => self.case(case, scope),
            Expr::ScalarFunction(call) if call.func.name() == "coalesce" => self.first_value(&call.args, scope),
            Expr::ScalarSubquery(subquery) => self.query(&subquery.subquery).map(|()| None),
            Expr::Exists(Exists { subquery, .. }) => self.walk(&subquery.subquery).map(|_| None),
            Expr::InSubquery(InSubquery { expr, subquery, .. })
            | Expr::SetComparison(SetComparison { expr, subquery, .. }) => {
                self.fold(expr, scope)?;
                self.query(&subquery.subquery).map(|()| None)
            }
            other => self.computed(other, scope),
        }
    }

    /// AND and OR: the constant that decides ends it, and what comes after is not looked at.
    fn connective(&self, left: &Expr, op: Operator, right: &Expr, scope: &Scope<'_>) -> Result<Folded> {
        let decided = ScalarValue::Boolean(Some(op == Operator::Or));
        let neutral = ScalarValue::Boolean(Some(op == Operator::And));
        let is = |folded: &Folded, wanted: &ScalarValue| matches!(folded, Some(Expr::Literal(v, _)) if v == wanted);
        let left = self.fold(left, scope)?;
        if is(&left, &decided) {
            return Ok(left);
        }
        let right = self.fold(right, scope)?;
        if is(&right, &decided) || is(&left, &neutral) {
            return Ok(right);
        }
        // A NULL beside what is known only later is not known either.
        Ok(if is(&right, &neutral) || right.is_some() { left } else { None })
    }

    /// BETWEEN is two comparisons joined by AND, or their negations by OR.
    fn between(&self, between: &Between, scope: &Scope<'_>) -> Result<Folded> {
        let (from, op, to) = match between.negated {
            false => (Operator::GtEq, Operator::And, Operator::LtEq),
            true => (Operator::Lt, Operator::Or, Operator::Gt),
        };
        let compared =
            |op, bound: &Expr| Expr::BinaryExpr(BinaryExpr::new(between.expr.clone(), op, Box::new(bound.clone())));
        self.connective(&compared(from, &between.low), op, &compared(to, &between.high), scope)
    }

    /// CASE: branches behind a constant that is not true are dropped, and all behind one that is true.
    fn case(&self, case: &Case, scope: &Scope<'_>) -> Result<Folded> {
        let operand = match &case.expr {
            Some(operand) => Some(self.fold(operand, scope)?),
            None => None,
        };
        let mut open = false;
        for (when, then) in &case.when_then_expr {
            let when = self.fold(when, scope)?;
            let holds = match (&operand, when) {
                (None, Some(Expr::Literal(value, _))) => Some(value == ScalarValue::Boolean(Some(true))),
                (Some(Some(operand)), Some(when)) => {
                    let equal = BinaryExpr::new(Box::new(operand.clone()), Operator::Eq, Box::new(when));
                    let equal = self.evaluate(&Expr::BinaryExpr(equal))?;
                    equal.map(|e| matches!(e, Expr::Literal(ScalarValue::Boolean(Some(true)), _)))
                }
                _ => None,
            };
            if holds == Some(false) {
                continue;
            }
            let then = self.fold(then, scope)?;
            if holds == Some(true) {
                return Ok(then.filter(|_| !open));
            }
            open = true;
        }
        let otherwise = match &case.else_expr {
            Some(otherwise) => self.fold(otherwise, scope)?,
            None => Some(Expr::Literal(ScalarValue::Null, None)),
        };
        Ok(otherwise.filter(|_| !open))
    }

    /// COALESCE: what stands behind a constant that is not NULL is not looked at.
    fn first_value(&self, args: &[Expr], scope: &Scope<'_>) -> Result<Folded> {
        let mut open = false;
        let mut last = None;
        for arg in args {
            let arg = self.fold(arg, scope)?;
            match &arg {
                Some(Expr::Literal(value, _)) if !value.is_null() => return Ok(arg.filter(|_| !open)),
                Some(_) => last = arg,
                None => open = true,
            }
        }
        Ok(last.filter(|_| !open))
    }

    /// Everything else: its operands first, then, when all of them are constant, itself.
    fn computed(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Folded> {
        let mut operands = Some(Vec::new());
        let mut has_null = false;
        expr.apply_children(|child| {
            let folded = self.fold(child, scope)?;
            has_null |= matches!(&folded, Some(Expr::Literal(value, _)) if value.is_null());
            operands = match (operands.take(), folded) {
                (Some(mut all), Some(literal)) => {
                    all.push(literal);
                    Some(all)
                }
                _ => None,
            };
            Ok(TreeNodeRecursion::Continue)
        })?;
        if has_null && is_strict(expr) {
            return Ok(Some(Expr::Literal(ScalarValue::Null, None)));
        }
        let Some(operands) = operands else { return Ok(None) };
        let untyped = operands.iter().any(|e| matches!(e, Expr::Literal(ScalarValue::Null, _)));
        if !is_immutable(expr, &operands) || (untyped && matches!(expr, Expr::ScalarFunction(_))) {
            return Ok(None);
        }
        let mut operands = operands.into_iter();
        let made = expr.clone().map_children(|child| Ok(Transformed::yes(operands.next().unwrap_or(child))))?.data;
        self.evaluate(&made)
    }

    /// An expression of literals computed; `None` when it cannot be by itself.
    fn evaluate(&self, expr: &Expr) -> Result<Folded> {
        let empty = DFSchema::empty();
        let options = self.env.config().options();
        let context = SimplifyContext::builder().with_config_options(Arc::clone(options)).build();
        let mut props = ExecutionProps::new();
        props.mark_start_execution(Arc::clone(options));
        // An expression that cannot be made is the executor's to refuse.
        let Ok(coerced) = ExprSimplifier::new(context).coerce(expr.clone(), &empty) else { return Ok(None) };
        let Ok((_, field)) = coerced.to_field(&empty) else { return Ok(None) };
        let made = create_physical_expr(&coerced, &empty, &props, &PhysicalPlanningContext::default());
        let Ok(made) = made else { return Ok(None) };
        let one = RecordBatchOptions::new().with_row_count(Some(1));
        let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &one)?;
        let value = made.evaluate(&row).and_then(|value| value.into_array(1));
        match value.and_then(|value| ScalarValue::try_from_array(&value, 0)) {
            Ok(value) => {
                let metadata = (!field.metadata().is_empty()).then(|| field.as_ref().into());
                Ok(Some(Expr::Literal(value, metadata)))
            }
            Err(error) => match classify(&error).sqlstate() {
                // Nor is what the engine has no way for an error of the statement.
                sqlstate::FEATURE_NOT_SUPPORTED | sqlstate::INTERNAL_ERROR => Ok(None),
                _ => Err(error),
            },
        }
    }
}

/// Whether a NULL among the operands makes the result NULL.
fn is_strict(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(binary) => {
            !matches!(binary.op, Operator::IsDistinctFrom | Operator::IsNotDistinctFrom | Operator::And | Operator::Or)
        }
        Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<PgScalar>().is_some_and(PgScalar::is_strict),
        Expr::Negative(_) | Expr::Not(_) | Expr::Like(_) | Expr::SimilarTo(_) => true,
        _ => false,
    }
}

/// Whether an expression over constants gives the same at any time, in any session.
fn is_immutable(expr: &Expr, operands: &[Expr]) -> bool {
    let types = || operands.iter().filter_map(|operand| operand.get_type(&DFSchema::empty()).ok());
    match expr {
        Expr::ScalarFunction(call) => match call.func.signature().volatility {
            Volatility::Immutable => !STABLE.contains(&call.func.name()),
            Volatility::Stable if ZONED.contains(&call.func.name()) => !types().any(|ty| is_instant(&ty)),
            _ => false,
        },
        Expr::Cast(cast) => {
            let to = cast.field.data_type();
            types().all(|from| {
                let read = (is_text(&from) && to.is_temporal()) || (from.is_temporal() && is_text(to));
                !read && is_instant(&from) == is_instant(to)
            })
        }
        Expr::BinaryExpr(_)
        | Expr::Negative(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::Like(_)
        | Expr::SimilarTo(_)
        | Expr::InList(_) => true,
        _ => false,
    }
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}
