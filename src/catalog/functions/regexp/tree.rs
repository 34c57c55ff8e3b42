//! A pattern as PostgreSQL's matcher takes it apart: which parts have groups, and which length each part prefers.

use super::invalid;
use crate::error::Result;

/// The syntax of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character of these ranges.
    Class(Vec<(char, char)>),
    Assert(Assertion),
    /// `(?=…)` and its kin.
    Look {
        ahead: bool,
        negated: bool,
        inner: Box<Node>,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat {
        inner: Box<Node>,
        min: u32,
        max: Option<u32>,
        lazy: Option<bool>,
    },
    Group(usize, Box<Node>),
    /// What a group matched; a copy of the group's own syntax for the approximation.
    Back(usize, Box<Node>),
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    End,
    LineStart,
    LineEnd,
    Word,
    NotWord,
    WordStart,
    WordEnd,
}

/// What a bracket of the pattern being read is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bracket {
    Whole,
    Plain,
    Group(usize),
    Look { ahead: bool, negated: bool },
}

/// Builds the syntax from what the translator reads.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<(Option<Bracket>, Vec<Node>, Vec<Node>)>,
    /// The groups closed so far.
    groups: Vec<Option<Node>>,
}

impl Builder {
    pub fn new() -> Self {
        let mut builder = Self::default();
        builder.open(Bracket::Whole);
        builder
    }

    pub fn open(&mut self, bracket: Bracket) {
        self.open.push((Some(bracket), Vec::new(), Vec::new()));
    }

    /// Whether the place is inside of a look-around, where nothing is captured.
    pub fn is_looking(&self) -> bool {
        self.open.iter().any(|(bracket, ..)| matches!(bracket, Some(Bracket::Look { .. })))
    }

    /// The number of the next group.
    pub fn next_group(&mut self) -> usize {
        self.groups.push(None);
        self.groups.len()
    }

    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub fn push(&mut self, node: Node) {
        if let Some((_, _, branch)) = self.open.last_mut() {
            branch.push(node);
        }
    }

    pub fn alternate(&mut self) {
        if let Some((_, branches, branch)) = self.open.last_mut() {
            branches.push(Node::Concat(std::mem::take(branch)));
        }
    }

    pub fn close(&mut self) {
        let Some((bracket, mut branches, branch)) = self.open.pop() else { return };
        branches.push(Node::Concat(branch));
        let inner = match branches.len() {
            1 => branches.remove(0),
            _ => Node::Alternate(branches),
        };
        let closed = match bracket {
            Some(Bracket::Group(n)) => {
                self.groups[n - 1] = Some(inner.clone());
                Node::Group(n, Box::new(inner))
            }
            Some(Bracket::Look { ahead, negated }) => Node::Look { ahead, negated, inner: Box::new(inner) },
            _ => inner,
        };
        self.push(closed);
    }

    /// The whole pattern, once all brackets are closed.
    pub fn finish(mut self) -> Node {
        let Some((_, mut branches, branch)) = self.open.pop() else { return Node::Concat(Vec::new()) };
        branches.push(Node::Concat(branch));
        if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) }
    }

    /// Repeats the part before; `lazy` is none where the count is fixed.
    pub fn repeat(&mut self, min: u32, max: Option<u32>, lazy: Option<bool>) {
        let Some((_, _, branch)) = self.open.last_mut() else { return };
        if let Some(last) = branch.pop() {
            branch.push(Node::Repeat { inner: Box::new(last), min, max, lazy });
        }
    }

    pub fn back(&mut self, group: usize) -> Result<()> {
        let known = group.checked_sub(1).and_then(|at| self.groups.get(at)).and_then(Option::as_ref);
        match known.filter(|_| !self.is_looking()) {
            Some(copy) => {
                let copy = Box::new(copy.clone());
                self.push(Node::Back(group, copy));
                Ok(())
            }
            None => Err(invalid("invalid backreference number")),
        }
    }
}

/// A part of a pattern as it is taken apart.
#[derive(Debug)]
pub(super) struct Part {
    pub op: Op,
    /// The part's syntax, for the automaton that tells where it may end.
    pub node: Node,
    /// The length it prefers: longest is true.
    pub prefers: Option<bool>,
    /// Whether there are groups or back references in it.
    pub captures: bool,
}

