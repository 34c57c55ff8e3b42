//! Building the batch of a system relation row by row.
//!
//! Rows are few (a relation has at most some hundred thousand) and built once per snapshot, so cells are plain enum
//! values and every column takes what it can hold. A cell of the wrong kind is a mistake in this crate: it becomes
//! NULL, and a test that builds every relation finds it.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, IntervalMonthDayNanoBuilder, ListArray, RecordBatch, StringBuilder,
    StructArray, TimestampMicrosecondBuilder, UInt32Builder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit, SchemaRef};
use arrow::error::ArrowError;

/// One value of a row.
#[derive(Clone, Debug)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// Any integer, OIDs included; a timestamp is microseconds since 1970.
    Int(i64),
    /// A float.
    Float(f64),
    /// A span of time.
    Interval(IntervalMonthDayNano),
    /// Text of any kind.
    Text(Cow<'a, str>),
    /// An array or vector, or a record's fields.
    List(Vec<Cell<'a>>),
}

macro_rules! cell_from_int {
    ($($int:ty)*) => {$(
        impl From<$int> for Cell<'_> {
            fn from(value: $int) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )*};
}
cell_from_int!(i16 i32 i64 u32);

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Vec<T>> for Cell<'a> {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// A row of cells from values of any kind: `row![oid, name, None::<&str>]`.
macro_rules! row {
    ($($value:expr),* $(,)?) => {
        &[$($crate::catalog::pg_catalog::rows::Cell::from($value)),*]
    };
}
pub(crate) use row;

/// NULL in a [`row!`].
pub const NULL: Option<&str> = None;

/// The rows of one relation under construction.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn new(schema: &SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| Column::of(field.data_type())).collect();
        Self { schema: SchemaRef::clone(schema), columns }
    }

    /// Adds a row, one cell per column in order.
    pub fn push(&mut self, row: &[Cell<'_>]) {
        debug_assert_eq!(row.len(), self.columns.len(), "cells of {:?}", self.schema.fields().first());
        for (i, column) in self.columns.iter_mut().enumerate() {
            column.push(row.get(i).unwrap_or(&Cell::Null));
        }
    }

    /// Adds a row of which only some columns are given by name; other numbers are 0 and everything else NULL.
    pub fn push_counters(&mut self, cells: &[(&str, Cell<'_>)]) {
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            let given = cells.iter().find(|(name, _)| name == field.name());
            let zero = matches!(column.kind(), Kind::Int | Kind::Float) && !matches!(column, Column::Timestamp(_));
            let missing = if zero { Cell::Int(0) } else { Cell::Null };
            column.push(given.map_or(&missing, |(_, cell)| cell));
        }
    }

    /// Adds a row from a line of `COPY … TO` text.
    pub fn push_copy(&mut self, line: &str) {
        let mut fields = line.split('\t');
        for column in &mut self.columns {
            match fields.next() {
                None | Some("\\N") => column.push(&Cell::Null),
                Some(field) => {
                    let text = unescape(field);
                    column.push(&parse(&text, column.kind()));
                }
            }
        }
    }

    /// The rows as one batch.
    ///
    /// # Errors
    /// When a column that is never NULL was given one.
    pub fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = self
            .columns
            .into_iter()
            .zip(self.schema.fields())
            .map(|(column, field)| column.finish(field.data_type()))
            .collect();
        RecordBatch::try_new(self.schema, columns)
    }
}

