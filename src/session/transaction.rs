//! The transaction of a session: which block it is in, whether it failed, its snapshot and savepoints.
//!
//! Only the session's own tables are written, so a transaction means: one catalog snapshot, one `now()`, settings and
//! objects that roll back, and PostgreSQL's rules of which statement may come next.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::TransactionStatus;
use super::objects::Objects;
use super::settings::{Mark, SessionSettings};
use crate::catalog::temp::TempObjects;
use crate::catalog::{Catalog, Snapshot};
use crate::error::{Error, Result};
use crate::sqlstate;

/// What encloses the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// Nothing: each statement is its own transaction.
    None,
    /// The statements of one simple Query message, or of extended messages up to Sync.
    Implicit,
    /// BEGIN.
    Explicit,
}

/// A session's transaction.
pub struct Transaction {
    block: Block,
    failed: bool,
    snapshot: Option<Arc<Snapshot>>,
    start: Option<DateTime<Utc>>,
    savepoints: Vec<Savepoint>,
}

/// What ROLLBACK TO goes back to.
struct Savepoint {
    name: String,
    settings: Mark,
    objects: Arc<TempObjects>,
}

impl Transaction {
    /// No transaction.
    #[must_use]
    pub fn new() -> Self {
        Self { block: Block::None, failed: false, snapshot: None, start: None, savepoints: Vec::new() }
    }

    /// ReadyForQuery's status.
    #[must_use]
    pub fn status(&self) -> TransactionStatus {
        match (self.block, self.failed) {
            (Block::Explicit, true) => TransactionStatus::Failed,
            (Block::Explicit, false) => TransactionStatus::InTransaction,
            _ => TransactionStatus::Idle,
        }
    }

    /// Whether BEGIN opened it.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.block == Block::Explicit
    }

    /// Whether there is a block of any kind.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.block != Block::None
    }

    /// Whether a statement in it has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// How many savepoints there are.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.savepoints.len()
    }

    /// `25P02` in a failed block.
    pub fn check_usable(&self) -> Result<()> {
        if self.failed && self.block == Block::Explicit {
            return Err(Error::new(
                sqlstate::IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    /// A statement begins: its snapshot and the transaction's start. Outside a block the snapshot is fresh.
    pub fn enter(&mut self, catalog: &Catalog) -> (Arc<Snapshot>, DateTime<Utc>) {
        if self.block == Block::None {
            self.snapshot = None;
            self.start = None;
        }
        let snapshot = self.snapshot.get_or_insert_with(|| catalog.snapshot());
        let start = *self.start.get_or_insert_with(Utc::now);
        (Arc::clone(snapshot), start)
    }

    /// Several statements share an implicit block.
    pub fn begin_implicit(&mut self, settings: &mut SessionSettings) {
        if self.block == Block::None {
            self.open(Block::Implicit, settings);
        }
    }

    /// The implicit block, if any, ends.
    pub fn end_implicit(&mut self, settings: &mut SessionSettings, objects: &mut Objects) {
        if self.block != Block::Explicit {
            settings.end(!self.failed);
            objects.end(!self.failed);
            *self = Self::new();
        }
    }

    /// A statement failed.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// BEGIN; the warning of a second one.
    pub fn begin(&mut self, settings: &mut SessionSettings) -> Option<Error> {
        match self.block {
            Block::None => self.open(Block::Explicit, settings),
            Block::Implicit => self.block = Block::Explicit,
            Block::Explicit => {
                return Some(Error::warning(
                    sqlstate::ACTIVE_SQL_TRANSACTION,
                    "there is already a transaction in progress",
                ));
            }
        }
        None
    }

    /// COMMIT or ROLLBACK: the command tag, and the warning when there is no block.
    pub fn end(
        &mut self,
        commit: bool,
        chain: bool,
        settings: &mut SessionSettings,
        objects: &mut Objects,
    ) -> Result<(&'static str, Option<Error>)> {
        let committed = commit && !self.failed;
        let tag = if committed { "COMMIT" } else { "ROLLBACK" };
        if self.block != Block::Explicit {
            if chain {
                let verb = if commit { "COMMIT" } else { "ROLLBACK" };
                return Err(Error::new(
                    sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                    format!("{verb} AND CHAIN can only be used in transaction blocks"),
                ));
            }
            let warning = Error::warning(sqlstate::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
            settings.end(committed);
            objects.end(committed);
            *self = Self::new();
            return Ok((tag, Some(warning)));
        }
        settings.end(committed);
        objects.end(committed);
        *self = Self::new();
        if chain {
            self.open(Block::Explicit, settings);
        }
        Ok((tag, None))
    }

    /// SAVEPOINT.
    pub fn savepoint(&mut self, name: &str, settings: &SessionSettings, objects: &Objects) -> Result<()> {
        self.require_block("SAVEPOINT")?;
        let savepoint = Savepoint { name: name.to_owned(), settings: settings.mark(), objects: objects.mark() };
        self.savepoints.push(savepoint);
        Ok(())
    }

    /// RELEASE SAVEPOINT. A subtransaction's read-only mode ends with it.
    pub fn release(&mut self, name: &str, settings: &mut SessionSettings) -> Result<()> {
        const READ_ONLY: &str = "transaction_read_only";
        self.require_block("RELEASE SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        let before = self.savepoints[at].settings.value(READ_ONLY).map(str::to_owned);
        self.savepoints.truncate(at);
        settings.assign(READ_ONLY, before, true);
        Ok(())
    }

    /// Whether a query has been run in the transaction.
    #[must_use]
    pub fn has_queried(&self) -> bool {
        self.snapshot.is_some()
    }

    /// ROLLBACK TO SAVEPOINT: the block works again.
    pub fn rollback_to(&mut self, name: &str, settings: &mut SessionSettings, objects: &mut Objects) -> Result<()> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        self.savepoints.truncate(at + 1);
        settings.back_to(&self.savepoints[at].settings);
        objects.back_to(&self.savepoints[at].objects);
        self.failed = false;
        Ok(())
    }

    fn open(&mut self, block: Block, settings: &mut SessionSettings) {
        *self = Self::new();
        self.block = block;
        settings.begin();
        settings.default_modes();
    }

    fn require_block(&self, what: &str) -> Result<()> {
        if self.block == Block::Explicit {
            return Ok(());
        }
        Err(Error::new(sqlstate::NO_ACTIVE_SQL_TRANSACTION, format!("{what} can only be used in transaction blocks")))
    }

    fn find_savepoint(&self, name: &str) -> Result<usize> {
        self.savepoints.iter().rposition(|savepoint| savepoint.name == name).ok_or_else(|| {
            Error::new(sqlstate::INVALID_SAVEPOINT_SPECIFICATION, format!("savepoint \"{name}\" does not exist"))
        })
    }
}
