//! Runs the expressions of `tests/golden/functions/*.txt`, whose answers PostgreSQL wrote, through the registry.
//!
//! The files' language is calls, literals, casts and `array[…]`; a literal without a cast is untyped, as in PostgreSQL.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};

use super::numeric::Dec;
use super::ty::Ty;
use super::{ArgType, Functions, output, resolve};
use crate::error::{Error, Result};
use crate::types::{Format, RawParam, TextStyle, arrow_field, decode_param, oid, pg_type};

/// A value with its field; untyped literals are text of [`Ty::Unknown`].
#[derive(Clone)]
struct Value {
    array: ArrayRef,
    field: FieldRef,
    unknown: bool,
}

struct Golden<'a> {
    functions: &'a Functions,
    text: &'a [u8],
    at: usize,
}

fn bad(message: impl Into<String>) -> Error {
    Error::internal(message.into())
}

impl Golden<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> u8 {
        self.space();
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> String {
        self.space();
        let quoted = self.take(b'"');
        let start = self.at;
        let inside = |b: &u8| if quoted { *b != b'"' } else { b.is_ascii_alphanumeric() || *b == b'_' };
        while self.text.get(self.at).is_some_and(inside) {
            self.at += 1;
        }
        let word = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        self.at += usize::from(quoted);
        word
    }

    fn expression(&mut self) -> Result<Value> {
        let mut value = self.primary()?;
        while self.peek() == b':' {
            self.at += 2;
            let name = self.type_name();
            value = self.cast(&value, &name)?;
        }
        Ok(value)
    }

    fn type_name(&mut self) -> String {
        let mut name = self.word();
        if name == "double" {
            name = "float8".to_owned();
            self.word();
        }
        if self.take(b'(') {
            name.push('(');
            while self.peek() != b')' {
                name.push(char::from(self.text[self.at]));
                self.at += 1;
            }
            self.at += 1;
            name.push(')');
        }
        while self.take(b'[') {
            self.take(b']');
            name.push_str("[]");
        }
        name
    }

    fn primary(&mut self) -> Result<Value> {
        match self.peek() {
            b'\'' => {
                self.at += 1;
                let text = self.string();
                Ok(literal(&text))
            }
            b'-' | b'0'..=b'9' | b'.' => self.number(),
            b'(' => {
                self.at += 1;
                let value = self.expression()?;
                self.take(b')');
                Ok(value)
            }
            _ => self.named(),
        }
    }

