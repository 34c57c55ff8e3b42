//! Batches as the messages of COPY … TO STDOUT, a CopyData message for each row.
//!
//! Binary rows are those of a result, written by [`RowEncoder`]. Text and CSV take each column's values a block at a
//! time and put them into lines.

use arrow::array::Array;
use arrow::buffer::NullBuffer;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use super::options::{CopyOptions, Form, Header};
use super::{binary, csv, text};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::encode::{COPY_DATA, Cells, Column, MAX_ROW_BYTES, MESSAGE_HEAD, RowEncoder};
use crate::types::{Format, TextStyle};

/// Rows of a block at most.
const BLOCK_ROWS: usize = 1_024;
/// Rows of the first block, while nothing is known of their width.
const FIRST_ROWS: usize = 64;
/// Bytes a block of wide rows is cut down to.
const BLOCK_BYTES: usize = 256 << 10;
/// The count that ends binary data.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The names of the columns, and which of them are always in quotes.
#[derive(Clone, Debug, Default)]
pub struct Heading {
    /// The names.
    pub names: Vec<String>,
    /// FORCE_QUOTE, by column.
    pub quoted: Vec<bool>,
}

/// Makes the messages of one COPY.
pub struct Writer {
    rows: Rows,
    /// What comes before the first row is still to be written.
    opening: bool,
}

enum Rows {
    Binary(RowEncoder),
    Lines(Box<Lines>),
}

/// Rows as lines.
struct Lines {
    columns: Vec<Column>,
    cells: Vec<Cells>,
    heading: Heading,
    options: CopyOptions,
    style: TextStyle,
    /// Average length of the rows of the last block.
    row_bytes: usize,
}

impl Writer {
    /// A writer of rows of a schema.
    ///
    /// # Errors
    ///
    /// `0A000` for a column whose type has no such form.
    pub fn try_new(schema: &Schema, heading: Heading, options: CopyOptions, style: &TextStyle) -> Result<Self> {
        if options.form == Form::Binary {
            let encoder = RowEncoder::try_new(schema, &[Format::Binary], style)?.for_copy();
            return Ok(Self { rows: Rows::Binary(encoder), opening: true });
        }
        let columns: Vec<Column> =
            schema.fields().iter().map(|field| Column::new(field, Format::Text, style)).collect::<Result<_>>()?;
        let cells = columns.iter().map(|_| Cells::default()).collect();
        let lines = Lines { columns, cells, heading, options, style: style.clone(), row_bytes: 0 };
        Ok(Self { rows: Rows::Lines(Box::new(lines)), opening: true })
    }

    /// A batch as chunks of about `target_bytes` of whole messages, each given with the number of its rows.
    ///
    /// # Errors
    ///
    /// As [`RowEncoder::encode`], `22P05` for what the encoding has not, and what `emit` fails with.
    pub fn encode(
        &mut self,
        batch: &RecordBatch,
        target_bytes: usize,
        mut emit: impl FnMut(Bytes, usize) -> Result<()>,
    ) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let opening = std::mem::take(&mut self.opening);
        match &mut self.rows {
            Rows::Binary(encoder) => {
                let mut opening = opening;
                encoder.encode_chunks(batch, target_bytes, |bytes, rows| {
                    let first = std::mem::take(&mut opening);
                    emit(if first { opened(&bytes) } else { bytes }, rows)
                })
            }
            Rows::Lines(lines) => {
                if opening && let Some(line) = lines.head()? {
                    emit(line, 0)?;
                }
                lines.encode(batch, target_bytes, emit)
            }
        }
    }

    /// What comes after the last row.
    ///
    /// # Errors
    ///
    /// `22P05` for a name that the encoding has not.
    pub fn finish(&mut self) -> Result<Option<Bytes>> {
        let opening = std::mem::take(&mut self.opening);
        match &self.rows {
            Rows::Binary(_) => {
                let mut out = Vec::new();
                let start = begin(&mut out);
                if opening {
                    out.extend_from_slice(&binary::HEADER);
                }
                out.extend_from_slice(&TRAILER);
                end(&mut out, start)?;
                Ok(Some(Bytes::from(out)))
            }
            Rows::Lines(lines) if opening => lines.head(),
            Rows::Lines(_) => Ok(None),
        }
    }
}

