//! Digests and the encodings of bytea as text.

use arrow::array::ArrayRef;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, PAD};
use md5::{Digest as _, Md5};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::super::Registry;
use super::super::call::{Call, check_length};
use super::super::ty::Ty::{Bytea, Text, Uuid};
use super::super::udf::fault;
use crate::error::{Error, Result};
use crate::sqlstate;

/// PostgreSQL breaks base64 lines after this many characters.
const BASE64_LINE: usize = 76;
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PAD);
const BASE64_LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

pub(super) fn register(r: &mut Registry) {
    r.add("md5", &[Text], Text, |c| {
        let s = c.text(0)?;
        c.build_text(|i, out| {
            push_hex(&Md5::digest(s.at(i).as_bytes()), out);
            Ok(())
        })
    });
    r.add("md5", &[Bytea], Text, |c| {
        let s = c.bytes(0)?;
        c.build_text(|i, out| {
            push_hex(&Md5::digest(s.at(i)), out);
            Ok(())
        })
    });
    r.add("sha224", &[Bytea], Bytea, |c| digest(c, |b| Sha224::digest(b).to_vec()));
    r.add("sha256", &[Bytea], Bytea, |c| digest(c, |b| Sha256::digest(b).to_vec()));
    r.add("sha384", &[Bytea], Bytea, |c| digest(c, |b| Sha384::digest(b).to_vec()));
    r.add("sha512", &[Bytea], Bytea, |c| digest(c, |b| Sha512::digest(b).to_vec()));
    r.add("encode", &[Bytea, Text], Text, |c| {
        let (data, format) = (c.bytes(0)?, c.text(1)?);
        c.build_text(|i, out| encode(data.at(i), format.at(i), out))
    });
    r.add("decode", &[Text, Text], Bytea, |c| {
        let (text, format) = (c.text(0)?, c.text(1)?);
        c.build_bytes(|i, out| decode(text.at(i), format.at(i), out))
    });
    for name in ["gen_random_uuid", "uuidv4"] {
        r.add(name, &[], Uuid, random_uuid);
    }
    r.volatility(datafusion::logical_expr::Volatility::Volatile, &["gen_random_uuid", "uuidv4"]);
}

/// Appends lower-case hexadecimal digits.
pub(in super::super) fn push_hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn digest(c: &Call<'_>, of: fn(&[u8]) -> Vec<u8>) -> Result<ArrayRef> {
    let s = c.bytes(0)?;
    c.build_bytes(|i, out| {
        out.extend(of(s.at(i)));
        Ok(())
    })
}

fn random_uuid(c: &Call<'_>) -> Result<ArrayRef> {
    let mut random = vec![0; c.rows * 16];
    getrandom::fill(&mut random).map_err(fault)?;
    for uuid in random.chunks_exact_mut(16) {
        uuid[6] = (uuid[6] & 0x0f) | 0x40;
        uuid[8] = (uuid[8] & 0x3f) | 0x80;
    }
    let array = arrow::array::FixedSizeBinaryArray::try_new(16, random.into(), None).map_err(fault)?;
    Ok(std::sync::Arc::new(array))
}

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn encode(data: &[u8], format: &str, out: &mut String) -> Result<()> {
    check_length(data.len().saturating_mul(4))?;
    match format.to_ascii_lowercase().as_str() {
        "hex" => push_hex(data, out),
        "base64" => {
            let text = BASE64.encode(data);
            for (n, line) in text.as_bytes().chunks(BASE64_LINE).enumerate() {
                if n > 0 {
                    out.push('\n');
                }
                out.extend(line.iter().map(|b| char::from(*b)));
            }
        }
        "escape" => escape(data, out),
        _ => return Err(invalid(format!("unrecognized encoding: \"{format}\""))),
    }
    Ok(())
}

fn escape(data: &[u8], out: &mut String) {
    for byte in data {
        match byte {
            b'\\' => out.push_str("\\\\"),
            0 | 0x80.. => out.push_str(&format!("\\{byte:03o}")),
            _ => out.push(char::from(*byte)),
        }
    }
}

fn decode(text: &str, format: &str, out: &mut Vec<u8>) -> Result<()> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => decode_hex(text, out),
        "base64" => decode_base64(text, out),
        "escape" => decode_escape(text, out),
        _ => Err(invalid(format!("unrecognized encoding: \"{format}\""))),
    }
}

fn decode_hex(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let mut high: Option<u8> = None;
    for ch in text.chars().filter(|ch| !matches!(ch, ' ' | '\n' | '\t' | '\r')) {
        let digit = ch.to_digit(16).and_then(|d| u8::try_from(d).ok());
        let digit = digit.ok_or_else(|| invalid(format!("invalid hexadecimal digit: \"{ch}\"")))?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push(high << 4 | digit),
        }
    }
    match high {
        Some(_) => Err(invalid("invalid hexadecimal data: odd number of digits".to_owned())),
        None => Ok(()),
    }
}

fn decode_base64(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let mut compact = String::with_capacity(text.len());
    for ch in text.chars().filter(|ch| !matches!(ch, ' ' | '\n' | '\t' | '\r')) {
        if !(ch.is_ascii_alphanumeric() || matches!(ch, '+' | '/' | '=')) {
            let message = format!("invalid symbol \"{ch}\" found while decoding base64 sequence");
            return Err(invalid(message));
        }
        compact.push(ch);
    }
    let end = || {
        invalid("invalid base64 end sequence".to_owned())
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted.")
    };
    BASE64_LENIENT.decode_vec(&compact, out).map_err(|_| end())
}

fn decode_escape(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match &bytes[i..] {
            [b'\\', b'\\', ..] => {
                out.push(b'\\');
                i += 2;
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                i += 4;
            }
            [b'\\', ..] => {
                let message = "invalid input syntax for type bytea";
                return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message));
            }
            [byte, ..] => {
                out.push(*byte);
                i += 1;
            }
            [] => break,
        }
    }
    Ok(())
}
