//! Numbers of JSON as decimal text: the form `jsonb` prints, and their order. No digit is lost.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Digits that PostgreSQL's `numeric` has before the point at most.
const MAX_WHOLE: i64 = 131_072;
/// Digits that it has after the point at most.
const MAX_PLACES: i64 = 16_383;

/// A number as PostgreSQL's `numeric` prints it: no exponent, no sign before zero, the digits after the point as many as
/// were written.
///
/// # Errors
///
/// `22003` for numbers beyond what `numeric` holds.
pub fn normal(text: &str, out: &mut String) -> Result<()> {
    let parts = Parts::of(text);
    let is_negative_zero = parts.negative && parts.is_zero();
    if !text.contains(['e', 'E']) && !is_negative_zero {
        out.push_str(text);
        return Ok(());
    }
    let digits: Vec<u8> = parts.digits().collect();
    let point = parts.point();
    let first = digits.iter().position(|d| *d != b'0');
    let whole = first.map_or(0, |first| point - i64::try_from(first).unwrap_or(i64::MAX));
    let places = (i64::try_from(digits.len()).unwrap_or(i64::MAX) - point).max(0);
    if whole > MAX_WHOLE || places > MAX_PLACES && first.is_some() {
        return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format"));
    }
    let places = places.min(MAX_PLACES);
    if parts.negative && first.is_some() {
        out.push('-');
    }
    let digit = |at: i64| usize::try_from(at).ok().and_then(|at| digits.get(at)).map_or('0', |d| char::from(*d));
    if whole <= 0 {
        out.push('0');
    }
    out.extend((point - whole.max(0)..point).map(digit));
    if places > 0 {
        out.push('.');
        out.extend((point..point + places).map(digit));
    }
    Ok(())
}

/// The order of two numbers by value.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let (a, b) = (Parts::of(left), Parts::of(right));
    match (a.sign(), b.sign()) {
        (1, 1) => a.compare_magnitude(&b),
        (-1, -1) => b.compare_magnitude(&a),
        (x, y) => x.cmp(&y),
    }
}

/// A number taken apart.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (body, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent beyond all bounds is as good as the bound.
        let far = if exponent.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 };
        let exponent = exponent.parse().unwrap_or(far).clamp(-1_000_000_000, 1_000_000_000);
        let (negative, body) = match body.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, body),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        Self { negative, whole, fraction, exponent }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// How many of the digits stand before the point; may be negative.
    fn point(&self) -> i64 {
        i64::try_from(self.whole.len()).unwrap_or(i64::MAX) + self.exponent
    }

    fn is_zero(&self) -> bool {
        self.digits().all(|d| d == b'0')
    }

    fn sign(&self) -> i32 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, negative) => {
                if negative {
                    -1
                } else {
                    1
                }
            }
        }
    }

    /// The order of two values that are not zero, signs apart.
    fn compare_magnitude(&self, other: &Self) -> Ordering {
        let height = |parts: &Self| {
            let zeros = parts.digits().take_while(|d| *d == b'0').count();
            (zeros, parts.point() - i64::try_from(zeros).unwrap_or(i64::MAX))
        };
        let ((skip_a, top_a), (skip_b, top_b)) = (height(self), height(other));
        top_a.cmp(&top_b).then_with(|| {
            let (mut a, mut b) = (self.digits().skip(skip_a), other.digits().skip(skip_b));
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return Ordering::Equal,
                    (x, y) => match x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) {
                        Ordering::Equal => {}
                        differ => return differ,
                    },
                }
            }
        })
    }
}
