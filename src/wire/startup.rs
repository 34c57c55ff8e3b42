//! The opening of a connection: encryption negotiation, then a startup packet or a CancelRequest.
//!
//! Encryption is negotiated here and nowhere else, each kind at most once, and only with a client that has sent
//! nothing beyond its request: what comes in clear never counts as having come under TLS (CVE-2021-23214).

use bytes::Bytes;

use super::cursor::{Cursor, utf8};
use super::link::{End, Link};
use super::options;
use super::tls::Tls;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The newest protocol version spoken.
const NEWEST_MINOR: u16 = 2;
/// First byte of a TLS handshake, never that of a startup packet, which would be 352 MiB long.
const TLS_HANDSHAKE: u8 = 0x16;
const CODE_MAJOR: u16 = 1234;
const CANCEL_MINOR: u16 = 5678;
const SSL_MINOR: u16 = 5679;
const GSS_MINOR: u16 = 5680;

/// What a connection wants.
#[derive(Debug)]
pub enum Opening {
    /// A session.
    Session(Startup),
    /// Another session's statement to be cancelled.
    Cancel(CancelRequest),
}

/// A startup packet.
#[derive(Debug, PartialEq, Eq)]
pub struct Startup {
    /// The minor version of protocol 3 that both sides speak.
    pub minor: u16,
    /// The role; never empty.
    pub user: String,
    /// The database, if the client named one.
    pub database: Option<String>,
    /// Settings of their own, names as sent.
    pub settings: Vec<(String, String)>,
    /// Command-line switches that set more; not looked at before the client has proved who it is.
    pub options: Option<String>,
}

/// A CancelRequest.
#[derive(Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The process number told in BackendKeyData.
    pub pid: i32,
    /// The key told there; 4 to 256 bytes.
    pub key: Bytes,
}

/// A packet of the opening.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet {
    /// SSLRequest.
    Ssl,
    /// GSSENCRequest.
    Gss,
    /// CancelRequest.
    Cancel(CancelRequest),
    /// A startup packet as sent.
    Startup(RawStartup),
    /// Something that gets no answer.
    Nonsense,
}

/// A startup packet, its parameters in order and not yet judged.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RawStartup {
    /// The minor version the client asks for.
    pub minor: u16,
    /// Every (name, value).
    pub parameters: Vec<(String, String)>,
}

impl Startup {
    /// The length of this connection's cancel key in bytes: clients of 3.2 take a long one.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        if self.minor >= 2 { 32 } else { 4 }
    }

    /// All settings, those of `options` first, so that the packet's own win.
    pub fn all_settings(&self) -> Result<Vec<(String, String)>> {
        let mut settings = self.options.as_deref().map(options::parse).transpose()?.unwrap_or_default();
        settings.extend(self.settings.iter().cloned());
        Ok(settings)
    }
}

/// Negotiates encryption and reads the packet that says what the client wants.
pub async fn open(link: &mut Link, tls: Option<&Tls>) -> Result<Opening, End> {
    let mut ssl_allowed = true;
    let mut gss_allowed = true;
    if let Some(tls) = tls
        && link.first_byte().await? == Some(TLS_HANDSHAKE)
    {
        link.secure(tls, true).await?;
        gss_allowed = false;
    }
    loop {
        let packet = decode(link.startup_packet().await?).map_err(End::fatal)?;
        match packet {
            Packet::Ssl if ssl_allowed => {
                ssl_allowed = false;
                if answer_ssl(link, tls).await? {
                    gss_allowed = false;
                }
            }
            Packet::Gss if gss_allowed => {
                gss_allowed = false;
                refuse(link, "received unencrypted data after GSSAPI encryption request").await?;
            }
            // A second request of a kind is, as in PostgreSQL, the protocol version that it looks like.
            Packet::Ssl => return Err(End::Fatal(unsupported_version(CODE_MAJOR, SSL_MINOR))),
            Packet::Gss => return Err(End::Fatal(unsupported_version(CODE_MAJOR, GSS_MINOR))),
            Packet::Cancel(request) => return Ok(Opening::Cancel(request)),
            Packet::Nonsense => return Err(End::Closed),
            Packet::Startup(raw) => return judge(link, raw).map(Opening::Session).map_err(End::fatal),
        }
    }
}

