//! Stands for a function that does not exist, until the types of its arguments are known: PostgreSQL's message names
//! them.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// The function of that name, which fails as soon as its result type is asked for.
#[must_use]
pub fn undefined(name: &str) -> Arc<ScalarUDF> {
    let signature = Signature::variadic_any(Volatility::Volatile);
    Arc::new(ScalarUDF::new_from_impl(Undefined { name: name.to_owned(), signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Undefined {
    name: String,
    signature: Signature,
}

impl Undefined {
    fn error(&self, types: &[String]) -> DataFusionError {
        let message = format!("function {}({}) does not exist", self.name, types.join(", "));
        let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
        DataFusionError::External(Box::new(Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(hint)))
    }
}

impl ScalarUDFImpl for Undefined {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Err(self.error(&[]))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let name = |(field, scalar): (&FieldRef, Option<&ScalarValue>)| match scalar {
            // A bare string has no type yet.
            Some(ScalarValue::Utf8(_) | ScalarValue::Null) => "unknown".to_owned(),
            _ => oid::sql_name(pg_type(field).oid).to_owned(),
        };
        let types: Vec<String> = args.arg_fields.iter().zip(args.scalar_arguments.iter().copied()).map(name).collect();
        Err(self.error(&types))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(self.error(&[]))
    }
}
