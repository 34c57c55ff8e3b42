//! Variance, deviation, covariance and regression.
//!
//! Of floats by Youngs and Cramer's updates, in the order PostgreSQL computes them; of integers and numerics exactly,
//! with a numeric result.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::logical_expr::AggregateUDF;
use num_bigint::BigInt;

use super::super::access::Nums;
use super::super::arith::float_overflow;
use super::super::math::transcendental;
use super::super::number::Number;
use super::super::numeric::{self, Dec};
use super::super::ty::{Ty, WIDE_NUMERIC, numeric_for};
use super::super::udf::fault;
use super::kind::Kind;
use super::udaf::{Chosen, PgAggregate};
use crate::error::Result;

/// The statistics of one and of two columns.
pub fn functions() -> Vec<AggregateUDF> {
    vec![
        PgAggregate::function("var_pop", |t| spread(t, false, false)),
        PgAggregate::function("var_samp", |t| spread(t, true, false)),
        PgAggregate::function("variance", |t| spread(t, true, false)),
        PgAggregate::function("stddev_pop", |t| spread(t, false, true)),
        PgAggregate::function("stddev_samp", |t| spread(t, true, true)),
        PgAggregate::function("stddev", |t| spread(t, true, true)),
        PgAggregate::function("regr_count", |t| pair(t, Regression::Count)),
        PgAggregate::function("regr_sxx", |t| pair(t, Regression::Sxx)),
        PgAggregate::function("regr_syy", |t| pair(t, Regression::Syy)),
        PgAggregate::function("regr_sxy", |t| pair(t, Regression::Sxy)),
        PgAggregate::function("regr_avgx", |t| pair(t, Regression::AvgX)),
        PgAggregate::function("regr_avgy", |t| pair(t, Regression::AvgY)),
        PgAggregate::function("regr_r2", |t| pair(t, Regression::R2)),
        PgAggregate::function("regr_slope", |t| pair(t, Regression::Slope)),
        PgAggregate::function("regr_intercept", |t| pair(t, Regression::Intercept)),
        PgAggregate::function("covar_pop", |t| pair(t, Regression::CovarPop)),
        PgAggregate::function("covar_samp", |t| pair(t, Regression::CovarSamp)),
        PgAggregate::function("corr", |t| pair(t, Regression::Corr)),
    ]
}

fn spread(types: &[DataType], sample: bool, root: bool) -> Option<Chosen> {
    let [from] = types else { return None };
    match Ty::of(from)? {
        Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Numeric => Some(Chosen {
            arguments: vec![numeric_for(from)],
            ret: Field::new("", WIDE_NUMERIC, true),
            kind: Arc::new(Exact { sample, root }),
        }),
        Ty::Float4 | Ty::Float8 => Some(Chosen {
            arguments: vec![DataType::Float64],
            ret: Field::new("", DataType::Float64, true),
            kind: Arc::new(Spread { sample, root }),
        }),
        _ => None,
    }
}

fn pair(types: &[DataType], result: Regression) -> Option<Chosen> {
    let [y, x] = types else { return None };
    if ![y, x].iter().all(|t| Ty::of(t).is_some_and(|t| t.category() == 'N')) {
        return None;
    }
    let ret = if matches!(result, Regression::Count) { DataType::Int64 } else { DataType::Float64 };
    Some(Chosen { arguments: vec![DataType::Float64; 2], ret: Field::new("", ret, true), kind: Arc::new(result) })
}

/// Variance or deviation of floats.
#[derive(Clone, Debug)]
struct Spread {
    sample: bool,
    root: bool,
}

