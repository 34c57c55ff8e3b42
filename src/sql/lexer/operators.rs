//! Punctuation and operators: a run of operator characters is one operator, as long as it can be.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Lexer;
use crate::error::Result;

impl Lexer<'_> {
    /// The next punctuation mark or operator.
    pub(super) fn symbol(&mut self) -> Result<Token> {
        let (start, first) = (self.at, self.byte(0));
        let (token, len) = match (first, self.byte(1)) {
            (b',', _) => (Token::Comma, 1),
            (b'(', _) => (Token::LParen, 1),
            (b')', _) => (Token::RParen, 1),
            (b'[', _) => (Token::LBracket, 1),
            (b']', _) => (Token::RBracket, 1),
            (b'{', _) => (Token::LBrace, 1),
            (b'}', _) => (Token::RBrace, 1),
            (b';', _) => (Token::SemiColon, 1),
            (b'.', _) => (Token::Period, 1),
            (b':', b':') => (Token::DoubleColon, 2),
            (b':', b'=') => (Token::Assignment, 2),
            (b':', _) => (Token::Colon, 1),
            (b'\\', _) => (Token::Backslash, 1),
            _ => {
                let len = operator_len(self.rest());
                if len == 0 {
                    return Err(self.error("syntax error", start, start + 1));
                }
                (operator(&self.rest()[..len]), len)
            }
        };
        self.at += len;
        Ok(token)
    }
}

/// The bytes of the operator at the start of a text: it ends before a comment, and with `+` or `-` only when it has a
/// character that no operator of the standard has.
fn operator_len(text: &str) -> usize {
    let run = text.bytes().take_while(|b| b"+-*/<>=~!@#%^&|`?".contains(b)).count();
    let run = &text[..run];
    let len = [run.find("--"), run.find("/*")].into_iter().flatten().min().unwrap_or(run.len());
    let operator = &run[..len];
    if len > 1 && !operator.bytes().any(|b| b"~!@#%^&|`?".contains(&b)) {
        return operator.trim_end_matches(['+', '-']).len().max(1);
    }
    len
}

fn operator(text: &str) -> Token {
    use Token as T;
    match text {
        "+" => T::Plus,
        "-" => T::Minus,
        "*" => T::Mul,
        "/" => T::Div,
        "%" => T::Mod,
        "^" => T::Caret,
        "<" => T::Lt,
        ">" => T::Gt,
        "=" => T::Eq,
        "<=" => T::LtEq,
        ">=" => T::GtEq,
        "<>" | "!=" => T::Neq,
        "=>" => T::RArrow,
        "||" => T::StringConcat,
        "&" => T::Ampersand,
        "|" => T::Pipe,
        "#" => T::Sharp,
        "##" => T::DoubleSharp,
        "~" => T::Tilde,
        "~*" => T::TildeAsterisk,
        "!~" => T::ExclamationMarkTilde,
        "!~*" => T::ExclamationMarkTildeAsterisk,
        "~~" => T::DoubleTilde,
        "~~*" => T::DoubleTildeAsterisk,
        "!~~" => T::ExclamationMarkDoubleTilde,
        "!~~*" => T::ExclamationMarkDoubleTildeAsterisk,
        "<<" => T::ShiftLeft,
        ">>" => T::ShiftRight,
        "&&" => T::Overlap,
        "!" => T::ExclamationMark,
        "!!" => T::DoubleExclamationMark,
        "@" => T::AtSign,
        "^@" => T::CaretAt,
        "|/" => T::PGSquareRoot,
        "||/" => T::PGCubeRoot,
        "->" => T::Arrow,
        "->>" => T::LongArrow,
        "#>" => T::HashArrow,
        "#>>" => T::HashLongArrow,
        "#-" => T::HashMinus,
        "@>" => T::AtArrow,
        "<@" => T::ArrowAt,
        "@?" => T::AtQuestion,
        "@@" => T::AtAt,
        "?" => T::Question,
        "?&" => T::QuestionAnd,
        "?|" => T::QuestionPipe,
        "@-@" => T::AtDashAt,
        "?-" => T::QuestionMarkDash,
        "?#" => T::QuestionMarkSharp,
        "?-|" => T::QuestionMarkDashVerticalBar,
        "?||" => T::QuestionMarkDoubleVerticalBar,
        "&<" => T::AmpersandLeftAngleBracket,
        "&>" => T::AmpersandRightAngleBracket,
        "&<|" => T::AmpersandLeftAngleBracketVerticalBar,
        "|&>" => T::VerticalBarAmpersandRightAngleBracket,
        "<->" => T::TwoWayArrow,
        "<^" => T::LeftAngleBracketCaret,
        ">^" => T::RightAngleBracketCaret,
        "~=" => T::TildeEqual,
        "<<|" => T::ShiftLeftVerticalBar,
        "|>>" => T::VerticalBarShiftRight,
        other => T::CustomBinaryOperator(other.to_owned()),
    }
}
