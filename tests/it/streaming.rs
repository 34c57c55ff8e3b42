//! Rows stream: the first comes long before the last, and the server's memory does not grow with the result.

use std::io;
use std::time::{Duration, Instant};

use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use crate::harness::{self, Client, TestServer};

/// 1.5 million wide rows, about 220 MB as text: far more than the server may hold.
const SQL: &str = "select l.* from lineitem l, nation";
const ROWS: usize = 60_175 * 25;
const GROWTH_BYTES: u64 = 64 << 20;

#[test]
fn simple_protocol_streams() {
    streams(|client| client.send(|buf| frontend::query(SQL, buf)));
}

#[test]
fn extended_protocol_streams_text() {
    streams(|client| extended(client, 0, 0));
}

#[test]
fn extended_protocol_streams_binary() {
    streams(|client| extended(client, 1, 0));
}

#[test]
fn portions_stream() {
    let server = start();
    let mut client = server.connect();
    let before = warm(&server, &mut client);
    client.simple("begin").expect("a transaction begins");
    extended(&mut client, 1, 1_000).expect("it is sent");
    let mut rows = read(&mut client).rows;
    while rows < ROWS {
        client
            .send(|buf| {
                frontend::execute("", 100_000, buf)?;
                frontend::sync(buf);
                Ok::<_, io::Error>(())
            })
            .expect("it is sent");
        let more = read(&mut client).rows;
        assert!(more > 0, "the portal ended after {rows} rows");
        rows += more;
    }
    assert_eq!(rows, ROWS);
    assert_bounded(&server, before);
}

#[test]
fn a_slow_reader_costs_no_memory() {
    let server = start();
    let mut client = server.connect();
    let before = warm(&server, &mut client);
    client.send(|buf| frontend::query(SQL, buf)).expect("it is sent");
    // Row by row, with the server far ahead all the time.
    for _ in 0..20_000 {
        client.message().expect("rows come");
        std::thread::park_timeout(Duration::from_micros(20));
    }
    assert_bounded(&server, before);
    assert!(read(&mut client).rows > 0);
}

fn streams(send: impl Fn(&mut Client) -> io::Result<()>) {
    let server = start();
    let mut client = server.connect();
    let before = warm(&server, &mut client);
    let start = Instant::now();
    send(&mut client).expect("it is sent");
    let reading = read(&mut client);
    let whole = start.elapsed();
    let first = reading.first.expect("there are rows") - start;
    assert_eq!(reading.rows, ROWS);
    assert!(first < whole / 5, "the first row came after {first:?} of {whole:?}");
    assert_bounded(&server, before);
}

fn start() -> TestServer {
    TestServer::builder().data(harness::tpch_data()).start()
}

/// Memory once the table has been read and its metadata is kept.
fn warm(server: &TestServer, client: &mut Client) -> u64 {
    client.value("select count(l_comment) from lineitem").expect("it answers");
    harness::memory_bytes(server.pid(), "VmHWM").expect("the server is running")
}

fn assert_bounded(server: &TestServer, before: u64) {
    let grown = harness::memory_bytes(server.pid(), "VmHWM").expect("the server is running").saturating_sub(before);
    assert!(grown < GROWTH_BYTES, "the server grew by {} MiB", grown >> 20);
}

fn extended(client: &mut Client, format: i16, limit: i32) -> io::Result<()> {
    client.send(|buf| {
        frontend::parse("", SQL, [], buf)?;
        frontend::bind("", "", [], [(); 0], |(), _| Ok(IsNull::Yes), [format], buf)
            .map_err(|_| io::Error::other("cannot encode Bind"))?;
        frontend::execute("", limit, buf)?;
        frontend::sync(buf);
        Ok(())
    })
}

struct Reading {
    rows: usize,
    first: Option<Instant>,
}

fn read(client: &mut Client) -> Reading {
    let mut reading = Reading { rows: 0, first: None };
    loop {
        match client.message().expect("the answer is whole") {
            (b'D', _) => {
                reading.first.get_or_insert_with(Instant::now);
                reading.rows += 1;
            }
            (b'E', body) => panic!("{}", String::from_utf8_lossy(&body)),
            (b'Z', _) => return reading,
            _ => {}
        }
    }
}
