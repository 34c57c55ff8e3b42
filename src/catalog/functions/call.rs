//! A call's arguments bound to rows, and the builders of result columns.
//!
//! An argument is a column or one constant; accessors hide which. A result column is bounded: a single text or bytea
//! value by [`VALUE_LIMIT`], a column of them by [`COLUMN_LIMIT`].

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, BooleanBufferBuilder, ListArray,
    NullBufferBuilder, PrimitiveArray, StringArray, new_null_array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result as DfResult;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::access::{Binaries, Bools, Lists, Nums, Prims, Texts};
use super::number::Number;
use super::numeric::{self, Dec};
use super::overload::Kernel;
use super::udf::{fault, one_row};
use crate::catalog::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;

/// The most bytes one text or bytea value may have.
pub const VALUE_LIMIT: usize = 64 << 20;
/// The most bytes the values of one result column may have together.
pub const COLUMN_LIMIT: usize = 256 << 20;

/// One bound argument.
pub struct Arg {
    /// Its values; one row when it is constant.
    pub array: ArrayRef,
    /// Whether it has the same value in every row.
    pub constant: bool,
}

impl Arg {
    /// The array index of a row.
    pub fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }
}

/// The arguments of one call.
pub struct Call<'a> {
    args: Vec<Arg>,
    /// The arguments' fields.
    pub fields: &'a [FieldRef],
    /// The result's field.
    pub ret: &'a FieldRef,
    /// Rows to compute.
    pub rows: usize,
    /// The session's options.
    pub options: &'a ConfigOptions,
    skip: Option<NullBuffer>,
}

impl<'a> Call<'a> {
    /// Binds arguments; `strict` makes rows with a NULL argument NULL without a call.
    pub fn bind(args: &'a ScalarFunctionArgs, rows: usize, strict: bool) -> DfResult<Self> {
        let mut bound = Vec::with_capacity(args.args.len());
        let mut skip: Option<NullBuffer> = None;
        for value in &args.args {
            let arg = match value {
                ColumnarValue::Array(array) => Arg { array: Arc::clone(array), constant: false },
                ColumnarValue::Scalar(scalar) => Arg { array: one_row(scalar)?, constant: true },
            };
            if strict && !arg.constant {
                skip = NullBuffer::union(skip.as_ref(), arg.array.logical_nulls().as_ref());
            }
            bound.push(arg);
        }
        let (fields, ret, options) = (&args.arg_fields, &args.return_field, args.config_options.as_ref());
        Ok(Self { args: bound, fields, ret, rows, options, skip })
    }

    /// Computes the result column.
    pub fn run(&self, kernel: Kernel) -> Result<ArrayRef> {
        if self.skip.as_ref().is_some_and(|n| n.null_count() == self.rows) && self.rows > 0 {
            return Ok(new_null_array(self.ret.data_type(), self.rows));
        }
        kernel(self)
    }

    /// How many arguments there are.
    pub fn arity(&self) -> usize {
        self.args.len()
    }

    /// An argument.
    pub fn arg(&self, i: usize) -> &Arg {
        &self.args[i]
    }

    /// Whether argument `i` is NULL in a row.
    pub fn is_null(&self, i: usize, row: usize) -> bool {
        let arg = &self.args[i];
        arg.array.is_null(arg.index(row))
    }

    /// Whether a strict overload leaves a row NULL.
    pub fn skips(&self, row: usize) -> bool {
        self.skip.as_ref().is_some_and(|n| n.is_null(row))
    }

    /// The session, when there is one.
    pub fn vars(&self) -> Option<&SessionVars> {
        SessionVars::of(self.options).ok()
    }

    /// How the session writes values as text.
    pub fn style(&self) -> Arc<TextStyle> {
        self.vars().map_or_else(|| Arc::new(TextStyle::default()), |vars| Arc::clone(&vars.style))
    }

