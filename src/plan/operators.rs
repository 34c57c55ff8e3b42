//! Operators with PostgreSQL's meaning, resolved by their operands' types.
//!
//! A bare string or an untyped param takes the type that the other side asks for before anything else is decided. Then
//! arithmetic becomes a call of the function that `pg_operator` names for the operands' types; what PostgreSQL has no
//! operator for is `42883`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, Operator, binary_expr, lit};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator as Op;
use tokio_util::sync::CancellationToken;

use super::array_literal;
use super::branches::case_field;
use super::calls::{call, cast, cast_to_column, cast_to_text, implicit_temporal};
use super::literals::{adapt, fold_number, is_null, is_unknown};
use super::names::joins::{MERGED_EITHER, is_merging};
use super::unify::common_field;
use super::{json_operators, records, temporal, wide};
use crate::catalog::functions::arith::{self, function_name};
use crate::catalog::functions::ty::{Ty, element_field};
use crate::catalog::functions::{CONCATENATION, Functions};
use crate::error::Error;
use crate::exec::stopped;
use crate::sql::rewrite::forms::{DISTINCT, NOT_DISTINCT};
use crate::sqlstate;
use crate::types::{PG_TYPE_KEY, PG_TYPMOD_KEY, TextStyle, oid, pg_type};

/// The fields of an operator's two sides, where they are known.
pub type SideFields = (Option<FieldRef>, Option<FieldRef>);

/// The operator hook.
#[derive(Debug)]
pub struct Operators {
    functions: Arc<Functions>,
    style: Arc<TextStyle>,
    cancel: CancellationToken,
}

impl Operators {
    /// The hook with the functions that operators stand for, how the session reads literals, and what stops it.
    #[must_use]
    pub fn new(functions: Arc<Functions>, style: Arc<TextStyle>, cancel: CancellationToken) -> Self {
        Self { functions, style, cancel }
    }

    /// The merged column of two: the first one's value in the type of both.
    fn merged(&self, op: &Op, left: Expr, right: &Expr, schema: &DFSchema) -> Result<Expr> {
        let fields = [known(&left, schema), known(right, schema)];
        let [Some(own), Some(other)] = &fields else { return Ok(left) };
        let external = |error| DataFusionError::External(Box::new(error));
        let common = common_field("JOIN/USING", &fields).map_err(external)?;
        if pg_type(&common).oid == pg_type(own).oid {
            return Ok(left);
        }
        if *op == Op::Custom(MERGED_EITHER.to_owned()) && pg_type(&common).oid == pg_type(other).oid {
            return Ok(right.clone());
        }
        // A numeric's digits are the type's, nobody has written them.
        let metadata = [(PG_TYPMOD_KEY.to_owned(), "-1".to_owned())].into();
        let common = match pg_type(&common).oid {
            oid::NUMERIC => Arc::new(common.as_ref().clone().with_metadata(metadata)),
            _ => common,
        };
        cast_to_column(left, own, &common, &self.functions).map_err(external)
    }

    /// A comparison whose operands DataFusion would compare otherwise; `None` when its own way is right.
    fn comparison(
        &self,
        op: &Op,
        (left, right): (&Expr, &Expr),
        (fields, types): (&SideFields, (Option<Ty>, Option<Ty>)),
        schema: &DFSchema,
    ) -> Result<Option<PlannerResult<RawBinaryExpr>>> {
        if !same_elements(fields) {
            return Err(no_operator(if distinct(op).is_some() { &Op::Eq } else { op }, fields));
        }
        let planned = match types {
            (Some(Ty::Record), Some(Ty::Record)) => Some(records::planned(self, op, left, right, schema)?),
            (Some(Ty::Array(_)), Some(Ty::Array(_)))
                if [&fields.0, &fields.1].into_iter().flatten().any(|f| has_documents(f)) =>
            {
                return Err(unsupported("comparisons of jsonb arrays are not supported"));
            }
            (Some(Ty::Array(_)), Some(Ty::Array(_))) if plain(fields) && distinct(op).is_none() => {
                self.call(array_comparison(op), vec![left.clone(), right.clone()])
            }
            (Some(a), Some(b)) if (a == Ty::Bits) != (b == Ty::Bits) => return Err(no_operator(op, fields)),
            (Some(a), Some(b)) if !comparable(a, b) && plain(fields) => return Err(no_operator(op, fields)),
            (Some(a), Some(b)) if temporal::is_compared(a, b) => {
                let (left, right) = temporal::compared(op, left.clone(), right.clone(), (a, b), &self.functions);
                match distinct(op) {
                    Some(op) => Some(binary_expr(left, op, right)),
                    None => {
                        let compared = RawBinaryExpr { op: op.clone(), left, right };
                        return Ok(Some(PlannerResult::Original(compared)));
                    }
                }
            }
            _ if let Some(op) = distinct(op) => {
                let sides = wide::comparable(vec![left.clone(), right.clone()], schema, &self.functions)?;
                match <[Expr; 2]>::try_from(sides) {
                    Ok([left, right]) => Some(binary_expr(left, op, right)),
                    Err(_) => None,
                }
            }
            _ => None,
        };
        Ok(planned.map(PlannerResult::Planned))
    }

