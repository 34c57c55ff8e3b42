//! Stopping: each way a statement can be stopped ends each kind of work within two seconds and gives its memory back.
//!
//! The servers here have a small memory limit, so that what grows without end spills, and nobody else uses them.

use std::fs;
use std::io::Read;
use std::net::Shutdown;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use postgres_protocol::message::frontend;

use crate::harness::{self, Client, TestServer, client};

/// From the trigger to the end of the work.
const LIMIT: Duration = Duration::from_secs(2);

/// A statement that is stopped right at its start proves nothing: this long it may work first.
const RUN_FIRST: Duration = Duration::from_millis(400);

/// Memory above what the server held before, once the work has ended: allocators keep some pages.
const SLACK_BYTES: u64 = 96 << 20;

/// A statement that takes a moment and ends by itself.
const MODEST: &str = "select count(*) from lineitem, supplier where l_comment < s_comment";

const CONFIG: &str = "[memory]\nlimit = \"512MB\"\n[server]\nsend_timeout = \"60s\"";

/// Work that goes on for longer than any test.
#[derive(Clone, Copy, Debug)]
enum Work {
    CrossJoin,
    Sort,
    Planning,
    StalledClient,
}

impl Work {
    fn sql(self) -> String {
        match self {
            Self::CrossJoin => "select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment".to_owned(),
            Self::Sort => "select l_comment, l_orderkey, a.n_name from lineitem, nation a, nation b, nation c \
                           order by l_comment || b.n_name || c.n_comment desc"
                .to_owned(),
            Self::Planning => planning(),
            Self::StalledClient => "select a.*, b.l_comment from lineitem a, lineitem b".to_owned(),
        }
    }
}

/// 2,000 different conditions joined by OR, over a join of all tables.
fn planning() -> String {
    let conditions: Vec<String> = (0..2_000)
        .map(|i| format!("(l_orderkey + {i} = p_partkey * {} and l_comment like '%{i}%' or s_acctbal < {i}.5)", i % 7))
        .collect();
    format!(
        "select count(*) from lineitem, part, supplier, partsupp p1, partsupp p2, orders, customer where {}",
        conditions.join(" or ")
    )
}

#[test]
fn cancel_requests_stop_everything() {
    let server = start();
    for work in [Work::CrossJoin, Work::Sort, Work::Planning, Work::StalledClient] {
        let mut client = server.connect();
        let before = memory(&server);
        begin(&mut client, work);
        let pressed = Instant::now();
        Client::cancel(client.addr, client.key).unwrap_or_else(|error| panic!("{work:?}: {error}"));
        let state = end(&mut client, work);
        assert!(pressed.elapsed() < LIMIT, "{work:?}: {:?} after the request", pressed.elapsed());
        assert_stopped(work, state.as_deref(), "canceling statement due to user request");
        assert_released(&server, before, work);
        if state.is_some() {
            assert_eq!(client.value("select 1").expect("the session goes on"), "1", "{work:?}");
        }
    }
}

#[test]
fn statement_timeouts_stop_everything() {
    let server = start();
    for work in [Work::CrossJoin, Work::Sort, Work::Planning, Work::StalledClient] {
        let mut client = server.connect();
        let before = memory(&server);
        client.simple(&format!("set statement_timeout = {}", RUN_FIRST.as_millis())).expect("it is a setting");
        let start = Instant::now();
        send(&mut client, work);
        if matches!(work, Work::StalledClient) {
            thread::park_timeout(RUN_FIRST);
        }
        let state = end(&mut client, work);
        assert!(start.elapsed() < LIMIT + 2 * RUN_FIRST, "{work:?}: {:?} after its start", start.elapsed());
        assert_stopped(work, state.as_deref(), "canceling statement due to statement timeout");
        assert_released(&server, before, work);
    }
}

#[test]
fn a_closed_socket_stops_everything() {
    let server = start();
    for work in [Work::CrossJoin, Work::Sort, Work::Planning, Work::StalledClient] {
        let mut client = server.connect();
        let before = memory(&server);
        begin(&mut client, work);
        client.socket().shutdown(Shutdown::Both).expect("the socket is open");
        drop(client);
        assert_idle(&server, work);
        assert_released(&server, before, work);
    }
}

