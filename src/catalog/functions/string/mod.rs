//! PostgreSQL's string and bytea functions. Patterns are next door in [`super::regexp`].
//!
//! Lengths and positions count characters, never bytes; case is mapped one character to one, as PostgreSQL's
//! `C.UTF-8` does. No result exceeds the limits of [`super::call`].

mod basic;
mod bit_strings;
mod bits;
mod bytea;
mod encode;
mod format;
mod identifier;
mod like;
mod pad;
mod split;

use super::Registry;
pub use bit_strings::CONCATENATION;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    basic::register(r);
    pad::register(r);
    split::register(r);
    encode::register(r);
    bytea::register(r);
    format::register(r);
    bits::register(r);
    bit_strings::register(r);
    identifier::register(r);
    like::register(r);
}

/// The byte offset of character `index`, the length when there are fewer.
pub(super) fn byte_offset(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

/// How many characters there are.
pub(super) fn char_count(text: &str) -> usize {
    // A continuation byte is 0b10xxxxxx; every other byte starts a character.
    text.bytes().filter(|b| (*b as i8) >= -64).count()
}

/// The characters from `start` (from 1, may lie before the text) to `start + length`.
pub(super) fn substring(text: &str, start: i64, length: Option<i64>) -> &str {
    let from = start.max(1) - 1;
    let until = length.map(|n| (start.saturating_add(n) - 1).max(from));
    let at = |position: i64| byte_offset(text, usize::try_from(position).unwrap_or(usize::MAX));
    let begin = at(from);
    match until {
        None => &text[begin..],
        Some(until) => {
            let rest = &text[begin..];
            &rest[..byte_offset(rest, usize::try_from(until - from).unwrap_or(usize::MAX))]
        }
    }
}
