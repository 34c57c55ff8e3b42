//! TPC-H data as Parquet files: what a server without data of its own serves.
//!
//! A folder appears whole or not at all: files are written beside it, synced, and moved into place by one rename. A
//! half-made folder of a process that died is made anew. Two processes that want the same folder do not disturb each
//! other: the second waits, and finds it done.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::WriterProperties;

use super::progress::Progress;
use super::tpch::Table;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Rows of a row group: small enough to skip many, large enough to scan fast.
const GROUP_ROWS: usize = 128 << 10;
/// Rows that one file of a table has at most, about.
const FILE_ROWS: f64 = 6_100_000.0;
/// In a finished folder; holds its scale.
const MARKER: &str = "_tpch_scale";

/// Makes the eight tables at a scale in `dir`, unless they are there.
///
/// Scales reach from 0.001 to 1000; 1 is 6 million rows of lineitem.
pub fn generate(dir: &Path, scale: f64) -> Result<()> {
    if !(0.001..=1000.0).contains(&scale) {
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "the scale must be from 0.001 to 1000"));
    }
    let failed = |e: &io::Error| cannot(dir, e, e.kind());
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "the folder needs a name"));
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    fs::create_dir_all(parent).map_err(|e| failed(&e))?;
    let beside = |suffix: &str| parent.join(format!(".{}.{suffix}", name.to_string_lossy()));

    let lock = File::create(beside("lock")).map_err(|e| failed(&e))?;
    lock.lock().map_err(|e| failed(&e))?;
    if is_done(dir, scale)? {
        return Ok(());
    }
    let unfinished = beside("unfinished");
    // Whoever holds the lock is the only one at work, so this is a dead process's.
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).map_err(|e| failed(&e))?;
    write_tables(&unfinished, scale)?;
    publish(&unfinished, dir, parent, scale).map_err(|e| failed(&e))
}

/// Whether the folder holds the tables at this scale. One that holds anything else is not touched.
fn is_done(dir: &Path, scale: f64) -> Result<bool> {
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(found) if found.trim().parse() == Ok(scale) => return Ok(true),
        Ok(found) => {
            let message = format!("\"{}\" holds TPC-H data at scale {}", dir.display(), found.trim());
            return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
        }
        Err(_) => {}
    }
    let occupied = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || dir.is_file() {
        let message = format!("\"{}\" exists and is no folder of TPC-H data", dir.display());
        return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
    }
    Ok(false)
}

/// One file to be written.
struct Task {
    table: Table,
    part: i32,
    parts: i32,
    path: PathBuf,
}

