//! `string_agg` of text and bytea, in the order the rows come (ORDER BY sorts them before).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, AggregateUDF, GroupsAccumulator};

use super::super::access::TextArray;
use super::super::call::{VALUE_LIMIT, too_large};
use super::super::ty::Ty;
use super::super::udf::{external, fault};
use super::frame::AnyKind;
use super::udaf::{Chosen, PgAggregate};
use crate::error::Result;

/// `string_agg`.
pub fn functions() -> Vec<AggregateUDF> {
    vec![PgAggregate::ordered("string_agg", choose)]
}

fn choose(types: &[DataType]) -> Option<Chosen> {
    let [value, separator] = types else { return None };
    let text = match (Ty::of(value)?, Ty::of(separator)?) {
        (Ty::Text | Ty::Unknown, Ty::Text | Ty::Unknown) => true,
        (Ty::Bytea, Ty::Bytea | Ty::Text | Ty::Unknown) => false,
        _ => return None,
    };
    let data_type = if text { DataType::Utf8 } else { DataType::Binary };
    Some(Chosen {
        arguments: vec![data_type.clone(), data_type.clone()],
        ret: Field::new("", data_type, true),
        kind: Arc::new(StringAgg { text }),
    })
}

/// The aggregate of text or bytea. The separator before the first value is kept apart, so that states can be joined.
#[derive(Clone, Debug)]
struct StringAgg {
    text: bool,
}

impl AnyKind for StringAgg {
    fn groups(&self) -> Box<dyn GroupsAccumulator> {
        Box::new(Joined::new(self.clone()))
    }

    fn single(&self) -> Box<dyn Accumulator> {
        Box::new(One { inner: Joined::new(self.clone()), seen: None })
    }

    fn distinct(&self, _types: Vec<DataType>) -> Box<dyn Accumulator> {
        Box::new(One { inner: Joined::new(self.clone()), seen: Some(std::collections::HashSet::new()) })
    }

    fn sliding(&self) -> Box<dyn Accumulator> {
        self.single()
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Binary, DataType::Binary]
    }
}

/// First separator and the rest, per group; `None` before the first value.
#[derive(Debug)]
struct Joined {
    kind: StringAgg,
    groups: Vec<Option<(Vec<u8>, Vec<u8>)>>,
    bytes: usize,
}

impl Joined {
    fn new(kind: StringAgg) -> Self {
        Self { kind, groups: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, group: usize, separator: &[u8], value: &[u8]) -> Result<()> {
        self.bytes += separator.len() + value.len();
        match &mut self.groups[group] {
            None => self.groups[group] = Some((separator.to_vec(), value.to_vec())),
            Some((_, rest)) => {
                if rest.len() + separator.len() + value.len() > VALUE_LIMIT {
                    return Err(too_large());
                }
                rest.extend_from_slice(separator);
                rest.extend_from_slice(value);
            }
        }
        Ok(())
    }

    fn column(&self, groups: Vec<Option<Vec<u8>>>) -> Result<ArrayRef> {
        let total: usize = groups.iter().flatten().map(Vec::len).sum();
        if i32::try_from(total).is_err() {
            return Err(too_large());
        }
        if !self.kind.text {
            return Ok(Arc::new(groups.iter().map(Option::as_deref).collect::<BinaryArray>()));
        }
        let texts = groups
            .into_iter()
            .map(|g| g.map(String::from_utf8).transpose().map_err(fault))
            .collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(StringArray::from(texts)))
    }
}

/// Bytes of a text or bytea value; `None` for NULL.
fn bytes_at(array: &ArrayRef, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    match TextArray::of(array.as_ref()) {
        Some(text) => Some(text.value(row).as_bytes()),
        None => array.as_binary_opt::<i32>().map(|b| b.value(row)),
    }
}

impl GroupsAccumulator for Joined {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.groups.resize(total_num_groups, None);
        for (row, group) in group_indices.iter().enumerate() {
            if !opt_filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                continue;
            }
            if let Some(value) = bytes_at(&values[0], row) {
                self.add(*group, bytes_at(&values[1], row).unwrap_or(b""), value).map_err(external)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: datafusion::logical_expr::EmitTo) -> DfResult<ArrayRef> {
        let groups = emit_to.take_needed(&mut self.groups);
        let column = self.column(groups.into_iter().map(|g| g.map(|(_, rest)| rest)).collect()).map_err(external)?;
        self.bytes = self.groups.iter().flatten().map(|(a, b)| a.len() + b.len()).sum();
        Ok(column)
    }

