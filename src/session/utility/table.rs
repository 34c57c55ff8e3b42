//! CREATE TABLE, CREATE TABLE AS, SELECT INTO, TRUNCATE, ANALYZE: the session's own tables.

use std::sync::Arc;

use arrow::datatypes::FieldRef;

use crate::catalog::Relation;
use crate::catalog::temp::{PG_TEMP, Sequence, TableRows, TableSpec};
use crate::error::{Error, Result};
use crate::plan::sequences::ColumnSequence;
use crate::plan::{self, Values};
use crate::session::{Answer, Session};
use crate::sql::Statement;
use crate::sql::object_ast::{
    NewTable, NewTableAs, ObjectStatement, RelationName, RowSource, SequenceChange, TableHead,
};
use crate::sqlstate;

impl Session {
    /// Runs a statement about objects.
    pub(in crate::session) async fn run_object(
        &mut self,
        statement: &Arc<Statement>,
        object: &ObjectStatement,
        values: Values,
        declared: &[Option<FieldRef>],
    ) -> Result<Answer> {
        self.transaction.check_usable()?;
        self.check_writable(object)?;
        let done = |tag: &str| Ok(Answer::Done(tag.to_owned()));
        match object {
            ObjectStatement::CreateTable(table) => self.create_table(table),
            ObjectStatement::CreateTableAs(table) => self.create_table_as(statement, table, values, declared).await,
            ObjectStatement::CreateView(view) => self.create_view(view, statement).await,
            ObjectStatement::Drop(drop) => self.drop_objects(drop),
            ObjectStatement::Alter(alter) => self.alter_table(alter).await,
            ObjectStatement::Sequence(sequence) => self.run_sequence(sequence),
            ObjectStatement::Truncate(names, restart) => {
                self.truncate(names, *restart)?;
                done("TRUNCATE TABLE")
            }
            ObjectStatement::Maintain(tag, names) => {
                for name in names {
                    self.existing(name)?;
                }
                done(tag)
            }
        }
    }

    /// `25006` for what a read-only transaction may not do: it may write temporary tables, but not make or drop them.
    fn check_writable(&self, object: &ObjectStatement) -> Result<()> {
        let in_block = self.transaction.is_explicit() || self.several;
        let setting = if in_block { "transaction_read_only" } else { "default_transaction_read_only" };
        if self.settings.show(setting).map_or(true, |(_, value)| value != "on") {
            return Ok(());
        }
        let what = match object {
            ObjectStatement::CreateTable(_) => "CREATE TABLE".to_owned(),
            ObjectStatement::CreateTableAs(table) if table.into => "SELECT INTO".to_owned(),
            ObjectStatement::CreateTableAs(_) => "CREATE TABLE AS".to_owned(),
            ObjectStatement::CreateView(_) => "CREATE VIEW".to_owned(),
            ObjectStatement::Alter(_) => "ALTER TABLE".to_owned(),
            ObjectStatement::Sequence(sequence) => match &sequence.change {
                SequenceChange::Create { .. } => "CREATE SEQUENCE".to_owned(),
                _ => "ALTER SEQUENCE".to_owned(),
            },
            ObjectStatement::Drop(drop) => format!("DROP {}", drop.kind.words()),
            ObjectStatement::Truncate(..) => "TRUNCATE TABLE".to_owned(),
            ObjectStatement::Maintain(..) => return Ok(()),
        };
        let message = format!("cannot execute {what} in a read-only transaction");
        Err(Error::new(sqlstate::READ_ONLY_SQL_TRANSACTION, message))
    }

    fn create_table(&mut self, table: &NewTable) -> Result<Answer> {
        let done = || Ok(Answer::Done("CREATE TABLE".to_owned()));
        if !self.may_create(&table.head)? {
            return done();
        }
        let token = self.cancel.arm();
        let env = self.plan_env(&token);
        let def = plan::tables::define(table, &env)?;
        let rows = Arc::new(TableRows::empty(Arc::clone(&def.schema)));
        let relation = self.new_table(&table.head.name.name, def.schema, def.spec, &env);
        self.cancel.disarm();
        self.add_column_sequences(def.sequences, relation.oid);
        self.objects.change(self.objects.current().with(relation, Some(rows)));
        done()
    }

