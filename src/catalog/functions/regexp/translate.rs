//! A PostgreSQL pattern as one of the `regex` crate.

use std::iter::Peekable;
use std::str::Chars;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, HirKind};

use super::tree::{Assertion, Bracket, Builder, Node};
use super::{Flags, invalid};
use crate::error::Result;

/// The largest bound of a repetition (`RE_DUP_MAX`).
const MAX_REPEAT: u32 = 255;

/// A translated pattern.
#[derive(Clone, Debug)]
pub(super) struct Translated {
    /// For the `regex` crate.
    pub pattern: String,
    /// Whether the whole expression prefers the shortest match.
    pub shortest: bool,
    /// Whether the engine's first choice may have another length than PostgreSQL's.
    pub ambiguous: bool,
    /// Whether the pattern must be, or its groups may have to be, found by taking the match apart.
    pub dissect: Dissect,
    /// The pattern's syntax.
    pub tree: Node,
    /// The groups in it.
    pub groups: usize,
}

/// What the linear engine cannot do of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dissect {
    /// Nothing.
    No,
    /// PostgreSQL's choice of the groups.
    Groups,
    /// The match itself: look-around, back references.
    Whole,
}

/// What is known of a group (or the whole) while it is read.
#[derive(Default)]
struct Frame {
    /// The preference of the first quantified part: longest is true.
    greedy: Option<bool>,
    /// The preference of the part before, which a quantifier may still change.
    pending: Option<bool>,
    alternation: bool,
    /// Whether there is a part that a quantifier may follow.
    atom: bool,
    is_look: bool,
}

impl Frame {
    fn flush(&mut self) {
        let pending = self.pending.take();
        self.greedy = self.greedy.or(pending);
    }

    /// The preference of the group; alternatives make it greedy.
    fn preference(mut self) -> Option<bool> {
        self.flush();
        if self.alternation { Some(true) } else { self.greedy }
    }
}

pub(super) struct Translator<'a> {
    pub chars: Peekable<Chars<'a>>,
    pub flags: Flags,
    out: String,
    frames: Vec<Frame>,
    quantifiers: usize,
    alternation: bool,
    lazy: bool,
    ends_anchored: bool,
    builder: Builder,
    /// Whether there is something that the linear engine has not.
    beyond: bool,
}

/// Translates a pattern; its own options at its start count too.
pub(super) fn translate(pattern: &str, mut flags: Flags) -> Result<Translated> {
    let mut pattern = pattern;
    if let Some(literal) = pattern.strip_prefix("***=") {
        (pattern, flags.literal) = (literal, true);
    } else if let Some(rest) = pattern.strip_prefix("***:") {
        pattern = rest;
    } else if pattern.starts_with("***") {
        return Err(invalid("quantifier operand invalid"));
    }
    if flags.literal {
        let case = if flags.ignore_case { "(?i)" } else { "" };
        let pattern = format!("{case}{}", regex::escape(pattern));
        let tree = Node::Concat(Vec::new());
        return Ok(Translated { pattern, shortest: false, ambiguous: false, dissect: Dissect::No, tree, groups: 0 });
    }
    if let Some((letters, rest)) = pattern.strip_prefix("(?").and_then(|p| p.split_once(')'))
        && !letters.is_empty()
        && letters.chars().all(|c| c.is_ascii_alphabetic())
    {
        for letter in letters.chars() {
            flags.set(letter).map_err(|_| invalid("invalid embedded option"))?;
        }
        pattern = rest;
    }
    let mut translator = Translator {
        chars: pattern.chars().peekable(),
        flags,
        out: String::from(if flags.ignore_case { "(?si)" } else { "(?s)" }),
        frames: vec![Frame::default()],
        quantifiers: 0,
        alternation: false,
        lazy: false,
        ends_anchored: false,
        builder: Builder::new(),
        beyond: false,
    };
    translator.run()?;
    let preference = translator.frames.pop().and_then(Frame::preference);
    let several = translator.alternation || translator.lazy || translator.quantifiers > 1;
    let groups = translator.builder.group_count();
    let dissect = match (translator.beyond, several && groups > 0) {
        (true, _) => Dissect::Whole,
        (false, true) => Dissect::Groups,
        _ => Dissect::No,
    };
    Ok(Translated {
        dissect,
        groups,
        tree: translator.builder.finish(),
        pattern: translator.out,
        shortest: preference == Some(false),
        ambiguous: several && (translator.alternation || !translator.ends_anchored),
    })
}