/// Decodes a startup packet's body, of at least 4 bytes.
pub fn decode(body: Bytes) -> Result<Packet> {
    let mut cursor = Cursor::new(body);
    let major = cursor.u16()?;
    let minor = cursor.u16()?;
    match (major, minor) {
        (CODE_MAJOR, CANCEL_MINOR) => Ok(cancel(cursor)),
        (CODE_MAJOR, SSL_MINOR) if cursor.remaining().is_empty() => Ok(Packet::Ssl),
        (CODE_MAJOR, GSS_MINOR) if cursor.remaining().is_empty() => Ok(Packet::Gss),
        (3, minor) => Ok(Packet::Startup(RawStartup { minor, parameters: parameters(cursor.remaining())? })),
        (major, minor) => Err(unsupported_version(major, minor)),
    }
}

/// Answers an SSLRequest; gives whether the link is now under TLS.
async fn answer_ssl(link: &mut Link, tls: Option<&Tls>) -> Result<bool, End> {
    const EARLY: &str = "received unencrypted data after SSL request";
    match tls {
        Some(tls) if !link.is_secure() => {
            if link.has_early_data() {
                return Err(End::Fatal(early_data(EARLY)));
            }
            link.out.raw(b'S');
            link.flush().await?;
            link.secure(tls, false).await?;
            Ok(true)
        }
        _ => refuse(link, EARLY).await.map(|()| false),
    }
}

/// Declines encryption; a client that did not wait for the answer is refused all the same.
async fn refuse(link: &mut Link, early: &'static str) -> Result<(), End> {
    let early_data_came = link.has_early_data();
    link.out.raw(b'N');
    if early_data_came {
        return Err(End::Fatal(early_data(early)));
    }
    link.flush().await
}

fn cancel(mut cursor: Cursor) -> Packet {
    let key = cursor.remaining().len().checked_sub(4).filter(|length| (4..=256).contains(length));
    match (key, cursor.i32()) {
        (Some(_), Ok(pid)) => Packet::Cancel(CancelRequest { pid, key: Bytes::copy_from_slice(cursor.remaining()) }),
        _ => Packet::Nonsense,
    }
}

/// `name NUL value NUL … NUL`, the last NUL being the last byte.
fn parameters(mut rest: &[u8]) -> Result<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    loop {
        let Some((name, after_name)) = split_nul(rest) else { return Err(bad_layout()) };
        if name.is_empty() {
            return if after_name.is_empty() { Ok(parameters) } else { Err(bad_layout()) };
        }
        let Some((value, after_value)) = split_nul(after_name) else { return Err(bad_layout()) };
        parameters.push((utf8(name)?, utf8(value)?));
        rest = after_value;
    }
}

fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&b| b == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Sorts the parameters and settles the version; what the server does not know of the protocol is negotiated away.
fn judge(link: &mut Link, raw: RawStartup) -> Result<Startup> {
    let mut startup = Startup {
        minor: raw.minor.min(NEWEST_MINOR),
        user: String::new(),
        database: None,
        settings: Vec::new(),
        options: None,
    };
    let mut unknown = Vec::new();
    for (name, value) in raw.parameters {
        match name.as_str() {
            "user" => startup.user = value,
            "database" => startup.database = Some(value).filter(|name| !name.is_empty()),
            "options" => startup.options = Some(value),
            "replication" => no_replication(&value)?,
            _ if name.starts_with("_pq_.") => unknown.push(name),
            _ => startup.settings.push((name, value)),
        }
    }
    if raw.minor > NEWEST_MINOR || !unknown.is_empty() {
        link.out.negotiate_protocol_version((3 << 16) | i32::from(startup.minor), unknown);
    }
    if startup.user.is_empty() {
        return Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
        ));
    }
    Ok(startup)
}

fn no_replication(value: &str) -> Result<()> {
    match value.to_ascii_lowercase().as_str() {
        "false" | "off" | "no" | "0" | "f" | "n" => Ok(()),
        "true" | "on" | "yes" | "1" | "t" | "y" | "database" => {
            Err(Error::unsupported("replication connections are not supported"))
        }
        _ => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"replication\": \"{value}\""),
        )
        .hint("Valid values are: \"false\", 0, \"true\", 1, \"database\".")),
    }
}

fn unsupported_version(major: u16, minor: u16) -> Error {
    Error::fatal(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{NEWEST_MINOR}"),
    )
}

fn bad_layout() -> Error {
    Error::protocol("invalid startup packet layout: expected terminator as last byte")
}

fn early_data(message: &'static str) -> Error {
    Error::protocol(message).into_fatal().detail(
        "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
    )
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
