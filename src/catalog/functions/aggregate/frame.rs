//! A [`Kind`] as DataFusion's accumulators.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::concat;
use arrow::datatypes::DataType;
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::super::udf::external;
use super::kind::Kind;

/// States of many groups.
#[derive(Debug)]
pub struct Groups<K: Kind> {
    kind: K,
    states: Vec<K::State>,
    heap: usize,
}

/// The state of one group.
#[derive(Debug)]
pub struct Single<K: Kind> {
    kind: K,
    state: K::State,
}

/// One group over distinct argument rows only.
#[derive(Debug)]
pub struct Distinct<K: Kind> {
    kind: K,
    /// The arguments' types, for the state of a group without rows.
    types: Vec<DataType>,
    seen: HashSet<Vec<ScalarValue>>,
    rows: Vec<Vec<ScalarValue>>,
}

/// One group over a moving frame; computed anew where rows cannot be taken away exactly.
#[derive(Debug)]
pub struct Sliding<K: Kind> {
    kind: K,
    rows: VecDeque<Vec<ArrayRef>>,
}

/// Rows in which some argument is NULL.
fn any_null(columns: &[ArrayRef]) -> Option<NullBuffer> {
    columns.iter().fold(None, |all, column| NullBuffer::union(all.as_ref(), column.logical_nulls().as_ref()))
}

impl<K: Kind> Groups<K> {
    /// No groups yet.
    pub fn new(kind: K) -> Self {
        Self { kind, states: Vec::new(), heap: 0 }
    }

    fn taken(&mut self, emit_to: EmitTo) -> Vec<K::State> {
        let states = emit_to.take_needed(&mut self.states);
        let heap: usize = states.iter().map(K::heap_size).sum();
        self.heap = self.heap.saturating_sub(heap);
        states
    }
}

impl<K: Kind> GroupsAccumulator for Groups<K> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.states.resize(total_num_groups, K::State::default());
        let input = self.kind.bind(values).map_err(external)?;
        let nulls = any_null(values);
        for (row, group) in group_indices.iter().enumerate() {
            let passes = opt_filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            if !passes || nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                continue;
            }
            let state = &mut self.states[*group];
            let before = K::heap_size(state);
            self.kind.update(state, &input, row).map_err(external)?;
            self.heap = (self.heap + K::heap_size(state)).saturating_sub(before);
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let states = self.taken(emit_to);
        self.kind.finish(&states).map_err(external)
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        let states = self.taken(emit_to);
        self.kind.save(&states).map_err(external)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.states.resize(total_num_groups, K::State::default());
        let others = self.kind.load(values).map_err(external)?;
        for (other, group) in others.iter().zip(group_indices) {
            let state = &mut self.states[*group];
            let before = K::heap_size(state);
            self.kind.merge(state, other).map_err(external)?;
            self.heap = (self.heap + K::heap_size(state)).saturating_sub(before);
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, arrow::array::Array::len);
        let mut own = Self::new(self.kind.clone());
        let each: Vec<usize> = (0..rows).collect();
        own.update_batch(values, &each, opt_filter, rows)?;
        own.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<K::State>() + self.heap
    }
}

impl<K: Kind> Single<K> {
    /// A group of no rows.
    pub fn new(kind: K) -> Self {
        Self { kind, state: K::State::default() }
    }
}

/// The first value of a one-row column.
fn only(column: &ArrayRef) -> DfResult<ScalarValue> {
    ScalarValue::try_from_array(column, 0)
}

impl<K: Kind> Accumulator for Single<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let input = self.kind.bind(values).map_err(external)?;
        let nulls = any_null(values);
        for row in 0..values.first().map_or(0, arrow::array::Array::len) {
            if nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
                self.kind.update(&mut self.state, &input, row).map_err(external)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        only(&self.kind.finish(std::slice::from_ref(&self.state)).map_err(external)?)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + K::heap_size(&self.state)
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let columns = self.kind.save(std::slice::from_ref(&self.state)).map_err(external)?;
        columns.iter().map(only).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        for other in self.kind.load(states).map_err(external)? {
            self.kind.merge(&mut self.state, &other).map_err(external)?;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let input = self.kind.bind(values).map_err(external)?;
        let nulls = any_null(values);
        for row in 0..values.first().map_or(0, arrow::array::Array::len) {
            if nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
                let done = self.kind.retract(&mut self.state, &input, row);
                done.unwrap_or(Ok(())).map_err(external)?;
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        self.kind.retracts()
    }
}

impl<K: Kind> Distinct<K> {
    /// A group of no rows.
    pub fn new(kind: K, types: Vec<DataType>) -> Self {
        Self { kind, types, seen: HashSet::new(), rows: Vec::new() }
    }

    fn add(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let nulls = any_null(values);
        for row in 0..values.first().map_or(0, arrow::array::Array::len) {
            if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                continue;
            }
            let key = values.iter().map(|v| ScalarValue::try_from_array(v, row)).collect::<DfResult<Vec<_>>>()?;
            if self.seen.insert(key.clone()) {
                self.rows.push(key);
            }
        }
        Ok(())
    }

    fn columns(&self) -> DfResult<Vec<ArrayRef>> {
        let width = self.rows.first().map_or(0, Vec::len);
        (0..width).map(|i| ScalarValue::iter_to_array(self.rows.iter().map(|row| row[i].clone()))).collect()
    }
}