impl Translator<'_> {
    fn run(&mut self) -> Result<()> {
        while let Some(ch) = self.chars.next() {
            self.ends_anchored = false;
            match ch {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.open()?,
                ')' if self.frames.len() > 1 => {
                    self.builder.close();
                    self.close();
                }
                ')' => return Err(invalid("parentheses () not balanced")),
                '|' => {
                    self.out.push('|');
                    self.builder.alternate();
                    self.alternation = true;
                    let frame = self.frame();
                    frame.flush();
                    (frame.alternation, frame.atom) = (true, false);
                }
                '*' => self.quantifier("*", (0, None), true)?,
                '+' => self.quantifier("+", (1, None), true)?,
                '?' => self.quantifier("?", (0, Some(1)), true)?,
                '{' if self.chars.peek().is_some_and(char::is_ascii_digit) => self.bound()?,
                '.' => self.atom(if self.flags.newline_stops { "[^\\n]" } else { "." })?,
                '^' if self.flags.newline_anchors => self.assertion("(?m:^)", Assertion::LineStart),
                '^' => self.assertion("\\A", Assertion::Start),
                '$' => {
                    match self.flags.newline_anchors {
                        true => self.assertion("(?m:$)", Assertion::LineEnd),
                        false => self.assertion("\\z", Assertion::End),
                    }
                    self.ends_anchored = !self.flags.newline_anchors && self.frames.len() == 1;
                }
                ch if self.flags.expanded && ch.is_whitespace() => {}
                '#' if self.flags.expanded => while self.chars.next().is_some_and(|c| c != '\n') {},
                ch => {
                    let mut buffer = [0; 4];
                    let escaped = regex::escape(ch.encode_utf8(&mut buffer));
                    self.atom(&escaped)?;
                }
            }
        }
        if self.frames.len() > 1 { Err(invalid("parentheses () not balanced")) } else { Ok(()) }
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub(super) fn atom(&mut self, text: &str) -> Result<()> {
        self.builder.push(Node::Class(ranges(text, self.flags.ignore_case)?));
        self.out.push_str(text);
        let frame = self.frame();
        frame.flush();
        frame.atom = true;
        Ok(())
    }

    /// A place, which cannot be repeated.
    pub(super) fn assertion(&mut self, text: &str, assertion: Assertion) {
        self.builder.push(Node::Assert(assertion));
        self.out.push_str(text);
        let frame = self.frame();
        frame.flush();
        frame.atom = false;
    }

    fn open(&mut self) -> Result<()> {
        let mut bracket = Bracket::Plain;
        if self.chars.peek() == Some(&'?') {
            self.chars.next();
            match self.chars.next() {
                Some(':') => {}
                Some('=') => bracket = Bracket::Look { ahead: true, negated: false },
                Some('!') => bracket = Bracket::Look { ahead: true, negated: true },
                Some('<') => match self.chars.next() {
                    Some('=') => bracket = Bracket::Look { ahead: false, negated: false },
                    Some('!') => bracket = Bracket::Look { ahead: false, negated: true },
                    _ => return Err(invalid("quantifier operand invalid")),
                },
                Some('#') => {
                    while self.chars.next().is_some_and(|c| c != ')') {}
                    return Ok(());
                }
                _ => return Err(invalid("quantifier operand invalid")),
            }
            self.beyond |= matches!(bracket, Bracket::Look { .. });
        } else if !self.builder.is_looking() {
            bracket = Bracket::Group(self.builder.next_group());
        }
        self.out.push_str(if matches!(bracket, Bracket::Group(_)) { "(" } else { "(?:" });
        self.builder.open(bracket);
        self.frame().flush();
        self.frames.push(Frame { is_look: matches!(bracket, Bracket::Look { .. }), ..Frame::default() });
        Ok(())
    }

    fn close(&mut self) {
        self.out.push(')');
        let closed = self.frames.pop().unwrap_or_default();
        // A look-around is a place: it has no preference and cannot be repeated.
        let is_look = closed.is_look;
        let inner = if is_look { None } else { closed.preference() };
        let frame = self.frame();
        (frame.pending, frame.atom) = (inner, !is_look);
    }

    /// Appends a quantifier and its `?`; `variable` is false when it allows one count only.
    fn quantifier(&mut self, text: &str, (min, max): (u32, Option<u32>), variable: bool) -> Result<()> {
        if !self.frame().atom {
            return Err(invalid("quantifier operand invalid"));
        }
        self.out.push_str(text);
        let lazy = self.chars.peek() == Some(&'?');
        if lazy {
            self.chars.next();
            self.out.push('?');
        }
        self.builder.repeat(min, max, variable.then_some(lazy));
        if variable {
            self.quantifiers += 1;
            self.lazy |= lazy;
        }
        let frame = self.frame();
        if variable {
            frame.pending = Some(!lazy);
        }
        frame.flush();
        frame.atom = false;
        Ok(())
    }

    fn bound(&mut self) -> Result<()> {
        let low = self.count()?.unwrap_or(0);
        let (text, high, variable) = match self.chars.next() {
            Some('}') => (format!("{{{low}}}"), Some(low), false),
            Some(',') => {
                let high = self.count()?;
                if self.chars.next() != Some('}') || high.is_some_and(|h| h < low) {
                    return Err(invalid("invalid repetition count(s)"));
                }
                let high_text = high.map_or_else(String::new, |h| h.to_string());
                (format!("{{{low},{high_text}}}"), high, true)
            }
            _ => return Err(invalid("invalid repetition count(s)")),
        };
        self.quantifier(&text, (low, high), variable)
    }

    fn count(&mut self) -> Result<Option<u32>> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(10)) {
            self.chars.next();
            let value = number.unwrap_or(0) * 10 + digit;
            if value > MAX_REPEAT {
                return Err(invalid("invalid repetition count(s)"));
            }
            number = Some(value);
        }
        Ok(number)
    }

    fn escape(&mut self) -> Result<()> {
        let Some(ch) = self.chars.next() else { return Err(invalid("invalid escape \\ sequence")) };
        match ch {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => self.atom(&format!("\\{ch}"))?,
            'y' => self.assertion("\\b", Assertion::Word),
            'Y' => self.assertion("\\B", Assertion::NotWord),
            'm' => self.assertion("\\b{start}", Assertion::WordStart),
            'M' => self.assertion("\\b{end}", Assertion::WordEnd),
            'A' => self.assertion("\\A", Assertion::Start),
            'Z' => self.assertion("\\z", Assertion::End),
            '1'..='9' => return self.back_reference(ch),
            _ => {
                let literal = self.escaped_char(ch)?;
                self.atom(&hex(literal))?;
            }
        }
        Ok(())
    }

    /// `\1`; a number of several digits beyond the groups so far is a character in octal.
    fn back_reference(&mut self, first: char) -> Result<()> {
        let ahead: String = self.chars.clone().take_while(char::is_ascii_digit).take(2).collect();
        let number = format!("{first}{ahead}");
        let group = number.parse::<usize>().unwrap_or(usize::MAX);
        if ahead.is_empty() || group <= self.builder.group_count() {
            self.chars.by_ref().take(ahead.len()).for_each(drop);
            self.builder.back(group)?;
            self.beyond = true;
            let frame = self.frame();
            frame.flush();
            frame.atom = true;
            return Ok(());
        }
        let octal: String = number.chars().take_while(|c| c.is_digit(8)).collect();
        let code = u32::from_str_radix(&octal, 8).map_err(|_| invalid("invalid escape \\ sequence"))?;
        self.chars.by_ref().take(octal.len().saturating_sub(1)).for_each(drop);
        let literal = char::from_u32(code).ok_or_else(|| invalid("invalid escape \\ sequence"))?;
        self.atom(&hex(literal))
    }

    /// The character an escape stands for.
    pub(super) fn escaped_char(&mut self, ch: char) -> Result<char> {
        let code = match ch {
            'a' => 7,
            'b' => 8,
            'B' => u32::from(b'\\'),
            'e' => 27,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'c' => match self.chars.next() {
                Some(control) => u32::from(control) & 31,
                None => return Err(invalid("invalid escape \\ sequence")),
            },
            'u' => self.digits(16, 4, 4)?,
            'U' => self.digits(16, 8, 8)?,
            'x' => self.digits(16, 1, 255)?,
            '0' => self.digits(8, 0, 2)?,
            c if c.is_ascii_alphanumeric() => return Err(invalid("invalid escape \\ sequence")),
            c => u32::from(c),
        };
        char::from_u32(code).ok_or_else(|| invalid("invalid escape \\ sequence"))
    }

    fn digits(&mut self, radix: u32, least: usize, most: usize) -> Result<u32> {
        let (mut code, mut found) = (0_u32, 0);
        while let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(radix)).filter(|_| found < most) {
            self.chars.next();
            code = code.checked_mul(radix).and_then(|c| c.checked_add(digit)).unwrap_or(u32::MAX);
            found += 1;
        }
        if found < least { Err(invalid("invalid escape \\ sequence")) } else { Ok(code) }
    }
}

/// The characters of a class or of a character as the linear engine writes it.
fn ranges(text: &str, ignore_case: bool) -> Result<Vec<(char, char)>> {
    let mut builder = ParserBuilder::new();
    let parsed = builder.case_insensitive(ignore_case).dot_matches_new_line(true).build().parse(text);
    let hir = parsed.map_err(|_| invalid("syntax not supported"))?;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(class.iter().map(|r| (r.start(), r.end())).collect()),
        HirKind::Class(Class::Bytes(class)) => {
            Ok(class.iter().map(|r| (char::from(r.start()), char::from(r.end()))).collect())
        }
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| invalid("syntax not supported"))?;
            Ok(text.chars().map(|ch| (ch, ch)).collect())
        }
        _ => Err(invalid("syntax not supported")),
    }
}

/// A character that can mean nothing but itself, inside brackets and outside.
pub(super) fn hex(ch: char) -> String {
    if ch.is_ascii_alphanumeric() { ch.to_string() } else { format!("\\x{{{:x}}}", u32::from(ch)) }
}
