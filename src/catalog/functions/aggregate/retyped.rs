//! Accumulators whose arrays get an element field that says which PostgreSQL type the elements are.
//!
//! DataFusion's `array_agg` makes its element field from the Arrow type alone, and `uuid[]` would be `bytea[]`. States
//! stay as DataFusion makes them.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, ListArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// The element field of a result, when it says more than the Arrow type does.
pub fn element_of(result: &FieldRef) -> Option<FieldRef> {
    match result.data_type() {
        DataType::List(item) if !item.metadata().is_empty() => Some(Arc::clone(item)),
        _ => None,
    }
}

/// One group's accumulator.
#[derive(Debug)]
pub struct Retyped {
    inner: Box<dyn Accumulator>,
    element: FieldRef,
}

/// The accumulator of many groups.
pub struct RetypedGroups {
    inner: Box<dyn GroupsAccumulator>,
    element: FieldRef,
}

impl Retyped {
    /// The same with its element field; itself where there is none.
    pub fn of(inner: Box<dyn Accumulator>, element: Option<FieldRef>) -> Box<dyn Accumulator> {
        match element {
            Some(element) => Box::new(Self { inner, element }),
            None => inner,
        }
    }
}

impl RetypedGroups {
    /// The same with its element field; itself where there is none.
    pub fn of(inner: Box<dyn GroupsAccumulator>, element: Option<FieldRef>) -> Box<dyn GroupsAccumulator> {
        match element {
            Some(element) => Box::new(Self { inner, element }),
            None => inner,
        }
    }
}

fn retyped(lists: &ListArray, element: &FieldRef) -> DfResult<ListArray> {
    let (_, offsets, values, nulls) = lists.clone().into_parts();
    Ok(ListArray::try_new(Arc::clone(element), offsets, values, nulls)?)
}

impl Accumulator for Retyped {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        match self.inner.evaluate()? {
            ScalarValue::List(lists) => Ok(ScalarValue::List(Arc::new(retyped(&lists, &self.element)?))),
            other => Ok(other),
        }
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

impl GroupsAccumulator for RetypedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.inner.update_batch(values, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let lists = self.inner.evaluate(emit_to)?;
        match lists.as_list_opt::<i32>() {
            Some(lists) => Ok(Arc::new(retyped(lists, &self.element)?)),
            None => Ok(lists),
        }
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, opt_filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}
