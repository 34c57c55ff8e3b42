//! What a file says of itself when its table is opened: its columns, and for Parquet its statistics.
//!
//! Parquet, Arrow and Avro files are read in their heads and footers only. The types of CSV and JSON are guessed from
//! the values: from all of them in files of usual size, so that no later row contradicts the guess; of larger files
//! from the first ones, and a row that contradicts it is an error when it is read.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, TimeUnit};
use datafusion::catalog::Session;
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::avro::AvroFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::physical_plan::parquet::Int96Coercer;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::metadata::ParquetMetaData;
use futures::{FutureExt as _, TryStreamExt as _};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::kind::FileKind;
use super::versioned::{classify, error_in};
use super::{footer, schema};
use crate::config::{FileFormatKind, TableConfig};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Files of a text format up to this size are read whole for their types, bytes.
const WHOLE_BYTES: u64 = 256 << 20;
/// Rows that larger ones are judged by.
const SAMPLE_ROWS: usize = 1_000_000;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub(super) struct Inspected {
    /// Its columns with the types the table gives them.
    pub schema: Schema,
    /// Its columns as they are.
    pub own: Schema,
    /// Its footer, for Parquet.
    pub footer: Option<Arc<ParquetMetaData>>,
    /// What else its reader must know.
    pub variant: Variant,
}

/// How files of one format differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Variant {
    /// CSV: a value may contain a line break, so the file cannot be split.
    pub quoted: bool,
    /// JSON: one array instead of a value per line.
    pub array: bool,
    /// Arrow: the stream format, which has no footer.
    pub stream: bool,
}

/// Reads what a file says of itself. A decoder that panics over a broken file only costs this file.
pub(super) async fn inspect(
    ctx: &dyn Session,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    kind: FileKind,
    table: &TableConfig,
) -> Result<Inspected> {
    match AssertUnwindSafe(inspect_format(ctx, store, file, kind, table)).catch_unwind().await {
        Ok(inspected) => inspected,
        Err(_) => Err(corrupted(file)),
    }
}

/// As [`inspect`], panics and all.
async fn inspect_format(
    ctx: &dyn Session,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    kind: FileKind,
    table: &TableConfig,
) -> Result<Inspected> {
    match kind.format {
        FileFormatKind::Parquet => parquet(ctx, store, file).await,
        FileFormatKind::Csv => csv(ctx, store, file, kind, table).await,
        FileFormatKind::Json => json(ctx, store, file, kind).await,
        FileFormatKind::Arrow => {
            let variant = Variant { stream: *head(store, file).await? != *b"ARROW1", ..Variant::default() };
            let own = schema::loose(&infer(ctx, store, file, &ArrowFormat).await?);
            Ok(Inspected { schema: schema::normalize(&own), own, footer: None, variant })
        }
        FileFormatKind::Avro => {
            let own = infer(ctx, store, file, &AvroFormat).await?;
            Ok(Inspected { schema: schema::normalize(&own), own, footer: None, variant: Variant::default() })
        }
    }
}

/// Columns and statistics from the footer; INT96 is read as microseconds.
async fn parquet(ctx: &dyn Session, store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> Result<Inspected> {
    let cache = ctx.runtime_env().cache_manager.get_file_metadata_cache();
    let footer = footer::fetch(store.as_ref(), cache.as_ref(), file).await.map_err(|e| broken(file, &e))?;
    let about = footer.file_metadata();
    let own = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())
        .map_err(|e| broken(file, &DataFusionError::from(e)))?;
    let coerced = Int96Coercer::new(about.schema_descr(), &own, &TimeUnit::Microsecond).coerce();
    let mut schema = schema::normalize(coerced.as_ref().unwrap_or(&own));
    schema::mark_logical_types(&mut schema, about.schema_descr());
    Ok(Inspected { schema, own, footer: Some(footer), variant: Variant::default() })
}

