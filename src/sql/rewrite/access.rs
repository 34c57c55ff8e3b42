//! Parts of values: `arr[1]`, `t.arr[2:3]`, `(row).field`, `(rows[1]).field`, in any order.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Subscript, Value};

use super::forms::function;
use super::names::folded;

/// Makes calls of a chain of subscripts and fields.
pub fn chain(expr: &mut Expr) {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return };
    let known = |access: &AccessExpr| matches!(access, AccessExpr::Subscript(_) | AccessExpr::Dot(Expr::Identifier(_)));
    if !access_chain.iter().all(known) {
        return;
    }
    let mut steps = std::mem::take(access_chain).into_iter().peekable();
    let mut value = qualified(take(root), &mut steps);
    while let Some(step) = steps.next() {
        value = match step {
            AccessExpr::Dot(Expr::Identifier(field)) => {
                let name = Expr::Value(Value::SingleQuotedString(folded(&field)).with_empty_span());
                function("get_field", vec![value, name])
            }
            AccessExpr::Dot(_) => value,
            AccessExpr::Subscript(first) => {
                let mut subscripts = vec![first];
                while let Some(AccessExpr::Subscript(next)) =
                    steps.next_if(|step| matches!(step, AccessExpr::Subscript(_)))
                {
                    subscripts.push(next);
                }
                subscripted(value, subscripts)
            }
        };
    }
    *expr = value;
}

/// A name without parentheses takes the names after it: `t.arr[1]` is a part of the column `t.arr`.
fn qualified(root: Expr, steps: &mut std::iter::Peekable<std::vec::IntoIter<AccessExpr>>) -> Expr {
    let mut parts = match root {
        Expr::Identifier(name) => vec![name],
        Expr::CompoundIdentifier(names) => names,
        other => return other,
    };
    while let Some(AccessExpr::Dot(Expr::Identifier(name))) =
        steps.next_if(|step| matches!(step, AccessExpr::Dot(Expr::Identifier(_))))
    {
        parts.push(name);
    }
    match <[_; 1]>::try_from(parts) {
        Ok([name]) => Expr::Identifier(name),
        Err(parts) => Expr::CompoundIdentifier(parts),
    }
}

/// `value[i][j]` or `value[lower:upper][k]`.
fn subscripted(value: Expr, subscripts: Vec<Subscript>) -> Expr {
    let slices = subscripts.iter().any(|subscript| matches!(subscript, Subscript::Slice { .. }));
    let mut args = vec![value];
    for subscript in subscripts {
        match subscript {
            Subscript::Index { index } if !slices => args.push(index),
            // Beside a slice a lone subscript is the upper bound of one from 1.
            Subscript::Index { index } => args.extend([integer(2), integer(1), index]),
            Subscript::Slice { lower_bound, upper_bound, .. } => {
                let written = i64::from(lower_bound.is_some()) + 2 * i64::from(upper_bound.is_some());
                let bound = |bound: Option<Expr>| bound.unwrap_or_else(|| integer(1));
                args.extend([integer(written), bound(lower_bound), bound(upper_bound)]);
            }
        }
    }
    function(if slices { "array_slice_of" } else { "array_subscript" }, args)
}

fn integer(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).with_empty_span())
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}
