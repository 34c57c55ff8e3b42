//! `x op ANY (array)` and `x op ALL (array)`, in three-valued logic.
//!
//! One function per operator and quantifier, under a name that SQL cannot spell. The element type decides how the left
//! side is compared; an operator that Arrow cannot evaluate for it is an error, never `false`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Scalar};
use arrow::compute::kernels::{cmp, comparison};
use arrow::compute::{cast, not};
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::alike::alike;
use super::datetime::interval;
use super::regexp::{Flags, Matchers};
use super::ty::element;
use super::udf::external;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
    /// `~~`
    Like,
    /// `!~~`
    NotLike,
    /// `~~*`
    ILike,
    /// `!~~*`
    NotILike,
    /// `~`
    Regex,
    /// `!~`
    NotRegex,
}

const ALL: [(Comparison, &str); 12] = [
    (Comparison::Eq, "="),
    (Comparison::NotEq, "<>"),
    (Comparison::Lt, "<"),
    (Comparison::LtEq, "<="),
    (Comparison::Gt, ">"),
    (Comparison::GtEq, ">="),
    (Comparison::Like, "~~"),
    (Comparison::NotLike, "!~~"),
    (Comparison::ILike, "~~*"),
    (Comparison::NotILike, "!~~*"),
    (Comparison::Regex, "~"),
    (Comparison::NotRegex, "!~"),
];

/// The name of the function for an operator's symbol.
#[must_use]
pub fn function_name(symbol: &str, all: bool) -> String {
    format!("{} {symbol}", if all { "all" } else { "any" })
}

/// Whether a function is one of these.
#[must_use]
pub fn is_quantified(name: &str) -> bool {
    name.starts_with("any ") || name.starts_with("all ")
}

/// Every operator with both quantifiers.
#[must_use]
pub fn functions() -> Vec<ScalarUDF> {
    let both = ALL.into_iter().flat_map(|(op, symbol)| [(op, symbol, false), (op, symbol, true)]);
    both.map(|(op, symbol, all)| {
        let signature = Signature::any(2, Volatility::Immutable);
        ScalarUDF::new_from_impl(Quantified { name: function_name(symbol, all), op, all, signature })
    })
    .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quantified {
    name: String,
    op: Comparison,
    all: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Quantified {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [values, lists] = arrays.as_slice() else { return plan_err!("{} takes two arguments", self.name) };
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let count = if constant { 1 } else { rows };
        let found: BooleanArray = (0..count).map(|i| self.row(values, lists, i)).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(if constant {
            let value = if found.is_null(0) { None } else { Some(found.value(0)) };
            Arc::new(BooleanArray::from(vec![value; rows])) as ArrayRef
        } else {
            Arc::new(found)
        }))
    }
}

impl Quantified {
    fn row(&self, values: &ArrayRef, lists: &ArrayRef, i: usize) -> Result<Option<bool>> {
        let elements = match lists.data_type() {
            DataType::List(_) if lists.is_null(i) => return Ok(None),
            DataType::List(_) => lists.as_list::<i32>().value(i),
            DataType::LargeList(_) if lists.is_null(i) => return Ok(None),
            DataType::LargeList(_) => lists.as_list::<i64>().value(i),
            DataType::FixedSizeList(..) if lists.is_null(i) => return Ok(None),
            DataType::FixedSizeList(..) => lists.as_fixed_size_list().value(i),
            DataType::Null => return Ok(None),
            other => return plan_err!("op ANY/ALL (array) requires array on right side, not {other}"),
        };
        let elements = innermost(elements);
        // An empty array decides without a comparison.
        if elements.is_empty() {
            return Ok(Some(self.all));
        }
        if values.is_null(i) {
            return Ok(None);
        }
        let (value, elements) = alike(&values.slice(i, 1), &elements)
            .map_err(|e| datafusion::common::DataFusionError::External(Box::new(e)))?;
        let (value, elements) = match elements.data_type() {
            // Intervals are equal when their lengths are.
            DataType::Interval(_) => (interval::lengths(&value)?, interval::lengths(&elements)?),
            _ => (value, elements),
        };
        let value = Scalar::new(value);
        let answers = self.compare(&value, &elements)?;
        let hits = answers.true_count();
        let misses = answers.len() - answers.null_count() - hits;
        Ok(match self.all {
            false if hits > 0 => Some(true),
            true if misses > 0 => Some(false),
            all if answers.null_count() == 0 => Some(all),
            _ => None,
        })
    }

