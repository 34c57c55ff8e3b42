//! psql: its meta-commands, scripts, error marks, Ctrl-C, `\watch` and tab completion.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{self, Target};

/// psql may take this long for anything.
const LIMIT: Duration = Duration::from_mins(1);

fn psql(target: &Target) -> Command {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--dbname", &target.conninfo()]);
    // Aligned tables without a pager or colours, whatever the environment says.
    command.env("PAGER", "cat").env("PSQL_PAGER", "cat").env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
    command.stdin(Stdio::null());
    command
}

/// What one `-c` prints.
fn one(sql: &str) -> String {
    stdout(&harness::run(psql(&harness::tpch()).args(["-c", sql])))
}

/// What a script prints: stdout and stderr.
fn script(text: &str) -> (String, String) {
    let mut child = Running::start(&harness::tpch());
    child.write(text);
    child.finish()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A psql whose input comes from a pipe or, with a terminal, is typed.
struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<String>,
    errors: thread::JoinHandle<String>,
    printed: String,
}

impl Running {
    /// Without a terminal.
    fn start(target: &Target) -> Self {
        Self::spawn(psql(target))
    }

    /// With a terminal, which `script` makes: psql is interactive, echoes and completes.
    fn on_terminal(target: &Target) -> Self {
        let command = psql(target);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let mut terminal = Command::new("script");
        terminal.args(["--quiet", "--flush", "--command", &line.join(" "), "/dev/null"]);
        terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::spawn(terminal)
    }

    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("psql is installed");
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().expect("stdout is piped");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens any more once the test is over.
                let _ = sender.send(line);
            }
        });
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("psql writes UTF-8");
            text
        });
        let stdin = child.stdin.take().expect("stdin is piped");
        Self { child, stdin, lines, errors, printed: String::new() }
    }

    fn write(&mut self, text: &str) {
        self.stdin.write_all(text.as_bytes()).expect("psql reads its script");
        self.stdin.flush().expect("psql reads its script");
    }

    /// Waits for a line of stdout that contains `text`.
    fn wait_for(&mut self, text: &str, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.printed.push_str(&line);
            self.printed.push('\n');
            if line.contains(text) {
                return true;
            }
        }
        false
    }

    fn finish(mut self) -> (String, String) {
        drop(self.stdin);
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            self.printed.push_str(&line);
            self.printed.push('\n');
        }
        self.child.wait().expect("psql ends when its script does");
        (self.printed, self.errors.join().expect("the reader does not panic"))
    }
}

#[test]
fn lists_databases_schemas_and_tables() {
    // psql 15 asks a PostgreSQL 17 for a column it no longer has.
    if harness::oracle().is_none() {
        assert!(one(r"\l").contains("lakewire"), "{}", one(r"\l"));
    }
    assert!(one(r"\dn").contains("public"));
    for command in [r"\d", r"\dt", r"\dt public.*", r"\dt orders"] {
        let listed = one(command);
        assert!(listed.contains("orders") && listed.contains("table"), "{command}: {listed}");
    }
    assert!(one(r"\dt nosuch").is_empty() || one(r"\dt nosuch").contains("0 rows"));
    for command in [r"\dv", r"\du", r"\di", r"\df length", r"\dT int4", r"\conninfo", r"\encoding"] {
        one(command);
    }
}

