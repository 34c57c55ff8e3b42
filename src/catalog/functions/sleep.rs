//! `pg_sleep`: waits without holding a thread, so that a cancelled statement stops waiting at once.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use async_trait::async_trait;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::types::{PG_TYPE_KEY, oid};

/// Longest wait, seconds: longer ones would overflow the timer and are as good as for ever.
const MAX_SECONDS: f64 = 1e9;

/// `pg_sleep(double precision) → void`.
#[must_use]
pub fn pg_sleep() -> ScalarUDF {
    AsyncScalarUDF::new(Arc::new(Sleep { signature: Signature::exact(vec![DataType::Float64], Volatility::Volatile) }))
        .into_scalar_udf()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sleep {
    signature: Signature,
}

impl ScalarUDFImpl for Sleep {
    fn name(&self) -> &'static str {
        "pg_sleep"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let void = [(PG_TYPE_KEY.to_owned(), oid::VOID.to_string())].into();
        Ok(Arc::new(Field::new("pg_sleep", DataType::Utf8, true).with_metadata(void)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("pg_sleep runs asynchronously")
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Sleep {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let Some(seconds) = args.args.first() else { return internal_err!("pg_sleep without an argument") };
        let seconds: ArrayRef = seconds.to_array(rows)?;
        let seconds = seconds.as_primitive::<Float64Type>();
        let mut answers: Vec<Option<&str>> = Vec::with_capacity(rows);
        for i in 0..rows {
            if seconds.is_null(i) {
                answers.push(None);
                continue;
            }
            let wait = seconds.value(i);
            if wait > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(wait.min(MAX_SECONDS))).await;
            }
            answers.push(Some(""));
        }
        Ok(ColumnarValue::Array(Arc::new(StringArray::from(answers))))
    }
}
