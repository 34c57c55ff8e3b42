//! Regular expressions: PostgreSQL's dialect on a linear-time engine.
//!
//! [`translate`] rewrites a pattern, [`matcher`] finds what PostgreSQL finds (the longest match from the leftmost start,
//! or the shortest one when the pattern prefers so), [`dissect`] its groups. Back references and look-around have no
//! linear-time form: their search is bounded in steps, `54000` beyond.

mod automaton;
mod brackets;
mod dissect;
mod functions;
mod matcher;
mod positions;
mod similar;
mod translate;
mod tree;

use super::Registry;
use crate::error::{Error, Result};
use crate::sqlstate;
pub(super) use matcher::{Matcher, Matchers};

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    functions::register(r);
    positions::register(r);
    similar::register(r);
}

/// How a pattern is to be read and applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flags {
    /// `g`: every match, not only the first.
    pub global: bool,
    /// `i`
    pub ignore_case: bool,
    /// `n`, `p`: `.` and negated brackets stop at a line feed.
    pub newline_stops: bool,
    /// `n`, `w`: `^` and `$` match at lines.
    pub newline_anchors: bool,
    /// `x`
    pub expanded: bool,
    /// `q`
    pub literal: bool,
}

impl Flags {
    /// Flags from their letters.
    pub fn parse(text: &str) -> Result<Self> {
        let mut flags = Self::default();
        for letter in text.chars() {
            match letter {
                'g' => flags.global = true,
                _ => flags.set(letter)?,
            }
        }
        Ok(flags)
    }

    fn set(&mut self, letter: char) -> Result<()> {
        match letter {
            'i' => self.ignore_case = true,
            'c' => self.ignore_case = false,
            'm' | 'n' => (self.newline_stops, self.newline_anchors) = (true, true),
            'p' => (self.newline_stops, self.newline_anchors) = (true, false),
            'w' => (self.newline_stops, self.newline_anchors) = (false, true),
            's' => (self.newline_stops, self.newline_anchors) = (false, false),
            'x' => self.expanded = true,
            't' => self.expanded = false,
            'q' => self.literal = true,
            'e' => {}
            'b' => return Err(Error::unsupported("basic regular expressions are not supported")),
            _ => {
                let message = format!("invalid regular expression option: \"{letter}\"");
                return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
            }
        }
        Ok(())
    }
}

/// `2201B`
fn invalid(reason: &str) -> Error {
    Error::new(sqlstate::INVALID_REGULAR_EXPRESSION, format!("invalid regular expression: {reason}"))
}