    fn string(&mut self) -> String {
        let mut bytes = Vec::new();
        loop {
            match (self.text.get(self.at), self.text.get(self.at + 1)) {
                (Some(b'\''), Some(b'\'')) => {
                    bytes.push(b'\'');
                    self.at += 2;
                }
                (Some(b'\'') | None, _) => {
                    self.at += 1;
                    return String::from_utf8_lossy(&bytes).into_owned();
                }
                (Some(b), _) => {
                    bytes.push(*b);
                    self.at += 1;
                }
            }
        }
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        self.at += usize::from(self.text[self.at] == b'-');
        let part = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'e');
        while self.text.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        let name = if text.contains(['.', 'e']) {
            "numeric"
        } else if text.parse::<i32>().is_ok() {
            "int4"
        } else if text.parse::<i64>().is_ok() {
            "int8"
        } else {
            "numeric"
        };
        self.cast(&literal(&text), name)
    }

    fn named(&mut self) -> Result<Value> {
        let name = self.word();
        match name.as_str() {
            "true" | "false" => return self.cast(&literal(&name), "bool"),
            "null" => {
                let field = Arc::new(Field::new("", DataType::Utf8, true));
                return Ok(Value { array: new_null_array(&DataType::Utf8, 1), field, unknown: true });
            }
            "array" => return self.array(),
            _ => {}
        }
        if !self.take(b'(') {
            return Err(bad(format!("what is {name}")));
        }
        let mut args = Vec::new();
        while !self.take(b')') {
            args.push(self.expression()?);
            self.take(b',');
        }
        self.call(&name, &args)
    }

    fn array(&mut self) -> Result<Value> {
        self.take(b'[');
        let mut items = Vec::new();
        while !self.take(b']') {
            let nested = self.peek() == b'[';
            items.push(if nested { self.array()? } else { self.expression()? });
            self.take(b',');
        }
        let mut common = DataType::Null;
        for item in items.iter().filter(|i| !i.unknown) {
            common = match common {
                DataType::Null => item.field.data_type().clone(),
                other => resolve::wider(&other, item.field.data_type())?,
            };
        }
        let common = if common == DataType::Null { DataType::Utf8 } else { common };
        let parts = items.iter().map(|i| self.coerce(i, &common)).collect::<Result<Vec<_>>>()?;
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let values = arrow::compute::concat(&parts).map_err(|e| bad(e.to_string()))?;
        let field = Arc::new(Field::new("item", common, true));
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        let list = ListArray::new(Arc::clone(&field), offsets, values, None);
        let field = Arc::new(Field::new("", list.data_type().clone(), true));
        Ok(Value { array: Arc::new(list), field, unknown: false })
    }

    fn cast(&self, value: &Value, name: &str) -> Result<Value> {
        let base = name.trim_end_matches("[]");
        let (base, modifier) = base.split_once('(').unwrap_or((base, ""));
        let base = if base == "int" { "int4" } else { base };
        let element = oid::by_name(base).ok_or_else(|| bad(format!("no type {base}")))?.oid;
        let wanted = if name.ends_with("[]") { oid::array_of(element).unwrap_or(0) } else { element };
        let mut result = from_text(value, wanted)?;
        if base == "numeric" && !modifier.is_empty() {
            let (p, s) =
                modifier.trim_end_matches(')').split_once(',').unwrap_or((modifier.trim_end_matches(')'), "0"));
            let to = DataType::Decimal128(p.parse().unwrap_or(38), s.parse().unwrap_or(0));
            result.array = arrow::compute::cast(&result.array, &to).map_err(|e| bad(e.to_string()))?;
            result.field = Arc::new(Field::new("", to, true));
        }
        Ok(result)
    }

    fn coerce(&self, value: &Value, to: &DataType) -> Result<ArrayRef> {
        if value.array.data_type() == to {
            return Ok(Arc::clone(&value.array));
        }
        if value.unknown {
            let wanted = pg_type(&Field::new("", to.clone(), true)).oid;
            let read = from_text(value, wanted)?;
            return arrow::compute::cast(&read.array, to).map_err(|e| bad(e.to_string()));
        }
        let own = super::ty::numeric_for(value.array.data_type());
        let exact = match *to == super::ty::WIDE_NUMERIC && own != *to {
            true => arrow::compute::cast(&value.array, &own).map_err(|e| bad(e.to_string()))?,
            false => Arc::clone(&value.array),
        };
        super::input::conform(exact, to)
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value> {
        let types: Vec<ArgType> = args
            .iter()
            .map(|a| if a.unknown { ArgType::Unknown } else { ArgType::Known(Arc::clone(&a.field)) })
            .collect();
        let targets = self.functions.coerce_scalar(name, &types);
        let targets = targets.ok_or_else(|| resolve::undefined(name, &[]))??;
        let function = &self.functions.scalar[name];
        let mut arrays = Vec::new();
        let mut fields: Vec<FieldRef> = Vec::new();
        for (arg, target) in args.iter().zip(&targets) {
            arrays.push(self.coerce(arg, target.data_type())?);
            let field = arg.field.as_ref().clone().with_data_type(target.data_type().clone());
            fields.push(Arc::new(field));
        }
        let scalars: Vec<ScalarValue> =
            arrays.iter().map(|a| ScalarValue::try_from_array(a, 0)).collect::<Result<_, _>>().map_err(unwrap)?;
        let references: Vec<Option<&ScalarValue>> = scalars.iter().map(Some).collect();
        let known = ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &references };
        let field = function.return_field_from_args(known).map_err(unwrap)?;
        // Once as constants, once as a column of two rows: both must agree.
        let constant =
            invoke(function, scalars.iter().cloned().map(ColumnarValue::Scalar).collect(), &fields, &field, 1);
        let doubled = arrays
            .iter()
            .map(|a| arrow::compute::concat(&[a.as_ref(), a.as_ref()]).map(ColumnarValue::Array))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| bad(e.to_string()))?;
        let column = invoke(function, doubled, &fields, &field, 2);
        let (constant, column) = (constant.map_err(unwrap)?, column.map_err(unwrap)?);
        let array = constant.into_array(1).map_err(unwrap)?;
        let column = column.into_array(2).map_err(unwrap)?;
        if function.signature().volatility != datafusion::logical_expr::Volatility::Volatile {
            assert_eq!(&column.slice(1, 1), &array, "{name}: a column differs from a constant");
        }
        Ok(Value { array, field, unknown: false })
    }
}

fn invoke(
    function: &datafusion::logical_expr::ScalarUDF,
    args: Vec<ColumnarValue>,
    fields: &[FieldRef],
    field: &FieldRef,
    number_rows: usize,
) -> datafusion::common::Result<ColumnarValue> {
    function.invoke_with_args(ScalarFunctionArgs {
        args,
        arg_fields: fields.to_vec(),
        number_rows,
        return_field: Arc::clone(field),
        config_options: Arc::new(ConfigOptions::new()),
    })
}

fn unwrap(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::internal(other.to_string()),
        },
        other => Error::internal(other.to_string()),
    }
}

fn literal(text: &str) -> Value {
    let array: ArrayRef = Arc::new(arrow::array::StringArray::from(vec![text]));
    Value { array, field: Arc::new(Field::new("", DataType::Utf8, true)), unknown: true }
}

