//! Numerics as a column with digits and places of its own keeps them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Decimal256Array, LargeBinaryArray};
use arrow::datatypes::DataType;

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::Format;
use crate::types::param::values::{self, Raw};
use crate::types::wide::{Digits, Numeric};

/// Values of a type with a modifier (-1 for none) as a column of `data_type`.
pub fn decode(format: Format, raw: &Raw<'_>, typmod: i32, data_type: &DataType) -> Result<ArrayRef> {
    let mut values = values::numbers(raw, format)?;
    if typmod >= 4 {
        let packed = typmod - 4;
        let (precision, scale) = ((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1_024) - 1_024);
        for value in values.iter_mut().flatten() {
            fit(value, precision, scale)?;
        }
    }
    let fault = |error| Error::internal(format!("could not build a numeric column: {error}"));
    match *data_type {
        DataType::Decimal128(precision, scale) => {
            let values = values.iter().map(|value| Ok(number(value.as_ref())?.map(|n| values::unscaled(n).as_i128())));
            let array = values.collect::<Result<Decimal128Array>>()?;
            Ok(Arc::new(array.with_precision_and_scale(precision, scale).map_err(fault)?))
        }
        DataType::Decimal256(precision, scale) => {
            let values = values.iter().map(|value| Ok(number(value.as_ref())?.map(values::unscaled)));
            let array = values.collect::<Result<Decimal256Array>>()?;
            Ok(Arc::new(array.with_precision_and_scale(precision, scale).map_err(fault)?))
        }
        DataType::LargeBinary => {
            let bytes = values.iter().map(|value| value.as_ref().map(Numeric::encode));
            Ok(Arc::new(bytes.collect::<LargeBinaryArray>()))
        }
        ref other => Err(Error::unsupported(format!("values of type numeric cannot be kept as {other}"))),
    }
}

/// The number of a value. Error `0A000`: it is none, and the column holds nothing else.
fn number(value: Option<&Numeric>) -> Result<Option<&Digits>> {
    match value {
        None => Ok(None),
        Some(Numeric::Finite(number)) => Ok(Some(number)),
        Some(Numeric::NaN | Numeric::Infinity { .. }) => Err(Error::unsupported("cannot convert NaN to numeric")),
    }
}

/// Rounds a value to `scale` places; `22003` when more than `precision` digits are left.
fn fit(value: &mut Numeric, precision: i32, scale: i32) -> Result<()> {
    let detail = |what: &str| {
        let detail = format!("A field with precision {precision}, scale {scale} {what}.");
        Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow").detail(detail)
    };
    let number = match value {
        Numeric::NaN => return Ok(()),
        Numeric::Infinity { .. } => return Err(detail("cannot hold an infinite value")),
        Numeric::Finite(number) => number,
    };
    round(number, scale);
    let digits = precision - scale;
    if !number.digits.is_empty() && number.weight >= digits {
        let power = if digits == 0 { "1".to_owned() } else { format!("10^{digits}") };
        return Err(detail(&format!("must round to an absolute value less than {power}")));
    }
    Ok(())
}

/// Rounds a number to `scale` places (fewer than none cut digits before the point), halves away from zero.
fn round(number: &mut Digits, scale: i32) {
    number.scale = u16::try_from(scale).unwrap_or(0);
    let kept = i64::from(number.weight) + 1 + i64::from(scale);
    let count = i64::try_from(number.digits.len()).unwrap_or(i64::MAX);
    if number.digits.is_empty() || kept >= count {
        return;
    }
    let Ok(kept) = usize::try_from(kept) else {
        zero(number);
        return;
    };
    let up = number.digits[kept] >= 5;
    number.digits.truncate(kept);
    if up {
        match number.digits.iter().rposition(|digit| *digit < 9) {
            Some(at) => {
                number.digits[at] += 1;
                number.digits.truncate(at + 1);
            }
            None => {
                number.digits = vec![1];
                number.weight += 1;
            }
        }
    }
    let used = number.digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
    number.digits.truncate(used);
    if used == 0 {
        zero(number);
    }
}

fn zero(number: &mut Digits) {
    number.digits.clear();
    number.weight = 0;
    number.negative = false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::input::parse_numeric;

    #[test]
    fn values_are_rounded_as_postgresql_rounds_them() {
        for (text, precision, scale, expected) in [
            ("1.005", 10, 2, "1.01"),
            ("-1.005", 10, 2, "-1.01"),
            ("0.004", 10, 2, "0.00"),
            ("0.005", 10, 2, "0.01"),
            ("0.0004", 3, 2, "0.00"),
            ("9.994", 3, 2, "9.99"),
            ("99.5", 3, 0, "100"),
            ("0.5", 1, 0, "1"),
            ("0.49", 1, 0, "0"),
            ("1250", 5, -2, "1300"),
            ("49", 5, -2, "0"),
            ("-0.001", 5, 2, "0.00"),
            ("7", 5, 2, "7.00"),
        ] {
            let mut value = parse_numeric(text).expect("a number");
            fit(&mut value, precision, scale).expect(text);
            let mut out = Vec::new();
            value.write_text(&mut out);
            assert_eq!(String::from_utf8(out).expect("ASCII"), expected, "{text}");
        }
        for (text, precision, scale) in [("9.995", 3, 2), ("1000", 3, 0), ("0.1", 2, 2), ("Infinity", 3, 0)] {
            let mut value = parse_numeric(text).expect("a number");
            let fitted = fit(&mut value, precision, scale);
            assert_eq!(fitted.is_err(), text != "0.1", "{text}");
        }
    }
}
