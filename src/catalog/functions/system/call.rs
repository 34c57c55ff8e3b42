//! How PostgreSQL's system functions become DataFusion's: one Rust body per name, its overloads from `pg_proc`.
//!
//! Argument types, result type and strictness are those of the static `pg_proc` rows, so a function cannot disagree
//! with the catalog. Text of any Arrow kind and integers of any width are accepted where PostgreSQL takes a `text`,
//! `name` or `oid`; a text where it takes a `regclass` is looked up.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result as PlanResult, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::catalog::pg_catalog::reg;
use crate::catalog::pg_catalog::rows::{Cell, Column};
use crate::catalog::pg_catalog::schema;
use crate::catalog::pg_catalog::statics;
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// What a function does with one row of arguments.
pub type Body = for<'a> fn(&Call<'a>) -> Result<Cell<'a>>;

/// One row of a call.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The session.
    pub vars: &'a SessionVars,
    columns: &'a [ArrayRef],
    row: usize,
}

impl<'a> Call<'a> {
    /// Row `row` of argument columns.
    pub fn new(vars: &'a SessionVars, columns: &'a [ArrayRef], row: usize) -> Self {
        Self { vars, columns, row }
    }

    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether an argument is missing or NULL.
    pub fn is_null(&self, i: usize) -> bool {
        self.columns.get(i).is_none_or(|column| column.is_null(self.row))
    }

    /// Whether an argument came as text.
    pub fn is_text(&self, i: usize) -> bool {
        self.columns.get(i).is_some_and(|column| column.data_type() == &DataType::Utf8)
    }

    /// A text argument.
    pub fn text(&self, i: usize) -> Option<&'a str> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        column.as_string_opt::<i32>().map(|texts| texts.value(self.row))
    }

    /// An integer argument of any width.
    pub fn int(&self, i: usize) -> Option<i64> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        column.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(self.row))
    }

    /// An OID argument; NULL is 0, which no object has.
    pub fn oid(&self, i: usize) -> u32 {
        self.int(i).map_or(0, oid_of)
    }

    /// A boolean argument.
    pub fn bool(&self, i: usize) -> Option<bool> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        column.as_boolean_opt().map(|values| values.value(self.row))
    }

    /// A list argument's elements.
    pub fn list(&self, i: usize) -> Option<ArrayRef> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        column.as_list_opt::<i32>().map(|lists| lists.value(self.row))
    }

    /// Any argument as a scalar.
    pub fn scalar(&self, i: usize) -> Option<ScalarValue> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        ScalarValue::try_from_array(column, self.row).ok()
    }

    /// A field of a row argument.
    pub fn field(&self, i: usize, name: &str) -> Option<ScalarValue> {
        let column = self.columns.get(i).filter(|_| !self.is_null(i))?;
        let field = column.as_struct_opt()?.column_by_name(name)?;
        ScalarValue::try_from_array(field, self.row).ok()
    }

    /// A `regclass` argument: an OID, or a name to look up.
    pub fn relation(&self, i: usize) -> Result<u32> {
        match self.text(i) {
            Some(name) => reg::lookup_regclass(self.vars, name),
            None => Ok(self.oid(i)),
        }
    }
}

/// PostgreSQL's conversion of an integer to an OID: the low 32 bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "this is the conversion")]
fn oid_of(value: i64) -> u32 {
    value as u32
}

/// One way to call a function.
#[derive(Clone, Debug)]
pub struct Overload {
    /// PostgreSQL types of the arguments.
    pub arguments: Vec<u32>,
    /// How many of them, from the end, may be left out.
    pub defaults: usize,
    /// The result's type.
    pub result: u32,
    /// Whether a NULL argument makes the result NULL.
    pub strict: bool,
}

