//! DataFusion's readers, set up for a table's format.

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::config::{CsvOptions, TableParquetOptions};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::physical_plan::{
    ArrowSource, AvroSource, CsvSource, FileSource, JsonSource, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use object_store::ObjectStore;

use super::inspect::Variant;
use super::kind::FileKind;
use super::reader::ReaderFactory;
use crate::config::FileFormatKind;

/// How a table's files are read.
#[derive(Clone, Debug)]
pub(super) struct Format {
    /// Format and compression.
    pub kind: FileKind,
    /// How its files differ from others of the format.
    pub variant: Variant,
    /// CSV: whether the first line has names.
    pub header: bool,
    /// CSV: the delimiter.
    pub delimiter: u8,
}

impl Format {
    /// The compression of whole files.
    pub fn compression(&self) -> FileCompressionType {
        self.kind.compression
    }

    /// A reader of files with these columns, for one scan; options are the session's.
    pub fn source(
        &self,
        schema: TableSchema,
        state: &dyn Session,
        store: &Arc<dyn ObjectStore>,
    ) -> Arc<dyn FileSource> {
        match self.kind.format {
            FileFormatKind::Parquet => {
                let mut options = TableParquetOptions {
                    global: state.config_options().execution.parquet.clone(),
                    ..Default::default()
                };
                // INT96 has no unit of its own; PostgreSQL's is the microsecond.
                options.global.coerce_int96 = Some("us".to_owned());
                let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
                let factory = ReaderFactory { store: Arc::clone(store), cache };
                let source = ParquetSource::new(schema).with_table_parquet_options(options);
                Arc::new(source.with_parquet_file_reader_factory(Arc::new(factory)))
            }
            FileFormatKind::Csv => {
                let options = CsvOptions {
                    has_header: Some(self.header),
                    delimiter: self.delimiter,
                    newlines_in_values: Some(self.variant.quoted),
                    ..CsvOptions::default()
                };
                Arc::new(CsvSource::new(schema).with_csv_options(options))
            }
            FileFormatKind::Json => Arc::new(JsonSource::new(schema).with_newline_delimited(!self.variant.array)),
            FileFormatKind::Arrow if self.variant.stream => Arc::new(ArrowSource::new_stream_file_source(schema)),
            FileFormatKind::Arrow => Arc::new(ArrowSource::new_file_source(schema)),
            FileFormatKind::Avro => Arc::new(AvroSource::new(schema)),
        }
    }
}
