//! Writers of arrays and records, in text and binary.
//!
//! Lists of lists are PostgreSQL's arrays of several dimensions, so every inner list of a value must have the same
//! length. Elements are made by their own type's writer, a list at a time, and then laid out.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::{DataType, Fields};

use super::choose;
use super::writer::{Cells, ColumnWriter, Render, Rendered};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{Format, TextStyle, oid, output, pg_type, send};

/// PostgreSQL's limit of dimensions.
const MAX_DIMS: usize = 6;

/// How an array's elements are laid out.
#[derive(Clone, Copy)]
enum Layout {
    /// `{1,2}`
    Text { delimiter: u8 },
    /// `1 2`: `int2vector` and `oidvector`.
    Words,
    /// The binary form, with its element type and lower bound.
    Binary { element: u32, lower_bound: i32 },
}

/// Makes one array at a time from the lists of a row.
struct ListWriter {
    element: Box<dyn ColumnWriter>,
    /// How many lists lie within each other.
    depth: usize,
    layout: Layout,
    cells: Cells,
    nulls: Vec<bool>,
    dims: Vec<usize>,
}

/// Makes records from the columns of a struct, a block at a time; each field with its type's OID.
struct RecordWriter {
    fields: Vec<(Box<dyn ColumnWriter>, u32, Cells)>,
    format: Format,
}

/// The writer of a list column.
pub fn list(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Result<Box<dyn ColumnWriter>> {
    let vector = matches!(oid, oid::INT2VECTOR | oid::OIDVECTOR);
    let mut leaf = data_type;
    let mut leaf_oid = 0;
    let mut depth = 0;
    while let Some(field) = list_element(leaf) {
        depth += 1;
        leaf = field.data_type();
        leaf_oid = pg_type(field).oid;
        if matches!(leaf_oid, oid::INT2VECTOR | oid::OIDVECTOR) {
            // A vector is an element, not a dimension.
            break;
        }
    }
    if depth > MAX_DIMS || vector && depth > 1 {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("number of array dimensions ({depth}) exceeds the maximum allowed ({MAX_DIMS})"),
        ));
    }
    let element_oid = match oid {
        oid::INT2VECTOR => oid::INT2,
        oid::OIDVECTOR => oid::OID,
        _ => match (oid::by_oid(oid), oid::element_of(oid)) {
            (_, Some(element)) => element,
            (None | Some(oid::TypeInfo { category: b'P', .. }), _) => leaf_oid,
            _ => return Err(choose::mismatch(data_type, oid)),
        },
    };
    let layout = match format {
        Format::Text if vector => Layout::Words,
        Format::Text => Layout::Text { delimiter: oid::delimiter(element_oid) },
        Format::Binary => Layout::Binary { element: element_oid, lower_bound: i32::from(!vector) },
    };
    let element = choose::writer(leaf, element_oid, format, style)?;
    let (cells, nulls, dims) = (Cells::default(), Vec::new(), Vec::new());
    Ok(Box::new(Rendered::new(ListWriter { element, depth, layout, cells, nulls, dims })))
}

/// The writer of a struct column.
pub fn record(fields: &Fields, format: Format, style: &TextStyle) -> Result<Box<dyn ColumnWriter>> {
    let fields = fields
        .iter()
        .map(|field| {
            let oid = pg_type(field).oid;
            Ok((choose::writer(field.data_type(), oid, format, style)?, oid, Cells::default()))
        })
        .collect::<Result<_>>()?;
    Ok(Box::new(Rendered::new(RecordWriter { fields, format })))
}

/// The element field of any list type.
pub fn list_element(data_type: &DataType) -> Option<&arrow::datatypes::Field> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field) => Some(field),
        _ => None,
    }
}

/// The elements of one list, and where they lie.
pub fn list_row(array: &dyn Array, row: usize) -> (&ArrayRef, Range<usize>) {
    /// The row of a list with offsets.
    fn list<O: OffsetSizeTrait>(array: &dyn Array, row: usize) -> (&ArrayRef, Range<usize>) {
        let array = array.as_list::<O>();
        let offsets = array.value_offsets();
        (array.values(), offsets[row].as_usize()..offsets[row + 1].as_usize())
    }
    /// The row of a list with offsets and sizes.
    fn view<O: OffsetSizeTrait>(array: &dyn Array, row: usize) -> (&ArrayRef, Range<usize>) {
        let array = array.as_list_view::<O>();
        let start = array.value_offset(row).as_usize();
        (array.values(), start..start + array.value_size(row).as_usize())
    }
    match array.data_type() {
        DataType::List(_) => list::<i32>(array, row),
        DataType::LargeList(_) => list::<i64>(array, row),
        DataType::ListView(_) => view::<i32>(array, row),
        DataType::LargeListView(_) => view::<i64>(array, row),
        _ => {
            let array = array.as_fixed_size_list();
            let width = usize::try_from(array.value_length()).expect("a list's width is not negative");
            let start = usize::try_from(array.value_offset(row)).expect("an offset is not negative");
            (array.values(), start..start + width)
        }
    }
}

