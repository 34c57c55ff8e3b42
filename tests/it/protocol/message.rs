//! Messages as lines of a script: the client's are written, the server's printed.
//!
//! The client's: `Query "sql"`, `Parse "name" "sql" [oid…]`, `Bind "portal" "statement" [format…] [value…] [format…]`
//! (a value is a string or `null`), `Describe S|P "name"`, `Close S|P "name"`, `Execute "portal" rows`, `Flush`, `Sync`,
//! `Terminate`, `CopyData "bytes"`, `CopyDone`, `CopyFail "reason"`, `Startup 3.0 "name" "value"…`, `SSLRequest`, `GSSENCRequest`, `Message X "body"` for any type byte,
//! `Bytes "…"` for anything else. Strings know `\n`, `\0`, `\xNN`, `\"`, `\\`, and `$USER` and `$DATABASE` stand for
//! what the server under test has.

use super::connection::quote;
use crate::harness::Target;

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Bare(String),
    Quoted(Vec<u8>),
    List(Vec<Word>),
}

/// Appends the message that a line writes.
pub fn encode(line: &str, target: &Target, out: &mut Vec<u8>) -> Result<(), String> {
    let words = words(line)?;
    let words = words.into_iter().map(|word| substitute(word, target)).collect::<Vec<_>>();
    let Some((Word::Bare(name), args)) = words.split_first() else { return Err("a message name first".to_owned()) };
    let mut body = Vec::new();
    let kind = match (name.as_str(), args) {
        ("Bytes", [Word::Quoted(bytes)]) => {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        ("SSLRequest", []) => return packet(out, 80_877_103, &[]),
        ("GSSENCRequest", []) => return packet(out, 80_877_104, &[]),
        ("Startup", [Word::Bare(version), parameters @ ..]) => return startup(out, version, parameters),
        ("Message", [Word::Bare(kind), Word::Quoted(bytes)]) if kind.len() == 1 => {
            body.extend_from_slice(bytes);
            kind.as_bytes()[0]
        }
        ("Query", [sql]) => {
            text(&mut body, sql)?;
            b'Q'
        }
        ("Parse", [name, sql, Word::List(types)]) => {
            text(&mut body, name)?;
            text(&mut body, sql)?;
            numbers::<4>(&mut body, types)?;
            b'P'
        }
        ("Bind", [portal, statement, Word::List(formats), Word::List(values), Word::List(results)]) => {
            text(&mut body, portal)?;
            text(&mut body, statement)?;
            numbers::<2>(&mut body, formats)?;
            count(&mut body, values.len())?;
            values.iter().try_for_each(|value| self::value(&mut body, value))?;
            numbers::<2>(&mut body, results)?;
            b'B'
        }
        ("Describe" | "Close", [Word::Bare(target), name_of]) => {
            body.extend_from_slice(target.as_bytes());
            text(&mut body, name_of)?;
            if name == "Close" { b'C' } else { b'D' }
        }
        ("Execute", [portal, Word::Bare(rows)]) => {
            text(&mut body, portal)?;
            body.extend(rows.parse::<i32>().map_err(|e| e.to_string())?.to_be_bytes());
            b'E'
        }
        ("Flush", []) => b'H',
        ("Sync", []) => b'S',
        ("CopyData", [Word::Quoted(bytes)]) => {
            body.extend_from_slice(bytes);
            b'd'
        }
        ("CopyDone", []) => b'c',
        ("CopyFail", [reason]) => {
            text(&mut body, reason)?;
            b'f'
        }
        ("Terminate", []) => b'X',
        _ => return Err(format!("not a message: {line}")),
    };
    out.extend(frame(kind, &body));
    Ok(())
}

/// A message with its type and length.
pub fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).expect("a test's message is short");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Whether a whole message has been received.
pub fn is_whole(received: &[u8]) -> bool {
    length(received).is_some_and(|length| received.len() > length)
}

/// Whether a whole message of one of these types has been received.
pub fn has_any(mut received: &[u8], kinds: &[u8]) -> bool {
    while is_whole(received) {
        if kinds.contains(&received[0]) {
            return true;
        }
        received = &received[1 + length(received).expect("the message is whole")..];
    }
    false
}

/// Takes the first message off; it must be whole.
pub fn take(received: &mut Vec<u8>) -> (u8, Vec<u8>) {
    let length = length(received).expect("the message is whole");
    let message: Vec<u8> = received.drain(..=length).collect();
    (message[0], message[5..].to_vec())
}

