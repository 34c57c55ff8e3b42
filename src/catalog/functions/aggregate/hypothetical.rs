//! Hypothetical-set aggregates: the rank that a row of given values would have among a group's rows.
//!
//! The arguments are the hypothetical row and the ordering columns (`sql/rewrite/hypothetical.rs`). The rows of a group
//! are kept until the end, as the hypothetical row is known for certain only with them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, TypeSignature, Volatility};

use super::super::arrays::order;
use super::super::call::list_row;
use super::super::ty::{list_of, plain};
use super::super::udf::external;
use super::ordered::list_column;
use crate::error::Result;
use crate::sql::rewrite::hypothetical;

/// The aggregate that a name means; `None` for any other name.
#[must_use]
pub fn of_name(name: &str) -> Option<AggregateUDF> {
    let (function, keys) = hypothetical::of_name(name)?;
    let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
    Some(AggregateUDF::new_from_impl(Hypothetical { name: name.to_owned(), function, keys, signature }))
}

#[derive(Clone, Debug)]
struct Hypothetical {
    name: String,
    function: &'static str,
    /// For each ordering column whether it descends, and whether NULLs come first.
    keys: Vec<(bool, bool)>,
    signature: Signature,
}

impl PartialEq for Hypothetical {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Hypothetical {}

impl Hash for Hypothetical {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for Hypothetical {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        // The hypothetical values take the types of the columns they stand among.
        let columns: Vec<DataType> = arg_types.iter().skip(self.keys.len()).map(plain).collect();
        Ok(columns.iter().chain(&columns).cloned().collect())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(if self.function.ends_with("rank") && self.function != "percent_rank" {
            DataType::Int64
        } else {
            DataType::Float64
        })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let types = args.expr_fields.iter().map(|f| f.data_type().clone()).collect();
        Ok(Box::new(Rows { call: self.clone(), types, batches: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        let field = |(i, f): (usize, &FieldRef)| {
            let name = format_state_name(args.name, &format!("row{i}"));
            Arc::new(Field::new(name, list_of(f.data_type().clone()), true))
        };
        Ok(args.input_fields.iter().enumerate().map(field).collect())
    }
}

/// The rows of a group.
#[derive(Debug)]
struct Rows {
    call: Hypothetical,
    types: Vec<DataType>,
    batches: Vec<Vec<ArrayRef>>,
}

impl Rows {
    fn columns(&self) -> DfResult<Vec<ArrayRef>> {
        let column = |i: usize| {
            let parts: Vec<&dyn Array> = self.batches.iter().map(|b| b[i].as_ref()).collect();
            Ok(concat(&parts)?)
        };
        (0..self.types.len()).map(column).collect()
    }

    fn result(&self) -> DfResult<ScalarValue> {
        let counts = if self.batches.is_empty() {
            Counts::default()
        } else {
            let columns = self.columns()?;
            let (given, rows) = columns.split_at(self.call.keys.len());
            count(given, rows, &self.call.keys).map_err(external)?
        };
        let Counts { rows, before, equal, groups } = counts;
        Ok(match self.call.function {
            "rank" => ScalarValue::Int64(Some(before + 1)),
            "dense_rank" => ScalarValue::Int64(Some(groups + 1)),
            "percent_rank" => ScalarValue::Float64(Some(if rows == 0 { 0.0 } else { before as f64 / rows as f64 })),
            _ => ScalarValue::Float64(Some((before + equal + 1) as f64 / (rows + 1) as f64)),
        })
    }
}

/// How many rows there are, come before the hypothetical one, are equal to it, and in how many groups of equal rows
/// those before it fall.
#[derive(Default)]
struct Counts {
    rows: i64,
    before: i64,
    equal: i64,
    groups: i64,
}

fn count(given: &[ArrayRef], rows: &[ArrayRef], keys: &[(bool, bool)]) -> Result<Counts> {
    let among = compared(rows, rows, keys)?;
    let to_given = compared(rows, given, keys)?;
    let total = rows.first().map_or(0, Array::len);
    let mut before: Vec<usize> = Vec::new();
    let mut equal = 0;
    for row in 0..total {
        match to_given(row, 0) {
            Ordering::Less => before.push(row),
            Ordering::Equal => equal += 1,
            Ordering::Greater => {}
        }
    }
    before.sort_by(|a, b| among(*a, *b));
    let changes = before.windows(2).filter(|pair| among(pair[0], pair[1]).is_ne()).count();
    let groups = if before.is_empty() { 0 } else { changes + 1 };
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Counts { rows: number(total), before: number(before.len()), equal, groups: number(groups) })
}

type Comparator = Box<dyn Fn(usize, usize) -> Ordering>;

/// The order of rows by several columns.
fn compared(left: &[ArrayRef], right: &[ArrayRef], keys: &[(bool, bool)]) -> Result<Comparator> {
    let mut columns: Vec<Comparator> = Vec::with_capacity(keys.len());
    for ((left, right), (descending, nulls_first)) in left.iter().zip(right).zip(keys.iter().copied()) {
        let values = order(left, right)?;
        let (left, right) = (Arc::clone(left), Arc::clone(right));
        columns.push(Box::new(move |i, j| match (left.is_null(i), right.is_null(j)) {
            (false, false) if descending => values(i, j).reverse(),
            (false, false) => values(i, j),
            (a, b) if nulls_first => b.cmp(&a),
            (a, b) => a.cmp(&b),
        }));
    }
    Ok(Box::new(move |i, j| columns.iter().map(|compare| compare(i, j)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)))
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values.first().is_some_and(|v| !v.is_empty()) {
            self.batches.push(values.to_vec());
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        self.result()
    }

    fn size(&self) -> usize {
        let rows: usize = self.batches.iter().flatten().map(arrow::array::Array::get_array_memory_size).sum();
        size_of::<Self>() + rows
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        if self.batches.is_empty() {
            return self.types.iter().map(|t| ScalarValue::try_from(list_of(t.clone()))).collect();
        }
        let columns = self.columns()?;
        let lists = columns.iter().zip(&self.types).map(|(column, data_type)| {
            let list = list_column(&[Some(Arc::clone(column))], data_type).map_err(external)?;
            ScalarValue::try_from_array(&list, 0)
        });
        lists.collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        for row in 0..states.first().map_or(0, arrow::array::Array::len) {
            let rows: Option<Vec<ArrayRef>> = states.iter().map(|s| list_row(s, row)).collect();
            if let Some(rows) = rows {
                self.update_batch(&rows)?;
            }
        }
        Ok(())
    }
}
