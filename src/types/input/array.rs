//! Array literals: `{1,NULL,"a b"}`, of up to six dimensions, and the two vector types.
//!
//! Elements come out as text, to be read by their own type's input. Lower bounds other than 1 have no place in an
//! Arrow list and are refused.

use super::trim;
use crate::error::{Error, Result};
use crate::sqlstate;

/// PostgreSQL's limit of dimensions.
const MAX_DIMS: usize = 6;

/// An array literal taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrayLiteral {
    /// Lengths, outermost first; none for an empty array.
    pub dims: Vec<usize>,
    /// The elements in order, NULL as none.
    pub elements: Vec<Option<String>>,
}

/// An array's text.
///
/// # Errors
///
/// `22P02` for a malformed literal, `54000` for more than six dimensions, `0A000` for lower bounds other than 1.
pub fn parse_array(text: &str, delimiter: u8) -> Result<ArrayLiteral> {
    let malformed = |detail: &str| malformed(text, detail);
    let (bounds, body) = bounds(text)?;
    if !body.starts_with('{') {
        return Err(malformed(if bounds.is_some() {
            "Array contents must start with \"{\"."
        } else {
            "Array value must start with \"{\" or dimension information."
        }));
    }
    let mut reader = Reader { text, rest: body.as_bytes(), delimiter, literal: ArrayLiteral::default(), leaf: None };
    reader.read()?;
    if !reader.rest.iter().all(|byte| is_space(*byte)) {
        return Err(malformed("Junk after closing right brace."));
    }
    let mut literal = reader.literal;
    if literal.elements.is_empty() {
        literal.dims.clear();
    }
    match bounds {
        Some(bounds) if bounds != literal.dims => {
            Err(malformed("Specified array dimensions do not match array contents."))
        }
        _ => Ok(literal),
    }
}

