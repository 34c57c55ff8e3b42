//! The last step of an assignment: `varchar(n)` and `char(n)` take no more than n characters.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::assign::external;
use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// `value` as a value of the column `to`, which has a length.
#[must_use]
pub fn fit(value: Expr, to: &FieldRef) -> Expr {
    let field = Arc::new(to.as_ref().clone().with_nullable(true));
    ScalarUDF::new_from_impl(Fit { field, signature: Signature::any(1, Volatility::Immutable) }).call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Fit {
    field: FieldRef,
    signature: Signature,
}

impl ScalarUDFImpl for Fit {
    fn name(&self) -> &'static str {
        "assign"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] =
            ColumnarValue::values_to_arrays(&args.args)?.try_into().or_else(|_| internal_err!("one argument"))?;
        sized(&value, &self.field).map(ColumnarValue::Array)
    }
}

/// Bit strings of the column's length, or of no more.
fn check_bits(value: &ArrayRef, kind: u32, typmod: i32) -> Result<()> {
    let length = usize::try_from(typmod).unwrap_or(usize::MAX);
    let digits = cast(value, &DataType::Utf8View)?;
    for digits in digits.as_string_view().iter().flatten() {
        let error = match kind {
            oid::BIT if digits.len() != length => {
                let message = format!("bit string length {} does not match type bit({length})", digits.len());
                Error::new(sqlstate::STRING_DATA_LENGTH_MISMATCH, message)
            }
            oid::VARBIT if digits.len() > length => {
                let message = format!("bit string too long for type bit varying({length})");
                Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message)
            }
            _ => continue,
        };
        return Err(external(error));
    }
    Ok(())
}

/// Texts of at most the column's length; blanks beyond it are cut, `char(n)` is filled up with them.
fn sized(value: &ArrayRef, field: &FieldRef) -> Result<ArrayRef> {
    let pg_type = pg_type(field);
    if matches!(pg_type.oid, oid::BIT | oid::VARBIT) {
        check_bits(value, pg_type.oid, pg_type.typmod)?;
        return Ok(cast(value, field.data_type())?);
    }
    let length = usize::try_from(pg_type.typmod - 4).unwrap_or(usize::MAX);
    let fill = pg_type.oid == oid::BPCHAR;
    let texts = cast(value, &DataType::Utf8View)?;
    let mut out = StringViewBuilder::with_capacity(texts.len());
    for text in texts.as_string_view() {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
        if !text[end..].bytes().all(|byte| byte == b' ') {
            let message = format!("value too long for type {}", oid::format_type(pg_type.oid, pg_type.typmod));
            return Err(external(Error::new(sqlstate::STRING_DATA_RIGHT_TRUNCATION, message)));
        }
        let missing = if fill { length.saturating_sub(text[..end].chars().count()) } else { 0 };
        if missing == 0 {
            out.append_value(&text[..end]);
        } else {
            out.append_value(format!("{}{}", &text[..end], " ".repeat(missing)));
        }
    }
    Ok(cast(&(Arc::new(out.finish()) as ArrayRef), field.data_type())?)
}
