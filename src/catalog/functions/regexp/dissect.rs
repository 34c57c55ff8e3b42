//! Takes a match apart as PostgreSQL does: which text each group has, and whether back references hold.

use std::collections::HashMap;
use std::sync::Arc;

use super::automaton::{Automaton, Subject};
use super::matcher::Span;
use super::tree::{Node, Op, Part, has_back};
use crate::error::Result;

/// A pattern ready to be taken apart.
pub(super) struct Dissector {
    root: Compiled,
    /// Groups and the whole.
    slots: usize,
    /// Whether the whole prefers the shortest match.
    shortest: bool,
    has_back: bool,
    ignore_case: bool,
}

/// A part with its automaton, numbered.
struct Compiled {
    number: usize,
    automaton: Automaton,
    shortest: bool,
    op: Step,
}

enum Step {
    Plain,
    Group(usize, Box<Compiled>),
    Back(usize),
    Concat(Box<Compiled>, Box<Compiled>),
    Alternate(Vec<Compiled>),
    Repeat { inner: Box<Compiled>, min: usize, max: usize },
}

/// One search in a text.
struct Search<'d, 't> {
    dissector: &'d Dissector,
    subject: Subject<'t>,
    limit: usize,
    /// Where a part may end, by its number and start.
    ends: HashMap<(usize, usize), Arc<[usize]>>,
    groups: Vec<Option<Span>>,
}

impl Dissector {
    pub fn new(node: &Node, groups: usize, ignore_case: bool) -> Result<Self> {
        let part = Part::of(node);
        let shortest = part.prefers == Some(false);
        let mut count = 0;
        let root = compile(part, &mut count)?;
        Ok(Self { root, slots: groups + 1, shortest, has_back: has_back(node), ignore_case })
    }

    /// The groups of a match whose span is known.
    pub fn groups(&self, text: &str, span: Span) -> Result<Option<Vec<Option<Span>>>> {
        let mut search = self.search(text, span.1);
        let fits = search.dissect(&self.root, span.0, span.1)?;
        search.groups[0] = Some(span);
        Ok(fits.then_some(search.groups))
    }

    /// The first match at or after a byte offset with its groups.
    pub fn find(&self, text: &str, from: usize) -> Result<Option<Vec<Option<Span>>>> {
        let mut search = self.search(text, text.len());
        for start in (from..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let ends = search.ends_of(&self.root, start)?;
            let count = ends.len();
            for i in 0..count {
                let end = ends[if self.shortest { i } else { count - 1 - i }];
                search.groups.fill(None);
                if search.dissect(&self.root, start, end)? {
                    search.groups[0] = Some((start, end));
                    return Ok(Some(search.groups));
                }
                if !self.has_back {
                    break;
                }
            }
        }
        Ok(None)
    }

    fn search<'t>(&self, text: &'t str, limit: usize) -> Search<'_, 't> {
        let subject = Subject { text, steps: 0 };
        Search { dissector: self, subject, limit, ends: HashMap::new(), groups: vec![None; self.slots] }
    }
}

fn compile(part: Part, count: &mut usize) -> Result<Compiled> {
    let number = *count;
    *count += 1;
    let automaton = Automaton::of(&part.node)?;
    let mut boxed = |part: Box<Part>| compile(*part, count).map(Box::new);
    let op = match part.op {
        Op::Plain => Step::Plain,
        Op::Group(group, inner) => Step::Group(group, boxed(inner)?),
        Op::Back(group) => Step::Back(group),
        Op::Concat(left, right) => Step::Concat(boxed(left)?, boxed(right)?),
        Op::Alternate(_) if !part.captures => Step::Plain,
        Op::Alternate(parts) => {
            Step::Alternate(parts.into_iter().map(|part| compile(part, count)).collect::<Result<_>>()?)
        }
        Op::Repeat { inner, min, max } => Step::Repeat {
            inner: boxed(inner)?,
            min: usize::try_from(min).unwrap_or(usize::MAX),
            max: max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX)),
        },
    };
    Ok(Compiled { number, automaton, shortest: part.prefers == Some(false), op })
}

