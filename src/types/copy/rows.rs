//! Rows on their way from fields to columns: one being read, and those that wait to be converted together.

use std::ops::Range;

use super::reader::ShapeColumn;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// What the column's default gives.
    Default,
    /// These bytes.
    Value(Range<usize>),
}

/// The row being read.
#[derive(Debug, Default)]
pub struct Row {
    /// The fields' bytes.
    pub bytes: Vec<u8>,
    /// The fields.
    pub cells: Vec<Cell>,
}

impl Row {
    /// A value's bytes; none for NULL and what is left to the default.
    pub fn value(&self, cell: usize) -> Option<&[u8]> {
        match self.cells.get(cell) {
            Some(Cell::Value(range)) => Some(&self.bytes[range.clone()]),
            _ => None,
        }
    }
}

/// A row while its line is taken apart.
pub struct Fields<'a> {
    /// The row.
    pub row: &'a mut Row,
    /// What stands for NULL.
    pub null: &'a [u8],
    /// What stands for a column's default.
    pub default: Option<&'a [u8]>,
    /// The columns.
    pub columns: &'a [ShapeColumn],
}

impl<'a> Fields<'a> {
    /// A row without fields.
    pub fn new(row: &'a mut Row, null: &'a [u8], default: Option<&'a [u8]>, columns: &'a [ShapeColumn]) -> Self {
        row.bytes.clear();
        row.cells.clear();
        Self { row, null, default, columns }
    }

    /// Begins a field; gives where its bytes begin.
    pub fn begin(&self) -> usize {
        self.row.bytes.len()
    }

    /// Where the field's bytes go.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.row.bytes
    }

    /// Ends a field: `raw` is how it was written. Gives whether it is a value.
    ///
    /// # Errors
    ///
    /// `22P04` for a default where there is none.
    pub fn end(&mut self, start: usize, raw: &[u8], quoted: bool) -> Result<bool> {
        let place = self.row.cells.len();
        let cell = if !quoted && raw == self.null {
            Cell::Null
        } else if let Some(column) = self.columns.get(place).filter(|_| self.default == Some(raw)) {
            if !column.has_default {
                let name = column.field.name();
                return Err(Error::new(sqlstate::BAD_COPY_FILE_FORMAT, "unexpected default marker in COPY data")
                    .detail(format!("Column \"{name}\" has no default value.")));
            }
            Cell::Default
        } else {
            Cell::Value(start..self.row.bytes.len())
        };
        let is_value = matches!(cell, Cell::Value(_));
        if !is_value {
            self.row.bytes.truncate(start);
        }
        self.row.cells.push(cell);
        Ok(is_value)
    }

    /// The bytes of the last field, a value.
    pub fn last(&self) -> &[u8] {
        self.row.value(self.row.cells.len().saturating_sub(1)).unwrap_or_default()
    }
}

/// Rows that wait to be converted; all take the same columns' defaults.
#[derive(Debug, Default)]
pub struct Waiting {
    width: usize,
    bytes: Vec<u8>,
    cells: Vec<Option<Range<usize>>>,
    /// The number of each row's line.
    pub lines: Vec<u64>,
    raw: Vec<u8>,
    raw_ends: Vec<usize>,
}

impl Waiting {
    /// No rows of so many columns.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.raw.capacity() + self.cells.capacity() * size_of::<Option<Range<usize>>>()
    }

    /// Bytes of fields and lines.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.raw.len() + self.cells.len() * size_of::<Option<Range<usize>>>()
    }

    /// Adds a row, and its line as it came.
    pub fn push(&mut self, row: &Row, line: u64, raw: &[u8]) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&row.bytes);
        let at = |cell: &Cell| match cell {
            Cell::Value(range) => Some(base + range.start..base + range.end),
            Cell::Null | Cell::Default => None,
        };
        self.cells.extend(row.cells.iter().take(self.width).map(at));
        self.lines.push(line);
        self.raw.extend_from_slice(raw);
        self.raw_ends.push(self.raw.len());
    }

    /// A value's bytes.
    pub fn value(&self, row: usize, column: usize) -> Option<&[u8]> {
        let range = self.cells.get(row * self.width + column)?.as_ref()?;
        Some(&self.bytes[range.clone()])
    }

    /// A column's values of some rows.
    pub fn column(&self, column: usize, rows: &[usize]) -> Vec<Option<&[u8]>> {
        rows.iter().map(|&row| self.value(row, column)).collect()
    }

    /// A row's line as it came.
    pub fn raw(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).and_then(|before| self.raw_ends.get(before)).copied().unwrap_or(0);
        self.raw_ends.get(row).map_or(&[], |&end| &self.raw[start..end])
    }
}
