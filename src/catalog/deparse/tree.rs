//! What a query means, as PostgreSQL's parse analysis leaves it: names resolved, casts put in, every term typed.

/// A type and its modifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// The type's OID.
    pub oid: u32,
    /// Its modifier, -1 for none.
    pub typmod: i32,
}

impl Type {
    /// A type without modifier.
    #[must_use]
    pub fn of(oid: u32) -> Self {
        Self { oid, typmod: -1 }
    }
}

/// An expression with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What it is.
    pub node: Node,
    /// Its type.
    pub ty: Type,
}

/// How a call or a cast was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a call.
    Call,
    /// As a cast.
    Explicit,
    /// Not at all.
    Implicit,
    /// In SQL's own syntax for it.
    Syntax,
}

/// AND, OR, NOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logic {
    /// AND
    And,
    /// OR
    Or,
    /// NOT
    Not,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A column: the relation's place in [`Ranges`] and the column's in it.
    Column(usize, usize),
    /// A relation's whole row.
    Whole(usize),
    /// A column that FULL JOIN USING merges.
    Merged(String),
    /// A constant as its type prints it; `None` is NULL.
    Const(Option<String>),
    /// A cast to the term's type; whether a function makes it.
    Cast(Box<Term>, Form, bool),
    /// COLLATE.
    Collate(Box<Term>, String),
    /// An operator.
    Op(String, Option<Box<Term>>, Box<Term>),
    /// A call; whether its last argument is VARIADIC.
    Call(String, Vec<Term>, Form, bool),
    /// `name => value`.
    Named(String, Box<Term>),
    /// An aggregate.
    Aggregate(Box<Aggregate>),
    /// A window function.
    Window(Box<Aggregate>, Window),
    /// GROUPING.
    Grouping(Vec<Term>),
    /// AND, OR, NOT.
    Logic(Logic, Vec<Term>),
    /// IS [NOT] NULL; whether it is negated.
    NullTest(Box<Term>, bool),
    /// IS TRUE and its like.
    Test(Box<Term>, &'static str),
    /// IS DISTINCT FROM.
    Distinct(Box<Term>, Box<Term>),
    /// `left op ANY (array)`; whether it is ALL.
    Each(Box<Term>, String, Box<Term>, bool),
    /// `ROW(…) < ROW(…)`.
    Rows(String, Vec<Term>, Vec<Term>),
    /// CASE: operand, WHEN and THEN, ELSE.
    Case(Option<Box<Term>>, Vec<(Term, Term)>, Box<Term>),
    /// COALESCE, GREATEST, LEAST, NULLIF: functions of the grammar.
    Keyword(&'static str, Vec<Term>),
    /// ARRAY[…].
    Array(Vec<Term>),
    /// ROW(…); whether it is cast to the term's type.
    Row(Vec<Term>, bool),
    /// A field of a row.
    Field(Box<Term>, String),
    /// Subscripts of an array.
    Subscript(Box<Term>, Vec<Subscript>),
    /// CURRENT_DATE and its like.
    Word(String),
    /// A subquery.
    Sublink(Sublink),
}

/// One subscript.
#[derive(Clone, Debug, PartialEq)]
pub enum Subscript {
    /// `[i]`
    Index(Term),
    /// `[lower:upper]`
    Slice(Option<Term>, Option<Term>),
}

/// A subquery in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Sublink {
    /// What is asked of it.
    pub kind: SublinkKind,
    /// What its rows are compared with.
    pub test: Vec<Term>,
    /// The subquery.
    pub query: Box<Query>,
}

/// What is asked of a subquery.
#[derive(Clone, Debug, PartialEq)]
pub enum SublinkKind {
    /// EXISTS
    Exists,
    /// ARRAY
    Array,
    /// Its value.
    Value,
    /// `op ANY`, `IN` where the operator is `=`.
    Any(String),
    /// `op ALL`
    All(String),
}

/// A call of an aggregate or window function.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Its name.
    pub name: String,
    /// Whether it is called with `*`.
    pub star: bool,
    /// DISTINCT.
    pub distinct: bool,
    /// Its arguments; the direct ones of an ordered-set aggregate.
    pub args: Vec<Term>,
    /// Whether the last argument is VARIADIC.
    pub variadic: bool,
    /// ORDER BY among its arguments, or in WITHIN GROUP.
    pub order: Vec<Sort>,
    /// Whether the order is WITHIN GROUP's.
    pub within: bool,
    /// FILTER.
    pub filter: Option<Term>,
}

/// What stands after OVER.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// A name.
    Named(String),
    /// A specification.
    Spec(WindowSpec),
}

/// A window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowSpec {
    /// The window it begins with.
    pub base: Option<String>,
    /// PARTITION BY.
    pub partition: Vec<Term>,
    /// ORDER BY.
    pub order: Vec<Sort>,
    /// Its frame where it is not the default one.
    pub frame: Option<Frame>,
}

