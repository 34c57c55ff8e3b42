//! `to_number`.

use arrow::array::ArrayRef;

use super::super::Registry;
use super::super::call::Call;
use super::super::numeric::Dec;
use super::super::ty::Ty::{Numeric, Text};
use super::number_template::{Part, Template};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    r.add("to_number", &[Text, Text], Numeric, to_number);
}

fn to_number(c: &Call<'_>) -> Result<ArrayRef> {
    let (texts, templates) = (c.text(0)?, c.text(1)?);
    c.build_numeric_opt(|i| {
        if templates.at(i).is_empty() {
            return Ok(None);
        }
        let template = Template::parse(templates.at(i))?;
        if template.roman.is_some() {
            return Err(Error::unsupported("\"RN\" not supported for input"));
        }
        if template.exponent {
            return Err(Error::unsupported("\"EEEE\" not supported for input"));
        }
        read(texts.at(i), &template).map(Some)
    })
}

/// Reads as many digits as the template has, its other characters skipping one each.
fn read(text: &str, template: &Template) -> Result<Dec> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut negative, mut digits, mut fraction) = (0, false, String::new(), None::<usize>);
    let mut signed = false;
    for part in &template.parts {
        if at >= chars.len() {
            break;
        }
        match part {
            Part::Nine | Part::Zero => {
                at += usize::from(chars.get(at) == Some(&' '));
                // A sign or a bracket may stand before the first digit.
                if digits.is_empty() && fraction.is_none() && !signed && matches!(chars.get(at), Some('-' | '+' | '<'))
                {
                    negative = matches!(chars[at], '-' | '<');
                    signed = true;
                    at += 1;
                }
                match chars.get(at) {
                    Some(ch) if ch.is_ascii_digit() => {
                        digits.push(*ch);
                        fraction = fraction.map(|n| n + 1);
                        at += 1;
                    }
                    Some('.') if template.decimal && fraction.is_none() => {
                        fraction = Some(0);
                        at += 1;
                        if let Some(ch) = chars.get(at).filter(|ch| ch.is_ascii_digit()) {
                            digits.push(*ch);
                            fraction = Some(1);
                            at += 1;
                        }
                    }
                    _ => {}
                }
            }
            Part::Point if chars.get(at) == Some(&'.') && fraction.is_none() => {
                fraction = Some(0);
                at += 1;
            }
            Part::Comma | Part::Group => at += usize::from(chars.get(at) == Some(&',')),
            Part::Sign | Part::Minus | Part::PlusMinus | Part::Plus => match chars.get(at) {
                Some('-') => (negative, signed, at) = (true, true, at + 1),
                Some('+') => (signed, at) = (true, at + 1),
                Some(' ') if matches!(part, Part::Minus | Part::Plus) => at += 1,
                _ => {}
            },
            Part::Currency | Part::Text(_) => {
                at += usize::from(!chars[at].is_ascii_digit() && !matches!(chars[at], '-' | '+' | '.' | ','));
            }
            Part::Ordinal { .. } => at += 2,
            _ => {}
        }
    }
    // What is left may end with the sign.
    if !signed && (template.sign.is_some() || template.minus) {
        negative = chars.get(at..).is_some_and(|rest| rest.contains(&'-'));
    }
    if digits.is_empty() {
        let message = "invalid input syntax for type numeric: \" \"";
        return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message));
    }
    let scale = i32::try_from(fraction.unwrap_or(0)).unwrap_or(0);
    let value = Dec::parse(&digits).unwrap_or_else(|| Dec::int(0)).shifted(-scale);
    let value = value.shifted(-i32::try_from(template.shift).unwrap_or(0));
    Ok(if negative { value.negate() } else { value })
}
