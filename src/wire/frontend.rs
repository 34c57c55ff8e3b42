//! The client's messages, decoded: whatever the bytes, the outcome is a message or PostgreSQL's error for it.
//!
//! A decoder reads the whole body and insists that nothing is left. Whether the names in a message mean anything is
//! the session's to say.

use bytes::Bytes;

use super::cursor::Cursor;
use super::frame::Frame;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{Format, RawParam};

/// A message of the session phase.
#[derive(Debug)]
pub enum Message {
    /// A script to run.
    Query(String),
    /// Anything the extended protocol consists of, but for Sync.
    Extended(Extended),
    /// The end of a run of extended messages.
    Sync,
    /// The old function-call interface.
    FunctionCall,
    /// CopyData, CopyDone or CopyFail.
    Copy,
    /// The client leaves.
    Terminate,
}

/// A message of the extended protocol; after an error in one, the rest up to Sync is skipped.
#[derive(Debug)]
pub enum Extended {
    /// Prepare a statement.
    Parse {
        /// The statement's name; empty for the unnamed one.
        name: String,
        /// Its text.
        sql: String,
        /// Type OIDs of its first parameters, 0 where the server is to find out.
        types: Vec<u32>,
    },
    /// Make a portal of a statement and values.
    Bind {
        /// The portal's name; empty for the unnamed one.
        portal: String,
        /// The statement's name.
        statement: String,
        /// Its parameters.
        params: Vec<RawParam>,
        /// None (all text), one (for all) or one per result column.
        result_formats: Vec<Format>,
    },
    /// Describe a statement or portal.
    Describe(Target),
    /// Run a portal, or run it on.
    Execute {
        /// Its name.
        portal: String,
        /// Rows at most; 0 for no limit.
        max_rows: usize,
    },
    /// Drop a statement or portal.
    Close(Target),
    /// Send what is pending.
    Flush,
}

/// What Describe and Close name.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement(String),
    /// A portal.
    Portal(String),
}

/// Whether an error in a message of this type makes the server skip to the next Sync.
#[must_use]
pub fn is_extended(kind: u8) -> bool {
    matches!(kind, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
}

/// Decodes a message of a type that [`super::frame::session_limit`] lets through.
pub fn decode(frame: Frame) -> Result<Message> {
    let mut body = Cursor::new(frame.body);
    let message = match frame.kind {
        b'Q' => Message::Query(body.text()?),
        b'P' => Message::Extended(parse(&mut body)?),
        b'B' => Message::Extended(bind(&mut body)?),
        b'D' => Message::Extended(Extended::Describe(target(&mut body, "DESCRIBE")?)),
        b'C' => Message::Extended(Extended::Close(target(&mut body, "CLOSE")?)),
        b'E' => Message::Extended(execute(&mut body)?),
        b'H' => Message::Extended(Extended::Flush),
        b'S' => Message::Sync,
        // The bodies of these are of no interest, and PostgreSQL does not look at them either.
        b'F' => return Ok(Message::FunctionCall),
        b'd' | b'c' | b'f' => return Ok(Message::Copy),
        b'X' => return Ok(Message::Terminate),
        kind => return Err(Error::protocol(format!("invalid frontend message type {kind}")).into_fatal()),
    };
    body.end()?;
    Ok(message)
}

/// The reason that a CopyFail gives.
pub fn copy_fail(body: Bytes) -> Result<String> {
    let mut body = Cursor::new(body);
    let reason = body.text()?;
    body.end()?;
    Ok(reason)
}

fn parse(body: &mut Cursor) -> Result<Extended> {
    let name = body.text()?;
    let sql = body.text()?;
    let count = body.u16()?;
    let types = (0..count).map(|_| body.u32()).collect::<Result<_>>()?;
    Ok(Extended::Parse { name, sql, types })
}

fn bind(body: &mut Cursor) -> Result<Extended> {
    let portal = body.text()?;
    let statement = body.text()?;
    let formats = formats(body)?;
    let count = usize::from(body.u16()?);
    if formats.len() > 1 && formats.len() != count {
        return Err(Error::protocol(format!(
            "bind message has {} parameter formats but {count} parameters",
            formats.len()
        )));
    }
    let mut params = Vec::new();
    for i in 0..count {
        let length = body.i32()?;
        let bytes = if length == -1 { None } else { Some(body.bytes(length)?) };
        let format = formats.get(i).or(formats.first()).copied().unwrap_or(Format::Text);
        params.push(RawParam { bytes, format });
    }
    let result_formats = self::formats(body)?;
    Ok(Extended::Bind { portal, statement, params, result_formats })
}

fn formats(body: &mut Cursor) -> Result<Vec<Format>> {
    let count = body.u16()?;
    (0..count)
        .map(|_| match body.u16()? {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            code => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("unsupported format code: {}", code.cast_signed()),
            )),
        })
        .collect()
}

fn execute(body: &mut Cursor) -> Result<Extended> {
    let portal = body.text()?;
    // Negative limits mean no limit, as in PostgreSQL.
    let max_rows = usize::try_from(body.i32()?).unwrap_or(0);
    Ok(Extended::Execute { portal, max_rows })
}

fn target(body: &mut Cursor, message: &str) -> Result<Target> {
    let kind = body.u8()?;
    let name = body.text()?;
    match kind {
        b'S' => Ok(Target::Statement(name)),
        b'P' => Ok(Target::Portal(name)),
        _ => Err(Error::protocol(format!("invalid {message} message subtype {kind}"))),
    }
}

#[cfg(test)]
#[path = "frontend_tests.rs"]
mod tests;
