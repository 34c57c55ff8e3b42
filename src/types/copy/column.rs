//! The values of one column, text or binary, as an array of the column's own type: what its input function makes of
//! them, its length and places included.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};

use super::numeric;
use crate::error::{Error, Result};
use crate::types::param::list;
use crate::types::param::values::{self, Raw};
use crate::types::{Format, TextStyle, fit, oid, pg_type, typmod};

/// Reads values of a column's type.
///
/// # Errors
///
/// PostgreSQL's of the type's input or receive function; `0A000` for what the column cannot keep.
pub fn decode(field: &Field, format: Format, raw: &Raw<'_>, style: &TextStyle) -> Result<ArrayRef> {
    let of = pg_type(field);
    let array = match field.data_type() {
        DataType::List(inner) if oid::element_of(of.oid).is_some() && !is_vector(of.oid) => {
            lists(field.name(), (of.oid, inner), format, raw, style)?
        }
        data_type => scalars((of.oid, of.typmod), field, data_type, format, raw, style)?,
    };
    if array.data_type() == field.data_type() {
        return Ok(array);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(&array, field.data_type(), &options)?)
}

fn is_vector(oid: u32) -> bool {
    matches!(oid, oid::INT2VECTOR | oid::OIDVECTOR)
}

fn scalars(
    (oid, typmod): (u32, i32),
    field: &Field,
    data_type: &DataType,
    format: Format,
    raw: &Raw<'_>,
    style: &TextStyle,
) -> Result<ArrayRef> {
    match oid {
        oid::NUMERIC => numeric::decode(format, raw, typmod, data_type),
        oid::INTERVAL => typmod::fit(&values::intervals(raw, format, style, typmod)?, oid, typmod),
        oid::BIT | oid::VARBIT | oid::VARCHAR | oid::BPCHAR if typmod >= 0 => {
            fit::sized(&values::decode(oid, format, raw, style)?, field)
        }
        _ => typmod::fit(&values::decode(oid, format, raw, style)?, oid, typmod),
    }
}

/// The elements of one array.
struct Elements<'a> {
    dims: Vec<usize>,
    values: Vec<Option<Cow<'a, [u8]>>>,
}

impl<'a> Elements<'a> {
    fn of(oid: u32, element: u32, format: Format, bytes: &'a [u8]) -> Result<Self> {
        match format {
            Format::Text => {
                let literal = list::literal(oid, element, bytes)?;
                let values = literal.elements.into_iter().map(|text| text.map(|text| Cow::Owned(text.into_bytes())));
                Ok(Self { dims: literal.dims, values: values.collect() })
            }
            Format::Binary => {
                let (dims, raw) = list::binary_elements(oid, element, bytes)?;
                Ok(Self { dims, values: raw.into_iter().map(|bytes| bytes.map(Cow::Borrowed)).collect() })
            }
        }
    }
}

/// Arrays: the elements of all rows are read at once, then divided into lists again.
fn lists(
    name: &str,
    (oid, inner): (u32, &FieldRef),
    format: Format,
    raw: &Raw<'_>,
    style: &TextStyle,
) -> Result<ArrayRef> {
    let mut fields = vec![Arc::clone(inner)];
    while let Some(DataType::List(inner)) = fields.last().map(|field| field.data_type())
        && !fields.last().is_some_and(|field| is_vector(pg_type(field).oid))
    {
        let inner = Arc::clone(inner);
        fields.push(inner);
    }
    let levels = fields.len();
    let item = Arc::clone(&fields[levels - 1]);
    let element = oid::element_of(oid).unwrap_or_else(|| pg_type(&item).oid);
    let rows = raw
        .iter()
        .map(|bytes| bytes.map(|bytes| Elements::of(oid, element, format, bytes)).transpose())
        .collect::<Result<Vec<_>>>()?;
    let mut lengths: Vec<Vec<usize>> = vec![Vec::new(); levels];
    let mut flat: Vec<Option<&[u8]>> = Vec::new();
    for row in &rows {
        let Some(row) = row.as_ref().filter(|row| !row.values.is_empty()) else {
            lengths[0].push(0);
            continue;
        };
        if row.dims.len() != levels {
            let given = row.dims.len();
            return Err(Error::unsupported(format!(
                "column \"{name}\" is declared with {levels} array dimensions and cannot keep {given}"
            )));
        }
        let mut above = 1;
        for (level, &dim) in row.dims.iter().enumerate() {
            lengths[level].extend(std::iter::repeat_n(dim, above));
            above *= dim;
        }
        flat.extend(row.values.iter().map(Option::as_deref));
    }
    let mut array = decode(&item, format, &flat, style).map_err(list::of_element)?;
    for (level, (field, lengths)) in fields.iter().zip(lengths).enumerate().rev() {
        let nulls = (level == 0).then(|| rows.iter().map(Option::is_some).collect::<NullBuffer>());
        let list = ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), array, nulls);
        array = Arc::new(list.map_err(|error| Error::internal(format!("could not build an array: {error}")))?);
    }
    Ok(array)
}
