//! Functions that exist only between the AST and the plan: they carry a construct through `SqlToRel` and are replaced
//! before analysis.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, Int64Array, ListArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::samples::SAMPLE;
use super::unify::common_field;
use crate::sql::fetch::WITH_TIES;
use crate::sql::rewrite::arrays::ARRAY_FUNCTION;
use crate::sql::rewrite::casts::NAMED_CAST;

static ARRAY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(ArrayOf::new())));
static ORDINALITY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(Ordinality::new())));
static TIES: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(Ties::new())));
static CAST: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(NamedCast::new())));
static OUTPUT: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(RecursiveOutput::new())));
static ONE_ROW: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(OneRow::new())));
static ORDINALS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(Ordinals::new())));

/// `ARRAY(subquery)`, replaced by Apply.
#[must_use]
pub fn array_of_subquery() -> Arc<ScalarUDF> {
    Arc::clone(&ARRAY)
}

/// A condition under its clause's name, replaced when its type is known.
#[must_use]
pub fn condition(name: &str) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Condition { name: name.to_owned(), signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Condition {
    name: String,
    signature: Signature,
}

impl ScalarUDFImpl for Condition {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} is replaced before a plan runs", self.name)
    }
}

/// A cast whose name tells its type; resolving takes it off.
#[must_use]
pub fn named_cast() -> Arc<ScalarUDF> {
    Arc::clone(&CAST)
}

/// Names the marker around the outputs of a recursive term (`plan/recursive.rs`).
pub const RECURSIVE_OUTPUT: &str = "output of recursive term";

/// The marker around an output of a recursive term.
#[must_use]
pub fn recursive_output() -> Arc<ScalarUDF> {
    Arc::clone(&OUTPUT)
}

/// The count of FETCH FIRST … WITH TIES, replaced by a filter (`plan/limits.rs`).
#[must_use]
pub fn with_ties() -> Arc<ScalarUDF> {
    Arc::clone(&TIES)
}

/// The condition that stands for TABLESAMPLE, replaced by the sample (`plan/samples.rs`).
#[must_use]
pub fn table_sample() -> Arc<ScalarUDF> {
    let signature = Signature::variadic_any(Volatility::Volatile);
    Arc::new(ScalarUDF::new_from_impl(Condition { name: SAMPLE.to_owned(), signature }))
}

/// `COALESCE`, `GREATEST`, `LEAST` and `NULLIF`, whose arguments have not been brought to one type yet.
#[must_use]
pub fn unified(name: &str) -> Option<Arc<ScalarUDF>> {
    let name = UNIFIED.iter().find(|known| **known == name)?;
    let signature = Signature::variadic_any(Volatility::Volatile);
    Some(Arc::new(ScalarUDF::new_from_impl(Unified { name, signature })))
}

/// Whether a function is such a marker.
#[must_use]
pub fn is_unified(function: &ScalarUDF) -> bool {
    function.inner().is::<Unified>()
}

const UNIFIED: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Unified {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Unified {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args.iter().find(|t| !t.is_null()).map_or(DataType::Null, Clone::clone))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        // A bare string has no type yet, and NULL none at all.
        let known = |(field, scalar): (&FieldRef, Option<&ScalarValue>)| match scalar {
            Some(ScalarValue::Utf8(_) | ScalarValue::Null) => None,
            _ => Some(Arc::clone(field)).filter(|f| !f.data_type().is_null()),
        };
        let fields: Vec<Option<FieldRef>> =
            args.arg_fields.iter().zip(args.scalar_arguments.iter().copied()).map(known).collect();
        let own = if self.name == "nullif" { &fields[..1.min(fields.len())] } else { &fields[..] };
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let field = match common_field(self.name, own) {
            Ok(field) if own.iter().any(Option::is_some) => field.as_ref().clone(),
            _ => Field::new(self.name, self.return_type(&types)?, true),
        };
        Ok(Arc::new(field.with_name(self.name).with_nullable(true)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} was left in the plan without a common type", self.name)
    }
}

/// A call of a set-returning function: its type is that of one row, and `list` gives all rows.
#[must_use]
pub fn set_returning(name: &str, list: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(SetReturning { name: name.to_owned(), list: Arc::clone(list) }))
}

/// The list function behind a set-returning one; `None` for any other function.
#[must_use]
pub fn list_behind(function: &ScalarUDF) -> Option<&Arc<ScalarUDF>> {
    function.inner().downcast_ref::<SetReturning>().map(|set| &set.list)
}

/// A value as a set of one row.
#[must_use]
pub fn one_row(value: Expr) -> Expr {
    set_returning("one row", &ONE_ROW).call(vec![value])
}

/// The number of a row of the set-returning functions beside it, from 1.
#[must_use]
pub fn ordinality() -> Expr {
    ORDINALITY.call(Vec::new())
}

/// Whether a function is [`ordinality`].
#[must_use]
pub fn is_ordinality(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<Ordinality>().is_some()
}

/// A number that grows from row to row, for sorting rows as stably as they came.
#[must_use]
pub fn row_number() -> Expr {
    let signature = Signature::nullary(Volatility::Volatile);
    ScalarUDF::new_from_impl(RowNumber { signature, next: Arc::default() }).call(Vec::new())
}

