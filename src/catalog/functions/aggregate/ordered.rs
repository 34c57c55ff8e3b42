//! Ordered-set aggregates: `percentile_cont`, `percentile_disc`, `mode`; and the extremes of intervals.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Float64Type, IntervalMonthDayNanoType};
use datafusion::logical_expr::AggregateUDF;

use super::super::alike::floats;
use super::super::arrays::order;
use super::super::call::list_row;
use super::super::datetime::{Interval, from_arrow, interval, to_arrow};
use super::super::ty::{Ty, WIDE_NUMERIC, element, list_of, plain};
use super::super::udf::fault;
use super::frame::SharedKind;
use super::kind::Kind;
use super::udaf::{Chosen, PgAggregate};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The aggregates of this module.
pub fn functions() -> Vec<AggregateUDF> {
    vec![
        PgAggregate::within_group("percentile_cont", continuous),
        PgAggregate::within_group("percentile_disc", discrete),
        PgAggregate::within_group("mode", |types| match types {
            [from] => Some(collected(Pick::Mode, plain(from), vec![plain(from)], plain(from))),
            _ => None,
        }),
    ]
}

/// The type in which an argument comes: Arrow casts no numerics of any digits, they are made floats here.
fn given(own: &DataType, wanted: &DataType) -> DataType {
    let wide = element(own).unwrap_or(own) == &WIDE_NUMERIC;
    if wide { own.clone() } else { wanted.clone() }
}

/// A column as the wanted type.
fn as_wanted(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    let Some(list) = column.as_list_opt::<i32>() else { return floats(column) };
    let DataType::List(item) = wanted else { return Err(fault("fractions are floats")) };
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    let values = floats(list.values())?;
    Ok(Arc::new(arrow::array::ListArray::try_new(Arc::clone(item), offsets, values, nulls).map_err(fault)?))
}

fn collected(pick: Pick, value: DataType, arguments: Vec<DataType>, ret: DataType) -> Chosen {
    Chosen { ret: Field::new("", ret.clone(), true), kind: Arc::new(Collect { pick, value, ret }), arguments }
}

fn fractions(from: &DataType) -> (DataType, bool) {
    if element(from).is_some() { (list_of(DataType::Float64), true) } else { (DataType::Float64, false) }
}

fn continuous(types: &[DataType]) -> Option<Chosen> {
    let [value, fraction] = types else { return None };
    let value = match Ty::of(value)? {
        Ty::Interval => plain(value),
        Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Float4 | Ty::Float8 | Ty::Numeric | Ty::Unknown => DataType::Float64,
        _ => return None,
    };
    let (wanted, several) = fractions(fraction);
    let ret = if several { list_of(value.clone()) } else { value.clone() };
    let arguments = vec![given(&types[0], &value), given(fraction, &wanted)];
    Some(collected(Pick::Continuous, value, arguments, ret))
}

fn discrete(types: &[DataType]) -> Option<Chosen> {
    let [value, fraction] = types else { return None };
    let value = plain(value);
    let (wanted, several) = fractions(fraction);
    let ret = if several { list_of(value.clone()) } else { value.clone() };
    let arguments = vec![given(&types[0], &value), given(fraction, &wanted)];
    Some(collected(Pick::Discrete, value, arguments, ret))
}

/// The least or the greatest interval, in PostgreSQL's order.
pub fn interval_extreme(wanted: Ordering) -> SharedKind {
    let value = Ty::Interval.arrow(&DataType::Null);
    Arc::new(Collect { pick: Pick::Extreme(wanted), ret: value.clone(), value })
}

/// What is taken from a group's sorted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pick {
    Continuous,
    Discrete,
    Mode,
    Extreme(Ordering),
}

/// Collects a group's values, then picks.
#[derive(Clone, Debug)]
struct Collect {
    pick: Pick,
    value: DataType,
    ret: DataType,
}

/// A group's values, as slices of the batches they came in, and its fraction argument.
#[derive(Clone, Debug, Default)]
struct Values {
    parts: Vec<ArrayRef>,
    fraction: Option<ArrayRef>,
    bytes: usize,
}

impl Kind for Collect {
    type State = Values;
    type Input = Vec<ArrayRef>;

