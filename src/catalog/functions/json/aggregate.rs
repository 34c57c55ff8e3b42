//! `json_agg`, `jsonb_agg`, `json_object_agg`, `jsonb_object_agg`. NULLs count as values here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, TypeSignature, Volatility};

use super::super::access::TextArray;
use super::super::aggregate::sorted::{self, Sorted};
use super::super::call::{VALUE_LIMIT, too_large};
use super::super::ty::{self, Ty};
use super::super::udf::{external, fault};
use super::write::JsonWriter;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::TextStyle;
use crate::types::json::normal_jsonb;

/// The aggregates of this module.
pub fn functions() -> Vec<AggregateUDF> {
    let one = |name, object, binary| {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Stable);
        AggregateUDF::new_from_impl(JsonAgg { name, object, binary, signature })
    };
    vec![
        one("json_agg", false, false),
        one("jsonb_agg", false, true),
        one("json_object_agg", true, false),
        one("jsonb_object_agg", true, true),
    ]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonAgg {
    name: &'static str,
    object: bool,
    binary: bool,
    signature: Signature,
}

impl AggregateUDFImpl for JsonAgg {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        if arg_types.len() != 1 + usize::from(self.object) {
            let types: Vec<Ty> = arg_types.iter().filter_map(Ty::of).collect();
            return Err(external(super::super::resolve::undefined(self.name, &types)));
        }
        Ok(arg_types.iter().map(ty::plain).collect())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        internal_err!("{} derives its type from fields", self.name)
    }

    fn return_field(&self, _arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        let ty = if self.binary { Ty::Jsonb } else { Ty::Json };
        Ok(Arc::new(ty.field().with_name(self.name)))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let fields = args.expr_fields.iter().map(|f| f.as_ref().clone()).collect();
        let members = Members { object: self.object, binary: self.binary, fields, text: String::new(), any: false };
        if args.order_bys.is_empty() && !args.is_distinct {
            return Ok(Box::new(members));
        }
        Ok(Box::new(Sorted::new(Box::new(members), &args)?))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        if args.is_distinct || !args.ordering_fields.is_empty() {
            return Ok(sorted::state_fields(&args));
        }
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "members"), DataType::Utf8, true))])
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(sorted::order_distinct))
    }

    fn with_beneficial_ordering(self: Arc<Self>, _ordered: bool) -> DfResult<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Beneficial
    }
}

/// The members so far, separated by commas.
#[derive(Debug)]
struct Members {
    object: bool,
    binary: bool,
    fields: Vec<Field>,
    text: String,
    any: bool,
}

impl Members {
    fn separate(&mut self) -> Result<()> {
        if self.any {
            self.text.push_str(", ");
        }
        self.any = true;
        if self.text.len() > VALUE_LIMIT { Err(too_large()) } else { Ok(()) }
    }

    /// Whether a member that is an array or a row begins a line.
    fn breaks(&self) -> bool {
        let structured = |field: &Field| field.data_type().is_nested();
        !self.object && self.fields.last().is_some_and(structured)
    }

    fn add(&mut self, values: &[ArrayRef]) -> Result<()> {
        let style = Arc::new(TextStyle::default());
        let last = values.len() - 1;
        let value = JsonWriter::new(&values[last], &self.fields[last], &style)?;
        let key = if self.object { Some(JsonWriter::new(&values[0], &self.fields[0], &style)?) } else { None };
        let before = usize::from(self.any);
        for row in 0..values[0].len() {
            self.separate()?;
            if let Some(key) = &key {
                if values[0].is_null(row) {
                    let message = if self.binary {
                        "field name must not be null"
                    } else {
                        "null value not allowed for object key"
                    };
                    let state =
                        if self.binary { sqlstate::INVALID_PARAMETER_VALUE } else { sqlstate::NULL_VALUE_NOT_ALLOWED };
                    return Err(Error::new(state, message));
                }
                super::build::key(key, row, &mut self.text)?;
                self.text.push_str(" : ");
            }
            if row + before > 0 && self.breaks() && values[last].is_valid(row) {
                self.text.push_str("\n ");
            }
            value.write(row, &mut self.text)?;
        }
        Ok(())
    }

    fn result(&self) -> Result<Option<String>> {
        if !self.any {
            return Ok(None);
        }
        let whole = match self.object {
            true => format!("{{ {} }}", self.text),
            false => format!("[{}]", self.text),
        };
        if self.binary { normal_jsonb(&whole).map(Some) } else { Ok(Some(whole)) }
    }
}

impl Accumulator for Members {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.add(values).map_err(external)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Utf8(self.result().map_err(external)?))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.text.capacity()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8(self.any.then(|| self.text.clone()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let texts = TextArray::of(states[0].as_ref()).ok_or_else(|| external(fault("state of another aggregate")))?;
        for row in (0..states[0].len()).filter(|row| states[0].is_valid(*row)) {
            let first = !self.any;
            self.separate().map_err(external)?;
            if !first && self.breaks() && !texts.value(row).starts_with("null") {
                self.text.push_str("\n ");
            }
            self.text.push_str(texts.value(row));
        }
        Ok(())
    }
}
