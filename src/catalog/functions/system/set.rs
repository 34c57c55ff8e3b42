//! Functions that return rows: as table functions for constant arguments, and as scalar functions whose result is the
//! list of rows, for a planner that unnests calls with columns as arguments.
//!
//! The element of such a list is a struct with the function's output columns, or the bare value where
//! PostgreSQL's function has a single unnamed one.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use datafusion::catalog::{MemTable, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result as PlanResult, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::call::{Call, Overload, choose, external, no_such_function, overloads};
use crate::catalog::pg_catalog::rows::{Cell, Rows};
use crate::catalog::pg_catalog::{schema, statics};
use crate::catalog::vars::SessionVars;
use crate::error::Result;

/// The rows of one call.
pub type RowsBody = for<'a> fn(&Call<'a>) -> Result<Vec<Vec<Cell<'a>>>>;

/// A function that returns rows.
#[derive(Clone)]
pub struct SetFunction {
    name: &'static str,
    overloads: Vec<Overload>,
    /// Output columns; a type of 0 is that of the first argument's elements.
    columns: Vec<(String, u32)>,
    /// Whether the rows are records (else single values).
    records: bool,
    body: RowsBody,
    signature: Signature,
}

impl SetFunction {
    /// The function of a name in `pg_proc`.
    #[must_use]
    pub fn new(name: &'static str, body: RowsBody) -> Self {
        const ANY_ELEMENT: u32 = 2283;
        let row = statics::function_names().all(name).iter().find_map(|oid| statics::functions().get(oid));
        let mut columns = row.map(|row| row.columns.clone()).unwrap_or_default();
        for column in columns.iter_mut().filter(|column| column.1 == ANY_ELEMENT) {
            column.1 = 0;
        }
        let records = columns.len() > 1;
        if columns.is_empty() {
            columns.push((name.to_owned(), row.map_or(0, |row| row.result)));
        }
        let signature = Signature::user_defined(Volatility::Stable);
        Self { name, overloads: overloads(name), columns, records, body, signature }
    }

    /// As a scalar function that returns the list of rows.
    #[must_use]
    pub fn into_udf(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(self)
    }

    /// The output columns for argument types.
    fn fields(&self, arguments: &[FieldRef]) -> Fields {
        let field = |(name, oid): &(String, u32)| {
            if *oid != 0 {
                return schema::field(name, *oid, -1, true);
            }
            match arguments.first().map(|field| field.data_type()) {
                Some(DataType::List(element)) => element.as_ref().clone().with_name(name).with_nullable(true),
                _ => Field::new(name, DataType::Null, true),
            }
        };
        self.columns.iter().map(field).collect()
    }

    fn element(&self, fields: &Fields) -> FieldRef {
        match fields.first() {
            Some(field) if !self.records => Arc::new(field.as_ref().clone().with_name("item")),
            _ => Arc::new(Field::new("item", DataType::Struct(fields.clone()), true)),
        }
    }

    /// The rows of every call, and per call how many they are.
    fn rows(
        &self,
        vars: &SessionVars,
        fields: &Fields,
        columns: &[ArrayRef],
        calls: usize,
    ) -> PlanResult<(RecordBatch, Vec<usize>)> {
        let schema = Arc::new(Schema::new(fields.clone()));
        let (mut rows, mut lengths) = (Rows::new(&schema), Vec::with_capacity(calls));
        for call in 0..calls {
            let call = Call::new(vars, columns, call);
            let null = (0..columns.len()).any(|i| call.is_null(i));
            let made = if null { Vec::new() } else { (self.body)(&call).map_err(external)? };
            lengths.push(made.len());
            for row in &made {
                rows.push(row);
            }
        }
        Ok((rows.finish()?, lengths))
    }
}

impl std::fmt::Debug for SetFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for SetFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SetFunction {}

impl Hash for SetFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for SetFunction {
    fn name(&self) -> &str {
        self.name
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
        let fields: Vec<_> =
            arguments.iter().map(|data_type| Arc::new(Field::new("", data_type.clone(), true))).collect();
        Ok(DataType::List(self.element(&self.fields(&fields))))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> PlanResult<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        choose(&self.overloads, &types).ok_or_else(|| no_such_function(self.name, &types))?;
        let element = self.element(&self.fields(args.arg_fields));
        Ok(Arc::new(Field::new(self.name, DataType::List(element), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let vars = SessionVars::of(&args.config_options)?;
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let calls = if scalar { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|arg| arg.to_array(calls)).collect::<PlanResult<Vec<_>>>()?;
        let fields = self.fields(&args.arg_fields);
        let (batch, lengths) = self.rows(vars, &fields, &columns, calls)?;
        let elements: ArrayRef =
            if self.records { Arc::new(StructArray::from(batch)) } else { Arc::clone(batch.column(0)) };
        let valid: NullBuffer = (0..calls).map(|i| columns.iter().all(|column| column.is_valid(i))).collect();
        let offsets = OffsetBuffer::from_lengths(lengths);
        let list = Arc::new(ListArray::try_new(self.element(&fields), offsets, elements, Some(valid))?);
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::List(list)) } else { ColumnarValue::Array(list) })
    }
}

impl TableFunctionImpl for SetFunction {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> PlanResult<Arc<dyn TableProvider>> {
        let vars = SessionVars::of(args.session().config_options())?;
        let mut values = Vec::new();
        for expr in args.exprs() {
            match expr {
                Expr::Literal(value, _) => values.push(value.clone()),
                _ => return plan_err!("{} takes constants here", self.name),
            }
        }
        let types: Vec<_> = values.iter().map(ScalarValue::data_type).collect();
        let (_, coerced) = choose(&self.overloads, &types).ok_or_else(|| no_such_function(self.name, &types))?;
        let fields: Vec<_> =
            coerced.iter().map(|data_type| Arc::new(Field::new("", data_type.clone(), true))).collect();
        let cast = |(value, to): (&ScalarValue, &DataType)| value.cast_to(to)?.to_array();
        let columns = values.iter().zip(&coerced).map(cast).collect::<PlanResult<Vec<_>>>()?;
        let (batch, _) = self.rows(vars, &self.fields(&fields), &columns, 1)?;
        Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
    }
}

/// A function without arguments whose rows are those of a system relation.
#[derive(Debug)]
pub struct RelationFunction {
    /// The relation in `pg_catalog`.
    pub relation: &'static str,
}

impl TableFunctionImpl for RelationFunction {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> PlanResult<Arc<dyn TableProvider>> {
        if !args.exprs().is_empty() {
            return Err(no_such_function(self.relation, &[]));
        }
        let vars = SessionVars::of(args.session().config_options())?;
        let Some(relation) = vars.snapshot.system().relation("pg_catalog", self.relation) else {
            return plan_err!("there is no relation \"{}\"", self.relation);
        };
        Ok(relation)
    }
}
