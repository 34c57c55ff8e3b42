//! CREATE TABLE: a list of columns and constraints as a table's schema and rules.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlanBuilder};
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{self, ColumnOption, TableConstraint};

use super::sequences::{self, ColumnSequence};
use super::{PlanEnv, assign, context, parser_options, placement, resolve, types};
use crate::catalog::constraint::object_name;
use crate::catalog::functions::ty::element_field;
use crate::catalog::pg_catalog::SYSTEM_COLUMNS;
use crate::catalog::pg_catalog::definitions::quote_identifier;
use crate::catalog::temp::{Check, ColumnKind, Formula, OnCommit, SequenceOwner, TableSpec, can_be_key};
use crate::catalog::{Constraint, ConstraintKind, Relation, deparse};
use crate::error::{Error, Result};
use crate::sql::object_ast::{NewTable, SequenceOption};
use crate::sql::rewrite;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::folded;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// Columns a table can have.
const MAX_COLUMNS: usize = 1600;

/// A table as its definition says.
#[derive(Debug)]
pub struct TableDef {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its defaults and constraints.
    pub spec: TableSpec,
    /// The sequences that come with its columns.
    pub sequences: Vec<ColumnSequence>,
}

/// What a commit does to a table.
#[must_use]
pub fn on_commit(written: Option<ast::OnCommit>) -> OnCommit {
    match written {
        None | Some(ast::OnCommit::PreserveRows) => OnCommit::PreserveRows,
        Some(ast::OnCommit::DeleteRows) => OnCommit::DeleteRows,
        Some(ast::OnCommit::Drop) => OnCommit::Drop,
    }
}

/// Reads a table's definition.
///
/// # Errors
///
/// What PostgreSQL says to a bad one (`42701`, `42704`, `42P16`, …), `0A000` for what a temporary table cannot have.
pub fn define(table: &NewTable, env: &PlanEnv) -> Result<TableDef> {
    if table.columns.len() > MAX_COLUMNS {
        let message = format!("tables can have at most {MAX_COLUMNS} columns");
        return Err(Error::new(sqlstate::TOO_MANY_COLUMNS, message));
    }
    if table.columns.is_empty() {
        return Err(Error::unsupported("tables without columns are not supported"));
    }
    let mut maker = Maker {
        env,
        table: &table.head.name.name,
        fields: Vec::new(),
        defaults: Vec::new(),
        kinds: Vec::new(),
        sequences: Vec::new(),
        checks: Vec::new(),
        conditions: Vec::new(),
        keys: Vec::new(),
    };
    for column in &table.columns {
        maker.column(column)?;
    }
    for constraint in &table.constraints {
        maker.constraint(constraint)?;
    }
    maker.finish(on_commit(table.head.on_commit))
}

/// A definition in the making.
pub(super) struct Maker<'a> {
    pub(super) env: &'a PlanEnv,
    pub(super) table: &'a str,
    pub(super) fields: Vec<Field>,
    pub(super) defaults: Vec<Option<Formula>>,
    pub(super) kinds: Vec<ColumnKind>,
    sequences: Vec<ColumnSequence>,
    /// The CHECK constraints that are there already.
    pub(super) checks: Vec<Check>,
    /// CHECK conditions with the name given.
    pub(super) conditions: Vec<(Option<String>, ast::Expr)>,
    pub(super) keys: Vec<Constraint>,
}

impl<'a> Maker<'a> {
    /// The definition of a table that is there.
    pub(super) fn of(env: &'a PlanEnv, relation: &'a Relation, spec: &TableSpec) -> Self {
        Self {
            env,
            table: &relation.name,
            fields: relation.schema().fields().iter().map(|field| field.as_ref().clone()).collect(),
            defaults: spec.defaults.clone(),
            kinds: (0..spec.defaults.len()).map(|place| spec.kind(place)).collect(),
            sequences: Vec::new(),
            checks: spec.checks.clone(),
            conditions: Vec::new(),
            keys: spec.keys.clone(),
        }
    }