/// Columns from the first line or their positions, types from the values.
async fn csv(
    ctx: &dyn Session,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    kind: FileKind,
    table: &TableConfig,
) -> Result<Inspected> {
    let format = CsvFormat::default()
        .with_has_header(table.header)
        .with_delimiter(ascii(table.delimiter)?)
        .with_file_compression_type(kind.compression)
        .with_schema_infer_max_rec(rows_to_read(file));
    let own = infer(ctx, store, file, &format).await?;
    let fields: Vec<Field> = own.fields().iter().enumerate().map(|(at, field)| named(field, at)).collect();
    let own = Schema::new(fields);
    let quoted = kind.compression.is_compressed() || has_quotes(store, file).await?;
    Ok(Inspected {
        schema: schema::normalize(&own),
        own,
        footer: None,
        variant: Variant { quoted, ..Variant::default() },
    })
}

/// Columns and types from the values; a file that begins with `[` is one array.
async fn json(ctx: &dyn Session, store: &Arc<dyn ObjectStore>, file: &ObjectMeta, kind: FileKind) -> Result<Inspected> {
    let head = head(store, file).await?;
    let array = !kind.compression.is_compressed()
        && head.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte == b'[');
    let format = JsonFormat::default()
        .with_newline_delimited(!array)
        .with_file_compression_type(kind.compression)
        .with_schema_infer_max_rec(rows_to_read(file));
    let own = infer(ctx, store, file, &format).await?;
    Ok(Inspected {
        schema: schema::normalize(&own),
        own,
        footer: None,
        variant: Variant { array, ..Variant::default() },
    })
}

/// The columns that DataFusion finds in a file.
async fn infer(
    ctx: &dyn Session,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    format: &dyn FileFormat,
) -> Result<Schema> {
    let schema = format.infer_schema(ctx, store, std::slice::from_ref(file)).await.map_err(|e| broken(file, &e))?;
    if schema.fields().is_empty() {
        return Err(Error::new(sqlstate::DATA_CORRUPTED, format!("the file \"{}\" has no columns", file.location)));
    }
    Ok(Arc::unwrap_or_clone(schema))
}

/// The file's first six bytes, or fewer.
async fn head(store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> Result<bytes::Bytes> {
    store.get_range(&file.location, 0..file.size.min(6)).await.map_err(|e| classify(&file.location, &e))
}

/// Whether a CSV file may have a line break inside a value: only then it cannot be split at line breaks.
async fn has_quotes(store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> Result<bool> {
    if file.size > WHOLE_BYTES {
        return Ok(true);
    }
    let failed = |e| classify(&file.location, &e);
    let mut chunks = store.get(&file.location).await.map_err(failed)?.into_stream();
    while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
        if chunk.contains(&b'"') {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many rows types are guessed from.
fn rows_to_read(file: &ObjectMeta) -> usize {
    if file.size <= WHOLE_BYTES { usize::MAX } else { SAMPLE_ROWS }
}

/// A CSV column under a usable name: without the mark that some programs begin a file with, and never without one.
fn named(field: &Field, at: usize) -> Field {
    let name = field.name().trim_start_matches('\u{feff}').trim();
    let name = if name.is_empty() { format!("column_{}", at + 1) } else { name.to_owned() };
    field.clone().with_name(name).with_nullable(true)
}

/// A delimiter as the reader wants it.
pub(super) fn ascii(delimiter: char) -> Result<u8> {
    u8::try_from(delimiter)
        .ok()
        .filter(u8::is_ascii)
        .ok_or_else(|| Error::new(sqlstate::CONFIG_FILE_ERROR, "a CSV delimiter must be an ASCII character"))
}

/// DataFusion's error over a file as ours.
fn broken(file: &ObjectMeta, error: &DataFusionError) -> Error {
    match error_in(error) {
        Some(own) => own.clone(),
        None => corrupted(file).detail(format!("{}.", error.strip_backtrace())),
    }
}

/// A file that is not what its name says.
fn corrupted(file: &ObjectMeta) -> Error {
    Error::new(sqlstate::DATA_CORRUPTED, format!("the file \"{}\" cannot be read", file.location))
}
