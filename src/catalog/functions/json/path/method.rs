//! Methods of a path: `.type()`, `.double()`, `.keyvalue()` and their kin.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::eval::{Evaluation, Fault, Found, Step, soft};
use super::item::Item;
use super::layout;
use super::moment::{Wanted, read};
use crate::catalog::functions::numeric::Dec;
use crate::error::Error;
use crate::sqlstate;
use crate::types::input::{parse_bool, parse_float8, parse_int4, parse_int8};
use crate::types::json::{Json, Kind};
use crate::types::jsonpath::{Method, Node};

/// What `keyvalue` multiplies an object's number with.
const OBJECT_STEP: i64 = 10_000_000_000;

impl<'a> Evaluation<'a> {
    /// Applies the method that is a path's first step.
    pub fn method(&mut self, path: &'a [Node], item: Item<'a>, unwrap: bool, found: &mut Found<'_, 'a>) -> Step {
        let Some((node, rest)) = path.split_first() else { return Ok(found(item)) };
        let looks_inside = !matches!(node, Node::Method(Method::Type | Method::Size));
        if looks_inside && unwrap && item.is_array() {
            return self.each(path, item.children(), false, found);
        }
        let value = match node {
            Node::Method(Method::Type) => Item::string(item.type_name()),
            Node::Method(Method::Size) => match self.size(&item)? {
                Some(size) => size,
                None => return Ok(ControlFlow::Continue(())),
            },
            Node::Method(Method::KeyValue) => return self.key_values(rest, &item, found),
            Node::Method(method @ (Method::Abs | Method::Floor | Method::Ceiling)) => rounded(*method, &item)?,
            Node::Method(Method::Double) => double(&item)?,
            Node::Method(Method::Bigint) => integer(&item, "bigint", "bigint", parse_int8)?,
            Node::Method(Method::Integer) => {
                integer(&item, "integer", "integer", |text| parse_int4(text).map(i64::from))?
            }
            Node::Method(Method::Boolean) => boolean(&item)?,
            Node::Method(Method::Number) => Item::number(exact(&item, "number")?.to_string()),
            Node::Method(Method::String) => string(&item)?,
            Node::Method(Method::Date) => self.moment(&item, "date", None, Wanted::Date)?,
            Node::Datetime(template) => self.moment(&item, "datetime", template.as_deref(), Wanted::Any)?,
            Node::Moment(moment, precision) => {
                self.moment(&item, moment.name(), None, Wanted::Kind(*moment, *precision))?
            }
            Node::Decimal(precision, scale) => decimal(&item, precision.as_deref(), scale.as_deref())?,
            _ => return Ok(ControlFlow::Continue(())),
        };
        self.walk(rest, value, self.lax, found)
    }

    fn size(&self, item: &Item<'a>) -> Result<Option<Item<'a>>, Fault> {
        match item.json().map(|json| &json.kind) {
            Some(Kind::Array(elements)) => Ok(Some(Item::number(elements.len().to_string()))),
            _ if self.lax => Ok(Some(Item::number("1"))),
            _ if self.ignore_structure => Ok(None),
            _ => {
                let message = "jsonpath item method .size() can only be applied to an array";
                Err(soft(sqlstate::JSON_ARRAY_NOT_FOUND, message))
            }
        }
    }

    fn key_values(&mut self, rest: &'a [Node], item: &Item<'a>, found: &mut Found<'_, 'a>) -> Step {
        if !item.is_object() {
            let message = "jsonpath item method .keyvalue() can only be applied to an object";
            return Err(soft(sqlstate::JSON_OBJECT_NOT_FOUND, message));
        }
        let id = match item {
            Item::Part(json) => layout::offset(self.root, json).or_else(|| self.variable_offset(json)),
            Item::Made(_, number) => Some(number * OBJECT_STEP),
            Item::Moment(_) => None,
        };
        let Some(id) = id else {
            return Err(Fault::Hard(Error::unsupported("keyvalue() of this object is not supported")));
        };
        let Some(json) = item.json() else { return Ok(ControlFlow::Continue(())) };
        for (key, value) in json.members() {
            let members = vec![
                (Cow::Borrowed("key"), Json::made(Kind::String(Cow::Owned(key.to_owned())))),
                (Cow::Borrowed("value"), value.clone()),
                (Cow::Borrowed("id"), Json::made(Kind::Number(Cow::Owned(id.to_string())))),
            ];
            let variables = self.variables.map_or(0, |v| i64::try_from(v.members().len()).unwrap_or(0));
            self.made += 1;
            let pair = Item::Made(Rc::new(Json::made(Kind::Object(members))), variables + self.made);
            if self.walk(rest, pair, self.lax, found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The place of an object inside a variable; each variable is a document with a number of its own.
    fn variable_offset(&self, part: &Json<'a>) -> Option<i64> {
        let variables = self.variables?.members();
        variables
            .iter()
            .zip(1..)
            .find_map(|((_, value), number)| layout::offset(value, part).map(|offset| number * OBJECT_STEP + offset))
    }

    fn moment(&self, item: &Item<'a>, name: &str, template: Option<&str>, wanted: Wanted) -> Result<Item<'a>, Fault> {
        let Some(text) = item.text() else {
            let message = format!("jsonpath item method .{name}() can only be applied to a string");
            return Err(soft(sqlstate::INVALID_ARGUMENT_FOR_JSON_DATETIME, message));
        };
        read(text, name, template, wanted, self.zone).map(Item::Moment)
    }
}

fn not_numeric(message: String) -> Fault {
    soft(sqlstate::NON_NUMERIC_JSON_ITEM, message)
}

fn only(name: &str, what: &str) -> Fault {
    not_numeric(format!("jsonpath item method .{name}() can only be applied to a {what} value"))
}

fn invalid(argument: &str, name: &str, type_name: &str) -> Fault {
    not_numeric(format!("argument \"{argument}\" of jsonpath item method .{name}() is invalid for type {type_name}"))
}

fn rounded<'a>(method: Method, item: &Item<'a>) -> Result<Item<'a>, Fault> {
    let number = item.digits().and_then(Dec::parse).ok_or_else(|| only(method.name(), "numeric"))?;
    let value = match method {
        Method::Abs => number.abs(),
        Method::Floor => number.floor(),
        _ => number.ceil(),
    };
    Ok(Item::number(value.to_string()))
}

fn double<'a>(item: &Item<'a>) -> Result<Item<'a>, Fault> {
    let Some(text) = item.digits().or_else(|| item.text()) else { return Err(only("double", "string or numeric")) };
    let value = parse_float8(text).map_err(|_| invalid(text, "double", "double precision"))?;
    if !value.is_finite() {
        return Err(not_numeric("NaN or Infinity is not allowed for jsonpath item method .double()".to_owned()));
    }
    if item.digits().is_some() {
        return Ok(item.clone());
    }
    match Dec::from_float(value, 15) {
        Some(number) => Ok(Item::number(number.to_string())),
        None => Err(invalid(text, "double", "double precision")),
    }
}

fn integer<'a>(
    item: &Item<'a>,
    name: &str,
    type_name: &str,
    parse: impl Fn(&str) -> crate::error::Result<i64>,
) -> Result<Item<'a>, Fault> {
    let text = match (item.digits(), item.text()) {
        (Some(digits), _) => Dec::parse(digits).map_or_else(|| digits.to_owned(), |n| n.round(0).to_string()),
        (None, Some(text)) => text.to_owned(),
        _ => return Err(only(name, "string or numeric")),
    };
    let shown = item.digits().or_else(|| item.text()).unwrap_or("");
    let value = parse(&text).map_err(|_| invalid(shown, name, type_name))?;
    Ok(Item::number(value.to_string()))
}

