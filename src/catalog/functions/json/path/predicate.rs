//! Predicates of a path, in three-valued logic.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::eval::{Evaluation, Fault};
use super::item::Item;
use crate::catalog::functions::regexp::{Flags, Matcher};
use crate::types::json::{Kind, compare_numbers};
use crate::types::jsonpath::{Node, Op, Path};

/// A truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl<'a> Evaluation<'a> {
    /// The value of a predicate for an item.
    pub fn truth(&mut self, path: &'a [Node], item: Item<'a>) -> Result<Truth, Fault> {
        match path {
            [Node::Binary(Op::And, left, right)] => Ok(match self.truth(left, item.clone())? {
                Truth::False => Truth::False,
                left => match self.truth(right, item)? {
                    Truth::True => left,
                    right => right,
                },
            }),
            [Node::Binary(Op::Or, left, right)] => Ok(match self.truth(left, item.clone())? {
                Truth::True => Truth::True,
                left => match self.truth(right, item)? {
                    Truth::False => left,
                    right => right,
                },
            }),
            [Node::Not(inner)] => Ok(match self.truth(inner, item)? {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
            }),
            [Node::IsUnknown(inner)] => Ok((self.truth(inner, item)? == Truth::Unknown).into()),
            [Node::Exists(inner)] => self.exists(inner, item),
            [Node::LikeRegex(inner, pattern, flags)] => {
                let mut matcher = None;
                self.pairs(inner, None, item, |left, _, _| {
                    let Some(text) = left.text() else { return Ok(Truth::Unknown) };
                    if matcher.is_none() {
                        let flags = Flags::parse(&flags.options()).map_err(Fault::Hard)?;
                        matcher = Some(Matcher::new(pattern, flags).map_err(Fault::Hard)?);
                    }
                    match &mut matcher {
                        Some(matcher) => matcher.is_match(text).map(Truth::from).map_err(Fault::Hard),
                        None => Ok(Truth::Unknown),
                    }
                })
            }
            [Node::Binary(Op::StartsWith, left, right)] => {
                self.pairs(left, Some((right, false)), item, |left, right, _| {
                    let texts = left.text().zip(right.and_then(Item::text));
                    Ok(texts.map_or(Truth::Unknown, |(text, start)| text.starts_with(start).into()))
                })
            }
            [Node::Binary(op, left, right)] => {
                let op = *op;
                self.pairs(left, Some((right, true)), item, |left, right, evaluation| match right {
                    Some(right) => evaluation.compare(op, left, right),
                    None => Ok(Truth::Unknown),
                })
            }
            _ => Ok(Truth::Unknown),
        }
    }

    fn exists(&mut self, path: &'a Path, item: Item<'a>) -> Result<Truth, Fault> {
        let mut any = false;
        // Strict mode wants to know of every error.
        let go_on = if self.lax { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let outer = std::mem::replace(&mut self.probing, self.lax);
        let outcome = self.walk(path, item, self.lax, &mut |_| {
            any = true;
            go_on
        });
        self.probing = outer;
        match outcome {
            Ok(_) => Ok(any.into()),
            Err(Fault::Soft(_)) => Ok(Truth::Unknown),
            Err(hard) => Err(hard),
        }
    }

    /// A test of every pair of what both sides find; `right` says whether its arrays are looked into.
    fn pairs(
        &mut self,
        left: &'a Path,
        right: Option<(&'a Path, bool)>,
        item: Item<'a>,
        mut test: impl FnMut(&Item<'a>, Option<&Item<'a>>, &Self) -> Result<Truth, Fault>,
    ) -> Result<Truth, Fault> {
        let lefts = match self.collect_unwrapped(left, item.clone()) {
            Err(Fault::Soft(_)) => return Ok(Truth::Unknown),
            other => other?,
        };
        let rights = match right {
            None => vec![None],
            Some((path, unwrap)) => {
                let found = if unwrap { self.collect_unwrapped(path, item) } else { self.collect(path, item) };
                match found {
                    Err(Fault::Soft(_)) => return Ok(Truth::Unknown),
                    other => other?.into_iter().map(Some).collect(),
                }
            }
        };
        let (mut any, mut unknown) = (false, false);
        for left in &lefts {
            for right in &rights {
                match test(left, right.as_ref(), self)? {
                    Truth::Unknown if !self.lax => return Ok(Truth::Unknown),
                    Truth::Unknown => unknown = true,
                    Truth::True if self.lax => return Ok(Truth::True),
                    Truth::True => any = true,
                    Truth::False => {}
                }
            }
        }
        Ok(match (any, unknown) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            _ => Truth::False,
        })
    }

    fn compare(&self, op: Op, left: &Item<'a>, right: &Item<'a>) -> Result<Truth, Fault> {
        if let (Item::Moment(a), Item::Moment(b)) = (left, right) {
            let order = a.compare(b, self.zone).map_err(Fault::Hard)?;
            return Ok(order.map_or(Truth::Unknown, |order| holds(op, order)));
        }
        let (Some(a), Some(b)) = (left.json(), right.json()) else {
            let null = |item: &Item<'a>| item.json().is_some_and(|json| matches!(json.kind, Kind::Null));
            let either = null(left) || null(right);
            return Ok(if either { (op == Op::NotEqual).into() } else { Truth::Unknown });
        };
        let order = match (&a.kind, &b.kind) {
            (Kind::Null, Kind::Null) => Ordering::Equal,
            (Kind::Null, _) | (_, Kind::Null) => return Ok((op == Op::NotEqual).into()),
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => compare_numbers(a, b),
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            _ => return Ok(Truth::Unknown),
        };
        Ok(holds(op, order))
    }
}

fn holds(op: Op, order: Ordering) -> Truth {
    match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::LessOrEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
    .into()
}
