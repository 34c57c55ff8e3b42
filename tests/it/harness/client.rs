//! A small blocking PostgreSQL client that sees what drivers hide: OIDs, typmods, SQLSTATEs, notices, message order.
//!
//! It is for tests only: no TLS, no authentication but trust, and every read has a deadline.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

/// No answer of a server under test may take longer than this.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// A result column as RowDescription has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The OID of its type.
    pub type_oid: u32,
    /// Its type's modifier, -1 for none.
    pub typmod: i32,
    /// 0 text, 1 binary.
    pub format: i16,
}

/// A row's values; `None` is NULL.
pub type Row = Vec<Option<Vec<u8>>>;

/// What the server says in answer to a statement, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// RowDescription.
    Columns(Vec<Column>),
    /// DataRow.
    Row(Row),
    /// CommandComplete.
    Tag(String),
    /// EmptyQueryResponse.
    Empty,
    /// PortalSuspended.
    Suspended,
    /// NoticeResponse.
    Notice(ServerError),
    /// ErrorResponse.
    Error(ServerError),
}

impl Event {
    /// The event that a message is; `None` for one that tells nothing of a statement.
    pub fn of(tag: u8, body: &[u8]) -> Option<Self> {
        Some(match tag {
            b'T' => Self::Columns(columns(body)),
            b'D' => Self::Row(row(body)),
            b'C' => Self::Tag(cstr(body).0),
            b'I' => Self::Empty,
            b's' => Self::Suspended,
            b'N' => Self::Notice(ServerError::parse(body)),
            b'E' => Self::Error(ServerError::parse(body)),
            _ => return None,
        })
    }
}

/// An ErrorResponse or NoticeResponse by its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// Values by field code (`C` SQLSTATE, `M` message, …).
    pub fields: BTreeMap<char, String>,
}

impl ServerError {
    /// The field `code`, empty when the server did not send it.
    pub fn field(&self, code: char) -> &str {
        self.fields.get(&code).map_or("", String::as_str)
    }

    /// The SQLSTATE.
    pub fn sqlstate(&self) -> &str {
        self.field('C')
    }

    fn parse(mut body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        while let Some((&code, rest)) = body.split_first() {
            if code == 0 {
                break;
            }
            let (value, rest) = cstr(rest);
            fields.insert(char::from(code), value);
            body = rest;
        }
        Self { fields }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.field('S'), self.sqlstate(), self.field('M'))
    }
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// Where it is connected to.
    pub addr: SocketAddr,
    /// BackendKeyData's process number and secret.
    pub key: (i32, i32),
    /// Reported settings.
    pub parameters: BTreeMap<String, String>,
    /// ReadyForQuery's status byte.
    pub status: u8,
}

impl Client {
    /// Connects and waits until the server is ready.
    pub fn connect(addr: SocketAddr, user: &str, database: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let reader = BufReader::with_capacity(64 * 1024, stream.try_clone()?);
        let mut client = Self { stream, reader, addr, key: (0, 0), parameters: BTreeMap::new(), status: 0 };
        let startup = [("user", user), ("database", database), ("application_name", "lakewire tests")];
        client.send(|buf| frontend::startup_message(startup, buf))?;
        client.await_ready()?;
        Ok(client)
    }

    fn await_ready(&mut self) -> io::Result<()> {
        loop {
            let (tag, body) = self.message()?;
            match tag {
                b'R' if int(&body, 0) != 0 => return Err(io::Error::other("the server asks for a password")),
                b'K' => self.key = (int(&body, 0), int(&body, 4)),
                b'E' => return Err(io::Error::other(ServerError::parse(&body).to_string())),
                b'Z' => return Ok(()),
                _ => {}
            }
        }
    }

    /// Encodes and sends messages.
    pub fn send<R: Encoded>(&mut self, encode: impl FnOnce(&mut BytesMut) -> R) -> io::Result<()> {
        let mut buf = BytesMut::new();
        encode(&mut buf).check()?;
        self.stream.write_all(&buf)
    }