impl Kind for Spread {
    /// N, Sx, Sxx
    type State = [f64; 3];
    type Input = Float64Array;

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Float64; 3]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        columns[0].as_primitive_opt::<Float64Type>().cloned().ok_or_else(|| fault("variance of another type"))
    }

    fn update(&self, state: &mut [f64; 3], input: &Float64Array, row: usize) -> Result<()> {
        let value = input.value(row);
        let [n, sx, sxx] = state;
        let before = *n;
        *n += 1.0;
        *sx += value;
        if before > 0.0 {
            let tmp = value * *n - *sx;
            *sxx += tmp * tmp / (*n * before);
            if sx.is_infinite() || sxx.is_infinite() {
                if !value.is_infinite() && sx.is_finite() {
                    return Err(float_overflow());
                }
                *sxx = f64::NAN;
            }
        } else if !value.is_finite() {
            *sxx = f64::NAN;
        }
        Ok(())
    }

    fn save(&self, states: &[[f64; 3]]) -> Result<Vec<ArrayRef>> {
        Ok(save_floats(states))
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<[f64; 3]>> {
        load_floats(columns)
    }

    fn merge(&self, state: &mut [f64; 3], other: &[f64; 3]) -> Result<()> {
        let ([n1, sx1, sxx1], [n2, sx2, sxx2]) = (*state, *other);
        if n1 == 0.0 || n2 == 0.0 {
            if n1 == 0.0 {
                *state = *other;
            }
            return Ok(());
        }
        let tmp = sx1 / n1 - sx2 / n2;
        let n = n1 + n2;
        *state = [n, sx1 + sx2, sxx1 + sxx2 + n1 * n2 * tmp * tmp / n];
        Ok(())
    }

    fn finish(&self, states: &[[f64; 3]]) -> Result<ArrayRef> {
        let value = |[n, _, sxx]: &[f64; 3]| {
            let divisor = if self.sample { n - 1.0 } else { *n };
            let variance = (divisor > 0.0).then(|| sxx / divisor)?;
            Some(if self.root { variance.sqrt() } else { variance })
        };
        Ok(Arc::new(states.iter().map(value).collect::<Float64Array>()))
    }
}

fn save_floats<const N: usize>(states: &[[f64; N]]) -> Vec<ArrayRef> {
    (0..N).map(|i| Arc::new(Float64Array::from_iter_values(states.iter().map(|s| s[i]))) as ArrayRef).collect()
}

fn load_floats<const N: usize>(columns: &[ArrayRef]) -> Result<Vec<[f64; N]>> {
    let arrays: Option<Vec<&Float64Array>> = columns.iter().map(|c| c.as_primitive_opt::<Float64Type>()).collect();
    let arrays = arrays.ok_or_else(|| fault("state of another aggregate"))?;
    Ok((0..columns[0].len()).map(|row| std::array::from_fn(|i| arrays[i].value(row))).collect())
}

/// A statistic of two columns; the first argument is Y, the second X.
#[derive(Clone, Copy, Debug)]
enum Regression {
    Count,
    Sxx,
    Syy,
    Sxy,
    AvgX,
    AvgY,
    R2,
    Slope,
    Intercept,
    CovarPop,
    CovarSamp,
    Corr,
}

