//! Which terms need no parentheses below another one (`isSimpleNode`).

use super::super::tree::{Form, Logic, Node, Term};

/// Whether a term stands below a parent without parentheses of its own.
pub fn is_simple(term: &Term, parent: &Term) -> bool {
    match &term.node {
        Node::Column(..) | Node::Whole(_) | Node::Merged(_) | Node::Const(_) | Node::Word(_) => true,
        Node::Subscript(..)
        | Node::Array(_)
        | Node::Row(..)
        | Node::Keyword(..)
        | Node::Aggregate(_)
        | Node::Grouping(_)
        | Node::Window(..)
        | Node::Call(..)
        | Node::Case(..)
        | Node::Cast(_, _, true) => true,
        Node::Field(..) => !matches!(parent.node, Node::Field(..)),
        Node::Cast(arg, _, false) => is_simple(arg, term),
        Node::Op(..) => match &parent.node {
            Node::Op(..) => is_tighter(term, parent),
            _ => has_own_separators(parent, true),
        },
        Node::Sublink(_) | Node::NullTest(..) | Node::Test(..) | Node::Distinct(..) => has_own_separators(parent, true),
        Node::Logic(kind, _) => match &parent.node {
            Node::Logic(around, _) => match kind {
                Logic::Not | Logic::And => matches!(around, Logic::And | Logic::Or),
                Logic::Or => *around == Logic::Or,
            },
            _ => has_own_separators(parent, false),
        },
        Node::Collate(..) | Node::Each(..) | Node::Rows(..) | Node::Named(..) => false,
    }
}

/// Whether a parent keeps what is below it apart by itself.
fn has_own_separators(parent: &Term, below_logic: bool) -> bool {
    match &parent.node {
        Node::Call(_, _, form, _) => *form == Form::Call,
        Node::Logic(..) => below_logic,
        Node::Subscript(..)
        | Node::Array(_)
        | Node::Row(..)
        | Node::Keyword(..)
        | Node::Aggregate(_)
        | Node::Grouping(_)
        | Node::Window(..)
        | Node::Case(..) => true,
        _ => false,
    }
}

/// Whether an operator binds tighter than the one around it; only those of arithmetic are known to.
fn is_tighter(term: &Term, parent: &Term) -> bool {
    let (Node::Op(op, Some(_), _), Node::Op(around, Some(left), _)) = (&term.node, &parent.node) else { return false };
    let level = |op: &str| match op {
        "+" | "-" => Some(1),
        "*" | "/" | "%" => Some(2),
        _ => None,
    };
    match (level(op), level(around)) {
        (Some(own), Some(outer)) if own == outer => **left == *term,
        (Some(own), Some(outer)) => own > outer,
        _ => false,
    }
}
