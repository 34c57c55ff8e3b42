//! Objects as SQL: `pg_get_viewdef` and its family, and comments.
//!
//! System objects answer with the text that a real PostgreSQL gave (see `pg_catalog::texts`), the snapshot's own with
//! text made from their declaration.

use super::call::{Body, Call, SystemFunction};
use crate::catalog::deparse::{self, Columns, Style};
use crate::catalog::pg_catalog::definitions::{self, FormulaKind, qualified, quote_identifier};
use crate::catalog::pg_catalog::rows::Cell;
use crate::catalog::pg_catalog::source::{Object, Table};
use crate::catalog::pg_catalog::{data, reg, statics, texts};
use crate::error::{Error, Result};
use crate::sqlstate;

const NULL: Body = |_| Ok(Cell::Null);

/// The functions by PostgreSQL's name.
const FUNCTIONS: &[(&str, Body)] = &[
    ("pg_get_viewdef", viewdef),
    ("pg_get_ruledef", ruledef),
    ("pg_get_indexdef", indexdef),
    ("pg_get_constraintdef", constraintdef),
    ("pg_get_expr", expr),
    ("pg_get_functiondef", functiondef),
    ("pg_get_function_arguments", |call| Ok(Cell::from(texts::function(call.oid(0)).map(|f| &f.arguments)))),
    ("pg_get_function_identity_arguments", |call| Ok(Cell::from(texts::function(call.oid(0)).map(|f| &f.identity)))),
    ("pg_get_function_result", |call| Ok(Cell::from(texts::function(call.oid(0)).and_then(|f| f.result.as_deref())))),
    ("pg_get_function_sqlbody", |call| Ok(Cell::from(texts::function(call.oid(0)).and_then(|f| f.body.as_deref())))),
    ("pg_get_serial_sequence", serial_sequence),
    // There are no triggers, partitions or extended statistics, so no OID names one.
    ("pg_get_triggerdef", NULL),
    ("pg_get_partkeydef", NULL),
    ("pg_get_partition_constraintdef", NULL),
    ("pg_get_statisticsobjdef", NULL),
    ("pg_get_statisticsobjdef_columns", NULL),
    ("pg_get_statisticsobjdef_expressions", NULL),
    ("pg_get_replica_identity_index", replica_identity),
    ("obj_description", obj_description),
    ("col_description", col_description),
    ("shobj_description", shobj_description),
];

/// All of this file.
pub fn functions() -> Vec<SystemFunction> {
    FUNCTIONS.iter().map(|(name, body)| SystemFunction::new(name, *body)).collect()
}

/// Whether a call asks for the text made for people: `true`, or a line width.
fn pretty(call: &Call<'_>, i: usize) -> bool {
    call.bool(i).unwrap_or_else(|| call.int(i).is_some())
}

/// A relation's name, with its schema unless `pretty` and the search path finds it.
fn shown_name(call: &Call<'_>, table: &Table, pretty: bool) -> String {
    let visible = pretty && reg::relation_visible(call.vars, table.oid()) == Some(true);
    if visible {
        quote_identifier(table.name())
    } else {
        qualified(reg::shown_schema(call.vars, table.oid()), table.name())
    }
}

fn viewdef<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    let Some(table) = call.vars.snapshot.system().source().table(oid) else {
        return Ok(Cell::from(texts::view(oid, pretty(call, 1))));
    };
    let style = Style { pretty: pretty(call, 1), wrap: call.int(1).unwrap_or(0) };
    own_view(call, table, style).map(Cell::from)
}

/// The query of a view, printed anew from what it means; `None` for what is no view.
fn own_view(call: &Call<'_>, table: &Table, style: Style) -> Result<Option<String>> {
    let Some(view) = table.relation.view() else { return Ok(definitions::view(table)) };
    deparse::view(call.vars, view.written.as_deref(), &table.relation.schema(), style).map(Some)
}

fn ruledef<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (oid, pretty) = (call.oid(0), pretty(call, 1));
    let source = call.vars.snapshot.system().source();
    let Some(Object::Rule(table)) = source.object(oid) else { return Ok(Cell::from(texts::rule(oid, pretty))) };
    let table = &source.tables[table];
    let name = shown_name(call, table, pretty);
    let query = own_view(call, table, Style { pretty, wrap: 0 })?.unwrap_or_default();
    Ok(Cell::from(format!("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO {name} DO INSTEAD {query}")))
}

fn indexdef<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (oid, column) = (call.oid(0), call.int(1).unwrap_or(0));
    let pretty = pretty(call, 2);
    let source = call.vars.snapshot.system().source();
    match source.object(oid) {
        Some(Object::Index(table, key)) => {
            let table = &source.tables[table];
            let key = &table.keys[key];
            if column == 0 {
                let visible = reg::relation_visible(call.vars, table.oid()) == Some(true);
                return Ok(Cell::from(definitions::index(table, key, !(pretty && visible))));
            }
            let attnum = usize::try_from(column - 1).ok().and_then(|i| key.columns.get(i));
            let name = attnum.and_then(|&attnum| table.column(attnum)).map(|column| column.name());
            Ok(Cell::from(name.map(quote_identifier).unwrap_or_default()))
        }
        _ if column == 0 => Ok(Cell::from(texts::index(oid, pretty))),
        _ => {
            let name = texts::index_column(oid, column);
            Ok(Cell::from(name.map(|name| if name.is_empty() { name } else { quote_identifier(&name) })))
        }
    }
}

