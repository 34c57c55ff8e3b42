//! Statements recorded from tools and drivers, replayed in their order and held to PostgreSQL's recorded answers.
//!
//! `tests/tools/recordings` has a file per client: statements with PostgreSQL 17's column names, types and rows on the
//! schema of `tests/tools/schema`. A statement answers the same, or it stands in `tests/tools/differences.tsv` with what
//! differs and why; one that stands there and answers the same fails too, unless it is `unsteady`: what rows it gives is
//! for the server to choose, or depends on the day. Left out of the comparison is what is the server's own by its type
//! (OIDs), the order of rows, and the rows of statements that PostgreSQL itself does not repeat.
//! `LAKEWIRE_TOOLS=client` replays one client's file; `LAKEWIRE_TOOLS_WRITE=1` writes the list anew.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use flate2::read::GzDecoder;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use serde_json::Value;

use crate::harness::client::{Column, Event, Row};
use crate::harness::{self, Client, Target, print};

/// Types whose values are numbers or names of the server's own objects.
const OWN: [&str; 11] =
    ["oid", "xid", "regclass", "regtype", "regproc", "regnamespace", "regrole", "pg_lsn", "xid8", "cid", "tid"];

/// What a statement answered.
#[derive(Debug, Default)]
struct Answer {
    error: Option<String>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    tag: String,
    copied: Option<usize>,
}

/// A statement that answers otherwise: how, and with what error.
type Differences = BTreeMap<String, (String, String)>;

#[test]
fn recorded_statements_answer_as_postgresql() {
    if harness::oracle().is_some() {
        return;
    }
    let folder = harness::repository("tests/tools/recordings");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the recordings are there").map(|f| f.unwrap().path()).collect();
    let wanted = env::var("LAKEWIRE_TOOLS").ok();
    files.retain(|file| wanted.as_ref().is_none_or(|wanted| client_of(file) == *wanted));
    files.sort();
    let target = harness::tools();
    let (queue, found) = (Mutex::new(files), Mutex::new((0_usize, Differences::new())));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(file) = { queue.lock().expect("no worker panics with it").pop() } {
                    let (count, differences) = replay(&file, &target).expect("the server answers");
                    let mut found = found.lock().expect("no worker panics with it");
                    found.0 += count;
                    found.1.extend(differences);
                }
            });
        }
    });
    let (count, differences) = found.into_inner().expect("no worker panics with it");
    judge(count, &differences, wanted.as_deref());
}

/// What prints as a name is a number in binary, and a bound name is read as one.
#[test]
fn objects_are_numbers_in_binary() {
    let target = harness::tools();
    let mut client = target.connect();
    let oid: u32 = client.value("SELECT 'orders'::regclass::oid").unwrap().parse().unwrap();
    let binary = |client: &mut Client, sql: &str| {
        let events = client.extended(sql, |_, _| 1).unwrap();
        events.into_iter().find_map(|event| match event {
            Event::Row(row) => row.into_iter().collect::<Option<Vec<_>>>().map(|values| values.concat()),
            _ => None,
        })
    };
    assert_eq!(binary(&mut client, "SELECT 'orders'::regclass"), Some(oid.to_be_bytes().to_vec()));
    assert_eq!(
        binary(&mut client, "SELECT oid::regclass, 23::regtype FROM pg_class WHERE relname = 'orders'"),
        Some([oid.to_be_bytes(), 23_u32.to_be_bytes()].concat())
    );
    let bound = |sql: &str, params: &[Value]| {
        let mut client = target.connect();
        run(&mut client, &serde_json::json!({ "template": sql, "params": params })).unwrap()
    };
    let found = bound("SELECT $1::regclass::oid, $2::regtype[]", &["orders".into(), "{int,text}".into()]);
    assert_eq!(found.rows, [vec![Some(oid.to_string().into_bytes()), Some(b"{integer,text}".to_vec())]]);
    let inner =
        "SELECT (SELECT n_name || $1 FROM nation WHERE n_regionkey = r_regionkey ORDER BY 1 LIMIT 1) FROM region";
    assert!(bound(inner, &["!".into()]).rows.iter().all(|row| row[0].as_ref().is_some_and(|v| v.ends_with(b"!"))));
    let missing = bound("SELECT $1::regclass", &["nosuch".into()]).error.unwrap_or_default();
    assert!(missing.contains("42P01") && missing.contains("relation \"nosuch\" does not exist"), "{missing}");
}