impl<K: Kind> Accumulator for Distinct<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.add(values)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let mut single = Single::new(self.kind.clone());
        if !self.rows.is_empty() {
            single.update_batch(&self.columns()?)?;
        }
        single.evaluate()
    }

    fn size(&self) -> usize {
        let row = self.rows.first().map_or(0, |row| row.iter().map(ScalarValue::size).sum::<usize>() + 48);
        size_of::<Self>() + self.rows.len() * row * 2
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let list = |(i, data_type): (usize, &DataType)| {
            let values: Vec<ScalarValue> = self.rows.iter().map(|row| row[i].clone()).collect();
            ScalarValue::List(ScalarValue::new_list(&values, data_type, true))
        };
        Ok(self.types.iter().enumerate().map(list).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let rows = states.first().map_or(0, arrow::array::Array::len);
        for row in 0..rows {
            let columns: Option<Vec<ArrayRef>> = states.iter().map(|s| super::super::call::list_row(s, row)).collect();
            if let Some(columns) = columns {
                self.add(&columns)?;
            }
        }
        Ok(())
    }
}

impl<K: Kind> Sliding<K> {
    /// An empty frame.
    pub fn new(kind: K) -> Self {
        Self { kind, rows: VecDeque::new() }
    }
}

impl<K: Kind> Accumulator for Sliding<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        for row in 0..values.first().map_or(0, arrow::array::Array::len) {
            self.rows.push_back(values.iter().map(|v| v.slice(row, 1)).collect());
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        for _ in 0..values.first().map_or(0, arrow::array::Array::len) {
            self.rows.pop_front();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let mut single = Single::new(self.kind.clone());
        let width = self.rows.front().map_or(0, Vec::len);
        let mut columns = Vec::with_capacity(width);
        for i in 0..width {
            let parts: Vec<&dyn Array> = self.rows.iter().map(|row| row[i].as_ref()).collect();
            columns.push(concat(&parts)?);
        }
        if width > 0 {
            single.update_batch(&columns)?;
        }
        single.evaluate()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.rows.len() * 256
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Single::new(self.kind.clone()).state()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> DfResult<()> {
        datafusion::common::internal_err!("a moving frame has no partial states")
    }
}

/// A kind behind DataFusion's traits, its type forgotten.
pub trait AnyKind: std::fmt::Debug + Send + Sync {
    /// For many groups.
    fn groups(&self) -> Box<dyn GroupsAccumulator>;
    /// For one group.
    fn single(&self) -> Box<dyn Accumulator>;
    /// For one group of distinct rows of arguments of these types.
    fn distinct(&self, types: Vec<DataType>) -> Box<dyn Accumulator>;
    /// For a moving frame.
    fn sliding(&self) -> Box<dyn Accumulator>;
    /// The types of a saved state.
    fn state_types(&self) -> Vec<DataType>;
}

impl<K: Kind> AnyKind for K {
    fn groups(&self) -> Box<dyn GroupsAccumulator> {
        Box::new(Groups::new(self.clone()))
    }

    fn single(&self) -> Box<dyn Accumulator> {
        Box::new(Single::new(self.clone()))
    }

    fn distinct(&self, types: Vec<DataType>) -> Box<dyn Accumulator> {
        Box::new(Distinct::new(self.clone(), types))
    }

    fn sliding(&self) -> Box<dyn Accumulator> {
        if self.retracts() { Box::new(Single::new(self.clone())) } else { Box::new(Sliding::new(self.clone())) }
    }

    fn state_types(&self) -> Vec<DataType> {
        Kind::state_types(self)
    }
}

/// A shared kind.
pub type SharedKind = Arc<dyn AnyKind>;
