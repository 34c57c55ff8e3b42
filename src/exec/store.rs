//! Rows kept to be read again in any order: in memory as far as the pool allows, on disk beyond.
//!
//! Batches are numbered by their first row. The oldest leave memory first; what is on disk is read back a batch at a
//! time. A store may be told to forget its oldest rows instead.

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::spill_file::SpillFile;

use crate::error::{Error, Result};

/// Rows of one result.
pub struct RowStore {
    batches: Vec<Kept>,
    /// The number of the first row kept, and of the row after the last.
    start: u64,
    end: u64,
    memory: MemoryReservation,
    env: Arc<RuntimeEnv>,
    file: Option<Arc<dyn SpillFile>>,
    file_bytes: u64,
    /// Bytes of memory beyond which the oldest rows are forgotten; `None` to keep all.
    window_bytes: Option<usize>,
}

struct Kept {
    first: u64,
    rows: u64,
    place: Place,
}

enum Place {
    Memory(RecordBatch, usize),
    /// Offset and length in the file.
    Disk(u64, u64),
}

impl RowStore {
    /// An empty store. With `window_bytes` it keeps no more than that, in memory.
    #[must_use]
    pub fn new(pool: &Arc<dyn MemoryPool>, env: &Arc<RuntimeEnv>, window_bytes: Option<usize>) -> Self {
        let memory = MemoryConsumer::new("cursor").register(pool);
        let (batches, file) = (Vec::new(), None);
        Self { batches, start: 0, end: 0, memory, env: Arc::clone(env), file, file_bytes: 0, window_bytes }
    }

    /// The number of the first row that is kept.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many rows there were.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Keeps everything from now on.
    pub fn keep_all(&mut self) {
        self.window_bytes = None;
    }

    /// Adds rows after the others.
    ///
    /// # Errors
    ///
    /// `53200` when neither memory nor disk takes them, `53100` when the disk's limit is reached.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let rows = batch.num_rows() as u64;
        if rows == 0 {
            return Ok(());
        }
        let bytes = batch.get_array_memory_size();
        while self.window_bytes.is_some_and(|window| self.memory.size() + bytes > window) && !self.batches.is_empty() {
            self.forget_first();
        }
        while let Err(full) = self.memory.try_grow(bytes) {
            let Some(oldest) = self.batches.iter().position(|kept| matches!(kept.place, Place::Memory(..))) else {
                if self.window_bytes.is_some() {
                    return Err(full.into());
                }
                // Nothing else is in memory: this batch goes to disk at once.
                let place = self.write(&batch)?;
                self.batches.push(Kept { first: self.end, rows, place });
                self.end += rows;
                return Ok(());
            };
            self.spill(oldest)?;
        }
        self.batches.push(Kept { first: self.end, rows, place: Place::Memory(batch, bytes) });
        self.end += rows;
        Ok(())
    }

    /// The batch in which a row is, and the row's place in it; `None` for a row that is not kept.
    pub fn read(&self, row: u64) -> Result<Option<(RecordBatch, usize)>> {
        if row < self.start || row >= self.end {
            return Ok(None);
        }
        let at = self.batches.partition_point(|kept| kept.first + kept.rows <= row);
        let Some(kept) = self.batches.get(at) else { return Ok(None) };
        let batch = match &kept.place {
            Place::Memory(batch, _) => batch.clone(),
            Place::Disk(offset, length) => self.read_back(*offset, *length)?,
        };
        let place = usize::try_from(row - kept.first).unwrap_or(usize::MAX);
        Ok((place < batch.num_rows()).then_some((batch, place)))
    }

    /// Forgets the batches that end before a row.
    pub fn forget_before(&mut self, row: u64) {
        while self.batches.first().is_some_and(|kept| kept.first + kept.rows <= row) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if self.batches.is_empty() {
            return;
        }
        let kept = self.batches.remove(0);
        if let Place::Memory(_, bytes) = kept.place {
            self.memory.shrink(bytes);
        }
        self.start = kept.first + kept.rows;
    }

    fn spill(&mut self, at: usize) -> Result<()> {
        let Place::Memory(batch, bytes) = &self.batches[at].place else { return Ok(()) };
        let (batch, bytes) = (batch.clone(), *bytes);
        self.batches[at].place = self.write(&batch)?;
        self.memory.shrink(bytes);
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<Place> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(self.env.disk_manager.create_tmp_file("cursor")?)),
        };
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, batch.schema_ref())?;
        writer.write(batch)?;
        writer.finish()?;
        drop(writer);
        let mut out = file.open_writer()?;
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(|e| {
            let disk = crate::sqlstate::DISK_FULL;
            Error::new(disk, "could not write temporary data: the spill limit is reached").detail(e.to_string())
        })?;
        out.finish()?;
        let place = Place::Disk(self.file_bytes, bytes.len() as u64);
        self.file_bytes += bytes.len() as u64;
        Ok(place)
    }

    fn read_back(&self, offset: u64, length: u64) -> Result<RecordBatch> {
        let gone = || Error::new(crate::sqlstate::IO_ERROR, "could not read the cursor's temporary file");
        let path = self.file.as_ref().and_then(|file| file.path()).ok_or_else(gone)?;
        let mut file = std::fs::File::open(path).map_err(|_| gone())?;
        file.seek(SeekFrom::Start(offset)).map_err(|_| gone())?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| gone())?];
        file.read_exact(&mut bytes).map_err(|_| gone())?;
        let mut reader = StreamReader::try_new(bytes.as_slice(), None)?;
        reader.next().ok_or_else(gone)?.map_err(Into::into)
    }
}
