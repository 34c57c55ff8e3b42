//! The order of `jsonb` values (`jsonb_cmp`): null, strings, numbers, booleans, arrays, objects; arrays and objects by
//! their size first.

use std::cmp::Ordering;

use super::number;
use super::tree::{Json, Kind};

/// The order of two documents. At the top an empty array comes before every scalar, as PostgreSQL has it.
#[must_use]
pub fn compare(left: &Json<'_>, right: &Json<'_>) -> Ordering {
    let count = |json: &Json<'_>| match &json.kind {
        Kind::Array(items) => Some(items.len()),
        Kind::Object(_) => None,
        _ => Some(1),
    };
    let is_array = |json: &Json<'_>| matches!(json.kind, Kind::Array(_));
    match (count(left), count(right)) {
        // A scalar is kept as an array of one.
        (Some(a), Some(b)) if is_array(left) != is_array(right) => {
            a.cmp(&b).then_with(|| is_array(left).cmp(&is_array(right)))
        }
        _ => nested(left, right),
    }
}

fn nested(left: &Json<'_>, right: &Json<'_>) -> Ordering {
    match (&left.kind, &right.kind) {
        (Kind::String(a), Kind::String(b)) => a.cmp(b),
        (Kind::Number(a), Kind::Number(b)) => number::compare(a, b),
        (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
        (Kind::Array(a), Kind::Array(b)) => a.len().cmp(&b.len()).then_with(|| {
            let differ = a.iter().zip(b).map(|(a, b)| nested(a, b)).find(|order| order.is_ne());
            differ.unwrap_or(Ordering::Equal)
        }),
        (Kind::Object(_), Kind::Object(_)) => {
            let (a, b) = (left.members(), right.members());
            a.len().cmp(&b.len()).then_with(|| {
                let pairs = a.iter().zip(&b);
                let orders = pairs.map(|((ka, va), (kb, vb))| ka.cmp(kb).then_with(|| nested(va, vb)));
                orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(kind: &Kind<'_>) -> u8 {
    match kind {
        Kind::Null => 0,
        Kind::String(_) => 1,
        Kind::Number(_) => 2,
        Kind::Bool(_) => 3,
        Kind::Array(_) => 4,
        Kind::Object(_) => 5,
    }
}
