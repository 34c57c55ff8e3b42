//! Window calls over any of PostgreSQL's frames: EXCLUDE, groups, ranges of values, offsets that are expressions.
//!
//! `sql/rewrite/windows.rs` sends here what the engine's own window operators do not answer as PostgreSQL does. A call
//! is a window function over whole partitions: it gets the frame's offsets and the ORDER BY columns as arguments
//! ([`FrameSpec`]), computes each row's frame ([`bounds`]), and picks a row of it ([`pick`]) or adds it up ([`fold`]).

mod bounds;
mod distance;
mod fold;
mod pick;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    AggregateUDF, PartitionEvaluator, Signature, TypeSignature, Volatility, WindowUDF, WindowUDFImpl,
};
use tokio_util::sync::CancellationToken;

use self::bounds::Frames;
use self::fold::Fold;
use self::pick::Pick;
use super::Functions;
use super::datetime::ZoneSpec;
use super::resolve;
use super::ty::{Ty, numeric_for};
use super::udf::external;
use crate::error::{Error, Result};
use crate::sql::rewrite::frame_spec::{FrameSpec, Units};
use crate::sqlstate;

/// What a call does with its frame.
#[derive(Clone, Debug)]
enum Action {
    /// Adds it up.
    Fold(Arc<AggregateUDF>),
    /// Takes a row's value.
    Pick(Pick),
}

/// A window call with its frame.
#[derive(Clone)]
pub struct Framed {
    name: String,
    spec: FrameSpec,
    action: Action,
    zone: ZoneSpec,
    cancel: CancellationToken,
    signature: Signature,
}

impl Framed {
    /// The call that a name carries; `None` for a plain name or one of an unknown function. Days are added to
    /// timestamptz columns in `zone`; `cancel` stops the statement.
    #[must_use]
    pub fn of_name(name: &str, functions: &Functions, zone: ZoneSpec, cancel: CancellationToken) -> Option<WindowUDF> {
        let spec = FrameSpec::of_name(name)?;
        let action = match Pick::of_name(&spec.function) {
            Some(pick) => Action::Pick(pick),
            None => Action::Fold(Arc::clone(functions.aggregate.get(&spec.function)?)),
        };
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        Some(WindowUDF::new_from_impl(Self { name: name.to_owned(), spec, action, zone, cancel, signature }))
    }

    /// The frame.
    #[must_use]
    pub fn spec(&self) -> &FrameSpec {
        &self.spec
    }

    /// The type an offset has in a RANGE frame over an ORDER BY column of `key`.
    pub fn offset_type(key: &DataType) -> Result<DataType> {
        match Ty::of(key) {
            Some(Ty::Int2 | Ty::Int4 | Ty::Int8) => Ok(DataType::Int64),
            Some(Ty::Numeric) => Ok(numeric_for(key)),
            Some(Ty::Float4 | Ty::Float8) => Ok(DataType::Float64),
            Some(Ty::Date | Ty::Time | Ty::Timestamp | Ty::TimestampTz | Ty::Interval) => {
                Ok(DataType::Interval(IntervalUnit::MonthDayNano))
            }
            other => {
                let name = other.map_or_else(|| "record".to_owned(), Ty::name);
                let message = format!("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {name}");
                Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message))
            }
        }
    }

    /// The types that the arguments are cast to.
    pub fn coerced(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        let spec = &self.spec;
        let mut wanted = types.to_vec();
        let own = &types[..spec.args.min(types.len())];
        match &self.action {
            Action::Fold(function) => {
                let fields: Vec<FieldRef> =
                    own.iter().map(|t| Arc::new(Field::new("argument", t.clone(), true))).collect();
                let coerced = fields_with_udf(&fields, function.as_ref())?;
                for (to, field) in wanted.iter_mut().zip(&coerced) {
                    *to = field.data_type().clone();
                }
            }
            Action::Pick(pick) => pick.coerce(&mut wanted[..own.len()]).map_err(external)?,
        }
        if let Some(filter) = spec.filter_at().and_then(|i| wanted.get_mut(i)) {
            *filter = DataType::Boolean;
        }
        for at in [spec.start_at(), spec.end_at()].into_iter().flatten() {
            let offset = types.get(at).cloned().unwrap_or(DataType::Null);
            let to = match (spec.units, types.get(spec.order_at())) {
                (Units::Range, Some(key)) => range_offset(key, &offset).map_err(external)?,
                _ => count_offset(spec.units, &offset).map_err(external)?,
            };
            if let Some(slot) = wanted.get_mut(at) {
                *slot = to;
            }
        }
        Ok(wanted)
    }
}

