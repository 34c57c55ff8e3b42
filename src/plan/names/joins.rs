//! Scopes put together: side by side, or with the columns of USING and NATURAL merged.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, ObjectName};

use super::scope::{Merged, Relation, Scope, StarColumn};
use crate::error::{Error, Result};
use crate::sql::join_alias::JOIN_ALIAS;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::{display_name, last_part};
use crate::sqlstate;

/// Which side of a join a merged column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Either, both being equal.
    Inner,
    /// The left one, where the right may be missing.
    Left,
    /// The right one.
    Right,
    /// The one that is there.
    Full,
}

/// A join's constraint, and where its merged columns come from.
#[must_use]
pub fn parts(operator: &JoinOperator) -> (Option<&JoinConstraint>, Kind) {
    match operator {
        JoinOperator::Join(c) | JoinOperator::Inner(c) => (Some(c), Kind::Inner),
        JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (Some(c), Kind::Left),
        JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (Some(c), Kind::Right),
        JoinOperator::FullOuter(c) => (Some(c), Kind::Full),
        _ => (None, Kind::Left),
    }
}

/// The scope of one relation.
#[must_use]
pub fn single(relation: Relation) -> Scope {
    let star = relation.columns.as_ref().map(|columns| {
        let column = |name: &String| StarColumn { value: relation.column(name), name: name.clone() };
        columns.iter().map(column).collect()
    });
    Scope { relations: vec![relation], star, ..Scope::default() }
}

/// Puts a scope to the right of another.
pub fn append(left: &mut Scope, right: Scope) {
    left.relations.extend(right.relations);
    left.hidden.extend(right.hidden);
    left.aliases.extend(right.aliases);
    left.merged.extend(right.merged);
    left.star = match (left.star.take(), right.star) {
        (Some(mut all), Some(right)) => {
            all.extend(right);
            Some(all)
        }
        _ => None,
    };
}

/// The names that both sides have, in the left one's order; `None` when a side is not known.
#[must_use]
pub fn shared(left: &Scope, right: &Scope) -> Option<Vec<String>> {
    let (left, right) = (left.star.as_ref()?, right.star.as_ref()?);
    let has = |name: &str| right.iter().any(|c| display_name(&c.name) == name);
    Some(left.iter().map(|c| display_name(&c.name).to_owned()).filter(|name| has(name)).collect())
}

/// The value that a bare name has in a scope; `None` when it is not one column.
#[must_use]
pub fn value(scope: &Scope, name: &str) -> Option<Expr> {
    if let Some(merged) = scope.merged(name) {
        return Some(merged.value.clone());
    }
    let star = scope.star.as_ref()?;
    let mut found = star.iter().filter(|c| display_name(&c.name) == name);
    let first = found.next()?;
    found.next().is_none().then(|| first.value.clone())
}

/// The condition of a join with merged columns.
#[must_use]
pub fn condition(left: &Scope, right: &Scope, names: &[String]) -> Option<Expr> {
    let equal = |name: &String| {
        let (left, right) = (value(left, name)?, value(right, name)?);
        Some(Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Eq, right: Box::new(right) })
    };
    let all: Option<Vec<Expr>> = names.iter().map(equal).collect();
    all?.into_iter().reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

/// The columns of USING.
#[must_use]
pub fn columns_of(names: &[ObjectName]) -> Vec<String> {
    names.iter().map(last_part).filter(|name| !name.starts_with(JOIN_ALIAS)).collect()
}

/// The alias that USING gives to its columns.
#[must_use]
pub fn alias_of(constraint: &JoinConstraint) -> Option<String> {
    let JoinConstraint::Using(names) = constraint else { return None };
    names.iter().find_map(|name| last_part(name).strip_prefix(JOIN_ALIAS).map(str::to_owned))
}

/// Marks the merged column of an outer join: its first operand, in the type of both.
pub const MERGED: &str = "\u{1}merged";
/// Marks that of an inner join: its second operand where only that one has the type of both.
pub const MERGED_EITHER: &str = "\u{1}merged of equals";

/// Whether an operator is the mark of a merged column.
#[must_use]
pub fn is_merging(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Custom(name) if name == MERGED || name == MERGED_EITHER)
}

fn merging(value: Expr, mark: &str, other: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(value), op: BinaryOperator::Custom(mark.to_owned()), right: Box::new(other) }
}

/// Puts a scope to the right of another with the columns `names` of both as one.
pub fn merge(left: &mut Scope, right: Scope, names: &[String], kind: Kind) {
    let mut merged = Vec::new();
    let mut star = Some(Vec::new());
    for name in names {
        let (Some(a), Some(b)) = (value(left, name), value(&right, name)) else {
            star = None;
            continue;
        };
        let value = match kind {
            Kind::Inner => merging(a, MERGED_EITHER, b),
            Kind::Left => merging(a, MERGED, b),
            Kind::Right => merging(b, MERGED, a),
            Kind::Full => function("coalesce", vec![a, b]),
        };
        if let Some(star) = &mut star {
            star.push(StarColumn { value: value.clone(), name: name.clone() });
        }
        merged.push(Merged { name: name.clone(), value });
    }
    let rest = |c: &StarColumn| !names.iter().any(|n| n == display_name(&c.name));
    left.star = match (star, left.star.take(), right.star) {
        (Some(mut star), Some(a), Some(b)) => {
            star.extend(a.into_iter().filter(&rest));
            star.extend(b.into_iter().filter(&rest));
            Some(star)
        }
        _ => None,
    };
    left.relations.extend(right.relations);
    left.hidden.extend(right.hidden);
    left.aliases.extend(right.aliases);
    left.merged.retain(|m| !names.contains(&m.name));
    left.merged.extend(right.merged.into_iter().filter(|m| !names.contains(&m.name)));
    left.merged.extend(merged);
}

/// Whether USING names one column of either side each.
pub fn mergeable(left: &Scope, right: &Scope, names: &[String]) -> Result<()> {
    for (side, scope) in [("left", left), ("right", right)] {
        let Some(star) = &scope.star else { continue };
        for name in names {
            match star.iter().filter(|c| display_name(&c.name) == name).count() {
                1 => {}
                0 => {
                    let message = format!("column \"{name}\" specified in USING clause does not exist in {side} table");
                    return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
                }
                _ => {
                    let message = format!("common column name \"{name}\" appears more than once in {side} table");
                    return Err(Error::new(sqlstate::AMBIGUOUS_COLUMN, message));
                }
            }
        }
    }
    Ok(())
}

/// Gives a join a condition in place of its USING or NATURAL.
pub fn set_condition(join: &mut Join, condition: Expr) {
    match &mut join.join_operator {
        JoinOperator::Join(c)
        | JoinOperator::Inner(c)
        | JoinOperator::Left(c)
        | JoinOperator::LeftOuter(c)
        | JoinOperator::Right(c)
        | JoinOperator::RightOuter(c)
        | JoinOperator::FullOuter(c) => *c = JoinConstraint::On(condition),
        _ => {}
    }
}
