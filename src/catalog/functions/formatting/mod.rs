//! `to_char`, `to_date`, `to_timestamp`, `to_number`: PostgreSQL's template patterns.

mod number;
mod number_template;
mod parse_number;
mod parse_time;
mod template;
mod time;

use super::Registry;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    time::register(r);
    number::register(r);
    parse_time::register(r);
    parse_number::register(r);
}

/// `st`, `nd`, `rd` or `th` for a number's digits.
fn ordinal(digits: &str) -> &'static str {
    let bytes = digits.as_bytes();
    let last = bytes.last().copied().unwrap_or(b'0');
    if bytes.len() > 1 && bytes[bytes.len() - 2] == b'1' {
        return "th";
    }
    match last {
        b'1' => "st",
        b'2' => "nd",
        b'3' => "rd",
        _ => "th",
    }
}

/// A number from 1 to 3999 in Roman numerals.
fn roman(number: u32) -> Option<String> {
    const NUMERALS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&number) {
        return None;
    }
    let (mut left, mut out) = (number, String::new());
    for (value, letters) in NUMERALS {
        while left >= value {
            out.push_str(letters);
            left -= value;
        }
    }
    Some(out)
}
