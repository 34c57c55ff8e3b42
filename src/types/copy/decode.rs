//! Rows that wait, as columns; and which field is at fault when they are no values of their columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use super::column;
use super::reader::{LINE, Shape};
use super::rows::Waiting;
use crate::error::Error;
use crate::types::{Format, TextStyle};

/// A field that is no value of its column.
#[derive(Debug)]
pub struct Fault {
    /// Its place among the rows that were to be converted.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// What is wrong with it.
    pub error: Error,
}

/// Why rows could not be converted.
#[derive(Debug)]
pub enum Problem {
    /// The first field at fault, or the first one of each row.
    Faults(Vec<Fault>),
    /// No field by itself.
    Whole(Error),
}

/// Rows and how they are written.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The columns.
    pub shape: &'a Shape,
    /// Which of them are given.
    pub given: &'a [bool],
    /// The fields.
    pub waiting: &'a Waiting,
    /// Text or binary.
    pub format: Format,
    /// How text is read.
    pub style: &'a TextStyle,
}

impl Source<'_> {
    /// Some rows as columns, the numbers of their lines first. `all`: a fault of every row is asked for.
    pub fn batch(&self, rows: &[usize], all: bool) -> Result<RecordBatch, Problem> {
        let mut fields: Vec<FieldRef> = vec![Arc::new(Field::new(LINE, DataType::Int64, false))];
        let number = |row: &usize| self.waiting.lines.get(*row).and_then(|line| i64::try_from(*line).ok()).unwrap_or(0);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(rows.iter().map(number).collect::<Int64Array>())];
        let (mut failed, mut first) = (Vec::new(), None);
        for (i, column) in self.shape.columns.iter().enumerate().filter(|(i, _)| self.given[*i]) {
            let field = Arc::new(column.field.as_ref().clone().with_nullable(true));
            match column::decode(&field, self.format, &self.waiting.column(i, rows), self.style) {
                Ok(array) => {
                    columns.push(array);
                    fields.push(field);
                }
                Err(error) => {
                    failed.push(i);
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first {
            let faults = self.faults(rows, &failed, all);
            return Err(if faults.is_empty() { Problem::Whole(error) } else { Problem::Faults(faults) });
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Problem::Whole(error.into()))
    }

    /// The first field at fault of each row, or of the first such row, among some columns.
    fn faults(&self, rows: &[usize], columns: &[usize], all: bool) -> Vec<Fault> {
        let fault = |(place, row): (usize, &usize)| {
            columns.iter().find_map(|&column| {
                let value = self.waiting.value(*row, column);
                let field = &self.shape.columns[column].field;
                let error = column::decode(field, self.format, &[value], self.style).err()?;
                Some(Fault { row: place, column, error })
            })
        };
        let most = if all { usize::MAX } else { 1 };
        rows.iter().enumerate().filter_map(fault).take(most).collect()
    }
}