/// The list `1, 2, …` as long as the longest of `lists`.
#[must_use]
pub fn ordinals(lists: Vec<Expr>) -> Expr {
    ORDINALS.call(lists)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NamedCast {
    signature: Signature,
}

impl NamedCast {
    fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for NamedCast {
    fn name(&self) -> &'static str {
        NAMED_CAST
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("a named cast has its argument's field")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(field) => Ok(Arc::clone(field)),
            None => internal_err!("a named cast without its cast"),
        }
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("a named cast was left in the plan")
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RecursiveOutput {
    signature: Signature,
}

impl RecursiveOutput {
    fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for RecursiveOutput {
    fn name(&self) -> &'static str {
        RECURSIVE_OUTPUT
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("an output of a recursive term has its argument's field")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(field) => Ok(Arc::clone(field)),
            None => internal_err!("a marker without its output"),
        }
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("the marker of a recursive term was left in the plan")
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ties {
    signature: Signature,
}

impl Ties {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Ties {
    fn name(&self) -> &'static str {
        WITH_TIES
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("a count with ties was left in the plan")
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ArrayOf {
    signature: Signature,
}

impl ArrayOf {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ArrayOf {
    fn name(&self) -> &'static str {
        ARRAY_FUNCTION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        let element = args.first().map_or(DataType::Null, Clone::clone);
        Ok(DataType::List(Arc::new(Field::new("item", element, true))))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let element = match args.arg_fields.first() {
            Some(field) => field.as_ref().clone().with_name("item").with_nullable(true),
            None => Field::new("item", DataType::Null, true),
        };
        Ok(Arc::new(Field::new(ARRAY_FUNCTION, DataType::List(Arc::new(element)), true)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("a subquery of ARRAY was left in the plan")
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SetReturning {
    name: String,
    list: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for SetReturning {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        self.list.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.list.coerce_types(arg_types)
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("{} derives its type from fields", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let list = self.list.return_field_from_args(args)?;
        match list.data_type() {
            DataType::List(element) => {
                Ok(Arc::new(element.as_ref().clone().with_name(self.name.as_str()).with_nullable(true)))
            }
            other => internal_err!("{} gives {other}, not a list", self.list.name()),
        }
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("the set-returning function {} was left in the plan", self.name)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordinality {
    signature: Signature,
}

impl Ordinality {
    fn new() -> Self {
        Self { signature: Signature::nullary(Volatility::Volatile) }
    }
}

impl ScalarUDFImpl for Ordinality {
    fn name(&self) -> &'static str {
        "ordinality"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("an ordinality was left in the plan")
    }
}

/// Counts the rows that it is called for, over all calls of one instance.
#[derive(Debug)]
struct RowNumber {
    signature: Signature,
    next: Arc<AtomicI64>,
}

impl PartialEq for RowNumber {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.next, &other.next)
    }
}

impl Eq for RowNumber {}

impl Hash for RowNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.next).hash(state);
    }
}

impl ScalarUDFImpl for RowNumber {
    fn name(&self) -> &'static str {
        "number of row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let count = i64::try_from(args.number_rows).unwrap_or(i64::MAX);
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        Ok(ColumnarValue::Array(Arc::new(Int64Array::from_iter_values(first..first + count))))
    }
}

/// The list of a set of one row.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OneRow {
    signature: Signature,
}

impl OneRow {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for OneRow {
    fn name(&self) -> &'static str {
        "list of one row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        internal_err!("{} derives its type from fields", self.name())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let element = args.arg_fields[0].as_ref().clone().with_name("item").with_nullable(true);
        Ok(Arc::new(Field::new(self.name(), DataType::List(Arc::new(element)), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::List(field) = args.return_field.data_type() else { return internal_err!("a list is a list") };
        let values = ColumnarValue::values_to_arrays(&args.args)?.swap_remove(0);
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, values.len()));
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordinals {
    signature: Signature,
}

impl Ordinals {
    fn new() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Ordinals {
    fn name(&self) -> &'static str {
        "list of ordinals"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new("item", DataType::Int64, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = ColumnarValue::values_to_arrays(&args.args)?;
        let rows = lists.first().map_or(args.number_rows, Array::len);
        let (mut values, mut lengths) = (Vec::new(), Vec::with_capacity(rows));
        for row in 0..rows {
            let longest = lists.iter().map(|list| length(list, row)).max().unwrap_or(0);
            values.extend(1..=i64::try_from(longest).unwrap_or(i64::MAX));
            lengths.push(longest);
        }
        let field = Arc::new(Field::new("item", DataType::Int64, true));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let list = ListArray::try_new(field, offsets, Arc::new(Int64Array::from(values)), None)?;
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

/// The length of one list; NULL has none.
fn length(list: &ArrayRef, row: usize) -> usize {
    match list.as_any().downcast_ref::<ListArray>() {
        Some(list) if list.is_valid(row) => usize::try_from(list.value_length(row)).unwrap_or(0),
        _ => 0,
    }
}
