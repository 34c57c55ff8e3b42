//! Where in the text: line and column (the lexer's) ↔ character position (PostgreSQL's, from 1) ↔ byte offset.
//!
//! Built once per script that needs it; look-ups are O(1) in the number of lines plus the length of one line.

use datafusion::sql::sqlparser::tokenizer::Location;

/// The starts of a text's lines.
#[derive(Debug)]
pub struct Positions {
    /// For each line, its byte offset and the number of characters before it.
    lines: Vec<(usize, usize)>,
}

impl Positions {
    /// The lines of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut lines = vec![(0, 0)];
        for (chars, (bytes, c)) in text.char_indices().enumerate() {
            if c == '\n' {
                lines.push((bytes + 1, chars + 1));
            }
        }
        Self { lines }
    }

    /// The character position, from 1, of a location; `None` for the lexer's "nowhere".
    #[must_use]
    pub fn char_position(&self, at: Location) -> Option<usize> {
        let line = self.lines.get(usize::try_from(at.line).ok()?.checked_sub(1)?)?;
        Some(line.1 + usize::try_from(at.column).ok()?)
    }

    /// The byte offset of a location in the text that this was built from.
    #[must_use]
    pub fn byte_offset(&self, text: &str, at: Location) -> usize {
        let Some(line) = usize::try_from(at.line).ok().and_then(|l| l.checked_sub(1)).and_then(|l| self.lines.get(l))
        else {
            return text.len();
        };
        let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = &text[line.0..];
        rest.char_indices().nth(column).map_or(text.len(), |(i, _)| line.0 + i)
    }
}
