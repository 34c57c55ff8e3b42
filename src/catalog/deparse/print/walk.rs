//! The terms below a term.

use super::super::deep;
use super::super::tree::{Aggregate, Bound, Node, Sort, Subscript, Term, Window, WindowSpec};

/// Visits the terms right below a node.
pub trait Walk {
    /// Calls `visit` with each, subqueries left out.
    fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term));
}

/// Whether a term or one below it, subqueries left out, is such a node.
pub fn any_node(term: &Term, wanted: &dyn Fn(&Node) -> bool) -> bool {
    deep(|| wanted(&term.node) || term.below().into_iter().any(|below| any_node(below, wanted)))
}

impl Walk for Node {
    fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match self {
            Self::Column(..) | Self::Whole(_) | Self::Merged(_) | Self::Const(_) | Self::Word(_) => {}
            Self::Sublink(link) => link.test.iter().for_each(visit),
            Self::Cast(arg, ..)
            | Self::Collate(arg, _)
            | Self::Named(_, arg)
            | Self::NullTest(arg, _)
            | Self::Test(arg, _)
            | Self::Field(arg, _) => visit(arg),
            Self::Op(_, left, right) => {
                if let Some(left) = left {
                    visit(left);
                }
                visit(right);
            }
            Self::Distinct(left, right) | Self::Each(left, _, right, _) => {
                visit(left);
                visit(right);
            }
            Self::Call(_, args, ..)
            | Self::Grouping(args)
            | Self::Logic(_, args)
            | Self::Keyword(_, args)
            | Self::Array(args)
            | Self::Row(args, _) => args.iter().for_each(visit),
            Self::Rows(_, left, right) => left.iter().chain(right).for_each(visit),
            Self::Case(operand, whens, otherwise) => {
                if let Some(operand) = operand {
                    visit(operand);
                }
                for (when, then) in whens {
                    visit(when);
                    visit(then);
                }
                visit(otherwise);
            }
            Self::Subscript(array, subscripts) => {
                visit(array);
                for subscript in subscripts {
                    match subscript {
                        Subscript::Index(index) => visit(index),
                        Subscript::Slice(lower, upper) => lower.iter().chain(upper).for_each(&mut *visit),
                    }
                }
            }
            Self::Aggregate(call) => aggregate(call, visit),
            Self::Window(call, window) => {
                aggregate(call, visit);
                if let Window::Spec(spec) = window {
                    self::spec(spec, visit);
                }
            }
        }
    }
}

fn aggregate<'t>(call: &'t Aggregate, visit: &mut dyn FnMut(&'t Term)) {
    call.args.iter().chain(&call.filter).for_each(&mut *visit);
    sorts(&call.order, visit);
}

fn sorts<'t>(sorts: &'t [Sort], visit: &mut dyn FnMut(&'t Term)) {
    sorts.iter().for_each(|sort| visit(&sort.by));
}

fn spec<'t>(spec: &'t WindowSpec, visit: &mut dyn FnMut(&'t Term)) {
    spec.partition.iter().for_each(&mut *visit);
    sorts(&spec.order, visit);
    let frame = spec.frame.iter();
    for bound in frame.flat_map(|frame| std::iter::once(&frame.start).chain(&frame.end)) {
        if let Bound::Offset(offset, _) = bound {
            visit(offset);
        }
    }
}
