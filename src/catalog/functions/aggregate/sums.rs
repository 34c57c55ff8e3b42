//! `sum` and `avg`: of integers exact, of numerics exact, of floats checked, of intervals part by part.

use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, i256,
};
use datafusion::logical_expr::AggregateUDF;
use num_bigint::BigInt;

use super::super::arith::{float_overflow, out_of_range};
use super::super::datetime::{Interval, from_arrow, interval, to_arrow};
use super::super::numeric::{self, Dec, overflow, precision_scale};
use super::super::ty::{Ty, WIDE_NUMERIC};
use super::super::udf::fault;
use super::kind::Kind;
use super::numbers::Numbers;
use super::udaf::{Chosen, PgAggregate};
use crate::error::{Error, Result};

/// `sum` and `avg`.
pub fn functions() -> Vec<AggregateUDF> {
    vec![PgAggregate::function("sum", |t| choose(t, false)), PgAggregate::function("avg", |t| choose(t, true))]
}

fn choose(types: &[DataType], average: bool) -> Option<Chosen> {
    let [from] = types else { return None };
    let ty = Ty::of(from)?;
    let from = ty.arrow(from);
    let exact = |field: DataType| if average { WIDE_NUMERIC } else { field };
    let (ret, kind): (DataType, super::frame::SharedKind) = match ty {
        Ty::Int2 => (exact(DataType::Int64), kind::<SmallInt>(0, average)),
        Ty::Int4 => (exact(DataType::Int64), kind::<Integer>(0, average)),
        Ty::Int8 => (exact(DataType::Decimal128(38, 0)), kind::<BigInteger>(0, average)),
        Ty::Numeric => {
            let scale = precision_scale(&from).1;
            match from {
                DataType::LargeBinary => (WIDE_NUMERIC, Arc::new(Numbers { average })),
                DataType::Decimal128(_, s) => (exact(DataType::Decimal128(38, s)), kind::<Narrow>(scale, average)),
                _ => (exact(DataType::Decimal256(76, i8::try_from(scale).ok()?)), kind::<Wide>(scale, average)),
            }
        }
        Ty::Float4 if average => {
            return Some(floats(DataType::Float64, kind::<Float>(0, true)));
        }
        Ty::Float4 => (DataType::Float32, kind::<Real>(0, false)),
        Ty::Float8 => (DataType::Float64, kind::<Float>(0, average)),
        Ty::Interval => (from.clone(), Arc::new(Intervals { average })),
        _ => return None,
    };
    Some(Chosen { arguments: vec![from], ret: Field::new("", ret, true), kind })
}

fn floats(data_type: DataType, kind: super::frame::SharedKind) -> Chosen {
    Chosen { arguments: vec![data_type.clone()], ret: Field::new("", data_type, true), kind }
}

fn kind<A: Adder>(scale: i32, average: bool) -> super::frame::SharedKind {
    Arc::new(Sum::<A> { scale, average, adder: PhantomData })
}

/// How values of a type are added up.
trait Adder: Clone + std::fmt::Debug + Send + Sync + 'static {
    type In: ArrowPrimitiveType;
    type Out: ArrowPrimitiveType;
    const RETRACTS: bool;

    fn widen(value: <Self::In as ArrowPrimitiveType>::Native) -> <Self::Out as ArrowPrimitiveType>::Native;
    fn add(a: Native<Self>, b: Native<Self>) -> Option<Native<Self>>;
    fn sub(a: Native<Self>, b: Native<Self>) -> Option<Native<Self>>;
    fn error() -> Error;
    /// The sum as an exact number; floats have none.
    fn exact(sum: Native<Self>) -> Option<BigInt>;
    /// The float average, for floats.
    fn average(_sum: Native<Self>, _count: i64) -> Native<Self> {
        Native::<Self>::default()
    }
}

type Native<A> = <<A as Adder>::Out as ArrowPrimitiveType>::Native;

macro_rules! exact_adder {
    ($name:ident, $in:ty, $out:ty, $widen:expr, $error:expr, $exact:expr) => {
        #[derive(Clone, Debug)]
        struct $name;

        impl Adder for $name {
            type In = $in;
            type Out = $out;
            const RETRACTS: bool = true;

            fn widen(value: <$in as ArrowPrimitiveType>::Native) -> <$out as ArrowPrimitiveType>::Native {
                ($widen)(value)
            }

            fn add(a: Native<Self>, b: Native<Self>) -> Option<Native<Self>> {
                a.checked_add(b)
            }

            fn sub(a: Native<Self>, b: Native<Self>) -> Option<Native<Self>> {
                a.checked_sub(b)
            }

            fn error() -> Error {
                $error
            }

            fn exact(sum: Native<Self>) -> Option<BigInt> {
                Some(($exact)(sum))
            }
        }
    };
}

