//! Byte strings, UUIDs, and the quoting inside arrays and records.

use std::io::Write as _;

/// Digits as PostgreSQL prints them.
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A byte string as `\x…`, or with `bytea_output = escape` as text with octal escapes.
pub fn bytea(value: &[u8], escape: bool, out: &mut Vec<u8>) {
    if escape {
        return bytea_escape(value, out);
    }
    out.reserve(2 + 2 * value.len());
    out.extend_from_slice(b"\\x");
    out.extend(value.iter().flat_map(|&byte| hex(byte)));
}

/// A UUID, `8-4-4-4-12` lower-case hexadecimal digits.
pub fn uuid(value: [u8; 16], out: &mut Vec<u8>) {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, &byte) in value.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at..at + 2].copy_from_slice(&hex(byte));
        at += 2;
    }
    out.extend_from_slice(&text);
}

/// A `"char"`: its byte, nothing for zero, `\ooo` above ASCII.
pub fn char_byte(value: u8, out: &mut Vec<u8>) {
    match value {
        0 => {}
        1..=127 => out.push(value),
        _ => write!(out, "\\{value:03o}").expect("writing to memory cannot fail"),
    }
}

/// An array's element, quoted where the array's syntax needs it.
pub fn array_element(value: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}') || byte == delimiter || is_space(byte);
    if !value.is_empty() && !value.iter().any(special) && !value.eq_ignore_ascii_case(b"NULL") {
        return out.extend_from_slice(value);
    }
    out.push(b'"');
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A record's field, quoted where the record's syntax needs it.
pub fn record_field(value: &[u8], out: &mut Vec<u8>) {
    let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | b'(' | b')' | b',') || is_space(byte);
    if !value.is_empty() && !value.iter().any(special) {
        return out.extend_from_slice(value);
    }
    out.push(b'"');
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A JSON string with its quotes; the bytes are UTF-8.
pub fn json_string(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in value {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x1f => write!(out, "\\u{byte:04x}").expect("writing to memory cannot fail"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// The form of `bytea_output = escape`: printable ASCII as it is, the rest in octal.
fn bytea_escape(value: &[u8], out: &mut Vec<u8>) {
    for &byte in value {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x20..=0x7e => out.push(byte),
            _ => write!(out, "\\{byte:03o}").expect("writing to memory cannot fail"),
        }
    }
}

/// The two digits of a byte.
fn hex(byte: u8) -> [u8; 2] {
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

/// What C's `isspace` says of ASCII.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