/// Writes all files, on as many threads as there are cores; the first failure stops the others.
fn write_tables(dir: &Path, scale: f64) -> Result<()> {
    let tasks = tasks(dir, scale)?;
    let total: f64 = Table::ALL.iter().map(|table| rows(*table, scale)).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row count, positive and small")]
    let progress = Progress::begin(&format!("generating TPC-H data at scale {scale}"), total as u64);
    let next = AtomicUsize::new(0);
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    let work = || {
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(e) = write(task, scale, &progress) {
                next.store(tasks.len(), Ordering::Relaxed);
                failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(e);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let failure = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failure.map_or(Ok(()), Err)
}

/// A file for each table, or a folder of part files for a large one.
fn tasks(dir: &Path, scale: f64) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for table in Table::ALL {
        #[expect(clippy::cast_possible_truncation, reason = "at most a thousand files")]
        let parts = (rows(table, scale) / FILE_ROWS).ceil() as i32;
        if parts <= 1 {
            tasks.push(Task { table, part: 1, parts: 1, path: dir.join(format!("{}.parquet", table.name())) });
            continue;
        }
        let folder = dir.join(table.name());
        fs::create_dir(&folder).map_err(|e| cannot(&folder, &e, e.kind()))?;
        for part in 1..=parts {
            tasks.push(Task { table, part, parts, path: folder.join(format!("part-{part:04}.parquet")) });
        }
    }
    Ok(tasks)
}

/// Writes one file, surely on disk when this returns.
fn write(task: &Task, scale: f64, progress: &Progress) -> Result<()> {
    let Task { table, part, parts, path } = task;
    let failed = |e: ParquetError| {
        let kind = match &e {
            ParquetError::External(cause) => cause.downcast_ref::<io::Error>().map(io::Error::kind),
            _ => None,
        };
        cannot(path, &e, kind.unwrap_or(io::ErrorKind::Other))
    };
    let io_failed = |e: io::Error| cannot(path, &e, e.kind());
    let mut batches = table.batches(scale, *part, *parts).peekable();
    let Some(Ok(first)) = batches.peek() else {
        return Err(Error::internal(format!("the generator gave no rows of {}", table.name())));
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_sorting_columns(Some(vec![SortingColumn { column_idx: 0, descending: false, nulls_first: false }]))
        .build();
    let file = File::create_new(path).map_err(io_failed)?;
    let mut writer = ArrowWriter::try_new(file, first.schema(), Some(properties)).map_err(failed)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|e| cannot(path, &e, io::ErrorKind::Other))?;
        writer.write(&batch).map_err(failed)?;
        progress.advance(batch.num_rows() as u64);
        rows += batch.num_rows();
    }
    let file = writer.into_inner().map_err(failed)?;
    file.sync_all().map_err(io_failed)?;
    let of = if *parts > 1 { format!(" ({part} of {parts})") } else { String::new() };
    progress.done(&format!("{}{of}: {rows} rows", table.name()));
    Ok(())
}

/// Marks the folder as finished and moves it into place, surely on disk.
fn publish(from: &Path, to: &Path, parent: &Path, scale: f64) -> io::Result<()> {
    fs::write(from.join(MARKER), format!("{scale}\n"))?;
    File::open(from.join(MARKER))?.sync_all()?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.is_dir() {
            File::open(path)?.sync_all()?;
        }
    }
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    File::open(parent)?.sync_all()
}

/// About how many rows a table has.
fn rows(table: Table, scale: f64) -> f64 {
    let (rows, grows) = table.rows();
    f64::from(rows) * if grows { scale } else { 1.0 }
}

/// A file that could not be written, for want of room or for another reason.
fn cannot(path: &Path, error: &dyn std::fmt::Display, kind: io::ErrorKind) -> Error {
    let sqlstate = match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => sqlstate::DISK_FULL,
        _ => sqlstate::IO_ERROR,
    };
    Error::new(sqlstate, format!("could not write \"{}\": {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};

    fn rows_of(path: &Path) -> i64 {
        let file = File::open(path).expect("the file is there");
        let reader = SerializedFileReader::new(file).expect("the file is Parquet");
        reader.metadata().file_metadata().num_rows()
    }

    #[test]
    fn a_small_scale_has_the_right_rows_and_is_made_once() {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let dir = root.path().join("tpch");
        // What a dead process leaves.
        fs::create_dir(root.path().join(".tpch.unfinished")).expect("the folder is writable");
        generate(&dir, 0.001).expect("there is room");
        let count = |table: Table| rows_of(&dir.join(format!("{}.parquet", table.name())));
        let counts = Table::ALL.map(count);
        assert_eq!(counts[1..], [1500, 800, 200, 150, 10, 25, 5]);
        assert!((5800..6200).contains(&counts[0]), "{}", counts[0]);
        assert!(!root.path().join(".tpch.unfinished").exists());

        let made = fs::metadata(dir.join("lineitem.parquet")).and_then(|m| m.modified()).expect("it is there");
        generate(&dir, 0.001).expect("it is done");
        let found = fs::metadata(dir.join("lineitem.parquet")).and_then(|m| m.modified()).expect("it is there");
        assert_eq!(made, found);
        let other = generate(&dir, 0.002).expect_err("the folder is taken");
        assert_eq!(other.sqlstate(), sqlstate::DUPLICATE_OBJECT);
        assert!(generate(&dir, 0.0).is_err());
    }
}