    /// A call of a registered function with its arguments cast; `None` when it is not registered.
    fn call(&self, name: &str, args: Vec<Expr>) -> Option<Expr> {
        self.functions.scalar.get(name).map(|function| function.call(args))
    }

    /// The operands with their unknowns settled.
    fn operands(&self, op: &Op, left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
        let fields = (known(&left, schema), known(&right, schema));
        let untyped = |expr: &Expr| is_unknown(expr) || is_null(expr);
        if let (Some(field), None) | (None, Some(field)) = &fields
            && (untyped(&left) || untyped(&right))
            && let Some(error) = undecided(op, field, &fields)
        {
            return Err(error);
        }
        match fields {
            (Some(field), None) => {
                let right = operand(right, &wanted(op, &field), op, &self.style)?;
                Ok((left, right))
            }
            (None, Some(field)) => {
                let left = operand(left, &wanted(op, &field), op, &self.style)?;
                Ok((left, right))
            }
            _ => Ok((left, right)),
        }
    }

    /// `+ - * / %` between known types.
    fn arithmetic(&self, op: &Op, left: Expr, right: Expr, types: (Ty, Ty)) -> Result<Option<Expr>> {
        let number = |ty| matches!(ty, Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Numeric | Ty::Float4 | Ty::Float8);
        if number(types.0) && number(types.1) {
            return Ok(self.numbers(op, left, right, types));
        }
        let Some(meant) = temporal::operator(op, types)? else { return Ok(None) };
        let (left, right, types) = if meant.swapped { (right, left, (types.1, types.0)) } else { (left, right, types) };
        let side = |expr, from, to| cast(implicit_temporal(expr, from, to, &self.functions), from, to, &self.functions);
        let (a, b) = meant.arguments;
        Ok(self.call(meant.function, vec![side(left, types.0, a), side(right, types.1, b)]))
    }

    fn numbers(&self, op: &Op, left: Expr, right: Expr, types: (Ty, Ty)) -> Option<Expr> {
        let arith_op = match op {
            Op::Plus => arith::Op::Add,
            Op::Minus => arith::Op::Sub,
            Op::Multiply => arith::Op::Mul,
            Op::Divide => arith::Op::Div,
            _ => arith::Op::Rem,
        };
        let ty = common_number(types.0, types.1);
        let name = function_name(arith_op, ty)?;
        self.call(name, vec![cast(left, types.0, ty, &self.functions), cast(right, types.1, ty, &self.functions)])
    }

    /// `& | # << >>` of integers.
    fn bitwise(&self, op: &Op, sides: Vec<Expr>, fields: &SideFields) -> Result<Option<Expr>> {
        let types = (type_of(fields.0.as_ref()), type_of(fields.1.as_ref()));
        let bits = match op {
            Op::PGBitwiseShiftLeft | Op::PGBitwiseShiftRight => types.0 == Some(Ty::Bits),
            _ => {
                types.0 == Some(Ty::Bits) && matches!(types.1, None | Some(Ty::Bits)) || types == (None, Some(Ty::Bits))
            }
        };
        let integer =
            |f: &Option<FieldRef>| bits || matches!(type_of(f.as_ref()), None | Some(Ty::Int2 | Ty::Int4 | Ty::Int8));
        if !integer(&fields.0) || !integer(&fields.1) {
            return Err(no_operator(op, fields));
        }
        let name = match op {
            Op::BitwiseAnd => "bitand",
            Op::BitwiseOr => "bitor",
            Op::PGBitwiseShiftLeft => "bitshiftleft",
            Op::PGBitwiseShiftRight => "bitshiftright",
            _ => "bitxor",
        };
        Ok(self.call(name, sides))
    }