fn big(value: i256) -> BigInt {
    BigInt::from_signed_bytes_le(&value.to_le_bytes())
}

exact_adder!(SmallInt, Int16Type, Int64Type, i64::from, out_of_range(&DataType::Int64), BigInt::from);
exact_adder!(Integer, Int32Type, Int64Type, i64::from, out_of_range(&DataType::Int64), BigInt::from);
exact_adder!(BigInteger, Int64Type, Decimal128Type, i128::from, overflow(), BigInt::from);
exact_adder!(Narrow, Decimal128Type, Decimal128Type, std::convert::identity, overflow(), BigInt::from);
exact_adder!(Wide, Decimal256Type, Decimal256Type, std::convert::identity, overflow(), big);

macro_rules! float_adder {
    ($name:ident, $arrow:ty, $float:ty) => {
        #[derive(Clone, Debug)]
        struct $name;

        impl Adder for $name {
            type In = $arrow;
            type Out = $arrow;
            const RETRACTS: bool = false;

            fn widen(value: $float) -> $float {
                value
            }

            fn add(a: $float, b: $float) -> Option<$float> {
                let sum = a + b;
                (!sum.is_infinite() || a.is_infinite() || b.is_infinite()).then_some(sum)
            }

            fn sub(a: $float, b: $float) -> Option<$float> {
                Some(a - b)
            }

            fn error() -> Error {
                float_overflow()
            }

            fn exact(_sum: $float) -> Option<BigInt> {
                None
            }

            fn average(sum: $float, count: i64) -> $float {
                sum / count as $float
            }
        }
    };
}

float_adder!(Real, Float32Type, f32);
float_adder!(Float, Float64Type, f64);

/// The sum and the number of its rows.
#[derive(Clone, Debug)]
struct Sum<A> {
    scale: i32,
    average: bool,
    adder: PhantomData<A>,
}

impl<A: Adder> Kind for Sum<A> {
    type State = (Native<A>, i64);
    type Input = PrimitiveArray<A::In>;

    fn state_types(&self) -> Vec<DataType> {
        vec![A::Out::DATA_TYPE, DataType::Int64]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Self::Input> {
        let column = columns.first().and_then(|c| c.as_primitive_opt::<A::In>());
        column.cloned().ok_or_else(|| fault("sum of another type"))
    }

    fn update(&self, state: &mut Self::State, input: &Self::Input, row: usize) -> Result<()> {
        state.0 = A::add(state.0, A::widen(input.values()[row])).ok_or_else(A::error)?;
        state.1 += 1;
        Ok(())
    }

    fn save(&self, states: &[Self::State]) -> Result<Vec<ArrayRef>> {
        let sums = PrimitiveArray::<A::Out>::from_iter_values(states.iter().map(|s| s.0));
        let counts = Int64Array::from_iter_values(states.iter().map(|s| s.1));
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Self::State>> {
        let sums = columns[0].as_primitive_opt::<A::Out>().ok_or_else(|| fault("state of another sum"))?;
        let counts = columns[1].as_primitive_opt::<Int64Type>().ok_or_else(|| fault("state of another sum"))?;
        let count = |i| if counts.is_valid(i) { counts.value(i) } else { 0 };
        Ok((0..sums.len()).map(|i| (sums.value(i), count(i))).collect())
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        if other.1 > 0 {
            state.0 = A::add(state.0, other.0).ok_or_else(A::error)?;
            state.1 += other.1;
        }
        Ok(())
    }

    fn finish(&self, states: &[Self::State]) -> Result<ArrayRef> {
        if self.average && A::RETRACTS {
            return self.exact_average(states);
        }
        let value = |s: &Self::State| match (s.1, self.average) {
            (0, _) => None,
            (_, false) => Some(s.0),
            (count, true) => Some(A::average(s.0, count)),
        };
        let array: PrimitiveArray<A::Out> = states.iter().map(value).collect();
        match A::Out::DATA_TYPE {
            DataType::Decimal128(..) => {
                let to = DataType::Decimal128(38, i8::try_from(self.scale).unwrap_or(0));
                Ok(Arc::new(checked_precision(array.with_data_type(to))?))
            }
            DataType::Decimal256(..) => {
                let to = DataType::Decimal256(76, i8::try_from(self.scale).unwrap_or(0));
                Ok(Arc::new(array.with_data_type(to)))
            }
            _ => Ok(Arc::new(array)),
        }
    }

    fn retract(&self, state: &mut Self::State, input: &Self::Input, row: usize) -> Option<Result<()>> {
        let rest = A::sub(state.0, A::widen(input.values()[row])).ok_or_else(A::error);
        state.1 -= 1;
        Some(rest.map(|rest| state.0 = rest))
    }

    fn retracts(&self) -> bool {
        A::RETRACTS
    }
}

impl<A: Adder> Sum<A> {
    fn exact_average(&self, states: &[(Native<A>, i64)]) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(&WIDE_NUMERIC, states.len());
        for (sum, count) in states {
            let value = match A::exact(*sum) {
                Some(sum) if *count > 0 => Some(Dec::new(sum, self.scale).div(&Dec::int(*count))?),
                _ => None,
            };
            out.push(value.as_ref())?;
        }
        Ok(out.finish())
    }
}

/// 128 bits hold a bit more than 38 digits; what is beyond them has overflowed.
fn checked_precision<T: ArrowPrimitiveType>(array: PrimitiveArray<T>) -> Result<PrimitiveArray<T>> {
    match array.as_any().downcast_ref::<Decimal128Array>() {
        Some(decimals) => decimals.validate_decimal_precision(38).map_err(|_| overflow())?,
        None => return Err(fault("the sum is no decimal")),
    }
    Ok(array)
}

/// The parts of an interval, added up apart.
#[derive(Clone, Debug)]
struct Intervals {
    average: bool,
}

/// Months, days, microseconds, and how many rows: finite ones, infinite ones, negative infinite ones.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    months: i64,
    days: i64,
    us: i64,
    rows: [i64; 3],
}

