//! Calls that stand for something else: `float8(x)` is a cast, `int4eq(a, b)` a comparison, `f(variadic x)` a call of
//! the function that takes an array.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, CharacterLength, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, ObjectName, UnaryOperator, Value,
};

use super::names::last_part;
use crate::sql::spellings::VARIADIC;

/// Types whose comparisons are functions named after them.
const COMPARED: [&str; 9] = ["bool", "int2", "int4", "int8", "float4", "float8", "numeric_", "text", "date_"];

/// Unicode's normal forms.
const FORMS: [&str; 4] = ["nfc", "nfd", "nfkc", "nfkd"];

/// `-a ^ b` is `(-a) ^ b`: the sign binds tighter than the power.
pub fn sign_first(expr: &mut Expr) {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } = expr else { return };
    if !matches!(inner.as_ref(), Expr::BinaryOp { op: BinaryOperator::PGExp, .. }) {
        return;
    }
    let null = || Expr::Value(Value::Null.with_empty_span());
    let mut power = std::mem::replace(inner.as_mut(), null());
    let mut base = &mut power;
    while let Expr::BinaryOp { left, op: BinaryOperator::PGExp, .. } = base {
        base = left.as_mut();
    }
    let operand = std::mem::replace(base, null());
    *base = Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(operand) };
    *expr = power;
}

/// `B'101'` and `X'1F'` as casts of their digits.
pub fn bit_literal(expr: &mut Expr) {
    let Expr::Value(value) = expr else { return };
    let digits = match &value.value {
        Value::SingleQuotedByteStringLiteral(digits) => format!("b{digits}"),
        Value::HexStringLiteral(digits) => format!("x{digits}"),
        _ => return,
    };
    let digits = Expr::Value(Value::SingleQuotedString(digits).with_empty_span());
    *expr = Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(digits),
        data_type: DataType::Custom(ObjectName::from(vec![Ident::with_quote('"', "bit")]), Vec::new()),
        array: false,
        format: None,
    };
}

/// Replaces such a call.
pub fn call(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    if function.over.is_some() || function.filter.is_some() || function.name.0.len() != 1 {
        return;
    }
    if is_variadic(function) {
        flatten(function);
        return;
    }
    let name = last_part(&function.name);
    if name == "normalize" {
        form_as_text(function);
    }
    let Some(arguments) = plain_arguments(function) else { return };
    let replaced = match arguments.as_slice() {
        [value] => cast_type(&name).map(|data_type| Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(Expr::clone(value)),
            data_type,
            format: None,
            array: false,
        }),
        [left, right] => comparison(&name).map(|op| {
            let side = |e: &Expr| Box::new(Expr::Nested(Box::new(Expr::clone(e))));
            Expr::BinaryOp { left: side(left), op, right: side(right) }
        }),
        _ => None,
    };
    if let Some(replaced) = replaced {
        *expr = replaced;
    }
}

/// `normalize(x, NFC)`: the form is a word of the grammar.
fn form_as_text(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(form))) = list.args.get_mut(1) else { return };
    if let Expr::Identifier(Ident { value, quote_style: None, .. }) = form
        && FORMS.iter().any(|known| value.eq_ignore_ascii_case(known))
    {
        *form = Expr::Value(Value::SingleQuotedString(value.to_uppercase()).with_empty_span());
    }
}

/// The arguments when they are nothing but expressions.
fn plain_arguments(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    list.args.iter().map(plain).collect()
}

fn plain(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn cast_type(name: &str) -> Option<DataType> {
    Some(match name {
        "bool" => DataType::Bool,
        "int2" => DataType::Int2(None),
        "int4" => DataType::Int4(None),
        "int8" => DataType::Int8(None),
        "float4" => DataType::Float4,
        "float8" => DataType::Float8,
        "numeric" => DataType::Numeric(ExactNumberInfo::None),
        "text" => DataType::Text,
        "varchar" => DataType::Varchar(None::<CharacterLength>),
        "bpchar" | "name" => DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new()),
        _ => return None,
    })
}

fn comparison(name: &str) -> Option<BinaryOperator> {
    let operator = COMPARED.iter().find_map(|ty| name.strip_prefix(ty))?;
    Some(match operator {
        "eq" => BinaryOperator::Eq,
        "ne" => BinaryOperator::NotEq,
        "lt" => BinaryOperator::Lt,
        "le" => BinaryOperator::LtEq,
        "gt" => BinaryOperator::Gt,
        "ge" => BinaryOperator::GtEq,
        _ => return None,
    })
}

fn is_variadic(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    matches!(list.args.last().and_then(plain), Some(Expr::Function(inner)) if last_part(&inner.name) == VARIADIC)
}

/// `f(a, variadic x)` as `"f variadic"(a, x)`.
fn flatten(function: &mut Function) {
    let name = format!("{} variadic", last_part(&function.name));
    let FunctionArguments::List(list) = &mut function.args else { return };
    let array = match list.args.pop() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(inner)))) => match inner.args {
            FunctionArguments::List(inner) => inner.args,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    list.args.extend(array);
    function.name = ObjectName::from(vec![Ident::with_quote('"', name)]);
}
