//! Golden SQL: every file of `tests/slt`, through the simple protocol in text and the extended one in binary.
//!
//! A result is a header line of `name type` pairs and a line per row, columns separated by `|`. A statement without
//! rows answers with its command tag. An error is two lines: its SQLSTATE, its message; in files under `errors/` also
//! position, detail and hint. Notices come before the answer's end.
//!
//! A COPY ends with `-- data`: FROM STDIN gets the lines after it; what TO STDOUT sends is a line per message.
//!
//! `LAKEWIRE_ORACLE=host:port` runs the files of `pg_compat` against a PostgreSQL, and with `LAKEWIRE_ORACLE_WRITE=1`
//! lets it write their answers. `LAKEWIRE_SLT=text` takes only files whose path contains the text.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use chrono_tz::Tz;
use futures::executor::block_on;
use sqllogictest::{DB, DBOutput, DefaultColumnType, MakeConnection, Normalizer, Runner};

use crate::harness::client::{Column, Event, ServerError};
use crate::harness::copying::{self, CopyEvent};
use crate::harness::{self, Client, Target, print};

/// Divides a COPY from the data that it gets, a line each.
const DATA: &str = "\n-- data";

/// How statements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Simple,
    Extended,
}

#[test]
fn simple_protocol() {
    run_all(Protocol::Simple);
}

#[test]
fn extended_protocol() {
    run_all(Protocol::Extended);
}

/// Runs every file, several at a time, and fails with all that differ.
fn run_all(protocol: Protocol) {
    let root = harness::repository("tests/slt");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let wanted = env::var("LAKEWIRE_SLT").unwrap_or_default();
    files.retain(|file| {
        let path = file.to_string_lossy();
        path.contains(&wanted) && (harness::oracle().is_none() || path.contains("/pg_compat/"))
    });
    files.sort();
    files.reverse();
    let write = harness::oracle().is_some() && env::var("LAKEWIRE_ORACLE_WRITE").is_ok();
    if write && protocol == Protocol::Extended {
        // The answers come from the simple protocol; the extended one is held to them afterwards.
        return;
    }
    let target = harness::tools();
    let queue = Mutex::new(files);
    let failures = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(file) = pop(&queue) {
                    if let Err(error) = run_file(&file, &target, protocol, write) {
                        failures.lock().expect("no worker panics with it").push(error);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no worker panics with it");
    assert!(failures.is_empty(), "{} files differ:\n\n{}", failures.len(), failures.join("\n\n"));
}

fn pop(queue: &Mutex<Vec<PathBuf>>) -> Option<PathBuf> {
    queue.lock().expect("no worker panics with it").pop()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the folder of golden files is readable") {
        let path = entry.expect("its entries are readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            files.push(path);
        }
    }
}

fn run_file(file: &Path, target: &Target, protocol: Protocol, write: bool) -> Result<(), String> {
    let detailed = file.components().any(|part| part.as_os_str() == "errors");
    let connections = Connections { target: target.clone(), protocol, detailed };
    let mut runner = Runner::new(connections);
    runner.with_validator(same_lines);
    runner.with_column_validator(sqllogictest::strict_column_validator);
    runner.add_label(if protocol == Protocol::Simple { "simple" } else { "extended" });
    if write {
        let same_types = sqllogictest::strict_column_validator;
        let updated = runner.update_test_file(file, "|", same_lines, sqllogictest::default_normalizer, same_types);
        return block_on(updated).map_err(|error| format!("{}: {error}", file.display()));
    }
    // Every record is tried, so that one run shows all that differs in a file.
    let records = sqllogictest::parse_file(file).map_err(|error| error.to_string())?;
    let failed: Vec<String> = records
        .into_iter()
        .filter_map(|record| runner.run(record).err())
        .map(|error| format!("{protocol:?}: {}", error.display(false)))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Lines as they are: no normalizing.
fn same_lines(_: Normalizer, actual: &[Vec<String>], expected: &[String]) -> bool {
    actual.len() == expected.len() && actual.iter().zip(expected).all(|(row, line)| row.join("|") == *line)
}

/// Makes the connections that a file names.
struct Connections {
    target: Target,
    protocol: Protocol,
    detailed: bool,
}

impl MakeConnection for Connections {
    type Conn = Connection;
    type MakeFuture = std::future::Ready<Result<Connection, Failure>>;

    fn make(&mut self) -> Self::MakeFuture {
        let client = Client::connect(self.target.addr, self.target.user, self.target.database);
        let connection = client.map(|client| Connection { client, protocol: self.protocol, detailed: self.detailed });
        std::future::ready(connection.map_err(|error| Failure(error.to_string())))
    }
}

struct Connection {
    client: Client,
    protocol: Protocol,
    detailed: bool,
}

/// An error as golden files have it.
#[derive(Debug)]
struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl DB for Connection {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        if let Some((sql, data)) = sql.split_once(DATA) {
            let data = data_of(data);
            let events = match self.protocol {
                Protocol::Simple => copying::simple(&mut self.client, sql, data.as_bytes()),
                Protocol::Extended => copying::extended(&mut self.client, sql, data.as_bytes()),
            };
            return self.copied(events.map_err(|error| Failure(error.to_string()))?);
        }
        let events = match self.protocol {
            Protocol::Simple => self.client.simple(sql),
            Protocol::Extended => self
                .client
                .extended(sql, |client, column| i16::from(print::is_known(column.type_oid, &client.parameters))),
        };
        self.output(events.map_err(|error| Failure(error.to_string()))?)
    }
}

impl Connection {
    /// Events as lines; of several statements' results the types are those of the last.
    fn output(&self, events: Vec<Event>) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let zone = self.client.parameters.get("TimeZone").and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        let mut columns: Option<Vec<Column>> = None;
        let mut types = vec![DefaultColumnType::Any];
        let mut lines: Vec<Vec<String>> = Vec::new();
        for event in events {
            match event {
                Event::Columns(described) => {
                    types = or_if_empty(described.iter().map(class).collect(), DefaultColumnType::Any);
                    lines.push(or_if_empty(described.iter().map(header).collect(), "(no columns)".to_owned()));
                    columns = Some(described);
                }
                Event::Row(row) => {
                    let described = columns.as_deref().unwrap_or_default();
                    lines.push(values(row, described, zone).map_err(Failure)?);
                }
                // A result speaks for itself; its tag is only the count of its lines.
                Event::Tag(tag) if columns.take().is_none() => lines.push(vec![tag]),
                Event::Tag(_) => {}
                Event::Empty => lines.push(vec!["(no statement)".to_owned()]),
                Event::Suspended => lines.push(vec!["(suspended)".to_owned()]),
                Event::Notice(notice) => lines.push(vec![notice.to_string()]),
                Event::Error(error) => return Err(self.failure(&error)),
            }
        }
        Ok(DBOutput::Rows { types, rows: lines })
    }

    /// What a COPY sends, as lines.
    fn copied(&self, events: Vec<CopyEvent>) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let mut lines: Vec<Vec<String>> = Vec::new();
        for event in events {
            match event {
                CopyEvent::Data(data) => lines.push(vec![copied(&data)]),
                CopyEvent::Tag(tag) => lines.push(vec![tag]),
                CopyEvent::Notice(notice) => lines.push(vec![notice.to_string()]),
                CopyEvent::Error(error) => return Err(self.failure(&error)),
            }
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any], rows: lines })
    }

    fn failure(&self, error: &ServerError) -> Failure {
        let mut text = format!("{} {}\n{}", error.field('S'), error.sqlstate(), error.field('M'));
        if self.detailed {
            for (code, name) in [('D', "DETAIL"), ('H', "HINT"), ('P', "POSITION"), ('W', "CONTEXT")] {
                if code == 'W' && !error.field(code).starts_with("COPY ") {
                    continue;
                }
                if !error.field(code).is_empty() {
                    text = format!("{text}\n{name}: {}", error.field(code));
                }
            }
        }
        Failure(text.replace("\n\n", "\n"))
    }
}

