//! A table of overloads as a DataFusion scalar function.
//!
//! Argument types are resolved as PostgreSQL resolves them; NULLs of strict overloads and constant arguments are
//! handled here, so kernels see neither.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::call::Call;
use super::overload::{Overload, ReturnArgs};
use super::resolve;
use super::ty::{self, Ty, WIDE_NUMERIC};
use crate::error::Error;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// Variadic functions that PostgreSQL also has without the parameter that repeats.
const ALONE: [&str; 1] = ["format"];

/// A PostgreSQL scalar function.
#[derive(Clone)]
pub struct PgScalar {
    name: &'static str,
    overloads: Arc<[Overload]>,
    signature: Signature,
}

impl PgScalar {
    /// A function from its overloads.
    pub fn new(name: &'static str, overloads: Vec<Overload>, volatility: Volatility) -> Self {
        let signature = Signature::new(TypeSignature::UserDefined, volatility);
        Self { name, overloads: overloads.into(), signature }
    }

    /// The function's overloads.
    pub fn overloads(&self) -> &[Overload] {
        &self.overloads
    }

    /// Whether a NULL argument makes the result NULL, whatever the overload.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.overloads.iter().all(|overload| overload.strict)
    }

    /// Whether a call may have any number of arguments.
    pub fn is_variadic(&self) -> bool {
        self.overloads.iter().any(|overload| overload.variadic)
    }

    /// The fields a call's arguments are to be cast to; untyped literals are told as [`Ty::Unknown`].
    pub fn coerce(&self, types: &[Ty], fields: &[FieldRef]) -> Result<Vec<FieldRef>, Error> {
        let overload = resolve::resolve(self.name, &self.overloads, types)?;
        // An empty array may be spread over the parameter that repeats, but a call must have an argument for it.
        if overload.variadic && types.len() < overload.params.len() && !ALONE.contains(&self.name) {
            return Err(resolve::undefined(self.name, types));
        }
        resolve::targets(overload, fields).map_err(|error| {
            if error.sqlstate() != sqlstate::DATATYPE_MISMATCH {
                return error;
            }
            // Elements without a common type make a call that no function takes.
            let name = |(ty, field): (&Ty, &FieldRef)| match ty {
                Ty::Unknown => Ty::Unknown.name(),
                _ => oid::sql_name(pg_type(field).oid).to_owned(),
            };
            resolve::undefined_call(self.name, &types.iter().zip(fields).map(name).collect::<Vec<_>>())
        })
    }

    /// The overload of a call whose arguments have already been cast.
    fn chosen(&self, fields: &[FieldRef]) -> Result<&Overload, Error> {
        let types: Option<Vec<Ty>> = fields.iter().map(|f| Ty::of_field(f)).collect();
        let types = types.ok_or_else(|| resolve::undefined(self.name, &[]))?;
        resolve::resolve(self.name, &self.overloads, &types).or_else(|error| {
            // A literal beside a bit string has not been read yet.
            let lenient: Vec<Ty> = types.iter().map(|t| if *t == Ty::Text { Ty::Unknown } else { *t }).collect();
            match types.contains(&Ty::Bits) {
                true => resolve::resolve(self.name, &self.overloads, &lenient).map_err(|_| error),
                false => Err(error),
            }
        })
    }

    /// The error of a call whose arguments nobody has looked at: a bare string among them has no type yet.
    fn refused(&self, error: Error, args: &ReturnFieldArgs<'_>) -> Error {
        if error.sqlstate() != sqlstate::UNDEFINED_FUNCTION {
            return error;
        }
        let name = |(field, scalar): (&FieldRef, Option<&ScalarValue>)| match scalar {
            Some(ScalarValue::Utf8(_) | ScalarValue::Null) => Ty::Unknown.name(),
            _ => oid::sql_name(pg_type(field).oid).to_owned(),
        };
        let types: Vec<String> = args.arg_fields.iter().zip(args.scalar_arguments.iter().copied()).map(name).collect();
        resolve::undefined_call(self.name, &types)
    }
}

