//! Exact statistics of Parquet files, and of several files together.
//!
//! The optimizer answers `count`, `min` and `max` from what is called exact here, and leaves files unread by it, so
//! nothing is exact that the footer does not prove: a bound needs one in every row group, and a null count must be
//! written (absent does not mean 0). Bounds that lie are gone from the footer already ([`super::footer`]).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::transform_schema_to_view;
use datafusion::parquet::arrow::parquet_column;
use datafusion::parquet::file::metadata::ParquetMetaData;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Statistics of one Parquet file for the columns of its table.
///
/// `schema` is the file's own; a column of the table that it does not have is NULL in each of its rows. Sizes are those
/// of the columns in memory, estimated for text.
pub(super) fn of_parquet(metadata: &ParquetMetaData, schema: &Schema, table: &SchemaRef) -> Result<Statistics> {
    let own = Arc::new(transform_schema_to_view(schema));
    let found = DFParquetMetadata::statistics_from_parquet_metadata(metadata, &own)
        .map_err(|e| Error::new(sqlstate::DATA_CORRUPTED, format!("the file's statistics are broken: {e}")))?;
    let rows = found.num_rows;
    let column = |field: &Arc<Field>| match own.index_of(field.name()) {
        Ok(at) => proven(metadata, &own, found.column_statistics[at].clone(), field),
        Err(_) => all_null(rows),
    };
    let column_statistics: Vec<ColumnStatistics> = table.fields().iter().map(column).collect();
    let bytes = column_statistics.iter().filter_map(|column| column.byte_size.get_value()).sum();
    Ok(Statistics { num_rows: rows, total_byte_size: Precision::Inexact(bytes), column_statistics })
}

/// Statistics of a file of which only the size is known, taken as a hint of the size of its rows in memory.
pub(super) fn of_size(bytes: u64, table: &SchemaRef) -> Statistics {
    let size = usize::try_from(bytes).unwrap_or(usize::MAX);
    Statistics { total_byte_size: Precision::Inexact(size), ..Statistics::new_unknown(table) }
}

/// A file's statistics with those of its partition columns after them: all rows of a file have the same value.
pub(super) fn with_partitions(mut statistics: Statistics, values: &[ScalarValue]) -> Statistics {
    let rows = statistics.num_rows;
    for value in values {
        let bound = if value.is_null() { Precision::Absent } else { Precision::Exact(value.clone()) };
        statistics.column_statistics.push(ColumnStatistics {
            null_count: if value.is_null() { rows } else { Precision::Exact(0) },
            min_value: bound.clone(),
            max_value: bound,
            distinct_count: Precision::Exact(usize::from(!value.is_null())),
            ..ColumnStatistics::new_unknown()
        });
    }
    statistics
}

/// Statistics of several files as of one table with `columns` columns.
///
/// Counts and sizes add up; bounds are the outermost ones, as exact as the least exact of them. Distinct values of
/// several files cannot be counted from those of each.
pub(super) fn merge(files: &[&Statistics], columns: usize) -> Statistics {
    let sum = |get: &dyn Fn(&Statistics) -> Precision<usize>| {
        files.iter().map(|s| get(s)).reduce(|a, b| a.add(&b)).unwrap_or(Precision::Exact(0))
    };
    let column = |at: usize| {
        // A column that is NULL throughout a file says nothing about the bounds of the others.
        let bounded = || {
            let empty = |s: &Statistics| match (s.column_statistics[at].null_count, s.num_rows) {
                (Precision::Exact(nulls), Precision::Exact(rows)) => nulls >= rows,
                _ => false,
            };
            files.iter().filter(move |s| !empty(s)).map(move |s| &s.column_statistics[at])
        };
        ColumnStatistics {
            null_count: sum(&|s| s.column_statistics[at].null_count),
            min_value: bounded().map(|c| c.min_value.clone()).reduce(|a, b| a.min(&b)).unwrap_or_default(),
            max_value: bounded().map(|c| c.max_value.clone()).reduce(|a, b| a.max(&b)).unwrap_or_default(),
            sum_value: Precision::Absent,
            distinct_count: match files.len() {
                1 => sum(&|s| s.column_statistics[at].distinct_count),
                _ => Precision::Absent,
            },
            byte_size: sum(&|s| s.column_statistics[at].byte_size),
        }
    };
    Statistics {
        num_rows: sum(&|s| s.num_rows),
        total_byte_size: sum(&|s| s.total_byte_size),
        column_statistics: (0..columns).map(column).collect(),
    }
}

/// What the row groups prove of a column, in the table's type.
fn proven(metadata: &ParquetMetaData, own: &Schema, mut column: ColumnStatistics, field: &Field) -> ColumnStatistics {
    let descriptor = metadata.file_metadata().schema_descr();
    let Some((leaf, _)) = parquet_column(descriptor, own, field.name()) else {
        return ColumnStatistics { byte_size: column.byte_size, ..ColumnStatistics::new_unknown() };
    };
    let descriptor = descriptor.column(leaf);
    let groups = || metadata.row_groups().iter().filter(|group| group.num_rows() > 0);
    let statistics = || groups().map(|group| group.column(leaf).statistics());
    let counted = statistics().all(|s| s.is_some_and(|s| s.null_count_opt().is_some()));
    if descriptor.max_def_level() == 0 {
        column.null_count = Precision::Exact(0);
    } else if !counted {
        column.null_count = Precision::Absent;
    }
    let bounded = groups().all(|group| {
        let Some(found) = group.column(leaf).statistics() else { return false };
        let all_null = found.null_count_opt().is_some_and(|nulls| Ok(nulls) == u64::try_from(group.num_rows()));
        all_null || (found.min_bytes_opt().is_some() && found.max_bytes_opt().is_some())
    });
    if !bounded {
        column.min_value = Precision::Absent;
        column.max_value = Precision::Absent;
    }
    column.min_value = cast(column.min_value, field.data_type());
    column.max_value = cast(column.max_value, field.data_type());
    column
}

/// A bound in the table's type; the scan casts values in the same way, and the casts keep order.
fn cast(bound: Precision<ScalarValue>, to: &DataType) -> Precision<ScalarValue> {
    let convert = |value: ScalarValue| if value.data_type() == *to { Some(value) } else { value.cast_to(to).ok() };
    let known = |value: ScalarValue| convert(value).filter(|value| !value.is_null());
    match bound {
        Precision::Exact(value) => known(value).map_or(Precision::Absent, Precision::Exact),
        Precision::Inexact(value) => known(value).map_or(Precision::Absent, Precision::Inexact),
        Precision::Absent => Precision::Absent,
    }
}

/// A column that the file does not have.
fn all_null(rows: Precision<usize>) -> ColumnStatistics {
    ColumnStatistics { null_count: rows, ..ColumnStatistics::new_unknown() }
}
