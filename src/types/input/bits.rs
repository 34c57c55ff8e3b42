//! Bit strings: kept as text of the digits 0 and 1, which sorts as PostgreSQL's bit strings do.

use crate::error::{Error, Result};
use crate::sqlstate;

/// The digits of a literal: `101`, `b101` or `x1F`.
///
/// # Errors
///
/// `22P02` for what is no digit.
pub fn parse_bits(text: &str) -> Result<String> {
    let (digits, hex) = match text.as_bytes().first() {
        Some(b'b' | b'B') => (&text[1..], false),
        Some(b'x' | b'X') => (&text[1..], true),
        _ => (text, false),
    };
    let mut out = String::with_capacity(digits.len() * if hex { 4 } else { 1 });
    for digit in digits.chars() {
        match (hex, digit.to_digit(16)) {
            (true, Some(value)) => out.extend((0..4).rev().map(|bit| if value >> bit & 1 == 1 { '1' } else { '0' })),
            (false, Some(0 | 1)) => out.push(digit),
            _ => {
                let kind = if hex { "hexadecimal" } else { "binary" };
                let message = format!("\"{digit}\" is not a valid {kind} digit");
                return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message));
            }
        }
    }
    Ok(out)
}

/// The digits of the binary form: their count, then eight of them in a byte, the first one highest.
///
/// # Errors
///
/// `22P03` for another number of bytes than the digits take.
pub fn receive_bits(bytes: &[u8]) -> Result<String> {
    let invalid = |message: &'static str| Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message);
    let Some((count, bytes)) = bytes.split_first_chunk::<4>() else {
        return Err(invalid("insufficient data left in message"));
    };
    let count =
        usize::try_from(i32::from_be_bytes(*count)).map_err(|_| invalid("invalid length in external bit string"))?;
    if bytes.len() != count.div_ceil(8) {
        return Err(invalid("invalid length in external bit string"));
    }
    Ok((0..count).map(|i| if bytes[i / 8] >> (7 - i % 8) & 1 == 1 { '1' } else { '0' }).collect())
}

/// Appends the binary form of digits.
pub fn send_bits(digits: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(digits.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(
        digits
            .chunks(8)
            .map(|eight| eight.iter().enumerate().fold(0_u8, |byte, (i, digit)| byte | (digit & 1) << (7 - i))),
    );
}
