//! ORDER BY inside an aggregate's argument list: rows are kept with their sort keys and sorted before they are added up.
//!
//! So any number of aggregates with different orders can stand in one query, and partial states can be joined. The rows
//! of a group are held in memory until then, and counted.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, concat, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, Expr, SortExpr};

use super::super::call::list_row;
use super::super::ty::list_of;
use super::super::udf::external;
use super::ordered::list_column;

/// Rows that wait to be sorted.
#[derive(Debug)]
pub struct Sorted {
    inner: Box<dyn Accumulator>,
    /// Batches of the arguments and, after them, the sort keys.
    batches: Vec<Vec<ArrayRef>>,
    arguments: usize,
    types: Vec<DataType>,
    options: Vec<SortOptions>,
    distinct: bool,
}

impl Sorted {
    /// An accumulator that gives `inner` its rows in order.
    pub fn new(inner: Box<dyn Accumulator>, args: &AccumulatorArgs<'_>) -> DfResult<Self> {
        let mut types: Vec<DataType> = args.expr_fields.iter().map(|f| f.data_type().clone()).collect();
        for key in args.order_bys {
            types.push(key.expr.data_type(args.schema)?);
        }
        let options = args.order_bys.iter().map(|key| key.options).collect();
        let arguments = args.expr_fields.len();
        Ok(Self { inner, batches: Vec::new(), arguments, types, options, distinct: args.is_distinct })
    }

    /// The columns of all rows.
    fn columns(&self) -> DfResult<Vec<ArrayRef>> {
        let column = |i: usize| {
            let parts: Vec<&dyn Array> = self.batches.iter().map(|b| b[i].as_ref()).collect();
            Ok(concat(&parts)?)
        };
        (0..self.types.len()).map(column).collect()
    }

    /// The arguments of all rows in order, with DISTINCT each combination once.
    fn ordered(&self) -> DfResult<Vec<ArrayRef>> {
        let columns = self.columns()?;
        // DISTINCT alone sorts by the arguments, as PostgreSQL's does.
        let by_arguments = self.options.is_empty();
        let keys = if by_arguments { &columns[..self.arguments] } else { &columns[self.arguments..] };
        let ascending = SortOptions { descending: false, nulls_first: false };
        let keys = keys.iter().enumerate().map(|(i, values)| {
            let options = self.options.get(i).copied().unwrap_or(ascending);
            SortColumn { values: Arc::clone(values), options: Some(options) }
        });
        // The row's number as last key keeps equal rows in the order they came.
        let rows = u32::try_from(columns[0].len()).unwrap_or(u32::MAX);
        let numbers: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..rows));
        let last = SortColumn { values: numbers, options: None };
        let keys: Vec<SortColumn> = keys.chain([last]).collect();
        let order = lexsort_to_indices(&keys, None)?;
        let arguments = columns[..self.arguments].iter().map(|c| Ok(take(c, &order, None)?));
        let arguments = arguments.collect::<DfResult<Vec<_>>>()?;
        if self.distinct { once(&arguments) } else { Ok(arguments) }
    }
}

/// The first of equal rows.
fn once(columns: &[ArrayRef]) -> DfResult<Vec<ArrayRef>> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for row in 0..columns[0].len() {
        let key = columns.iter().map(|c| ScalarValue::try_from_array(c, row)).collect::<DfResult<Vec<_>>>()?;
        if seen.insert(key) {
            kept.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }
    let kept = UInt32Array::from(kept);
    columns.iter().map(|c| Ok(take(c, &kept, None)?)).collect()
}

/// Gives DISTINCT without ORDER BY the order of its arguments, before a rewrite into GROUP BY could lose it.
pub fn order_distinct(mut call: AggregateFunction, _info: &SimplifyContext) -> DfResult<Expr> {
    if call.params.distinct && call.params.order_by.is_empty() {
        let by = |argument: &Expr| SortExpr::new(argument.clone(), true, false);
        call.params.order_by = call.params.args.iter().map(by).collect();
    }
    Ok(Expr::AggregateFunction(call))
}

/// The fields of a saved state: arguments and sort keys as lists.
pub fn state_fields(args: &StateFieldsArgs<'_>) -> Vec<FieldRef> {
    let fields = args.input_fields.iter().chain(args.ordering_fields).enumerate();
    fields
        .map(|(i, field)| {
            let name = format_state_name(args.name, &format!("row{i}"));
            Arc::new(Field::new(name, list_of(field.data_type().clone()), true))
        })
        .collect()
}

impl Accumulator for Sorted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values.first().is_some_and(|v| !v.is_empty()) {
            self.batches.push(values.to_vec());
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        if !self.batches.is_empty() {
            let rows = self.ordered()?;
            self.inner.update_batch(&rows)?;
        }
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        let rows: usize = self.batches.iter().flatten().map(arrow::array::Array::get_array_memory_size).sum();
        size_of::<Self>() + rows + self.inner.size()
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
