//! Where tables' bytes are: folders, globs and object stores as tables over fixed lists of files.
//!
//! [`discover`] finds the tables of a folder, [`open`] turns a configured table into a [`FileTable`]: it lists the
//! files once, reads every footer once (in parallel, bounded), merges schemas and statistics, and from then on serves
//! exactly that version. A broken table is an error of its own and never stops another.

mod discover;
mod footer;
mod inspect;
mod kind;
mod location;
mod partitions;
mod reader;
mod schema;
mod source;
mod spill;
mod statistics;
mod stores;
mod table;
#[cfg(test)]
mod tests;
mod versioned;

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::table_schema::TableSchema;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{ObjectMeta, ObjectStore};

pub use discover::discover;
pub use spill::SpillDir;
pub use stores::register_stores;
pub use table::FileTable;
pub use versioned::{VersionedStore, error_in};

use crate::config::{FileFormatKind, TableConfig};
use crate::error::{Error, Result};
use crate::sqlstate;
use inspect::{Inspected, Variant};
use kind::FileKind;
use location::{Listing, Location};
use source::Format;
use table::Parts;

/// Files of one table that are opened at once.
const OPEN_FILES: usize = 16;
/// Tables that are opened at once.
const OPEN_TABLES: usize = 4;

/// A table that is ready to be read.
#[derive(Clone, Debug)]
pub struct OpenedTable {
    /// Where its rows come from.
    pub provider: Arc<dyn TableProvider>,
    /// How many rows it has, where the files say so.
    pub rows: Option<u64>,
    /// The size of its files, bytes.
    pub bytes: u64,
    /// The number of its files.
    pub files: usize,
}

/// Opens a table: lists its files and reads what they say of themselves.
pub async fn open(table: &TableConfig, ctx: &dyn Session) -> Result<OpenedTable> {
    let opened = open_location(table, ctx).await;
    opened
        .map_err(|e| e.context(format!("opening table \"{}.{}\" at \"{}\"", table.schema, table.name, table.location)))
}

/// Opens many tables, a few at once; the results are in the tables' order and fail one by one.
pub async fn open_all(tables: &[TableConfig], ctx: &dyn Session) -> Vec<Result<OpenedTable>> {
    stream::iter(tables.iter().map(|table| open(table, ctx))).buffered(OPEN_TABLES).collect().await
}

/// As [`open`], without the error's context.
async fn open_location(table: &TableConfig, ctx: &dyn Session) -> Result<OpenedTable> {
    let env = ctx.runtime_env();
    let location = Location::parse(&table.location)?;
    let inner = stores::store(env, &location, &table.options)?;
    let mut listing = location.list(&inner).await?;
    let kind = choose_kind(table, &mut listing)?;
    let store: Arc<dyn ObjectStore> = Arc::new(VersionedStore::new(inner, &listing.files, location.remote.is_none()));
    let inspections = listing.files.iter().map(|file| inspect::inspect(ctx, &store, file, kind, table));
    let inspected: Vec<Inspected> = stream::iter(inspections).buffered(OPEN_FILES).try_collect().await?;

    let bytes = listing.files.iter().map(|file| file.size).sum();
    let format = format(table, kind, &listing, &inspected)?;
    let parts = assemble(table, &listing, &inspected, format, store)?;
    let files = parts.files.len();
    let provider = FileTable::try_new(parts, env)
        .map_err(|e| Error::new(sqlstate::INVALID_OBJECT_DEFINITION, format!("the table cannot be served: {e}")))?;
    let rows = match provider.statistics().map(|statistics| statistics.num_rows) {
        Some(Precision::Exact(rows)) => u64::try_from(rows).ok(),
        _ => None,
    };
    Ok(OpenedTable { provider: Arc::new(provider), rows, bytes, files })
}

