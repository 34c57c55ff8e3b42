//! `format` and the quoting functions.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int16Type, Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::{Call, check_length};
use super::super::output::{self, Writer};
use super::super::ty::Ty::{Any, Text};
use super::char_count;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Words PostgreSQL quotes although they look like plain identifiers (all but its unreserved keywords).
const KEYWORDS: &str = " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit \
boolean both case cast char character check coalesce collate collation column concurrently constraint create cross \
current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal \
default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full \
grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull \
join json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize \
json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national natural \
nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing \
position precision primary real references returning right row select session_user setof similar smallint some \
substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user \
using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest \
xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

pub(super) fn register(r: &mut Registry) {
    r.add("quote_ident", &[Text], Text, |c| {
        let s = c.text(0)?;
        c.build_text(|i, out| {
            out.push_str(&quote_ident(s.at(i)));
            Ok(())
        })
    });
    r.add("quote_literal", &[Text], Text, |c| {
        let s = c.text(0)?;
        c.build_text(|i, out| {
            quote_literal(s.at(i), out);
            Ok(())
        })
    });
    r.add("quote_literal", &[super::super::ty::Ty::AnyElement], Text, quote_any);
    r.add_lax("quote_nullable", &[Text], Text, quote_nullable);
    r.add_lax("quote_nullable", &[super::super::ty::Ty::AnyElement], Text, quote_nullable);
    r.add_variadic("format", &[Text, Any], Text, format);
}

/// A name as SQL writes it: in double quotes unless it is a plain lower-case identifier and no keyword.
fn quote_ident(name: &str) -> Cow<'_, str> {
    let plain = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !KEYWORDS.contains(&format!(" {name} ")) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// Appends a string as SQL writes it.
fn quote_literal(text: &str, out: &mut String) {
    if text.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    for ch in text.chars() {
        if matches!(ch, '\'' | '\\') {
            out.push(ch);
        }
        out.push(ch);
    }
    out.push('\'');
}

fn quote_any(c: &Call<'_>) -> Result<ArrayRef> {
    let writers = output::writers(c, 0)?;
    c.build_text(|row, out| {
        let mut text = String::new();
        writers[0].write(c.arg(0).index(row), &mut text)?;
        quote_literal(&text, out);
        Ok(())
    })
}

fn quote_nullable(c: &Call<'_>) -> Result<ArrayRef> {
    let writers = output::writers(c, 0)?;
    c.build_text(|row, out| {
        if c.is_null(0, row) {
            out.push_str("NULL");
            return Ok(());
        }
        let mut text = String::new();
        writers[0].write(c.arg(0).index(row), &mut text)?;
        quote_literal(&text, out);
        Ok(())
    })
}

/// One `%…` of a format string.
#[derive(Default)]
struct Spec {
    position: Option<usize>,
    left: bool,
    width: Option<i64>,
    width_from: Option<Option<usize>>,
    conversion: char,
}

fn format(c: &Call<'_>) -> Result<ArrayRef> {
    let pattern = c.text(0)?;
    let writers = output::writers(c, 1)?;
    c.build_text_opt(|row, out| {
        if c.is_null(0, row) {
            return Ok(false);
        }
        let start = out.len();
        let mut next = 0;
        let mut chars = pattern.at(row).chars().peekable();
        while let Some(ch) = chars.next() {
            if ch != '%' {
                out.push(ch);
                continue;
            }
            if chars.peek() == Some(&'%') {
                chars.next();
                out.push('%');
                continue;
            }
            let spec = parse_spec(&mut chars)?;
            let width = match spec.width_from {
                Some(from) => width_argument(c, argument(from, &mut next, writers.len())?, row)?,
                None => spec.width.unwrap_or(0),
            };
            let at = argument(spec.position, &mut next, writers.len())?;
            let text = convert(c, &spec, &writers, at, row)?;
            pad_to(&text, spec.left || width < 0, width.unsigned_abs(), out)?;
            check_length(out.len() - start)?;
        }
        Ok(true)
    })
}

