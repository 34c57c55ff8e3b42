//! A table of kinds as a DataFusion aggregate function.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, TypeSignature, Volatility,
};

use super::super::resolve;
use super::super::ty::Ty;
use super::super::udf::external;
use super::frame::SharedKind;
use super::sorted::{self, Sorted};
use crate::error::Result;
use crate::types::PG_TYPMOD_KEY;

/// What an aggregate is for arguments of given types.
pub struct Chosen {
    /// The types arguments are cast to.
    pub arguments: Vec<DataType>,
    /// The result.
    pub ret: Field,
    /// What a group keeps.
    pub kind: SharedKind,
}

/// Chooses what an aggregate is by its arguments' types; `None` when PostgreSQL has no such aggregate.
pub type Choose = fn(&[DataType]) -> Option<Chosen>;

/// A PostgreSQL aggregate.
pub struct PgAggregate {
    name: &'static str,
    signature: Signature,
    choose: Choose,
    within_group: bool,
    ordered: bool,
}

impl PgAggregate {
    /// An aggregate whose result does not depend on the order of its rows.
    pub fn function(name: &'static str, choose: Choose) -> AggregateUDF {
        Self::with(name, choose, false, false)
    }

    /// An aggregate that honours ORDER BY in its argument list.
    pub fn ordered(name: &'static str, choose: Choose) -> AggregateUDF {
        Self::with(name, choose, false, true)
    }

    /// An ordered-set aggregate: WITHIN GROUP's expression comes as its first argument.
    pub fn within_group(name: &'static str, choose: Choose) -> AggregateUDF {
        Self::with(name, choose, true, false)
    }

    fn with(name: &'static str, choose: Choose, within_group: bool, ordered: bool) -> AggregateUDF {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        AggregateUDF::new_from_impl(Self { name, signature, choose, within_group, ordered })
    }

    fn chosen(&self, types: &[DataType]) -> Result<Chosen> {
        (self.choose)(types).ok_or_else(|| {
            let types: Vec<Ty> = types.iter().map(|t| Ty::of(t).unwrap_or(Ty::Any)).collect();
            resolve::undefined(self.name, &types)
        })
    }

    fn kind(&self, fields: &[FieldRef]) -> Result<SharedKind> {
        let types: Vec<DataType> = fields.iter().map(|f| f.data_type().clone()).collect();
        Ok(self.chosen(&types)?.kind)
    }
}

/// What a field's metadata says of its type, without the modifier, which no function passes on.
pub(super) fn own_type(field: &Field) -> HashMap<String, String> {
    let mut metadata = field.metadata().clone();
    metadata.remove(PG_TYPMOD_KEY);
    metadata
}

fn types_of(fields: &[FieldRef]) -> Vec<DataType> {
    fields.iter().map(|f| f.data_type().clone()).collect()
}

impl std::fmt::Debug for PgAggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgAggregate").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for PgAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for PgAggregate {}

impl Hash for PgAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for PgAggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        // What no aggregate takes stays as it is: `return_field` refuses it in PostgreSQL's words, which DataFusion
        // would replace by its own here.
        Ok(self.chosen(arg_types).map_or_else(|_| arg_types.to_vec(), |chosen| chosen.arguments))
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        internal_err!("{} derives its type from fields", self.name)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        let types: Vec<DataType> = arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let chosen = self.chosen(&types).map_err(external)?;
        let mut ret = chosen.ret.with_name(self.name).with_nullable(true);
        if self.within_group && arg_fields.first().is_some_and(|f| f.data_type() == ret.data_type()) {
            ret = ret.with_metadata(own_type(&arg_fields[0]));
        }
        Ok(Arc::new(ret))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let kind = self.kind(args.expr_fields).map_err(external)?;
        if self.ordered && (args.is_distinct || !args.order_bys.is_empty()) {
            return Ok(Box::new(Sorted::new(kind.single(), &args)?));
        }
        Ok(if args.is_distinct { kind.distinct(types_of(args.expr_fields)) } else { kind.single() })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        if self.ordered && (args.is_distinct || !args.ordering_fields.is_empty()) {
            return Ok(sorted::state_fields(&args));
        }
        let types: Vec<DataType> = if args.is_distinct {
            args.input_fields.iter().map(|f| super::super::ty::list_of(f.data_type().clone())).collect()
        } else {
            self.kind(args.input_fields).map_err(external)?.state_types()
        };
        let field = |(i, t)| Arc::new(Field::new(format_state_name(args.name, &format!("state{i}")), t, true));
        Ok(types.into_iter().enumerate().map(field).collect())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct && args.order_bys.is_empty()
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn GroupsAccumulator>> {
        Ok(self.kind(args.expr_fields).map_err(external)?.groups())
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let kind = self.kind(args.expr_fields).map_err(external)?;
        Ok(if args.is_distinct { kind.distinct(types_of(args.expr_fields)) } else { kind.sliding() })
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        match self.ordered {
            // The rows are sorted here, whatever order they come in.
            true => AggregateOrderSensitivity::Beneficial,
            false => AggregateOrderSensitivity::Insensitive,
        }
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.ordered.then(|| Box::new(sorted::order_distinct) as AggregateFunctionSimplification)
    }

    fn with_beneficial_ordering(self: Arc<Self>, _ordered: bool) -> DfResult<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn supports_within_group_clause(&self) -> bool {
        self.within_group
    }
}
