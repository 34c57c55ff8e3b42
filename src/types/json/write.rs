//! The text that `jsonb` prints.

use super::number;
use super::tree::{Json, Kind};
use crate::error::Result;

/// Appends a string in double quotes, escaped.
pub fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|ch: char| matches!(ch, '"' | '\\' | '\0'..='\u{1f}')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte => out.push_str(&format!("\\u{byte:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends a value as `jsonb` prints it: keys by length and then bytes, of equal keys the last, a space after `:` and `,`.
///
/// # Errors
///
/// `22003` for numbers beyond what `numeric` holds.
pub fn canonical(value: &Json<'_>, out: &mut String) -> Result<()> {
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(text) => number::normal(text, out)?,
        Kind::String(text) => string(text, out),
        Kind::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                canonical(element, out)?;
            }
            out.push(']');
        }
        Kind::Object(_) => {
            out.push('{');
            for (i, (key, member)) in value.members().into_iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                string(key, out);
                out.push_str(": ");
                canonical(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}