fn parse_spec(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Spec> {
    let mut spec = Spec::default();
    if let Some(number) = digits(chars)? {
        if chars.peek() == Some(&'$') {
            chars.next();
            spec.position = Some(position(number)?);
        } else {
            spec.width = Some(number);
        }
    }
    while spec.width.is_none() && chars.peek() == Some(&'-') {
        chars.next();
        spec.left = true;
    }
    if spec.width.is_none() && chars.peek() == Some(&'*') {
        chars.next();
        spec.width_from = Some(match digits(chars)? {
            None => None,
            Some(number) => {
                if chars.next() != Some('$') {
                    return Err(invalid("width argument position must be ended by \"$\""));
                }
                Some(position(number)?)
            }
        });
    } else if spec.width.is_none() {
        spec.width = digits(chars)?;
    }
    spec.conversion = chars
        .next()
        .ok_or_else(|| invalid("unterminated format() type specifier").hint("For a single \"%\" use \"%%\"."))?;
    if !matches!(spec.conversion, 's' | 'I' | 'L') {
        let message = format!("unrecognized format() type specifier \"{}\"", spec.conversion);
        return Err(invalid(message).hint("For a single \"%\" use \"%%\"."));
    }
    Ok(spec)
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<i64>> {
    let mut number: Option<i64> = None;
    while let Some(digit) = chars.peek().and_then(|ch| ch.to_digit(10)) {
        chars.next();
        let value = number.unwrap_or(0) * 10 + i64::from(digit);
        if value > i64::from(i32::MAX) {
            return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"));
        }
        number = Some(value);
    }
    Ok(number)
}

fn position(number: i64) -> Result<usize> {
    match usize::try_from(number) {
        Ok(0) | Err(_) => Err(invalid("format specifies argument 0, but arguments are numbered from 1")),
        Ok(n) => Ok(n - 1),
    }
}

/// The argument a conversion takes; a position also moves where unpositioned ones go on.
fn argument(position: Option<usize>, next: &mut usize, count: usize) -> Result<usize> {
    let at = position.unwrap_or(*next);
    *next = at + 1;
    if at < count { Ok(at) } else { Err(invalid("too few arguments for format()")) }
}

fn width_argument(c: &Call<'_>, at: usize, row: usize) -> Result<i64> {
    let arg = c.arg(at + 1);
    let i = arg.index(row);
    if arg.array.is_null(i) {
        return Ok(0);
    }
    Ok(match arg.array.data_type() {
        DataType::Int16 => i64::from(arg.array.as_primitive::<Int16Type>().value(i)),
        DataType::Int32 => i64::from(arg.array.as_primitive::<Int32Type>().value(i)),
        DataType::Int64 => arg.array.as_primitive::<Int64Type>().value(i),
        _ => {
            let mut text = String::new();
            Writer::for_element(&arg.array, &c.style())?.write(i, &mut text)?;
            text.trim().parse::<i32>().map(i64::from).map_err(|_| {
                let message = format!("invalid input syntax for type integer: \"{text}\"");
                Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)
            })?
        }
    })
}

fn convert(c: &Call<'_>, spec: &Spec, writers: &[Writer], at: usize, row: usize) -> Result<String> {
    let null = c.is_null(at + 1, row);
    let mut text = String::new();
    if !null {
        writers[at].write(c.arg(at + 1).index(row), &mut text)?;
    }
    match (spec.conversion, null) {
        ('s', _) => Ok(text),
        ('I', true) => {
            Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier"))
        }
        ('I', false) => Ok(quote_ident(&text).into_owned()),
        (_, true) => Ok("NULL".to_owned()),
        (_, false) => {
            let mut quoted = String::new();
            quote_literal(&text, &mut quoted);
            Ok(quoted)
        }
    }
}

fn pad_to(text: &str, left: bool, width: u64, out: &mut String) -> Result<()> {
    let missing = usize::try_from(width).unwrap_or(usize::MAX).saturating_sub(char_count(text));
    check_length(missing)?;
    if left {
        out.push_str(text);
    }
    out.extend(std::iter::repeat_n(' ', missing));
    if !left {
        out.push_str(text);
    }
    Ok(())
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}