/// The overloads of a name in `pg_catalog` or `information_schema`.
pub fn overloads(name: &str) -> Vec<Overload> {
    let rows = statics::function_names().all(name).iter().filter_map(|oid| statics::functions().get(oid));
    rows.map(|row| Overload {
        arguments: row.arguments.clone(),
        defaults: row.defaults,
        result: row.result,
        strict: row.strict,
    })
    .collect()
}

/// The overload that fits argument types best, and the Arrow types its body gets them as.
pub fn choose<'a>(overloads: &'a [Overload], arguments: &[DataType]) -> Option<(&'a Overload, Vec<DataType>)> {
    let fit = |overload: &'a Overload| {
        let most = overload.arguments.len();
        if arguments.len() > most || arguments.len() + overload.defaults < most {
            return None;
        }
        let (mut distance, mut types) = (0, Vec::new());
        for (wanted, given) in overload.arguments.iter().zip(arguments) {
            let (step, data_type) = accept(*wanted, given)?;
            distance += step;
            types.push(data_type);
        }
        Some((distance, overload, types))
    };
    let best = overloads.iter().filter_map(fit).min_by_key(|(distance, ..)| *distance);
    best.map(|(_, overload, types)| (overload, types))
}

/// How far an Arrow type is from a PostgreSQL argument type, and what it is cast to; `None` where it does not fit.
fn accept(wanted: u32, given: &DataType) -> Option<(u32, DataType)> {
    let given = match given {
        DataType::Dictionary(_, value) => value.as_ref(),
        given => given,
    };
    let text = matches!(given, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let null = given == &DataType::Null;
    match (wanted, schema::arrow_type(wanted)) {
        // any, anyarray, anyelement, anynonarray
        (2276 | 2277 | 2283 | 2776, _) => Some((3, given.clone())),
        // A row type takes a whole row.
        (wanted, _) if matches!(given, DataType::Struct(_)) => {
            let row = statics::types().get(&wanted).is_some_and(|row| row.kind == "c");
            row.then(|| (0, given.clone()))
        }
        // A name of an object is looked up where its reg* is wanted.
        (24 | 2202..=2206 | 4089 | 4096 | 4191, _) if text => Some((1, DataType::Utf8)),
        (_, DataType::Utf8) if text => Some((0, DataType::Utf8)),
        (_, DataType::Utf8) if null => Some((1, DataType::Utf8)),
        (_, DataType::Boolean) if given == &DataType::Boolean => Some((0, DataType::Boolean)),
        (_, DataType::Boolean) if null || text => Some((2, DataType::Boolean)),
        (_, DataType::Decimal128(..)) if given.is_numeric() => Some((2, DataType::Decimal128(38, 0))),
        (_, wanted) if wanted.is_integer() && given.is_integer() => Some((0, DataType::Int64)),
        (_, wanted) if wanted.is_integer() && (null || text) => Some((2, DataType::Int64)),
        (_, DataType::List(_)) if matches!(given, DataType::List(_)) => Some((0, given.clone())),
        (_, wanted @ DataType::List(_)) if null => Some((1, wanted)),
        _ => None,
    }
}

/// A system function of one result per call.
#[derive(Clone)]
pub struct SystemFunction {
    name: &'static str,
    aliases: Vec<String>,
    overloads: Vec<Overload>,
    body: Body,
    /// The result's field where `pg_proc` does not say it.
    result: Option<FieldRef>,
    signature: Signature,
}

impl SystemFunction {
    /// The function of a name in `pg_proc`.
    pub fn new(name: &'static str, body: Body) -> Self {
        Self::with_overloads(name, overloads(name), body)
    }

    /// A function with overloads of its own.
    pub fn with_overloads(name: &'static str, overloads: Vec<Overload>, body: Body) -> Self {
        let signature = Signature::user_defined(Volatility::Stable);
        Self { name, aliases: Vec::new(), overloads, body, result: None, signature }
    }

    /// The same under further names.
    pub fn also(mut self, names: &[&str]) -> Self {
        self.aliases = names.iter().map(ToString::to_string).collect();
        self
    }

    /// The same with a result field of its own.
    pub fn returning(mut self, field: Field) -> Self {
        self.result = Some(Arc::new(field));
        self
    }

    /// The same, run anew for every row and never folded into a constant.
    pub fn volatile(mut self) -> Self {
        self.signature.volatility = Volatility::Volatile;
        self
    }

    /// As DataFusion takes it.
    pub fn into_udf(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(self)
    }

    fn run(
        &self,
        vars: &SessionVars,
        columns: &[ArrayRef],
        rows: usize,
        strict: bool,
        result: &DataType,
    ) -> PlanResult<ArrayRef> {
        let mut column = Column::of(result);
        for row in 0..rows {
            let call = Call::new(vars, columns, row);
            if strict && (0..columns.len()).any(|i| call.is_null(i)) {
                column.push(&Cell::Null);
            } else {
                column.push(&(self.body)(&call).map_err(external)?);
            }
        }
        Ok(column.finish(result))
    }
}

/// The one value of an array. DataFusion's own conversion forgets what a list's field says of its elements.
pub fn scalar_of(array: &ArrayRef) -> PlanResult<ScalarValue> {
    match array.as_list_opt::<i32>() {
        Some(list) => Ok(ScalarValue::List(Arc::new(list.clone()))),
        None => ScalarValue::try_from_array(array, 0),
    }
}

/// An error of ours inside DataFusion's.
pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The error for a call that fits no overload.
pub fn no_such_function(name: &str, arguments: &[DataType]) -> DataFusionError {
    let kind = |data_type: &DataType| match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::UInt32 => "oid".to_owned(),
        DataType::Null => "unknown".to_owned(),
        other => other.to_string().to_lowercase(),
    };
    let types: Vec<_> = arguments.iter().map(kind).collect();
    let message = format!("function {name}({}) does not exist", types.join(", "));
    let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
    external(Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(hint))
}

