//! Reads Parquet files for a scan: footers from the shared cache, errors with their cause intact.
//!
//! DataFusion's own reader flattens a failed footer read into text, and with it the SQLSTATE that [`super::versioned`]
//! has found; it also takes footers as they are, bounds and all (see [`super::footer`]).

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::footer;

/// Makes readers of a table's files.
#[derive(Debug)]
pub(super) struct ReaderFactory {
    /// Serves the table's version of the files.
    pub store: Arc<dyn ObjectStore>,
    /// Footers and page indexes read before.
    pub cache: Arc<FileMetadataCache>,
}

/// Reads one file for one partition of a scan.
struct Reader {
    store: Arc<dyn ObjectStore>,
    cache: Arc<FileMetadataCache>,
    file: ObjectMeta,
    metrics: ParquetFileMetrics,
}

impl ParquetFileReaderFactory for ReaderFactory {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _footer_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let metrics = ParquetFileMetrics::new(partition, file.object_meta.location.as_ref(), metrics);
        let (store, cache) = (Arc::clone(&self.store), Arc::clone(&self.cache));
        Ok(Box::new(Reader { store, cache, file: file.object_meta, metrics }))
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.count(&range);
        async move { self.store.get_range(&self.file.location, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        for range in &ranges {
            self.count(range);
        }
        async move { self.store.get_ranges(&self.file.location, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move { footer::fetch(self.store.as_ref(), self.cache.as_ref(), &self.file).await.map_err(external) }
            .boxed()
    }
}

impl Reader {
    /// Counts bytes for EXPLAIN ANALYZE.
    fn count(&self, range: &Range<u64>) {
        self.metrics.bytes_scanned.add(usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX));
    }
}

/// An error with its cause kept.
fn external(error: impl std::error::Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}