/// A column under construction.
#[derive(Debug)]
pub(crate) enum Column {
    Bool(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt32(UInt32Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Binary(BinaryBuilder),
    Text(StringBuilder),
    List(Box<ListColumn>),
    Record(RecordColumn),
}

/// A list column: its elements and, per row, where they end.
#[derive(Debug)]
pub(crate) struct ListColumn {
    elements: Column,
    ends: Vec<Option<usize>>,
    len: usize,
}

/// A record column: its fields, and which records there are.
#[derive(Debug)]
pub(crate) struct RecordColumn {
    fields: Vec<Column>,
    valid: Vec<bool>,
}

/// What a column's text form is parsed as.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Float,
    /// `[-]hours:minutes:seconds`.
    Interval,
    Text,
    /// `{a,b}` or, for vectors, `1 2`.
    List(&'static Kind),
}

impl Column {
    /// An empty column of a type.
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::UInt32 => Self::UInt32(UInt32Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal128(..) => Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone())),
            DataType::Timestamp(..) => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => Self::Interval(IntervalMonthDayNanoBuilder::new()),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::List(item) => {
                Self::List(Box::new(ListColumn { elements: Self::of(item.data_type()), ends: Vec::new(), len: 0 }))
            }
            DataType::Struct(fields) => {
                let fields = fields.iter().map(|field| Self::of(field.data_type())).collect();
                Self::Record(RecordColumn { fields, valid: Vec::new() })
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::Int16(_) | Self::Int32(_) | Self::Int64(_) | Self::UInt32(_) => Kind::Int,
            Self::Float32(_) | Self::Float64(_) => Kind::Float,
            Self::Interval(_) => Kind::Interval,
            Self::List(list) => Kind::List(match list.elements.kind() {
                Kind::Bool => &Kind::Bool,
                Kind::Int => &Kind::Int,
                Kind::Float => &Kind::Float,
                _ => &Kind::Text,
            }),
            _ => Kind::Text,
        }
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, cell: &Cell<'_>) {
        match self {
            Self::Bool(b) => b.append_option(if let Cell::Bool(v) = cell { Some(*v) } else { None }),
            Self::Int16(b) => b.append_option(integer(cell)),
            Self::Int32(b) => b.append_option(integer(cell)),
            Self::Int64(b) => b.append_option(integer(cell)),
            Self::UInt32(b) => b.append_option(integer(cell)),
            #[allow(clippy::cast_possible_truncation, reason = "a real column keeps a real's precision")]
            Self::Float32(b) => b.append_option(float(cell).map(|v| v as f32)),
            Self::Float64(b) => b.append_option(float(cell)),
            Self::Decimal(b) => b.append_option(integer::<i64>(cell).map(i128::from)),
            Self::Timestamp(b) => b.append_option(integer(cell)),
            Self::Interval(b) => b.append_option(if let Cell::Interval(v) = cell { Some(*v) } else { None }),
            Self::Binary(b) => b.append_option(if let Cell::Text(v) = cell { Some(v.as_bytes()) } else { None }),
            Self::Text(b) => b.append_option(if let Cell::Text(v) = cell { Some(v) } else { None }),
            Self::List(list) => list.push(cell),
            Self::Record(record) => record.push(cell),
        }
    }

    /// The values as an array of the type it was made for.
    pub(crate) fn finish(self, data_type: &DataType) -> ArrayRef {
        match self {
            Self::Bool(mut b) => ArrayBuilder::finish(&mut b),
            Self::Int16(mut b) => ArrayBuilder::finish(&mut b),
            Self::Int32(mut b) => ArrayBuilder::finish(&mut b),
            Self::Int64(mut b) => ArrayBuilder::finish(&mut b),
            Self::UInt32(mut b) => ArrayBuilder::finish(&mut b),
            Self::Float32(mut b) => ArrayBuilder::finish(&mut b),
            Self::Float64(mut b) => ArrayBuilder::finish(&mut b),
            Self::Decimal(mut b) => ArrayBuilder::finish(&mut b),
            Self::Timestamp(mut b) => ArrayBuilder::finish(&mut b),
            Self::Interval(mut b) => ArrayBuilder::finish(&mut b),
            Self::Binary(mut b) => ArrayBuilder::finish(&mut b),
            Self::Text(mut b) => ArrayBuilder::finish(&mut b),
            Self::List(list) => list.finish(data_type),
            Self::Record(record) => record.finish(data_type),
        }
    }
}

impl ListColumn {
    fn push(&mut self, cell: &Cell<'_>) {
        let Cell::List(cells) = cell else {
            self.ends.push(None);
            return;
        };
        for cell in cells {
            self.elements.push(cell);
        }
        self.len += cells.len();
        self.ends.push(Some(self.len));
    }

    fn finish(self, data_type: &DataType) -> ArrayRef {
        let DataType::List(item) = data_type else {
            return arrow::array::new_null_array(data_type, self.ends.len());
        };
        let elements = self.elements.finish(item.data_type());
        let mut end = 0;
        let lengths = self.ends.iter().map(|row| {
            let length = row.map_or(0, |row| row - end);
            end += length;
            length
        });
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls: NullBuffer = self.ends.iter().map(Option::is_some).collect();
        Arc::new(ListArray::new(Arc::clone(item), offsets, elements, Some(nulls)))
    }
}

impl RecordColumn {
    fn push(&mut self, cell: &Cell<'_>) {
        let cells = if let Cell::List(cells) = cell { cells.as_slice() } else { &[] };
        self.valid.push(matches!(cell, Cell::List(_)));
        for (i, field) in self.fields.iter_mut().enumerate() {
            field.push(cells.get(i).unwrap_or(&Cell::Null));
        }
    }

