//! Record batches as PostgreSQL DataRow messages, column by column.
//!
//! Rows are made in blocks. Pass one asks every column for the lengths of its values, which gives every row its place
//! in one allocation; in pass two every column writes its values at each row's cursor. Which writer a column has is
//! decided once, from its type and format; inside a column nothing is dispatched per value.
//!
//! A row's body is the same in a DataRow message and in binary COPY; only the message head differs.

mod choose;
mod decoded;
mod json;
mod nested;
mod scalar;
mod temporal;
mod text;
mod writer;

use std::ops::Range;

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

pub(super) use self::writer::Cells;
use self::writer::ColumnWriter;
use super::{Format, TextStyle};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Rows of one block: few enough that a block of usual rows stays in the processor's cache.
const BLOCK_ROWS: usize = 1_024;
/// Rows of the first block, while nothing is known of their width.
const FIRST_ROWS: usize = 64;
/// Bytes a block of wide rows is cut down to.
const BLOCK_BYTES: usize = 256 * 1_024;
/// PostgreSQL's limit of one message's memory.
pub(super) const MAX_ROW_BYTES: usize = 0x3fff_ffff;
/// Tag and length of a DataRow message.
pub(super) const MESSAGE_HEAD: usize = 5;
/// What a DataRow message begins with.
const DATA_ROW: u8 = b'D';
/// What a CopyData message begins with.
pub(super) const COPY_DATA: u8 = b'd';

/// A column of the result: its writer, and what that was chosen for.
pub(super) struct Column {
    writer: Box<dyn ColumnWriter>,
    data_type: DataType,
    oid: u32,
    format: Format,
}

/// Encodes the batches of one result; keeps its buffers from batch to batch.
pub struct RowEncoder {
    columns: Vec<Column>,
    style: TextStyle,
    /// The type of the messages.
    tag: u8,
    /// The block measured last, and the length of each of its rows with everything.
    block: Range<usize>,
    lens: Vec<usize>,
    cursors: Vec<usize>,
    /// Average length of the rows of the last block.
    row_bytes: usize,
}

impl RowEncoder {
    /// An encoder of rows of a schema. `formats` are those of Bind: none for text everywhere, one for all columns, or
    /// one for each.
    ///
    /// # Errors
    ///
    /// `08P01` for another number of formats, `0A000` for a column whose type has no such form, `54011` for too many columns.
    pub fn try_new(schema: &Schema, formats: &[Format], style: &TextStyle) -> Result<Self> {
        let fields = schema.fields();
        if formats.len() > 1 && formats.len() != fields.len() {
            return Err(Error::protocol(format!(
                "bind message has {} result formats but query has {} columns",
                formats.len(),
                fields.len()
            )));
        }
        if i16::try_from(fields.len()).is_err() {
            return Err(Error::new(sqlstate::TOO_MANY_COLUMNS, "target lists can have at most 1664 entries"));
        }
        let format = |column: usize| match formats {
            [] => Format::Text,
            [all] => *all,
            each => each[column],
        };
        let columns = fields
            .iter()
            .enumerate()
            .map(|(column, field)| Column::new(field, format(column), style))
            .collect::<Result<_>>()?;
        let (style, tag) = (style.clone(), DATA_ROW);
        Ok(Self { columns, style, tag, block: 0..0, lens: Vec::new(), cursors: Vec::new(), row_bytes: 0 })
    }

    /// The same rows as CopyData messages: a row of binary COPY is what a DataRow holds. The formats must be binary.
    pub(super) fn for_copy(mut self) -> Self {
        self.tag = COPY_DATA;
        self
    }

    /// Appends complete DataRow messages for some rows of a batch.
    ///
    /// # Errors
    ///
    /// `54000` for a row of a gigabyte or more; `22003`, `22008` for values out of the range of their PostgreSQL type.
    pub fn encode(&mut self, batch: &RecordBatch, rows: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        let mut next = rows.start;
        while next < rows.end {
            let block = next..rows.end.min(next + self.block_rows());
            next = block.end;
            self.measure(batch, block.clone())?;
            self.fill::<MESSAGE_HEAD>(batch, block, out);
        }
        Ok(())
    }

    /// Appends the rows of binary COPY: the column count and the values, without the message head. The formats must
    /// have been binary.
    ///
    /// # Errors
    ///
    /// As [`Self::encode`].
    pub fn encode_bodies(&mut self, batch: &RecordBatch, rows: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        let mut next = rows.start;
        while next < rows.end {
            let block = next..rows.end.min(next + self.block_rows());
            next = block.end;
            self.measure(batch, block.clone())?;
            self.fill::<0>(batch, block, out);
        }
        Ok(())
    }

