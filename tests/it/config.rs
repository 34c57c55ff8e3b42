//! The command line and the configuration as an operator meets them: what is printed, and with which exit code.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tokio_postgres::NoTls;

use crate::harness::{TestServer, repository, run};

/// lakewire with none of the test run's own variables.
fn lakewire() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakewire"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LAKEWIRE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("lakewire starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("lakewire writes UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn written(dir: &Path, toml: &str) -> PathBuf {
    let path = dir.join("lakewire.toml");
    std::fs::write(&path, toml).expect("the temporary folder is writable");
    path
}

#[test]
fn the_sample_passes_the_check() {
    let sample = repository("config/lakewire.toml");
    let (code, out, _) = output(lakewire().arg("check").arg("--config").arg(&sample));
    assert_eq!((code, out.as_str()), (Some(0), "the configuration has no mistakes\n"));
    let (code, ..) = output(lakewire().arg("check").env("LAKEWIRE_CONFIG", &sample));
    assert_eq!(code, Some(0));
}

#[test]
fn check_prints_every_mistake_with_its_place() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let file = written(dir.path(), "[server]\nlisen = \"x\"\nmax_connections = 0\n");
    let mut command = lakewire();
    command.arg("check").arg("--config").arg(&file).env("LAKEWIRE_LOG_FORMAT", "xml");
    let (code, out, _) = output(&mut command);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(code, Some(1));
    assert_eq!(lines.len(), 3, "{out}");
    let file = file.display();
    assert_eq!(lines[0], format!("{file}:2: unknown key \"lisen\" in [server]; did you mean \"listen\"?"));
    assert!(lines[1].starts_with(&format!("{file}:3: server.max_connections: ")), "{out}");
    assert!(lines[2].starts_with("LAKEWIRE_LOG_FORMAT: log.format: "), "{out}");
}

#[test]
fn a_mistake_stops_the_start_with_one_line_and_no_port() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let file = written(dir.path(), "[server]\nlisen = 1\n[log]\nformat = 1\n");
    // Whoever would bind this port could not, and would say so instead.
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let (code, out, err) = output(lakewire().args(["--listen", &address, "--config"]).arg(&file));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(err.lines().count(), 1, "{err}");
    let start = format!("lakewire: {}:2: unknown key \"lisen\" in [server]", file.display());
    assert!(err.starts_with(&start) && err.contains("1 more mistake"), "{err}");
}

#[test]
fn nothing_is_exposed_without_a_word() {
    let (code, _, err) = output(lakewire().args(["serve", "--listen", "0.0.0.0:0"]));
    assert_eq!(code, Some(1));
    assert!(err.contains("--listen: ") && err.contains("server.allow_insecure"), "{err}");
}

#[test]
fn a_data_folder_that_is_not_there_stops_the_start() {
    let (code, _, err) = output(lakewire().args(["--data", "no/such/folder"]));
    assert_eq!(code, Some(1));
    assert!(err.starts_with("lakewire: --data: ") && err.contains("no/such/folder"), "{err}");
}

#[test]
fn help_and_version_say_what_there_is() {
    let (code, out, _) = output(lakewire().arg("--version"));
    assert_eq!((code, out), (Some(0), format!("lakewire {}\n", env!("CARGO_PKG_VERSION"))));
    let (_, out, _) = output(lakewire().arg("--help"));
    for word in ["serve", "check", "user", "generate", "--config", "--data", "--listen", "--demo"] {
        assert!(out.contains(word), "{word} is missing in:\n{out}");
    }
}

/// `lakewire user` with a password on standard input.
fn user_block(name: &str, password: &str) -> String {
    let mut command = lakewire();
    command.args(["user", name, "--password-stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("lakewire starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    writeln!(stdin, "{password}").expect("lakewire reads");
    drop(stdin);
    let output = child.wait_with_output().expect("lakewire ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("lakewire writes UTF-8")
}

#[tokio::test]
async fn a_user_made_by_the_command_can_log_in() {
    let block = user_block("ada \"the\" first", "päss word");
    assert!(!block.contains("word"), "{block}");
    let server = TestServer::builder()
        .toml("[demo]\nenabled = false\n[auth]\nloopback = \"scram-sha-256\"")
        .toml(&block)
        .start();
    let connect = async |password: &str| {
        let mut config = tokio_postgres::Config::new();
        config.host(server.addr.ip().to_string()).port(server.addr.port()).dbname("lakewire");
        config.user("ada \"the\" first").password(password).connect(NoTls).await
    };
    let refused = connect("wrong").await.err().expect("a wrong password is refused");
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("28P01"), "{refused}");
    let (client, connection) = connect("päss word").await.expect("the right one is accepted");
    tokio::spawn(connection);
    let row = client.query_one("select current_user::text", &[]).await.expect("it is a session");
    assert_eq!(row.get::<_, String>(0), "ada \"the\" first");
}

#[test]
fn generate_makes_the_tables_once() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let made = dir.path().join("tpch");
    run(lakewire().args(["generate", "--scale", "0.001", "--output"]).arg(&made));
    run(lakewire().args(["generate", "--scale", "0.001", "--output"]).arg(&made));
    let (code, _, err) = output(lakewire().args(["generate", "--scale", "0.002", "--output"]).arg(&made));
    assert_eq!(code, Some(1));
    assert!(err.contains("holds TPC-H data at scale 0.001"), "{err}");
    assert!(made.join("lineitem.parquet").is_file());
}
