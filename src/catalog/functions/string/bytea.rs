//! The functions of text that bytea has too.

use arrow::array::ArrayRef;
use arrow::datatypes::{Int32Type, Int64Type};

use super::super::Registry;
use super::super::call::{Call, too_large};
use super::super::ty::Ty::{Bytea, Int4, Int8, Text};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) fn register(r: &mut Registry) {
    for name in ["length", "octet_length"] {
        r.add(name, &[Bytea], Int4, |c| {
            let b = c.bytes(0)?;
            c.build::<Int32Type>(|i| i32::try_from(b.at(i).len()).map_err(|_| too_large()))
        });
    }
    r.add("bit_length", &[Bytea], Int4, |c| {
        let b = c.bytes(0)?;
        c.build::<Int32Type>(|i| i32::try_from(b.at(i).len() * 8).map_err(|_| too_large()))
    });
    for name in ["substr", "substring"] {
        r.add(name, &[Bytea, Int4], Bytea, substring);
        r.add(name, &[Bytea, Int4, Int4], Bytea, substring);
    }
    r.add("position", &[Bytea, Bytea], Int4, |c| {
        let (b, wanted) = (c.bytes(0)?, c.bytes(1)?);
        c.build::<Int32Type>(|i| {
            i32::try_from(find(b.at(i), wanted.at(i)).map_or(0, |at| at + 1)).map_err(|_| too_large())
        })
    });
    for name in ["btrim", "trim"] {
        r.add(name, &[Bytea, Bytea], Bytea, |c| trim(c, true, true));
    }
    r.add("ltrim", &[Bytea, Bytea], Bytea, |c| trim(c, true, false));
    r.add("rtrim", &[Bytea, Bytea], Bytea, |c| trim(c, false, true));
    r.add("get_byte", &[Bytea, Int4], Int4, |c| {
        let (b, n) = (c.bytes(0)?, c.prims::<Int32Type>(1)?);
        c.build::<Int32Type>(|i| element(b.at(i), i64::from(n.at(i))).map(i32::from))
    });
    r.add("get_bit", &[Bytea, Int8], Int4, |c| {
        let (b, n) = (c.bytes(0)?, c.prims::<Int64Type>(1)?);
        c.build::<Int32Type>(|i| {
            let (bytes, n) = (b.at(i), n.at(i));
            if n < 0 || n >= bytes.len() as i64 * 8 {
                return Err(out_of_range(n, bytes.len() as i64 * 8));
            }
            element(bytes, n / 8).map(|byte| i32::from(byte >> (n % 8) & 1))
        })
    });
    r.add("convert_from", &[Bytea, Text], Text, |c| {
        let (b, encoding) = (c.bytes(0)?, c.text(1)?);
        c.build_text(|i, out| {
            check_encoding(encoding.at(i), "source")?;
            let text = std::str::from_utf8(b.at(i)).map_err(|e| invalid_utf8(b.at(i), e.valid_up_to()))?;
            out.push_str(text);
            Ok(())
        })
    });
    r.add("convert_to", &[Text, Text], Bytea, |c| {
        let (s, encoding) = (c.text(0)?, c.text(1)?);
        c.build_bytes(|i, out| {
            check_encoding(encoding.at(i), "destination")?;
            out.extend_from_slice(s.at(i).as_bytes());
            Ok(())
        })
    });
    r.add("bytea_concat", &[Bytea, Bytea], Bytea, |c| {
        let (a, b) = (c.bytes(0)?, c.bytes(1)?);
        c.build_bytes(|i, out| {
            out.extend_from_slice(a.at(i));
            out.extend_from_slice(b.at(i));
            Ok(())
        })
    });
}

fn substring(c: &Call<'_>) -> Result<ArrayRef> {
    let (b, from) = (c.bytes(0)?, c.prims::<Int32Type>(1)?);
    let length = if c.arity() == 3 { Some(c.prims::<Int32Type>(2)?) } else { None };
    c.build_bytes(|i, out| {
        let (bytes, from) = (b.at(i), i64::from(from.at(i)));
        let size = bytes.len() as i64;
        let until = match &length {
            None => size,
            Some(n) if n.at(i) < 0 => {
                return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
            }
            Some(n) => (from + i64::from(n.at(i)) - 1).clamp(0, size),
        };
        let from = (from - 1).clamp(0, until);
        let range = usize::try_from(from).unwrap_or(0)..usize::try_from(until).unwrap_or(0);
        out.extend_from_slice(&bytes[range]);
        Ok(())
    })
}

fn trim(c: &Call<'_>, left: bool, right: bool) -> Result<ArrayRef> {
    let (b, set) = (c.bytes(0)?, c.bytes(1)?);
    c.build_bytes(|i, out| {
        let mut bytes = b.at(i);
        let listed = |byte: &u8| set.at(i).contains(byte);
        while let [first, rest @ ..] = bytes {
            if !left || !listed(first) {
                break;
            }
            bytes = rest;
        }
        while let [rest @ .., last] = bytes {
            if !right || !listed(last) {
                break;
            }
            bytes = rest;
        }
        out.extend_from_slice(bytes);
        Ok(())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn element(bytes: &[u8], n: i64) -> Result<u8> {
    let found = usize::try_from(n).ok().and_then(|n| bytes.get(n)).copied();
    found.ok_or_else(|| out_of_range(n, bytes.len() as i64))
}

/// `2202E` of a bit or byte that is not there.
pub(super) fn out_of_range(n: i64, size: i64) -> Error {
    let message = format!("index {n} out of valid range, 0..{}", size - 1);
    Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message)
}

fn check_encoding(name: &str, which: &str) -> Result<()> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "utf8" | "unicode" => Ok(()),
        "latin1" | "iso88591" | "sqlascii" | "win1252" => {
            Err(Error::unsupported(format!("conversion of encoding \"{name}\" is not supported")))
        }
        _ => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid {which} encoding name \"{name}\""))),
    }
}

fn invalid_utf8(bytes: &[u8], at: usize) -> Error {
    let bad: Vec<String> = bytes[at..].iter().take(1).map(|b| format!("0x{b:02x}")).collect();
    let message = format!("invalid byte sequence for encoding \"UTF8\": {}", bad.join(" "));
    Error::new(sqlstate::CHARACTER_NOT_IN_REPERTOIRE, message)
}
