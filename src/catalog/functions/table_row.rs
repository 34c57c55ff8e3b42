//! The rows of tables as values: a record with its table's type, and the parts of a record's text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringBuilder, StructArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::access::TextArray;
use super::udf::external;
use crate::catalog::row_types::RowType;
use crate::error::Error;
use crate::sqlstate;

/// The function that makes a table's row: its type, the array type over it, whether it is there, then each field's name
/// and value. Not a name that SQL can spell without quotes.
pub const TABLE_ROW: &str = "table row";
/// The function that cuts the text of a record into so many texts.
pub const ROW_PARTS: &str = "row parts";
/// The function that tells whether there is a record at all, whatever its fields.
pub const ROW_THERE: &str = "row there";

/// What stands before the fields in a [`TABLE_ROW`].
const HEAD: usize = 3;

/// The functions of this file.
#[must_use]
pub fn functions() -> Vec<ScalarUDF> {
    let any = || Signature::variadic_any(Volatility::Immutable);
    vec![
        ScalarUDF::new_from_impl(TableRow { signature: any() }),
        ScalarUDF::new_from_impl(Parts { signature: any() }),
        ScalarUDF::new_from_impl(There { signature: any() }),
    ]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TableRow {
    signature: Signature,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    signature: Signature,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct There {
    signature: Signature,
}

fn number(value: Option<&ScalarValue>) -> Option<u32> {
    match value? {
        ScalarValue::Int64(Some(n)) => u32::try_from(*n).ok(),
        ScalarValue::Int32(Some(n)) => u32::try_from(*n).ok(),
        _ => None,
    }
}

impl ScalarUDFImpl for TableRow {
    fn name(&self) -> &'static str {
        TABLE_ROW
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("a table's row derives its type from fields")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let constant = |i: usize| args.scalar_arguments.get(i).copied().flatten();
        let (Some(oid), Some(array)) = (number(constant(0)), number(constant(1))) else {
            return plan_err!("a table's row was not given its type");
        };
        let mut fields = Vec::with_capacity(args.arg_fields.len() / 2);
        for (i, value) in args.arg_fields.iter().enumerate().skip(HEAD + 1).step_by(2) {
            let Some(Some(Some(name))) = constant(i - 1).map(ScalarValue::try_as_str) else {
                return plan_err!("a field of a row has no name");
            };
            let field = value.as_ref().clone().with_name(name).with_nullable(true);
            // A NULL that nobody gave a type is one of text.
            let is_null = *field.data_type() == DataType::Null;
            fields.push(if is_null { field.with_data_type(DataType::Utf8View) } else { field });
        }
        let row = Field::new("row", DataType::Struct(fields.into()), true);
        Ok(Arc::new(if oid == 0 { row } else { row.with_metadata(RowType { oid, array }.metadata()) }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Struct(fields) = args.return_field.data_type() else { return internal_err!("a row is a record") };
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let Some(there) = args.args.get(HEAD - 1) else { return internal_err!("a row has a head") };
        let there = there.to_array(rows)?;
        let there: NullBuffer = there.as_boolean().iter().map(|here| here == Some(true)).collect();
        if fields.is_empty() {
            return finish(StructArray::new_empty_fields(rows, Some(there)), constant);
        }
        let values = args.args.iter().skip(HEAD + 1).step_by(2).zip(fields);
        let columns = values.map(|(value, field)| Ok(cast(&value.to_array(rows)?, field.data_type())?));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        finish(StructArray::try_new(fields.clone(), columns, Some(there))?, constant)
    }
}

fn finish(record: StructArray, constant: bool) -> Result<ColumnarValue> {
    Ok(match constant {
        true => ColumnarValue::Scalar(ScalarValue::Struct(Arc::new(record))),
        false => ColumnarValue::Array(Arc::new(record)),
    })
}

impl ScalarUDFImpl for There {
    fn name(&self) -> &'static str {
        ROW_THERE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(record) = args.args.first() else { return internal_err!("a record is asked for") };
        if let ColumnarValue::Scalar(value) = record {
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(!value.is_null()))));
        }
        let array = record.to_array(args.number_rows)?;
        let there = (0..array.len()).map(|row| Some(array.is_valid(row)));
        Ok(ColumnarValue::Array(Arc::new(there.collect::<BooleanArray>())))
    }
}