/// A chunk whose first message begins with the header of binary data, as PostgreSQL sends it.
fn opened(chunk: &[u8]) -> Bytes {
    let (head, rest) = chunk.split_at(MESSAGE_HEAD.min(chunk.len()));
    let length = head.get(1..).and_then(|length| length.try_into().ok()).map_or(0, u32::from_be_bytes);
    let header = u32::try_from(binary::HEADER.len()).expect("a constant of a few bytes");
    let length = length.saturating_add(header).to_be_bytes();
    Bytes::from([&[COPY_DATA][..], &length, &binary::HEADER, rest].concat())
}

/// Begins a message; gives where.
fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[COPY_DATA, 0, 0, 0, 0]);
    start
}

/// Ends the message that begins at `start`. Error `54000`: it is too large.
fn end(out: &mut [u8], start: usize) -> Result<()> {
    let length = u32::try_from(out.len() - start - 1).ok().filter(|&length| length as usize <= MAX_ROW_BYTES);
    let length = length.ok_or_else(|| {
        Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "row is too large for a message")
            .detail(format!("A row can have at most {MAX_ROW_BYTES} bytes on the wire."))
    })?;
    out[start + 1..start + MESSAGE_HEAD].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

impl Lines {
    /// The line of names.
    fn head(&self) -> Result<Option<Bytes>> {
        if self.options.header == Header::No {
            return Ok(None);
        }
        let mut out = Vec::new();
        let start = begin(&mut out);
        for (i, name) in self.heading.names.iter().enumerate() {
            self.divide(i, &mut out);
            self.value(name.as_bytes(), false, &mut out);
        }
        self.end_line(&mut out, start)?;
        Ok(Some(Bytes::from(out)))
    }

    fn encode(
        &mut self,
        batch: &RecordBatch,
        target_bytes: usize,
        mut emit: impl FnMut(Bytes, usize) -> Result<()>,
    ) -> Result<()> {
        if batch.num_columns() != self.columns.len() {
            return Err(Error::internal("a batch has another number of columns than its schema"));
        }
        let nulls: Vec<Option<NullBuffer>> = batch.columns().iter().map(Array::logical_nulls).collect();
        let mut out = Vec::new();
        let (mut next, mut rows) = (0, 0);
        while next < batch.num_rows() {
            let block = next..batch.num_rows().min(next + self.block_rows());
            next = block.end;
            for ((column, cells), array) in self.columns.iter_mut().zip(&mut self.cells).zip(batch.columns()) {
                cells.clear();
                column.render(array.as_ref(), block.clone(), &self.style, cells)?;
            }
            let (mut before, first) = (out.len(), block.start);
            let mut written = 0;
            for row in block.clone() {
                let start = begin(&mut out);
                for (i, nulls) in nulls.iter().enumerate() {
                    self.divide(i, &mut out);
                    if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                        out.extend_from_slice(self.options.null.as_bytes());
                    } else {
                        let quoted = self.heading.quoted.get(i).copied().unwrap_or(false);
                        self.value(self.cells[i].get(row - first), quoted, &mut out);
                    }
                }
                self.end_line(&mut out, start)?;
                rows += 1;
                if out.len() >= target_bytes {
                    written += out.len() - before;
                    before = 0;
                    emit(Bytes::from(std::mem::take(&mut out)), std::mem::take(&mut rows))?;
                }
            }
            written += out.len() - before;
            self.row_bytes = (written / block.len()).max(1);
        }
        if rows > 0 {
            emit(Bytes::from(out), rows)?;
        }
        Ok(())
    }

    /// How many rows the next block has.
    fn block_rows(&self) -> usize {
        BLOCK_BYTES.checked_div(self.row_bytes).map_or(FIRST_ROWS, |rows| rows.clamp(1, BLOCK_ROWS))
    }

    fn divide(&self, column: usize, out: &mut Vec<u8>) {
        if column > 0 {
            out.push(self.options.delimiter);
        }
    }

    fn value(&self, value: &[u8], quoted: bool, out: &mut Vec<u8>) {
        match self.options.form {
            Form::Csv => csv::write(value, &self.options, quoted, self.columns.len() == 1, out),
            Form::Text | Form::Binary => text::write(value, self.options.delimiter, out),
        }
    }

    fn end_line(&self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        out.push(b'\n');
        self.options.encoding.encode(out, start + MESSAGE_HEAD)?;
        end(out, start)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("opening", &self.opening).finish_non_exhaustive()
    }
}
