//! Primary and unique keys of temporary tables: each chunk of rows knows its keys, so a statement looks only its own
//! rows up.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use arrow::row::{RowConverter, SortField};

use super::contents::row_texts;
use crate::catalog::Constraint;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;

/// A key by the places of its columns.
#[derive(Clone, Debug)]
pub struct KeyColumns {
    /// The constraint's name.
    pub name: String,
    /// Its columns' places.
    pub columns: Vec<usize>,
}

/// The values of one key in one chunk.
pub type KeySet = HashSet<Box<[u8]>>;

impl KeyColumns {
    /// The keys of a table.
    #[must_use]
    pub fn of(constraints: &[Constraint], table: &str, schema: &Schema) -> Vec<Self> {
        let places = |c: &Constraint| c.columns.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        constraints.iter().map(|c| Self { name: c.name_on(table), columns: places(c) }).collect()
    }

    /// The key's values in a batch, with the rows they stand in; rows with a NULL in the key have none.
    pub fn values(&self, batch: &RecordBatch) -> Result<Vec<(usize, Box<[u8]>)>> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|&i| comparable(batch.column(i))).collect();
        let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
        let whole = |row: &usize| columns.iter().all(|column| column.is_valid(*row));
        Ok((0..batch.num_rows()).filter(whole).map(|row| (row, Box::from(rows.row(row).data()))).collect())
    }

    /// `23505`, with the key's columns and the values that are there already.
    pub fn violated_by(&self, batch: &RecordBatch, row: usize, style: &TextStyle) -> Result<Error> {
        let values = row_texts(batch, row, style)?;
        let schema = batch.schema();
        let names: Vec<&str> = self.columns.iter().map(|&i| schema.field(i).name().as_str()).collect();
        let shown: Vec<&str> =
            self.columns.iter().map(|&i| values.get(i).and_then(Option::as_deref).unwrap_or("null")).collect();
        let message = format!("duplicate key value violates unique constraint \"{}\"", self.name);
        let detail = format!("Key ({})=({}) already exists.", names.join(", "), shown.join(", "));
        Ok(Error::new(sqlstate::UNIQUE_VIOLATION, message).detail(detail).of_row(row))
    }
}

/// Whether two values of a type are the same key exactly when their bytes are.
#[must_use]
pub fn can_be_key(data_type: &DataType) -> bool {
    data_type.is_integer()
        || data_type.is_floating()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Utf8
                | DataType::LargeUtf8
                | DataType::Utf8View
                | DataType::Binary
                | DataType::BinaryView
                | DataType::FixedSizeBinary(_)
                | DataType::Decimal128(..)
                | DataType::Decimal256(..)
                | DataType::Date32
                | DataType::Time64(_)
                | DataType::Timestamp(..)
        )
}

/// Floats with one zero and one NaN, as PostgreSQL compares them.
fn comparable(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float32 => Arc::new(
            column
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|v| if v.is_nan() { f32::NAN } else { v + 0.0 }),
        ),
        DataType::Float64 => Arc::new(
            column
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|v| if v.is_nan() { f64::NAN } else { v + 0.0 }),
        ),
        _ => Arc::clone(column),
    }
}