    /// The next message: type byte and body. Settings and the transaction status are kept on the way.
    pub fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0u8; 5];
        self.reader.read_exact(&mut head)?;
        let length = int(&head, 1) - 4;
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.reader.read_exact(&mut body)?;
        match head[0] {
            b'S' => {
                let (name, rest) = cstr(&body);
                self.parameters.insert(name, cstr(rest).0);
            }
            b'Z' => self.status = body[0],
            _ => {}
        }
        Ok((head[0], body))
    }

    /// The socket, for tests that stall or close it.
    pub fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Runs a script by the simple protocol.
    pub fn simple(&mut self, sql: &str) -> io::Result<Vec<Event>> {
        self.send(|buf| frontend::query(sql, buf))?;
        self.until_ready()
    }

    /// Runs one statement by the extended protocol: Parse and Describe, then Bind with a format per column as `format`
    /// says, Describe of the portal and Execute. Both descriptions must agree.
    pub fn extended(&mut self, sql: &str, format: impl Fn(&Self, &Column) -> i16) -> io::Result<Vec<Event>> {
        self.send(|buf| {
            frontend::parse("", sql, [], buf)?;
            frontend::describe(b'S', "", buf)?;
            frontend::sync(buf);
            Ok::<_, io::Error>(())
        })?;
        let mut described = self.until_ready()?;
        if described.iter().any(|e| matches!(e, Event::Error(_))) {
            return Ok(described);
        }
        let columns = described.iter_mut().find_map(|e| match e {
            Event::Columns(columns) => Some(columns),
            _ => None,
        });
        let formats: Vec<i16> = columns.as_deref().into_iter().flatten().map(|c| format(self, c)).collect();
        self.send(|buf| bind_execute(buf, &formats))?;
        let events = self.until_ready()?;
        if let Some(columns) = columns {
            columns.iter_mut().zip(&formats).for_each(|(c, f)| c.format = *f);
            let of_portal = events.iter().find(|e| matches!(e, Event::Columns(_)));
            if of_portal.is_some_and(|e| *e != Event::Columns(std::mem::take(columns))) {
                return Err(io::Error::other("the statement and its portal are described differently"));
            }
        }
        Ok(events)
    }

    /// Reads events until ReadyForQuery.
    pub fn until_ready(&mut self) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            let (tag, body) = self.message()?;
            if tag == b'Z' {
                return Ok(events);
            }
            let Some(event) = Event::of(tag, &body) else { continue };
            let fatal = matches!(&event, Event::Error(error) if error.field('V') == "FATAL");
            events.push(event);
            if fatal {
                return Ok(events);
            }
        }
    }

    /// The error of a statement that must fail.
    pub fn error_of(&mut self, sql: &str) -> io::Result<ServerError> {
        error_in(self.simple(sql)?).ok_or_else(|| io::Error::other(format!("it did not fail: {sql}")))
    }

    /// The first value of a statement's result as text.
    pub fn value(&mut self, sql: &str) -> io::Result<String> {
        for event in self.simple(sql)? {
            match event {
                Event::Row(mut row) => {
                    return Ok(String::from_utf8_lossy(&row.swap_remove(0).unwrap_or_default()).into_owned());
                }
                Event::Error(error) => return Err(io::Error::other(error.to_string())),
                _ => {}
            }
        }
        Err(io::Error::other(format!("no row: {sql}")))
    }

    /// Sends a CancelRequest for `key` on a connection of its own and waits until the server has closed that.
    pub fn cancel(addr: SocketAddr, key: (i32, i32)) -> io::Result<()> {
        let mut stream = TcpStream::connect(addr)?;
        let mut buf = BytesMut::new();
        frontend::cancel_request(key.0, key.1, &mut buf);
        stream.write_all(&buf)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

/// Bind of the unnamed statement without parameters, Describe of the portal, Execute, Sync.
fn bind_execute(buf: &mut BytesMut, formats: &[i16]) -> io::Result<()> {
    let formats = formats.iter().copied();
    frontend::bind("", "", [], [(); 0], |(), _| Ok(IsNull::Yes), formats, buf)
        .map_err(|_| io::Error::other("cannot encode Bind"))?;
    frontend::describe(b'P', "", buf)?;
    frontend::execute("", 0, buf)?;
    frontend::sync(buf);
    Ok(())
}

/// The error among a statement's events.
pub fn error_in(events: Vec<Event>) -> Option<ServerError> {
    events.into_iter().find_map(|event| match event {
        Event::Error(error) => Some(error),
        _ => None,
    })
}

/// What an encoder of messages returns.
pub trait Encoded {
    /// As a result.
    fn check(self) -> io::Result<()>;
}

impl Encoded for () {
    fn check(self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoded for io::Result<()> {
    fn check(self) -> io::Result<()> {
        self
    }
}

fn int(body: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(body[at..at + 4].try_into().expect("four bytes were taken"))
}

fn short(body: &[u8], at: usize) -> i16 {
    i16::from_be_bytes(body[at..at + 2].try_into().expect("two bytes were taken"))
}

fn cstr(body: &[u8]) -> (String, &[u8]) {
    let end = body.iter().position(|&b| b == 0).expect("strings in messages end with NUL");
    (String::from_utf8_lossy(&body[..end]).into_owned(), &body[end + 1..])
}

fn columns(body: &[u8]) -> Vec<Column> {
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    for _ in 0..short(body, 0) {
        let (name, fixed) = cstr(rest);
        let type_oid = int(fixed, 6).cast_unsigned();
        columns.push(Column { name, type_oid, typmod: int(fixed, 12), format: short(fixed, 16) });
        rest = &fixed[18..];
    }
    columns
}

fn row(body: &[u8]) -> Row {
    let mut at = 2;
    let mut values = Vec::new();
    for _ in 0..short(body, 0) {
        let length = usize::try_from(int(body, at)).ok();
        at += 4;
        values.push(length.map(|n| body[at..at + n].to_vec()));
        at += length.unwrap_or(0);
    }
    values
}
