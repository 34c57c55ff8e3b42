//! Output column names as PostgreSQL gives them: `count`, `?column?`, `case`, `int4`, ….
//!
//! Every unnamed expression of a SELECT list gets an alias. DataFusion wants the names of one list to be distinct,
//! PostgreSQL does not: a repeated name carries an invisible mark, which [`display_name`] takes off again.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    self, AccessExpr, Expr, Function, Ident, ObjectName, Select, SelectItem, SetExpr, TrimWhereField,
};

/// Stands between a repeated name and its number; no client types it by accident.
const MARK: char = '\u{1}';

/// A column's name as the client sees it.
#[must_use]
pub fn display_name(name: &str) -> &str {
    match name.split_once(MARK) {
        Some((shown, number)) if number.bytes().all(|b| b.is_ascii_digit()) => shown,
        _ => name,
    }
}

/// Names the outputs of one SELECT.
pub fn name_outputs(select: &mut Select) {
    let mut used: HashSet<String> = HashSet::new();
    for (i, item) in select.projection.iter_mut().enumerate() {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => {
                let name = folded(alias);
                if !used.insert(name.clone()) {
                    *alias = marked(&name, i);
                }
            }
            SelectItem::UnnamedExpr(expr) => {
                let name = figure(expr).0;
                let repeated = !used.insert(name.clone());
                if repeated || !is_column(expr) {
                    let alias = if repeated { marked(&name, i) } else { Ident::with_quote('"', name) };
                    let expr =
                        std::mem::replace(expr, Expr::Wildcard(ast::helpers::attached_token::AttachedToken::empty()));
                    *item = SelectItem::ExprWithAlias { expr, alias };
                }
            }
            _ => {}
        }
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && !super::keywords::is_function_word(expr)
}

/// The name of the `i`th column of a list that has another of that name.
#[must_use]
pub fn marked_name(name: &str, i: usize) -> String {
    format!("{}{MARK}{i}", display_name(name))
}

/// Names of which the repeated ones carry the mark that [`marked_name`] gives.
#[must_use]
pub fn distinct_names(names: Vec<String>) -> Vec<String> {
    let mut used = HashSet::new();
    let mark = |(i, name): (usize, String)| {
        let shown = display_name(&name).to_owned();
        if used.insert(shown.clone()) { shown } else { marked_name(&shown, i) }
    };
    names.into_iter().enumerate().map(mark).collect()
}

fn marked(name: &str, i: usize) -> Ident {
    Ident::with_quote('"', marked_name(name, i))
}

/// An identifier as PostgreSQL folds it.
#[must_use]
pub fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// PostgreSQL's `FigureColname`: a name and whether it is strong enough to survive a cast.
pub fn figure(expr: &Expr) -> (String, bool) {
    let unnamed = || ("?column?".to_owned(), false);
    let strong = |name: &str| (name.to_owned(), true);
    match expr {
        Expr::Identifier(ident) => (folded(ident), true),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(unnamed, |p| (folded(p), true)),
        Expr::CompoundFieldAccess { root, access_chain } => field_name(root, access_chain),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figure(inner),
        Expr::Function(function) => (function_name(function), true),
        Expr::Cast { expr, data_type, .. } => over_weak(figure(expr), &type_name(data_type)),
        Expr::Convert { expr, data_type: Some(data_type), .. } => over_weak(figure(expr), &type_name(data_type)),
        Expr::TypedString(typed) => (type_name(&typed.data_type), false),
        Expr::Interval(_) => ("interval".to_owned(), false),
        Expr::Case { else_result, .. } => over_weak(else_result.as_deref().map_or_else(unnamed, figure), "case"),
        Expr::Array(_) => strong("array"),
        Expr::Exists { negated: false, .. } => strong("exists"),
        Expr::Subquery(query) => subquery_name(query).map_or_else(unnamed, |name| (name, true)),
        Expr::Extract { .. } => strong("extract"),
        Expr::Position { .. } => strong("position"),
        Expr::Substring { shorthand: true, .. } => strong("substr"),
        Expr::Substring { .. } => strong("substring"),
        Expr::Overlay { .. } => strong("overlay"),
        Expr::Ceil { .. } => strong("ceil"),
        Expr::Floor { .. } => strong("floor"),
        Expr::AtTimeZone { .. } => strong("timezone"),
        Expr::BinaryOp { op: ast::BinaryOperator::Overlaps, .. } => strong("overlaps"),
        Expr::Tuple(_) => strong("row"),
        Expr::IsNormalized { negated: false, .. } => strong("is_normalized"),
        Expr::Trim { trim_where, .. } => strong(match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        _ => unnamed(),
    }
}

/// A strong inner name wins; a weak one gives way to `name`.
fn over_weak(inner: (String, bool), name: &str) -> (String, bool) {
    if inner.1 { inner } else { (name.to_owned(), false) }
}

/// `a.b.c`, `(row).field`, `arr[1]`.
fn field_name(root: &Expr, chain: &[AccessExpr]) -> (String, bool) {
    let last = chain.iter().rev().find_map(|access| match access {
        AccessExpr::Dot(Expr::Identifier(ident)) => Some(folded(ident)),
        _ => None,
    });
    match last {
        Some(name) => (name, true),
        None => figure(root),
    }
}

fn function_name(function: &Function) -> String {
    match last_part(&function.name) {
        name if name == super::arrays::ARRAY_FUNCTION => "array".to_owned(),
        // A window call may carry its frame behind its name.
        name => name.split_once(crate::sql::frames::MARK).map_or(name.clone(), |(name, _)| name.to_owned()),
    }
}

/// The last identifier of a qualified name, folded.
#[must_use]
pub fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|p| p.as_ident()).map(folded).unwrap_or_default()
}

