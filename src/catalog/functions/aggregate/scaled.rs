//! `sum` and `avg` of decimals with the scale that each row shows beside them: the sum shows the largest one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, Int32Type, Int64Type};
use datafusion::logical_expr::AggregateUDF;

use super::super::numeric::{self, Dec, overflow};
use super::super::ty::WIDE_NUMERIC;
use super::super::udf::fault;
use super::kind::Kind;
use super::udaf::{Chosen, PgAggregate};
use crate::error::Result;

/// The sum of a decimal and the scale it shows.
pub const SCALED_SUM: &str = "sum of scaled";
/// The average of the same.
pub const SCALED_AVERAGE: &str = "average of scaled";

/// Both functions.
pub fn functions() -> Vec<AggregateUDF> {
    vec![
        PgAggregate::function(SCALED_SUM, |types| choose(types, false)),
        PgAggregate::function(SCALED_AVERAGE, |types| choose(types, true)),
    ]
}

fn choose(types: &[DataType], average: bool) -> Option<Chosen> {
    let [value @ DataType::Decimal128(_, scale), DataType::Int32] = types else { return None };
    let kind = Scaled { scale: i32::from(*scale), average };
    let ret = Field::new("", WIDE_NUMERIC, true);
    Some(Chosen { arguments: vec![value.clone(), DataType::Int32], ret, kind: Arc::new(kind) })
}

#[derive(Clone, Debug)]
struct Scaled {
    scale: i32,
    average: bool,
}

/// The sum so far, of how many rows, and the largest scale.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: i128,
    rows: i64,
    shown: i32,
}

impl Kind for Scaled {
    type State = Total;
    type Input = (Decimal128Array, Int32Array);

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Decimal128(38, 0), DataType::Int64, DataType::Int32]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Self::Input> {
        let values = columns.first().and_then(|c| c.as_primitive_opt::<Decimal128Type>());
        let scales = columns.get(1).and_then(|c| c.as_primitive_opt::<Int32Type>());
        values.cloned().zip(scales.cloned()).ok_or_else(|| fault("sum of another type"))
    }

    fn update(&self, state: &mut Total, input: &Self::Input, row: usize) -> Result<()> {
        state.sum = state.sum.checked_add(input.0.value(row)).ok_or_else(overflow)?;
        state.rows += 1;
        state.shown = state.shown.max(input.1.value(row));
        Ok(())
    }

    fn save(&self, states: &[Total]) -> Result<Vec<ArrayRef>> {
        let sums = Decimal128Array::from_iter_values(states.iter().map(|s| s.sum));
        let sums = sums.with_data_type(DataType::Decimal128(38, 0));
        Ok(vec![
            Arc::new(sums),
            Arc::new(Int64Array::from_iter_values(states.iter().map(|s| s.rows))),
            Arc::new(Int32Array::from_iter_values(states.iter().map(|s| s.shown))),
        ])
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Total>> {
        let [sums, rows, shown] = columns else { return Err(fault("state of another sum")) };
        let (sums, rows) = (sums.as_primitive_opt::<Decimal128Type>(), rows.as_primitive_opt::<Int64Type>());
        let (Some(sums), Some(rows), Some(shown)) = (sums, rows, shown.as_primitive_opt::<Int32Type>()) else {
            return Err(fault("state of another sum"));
        };
        let total = |i| Total { sum: sums.value(i), rows: rows.value(i), shown: shown.value(i) };
        Ok((0..sums.len()).map(|i| if sums.is_valid(i) { total(i) } else { Total::default() }).collect())
    }

    fn merge(&self, state: &mut Total, other: &Total) -> Result<()> {
        state.sum = state.sum.checked_add(other.sum).ok_or_else(overflow)?;
        state.rows += other.rows;
        state.shown = state.shown.max(other.shown);
        Ok(())
    }

    fn finish(&self, states: &[Total]) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(&WIDE_NUMERIC, states.len());
        for state in states {
            let sum = Dec::new(state.sum.into(), self.scale).round(state.shown);
            let value = match (state.rows, self.average) {
                (0, _) => None,
                (_, false) => Some(sum),
                (rows, true) => Some(sum.div(&Dec::int(rows))?),
            };
            out.push(value.as_ref())?;
        }
        Ok(out.finish())
    }
}
