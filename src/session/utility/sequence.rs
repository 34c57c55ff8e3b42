//! CREATE, ALTER and DROP SEQUENCE of the session's own sequences.

use std::sync::Arc;

use crate::catalog::Relation;
use crate::catalog::temp::{Sequence, SequenceOwner};
use crate::error::{Error, Result};
use crate::plan::sequences;
use crate::session::{Answer, Session};
use crate::sql::object_ast::{RelationName, SequenceChange, SequenceOption, SequenceStatement};
use crate::sqlstate;

impl Session {
    /// CREATE SEQUENCE, ALTER SEQUENCE.
    pub(super) fn run_sequence(&mut self, statement: &SequenceStatement) -> Result<Answer> {
        match &statement.change {
            SequenceChange::Create { temporary, options } => self.create_sequence(statement, *temporary, options),
            SequenceChange::Alter(options) => self.alter_sequence(statement, options),
            SequenceChange::Rename(name) => self.rename_sequence(statement, name),
        }
    }

    fn create_sequence(
        &mut self,
        statement: &SequenceStatement,
        temporary: bool,
        options: &[SequenceOption],
    ) -> Result<Answer> {
        let done = || Ok(Answer::Done("CREATE SEQUENCE".to_owned()));
        if !self.is_own(&statement.name, temporary, "CREATE SEQUENCE")? {
            return Err(Error::unsupported("CREATE SEQUENCE is not supported")
                .detail("Only temporary sequences can be made: CREATE TEMPORARY SEQUENCE."));
        }
        if !self.is_free(&statement.name.name, statement.passed_over)? {
            return done();
        }
        let owner = self.owner(options)?.flatten();
        let (spec, _) = sequences::define(None, options, owner)?;
        self.add_sequence(&statement.name.name, Sequence::new(spec));
        done()
    }

    /// Adds a sequence to the session's objects.
    pub(super) fn add_sequence(&mut self, name: &str, sequence: Sequence) {
        let objects = Arc::clone(self.objects.current());
        let oid = objects.new_oid(&self.engine.catalog.snapshot(), name);
        let relation = Relation::temporary_sequence(oid, objects.schema(), name, sequence);
        self.objects.change(self.objects.current().with(relation, None));
    }

    fn alter_sequence(&mut self, statement: &SequenceStatement, options: &[SequenceOption]) -> Result<Answer> {
        let done = || Ok(Answer::Done("ALTER SEQUENCE".to_owned()));
        let Some(relation) = self.own_sequence(statement)? else { return done() };
        let Some(sequence) = relation.sequence() else { return done() };
        let owner = match self.owner(options)? {
            Some(owner) => owner,
            None => sequence.spec.owner.clone(),
        };
        let (spec, restart) = sequences::define(Some(&sequence.spec), options, owner)?;
        let (last, _) = sequence.position();
        for (what, fits) in [("less than MINVALUE", last >= spec.min), ("greater than MAXVALUE", last <= spec.max)] {
            if !fits && restart.is_none() {
                let bound = if what.starts_with("less") { spec.min } else { spec.max };
                let message = format!("RESTART value ({last}) cannot be {what} ({bound})");
                return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
            }
        }
        if let Some(at) = restart {
            sequence.restart(at);
        }
        let own = Arc::clone(self.objects.current().schema());
        let changed = Relation::temporary_sequence(relation.oid, &own, &relation.name, sequence.with_spec(spec));
        self.objects.change(self.objects.current().with(changed, None));
        done()
    }

    fn rename_sequence(&mut self, statement: &SequenceStatement, name: &str) -> Result<Answer> {
        let done = || Ok(Answer::Done("ALTER SEQUENCE".to_owned()));
        let Some(relation) = self.own_sequence(statement)? else { return done() };
        let Some(sequence) = relation.sequence() else { return done() };
        self.is_free(name, false)?;
        if self.objects.current().feeds(&relation.name) {
            return Err(Error::unsupported("renaming a sequence that a default reads is not supported"));
        }
        let own = Arc::clone(self.objects.current().schema());
        let renamed = Relation::temporary_sequence(relation.oid, &own, name, sequence.clone());
        self.objects.change(self.objects.current().without(&relation.name).with(renamed, None));
        done()
    }

    /// The sequence of a statement; `None` where IF EXISTS passes over it.
    fn own_sequence(&mut self, statement: &SequenceStatement) -> Result<Option<Arc<Relation>>> {
        let name = &statement.name;
        let found = match self.existing(name) {
            Ok(found) => found,
            Err(error) if statement.passed_over => {
                let message = format!("{}, skipping", error.message());
                self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match found.filter(|relation| relation.sequence().is_some()) {
            Some(relation) => Ok(Some(relation)),
            None => {
                let message = format!("cannot open relation \"{}\"", name.name);
                Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message))
            }
        }
    }

    /// OWNED BY: `None` when it is not said, `Some(None)` for NONE.
    fn owner(&mut self, options: &[SequenceOption]) -> Result<Option<Option<SequenceOwner>>> {
        let said = options.iter().find_map(|option| match option {
            SequenceOption::Owner(owner) => Some(owner.as_ref()),
            _ => None,
        });
        let Some(owner) = said else { return Ok(None) };
        let Some((table, column)) = owner else { return Ok(Some(None)) };
        let relation = self.owning_table(table)?;
        if relation.schema().index_of(column).is_err() {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name);
            return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
        }
        Ok(Some(Some(SequenceOwner { table: relation.oid, column: column.to_owned(), identity: false })))
    }

    fn owning_table(&mut self, name: &RelationName) -> Result<Arc<Relation>> {
        let relation = self.existing(name)?.filter(|relation| relation.table().is_some());
        relation.ok_or_else(|| {
            let message = "sequence must be in same schema as table it is linked to";
            Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
        })
    }
}