#[test]
fn describes_a_table() {
    let described = one(r"\d+ orders");
    for (column, ty) in [
        ("o_orderkey", "bigint"),
        ("o_totalprice", "numeric(15,2)"),
        ("o_orderdate", "date"),
        ("o_orderstatus", "text"),
    ] {
        let line = described.lines().find(|line| line.contains(column)).unwrap_or_default();
        assert!(line.contains(ty), "{column}: {described}");
    }
    assert!(described.contains(r#"Table "public.orders""#), "{described}");
    let (_, errors) = script("\\d nosuch\n");
    assert!(errors.contains(r#"Did not find any relation named "nosuch"."#), "{errors}");
}

#[test]
fn shows_results_as_psql_does() {
    let table = one("select n_nationkey, n_name from nation where n_nationkey < 2 order by 1");
    let expected = " n_nationkey |  n_name   \n-------------+-----------\n           0 | ALGERIA\n           1 | ARGENTINA\n(2 rows)\n\n";
    assert_eq!(table, expected);
    let (timed, _) = script("\\timing on\nselect 1;\n");
    assert!(timed.contains("Time: ") && timed.contains("Timing is on."), "{timed}");
    let (described, _) = script("select 1 as a, 'x' as b, null::numeric(5,1) as c \\gdesc\n");
    for pair in ["a      | integer", "b      | text", "c      | numeric(5,1)"] {
        assert!(described.contains(pair), "{described}");
    }
    let (expanded, _) = script("\\x on\nselect 1 as a, null as b;\n");
    assert!(expanded.contains("-[ RECORD 1 ]"), "{expanded}");
}

#[test]
fn marks_where_an_error_is() {
    let (_, errors) = script("select n_name, nosuch\nfrom nation;\n");
    let expected =
        "ERROR:  column \"nosuch\" does not exist\nLINE 1: select n_name, nosuch\n                       ^\n";
    assert!(errors.contains(expected), "{errors}");
    let (_, errors) = script("select 1 fro nation where;\n");
    assert!(
        errors.contains("ERROR:  syntax error at or near \"nation\"\nLINE 1: select 1 fro nation where;"),
        "{errors}"
    );
    let (_, errors) = script("select *\nfrom nosuch;\n");
    assert!(
        errors.contains("ERROR:  relation \"nosuch\" does not exist\nLINE 2: from nosuch;\n             ^"),
        "{errors}"
    );
    let (_, errors) = script("\\set VERBOSITY verbose\nselect 1/0;\n");
    assert!(errors.contains("ERROR:  22012: division by zero"), "{errors}");
}

#[test]
fn runs_a_file_of_statements() {
    let file = tempfile::NamedTempFile::new_in(harness::scratch()).expect("the target folder is writable");
    let text = "begin;\nselect count(*) from region;\nselect 1/0;\nselect 2;\nrollback;\nselect 'after' as word;\n";
    std::fs::write(file.path(), text).expect("the file is writable");
    let run = psql(&harness::tpch()).arg("-f").arg(file.path()).output().expect("psql is installed");
    assert!(run.status.success(), "without ON_ERROR_STOP psql goes on");
    let (printed, errors) = (stdout(&run), String::from_utf8_lossy(&run.stderr));
    assert!(printed.contains("     5\n") && printed.contains("after") && printed.contains("ROLLBACK"), "{printed}");
    assert!(errors.contains("division by zero"), "{errors}");
    assert!(errors.contains("current transaction is aborted, commands ignored until end of transaction block"));

    let mut stop = psql(&harness::tpch());
    let stopped = stop.args(["-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path()).output().expect("psql is installed");
    assert_eq!(stopped.status.code(), Some(3), "with ON_ERROR_STOP it ends at the error");

    let both = one("select 1 as a; select 2 as b");
    assert!(both.contains(" b \n") && both.contains("(1 row)"), "{both}");
}

#[test]
fn sets_and_shows() {
    let (printed, errors) = script(
        "set timezone = 'Asia/Tokyo';\nselect timestamptz '2024-01-01 00:00+00';\nshow timezone;\n\\encoding\n\
         prepare p as select $1::int * 2 as twice;\nexecute p(21);\n\\echo :SERVER_VERSION_NUM\n",
    );
    assert!(errors.is_empty(), "{errors}");
    for expected in ["2024-01-01 09:00:00+09", "Asia/Tokyo", "UTF8", " 42\n", "1700"] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[test]
fn control_c_cancels_and_the_session_goes_on() {
    let mut psql = Running::on_terminal(&harness::tpch());
    psql.write("select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment;\n");
    // A Ctrl-C that comes before psql has sent the statement only gives a new prompt.
    let start = Instant::now();
    while !psql.wait_for("ERROR:  canceling statement due to user request", Duration::from_millis(250)) {
        assert!(start.elapsed() < LIMIT, "Ctrl-C does not cancel: {}", psql.printed);
        psql.write("\u{3}");
    }
    psql.write("select 'still' || ' here' as word;\n");
    assert!(psql.wait_for("still here", LIMIT), "{}", psql.printed);
    psql.write("\\q\n");
    psql.finish();
}

#[test]
fn watch_repeats_until_control_c() {
    let mut psql = Running::on_terminal(&harness::tpch());
    psql.write("select 'tick ' || 6 * 7 as word \\watch 0.05\n");
    for _ in 0..3 {
        assert!(psql.wait_for("tick 42", LIMIT), "{}", psql.printed);
    }
    psql.write("\u{3}");
    // A Ctrl-C that hits the statement itself cancels that, and ends \watch all the same.
    psql.write("select 'still' || ' here' as word;\n");
    assert!(psql.wait_for("still here", LIMIT), "{}", psql.printed);
    psql.write("\\q\n");
    psql.finish();
}

#[test]
fn tab_completes_names() {
    let mut psql = Running::on_terminal(&harness::tpch());
    psql.write("select 'five is ' || count(*) as answer from regi\t;\n");
    assert!(psql.wait_for("five is 5", LIMIT), "{}", psql.printed);
    psql.write("select 'six is ' || (count(*) + 1) as answer from public.regi\t;\n");
    assert!(psql.wait_for("six is 6", LIMIT), "{}", psql.printed);
    psql.write("\\d lineit\t\n");
    assert!(psql.wait_for("l_linestatus", LIMIT), "{}", psql.printed);
    psql.write("\\q\n");
    psql.finish();
}

#[test]
fn copy_reads_and_writes_the_clients_files() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let file = folder.path().join("rows.csv");
    let file = file.display();
    let (out, errors) = script(&format!(
        "create temp table c (a int, b text default 'none');\n\
         copy c from stdin;\n1\tone\n2\t\\N\n\\.\n\
         \\copy c to '{file}' with (format csv, header)\n\
         \\copy c (a, b) from '{file}' csv header\n\
         \\copy (select a, b from c order by a, b) to stdout csv\n\
         copy c (a) from stdin;\n3\nx\n\\.\n\
         select count(*) from c;\n"
    ));
    assert_eq!(std::fs::read_to_string(folder.path().join("rows.csv")).expect("it was written"), "a,b\n1,one\n2,\n");
    let lines: Vec<&str> = out.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.windows(4).any(|lines| lines == ["1,one", "1,one", "2,", "2,"]), "{out}");
    assert!(lines.contains(&"4"), "{out}");
    assert!(errors.contains("invalid input syntax for type integer: \"x\""), "{errors}");
    assert!(errors.contains("CONTEXT:  COPY c, line 2, column a: \"x\""), "{errors}");
}
