//! LIMIT and OFFSET: any expression becomes a bigint, as PostgreSQL reads it; what must not stand there is refused.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, Query, Value,
};

use super::names::last_part;
use crate::error::{Error, Result};
use crate::sql::fetch::WITH_TIES;
use crate::sqlstate;

/// Types a query's LIMIT and OFFSET.
pub fn settle(query: &mut Query) -> Result<()> {
    let ordered = query.order_by.is_some();
    let (limit, offset) = match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit.as_mut(), offset.as_mut().map(|o| &mut o.value)),
        Some(LimitClause::OffsetCommaLimit { .. }) => {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "LIMIT #,# syntax is not supported")
                .hint("Use separate LIMIT and OFFSET clauses."));
        }
        None => return Ok(()),
    };
    if let Some(limit) = limit {
        match ties_count(limit) {
            Some(_) if !ordered => {
                let message = "WITH TIES cannot be specified without ORDER BY clause";
                return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
            }
            Some(count) => typed(count, "FETCH FIRST")?,
            None => typed(limit, "LIMIT")?,
        }
    }
    offset.map_or(Ok(()), |offset| typed(offset, "OFFSET"))
}

/// The count inside the marker of WITH TIES.
fn ties_count(limit: &mut Expr) -> Option<&mut Expr> {
    let Expr::Function(function) = limit else { return None };
    if last_part(&function.name) != WITH_TIES {
        return None;
    }
    let FunctionArguments::List(list) = &mut function.args else { return None };
    match list.args.first_mut() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => Some(expr),
        _ => None,
    }
}

fn typed(expr: &mut Expr, clause: &str) -> Result<()> {
    let mut inner: &Expr = expr;
    while let Expr::Nested(nested) = inner {
        inner = nested;
    }
    if let Expr::Value(value) = inner {
        match &value.value {
            Value::Null if clause == "FETCH FIRST" => {
                let message = "row count cannot be null in FETCH FIRST ... WITH TIES clause";
                return Err(Error::new(sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, message));
            }
            Value::Null | Value::Placeholder(_) => return Ok(()),
            Value::Number(digits, _) if digits.parse::<i64>().is_ok() => return Ok(()),
            Value::Boolean(_) => {
                let message = format!("argument of {clause} must be type bigint, not type boolean");
                return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
            }
            _ => {}
        }
    }
    let value = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
    *expr = Expr::Cast {
        kind: CastKind::Cast,
        // In parentheses, so that it is not taken for the type of a number.
        expr: Box::new(Expr::Nested(Box::new(value))),
        data_type: DataType::Int8(None),
        format: None,
        array: false,
    };
    Ok(())
}
