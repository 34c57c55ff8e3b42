//! `interval '1-2' year to month` is a typed literal: a cast of its text.
//!
//! Read as a cast, the text goes the way of every other literal. What stands behind `interval` is a bare string in
//! PostgreSQL's grammar; anything else is refused.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, DateTimeField, Expr, Interval, IntervalFields, Value};

use crate::error::{Error, Result};
use crate::sqlstate;

/// Makes a cast of an interval literal.
pub fn typed(expr: &mut Expr) -> Result<()> {
    let Expr::Interval(interval) = expr else { return Ok(()) };
    let data_type = data_type(interval).ok_or_else(|| syntax_error(interval))?;
    let is_text = matches!(interval.value.as_ref(), Expr::Value(value) if is_string(&value.value));
    if !is_text {
        return Err(syntax_error(interval));
    }
    let value = std::mem::replace(interval.value.as_mut(), Expr::Value(Value::Null.with_empty_span()));
    *expr = Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(value), data_type, array: false, format: None };
    Ok(())
}

fn is_string(value: &Value) -> bool {
    matches!(
        value,
        Value::SingleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::DollarQuotedString(_)
            | Value::UnicodeStringLiteral(_)
    )
}

/// The type that a literal's fields and digits make; `None` for fields that PostgreSQL does not combine.
fn data_type(interval: &Interval) -> Option<DataType> {
    use DateTimeField::{Day, Hour, Minute, Month, Second, Year};
    let fields = match (&interval.leading_field, &interval.last_field) {
        (None, None) => None,
        (Some(Year), None) => Some(IntervalFields::Year),
        (Some(Month), None) => Some(IntervalFields::Month),
        (Some(Day), None) => Some(IntervalFields::Day),
        (Some(Hour), None) => Some(IntervalFields::Hour),
        (Some(Minute), None) => Some(IntervalFields::Minute),
        (Some(Second), None) => Some(IntervalFields::Second),
        (Some(Year), Some(Month)) => Some(IntervalFields::YearToMonth),
        (Some(Day), Some(Hour)) => Some(IntervalFields::DayToHour),
        (Some(Day), Some(Minute)) => Some(IntervalFields::DayToMinute),
        (Some(Day), Some(Second)) => Some(IntervalFields::DayToSecond),
        (Some(Hour), Some(Minute)) => Some(IntervalFields::HourToMinute),
        (Some(Hour), Some(Second)) => Some(IntervalFields::HourToSecond),
        (Some(Minute), Some(Second)) => Some(IntervalFields::MinuteToSecond),
        _ => return None,
    };
    let precision = match (interval.leading_precision, interval.fractional_seconds_precision) {
        (None, None) => None,
        (None, Some(digits)) => Some(digits),
        // `second(2)` and `interval(2) '…'`; digits of other fields there are none.
        (Some(digits), None) if matches!(fields, None | Some(IntervalFields::Second)) => Some(digits),
        _ => return None,
    };
    Some(DataType::Interval { fields, precision })
}

fn syntax_error(interval: &Interval) -> Error {
    let near = interval.leading_field.as_ref().map_or_else(|| "interval".to_owned(), ToString::to_string);
    Error::new(sqlstate::SYNTAX_ERROR, format!("syntax error at or near \"{}\"", near.to_lowercase()))
}
