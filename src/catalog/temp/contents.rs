//! The rows of a temporary table: chunks of columns that are never changed, only replaced.
//!
//! Appending a row at a time must not make a chunk a row, and must not copy the table either: a new chunk swallows
//! those before it that are no longer than itself, so each row is copied a logarithmic number of times. Every chunk
//! holds its bytes in the session's memory pool and gives them back with its last owner.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

use super::keys::{KeyColumns, KeySet};
use crate::error::Result;
use crate::types::{Format, RowEncoder, TextStyle};

/// Rows from which a chunk is not merged any more.
const FULL_ROWS: usize = 8192;
/// Bytes of a value that an error's detail shows.
const SHOWN_BYTES: usize = 64;

/// The rows of one table at one moment.
#[derive(Debug)]
pub struct TableRows {
    schema: SchemaRef,
    chunks: Vec<Arc<Chunk>>,
    rows: usize,
}

#[derive(Debug)]
struct Chunk {
    batch: RecordBatch,
    /// The values of each of the table's keys.
    keys: Vec<KeySet>,
    _memory: MemoryReservation,
}

impl Chunk {
    fn new(batch: RecordBatch, keys: &[KeyColumns], pool: &Arc<dyn MemoryPool>) -> Result<Arc<Self>> {
        let memory = MemoryConsumer::new("temporary table").register(pool);
        memory.try_grow(batch.get_array_memory_size())?;
        let mut sets = Vec::with_capacity(keys.len());
        for key in keys {
            let set: KeySet = key.values(&batch)?.into_iter().map(|(_, value)| value).collect();
            memory.try_grow(set.iter().map(|value| value.len() + size_of::<Box<[u8]>>()).sum())?;
            sets.push(set);
        }
        Ok(Arc::new(Self { batch, keys: sets, _memory: memory }))
    }
}

impl TableRows {
    /// No rows.
    #[must_use]
    pub fn empty(schema: SchemaRef) -> Self {
        Self { schema, chunks: Vec::new(), rows: 0 }
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows in order.
    #[must_use]
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.chunks.iter().map(|chunk| chunk.batch.clone()).collect()
    }

    /// The rows in order, each with its number as one more column; `schema` is the table's with that column.
    pub fn numbered(&self, schema: &SchemaRef) -> datafusion::common::Result<Vec<RecordBatch>> {
        let mut start = 0i64;
        let number = |chunk: &Arc<Chunk>| {
            let end = start + i64::try_from(chunk.batch.num_rows()).unwrap_or(i64::MAX);
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(start..end));
            start = end;
            let columns = chunk.batch.columns().iter().map(Arc::clone).chain([numbers]).collect();
            Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
        };
        self.chunks.iter().map(number).collect()
    }

    /// The numbers of the rows that have one of the `wanted` values of a key, which is the table's key number `place`.
    pub fn locate(&self, key: &KeyColumns, place: usize, wanted: &KeySet) -> Result<HashMap<Box<[u8]>, i64>> {
        let (mut found, mut start) = (HashMap::new(), 0usize);
        for chunk in &self.chunks {
            if chunk.keys.get(place).is_none_or(|known| wanted.iter().any(|value| known.contains(value))) {
                for (row, value) in key.values(&chunk.batch)? {
                    if wanted.contains(&value) {
                        found.insert(value, i64::try_from(start + row).unwrap_or(i64::MAX));
                    }
                }
            }
            start += chunk.batch.num_rows();
        }
        Ok(found)
    }

    /// These rows and more after them.
    ///
    /// # Errors
    ///
    /// `23505` when a key's value comes twice, `53200` beyond the memory of the session.
    pub fn append(
        &self,
        batches: &[RecordBatch],
        keys: &[KeyColumns],
        style: &TextStyle,
        pool: &Arc<dyn MemoryPool>,
    ) -> Result<Self> {
        let mut chunks = self.chunks.clone();
        let mut rows = self.rows;
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            check_keys(&chunks, batch, keys, style)?;
            rows += batch.num_rows();
            let mut batch = compact(batch)?;
            while let Some(last) = chunks.last().filter(|last| swallows(&batch, &last.batch)) {
                batch = concat_batches(&self.schema, [&last.batch, &batch])?;
                chunks.pop();
            }
            chunks.push(Chunk::new(batch, keys, pool)?);
        }
        Ok(Self { schema: Arc::clone(&self.schema), chunks, rows })
    }

    /// These rows without those of the given numbers, and the ones taken out, in order.
    pub fn remove(
        &self,
        doomed: &HashSet<i64>,
        keys: &[KeyColumns],
        pool: &Arc<dyn MemoryPool>,
    ) -> Result<(Self, Vec<RecordBatch>)> {
        let (mut chunks, mut removed, mut start) = (Vec::with_capacity(self.chunks.len()), Vec::new(), 0i64);
        for chunk in &self.chunks {
            let end = start + i64::try_from(chunk.batch.num_rows()).unwrap_or(i64::MAX);
            let gone: BooleanArray = (start..end).map(|number| Some(doomed.contains(&number))).collect();
            start = end;
            if gone.true_count() == 0 {
                chunks.push(Arc::clone(chunk));
                continue;
            }
            removed.push(filter_record_batch(&chunk.batch, &gone)?);
            if gone.true_count() < chunk.batch.num_rows() {
                let kept = filter_record_batch(&chunk.batch, &arrow::compute::not(&gone)?)?;
                chunks.push(Chunk::new(compact(&kept)?, keys, pool)?);
            }
        }
        let rows = chunks.iter().map(|chunk| chunk.batch.num_rows()).sum();
        Ok((Self { schema: Arc::clone(&self.schema), chunks, rows }, removed))
    }
}