/// The words of an `int2vector` or `oidvector`.
#[must_use]
pub fn parse_vector(text: &str) -> Vec<Option<String>> {
    text.split([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
        .filter(|word| !word.is_empty())
        .map(|word| Some(word.to_owned()))
        .collect()
}

/// `[1:3][1:2]=` before the braces: the lengths, and what follows.
fn bounds(text: &str) -> Result<(Option<Vec<usize>>, &str)> {
    let mut rest = trim(text);
    if !rest.starts_with('[') {
        return Ok((None, rest));
    }
    let mut dims = Vec::new();
    while let Some(tail) = rest.strip_prefix('[') {
        let invalid = || malformed(text, "\"[\" must introduce explicitly-specified array dimensions.");
        let (inside, tail) = tail.split_once(']').ok_or_else(invalid)?;
        let (lower, upper) = match inside.split_once(':') {
            Some((lower, upper)) => (lower.parse::<i32>().map_err(|_| invalid())?, upper),
            None => (1, inside),
        };
        let upper = upper.parse::<i32>().map_err(|_| invalid())?;
        if lower != 1 {
            return Err(Error::unsupported("arrays with a lower bound other than 1 are not supported"));
        }
        let len = usize::try_from(upper)
            .map_err(|_| Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound"))?;
        dims.push(len);
        if dims.len() > MAX_DIMS {
            return Err(too_many_dims());
        }
        rest = trim(tail);
    }
    let body = rest.strip_prefix('=').ok_or_else(|| malformed(text, "Missing \"=\" after array dimensions."))?;
    Ok((Some(dims), trim(body)))
}

/// The literal, and what is left of it to read.
struct Reader<'a> {
    text: &'a str,
    rest: &'a [u8],
    delimiter: u8,
    literal: ArrayLiteral,
    /// The level at which elements stand, once one was seen.
    leaf: Option<usize>,
}

/// The pieces of a literal; NULL is an element that is none.
enum Token {
    Open,
    Close,
    Delimiter,
    Element(Option<String>),
}

impl Reader<'_> {
    /// Reads from the first brace to the one that closes it, without recursion.
    fn read(&mut self) -> Result<()> {
        // The number of items seen at each open level.
        let mut counts: Vec<usize> = Vec::new();
        let mut item_expected = true;
        loop {
            match self.token()? {
                Token::Open => {
                    if !item_expected {
                        return Err(self.malformed("Unexpected \"{\" character."));
                    }
                    if counts.len() >= MAX_DIMS {
                        return Err(too_many_dims());
                    }
                    if self.leaf.is_some_and(|leaf| counts.len() >= leaf) {
                        return Err(self.ragged());
                    }
                    counts.push(0);
                    item_expected = true;
                }
                Token::Close => {
                    let level = counts.len();
                    let count = counts.pop().expect("a level is open until the loop ends");
                    // `{}` is fine, `{1,}` is not.
                    if item_expected && count > 0 {
                        return Err(self.malformed("Unexpected \"}\" character."));
                    }
                    let count = if count > 0 || !item_expected { count } else { 0 };
                    self.close(level, count)?;
                    let Some(outer) = counts.last_mut() else { return Ok(()) };
                    *outer += 1;
                    item_expected = false;
                }
                Token::Delimiter => {
                    if item_expected {
                        let found = format!("Unexpected \"{}\" character.", char::from(self.delimiter));
                        return Err(self.malformed(&found));
                    }
                    item_expected = true;
                }
                Token::Element(element) => {
                    if !item_expected {
                        return Err(self.malformed("Unexpected array element."));
                    }
                    if *self.leaf.get_or_insert(counts.len()) != counts.len() {
                        return Err(self.ragged());
                    }
                    *counts.last_mut().expect("a level is open until the loop ends") += 1;
                    self.literal.elements.push(element);
                    item_expected = false;
                }
            }
        }
    }

    /// Notes or compares the length of a level that closes.
    fn close(&mut self, level: usize, count: usize) -> Result<()> {
        let dims = &mut self.literal.dims;
        while dims.len() < level {
            dims.push(usize::MAX);
        }
        if count == 0 {
            // An empty level has elements nowhere below it: then the whole array must be empty.
            return if self.leaf.is_some() { Err(self.ragged()) } else { Ok(()) };
        }
        match dims[level - 1] {
            usize::MAX => dims[level - 1] = count,
            len if len != count => return Err(self.ragged()),
            _ => {}
        }
        Ok(())
    }

    /// The next piece. Error: the text ends, or quotes are misplaced.
    fn token(&mut self) -> Result<Token> {
        while let [first, tail @ ..] = self.rest
            && is_space(*first)
        {
            self.rest = tail;
        }
        let Some((&first, tail)) = self.rest.split_first() else { return Err(self.ended()) };
        let token = match first {
            b'{' => Token::Open,
            b'}' => Token::Close,
            b'"' => return self.quoted(),
            _ if first == self.delimiter => Token::Delimiter,
            _ => return self.bare(),
        };
        self.rest = tail;
        Ok(token)
    }

    /// An element in double quotes, in which a backslash takes the next byte as it is.
    fn quoted(&mut self) -> Result<Token> {
        let mut value = Vec::new();
        let mut rest = &self.rest[1..];
        loop {
            rest = match rest {
                [] | [b'\\'] => return Err(self.ended()),
                [b'"', tail @ ..] => {
                    self.rest = tail;
                    break;
                }
                [b'\\', byte, tail @ ..] | [byte, tail @ ..] => {
                    value.push(*byte);
                    tail
                }
            };
        }
        match self.rest.iter().find(|byte| !is_space(**byte)) {
            None => Err(self.ended()),
            Some(byte) if matches!(byte, b'}' | b'{') || *byte == self.delimiter => {
                Ok(Token::Element(Some(text_of(value))))
            }
            Some(_) => Err(self.malformed("Incorrectly quoted array element.")),
        }
    }

    /// An element without quotes: up to a delimiter or brace, without the spaces round it.
    fn bare(&mut self) -> Result<Token> {
        let mut value = Vec::new();
        let mut escaped = false;
        // Spaces at the end do not count, unless escaped.
        let mut kept = 0;
        loop {
            match self.rest {
                [] | [b'\\'] => return Err(self.ended()),
                [b'"', ..] => return Err(self.malformed("Incorrectly quoted array element.")),
                [b'\\', byte, tail @ ..] => {
                    value.push(*byte);
                    (kept, escaped) = (value.len(), true);
                    self.rest = tail;
                }
                [byte, ..] if matches!(byte, b'{' | b'}') || *byte == self.delimiter => break,
                [byte, tail @ ..] => {
                    value.push(*byte);
                    if !is_space(*byte) {
                        kept = value.len();
                    }
                    self.rest = tail;
                }
            }
        }
        value.truncate(kept);
        let null = !escaped && value.eq_ignore_ascii_case(b"NULL");
        Ok(Token::Element((!null).then(|| text_of(value))))
    }

    /// `22P02` with a reason.
    fn malformed(&self, detail: &str) -> Error {
        malformed(self.text, detail)
    }

    /// The text ends inside the array.
    fn ended(&self) -> Error {
        self.malformed("Unexpected end of input.")
    }

    /// Sub-arrays of one dimension have different lengths.
    fn ragged(&self) -> Error {
        self.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
    }
}

/// An element's bytes as the text they are.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("cut from UTF-8 at ASCII bytes only")
}

/// `22P02` with the literal and a reason.
fn malformed(text: &str, detail: &str) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, format!("malformed array literal: \"{text}\"")).detail(detail)
}

/// `54000`
fn too_many_dims() -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("number of array dimensions exceeds the maximum allowed ({MAX_DIMS})"),
    )
}

/// What C's `isspace` says of ASCII.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