    /// An operator that the planner's own form does; comparisons have both sides in one form.
    fn original(&self, op: Op, left: Expr, right: Expr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if !is_comparison(&op) {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        }
        match <[Expr; 2]>::try_from(wide::comparable(vec![left, right], schema, &self.functions)?) {
            Ok([left, right]) => Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
            Err(_) => datafusion::common::internal_err!("an operator has two sides"),
        }
    }

    /// `||`.
    fn concatenate(&self, left: Expr, right: Expr, fields: &SideFields) -> Option<Expr> {
        let types = (type_of(fields.0.as_ref()), type_of(fields.1.as_ref()));
        let left = unpadded(left, fields.0.as_ref(), &self.functions);
        let right = unpadded(right, fields.1.as_ref(), &self.functions);
        let array = |ty| matches!(ty, Some(Ty::Array(_) | Ty::AnyArray));
        if (array(types.0) || array(types.1)) && !joins(fields) {
            return None;
        }
        match types {
            (a, b) if array(a) && array(b) => self.call("array_cat", vec![left, right]),
            (a, _) if array(a) => self.call("array_append", vec![left, right]),
            (_, b) if array(b) => self.call("array_prepend", vec![left, right]),
            (Some(Ty::Bits), Some(Ty::Bits) | None) | (None, Some(Ty::Bits)) => {
                let field = Arc::new(
                    Field::new("bits", DataType::Utf8, true)
                        .with_metadata([(PG_TYPE_KEY.to_owned(), oid::VARBIT.to_string())].into()),
                );
                let joined = self.call(CONCATENATION, vec![left, right])?;
                Some(Expr::Cast(Cast::new_from_field(Box::new(joined), field)))
            }
            (Some(Ty::Bytea), Some(Ty::Bytea) | None) | (None, Some(Ty::Bytea)) => {
                self.call("bytea_concat", vec![left, right])
            }
            (a, b) => {
                let text = |ty: Option<Ty>| matches!(ty, None | Some(Ty::Text | Ty::Unknown));
                if !text(a) && !text(b) {
                    return None;
                }
                let side = |expr: Expr, ty: Option<Ty>| match ty {
                    Some(ty) if !text(Some(ty)) => cast_to_text(expr, &self.functions),
                    _ => expr,
                };
                self.call("text_concat", vec![side(left, a), side(right, b)])
            }
        }
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if self.cancel.is_cancelled() {
            return Err(DataFusionError::External(Box::new(stopped())));
        }
        // Predicates have one meaning, and their operands may be large: nothing is asked of their types.
        if matches!(expr.op, Op::And | Op::Or) {
            return Ok(PlannerResult::Original(expr));
        }
        let RawBinaryExpr { op, left, right } = expr;
        if is_merging(&op) {
            return Ok(PlannerResult::Planned(self.merged(&op, left, &right, schema)?));
        }
        let (left, right) = self.operands(&op, fold_number(left), fold_number(right), schema)?;
        let fields = (known(&left, schema), known(&right, schema));
        let types = (type_of(fields.0.as_ref()), type_of(fields.1.as_ref()));
        let Ok(json) = json_operators::function(&op, types) else { return Err(no_operator(&op, &fields)) };
        if let Some(planned) = json.and_then(|name| self.call(name, vec![left.clone(), right.clone()])) {
            return Ok(PlannerResult::Planned(planned));
        }
        let planned = match &op {
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => match types {
                (Some(a), Some(b)) => match self.arithmetic(&op, left.clone(), right.clone(), (a, b))? {
                    Some(planned) => Some(planned),
                    None => return Err(no_operator(&op, &fields)),
                },
                _ if is_unknown(&left) && is_unknown(&right) => return Err(not_unique(&op, &fields)),
                _ => None,
            },
            Op::StringConcat if !is_null(&left) && !is_null(&right) => {
                let planned = self.concatenate(left.clone(), right.clone(), &fields);
                if planned.is_none() {
                    return Err(no_operator(&op, &fields));
                }
                planned
            }
            Op::BitwiseAnd | Op::BitwiseOr | Op::PGBitwiseXor if matches!(types, (Some(a), Some(b)) if fractional(a) || fractional(b)) =>
            {
                return Err(no_operator(&op, &fields));
            }
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Custom(_) => {
                match self.comparison(&op, (&left, &right), (&fields, types), schema)? {
                    Some(compared) => return Ok(compared),
                    None => None,
                }
            }
            Op::BitwiseAnd
            | Op::BitwiseOr
            | Op::BitwiseXor
            | Op::PGBitwiseXor
            | Op::PGBitwiseShiftLeft
            | Op::PGBitwiseShiftRight => self.bitwise(&op, vec![left.clone(), right.clone()], &fields)?,
            Op::PGLikeMatch | Op::PGNotLikeMatch | Op::PGILikeMatch | Op::PGNotILikeMatch => {
                Some(like(&op, left.clone(), right.clone()))
            }
            Op::AtArrow | Op::ArrowAt | Op::PGOverlap if !same_elements(&fields) => {
                return Err(no_operator(&op, &fields));
            }
            other => named(other).and_then(|name| self.call(name, vec![left.clone(), right.clone()])),
        };
        match planned {
            Some(planned) => Ok(PlannerResult::Planned(planned)),
            None => self.original(op, left, right, schema),
        }
    }

