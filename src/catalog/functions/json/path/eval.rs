//! Walks a path over a document: accessors, filters, arithmetic.
//!
//! Items are found depth first, each handed on before the next is looked for, so that a search for the first one stops
//! there and errors come in PostgreSQL's order.

use std::ops::ControlFlow;

use super::item::Item;
use super::predicate::Truth;
use crate::catalog::functions::datetime::ZoneSpec;
use crate::catalog::functions::numeric::Dec;
use crate::error::Error;
use crate::sqlstate::{self, SqlState};
use crate::types::json::{Json, Kind};
use crate::types::jsonpath::{JsonPath, LAST_LEVEL, Node, Op, Path};

/// Why an evaluation ended early.
pub(super) enum Fault {
    /// An error that a predicate turns into `unknown`, and a silent search into nothing.
    Soft(Error),
    /// An error in any case.
    Hard(Error),
}

/// Whether more items are wanted.
pub(super) type Step = Result<ControlFlow<()>, Fault>;
/// Takes an item that was found.
pub(super) type Found<'f, 'a> = dyn FnMut(Item<'a>) -> ControlFlow<()> + 'f;

/// The state of one evaluation.
pub(super) struct Evaluation<'a> {
    pub root: &'a Json<'a>,
    pub variables: Option<&'a Json<'a>>,
    /// The session's zone where it may be used.
    pub zone: Option<&'a ZoneSpec>,
    pub lax: bool,
    /// Whether what a path asks for may be missing.
    pub ignore_structure: bool,
    pub current: Item<'a>,
    /// The length of the innermost array subscripted.
    pub length: i64,
    /// Objects made so far.
    pub made: i64,
    /// Whether it is only asked if there is anything.
    pub probing: bool,
}

impl<'a> Evaluation<'a> {
    pub fn new(
        path: &JsonPath,
        root: &'a Json<'a>,
        variables: Option<&'a Json<'a>>,
        zone: Option<&'a ZoneSpec>,
    ) -> Self {
        let lax = !path.strict;
        let (ignore_structure, current) = (lax, Item::Part(root));
        Self { root, variables, zone, lax, ignore_structure, current, length: -1, made: 0, probing: false }
    }

