//! The server's messages, encoded into an [`Outbox`] that a link empties.
//!
//! Rows come encoded already and are passed on, large chunks without a copy; all else is encoded by pgwire.

use bytes::{Buf, Bytes, BytesMut};
use pgwire::messages::Message;
use pgwire::messages::copy::{CopyDone, CopyInResponse, CopyOutResponse};
use pgwire::messages::data::{FieldDescription, NoData, ParameterDescription, RowDescription};
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete, PortalSuspended};
use pgwire::messages::response::{
    CommandComplete, EmptyQueryResponse, ErrorResponse, NoticeResponse, ReadyForQuery, TransactionStatus as PgStatus,
};
use pgwire::messages::startup::{Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey};

use super::error;
use crate::error::{Error, Result};
use crate::session::{ColumnDesc, TransactionStatus};
use crate::sqlstate;
use crate::types::Format;

/// Output that has reached this size is sent before more is made, bytes.
pub(super) const FLUSH_BYTES: usize = 64 << 10;
/// Chunks of at least this size are not copied into the outbox, bytes.
const LARGE_CHUNK_BYTES: usize = 16 << 10;
/// An outbox that grew beyond this is given back once it is empty, bytes.
const KEEP_BYTES: usize = 256 << 10;
/// A result has at most this many columns, as in PostgreSQL (the count travels as 16 bits).
const MAX_COLUMNS: usize = 1664;

/// Messages encoded and not yet sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    head: BytesMut,
    /// A large chunk that goes after `head`; nothing is encoded behind it until it is sent or folded.
    tail: Bytes,
}

impl Outbox {
    /// Bytes waiting.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Everything waiting, in order.
    pub(super) fn pending(&mut self) -> impl Buf + '_ {
        (&mut self.head).chain(&mut self.tail)
    }

    /// Everything has been sent.
    pub(super) fn reset(&mut self) {
        self.tail = Bytes::new();
        if self.head.capacity() > KEEP_BYTES { self.head = BytesMut::new() } else { self.head.clear() }
    }

    /// Rows, whole DataRow messages. Gives whether the outbox must be sent before anything else is put in.
    #[must_use]
    pub(super) fn rows(&mut self, chunk: Bytes) -> bool {
        if chunk.len() < LARGE_CHUNK_BYTES {
            self.head().extend_from_slice(&chunk);
        } else {
            self.fold();
            self.tail = chunk;
        }
        !self.tail.is_empty() || self.len() >= FLUSH_BYTES
    }

    /// One byte of the encryption negotiation.
    pub(super) fn raw(&mut self, byte: u8) {
        self.head().extend_from_slice(&[byte]);
    }

    pub(super) fn authentication_ok(&mut self) {
        self.put(&Authentication::Ok);
    }

    pub(super) fn authentication_password(&mut self) {
        self.put(&Authentication::CleartextPassword);
    }

    pub(super) fn authentication_sasl(&mut self, mechanisms: Vec<String>) {
        self.put(&Authentication::SASL(mechanisms));
    }

    pub(super) fn authentication_continue(&mut self, data: Vec<u8>) {
        self.put(&Authentication::SASLContinue(data.into()));
    }

    pub(super) fn authentication_final(&mut self, data: Vec<u8>) {
        self.put(&Authentication::SASLFinal(data.into()));
    }

    /// `version` is the full number, major in the upper half.
    pub(super) fn negotiate_protocol_version(&mut self, version: i32, options: Vec<String>) {
        self.put(&NegotiateProtocolVersion::new(version, options));
    }

    pub(super) fn parameter_status(&mut self, name: &str, value: &str) {
        self.put(&ParameterStatus::new(without_nul(name), without_nul(value)));
    }

    pub(super) fn backend_key_data(&mut self, pid: i32, key: &[u8]) {
        self.put(&BackendKeyData::new(pid, SecretKey::Bytes(Bytes::copy_from_slice(key))));
    }

    pub(super) fn ready_for_query(&mut self, status: TransactionStatus) {
        self.put(&ReadyForQuery::new(match status {
            TransactionStatus::Idle => PgStatus::Idle,
            TransactionStatus::InTransaction => PgStatus::Transaction,
            TransactionStatus::Failed => PgStatus::Error,
        }));
    }

    /// `formats` is empty where they are not yet known (Describe of a statement): text, as in PostgreSQL.
    pub(super) fn row_description(&mut self, columns: &[ColumnDesc], formats: &[Format]) -> Result<()> {
        if columns.len() > MAX_COLUMNS {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("target lists can have at most {MAX_COLUMNS} entries"),
            ));
        }
        let field = |(i, column): (usize, &ColumnDesc)| {
            FieldDescription::new(
                without_nul(&column.name),
                column.table_oid.cast_signed(),
                column.attnum,
                column.pg_type.oid,
                column.pg_type.len,
                column.pg_type.typmod,
                match formats.get(i) {
                    Some(Format::Binary) => 1,
                    Some(Format::Text) | None => 0,
                },
            )
        };
        self.put(&RowDescription::new(columns.iter().enumerate().map(field).collect()));
        Ok(())
    }

    pub(super) fn parameter_description(&mut self, types: Vec<u32>) {
        self.put(&ParameterDescription::new(types));
    }

    pub(super) fn no_data(&mut self) {
        self.put(&NoData::new());
    }

    pub(super) fn parse_complete(&mut self) {
        self.put(&ParseComplete::new());
    }

    pub(super) fn bind_complete(&mut self) {
        self.put(&BindComplete::new());
    }

    pub(super) fn close_complete(&mut self) {
        self.put(&CloseComplete::new());
    }

    pub(super) fn portal_suspended(&mut self) {
        self.put(&PortalSuspended::new());
    }

    /// `columns` values of one format follow in CopyData messages.
    pub(super) fn copy_out_response(&mut self, format: Format, columns: usize) {
        let (format, columns, formats) = copy_formats(format, columns);
        self.put(&CopyOutResponse::new(format, columns, formats));
    }

    /// `columns` values of one format are awaited in CopyData messages.
    pub(super) fn copy_in_response(&mut self, format: Format, columns: usize) {
        let (format, columns, formats) = copy_formats(format, columns);
        self.put(&CopyInResponse::new(format, columns, formats));
    }

    pub(super) fn copy_done(&mut self) {
        self.put(&CopyDone::new());
    }

    pub(super) fn empty_query(&mut self) {
        self.put(&EmptyQueryResponse::new());
    }

    pub(super) fn command_complete(&mut self, tag: String) {
        self.put(&CommandComplete::new(tag));
    }

    pub(super) fn notice(&mut self, report: &Error) {
        self.put(&NoticeResponse::new(error::fields(report)));
    }

    pub(super) fn error(&mut self, report: &Error) {
        self.put(&ErrorResponse::new(error::fields(report)));
    }

    fn put(&mut self, message: &impl Message) {
        let head = self.head();
        let start = head.len();
        if let Err(e) = message.encode(head) {
            // The encoder has a limit per type that clients rely on; half a message would break the stream.
            head.truncate(start);
            tracing::warn!(error = %e, "a message could not be encoded and was left out");
        }
    }

    fn head(&mut self) -> &mut BytesMut {
        self.fold();
        &mut self.head
    }

    /// Brings the tail into line, so that more can follow it.
    fn fold(&mut self) {
        if !self.tail.is_empty() {
            self.head.extend_from_slice(&std::mem::take(&mut self.tail));
        }
    }
}