    fn plan_array_literal(&self, exprs: Vec<Expr>, schema: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        let exprs = exprs.into_iter().map(fold_number).collect();
        array_literal::plan(exprs, schema, &self.functions, &self.style).map(PlannerResult::Planned)
    }

    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(self.named("extract", args))
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        // The grammar's POSITION(substring IN text) comes as the function's (text, substring).
        Ok(self.named("position", args))
    }

    fn plan_substring(&self, mut args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        // SUBSTRING(text FOR n) comes with a start of its own, a bigint.
        if let [_, from @ Expr::Literal(ScalarValue::Int64(Some(1)), None), _] = args.as_mut_slice() {
            *from = lit(1_i32);
        }
        Ok(self.named("substring", args))
    }

    fn plan_overlay(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(self.named("overlay", args))
    }
}

impl Operators {
    fn named(&self, name: &str, args: Vec<Expr>) -> PlannerResult<Vec<Expr>> {
        match self.functions.scalar.get(name) {
            Some(function) => PlannerResult::Planned(function.call(args)),
            None => PlannerResult::Original(args),
        }
    }
}

/// An operand of unknown type as the type that the operator wants; NULL too, where the result's type depends on it.
fn operand(expr: Expr, wanted: &Field, op: &Op, style: &TextStyle) -> Result<Expr> {
    let arithmetic = matches!(op, Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo);
    if arithmetic && is_null(&expr) && (wanted.data_type().is_temporal() || wanted.data_type().is_floating()) {
        return Ok(Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(wanted.clone()))));
    }
    adapt(expr, wanted, style)
}

/// `IS [NOT] DISTINCT FROM`, which comes as an operator so that its sides are settled here.
#[must_use]
pub fn distinct(op: &Op) -> Option<Operator> {
    match op {
        Op::Custom(name) if name == DISTINCT => Some(Operator::IsDistinctFrom),
        Op::Custom(name) if name == NOT_DISTINCT => Some(Operator::IsNotDistinctFrom),
        _ => None,
    }
}

/// The type of an expression, `None` while it is unknown (a bare string, an untyped param) or does not resolve yet.
pub(super) fn known(expr: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    if is_unknown(expr) || matches!(expr, Expr::Placeholder(p) if p.field.is_none()) {
        return None;
    }
    if let Expr::Case(case) = expr
        && let Some(field) = case_field(case, schema)
    {
        return Some(field);
    }
    expr.to_field(schema).ok().map(|(_, field)| field).filter(|f| *f.data_type() != DataType::Null)
}