impl std::fmt::Debug for PgScalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgScalar").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for PgScalar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for PgScalar {}

impl Hash for PgScalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for PgScalar {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        internal_err!("{} derives its type from fields", self.name)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let known: Option<Vec<Ty>> = arg_types.iter().map(Ty::of).collect();
        // What no overload takes stays as it is: `return_field_from_args` refuses it in PostgreSQL's words, which
        // DataFusion would replace by its own here.
        let Some(known) = known else { return Ok(arg_types.to_vec()) };
        let fields: Vec<FieldRef> = arg_types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        let with = |ty: Ty| -> Vec<Ty> { known.iter().map(|t| if *t == Ty::Text { ty } else { *t }).collect() };
        let coerced = self.coerce(&known, &fields).or_else(|_| {
            // DataFusion's own planner hands untyped literals over as text, and tells no bit string from a text.
            self.coerce(&with(Ty::Unknown), &fields).or_else(|_| self.coerce(&with(Ty::Bits), &fields))
        });
        let Ok(coerced) = coerced else { return Ok(arg_types.to_vec()) };
        // Wide numerics are made by the planner's casts, which come after the first look at a call's types.
        let wide = |(target, own): (FieldRef, &DataType)| {
            let target = target.data_type().clone();
            let either = innermost(&target) == &WIDE_NUMERIC && is_number(innermost(own)) || *own == WIDE_NUMERIC;
            if either { own.clone() } else { target }
        };
        Ok(coerced.into_iter().zip(arg_types).map(wide).collect())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let overload = self.chosen(args.arg_fields).map_err(|error| external(self.refused(error, &args)))?;
        let known = ReturnArgs { fields: args.arg_fields, scalars: args.scalar_arguments };
        let field = overload.return_field(&known).map_err(external)?;
        Ok(Arc::new(field.with_name(self.name)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let overload = self.chosen(&args.arg_fields).map_err(external)?;
        let constant = self.signature.volatility != Volatility::Volatile
            && args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let is_null = |a: &ColumnarValue| matches!(a, ColumnarValue::Scalar(s) if s.is_null());
        if overload.strict && args.args.iter().any(is_null) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(args.return_field.data_type())?));
        }
        let rows = if constant { 1 } else { args.number_rows };
        let call = Call::bind(&args, rows, overload.strict)?;
        let result = call.run(overload.kernel).map_err(external)?;
        if constant {
            return Ok(ColumnarValue::Scalar(only_value(&result)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The type of an array's elements, or the type itself.
fn innermost(data_type: &DataType) -> &DataType {
    ty::element(data_type).map_or(data_type, innermost)
}

fn is_number(data_type: &DataType) -> bool {
    *data_type == WIDE_NUMERIC || data_type.is_integer() || data_type.is_decimal()
}

/// The one value of a result; of an array as it is, so that its element field keeps its metadata.
pub fn only_value(result: &ArrayRef) -> DfResult<ScalarValue> {
    match result.as_list_opt::<i32>() {
        Some(list) => Ok(ScalarValue::List(Arc::new(list.slice(0, 1)))),
        None => ScalarValue::try_from_array(result, 0),
    }
}

/// An error of ours on its way through DataFusion.
pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// An error of Arrow or DataFusion inside a kernel, where only a fault of ours can cause one.
pub fn fault(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}

/// A column of NULLs.
pub fn nulls(data_type: &DataType, rows: usize) -> ArrayRef {
    new_null_array(data_type, rows)
}

/// A one-row column of a scalar.
pub fn one_row(value: &ScalarValue) -> DfResult<ArrayRef> {
    let array = value.to_array_of_size(1)?;
    debug_assert_eq!(array.len(), 1, "a scalar makes one row");
    Ok(array)
}
