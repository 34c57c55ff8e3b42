//! Tests of the whole room: values go in as text or binary and come out the same, and as PostgreSQL has them.

mod golden;
mod property;
mod rows;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;

use super::{Format, RawParam, RowEncoder, TextStyle, arrow_field, decode_param, oid};
use crate::error::Result;

/// The cells of one row of a DataRow message, none for NULL; the rest of the bytes.
fn data_row(bytes: &[u8]) -> (Vec<Option<&[u8]>>, &[u8]) {
    assert_eq!(bytes[0], b'D');
    let len = u32::from_be_bytes(bytes[1..5].try_into().expect("four bytes")) as usize;
    let (message, rest) = bytes.split_at(1 + len);
    let columns = u16::from_be_bytes(message[5..7].try_into().expect("two bytes"));
    let mut at = 7;
    let mut cells = Vec::new();
    for _ in 0..columns {
        let len = i32::from_be_bytes(message[at..at + 4].try_into().expect("four bytes"));
        at += 4;
        cells.push(usize::try_from(len).ok().map(|len| {
            at += len;
            &message[at - len..at]
        }));
    }
    assert_eq!(at, message.len());
    (cells, rest)
}

/// Encodes a one-column batch and gives its cells.
fn cells(field: &Field, array: &ArrayRef, format: Format, style: &TextStyle) -> Result<Vec<Option<Vec<u8>>>> {
    let schema = Arc::new(Schema::new(vec![field.clone().with_name("c").with_data_type(array.data_type().clone())]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::clone(array)]).expect("one column");
    let mut out = Vec::new();
    RowEncoder::try_new(&schema, &[format], style)?.encode(&batch, 0..array.len(), &mut out)?;
    let mut rest = out.as_slice();
    let mut cells = Vec::new();
    while !rest.is_empty() {
        let (row, tail) = data_row(rest);
        cells.push(row[0].map(<[u8]>::to_vec));
        rest = tail;
    }
    Ok(cells)
}

/// The one cell of a value of a type.
fn cell(oid: u32, array: &ArrayRef, format: Format, style: &TextStyle) -> Result<Option<Vec<u8>>> {
    let mut cells = cells(&arrow_field(oid, -1)?, array, format, style)?;
    assert_eq!(cells.len(), 1);
    Ok(cells.remove(0))
}

fn decode(oid: u32, format: Format, bytes: &[u8], style: &TextStyle) -> Result<ArrayRef> {
    decode_param(oid, &RawParam { bytes: Some(bytes.to_vec().into()), format }, style)
}

/// The OID of a type as `cases.sql` names it.
fn type_named(name: &str) -> u32 {
    if let Some(element) = name.strip_suffix("[]") {
        return oid::array_of(type_named(element)).expect("a built-in type");
    }
    let name = name.split('(').next().unwrap_or(name).trim_matches('"');
    oid::by_name(name).expect("a built-in type").oid
}