fn type_of(field: Option<&FieldRef>) -> Option<Ty> {
    field.and_then(|f| Ty::of_field(f)).filter(|ty| *ty != Ty::Unknown)
}

/// Whether neither side is one of the catalog's own types (`oid`, `regclass`, …), which convert more freely.
#[must_use]
pub fn plain(fields: &SideFields) -> bool {
    use oid::{BIT, BPCHAR, CHAR, JSON, JSONB, NAME, TIMETZ, UUID, VARBIT, VARCHAR};
    let usual = [BIT, BPCHAR, CHAR, JSON, JSONB, NAME, TIMETZ, UUID, VARBIT, VARCHAR];
    let own = |f: &Option<FieldRef>| {
        f.as_ref().is_some_and(|f| f.metadata().contains_key(PG_TYPE_KEY) && !usual.contains(&pg_type(f).oid))
    };
    !own(&fields.0) && !own(&fields.1)
}

/// `char(n)` as the text it is to other types, without its padding.
fn unpadded(expr: Expr, field: Option<&FieldRef>, functions: &Functions) -> Expr {
    if field.is_some_and(|f| wide::is_padded(f)) { call(functions, "bpchar_trim", vec![expr]) } else { expr }
}

/// Whether PostgreSQL compares two types.
#[must_use]
pub fn comparable(a: Ty, b: Ty) -> bool {
    let casts = a == b || a.casts_implicitly(b) || b.casts_implicitly(a);
    casts || a.category() == b.category() && a.category() != 'D'
}

/// Whether two sides that are both arrays have elements of one type, as every operator of `anyarray` wants them.
fn same_elements(fields: &SideFields) -> bool {
    let element = |field: &Option<FieldRef>| {
        let item = element_field(field.as_ref()?.data_type())?;
        (!item.data_type().is_null()).then(|| pg_type(leaf(item)).oid)
    };
    match (element(&fields.0), element(&fields.1)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The innermost element of an array's elements.
fn leaf(item: &FieldRef) -> &FieldRef {
    element_field(item.data_type()).map_or(item, leaf)
}

/// Whether an array and another one, or one more element, have a type that all elements fit in.
fn joins(fields: &SideFields) -> bool {
    let (Some(left), Some(right)) = (&fields.0, &fields.1) else { return true };
    let own = |field: &FieldRef| {
        let own = element_field(field.data_type()).map_or(field, leaf);
        (!own.data_type().is_null()).then(|| Arc::clone(own))
    };
    common_field("array", &[own(left), own(right)]).is_ok()
}

/// `42883` for sides that PostgreSQL compares by no operator.
pub fn check_comparable(op: &Op, fields: &SideFields) -> Result<()> {
    let types = (type_of(fields.0.as_ref()), type_of(fields.1.as_ref()));
    let refused = match types {
        (Some(a), Some(b)) => {
            let told = |ty| matches!(ty, Ty::Bits | Ty::Jsonb | Ty::Json | Ty::Uuid | Ty::Bytea);
            (told(a) || told(b)) && a != b || !comparable(a, b)
        }
        _ => false,
    };
    if (refused && plain(fields)) || !same_elements(fields) { Err(no_operator(op, fields)) } else { Ok(()) }
}

/// The type two numbers are brought to.
fn common_number(a: Ty, b: Ty) -> Ty {
    let rank = |ty| match ty {
        Ty::Int2 => 0,
        Ty::Int4 => 1,
        Ty::Int8 => 2,
        Ty::Numeric => 3,
        Ty::Float4 => 4,
        _ => 5,
    };
    match (rank(a).min(rank(b)), rank(a).max(rank(b))) {
        (low, 4) if low < 4 => Ty::Float8,
        _ if rank(a) >= rank(b) => a,
        _ => b,
    }
}

/// The function of an operator that has one whatever its operands' types.
fn named(op: &Op) -> Option<&'static str> {
    Some(match op {
        Op::PGExp => "power",
        Op::PGRegexMatch => "textregexeq",
        Op::PGRegexNotMatch => "textregexne",
        Op::PGRegexIMatch => "texticregexeq",
        Op::PGRegexNotIMatch => "texticregexne",
        Op::AtArrow => "arraycontains",
        Op::ArrowAt => "arraycontained",
        Op::PGOverlap => "arrayoverlap",
        _ => return None,
    })
}

/// `~~` and its kin.
fn like(op: &Op, left: Expr, right: Expr) -> Expr {
    let negated = matches!(op, Op::PGNotLikeMatch | Op::PGNotILikeMatch);
    let folded = matches!(op, Op::PGILikeMatch | Op::PGNotILikeMatch);
    Expr::Like(Like::new(negated, Box::new(left), Box::new(right), None, folded))
}

fn array_comparison(op: &Op) -> &'static str {
    match op {
        Op::Eq => "array_eq",
        Op::NotEq => "array_ne",
        Op::Lt => "array_lt",
        Op::LtEq => "array_le",
        Op::Gt => "array_gt",
        _ => "array_ge",
    }
}