/// Whether a new chunk takes the one before it in.
fn swallows(new: &RecordBatch, last: &RecordBatch) -> bool {
    last.num_rows() <= new.num_rows() && last.num_rows() + new.num_rows() <= FULL_ROWS
}

/// `23505` when a key of the batch is in a chunk, or twice in the batch.
fn check_keys(chunks: &[Arc<Chunk>], batch: &RecordBatch, keys: &[KeyColumns], style: &TextStyle) -> Result<()> {
    for (place, key) in keys.iter().enumerate() {
        let mut own = HashSet::new();
        for (row, value) in key.values(batch)? {
            let known = chunks.iter().any(|chunk| chunk.keys.get(place).is_some_and(|set| set.contains(&value)));
            if known || !own.insert(value) {
                return Err(key.violated_by(batch, row, style)?);
            }
        }
    }
    Ok(())
}

/// A batch that holds no more than its own rows: slices and views of larger buffers are copied.
fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let column = |array: &ArrayRef| -> Result<ArrayRef> {
        Ok(match array.data_type() {
            DataType::Utf8View => Arc::new(array.as_string_view().gc()),
            DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
            _ if array.offset() == 0 && array.get_array_memory_size() <= 2 * slice_bytes(array) + 1024 => {
                Arc::clone(array)
            }
            _ => {
                let rows = UInt64Array::from_iter_values(0..array.len() as u64);
                return Ok(take(array, &rows, None)?);
            }
        })
    };
    let columns = batch.columns().iter().map(column).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

fn slice_bytes(array: &ArrayRef) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or(usize::MAX / 4)
}

/// A row's values as text.
pub fn row_texts(batch: &RecordBatch, row: usize, style: &TextStyle) -> Result<Vec<Option<String>>> {
    let formats = vec![Format::Text; batch.num_columns()];
    let mut encoder = RowEncoder::try_new(batch.schema_ref(), &formats, style)?;
    let mut message = Vec::new();
    encoder.encode_chunks(&batch.slice(row, 1), usize::MAX, |bytes, _| {
        message.extend_from_slice(&bytes);
        Ok(())
    })?;
    // A DataRow: tag, length, number of columns, then each column's length and bytes.
    let (mut at, mut values) = (7, Vec::with_capacity(batch.num_columns()));
    while let Some(length) = message.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(i32::from_be_bytes) {
        at += 4;
        let bytes = usize::try_from(length).ok().and_then(|length| message.get(at..at + length));
        at += bytes.map_or(0, <[u8]>::len);
        values.push(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    }
    Ok(values)
}

/// The detail of an error about a row: `Failing row contains (1, null, …).`
pub fn failing_row(batch: &RecordBatch, row: usize, style: &TextStyle) -> Result<String> {
    let shown = |value: Option<String>| match value {
        None => "null".to_owned(),
        Some(text) if text.len() > SHOWN_BYTES => {
            format!("{}...", crate::catalog::constraint::prefix(&text, SHOWN_BYTES))
        }
        Some(text) => text,
    };
    let values: Vec<String> = row_texts(batch, row, style)?.into_iter().map(shown).collect();
    Ok(format!("Failing row contains ({}).", values.join(", ")))
}
