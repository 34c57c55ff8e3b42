//! Functions in FROM with a list of column definitions: `json_to_recordset(x) AS t(a int, b text)`.
//!
//! Only the functions that make rows of json take one: each column is the member of its name, cast to its type.

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, SelectItem, SetExpr, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value,
};

use crate::error::Error;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::rewrite::selects;
use crate::sqlstate;

/// The item of FROM that such a call means.
pub fn with_columns(name: &ObjectName, args: Vec<FunctionArg>, alias: TableAlias) -> Result<TableFactor> {
    let called = last_part(name);
    let (prefix, is_set) = match called.as_str() {
        "json_to_record" => ("json", false),
        "jsonb_to_record" => ("jsonb", false),
        "json_to_recordset" => ("json", true),
        "jsonb_to_recordset" => ("jsonb", true),
        _ => return Err(fault("a column definition list is only allowed for functions returning \"record\"")),
    };
    let relation = if is_set {
        TableFactor::Function {
            lateral: true,
            name: ObjectName::from(vec![Ident::new(format!("{prefix}_array_elements"))]),
            args,
            with_ordinality: false,
            alias: Some(element(Vec::new())),
        }
    } else {
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = args.as_slice() else {
            return Err(fault("a record is made of one value"));
        };
        let value = cast(value.clone(), if prefix == "json" { DataType::JSON } else { DataType::JSONB });
        let item = SelectItem::ExprWithAlias { expr: value, alias: Ident::new("value") };
        let body = SetExpr::Select(Box::new(selects::select(vec![item], Vec::new())));
        let subquery = Box::new(selects::query(body));
        TableFactor::Derived { lateral: true, subquery, alias: Some(element(Vec::new())), sample: None }
    };
    let items = alias.columns.iter().map(|column| member(column, prefix)).collect();
    let from = TableWithJoins { relation, joins: Vec::new() };
    let body = SetExpr::Select(Box::new(selects::select(items, vec![from])));
    let alias = TableAlias { columns: Vec::new(), ..alias };
    Ok(TableFactor::Derived {
        lateral: true,
        subquery: Box::new(selects::query(body)),
        alias: Some(alias),
        sample: None,
    })
}

fn fault(message: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(sqlstate::SYNTAX_ERROR, message)))
}

fn element(columns: Vec<TableAliasColumnDef>) -> TableAlias {
    TableAlias { explicit: true, name: Ident::with_quote('"', "json element"), columns, at: None }
}

/// One column: text through text, json as it is.
fn member(column: &TableAliasColumnDef, prefix: &str) -> SelectItem {
    let name = folded(&column.name);
    let key = Expr::Value(Value::SingleQuotedString(name.clone()).with_empty_span());
    let value = Expr::CompoundIdentifier(vec![Ident::with_quote('"', "json element"), Ident::new("value")]);
    let data_type = column.data_type.clone().unwrap_or(DataType::Text);
    let is_json = matches!(data_type, DataType::JSON | DataType::JSONB);
    let access = if is_json { "object_field" } else { "object_field_text" };
    let member = function(&format!("{prefix}_{access}"), vec![value, key]);
    SelectItem::ExprWithAlias { expr: cast(member, data_type), alias: Ident::with_quote('"', name) }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, format: None, array: false }
}
