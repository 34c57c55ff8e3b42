//! Parquet footers: read once, and stripped of bounds that cannot be trusted.
//!
//! Pruning believes every minimum and maximum it finds, in the footer and in the page index. Writers leave NaN out of
//! the bounds of floats, although PostgreSQL holds NaN to be greater than every number; INT96 has no agreed order; and
//! files of before 2017 order text and unsigned numbers by signed bytes. Such bounds are dropped here, so that no
//! reader ever skips rows by them.

use std::sync::Arc;

use datafusion::common::{Result, plan_err};
use datafusion::datasource::physical_plan::parquet::metadata::CachedParquetMetaData;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::parquet::DecodeResult;
use datafusion::parquet::basic::{LogicalType, SortOrder, Type};
use datafusion::parquet::errors::Result as ParquetResult;
use datafusion::parquet::file::metadata::{
    ColumnChunkMetaData, FooterTail, PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder, RowGroupMetaData,
};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::parquet::file::statistics::{Statistics, ValueStatistics};
use datafusion::parquet::schema::types::ColumnDescriptor;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

/// How much of a file's end is read at first, bytes.
const TAIL_BYTES: u64 = 64 << 10;

/// A file's footer and page index, from the cache if they were read before.
pub(super) async fn fetch(
    store: &dyn ObjectStore,
    cache: &FileMetadataCache,
    file: &ObjectMeta,
) -> Result<Arc<ParquetMetaData>> {
    if let Some(entry) = cache.get(&file.location)
        && entry.is_valid_for(file)
        && let Some(cached) = entry.file_metadata.as_any().downcast_ref::<CachedParquetMetaData>()
    {
        return Ok(Arc::clone(cached.parquet_metadata()));
    }
    let footer = Arc::new(strip(read(store, file).await?)?);
    let cached = Arc::new(CachedParquetMetaData::new(Arc::clone(&footer)));
    cache.put(&file.location, CachedFileMetadataEntry::new(file.clone(), cached));
    Ok(footer)
}

/// Footer and page index, as a rule with one request.
async fn read(store: &dyn ObjectStore, file: &ObjectMeta) -> Result<ParquetMetaData> {
    let tail = file.size.saturating_sub(TAIL_BYTES)..file.size;
    let bytes = store.get_range(&file.location, tail.clone()).await?;
    let Some((_, end)) = bytes.split_last_chunk::<8>() else { return plan_err!("the file is too short") };
    let length = u64::try_from(FooterTail::try_new(end)?.metadata_length()).unwrap_or(u64::MAX);
    if length.saturating_add(12) > file.size {
        return plan_err!("the footer would be longer than the file");
    }
    let policy = PageIndexPolicy::Optional;
    let mut decoder = ParquetMetaDataPushDecoder::try_new(file.size)?.with_page_index_policy(policy);
    decoder.push_range(tail, bytes)?;
    loop {
        match decoder.try_decode()? {
            DecodeResult::Data(footer) => return Ok(footer),
            DecodeResult::NeedsData(ranges) => {
                let more = store.get_ranges(&file.location, &ranges).await?;
                decoder.push_ranges(ranges, more)?;
            }
            DecodeResult::Finished => return plan_err!("the footer is missing"),
        }
    }
}

/// A footer and page index without the bounds that cannot be trusted.
fn strip(footer: ParquetMetaData) -> ParquetResult<ParquetMetaData> {
    let doubtful = |group: &RowGroupMetaData| group.columns().iter().any(is_doubtful);
    if !footer.row_groups().iter().any(doubtful) {
        return Ok(footer);
    }
    let mut builder = footer.into_builder();
    let mut groups = builder.take_row_groups();
    let mut pages = builder.take_column_index();
    for (at, group) in groups.iter_mut().enumerate() {
        let pages = pages.as_mut().and_then(|pages| pages.get_mut(at));
        let doubtful: Vec<bool> = group.columns().iter().map(is_doubtful).collect();
        for (page, _) in pages.into_iter().flatten().zip(&doubtful).filter(|(_, doubtful)| **doubtful) {
            *page = ColumnIndexMetaData::NONE;
        }
        for (column, _) in group.columns_mut().iter_mut().zip(&doubtful).filter(|(_, doubtful)| **doubtful) {
            *column = without_bounds(column.clone())?;
        }
    }
    Ok(builder.set_row_groups(groups).set_column_index(pages).build())
}

/// Whether a column chunk's bounds may exclude values that it has.
fn is_doubtful(column: &ColumnChunkMetaData) -> bool {
    let Some(statistics) = column.statistics() else { return has_no_order(column.column_descr()) };
    let signed = column.column_descr().sort_order() == SortOrder::SIGNED;
    has_no_order(column.column_descr()) || (statistics.is_min_max_deprecated() && !signed)
}

/// Whether writers cannot be expected to agree with PostgreSQL on the order of a type.
fn has_no_order(column: &ColumnDescriptor) -> bool {
    matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE | Type::INT96)
        || matches!(column.logical_type_ref(), Some(LogicalType::Float16))
}

/// A column chunk whose statistics only count.
fn without_bounds(column: ColumnChunkMetaData) -> ParquetResult<ColumnChunkMetaData> {
    let Some(found) = column.statistics() else { return Ok(column) };
    let (distinct, nulls) = (found.distinct_count_opt(), found.null_count_opt());
    macro_rules! empty {
        ($($variant:ident),*) => {
            match found {
                $(Statistics::$variant(_) => {
                    Statistics::$variant(ValueStatistics::new(None, None, distinct, nulls, false))
                })*
            }
        };
    }
    let statistics = empty!(Boolean, Int32, Int64, Int96, Float, Double, ByteArray, FixedLenByteArray);
    column.into_builder().set_statistics(statistics).build()
}
