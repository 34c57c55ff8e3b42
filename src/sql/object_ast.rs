//! The statements that make and drop a session's objects, as written.

use datafusion::sql::sqlparser::ast;

/// A relation's name as written; every part is folded to lower case unless quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationName {
    /// The schema, if one was given.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

impl RelationName {
    /// The name as errors show it.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A statement about objects.
#[derive(Clone, Debug)]
pub enum ObjectStatement {
    /// CREATE TABLE with a list of columns.
    CreateTable(Box<NewTable>),
    /// CREATE TABLE … AS, SELECT … INTO.
    CreateTableAs(Box<NewTableAs>),
    /// CREATE VIEW.
    CreateView(Box<NewView>),
    /// DROP TABLE, DROP VIEW, ….
    Drop(Drop),
    /// ALTER TABLE.
    Alter(Box<Alter>),
    /// CREATE SEQUENCE, ALTER SEQUENCE.
    Sequence(Box<SequenceStatement>),
    /// TRUNCATE, and whether it restarts the sequences of the tables' columns.
    Truncate(Vec<RelationName>, bool),
    /// ANALYZE, VACUUM: the command tag and the relations named.
    Maintain(&'static str, Vec<RelationName>),
}

/// A statement about a sequence.
#[derive(Clone, Debug)]
pub struct SequenceStatement {
    /// The sequence.
    pub name: RelationName,
    /// IF [NOT] EXISTS.
    pub passed_over: bool,
    /// What is done.
    pub change: SequenceChange,
}

/// What is done with a sequence.
#[derive(Clone, Debug)]
pub enum SequenceChange {
    /// CREATE.
    Create {
        /// Whether TEMPORARY was said.
        temporary: bool,
        /// Its options.
        options: Vec<SequenceOption>,
    },
    /// ALTER with options.
    Alter(Vec<SequenceOption>),
    /// RENAME TO.
    Rename(String),
}

/// An option of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceOption {
    /// AS.
    Type(String),
    /// INCREMENT.
    Increment(i64),
    /// MINVALUE; `None` is NO MINVALUE.
    Min(Option<i64>),
    /// MAXVALUE; `None` is NO MAXVALUE.
    Max(Option<i64>),
    /// START.
    Start(i64),
    /// RESTART; `None` is at the start.
    Restart(Option<i64>),
    /// CACHE.
    Cache(i64),
    /// CYCLE, NO CYCLE.
    Cycle(bool),
    /// OWNED BY a table's column; `None` is NONE.
    Owner(Option<(RelationName, String)>),
}

/// What is the same for every table that is made.
#[derive(Clone, Debug)]
pub struct TableHead {
    /// Its name.
    pub name: RelationName,
    /// Whether TEMPORARY was said.
    pub temporary: bool,
    /// Whether GLOBAL was said, which means nothing any more.
    pub global: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON COMMIT.
    pub on_commit: Option<ast::OnCommit>,
}

/// CREATE TABLE with a list of columns.
#[derive(Clone, Debug)]
pub struct NewTable {
    /// Its name and kind.
    pub head: TableHead,
    /// Its columns.
    pub columns: Vec<ast::ColumnDef>,
    /// The constraints that stand beside the columns.
    pub constraints: Vec<ast::TableConstraint>,
}

/// CREATE TABLE … AS.
#[derive(Clone, Debug)]
pub struct NewTableAs {
    /// Its name and kind.
    pub head: TableHead,
    /// Names for the first columns.
    pub columns: Vec<String>,
    /// Where columns and rows come from.
    pub source: RowSource,
    /// Whether the rows are wanted (not WITH NO DATA).
    pub with_data: bool,
    /// Whether it was written as SELECT … INTO.
    pub into: bool,
}

/// Where the rows of a new table come from.
#[derive(Clone, Debug)]
pub enum RowSource {
    /// A query.
    Query(Box<ast::Query>),
    /// EXECUTE of a prepared statement with its arguments.
    Execute(String, Vec<ast::Expr>),
}

/// CREATE VIEW.
#[derive(Clone, Debug)]
pub struct NewView {
    /// Its name.
    pub name: RelationName,
    /// Whether TEMPORARY was said.
    pub temporary: bool,
    /// OR REPLACE.
    pub or_replace: bool,
    /// Names for the first columns.
    pub columns: Vec<String>,
    /// Its query.
    pub query: Box<ast::Query>,
    /// Its query as it was written, before any rule changed it; `None` where it is too long to be kept.
    pub written: Option<Box<ast::Query>>,
    /// The query's text.
    pub text: String,
}

/// A kind of object that DROP names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropKind {
    /// TABLE
    Table,
    /// VIEW
    View,
    /// MATERIALIZED VIEW
    MaterializedView,
    /// INDEX
    Index,
    /// SEQUENCE
    Sequence,
}

impl DropKind {
    /// Its words, upper case.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::Index => "INDEX",
            Self::Sequence => "SEQUENCE",
        }
    }
}

/// DROP.
#[derive(Clone, Debug)]
pub struct Drop {
    /// What kind of object is meant.
    pub kind: DropKind,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The objects.
    pub names: Vec<RelationName>,
    /// CASCADE.
    pub cascade: bool,
}

/// ALTER TABLE.
#[derive(Clone, Debug)]
pub struct Alter {
    /// The table.
    pub name: RelationName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// What is done, in order.
    pub actions: Vec<AlterAction>,
}

/// One action of ALTER TABLE.
#[derive(Clone, Debug)]
pub enum AlterAction {
    /// RENAME TO.
    Rename(String),
    /// RENAME COLUMN … TO ….
    RenameColumn(String, String),
    /// ADD COLUMN, with IF NOT EXISTS.
    AddColumn(Box<ast::ColumnDef>, bool),
    /// DROP COLUMN, with IF EXISTS.
    DropColumn(String, bool),
    /// SET DEFAULT; `None` is DROP DEFAULT.
    Default(String, Option<Box<ast::Expr>>),
    /// ADD [CONSTRAINT …] CHECK, UNIQUE, PRIMARY KEY.
    AddConstraint(Box<ast::TableConstraint>),
    /// SET NOT NULL (`true`), DROP NOT NULL.
    NotNull(String, bool),
}

impl ObjectStatement {
    /// The query whose rows the statement takes.
    #[must_use]
    pub fn query(&self) -> Option<&ast::Query> {
        match self {
            Self::CreateTableAs(table) => match &table.source {
                RowSource::Query(query) => Some(query),
                RowSource::Execute(..) => None,
            },
            _ => None,
        }
    }
}
