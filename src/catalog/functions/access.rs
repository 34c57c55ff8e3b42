//! Typed views of bound arguments: `at(row)` whatever the physical layout.
//!
//! A NULL row gives an arbitrary value; strict overloads never ask for one.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, LargeBinaryArray, LargeStringArray,
    ListArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type};
use num_bigint::BigInt;

use super::call::Arg;
use super::number::Number;
use super::numeric::Dec;
use super::udf::fault;
use crate::error::{Error, Result};

/// A text argument.
pub struct Texts<'a> {
    array: TextArray<'a>,
    constant: bool,
}

/// A text column in any of its layouts.
#[derive(Clone, Copy)]
pub enum TextArray<'a> {
    /// `Utf8`
    Small(&'a StringArray),
    /// `LargeUtf8`
    Large(&'a LargeStringArray),
    /// `Utf8View`
    View(&'a StringViewArray),
}

impl<'a> TextArray<'a> {
    /// A text column, `None` for another type.
    pub fn of(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Utf8 => Self::Small(array.as_string()),
            DataType::LargeUtf8 => Self::Large(array.as_string()),
            DataType::Utf8View => Self::View(array.as_string_view()),
            _ => return None,
        })
    }

    /// The value at an index.
    pub fn value(&self, i: usize) -> &'a str {
        match self {
            Self::Small(a) => a.value(i),
            Self::Large(a) => a.value(i),
            Self::View(a) => a.value(i),
        }
    }
}

impl<'a> Texts<'a> {
    /// Views an argument as text.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        let array = TextArray::of(arg.array.as_ref()).ok_or_else(|| mismatch(&arg.array, "text"))?;
        Ok(Self { array, constant: arg.constant })
    }

    /// The value in a row.
    pub fn at(&self, row: usize) -> &'a str {
        self.array.value(if self.constant { 0 } else { row })
    }

    /// Whether it has the same value in every row.
    pub fn is_constant(&self) -> bool {
        self.constant
    }
}

/// A bytea argument.
pub struct Binaries<'a> {
    array: &'a BinaryArray,
    constant: bool,
}

impl<'a> Binaries<'a> {
    /// Views an argument as bytea.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        let array = arg.array.as_binary_opt::<i32>().ok_or_else(|| mismatch(&arg.array, "bytea"))?;
        Ok(Self { array, constant: arg.constant })
    }

    /// The value in a row.
    pub fn at(&self, row: usize) -> &'a [u8] {
        self.array.value(if self.constant { 0 } else { row })
    }
}

/// A boolean argument.
pub struct Bools<'a> {
    array: &'a BooleanArray,
    constant: bool,
}

impl<'a> Bools<'a> {
    /// Views an argument as boolean.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        let array = arg.array.as_boolean_opt().ok_or_else(|| mismatch(&arg.array, "boolean"))?;
        Ok(Self { array, constant: arg.constant })
    }

    /// The value in a row.
    pub fn at(&self, row: usize) -> bool {
        self.array.value(if self.constant { 0 } else { row })
    }
}

/// An argument of fixed-width values.
pub struct Prims<'a, T: ArrowPrimitiveType> {
    values: &'a [T::Native],
    constant: bool,
}

impl<'a, T: ArrowPrimitiveType> Prims<'a, T> {
    /// Views an argument as `T`.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        let array: Option<&PrimitiveArray<T>> = arg.array.as_primitive_opt();
        let array = array.ok_or_else(|| mismatch(&arg.array, "a fixed-width value"))?;
        Ok(Self { values: array.values(), constant: arg.constant })
    }

    /// The value in a row.
    pub fn at(&self, row: usize) -> T::Native {
        self.values[if self.constant { 0 } else { row }]
    }
}

/// A numeric argument.
pub struct Nums<'a> {
    values: Decimals<'a>,
    scale: i32,
    constant: bool,
}

enum Decimals<'a> {
    Narrow(&'a PrimitiveArray<Decimal128Type>),
    Wide(&'a PrimitiveArray<Decimal256Type>),
    Any(&'a LargeBinaryArray),
}

impl<'a> Nums<'a> {
    /// Views an argument as numeric.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        Self::over(&arg.array, arg.constant)
    }

    /// Views a column as numeric.
    pub fn over(array: &'a ArrayRef, constant: bool) -> Result<Self> {
        let (values, scale) = match array.data_type() {
            DataType::Decimal128(_, scale) => (Decimals::Narrow(array.as_primitive()), *scale),
            DataType::Decimal256(_, scale) => (Decimals::Wide(array.as_primitive()), *scale),
            DataType::LargeBinary => (Decimals::Any(array.as_binary()), 0),
            _ => return Err(mismatch(array, "numeric")),
        };
        Ok(Self { values, scale: i32::from(scale), constant })
    }

    /// The number in a row; `0A000` for what is none, where a function does not know what to make of it.
    pub fn at(&self, row: usize) -> Result<Dec> {
        self.number(row)?.finite()
    }

    /// The value in a row.
    pub fn number(&self, row: usize) -> Result<Number> {
        let i = if self.constant { 0 } else { row };
        Ok(Number::Finite(match self.values {
            Decimals::Narrow(a) => Dec::new(BigInt::from(a.value(i)), self.scale),
            Decimals::Wide(a) => Dec::new(BigInt::from_signed_bytes_le(&a.value(i).to_le_bytes()), self.scale),
            Decimals::Any(a) => return Number::decode(a.value(i)),
        }))
    }

    /// The 128-bit unscaled values, when the column has them.
    pub fn narrow(&self, row: usize) -> Option<i128> {
        match self.values {
            Decimals::Narrow(a) => Some(a.value(if self.constant { 0 } else { row })),
            Decimals::Wide(_) | Decimals::Any(_) => None,
        }
    }
}

/// An array argument.
pub struct Lists<'a> {
    array: &'a ListArray,
    constant: bool,
}

impl<'a> Lists<'a> {
    /// Views an argument as arrays.
    pub fn bind(arg: &'a Arg) -> Result<Self> {
        let array = arg.array.as_list_opt::<i32>().ok_or_else(|| mismatch(&arg.array, "an array"))?;
        Ok(Self { array, constant: arg.constant })
    }

    /// The elements in a row.
    pub fn at(&self, row: usize) -> ArrayRef {
        self.array.value(if self.constant { 0 } else { row })
    }

    /// The element type.
    pub fn element_type(&self) -> DataType {
        self.array.value_type()
    }
}

pub fn mismatch(array: &ArrayRef, wanted: &str) -> Error {
    fault(format!("an argument of type {} was bound as {wanted}", array.data_type()))
}