fn is_comparison(op: &Op) -> bool {
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq)
}

/// `42883` for an operator that its operands' types have not.
#[must_use]
pub fn no_operator(op: &Op, fields: &SideFields) -> DataFusionError {
    let message =
        format!("operator does not exist: {} {op} {}", side_name(fields.0.as_ref()), side_name(fields.1.as_ref()));
    let hint = "No operator matches the given name and argument types. You might need to add explicit type casts.";
    DataFusionError::External(Box::new(Error::new(sqlstate::UNDEFINED_FUNCTION, message).hint(hint)))
}

/// Why no operator is meant by one beside an untyped literal: there is none for the type, or several.
fn undecided(op: &Op, known: &Field, fields: &SideFields) -> Option<DataFusionError> {
    let scales = matches!(op, Op::Multiply | Op::Divide | Op::Modulo);
    match known.data_type() {
        // A date takes days, an interval or a time.
        DataType::Date32 if *op == Op::Plus => Some(not_unique(op, fields)),
        DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_) if scales => Some(no_operator(op, fields)),
        DataType::Interval(_) if *op == Op::Modulo || *op == Op::Divide && fields.0.is_none() => {
            Some(no_operator(op, fields))
        }
        _ => None,
    }
}

/// The type of an operator's side as its errors name it.
fn side_name(field: Option<&FieldRef>) -> &'static str {
    field.map_or("unknown", |field| oid::sql_name(pg_type(field).oid))
}

/// `42725`: an untyped literal of which several types would do.
fn not_unique(op: &Op, fields: &SideFields) -> DataFusionError {
    let hint = "Could not choose a best candidate operator. You might need to add explicit type casts.";
    let message =
        format!("operator is not unique: {} {op} {}", side_name(fields.0.as_ref()), side_name(fields.1.as_ref()));
    DataFusionError::External(Box::new(Error::new(sqlstate::AMBIGUOUS_FUNCTION, message).hint(hint)))
}

/// Whether a number has no bits of its own.
fn fractional(ty: Ty) -> bool {
    matches!(ty, Ty::Numeric | Ty::Float4 | Ty::Float8)
}

/// The type an unknown operand takes beside one of type `field`: usually the same.
fn wanted(op: &Op, field: &Field) -> Field {
    if let Some(wanted) = json_operators::wanted(op, field) {
        return wanted;
    }
    let interval = || Field::new("interval", DataType::Interval(IntervalUnit::MonthDayNano), true);
    let data_type = field.data_type();
    let pattern = matches!(
        op,
        Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
            | Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
            | Op::StringConcat
    );
    match (op, data_type) {
        (Op::Plus, DataType::Timestamp(..) | DataType::Time64(_) | DataType::Interval(_)) => interval(),
        (Op::Multiply | Op::Divide, DataType::Interval(_)) => Field::new("factor", DataType::Float64, true),
        (_, DataType::List(_)) => field.clone(),
        _ if pattern => Field::new("text", DataType::Utf8, true),
        _ => field.clone(),
    }
}

/// Whether a field is an array of `jsonb`, whose elements Arrow takes for text.
pub fn has_documents(field: &Field) -> bool {
    element_field(field.data_type()).is_some_and(|item| Ty::of_field(item) == Some(Ty::Jsonb) || has_documents(item))
}

fn unsupported(message: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::unsupported(message)))
}