fn boolean<'a>(item: &Item<'a>) -> Result<Item<'a>, Fault> {
    let value = match item.json().map(|json| &json.kind) {
        Some(Kind::Bool(value)) => *value,
        Some(Kind::Number(text)) => parse_int4(text).map_err(|_| invalid(text, "boolean", "boolean"))? != 0,
        Some(Kind::String(text)) => parse_bool(text).map_err(|_| invalid(text, "boolean", "boolean"))?,
        _ => return Err(only("boolean", "boolean, string, or numeric")),
    };
    Ok(Item::made(Kind::Bool(value)))
}

fn exact(item: &Item<'_>, name: &str) -> Result<Dec, Fault> {
    let Some(text) = item.digits().or_else(|| item.text()) else { return Err(only(name, "string or numeric")) };
    let word = text.trim().trim_start_matches(['-', '+']).to_ascii_lowercase();
    if matches!(word.as_str(), "nan" | "inf" | "infinity") {
        return Err(not_numeric(format!("NaN or Infinity is not allowed for jsonpath item method .{name}()")));
    }
    Dec::parse(text).ok_or_else(|| invalid(text, name, "numeric"))
}

fn decimal<'a>(item: &Item<'a>, precision: Option<&str>, scale: Option<&str>) -> Result<Item<'a>, Fault> {
    let number = exact(item, "decimal")?;
    let Some(precision) = precision else { return Ok(Item::number(number.to_string())) };
    let bound = |text: &str, what: &str| {
        text.parse::<i32>().map_err(|_| {
            not_numeric(format!("{what} of jsonpath item method .decimal() is out of range for type integer"))
        })
    };
    let (precision, scale) = (bound(precision, "precision")?, scale.map_or(Ok(0), |s| bound(s, "scale"))?);
    let range = |message: String| Fault::Hard(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    if !(1..=1000).contains(&precision) {
        return Err(range(format!("NUMERIC precision {precision} must be between 1 and 1000")));
    }
    if !(-1000..=1000).contains(&scale) {
        return Err(range(format!("NUMERIC scale {scale} must be between -1000 and 1000")));
    }
    let rounded = number.round(scale);
    let limit = crate::catalog::functions::numeric::ten(precision);
    let whole = rounded.shifted(scale).truncate(0).abs();
    if whole.compare(&Dec::int(limit)).is_ge() {
        let shown = item.digits().or_else(|| item.text()).unwrap_or("");
        return Err(invalid(shown, "decimal", "numeric"));
    }
    Ok(Item::number(rounded.to_string()))
}

fn string<'a>(item: &Item<'a>) -> Result<Item<'a>, Fault> {
    let text = match item {
        Item::Moment(moment) => moment.text(),
        other => match other.json().map(|json| &json.kind) {
            Some(Kind::String(text) | Kind::Number(text)) => text.clone().into_owned(),
            Some(Kind::Bool(value)) => value.to_string(),
            _ => return Err(only("string", "boolean, string, numeric, or datetime")),
        },
    };
    Ok(Item::string(text))
}