/// The one kind of the listed files; files of no known kind are dropped from the listing.
fn choose_kind(table: &TableConfig, listing: &mut Listing) -> Result<FileKind> {
    let name = |file: &ObjectMeta| file.location.filename().unwrap_or_default().to_owned();
    let by_name = |file: &ObjectMeta| kind::split(&name(file)).map(|(_, kind)| kind);
    if let Some(format) = table.format {
        let fits = |file: &ObjectMeta| by_name(file).is_some_and(|kind| kind.format == format);
        // Names that say nothing are believed to be of the configured format, unless others say it.
        if listing.files.iter().any(fits) {
            listing.files.retain(fits);
        }
    } else {
        listing.files.retain(|file| by_name(file).is_some());
    }
    let kind_of = |file: &ObjectMeta| match table.format {
        Some(format) => kind::of_format(&name(file), format),
        None => by_name(file).expect("files without a kind were dropped"),
    };
    let Some(first) = listing.files.first() else {
        let message = "none of the files has a known format";
        return Err(Error::new(sqlstate::UNDEFINED_FILE, message)
            .hint("Known are .parquet, .csv, .tsv, .json, .ndjson, .jsonl, .arrow, .feather, .ipc and .avro."));
    };
    let kind = kind_of(first);
    match listing.files.iter().find(|file| kind_of(file) != kind) {
        None => Ok(kind),
        Some(other) => Err(Error::new(
            sqlstate::INVALID_OBJECT_DEFINITION,
            format!("the files \"{}\" and \"{}\" differ in format or compression", first.location, other.location),
        )),
    }
}

/// How all of the files are read.
fn format(table: &TableConfig, kind: FileKind, listing: &Listing, inspected: &[Inspected]) -> Result<Format> {
    let first = inspected.first().map(|file| file.variant).unwrap_or_default();
    let differs = |file: &Inspected| (file.variant.array, file.variant.stream) != (first.array, first.stream);
    if let Some(at) = inspected.iter().position(differs) {
        let (a, b) = (&listing.files[0].location, &listing.files[at].location);
        let message = format!("the files \"{a}\" and \"{b}\" are of different variants of their format");
        return Err(Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message));
    }
    let variant = Variant { quoted: inspected.iter().any(|file| file.variant.quoted), ..first };
    Ok(Format { kind, variant, header: table.header, delimiter: inspect::ascii(table.delimiter)? })
}

/// Schema, statistics and partition values of the whole table.
fn assemble(
    table: &TableConfig,
    listing: &Listing,
    inspected: &[Inspected],
    format: Format,
    store: Arc<dyn ObjectStore>,
) -> Result<Parts> {
    let partitions = partitions::find(&listing.base, &listing.files, table.partitions.as_deref())?;
    let schemas: Vec<(&str, &Schema)> =
        listing.files.iter().zip(inspected).map(|(file, found)| (file.location.as_ref(), &found.schema)).collect();
    let merged = without(&schema::merge(&schemas, format.kind.format)?, &partitions.fields);
    // The Arrow reader gives columns as they are, so they are cast behind it.
    let read = match format.kind.format {
        FileFormatKind::Arrow => without(&Arc::new(same_types(inspected, listing)?), &partitions.fields),
        _ => Arc::clone(&merged),
    };
    let mut files = Vec::with_capacity(inspected.len());
    for ((meta, found), values) in listing.files.iter().zip(inspected).zip(partitions.rows) {
        let own = match &found.footer {
            Some(footer) => statistics::of_parquet(footer, &found.own, &merged)?,
            None => statistics::of_size(meta.size, &merged),
        };
        let mut file = PartitionedFile::new_from_meta(meta.clone());
        file.statistics = Some(Arc::new(statistics::with_partitions(own, &values)));
        file.partition_values = values;
        files.push(file);
    }
    let fields: Vec<FieldRef> = merged.fields().iter().chain(&partitions.fields).map(Arc::clone).collect();
    let read = TableSchema::builder(read).with_table_partition_cols(partitions.fields).build();
    Ok(Parts { schema: Arc::new(Schema::new(fields)), read, format, files, store })
}

/// A column that is both in the files and in the folders' names is read from the names, as Hive does.
fn without(schema: &SchemaRef, partitions: &[FieldRef]) -> SchemaRef {
    let is_partition = |field: &Field| partitions.iter().any(|partition| partition.name() == field.name());
    let kept: Vec<FieldRef> = schema.fields().iter().filter(|field| !is_partition(field)).map(Arc::clone).collect();
    Arc::new(Schema::new(kept))
}

/// The types of Arrow files, which must all be the same.
fn same_types(inspected: &[Inspected], listing: &Listing) -> Result<Schema> {
    let mut files = inspected.iter().zip(&listing.files);
    let Some((first, first_meta)) = files.next() else { return Ok(Schema::empty()) };
    let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
    for (other, meta) in files {
        if types(&other.own) != types(&first.own) {
            let message = format!("\"{}\" and \"{}\" have different column types", first_meta.location, meta.location);
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        }
    }
    Ok(first.own.clone())
}
