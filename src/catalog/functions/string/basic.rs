//! Length, case, position, substring, replacement.

use arrow::array::ArrayRef;
use arrow::datatypes::{Int32Type, Int64Type};
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd, is_nfkc, is_nfkd};

use super::super::Registry;
use super::super::call::{Call, VALUE_LIMIT, check_length, too_large};
use super::super::ty::Ty::{Bool, Int4, Int8, Text};
use super::{byte_offset, char_count, substring};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    for name in ["length", "char_length", "character_length"] {
        r.add(name, &[Text], Int4, |c| measure(c, char_count));
    }
    r.add("octet_length", &[Text], Int4, |c| measure(c, str::len));
    r.add("bit_length", &[Text], Int4, |c| measure(c, |s| s.len() * 8));
    r.add("upper", &[Text], Text, |c| map_chars(c, |ch, _| upper(ch)));
    r.add("lower", &[Text], Text, |c| map_chars(c, |ch, _| lower(ch)));
    r.add("initcap", &[Text], Text, |c| map_chars(c, |ch, in_word| if in_word { lower(ch) } else { upper(ch) }));
    r.add("reverse", &[Text], Text, |c| {
        let s = c.text(0)?;
        c.build_text(|i, out| {
            out.extend(s.at(i).chars().rev());
            Ok(())
        })
    });
    for name in ["substr", "substring"] {
        r.add(name, &[Text, Int4], Text, |c| {
            let (s, from) = (c.text(0)?, c.prims::<Int32Type>(1)?);
            c.build_text(|i, out| {
                out.push_str(substring(s.at(i), i64::from(from.at(i)), None));
                Ok(())
            })
        });
        r.add(name, &[Text, Int4, Int4], Text, substring_for);
    }
    r.add("left", &[Text, Int4], Text, |c| side(c, true));
    r.add("right", &[Text, Int4], Text, |c| side(c, false));
    for name in ["strpos", "position"] {
        r.add(name, &[Text, Text], Int4, position);
    }
    r.add("starts_with", &[Text, Text], Bool, |c| {
        let (s, prefix) = (c.text(0)?, c.text(1)?);
        c.build_bool(|i| Ok(s.at(i).starts_with(prefix.at(i))))
    });
    r.add("replace", &[Text, Text, Text], Text, replace);
    r.add("translate", &[Text, Text, Text], Text, translate);
    r.add("overlay", &[Text, Text, Int4], Text, overlay);
    r.add("overlay", &[Text, Text, Int4, Int4], Text, overlay);
    r.add("levenshtein", &[Text, Text], Int4, |c| {
        let (a, b) = (c.text(0)?, c.text(1)?);
        c.build::<Int32Type>(|i| levenshtein(a.at(i), b.at(i)))
    });
    r.add("ascii", &[Text], Int4, |c| {
        let s = c.text(0)?;
        c.build::<Int32Type>(|i| Ok(s.at(i).chars().next().map_or(0, |ch| ch as i32)))
    });
    r.add("chr", &[Int4], Text, |c| {
        let code = c.prims::<Int32Type>(0)?;
        c.build_text(|i, out| chr(code.at(i)).map(|ch| out.push(ch)))
    });
    for name in ["to_hex", "to_oct", "to_bin"] {
        r.add(name, &[Int4], Text, radix_kernel(name, false));
        r.add(name, &[Int8], Text, radix_kernel(name, true));
    }
    register_unicode(r);
}

fn register_unicode(r: &mut Registry) {
    for params in [&[Text][..], &[Text, Text][..]] {
        r.add("normalize", params, Text, normalize);
        r.add("is_normalized", params, Bool, is_normalized);
    }
}

/// One character's upper case, itself when that is not one character.
pub(in super::super) fn upper(ch: char) -> char {
    single(ch, ch.to_uppercase())
}

/// One character's lower case, itself when that is not one character.
pub(in super::super) fn lower(ch: char) -> char {
    match ch {
        '\u{130}' => 'i',
        _ => single(ch, ch.to_lowercase()),
    }
}