    /// Argument `i` as text.
    pub fn text(&self, i: usize) -> Result<Texts<'_>> {
        Texts::bind(&self.args[i])
    }

    /// Argument `i` as bytea.
    pub fn bytes(&self, i: usize) -> Result<Binaries<'_>> {
        Binaries::bind(&self.args[i])
    }

    /// Argument `i` as boolean.
    pub fn bools(&self, i: usize) -> Result<Bools<'_>> {
        Bools::bind(&self.args[i])
    }

    /// Argument `i` as numbers, dates or times of an Arrow type.
    pub fn prims<T: ArrowPrimitiveType>(&self, i: usize) -> Result<Prims<'_, T>> {
        Prims::bind(&self.args[i])
    }

    /// Argument `i` as exact numbers.
    pub fn nums(&self, i: usize) -> Result<Nums<'_>> {
        Nums::bind(&self.args[i])
    }

    /// Argument `i` as arrays.
    pub fn lists(&self, i: usize) -> Result<Lists<'_>> {
        Lists::bind(&self.args[i])
    }

    /// A column of fixed-width values, one per row that is not skipped.
    pub fn build<T: ArrowPrimitiveType>(&self, mut f: impl FnMut(usize) -> Result<T::Native>) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            values.push(if self.skips(row) { T::Native::default() } else { f(row)? });
        }
        let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), self.skip.clone());
        Ok(Arc::new(array.with_data_type(self.type_for::<T>())))
    }

    /// A column of fixed-width values, some of them NULL.
    pub fn build_opt<T: ArrowPrimitiveType>(
        &self,
        mut f: impl FnMut(usize) -> Result<Option<T::Native>>,
    ) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.rows);
        let mut nulls = NullBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = if self.skips(row) { None } else { f(row)? };
            nulls.append(value.is_some());
            values.push(value.unwrap_or_default());
        }
        let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls.finish());
        Ok(Arc::new(array.with_data_type(self.type_for::<T>())))
    }

    /// A boolean column.
    pub fn build_bool(&self, mut f: impl FnMut(usize) -> Result<bool>) -> Result<ArrayRef> {
        let mut values = BooleanBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            values.append(if self.skips(row) { false } else { f(row)? });
        }
        Ok(Arc::new(BooleanArray::new(values.finish(), self.skip.clone())))
    }

    /// A boolean column, some values NULL.
    pub fn build_bool_opt(&self, mut f: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
        let mut out = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            out.push(if self.skips(row) { None } else { f(row)? });
        }
        Ok(Arc::new(BooleanArray::from(out)))
    }

    /// A text column; `f` appends one row's value.
    pub fn build_text(&self, mut f: impl FnMut(usize, &mut String) -> Result<()>) -> Result<ArrayRef> {
        self.build_text_opt(|row, out| f(row, out).map(|()| true))
    }

    /// A text column; `f` appends one row's value, or returns `false` for NULL.
    pub fn build_text_opt(&self, mut f: impl FnMut(usize, &mut String) -> Result<bool>) -> Result<ArrayRef> {
        let mut values = String::new();
        let mut column = Offsets::new(self.rows);
        for row in 0..self.rows {
            let before = values.len();
            let valid = !self.skips(row) && f(row, &mut values)?;
            if !valid {
                values.truncate(before);
            }
            column.end(values.len(), valid)?;
        }
        let (offsets, nulls) = column.finish();
        let array = StringArray::try_new(offsets, Buffer::from_vec(values.into_bytes()), nulls).map_err(fault)?;
        self.as_return_type(Arc::new(array))
    }

    /// A bytea column; `f` appends one row's value.
    pub fn build_bytes(&self, mut f: impl FnMut(usize, &mut Vec<u8>) -> Result<()>) -> Result<ArrayRef> {
        let mut values = Vec::new();
        let mut column = Offsets::new(self.rows);
        for row in 0..self.rows {
            let valid = !self.skips(row);
            if valid {
                f(row, &mut values)?;
            }
            column.end(values.len(), valid)?;
        }
        let (offsets, nulls) = column.finish();
        Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(values), nulls).map_err(fault)?))
    }

    /// A numeric column of the result's precision and scale.
    pub fn build_numeric(&self, mut f: impl FnMut(usize) -> Result<Dec>) -> Result<ArrayRef> {
        self.build_numeric_opt(|row| f(row).map(Some))
    }

    /// A numeric column of the result's precision and scale, some values NULL.
    pub fn build_numeric_opt(&self, mut f: impl FnMut(usize) -> Result<Option<Dec>>) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(self.ret.data_type(), self.rows);
        for row in 0..self.rows {
            let value = if self.skips(row) { None } else { f(row)? };
            out.push(value.as_ref())?;
        }
        Ok(out.finish())
    }

    /// A numeric column whose values need not be numbers.
    pub fn build_number(&self, mut f: impl FnMut(usize) -> Result<Number>) -> Result<ArrayRef> {
        let mut out = numeric::Builder::new(self.ret.data_type(), self.rows);
        for row in 0..self.rows {
            out.push_number(if self.skips(row) { None } else { Some(f(row)?) })?;
        }
        Ok(out.finish())
    }

    /// An array column; `f` gives one row's elements, or `None` for NULL.
    pub fn build_list(&self, mut f: impl FnMut(usize) -> Result<Option<ArrayRef>>) -> Result<ArrayRef> {
        let mut parts = Vec::with_capacity(self.rows);
        let mut column = Offsets::new(self.rows);
        let mut total = 0;
        for row in 0..self.rows {
            let value = if self.skips(row) { None } else { f(row)? };
            total += value.as_ref().map_or(0, arrow::array::Array::len);
            column.end(total, value.is_some())?;
            parts.extend(value);
        }
        let (offsets, nulls) = column.finish();
        let DataType::List(field) = self.ret.data_type() else { return Err(fault("the result is not an array")) };
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).filter(|p: &&dyn Array| !p.is_empty()).collect();
        let values = match parts.is_empty() {
            true => arrow::array::new_empty_array(field.data_type()),
            false => arrow::compute::concat(&parts).map_err(fault)?,
        };
        let values = match values.data_type() == field.data_type() {
            true => values,
            false => arrow::compute::cast(&values, field.data_type()).map_err(fault)?,
        };
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(fault)?))
    }

    /// Casts a column to the result's type where only the physical layout differs.
    pub fn as_return_type(&self, array: ArrayRef) -> Result<ArrayRef> {
        match array.data_type() == self.ret.data_type() {
            true => Ok(array),
            false => arrow::compute::cast(&array, self.ret.data_type()).map_err(fault),
        }
    }

    fn type_for<T: ArrowPrimitiveType>(&self) -> DataType {
        match PrimitiveArray::<T>::is_compatible(self.ret.data_type()) {
            true => self.ret.data_type().clone(),
            false => T::DATA_TYPE,
        }
    }
}

