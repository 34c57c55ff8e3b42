//! Where a part of a pattern may end when it starts at a place: all ends at once, in one walk over the text.

use super::invalid;
use super::tree::{Assertion, Node};
use crate::error::{Error, Result};
use crate::sqlstate;

/// States that a part may have.
const MAX_STATES: usize = 20_000;
/// Steps that one search may take.
const MAX_STEPS: usize = 50_000_000;

enum State {
    Class(Vec<(char, char)>, usize),
    Both(usize, usize),
    Assert(Assertion, usize),
    Look { ahead: bool, negated: bool, inner: Box<Automaton>, next: usize },
    Accept,
}

/// A part's automaton.
pub(super) struct Automaton {
    states: Vec<State>,
    start: usize,
}

/// A text with what its search has cost so far.
pub(super) struct Subject<'t> {
    pub text: &'t str,
    pub steps: usize,
}

impl Subject<'_> {
    /// Counts steps; `54000` when there are too many.
    pub fn spend(&mut self, steps: usize) -> Result<()> {
        self.steps += steps;
        if self.steps <= MAX_STEPS {
            return Ok(());
        }
        Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "the regular expression takes too many steps on this text"))
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let before = || self.text[..at].chars().next_back();
        let after = || self.text[at..].chars().next();
        let word = |ch: Option<char>| ch.is_some_and(|ch| ch.is_alphanumeric() || ch == '_');
        match assertion {
            Assertion::Start => at == 0,
            Assertion::End => at == self.text.len(),
            Assertion::LineStart => at == 0 || before() == Some('\n'),
            Assertion::LineEnd => at == self.text.len() || after() == Some('\n'),
            Assertion::Word => word(before()) != word(after()),
            Assertion::NotWord => word(before()) == word(after()),
            Assertion::WordStart => !word(before()) && word(after()),
            Assertion::WordEnd => word(before()) && !word(after()),
        }
    }
}

impl Automaton {
    pub fn of(node: &Node) -> Result<Self> {
        let mut automaton = Self { states: vec![State::Accept], start: 0 };
        automaton.start = automaton.add(node, 0)?;
        Ok(automaton)
    }

    fn state(&mut self, state: State) -> Result<usize> {
        if self.states.len() >= MAX_STATES {
            return Err(invalid("regular expression is too complex"));
        }
        self.states.push(state);
        Ok(self.states.len() - 1)
    }

    /// Adds a node before a state, and gives the state to start from.
    fn add(&mut self, node: &Node, next: usize) -> Result<usize> {
        match node {
            Node::Class(ranges) => self.state(State::Class(ranges.clone(), next)),
            Node::Assert(assertion) => self.state(State::Assert(*assertion, next)),
            Node::Look { ahead, negated, inner } => {
                let inner = Box::new(Self::of(inner)?);
                self.state(State::Look { ahead: *ahead, negated: *negated, inner, next })
            }
            Node::Concat(nodes) => nodes.iter().rev().try_fold(next, |next, node| self.add(node, next)),
            Node::Alternate(branches) => {
                let mut start = None;
                for branch in branches.iter().rev() {
                    let own = self.add(branch, next)?;
                    start = Some(match start {
                        None => own,
                        Some(other) => self.state(State::Both(own, other))?,
                    });
                }
                Ok(start.unwrap_or(next))
            }
            Node::Group(_, inner) | Node::Back(_, inner) => self.add(inner, next),
            Node::Repeat { inner, min, max, .. } => {
                let mut start = match max {
                    None => {
                        let turn = self.state(State::Both(next, next))?;
                        let body = self.add(inner, turn)?;
                        self.states[turn] = State::Both(body, next);
                        turn
                    }
                    Some(max) => {
                        let mut start = next;
                        for _ in *min..*max {
                            let body = self.add(inner, start)?;
                            start = self.state(State::Both(body, next))?;
                        }
                        start
                    }
                };
                for _ in 0..*min {
                    start = self.add(inner, start)?;
                }
                Ok(start)
            }
        }
    }

    /// The places at which a match that starts at `from` may end, up to `limit`, in order.
    pub fn ends(&self, subject: &mut Subject<'_>, from: usize, limit: usize) -> Result<Vec<usize>> {
        let mut ends = Vec::new();
        let mut seen = vec![usize::MAX; self.states.len()];
        let mut active = Vec::new();
        let mut next = vec![self.start];
        let mut at = from;
        let text = subject.text;
        loop {
            let accepted = self.follow(subject, &mut next, &mut seen, &mut active, at)?;
            if accepted {
                ends.push(at);
            }
            let Some(ch) = text[at..limit].chars().next().filter(|_| !active.is_empty()) else { return Ok(ends) };
            at += ch.len_utf8();
            for index in active.drain(..) {
                if let State::Class(ranges, to) = &self.states[index]
                    && ranges.iter().any(|(low, high)| (*low..=*high).contains(&ch))
                {
                    next.push(*to);
                }
            }
        }
    }

    /// Follows what costs no character; the states that want one become active. Says whether the end was reached.
    fn follow(
        &self,
        subject: &mut Subject<'_>,
        stack: &mut Vec<usize>,
        seen: &mut [usize],
        active: &mut Vec<usize>,
        at: usize,
    ) -> Result<bool> {
        let mut accepted = false;
        while let Some(index) = stack.pop() {
            if seen[index] == at {
                continue;
            }
            seen[index] = at;
            subject.spend(1)?;
            match &self.states[index] {
                State::Accept => accepted = true,
                State::Class(..) => active.push(index),
                State::Both(a, b) => stack.extend([*b, *a]),
                State::Assert(assertion, next) => stack.extend(subject.holds(*assertion, at).then_some(*next)),
                State::Look { ahead, negated, inner, next } => {
                    let found = if *ahead {
                        !inner.ends(subject, at, subject.text.len())?.is_empty()
                    } else {
                        inner.reaches(subject, at)?
                    };
                    stack.extend((found != *negated).then_some(*next));
                }
            }
        }
        Ok(accepted)
    }

    /// Whether some match ends at a place.
    fn reaches(&self, subject: &mut Subject<'_>, at: usize) -> Result<bool> {
        let text = subject.text;
        for (start, _) in text[..at].char_indices().chain([(at, ' ')]) {
            if self.ends(subject, start, at)?.last() == Some(&at) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
