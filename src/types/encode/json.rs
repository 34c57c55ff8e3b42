//! Maps, and other columns told to be `json`, as JSON text.
//!
//! Numbers and booleans stay bare, everything else is a string of its text form; timestamps have a `T` and a full zone
//! offset, as PostgreSQL's `to_json` writes them. Unlike other writers these write NULL themselves, as `null`.

use std::ops::Range;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

use super::choose;
use super::nested::{list_element, list_row};
use super::writer::{Cells, ColumnWriter, Render, Rendered};
use crate::error::Result;
use crate::types::{DateStyle, Format, TextStyle, oid, output, pg_type};

/// How a scalar's text becomes JSON.
#[derive(Clone, Copy)]
enum Kind {
    Bare,
    Boolean,
    Number,
    Timestamp,
    Text,
}

/// A value without parts: its text form, bare or as a JSON string.
struct Scalar {
    text: Box<dyn ColumnWriter>,
    kind: Kind,
    made: Cells,
}

/// A list of any layout as a JSON array.
struct List {
    element: Box<dyn Render>,
    made: Cells,
}

/// A struct as a JSON object; the names are JSON strings already.
struct Struct {
    fields: Vec<(Vec<u8>, Box<dyn Render>, Cells)>,
}

/// A map as a JSON object, in the order of its entries; keys are the text form of their values.
struct Map {
    key: Scalar,
    value: Box<dyn Render>,
    keys: Cells,
    values: Cells,
}

/// A column of JSON: NULL rows are NULL, not `null`.
struct Document {
    value: Box<dyn Render>,
    prefix: &'static [u8],
    made: Cells,
}

/// The writer of a column as `json` or `jsonb`.
pub fn writer(data_type: &DataType, oid: u32, format: Format, style: &TextStyle) -> Result<Box<dyn ColumnWriter>> {
    // JSON's forms of dates and intervals do not follow the session.
    let style = TextStyle { date_style: DateStyle::Iso, extra_float_digits: 1, ..style.clone() };
    let value = render(data_type, None, &style)?;
    let prefix: &[u8] = if oid == oid::JSONB && format == Format::Binary { b"\x01" } else { b"" };
    Ok(Box::new(Rendered::new(Document { value, prefix, made: Cells::default() })))
}

/// What makes a type's JSON. `oid` is the PostgreSQL type of the value, none for the document itself.
fn render(data_type: &DataType, oid: Option<u32>, style: &TextStyle) -> Result<Box<dyn Render>> {
    if let Some(element) = list_element(data_type) {
        let element = render(element.data_type(), Some(pg_type(element).oid), style)?;
        return Ok(Box::new(List { element, made: Cells::default() }));
    }
    match data_type {
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| {
                    let mut name = Vec::new();
                    string(field.name().as_bytes(), &mut name);
                    let value = render(field.data_type(), Some(pg_type(field).oid), style)?;
                    Ok((name, value, Cells::default()))
                })
                .collect::<Result<_>>()?;
            Ok(Box::new(Struct { fields }))
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(choose::mismatch(data_type, oid::JSON));
            };
            let [key, value] = fields.as_ref() else { return Err(choose::mismatch(data_type, oid::JSON)) };
            let key = Scalar { kind: Kind::Text, ..scalar(key.data_type(), pg_type(key).oid, style)? };
            let value = render(value.data_type(), Some(pg_type(value).oid), style)?;
            Ok(Box::new(Map { key, value, keys: Cells::default(), values: Cells::default() }))
        }
        _ => {
            let natural = pg_type(&arrow::datatypes::Field::new("", data_type.clone(), true)).oid;
            Ok(Box::new(scalar(data_type, oid.unwrap_or(natural), style)?))
        }
    }
}

/// The writer of a scalar, and how its text is shown.
fn scalar(data_type: &DataType, oid: u32, style: &TextStyle) -> Result<Scalar> {
    let kind = match oid {
        oid::JSON | oid::JSONB => Kind::Bare,
        oid::BOOL => Kind::Boolean,
        oid::INT2 | oid::INT4 | oid::INT8 | oid::FLOAT4 | oid::FLOAT8 | oid::NUMERIC => Kind::Number,
        oid::TIMESTAMP | oid::TIMESTAMPTZ => Kind::Timestamp,
        _ => Kind::Text,
    };
    Ok(Scalar { text: choose::writer(data_type, oid, Format::Text, style)?, kind, made: Cells::default() })
}