/// A window's frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// ROWS, RANGE or GROUPS.
    pub unit: &'static str,
    /// Where it begins.
    pub start: Bound,
    /// Where it ends, if that was said.
    pub end: Option<Bound>,
}

/// A bound of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// Words alone.
    Words(&'static str),
    /// An offset and PRECEDING or FOLLOWING.
    Offset(Box<Term>, &'static str),
}

/// An item of ORDER BY or DISTINCT ON.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// By what.
    pub by: Term,
    /// The number of the output column that it is.
    pub column: Option<usize>,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

/// An item of GROUP BY.
#[derive(Clone, Debug, PartialEq)]
pub enum Group {
    /// An expression.
    Plain(Term),
    /// A set of expressions.
    Set(Vec<Term>),
    /// ROLLUP, CUBE or GROUPING SETS of sets.
    Sets(&'static str, Vec<Self>),
}

/// DISTINCT.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Distinct {
    /// None.
    #[default]
    No,
    /// DISTINCT.
    All,
    /// DISTINCT ON.
    On(Vec<Term>),
}

/// An output column.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its value.
    pub term: Term,
    /// Its name.
    pub name: String,
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// WITH.
    pub ctes: Vec<Cte>,
    /// Whether WITH is RECURSIVE.
    pub recursive: bool,
    /// Its relations: places in [`Ranges`].
    pub ranges: Vec<usize>,
    /// FROM.
    pub from: Vec<From>,
    /// The rows of VALUES, for a query that is nothing else.
    pub values: Vec<Vec<Term>>,
    /// The set operation that it is, instead of a SELECT.
    pub set: Option<Set>,
    /// DISTINCT.
    pub distinct: Distinct,
    /// The output columns.
    pub targets: Vec<Target>,
    /// WHERE.
    pub filter: Option<Term>,
    /// GROUP BY.
    pub group: Vec<Group>,
    /// GROUP BY DISTINCT.
    pub group_distinct: bool,
    /// HAVING.
    pub having: Option<Term>,
    /// WINDOW.
    pub windows: Vec<(String, WindowSpec)>,
    /// ORDER BY.
    pub order: Vec<Sort>,
    /// OFFSET.
    pub offset: Option<Term>,
    /// LIMIT; `Const(None)` is ALL.
    pub limit: Option<Term>,
    /// WITH TIES.
    pub ties: bool,
}

/// A query of WITH.
#[derive(Clone, Debug, PartialEq)]
pub struct Cte {
    /// Its name.
    pub name: String,
    /// The names of its columns, where a list gives them.
    pub columns: Vec<String>,
    /// MATERIALIZED or NOT MATERIALIZED.
    pub materialized: Option<bool>,
    /// Its query.
    pub query: Query,
}

/// A set operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// A query.
    Leaf(Box<Query>),
    /// UNION, INTERSECT, EXCEPT; ALL; its sides.
    Operation(&'static str, bool, Box<Self>, Box<Self>),
}

/// An item of FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// A relation: its place in [`Ranges`].
    Range(usize),
    /// A join.
    Join(Box<Join>),
}

/// A join.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Its words: `JOIN`, `LEFT JOIN`, ….
    pub kind: &'static str,
    /// Its sides.
    pub sides: [From; 2],
    /// USING, and the alias behind it.
    pub using: Vec<String>,
    /// The alias of USING.
    pub using_alias: Option<String>,
    /// ON.
    pub on: Option<Term>,
    /// The place of its alias in [`Ranges`].
    pub alias: Option<usize>,
}

/// A relation that a query reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// What it is.
    pub kind: RangeKind,
    /// The alias that was written.
    pub alias: Option<String>,
    /// What it is called without one.
    pub name: String,
    /// Its columns as they are called in the query, with their types.
    pub columns: Vec<(String, Type)>,
    /// Whether the list of its columns is printed behind its name.
    pub lists_columns: bool,
    /// The type of its whole row.
    pub row_type: u32,
    /// LATERAL.
    pub lateral: bool,
}

/// What a relation in FROM is.
#[derive(Clone, Debug, PartialEq)]
pub enum RangeKind {
    /// A table or view by schema and name; TABLESAMPLE is not printed.
    Table(u32),
    /// A subquery.
    Subquery(Box<Query>),
    /// VALUES.
    Values(Vec<Vec<Term>>),
    /// Functions; whether they are the arguments of one `unnest`; WITH ORDINALITY.
    Functions(Vec<Term>, bool),
    /// A query of WITH.
    Cte,
    /// A join with an alias.
    Join,
}

/// All relations of a statement.
pub type Ranges = Vec<Range>;