/// How a part is taken apart.
#[derive(Debug)]
pub(super) enum Op {
    /// Not at all.
    Plain,
    Group(usize, Box<Part>),
    Back(usize),
    Concat(Box<Part>, Box<Part>),
    Alternate(Vec<Part>),
    Repeat {
        inner: Box<Part>,
        min: u32,
        max: Option<u32>,
    },
}

impl Part {
    /// A pattern's parts, by the rules of PostgreSQL's `regcomp`.
    pub fn of(node: &Node) -> Self {
        match node {
            Node::Class(_) | Node::Assert(_) | Node::Look { .. } => Self::plain(node.clone(), None),
            Node::Back(group, _) => Self { op: Op::Back(*group), node: node.clone(), prefers: None, captures: true },
            Node::Group(group, inner) => {
                let inner = Self::of(inner);
                let prefers = inner.prefers;
                Self { op: Op::Group(*group, Box::new(inner)), node: node.clone(), prefers, captures: true }
            }
            Node::Alternate(branches) => {
                let parts: Vec<Self> = branches.iter().map(Self::of).collect();
                let captures = parts.iter().any(|part| part.captures);
                Self { op: Op::Alternate(parts), node: node.clone(), prefers: Some(true), captures }
            }
            Node::Concat(nodes) => Self::branch(nodes),
            Node::Repeat { inner, min, max, lazy } => Self::repeat(node, inner, *min, *max, *lazy),
        }
    }

    fn plain(node: Node, prefers: Option<bool>) -> Self {
        Self { op: Op::Plain, node, prefers, captures: false }
    }

    fn repeat(node: &Node, inner: &Node, min: u32, max: Option<u32>, lazy: Option<bool>) -> Self {
        let inner_part = Self::of(inner);
        let prefers = lazy.map(|lazy| !lazy).or(inner_part.prefers);
        if !inner_part.captures {
            return Self::plain(node.clone(), prefers);
        }
        if min == 1 && max == Some(1) && (lazy.is_none() || inner_part.prefers.is_none_or(|p| Some(p) == prefers)) {
            return Self { node: node.clone(), ..inner_part };
        }
        if min > 0 && !has_back(inner) {
            // Only the last repetition's groups count: x{m,n} is x{m-1,n-1}x.
            let before = Node::Repeat { inner: Box::new(inner.clone()), min: min - 1, max: max.map(|n| n - 1), lazy };
            let before = Self::plain(before, prefers);
            let op = Op::Concat(Box::new(before), Box::new(inner_part));
            return Self { op, node: node.clone(), prefers, captures: true };
        }
        let op = Op::Repeat { inner: Box::new(inner_part), min, max };
        Self { op, node: node.clone(), prefers, captures: true }
    }

    /// A branch: a run of plain parts of one preference, then a part to take apart, then the rest.
    fn branch(nodes: &[Node]) -> Self {
        let whole = Node::Concat(nodes.to_vec());
        let mut prefers = None;
        for (at, node) in nodes.iter().enumerate() {
            let part = Self::of(node);
            let clashes = prefers.is_some() && part.prefers.is_some() && prefers != part.prefers;
            if !part.captures && !clashes {
                prefers = prefers.or(part.prefers);
                continue;
            }
            let captures = part.captures;
            let rest = Self::branch(&nodes[at + 1..]);
            let (own, captures) = (part.prefers.or(rest.prefers), captures || rest.captures);
            let tail = Node::Concat(nodes[at..].to_vec());
            let tail = if at + 1 == nodes.len() {
                part
            } else {
                let op = Op::Concat(Box::new(part), Box::new(rest));
                Self { op, node: tail, prefers: own, captures }
            };
            if at == 0 {
                return Self { node: whole, ..tail };
            }
            let prefix = Self::plain(Node::Concat(nodes[..at].to_vec()), prefers);
            let prefers = prefers.or(tail.prefers);
            let captures = tail.captures;
            return Self { op: Op::Concat(Box::new(prefix), Box::new(tail)), node: whole, prefers, captures };
        }
        Self::plain(whole, prefers)
    }
}

/// Whether there is a back reference in a pattern.
pub(super) fn has_back(node: &Node) -> bool {
    match node {
        Node::Back(..) => true,
        Node::Class(_) | Node::Assert(_) => false,
        Node::Look { inner, .. } | Node::Repeat { inner, .. } | Node::Group(_, inner) => has_back(inner),
        Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(has_back),
    }
}
