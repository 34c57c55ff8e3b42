//! Text → path, by PostgreSQL's grammar.

use super::lex::{Token, Word, fault, words};
use super::{JsonPath, LAST_LEVEL, Method, Moment, Node, Op, Path, RegexFlags};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Levels of nesting that are read.
const MAX_DEPTH: usize = 200;

/// Reads a path.
///
/// # Errors
///
/// `42601` where the text is no path, `22P02` for an empty one, `54001` beyond 200 levels.
pub fn parse(text: &str) -> Result<JsonPath> {
    let words = words(text)?;
    if words.len() == 1 {
        let message = format!("invalid input syntax for type jsonpath: \"{text}\"");
        return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message));
    }
    let mut parser = Parser { text, words, at: 0, depth: 0, filters: 0, subscripts: 0 };
    let strict = parser.take_word("strict");
    if !strict {
        parser.take_word("lax");
    }
    let (expr, _) = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(JsonPath { strict, expr }),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    words: Vec<Word>,
    at: usize,
    depth: usize,
    /// Filters and subscripts round the place.
    filters: usize,
    subscripts: usize,
}

/// What an expression is: a value, or a predicate and whether it stands in brackets of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Value,
    Predicate,
    Delimited,
}

impl Parser<'_> {
    fn word(&self) -> &Word {
        &self.words[self.at.min(self.words.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.word().token
    }

    fn unexpected(&self) -> Error {
        let word = self.word();
        fault(self.text, "syntax error", word.start, word.end)
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Token::Mark(m) if *m == mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Result<()> {
        if self.take(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn is_word(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Ident(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.is_word(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, keyword: &str) -> Result<()> {
        if self.take_word(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The operator at the place with how tightly it binds.
    fn operator(&self) -> Option<(Op, u8)> {
        Some(match self.peek() {
            Token::Mark("||") => (Op::Or, 1),
            Token::Mark("&&") => (Op::And, 2),
            Token::Mark("==") => (Op::Equal, 3),
            Token::Mark("!=") => (Op::NotEqual, 3),
            Token::Mark("<") => (Op::Less, 3),
            Token::Mark("<=") => (Op::LessOrEqual, 3),
            Token::Mark(">") => (Op::Greater, 3),
            Token::Mark(">=") => (Op::GreaterOrEqual, 3),
            Token::Mark("+") => (Op::Add, 4),
            Token::Mark("-") => (Op::Sub, 4),
            Token::Mark("*") => (Op::Mul, 5),
            Token::Mark("/") => (Op::Div, 5),
            Token::Mark("%") => (Op::Mod, 5),
            _ => return None,
        })
    }

    /// An expression whose operators bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<(Path, Sort)> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        let (mut left, mut sort) = self.unary()?;
        loop {
            if sort == Sort::Value && least <= 3 && self.is_word("starts") {
                self.at += 1;
                self.expect_word("with")?;
                let initial = match self.peek().clone() {
                    Token::String(text) => Node::String(text),
                    Token::Variable(name) => Node::Variable(name),
                    _ => return Err(self.unexpected()),
                };
                self.at += 1;
                (left, sort) = (vec![Node::Binary(Op::StartsWith, left, vec![initial])], Sort::Predicate);
                continue;
            }
            if sort == Sort::Value && least <= 3 && self.is_word("like_regex") {
                self.at += 1;
                (left, sort) = (vec![self.like_regex(left)?], Sort::Predicate);
                continue;
            }
            let Some((op, binding)) = self.operator().filter(|(_, binding)| *binding >= least) else { break };
            let joins = matches!(op, Op::And | Op::Or);
            if joins == (sort == Sort::Value) {
                return Err(self.unexpected());
            }
            self.at += 1;
            let (right, right_sort) = self.expression(binding + 1)?;
            if joins == (right_sort == Sort::Value) {
                return Err(self.unexpected());
            }
            sort = if op.is_predicate() { Sort::Predicate } else { Sort::Value };
            left = vec![Node::Binary(op, left, right)];
        }
        self.depth -= 1;
        Ok((left, sort))
    }

    fn unary(&mut self) -> Result<(Path, Sort)> {
        if self.take("!") {
            let (inner, sort) = self.unary()?;
            if sort != Sort::Delimited {
                return Err(self.unexpected());
            }
            return Ok((vec![Node::Not(inner)], Sort::Predicate));
        }
        for (mark, negative) in [("+", false), ("-", true)] {
            if self.take(mark) {
                let (inner, sort) = self.expression(6)?;
                if sort != Sort::Value {
                    return Err(self.unexpected());
                }
                return Ok((vec![signed(inner, negative)], Sort::Value));
            }
        }
        self.primary()
    }

    /// A value or a bracketed expression, with its accessors.
    fn primary(&mut self) -> Result<(Path, Sort)> {
        if self.is_word("exists") && matches!(self.words.get(self.at + 1).map(|w| &w.token), Some(Token::Mark("("))) {
            self.at += 2;
            let (inner, sort) = self.expression(0)?;
            if sort != Sort::Value {
                return Err(self.unexpected());
            }
            self.expect(")")?;
            return Ok((vec![Node::Exists(inner)], Sort::Delimited));
        }
        if self.take("(") {
            let (mut inner, sort) = self.expression(0)?;
            self.expect(")")?;
            if sort != Sort::Value && self.is_word("is") {
                self.at += 1;
                self.expect_word("unknown")?;
                return Ok((vec![Node::IsUnknown(inner)], Sort::Predicate));
            }
            let own = inner.len();
            self.accessors(&mut inner)?;
            let sort = match sort {
                _ if inner.len() > own => Sort::Value,
                Sort::Value => Sort::Value,
                _ => Sort::Delimited,
            };
            return Ok((inner, sort));
        }
        let mut path = vec![self.scalar()?];
        self.accessors(&mut path)?;
        Ok((path, Sort::Value))
    }

    fn scalar(&mut self) -> Result<Node> {
        let node = match self.peek().clone() {
            Token::String(text) => Node::String(text),
            Token::Int(text) | Token::Number(text) => Node::Number(text),
            Token::Variable(name) => Node::Variable(name),
            Token::Mark("$") => Node::Root,
            Token::Mark("@") if self.filters > 0 => Node::Current,
            Token::Mark("@") => {
                return Err(Error::new(sqlstate::SYNTAX_ERROR, "@ is not allowed in root expressions"));
            }
            Token::Ident(word) if word == "null" => Node::Null,
            Token::Ident(word) if word == "true" => Node::Bool(true),
            Token::Ident(word) if word == "false" => Node::Bool(false),
            Token::Ident(word) if word.eq_ignore_ascii_case("last") => {
                if self.subscripts == 0 {
                    return Err(Error::new(sqlstate::SYNTAX_ERROR, "LAST is allowed only in array subscripts"));
                }
                Node::Last
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(node)
    }

    fn accessors(&mut self, path: &mut Path) -> Result<()> {
        loop {
            if self.take(".") {
                path.push(self.member()?);
            } else if self.take("[") {
                path.push(self.subscript()?);
            } else if self.take("?") {
                self.expect("(")?;
                self.filters += 1;
                let (inner, sort) = self.expression(0)?;
                self.filters -= 1;
                if sort == Sort::Value {
                    return Err(self.unexpected());
                }
                self.expect(")")?;
                path.push(Node::Filter(inner));
            } else {
                return Ok(());
            }
        }
    }

    fn subscript(&mut self) -> Result<Node> {
        if self.take("*") {
            self.expect("]")?;
            return Ok(Node::AnyArray);
        }
        self.subscripts += 1;
        let mut items = Vec::new();
        loop {
            let from = self.value()?;
            let to = if self.take_word("to") { Some(self.value()?) } else { None };
            items.push((from, to));
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        self.subscripts -= 1;
        Ok(Node::Index(items))
    }

    fn value(&mut self) -> Result<Path> {
        match self.expression(0)? {
            (path, Sort::Value) => Ok(path),
            _ => Err(self.unexpected()),
        }
    }

    /// What follows a dot.
    fn member(&mut self) -> Result<Node> {
        if self.take("**") {
            return self.any_levels();
        }
        if self.take("*") {
            return Ok(Node::AnyKey);
        }
        let (name, is_word) = match self.peek().clone() {
            Token::Ident(name) => (name, true),
            Token::String(name) => (name, false),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let called = is_word && matches!(self.peek(), Token::Mark("("));
        if called { self.method(&name.to_ascii_lowercase()) } else { Ok(Node::Key(name)) }
    }

    fn any_levels(&mut self) -> Result<Node> {
        if !self.take("{") {
            return Ok(Node::Any(0, LAST_LEVEL));
        }
        let first = self.level()?;
        let last = if self.take_word("to") { self.level()? } else { first };
        self.expect("}")?;
        Ok(Node::Any(first, last))
    }

    fn level(&mut self) -> Result<u32> {
        if self.take_word("last") {
            return Ok(LAST_LEVEL);
        }
        match self.peek().clone() {
            Token::Int(text) => {
                self.at += 1;
                // PostgreSQL reads the level into 32 bits.
                Ok(text.parse::<u32>().unwrap_or(LAST_LEVEL - 1))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn method(&mut self, name: &str) -> Result<Node> {
        let simple = match name {
            "type" => Some(Method::Type),
            "size" => Some(Method::Size),
            "abs" => Some(Method::Abs),
            "floor" => Some(Method::Floor),
            "ceiling" => Some(Method::Ceiling),
            "double" => Some(Method::Double),
            "keyvalue" => Some(Method::KeyValue),
            "bigint" => Some(Method::Bigint),
            "boolean" => Some(Method::Boolean),
            "date" => Some(Method::Date),
            "integer" => Some(Method::Integer),
            "number" => Some(Method::Number),
            "string" => Some(Method::String),
            _ => None,
        };
        let moment = match name {
            "time" => Some(Moment::Time),
            "time_tz" => Some(Moment::TimeTz),
            "timestamp" => Some(Moment::Timestamp),
            "timestamp_tz" => Some(Moment::TimestampTz),
            _ => None,
        };
        if simple.is_none() && moment.is_none() && !matches!(name, "datetime" | "decimal") {
            return Err(self.unexpected());
        }
        self.expect("(")?;
        let node = if let Some(method) = simple {
            Node::Method(method)
        } else if let Some(moment) = moment {
            Node::Moment(moment, self.precision()?)
        } else if name == "datetime" {
            Node::Datetime(self.template())
        } else {
            let precision = self.integer()?;
            let scale = if precision.is_some() && self.take(",") { self.integer()? } else { None };
            Node::Decimal(precision, scale)
        };
        self.expect(")")?;
        Ok(node)
    }

    fn template(&mut self) -> Option<String> {
        let Token::String(text) = self.peek().clone() else { return None };
        self.at += 1;
        Some(text)
    }

    fn precision(&mut self) -> Result<Option<u32>> {
        let Token::Int(text) = self.peek().clone() else { return Ok(None) };
        self.at += 1;
        text.parse().map(Some).map_err(|_| {
            let message = "time precision of jsonpath item method is out of range for type integer";
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
        })
    }

    /// A whole number with its sign.
    fn integer(&mut self) -> Result<Option<String>> {
        let sign = if self.take("-") { "-" } else { "" };
        let explicit = !sign.is_empty() || self.take("+");
        match self.peek().clone() {
            Token::Int(text) => {
                self.at += 1;
                Ok(Some(format!("{sign}{text}")))
            }
            _ if explicit => Err(self.unexpected()),
            _ => Ok(None),
        }
    }

    fn like_regex(&mut self, left: Path) -> Result<Node> {
        let Token::String(pattern) = self.peek().clone() else { return Err(self.unexpected()) };
        self.at += 1;
        let mut flags = RegexFlags::default();
        if self.take_word("flag") {
            let Token::String(letters) = self.peek().clone() else { return Err(self.unexpected()) };
            self.at += 1;
            for letter in letters.chars() {
                match letter {
                    'i' => flags.ignore_case = true,
                    's' => flags.dot_all = true,
                    'm' => flags.multi_line = true,
                    'q' => flags.literal = true,
                    'x' => {
                        let message = "XQuery \"x\" flag (expanded regular expressions) is not implemented";
                        return Err(Error::unsupported(message));
                    }
                    other => {
                        let detail = format!("Unrecognized flag character \"{other}\" in LIKE_REGEX predicate.");
                        let message = "invalid input syntax for type jsonpath";
                        return Err(Error::new(sqlstate::SYNTAX_ERROR, message).detail(detail));
                    }
                }
            }
        }
        Ok(Node::LikeRegex(left, pattern, flags))
    }
}

/// A sign before an operand; that of a plain number becomes part of it.
fn signed(mut inner: Path, negative: bool) -> Node {
    if let [Node::Number(text)] = inner.as_mut_slice() {
        let text = std::mem::take(text);
        let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'));
        return Node::Number(match (negative && !is_zero, text.strip_prefix('-')) {
            (true, Some(positive)) => positive.to_owned(),
            (true, None) => format!("-{text}"),
            (false, _) => text,
        });
    }
    if negative { Node::Minus(inner) } else { Node::Plus(inner) }
}
