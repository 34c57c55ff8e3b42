//! Text to a value of any type, by the type's input function: what `text::type` does.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::access::TextArray;
use super::cast::widened;
use super::ty::Ty;
use super::udf::{external, fault, only_value};
use crate::catalog::SessionVars;
use crate::error::Result;
use crate::types::param::decode_texts;
use crate::types::{TextStyle, pg_type};

/// The function that reads text as values of a field's type.
#[must_use]
pub fn text_input(to: &FieldRef) -> ScalarUDF {
    let to = to.as_ref().clone().with_name("input").with_nullable(true);
    // How dates and intervals are read depends on the session and the moment.
    let timely = matches!(
        Ty::of_field(&to),
        None | Some(Ty::Date | Ty::Time | Ty::Timestamp | Ty::TimestampTz | Ty::Interval | Ty::Array(_))
    );
    let volatility = if timely { Volatility::Stable } else { Volatility::Immutable };
    let signature = Signature::any(1, volatility);
    ScalarUDF::new_from_impl(TextInput { to: Arc::new(to), signature })
}

#[derive(Debug)]
struct TextInput {
    to: FieldRef,
    signature: Signature,
}

impl PartialEq for TextInput {
    fn eq(&self, other: &Self) -> bool {
        self.to == other.to
    }
}

impl Eq for TextInput {}

impl Hash for TextInput {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to.hash(state);
    }
}

impl ScalarUDFImpl for TextInput {
    fn name(&self) -> &'static str {
        "text_input"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> DfResult<DataType> {
        internal_err!("text_input derives its type from its field")
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        Ok(Arc::clone(&self.to))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let style = SessionVars::of(&args.config_options)
            .map_or_else(|_| Arc::new(TextStyle::default()), |vars| Arc::clone(&vars.style));
        let constant = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let Some(argument) = args.args.first() else { return internal_err!("text_input reads one argument") };
        let array = argument.to_array(rows)?;
        let values = read(&array, &self.to, &style).map_err(external)?;
        Ok(match constant {
            true => ColumnarValue::Scalar(only_value(&values)?),
            false => ColumnarValue::Array(values),
        })
    }
}

/// A text column read as values of a field's type.
fn read(array: &ArrayRef, to: &Field, style: &TextStyle) -> Result<ArrayRef> {
    let array = match array.data_type() {
        DataType::Dictionary(_, value) => arrow::compute::cast(array, value).map_err(fault)?,
        _ => Arc::clone(array),
    };
    if array.data_type() == &DataType::Null {
        return Ok(arrow::array::new_null_array(to.data_type(), array.len()));
    }
    let texts = TextArray::of(array.as_ref()).ok_or_else(|| fault("only text has an input function"))?;
    let raw: Vec<Option<&[u8]>> =
        (0..array.len()).map(|i| array.is_valid(i).then(|| texts.value(i).as_bytes())).collect();
    let oid = pg_type(to).oid;
    if oid == crate::types::oid::JSONPATH {
        let texts = raw.iter().flatten().filter_map(|text| std::str::from_utf8(text).ok());
        texts.into_iter().try_for_each(super::check_patterns)?;
    }
    if super::ty::element(to.data_type()).is_none() || raw.is_empty() {
        return conform(decode_texts(oid, &raw, style)?, to.data_type());
    }
    // Arrays of one column may have elements of different widths before they are brought to the column's.
    let one = |text: Option<&[u8]>| conform(decode_texts(oid, &[text], style)?, to.data_type());
    let rows = raw.iter().copied().map(one).collect::<Result<Vec<ArrayRef>>>()?;
    let rows: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&rows).map_err(fault)
}

/// What an input function made in the layout a column has: numerics widened, texts as views.
pub fn conform(array: ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(array);
    }
    let array = if holds_wide(to) { widened(&array)? } else { array };
    if array.data_type() == to { Ok(array) } else { arrow::compute::cast(&array, to).map_err(fault) }
}

fn holds_wide(data_type: &DataType) -> bool {
    match super::ty::element(data_type) {
        Some(element) => holds_wide(element),
        None => *data_type == super::ty::WIDE_NUMERIC,
    }
}
