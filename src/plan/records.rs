//! Records by their fields: comparisons as PostgreSQL makes them, and whether a record is NULL.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::core::get_field;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator as Op;

use super::operators::distinct;
use crate::catalog::functions::TABLE_ROW;
use crate::error::Error;
use crate::sqlstate;

/// The fields of a record: a constructor's arguments, or what is taken out of any other.
pub fn fields_of(record: &Expr, schema: &DFSchema) -> Result<Vec<Expr>> {
    if let Expr::ScalarFunction(call) = record {
        match call.func.name() {
            "row" => return Ok(call.args.clone()),
            TABLE_ROW => return Ok(call.args.iter().skip(4).step_by(2).cloned().collect()),
            "named_struct" => return Ok(call.args.iter().skip(1).step_by(2).cloned().collect()),
            _ => {}
        }
    }
    let (_, field) = record.to_field(schema)?;
    let DataType::Struct(fields) = field.data_type() else { return Ok(Vec::new()) };
    Ok(fields.iter().map(|f| get_field().call(vec![record.clone(), lit(f.name().as_str())])).collect())
}

/// The comparison of two records.
pub fn planned(planner: &dyn ExprPlanner, op: &Op, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<Expr> {
    if matches!(op, Op::Custom(_)) && distinct(op).is_none() {
        let message = format!("could not determine interpretation of row comparison operator {op}");
        return Err(DataFusionError::External(Box::new(Error::unsupported(message))));
    }
    let made = is_made(left) && is_made(right);
    let (left, right) = (fields_of(left, schema)?, fields_of(right, schema)?);
    if made { compare(planner, op, left, right, schema) } else { compare_values(op, left, right) }
}

/// Whether a record is made where it stands, so that its comparison is one of its fields, NULLs among them; any other
/// record is compared as one value, in which NULLs are equal and come last.
#[must_use]
pub fn is_made(record: &Expr) -> bool {
    match record {
        Expr::ScalarFunction(call) => call.func.name() == "row",
        Expr::ScalarSubquery(_) => true,
        _ => false,
    }
}

/// `left op right` of records as values.
pub fn compare_values(op: &Op, left: Vec<Expr>, right: Vec<Expr>) -> Result<Expr> {
    if left.len() != right.len() {
        let message = "cannot compare record types with different numbers of columns";
        return Err(DataFusionError::External(Box::new(Error::new(sqlstate::DATATYPE_MISMATCH, message))));
    }
    let plain = |op: Operator, a: &Expr, b: &Expr| {
        Expr::BinaryExpr(BinaryExpr::new(Box::new(a.clone()), op, Box::new(b.clone())))
    };
    let pairs: Vec<(Expr, Expr)> = left.into_iter().zip(right).collect();
    let combined = match operator_of(op) {
        equal @ (Operator::IsNotDistinctFrom | Operator::IsDistinctFrom) => {
            let each = pairs.iter().map(|(a, b)| plain(equal, a, b));
            if equal == Operator::IsNotDistinctFrom { each.reduce(Expr::and) } else { each.reduce(Expr::or) }
        }
        ordered => {
            let strict = if matches!(ordered, Operator::Lt | Operator::LtEq) { Operator::Lt } else { Operator::Gt };
            let mut rest = lit(matches!(ordered, Operator::LtEq | Operator::GtEq));
            for (a, b) in pairs.into_iter().rev() {
                let (here, missing) = if strict == Operator::Lt { (&a, &b) } else { (&b, &a) };
                let nulls = here.clone().is_not_null().and(missing.clone().is_null());
                let before = Expr::IsTrue(Box::new(plain(strict, &a, &b))).or(nulls);
                rest = before.or(plain(Operator::IsNotDistinctFrom, &a, &b).and(rest));
            }
            Some(rest)
        }
    };
    Ok(combined.unwrap_or_else(|| lit(matches!(op, Op::Eq | Op::LtEq | Op::GtEq))))
}

/// The operator of records as values, for which equality is `IS NOT DISTINCT FROM`.
fn operator_of(op: &Op) -> Operator {
    match (distinct(op), op) {
        (Some(distinct), _) => distinct,
        (None, Op::Eq) => Operator::IsNotDistinctFrom,
        (None, Op::NotEq) => Operator::IsDistinctFrom,
        (None, op) => operator(op),
    }
}

/// `left op right`, field by field from the left: the first that differs decides.
pub fn compare(
    planner: &dyn ExprPlanner,
    op: &Op,
    left: Vec<Expr>,
    right: Vec<Expr>,
    schema: &DFSchema,
) -> Result<Expr> {
    if left.len() != right.len() {
        return Err(fault("unequal number of entries in row expressions"));
    }
    let one = |op: &Op, left: Expr, right: Expr| -> Result<Expr> {
        match planner.plan_binary_op(RawBinaryExpr { op: op.clone(), left, right }, schema)? {
            PlannerResult::Planned(planned) => Ok(planned),
            PlannerResult::Original(RawBinaryExpr { left, right, .. }) => {
                Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator(op), Box::new(right))))
            }
        }
    };
    let pairs: Vec<(Expr, Expr)> = left.into_iter().zip(right).collect();
    let combined = match op {
        Op::Eq | Op::NotEq | Op::Custom(_) => {
            let each = pairs.into_iter().map(|(a, b)| one(op, a, b)).collect::<Result<Vec<_>>>()?.into_iter();
            let all = matches!(op, Op::Eq) || distinct(op) == Some(Operator::IsNotDistinctFrom);
            if all { each.reduce(Expr::and) } else { each.reduce(Expr::or) }
        }
        _ => {
            let strict = if matches!(op, Op::Lt | Op::LtEq) { Op::Lt } else { Op::Gt };
            let mut rest: Option<Expr> = None;
            for (a, b) in pairs.into_iter().rev() {
                rest = Some(match rest {
                    None => one(op, a, b)?,
                    Some(rest) => {
                        let equal = one(&Op::Eq, a.clone(), b.clone())?;
                        one(&strict, a, b)?.or(equal.and(rest))
                    }
                });
            }
            rest
        }
    };
    combined
        .ok_or_else(|| DataFusionError::External(Box::new(Error::unsupported("cannot compare rows of zero length"))))
}

/// `record IS [NOT] NULL`: whether all fields are, or none is; `None` for what is no record.
pub fn null_test(test: &Expr, tested: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let Ok((_, field)) = tested.to_field(schema) else { return Ok(None) };
    if !matches!(field.data_type(), DataType::Struct(_)) {
        return Ok(None);
    }
    let is_null = matches!(test, Expr::IsNull(_));
    let each = fields_of(tested, schema)?.into_iter().map(Box::new);
    let each = each.map(|field| if is_null { Expr::IsNull(field) } else { Expr::IsNotNull(field) });
    Ok(each.reduce(Expr::and))
}

fn operator(op: &Op) -> Operator {
    match op {
        Op::NotEq => Operator::NotEq,
        Op::Lt => Operator::Lt,
        Op::LtEq => Operator::LtEq,
        Op::Gt => Operator::Gt,
        Op::GtEq => Operator::GtEq,
        _ => Operator::Eq,
    }
}

fn fault(message: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(sqlstate::SYNTAX_ERROR, message)))
}
