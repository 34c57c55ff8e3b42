//! `ARRAY[…]`: the type all elements take, by PostgreSQL's rules for a common type.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{Cast, Expr, lit};
use datafusion::scalar::ScalarValue;

use super::PlanEnv;
use super::array_cast::array_cast;
use super::calls::{call, cast_to_column, explicit_cast, without_padding};
use super::literals::{adapt, fold_arguments, is_null};
use super::operators::{known, plain};
use super::unify::common_field;
use crate::catalog::functions::Functions;
use crate::catalog::functions::arrays::{CONSTRUCTOR, FILL_OF};
use crate::catalog::functions::resolve::wider;
use crate::catalog::functions::ty::{Ty, WIDE_NUMERIC, element_field, with_leaf};
use crate::error::Error;
use crate::sqlstate;
use crate::types::{PG_TYPMOD_KEY, TextStyle, oid, pg_type};

/// The constructor's call with every element cast to the common type.
pub fn plan(elements: Vec<Expr>, schema: &DFSchema, functions: &Functions, style: &TextStyle) -> Result<Expr> {
    if elements.is_empty() {
        let message = "cannot determine type of empty array";
        return Err(external(
            Error::new(sqlstate::INDETERMINATE_DATATYPE, message)
                .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[]."),
        ));
    }
    let fields: Vec<Option<FieldRef>> = elements.iter().map(|e| known(e, schema)).collect();
    let vectors = [oid::INT2VECTOR, oid::OIDVECTOR];
    if fields.iter().flatten().any(|f| vectors.contains(&pg_type(f).oid)) {
        return Err(external(Error::unsupported("arrays of int2vector or oidvector are not supported")));
    }
    let mut common: Option<FieldRef> = None;
    for field in fields.iter().flatten() {
        common = Some(match common {
            None => Arc::clone(field),
            Some(other) => unite(&other, field)?,
        });
    }
    let mut common = common.unwrap_or_else(|| Arc::new(Field::new("item", DataType::Utf8, true)));
    if fields.iter().any(Option::is_none) {
        // An untyped element has no modifier, so the array has none.
        let mut metadata = common.metadata().clone();
        metadata.remove(PG_TYPMOD_KEY);
        common = Arc::new(common.as_ref().clone().with_metadata(metadata));
    }
    let mut cast = Vec::with_capacity(elements.len());
    for (element, field) in elements.into_iter().zip(fields) {
        cast.push(bring(element, field.as_ref(), &common, functions, style)?);
    }
    match functions.scalar.get(CONSTRUCTOR) {
        Some(function) => Ok(function.call(cast)),
        None => datafusion::common::internal_err!("{CONSTRUCTOR} is a function"),
    }
}

/// `array_fill` with the number of dimensions its constant sizes give; of others one is assumed, and checked.
pub fn fill(args: Vec<Expr>, env: &PlanEnv) -> Result<Expr> {
    let sizes = args.get(1).filter(|sizes| sizes.column_refs().is_empty()).cloned();
    let folded = sizes.and_then(|sizes| fold_arguments(vec![sizes], env).ok()).and_then(|mut folded| folded.pop());
    let dims = match folded {
        Some(Expr::Literal(ScalarValue::List(list), _)) if list.len() == 1 && list.is_valid(0) => list.value(0).len(),
        _ => 1,
    };
    let dims = i32::try_from(dims.max(1)).unwrap_or(i32::MAX);
    let args = std::iter::once(lit(dims)).chain(args).collect();
    match env.functions.scalar.get(FILL_OF) {
        Some(function) => Ok(function.call(args)),
        None => datafusion::common::internal_err!("{FILL_OF} is a function"),
    }
}

fn bring(
    element: Expr,
    from: Option<&FieldRef>,
    to: &FieldRef,
    functions: &Functions,
    style: &TextStyle,
) -> Result<Expr> {
    let wide = *to.data_type() == WIDE_NUMERIC;
    let Some(from) = from else {
        let element = adapt(element, to, style)?;
        if wide && !is_null(&element) {
            return Ok(call(functions, "cast_numeric", vec![element]));
        }
        return Ok(if is_null(&element) {
            Expr::Cast(Cast::new_from_field(Box::new(element), Arc::clone(to)))
        } else {
            element
        });
    };
    if wide && matches!(element, Expr::Cast(_)) && from.data_type() == to.data_type() {
        // A text that becomes a number has the digits of its own once it is read.
        return Ok(call(functions, "cast_numeric", vec![element]));
    }
    if from.data_type() == to.data_type() {
        return Ok(without_padding(element, from, to, functions));
    }
    match array_cast(element, from, to, functions)? {
        Ok(planned) => Ok(planned),
        Err(element) if wide => cast_to_column(element, from, to, functions).map_err(external),
        Err(element) if matches!(to.data_type(), DataType::Decimal128(..) | DataType::Decimal256(..)) => {
            Ok(Expr::Cast(Cast::new(Box::new(element), to.data_type().clone())))
        }
        Err(element) => explicit_cast(element, Some(from), to, functions).map_err(external),
    }
}

/// The type of two elements; arrays unite their innermost elements.
fn unite(a: &FieldRef, b: &FieldRef) -> Result<FieldRef> {
    let mismatch = || {
        let name = |field: &FieldRef| oid::sql_name(pg_type(field).oid);
        let message = format!("ARRAY types {} and {} cannot be matched", name(a), name(b));
        external(Error::new(sqlstate::DATATYPE_MISMATCH, message))
    };
    match (element_field(a.data_type()), element_field(b.data_type())) {
        (Some(x), Some(y)) => {
            let element = unite(x, y).map_err(|_| mismatch())?;
            let data_type = with_leaf(a.data_type(), &leaf(&element));
            Ok(Arc::new(a.as_ref().clone().with_data_type(data_type)))
        }
        (None, None) if a.data_type() == b.data_type() && pg_type(a) == pg_type(b) => Ok(Arc::clone(a)),
        (None, None) => {
            let is_text = |field: &FieldRef| Ty::of_field(field) == Some(Ty::Text);
            if is_text(a) && is_text(b) {
                return common_field("ARRAY", &[Some(Arc::clone(a)), Some(Arc::clone(b))]).map_err(external);
            }
            if is_text(a) || is_text(b) {
                return Err(mismatch());
            }
            let both = (Some(Arc::clone(a)), Some(Arc::clone(b)));
            if plain(&both) {
                let common = common_field("ARRAY", &<[_; 2]>::from(both)).map_err(external)?;
                return Ok(Arc::new(common.as_ref().clone().with_name("item")));
            }
            let wide = wider(a.data_type(), b.data_type()).map_err(|_| mismatch())?;
            let same = [a, b].into_iter().find(|f| *f.data_type() == wide);
            Ok(same.map_or_else(|| Arc::new(Field::new("item", wide, true)), Arc::clone))
        }
        _ => Err(mismatch()),
    }
}

fn leaf(field: &FieldRef) -> Field {
    let mut leaf = field;
    while let Some(inner) = element_field(leaf.data_type()) {
        leaf = inner;
    }
    leaf.as_ref().clone()
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