fn subquery_name(query: &ast::Query) -> Option<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    match select.projection.first()? {
        SelectItem::UnnamedExpr(expr) => Some(figure(expr).0),
        SelectItem::ExprWithAlias { alias, .. } => Some(display_name(&folded(alias)).to_owned()),
        SelectItem::Wildcard(_) => match select.from.as_slice() {
            [ast::TableWithJoins { relation: ast::TableFactor::Derived { subquery, alias: None, .. }, joins }]
                if joins.is_empty() =>
            {
                match subquery.body.as_ref() {
                    SetExpr::Values(_) => Some("column1".to_owned()),
                    _ => subquery_name(subquery),
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// The internal name of a type, as a cast names its column.
fn type_name(data_type: &ast::DataType) -> String {
    use ast::DataType as T;
    match data_type {
        T::Int(_) | T::Integer(_) | T::Int4(_) => "int4".to_owned(),
        T::BigInt(_) | T::Int8(_) => "int8".to_owned(),
        T::SmallInt(_) | T::Int2(_) => "int2".to_owned(),
        T::Float(_) | T::Float8 | T::Double(_) | T::DoublePrecision => "float8".to_owned(),
        T::Real | T::Float4 => "float4".to_owned(),
        T::Decimal(_) | T::Numeric(_) | T::Dec(_) => "numeric".to_owned(),
        T::Boolean | T::Bool => "bool".to_owned(),
        T::Varchar(_) | T::CharVarying(_) | T::CharacterVarying(_) | T::Nvarchar(_) => "varchar".to_owned(),
        T::Char(_) | T::Character(_) => "bpchar".to_owned(),
        T::Bit(_) => "bit".to_owned(),
        T::BitVarying(_) | T::VarBit(_) => "varbit".to_owned(),
        T::Timestamp(_, ast::TimezoneInfo::WithTimeZone | ast::TimezoneInfo::Tz) => "timestamptz".to_owned(),
        T::Timestamp(..) => "timestamp".to_owned(),
        T::Time(_, ast::TimezoneInfo::WithTimeZone | ast::TimezoneInfo::Tz) => "timetz".to_owned(),
        T::Time(..) => "time".to_owned(),
        T::Interval { .. } => "interval".to_owned(),
        T::Array(ast::ArrayElemTypeDef::SquareBracket(inner, _) | ast::ArrayElemTypeDef::AngleBracket(inner)) => {
            type_name(inner)
        }
        T::Custom(name, _) => last_part(name),
        other => other.to_string().to_lowercase(),
    }
}