    /// Everything a path finds.
    pub fn collect(&mut self, path: &'a [Node], item: Item<'a>) -> Result<Vec<Item<'a>>, Fault> {
        let mut items = Vec::new();
        let outer = std::mem::replace(&mut self.probing, false);
        let step = self.walk(path, item, self.lax, &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        });
        self.probing = outer;
        step.map(|_| items)
    }

    /// Everything a path finds, in lax mode the elements of arrays in their place.
    pub fn collect_unwrapped(&mut self, path: &'a [Node], item: Item<'a>) -> Result<Vec<Item<'a>>, Fault> {
        let items = self.collect(path, item)?;
        if !self.lax {
            return Ok(items);
        }
        Ok(items.into_iter().flat_map(|item| if item.is_array() { item.children() } else { vec![item] }).collect())
    }

    /// Applies a path's steps to an item; `unwrap` lets the first one look into an array.
    pub fn walk(&mut self, path: &'a [Node], item: Item<'a>, unwrap: bool, found: &mut Found<'_, 'a>) -> Step {
        let Some((node, rest)) = path.split_first() else { return Ok(found(item)) };
        match node {
            Node::Root => self.walk(rest, Item::Part(self.root), self.lax, found),
            Node::Current => self.walk(rest, self.current.clone(), self.lax, found),
            Node::Key(key) => self.member(path, key, item, unwrap, found),
            Node::AnyKey if item.is_object() => self.each(rest, item.children(), self.lax, found),
            Node::AnyKey if unwrap && item.is_array() => self.each(path, item.children(), false, found),
            Node::AnyKey => self.missing(
                sqlstate::JSON_OBJECT_NOT_FOUND,
                "jsonpath wildcard member accessor can only be applied to an object",
            ),
            Node::AnyArray if item.is_array() => self.each(rest, item.children(), self.lax, found),
            Node::AnyArray if self.lax => self.walk(rest, item, true, found),
            Node::AnyArray => self.missing(
                sqlstate::JSON_ARRAY_NOT_FOUND,
                "jsonpath wildcard array accessor can only be applied to an array",
            ),
            Node::Index(subscripts) => self.subscripts(subscripts, rest, item, found),
            Node::Any(first, last) => self.any_level(rest, item, (*first, *last), found),
            Node::Filter(_) if unwrap && item.is_array() => self.each(path, item.children(), false, found),
            Node::Filter(predicate) => {
                let outer = std::mem::replace(&mut self.current, item.clone());
                let truth = self.truth(predicate, item.clone());
                self.current = outer;
                match truth? {
                    Truth::True => self.walk(rest, item, self.lax, found),
                    _ => Ok(ControlFlow::Continue(())),
                }
            }
            Node::Binary(op, left, right) if !op.is_predicate() => {
                let value = self.arithmetic(*op, left, right, item)?;
                self.walk(rest, value, self.lax, found)
            }
            Node::Plus(inner) | Node::Minus(inner) => self.sign(node, inner, rest, item, found),
            Node::Method(..) | Node::Datetime(..) | Node::Decimal(..) | Node::Moment(..) => {
                self.method(path, item, unwrap, found)
            }
            Node::Binary(..) | Node::Not(_) | Node::IsUnknown(_) | Node::Exists(_) | Node::LikeRegex(..) => {
                let value = match self.truth(std::slice::from_ref(node), item)? {
                    Truth::Unknown => Kind::Null,
                    truth => Kind::Bool(truth == Truth::True),
                };
                self.walk(rest, Item::made(value), self.lax, found)
            }
            Node::Null | Node::String(_) | Node::Number(_) | Node::Bool(_) | Node::Last | Node::Variable(_) => {
                let value = self.scalar(node)?;
                self.walk(rest, value, self.lax, found)
            }
        }
    }

    /// Applies steps to several items.
    pub fn each(&mut self, path: &'a [Node], items: Vec<Item<'a>>, unwrap: bool, found: &mut Found<'_, 'a>) -> Step {
        for item in items {
            if self.walk(path, item, unwrap, found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Nothing, or in strict mode an error.
    fn missing(&self, state: SqlState, message: impl Into<String>) -> Step {
        if self.ignore_structure { Ok(ControlFlow::Continue(())) } else { Err(soft(state, message)) }
    }

    fn scalar(&self, node: &'a Node) -> Result<Item<'a>, Fault> {
        Ok(match node {
            Node::String(text) => Item::string(text.as_str()),
            Node::Number(text) => Item::number(text.as_str()),
            Node::Bool(value) => Item::made(Kind::Bool(*value)),
            Node::Last => Item::number((self.length - 1).to_string()),
            Node::Variable(name) => self.variable(name)?,
            _ => Item::made(Kind::Null),
        })
    }

    fn variable(&self, name: &str) -> Result<Item<'a>, Fault> {
        match self.variables.and_then(|variables| variables.member(name)) {
            Some(value) => Ok(Item::Part(value)),
            None => {
                let message = format!("could not find jsonpath variable \"{name}\"");
                Err(Fault::Hard(Error::new(sqlstate::UNDEFINED_OBJECT, message)))
            }
        }
    }

    fn member(&mut self, path: &'a [Node], key: &str, item: Item<'a>, unwrap: bool, found: &mut Found<'_, 'a>) -> Step {
        if item.is_object() {
            return match item.member(key) {
                Some(value) => self.walk(&path[1..], value, self.lax, found),
                None => {
                    self.missing(sqlstate::JSON_MEMBER_NOT_FOUND, format!("JSON object does not contain key \"{key}\""))
                }
            };
        }
        if unwrap && item.is_array() {
            return self.each(path, item.children(), false, found);
        }
        self.missing(sqlstate::JSON_MEMBER_NOT_FOUND, "jsonpath member accessor can only be applied to an object")
    }

    fn subscripts(
        &mut self,
        subscripts: &'a [(Path, Option<Path>)],
        rest: &'a [Node],
        item: Item<'a>,
        found: &mut Found<'_, 'a>,
    ) -> Step {
        if !item.is_array() && !self.lax {
            let message = "jsonpath array accessor can only be applied to an array";
            return self.missing(sqlstate::JSON_ARRAY_NOT_FOUND, message);
        }
        let elements = if item.is_array() { item.children() } else { vec![item.clone()] };
        let size = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        for (from, to) in subscripts {
            let outer = std::mem::replace(&mut self.length, size);
            let bounds = self.bounds(from, to.as_ref(), &item);
            self.length = outer;
            let (low, high) = bounds?;
            if !self.ignore_structure && (low < 0 || low > high || high >= size) {
                let message = "jsonpath array subscript is out of bounds";
                return Err(soft(sqlstate::INVALID_JSON_SUBSCRIPT, message));
            }
            for at in low.max(0)..=high.min(size - 1) {
                let Some(element) = usize::try_from(at).ok().and_then(|at| elements.get(at)) else { break };
                // The innermost array stays this one for what is inside of its elements' filters.
                let outer = std::mem::replace(&mut self.length, size);
                let step = self.walk(rest, element.clone(), self.lax, found);
                self.length = outer;
                if step?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn bounds(&mut self, from: &'a Path, to: Option<&'a Path>, item: &Item<'a>) -> Result<(i64, i64), Fault> {
        let low = self.index(from, item)?;
        Ok((low, to.map_or(Ok(low), |to| self.index(to, item))?))
    }

    fn index(&mut self, path: &'a Path, item: &Item<'a>) -> Result<i64, Fault> {
        let items = self.collect(path, item.clone())?;
        let number = match items.as_slice() {
            [one] => one.digits().and_then(Dec::parse),
            _ => None,
        };
        let Some(number) = number else {
            let message = "jsonpath array subscript is not a single numeric value";
            return Err(soft(sqlstate::INVALID_JSON_SUBSCRIPT, message));
        };
        number
            .truncate(0)
            .to_i64()
            .filter(|n| i32::try_from(*n).is_ok())
            .ok_or_else(|| soft(sqlstate::INVALID_JSON_SUBSCRIPT, "jsonpath array subscript is out of integer range"))
    }

    fn any_level(&mut self, rest: &'a [Node], item: Item<'a>, levels: (u32, u32), found: &mut Found<'_, 'a>) -> Step {
        if levels.0 == 0 && self.leniently(rest, item.clone(), found)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.descend(rest, &item, 1, levels, found)
    }

    /// Applies steps to whatever has the structure for them.
    fn leniently(&mut self, rest: &'a [Node], item: Item<'a>, found: &mut Found<'_, 'a>) -> Step {
        let outer = std::mem::replace(&mut self.ignore_structure, true);
        let step = self.walk(rest, item, self.lax, found);
        self.ignore_structure = outer;
        step
    }

    fn descend(
        &mut self,
        rest: &'a [Node],
        item: &Item<'a>,
        level: u32,
        levels: (u32, u32),
        found: &mut Found<'_, 'a>,
    ) -> Step {
        let (first, last) = levels;
        if level > last {
            return Ok(ControlFlow::Continue(()));
        }
        for child in item.children() {
            let is_container = child.is_array() || child.is_object();
            let is_wanted = level >= first || (first == LAST_LEVEL && last == LAST_LEVEL && !is_container);
            if is_wanted && self.leniently(rest, child.clone(), found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if level < last && is_container && self.descend(rest, &child, level + 1, levels, found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn arithmetic(&mut self, op: Op, left: &'a Path, right: &'a Path, item: Item<'a>) -> Result<Item<'a>, Fault> {
        let left = self.collect_unwrapped(left, item.clone())?;
        let right = self.collect_unwrapped(right, item)?;
        let operand = |items: &[Item<'a>], side: &str| {
            let number = match items {
                [one] => one.digits().and_then(Dec::parse),
                _ => None,
            };
            number.ok_or_else(|| {
                let message =
                    format!("{side} operand of jsonpath operator {} is not a single numeric value", op.symbol());
                soft(sqlstate::SINGLETON_JSON_ITEM_REQUIRED, message)
            })
        };
        let (a, b) = (operand(&left, "left")?, operand(&right, "right")?);
        let value = match op {
            Op::Add => Ok(a.add(&b)),
            Op::Sub => Ok(a.sub(&b)),
            Op::Mul => Ok(a.mul(&b)),
            Op::Div => a.div(&b),
            _ => a.rem(&b),
        };
        value.map(|value| Item::number(value.to_string())).map_err(Fault::Soft)
    }

    fn sign(
        &mut self,
        node: &Node,
        inner: &'a Path,
        rest: &'a [Node],
        item: Item<'a>,
        found: &mut Found<'_, 'a>,
    ) -> Step {
        let negative = matches!(node, Node::Minus(_));
        for operand in self.collect_unwrapped(inner, item)? {
            let Some(number) = operand.digits().and_then(Dec::parse) else {
                // PostgreSQL passes over the others where any one will do.
                if self.probing && rest.is_empty() {
                    continue;
                }
                let symbol = if negative { '-' } else { '+' };
                let message = format!("operand of unary jsonpath operator {symbol} is not a numeric value");
                return Err(soft(sqlstate::JSON_NUMBER_NOT_FOUND, message));
            };
            let number = if negative { number.negate() } else { number };
            if self.walk(rest, Item::number(number.to_string()), self.lax, found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// An error that a predicate may absorb.
pub(super) fn soft(state: SqlState, message: impl Into<String>) -> Fault {
    Fault::Soft(Error::new(state, message.into()))
}
