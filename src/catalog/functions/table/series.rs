//! `generate_series` of integers, numerics, timestamps: made batch by batch, never all at once.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::memory::{LazyBatchGenerator, LazyMemoryExec};
use num_bigint::BigInt;
use parking_lot::RwLock;

use super::super::datetime::kernels::timestamptz_plus_interval;
use super::super::datetime::{Interval, ZoneSpec, from_arrow, interval, is_infinite};
use super::super::number::Number;
use super::super::numeric::{self, Dec, decimal, precision_scale};
use super::super::resolve;
use super::super::ty::{self, Ty, WIDE_NUMERIC};
use super::super::udf::external;
use crate::catalog::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// A series that has not ended yet, of one column.
#[derive(Clone, Debug)]
pub struct Series {
    state: State,
    data_type: DataType,
}

#[derive(Clone, Debug)]
enum State {
    Ended,
    Int { next: i64, end: i64, step: i64 },
    Numeric { next: Dec, end: Dec, step: Dec },
    Time { next: i64, end: i64, step: Interval, forward: bool, zone: ZoneSpec },
}

impl Series {
    /// The series of a call's arguments: start, end, and a step unless it is 1; a zone after the step of a timestamptz.
    /// With a NULL argument it is empty.
    pub fn new(args: &[ScalarValue], options: &ConfigOptions) -> Result<Self> {
        let types: Vec<DataType> = args.iter().map(ScalarValue::data_type).collect();
        let data_type = result_type(&types)?;
        if args.iter().any(ScalarValue::is_null) {
            return Ok(Self { state: State::Ended, data_type });
        }
        let state = match &data_type {
            DataType::Int32 | DataType::Int64 => ints(args)?,
            DataType::Timestamp(_, zone) => times(args, zone.is_some(), options)?,
            _ => numerics(args)?,
        };
        Ok(Self { state, data_type })
    }

    /// The next values, at most `most` of them; `None` at the end.
    pub fn next_values(&mut self, most: usize) -> Result<Option<ArrayRef>> {
        let array: ArrayRef = match &mut self.state {
            State::Ended => return Ok(None),
            State::Int { .. } => {
                let values = self.next_ints(most);
                match self.data_type {
                    DataType::Int32 => {
                        let narrow = values.iter().map(|v| i32::try_from(*v).unwrap_or(i32::MAX));
                        Arc::new(Int32Array::from_iter_values(narrow))
                    }
                    _ => Arc::new(Int64Array::from(values)),
                }
            }
            State::Numeric { .. } => self.next_numerics(most)?,
            State::Time { .. } => {
                let values = TimestampMicrosecondArray::from(self.next_times(most)?);
                Arc::new(values.with_data_type(self.data_type.clone()))
            }
        };
        Ok((!array.is_empty()).then_some(array))
    }

    /// Whether it is certain that more than `most` values are left, told without making them.
    #[must_use]
    pub fn is_longer_than(&self, most: u32) -> bool {
        match &self.state {
            State::Ended => false,
            State::Int { next, end, step } => {
                let last = i128::from(*next) + i128::from(*step) * i128::from(most);
                if *step > 0 { last <= i128::from(*end) } else { last >= i128::from(*end) }
            }
            State::Numeric { next, end, step } => {
                let last = next.add(&step.mul(&Dec::new(BigInt::from(most), 0)));
                if step.is_negative() { last.compare(end).is_ge() } else { last.compare(end).is_le() }
            }
            State::Time { next, end, step, .. } => {
                // No month and no day is longer than these.
                let days = i128::from(step.months) * 31 + i128::from(step.days);
                let each = (days * 25 * 3_600_000_000 + i128::from(step.us)).abs();
                let span = (i128::from(*end) - i128::from(*next)).abs();
                !is_infinite(*next) && each > 0 && span / each > i128::from(most)
            }
        }
    }

    fn next_ints(&mut self, most: usize) -> Vec<i64> {
        let State::Int { next, end, step } = &mut self.state else { return Vec::new() };
        let mut values = Vec::new();
        let mut ended = false;
        while values.len() < most && !ended {
            if (*step > 0 && *next > *end) || (*step < 0 && *next < *end) {
                ended = true;
                break;
            }
            values.push(*next);
            match next.checked_add(*step) {
                Some(sum) => *next = sum,
                None => ended = true,
            }
        }
        if ended {
            self.state = State::Ended;
        }
        values
    }