    /// The comparison of values that only PostgreSQL's own order compares; `None` for an operator that is none.
    fn by_order(&self, value: &Scalar<ArrayRef>, elements: &ArrayRef) -> Result<Option<BooleanArray>> {
        let holds: fn(std::cmp::Ordering) -> bool = match self.op {
            Comparison::Eq => std::cmp::Ordering::is_eq,
            Comparison::NotEq => std::cmp::Ordering::is_ne,
            Comparison::Lt => std::cmp::Ordering::is_lt,
            Comparison::LtEq => std::cmp::Ordering::is_le,
            Comparison::Gt => std::cmp::Ordering::is_gt,
            Comparison::GtEq => std::cmp::Ordering::is_ge,
            _ => return Ok(None),
        };
        let order = super::arrays::order(&value.clone().into_inner(), elements)
            .map_err(|e| datafusion::common::DataFusionError::External(Box::new(e)))?;
        let row = |i| if elements.is_null(i) { None } else { Some(holds(order(0, i))) };
        Ok(Some((0..elements.len()).map(row).collect()))
    }

    fn compare(&self, value: &Scalar<ArrayRef>, elements: &ArrayRef) -> Result<BooleanArray> {
        let by_order = matches!(
            elements.data_type(),
            DataType::Struct(_) | DataType::List(_) | DataType::Float32 | DataType::Float64 | DataType::Interval(_)
        );
        if by_order && let Some(compared) = self.by_order(value, elements)? {
            return Ok(compared);
        }
        Ok(match self.op {
            Comparison::Eq => cmp::eq(value, elements)?,
            Comparison::NotEq => cmp::neq(value, elements)?,
            Comparison::Lt => cmp::lt(value, elements)?,
            Comparison::LtEq => cmp::lt_eq(value, elements)?,
            Comparison::Gt => cmp::gt(value, elements)?,
            Comparison::GtEq => cmp::gt_eq(value, elements)?,
            Comparison::Like => comparison::like(&spread(value, elements.len())?, elements)?,
            Comparison::NotLike => comparison::nlike(&spread(value, elements.len())?, elements)?,
            Comparison::ILike => comparison::ilike(&spread(value, elements.len())?, elements)?,
            Comparison::NotILike => comparison::nilike(&spread(value, elements.len())?, elements)?,
            Comparison::Regex => matches(value, elements)?,
            Comparison::NotRegex => not(&matches(value, elements)?)?,
        })
    }
}

/// All elements of an array, whatever its dimensions.
fn innermost(array: ArrayRef) -> ArrayRef {
    let mut level = array;
    while let Some(list) = level.as_list_opt::<i32>() {
        let at = |row: usize| usize::try_from(list.value_offsets()[row]).unwrap_or(0);
        let (from, until) = (at(0), at(list.len()));
        level = list.values().slice(from, until - from);
    }
    level
}

/// The one value as often as there are elements.
fn spread(value: &Scalar<ArrayRef>, count: usize) -> Result<ArrayRef> {
    let value = datafusion::common::ScalarValue::try_from_array(&value.clone().into_inner(), 0)?;
    value.to_array_of_size(count)
}

/// The value against each element as a regular expression.
fn matches(value: &Scalar<ArrayRef>, elements: &ArrayRef) -> Result<BooleanArray> {
    let text = cast(&value.clone().into_inner(), &DataType::Utf8)?;
    let text = text.as_string::<i32>();
    let patterns = cast(elements, &DataType::Utf8)?;
    let mut matchers = Matchers::default();
    let mut found = |pattern: Option<&str>| -> Result<Option<bool>> {
        let Some(pattern) = pattern.filter(|_| text.is_valid(0)) else { return Ok(None) };
        let matcher = matchers.get(pattern, Flags::default()).map_err(external)?;
        matcher.is_match(text.value(0)).map(Some).map_err(external)
    };
    patterns.as_string::<i32>().iter().map(&mut found).collect()
}

/// The type the left side is compared as, for the planner.
#[must_use]
pub fn element_type(list: &DataType) -> Option<DataType> {
    element(list).cloned()
}
