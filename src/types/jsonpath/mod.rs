//! The `jsonpath` language: its syntax tree, read from text and printed as PostgreSQL prints it.
//!
//! Evaluation is not here. Expressions are limited in depth, since everything that walks them recurses.

mod lex;
mod parse;
mod print;

pub use parse::parse;

use crate::error::Result;

/// A path with its mode.
#[derive(Clone, Debug)]
pub struct JsonPath {
    /// Whether structural errors end the evaluation.
    pub strict: bool,
    /// The expression.
    pub expr: Path,
}

/// An item and the accessors applied to it, in order; never empty.
pub type Path = Vec<Node>;

/// One step of a path.
#[derive(Clone, Debug)]
pub enum Node {
    /// `null`
    Null,
    /// `"text"`
    String(String),
    /// A number as decimal text.
    Number(String),
    /// `true`, `false`
    Bool(bool),
    /// `$`
    Root,
    /// `@`
    Current,
    /// `last`
    Last,
    /// `$name`
    Variable(String),
    /// An operator of two operands.
    Binary(Op, Path, Path),
    /// `!(…)`
    Not(Path),
    /// `(…) is unknown`
    IsUnknown(Path),
    /// `exists (…)`
    Exists(Path),
    /// `+…`
    Plus(Path),
    /// `-…`
    Minus(Path),
    /// `… like_regex "pattern" flag "…"`
    LikeRegex(Path, String, RegexFlags),
    /// `.key`
    Key(String),
    /// `.*`
    AnyKey,
    /// `[*]`
    AnyArray,
    /// `[1, 3 to last]`
    Index(Vec<(Path, Option<Path>)>),
    /// `.**{first to last}`; `last` is [`LAST_LEVEL`].
    Any(u32, u32),
    /// `?(…)`
    Filter(Path),
    /// `.type()` and its kin.
    Method(Method),
    /// `.datetime("template")`
    Datetime(Option<String>),
    /// `.decimal(precision, scale)`
    Decimal(Option<String>, Option<String>),
    /// `.time(precision)` and its kin.
    Moment(Moment, Option<u32>),
}

/// The patterns of `like_regex` in a path.
#[must_use]
pub fn patterns(path: &[Node]) -> Vec<(&str, RegexFlags)> {
    let mut found = Vec::new();
    let mut left: Vec<&Node> = path.iter().collect();
    while let Some(node) = left.pop() {
        match node {
            Node::LikeRegex(inner, pattern, flags) => {
                found.push((pattern.as_str(), *flags));
                left.extend(inner);
            }
            Node::Binary(_, a, b) => left.extend(a.iter().chain(b)),
            Node::Not(inner)
            | Node::IsUnknown(inner)
            | Node::Exists(inner)
            | Node::Plus(inner)
            | Node::Minus(inner)
            | Node::Filter(inner) => left.extend(inner),
            Node::Index(ranges) => {
                left.extend(ranges.iter().flat_map(|(from, to)| from.iter().chain(to.iter().flatten())));
            }
            _ => {}
        }
    }
    found
}

/// `last` as a level of `.**`.
pub const LAST_LEVEL: u32 = u32::MAX;

/// An operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `starts with`
    StartsWith,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
}

/// A method without arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `.type()`
    Type,
    /// `.size()`
    Size,
    /// `.abs()`
    Abs,
    /// `.floor()`
    Floor,
    /// `.ceiling()`
    Ceiling,
    /// `.double()`
    Double,
    /// `.keyvalue()`
    KeyValue,
    /// `.bigint()`
    Bigint,
    /// `.boolean()`
    Boolean,
    /// `.date()`
    Date,
    /// `.integer()`
    Integer,
    /// `.number()`
    Number,
    /// `.string()`
    String,
}

/// A method that makes a moment, with an optional precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `.time()`
    Time,
    /// `.time_tz()`
    TimeTz,
    /// `.timestamp()`
    Timestamp,
    /// `.timestamp_tz()`
    TimestampTz,
}

/// The flags of `like_regex`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a letter that the language has")]
pub struct RegexFlags {
    /// `i`
    pub ignore_case: bool,
    /// `s`
    pub dot_all: bool,
    /// `m`
    pub multi_line: bool,
    /// `q`
    pub literal: bool,
}

impl RegexFlags {
    /// The letters PostgreSQL's regular expressions have for these flags.
    #[must_use]
    pub fn options(self) -> String {
        let mut letters = String::new();
        if self.ignore_case {
            letters.push('i');
        }
        if self.literal {
            letters.push('q');
            return letters;
        }
        // XQuery's `s` and `m` are each a half of PostgreSQL's newline-sensitive matching.
        letters.push_str(match (self.dot_all, self.multi_line) {
            (false, false) => "p",
            (false, true) => "n",
            (true, false) => "s",
            (true, true) => "w",
        });
        letters
    }
}

impl Method {
    /// Its name in a path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Abs => "abs",
            Self::Floor => "floor",
            Self::Ceiling => "ceiling",
            Self::Double => "double",
            Self::KeyValue => "keyvalue",
            Self::Bigint => "bigint",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
        }
    }
}

impl Moment {
    /// Its name in a path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::TimeTz => "time_tz",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamp_tz",
        }
    }
}

impl Op {
    /// How it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::StartsWith => "starts with",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
        }
    }

    /// Whether it gives a truth value.
    #[must_use]
    pub fn is_predicate(self) -> bool {
        !matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod)
    }
}

/// The text that `jsonpath` prints for a path.
///
/// # Errors
///
/// As [`parse`].
pub fn normal(text: &str) -> Result<String> {
    parse(text)?.print()
}