    async fn create_table_as(
        &mut self,
        statement: &Arc<Statement>,
        table: &NewTableAs,
        values: Values,
        declared: &[Option<FieldRef>],
    ) -> Result<Answer> {
        if !self.may_create(&table.head)? {
            return Ok(Answer::Done("CREATE TABLE AS".to_owned()));
        }
        let token = self.start_statement()?;
        let (plan, values) = match &table.source {
            RowSource::Query(_) => (self.plan(statement, declared, &token).await?, values),
            RowSource::Execute(name, arguments) => self.executed(name, arguments, &token).await?,
        };
        if plan.write.is_some() {
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, "prepared statement is not a SELECT"));
        }
        let schema = Arc::new(plan::write::columns_of(&plan, &table.columns)?);
        let spec = TableSpec {
            defaults: vec![None; schema.fields().len()],
            on_commit: plan::tables::on_commit(table.head.on_commit),
            ..TableSpec::default()
        };
        let env = self.plan_env(&token);
        let relation = Arc::new(self.new_table(&table.head.name.name, Arc::clone(&schema), spec, &env));
        let (rows, tag) = if table.with_data {
            let plan = Arc::new(plan::write::filling(&plan, &schema, &env)?);
            let collected = self.collect(&plan, values, &token).await?;
            let tag = format!("SELECT {}", collected.rows());
            (self.fill(Arc::clone(&relation), Vec::new(), collected, &token).await?, tag)
        } else {
            // PostgreSQL counts what EXECUTE would have given, which is nothing.
            let executes = matches!(table.source, RowSource::Execute(..));
            let tag = if executes { "SELECT 0" } else { "CREATE TABLE AS" };
            (Arc::new(TableRows::empty(schema)), tag.to_owned())
        };
        self.cancel.disarm();
        self.objects.change(self.objects.current().with(relation, Some(rows)));
        Ok(Answer::Done(tag))
    }

    /// The sequences that come with a table's columns.
    pub(super) fn add_column_sequences(&mut self, sequences: Vec<ColumnSequence>, table: u32) {
        for ColumnSequence { name, mut spec } in sequences {
            if let Some(owner) = &mut spec.owner {
                owner.table = table;
            }
            self.add_sequence(&name, Sequence::new(spec));
        }
    }

    fn new_table(
        &self,
        name: &str,
        schema: arrow::datatypes::SchemaRef,
        spec: TableSpec,
        env: &plan::PlanEnv,
    ) -> Relation {
        let objects = self.objects.current();
        let oid = objects.new_oid(&env.snapshot, name);
        Relation::temporary_table(oid, objects.schema(), name, schema, spec)
    }

    /// Whether the table is to be made: it is temporary and its name is free, or IF NOT EXISTS passes over it.
    fn may_create(&mut self, head: &TableHead) -> Result<bool> {
        if head.global {
            let message = "GLOBAL is deprecated in temporary table creation";
            self.notices.push(Error::warning(sqlstate::WARNING, message));
        }
        if !self.is_own(&head.name, head.temporary, "CREATE TABLE")? {
            return Err(Error::unsupported("CREATE TABLE is not supported")
                .detail("Only temporary tables can be made: CREATE TEMPORARY TABLE.")
                .hint("The tables of this server come from its configuration and are read-only."));
        }
        self.is_free(&head.name.name, head.if_not_exists)
    }

    /// Whether a name is one of the session's own schema. Error `42P16` where TEMPORARY and the schema contradict.
    pub(super) fn is_own(&self, name: &RelationName, temporary: bool, _what: &str) -> Result<bool> {
        let own = self.objects.current().schema();
        let inside = name.schema.as_deref().is_some_and(|schema| schema == PG_TEMP || schema == own.as_ref());
        if let Some(schema) = name.schema.as_deref().filter(|_| !inside)
            && !self.engine.catalog.snapshot().has_schema(schema)
        {
            return Err(Error::new(sqlstate::INVALID_SCHEMA_NAME, format!("schema \"{schema}\" does not exist")));
        }
        if temporary && name.schema.is_some() && !inside {
            let message = "cannot create temporary relation in non-temporary schema";
            return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
        }
        Ok(temporary || inside)
    }

    /// Whether no object has the name; a notice, or error `42P07`, when one has.
    pub(super) fn is_free(&mut self, name: &str, if_not_exists: bool) -> Result<bool> {
        if self.objects.current().relation(name).is_none() {
            return Ok(true);
        }
        let message = format!("relation \"{name}\" already exists");
        if !if_not_exists {
            return Err(Error::new(sqlstate::DUPLICATE_TABLE, message));
        }
        self.notices.push(Error::notice(sqlstate::DUPLICATE_TABLE, format!("{message}, skipping")));
        Ok(false)
    }

    /// LOCK: readers never wait, so there is nothing to lock against.
    pub(super) fn run_lock(&mut self, names: &[RelationName]) -> Result<Answer> {
        if !self.transaction.is_explicit() && !self.several {
            let message = "LOCK TABLE can only be used in transaction blocks";
            return Err(Error::new(sqlstate::NO_ACTIVE_SQL_TRANSACTION, message));
        }
        for name in names {
            self.existing(name)?;
        }
        Ok(Answer::Done("LOCK TABLE".to_owned()))
    }

    fn truncate(&mut self, names: &[RelationName], restart: bool) -> Result<()> {
        let mut next = Vec::new();
        for name in names {
            let relation = self.existing(name)?;
            match relation {
                Some(relation) if relation.table().is_some() => next.push(relation),
                Some(relation) if relation.view().is_some() || relation.sequence().is_some() => {
                    let message = format!("\"{}\" is not a table", name.name);
                    return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message));
                }
                _ => {
                    return Err(Error::unsupported("TRUNCATE is not supported")
                        .detail(format!("\"{}\" is not a temporary table.", name.name))
                        .hint("The tables of this server come from its configuration and are read-only."));
                }
            }
        }
        for relation in next {
            let empty = Arc::new(TableRows::empty(relation.schema()));
            self.objects.change(self.objects.current().with_rows(relation.oid, empty));
            if restart {
                self.objects.current().restart_sequences(relation.oid);
            }
        }
        Ok(())
    }

    /// The relation of a name, `None` for a system relation. Error `42P01` when there is none.
    pub(super) fn existing(&mut self, name: &RelationName) -> Result<Option<Arc<Relation>>> {
        let token = self.cancel.arm();
        let env = self.plan_env(&token);
        self.cancel.disarm();
        match env.find_relation(name.schema.as_deref(), &name.name) {
            Some((_, relation)) => Ok(relation.map(Arc::clone)),
            None => {
                let shown = name.shown();
                Err(Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{shown}\" does not exist")))
            }
        }
    }
}