fn single(ch: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => ch,
    }
}

fn measure(c: &Call<'_>, of: fn(&str) -> usize) -> Result<ArrayRef> {
    let s = c.text(0)?;
    c.build::<Int32Type>(|i| i32::try_from(of(s.at(i))).map_err(|_| too_large()))
}

/// Maps characters one to one; the closure is told whether the character before was a letter or digit.
fn map_chars(c: &Call<'_>, map: fn(char, bool) -> char) -> Result<ArrayRef> {
    let s = c.text(0)?;
    c.build_text(|i, out| {
        let mut in_word = false;
        for ch in s.at(i).chars() {
            out.push(map(ch, in_word));
            in_word = ch.is_alphanumeric();
        }
        Ok(())
    })
}

fn substring_for(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, from, length) = (c.text(0)?, c.prims::<Int32Type>(1)?, c.prims::<Int32Type>(2)?);
    c.build_text(|i, out| {
        let length = i64::from(length.at(i));
        if length < 0 {
            return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
        }
        out.push_str(substring(s.at(i), i64::from(from.at(i)), Some(length)));
        Ok(())
    })
}

fn side(c: &Call<'_>, left: bool) -> Result<ArrayRef> {
    let (s, n) = (c.text(0)?, c.prims::<Int32Type>(1)?);
    c.build_text(|i, out| {
        let (s, n) = (s.at(i), n.at(i));
        let count = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
        // A negative count leaves out that many at the other end.
        let split = match (left, n >= 0) {
            (true, true) | (false, false) => byte_offset(s, count),
            _ => byte_offset(s, char_count(s).saturating_sub(count)),
        };
        out.push_str(if left { &s[..split] } else { &s[split..] });
        Ok(())
    })
}

fn position(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, wanted) = (c.text(0)?, c.text(1)?);
    c.build::<Int32Type>(|i| {
        let text = s.at(i);
        let found = text.find(wanted.at(i)).map_or(0, |at| char_count(&text[..at]) + 1);
        i32::try_from(found).map_err(|_| too_large())
    })
}

fn replace(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, from, to) = (c.text(0)?, c.text(1)?, c.text(2)?);
    c.build_text(|i, out| {
        let (s, from, to) = (s.at(i), from.at(i), to.at(i));
        if from.is_empty() {
            out.push_str(s);
            return Ok(());
        }
        let start = out.len();
        let mut last = 0;
        for (at, _) in s.match_indices(from) {
            out.push_str(&s[last..at]);
            out.push_str(to);
            last = at + from.len();
            check_length(out.len() - start)?;
        }
        out.push_str(&s[last..]);
        Ok(())
    })
}

fn translate(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, from, to) = (c.text(0)?, c.text(1)?, c.text(2)?);
    let mut map: Vec<(char, Option<char>)> = Vec::new();
    let mut built_for: Option<(&str, &str)> = None;
    c.build_text(|i, out| {
        if built_for != Some((from.at(i), to.at(i))) {
            built_for = Some((from.at(i), to.at(i)));
            let mut targets = to.at(i).chars();
            map = from.at(i).chars().map(|ch| (ch, targets.next())).collect();
        }
        for ch in s.at(i).chars() {
            match map.iter().find(|(source, _)| *source == ch) {
                Some((_, target)) => out.extend(*target),
                None => out.push(ch),
            }
        }
        Ok(())
    })
}

fn overlay(c: &Call<'_>) -> Result<ArrayRef> {
    let (s, new, from) = (c.text(0)?, c.text(1)?, c.prims::<Int32Type>(2)?);
    let count = if c.arity() == 4 { Some(c.prims::<Int32Type>(3)?) } else { None };
    c.build_text(|i, out| {
        let (s, new, from) = (s.at(i), new.at(i), i64::from(from.at(i)));
        if from <= 0 {
            return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
        }
        let count = count.as_ref().map_or_else(|| char_count(new) as i64, |n| i64::from(n.at(i)));
        if i32::try_from(from + count).is_err() {
            return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range"));
        }
        out.push_str(substring(s, 1, Some(from - 1)));
        out.push_str(new);
        out.push_str(substring(s, from + count, None));
        Ok(())
    })
}

