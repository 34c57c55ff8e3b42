//! Bits and bytes of bytea, its OVERLAY, and the binary forms of numbers as bytea.

use arrow::array::ArrayRef;
use arrow::datatypes::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{Bytea, Float4, Float8, Int2, Int4, Int8, Text};
use super::bytea::out_of_range;
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("bit_count", &[Bytea], Int8, |c| {
        let b = c.bytes(0)?;
        c.build::<Int64Type>(|i| Ok(b.at(i).iter().map(|byte| i64::from(byte.count_ones())).sum()))
    });
    r.add("set_bit", &[Bytea, Int8, Int4], Bytea, |c| {
        let (b, n, new) = (c.bytes(0)?, c.prims::<Int64Type>(1)?, c.prims::<Int32Type>(2)?);
        c.build_bytes(|i, out| {
            let (bytes, n) = (b.at(i), n.at(i));
            let at = place(n, bytes.len() * 8)?;
            let bit = match new.at(i) {
                0 => 0,
                1 => 1,
                _ => return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "new bit must be 0 or 1")),
            };
            let start = out.len();
            out.extend_from_slice(bytes);
            let byte = &mut out[start + at / 8];
            *byte = *byte & !(1 << (at % 8)) | bit << (at % 8);
            Ok(())
        })
    });
    r.add("set_byte", &[Bytea, Int4, Int4], Bytea, |c| {
        let (b, n, new) = (c.bytes(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
        c.build_bytes(|i, out| {
            let bytes = b.at(i);
            let at = place(i64::from(n.at(i)), bytes.len())?;
            let start = out.len();
            out.extend_from_slice(bytes);
            out[start + at] = new.at(i).to_le_bytes()[0];
            Ok(())
        })
    });
    r.add("overlay", &[Bytea, Bytea, Int4], Bytea, overlay);
    r.add("overlay", &[Bytea, Bytea, Int4, Int4], Bytea, overlay);
    sends(r);
}

fn place(n: i64, size: usize) -> Result<usize> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    usize::try_from(n).ok().filter(|_| n < size).ok_or_else(|| out_of_range(n, size))
}

fn overlay(c: &Call<'_>) -> Result<ArrayRef> {
    let (b, new, from) = (c.bytes(0)?, c.bytes(1)?, c.prims::<Int32Type>(2)?);
    let length = if c.arity() == 4 { Some(c.prims::<Int32Type>(3)?) } else { None };
    c.build_bytes(|i, out| {
        let (bytes, new, from) = (b.at(i), new.at(i), i64::from(from.at(i)));
        if from <= 0 {
            return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
        }
        let length = length.as_ref().map_or(new.len() as i64, |n| i64::from(n.at(i)));
        let size = bytes.len() as i64;
        let index = |at: i64| usize::try_from(at.clamp(0, size)).unwrap_or(0);
        out.extend_from_slice(&bytes[..index(from - 1)]);
        out.extend_from_slice(new);
        out.extend_from_slice(&bytes[index(from - 1 + length)..]);
        Ok(())
    })
}

/// The send functions of plain types.
fn sends(r: &mut Registry) {
    macro_rules! send {
        ($name:literal, $ty:ident, $arrow:ty) => {
            r.add($name, &[$ty], Bytea, |c| {
                let v = c.prims::<$arrow>(0)?;
                c.build_bytes(|i, out| {
                    out.extend_from_slice(&v.at(i).to_be_bytes());
                    Ok(())
                })
            });
        };
    }
    send!("int2send", Int2, Int16Type);
    send!("int4send", Int4, Int32Type);
    send!("int8send", Int8, Int64Type);
    send!("float4send", Float4, Float32Type);
    send!("float8send", Float8, Float64Type);
    r.add("textsend", &[Text], Bytea, |c| {
        let v = c.text(0)?;
        c.build_bytes(|i, out| {
            out.extend_from_slice(v.at(i).as_bytes());
            Ok(())
        })
    });
}
