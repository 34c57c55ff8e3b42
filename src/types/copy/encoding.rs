//! The encodings that COPY converts: all text here is UTF-8.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{encodings, input};

/// How the client's text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or ASCII of which nobody says what the other bytes are.
    Utf8,
    /// One byte per character of the first 256.
    Latin1,
}

impl Encoding {
    /// The encoding of a name; `None` for one that PostgreSQL does not know.
    ///
    /// # Errors
    ///
    /// `0A000` for one that is not converted here.
    pub fn of(name: &str) -> Result<Option<Self>> {
        let Some((known, _)) = encodings::number_of(name).and_then(|number| encodings::ALL.get(number)) else {
            return Ok(None);
        };
        match *known {
            "UTF8" | "SQL_ASCII" => Ok(Some(Self::Utf8)),
            "LATIN1" => Ok(Some(Self::Latin1)),
            other => Err(Error::unsupported(format!("conversion of encoding \"{other}\" is not supported"))),
        }
    }

    /// The client's bytes as text.
    ///
    /// # Errors
    ///
    /// `22021` for bytes that are no text of the encoding.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => input::utf8(bytes).map(|text| Cow::Borrowed(text.as_bytes())),
            Self::Latin1 if bytes.contains(&0) => Err(Error::new(
                sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
                "invalid byte sequence for encoding \"LATIN1\": 0x00",
            )),
            Self::Latin1 if bytes.is_ascii() => Ok(Cow::Borrowed(bytes)),
            Self::Latin1 => Ok(Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes())),
        }
    }

    /// Text behind `from` in the client's encoding.
    ///
    /// # Errors
    ///
    /// `22P05` for a character that the encoding has not.
    pub fn encode(self, out: &mut Vec<u8>, from: usize) -> Result<()> {
        if self == Self::Utf8 || out[from..].is_ascii() {
            return Ok(());
        }
        let text = input::utf8(&out[from..])?;
        let byte = |c: char| u8::try_from(u32::from(c)).map_err(|_| untranslatable(c));
        let encoded = text.chars().map(byte).collect::<Result<Vec<u8>>>()?;
        out.truncate(from);
        out.extend(encoded);
        Ok(())
    }
}

fn untranslatable(c: char) -> Error {
    let mut bytes = [0; 4];
    let shown: Vec<String> = c.encode_utf8(&mut bytes).bytes().map(|byte| format!("0x{byte:02x}")).collect();
    let shown = shown.join(" ");
    let message =
        format!("character with byte sequence {shown} in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"");
    Error::new(sqlstate::UNTRANSLATABLE_CHARACTER, message)
}