/// A value as another type, by way of its text.
fn from_text(value: &Value, wanted: u32) -> Result<Value> {
    let field = Arc::new(arrow_field(wanted, -1)?);
    let bytes = (!value.array.is_null(0)).then(|| text_of(value));
    let param = RawParam { bytes: bytes.map(|b| bytes::Bytes::from(b.into_bytes())), format: Format::Text };
    let array = decode_param(wanted, &param, &TextStyle::default())?;
    let field = Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone()));
    Ok(Value { array, field, unknown: false })
}

fn text_of(value: &Value) -> String {
    let mut out = String::new();
    let array = output::plain(&value.array).expect("every result has a plain form");
    output::write_value(&array, 0, &TextStyle::default(), &mut out).expect("every result type prints");
    out
}

fn answer(functions: &Functions, expression: &str) -> (String, String) {
    let mut golden = Golden { functions, text: expression.as_bytes(), at: 0 };
    described(golden.expression())
}

/// Type and text of an answer, or the SQLSTATE of an error.
fn described(answer: Result<Value>) -> (String, String) {
    match answer {
        Ok(value) => {
            let name = if value.unknown {
                "text".to_owned()
            } else {
                Ty::of_field(&value.field).map_or_else(String::new, Ty::name)
            };
            let mut text = if value.array.is_null(0) { "NULL".to_owned() } else { text_of(&value) };
            if name == "boolean" && text.len() == 1 {
                // A cast to text spells booleans out, unlike their output.
                text = if text == "t" { "true" } else { "false" }.to_owned();
            }
            (name, text.replace('\\', "\\\\").replace('\n', "\\n"))
        }
        Err(error) => {
            let state = error.sqlstate().to_string();
            if state == "XX000" {
                return ("ERROR".to_owned(), format!("{state} {error}"));
            }
            ("ERROR".to_owned(), state)
        }
    }
}

fn same(wanted: &str, found: &str, type_name: &str) -> bool {
    if wanted == found {
        return true;
    }
    type_name == "numeric"
        && match (Dec::parse(wanted), Dec::parse(found)) {
            (Some(a), Some(b)) => a.compare(&b).is_eq(),
            _ => false,
        }
}

#[test]
fn answers_are_those_of_postgresql() {
    let functions = Functions::new();
    let mut failures = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/functions");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the golden folder exists") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a golden file can be read");
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let parts: Vec<&str> = line.split('\t').collect();
            let [expression, wanted_type, wanted] = parts[..] else { panic!("a line needs an answer: {line}") };
            count += 1;
            let found = answer(&functions, expression);
            if found.0 != wanted_type || !same(wanted, &found.1, wanted_type) {
                failures.push(format!(
                    "{expression}\n    wanted {wanted_type} {wanted}\n    found  {} {}",
                    found.0, found.1
                ));
            }
        }
    }
    assert!(count > 0, "there are golden expressions");
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n"));
}

/// A context in which PostgreSQL's functions are registered.
fn context() -> datafusion::prelude::SessionContext {
    let mut config = datafusion::prelude::SessionConfig::new().with_target_partitions(2);
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    config.options_mut().sql_parser.parse_float_as_decimal = true;
    config.options_mut().execution.time_zone = Some("UTC".to_owned());
    let mut context = datafusion::prelude::SessionContext::new_with_config(config);
    let functions = Functions::new();
    functions.install(&mut context).expect("functions can be registered");
    for (name, function) in &functions.table {
        context.register_udtf(name, Arc::clone(function.function()));
    }
    context
}

async fn query(context: &datafusion::prelude::SessionContext, text: &str) -> Result<Value> {
    let frame = context.sql(&format!("select x from {text} as t")).await.map_err(root)?;
    let field = Arc::clone(frame.schema().field(0));
    let batches = frame.collect().await.map_err(root)?;
    let row = batches.iter().find(|b| b.num_rows() > 0).ok_or_else(|| bad("no row"))?;
    Ok(Value { array: Arc::clone(row.column(0)), field, unknown: false })
}

fn root(error: DataFusionError) -> Error {
    let mut error = error;
    loop {
        error = match error {
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => *inner,
            other => return unwrap(other),
        };
    }
}

#[tokio::test]
async fn queries_answer_as_postgresql() {
    let context = context();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/functions/aggregates.queries");
    let text = std::fs::read_to_string(path).expect("the golden file can be read");
    let mut failures = Vec::new();
    let mut count = 0;
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let parts: Vec<&str> = line.split('\t').collect();
        let [expression, wanted_type, wanted] = parts[..] else { panic!("a line needs an answer: {line}") };
        count += 1;
        let found = described(query(&context, expression).await);
        // DataFusion's own planner reads a bare integer as bigint.
        let type_matters = !expression.contains("generate_series");
        if (type_matters && found.0 != wanted_type) || !same(wanted, &found.1, wanted_type) {
            failures
                .push(format!("{expression}\n    wanted {wanted_type} {wanted}\n    found  {} {}", found.0, found.1));
        }
    }
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n"));
}
