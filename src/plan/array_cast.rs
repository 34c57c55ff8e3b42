//! Casts of arrays: each element as PostgreSQL casts a value of its type, the dimensions as they are.
//!
//! An array type says nothing of dimensions in PostgreSQL; here the Arrow type has a level for each, so the target takes
//! as many levels as the value has.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, col,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::create_physical_expr;

use super::calls::{call, explicit_cast};
use super::json_casts::json_cast;
use super::wide::is_padded;
use crate::catalog::functions::Functions;
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, element_field, with_leaf};
use crate::types::PG_TYPMOD_KEY;

/// The name under which an inner expression sees an element.
const ELEMENT: &str = "element";

/// The cast of an array to an array type; `Err` gives the expression back when either side is none.
pub fn array_cast(expr: Expr, from: &FieldRef, to: &FieldRef, functions: &Functions) -> Result<Result<Expr, Expr>> {
    let (Some(_), Some(_)) = (element_field(from.data_type()), element_field(to.data_type())) else {
        return Ok(Err(expr));
    };
    let (from_leaf, to_leaf) = (leaf(from), leaf(to));
    let is_cut = to_leaf.metadata().contains_key(PG_TYPMOD_KEY);
    // Arrow takes json for text, and `char(n)` too.
    let same = Ty::of_field(&from_leaf) == Ty::of_field(&to_leaf) && (!is_padded(&from_leaf) || is_padded(&to_leaf));
    if from_leaf.data_type() == to_leaf.data_type() && same && !is_cut {
        let target = Arc::new(to.as_ref().clone().with_data_type(with_leaf(from.data_type(), &to_leaf)));
        return Ok(Ok(Expr::Cast(Cast::new_from_field(Box::new(expr), target))));
    }
    let schema = element_schema(&from_leaf)?;
    let element = col(ELEMENT);
    let inner = match json_cast(element, &from_leaf, &to_leaf, functions)? {
        Ok(planned) => planned,
        Err(element) => explicit_cast(element, Some(&from_leaf), &to_leaf, functions)
            .map_err(|e| DataFusionError::External(Box::new(e)))?,
    };
    let exact = inner.to_field(&schema)?.1.data_type().is_decimal();
    let widens = exact && *to_leaf.data_type() == WIDE_NUMERIC;
    let inner = if widens { call(functions, "cast_numeric", vec![inner]) } else { inner };
    let inner = ExprSimplifier::new(SimplifyContext::default()).coerce(inner, &schema)?;
    let made = inner.to_field(&schema)?.1;
    let leaf = made.as_ref().clone().with_metadata(to_leaf.metadata().clone());
    let target = to.as_ref().clone().with_data_type(with_leaf(from.data_type(), &leaf)).with_name("array");
    let cast = ArrayCast {
        inner,
        element: from_leaf,
        target: Arc::new(target),
        signature: Signature::any(1, Volatility::Stable),
    };
    let declared = Arc::clone(&cast.target);
    let made = ScalarUDF::new_from_impl(cast).call(vec![expr]);
    Ok(Ok(Expr::Cast(Cast::new_from_field(Box::new(made), declared))))
}

/// The innermost element of an array.
fn leaf(field: &FieldRef) -> FieldRef {
    let mut leaf = field;
    while let Some(inner) = element_field(leaf.data_type()) {
        leaf = inner;
    }
    Arc::clone(leaf)
}

fn element_schema(element: &FieldRef) -> Result<DFSchema> {
    let field = element.as_ref().clone().with_name(ELEMENT).with_nullable(true);
    DFSchema::try_from(Schema::new(vec![field]))
}

#[derive(Debug)]
struct ArrayCast {
    /// The cast of one element, a column called [`ELEMENT`].
    inner: Expr,
    element: FieldRef,
    target: FieldRef,
    signature: Signature,
}

impl PartialEq for ArrayCast {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.target == other.target
    }
}

impl Eq for ArrayCast {}

impl Hash for ArrayCast {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for ArrayCast {
    fn name(&self) -> &'static str {
        "array cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&self.target))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let Some(array) = args.args.first().map(|a| a.to_array(if constant { 1 } else { args.number_rows })) else {
            return datafusion::common::internal_err!("a cast has an argument");
        };
        let mut props = ExecutionProps::new();
        props.mark_start_execution(Arc::clone(&args.config_options));
        let schema = element_schema(&self.element)?;
        let physical = create_physical_expr(&self.inner, &schema, &props, &PhysicalPlanningContext::default())?;
        let convert = |values: ArrayRef| -> Result<ArrayRef> {
            let batch = RecordBatch::try_new(Arc::clone(schema.inner()), vec![values])?;
            physical.evaluate(&batch)?.into_array(batch.num_rows())
        };
        let made = rebuild(&array?, self.target.data_type(), &convert)?;
        Ok(if constant {
            match made.as_list_opt::<i32>() {
                Some(list) => ColumnarValue::Scalar(ScalarValue::List(Arc::new(list.clone()))),
                None => ColumnarValue::Array(made),
            }
        } else {
            ColumnarValue::Array(made)
        })
    }
}

/// The same lists over converted innermost values.
fn rebuild(array: &ArrayRef, target: &DataType, convert: &dyn Fn(ArrayRef) -> Result<ArrayRef>) -> Result<ArrayRef> {
    let (DataType::List(field), DataType::List(_)) = (target, array.data_type()) else {
        return convert(Arc::clone(array));
    };
    let list = array.as_list::<i32>();
    let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
    let at = |n: i32| usize::try_from(n).unwrap_or(0);
    let values = list.values().slice(at(first), at(last - first));
    let values = rebuild(&values, field.data_type(), convert)?;
    let lengths = list.offsets().lengths();
    let offsets = datafusion::arrow::buffer::OffsetBuffer::from_lengths(lengths);
    let field = Arc::new(Field::clone(field).with_data_type(values.data_type().clone()));
    Ok(Arc::new(ListArray::try_new(field, offsets, values, list.nulls().cloned())?))
}