    fn next_numerics(&mut self, most: usize) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(&self.data_type, most);
        let State::Numeric { next, end, step } = &mut self.state else { return Ok(out.finish()) };
        for _ in 0..most {
            let beyond = if step.is_negative() { next.compare(end).is_lt() } else { next.compare(end).is_gt() };
            if beyond {
                self.state = State::Ended;
                break;
            }
            out.push(Some(next))?;
            *next = next.add(step);
        }
        Ok(out.finish())
    }

    fn next_times(&mut self, most: usize) -> Result<Vec<i64>> {
        let State::Time { next, end, step, forward, zone } = &mut self.state else { return Ok(Vec::new()) };
        let mut values = Vec::new();
        while values.len() < most {
            if if *forward { *next > *end } else { *next < *end } {
                self.state = State::Ended;
                break;
            }
            values.push(*next);
            if is_infinite(*next) {
                self.state = State::Ended;
                break;
            }
            *next = timestamptz_plus_interval(*next, *step, zone)?;
        }
        Ok(values)
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// The type of the values, `42883` when there is no such series.
pub fn result_type(types: &[DataType]) -> Result<DataType> {
    let known: Vec<Ty> = types.iter().map(|t| Ty::of(t).unwrap_or(Ty::Any)).collect();
    let undefined = || resolve::undefined("generate_series", &known);
    let steps = |ty: Ty| matches!(ty, Ty::Interval | Ty::Unknown | Ty::Text);
    match known.as_slice() {
        [a, b, rest @ ..] if rest.len() <= 2 => {
            // An untyped end has the type of the other one.
            let ends = match (a, b) {
                (Ty::Text | Ty::Unknown, Ty::Text | Ty::Unknown) => return Err(undefined()),
                (Ty::Text | Ty::Unknown, _) => types[1].clone(),
                (_, Ty::Text | Ty::Unknown) => types[0].clone(),
                _ => resolve::wider(&types[0], &types[1]).map_err(|_| undefined())?,
            };
            let ends_type = Ty::of(&ends).unwrap_or(Ty::Any);
            match (ends_type, rest) {
                (Ty::Date | Ty::Timestamp | Ty::TimestampTz, [step]) if steps(*step) => {
                    // Of two dates the series is one of timestamptz: that type is preferred.
                    let zoned = ends_type == Ty::TimestampTz || (*a == Ty::Date && *b == Ty::Date);
                    Ok(DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into())))
                }
                (Ty::TimestampTz | Ty::Timestamp | Ty::Date, [step, Ty::Text | Ty::Unknown]) if steps(*step) => {
                    Ok(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
                }
                (ty, [] | [_]) if ty.category() == 'N' && !matches!(ty, Ty::Float4 | Ty::Float8) => {
                    let all = rest.iter().zip(&types[2..]).try_fold(ends, |all, (_, t)| resolve::wider(&all, t));
                    number_type(&all.map_err(|_| undefined())?).ok_or_else(undefined)
                }
                _ => Err(undefined()),
            }
        }
        _ => Err(undefined()),
    }
}

fn number_type(data_type: &DataType) -> Option<DataType> {
    match Ty::of(data_type)? {
        Ty::Int2 | Ty::Int4 => Some(DataType::Int32),
        Ty::Int8 => Some(DataType::Int64),
        Ty::Numeric if *data_type == WIDE_NUMERIC => Some(WIDE_NUMERIC),
        Ty::Numeric => {
            let (precision, scale) = precision_scale(&ty::numeric_for(data_type));
            Some(decimal(precision + 1, scale))
        }
        _ => None,
    }
}

fn cast(value: &ScalarValue, to: &DataType) -> Result<ScalarValue> {
    value.cast_to(to).map_err(super::super::udf::fault)
}

fn ints(args: &[ScalarValue]) -> Result<State> {
    let at = |i: usize| match cast(&args[i], &DataType::Int64)? {
        ScalarValue::Int64(Some(v)) => Ok(v),
        _ => Err(invalid("an integer is needed")),
    };
    let step = if args.len() > 2 { at(2)? } else { 1 };
    if step == 0 {
        return Err(invalid("step size cannot equal zero"));
    }
    Ok(State::Int { next: at(0)?, end: at(1)?, step })
}

fn numerics(args: &[ScalarValue]) -> Result<State> {
    let at = |i: usize| -> Result<Dec> {
        if let ScalarValue::LargeBinary(Some(bytes)) = &args[i] {
            let what = ["start value", "stop value", "step size"][i.min(2)];
            return match Number::decode(bytes)? {
                Number::Finite(value) => Ok(value),
                Number::NaN => Err(invalid(format!("{what} cannot be NaN"))),
                Number::Infinity { .. } => Err(invalid(format!("{what} cannot be infinity"))),
            };
        }
        let to = ty::numeric_for(&args[i].data_type());
        match cast(&args[i], &to)? {
            ScalarValue::Decimal128(Some(v), _, scale) => Ok(Dec::new(BigInt::from(v), i32::from(scale))),
            ScalarValue::Decimal256(Some(v), _, scale) => {
                Ok(Dec::new(BigInt::from_signed_bytes_le(&v.to_le_bytes()), i32::from(scale)))
            }
            _ => Err(invalid("a number is needed")),
        }
    };
    let step = if args.len() > 2 { at(2)? } else { Dec::int(1) };
    if step.is_zero() {
        return Err(invalid("step size cannot equal zero"));
    }
    Ok(State::Numeric { next: at(0)?, end: at(1)?, step })
}