    pub(super) fn column(&mut self, column: &ast::ColumnDef) -> Result<()> {
        let name = folded(&column.name);
        if self.fields.iter().any(|field| *field.name() == name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        if SYSTEM_COLUMNS.iter().any(|(system, ..)| *system == name) {
            let message = format!("column name \"{name}\" conflicts with a system column name");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        let serial = sequences::serial(&column.data_type.to_string().to_lowercase());
        let field = self.field_of(&name, serial.as_ref().unwrap_or(&column.data_type))?;
        self.fields.push(field);
        self.defaults.push(None);
        self.kinds.push(ColumnKind::Plain);
        if serial.is_some() {
            self.feed(&name, Vec::new(), false)?;
        }
        for option in &column.options {
            let given = option.name.as_ref().map(folded);
            self.option(&name, given, &option.option)?;
        }
        Ok(())
    }

    fn field_of(&self, name: &str, sql_type: &ast::DataType) -> Result<Field> {
        if matches!(sql_type, ast::DataType::Unspecified) {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, format!("column \"{name}\" has no type")));
        }
        let mut sql_type = sql_type.clone();
        rewrite::qualifiers::strip_type(&mut sql_type);
        let field = types::field_in(&sql_type, &self.env.vars)?;
        if matches!(field.data_type(), DataType::Struct(_)) || has_rows(field.data_type()) {
            return Err(Error::unsupported(format!("column \"{name}\" of a row type is not supported")));
        }
        // A column that could not be sent to any client is of no use.
        crate::types::RowEncoder::try_new(&Schema::new(vec![field.clone()]), &[], &self.env.vars.style)?;
        Ok(field.with_name(name).with_nullable(true))
    }

    fn option(&mut self, column: &str, given: Option<String>, option: &ColumnOption) -> Result<()> {
        match option {
            ColumnOption::Null => {}
            ColumnOption::NotNull => self.not_null(column),
            ColumnOption::Default(expr) => {
                if self.defaults.last().is_some_and(Option::is_some) {
                    let message = format!(
                        "multiple default values specified for column \"{column}\" of table \"{}\"",
                        self.table
                    );
                    return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
                }
                let default = self.default(column, expr)?;
                if let Some(place) = self.defaults.last_mut() {
                    *place = Some(default).filter(|_| !is_null(expr));
                }
            }
            ColumnOption::PrimaryKey(_) => self.key(given, ConstraintKind::PrimaryKey, vec![column.to_owned()])?,
            ColumnOption::Unique(unique) if unique.nulls_distinct == ast::NullsDistinctOption::None => {
                self.key(given, ConstraintKind::Unique, vec![column.to_owned()])?;
            }
            ColumnOption::Check(check) => {
                self.conditions.push((given, check.expr.as_ref().clone()));
            }
            ColumnOption::Generated { generated_as, sequence_options, generation_expr: None, .. } => {
                let options = sequences::identity(sequence_options.as_deref().unwrap_or_default())?;
                self.identity(column, options, *generated_as == ast::GeneratedAs::Always)?;
            }
            ColumnOption::Generated { generation_expr: Some(expr), generation_expr_mode, .. } => {
                if *generation_expr_mode != Some(ast::GeneratedExpressionMode::Stored) {
                    return Err(Error::unsupported("virtual generated columns are not supported"));
                }
                self.generated(column, expr)?;
            }
            ColumnOption::Collation(collation) => rewrite::qualifiers::collation_exists(collation)?,
            other => {
                let shown = other.to_string();
                let word = shown.split_whitespace().next().unwrap_or_default().to_owned();
                return Err(Error::unsupported(format!("{word} is not supported for a column of a temporary table")));
            }
        }
        Ok(())
    }

