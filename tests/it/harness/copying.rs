//! COPY for tests: what a statement sends, and the data that one takes, as lines.

use std::collections::BTreeMap;
use std::io;

use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::client::{Client, ServerError};

/// What a COPY says, in order.
#[derive(Clone, Debug)]
pub enum CopyEvent {
    /// CopyData.
    Data(Vec<u8>),
    /// CommandComplete.
    Tag(String),
    /// NoticeResponse.
    Notice(ServerError),
    /// ErrorResponse.
    Error(ServerError),
}

/// Runs a COPY by the simple protocol; one FROM STDIN gets `data`.
pub fn simple(client: &mut Client, sql: &str, data: &[u8]) -> io::Result<Vec<CopyEvent>> {
    client.send(|buf| frontend::query(sql, buf))?;
    until_ready(client, data, false)
}

/// Runs a COPY by the extended protocol; one FROM STDIN gets `data`.
pub fn extended(client: &mut Client, sql: &str, data: &[u8]) -> io::Result<Vec<CopyEvent>> {
    client.send(|buf| {
        frontend::parse("", sql, [], buf)?;
        frontend::bind("", "", [], [(); 0], |(), _| Ok(IsNull::Yes), [], buf)
            .map_err(|_| io::Error::other("cannot encode Bind"))?;
        frontend::describe(b'P', "", buf)?;
        frontend::execute("", 0, buf)?;
        frontend::flush(buf);
        Ok::<_, io::Error>(())
    })?;
    until_ready(client, data, true)
}

/// Reads events until ReadyForQuery, sending data where it is asked for. `sync`: a Sync is still to be sent.
fn until_ready(client: &mut Client, data: &[u8], mut sync: bool) -> io::Result<Vec<CopyEvent>> {
    let mut events = Vec::new();
    loop {
        let (tag, body) = client.message()?;
        if tag == b'G' {
            client.send(|buf| {
                frontend::CopyData::new(data)?.write(buf);
                frontend::copy_done(buf);
                Ok::<_, io::Error>(())
            })?;
        }
        if matches!(tag, b'G' | b'C' | b'E') && std::mem::take(&mut sync) {
            client.send(frontend::sync)?;
        }
        match tag {
            b'd' => events.push(CopyEvent::Data(body)),
            b'C' => events.push(CopyEvent::Tag(String::from_utf8_lossy(&body).trim_end_matches('\0').to_owned())),
            b'N' => events.push(CopyEvent::Notice(report(&body))),
            b'E' => events.push(CopyEvent::Error(report(&body))),
            b'Z' => return Ok(events),
            _ => {}
        }
    }
}

/// The fields of an error or a notice.
fn report(body: &[u8]) -> ServerError {
    let fields = body.split(|byte| *byte == 0).filter_map(|field| {
        let (code, value) = field.split_first()?;
        Some((char::from(*code), String::from_utf8_lossy(value).into_owned()))
    });
    ServerError { fields: fields.collect::<BTreeMap<_, _>>() }
}