/// The format of COPY's data, the number of its columns, and each column's format.
fn copy_formats(format: Format, columns: usize) -> (i8, i16, Vec<i16>) {
    let code = i8::from(format == Format::Binary);
    // A result has no more columns than that.
    let columns = i16::try_from(columns).unwrap_or(i16::MAX);
    (code, columns, (0..columns).map(|_| i16::from(code)).collect())
}

/// Strings end at NUL on the wire: one inside would shift everything after it.
pub(super) fn without_nul(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PgType;

    fn drained(outbox: &mut Outbox) -> Vec<u8> {
        let mut pending = outbox.pending();
        let all = pending.copy_to_bytes(pending.remaining()).to_vec();
        drop(pending);
        outbox.reset();
        all
    }

    #[test]
    fn order_is_kept_round_large_chunks() {
        let mut outbox = Outbox::default();
        let large = Bytes::from(vec![b'L'; LARGE_CHUNK_BYTES]);
        assert!(!outbox.rows(Bytes::from_static(b"small")));
        assert!(outbox.rows(large.slice(..)), "a large chunk wants out");
        outbox.command_complete("SELECT 2".to_owned());
        let all = drained(&mut outbox);
        assert!(all.starts_with(b"smallL") && all.ends_with(b"LC\0\0\0\x0dSELECT 2\0"));
        assert_eq!(outbox.len(), 0);
    }

    #[test]
    fn names_with_nul_do_not_break_the_stream() {
        let mut outbox = Outbox::default();
        let pg_type = PgType { oid: 23, typmod: -1, len: 4 };
        let column = ColumnDesc { name: "a\0b".to_owned(), pg_type, table_oid: 0, attnum: 0 };
        outbox.row_description(&[column], &[Format::Binary]).expect("one column");
        assert_eq!(drained(&mut outbox), b"T\0\0\0\x1b\0\x01ab\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\x01");
    }

    #[test]
    fn what_cannot_be_encoded_leaves_no_trace() {
        let mut outbox = Outbox::default();
        outbox.parameter_status("search_path", &"x".repeat(40_000));
        assert_eq!(outbox.len(), 0);
        let pg_type = PgType { oid: 23, typmod: -1, len: 4 };
        let column = ColumnDesc { name: "c".to_owned(), pg_type, table_oid: 0, attnum: 0 };
        let error = outbox.row_description(&vec![column; 1665], &[]).expect_err("too many");
        assert_eq!(error.sqlstate(), sqlstate::TOO_MANY_COLUMNS);
    }
}
