//! Functions that exist only between the AST and the plan: they carry a construct through `SqlToRel` and are replaced
//! before analysis.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::sql::rewrite::arrays::ARRAY_FUNCTION;

static ARRAY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(ArrayOf::new())));

/// `ARRAY(subquery)`, replaced by Apply.
#[must_use]
pub fn array_of_subquery() -> Arc<ScalarUDF> {
    Arc::clone(&ARRAY)
}

/// `COALESCE` and `NULLIF`, whose arguments have not been brought to one type yet.
#[must_use]
pub fn unified(name: &str) -> Option<Arc<ScalarUDF>> {
    let name = UNIFIED.iter().find(|known| **known == name)?;
    let signature = Signature::variadic_any(Volatility::Volatile);
    Some(Arc::new(ScalarUDF::new_from_impl(Unified { name, signature })))
}

/// Whether a function is such a marker.
#[must_use]
pub fn is_unified(function: &ScalarUDF) -> bool {
    function.inner().is::<Unified>()
}

const UNIFIED: [&str; 2] = ["coalesce", "nullif"];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Unified {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Unified {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args.iter().find(|t| !t.is_null()).map_or(DataType::Null, Clone::clone))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} was left in the plan without a common type", self.name)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ArrayOf {
    signature: Signature,
}

impl ArrayOf {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ArrayOf {
    fn name(&self) -> &'static str {
        ARRAY_FUNCTION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        let element = args.first().map_or(DataType::Null, Clone::clone);
        Ok(DataType::List(Arc::new(Field::new("item", element, true))))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("a subquery of ARRAY was left in the plan")
    }
}
