//! The statements that need no plan, as written.
//!
//! Names are already folded to lower case unless quoted; values are still text.

use datafusion::sql::sqlparser::ast;

use super::Statement;
use super::copy_ast::Copy;
use super::object_ast::RelationName;

/// A utility statement.
#[derive(Clone, Debug)]
pub enum Utility {
    /// SET [SESSION|LOCAL] name = value.
    Set {
        /// SET LOCAL.
        local: bool,
        /// The setting.
        name: String,
        /// Its new value; `None` is DEFAULT.
        value: Option<SetValue>,
    },
    /// RESET name; `None` is ALL.
    Reset(Option<String>),
    /// SHOW name; `None` is ALL.
    Show(Option<String>),
    /// DISCARD.
    Discard(Discard),
    /// BEGIN, START TRANSACTION.
    Begin(TransactionModes),
    /// COMMIT, END; `true` with AND CHAIN.
    Commit(bool),
    /// ROLLBACK, ABORT; `true` with AND CHAIN.
    Rollback(bool),
    /// SET TRANSACTION.
    SetTransaction(TransactionModes),
    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    SetSessionCharacteristics(TransactionModes),
    /// SAVEPOINT.
    Savepoint(String),
    /// PREPARE TRANSACTION.
    PrepareTransaction,
    /// COMMIT PREPARED, ROLLBACK PREPARED: the verb and the identifier.
    EndPrepared(&'static str, String),
    /// LOCK.
    Lock(Vec<RelationName>),
    /// CHECKPOINT.
    Checkpoint,
    /// RELEASE [SAVEPOINT].
    Release(String),
    /// ROLLBACK TO [SAVEPOINT].
    RollbackTo(String),
    /// PREPARE name [(types)] AS statement.
    Prepare {
        /// The statement's name.
        name: String,
        /// Declared parameter types.
        types: Vec<ast::DataType>,
        /// What it runs.
        statement: Box<Statement>,
    },
    /// EXECUTE name [(arguments)].
    Execute {
        /// The statement's name.
        name: String,
        /// Its arguments.
        arguments: Vec<ast::Expr>,
    },
    /// DEALLOCATE; `None` is ALL.
    Deallocate(Option<String>),
    /// DECLARE.
    Declare(Box<Declare>),
    /// FETCH, MOVE.
    Fetch(Fetch),
    /// CLOSE cursor; `None` is ALL.
    Close(Option<String>),
    /// COPY.
    Copy(Box<Copy>),
    /// LISTEN channel.
    Listen(String),
    /// UNLISTEN channel; `None` is `*`.
    Unlisten(Option<String>),
    /// NOTIFY channel.
    Notify(String),
}

/// DECLARE name CURSOR FOR query.
#[derive(Clone, Debug)]
pub struct Declare {
    /// The cursor's name.
    pub name: String,
    /// BINARY.
    pub binary: bool,
    /// SCROLL or NO SCROLL; `None` leaves it to the query.
    pub scroll: Option<bool>,
    /// WITH HOLD.
    pub hold: bool,
    /// Its query.
    pub query: Box<ast::Query>,
}

/// FETCH or MOVE.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The cursor.
    pub name: String,
    /// Where to.
    pub direction: Direction,
    /// MOVE.
    pub moves: bool,
}

/// A direction of FETCH; a count of `None` is ALL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// So many rows on.
    Forward(Option<i64>),
    /// So many rows back.
    Backward(Option<i64>),
    /// To the row of this number, counted from the end when negative.
    Absolute(i64),
    /// So many rows from here.
    Relative(i64),
}

/// What SET assigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetValue {
    /// The items of the list, quotes removed; most settings take one.
    pub items: Vec<String>,
}

/// What DISCARD drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// Everything.
    All,
    /// Cached plans.
    Plans,
    /// Sequence state.
    Sequences,
    /// Temporary tables.
    Temp,
}

/// The options of a transaction; `None` leaves the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionModes {
    /// ISOLATION LEVEL.
    pub isolation: Option<Isolation>,
    /// READ ONLY (`true`) or READ WRITE.
    pub read_only: Option<bool>,
    /// [NOT] DEFERRABLE.
    pub deferrable: Option<bool>,
}

/// An isolation level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// READ UNCOMMITTED
    ReadUncommitted,
    /// READ COMMITTED
    ReadCommitted,
    /// REPEATABLE READ
    RepeatableRead,
    /// SERIALIZABLE
    Serializable,
}

impl Isolation {
    /// The value of `transaction_isolation`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read uncommitted",
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }
}
