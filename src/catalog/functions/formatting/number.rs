//! `to_char` of numbers.

use arrow::array::ArrayRef;
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::Call;
use super::super::number::Number;
use super::super::numeric::Dec;
use super::super::ty::Ty::{Float4, Float8, Int4, Int8, Numeric, Text};
use super::number_template::{Part, SignPlace, Template};
use super::{ordinal, roman};
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    r.add("to_char", &[Int4, Text], Text, |c| {
        let v = c.prims::<Int32Type>(0)?;
        print(c, |i, template| Ok(Digits::of(&Dec::int(v.at(i)), template)))
    });
    r.add("to_char", &[Int8, Text], Text, |c| {
        let v = c.prims::<Int64Type>(0)?;
        print(c, |i, template| Ok(Digits::of(&Dec::int(v.at(i)), template)))
    });
    r.add("to_char", &[Numeric, Text], Text, |c| {
        let v = c.nums(0)?;
        print(c, |i, template| {
            Ok(match v.number(i)? {
                Number::Finite(value) => Digits::of(&value, template),
                special => Digits::of_float(special.to_f64(), 15, template),
            })
        })
    });
    r.add("to_char", &[Float8, Text], Text, |c| {
        let v = c.prims::<Float64Type>(0)?;
        print(c, |i, template| Ok(Digits::of_float(v.at(i), 15, template)))
    });
    r.add("to_char", &[Float4, Text], Text, |c| {
        let v = c.prims::<Float32Type>(0)?;
        print(c, |i, template| Ok(Digits::of_float(f64::from(v.at(i)), 6, template)))
    });
}

/// A number's digits as the template wants them.
struct Digits {
    negative: bool,
    /// Digits with the point, at least `0`; `#` where they do not fit.
    text: Vec<u8>,
    /// Positions before the first digit.
    leading: usize,
    /// The finished text, for Roman numerals and exponents.
    whole: Option<String>,
}

impl Digits {
    fn of(value: &Dec, template: &Template) -> Self {
        if let Some(upper) = template.roman {
            return Self::roman(value.round(0).to_i64(), upper, template.fill);
        }
        if template.exponent {
            return Self::done(exponent(value, template.post));
        }
        let value = value.shifted(i32::try_from(template.shift).unwrap_or(0));
        let post = i32::try_from(template.post).unwrap_or(0);
        let rounded = value.round(post);
        Self::fitted(rounded.is_negative(), rounded.abs().to_string(), template.post, template)
    }

    fn of_float(value: f64, digits: usize, template: &Template) -> Self {
        if !value.is_finite() {
            if let Some(upper) = template.roman {
                return Self::roman(None, upper, template.fill);
            }
            if template.exponent {
                let after = "#".repeat(template.post + 4);
                return Self::done(format!(" {}.{after}", "#".repeat(template.pre)));
            }
            let word = if value.is_nan() { "NaN" } else { "Infinity" };
            let post = template.post.min(digits.saturating_sub(word.len()));
            return Self::fitted(value < 0.0, word.to_owned(), post, template);
        }
        if template.roman.is_some() || template.exponent {
            let exact = Dec::parse(&format!("{value:e}")).unwrap_or_else(|| Dec::int(0));
            return Self::of(&exact, template);
        }
        let value = value * 10_f64.powi(i32::try_from(template.shift).unwrap_or(0));
        // Only so many digits of a float mean anything.
        let before = format!("{:.0}", value.abs()).len();
        let post = template.post.min(digits.saturating_sub(before));
        let text = format!("{:.post$}", value.abs());
        let negative = value.is_sign_negative() && text.bytes().any(|b| b.is_ascii_digit() && b != b'0');
        Self::fitted(negative, text, post, template)
    }

    fn done(text: String) -> Self {
        Self { negative: false, text: Vec::new(), leading: 0, whole: Some(text) }
    }

    fn roman(value: Option<i64>, upper: bool, fill: bool) -> Self {
        let text = value.and_then(|v| u32::try_from(v).ok()).and_then(roman).unwrap_or_else(|| "#".repeat(15));
        let text = if upper { text } else { text.to_ascii_lowercase() };
        Self::done(if fill { text } else { format!("{text:>15}") })
    }