fn parts_of(count: u32) -> Fields {
    (1..=count).map(|i| Field::new(format!("f{i}"), DataType::Utf8, true)).collect()
}

impl ScalarUDFImpl for Parts {
    fn name(&self) -> &'static str {
        ROW_PARTS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("the parts of a row derive their number from an argument")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let Some(count) = number(args.scalar_arguments.get(1).copied().flatten()) else {
            return plan_err!("a row has a number of fields");
        };
        Ok(Arc::new(Field::new(ROW_PARTS, DataType::Struct(parts_of(count)), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Struct(fields) = args.return_field.data_type() else { return internal_err!("a row is a record") };
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let Some(text) = args.args.first() else { return internal_err!("a row's text is an argument") };
        let text = cast(&text.to_array(rows)?, &DataType::Utf8)?;
        let texts = TextArray::of(text.as_ref());
        let mut columns: Vec<StringBuilder> = fields.iter().map(|_| StringBuilder::new()).collect();
        let mut there = Vec::with_capacity(rows);
        for row in 0..rows {
            let value = texts.as_ref().filter(|_| text.is_valid(row)).map(|texts| texts.value(row));
            there.push(value.is_some());
            match value {
                Some(value) => {
                    let parts = split(value, fields.len()).map_err(external)?;
                    columns.iter_mut().zip(parts).for_each(|(column, part)| column.append_option(part));
                }
                None => columns.iter_mut().for_each(StringBuilder::append_null),
            }
        }
        let columns = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        finish(StructArray::try_new(fields.clone(), columns, Some(NullBuffer::from(there)))?, constant)
    }
}

/// The parts of a record's text as PostgreSQL's `record_in` cuts them: nothing is NULL, `""` is an empty text.
fn split(text: &str, count: usize) -> crate::error::Result<Vec<Option<String>>> {
    let malformed = |detail: &str| {
        let message = format!("malformed record literal: \"{text}\"");
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message).detail(detail.to_owned())
    };
    let open = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let Some(inner) = open.strip_prefix('(') else { return Err(malformed("Missing left parenthesis.")) };
    let mut chars = inner.chars().peekable();
    let mut parts = Vec::with_capacity(count);
    for i in 0..count {
        if i > 0 && chars.next_if_eq(&',').is_none() {
            return Err(malformed("Too few columns."));
        }
        if matches!(chars.peek(), Some(',' | ')')) {
            parts.push(None);
            continue;
        }
        let (mut part, mut quoted) = (String::new(), false);
        while quoted || !matches!(chars.peek(), Some(',' | ')')) {
            let Some(c) = chars.next() else { return Err(malformed("Unexpected end of input.")) };
            match c {
                '\\' => match chars.next() {
                    Some(escaped) => part.push(escaped),
                    None => return Err(malformed("Unexpected end of input.")),
                },
                '"' if quoted && chars.next_if_eq(&'"').is_some() => part.push('"'),
                '"' => quoted = !quoted,
                c => part.push(c),
            }
        }
        parts.push(Some(part));
    }
    if chars.next() != Some(')') {
        return Err(malformed("Too many columns."));
    }
    match chars.all(|c| c.is_ascii_whitespace()) {
        true => Ok(parts),
        false => Err(malformed("Junk after right parenthesis.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_cut_as_postgresql_cuts_it() {
        let parts = split(" (1, a b ,\"x\"\"y\\\\\",) ", 4).unwrap_or_default();
        assert_eq!(parts, [Some("1".to_owned()), Some(" a b ".to_owned()), Some("x\"y\\".to_owned()), None]);
        for bad in ["1,2)", "(1)", "(1,2,3)", "(1,2", "(1,2) x", "(1,\"2)"] {
            assert!(split(bad, 2).is_err(), "{bad}");
        }
    }
}
