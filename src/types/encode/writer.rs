//! What a column's writer is, and the three shapes writers have.
//!
//! [`Direct`] knows a value's length without making it (fixed widths, integers as text), [`Copied`] copies bytes that
//! the column already holds, [`Rendered`] makes the values of a block in a scratch buffer first.

use std::ops::Range;

use arrow::array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow::buffer::NullBuffer;

use crate::error::Result;

/// The length that stands for NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Makes a column's values, one after the other.
pub trait Render: Send {
    /// Appends the values of some rows; a NULL is an empty value there.
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()>;
}

/// Writes a column into rows whose lengths it has told before.
pub trait ColumnWriter: Render {
    /// Adds the length of each row's value (nothing for NULL) to `lens`, which has one entry per row.
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()>;

    /// Writes each row's value with its length at the row's cursor, and moves the cursor. The rows are among those
    /// measured last.
    fn fill(&self, array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]);
}

/// Values made ahead: bytes and where each value ends.
#[derive(Debug, Default)]
pub struct Cells {
    /// The values' bytes in a row.
    pub bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Forgets the values, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The bytes appended since the last end are a value.
    #[inline]
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A value.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    /// Where a value's bytes lie.
    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }
}

/// The array as the type it was chosen for.
pub fn typed<T: 'static>(array: &dyn Array) -> &T {
    array.as_any().downcast_ref().expect("a batch has the types of its schema")
}

/// Whether a row is not NULL; the buffer is the array's own.
#[inline]
fn is_valid(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

/// Calls `write` for each row with its cursor; NULLs are written here.
#[inline]
pub fn place(
    nulls: Option<&NullBuffer>,
    rows: Range<usize>,
    out: &mut [u8],
    cursors: &mut [usize],
    mut write: impl FnMut(usize, &mut [u8]) -> usize,
) {
    for (row, cursor) in rows.zip(cursors) {
        let at = *cursor;
        if is_valid(nulls, row) {
            *cursor += 4 + write(row, &mut out[at..]);
        } else {
            out[at..at + 4].copy_from_slice(&NULL);
            *cursor += 4;
        }
    }
}

/// Puts a value with its length at the start of `out`; gives its length.
#[inline]
pub fn put(value: &[u8], out: &mut [u8]) -> usize {
    let len = u32::try_from(value.len()).expect("rows are bounded");
    out[..4].copy_from_slice(&len.to_be_bytes());
    out[4..4 + value.len()].copy_from_slice(value);
    value.len()
}

/// Values whose length is cheap to know: `len` tells (or refuses) it, `write` fills a slice of that length.
pub struct Direct<P: ArrowPrimitiveType, L, W> {
    len: L,
    write: W,
    native: std::marker::PhantomData<fn(P)>,
}

impl<P: ArrowPrimitiveType, L, W> Direct<P, L, W> {
    /// `len` must give the same answer each time it is asked.
    pub fn new(len: L, write: W) -> Self {
        Self { len, write, native: std::marker::PhantomData }
    }
}

impl<P, L, W> Render for Direct<P, L, W>
where
    P: ArrowPrimitiveType,
    L: Fn(P::Native) -> Result<usize> + Send,
    W: Fn(P::Native, &mut [u8]) + Send,
{
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = typed::<PrimitiveArray<P>>(array);
        for row in rows {
            if array.is_valid(row) {
                let value = array.value(row);
                let start = cells.bytes.len();
                cells.bytes.resize(start + (self.len)(value)?, 0);
                (self.write)(value, &mut cells.bytes[start..]);
            }
            cells.end();
        }
        Ok(())
    }
}