impl Kind for Regression {
    /// N, Sx, Sxx, Sy, Syy, Sxy
    type State = [f64; 6];
    type Input = (Float64Array, Float64Array);

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Float64; 6]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<Self::Input> {
        let column = |i: usize| columns[i].as_primitive_opt::<Float64Type>().cloned();
        column(0).zip(column(1)).ok_or_else(|| fault("regression of another type"))
    }

    fn update(&self, state: &mut [f64; 6], input: &Self::Input, row: usize) -> Result<()> {
        let (y, x) = (input.0.value(row), input.1.value(row));
        let [n, sx, sxx, sy, syy, sxy] = state;
        let before = *n;
        *n += 1.0;
        *sx += x;
        *sy += y;
        if before > 0.0 {
            let (tx, ty) = (x * *n - *sx, y * *n - *sy);
            let scale = 1.0 / (*n * before);
            *sxx += tx * tx * scale;
            *syy += ty * ty * scale;
            *sxy += tx * ty * scale;
        } else {
            if !x.is_finite() {
                (*sxx, *sxy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (*syy, *sxy) = (f64::NAN, f64::NAN);
            }
        }
        let overflowed = [*sx, *sxx, *sy, *syy, *sxy].iter().any(|v| v.is_infinite());
        if overflowed && x.is_finite() && y.is_finite() && sx.is_finite() && sy.is_finite() {
            return Err(float_overflow());
        }
        Ok(())
    }

    fn save(&self, states: &[[f64; 6]]) -> Result<Vec<ArrayRef>> {
        Ok(save_floats(states))
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<[f64; 6]>> {
        load_floats(columns)
    }

    fn merge(&self, state: &mut [f64; 6], other: &[f64; 6]) -> Result<()> {
        let ([n1, sx1, sxx1, sy1, syy1, sxy1], [n2, sx2, sxx2, sy2, syy2, sxy2]) = (*state, *other);
        if n1 == 0.0 || n2 == 0.0 {
            if n1 == 0.0 {
                *state = *other;
            }
            return Ok(());
        }
        let n = n1 + n2;
        let (tx, ty) = (sx1 / n1 - sx2 / n2, sy1 / n1 - sy2 / n2);
        let weight = n1 * n2;
        *state = [
            n,
            sx1 + sx2,
            sxx1 + sxx2 + weight * tx * tx / n,
            sy1 + sy2,
            syy1 + syy2 + weight * ty * ty / n,
            sxy1 + sxy2 + weight * tx * ty / n,
        ];
        Ok(())
    }

    fn finish(&self, states: &[[f64; 6]]) -> Result<ArrayRef> {
        if matches!(self, Self::Count) {
            return Ok(Arc::new(Int64Array::from_iter_values(states.iter().map(|s| s[0] as i64))));
        }
        Ok(Arc::new(states.iter().map(|s| self.result(s)).collect::<Float64Array>()))
    }
}

impl Regression {
    fn result(self, [n, sx, sxx, sy, syy, sxy]: &[f64; 6]) -> Option<f64> {
        let some = |least: f64, value: f64| (*n >= least).then_some(value);
        match self {
            Self::Count => Some(*n),
            Self::Sxx => some(1.0, *sxx),
            Self::Syy => some(1.0, *syy),
            Self::Sxy => some(1.0, *sxy),
            Self::AvgX => some(1.0, sx / n),
            Self::AvgY => some(1.0, sy / n),
            Self::CovarPop => some(1.0, sxy / n),
            Self::CovarSamp => some(2.0, sxy / (n - 1.0)),
            Self::Corr if *n < 1.0 || *sxx == 0.0 || *syy == 0.0 => None,
            Self::Corr => Some(sxy / (sxx * syy).sqrt()),
            Self::R2 if *n < 1.0 || *sxx == 0.0 => None,
            Self::R2 if *syy == 0.0 => Some(1.0),
            Self::R2 => Some((sxy * sxy) / (sxx * syy)),
            Self::Slope | Self::Intercept if *n < 1.0 || *sxx == 0.0 => None,
            Self::Slope => Some(sxy / sxx),
            Self::Intercept => Some((sy - sx * sxy / sxx) / n),
        }
    }
}

/// Variance or deviation of exact numbers.
#[derive(Clone, Debug)]
struct Exact {
    sample: bool,
    root: bool,
}

/// How many values, their sum, the sum of their squares, and their scale; how many were no numbers.
#[derive(Clone, Debug, Default)]
struct Squares {
    n: i64,
    sum: BigInt,
    squares: BigInt,
    scale: i32,
    special: i64,
}

impl Squares {
    /// Adds a value, or takes it away again.
    fn add(&mut self, value: Number, sign: i64) {
        self.n += sign;
        let Number::Finite(value) = value else {
            self.special += sign;
            return;
        };
        self.at_least(value.scale);
        let mantissa = if value.scale < self.scale { value.round(self.scale).mantissa } else { value.mantissa };
        self.squares += &mantissa * &mantissa * sign;
        self.sum += mantissa * sign;
    }

    /// Gives the sums a larger scale.
    fn at_least(&mut self, scale: i32) {
        if scale > self.scale {
            let factor = numeric::ten(scale - self.scale);
            self.sum *= &factor;
            self.squares *= &factor * &factor;
            self.scale = scale;
        }
    }
}

impl Kind for Exact {
    type State = Squares;
    type Input = ArrayRef;

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64, DataType::Binary, DataType::Binary, DataType::Int64, DataType::Int64]
    }

    fn bind(&self, columns: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(Arc::clone(&columns[0]))
    }

    fn update(&self, state: &mut Squares, input: &ArrayRef, row: usize) -> Result<()> {
        state.add(Nums::over(input, false)?.number(row)?, 1);
        Ok(())
    }

    fn save(&self, states: &[Squares]) -> Result<Vec<ArrayRef>> {
        let bytes = |of: fn(&Squares) -> &BigInt| {
            Arc::new(BinaryArray::from_iter_values(states.iter().map(|s| of(s).to_signed_bytes_le()))) as ArrayRef
        };
        let ints = |of: fn(&Squares) -> i64| Arc::new(Int64Array::from_iter_values(states.iter().map(of))) as ArrayRef;
        Ok(vec![
            ints(|s| s.n),
            bytes(|s| &s.sum),
            bytes(|s| &s.squares),
            ints(|s| i64::from(s.scale)),
            ints(|s| s.special),
        ])
    }

    fn load(&self, columns: &[ArrayRef]) -> Result<Vec<Squares>> {
        let int = |c: usize, i: usize| columns[c].as_primitive::<arrow::datatypes::Int64Type>().value(i);
        let big = |c: usize, i: usize| BigInt::from_signed_bytes_le(columns[c].as_binary::<i32>().value(i));
        let one = |i| Squares {
            n: int(0, i),
            sum: big(1, i),
            squares: big(2, i),
            scale: i32::try_from(int(3, i)).unwrap_or(0),
            special: int(4, i),
        };
        Ok((0..columns[0].len()).map(one).collect())
    }

    fn merge(&self, state: &mut Squares, other: &Squares) -> Result<()> {
        if other.n > 0 {
            let mut other = other.clone();
            other.at_least(state.scale);
            state.at_least(other.scale);
            state.n += other.n;
            state.sum += &other.sum;
            state.squares += &other.squares;
            state.special += other.special;
        }
        Ok(())
    }

    fn finish(&self, states: &[Squares]) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(&WIDE_NUMERIC, states.len());
        for state in states {
            out.push_number(self.result(state)?)?;
        }
        Ok(out.finish())
    }

    fn retract(&self, state: &mut Squares, input: &ArrayRef, row: usize) -> Option<Result<()>> {
        let value = Nums::over(input, false).and_then(|nums| nums.number(row));
        Some(value.map(|value| state.add(value, -1)))
    }

    fn retracts(&self) -> bool {
        true
    }

    fn heap_size(state: &Squares) -> usize {
        usize::try_from((state.sum.bits() + state.squares.bits()) / 8).unwrap_or(0)
    }
}

impl Exact {
    fn result(&self, state: &Squares) -> Result<Option<Number>> {
        let least = if self.sample { 2 } else { 1 };
        if state.n < least {
            return Ok(None);
        }
        if state.special > 0 {
            return Ok(Some(Number::NaN));
        }
        // N ΣX² − (ΣX)², over N² or N (N − 1)
        let numerator = Dec::new(&state.squares * state.n - &state.sum * &state.sum, 2 * state.scale);
        if numerator.is_zero() || numerator.is_negative() {
            return Ok(Some(Dec::int(0).into()));
        }
        let divisor = Dec::int(BigInt::from(state.n) * (if self.sample { state.n - 1 } else { state.n }));
        let scale = numeric::div_scale(&numerator, &divisor);
        let variance = numerator.div_to(&divisor, scale)?;
        if !self.root {
            return Ok(Some(variance.into()));
        }
        Ok(Some(transcendental::sqrt_to(&variance, scale)?.into()))
    }
}
