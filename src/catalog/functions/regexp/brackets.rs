//! Bracket expressions: `[a-z]`, `[[:alpha:]]`, `[[:<:]]`.

use super::invalid;
use super::translate::{Translator, hex};
use super::tree::Assertion;
use crate::error::Result;

impl Translator<'_> {
    /// A bracket expression, from after its `[` on.
    pub(super) fn bracket(&mut self) -> Result<()> {
        let rest: String = self.chars.clone().take(6).collect();
        let places = [("[:<:]]", "\\b{start}", Assertion::WordStart), ("[:>:]]", "\\b{end}", Assertion::WordEnd)];
        for (word, text, assertion) in places {
            if rest == word {
                self.chars.nth(5);
                self.assertion(text, assertion);
                return Ok(());
            }
        }
        let mut class = String::from("[");
        if self.chars.peek() == Some(&'^') {
            self.chars.next();
            class.push('^');
            if self.flags.newline_stops {
                class.push_str("\\n");
            }
        }
        let mut first = true;
        loop {
            let Some(ch) = self.chars.next() else { return Err(invalid("brackets [] not balanced")) };
            match ch {
                ']' if !first => break,
                '[' if matches!(self.chars.peek(), Some(':')) => class.push_str(&self.class_name()?),
                _ => {
                    if let Some(start) = self.bracket_item(ch, &mut class)? {
                        self.range(start, &mut class)?;
                    }
                }
            }
            first = false;
        }
        class.push(']');
        self.atom(&class)
    }

    /// One character of a bracket, or a class escape, which is appended at once.
    fn bracket_item(&mut self, ch: char, class: &mut String) -> Result<Option<char>> {
        match ch {
            '[' if matches!(self.chars.peek(), Some('.' | '=')) => self.collating().map(Some),
            '\\' => {
                let Some(next) = self.chars.next() else { return Err(invalid("invalid escape \\ sequence")) };
                if matches!(next, 'd' | 's' | 'w' | 'D' | 'S' | 'W') {
                    class.push('\\');
                    class.push(next);
                    return Ok(None);
                }
                self.escaped_char(next).map(Some)
            }
            _ => Ok(Some(ch)),
        }
    }

    fn range(&mut self, start: char, class: &mut String) -> Result<()> {
        class.push_str(&hex(start));
        let mut ahead = self.chars.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), Some(']') | None) {
            return Ok(());
        }
        self.chars.next();
        let Some(ch) = self.chars.next() else { return Err(invalid("brackets [] not balanced")) };
        match self.bracket_item(ch, class)? {
            Some(end) if end >= start => {
                class.push('-');
                class.push_str(&hex(end));
                Ok(())
            }
            _ => Err(invalid("invalid character range")),
        }
    }

    fn class_name(&mut self) -> Result<String> {
        self.chars.next();
        let mut name = String::new();
        for ch in self.chars.by_ref() {
            if ch == ':' {
                break;
            }
            name.push(ch);
        }
        self.chars.next();
        let class = match name.as_str() {
            "alpha" => "\\p{Alphabetic}",
            "upper" => "\\p{Uppercase}",
            "lower" => "\\p{Lowercase}",
            "digit" => "\\d",
            "alnum" => "\\p{Alphabetic}\\p{Nd}",
            "word" => "\\w",
            "space" => "\\s",
            "blank" => " \\t",
            "punct" => "[:punct:]",
            "cntrl" => "\\p{Cc}",
            "xdigit" => "0-9a-fA-F",
            "ascii" => "\\x00-\\x7f",
            "print" => "\\P{Cc}",
            "graph" => "[\\P{Cc}&&\\S]",
            _ => return Err(invalid("invalid character class")),
        };
        Ok(if class.starts_with("[:") { format!("[{class}]") } else { class.to_owned() })
    }

    /// `[.x.]` or `[=x=]`: one character.
    fn collating(&mut self) -> Result<char> {
        let mark = self.chars.next();
        match (self.chars.next(), self.chars.next(), self.chars.next()) {
            (Some(ch), end, Some(']')) if end == mark => Ok(ch),
            _ => Err(invalid("invalid collating element")),
        }
    }
}