    fn fitted(negative: bool, text: String, post: usize, template: &Template) -> Self {
        let room = template.pre + template.shift;
        let before = text.find('.').unwrap_or(text.len());
        if before > room {
            let mut text = vec![b'#'; room + post + 1];
            text[room] = b'.';
            return Self { negative, text, leading: 0, whole: None };
        }
        Self { negative, text: text.into_bytes(), leading: room - before, whole: None }
    }
}

/// A number in scientific notation, a space for the sign of one not negative.
fn exponent(value: &Dec, post: usize) -> String {
    let digits = i32::try_from(post).unwrap_or(0);
    let mut weight = value.decimal_weight();
    let mut scaled = value.shifted(-weight).round(digits);
    if scaled.abs().compare(&Dec::int(10)).is_ge() {
        weight += 1;
        scaled = value.shifted(-weight).round(digits);
    }
    let sign = if scaled.is_negative() { "" } else { " " };
    let power = if weight < 0 { '-' } else { '+' };
    format!("{sign}{scaled}e{power}{:02}", weight.abs())
}

fn print(c: &Call<'_>, value: impl Fn(usize, &Template) -> Result<Digits>) -> Result<ArrayRef> {
    let templates = c.text(1)?;
    let mut parsed: Option<(&str, Template)> = None;
    c.build_text(|i, out| {
        let text = templates.at(i);
        if parsed.as_ref().is_none_or(|(known, _)| *known != text) {
            parsed = Some((text, Template::parse(text)?));
        }
        let Some((_, template)) = &parsed else { return Ok(()) };
        let digits = value(i, template)?;
        match &digits.whole {
            Some(text) => out.push_str(text),
            None => Writer::new(template, &digits, out).run(),
        }
        Ok(())
    })
}

/// Walks a template beside a number's digits.
struct Writer<'a> {
    template: &'a Template,
    digits: &'a Digits,
    out: &'a mut String,
    sign: Option<SignPlace>,
    sign_done: bool,
    bracket: bool,
    /// The next digit, and the next digit position of the template.
    next: usize,
    position: usize,
    /// Positions after which a closing sign comes.
    count: usize,
    /// With FM: the last digit that is not a zero to leave out; the point when there is none.
    last: Option<usize>,
    in_number: bool,
}

impl<'a> Writer<'a> {
    fn new(template: &'a Template, digits: &'a Digits, out: &'a mut String) -> Self {
        let positive = !digits.negative;
        let own_sign = template.plus || template.minus;
        let sign_done = match own_sign {
            true => template.minus || !template.plus,
            false => positive && template.fill && template.sign.is_none(),
        };
        let sign = match template.sign {
            Some(SignPlace::Before) if template.pre == template.sign_after => Some(SignPlace::After),
            other => other,
        };
        let mut count = (template.pre + template.shift + template.post).saturating_sub(1);
        if !sign_done && digits.leading == 0 {
            count += 1;
        }
        let mut writer = Self {
            template,
            digits,
            out,
            sign,
            sign_done,
            bracket: template.bracket && !(positive && template.fill),
            next: 0,
            position: 0,
            count,
            last: None,
            in_number: false,
        };
        if template.fill && template.decimal {
            writer.last = writer.last_relevant();
        }
        writer
    }

    fn last_relevant(&self) -> Option<usize> {
        let text = &self.digits.text;
        let point = text.iter().position(|b| *b == b'.')?;
        let last = (point + 1..text.len()).rev().find(|i| text[*i] != b'0').unwrap_or(point);
        if self.template.zero_end > self.digits.leading {
            return Some(last.max((self.template.zero_end - self.digits.leading).min(text.len() - 1)));
        }
        Some(last)
    }

