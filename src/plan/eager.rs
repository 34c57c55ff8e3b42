//! Constant expressions that PostgreSQL computes while it plans, and so fails by, whether a row needs them or not.
//!
//! `CASE WHEN x > 0 THEN 1/0 END` fails for a table without such rows. DataFusion's simplifier leaves what it cannot
//! compute; here it is computed for its error. What a constant condition rules out is not.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, Volatility};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;

use super::PlanEnv;

/// Computes what is constant in an optimised plan; the error of the first that fails.
pub fn check(plan: &LogicalPlan, env: &PlanEnv) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        if reads_constants(node) {
            return Ok(TreeNodeRecursion::Continue);
        }
        node.apply_expressions(|expr| {
            visit(expr, env)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(())
}

/// Whether a node's rows come from a single row of constants, which PostgreSQL puts in the place of the columns.
fn reads_constants(node: &LogicalPlan) -> bool {
    node.exists(|below| {
        Ok(match below {
            LogicalPlan::Values(values) => values.values.len() == 1,
            LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
            _ => false,
        })
    })
    .unwrap_or(true)
}

fn visit(expr: &Expr, env: &PlanEnv) -> Result<()> {
    match expr {
        Expr::Literal(..) | Expr::Column(_) => return Ok(()),
        Expr::Case(case) => return visit_case(case, env),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            visit(left, env)?;
            let decided = ScalarValue::Boolean(Some(*op == Operator::Or));
            return if **left == Expr::Literal(decided, None) { Ok(()) } else { visit(right, env) };
        }
        Expr::ScalarFunction(call) if call.func.name() == "coalesce" => {
            for arg in &call.args {
                visit(arg, env)?;
                if matches!(arg, Expr::Literal(value, _) if !value.is_null()) {
                    return Ok(());
                }
            }
            return Ok(());
        }
        _ => {}
    }
    expr.apply_children(|child| {
        visit(child, env)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    if is_constant(expr)? { evaluate(expr, env) } else { Ok(()) }
}

fn visit_case(case: &Case, env: &PlanEnv) -> Result<()> {
    if let Some(operand) = &case.expr {
        visit(operand, env)?;
    }
    for (when, then) in &case.when_then_expr {
        visit(when, env)?;
        match (case.expr.as_deref(), when.as_ref()) {
            (None, Expr::Literal(ScalarValue::Boolean(Some(true)), _)) => return visit(then, env),
            (None, Expr::Literal(..)) => {}
            (Some(Expr::Literal(operand, _)), Expr::Literal(value, _)) if operand == value => return visit(then, env),
            (Some(Expr::Literal(..)), Expr::Literal(..)) => {}
            _ => visit(then, env)?,
        }
    }
    case.else_expr.as_deref().map_or(Ok(()), |otherwise| visit(otherwise, env))
}

/// Whether an expression is computed of constants alone, the same at any time.
fn is_constant(expr: &Expr) -> Result<bool> {
    if !matches!(expr, Expr::ScalarFunction(_) | Expr::Cast(_) | Expr::BinaryExpr(_) | Expr::Negative(_)) {
        return Ok(false);
    }
    let mut constant = true;
    expr.apply(|e| {
        constant &= match e {
            Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Immutable,
            Expr::Literal(..) | Expr::Cast(_) | Expr::BinaryExpr(_) | Expr::Negative(_) | Expr::Case(_) => true,
            Expr::Not(_) | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::Between(_) | Expr::Alias(_) => true,
            _ => false,
        };
        Ok(if constant { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(constant)
}

fn evaluate(expr: &Expr, env: &PlanEnv) -> Result<()> {
    let mut props = ExecutionProps::new();
    props.mark_start_execution(Arc::clone(env.config().options()));
    // An expression that cannot be made is the executor's to refuse.
    let Ok(made) = create_physical_expr(expr, &DFSchema::empty(), &props, &PhysicalPlanningContext::default()) else {
        return Ok(());
    };
    let one = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &one)?;
    made.evaluate(&row).map(|_| ())
}
