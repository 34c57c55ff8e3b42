//! Aggregates over frames.
//!
//! A frame that begins where the one before did is continued, one that also has lost rows at its beginning is continued
//! where the aggregate can take rows away; anything else is added up anew.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::{Field, FieldRef, Schema};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, AggregateUDF};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_expr::expressions::Column;
use tokio_util::sync::CancellationToken;

use super::super::udf::external;
use super::bounds::Frames;
use super::check;

/// An aggregate and a partition's arguments.
pub struct Fold {
    expr: AggregateFunctionExpr,
    /// The arguments of the rows that pass the filter.
    values: Vec<ArrayRef>,
    /// For each row how many rows before it pass the filter, and for the end; `None` without filter.
    passed: Option<Vec<usize>>,
}

impl Fold {
    /// The aggregate `function` of the columns `values`.
    pub fn new(
        function: &Arc<AggregateUDF>,
        fields: &[FieldRef],
        values: &[ArrayRef],
        condition: Option<&ArrayRef>,
    ) -> DfResult<Self> {
        let columns: Vec<Field> =
            fields.iter().enumerate().map(|(i, f)| f.as_ref().clone().with_name(format!("argument{i}"))).collect();
        let args = columns.iter().enumerate().map(|(i, f)| Arc::new(Column::new(f.name(), i)) as Arc<dyn PhysicalExpr>);
        let expr = AggregateExprBuilder::new(Arc::clone(function), args.collect())
            .schema(Arc::new(Schema::new(columns)))
            .alias(function.name())
            .build()?;
        let Some(condition) = condition else { return Ok(Self { expr, values: values.to_vec(), passed: None }) };
        let condition: BooleanArray = condition.as_boolean().iter().map(|v| Some(v.unwrap_or(false))).collect();
        let mut passed = Vec::with_capacity(condition.len() + 1);
        let mut count = 0;
        for row in 0..condition.len() {
            passed.push(count);
            count += usize::from(condition.value(row));
        }
        passed.push(count);
        let values = values.iter().map(|v| Ok(filter(v, &condition)?)).collect::<DfResult<_>>()?;
        Ok(Self { expr, values, passed: Some(passed) })
    }

    /// The aggregate over every row's frame.
    pub fn run(&self, frames: &Frames, cancel: &CancellationToken) -> DfResult<ArrayRef> {
        let mut results = Vec::with_capacity(frames.rows());
        let mut moving = self.start()?;
        let mut last: Option<(Vec<Range<usize>>, ScalarValue)> = None;
        for row in 0..frames.rows() {
            check(cancel).map_err(external)?;
            let ranges = self.ranges(frames.of(row));
            if let Some((_, value)) = last.as_ref().filter(|(before, _)| *before == ranges) {
                results.push(value.clone());
                continue;
            }
            let value = match ranges.as_slice() {
                [one] => {
                    self.advance(&mut moving, one)?;
                    moving.accumulator.evaluate()?
                }
                several => self.anew(several)?,
            };
            results.push(value.clone());
            last = Some((ranges, value));
        }
        if results.is_empty() {
            return Ok(arrow::array::new_empty_array(self.expr.field().data_type()));
        }
        ScalarValue::iter_to_array(results)
    }

    /// The ranges of a frame among the rows that pass, without empty ones, neighbours joined.
    fn ranges(&self, frame: [Range<usize>; 3]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(3);
        for range in frame {
            let range = match &self.passed {
                Some(passed) => passed[range.start]..passed[range.end],
                None => range,
            };
            match ranges.last_mut() {
                _ if range.is_empty() => {}
                Some(before) if before.end == range.start => before.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }

    fn start(&self) -> DfResult<Moving> {
        // Those that cannot take rows away have no moving form at all.
        let accumulator = match self.expr.create_sliding_accumulator() {
            Ok(sliding) if sliding.supports_retract_batch() => sliding,
            _ => self.expr.create_accumulator()?,
        };
        Ok(Moving { accumulator, range: 0..0 })
    }

    fn slice(&self, range: &Range<usize>) -> Vec<ArrayRef> {
        self.values.iter().map(|v| v.slice(range.start, range.len())).collect()
    }

    fn advance(&self, moving: &mut Moving, to: &Range<usize>) -> DfResult<()> {
        let overlaps = to.start >= moving.range.start && to.start <= moving.range.end && to.end >= moving.range.end;
        let retracts = to.start == moving.range.start || moving.accumulator.supports_retract_batch();
        if overlaps && retracts {
            if to.start > moving.range.start {
                moving.accumulator.retract_batch(&self.slice(&(moving.range.start..to.start)))?;
            }
            if to.end > moving.range.end {
                moving.accumulator.update_batch(&self.slice(&(moving.range.end..to.end)))?;
            }
        } else {
            *moving = self.start()?;
            moving.accumulator.update_batch(&self.slice(to))?;
        }
        moving.range = to.clone();
        Ok(())
    }

    fn anew(&self, ranges: &[Range<usize>]) -> DfResult<ScalarValue> {
        let mut accumulator = self.expr.create_accumulator()?;
        for range in ranges {
            accumulator.update_batch(&self.slice(range))?;
        }
        accumulator.evaluate()
    }
}

/// An accumulator over a range of rows that moves forward.
struct Moving {
    accumulator: Box<dyn Accumulator>,
    range: Range<usize>,
}
