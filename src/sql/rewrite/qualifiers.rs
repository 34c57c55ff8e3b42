//! Schema qualifiers of built-in functions, operators, types and collations: `pg_catalog.lower(x)`,
//! `a OPERATOR(pg_catalog.~) b`, `x COLLATE pg_catalog."default"`.
//!
//! Everything built in lives in `pg_catalog`, so the qualifier adds nothing and is taken off. Another schema stays and
//! fails where the name is looked up.

use datafusion::sql::sqlparser::ast::{self, BinaryOperator, Expr, ObjectName, UnaryOperator};

use super::forms::function;
use super::names::{folded, last_part};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Strips one expression's qualifiers.
pub fn strip(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Function(function) => strip_name(&mut function.name),
        Expr::BinaryOp { op, .. } => {
            if let BinaryOperator::PGCustomBinaryOperator(parts) = op {
                *op = operator(parts)?;
            }
        }
        Expr::AnyOp { compare_op, .. } | Expr::AllOp { compare_op, .. } => {
            if let BinaryOperator::PGCustomBinaryOperator(parts) = compare_op {
                *compare_op = operator(parts)?;
            }
        }
        Expr::Collate { expr: inner, collation } => {
            collation_exists(collation)?;
            let inner =
                std::mem::replace(inner.as_mut(), Expr::Wildcard(ast::helpers::attached_token::AttachedToken::empty()));
            *expr = inner;
        }
        Expr::Cast { data_type, .. } => {
            strip_type(data_type);
            if let Some((check, base)) = conditional(data_type) {
                *data_type = base;
                let value = std::mem::replace(expr, Expr::Value(ast::Value::Null.with_empty_span()));
                *expr = function(check, vec![value]);
            }
        }
        Expr::TypedString(typed) => strip_type(&mut typed.data_type),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } if is_number(inner) => {
            let inner =
                std::mem::replace(inner.as_mut(), Expr::Wildcard(ast::helpers::attached_token::AttachedToken::empty()));
            *expr = inner;
        }
        _ => {}
    }
    Ok(())
}

/// Strips the qualifier of a function in FROM.
pub fn strip_table_function(factor: &mut ast::TableFactor) {
    match factor {
        ast::TableFactor::Table { name, args: Some(_), .. } | ast::TableFactor::Function { name, .. } => {
            strip_name(name);
        }
        _ => {}
    }
}

/// The functions that hold casts to `information_schema`'s domains to their conditions; not names that SQL can spell
/// without quotes.
pub const DOMAIN_CHECKS: [&str; 2] = ["cardinal_number domain", "yes_or_no domain"];

/// The check and the type of a domain with a condition.
fn conditional(data_type: &ast::DataType) -> Option<(&'static str, ast::DataType)> {
    let ast::DataType::Custom(name, _) = data_type else { return None };
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
    let [number, answer] = DOMAIN_CHECKS;
    let three = ast::CharacterLength::IntegerLength { length: 3, unit: None };
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["information_schema", "cardinal_number"] => Some((number, ast::DataType::Int4(None))),
        ["information_schema", "yes_or_no"] => Some((answer, ast::DataType::Varchar(Some(three)))),
        _ => None,
    }
}

fn strip_name(name: &mut ObjectName) {
    let [schema, own] = name.0.as_slice() else { return };
    let is_own = |prefix: &str| own.as_ident().is_some_and(|i| folded(i).starts_with(prefix));
    let schema = schema.as_ident().map(folded);
    // The functions of information_schema are those that start so.
    if schema.as_deref() == Some("pg_catalog") || schema.as_deref() == Some("information_schema") && is_own("_pg_") {
        name.0.remove(0);
    }
}

/// Strips the qualifier of a type's name.
pub fn strip_type(data_type: &mut ast::DataType) {
    match data_type {
        ast::DataType::Custom(name, _) => strip_name(name),
        ast::DataType::Array(
            ast::ArrayElemTypeDef::SquareBracket(inner, _) | ast::ArrayElemTypeDef::AngleBracket(inner),
        ) => strip_type(inner),
        _ => {}
    }
}

/// All collations of the catalog sort by bytes here, as `C` does; a name that is none of them is an error.
pub fn collation_exists(collation: &ObjectName) -> Result<()> {
    match last_part(collation).as_str() {
        "default" | "C" | "POSIX" | "ucs_basic" | "C.UTF-8" | "c" | "pg_c_utf8" => Ok(()),
        other => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("collation \"{other}\" for encoding \"UTF8\" does not exist"),
        )),
    }
}

/// The operator inside `OPERATOR(schema.op)`.
fn operator(parts: &[String]) -> Result<BinaryOperator> {
    use BinaryOperator as B;
    let symbol = parts.last().map(String::as_str).unwrap_or_default();
    Ok(match symbol {
        "=" => B::Eq,
        "<>" | "!=" => B::NotEq,
        "<" => B::Lt,
        "<=" => B::LtEq,
        ">" => B::Gt,
        ">=" => B::GtEq,
        "+" => B::Plus,
        "-" => B::Minus,
        "*" => B::Multiply,
        "/" => B::Divide,
        "%" => B::Modulo,
        "||" => B::StringConcat,
        "~" => B::PGRegexMatch,
        "~*" => B::PGRegexIMatch,
        "!~" => B::PGRegexNotMatch,
        "!~*" => B::PGRegexNotIMatch,
        "~~" => B::PGLikeMatch,
        "~~*" => B::PGILikeMatch,
        "!~~" => B::PGNotLikeMatch,
        "!~~*" => B::PGNotILikeMatch,
        "@>" => B::AtArrow,
        "<@" => B::ArrowAt,
        "&&" => B::PGOverlap,
        "->" => B::Arrow,
        "->>" => B::LongArrow,
        other => {
            return Err(Error::new(sqlstate::UNDEFINED_FUNCTION, format!("operator does not exist: {other}")));
        }
    })
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, ast::Value::Number(..)))
}