impl std::fmt::Debug for SystemFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for SystemFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.result == other.result
    }
}

impl Eq for SystemFunction {}

impl Hash for SystemFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for SystemFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> PlanResult<Vec<DataType>> {
        // A call that fits no overload fails where its result type is asked for: DataFusion makes its own text of
        // an error from here.
        Ok(choose(&self.overloads, arguments).map_or_else(|| arguments.to_vec(), |(_, types)| types))
    }

    fn return_type(&self, arguments: &[DataType]) -> PlanResult<DataType> {
        if let Some(field) = &self.result {
            return Ok(field.data_type().clone());
        }
        let chosen = choose(&self.overloads, arguments);
        let (overload, _) = chosen.ok_or_else(|| no_such_function(self.name, arguments))?;
        Ok(schema::arrow_type(overload.result))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> PlanResult<FieldRef> {
        if let Some(field) = &self.result {
            return Ok(Arc::clone(field));
        }
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let chosen = choose(&self.overloads, &types);
        let (overload, _) = chosen.ok_or_else(|| no_such_function(self.name, &types))?;
        Ok(Arc::new(schema::field(self.name, overload.result, -1, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let vars = SessionVars::of(&args.config_options)?;
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let strict = choose(&self.overloads, &types).is_some_and(|(overload, _)| overload.strict);
        let result = args.return_field.data_type();
        let anew = self.signature.volatility == Volatility::Volatile && args.number_rows != 1;
        if !anew && args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) {
            let columns = args.args.iter().map(|arg| arg.to_array(1)).collect::<PlanResult<Vec<_>>>()?;
            let one = self.run(vars, &columns, 1, strict, result)?;
            return Ok(ColumnarValue::Scalar(scalar_of(&one)?));
        }
        let columns = args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<PlanResult<Vec<_>>>()?;
        Ok(ColumnarValue::Array(self.run(vars, &columns, args.number_rows, strict, result)?))
    }
}
