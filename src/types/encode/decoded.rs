//! Columns that name their values elsewhere: dictionaries and runs; and columns of nothing but NULL.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_empty_array};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;

use super::writer::{Cells, ColumnWriter, Render};
use crate::error::{Error, Result};

/// Writes a dictionary or run-end encoded column by the writer of its values, a block at a time.
pub struct Decoded {
    inner: Box<dyn ColumnWriter>,
    /// The plain values of the block measured last.
    block: ArrayRef,
    start: usize,
}

/// Writes a column of Arrow's null type.
pub struct Nothing;

impl Decoded {
    /// Over the writer of the values' type.
    pub fn new(inner: Box<dyn ColumnWriter>) -> Self {
        Self { inner, block: new_empty_array(&DataType::Null), start: 0 }
    }
}

impl Render for Decoded {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let plain = plain(array, &rows)?;
        self.inner.render(plain.as_ref(), 0..rows.len(), cells)
    }
}

impl ColumnWriter for Decoded {
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()> {
        self.block = plain(array, &rows)?;
        self.start = rows.start;
        self.inner.measure(self.block.as_ref(), 0..rows.len(), lens)
    }

    fn fill(&self, _array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]) {
        let block = rows.start - self.start..rows.end - self.start;
        self.inner.fill(self.block.as_ref(), block, out, cursors);
    }
}

impl Render for Nothing {
    fn render(&mut self, _array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        rows.for_each(|_| cells.end());
        Ok(())
    }
}

/// Some rows as an array of the values' own type.
fn plain(array: &dyn Array, rows: &Range<usize>) -> Result<ArrayRef> {
    let slice = array.slice(rows.start, rows.len());
    match slice.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = slice.as_any_dictionary();
            if dictionary.values().is_empty() {
                // Every key is NULL then, and a take of nothing would not know how many.
                let nulls = UInt32Array::new_null(rows.len());
                let one = arrow::array::new_null_array(dictionary.values().data_type(), 1);
                return take(one.as_ref(), &nulls, None).map_err(|error| fault(&error));
            }
            take(dictionary.values().as_ref(), dictionary.keys(), None).map_err(|error| fault(&error))
        }
        DataType::RunEndEncoded(_, values) => cast(&slice, values.data_type()).map_err(|error| fault(&error)),
        _ => Ok(Arc::clone(&slice)),
    }
}

/// Arrays that passed Arrow's own checks decode; this is for those that did not.
fn fault(error: &arrow::error::ArrowError) -> Error {
    Error::internal(format!("could not decode a column: {error}"))
}