    fn state_types(&self) -> Vec<DataType> {
        let fraction = if element(&self.ret).is_some() { list_of(DataType::Float64) } else { DataType::Float64 };
        vec![list_of(self.value.clone()), fraction]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        let fraction = self.state_types().pop().unwrap_or(DataType::Float64);
        let wanted = [&self.value, &fraction];
        columns.iter().zip(wanted).map(|(column, wanted)| as_wanted(column, wanted)).collect()
    }

    fn update(&self, state: &mut Values, input: &Vec<ArrayRef>, row: usize) -> Result<()> {
        if let (None, Some(fraction)) = (&state.fraction, input.get(1)) {
            state.fraction = Some(take(fraction, &UInt32Array::from(vec![index(row)?]), None).map_err(fault)?);
        }
        // A copy, not a slice: a slice would keep its whole batch alive.
        let one = take(&input[0], &UInt32Array::from(vec![index(row)?]), None).map_err(fault)?;
        state.bytes += one.get_array_memory_size();
        state.parts.push(one);
        compact(state)
    }

    fn save(&self, states: &[Values]) -> Result<Vec<ArrayRef>> {
        let types = self.state_types();
        let mut lists = Vec::with_capacity(states.len());
        let mut fractions = Vec::with_capacity(states.len());
        for state in states {
            lists.push(Some(self.joined(state)?));
            fractions.push(state.fraction.clone().unwrap_or_else(|| arrow::array::new_null_array(&types[1], 1)));
        }
        Ok(vec![list_column(&lists, &self.value)?, stacked(&fractions, &types[1])?])
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Values>> {
        let one = |i: usize| {
            let parts: Vec<ArrayRef> = list_row(&columns[0], i).into_iter().filter(|p| !p.is_empty()).collect();
            let bytes = parts.iter().map(arrow::array::Array::get_array_memory_size).sum();
            let fraction = columns[1].is_valid(i).then(|| columns[1].slice(i, 1));
            Values { parts, fraction, bytes }
        };
        Ok((0..columns[0].len()).map(one).collect())
    }

    fn merge(&self, state: &mut Values, other: &Values) -> Result<()> {
        state.parts.extend(other.parts.iter().map(Arc::clone));
        state.bytes += other.bytes;
        if state.fraction.is_none() {
            state.fraction.clone_from(&other.fraction);
        }
        Ok(())
    }

    fn finish(&self, states: &[Values]) -> Result<ArrayRef> {
        let results = states.iter().map(|s| self.result(s)).collect::<Result<Vec<_>>>()?;
        stacked(&results, &self.ret)
    }

    fn heap_size(state: &Values) -> usize {
        state.bytes
    }
}

fn index(row: usize) -> Result<u32> {
    u32::try_from(row).map_err(fault)
}

/// Joins single values once there are many of them.
fn compact(state: &mut Values) -> Result<()> {
    const MANY: usize = 1024;
    if state.parts.len() < MANY {
        return Ok(());
    }
    // The joined front grows by doubling, so that joining stays linear in all.
    let keep = usize::from(state.parts[0].len() > MANY * 64);
    let parts: Vec<&dyn Array> = state.parts[keep..].iter().map(AsRef::as_ref).collect();
    let joined = concat(&parts).map_err(fault)?;
    state.parts.truncate(keep);
    state.parts.push(joined);
    state.bytes = state.parts.iter().map(arrow::array::Array::get_array_memory_size).sum();
    Ok(())
}

fn stacked(rows: &[ArrayRef], data_type: &DataType) -> Result<ArrayRef> {
    let parts: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
    match parts.is_empty() {
        true => Ok(arrow::array::new_empty_array(data_type)),
        false => concat(&parts).map_err(fault),
    }
}

/// An array column from its rows' elements.
pub fn list_column(rows: &[Option<ArrayRef>], value: &DataType) -> Result<ArrayRef> {
    let lengths = rows.iter().map(|r| r.as_ref().map_or(0, arrow::array::Array::len));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
    let parts: Vec<&dyn Array> = rows.iter().flatten().map(AsRef::as_ref).collect();
    let values = match parts.is_empty() {
        true => arrow::array::new_empty_array(value),
        false => concat(&parts).map_err(fault)?,
    };
    let nulls: arrow::buffer::NullBuffer = rows.iter().map(Option::is_some).collect();
    let field = Arc::new(Field::new("item", value.clone(), true));
    Ok(Arc::new(arrow::array::ListArray::try_new(field, offsets, values, Some(nulls)).map_err(fault)?))
}

impl Collect {
    fn joined(&self, state: &Values) -> Result<ArrayRef> {
        stacked(&state.parts, &self.value)
    }