impl Compiled {
    /// Empties the groups of a part.
    fn forget(&self, groups: &mut [Option<Span>]) {
        match &self.op {
            Step::Plain | Step::Back(_) => {}
            Step::Group(group, inner) => {
                groups[*group] = None;
                inner.forget(groups);
            }
            Step::Concat(left, right) => {
                left.forget(groups);
                right.forget(groups);
            }
            Step::Alternate(parts) => parts.iter().for_each(|part| part.forget(groups)),
            Step::Repeat { inner, .. } => inner.forget(groups),
        }
    }
}

impl Search<'_, '_> {
    fn ends_of(&mut self, part: &Compiled, start: usize) -> Result<Arc<[usize]>> {
        if let Some(known) = self.ends.get(&(part.number, start)) {
            return Ok(Arc::clone(known));
        }
        let ends: Arc<[usize]> = part.automaton.ends(&mut self.subject, start, self.limit)?.into();
        self.ends.insert((part.number, start), Arc::clone(&ends));
        Ok(ends)
    }

    fn fits(&mut self, part: &Compiled, start: usize, end: usize) -> Result<bool> {
        Ok(self.ends_of(part, start)?.binary_search(&end).is_ok())
    }

    /// Gives the groups of a part that is known to match from `start` to `end` as far as its automaton can tell.
    fn dissect(&mut self, part: &Compiled, start: usize, end: usize) -> Result<bool> {
        self.subject.spend(1)?;
        match &part.op {
            Step::Plain => Ok(true),
            Step::Group(group, inner) => {
                let fits = self.dissect(inner, start, end)?;
                if fits {
                    self.groups[*group] = Some((start, end));
                }
                Ok(fits)
            }
            Step::Back(group) => Ok(self.repeats(*group, start, end)),
            Step::Concat(left, right) => self.concat(left, right, start, end),
            Step::Alternate(parts) => {
                for part in parts {
                    if self.fits(part, start, end)? && self.attempt(part, start, end)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Step::Repeat { inner, min, max } => {
                if start == end && *min == 0 {
                    // Nothing is one empty repetition where there can be one.
                    if self.fits(inner, start, end)? {
                        self.attempt(inner, start, end)?;
                    }
                    return Ok(true);
                }
                self.repeat(inner, (*min, *max), part.shortest, (start, end), 1)
            }
        }
    }

    /// Takes a part apart; what it noted is undone when it does not fit.
    fn attempt(&mut self, part: &Compiled, start: usize, end: usize) -> Result<bool> {
        let before = self.groups.clone();
        let fits = self.dissect(part, start, end)?;
        if !fits {
            self.groups = before;
        }
        Ok(fits)
    }

    fn concat(&mut self, left: &Compiled, right: &Compiled, start: usize, end: usize) -> Result<bool> {
        let ends = self.ends_of(left, start)?;
        let count = ends.partition_point(|at| *at <= end);
        for i in 0..count {
            let middle = ends[if left.shortest { i } else { count - 1 - i }];
            if !self.fits(right, middle, end)? {
                continue;
            }
            let before = self.groups.clone();
            if self.dissect(left, start, middle)? && self.dissect(right, middle, end)? {
                return Ok(true);
            }
            self.groups = before;
        }
        Ok(false)
    }

    /// The `k`th repetition and those after it.
    fn repeat(
        &mut self,
        inner: &Compiled,
        (min, max): (usize, usize),
        shortest: bool,
        (start, end): Span,
        k: usize,
    ) -> Result<bool> {
        if k > max {
            return Ok(false);
        }
        let ends = self.ends_of(inner, start)?;
        let count = ends.partition_point(|at| *at <= end);
        for i in 0..count {
            let until = ends[if shortest { i } else { count - 1 - i }];
            // An empty repetition counts only towards the least number of them.
            if until == start && (until != end || k > min.max(1)) {
                continue;
            }
            let before = self.groups.clone();
            // What an earlier repetition's groups matched is no group of this one.
            inner.forget(&mut self.groups);
            if self.dissect(inner, start, until)? {
                let done = until == end && (k >= min || until == start);
                if done || self.repeat(inner, (min, max), shortest, (until, end), k + 1)? {
                    return Ok(true);
                }
            }
            self.groups = before;
        }
        Ok(false)
    }

    fn repeats(&self, group: usize, start: usize, end: usize) -> bool {
        let Some((from, until)) = self.groups[group] else { return false };
        let (own, again) = (&self.subject.text[from..until], &self.subject.text[start..end]);
        own == again || self.dissector.ignore_case && own.to_lowercase() == again.to_lowercase()
    }
}
