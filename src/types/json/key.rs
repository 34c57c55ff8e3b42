//! Keys of `jsonb` values: bytes that are equal where the values are, and sort as [`super::compare`] does.

use super::tree::{Json, Kind};
use crate::error::Result;
use crate::types::input::parse_numeric;

/// What ends a text inside a key; a zero byte of the text is followed by [`ESCAPED`].
const END: [u8; 2] = [0, 0];
const ESCAPED: u8 = 0xff;

/// The key of a document.
///
/// # Errors
///
/// `22003` for a number that `numeric` does not hold.
pub fn key(json: &Json<'_>) -> Result<Vec<u8>> {
    // At the top an empty array comes before every scalar, and every scalar before an array of elements.
    let class = match &json.kind {
        Kind::Array(items) if items.is_empty() => 0,
        Kind::Array(_) => 2,
        Kind::Object(_) => 3,
        _ => 1,
    };
    let mut out = vec![class];
    append(json, &mut out)?;
    Ok(out)
}

fn append(json: &Json<'_>, out: &mut Vec<u8>) -> Result<()> {
    match &json.kind {
        Kind::Null => out.push(0),
        Kind::String(text) => {
            out.push(1);
            escaped(text.as_bytes(), out);
        }
        Kind::Number(text) => {
            out.push(2);
            escaped(&crate::types::wide::key(&parse_numeric(text)?.encode())?, out);
        }
        Kind::Bool(value) => out.extend([3, u8::from(*value)]),
        Kind::Array(items) => {
            out.push(4);
            count(items.len(), out);
            items.iter().try_for_each(|item| append(item, out))?;
        }
        Kind::Object(_) => {
            out.push(5);
            let members = json.members();
            count(members.len(), out);
            for (name, value) in &members {
                escaped(name.as_bytes(), out);
                append(value, out)?;
            }
        }
    }
    Ok(())
}

fn count(items: usize, out: &mut Vec<u8>) {
    out.extend(u64::try_from(items).unwrap_or(u64::MAX).to_be_bytes());
}

fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(ESCAPED);
        }
    }
    out.extend(END);
}

#[cfg(test)]
mod tests {
    use super::super::compare;
    use super::*;

    #[test]
    fn keys_sort_as_values() {
        let texts = [
            "[]",
            "null",
            "\"\"",
            "\"a\"",
            "\"a\\u0001\"",
            "\"ab\"",
            "-10.5",
            "-2",
            "0",
            "1",
            "1.0",
            "1e2",
            "false",
            "true",
            "[1]",
            "[2]",
            "[1,2]",
            "[[],1]",
            "{}",
            "{\"a\":1}",
            "{\"a\":1.00}",
            "{\"b\":0}",
            "{\"a\":0,\"b\":1}",
        ];
        for a in texts {
            for b in texts {
                let (left, right) = (Json::parse(a).expect("json"), Json::parse(b).expect("json"));
                let keys = key(&left).expect("a key").cmp(&key(&right).expect("a key"));
                assert_eq!(keys, compare(&left, &right), "{a} {b}");
            }
        }
    }
}