    fn result(&self, state: &Values) -> Result<ArrayRef> {
        let values = self.joined(state)?;
        if values.is_empty() {
            return Ok(arrow::array::new_null_array(&self.ret, 1));
        }
        let compare = order(&values, &values)?;
        let mut sorted: Vec<usize> = (0..values.len()).collect();
        if let Pick::Extreme(wanted) = self.pick {
            let best = sorted.into_iter().reduce(|a, b| if compare(b, a) == wanted { b } else { a }).unwrap_or(0);
            return Ok(values.slice(best, 1));
        }
        sorted.sort_by(|a, b| compare(*a, *b));
        if self.pick == Pick::Mode {
            return Ok(values.slice(most_frequent(&sorted, |a, b| compare(a, b).is_eq()), 1));
        }
        let Some(fraction) = &state.fraction else { return Ok(arrow::array::new_null_array(&self.ret, 1)) };
        match list_row(fraction, 0) {
            None => self.at(&values, &sorted, one_fraction(fraction, 0)?),
            Some(fractions) => {
                let each = (0..fractions.len())
                    .map(|i| match fractions.is_null(i) {
                        true => Ok(arrow::array::new_null_array(&self.value, 1)),
                        false => self.at(&values, &sorted, one_fraction(&fractions, i)?),
                    })
                    .collect::<Result<Vec<_>>>()?;
                list_column(&[Some(stacked(&each, &self.value)?)], &self.value)
            }
        }
    }

    /// The value at a fraction of the sorted values.
    fn at(&self, values: &ArrayRef, sorted: &[usize], fraction: f64) -> Result<ArrayRef> {
        let last = sorted.len() - 1;
        if self.pick == Pick::Discrete {
            let row = (fraction * sorted.len() as f64).ceil().max(1.0) as usize - 1;
            return Ok(values.slice(sorted[row.min(last)], 1));
        }
        let place = fraction * last as f64;
        let (low, high) = (place.floor() as usize, (place.ceil() as usize).min(last));
        let share = place - place.floor();
        if low == high {
            return Ok(values.slice(sorted[low], 1));
        }
        if let Some(floats) = values.as_primitive_opt::<Float64Type>() {
            let (a, b) = (floats.value(sorted[low]), floats.value(sorted[high]));
            return Ok(Arc::new(Float64Array::from(vec![a + share * (b - a)])));
        }
        let spans = values.as_primitive_opt::<IntervalMonthDayNanoType>().ok_or_else(|| fault("percentile type"))?;
        let (a, b): (Interval, Interval) =
            (from_arrow(spans.value(sorted[low])), from_arrow(spans.value(sorted[high])));
        let between = interval::add(a, interval::multiply(interval::subtract(b, a)?, share)?)?;
        let array = arrow::array::PrimitiveArray::<IntervalMonthDayNanoType>::from(vec![to_arrow(between)?]);
        Ok(Arc::new(array))
    }
}

fn one_fraction(array: &ArrayRef, i: usize) -> Result<f64> {
    let value = array.as_primitive_opt::<Float64Type>().ok_or_else(|| fault("fraction type"))?.value(i);
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    let message = format!("percentile value {value} is not between 0 and 1");
    Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message))
}

/// The first of the longest run of equal values.
fn most_frequent(sorted: &[usize], same: impl Fn(usize, usize) -> bool) -> usize {
    let (mut best, mut best_length, mut start) = (sorted[0], 0, 0);
    for end in 1..=sorted.len() {
        if end < sorted.len() && same(sorted[start], sorted[end]) {
            continue;
        }
        if end - start > best_length {
            (best, best_length) = (sorted[start], end - start);
        }
        start = end;
    }
    best
}