/// Compares what differs with the list of what may.
fn judge(count: usize, differences: &Differences, wanted: Option<&str>) {
    let list = harness::repository("tests/tools/differences.tsv");
    let text = fs::read_to_string(&list).unwrap_or_default();
    let mut known: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [id, how, why] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("not a difference: {line}") };
        if wanted.is_none_or(|client| id.split('#').next() == Some(client)) {
            known.insert(id, (how, why));
        }
    }
    if env::var("LAKEWIRE_TOOLS_WRITE").is_ok() {
        let heading: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        let line = |(id, (how, error)): (&String, &(String, String))| match known.get(id.as_str()) {
            Some(("unsteady", why)) if how == "rows" => format!("{id}\tunsteady\t{why}"),
            Some((known, why)) if known == how => format!("{id}\t{how}\t{why}"),
            _ => format!("{id}\t{how}\t{error}"),
        };
        let unsteady = known.iter().filter(|(id, known)| known.0 == "unsteady" && !differences.contains_key(**id));
        let unsteady = unsteady.map(|(id, known)| format!("{id}\t{}\t{}", known.0, known.1));
        let lines = heading.into_iter().map(str::to_owned).chain(differences.iter().map(line)).chain(unsteady);
        fs::write(&list, lines.collect::<Vec<_>>().join("\n") + "\n").expect("the list can be written");
        return;
    }
    let fresh = differences.iter().filter(|(id, (how, _))| match known.get(id.as_str()) {
        Some(&("unsteady", _)) => how != "rows",
        Some((known, _)) => known != how,
        None => true,
    });
    let mut wrong: Vec<String> = fresh.map(|(id, (how, error))| format!("{id} differs: {how} {error}")).collect();
    let mended = known.iter().filter(|(id, known)| known.0 != "unsteady" && !differences.contains_key(**id));
    wrong.extend(mended.map(|(id, _)| format!("{id} is listed and answers the same")));
    assert!(wrong.is_empty(), "{} of {count} statements:\n{}", wrong.len(), wrong.join("\n"));
}

fn client_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// One client's statements on one connection; how many there were and which differ.
fn replay(file: &Path, target: &Target) -> io::Result<(usize, Differences)> {
    let lines = BufReader::new(GzDecoder::new(File::open(file)?)).lines();
    let statements: Vec<Value> = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<io::Result<Vec<_>>>()?;
    let types = type_names(&mut target.connect())?;
    // Statements that need each other run in one transaction, each behind a savepoint.
    let together = statements.iter().any(|s| s["seq"].as_bool() == Some(true));
    let mut client = target.connect();
    let mut differences = Differences::new();
    if together {
        client.simple("BEGIN")?;
    }
    for statement in &statements {
        if together {
            if statement["class"] == "tx" {
                continue;
            }
            client.simple("SAVEPOINT replay")?;
        }
        let answer = run(&mut client, statement)?;
        if let Some(how) = difference(statement, &answer, &types) {
            let id = statement["id"].as_str().unwrap_or_default().to_owned();
            differences.insert(id, (how.to_owned(), answer.error.unwrap_or_default()));
        }
        if client.status == b'E' {
            client.simple(if together { "ROLLBACK TO replay" } else { "ROLLBACK" })?;
        }
    }
    Ok((statements.len(), differences))
}

/// Names of the types that are not PostgreSQL's own.
fn type_names(client: &mut Client) -> io::Result<BTreeMap<u32, String>> {
    let events = client.simple("SELECT oid::int8, format_type(oid, NULL) FROM pg_type")?;
    let text = |value: &Option<Vec<u8>>| String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
    let pair = |event: Event| match event {
        Event::Row(row) => Some((text(&row[0]).parse().ok()?, text(&row[1]))),
        _ => None,
    };
    Ok(events.into_iter().filter_map(pair).collect())
}

