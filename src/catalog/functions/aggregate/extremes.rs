//! `min` and `max`: DataFusion's, but of intervals and floats in PostgreSQL's order, and not of types that PostgreSQL
//! refuses.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, StatisticsArgs,
};

use super::super::resolve;
use super::super::ty::{Ty, element, plain};
use super::super::udf::external;
use super::floats::FloatExtremes;
use super::frame::SharedKind;
use super::ordered::interval_extreme;
use super::udaf::own_type;
use crate::error::Error;
use crate::types::{oid, pg_type};

/// `min` and `max`.
pub fn functions() -> Vec<AggregateUDF> {
    let of = |inner: Arc<AggregateUDF>, wanted| {
        let intervals = interval_extreme(wanted);
        AggregateUDF::new_from_impl(Extreme { inner: Arc::clone(inner.inner()), wanted, intervals })
    };
    vec![of(min_udaf(), Ordering::Less), of(max_udaf(), Ordering::Greater)]
}

#[derive(Debug)]
struct Extreme {
    inner: Arc<dyn AggregateUDFImpl>,
    wanted: Ordering,
    intervals: SharedKind,
}

impl PartialEq for Extreme {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Extreme {}

impl Hash for Extreme {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

fn is_interval(fields: &[FieldRef]) -> bool {
    fields.first().is_some_and(|f| matches!(f.data_type(), DataType::Interval(_)))
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let types: Vec<Ty> = arg_types.iter().map(|t| Ty::of(t).unwrap_or(Ty::Any)).collect();
        match types.as_slice() {
            [Ty::Interval] => Ok(arg_types.iter().map(plain).collect()),
            // Refused by `return_field`, whose words DataFusion keeps.
            [Ty::Bool | Ty::Uuid | Ty::Bytea | Ty::Record] => Ok(arg_types.to_vec()),
            _ => self.inner.coerce_types(arg_types),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        if let Some(field) = arg_fields.first() {
            let refused = |ty| {
                matches!(
                    ty,
                    Ty::Bool | Ty::Uuid | Ty::Bytea | Ty::Bits | Ty::Json | Ty::Jsonb | Ty::Jsonpath | Ty::Record
                )
            };
            if let Some(ty) = Ty::of_field(field).filter(|ty| refused(*ty)) {
                return Err(external(resolve::undefined(self.name(), &[ty])));
            }
            if element(field.data_type()).is_some_and(|inner| element(inner).is_some()) {
                let message = format!("{} of arrays of several dimensions is not supported", self.name());
                return Err(external(Error::unsupported(message)));
            }
        }
        let field = self.inner.return_field(arg_fields)?;
        // Of the types that look like text only `char(n)` has a `min` of its own; of those like numbers, all.
        let kept = |from: &FieldRef| match pg_type(from).oid {
            oid::VARCHAR | oid::NAME | oid::CHAR => HashMap::new(),
            _ => own_type(from),
        };
        let metadata = arg_fields.first().map(kept).unwrap_or_default();
        Ok(Arc::new(field.as_ref().clone().with_metadata(metadata)))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        if is_interval(args.expr_fields) { Ok(self.intervals.single()) } else { self.inner.accumulator(args) }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        if !is_interval(args.input_fields) {
            return self.inner.state_fields(args);
        }
        let types = self.intervals.state_types().into_iter().enumerate();
        let field = |(i, t)| Arc::new(Field::new(format_state_name(args.name, &format!("state{i}")), t, true));
        Ok(types.map(field).collect())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        is_interval(args.expr_fields) || self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn GroupsAccumulator>> {
        match args.expr_fields.first().map(|field| field.data_type()) {
            Some(DataType::Interval(_)) => Ok(self.intervals.groups()),
            Some(DataType::Float32) => Ok(Box::new(FloatExtremes::<Float32Type>::new(self.wanted))),
            Some(DataType::Float64) => Ok(Box::new(FloatExtremes::<Float64Type>::new(self.wanted))),
            _ => self.inner.create_groups_accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        match is_interval(args.expr_fields) {
            true => Ok(self.intervals.sliding()),
            false => self.inner.create_sliding_accumulator(args),
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn value_from_stats(&self, statistics_args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.value_from_stats(statistics_args)
    }
}
