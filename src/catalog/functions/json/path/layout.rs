//! Where a part of a document stands in PostgreSQL's binary form of it: `keyvalue()` shows that place as an object's id.

use crate::types::json::{Json, Kind};

/// Bytes of a container's header, and of each entry in it.
const ENTRY: i64 = 4;

/// The offset of a container inside a document; `None` when it is no part of it.
pub(super) fn offset(root: &Json<'_>, part: &Json<'_>) -> Option<i64> {
    if std::ptr::eq(root, part) {
        return Some(0);
    }
    match place(root, part, 0) {
        Place::Found(at) => Some(at),
        Place::Ends(_) => None,
    }
}

enum Place {
    Found(i64),
    /// Where the value ends.
    Ends(i64),
}

fn aligned(at: i64) -> i64 {
    (at + 3) & !3
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX / 4)
}

/// Walks a value that is written at `at`.
fn place(json: &Json<'_>, part: &Json<'_>, at: i64) -> Place {
    match &json.kind {
        Kind::Null | Kind::Bool(_) => Place::Ends(at),
        Kind::String(text) => Place::Ends(at + length(text)),
        Kind::Number(text) => Place::Ends(aligned(at) + number_size(text)),
        Kind::Array(elements) => {
            let start = aligned(at);
            if std::ptr::eq(json, part) {
                return Place::Found(start);
            }
            let mut at = start + ENTRY + ENTRY * i64::try_from(elements.len()).unwrap_or(0);
            for element in elements {
                match place(element, part, at) {
                    Place::Ends(end) => at = end,
                    found @ Place::Found(_) => return found,
                }
            }
            Place::Ends(at)
        }
        Kind::Object(_) => {
            let start = aligned(at);
            if std::ptr::eq(json, part) {
                return Place::Found(start);
            }
            let members = json.members();
            let mut at = start + ENTRY + 2 * ENTRY * i64::try_from(members.len()).unwrap_or(0);
            at += members.iter().map(|(key, _)| length(key)).sum::<i64>();
            for (_, value) in members {
                match place(value, part, at) {
                    Place::Ends(end) => at = end,
                    found @ Place::Found(_) => return found,
                }
            }
            Place::Ends(at)
        }
    }
}

/// Bytes of a number: groups of four digits, with a short or a long header.
fn number_size(text: &str) -> i64 {
    let body = text.trim_start_matches('-');
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let pad = (4 - whole.len() % 4) % 4;
    let mut digits = "0".repeat(pad) + whole;
    let whole_groups = digits.len() / 4;
    digits.push_str(fraction);
    digits.push_str(&"0".repeat((4 - digits.len() % 4) % 4));
    let groups: Vec<&[u8]> = digits.as_bytes().chunks(4).collect();
    let is_zero = |group: &&[u8]| group.iter().all(|d| *d == b'0');
    let leading = groups.iter().take_while(|g| is_zero(g)).count();
    let trailing = groups.iter().rev().take_while(|g| is_zero(g)).count();
    let count = groups.len().saturating_sub(leading + trailing);
    let weight = i64::try_from(whole_groups).unwrap_or(0) - 1 - i64::try_from(leading).unwrap_or(0);
    let short = count == 0 && fraction.len() <= 63 || fraction.len() <= 63 && (-64..=63).contains(&weight);
    let header = if short { 6 } else { 8 };
    header + 2 * i64::try_from(count).unwrap_or(0)
}