fn run(client: &mut Client, statement: &Value) -> io::Result<Answer> {
    match statement["template"].as_str() {
        None => client.send(|buf| frontend::query(until_nul(statement["sql"].as_str().unwrap_or_default()), buf))?,
        Some(template) => {
            let params = statement["params"].as_array().map(Vec::as_slice).unwrap_or_default();
            client.send(|buf| bound(buf, template, params))?;
        }
    }
    let mut answer = Answer::default();
    loop {
        let (tag, body) = client.message()?;
        match tag {
            b'G' => {
                answer.copied = Some(0);
                // A Sync sent before the data is not heeded.
                client.send(|buf| {
                    frontend::copy_done(buf);
                    if !statement["template"].is_null() {
                        frontend::sync(buf);
                    }
                })?;
            }
            b'H' => answer = Answer { copied: Some(0), ..Answer::default() },
            b'd' => answer.copied = answer.copied.map(|count| count + 1),
            b'Z' => return Ok(answer),
            _ => match Event::of(tag, &body) {
                Some(Event::Columns(columns)) => answer = Answer { columns, ..Answer::default() },
                Some(Event::Row(row)) => answer.rows.push(row),
                // Of several statements the last one's answer counts.
                Some(Event::Tag(tag)) if answer.tag.is_empty() => answer.tag = tag,
                Some(Event::Tag(tag)) => answer = Answer { tag, ..Answer::default() },
                Some(Event::Error(error)) => answer.error = Some(error.to_string()),
                _ => {}
            },
        }
    }
}

/// A statement as a client written in C sends it.
fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// Parse, Bind with params in text, Describe, Execute, Sync.
fn bound(buf: &mut bytes::BytesMut, template: &str, params: &[Value]) -> io::Result<()> {
    frontend::parse("", until_nul(template), [], buf)?;
    let write = |param: &Value, buf: &mut bytes::BytesMut| {
        let text = match param {
            Value::Null => return Ok(IsNull::Yes),
            Value::String(text) => text.clone(),
            Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
            other => other.to_string(),
        };
        buf.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    };
    frontend::bind("", "", [0], params, write, [0], buf).map_err(|_| io::Error::other("cannot encode Bind"))?;
    frontend::describe(b'P', "", buf)?;
    frontend::execute("", 0, buf)?;
    frontend::sync(buf);
    Ok(())
}

/// How an answer differs from PostgreSQL's.
fn difference(statement: &Value, answer: &Answer, types: &BTreeMap<u32, String>) -> Option<&'static str> {
    let expected = &statement["expect"];
    if expected.is_null() {
        return None;
    }
    if answer.error.is_some() {
        return Some("error");
    }
    if let Some(copied) = expected["copy_rows"].as_u64() {
        return (answer.copied.map(|count| count as u64) != Some(copied)).then_some("rows");
    }
    let columns = expected["cols"].as_array().map(Vec::as_slice).unwrap_or_default();
    if columns.is_empty() {
        let tag = answer.tag.split(' ').next().unwrap_or_default();
        let same = expected["tag"].as_str().unwrap_or_default() == tag && answer.columns.is_empty();
        return (!same).then_some("columns");
    }
    if !columns.iter().map(|c| c[0].as_str()).eq(answer.columns.iter().map(|c| Some(c.name.as_str()))) {
        return Some("columns");
    }
    let name =
        |column: &Column| types.get(&column.type_oid).cloned().unwrap_or_else(|| print::type_name(column.type_oid, -1));
    if !columns.iter().zip(&answer.columns).all(|(expected, own)| expected[1].as_str() == Some(&name(own))) {
        return Some("types");
    }
    if statement["volatile"].as_bool() == Some(true) {
        return None;
    }
    let count = expected["nrows"].as_u64().unwrap_or_default();
    let rows = expected["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if count != answer.rows.len() as u64 {
        return Some("rows");
    }
    let sql = statement["template"].as_str().or(statement["sql"].as_str()).unwrap_or_default().to_lowercase();
    let any_of_them = statement["class"] == "data" && sql.contains("limit") && !sql.contains("order by");
    if any_of_them || count != rows.len() as u64 {
        // The recording keeps the first 300 rows only, and PostgreSQL itself may choose others.
        return None;
    }
    let kept: Vec<usize> =
        (0..columns.len()).filter(|i| !OWN.contains(&columns[*i][1].as_str().unwrap_or(""))).collect();
    let text = |value: &Option<Vec<u8>>| value.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let mut own: Vec<Vec<Option<String>>> =
        answer.rows.iter().map(|row| kept.iter().map(|i| text(&row[*i])).collect()).collect();
    let value = |value: &Value| value.as_str().map(str::to_owned);
    let mut wanted: Vec<Vec<Option<String>>> =
        rows.iter().map(|row| kept.iter().map(|i| value(&row[*i])).collect()).collect();
    // The order of equals is nobody's promise; golden statements check what ORDER BY does.
    own.sort();
    wanted.sort();
    (own != wanted).then_some("rows")
}
