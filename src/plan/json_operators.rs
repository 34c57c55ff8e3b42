//! Operators of json and jsonb: the function behind each, and the type an unknown side takes.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::sql::sqlparser::ast::BinaryOperator as Op;

use crate::catalog::functions::ty::Ty;

/// The type an unknown operand takes beside json or jsonb; `None` when the known side is neither.
#[must_use]
pub fn wanted(op: &Op, field: &Field) -> Option<Field> {
    let ty = Ty::of_field(field).filter(|ty| matches!(ty, Ty::Json | Ty::Jsonb))?;
    Some(match op {
        Op::Arrow | Op::LongArrow | Op::Question | Op::Minus => Ty::Text.field(),
        Op::HashArrow | Op::HashLongArrow | Op::HashMinus | Op::QuestionAnd | Op::QuestionPipe => {
            let item = Field::new("item", DataType::Utf8, true);
            Field::new("path", DataType::List(Arc::new(item)), true)
        }
        Op::AtQuestion | Op::AtAt => Ty::Jsonpath.field(),
        Op::StringConcat if ty == Ty::Json => Ty::Text.field(),
        _ => ty.field(),
    })
}

/// The function of an operator over these types; `Err` when json takes part and PostgreSQL has no such operator,
/// `Ok(None)` when json takes no part.
#[expect(clippy::result_unit_err, reason = "the caller knows what the operator was")]
pub fn function(op: &Op, types: (Option<Ty>, Option<Ty>)) -> Result<Option<&'static str>, ()> {
    let is_text = |ty| matches!(ty, Some(Ty::Text) | None);
    let is_index = |ty| matches!(ty, Some(Ty::Int2 | Ty::Int4));
    let is_texts = |ty| matches!(ty, Some(Ty::Array(Ty::Text)) | None);
    let (left, right) = types;
    let name = match (left, op) {
        (Some(Ty::Json), Op::Arrow) if is_text(right) => "json_object_field",
        (Some(Ty::Json), Op::Arrow) if is_index(right) => "json_array_element",
        (Some(Ty::Json), Op::LongArrow) if is_text(right) => "json_object_field_text",
        (Some(Ty::Json), Op::LongArrow) if is_index(right) => "json_array_element_text",
        (Some(Ty::Json), Op::HashArrow) if is_texts(right) => "json_extract_path",
        (Some(Ty::Json), Op::HashLongArrow) if is_texts(right) => "json_extract_path_text",
        (Some(Ty::Jsonb), Op::Arrow) if is_text(right) => "jsonb_object_field",
        (Some(Ty::Jsonb), Op::Arrow) if is_index(right) => "jsonb_array_element",
        (Some(Ty::Jsonb), Op::LongArrow) if is_text(right) => "jsonb_object_field_text",
        (Some(Ty::Jsonb), Op::LongArrow) if is_index(right) => "jsonb_array_element_text",
        (Some(Ty::Jsonb), Op::HashArrow) if is_texts(right) => "jsonb_extract_path",
        (Some(Ty::Jsonb), Op::HashLongArrow) if is_texts(right) => "jsonb_extract_path_text",
        (Some(Ty::Jsonb), Op::Minus) if is_text(right) || is_texts(right) || is_index(right) => "jsonb_delete",
        (Some(Ty::Jsonb), Op::HashMinus) if is_texts(right) => "jsonb_delete_path",
        (Some(Ty::Jsonb), Op::Question) if is_text(right) => "jsonb_exists",
        (Some(Ty::Jsonb), Op::QuestionAnd) if is_texts(right) => "jsonb_exists_all",
        (Some(Ty::Jsonb), Op::QuestionPipe) if is_texts(right) => "jsonb_exists_any",
        (Some(Ty::Jsonb), Op::AtQuestion) => "jsonb_path_exists_opr",
        (Some(Ty::Jsonb), Op::AtAt) => "jsonb_path_match_opr",
        _ if left == Some(Ty::Jsonb) && right == Some(Ty::Jsonb) => match op {
            Op::AtArrow => "jsonb_contains",
            Op::ArrowAt => "jsonb_contained",
            Op::StringConcat => "jsonb_concat",
            Op::Eq => "jsonb_eq",
            Op::NotEq => "jsonb_ne",
            Op::Lt => "jsonb_lt",
            Op::LtEq => "jsonb_le",
            Op::Gt => "jsonb_gt",
            Op::GtEq => "jsonb_ge",
            // `IS DISTINCT FROM`
            Op::Custom(_) => return Ok(None),
            _ => return Err(()),
        },
        // Text and arrays take json in; NULL and params are typed later.
        (_, Op::StringConcat) => return Ok(None),
        _ if [left, right].iter().any(|ty| matches!(ty, Some(Ty::Json | Ty::Jsonb))) => {
            let open = left.is_none() || right.is_none();
            return if open && left != Some(Ty::Json) && right != Some(Ty::Json) { Ok(None) } else { Err(()) };
        }
        _ => return Ok(None),
    };
    Ok(Some(name))
}