/// The name of a message of the server.
pub fn name(kind: u8) -> &'static str {
    match kind {
        b'R' => "Authentication",
        b'S' => "ParameterStatus",
        b'K' => "BackendKeyData",
        b'Z' => "ReadyForQuery",
        b'T' => "RowDescription",
        b'D' => "DataRow",
        b'C' => "CommandComplete",
        b'E' => "ErrorResponse",
        b'N' => "NoticeResponse",
        b'I' => "EmptyQueryResponse",
        b's' => "PortalSuspended",
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'n' => "NoData",
        b't' => "ParameterDescription",
        b'v' => "NegotiateProtocolVersion",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'd' => "CopyData",
        b'c' => "CopyDone",
        _ => "Unknown",
    }
}

/// A message of the server as a line. What differs between servers for good reason (process numbers, keys, places in
/// source code) is left out.
pub fn print(kind: u8, body: &[u8]) -> String {
    let mut fields = Fields(body);
    let rest = match kind {
        b'R' => match fields.i32() {
            0 => "Ok".to_owned(),
            code => format!("{code} {}", quote(fields.0)),
        },
        b'S' => status(fields.text(), fields.text()),
        b'K' => format!("key of {} bytes", body.len() - 4),
        b'Z' => char::from(body[0]).to_string(),
        b'T' => {
            let count = fields.i16();
            (0..count).map(|_| column(&mut fields)).collect::<Vec<_>>().join(" ")
        }
        b'D' => {
            let count = fields.i16();
            (0..count).map(|_| cell(&mut fields)).collect::<Vec<_>>().join(" ")
        }
        b'C' => quote(fields.text()),
        b'E' | b'N' => report(&mut fields),
        b't' => {
            let count = fields.i16();
            (0..count).map(|_| fields.i32().to_string()).collect::<Vec<_>>().join(" ")
        }
        b'G' | b'H' => {
            let whole = fields.bytes(1)[0];
            let count = fields.i16();
            let formats = (0..count).map(|_| fields.i16().to_string()).collect::<Vec<_>>();
            format!("{whole} [{}]", formats.join(" "))
        }
        b'v' => {
            let version = fields.i32();
            let count = fields.i32();
            let options = (0..count).map(|_| format!(" {}", quote(fields.text()))).collect::<String>();
            format!("{}.{}{options}", version >> 16, version & 0xffff)
        }
        _ if body.is_empty() => String::new(),
        _ => quote(body),
    };
    format!("{} {rest}", name(kind)).trim_end().to_owned()
}

/// A setting; the values that differ from server to server or role to role are left out.
fn status(name: &[u8], value: &[u8]) -> String {
    let value = match name {
        b"server_version" => "17".to_owned() + value.strip_prefix(b"17").map_or("?", |_| "…"),
        b"session_authorization" | b"is_superuser" => "…".to_owned(),
        _ => quote(value),
    };
    format!("{} {value}", quote(name))
}

/// `"name":oid`, then what is not the usual: typmod, binary format, the table's column.
fn column(fields: &mut Fields<'_>) -> String {
    let name = quote(fields.text());
    let (table, number) = (fields.i32(), fields.i16());
    let (oid, _width, typmod, format) = (fields.i32(), fields.i16(), fields.i32(), fields.i16());
    let mut shown = format!("{name}:{oid}");
    if typmod != -1 {
        shown += &format!(":typmod={typmod}");
    }
    if format != 0 {
        shown += ":binary";
    }
    if table != 0 {
        shown += &format!(":of={table}.{number}");
    }
    shown
}

fn cell(fields: &mut Fields<'_>) -> String {
    match usize::try_from(fields.i32()) {
        Ok(length) => quote(fields.bytes(length)),
        Err(_) => "null".to_owned(),
    }
}

fn report(fields: &mut Fields<'_>) -> String {
    let mut shown: [String; 7] = Default::default();
    loop {
        let code = fields.bytes(1)[0];
        if code == 0 {
            return shown.concat();
        }
        let value = fields.text();
        let bare = String::from_utf8_lossy(value);
        match code {
            b'S' => shown[0] = bare.into_owned(),
            b'C' => shown[1] = format!(" {bare}"),
            b'M' => shown[2] = format!(" {}", quote(value)),
            b'D' => shown[3] = format!(" detail={}", quote(value)),
            b'H' => shown[4] = format!(" hint={}", quote(value)),
            b'P' => shown[5] = format!(" position={bare}"),
            // Where in its data a COPY failed; other contexts are of functions that only one server has.
            b'W' if value.starts_with(b"COPY ") => shown[6] = format!(" context={}", quote(value)),
            _ => {}
        }
    }
}

/// A body read from the front; a test's server is trusted to send whole ones.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.bytes(2).try_into().expect("two bytes"))
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.bytes(4).try_into().expect("four bytes"))
    }

    fn text(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&b| b == 0).expect("a string ends");
        let text = self.bytes(end);
        self.bytes(1);
        text
    }
}