/// The lines behind the division, which stand in the file as they are sent but for line ends in quotes.
fn data_of(data: &str) -> String {
    data.strip_prefix('\n').map(|lines| format!("{lines}\n")).unwrap_or_default()
}

/// A message of COPY … TO STDOUT: a line of text, or bytes in hex.
fn copied(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) if !text.contains('\0') => visible(text.strip_suffix('\n').unwrap_or(text)),
        _ => data.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn header(column: &Column) -> String {
    format!("{} {}", column.name, print::type_name(column.type_oid, column.typmod))
}

/// The coarse type letter that the file format asks for; the header has the exact type.
fn class(column: &Column) -> DefaultColumnType {
    match column.type_oid {
        20 | 21 | 23 | 26 => DefaultColumnType::Integer,
        700 | 701 | 1700 => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    }
}

fn values(row: Vec<Option<Vec<u8>>>, columns: &[Column], zone: Tz) -> Result<Vec<String>, String> {
    let values = row.into_iter().zip(columns).map(|(value, column)| match value {
        None => Ok("NULL".to_owned()),
        Some(bytes) if column.format == 1 => print::print(column.type_oid, &bytes, zone),
        Some(bytes) => String::from_utf8(bytes).map_err(|_| "a text value is not UTF-8".to_owned()),
    });
    let values = values.map(|value| value.map(|text| visible(&text))).collect::<Result<Vec<_>, _>>()?;
    Ok(or_if_empty(values, "(no columns)".to_owned()))
}

/// A result may have no columns; the file format wants at least one.
fn or_if_empty<T>(mut list: Vec<T>, instead: T) -> Vec<T> {
    if list.is_empty() {
        list.push(instead);
    }
    list
}

/// One line per row: line ends become escapes, and nothing is left empty.
fn visible(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { text.replace('\n', "\\n").replace('\r', "\\r") }
}
