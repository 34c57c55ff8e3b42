//! `pg_typeof`: the planner knows the type and hands it over as a constant before the value.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::types::{PG_TYPE_KEY, oid};

/// The function's name.
pub const TYPE_OF: &str = "pg_typeof";

/// The function.
pub fn type_of() -> ScalarUDF {
    ScalarUDF::new_from_impl(TypeOf { signature: Signature::variadic_any(Volatility::Immutable) })
}

/// The arguments of a call for a value of a type.
#[must_use]
pub fn typed_arguments(type_oid: u32, value: Expr) -> Vec<Expr> {
    vec![Expr::Literal(ScalarValue::UInt32(Some(type_oid)), None), value]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TypeOf {
    signature: Signature,
}

impl ScalarUDFImpl for TypeOf {
    fn name(&self) -> &'static str {
        TYPE_OF
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt32)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let metadata = [(PG_TYPE_KEY.to_owned(), oid::REGTYPE.to_string())].into();
        Ok(Arc::new(Field::new(TYPE_OF, DataType::UInt32, true).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(first) if first.data_type() == DataType::UInt32 => Ok(first),
            _ => plan_err!("{TYPE_OF} was not given a type"),
        }
    }
}
