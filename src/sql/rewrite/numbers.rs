//! Integer literals with PostgreSQL's types: `1` is int4, `3000000000` int8, anything longer numeric.
//!
//! The planner would make every integer an int8. A literal in an expression becomes a cast of itself; where the grammar
//! means a plain number (ORDER BY and GROUP BY positions, LIMIT, frame bounds) the cast is taken off again.

use super::names::last_part;
use datafusion::sql::sqlparser::ast::{
    self, CastKind, DataType, ExactNumberInfo, Expr, FunctionArguments, GroupByExpr, LimitClause, OrderByKind,
    UnaryOperator, Value, WindowFrameBound, WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// Gives a number its type.
pub fn type_integer(expr: &mut Expr) {
    let Some((digits, span)) = constant(expr) else { return };
    let data_type = if digits.parse::<i32>().is_ok() {
        DataType::Int4(None)
    } else if digits.parse::<i64>().is_ok() {
        DataType::Int8(None)
    } else if is_short(&digits) {
        return;
    } else {
        // Read as PostgreSQL reads the text of a numeric: any digits, exponents.
        *expr = typed(Value::SingleQuotedString(digits), DataType::Numeric(ExactNumberInfo::None), span);
        return;
    };
    *expr = typed(Value::Number(digits.trim_start_matches('-').to_owned(), false), data_type, span);
    if let (Some(_), Expr::Cast { expr: number, .. }) = (digits.strip_prefix('-'), expr) {
        let positive = std::mem::replace(number, Box::new(placeholder()));
        **number = Expr::UnaryOp { op: UnaryOperator::Minus, expr: positive };
    }
}

/// The number that an expression is, minus signs and parentheses before it taken in as the grammar takes them.
fn constant(expr: &Expr) -> Option<(String, Span)> {
    let mut negative = false;
    let mut inner = expr;
    loop {
        match inner {
            Expr::Value(value) => {
                let Value::Number(digits, _) = &value.value else { return None };
                let digits = if negative { format!("-{digits}") } else { digits.clone() };
                return Some((digits, value.span));
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => (negative, inner) = (!negative, expr),
            Expr::Nested(expr) | Expr::UnaryOp { op: UnaryOperator::Plus, expr } => inner = expr,
            _ => return None,
        }
    }
}

fn typed(value: Value, data_type: DataType, span: Span) -> Expr {
    let number = Expr::Value(value.with_span(span));
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(number), data_type, format: None, array: false }
}

/// Whether a number with a point is one that the planner reads as it stands.
fn is_short(digits: &str) -> bool {
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    digits.contains('.') && count <= 18 && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}

/// Whether `expr` is a number that [`type_integer`] has dealt with (its operand must not be typed again).
#[must_use]
pub fn is_typed(expr: &Expr) -> bool {
    let Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, .. } = expr else { return false };
    let number = match inner.as_ref() {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => expr.as_ref(),
        other => other,
    };
    let ours = matches!(data_type, DataType::Int4(None) | DataType::Int8(None) | DataType::Numeric(_));
    ours && matches!(number, Expr::Value(v) if matches!(v.value, Value::Number(..)))
}

/// Takes the casts off where a query's own clauses mean plain numbers.
pub fn plain_in_query(query: &mut ast::Query) {
    if let Some(order_by) = &mut query.order_by
        && let OrderByKind::Expressions(items) = &mut order_by.kind
    {
        items.iter_mut().for_each(|item| plain(&mut item.expr));
    }
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            if let Some(limit) = limit {
                plain(limit);
            }
            if let Some(offset) = offset {
                plain(&mut offset.value);
            }
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
            plain(offset);
            plain(limit);
        }
        None => {}
    }
    if let Some(quantity) = query.fetch.as_mut().and_then(|f| f.quantity.as_mut()) {
        plain(quantity);
    }
}

/// Takes the casts off GROUP BY positions and named windows' frames.
pub fn plain_in_select(select: &mut ast::Select) {
    if let GroupByExpr::Expressions(items, _) = &mut select.group_by {
        items.iter_mut().for_each(plain);
    }
    if let Some(ast::Distinct::On(items)) = &mut select.distinct {
        items.iter_mut().for_each(plain);
    }
    for window in &mut select.named_window {
        if let ast::NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
            plain_frame(spec);
        }
    }
}

/// Takes the casts off a window function's frame, and off what COUNT is given: its type changes no count, and the engine
/// has one name for `count(1)` and `count(*)`.
pub fn plain_in_function(function: &mut ast::Function) {
    let counts = last_part(&function.name) == "count";
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
        plain_frame(spec);
    }
    if let FunctionArguments::List(list) = &mut function.args {
        if counts && let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(counted))] = list.args.as_mut_slice() {
            plain(counted);
        }
        for clause in &mut list.clauses {
            if let ast::FunctionArgumentClause::OrderBy(items) = clause {
                items.iter_mut().for_each(|item| plain(&mut item.expr));
            }
        }
    }
}

fn plain_frame(spec: &mut WindowSpec) {
    let Some(frame) = &mut spec.window_frame else { return };
    for bound in std::iter::once(&mut frame.start_bound).chain(frame.end_bound.as_mut()) {
        if let WindowFrameBound::Preceding(Some(n)) | WindowFrameBound::Following(Some(n)) = bound {
            plain(n);
        }
    }
}

fn plain(expr: &mut Expr) {
    if is_typed(expr)
        && let Expr::Cast { expr: inner, .. } = expr
    {
        *expr = std::mem::replace(inner.as_mut(), placeholder());
    }
}

fn placeholder() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}