fn length(received: &[u8]) -> Option<usize> {
    let length = received.get(1..5)?.try_into().expect("four bytes");
    usize::try_from(i32::from_be_bytes(length)).ok()
}

fn packet(out: &mut Vec<u8>, code: i32, rest: &[u8]) -> Result<(), String> {
    let length = i32::try_from(8 + rest.len()).map_err(|e| e.to_string())?;
    out.extend([&length.to_be_bytes()[..], &code.to_be_bytes(), rest].concat());
    Ok(())
}

fn startup(out: &mut Vec<u8>, version: &str, parameters: &[Word]) -> Result<(), String> {
    let (major, minor) = version.split_once('.').ok_or("the version is major.minor")?;
    let number = |text: &str| text.parse::<i32>().map_err(|e| e.to_string());
    let mut body = Vec::new();
    parameters.iter().try_for_each(|word| text(&mut body, word))?;
    body.push(0);
    packet(out, (number(major)? << 16) | number(minor)?, &body)
}

fn text(body: &mut Vec<u8>, word: &Word) -> Result<(), String> {
    let Word::Quoted(bytes) = word else { return Err(format!("a string instead of {word:?}")) };
    body.extend_from_slice(bytes);
    body.push(0);
    Ok(())
}

fn count(body: &mut Vec<u8>, count: usize) -> Result<(), String> {
    body.extend(u16::try_from(count).map_err(|e| e.to_string())?.to_be_bytes());
    Ok(())
}

/// A count and as many numbers of `BYTES` bytes.
fn numbers<const BYTES: usize>(body: &mut Vec<u8>, words: &[Word]) -> Result<(), String> {
    count(body, words.len())?;
    for word in words {
        let Word::Bare(number) = word else { return Err(format!("a number instead of {word:?}")) };
        let number: u32 = number.parse().map_err(|e| format!("{number}: {e}"))?;
        body.extend_from_slice(&number.to_be_bytes()[4 - BYTES..]);
    }
    Ok(())
}

fn value(body: &mut Vec<u8>, word: &Word) -> Result<(), String> {
    match word {
        Word::Quoted(bytes) => {
            body.extend(i32::try_from(bytes.len()).map_err(|e| e.to_string())?.to_be_bytes());
            body.extend_from_slice(bytes);
        }
        Word::Bare(word) if word == "null" => body.extend((-1_i32).to_be_bytes()),
        other => return Err(format!("a value instead of {other:?}")),
    }
    Ok(())
}

fn substitute(word: Word, target: &Target) -> Word {
    match word {
        Word::Quoted(bytes) if bytes == b"$USER" => Word::Quoted(target.user.into()),
        Word::Quoted(bytes) if bytes == b"$DATABASE" => Word::Quoted(target.database.into()),
        other => other,
    }
}

fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut rest = line.trim();
    let mut words = Vec::new();
    while !rest.is_empty() {
        words.push(word(&mut rest)?);
        rest = rest.trim_start();
    }
    Ok(words)
}

fn word(rest: &mut &str) -> Result<Word, String> {
    if let Some(after) = rest.strip_prefix('[') {
        *rest = after.trim_start();
        let mut items = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix(']') {
                *rest = after;
                return Ok(Word::List(items));
            }
            if rest.is_empty() {
                return Err("a list does not end".to_owned());
            }
            items.push(word(rest)?);
            *rest = rest.trim_start();
        }
    }
    if let Some(after) = rest.strip_prefix('"') {
        *rest = after;
        return quoted(rest).map(Word::Quoted);
    }
    let end = rest.find([' ', ']']).unwrap_or(rest.len());
    let (bare, after) = rest.split_at(end);
    *rest = after;
    Ok(Word::Bare(bare.to_owned()))
}

/// A string up to its closing quote, escapes resolved.
fn quoted(rest: &mut &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut characters = rest.char_indices();
    while let Some((i, c)) = characters.next() {
        match c {
            '"' => {
                *rest = &rest[i + 1..];
                return Ok(bytes);
            }
            '\\' => match characters.next() {
                Some((_, 'n')) => bytes.push(b'\n'),
                Some((_, '0')) => bytes.push(0),
                Some((at, 'x')) => {
                    let digits = rest.get(at + 1..at + 3).ok_or("\\x wants two digits")?;
                    bytes.push(u8::from_str_radix(digits, 16).map_err(|e| e.to_string())?);
                    characters.nth(1);
                }
                Some((_, c @ ('"' | '\\'))) => bytes.extend(c.to_string().bytes()),
                _ => return Err("no such escape".to_owned()),
            },
            c => bytes.extend(c.to_string().bytes()),
        }
    }
    Err("a string does not end".to_owned())
}
