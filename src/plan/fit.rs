//! The last step of an assignment: `varchar(n)` and `char(n)` take no more than n characters.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::assign::external;
use crate::types::fit::sized;

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
        sized(&value, &self.field).map(ColumnarValue::Array).map_err(external)
    }
}