/// The type of an offset of rows or groups.
fn count_offset(units: Units, offset: &DataType) -> Result<DataType> {
    match Ty::of(offset) {
        Some(Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Unknown) => Ok(DataType::Int64),
        other => {
            let clause = if units == Units::Groups { "GROUPS" } else { "ROWS" };
            let name = other.map_or_else(|| "record".to_owned(), Ty::name);
            let message = format!("argument of {clause} must be type bigint, not type {name}");
            Err(Error::new(sqlstate::DATATYPE_MISMATCH, message))
        }
    }
}

/// The type of an offset of values.
fn range_offset(key: &DataType, offset: &DataType) -> Result<DataType> {
    let wanted = Framed::offset_type(key)?;
    let (Some(from), Some(to)) = (Ty::of(offset), Ty::of(&wanted)) else { return Ok(wanted) };
    if !from.casts_implicitly(to) {
        let key = Ty::of(key).map_or_else(String::new, Ty::name);
        let message = format!(
            "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {key} and offset type {}",
            from.name()
        );
        return Err(
            Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).hint("Cast the offset value to an appropriate type.")
        );
    }
    // A numeric offset keeps its own digits.
    Ok(if to == Ty::Numeric { numeric_for(offset) } else { wanted })
}

impl std::fmt::Debug for Framed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framed").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl PartialEq for Framed {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Framed {}

impl Hash for Framed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl WindowUDFImpl for Framed {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        // The engine would hide the error; `plan/windows.rs` has raised it.
        Ok(self.coerced(arg_types).unwrap_or_else(|_| arg_types.to_vec()))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> DfResult<FieldRef> {
        let fields = args.input_fields();
        let own = &fields[..self.spec.args.min(fields.len())];
        let field = match &self.action {
            Action::Fold(function) => match fields_with_udf(own, function.as_ref()) {
                Ok(coerced) => function.return_field(&coerced)?,
                Err(_) => Arc::new(Field::new(args.name(), DataType::Null, true)),
            },
            Action::Pick(pick) => pick.field(own).map_err(external)?,
        };
        Ok(Arc::new(field.as_ref().clone().with_name(args.name()).with_nullable(true)))
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs<'_>) -> DfResult<Box<dyn PartitionEvaluator>> {
        let fields = args.input_fields().iter().map(Arc::clone).collect();
        Ok(Box::new(Evaluator { call: self.clone(), fields }))
    }
}

/// Evaluates a call over one partition.
#[derive(Debug)]
struct Evaluator {
    call: Framed,
    fields: Vec<FieldRef>,
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], num_rows: usize) -> DfResult<ArrayRef> {
        let Framed { spec, action, zone, cancel, .. } = &self.call;
        let own = &values[..spec.args];
        match action {
            Action::Pick(pick) if !pick.uses_frame() => pick.of_partition(own, num_rows).map_err(external),
            Action::Pick(pick) => {
                let frames = Frames::new(spec, values, num_rows, zone).map_err(external)?;
                pick.of_frames(own, &frames, cancel).map_err(external)
            }
            Action::Fold(function) => {
                let frames = Frames::new(spec, values, num_rows, zone).map_err(external)?;
                let filter = spec.filter_at().map(|i| Arc::clone(&values[i]));
                let fold = Fold::new(function, &self.fields[..spec.args], own, filter.as_ref())?;
                fold.run(&frames, cancel)
            }
        }
    }

    fn supports_bounded_execution(&self) -> bool {
        false
    }

    fn uses_window_frame(&self) -> bool {
        false
    }
}

/// The error of a stopped statement.
fn check(cancel: &CancellationToken) -> Result<()> {
    match cancel.is_cancelled() {
        true => Err(Error::new(sqlstate::QUERY_CANCELED, "canceling statement due to user request")),
        false => Ok(()),
    }
}

/// The error of a call with arguments that the function does not take.
fn undefined(name: &str, types: &[DataType]) -> Error {
    let types: Vec<Ty> = types.iter().map(|t| Ty::of(t).unwrap_or(Ty::Any)).collect();
    resolve::undefined(name, &types)
}