impl Kind for Intervals {
    type State = Parts;
    type Input = PrimitiveArray<IntervalMonthDayNanoType>;

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64; 6]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Self::Input> {
        let column = columns.first().and_then(|c| c.as_primitive_opt::<IntervalMonthDayNanoType>());
        column.cloned().ok_or_else(|| fault("sum of another type"))
    }

    fn update(&self, state: &mut Parts, input: &Self::Input, row: usize) -> Result<()> {
        let value = from_arrow(input.value(row));
        let one = match value {
            Interval::INFINITY => Parts { rows: [0, 1, 0], ..Parts::default() },
            Interval::NEG_INFINITY => Parts { rows: [0, 0, 1], ..Parts::default() },
            v => Parts { months: v.months.into(), days: v.days.into(), us: v.us, rows: [1, 0, 0] },
        };
        self.merge(state, &one)
    }

    fn save(&self, states: &[Parts]) -> Result<Vec<ArrayRef>> {
        let column = |of: fn(&Parts) -> i64| Arc::new(Int64Array::from_iter_values(states.iter().map(of))) as ArrayRef;
        Ok(vec![
            column(|p| p.months),
            column(|p| p.days),
            column(|p| p.us),
            column(|p| p.rows[0]),
            column(|p| p.rows[1]),
            column(|p| p.rows[2]),
        ])
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Parts>> {
        let at = |c: usize, i: usize| columns[c].as_primitive::<Int64Type>().value(i);
        let parts = |i| Parts { months: at(0, i), days: at(1, i), us: at(2, i), rows: [at(3, i), at(4, i), at(5, i)] };
        Ok((0..columns[0].len()).map(parts).collect())
    }

    fn merge(&self, state: &mut Parts, other: &Parts) -> Result<()> {
        let sum = || {
            Some(Parts {
                months: state.months.checked_add(other.months)?,
                days: state.days.checked_add(other.days)?,
                us: state.us.checked_add(other.us)?,
                rows: [0, 1, 2].map(|i| state.rows[i] + other.rows[i]),
            })
        };
        *state = sum().ok_or_else(super::super::datetime::interval_out_of_range)?;
        Ok(())
    }

    fn finish(&self, states: &[Parts]) -> Result<ArrayRef> {
        let value = |p: &Parts| -> Result<_> {
            let total = match p.rows {
                [0, 0, 0] => return Ok(None),
                [_, 0, 0] => interval::built(p.months, p.days, p.us)?,
                [_, _, 0] => Interval::INFINITY,
                [_, 0, _] => Interval::NEG_INFINITY,
                _ => return Err(super::super::datetime::interval_out_of_range()),
            };
            let result = if self.average { interval::divide(total, p.rows[0].max(1) as f64)? } else { total };
            to_arrow(result).map(Some)
        };
        let values = states.iter().map(value).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PrimitiveArray::<IntervalMonthDayNanoType>::from(values)))
    }

    fn retract(&self, state: &mut Parts, input: &Self::Input, row: usize) -> Option<Result<()>> {
        let mut one = Parts::default();
        let done = self.update(&mut one, input, row).and_then(|()| {
            let negative = Parts {
                months: -one.months,
                days: -one.days,
                us: one.us.checked_neg().unwrap_or(0),
                rows: one.rows.map(|n| -n),
            };
            self.merge(state, &negative)
        });
        Some(done)
    }

    fn retracts(&self) -> bool {
        true
    }
}
