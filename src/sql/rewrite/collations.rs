//! COLLATE: two collations that are written for one operation contradict each other.
//!
//! All collations sort by bytes here, so that nothing else is left of them.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Visit, Visitor};

use super::names::last_part;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Checks the collations written in a tree.
pub fn check(tree: &impl Visit) -> Result<()> {
    if !mentions(tree) {
        return Ok(());
    }
    match tree.visit(&mut Checker) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn mentions(tree: &impl Visit) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if matches!(expr, Expr::Collate { .. }) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    tree.visit(&mut Finder).is_break()
}

struct Checker;

impl Visitor for Checker {
    type Break = Error;

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        match written(expr) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// The collation that is written for a value.
fn written(expr: &Expr) -> Result<Option<String>> {
    Ok(match expr {
        Expr::Collate { collation, .. } => Some(last_part(collation)),
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => written(inner)?,
        Expr::BinaryOp { left, right, op } => {
            let both = common(&[left, right])?;
            let is_text = matches!(op, datafusion::sql::sqlparser::ast::BinaryOperator::StringConcat);
            both.filter(|_| is_text)
        }
        Expr::InList { expr: inner, list, .. } => {
            let all: Vec<&Expr> = std::iter::once(inner.as_ref()).chain(list).collect();
            common(&all)?;
            None
        }
        Expr::Between { expr: inner, low, high, .. } => {
            common(&[inner, low])?;
            common(&[inner, high])?;
            None
        }
        Expr::Like { expr: inner, pattern, .. } | Expr::ILike { expr: inner, pattern, .. } => {
            common(&[inner, pattern])?;
            None
        }
        Expr::Case { conditions, else_result, .. } => {
            let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
            common(&results.collect::<Vec<_>>())?
        }
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => {
                let args = list.args.iter().filter_map(|arg| match arg {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                    _ => None,
                });
                common(&args.collect::<Vec<_>>())?
            }
            _ => None,
        },
        _ => None,
    })
}

/// The one collation written for several values.
fn common(values: &[&Expr]) -> Result<Option<String>> {
    let mut found: Option<String> = None;
    for value in values {
        let Some(one) = written(value)? else { continue };
        match &found {
            Some(first) if *first != one => {
                let message = format!("collation mismatch between explicit collations \"{first}\" and \"{one}\"");
                return Err(Error::new(sqlstate::COLLATION_MISMATCH, message));
            }
            _ => found = Some(one),
        }
    }
    Ok(found)
}
