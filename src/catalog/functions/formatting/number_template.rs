//! Number templates: `9`, `0`, `D`, `G`, `S`, `PR`, ….

use crate::error::{Error, Result};
use crate::sqlstate;

/// A part of a number template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Nine,
    Zero,
    Point,
    Comma,
    Group,
    Currency,
    Sign,
    Plus,
    Minus,
    PlusMinus,
    Bracket,
    Ordinal { upper: bool },
    Roman { upper: bool },
    Shift,
    Exponent,
    Blank,
    Fill,
    Text(char),
}

/// Where a locale's sign goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignPlace {
    Before,
    After,
}

/// A template and what follows from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pub parts: Vec<Part>,
    /// Digits before the point.
    pub pre: usize,
    /// Digits after the point.
    pub post: usize,
    /// Digits after `V`.
    pub shift: usize,
    /// Where the first `0` stands, from 0.
    pub zero_start: Option<usize>,
    /// Digits up to the last `0`.
    pub zero_end: usize,
    pub decimal: bool,
    pub fill: bool,
    pub sign: Option<SignPlace>,
    /// Digits before `S`.
    pub sign_after: usize,
    pub plus: bool,
    pub minus: bool,
    pub bracket: bool,
    pub roman: Option<bool>,
    pub exponent: bool,
    pub multiply: bool,
}

const WORDS: &[(&str, Part)] = &[
    ("EEEE", Part::Exponent),
    ("FM", Part::Fill),
    ("MI", Part::Minus),
    ("PL", Part::Plus),
    ("PR", Part::Bracket),
    ("RN", Part::Roman { upper: true }),
    ("SG", Part::PlusMinus),
    ("TH", Part::Ordinal { upper: true }),
    (",", Part::Comma),
    (".", Part::Point),
    ("0", Part::Zero),
    ("9", Part::Nine),
    ("B", Part::Blank),
    ("D", Part::Point),
    ("G", Part::Group),
    ("L", Part::Currency),
    ("S", Part::Sign),
    ("V", Part::Shift),
    ("eeee", Part::Exponent),
    ("fm", Part::Fill),
    ("mi", Part::Minus),
    ("pl", Part::Plus),
    ("pr", Part::Bracket),
    ("rn", Part::Roman { upper: false }),
    ("sg", Part::PlusMinus),
    ("th", Part::Ordinal { upper: false }),
    ("b", Part::Blank),
    ("d", Part::Point),
    ("g", Part::Group),
    ("l", Part::Currency),
    ("s", Part::Sign),
    ("v", Part::Shift),
];

fn syntax(message: &'static str) -> Error {
    Error::new(sqlstate::SYNTAX_ERROR, message)
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self> {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(ch) = rest.chars().next() {
            if let Some((word, part)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                template.add(*part)?;
                rest = &rest[word.len()..];
                continue;
            }
            rest = &rest[ch.len_utf8()..];
            match ch {
                '"' => {
                    let mut chars = rest.chars();
                    while let Some(inner) = chars.next() {
                        match inner {
                            '"' => break,
                            '\\' => template.parts.extend(chars.next().map(Part::Text)),
                            _ => template.parts.push(Part::Text(inner)),
                        }
                    }
                    rest = chars.as_str();
                }
                '\\' if rest.starts_with('"') => {
                    template.parts.push(Part::Text('"'));
                    rest = &rest[1..];
                }
                _ => template.parts.push(Part::Text(ch)),
            }
        }
        Ok(template)
    }

    fn add(&mut self, part: Part) -> Result<()> {
        if self.exponent && !matches!(part, Part::Text(_)) {
            return Err(syntax("\"EEEE\" must be the last pattern used"));
        }
        self.parts.push(part);
        match part {
            Part::Nine if self.bracket => return Err(syntax("\"9\" must be ahead of \"PR\"")),
            Part::Nine if self.multiply => self.shift += 1,
            Part::Nine if self.decimal => self.post += 1,
            Part::Nine => self.pre += 1,
            Part::Zero if self.bracket => return Err(syntax("\"0\" must be ahead of \"PR\"")),
            Part::Zero => {
                if self.decimal {
                    self.post += 1;
                } else {
                    self.zero_start = self.zero_start.or(Some(self.pre));
                    self.pre += 1;
                }
                self.zero_end = self.pre + self.post;
            }
            Part::Point if self.decimal => return Err(syntax("multiple decimal points")),
            Part::Point if self.multiply => return Err(syntax("cannot use \"V\" and decimal point together")),
            Part::Point => self.decimal = true,
            Part::Fill => self.fill = true,
            Part::Sign => self.add_sign()?,
            Part::Minus | Part::Plus | Part::PlusMinus => {
                if self.sign.is_some() {
                    return Err(syntax("cannot use \"S\" and \"MI\" together"));
                }
                self.minus |= part != Part::Plus;
                self.plus |= part != Part::Minus;
            }
            Part::Bracket if self.sign.is_some() || self.plus || self.minus => {
                return Err(syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together"));
            }
            Part::Bracket => self.bracket = true,
            Part::Roman { upper } => self.roman = Some(upper),
            Part::Shift if self.decimal => return Err(syntax("cannot use \"V\" and decimal point together")),
            Part::Shift => self.multiply = true,
            Part::Exponent => self.add_exponent()?,
            Part::Comma | Part::Group | Part::Currency | Part::Ordinal { .. } | Part::Blank | Part::Text(_) => {}
        }
        Ok(())
    }

    fn add_sign(&mut self) -> Result<()> {
        if self.sign.is_some() {
            return Err(syntax("cannot use \"S\" twice"));
        }
        if self.plus || self.minus || self.bracket {
            return Err(syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
        }
        self.sign = Some(if self.decimal { SignPlace::After } else { SignPlace::Before });
        self.sign_after = self.pre;
        Ok(())
    }

    fn add_exponent(&mut self) -> Result<()> {
        if self.exponent {
            return Err(syntax("cannot use \"EEEE\" twice"));
        }
        if self.fill
            || self.sign.is_some()
            || self.bracket
            || self.minus
            || self.plus
            || self.roman.is_some()
            || self.multiply
        {
            return Err(syntax("\"EEEE\" is incompatible with other formats")
                .detail("\"EEEE\" may only be used together with digit and decimal point patterns."));
        }
        self.exponent = true;
        Ok(())
    }
}