fn times(args: &[ScalarValue], zoned: bool, options: &ConfigOptions) -> Result<State> {
    let zone = match (args.get(3), zoned) {
        (Some(ScalarValue::Utf8(Some(name)) | ScalarValue::Utf8View(Some(name))), _) => ZoneSpec::parse(name)?,
        (_, true) => SessionVars::of(options).map_or(ZoneSpec::Fixed(0), |vars| ZoneSpec::of(&vars.style.time_zone)),
        _ => ZoneSpec::Fixed(0),
    };
    let at = |i: usize| -> Result<i64> {
        let local = !matches!(args[i].data_type(), DataType::Timestamp(_, Some(_)));
        match cast(&args[i], &DataType::Timestamp(TimeUnit::Microsecond, None))? {
            ScalarValue::TimestampMicrosecond(Some(v), _) if zoned && local => Ok(zone.to_utc(v)),
            ScalarValue::TimestampMicrosecond(Some(v), _) => Ok(v),
            _ => Err(invalid("a timestamp is needed")),
        }
    };
    let step = match &args[2] {
        ScalarValue::IntervalMonthDayNano(Some(v)) => from_arrow(*v),
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            crate::types::input::parse_interval(text, crate::types::IntervalStyle::Postgres)?
        }
        _ => return Err(invalid("an interval is needed")),
    };
    if interval::is_infinite(step) {
        return Err(invalid("step size cannot be infinite"));
    }
    let length = interval::length_us(step);
    if length == 0 {
        return Err(invalid("step size cannot equal zero"));
    }
    Ok(State::Time { next: at(0)?, end: at(1)?, step, forward: length > 0, zone })
}

/// `generate_series` in FROM, of constant arguments.
#[derive(Debug)]
pub struct GenerateSeries;

impl TableFunctionImpl for GenerateSeries {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> DfResult<Arc<dyn TableProvider>> {
        let constants = args
            .exprs()
            .iter()
            .map(|e| match e {
                Expr::Literal(value, _) => Ok(value.clone()),
                _ => Err(external(Error::unsupported("arguments of generate_series must be constants here"))),
            })
            .collect::<DfResult<Vec<_>>>()?;
        let series = Series::new(&constants, args.session().config_options()).map_err(external)?;
        Ok(Arc::new(SeriesTable::new(series)))
    }
}

/// A series as a table of one column.
#[derive(Debug)]
pub struct SeriesTable {
    series: Series,
    schema: SchemaRef,
}

impl SeriesTable {
    /// A table of a series.
    #[must_use]
    pub fn new(series: Series) -> Self {
        let field = Field::new("generate_series", series.data_type.clone(), false);
        Self { series, schema: Arc::new(Schema::new(vec![field])) }
    }
}

#[async_trait]
impl TableProvider for SeriesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let generator = Generator {
            start: self.series.clone(),
            series: self.series.clone(),
            schema: Arc::clone(&self.schema),
            batch_size: state.config_options().execution.batch_size.get(),
        };
        let generators: Vec<Arc<RwLock<dyn LazyBatchGenerator>>> = vec![Arc::new(RwLock::new(generator))];
        let plan = LazyMemoryExec::try_new(Arc::clone(&self.schema), generators)?;
        Ok(Arc::new(plan.with_projection(projection.cloned())))
    }
}

#[derive(Debug)]
struct Generator {
    start: Series,
    series: Series,
    schema: SchemaRef,
    batch_size: usize,
}

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("generate_series")
    }
}

impl LazyBatchGenerator for Generator {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn generate_next_batch(&mut self) -> DfResult<Option<RecordBatch>> {
        match self.series.next_values(self.batch_size).map_err(external)? {
            None => Ok(None),
            Some(values) => Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), vec![values])?)),
        }
    }

    fn reset_state(&self) -> Arc<RwLock<dyn LazyBatchGenerator>> {
        Arc::new(RwLock::new(Self {
            start: self.start.clone(),
            series: self.start.clone(),
            schema: Arc::clone(&self.schema),
            batch_size: self.batch_size,
        }))
    }
}