/// The least number of one-character changes between two texts of at most 255 characters, `fuzzystrmatch`'s bound.
fn levenshtein(a: &str, b: &str) -> Result<i32> {
    const MOST: usize = 255;
    if char_count(a) > MOST || char_count(b) > MOST {
        let message = "levenshtein argument exceeds maximum length of 255 characters";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    }
    let columns: Vec<char> = b.chars().collect();
    let mut costs: Vec<usize> = (0..=columns.len()).collect();
    for (row, left) in a.chars().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row + 1;
        for (i, right) in columns.iter().enumerate() {
            let change = diagonal + usize::from(left != *right);
            diagonal = costs[i + 1];
            costs[i + 1] = change.min(diagonal + 1).min(costs[i] + 1);
        }
    }
    i32::try_from(costs[columns.len()]).map_err(|_| too_large())
}

fn chr(code: i32) -> Result<char> {
    let limit = |m: String| Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, m);
    match code {
        ..0 => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "character number must be positive")),
        0 => Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "null character not permitted")),
        0x11_0000.. => Err(limit(format!("requested character too large for encoding: {code}"))),
        _ => u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| limit(format!("requested character not valid for encoding: {code}"))),
    }
}

fn radix_kernel(name: &str, wide: bool) -> super::super::overload::Kernel {
    match (name, wide) {
        ("to_hex", false) => |c| radix(c, false, |v| format!("{v:x}")),
        ("to_hex", true) => |c| radix(c, true, |v| format!("{v:x}")),
        ("to_oct", false) => |c| radix(c, false, |v| format!("{v:o}")),
        ("to_oct", true) => |c| radix(c, true, |v| format!("{v:o}")),
        (_, false) => |c| radix(c, false, |v| format!("{v:b}")),
        (_, true) => |c| radix(c, true, |v| format!("{v:b}")),
    }
}

fn radix(c: &Call<'_>, wide: bool, digits: fn(u64) -> String) -> Result<ArrayRef> {
    if wide {
        let v = c.prims::<Int64Type>(0)?;
        return c.build_text(|i, out| {
            out.push_str(&digits(v.at(i).cast_unsigned()));
            Ok(())
        });
    }
    let v = c.prims::<Int32Type>(0)?;
    c.build_text(|i, out| {
        out.push_str(&digits(u64::from(v.at(i).cast_unsigned())));
        Ok(())
    })
}

/// Which of the four Unicode normal forms a name means.
fn normal_form(c: &Call<'_>, row: usize) -> Result<&'static str> {
    if c.arity() == 1 {
        return Ok("NFC");
    }
    let name = c.text(1)?.at(row).to_ascii_uppercase();
    ["NFC", "NFD", "NFKC", "NFKD"].into_iter().find(|form| *form == name).ok_or_else(|| {
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid normalization form: {}", name.to_lowercase()))
    })
}

fn normalize(c: &Call<'_>) -> Result<ArrayRef> {
    let s = c.text(0)?;
    c.build_text(|i, out| {
        let text = s.at(i);
        check_length(text.len().saturating_mul(3).min(VALUE_LIMIT + text.len()))?;
        match normal_form(c, i)? {
            "NFC" => out.extend(text.nfc()),
            "NFD" => out.extend(text.nfd()),
            "NFKC" => out.extend(text.nfkc()),
            _ => out.extend(text.nfkd()),
        }
        Ok(())
    })
}

fn is_normalized(c: &Call<'_>) -> Result<ArrayRef> {
    let s = c.text(0)?;
    c.build_bool(|i| {
        let text = s.at(i);
        Ok(match normal_form(c, i)? {
            "NFC" => is_nfc(text),
            "NFD" => is_nfd(text),
            "NFKC" => is_nfkc(text),
            _ => is_nfkd(text),
        })
    })
}