    fn run(&mut self) {
        for part in &self.template.parts {
            match part {
                Part::Nine | Part::Zero | Part::Point => self.digit(*part == Part::Zero),
                Part::Comma | Part::Group if self.in_number => self.out.push(','),
                Part::Comma | Part::Group | Part::Currency if self.template.fill && *part != Part::Currency => {}
                Part::Comma | Part::Group | Part::Currency => self.out.push(' '),
                Part::Minus if self.digits.negative => self.out.push('-'),
                Part::Plus if !self.digits.negative => self.out.push('+'),
                Part::Minus | Part::Plus if self.template.fill => {}
                Part::Minus | Part::Plus => self.out.push(' '),
                Part::PlusMinus => self.out.push(if self.digits.negative { '-' } else { '+' }),
                Part::Ordinal { upper } => self.ordinal(*upper),
                Part::Text(ch) => self.out.push(*ch),
                Part::Sign
                | Part::Bracket
                | Part::Roman { .. }
                | Part::Shift
                | Part::Exponent
                | Part::Blank
                | Part::Fill => {}
            }
        }
    }

    fn ordinal(&mut self, upper: bool) {
        if self.digits.text.first() == Some(&b'#') || self.digits.negative || self.template.decimal {
            return;
        }
        let letters = ordinal(&String::from_utf8_lossy(&self.digits.text));
        self.out.push_str(&if upper { letters.to_ascii_uppercase() } else { letters.to_owned() });
    }

    fn current(&self) -> Option<u8> {
        self.digits.text.get(self.next).copied()
    }

    fn last_is_point(&self) -> bool {
        self.last.is_some_and(|i| self.digits.text.get(i) == Some(&b'.'))
    }

    /// Whether the zero before the point is left out, as in ` .5`.
    fn hides_zero(&self) -> bool {
        self.template.zero_start.is_none()
            && self.next == 0
            && self.digits.text.first() == Some(&b'0')
            && self.template.post != 0
    }

    fn digit(&mut self, zero: bool) {
        self.in_number = false;
        self.opening_sign();
        let leading = self.digits.leading;
        let zero_from = self.template.zero_start;
        if self.position < leading && zero_from.is_none_or(|from| from > self.position) {
            if !self.template.fill {
                self.out.push(' ');
            }
        } else if self.position < leading {
            self.out.push('0');
            self.in_number = true;
        } else {
            self.real_digit(zero);
        }
        self.closing_sign();
        self.position += 1;
    }

    fn real_digit(&mut self, zero: bool) {
        match self.current() {
            Some(b'.') => self.out.push('.'),
            _ if self.last.is_some_and(|last| self.next > last) && !zero => {}
            _ if self.hides_zero() => {
                if !self.template.fill {
                    self.out.push(' ');
                } else if self.last_is_point() {
                    self.out.push('0');
                }
            }
            Some(digit) => {
                self.out.push(char::from(digit));
                self.in_number = true;
            }
            None => {}
        }
        if self.next < self.digits.text.len() {
            self.next += 1;
        }
    }

    fn opening_sign(&mut self) {
        let reached = self.position >= self.digits.leading || self.template.zero_start == Some(self.position);
        if self.sign_done || !reached || (self.hides_zero() && !self.last_is_point()) {
            return;
        }
        match (self.sign, self.digits.negative) {
            (Some(SignPlace::After), _) => return,
            (Some(SignPlace::Before), negative) => self.out.push(if negative { '-' } else { '+' }),
            (None, negative) if self.bracket => self.out.push(if negative { '<' } else { ' ' }),
            (None, false) if !self.template.fill => self.out.push(' '),
            (None, false) => {}
            (None, true) => self.out.push('-'),
        }
        self.sign_done = true;
    }

    fn closing_sign(&mut self) {
        let point = usize::from(self.template.decimal);
        let mut end = self.count + usize::from(self.digits.leading > 0) + point;
        if self.last.is_some_and(|last| last == self.next) {
            end = self.position;
        }
        if self.position + 1 != end {
            return;
        }
        if self.sign_done && self.bracket {
            self.out.push(if self.digits.negative { '>' } else { ' ' });
        } else if self.sign == Some(SignPlace::After) {
            self.out.push(if self.digits.negative { '-' } else { '+' });
        }
    }
}
