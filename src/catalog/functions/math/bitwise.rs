//! `& | # ~ << >>` of integers, and the error functions.

use arrow::array::{ArrayRef, ArrowPrimitiveType};
use arrow::datatypes::{Float64Type, Int16Type, Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Float8, Int2, Int4, Int8};
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    integers::<Int16Type>(r, Int2, &[Int2], &[Int2, Int2], &[Int2, Int4]);
    integers::<Int32Type>(r, Int4, &[Int4], &[Int4, Int4], &[Int4, Int4]);
    integers::<Int64Type>(r, Int8, &[Int8], &[Int8, Int8], &[Int8, Int4]);
    r.add("erf", &[Float8], Float8, |c| floats(c, libm::erf));
    r.add("erfc", &[Float8], Float8, |c| floats(c, libm::erfc));
}

fn floats(c: &Call<'_>, f: fn(f64) -> f64) -> Result<ArrayRef> {
    let v = c.prims::<Float64Type>(0)?;
    c.build::<Float64Type>(|i| Ok(f(v.at(i))))
}

/// An integer whose bits are worked on.
trait Bits: ArrowPrimitiveType {
    /// `<<`; the count is taken modulo 32, or 64 for a bigint, as the processor takes it.
    fn left(value: Self::Native, by: i32) -> Self::Native;
    /// `>>`
    fn right(value: Self::Native, by: i32) -> Self::Native;
}

macro_rules! bits {
    ($arrow:ty, $wide:ty) => {
        impl Bits for $arrow {
            fn left(value: Self::Native, by: i32) -> Self::Native {
                <$wide>::from(value).wrapping_shl(by.cast_unsigned()) as Self::Native
            }

            fn right(value: Self::Native, by: i32) -> Self::Native {
                <$wide>::from(value).wrapping_shr(by.cast_unsigned()) as Self::Native
            }
        }
    };
}

bits!(Int16Type, i32);
bits!(Int32Type, i32);
bits!(Int64Type, i64);

fn integers<T>(r: &mut Registry, ty: Ty, one: &'static [Ty], two: &'static [Ty], shift: &'static [Ty])
where
    T: Bits,
    T::Native: std::ops::BitAnd<Output = T::Native>
        + std::ops::BitOr<Output = T::Native>
        + std::ops::BitXor<Output = T::Native>
        + std::ops::Not<Output = T::Native>,
{
    r.add("bitnot", one, ty, |c| {
        let v = c.prims::<T>(0)?;
        c.build::<T>(|i| Ok(!v.at(i)))
    });
    r.add("bitand", two, ty, |c| pair::<T>(c, |a, b| a & b));
    r.add("bitor", two, ty, |c| pair::<T>(c, |a, b| a | b));
    r.add("bitxor", two, ty, |c| pair::<T>(c, |a, b| a ^ b));
    r.add("bitshiftleft", shift, ty, |c| shifted::<T>(c, T::left));
    r.add("bitshiftright", shift, ty, |c| shifted::<T>(c, T::right));
}

fn pair<T: ArrowPrimitiveType>(c: &Call<'_>, f: fn(T::Native, T::Native) -> T::Native) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<T>(0)?, c.prims::<T>(1)?);
    c.build::<T>(|i| Ok(f(a.at(i), b.at(i))))
}

fn shifted<T: ArrowPrimitiveType>(c: &Call<'_>, f: fn(T::Native, i32) -> T::Native) -> Result<ArrayRef> {
    let (a, by) = (c.prims::<T>(0)?, c.prims::<Int32Type>(1)?);
    c.build::<T>(|i| Ok(f(a.at(i), by.at(i))))
}