    pub(super) fn constraint(&mut self, constraint: &TableConstraint) -> Result<()> {
        let columns = |list: &[ast::IndexColumn]| -> Result<Vec<String>> {
            let name = |column: &ast::IndexColumn| match &column.column.expr {
                ast::Expr::Identifier(ident) => Ok(folded(ident)),
                _ => Err(Error::new(sqlstate::SYNTAX_ERROR, "a key is made of columns")),
            };
            list.iter().map(name).collect()
        };
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                self.key(key.name.as_ref().map(folded), ConstraintKind::PrimaryKey, columns(&key.columns)?)
            }
            TableConstraint::Unique(key) if key.nulls_distinct == ast::NullsDistinctOption::None => {
                self.key(key.name.as_ref().map(folded), ConstraintKind::Unique, columns(&key.columns)?)
            }
            TableConstraint::Check(check) => {
                self.conditions.push((check.name.as_ref().map(folded), check.expr.as_ref().clone()));
                Ok(())
            }
            TableConstraint::ForeignKey(_) => {
                Err(Error::unsupported("FOREIGN KEY is not supported for a temporary table"))
            }
            _ => Err(Error::unsupported("this constraint is not supported for a temporary table")),
        }
    }

    /// A column fed by a sequence of its own.
    pub(super) fn feed(&mut self, column: &str, options: Vec<SequenceOption>, identity: bool) -> Result<()> {
        let Some(place) = self.place(column) else { return Err(Error::internal("a sequence without its column")) };
        let of = pg_type(&self.fields[place]).oid;
        if !matches!(of, oid::INT2 | oid::INT4 | oid::INT8) {
            let message = "identity column type must be smallint, integer, or bigint";
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        let mut options = options;
        options.insert(0, SequenceOption::Type(oid::sql_name(of).to_string()));
        let owner = SequenceOwner { table: 0, column: column.to_owned(), identity };
        let (spec, _) = sequences::define(None, &options, Some(owner))?;
        let stem = object_name(self.table, column, "seq");
        let schema = self.env.vars.temp_schema();
        let taken = |name: &String| {
            self.sequences.iter().any(|other| other.name == *name)
                || *name == self.table
                || schema.is_some_and(|schema| self.env.snapshot.relation(schema, name).is_some())
        };
        let numbered = (1..).map(|n| format!("{stem}{n}"));
        let name = std::iter::once(stem.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
        let text = ast::Value::SingleQuotedString(quote_identifier(&name));
        let next = function("nextval", vec![ast::Expr::Value(text.with_empty_span())]);
        self.defaults[place] = Some(Formula { expr: next.clone(), written: next, shown: None });
        self.not_null(column);
        self.sequences.push(ColumnSequence { name, spec });
        Ok(())
    }

    fn identity(&mut self, column: &str, options: Vec<SequenceOption>, always: bool) -> Result<()> {
        if self.defaults.last().is_some_and(Option::is_some) {
            let message =
                format!("both default and identity specified for column \"{column}\" of table \"{}\"", self.table);
            return Err(Error::new(sqlstate::SYNTAX_ERROR, message));
        }
        self.feed(column, options, true)?;
        if let Some(kind) = self.kinds.last_mut() {
            *kind = if always { ColumnKind::AlwaysIdentity } else { ColumnKind::Identity };
        }
        Ok(())
    }

    fn not_null(&mut self, column: &str) {
        for field in self.fields.iter_mut().filter(|field| field.name() == column) {
            field.set_nullable(false);
        }
    }

    fn key(&mut self, name: Option<String>, kind: ConstraintKind, columns: Vec<String>) -> Result<()> {
        for (i, column) in columns.iter().enumerate() {
            let Some(field) = self.fields.iter().find(|field| field.name() == column) else {
                let message = format!("column \"{column}\" named in key does not exist");
                return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
            };
            if columns[..i].contains(column) {
                let what = if kind == ConstraintKind::PrimaryKey { "primary key" } else { "unique" };
                let message = format!("column \"{column}\" appears twice in {what} constraint");
                return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
            }
            let known = pg_type(field).oid;
            if !can_be_key(field.data_type()) || matches!(known, oid::JSON | oid::JSONB) {
                let message = format!("a key of type {} is not supported", oid::sql_name(known));
                return Err(Error::unsupported(message));
            }
        }
        if kind == ConstraintKind::PrimaryKey {
            if self.keys.iter().any(|key| key.kind == ConstraintKind::PrimaryKey) {
                let message = format!("multiple primary keys for table \"{}\" are not allowed", self.table);
                return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
            }
            for column in &columns {
                self.not_null(column);
            }
        }
        self.keys.push(Constraint { name, kind, columns });
        Ok(())
    }

    /// A default, checked: it has no columns, and its type can be assigned to the column's.
    pub(super) fn default(&self, column: &str, as_written: &ast::Expr) -> Result<Formula> {
        let mut written = as_written.clone();
        rewrite::apply_to_expr(&mut written)?;
        placement::alone(&written, "DEFAULT expressions", false, &self.env.functions).map_err(|(error, _)| error)?;
        if matches!(written, ast::Expr::Subquery(_) | ast::Expr::Exists { .. }) {
            return Err(Error::unsupported("cannot use subquery in DEFAULT expression"));
        }
        let Some(field) = self.fields.iter().find(|field| field.name() == column) else {
            return Err(Error::internal("a default without its column"));
        };
        let env = self.env;
        let context = context::Context::new(env);
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let expr =
            planner.sql_to_expr(written.clone(), &DFSchema::empty(), &mut PlannerContext::new()).map_err(|e| {
                let own = crate::exec::classify::classify(&e);
                if own.sqlstate() == sqlstate::UNDEFINED_COLUMN {
                    return Error::unsupported("cannot use column reference in DEFAULT expression");
                }
                own
            })?;
        let expr = assign::adapt_value(expr, field, &env.vars.style)?;
        let plan = LogicalPlanBuilder::empty(true).project([expr.alias("default")])?.build()?;
        let plan = resolve::resolve(plan, env)?;
        let from = pg_type(plan.schema().field(0));
        let to = pg_type(field);
        let known = *plan.schema().field(0).data_type() == DataType::Null;
        if !known && !assign::is_assignable(from.oid, to.oid) {
            let (from, to) = (oid::sql_name(from.oid), oid::sql_name(to.oid));
            let message = format!("column \"{column}\" is of type {to} but default expression is of type {from}");
            let hint = "You will need to rewrite or cast the expression.";
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message).hint(hint));
        }
        Ok(Formula { expr: written, written: as_written.clone(), shown: None })
    }

    pub(super) fn finish(self, on_commit: OnCommit) -> Result<TableDef> {
        let schema = Arc::new(Schema::new(self.fields.clone()));
        let mut checks: Vec<Check> = self.checks.clone();
        for (given, written) in &self.conditions {
            let mut condition = written.clone();
            rewrite::apply_to_expr(&mut condition)?;
            placement::alone(&condition, "check constraints", false, &self.env.functions)
                .map_err(|(error, _)| error)?;
            let used = self.check_type(&schema, &condition)?;
            let name = given.clone().unwrap_or_else(|| {
                // Where it was written does not count, but what it reads.
                let at = used.first().filter(|_| used.len() == 1);
                self.check_name(at.map(String::as_str), &checks)
            });
            if checks.iter().any(|check| check.name == name) {
                let message = format!("check constraint \"{name}\" already exists");
                return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
            }
            checks.push(Check { name, condition: Formula { expr: condition, written: written.clone(), shown: None } });
        }
        self.check_generated(&schema)?;
        let mut defaults = self.defaults;
        show(self.env, self.table, &schema, &mut defaults, &mut checks);
        let spec = TableSpec { defaults, kinds: self.kinds, checks, keys: self.keys, on_commit };
        Ok(TableDef { schema, spec, sequences: self.sequences })
    }

    /// `table_column_check`, with a number when it is taken.
    fn check_name(&self, column: Option<&str>, taken: &[Check]) -> String {
        let stem = match column {
            Some(column) => format!("{}_{column}_check", self.table),
            None => format!("{}_check", self.table),
        };
        let free = |name: &String| !taken.iter().any(|check| check.name == *name);
        let numbered = (1..).map(|n| format!("{stem}{n}"));
        std::iter::once(stem.clone()).chain(numbered).find(free).unwrap_or_default()
    }

    /// Checks that a condition is one, and gives the columns it reads.
    fn check_type(&self, schema: &Schema, condition: &ast::Expr) -> Result<Vec<String>> {
        let env = self.env;
        let known = DFSchema::try_from_qualified_schema(self.table, schema)?;
        let context = context::Context::new(env);
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let expr = planner.sql_to_expr(condition.clone(), &known, &mut PlannerContext::new())?;
        if expr.exists(|e| Ok(matches!(e, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))? {
            return Err(Error::unsupported("cannot use subquery in check constraint"));
        }
        let field = expr.to_field(&known)?.1;
        if !matches!(field.data_type(), DataType::Boolean | DataType::Null) {
            let shown = oid::sql_name(pg_type(&field).oid);
            let message = format!("argument of CHECK must be type boolean, not type {shown}");
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        }
        let mut used: Vec<String> = expr.column_refs().into_iter().map(|column| column.name.clone()).collect();
        used.sort_unstable();
        Ok(used)
    }
}

/// Whether a default is NULL, which is what a column without one has.
pub(super) fn is_null(written: &ast::Expr) -> bool {
    match written {
        ast::Expr::Nested(inner) => is_null(inner),
        ast::Expr::Value(value) => value.value == ast::Value::Null,
        _ => false,
    }
}

/// Whether a type is an array of rows.
fn has_rows(data_type: &DataType) -> bool {
    element_field(data_type).is_some_and(|element| matches!(element.data_type(), DataType::Struct(_)))
}

/// Prints the expressions of a table as the catalog shows them.
fn show(env: &PlanEnv, table: &str, schema: &SchemaRef, defaults: &mut [Option<Formula>], checks: &mut [Check]) {
    let of = deparse::Columns { oid: 0, table, schema };
    for (formula, field) in defaults.iter_mut().zip(schema.fields()) {
        let Some(formula) = formula else { continue };
        let to = deparse::type_of(field);
        formula.shown = deparse::expression(&env.vars, of, &formula.written, Some(to), false).ok();
    }
    for check in checks {
        check.condition.shown = deparse::condition(&env.vars, of, &check.condition.written, false).ok();
    }
}
