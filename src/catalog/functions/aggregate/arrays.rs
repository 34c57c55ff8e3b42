//! `array_agg`: DataFusion's, but DISTINCT without ORDER BY sorts its values as PostgreSQL's does.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result as DfResult;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature};

use super::retyped::{Retyped, RetypedGroups, element_of};
use super::sorted::{self, Sorted};
use super::udaf::own_type;

/// `array_agg`.
pub fn functions() -> Vec<AggregateUDF> {
    vec![AggregateUDF::new_from_impl(ArrayAgg { inner: Arc::clone(array_agg_udaf().inner()) })]
}

#[derive(Debug)]
struct ArrayAgg {
    inner: Arc<dyn AggregateUDFImpl>,
}

impl PartialEq for ArrayAgg {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for ArrayAgg {}

impl Hash for ArrayAgg {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl AggregateUDFImpl for ArrayAgg {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        let field = self.inner.return_field(arg_fields)?;
        let (DataType::List(item), Some(from)) = (field.data_type(), arg_fields.first()) else { return Ok(field) };
        let item = item.as_ref().clone().with_metadata(own_type(from));
        Ok(Arc::new(field.as_ref().clone().with_data_type(DataType::List(Arc::new(item)))))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let element = element_of(&args.return_field);
        if !args.is_distinct && args.order_bys.is_empty() {
            return Ok(Retyped::of(self.inner.accumulator(args)?, element));
        }
        let plain = AccumulatorArgs {
            return_field: Arc::clone(&args.return_field),
            is_distinct: false,
            order_bys: &[],
            ..args
        };
        let inner = self.inner.accumulator(plain)?;
        Ok(Retyped::of(Box::new(Sorted::new(inner, &args)?), element))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        match args.is_distinct || !args.ordering_fields.is_empty() {
            true => Ok(sorted::state_fields(&args)),
            false => self.inner.state_fields(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct && args.order_bys.is_empty() && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn GroupsAccumulator>> {
        let element = element_of(&args.return_field);
        Ok(RetypedGroups::of(self.inner.create_groups_accumulator(args)?, element))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let element = element_of(&args.return_field);
        Ok(Retyped::of(self.inner.create_sliding_accumulator(args)?, element))
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(sorted::order_distinct))
    }

    fn with_beneficial_ordering(self: Arc<Self>, _ordered: bool) -> DfResult<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Beneficial
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }
}