fn constraintdef<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let (oid, pretty) = (call.oid(0), pretty(call, 1));
    let source = call.vars.snapshot.system().source();
    let (table, key) = match source.object(oid) {
        Some(Object::Constraint(table, key)) => (table, key),
        Some(Object::Check(table, check)) => {
            let condition = formula(call, source.tables[table].oid(), FormulaKind::Check, check, pretty)?;
            return Ok(Cell::from(condition.map(|condition| format!("CHECK ({condition})"))));
        }
        _ => return Ok(Cell::from(texts::constraint(oid, pretty))),
    };
    let table = &source.tables[table];
    let name_of = |table: &Table| reg::regclass_name(call.vars, table.oid());
    Ok(Cell::from(definitions::constraint(source, table, &table.keys[key], name_of)))
}

/// An expression of a session's table, printed.
fn formula(call: &Call<'_>, oid: u32, kind: FormulaKind, place: usize, pretty: bool) -> Result<Option<String>> {
    let Some(table) = call.vars.snapshot.system().source().table(oid) else { return Ok(None) };
    let Some(spec) = table.relation.table() else { return Ok(None) };
    let schema = table.relation.schema();
    let of = Columns { oid, table: table.name(), schema: &schema };
    match kind {
        FormulaKind::Check => match spec.checks.get(place) {
            Some(check) => deparse::condition(call.vars, of, &check.condition.written, pretty).map(Some),
            None => Ok(None),
        },
        FormulaKind::Default => match (spec.defaults.get(place), schema.fields().get(place)) {
            (Some(Some(default)), Some(field)) => {
                let to = Some(deparse::type_of(field));
                deparse::expression(call.vars, of, &default.written, to, pretty).map(Some)
            }
            _ => Ok(None),
        },
    }
}

/// Expressions of system objects answer with PostgreSQL's text, those of a session's tables are printed.
fn expr<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let tree = call.text(0).unwrap_or_default();
    if let Some((oid, kind, place)) = definitions::formula_of(tree) {
        return formula(call, oid, kind, place, pretty(call, 2)).map(Cell::from);
    }
    Ok(match texts::expression(tree) {
        Some(text) => Cell::from(text),
        None if tree.starts_with(['{', '(', '<']) => Cell::Null,
        None => Cell::from(tree),
    })
}

fn functiondef<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.oid(0);
    let Some(texts) = texts::function(oid) else { return Ok(Cell::Null) };
    if let Some(text) = &texts.definition {
        return Ok(Cell::from(text));
    }
    let name = statics::function_names().name(oid).unwrap_or_default();
    Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{name}\" is an aggregate function")))
}

/// The sequence of a `serial` or identity column; names are checked as PostgreSQL checks them.
fn serial_sequence<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let relation = reg::lookup_regclass(call.vars, call.text(0).unwrap_or_default())?;
    let column = call.text(1).unwrap_or_default();
    let source = call.vars.snapshot.system().source();
    let owned = source.tables.iter().find(|table| {
        let owner = table.relation.sequence().and_then(|sequence| sequence.spec.owner.as_ref());
        owner.is_some_and(|owner| owner.table == relation && owner.column == column)
    });
    if let Some(sequence) = owned {
        return Ok(Cell::from(definitions::qualified(&sequence.relation.schema, sequence.name())));
    }
    let known = match source.table(relation) {
        Some(table) => table.schema.index_of(column).is_ok(),
        None => true,
    };
    if known {
        return Ok(Cell::Null);
    }
    let (_, name) = reg::relation_name(call.vars, relation).unwrap_or_default();
    let message = format!("column \"{column}\" of relation \"{name}\" does not exist");
    Err(Error::new(sqlstate::UNDEFINED_COLUMN, message))
}

/// The index of a table's primary key.
fn replica_identity<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let oid = call.relation(0)?;
    let source = call.vars.snapshot.system().source();
    let primary = crate::catalog::ConstraintKind::PrimaryKey;
    let key = source.table(oid).and_then(|table| table.keys.iter().find(|key| key.kind == primary));
    Ok(Cell::from(key.map(|key| key.index)))
}

fn obj_description<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    const CLASS: u32 = 1259;
    let class = match call.text(1) {
        Some(catalog) => statics::classes().in_namespace(crate::catalog::oids::PG_CATALOG_SCHEMA, catalog),
        None => Some(0),
    };
    let Some(class) = class else { return Ok(Cell::Null) };
    if matches!(class, 0 | CLASS)
        && let Some(table) = call.vars.snapshot.system().source().table(call.oid(0))
    {
        return Ok(Cell::from(table.relation.comment.as_deref()));
    }
    Ok(Cell::from(texts::comment(call.oid(0), class, 0)))
}

fn col_description<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    const CLASS: u32 = 1259;
    let number = call.int(1).unwrap_or(0);
    if let Some(table) = call.vars.snapshot.system().source().table(call.oid(0)) {
        let column = i16::try_from(number).ok().and_then(|attnum| table.column(attnum));
        return Ok(Cell::from(column.and_then(|column| column.comment())));
    }
    Ok(Cell::from(i32::try_from(number).ok().and_then(|number| texts::comment(call.oid(0), CLASS, number))))
}

fn shobj_description<'a>(call: &Call<'a>) -> Result<Cell<'a>> {
    let catalog = call.text(1).unwrap_or_default();
    let class = statics::classes().in_namespace(crate::catalog::oids::PG_CATALOG_SCHEMA, catalog);
    let (Some(class), Some(rows)) = (class, data::rows("pg_catalog", "pg_shdescription")) else {
        return Ok(Cell::Null);
    };
    let (object, of) = (statics::oids(rows, "objoid"), statics::oids(rows, "classoid"));
    let place = (0..rows.num_rows()).find(|&row| object.value(row) == call.oid(0) && of.value(row) == class);
    Ok(Cell::from(place.map(|row| statics::texts(rows, "description").value(row))))
}
