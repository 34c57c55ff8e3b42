//! The grammar of JSON, checked without building anything and without recursion.

use super::lex::{Lexer, Token};
use crate::error::Result;

/// What may come next.
#[derive(Clone, Copy)]
enum State {
    Value,
    /// After `[`.
    FirstElement,
    /// After `{`.
    FirstKey,
    /// After a comma in an object.
    Key,
    Colon,
    /// After a value.
    After,
}

/// Whether a text is one JSON value; `decode` asks that its escapes can be turned into characters, as `jsonb` does.
///
/// # Errors
///
/// `22P02` with PostgreSQL's reason as detail, `22P05` for an escaped zero byte.
pub fn check(text: &str, decode: bool) -> Result<()> {
    let mut lexer = Lexer::new(text, decode);
    // For each open structure, whether it is an object.
    let mut open: Vec<bool> = Vec::new();
    let mut state = State::Value;
    loop {
        let token = lexer.next()?;
        state = match (state, token) {
            (State::Value | State::FirstElement, Token::OpenObject) => {
                open.push(true);
                State::FirstKey
            }
            (State::Value | State::FirstElement, Token::OpenArray) => {
                open.push(false);
                State::FirstElement
            }
            (State::Value | State::FirstElement, Token::String | Token::Number | Token::Word) => State::After,
            (State::FirstElement, Token::CloseArray) | (State::FirstKey, Token::CloseObject) => {
                open.pop();
                State::After
            }
            (State::Value | State::FirstElement, _) => return Err(lexer.expected("JSON value")),
            (State::FirstKey | State::Key, Token::String) => State::Colon,
            (State::FirstKey, _) => return Err(lexer.expected("string or \"}\"")),
            (State::Key, _) => return Err(lexer.expected("string")),
            (State::Colon, Token::Colon) => State::Value,
            (State::Colon, _) => return Err(lexer.expected("\":\"")),
            (State::After, token) => match (open.last(), token) {
                (None, Token::End) => return Ok(()),
                (None, _) => return Err(lexer.expected("end of input")),
                (Some(true), Token::Comma) => State::Key,
                (Some(false), Token::Comma) => State::Value,
                (Some(true), Token::CloseObject) | (Some(false), Token::CloseArray) => {
                    open.pop();
                    State::After
                }
                (Some(true), _) => return Err(lexer.expected("\",\" or \"}\"")),
                (Some(false), _) => return Err(lexer.expected("\",\" or \"]\"")),
            },
        };
    }
}