impl<P, L, W> ColumnWriter for Direct<P, L, W>
where
    P: ArrowPrimitiveType,
    L: Fn(P::Native) -> Result<usize> + Send,
    W: Fn(P::Native, &mut [u8]) + Send,
{
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()> {
        let array = typed::<PrimitiveArray<P>>(array);
        let values = &array.values()[rows.clone()];
        match array.nulls() {
            None => {
                for (&value, len) in values.iter().zip(lens) {
                    *len += (self.len)(value)?;
                }
            }
            Some(nulls) => {
                for ((row, &value), len) in rows.zip(values).zip(lens) {
                    if nulls.is_valid(row) {
                        *len += (self.len)(value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn fill(&self, array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]) {
        let array = typed::<PrimitiveArray<P>>(array);
        let values = array.values();
        place(array.nulls(), rows, out, cursors, |row, out| {
            let value = values[row];
            let len = (self.len)(value).expect("the value passed when it was measured");
            out[..4].copy_from_slice(&u32::try_from(len).expect("a number is short").to_be_bytes());
            (self.write)(value, &mut out[4..4 + len]);
            len
        });
    }
}

/// Bytes that go out as the column holds them, with a fixed prefix before each.
pub struct Copied<A> {
    prefix: &'static [u8],
    array: std::marker::PhantomData<fn(A)>,
}

impl<A> Copied<A> {
    /// A writer that puts `prefix` before every value; mostly there is none.
    pub fn new(prefix: &'static [u8]) -> Self {
        Self { prefix, array: std::marker::PhantomData }
    }
}

/// Arrays of byte strings, whatever their layout.
pub trait Bytewise: Array {
    /// A row's bytes; the row must not be NULL.
    fn bytes(&self, row: usize) -> &[u8];

    /// The length of a row's bytes.
    fn bytes_len(&self, row: usize) -> usize {
        self.bytes(row).len()
    }
}

impl<A: 'static + Bytewise> Render for Copied<A> {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = typed::<A>(array);
        for row in rows {
            if array.is_valid(row) {
                cells.bytes.extend_from_slice(self.prefix);
                cells.bytes.extend_from_slice(array.bytes(row));
            }
            cells.end();
        }
        Ok(())
    }
}

impl<A: 'static + Bytewise> ColumnWriter for Copied<A> {
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()> {
        let array = typed::<A>(array);
        for (row, len) in rows.zip(lens) {
            if is_valid(array.nulls(), row) {
                *len += self.prefix.len() + array.bytes_len(row);
            }
        }
        Ok(())
    }

    fn fill(&self, array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]) {
        let array = typed::<A>(array);
        let prefix = self.prefix;
        place(array.nulls(), rows, out, cursors, |row, out| {
            let value = array.bytes(row);
            if prefix.is_empty() {
                return put(value, out);
            }
            let len = prefix.len() + value.len();
            out[..4].copy_from_slice(&u32::try_from(len).expect("rows are bounded").to_be_bytes());
            out[4..4 + prefix.len()].copy_from_slice(prefix);
            out[4 + prefix.len()..4 + len].copy_from_slice(value);
            len
        });
    }
}

/// Values made in a scratch buffer while they are measured, and copied from there.
pub struct Rendered<R> {
    render: R,
    cells: Cells,
    /// The row of the first value in `cells`.
    start: usize,
}

impl<R> Rendered<R> {
    /// A writer over a source of values.
    pub fn new(render: R) -> Self {
        Self { render, cells: Cells::default(), start: 0 }
    }
}

impl<R: Render> Render for Rendered<R> {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        self.render.render(array, rows, cells)
    }
}

impl<R: Render> ColumnWriter for Rendered<R> {
    fn measure(&mut self, array: &dyn Array, rows: Range<usize>, lens: &mut [usize]) -> Result<()> {
        self.cells.clear();
        self.start = rows.start;
        self.render.render(array, rows, &mut self.cells)?;
        for (index, len) in lens.iter_mut().enumerate() {
            *len += self.cells.range(index).len();
        }
        Ok(())
    }

    fn fill(&self, array: &dyn Array, rows: Range<usize>, out: &mut [u8], cursors: &mut [usize]) {
        let nulls = array.logical_nulls();
        place(nulls.as_ref(), rows, out, cursors, |row, out| put(self.cells.get(row - self.start), out));
    }
}

/// Renders the values of a primitive column by a function that appends one.
pub struct Each<P, F> {
    write: F,
    native: std::marker::PhantomData<fn(P)>,
}

impl<P, F> Each<P, F> {
    /// A source that calls `write` for every value that is not NULL.
    pub fn new(write: F) -> Self {
        Self { write, native: std::marker::PhantomData }
    }
}

impl<P, F> Render for Each<P, F>
where
    P: ArrowPrimitiveType,
    F: FnMut(P::Native, &mut Vec<u8>) -> Result<()> + Send,
{
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = typed::<PrimitiveArray<P>>(array);
        for row in rows {
            if array.is_valid(row) {
                (self.write)(array.value(row), &mut cells.bytes)?;
            }
            cells.end();
        }
        Ok(())
    }
}

/// Renders the values of any other array type by a function that appends one.
pub struct EachOf<A, F> {
    write: F,
    array: std::marker::PhantomData<fn(A)>,
}

impl<A, F> EachOf<A, F> {
    /// A source that calls `write` for every value that is not NULL.
    pub fn new(write: F) -> Self {
        Self { write, array: std::marker::PhantomData }
    }
}

impl<A, F> Render for EachOf<A, F>
where
    A: Array + 'static,
    F: FnMut(&A, usize, &mut Vec<u8>) -> Result<()> + Send,
{
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = typed::<A>(array);
        for row in rows {
            if array.is_valid(row) {
                (self.write)(array, row, &mut cells.bytes)?;
            }
            cells.end();
        }
        Ok(())
    }
}
