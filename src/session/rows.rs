//! The rows of a running statement on their way to a door.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::cancel::Timer;
use super::cursor::{Cursor, Run};
use super::engine::Engine;
use crate::error::{Error, Result};
use crate::exec::{Encode, Output};
use crate::plan::ColumnDesc;
use crate::types::copy::Writer;
use crate::types::{Format, RowEncoder, TextStyle};

/// Bytes after which a chunk is closed.
const CHUNK_BYTES: usize = 128 << 10;

/// A whole number of DataRow messages, encoded.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The messages, back to back.
    pub bytes: Bytes,
    /// How many they are.
    pub rows: usize,
}

/// How a row stream came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsEnd {
    /// All rows were sent; the command tag.
    Complete(String),
    /// The row limit was reached; the portal has more.
    Suspended,
}

/// The rows of a running statement. Give it back to `Session::finish` when it has ended or failed; dropping it stops
/// the work.
pub struct Rows {
    columns: Arc<[ColumnDesc]>,
    formats: Arc<[Format]>,
    source: Source,
    /// A part of a chunk that was beyond the row limit.
    rest: Option<Chunk>,
    /// Rows that this Execute may still send; `None` for all.
    left: Option<usize>,
    sent: usize,
    ended: bool,
    tag: Tag,
    pub(super) token: CancellationToken,
    pub(super) timer: Option<Timer>,
    pub(super) portal: Option<String>,
    pub(super) started: Instant,
    /// The statement's own, for what is logged after it.
    pub(super) span: tracing::Span,
    pub(super) text: Arc<str>,
}

/// The command tag of a statement with rows.
#[derive(Clone, Debug)]
pub enum Tag {
    /// `SELECT` and the number of rows sent.
    Select,
    /// `FETCH` and the number of rows sent.
    Fetch,
    /// `COPY` and the number of rows sent.
    Copy,
    /// This.
    Fixed(Arc<str>),
}

enum Source {
    Query(Output<Chunk>),
    Ready(VecDeque<Chunk>),
    Cursor(Box<Fetching>),
    Ended,
}

/// The rows of one FETCH, with the cursor that they come from.
pub struct Fetching {
    cursor: Cursor,
    run: Run,
    encoder: RowChunks,
    chunks: VecDeque<Chunk>,
    engine: Arc<Engine>,
}

impl Fetching {
    /// A run of rows of a cursor.
    pub fn new(cursor: Cursor, run: Run, formats: &[Format], style: &TextStyle, engine: Arc<Engine>) -> Result<Self> {
        let encoder = RowChunks::new(cursor.plan.schema(), formats, style)?;
        Ok(Self { cursor, run, encoder, chunks: VecDeque::new(), engine })
    }

    async fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.chunks.pop_front() {
                return Ok(Some(chunk));
            }
            let Some(batch) = self.cursor.next(&mut self.run, &self.engine.executor).await? else { return Ok(None) };
            let mut chunks = Vec::new();
            self.encoder.chunks(&batch, &mut chunks)?;
            self.chunks.extend(chunks);
        }
    }
}

/// Makes chunks of a query's batches, on the CPU runtime.
pub struct RowChunks(RowEncoder);

impl RowChunks {
    /// An encoder for rows of `schema`.
    pub fn new(schema: &Schema, formats: &[Format], style: &TextStyle) -> Result<Self> {
        RowEncoder::try_new(schema, formats, style).map(Self)
    }

    fn chunks(&mut self, batch: &RecordBatch, out: &mut Vec<Chunk>) -> Result<()> {
        self.0.encode_chunks(batch, CHUNK_BYTES, |bytes, rows| {
            out.push(Chunk { bytes, rows });
            Ok(())
        })
    }
}

impl Encode<Chunk> for RowChunks {
    fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<Chunk>) -> Result<()> {
        self.chunks(batch, out)
    }
}

/// Makes the messages of COPY … TO of a query's batches, on the CPU runtime.
pub struct CopyChunks(pub Writer);

impl Encode<Chunk> for CopyChunks {
    fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<Chunk>) -> Result<()> {
        self.0.encode(batch, CHUNK_BYTES, |bytes, rows| {
            out.push(Chunk { bytes, rows });
            Ok(())
        })
    }

    fn finish(&mut self, out: &mut Vec<Chunk>) -> Result<()> {
        out.extend(self.0.finish()?.map(|bytes| Chunk { bytes, rows: 0 }));
        Ok(())
    }
}

/// What a row stream belongs to.
pub struct Origin {
    /// The statement's text, for the log.
    pub text: Arc<str>,
    /// What stops it.
    pub token: CancellationToken,
    /// What stops it in time.
    pub timer: Option<Timer>,
}