    /// Encodes a whole batch into chunks of about `target_bytes` (more only where a single row is larger), giving each
    /// to `emit` with the number of its rows.
    ///
    /// # Errors
    ///
    /// As [`Self::encode`], and what `emit` fails with.
    pub fn encode_chunks(
        &mut self,
        batch: &RecordBatch,
        target_bytes: usize,
        mut emit: impl FnMut(Bytes, usize) -> Result<()>,
    ) -> Result<()> {
        let mut out = Vec::new();
        let (mut next, mut rows) = (0, 0);
        while next < batch.num_rows() {
            let block = next..batch.num_rows().min(next + self.block_rows());
            next = block.end;
            self.measure(batch, block.clone())?;
            let mut start = block.start;
            while start < block.end {
                let end = self.fitting(start, target_bytes.saturating_sub(out.len()), out.is_empty());
                self.fill::<MESSAGE_HEAD>(batch, start..end, &mut out);
                rows += end - start;
                start = end;
                if start < block.end || out.len() >= target_bytes {
                    emit(Bytes::from(std::mem::take(&mut out)), std::mem::take(&mut rows))?;
                    out.reserve(target_bytes.min(self.row_bytes * (batch.num_rows() - start)));
                }
            }
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

    /// The row of the measured block before which `room` bytes end; at least one row further on when `forced`.
    fn fitting(&self, start: usize, room: usize, forced: bool) -> usize {
        let mut left = room;
        let mut end = start;
        for &len in &self.lens[start - self.block.start..] {
            if len > left && !(forced && end == start) {
                break;
            }
            left = left.saturating_sub(len);
            end += 1;
        }
        end
    }

    /// Pass one: the length of every row of a block.
    fn measure(&mut self, batch: &RecordBatch, block: Range<usize>) -> Result<()> {
        if batch.num_columns() != self.columns.len() {
            return Err(Error::internal("a batch has another number of columns than its schema"));
        }
        // Each value has four bytes of length, each row a column count.
        self.lens.clear();
        self.lens.resize(block.len(), MESSAGE_HEAD + 2 + 4 * self.columns.len());
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.follow(array.data_type(), &self.style)?;
            column.writer.measure(array.as_ref(), block.clone(), &mut self.lens)?;
        }
        if self.lens.iter().any(|&len| len > MAX_ROW_BYTES) {
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "row is too large for a message")
                .detail(format!("A row can have at most {MAX_ROW_BYTES} bytes on the wire.")));
        }
        self.row_bytes = (self.lens.iter().sum::<usize>() / block.len().max(1)).max(1);
        self.block = block;
        Ok(())
    }

    /// Pass two for some rows of the measured block, with a message head of `HEAD` bytes before each.
    fn fill<const HEAD: usize>(&mut self, batch: &RecordBatch, rows: Range<usize>, out: &mut Vec<u8>) {
        let lens = &self.lens[rows.start - self.block.start..rows.end - self.block.start];
        let start = out.len();
        let total = lens.iter().sum::<usize>() - lens.len() * (MESSAGE_HEAD - HEAD);
        out.resize(start + total, 0);
        self.cursors.clear();
        let columns = i16::try_from(self.columns.len()).expect("checked when the encoder was made");
        let mut at = start;
        for &len in lens {
            let len = len - (MESSAGE_HEAD - HEAD);
            let row = &mut out[at..at + len];
            if HEAD == MESSAGE_HEAD {
                row[0] = self.tag;
                let after_tag = u32::try_from(len - 1).expect("rows are bounded");
                row[1..MESSAGE_HEAD].copy_from_slice(&after_tag.to_be_bytes());
            }
            row[HEAD..HEAD + 2].copy_from_slice(&columns.to_be_bytes());
            self.cursors.push(at + HEAD + 2);
            at += len;
        }
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            column.writer.fill(array.as_ref(), rows.clone(), out, &mut self.cursors);
        }
    }
}

impl Column {
    /// A column of the PostgreSQL type its field declares. Error `0A000`: its values have no such form.
    pub(super) fn new(field: &Field, format: Format, style: &TextStyle) -> Result<Self> {
        let oid = super::pg_type(field).oid;
        let writer = choose::writer(field.data_type(), oid, format, style)?;
        Ok(Self { writer, data_type: field.data_type().clone(), oid, format })
    }

    /// Appends the values of some rows; a NULL is an empty value there.
    pub(super) fn render(
        &mut self,
        array: &dyn Array,
        rows: Range<usize>,
        style: &TextStyle,
        cells: &mut Cells,
    ) -> Result<()> {
        self.follow(array.data_type(), style)?;
        self.writer.render(array, rows, cells)
    }

    /// Takes another writer when a batch has the column in another Arrow type than the schema promised; the client has
    /// been told the PostgreSQL type, so that stays.
    fn follow(&mut self, data_type: &DataType, style: &TextStyle) -> Result<()> {
        if self.data_type != *data_type {
            self.writer = choose::writer(data_type, self.oid, self.format, style)?;
            self.data_type = data_type.clone();
        }
        Ok(())
    }
}

impl std::fmt::Debug for RowEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowEncoder").field("columns", &self.columns.len()).finish_non_exhaustive()
    }
}