    fn state(&mut self, emit_to: datafusion::logical_expr::EmitTo) -> DfResult<Vec<ArrayRef>> {
        let groups = emit_to.take_needed(&mut self.groups);
        let first: BinaryArray = groups.iter().map(|g| g.as_ref().map(|(a, _)| a.as_slice())).collect();
        let rest: BinaryArray = groups.iter().map(|g| g.as_ref().map(|(_, b)| b.as_slice())).collect();
        Ok(vec![Arc::new(first), Arc::new(rest)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.groups.resize(total_num_groups, None);
        for (row, group) in group_indices.iter().enumerate() {
            if let (Some(first), Some(rest)) = (bytes_at(&values[0], row), bytes_at(&values[1], row)) {
                self.add(*group, first, rest).map_err(external)?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut own = Self::new(self.kind.clone());
        let each: Vec<usize> = (0..rows).collect();
        own.update_batch(values, &each, opt_filter, rows)?;
        own.state(datafusion::logical_expr::EmitTo::All)
    }

    fn size(&self) -> usize {
        self.groups.capacity() * 56 + self.bytes
    }
}

/// One group; with DISTINCT each pair of value and separator counts once.
#[derive(Debug)]
struct One {
    inner: Joined,
    seen: Option<std::collections::HashSet<(Vec<u8>, Vec<u8>)>>,
}

impl One {
    fn add(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.inner.groups.resize(1, None);
        for row in 0..values[0].len() {
            let Some(value) = bytes_at(&values[0], row) else { continue };
            let separator = bytes_at(&values[1], row).unwrap_or(b"");
            if self.seen.as_mut().is_none_or(|seen| seen.insert((value.to_vec(), separator.to_vec()))) {
                self.inner.add(0, separator, value).map_err(external)?;
            }
        }
        Ok(())
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.add(values)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        self.inner.groups.resize(1, None);
        let value = self.inner.groups[0].as_ref().map(|(_, rest)| rest.clone());
        ScalarValue::try_from_array(&self.inner.column(vec![value]).map_err(external)?, 0)
    }

    fn size(&self) -> usize {
        self.inner.size() * if self.seen.is_some() { 3 } else { 1 }
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        if let Some(seen) = &self.seen {
            // Distinct pairs travel as two lists of equal length.
            let (values, separators): (Vec<&[u8]>, Vec<&[u8]>) =
                seen.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).unzip();
            let list = |items: Vec<&[u8]>| -> DfResult<ScalarValue> {
                let text = self.inner.kind.text;
                let items: Vec<ScalarValue> = items
                    .into_iter()
                    .map(|b| match text {
                        true => ScalarValue::Utf8(Some(String::from_utf8_lossy(b).into_owned())),
                        false => ScalarValue::Binary(Some(b.to_vec())),
                    })
                    .collect();
                let data_type = if text { DataType::Utf8 } else { DataType::Binary };
                Ok(ScalarValue::List(ScalarValue::new_list(&items, &data_type, true)))
            };
            return Ok(vec![list(values)?, list(separators)?]);
        }
        self.inner.groups.resize(1, None);
        let (first, rest) = self.inner.groups[0].clone().unzip();
        Ok(vec![ScalarValue::Binary(first), ScalarValue::Binary(rest)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.inner.groups.resize(1, None);
        for row in 0..states[0].len() {
            if self.seen.is_some() {
                let lists = states.iter().map(|s| super::super::call::list_row(s, row)).collect::<Option<Vec<_>>>();
                if let Some(lists) = lists {
                    self.add(&lists)?;
                }
            } else if let (Some(first), Some(rest)) = (bytes_at(&states[0], row), bytes_at(&states[1], row)) {
                self.inner.add(0, first, rest).map_err(external)?;
            }
        }
        Ok(())
    }
}