impl Rows {
    /// The rows of a query.
    #[must_use]
    pub fn of_query(
        output: Output<Chunk>,
        columns: Arc<[ColumnDesc]>,
        formats: Arc<[Format]>,
        tag: Tag,
        origin: Origin,
    ) -> Self {
        Self::new(Source::Query(output), columns, formats, tag, origin)
    }

    /// Rows that are already there.
    pub fn of_batch(
        batch: &RecordBatch,
        columns: Arc<[ColumnDesc]>,
        formats: Arc<[Format]>,
        style: &TextStyle,
        tag: Tag,
        origin: Origin,
    ) -> Result<Self> {
        let mut chunks = Vec::new();
        RowChunks::new(batch.schema_ref(), &formats, style)?.chunks(batch, &mut chunks)?;
        Ok(Self::new(Source::Ready(chunks.into()), columns, formats, tag, origin))
    }

    /// The rows of a FETCH.
    #[must_use]
    pub fn of_cursor(fetching: Fetching, columns: Arc<[ColumnDesc]>, formats: Arc<[Format]>, origin: Origin) -> Self {
        Self::new(Source::Cursor(Box::new(fetching)), columns, formats, Tag::Fetch, origin)
    }

    /// The cursor of a FETCH that has ended, standing where it ended.
    pub(super) fn take_cursor(&mut self) -> Option<Cursor> {
        match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Cursor(fetching) => {
                let Fetching { mut cursor, run, .. } = *fetching;
                cursor.settle(run);
                Some(cursor)
            }
            other => {
                self.source = other;
                None
            }
        }
    }

    fn new(source: Source, columns: Arc<[ColumnDesc]>, formats: Arc<[Format]>, tag: Tag, origin: Origin) -> Self {
        Self {
            columns,
            formats,
            source,
            rest: None,
            left: None,
            sent: 0,
            ended: false,
            tag,
            token: origin.token,
            timer: origin.timer,
            portal: None,
            started: Instant::now(),
            span: tracing::Span::current(),
            text: origin.text,
        }
    }

    /// The columns, for RowDescription (simple protocol; the extended one sends it on Describe).
    #[must_use]
    pub fn columns(&self) -> &Arc<[ColumnDesc]> {
        &self.columns
    }

    /// The format of each column.
    #[must_use]
    pub fn formats(&self) -> &[Format] {
        &self.formats
    }

    /// The next chunk, never beyond the row limit; `None` when the rows have ended or the limit is reached. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        if self.ended || self.left == Some(0) {
            return Ok(None);
        }
        let chunk = match self.rest.take() {
            Some(rest) => Some(rest),
            None => match &mut self.source {
                Source::Ready(chunks) => chunks.pop_front(),
                Source::Query(output) => output.next().await.transpose()?,
                Source::Cursor(fetching) => fetching.next().await?,
                Source::Ended => None,
            },
        };
        let Some(mut chunk) = chunk else {
            self.ended = true;
            return Ok(None);
        };
        if let Some(left) = self.left {
            if chunk.rows > left {
                self.rest = Some(split_off(&mut chunk, left)?);
            }
            self.left = Some(left - chunk.rows);
        }
        self.sent += chunk.rows;
        Ok(Some(chunk))
    }

    /// Starts another Execute with its row limit (0 = none).
    pub(super) fn resume(&mut self, max_rows: usize) {
        self.left = (max_rows > 0).then_some(max_rows);
        self.sent = 0;
    }

    /// How this Execute ended.
    pub(super) fn end(&self) -> RowsEnd {
        if self.ended || self.left != Some(0) {
            return RowsEnd::Complete(match &self.tag {
                Tag::Select => format!("SELECT {}", self.sent),
                Tag::Fetch => format!("FETCH {}", self.sent),
                Tag::Copy => format!("COPY {}", self.sent),
                Tag::Fixed(tag) => tag.to_string(),
            });
        }
        RowsEnd::Suspended
    }
}

/// Cuts a chunk after `rows` messages and gives the rest.
fn split_off(chunk: &mut Chunk, rows: usize) -> Result<Chunk> {
    let mut at = 0usize;
    for _ in 0..rows {
        let length = chunk.bytes.get(at + 1..at + 5).and_then(|b| <[u8; 4]>::try_from(b).ok());
        let length = length.map(u32::from_be_bytes).ok_or_else(|| Error::internal("a chunk ends inside a row"))?;
        at += 1 + length as usize;
    }
    let rest = Chunk { bytes: chunk.bytes.split_off(at), rows: chunk.rows - rows };
    chunk.rows = rows;
    Ok(rest)
}
