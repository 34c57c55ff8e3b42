//! `ROW(…)`: a record whose fields are `f1`, `f2`, … as PostgreSQL names them.

use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// The function.
#[must_use]
pub fn row() -> ScalarUDF {
    let signature = Signature::one_of(vec![TypeSignature::VariadicAny, TypeSignature::Nullary], Volatility::Immutable);
    ScalarUDF::new_from_impl(Row { signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Row {
    signature: Signature,
}

impl ScalarUDFImpl for Row {
    fn name(&self) -> &'static str {
        "row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("row derives its type from fields")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = |(i, f): (usize, &FieldRef)| {
            let field = f.as_ref().clone().with_name(format!("f{}", i + 1)).with_nullable(true);
            // A NULL that nobody gave a type is one of text.
            if *field.data_type() == DataType::Null { field.with_data_type(DataType::Utf8View) } else { field }
        };
        let fields: Fields = args.arg_fields.iter().enumerate().map(field).collect();
        Ok(Arc::new(Field::new("row", DataType::Struct(fields), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Struct(fields) = args.return_field.data_type() else { return internal_err!("a row is a record") };
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        if fields.is_empty() {
            let empty = StructArray::new_empty_fields(rows, None);
            return Ok(ColumnarValue::Scalar(ScalarValue::Struct(Arc::new(empty))));
        }
        let columns: Vec<ArrayRef> = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<_>>()?;
        let columns = columns.into_iter().zip(fields).map(|(c, f)| Ok(cast(&c, f.data_type())?));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let record = StructArray::try_new(fields.clone(), columns, None)?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::Struct(Arc::new(record)))
        } else {
            ColumnarValue::Array(Arc::new(record))
        })
    }
}
