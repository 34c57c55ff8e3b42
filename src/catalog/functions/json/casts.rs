//! Casts from and to json and jsonb, as functions for the planner.

use arrow::array::ArrayRef;
use arrow::datatypes::{ArrowPrimitiveType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::numeric::Dec;
use super::super::ty::Ty::{self, Bool, Float4, Float8, Int2, Int4, Int8, Json as JsonTy, Jsonb, Numeric, Text};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::input::{parse_float4, parse_float8};
use crate::types::json::{Json, Kind, check, normal_jsonb};

pub(super) fn register(r: &mut Registry) {
    r.add("json_in_text", &[Text], JsonTy, |c| {
        let text = c.text(0)?;
        c.build_text(|i, out| {
            check(text.at(i), false)?;
            out.push_str(text.at(i));
            Ok(())
        })
    });
    for from in [&[Text], &[JsonTy]] {
        r.add("jsonb_in_text", from, Jsonb, |c| {
            let text = c.text(0)?;
            c.build_text(|i, out| {
                out.push_str(&normal_jsonb(text.at(i))?);
                Ok(())
            })
        });
    }
    r.add("jsonb_to_bool", &[Jsonb], Bool, |c| {
        let text = c.text(0)?;
        c.build_bool(|i| {
            let json = Json::parse(text.at(i))?;
            match json.kind {
                Kind::Bool(value) => Ok(value),
                _ => Err(refused(&json, Bool)),
            }
        })
    });
    r.add("jsonb_to_numeric", &[Jsonb], Numeric, |c| {
        let text = c.text(0)?;
        c.build_numeric(|i| number(text.at(i), Numeric))
    });
    r.add("jsonb_to_int2", &[Jsonb], Int2, |c| integer::<Int16Type>(c, Int2));
    r.add("jsonb_to_int4", &[Jsonb], Int4, |c| integer::<Int32Type>(c, Int4));
    r.add("jsonb_to_int8", &[Jsonb], Int8, |c| integer::<Int64Type>(c, Int8));
    r.add("jsonb_to_float4", &[Jsonb], Float4, |c| {
        let text = c.text(0)?;
        c.build::<Float32Type>(|i| parse_float4(&number(text.at(i), Float4)?.to_string()))
    });
    r.add("jsonb_to_float8", &[Jsonb], Float8, |c| {
        let text = c.text(0)?;
        c.build::<Float64Type>(|i| parse_float8(&number(text.at(i), Float8)?.to_string()))
    });
}

/// The function that casts jsonb to a type; `None` where PostgreSQL has no such cast.
pub fn from_jsonb(to: Ty) -> Option<&'static str> {
    Some(match to {
        Bool => "jsonb_to_bool",
        Numeric => "jsonb_to_numeric",
        Int2 => "jsonb_to_int2",
        Int4 => "jsonb_to_int4",
        Int8 => "jsonb_to_int8",
        Float4 => "jsonb_to_float4",
        Float8 => "jsonb_to_float8",
        _ => return None,
    })
}

fn number(text: &str, to: Ty) -> Result<Dec> {
    let json = Json::parse(text)?;
    let Kind::Number(digits) = &json.kind else { return Err(refused(&json, to)) };
    Dec::parse(digits).ok_or_else(super::super::numeric::overflow)
}

fn integer<T: ArrowPrimitiveType>(c: &Call<'_>, to: Ty) -> Result<ArrayRef>
where
    T::Native: TryFrom<i64>,
{
    let text = c.text(0)?;
    c.build::<T>(|i| {
        let rounded = number(text.at(i), to)?.round(0).to_i64();
        rounded
            .and_then(|n| T::Native::try_from(n).ok())
            .ok_or_else(|| Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("{} out of range", to.name())))
    })
}

/// `22023` of a value that is not what the type wants.
fn refused(json: &Json<'_>, to: Ty) -> Error {
    let what = match json.kind {
        Kind::Null => "null",
        Kind::String(_) => "string",
        Kind::Number(_) => "numeric",
        Kind::Bool(_) => "boolean",
        Kind::Array(_) => "array",
        Kind::Object(_) => "object",
    };
    let message = format!("cannot cast jsonb {what} to type {}", to.name());
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}