    fn finish(self, data_type: &DataType) -> ArrayRef {
        let DataType::Struct(fields) = data_type else {
            return arrow::array::new_null_array(data_type, self.valid.len());
        };
        let columns = self.fields.into_iter().zip(fields).map(|(column, field)| column.finish(field.data_type()));
        let valid = NullBuffer::from(self.valid);
        Arc::new(StructArray::new(fields.clone(), columns.collect(), Some(valid)))
    }
}

fn integer<T: TryFrom<i64>>(cell: &Cell<'_>) -> Option<T> {
    if let Cell::Int(value) = cell { T::try_from(*value).ok() } else { None }
}

fn float(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Float(value) => Some(*value),
        Cell::Int(value) => i32::try_from(*value).ok().map(f64::from),
        _ => None,
    }
}

/// A value from its text form in a COPY file. What does not parse is NULL.
fn parse(text: &str, kind: Kind) -> Cell<'_> {
    match kind {
        Kind::Bool => Cell::Bool(text == "t"),
        Kind::Int => text.parse().map_or(Cell::Null, Cell::Int),
        Kind::Float => text.parse().map_or(Cell::Null, Cell::Float),
        Kind::Interval => parse_interval(text).map_or(Cell::Null, Cell::Interval),
        Kind::Text => Cell::Text(Cow::Borrowed(text)),
        Kind::List(element) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(inner) => Cell::List(parse_array(inner, *element)),
            None => Cell::List(text.split_ascii_whitespace().map(|word| parse(word, *element)).collect()),
        },
    }
}

/// A span of hours, minutes and seconds.
fn parse_interval(text: &str) -> Option<IntervalMonthDayNano> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let mut seconds = 0;
    for word in text.split(':') {
        seconds = seconds * 60 + word.parse::<i64>().ok()?;
    }
    Some(IntervalMonthDayNano::new(0, 0, sign * seconds * 1_000_000_000))
}

/// The elements of a one-dimensional array literal without its braces.
fn parse_array<'a>(text: &str, element: Kind) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    let mut chars = text.chars();
    let (mut word, mut quoted, mut inside, mut any) = (String::new(), false, false, false);
    let mut close = |word: &mut String, quoted: &mut bool| {
        let text = std::mem::take(word);
        let cell = if text == "NULL" && !*quoted { Cell::Null } else { owned(parse(&text, element)) };
        *quoted = false;
        cells.push(cell);
    };
    while let Some(c) = chars.next() {
        any = true;
        match c {
            '"' => {
                inside = !inside;
                quoted = true;
            }
            '\\' => word.extend(chars.next()),
            ',' if !inside => close(&mut word, &mut quoted),
            c => word.push(c),
        }
    }
    if any {
        close(&mut word, &mut quoted);
    }
    cells
}

fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Null | Cell::List(_) => Cell::Null,
        Cell::Bool(value) => Cell::Bool(value),
        Cell::Int(value) => Cell::Int(value),
        Cell::Float(value) => Cell::Float(value),
        Cell::Interval(value) => Cell::Interval(value),
        Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
    }
}

/// A COPY field without its backslash escapes.
fn unescape(field: &str) -> Cow<'_, str> {
    if !field.contains('\\') {
        return Cow::Borrowed(field);
    }
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int16Type, Schema};

    use super::*;
    use crate::catalog::pg_catalog::schema::field;

    #[test]
    fn copy_text_is_read() {
        let fields = vec![field("a", 25, -1, true), field("b", 1009, -1, true), field("c", 22, -1, true)];
        let mut rows = Rows::new(&Arc::new(Schema::new(fields)));
        rows.push_copy("x\\ty\\\\\t{a,\"b,\\\\\"c\",NULL}\t1 2 3");
        rows.push_copy("\\N\t{}\t\\N");
        let batch = rows.finish().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "x\ty\\");
        let list = batch.column(1).as_list::<i32>();
        let values = list.value(0);
        let values: Vec<_> = values.as_string::<i32>().iter().collect();
        assert_eq!(values, [Some("a"), Some("b,\"c"), None]);
        assert_eq!(list.value_length(1), 0);
        let vector = batch.column(2).as_list::<i32>().value(0);
        assert_eq!(vector.as_primitive::<Int16Type>().values(), &[1, 2, 3]);
        assert!(batch.column(2).is_null(1));
    }
}
