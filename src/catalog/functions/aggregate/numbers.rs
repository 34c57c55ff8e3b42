//! `sum` and `avg` of numerics with a scale each, NaN and infinities among them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeBinaryArray};
use arrow::datatypes::{DataType, Int64Type};

use super::super::number::Number;
use super::super::numeric::{self, Dec};
use super::super::ty::WIDE_NUMERIC;
use super::super::udf::fault;
use super::kind::Kind;
use crate::error::Result;

/// The sum, or the average, of wide numerics.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Whether the average is asked for.
    pub average: bool,
}

/// The sum of the numbers, and how many values of each sort there were.
#[derive(Clone, Debug, Default)]
pub struct Total {
    sum: Option<Dec>,
    numbers: i64,
    nans: i64,
    infinities: i64,
    negative_infinities: i64,
}

impl Total {
    fn add(&mut self, value: Number, times: i64) {
        match value {
            Number::NaN => self.nans += times,
            Number::Infinity { negative: false } => self.infinities += times,
            Number::Infinity { negative: true } => self.negative_infinities += times,
            Number::Finite(value) => {
                self.numbers += times;
                self.sum = Some(match self.sum.take() {
                    None => value,
                    Some(sum) if times < 0 => sum.sub(&value),
                    Some(sum) => sum.add(&value),
                });
            }
        }
    }

    fn result(&self, average: bool) -> Result<Option<Number>> {
        let all = self.numbers + self.nans + self.infinities + self.negative_infinities;
        Ok(match (&self.sum, self.infinities, self.negative_infinities) {
            _ if all == 0 => None,
            (_, 1.., 1..) => Some(Number::NaN),
            _ if self.nans > 0 => Some(Number::NaN),
            (_, 1.., _) => Some(Number::Infinity { negative: false }),
            (_, _, 1..) => Some(Number::Infinity { negative: true }),
            (Some(sum), ..) if average => Some(sum.div(&Dec::int(self.numbers))?.into()),
            (Some(sum), ..) => Some(sum.clone().into()),
            (None, ..) => None,
        })
    }
}

impl Kind for Numbers {
    type State = Total;
    type Input = LargeBinaryArray;

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::LargeBinary, DataType::Int64, DataType::Int64, DataType::Int64, DataType::Int64]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<LargeBinaryArray> {
        let column = columns.first().and_then(|c| c.as_binary_opt::<i64>());
        column.cloned().ok_or_else(|| fault("sum of another type"))
    }

    fn update(&self, state: &mut Total, input: &LargeBinaryArray, row: usize) -> Result<()> {
        state.add(Number::decode(input.value(row))?, 1);
        Ok(())
    }

    fn save(&self, states: &[Total]) -> Result<Vec<ArrayRef>> {
        let mut sums = numeric::Builder::new(&WIDE_NUMERIC, states.len());
        for state in states {
            sums.push(state.sum.as_ref())?;
        }
        let counts = |of: fn(&Total) -> i64| Arc::new(Int64Array::from_iter_values(states.iter().map(of))) as ArrayRef;
        let kinds = [counts(|t| t.numbers), counts(|t| t.nans), counts(|t| t.infinities)];
        Ok([sums.finish()].into_iter().chain(kinds).chain([counts(|t| t.negative_infinities)]).collect())
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Total>> {
        let sums = columns[0].as_binary_opt::<i64>().ok_or_else(|| fault("state of another sum"))?;
        let count = |c: usize, i: usize| columns[c].as_primitive::<Int64Type>().value(i);
        let one = |i: usize| {
            let sum = if sums.is_valid(i) { Some(Number::decode(sums.value(i))?.finite()?) } else { None };
            Ok(Total {
                sum,
                numbers: count(1, i),
                nans: count(2, i),
                infinities: count(3, i),
                negative_infinities: count(4, i),
            })
        };
        (0..sums.len()).map(one).collect()
    }

    fn merge(&self, state: &mut Total, other: &Total) -> Result<()> {
        state.sum = match (state.sum.take(), &other.sum) {
            (Some(a), Some(b)) => Some(a.add(b)),
            (a, b) => a.or_else(|| b.clone()),
        };
        state.numbers += other.numbers;
        state.nans += other.nans;
        state.infinities += other.infinities;
        state.negative_infinities += other.negative_infinities;
        Ok(())
    }

    fn finish(&self, states: &[Total]) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(&WIDE_NUMERIC, states.len());
        for state in states {
            out.push_number(state.result(self.average)?)?;
        }
        Ok(out.finish())
    }

    fn retract(&self, state: &mut Total, input: &LargeBinaryArray, row: usize) -> Option<Result<()>> {
        Some(Number::decode(input.value(row)).map(|value| state.add(value, -1)))
    }

    fn retracts(&self) -> bool {
        true
    }

    fn heap_size(state: &Total) -> usize {
        state.sum.as_ref().map_or(0, |sum| usize::try_from(sum.mantissa.bits() / 8).unwrap_or(0))
    }
}
