//! The least and the greatest float of each group.
//!
//! DataFusion's start from the type's greatest and least finite numbers and compare with `<`: a group of infinities
//! gives one of those numbers, and a NaN is lost. PostgreSQL's NaN is greater than every other number.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// The extremes of the groups so far; `None` before a group's first value.
#[derive(Debug)]
pub struct FloatExtremes<T: ArrowPrimitiveType> {
    wanted: Ordering,
    found: Vec<Option<T::Native>>,
}

impl<T: ArrowPrimitiveType<Native: PartialOrd>> FloatExtremes<T> {
    /// The least (`Less`) or the greatest (`Greater`) of no values yet.
    pub fn new(wanted: Ordering) -> Self {
        Self { wanted, found: Vec::new() }
    }

    fn see(&mut self, group: usize, value: T::Native) {
        let found = &mut self.found[group];
        match found {
            Some(before) if order(value, *before) != self.wanted => {}
            _ => *found = Some(value),
        }
    }
}

/// PostgreSQL's order, in which NaN is the greatest and zeros are equal.
fn order<F: PartialOrd>(a: F, b: F) -> Ordering {
    let is_nan = |value: &F| value.partial_cmp(value).is_none();
    a.partial_cmp(&b).unwrap_or_else(|| is_nan(&a).cmp(&is_nan(&b)))
}

impl<T: ArrowPrimitiveType<Native: PartialOrd>> GroupsAccumulator for FloatExtremes<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.found.resize(total_num_groups, None);
        let values = values[0].as_primitive::<T>();
        if opt_filter.is_none() && values.null_count() == 0 {
            for (&group, &value) in group_indices.iter().zip(values.values()) {
                self.see(group, value);
            }
            return Ok(());
        }
        let passes = |row: usize| opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for (row, &group) in group_indices.iter().enumerate() {
            if values.is_valid(row) && passes(row) {
                self.see(group, values.value(row));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let found = emit_to.take_needed(&mut self.found);
        Ok(Arc::new(found.into_iter().collect::<PrimitiveArray<T>>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.update_batch(values, group_indices, None, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        let [values] = values else { return internal_err!("an extreme has one argument") };
        let Some(filter) = opt_filter else { return Ok(vec![Arc::clone(values)]) };
        Ok(vec![arrow::compute::nullif(values, &arrow::compute::not(&arrow::compute::prep_null_mask_filter(filter))?)?])
    }

    fn size(&self) -> usize {
        self.found.capacity() * size_of::<Option<T::Native>>()
    }
}