impl Render for Document {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        self.made.clear();
        self.value.render(array, rows.clone(), &mut self.made)?;
        let nulls = array.logical_nulls();
        for (index, row) in rows.enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                cells.bytes.extend_from_slice(self.prefix);
                cells.bytes.extend_from_slice(self.made.get(index));
            }
            cells.end();
        }
        Ok(())
    }
}

impl Render for Scalar {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        self.made.clear();
        self.text.render(array, rows.clone(), &mut self.made)?;
        let nulls = array.logical_nulls();
        for (index, row) in rows.enumerate() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                cells.bytes.extend_from_slice(b"null");
            } else {
                self.kind.write(self.made.get(index), &mut cells.bytes);
            }
            cells.end();
        }
        Ok(())
    }
}

impl Kind {
    /// Appends a value's text as JSON.
    fn write(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Boolean => out.extend_from_slice(if text == b"t" { b"true" } else { b"false" }),
            Self::Number if text.ends_with(b"N") || text.ends_with(b"y") => string(text, out),
            Self::Bare | Self::Number => out.extend_from_slice(text),
            Self::Timestamp => timestamp(text, out),
            Self::Text => string(text, out),
        }
    }
}

impl Render for List {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        for row in rows {
            if array.is_null(row) {
                cells.bytes.extend_from_slice(b"null");
            } else {
                let (values, range) = list_row(array, row);
                let count = range.len();
                self.made.clear();
                self.element.render(values.as_ref(), range, &mut self.made)?;
                cells.bytes.push(b'[');
                for index in 0..count {
                    comma(index, &mut cells.bytes);
                    cells.bytes.extend_from_slice(self.made.get(index));
                }
                cells.bytes.push(b']');
            }
            cells.end();
        }
        Ok(())
    }
}

impl Render for Struct {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = array.as_struct();
        for ((_, value, made), column) in self.fields.iter_mut().zip(array.columns()) {
            made.clear();
            value.render(column.as_ref(), rows.clone(), made)?;
        }
        for (index, row) in rows.enumerate() {
            if array.is_null(row) {
                cells.bytes.extend_from_slice(b"null");
            } else {
                cells.bytes.push(b'{');
                for (at, (name, _, made)) in self.fields.iter().enumerate() {
                    comma(at, &mut cells.bytes);
                    member(name, made.get(index), &mut cells.bytes);
                }
                cells.bytes.push(b'}');
            }
            cells.end();
        }
        Ok(())
    }
}

impl Render for Map {
    fn render(&mut self, array: &dyn Array, rows: Range<usize>, cells: &mut Cells) -> Result<()> {
        let array = array.as_map();
        for row in rows {
            if array.is_null(row) {
                cells.bytes.extend_from_slice(b"null");
            } else {
                let offsets = array.value_offsets();
                let bound = |row: usize| usize::try_from(offsets[row]).expect("an offset is not negative");
                let range = bound(row)..bound(row + 1);
                self.keys.clear();
                self.values.clear();
                self.key.render(array.keys().as_ref(), range.clone(), &mut self.keys)?;
                self.value.render(array.values().as_ref(), range.clone(), &mut self.values)?;
                cells.bytes.push(b'{');
                for index in 0..range.len() {
                    comma(index, &mut cells.bytes);
                    member(self.keys.get(index), self.values.get(index), &mut cells.bytes);
                }
                cells.bytes.push(b'}');
            }
            cells.end();
        }
        Ok(())
    }
}

/// A comma before every item but the first.
fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// A member of an object; both parts are JSON already.
fn member(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.push(b':');
    out.extend_from_slice(value);
}

/// Text as a JSON string.
fn string(text: &[u8], out: &mut Vec<u8>) {
    output::json_string(text, out);
}

/// `2026-11-22 10:00:00+00 BC` as `"2026-11-22T10:00:00+00:00 BC"`.
fn timestamp(text: &[u8], out: &mut Vec<u8>) {
    let (main, era) = match text.strip_suffix(b" BC") {
        Some(main) => (main, &b" BC"[..]),
        None => (text, &b""[..]),
    };
    let start = out.len();
    out.push(b'"');
    out.extend_from_slice(main);
    if let Some(space) = out[start..].iter().position(|&byte| byte == b' ') {
        out[start + space] = b'T';
    }
    if main.len() > 3 && matches!(main[main.len() - 3], b'+' | b'-') && main.contains(&b':') {
        out.extend_from_slice(b":00");
    }
    out.extend_from_slice(era);
    out.push(b'"');
}