/// Offsets and validity of a column under construction.
pub struct Offsets {
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    last: usize,
}

impl Offsets {
    /// Offsets for so many rows.
    pub fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, nulls: NullBufferBuilder::new(rows), last: 0 }
    }

    /// Ends a row at `end`, the column's length so far.
    pub fn end(&mut self, end: usize, valid: bool) -> Result<()> {
        if end - self.last > VALUE_LIMIT || end > COLUMN_LIMIT {
            return Err(too_large());
        }
        self.last = end;
        self.offsets.push(i32::try_from(end).map_err(|_| too_large())?);
        self.nulls.append(valid);
        Ok(())
    }

    /// The finished buffers.
    pub fn finish(mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        (OffsetBuffer::new(ScalarBuffer::from(self.offsets)), self.nulls.finish())
    }
}

/// The error of a value beyond the limits.
pub fn too_large() -> Error {
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "requested length too large")
}

/// Refuses a value that would be longer than [`VALUE_LIMIT`] before it is built.
pub fn check_length(bytes: usize) -> Result<()> {
    if bytes > VALUE_LIMIT { Err(too_large()) } else { Ok(()) }
}

/// The elements of a list column's one row.
pub fn list_row(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    let list = array.as_list_opt::<i32>()?;
    list.is_valid(row).then(|| list.value(row))
}
