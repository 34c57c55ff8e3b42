//! SQL values as json text.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};

use super::super::call::list_row;
use super::super::output::{plain, write_value};
use super::super::ty::{Ty, element_field};
use super::super::udf::fault;
use crate::error::Result;
use crate::types::json::string;
use crate::types::{DateStyle, TextStyle};

/// Writes the values of one column as json.
pub(super) struct JsonWriter {
    array: ArrayRef,
    field: Field,
    style: TextStyle,
}

impl JsonWriter {
    /// A writer of a column's values; dates and times come in ISO form whatever the session's style.
    pub fn new(array: &ArrayRef, field: &Field, style: &TextStyle) -> Result<Self> {
        let style = TextStyle { date_style: DateStyle::Iso, ..style.clone() };
        let array = plain(array)?;
        let field = field.clone().with_data_type(array.data_type().clone());
        Ok(Self { array, field, style })
    }

    /// Appends the value at an index, NULL as `null`.
    pub fn write(&self, i: usize, out: &mut String) -> Result<()> {
        datum(&self.array, &self.field, i, &self.style, out)
    }
}

fn datum(array: &ArrayRef, field: &Field, i: usize, style: &TextStyle, out: &mut String) -> Result<()> {
    if array.is_null(i) {
        out.push_str("null");
        return Ok(());
    }
    let start = out.len();
    match (Ty::of_field(field), array.data_type()) {
        (Some(Ty::Bool), _) => out.push_str(if array.as_boolean().value(i) { "true" } else { "false" }),
        (_, DataType::List(_)) => list(array, field, i, style, out)?,
        (_, DataType::Struct(fields)) => {
            out.push('{');
            for (n, (field, column)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                string(field.name(), out);
                out.push(':');
                datum(column, field, i, style, out)?;
            }
            out.push('}');
        }
        (Some(Ty::Json | Ty::Jsonb), _) => write_value(array, i, style, out)?,
        (Some(ty), _) if ty.category() == 'N' => {
            write_value(array, i, style, out)?;
            if out[start..].contains(['N', 'I']) {
                quote(start, out);
            }
        }
        (Some(Ty::Timestamp | Ty::TimestampTz), _) => {
            write_value(array, i, style, out)?;
            iso_time(start, out);
            quote(start, out);
        }
        _ => {
            let mut text = String::new();
            write_value(array, i, style, &mut text)?;
            string(&text, out);
        }
    }
    Ok(())
}

fn quote(start: usize, out: &mut String) {
    out.insert(start, '"');
    out.push('"');
}

/// `2020-01-01 10:00:00+02` as `2020-01-01T10:00:00+02:00`.
fn iso_time(start: usize, out: &mut String) {
    if let Some(space) = out[start..].find(' ') {
        out.replace_range(start + space..=start + space, "T");
        let zone = out[start + space..].find(['+', '-']).map(|at| out.len() - (start + space + at));
        if zone == Some(3) {
            out.push_str(":00");
        }
    }
}

fn list(array: &ArrayRef, field: &Field, i: usize, style: &TextStyle, out: &mut String) -> Result<()> {
    let Some(elements) = list_row(array, i) else { return Err(fault("the value is not an array")) };
    let inner = element_field(field.data_type()).map(|f| f.as_ref().clone());
    let inner = inner.unwrap_or_else(|| Field::new("item", elements.data_type().clone(), true));
    out.write_char('[').map_err(fault)?;
    for at in 0..elements.len() {
        out.push_str(if at > 0 { "," } else { "" });
        datum(&elements, &inner, at, style, out)?;
    }
    out.push(']');
    Ok(())
}
