//! Array parameters, and the two vector types, as Arrow lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::concat;

use super::receive::{Cursor, insufficient, malformed};
use super::values::{self, Raw};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{Format, TextStyle, arrow_field, input, oid};

/// PostgreSQL's limit of dimensions.
const MAX_DIMS: i32 = 6;
/// PostgreSQL's limit of elements.
const MAX_ELEMENTS: usize = 134_217_727;

/// Decodes arrays of a type; each keeps its own dimensions, so several must have the same number of them.
pub fn decode(oid: u32, format: Format, raw: &Raw<'_>, style: &TextStyle) -> Result<ArrayRef> {
    let element = match oid {
        oid::INT2VECTOR => oid::INT2,
        oid::OIDVECTOR => oid::OID,
        _ => oid::element_of(oid).expect("only array types come here"),
    };
    let one = |bytes: Option<&[u8]>| match bytes {
        None => Ok(None),
        Some(bytes) if format == Format::Text => text(oid, element, bytes, style).map(Some),
        Some(bytes) => binary(oid, element, bytes, style).map(Some),
    };
    if let [Some(bytes)] = raw {
        return Ok(one(Some(bytes))?.expect("a value is not NULL"));
    }
    // Only the element of an array of vectors comes here in numbers.
    let lists = raw.iter().map(|bytes| one(*bytes)).collect::<Result<Vec<_>>>()?;
    let null = new_null(element)?;
    let lists: Vec<&dyn Array> = lists.iter().map(|list| list.as_deref().unwrap_or(&null)).collect();
    if lists.is_empty() {
        return Ok(new_empty_array(null.data_type()));
    }
    concat(&lists).map_err(|_| {
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "arrays within an array must have the same dimensions")
    })
}

/// An array from its literal, or a vector from its words.
fn text(oid: u32, element: u32, bytes: &[u8], style: &TextStyle) -> Result<ArrayRef> {
    let literal = literal(oid, element, bytes)?;
    let raw: Vec<_> = literal.elements.iter().map(|text| text.as_deref().map(str::as_bytes)).collect();
    wrap(element, values::decode(element, Format::Text, &raw, style)?, &literal.dims)
}

/// The dimensions and elements of an array's text, or of a vector's.
pub fn literal(oid: u32, element: u32, bytes: &[u8]) -> Result<input::ArrayLiteral> {
    let text = input::utf8(bytes)?;
    if matches!(oid, oid::INT2VECTOR | oid::OIDVECTOR) {
        let elements = input::parse_vector(text);
        return Ok(input::ArrayLiteral { dims: vec![elements.len()], elements });
    }
    input::parse_array(text, oid::delimiter(element))
}

/// An array from its binary form.
fn binary(oid: u32, element: u32, bytes: &[u8], style: &TextStyle) -> Result<ArrayRef> {
    let (dims, raw) = binary_elements(oid, element, bytes)?;
    let values = values::decode(element, Format::Binary, &raw, style).map_err(of_element)?;
    wrap(element, values, &dims)
}

/// The error of an element as that of its array.
pub fn of_element(error: Error) -> Error {
    if error.message() == super::LEFT_OVER { malformed("improper binary format in array element") } else { error }
}

/// Dimensions, and elements in order, NULL as none.
type Elements<'a> = (Vec<usize>, Vec<Option<&'a [u8]>>);

/// The dimensions and elements of an array's binary form. No more elements are taken on trust than there are bytes for.
pub fn binary_elements(oid: u32, element: u32, bytes: &[u8]) -> Result<Elements<'_>> {
    let vector = matches!(oid, oid::INT2VECTOR | oid::OIDVECTOR);
    let mut cursor = Cursor::new(bytes);
    let dims = head(&mut cursor, element, i32::from(!vector))?;
    let count = dims.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim));
    let count = if dims.is_empty() { Some(0) } else { count };
    let count = count.filter(|&count| count <= MAX_ELEMENTS).ok_or_else(too_large)?;
    // Every element has a length of four bytes at least.
    if count > cursor.left() / 4 {
        return Err(insufficient());
    }
    let mut raw = Vec::with_capacity(count);
    for _ in 0..count {
        let len = cursor.int4()?;
        raw.push(match usize::try_from(len) {
            Ok(len) => Some(cursor.take(len)?),
            Err(_) if len == -1 => None,
            Err(_) => return Err(insufficient()),
        });
    }
    cursor.end()?;
    Ok((dims, raw))
}

/// Dimensions of an array's binary form.
fn head(cursor: &mut Cursor<'_>, element: u32, lower_bound: i32) -> Result<Vec<usize>> {
    let (ndim, flags, sent) = (cursor.int4()?, cursor.int4()?, cursor.int4()?.cast_unsigned());
    if ndim < 0 {
        return Err(malformed("invalid number of dimensions"));
    }
    if ndim > MAX_DIMS {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("number of array dimensions ({ndim}) exceeds the maximum allowed ({MAX_DIMS})"),
        ));
    }
    if flags != 0 && flags != 1 {
        return Err(malformed("invalid array flags"));
    }
    if sent != element {
        return Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "binary data has array element type {sent} ({}) instead of expected {element} ({})",
                oid::sql_name(sent),
                oid::sql_name(element)
            ),
        ));
    }
    let mut dims = Vec::new();
    for _ in 0..ndim {
        let (len, lower) = (cursor.int4()?, cursor.int4()?);
        dims.push(usize::try_from(len).map_err(|_| too_large())?);
        if lower != lower_bound && len > 0 {
            return Err(Error::unsupported(format!(
                "arrays with a lower bound other than {lower_bound} are not supported"
            )));
        }
    }
    // An array without elements has no dimensions.
    if dims.contains(&0) {
        dims.clear();
    }
    Ok(dims)
}

/// Elements as one list of as many levels as there are dimensions.
fn wrap(element: u32, values: ArrayRef, dims: &[usize]) -> Result<ArrayRef> {
    let field = arrow_field(element, -1)?.with_name("item");
    let mut field = field.with_data_type(values.data_type().clone());
    let mut array = values;
    let empty = [0];
    let dims = if dims.is_empty() { &empty } else { dims };
    for (level, &dim) in dims.iter().enumerate().rev() {
        let lists = dims[..level].iter().product();
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(dim, lists));
        array = Arc::new(
            ListArray::try_new(Arc::new(field), offsets, array, None)
                .map_err(|error| Error::internal(format!("could not build an array: {error}")))?,
        );
        field = arrow::datatypes::Field::new("item", array.data_type().clone(), true);
    }
    Ok(array)
}

/// A NULL of the type of lists of an element type.
fn new_null(element: u32) -> Result<ListArray> {
    let field = Arc::new(arrow_field(element, -1)?.with_name("item"));
    let values = new_empty_array(field.data_type());
    ListArray::try_new(field, OffsetBuffer::from_lengths([0]), values, Some(NullBuffer::new_null(1)))
        .map_err(|error| Error::internal(format!("could not build an array: {error}")))
}

/// `54000`
fn too_large() -> Error {
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, format!("array size exceeds the maximum allowed ({MAX_ELEMENTS})"))
}
