//! One overload of a function: parameter types, result type, and the kernel that computes it.
//!
//! A function's table of overloads is all there is to it; [`super::udf`] turns the table into a DataFusion function.

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, FieldRef};
use datafusion::common::ScalarValue;

use super::call::Call;
use super::ty::{self, Ty};
use crate::error::Result;

/// Computes a result column from bound arguments. Rows in which a strict overload has a NULL argument are skipped.
pub type Kernel = fn(&Call<'_>) -> Result<ArrayRef>;

/// What is known of the arguments when the result type is asked for.
pub struct ReturnArgs<'a> {
    /// The arguments' fields, after coercion.
    pub fields: &'a [FieldRef],
    /// The arguments that are constants.
    pub scalars: &'a [Option<&'a ScalarValue>],
}

impl ReturnArgs<'_> {
    /// A constant integer argument.
    pub fn int(&self, i: usize) -> Option<i64> {
        match self.scalars.get(i).copied().flatten()? {
            ScalarValue::Int16(v) => v.map(i64::from),
            ScalarValue::Int32(v) => v.map(i64::from),
            ScalarValue::Int64(v) => *v,
            _ => None,
        }
    }
}

/// How the result type follows from the arguments.
#[derive(Clone, Copy)]
pub enum Ret {
    /// A fixed type.
    Is(Ty),
    /// The type of an argument.
    Same(usize),
    /// The element type of an array argument.
    Element(usize),
    /// Computed from the arguments.
    Rule(fn(&ReturnArgs<'_>) -> Result<Field>),
}

impl From<Ty> for Ret {
    fn from(ty: Ty) -> Self {
        Self::Is(ty)
    }
}

/// One overload.
#[derive(Clone)]
pub struct Overload {
    /// Parameter types; of a variadic overload the last one repeats, zero or more times.
    pub params: &'static [Ty],
    /// Whether the last parameter repeats.
    pub variadic: bool,
    /// Whether a NULL argument makes the result NULL without a call.
    pub strict: bool,
    /// The result type.
    pub ret: Ret,
    /// What computes it.
    pub kernel: Kernel,
}

impl Overload {
    /// The type of parameter `i`.
    pub fn param(&self, i: usize) -> Ty {
        match self.params.get(i) {
            Some(ty) => *ty,
            None => self.params.last().copied().unwrap_or(Ty::Any),
        }
    }

    /// Whether it may be called with arguments of these types.
    pub fn accepts(&self, types: &[Ty]) -> bool {
        let count_fits =
            if self.variadic { types.len() + 1 >= self.params.len() } else { types.len() == self.params.len() };
        count_fits && types.iter().enumerate().all(|(i, t)| t.casts_implicitly(self.param(i)))
    }

    /// The result's field.
    pub fn return_field(&self, args: &ReturnArgs<'_>) -> Result<Field> {
        match self.ret {
            Ret::Is(ty) => Ok(ty.field()),
            Ret::Same(i) => Ok(args.fields[i].as_ref().clone().with_nullable(true)),
            Ret::Element(i) => Ok(match ty::element_field(args.fields[i].data_type()) {
                Some(field) => field.as_ref().clone().with_nullable(true),
                None => args.fields[i].as_ref().clone().with_nullable(true),
            }),
            Ret::Rule(rule) => rule(args),
        }
    }
}