#[test]
fn a_wrong_key_cancels_nothing() {
    let server = start();
    let mut client = server.connect();
    client.send(|buf| frontend::query(MODEST, buf)).expect("it is sent");
    for (pid, secret) in [(client.key.0, client.key.1.wrapping_add(1)), (client.key.0.wrapping_add(1), client.key.1)] {
        Client::cancel(client.addr, (pid, secret)).expect("the server closes without an answer");
    }
    let events = client.until_ready().expect("the statement goes on");
    assert!(client::error_in(events).is_none());
}

#[test]
fn one_session_is_stopped_and_others_are_not() {
    let server = start();
    let mut stopped = server.connect();
    let mut other = server.connect();
    begin(&mut stopped, Work::CrossJoin);
    other.send(|buf| frontend::query(MODEST, buf)).expect("it is sent");
    Client::cancel(stopped.addr, stopped.key).expect("cancel requests are taken");
    assert_stopped(
        Work::CrossJoin,
        end(&mut stopped, Work::CrossJoin).as_deref(),
        "canceling statement due to user request",
    );
    assert!(client::error_in(other.until_ready().expect("it answers")).is_none());
}

fn start() -> TestServer {
    TestServer::builder().toml(CONFIG).data(harness::tpch_data()).start()
}

fn send(client: &mut Client, work: Work) {
    client.send(|buf| frontend::query(&work.sql(), buf)).unwrap_or_else(|error| panic!("{work:?}: {error}"));
}

/// Sends the statement and lets it run for a while; its answer is not read. The rows of the stalled client fill the
/// socket's buffers meanwhile.
fn begin(client: &mut Client, work: Work) {
    send(client, work);
    thread::park_timeout(RUN_FIRST);
}

/// Reads to the end of the answer: its error (`Some("")` when it succeeded), `None` when the server closed.
fn end(client: &mut Client, work: Work) -> Option<String> {
    loop {
        match client.message() {
            Ok((b'E', body)) => {
                let text = String::from_utf8_lossy(&body).into_owned();
                // Closed after a fatal error, ready after another.
                while client.message().is_ok_and(|(tag, _)| tag != b'Z') {}
                return Some(text);
            }
            Ok((b'Z', _)) => return Some(String::new()),
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(work, Work::StalledClient), "{work:?}: {error}");
                return None;
            }
        }
    }
}

/// The server may close the connection of a client that does not read; planning may be over before it is stopped.
fn assert_stopped(work: Work, state: Option<&str>, message: &str) {
    let stopped = |text: &str| text.contains("57014") && text.contains(message);
    match (work, state) {
        (Work::StalledClient, None) => {}
        (_, Some(text)) if stopped(text) => {}
        _ => panic!("{work:?}: not stopped but {state:?}"),
    }
}

fn memory(server: &TestServer) -> u64 {
    harness::memory_bytes(server.pid(), "VmRSS").expect("the server is running")
}

fn assert_released(server: &TestServer, before: u64, work: Work) {
    let what = format!("{work:?}: memory is back at {} MiB", before >> 20);
    harness::eventually(LIMIT, &what, || memory(server) < before + SLACK_BYTES);
    harness::eventually(LIMIT, &format!("{work:?}: spilled files are gone"), || {
        bytes_below(&server.data_dir().join("spill")) == 0
    });
}

fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let size = |path: &Path| if path.is_dir() { bytes_below(path) } else { fs::metadata(path).map_or(0, |m| m.len()) };
    entries.filter_map(Result::ok).map(|entry| size(&entry.path())).sum()
}

/// The server's threads stop using the processor: nothing tells a client that has gone when its work has ended.
fn assert_idle(server: &TestServer, work: Work) {
    const QUIET: Duration = Duration::from_millis(300);
    let mut ticks = cpu_ticks(server);
    let mut since = Instant::now();
    let what = format!("{work:?}: the work ends when its client has gone");
    harness::eventually(LIMIT + QUIET, &what, || {
        let now = cpu_ticks(server);
        // A tick is 10 ms; housekeeping threads may use one now and then.
        if now > ticks + 2 {
            (ticks, since) = (now, Instant::now());
        }
        since.elapsed() >= QUIET
    });
}

/// User and system time of the process in clock ticks.
fn cpu_ticks(server: &TestServer) -> u64 {
    let mut stat = String::new();
    let file = fs::File::open(format!("/proc/{}/stat", server.pid()));
    file.and_then(|mut file| file.read_to_string(&mut stat)).expect("the server is running");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