impl Render for ListWriter {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        for row in rows {
            if array.is_valid(row) {
                self.cells.clear();
                self.nulls.clear();
                self.dims.clear();
                self.collect(array, row, 0)?;
                self.lay_out(&mut cells.bytes)?;
            }
            cells.end();
        }
        Ok(())
    }
}

impl ListWriter {
    /// Makes the elements below one list, and checks that its dimensions fit what came before.
    fn collect(&mut self, array: &dyn Array, row: usize, level: usize) -> Result<()> {
        let (values, range) = list_row(array, row);
        match self.dims.get(level) {
            None => self.dims.push(range.len()),
            Some(&len) if len != range.len() => return Err(ragged()),
            Some(_) => {}
        }
        if level + 1 < self.depth {
            for row in range {
                if values.is_null(row) {
                    return Err(Error::new(
                        sqlstate::NULL_VALUE_NOT_ALLOWED,
                        "an array of several dimensions cannot have NULL for an inner array",
                    ));
                }
                self.collect(values.as_ref(), row, level + 1)?;
            }
            return Ok(());
        }
        self.element.render(values.as_ref(), range.clone(), &mut self.cells)?;
        match values.logical_nulls() {
            None => self.nulls.resize(self.nulls.len() + range.len(), false),
            Some(nulls) => self.nulls.extend(range.map(|row| nulls.is_null(row))),
        }
        Ok(())
    }

    /// Writes the array whose elements were collected. An array without elements has no dimensions, whatever the lists.
    fn lay_out(&mut self, out: &mut Vec<u8>) -> Result<()> {
        match self.layout {
            Layout::Text { .. } if self.nulls.is_empty() => out.extend_from_slice(b"{}"),
            Layout::Text { delimiter } => self.braces(delimiter, out),
            Layout::Words => {
                for index in 0..self.cells.len() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(self.cells.get(index));
                }
            }
            Layout::Binary { element, lower_bound } => {
                if self.nulls.is_empty() && lower_bound != 0 {
                    self.dims.clear();
                }
                let has_null = self.nulls.contains(&true);
                send::array_head(&self.dims, lower_bound, has_null, element, out)?;
                for (index, &null) in self.nulls.iter().enumerate() {
                    send::sized((!null).then(|| self.cells.get(index)), out)?;
                }
            }
        }
        Ok(())
    }

    /// The text form: a brace opens and closes wherever a dimension's index comes round.
    fn braces(&self, delimiter: u8, out: &mut Vec<u8>) {
        // The number of elements below one index of each dimension but the last.
        let strides = |index: usize| {
            let mut stride = 1;
            self.dims
                .iter()
                .rev()
                .filter(|&&dim| {
                    stride *= dim;
                    index.is_multiple_of(stride)
                })
                .count()
        };
        for (index, &null) in self.nulls.iter().enumerate() {
            let opening = strides(index);
            if index > 0 {
                out.resize(out.len() + opening, b'}');
                out.push(delimiter);
            }
            out.resize(out.len() + opening, b'{');
            if null {
                out.extend_from_slice(b"NULL");
            } else {
                output::array_element(self.cells.get(index), delimiter, out);
            }
        }
        out.resize(out.len() + self.dims.len(), b'}');
    }
}

impl Render for RecordWriter {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = array.as_struct();
        let mut nulls = Vec::with_capacity(self.fields.len());
        for ((writer, _, made), column) in self.fields.iter_mut().zip(array.columns()) {
            made.clear();
            writer.render(column.as_ref(), rows.clone(), made)?;
            nulls.push(column.logical_nulls());
        }
        let start = rows.start;
        for row in rows {
            if array.is_valid(row) {
                let values = self.fields.iter().zip(&nulls).map(|((_, oid, made), nulls)| {
                    let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                    (*oid, (!null).then(|| made.get(row - start)))
                });
                match self.format {
                    Format::Text => record_text(values, &mut cells.bytes),
                    Format::Binary => record_binary(self.fields.len(), values, &mut cells.bytes)?,
                }
            }
            cells.end();
        }
        Ok(())
    }
}

/// `(1,,"a b")`: NULL is nothing, an empty string is `""`.
fn record_text<'a>(values: impl Iterator<Item = (u32, Option<&'a [u8]>)>, out: &mut Vec<u8>) {
    out.push(b'(');
    for (index, (_, value)) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if let Some(value) = value {
            output::record_field(value, out);
        }
    }
    out.push(b')');
}

/// The count of fields, then each one's type, length and bytes.
fn record_binary<'a>(
    count: usize,
    values: impl Iterator<Item = (u32, Option<&'a [u8]>)>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let count = i32::try_from(count)
        .map_err(|_| Error::new(sqlstate::TOO_MANY_COLUMNS, "ROW expressions can have at most 1664 entries"))?;
    out.extend_from_slice(&count.to_be_bytes());
    for (oid, value) in values {
        out.extend_from_slice(&oid.to_be_bytes());
        send::sized(value, out)?;
    }
    Ok(())
}

/// Inner lists of one value have different lengths.
fn ragged() -> Error {
    Error::new(
        sqlstate::ARRAY_SUBSCRIPT_ERROR,
        "multidimensional arrays must have array expressions with matching dimensions",
    )
}
