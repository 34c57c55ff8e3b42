//! A raw connection: bytes out, messages in, nothing hidden. Plain or under TLS.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::message;
use crate::harness::Target;

/// No answer takes longer.
const DEADLINE: Duration = Duration::from_mins(1);
/// The code of a CancelRequest.
const CANCEL_CODE: i32 = 80_877_102;

/// Whatever carries the bytes.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One connection.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// The socket below, for deadlines.
    socket: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
    /// BackendKeyData's body, once it has come.
    pub key: Vec<u8>,
}

/// A message, or the end of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Type byte and body.
    Message(u8, Vec<u8>),
    /// The server closed the connection.
    Closed,
}

impl Connection {
    /// A connection that has said nothing.
    pub fn open(target: &Target) -> Result<Self, String> {
        Self::open_at(target.addr).map_err(|e| e.to_string())
    }

    /// A connection past its startup.
    pub fn connect(target: &Target) -> Result<Self, String> {
        let mut connection = Self::open(target)?;
        connection.start("3.0", target)?;
        Ok(connection)
    }

    /// A connection to an address, that has said nothing.
    pub fn open_at(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        socket.set_write_timeout(Some(DEADLINE))?;
        let stream = Box::new(socket.try_clone()?);
        Ok(Self { stream, socket, address, received: Vec::new(), key: Vec::new() })
    }

    /// Whether the server has answered with a TLS alert: the clear text failed its handshake.
    pub fn has_alert(&self) -> bool {
        self.received.first() == Some(&0x15)
    }

    /// Puts something (TLS) between the socket and the messages. Nothing may have been read ahead.
    pub fn wrap<S: Stream + 'static>(mut self, wrap: impl FnOnce(TcpStream) -> S) -> Self {
        assert!(self.received.is_empty(), "bytes came in clear: {:?}", self.received);
        self.stream = Box::new(wrap(self.socket.try_clone().expect("the socket can be shared")));
        self
    }

    /// Sends a startup packet and waits for ReadyForQuery; gives an ErrorResponse as an error.
    pub fn start(&mut self, version: &str, target: &Target) -> Result<(), String> {
        let mut bytes = Vec::new();
        message::encode(
            &format!("Startup {version} \"user\" \"$USER\" \"database\" \"$DATABASE\""),
            target,
            &mut bytes,
        )?;
        self.send(&bytes)?;
        self.await_ready()
    }

    /// Reads up to ReadyForQuery; gives an ErrorResponse as an error.
    pub fn await_ready(&mut self) -> Result<(), String> {
        loop {
            match self.receive()? {
                Received::Message(b'Z', _) => return Ok(()),
                Received::Message(b'E', body) => return Err(message::print(b'E', &body)),
                Received::Message(..) => {}
                Received::Closed => return Err("closed".to_owned()),
            }
        }
    }

    /// Sends bytes as they are. That the server has closed already shows when its answer is read.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        match self.stream.write_all(bytes).and_then(|()| self.stream.flush()) {
            Err(e) if !is_closed(&e) => Err(e.to_string()),
            _ => Ok(()),
        }
    }

    /// Sends one message.
    pub fn send_message(&mut self, kind: u8, body: &[u8]) -> Result<(), String> {
        self.send(&message::frame(kind, body))
    }

    /// Sends a simple query and gives its answer as text, up to ReadyForQuery or the end.
    pub fn query(&mut self, sql: &str) -> Result<String, String> {
        self.send_message(b'Q', format!("{sql}\0").as_bytes())?;
        self.until(&["ReadyForQuery", "Closed"], &["ParameterStatus"])
    }

    /// The next message.
    pub fn receive(&mut self) -> Result<Received, String> {
        while !message::is_whole(&self.received) {
            if !self.fill()? {
                return if self.received.is_empty() {
                    Ok(Received::Closed)
                } else {
                    Err(format!("closed inside a message: {:?}", self.received))
                };
            }
        }
        let (kind, body) = message::take(&mut self.received);
        if kind == b'K' {
            self.key.clone_from(&body);
        }
        Ok(Received::Message(kind, body))
    }

    /// Messages up to and with one of `until`, a line each, without those to be ignored.
    pub fn until(&mut self, until: &[&str], ignoring: &[&str]) -> Result<String, String> {
        let mut lines = Vec::new();
        loop {
            let (name, line) = match self.receive().map_err(|e| format!("after\n{}\n{e}", lines.join("\n")))? {
                Received::Closed => ("Closed", "Closed".to_owned()),
                Received::Message(kind, body) => (message::name(kind), message::print(kind, &body)),
            };
            if !ignoring.contains(&name) {
                lines.push(line);
            }
            if until.contains(&name) || name == "Closed" {
                sort_settings(&mut lines);
                return Ok(lines.join("\n"));
            }
        }
    }

    /// One byte outside any message; `Closed` when there is none.
    pub fn byte(&mut self) -> Result<String, String> {
        if self.received.is_empty() && !self.fill()? {
            return Ok("Closed".to_owned());
        }
        Ok(char::from(self.received.remove(0)).to_string())
    }

    /// Sends CancelRequests until the statement has ended: one that comes before it has started does nothing.
    pub fn cancel(&mut self) -> Result<(), String> {
        let start = Instant::now();
        self.socket.set_read_timeout(Some(Duration::from_millis(100))).map_err(|e| e.to_string())?;
        while !message::has_any(&self.received, b"EZ") {
            if start.elapsed() > DEADLINE {
                return Err("not cancelled".to_owned());
            }
            cancel_request(self.address, &self.key)?;
            self.fill_some()?;
        }
        self.socket.set_read_timeout(Some(DEADLINE)).map_err(|e| e.to_string())
    }

    /// Reads what is there; gives `false` at the end of the connection.
    fn fill(&mut self) -> Result<bool, String> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                Ok(true)
            }
            Err(e) if is_closed(&e) => Ok(false),
            Err(e) => Err(format!("no answer: {e}")),
        }
    }

    fn fill_some(&mut self) -> Result<(), String> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(e) => return Err(e.to_string()),
        }
        Ok(())
    }
}

/// Sends a CancelRequest with a key as BackendKeyData had it, and waits until the server has closed that connection,
/// which it does without a word.
pub fn cancel_request(address: SocketAddr, key: &[u8]) -> Result<(), String> {
    let send = || -> io::Result<Vec<u8>> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        let length = i32::try_from(8 + key.len()).expect("a key is short");
        socket.write_all(&[&length.to_be_bytes()[..], &CANCEL_CODE.to_be_bytes(), key].concat())?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = send().map_err(|e| e.to_string())?;
    if answer.is_empty() { Ok(()) } else { Err(format!("a CancelRequest was answered: {answer:?}")) }
}

/// PostgreSQL tells settings in no particular order.
fn sort_settings(lines: &mut [String]) {
    for run in lines.chunk_by_mut(|a, b| [a, b].iter().all(|line| line.starts_with("ParameterStatus"))) {
        run.sort();
    }
}

/// The ways in which the other end's closing shows.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Bytes as a quoted string.
pub fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\0' => quoted.push_str("\\0"),
                c if c.is_control() => write!(quoted, "\\x{:02x}", u32::from(c)).expect("a String grows"),
                c => quoted.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(quoted, "\\x{byte:02x}").expect("a String grows");
        }
    }
    quoted + "\""
}
